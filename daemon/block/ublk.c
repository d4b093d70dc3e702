/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-ublk ring=FD control=FD kick=FD done=FD life=FD names=FOLDER: see ublk.h.
 *
 * The main thread reaps the ring.  A disk that comes gets a thread that makes its device,
 * which takes the kernel until it has read the partitions, and so needs answers.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ublk.h"

#define NAMES "names="

struct device {
	uint16_t index;
	bool known;
	pthread_t thread;
	struct dde_block_disk disk;
};

static struct block_fds fds = { .ring = -1, .control = -1, .kick = -1, .done = -1 };
static int life = -1;
static const char *names;
static struct block_ring *ring;
static struct device devices[DDE_BLOCK_DISKS];

static int complain(const struct device *d, const char *what, int r)
{
	fprintf(stderr, "ddekit-ublk: %s: %s: %s\n", d->disk.name, what, strerror(-r));
	return r;
}

static uint32_t *number_of(const struct device *d)
{
	return &block_ring_control(ring)->disk[d->index].ublk;
}

static int bring_up(struct device *d, struct ublk_control *c)
{
	uint32_t id = *number_of(d);
	bool recovered = id;
	struct ublk_queue *q;
	int r;

	id--;
	r = recovered ? ublk_recover(c, id) : ublk_add(c, &d->disk, &id);
	if (r < 0)
		return complain(d, recovered ? "cannot go on with its device" :
				"cannot make a device", r);
	__atomic_store_n(number_of(d), id + 1, __ATOMIC_RELEASE);
	r = ublk_names_write(names, id, &d->disk);
	if (r < 0)
		complain(d, names, r);		/* it has no links then */
	r = ublk_queue_start(ring, d->index, id, &q);
	if (!r)
		r = ublk_start(c, id, recovered);
	if (r < 0)
		return complain(d, "cannot start its device", r);
	printf("ddekit-ublk: %s is /dev/ublkb%u\n", d->disk.name, id);
	fflush(stdout);
	return 0;
}

static void *make_device(void *arg)
{
	struct device *d = arg;
	struct ublk_control c;
	int r = ublk_control_open(&c);

	if (r < 0) {
		complain(d, "/dev/ublk-control", r);
		return NULL;
	}
	bring_up(d, &c);
	ublk_control_close(&c);
	return NULL;
}

static void look_for_disks(void)
{
	struct device *d;
	uint16_t i;

	for (i = 0; i < DDE_BLOCK_DISKS; i++) {
		d = &devices[i];
		if (d->known || block_ring_disk(ring, i, &d->disk) ||
		    !(d->disk.flags & DDE_BLOCK_D_PRESENT))
			continue;
		d->index = i;
		d->known = true;
		if (pthread_create(&d->thread, NULL, make_device, d))
			complain(d, "no thread", -EAGAIN);
		else
			pthread_detach(d->thread);
	}
}

static int parse(int argc, char **argv)
{
	static const struct { const char *name; int *fd; } keys[] = {
		{ "ring=", &fds.ring }, { "control=", &fds.control }, { "kick=", &fds.kick },
		{ "done=", &fds.done }, { "life=", &life },
	};
	size_t k;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], NAMES, strlen(NAMES)))
			names = argv[i] + strlen(NAMES);
		for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			if (!strncmp(argv[i], keys[k].name, strlen(keys[k].name)))
				*keys[k].fd = atoi(argv[i] + strlen(keys[k].name));
	}
	for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		if (*keys[k].fd < 0)
			return -EINVAL;
	return names ? 0 : -EINVAL;
}

/* ddekitd has gone, and with it the device: so do ours. */
static void delete_all(void)
{
	struct ublk_control c;
	uint16_t i;

	if (ublk_control_open(&c) < 0)
		return;
	for (i = 0; i < DDE_BLOCK_DISKS; i++) {
		if (!devices[i].known || !*number_of(&devices[i]))
			continue;
		ublk_delete(&c, *number_of(&devices[i]) - 1);
		ublk_names_remove(names, *number_of(&devices[i]) - 1);
	}
	ublk_control_close(&c);
}

static void *end(void *arg)
{
	struct pollfd p = { .fd = life, .events = POLLIN };

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	delete_all();
	exit(0);
}

int main(int argc, char **argv)
{
	struct pollfd p;
	pthread_t ender;
	uint64_t n;
	int r;

	if (parse(argc, argv) < 0) {
		fputs("usage: ddekit-ublk ring=FD control=FD kick=FD done=FD life=FD "
		      "names=FOLDER, which ddekitd gives\n", stderr);
		return 2;
	}
	r = block_ring_open(&fds, &ring);
	if (r < 0 || pthread_create(&ender, NULL, end, NULL)) {
		fprintf(stderr, "ddekit-ublk: cannot start: %s\n", strerror(-r));
		return 1;
	}
	p = (struct pollfd){ .fd = fds.done, .events = POLLIN };
	for (;;) {
		block_ring_reap(ring);
		look_for_disks();
		if (poll(&p, 1, block_ring_wait_ms(ring)) < 0 && errno != EINTR)
			return 1;
		if (p.revents && read(fds.done, &n, sizeof(n)) < 0 && errno != EAGAIN)
			return 1;
	}
}
