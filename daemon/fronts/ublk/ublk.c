/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-ublk ring=FD control=FD kick=FD done=FD life=FD names=FOLDER device=PCI
 *	bus=PREFIX user=UID group=GID: the server; see ublk.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/bridges/block/share.h"
#include "ublk.h"
#include "lib/util.h"

enum state {
	NONE,
	COMING,  /* the maker was asked for a device */
	REFUSED, /* it could make none */
	SERVED,
	GOING, /* the maker was asked to delete it */
};

static struct disk {
	enum state state;
	struct ublk_device *device;
	struct ublk_ask ask;
} disks[DDE_BLOCK_DISKS];

static struct block_ring *ring;
static int maker;
static bool one_comes; /* one at a time: the numbers are in the disks' order */

static void __attribute__((noreturn)) fail(const char *what, int r)
{
	fprintf(stderr, "ddekit-ublk: %s: %s\n", what, strerror(-r));
	exit(1);
}

static void send_maker_request(struct disk *d, enum ublk_op op, enum state state)
{
	int r;

	d->ask.op = op;
	d->state = state;
	r = ublk_ask(maker, &d->ask);
	if (r < 0 && r != -EPIPE) /* its end is seen elsewhere */
		fail(d->ask.disk.name, r);
}

/* The kernel ends its queues, and waits until its files are closed. */
static void *end_device(void *arg)
{
	ublk_device_join(arg);
	return NULL;
}

static void release_disk(struct disk *d)
{
	pthread_t thread;

	send_maker_request(d, UBLK_DELETE, GOING);
	if (pthread_create(&thread, NULL, end_device, d->device))
		fail(d->ask.disk.name, -EAGAIN);
	pthread_detach(thread);
	d->device = NULL;
}

static void look_for_disks(void)
{
	struct dde_block_disk is;
	struct disk *d;
	uint16_t i;

	for (i = 0; i < DDE_BLOCK_DISKS; i++) {
		d = &disks[i];
		if (block_ring_disk(ring, i, &is))
			continue;
		if (d->state == NONE && is.flags & DDE_BLOCK_D_PRESENT && !one_comes) {
			one_comes = true;
			d->ask = (struct ublk_ask){ .index = i, .disk = is };
			send_maker_request(d, UBLK_ADD, COMING);
		} else if (d->state == SERVED && !(is.flags & DDE_BLOCK_D_PRESENT)) {
			release_disk(d);
		} else if (d->state == SERVED && is.bytes != d->ask.disk.bytes) {
			fprintf(stderr,
				"ddekit-ublk: %s has %llu bytes now; its device keeps its "
				"size until it is unbound and bound again\n",
				is.name, (unsigned long long)is.bytes);
			d->ask.disk.bytes = is.bytes;
		}
	}
}

static void receive_answer(void)
{
	struct ublk_answer a;
	int r = ublk_hear_answer(maker, &a);
	struct disk *d;

	if (r == -EPIPE || r == -ECONNRESET)
		exit(0);
	if (r < 0)
		fail("the maker of devices", r);
	d = &disks[a.index];
	if (d->state == COMING)
		one_comes = false;
	if (a.cdev < 0) {
		d->state = d->state == COMING ? REFUSED : NONE;
		return;
	}
	r = ublk_device_start(ring, (uint16_t)a.index, a.cdev, &d->device);
	if (r < 0)
		fail(d->ask.disk.name, r);
	d->state = SERVED;
}

/* ddekitd wakes us, or has gone: then the maker deletes the devices, which needs answers. */
static void read_life(struct pollfd *life)
{
	if (!block_share_woken(life->fd))
		return;
	life->fd = -1;
	block_ring_give_up(ring);
}

static void __attribute__((noreturn)) serve(int done, int life)
{
	struct pollfd p[4] = { { .events = POLLIN },
			       { .fd = block_ring_event(ring), .events = POLLIN },
			       { .fd = maker, .events = POLLIN },
			       { .fd = life, .events = POLLIN } };
	int i;

	for (;;) {
		p[0].fd = ublk_queues_lead() ? -1 : done;
		block_ring_reap(ring);
		look_for_disks();
		if (poll(p, 4, block_ring_wait_ms(ring)) < 0 && errno != EINTR)
			fail("poll", -errno);
		for (i = 0; i < 2; i++)
			if (p[i].revents)
				fd_drain_event(p[i].fd);
		if (p[2].revents)
			receive_answer();
		if (p[3].revents)
			read_life(&p[3]);
	}
}

static int parse(int argc, char **argv, struct ublk_setup *s)
{
	int user = -1, group = -1;
	const struct {
		const char *name;
		int *number;
		const char **text;
	} keys[] = {
		{ "ring=", &s->fds.ring, NULL }, { "control=", &s->fds.control, NULL },
		{ "kick=", &s->fds.kick, NULL }, { "done=", &s->fds.done, NULL },
		{ "life=", &s->life, NULL },     { "user=", &user, NULL },
		{ "group=", &group, NULL },      { "names=", NULL, &s->names },
		{ "device=", NULL, &s->device }, { "bus=", NULL, &s->bus },
	};
	size_t k, n = sizeof(keys) / sizeof(keys[0]);
	int i;

	for (i = 1; i < argc; i++)
		for (k = 0; k < n; k++) {
			if (strncmp(argv[i], keys[k].name, strlen(keys[k].name)))
				continue;
			if (keys[k].number)
				*keys[k].number = atoi(argv[i] + strlen(keys[k].name));
			else
				*keys[k].text = argv[i] + strlen(keys[k].name);
		}
	for (k = 0; k < n; k++)
		if (keys[k].number ? *keys[k].number < 0 : !*keys[k].text)
			return -EINVAL;
	s->uid = (uid_t)user;
	s->gid = (gid_t)group;
	return 0;
}

static uint32_t wanted_queues(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	return cpus < 1 ? 1 : cpus > UBLK_QUEUES ? UBLK_QUEUES : (uint32_t)cpus;
}

int main(int argc, char **argv)
{
	struct ublk_setup s = { .fds = { -1, -1, -1, -1 }, .life = -1 };
	int pair[2], r;
	pid_t pid;

	if (parse(argc, argv, &s) < 0) {
		fputs("usage: ddekit-ublk ring=FD control=FD kick=FD done=FD life=FD names=FOLDER "
		      "device=PCI bus=PREFIX user=UID group=GID, which ddekitd gives\n",
		      stderr);
		return 2;
	}
	s.queues = wanted_queues();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		fail("socketpair", -errno);
	pid = fork();
	if (pid < 0)
		fail("fork", -errno);
	close(pair[pid > 0]);
	if (!pid)
		ublk_maker(&s, pair[1]);
	maker = pair[0];
	r = block_ring_open(&s.fds, &ring);
	if (r < 0)
		fail("the ring", r);
	r = ublk_queues_init(s.queues, s.fds.done, block_ring_event(ring));
	if (r < 0)
		fail("io_uring", r);
	r = ublk_sandbox_enter(s.uid, s.gid);
	if (r < 0)
		fail("the sandbox", r);
	serve(s.fds.done, s.life);
}
