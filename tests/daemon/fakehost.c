/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver host for tests of ddekitd: speaks the protocol, correctly or not, and runs no driver.
 * Its second argument, the driver's name, selects its behaviour.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <linux/if_tun.h>
#include <time.h>
#include <unistd.h>

#include "exports.h"
#include "tests/block/back.h"

#define FAKE_MAX_MTU 4000

static struct proto_setup setup;
static int fds[PROTO_MAX_FDS];
static unsigned int n_fds;
static uint32_t mtu = 1500;
static uint64_t beats;
static uint64_t requests; /* received */
static const char *mode;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static bool is_mode(const char *name)
{
	return !strcmp(mode, name);
}

static void transmit(void *msg, uint32_t type, size_t len, uint32_t seq)
{
	*(struct proto_header *)msg = (struct proto_header){ PROTO_VERSION, type, len, seq };
	if (send(PROTO_FD, msg, len, MSG_NOSIGNAL) < 0)
		exit(9);
}

static void send_state(enum proto_state state, int error, const char *text)
{
	struct proto_state_msg m = { .state = state,
				     .error = error,
				     .mono_ns = now_ns(),
				     .rss_kb = 1234,
				     .release = "6.12.0-fake" };

	snprintf(m.text, sizeof(m.text), "%s", text);
	transmit(&m, PROTO_STATE, sizeof(m), 0);
}

static bool is_net(void)
{
	return !strcmp(setup.class, "net");
}

static bool is_block(void)
{
	return !strcmp(setup.class, "block");
}

static struct net_message net_message(bool carrier)
{
	return (struct net_message){ .class = "net",
				     .mono_ns = now_ns(),
				     .is = { .ifname = "eth0",
					     .driver = "fake",
					     .mac = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 },
					     .carrier = carrier,
					     .duplex = 1,
					     .mtu = mtu,
					     .min_mtu = 68,
					     .max_mtu = FAKE_MAX_MTU,
					     .speed = 1000,
					     .features = DDE_NET_F_CSUM | DDE_NET_F_TSO4 } };
}

static void send_net(bool carrier)
{
	struct net_message m = net_message(carrier);
	int on = carrier;

	if (is_net() && carrier)
		ioctl(fds[1], TUNSETCARRIER, &on);
	transmit(&m, PROTO_EXPORT, sizeof(m), 0);
}

static struct block_share share = BLOCK_SHARE_NONE;
static sem_t described;

static void send_described(void)
{
	sem_post(&described);
}

#define LOST_OFFSET (8u << 20) /* in mode disk-loses */

static struct back_options disk = {
	.block = 512, .max_bytes = 128 << 10, .delay_us = 50, .ready = send_described
};

static void *run_disk(void *arg)
{
	back_run(&share, &disk);
}

static void send_disk(enum disk_event event)
{
	struct disk_message m = { .class = "block",
				  .mono_ns = now_ns(),
				  .is = { .event = event,
					  .name = BACK_NAME,
					  .driver = "fake",
					  .model = BACK_MODEL,
					  .serial = "SIM 1",
					  .logical_block = 512,
					  .physical_block = 512 } };

	if (event != DISK_GONE) {
		m.is.flags = DDE_BLOCK_D_PRESENT | DDE_BLOCK_D_WRITE_CACHE | DDE_BLOCK_D_FUA;
		m.is.bytes = back_bytes(disk.file);
	}
	transmit(&m, PROTO_EXPORT, sizeof(m), 0);
}

/* The disk is the file that the parameter disk= names. */
static void start_disk(void)
{
	pthread_t thread;

	disk.file = strchr(setup.plugins[0].args, '=');
	if (!disk.file++)
		exit(5);
	if (is_mode("disk-loses"))
		disk.lost_offset = LOST_OFFSET;
	share.ring = fds[1];
	share.kick = fds[2];
	share.done = fds[3];
	sem_init(&described, 0, 0);
	if (pthread_create(&thread, NULL, run_disk, NULL))
		exit(5);
	while (sem_wait(&described) < 0)
		;
	send_disk(DISK_PRESENT);
}

/* On SIGTERM, in mode disk-clogs: a write to the eventfds now blocks. */
static void clog_events(int sig)
{
	uint64_t most = UINT64_MAX - 1, n;
	int i, event[] = { share.kick, share.done };

	for (i = 0; i < 2; i++)
		if ((read(event[i], &n, sizeof(n)) < 0 && errno != EAGAIN) ||
		    write(event[i], &most, sizeof(most)) < 0 || fcntl(event[i], F_SETFL, 0) < 0)
			_exit(5);
	_exit(1);
}

static void receive_setup(void)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(fds))];
	} control;
	struct iovec iov = { &setup, sizeof(setup) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(PROTO_FD, &m, 0);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	if (n != sizeof(setup) || setup.h.type != PROTO_SETUP || !c)
		exit(8);
	n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(c), n_fds * sizeof(int));
	if (n_fds != 1 + setup.n_class_fds + setup.handover.n_fds)
		exit(7);
}

/* Logs what the process received, for the tests. */
static void log_setup(void)
{
	unsigned int i;

	printf("<6>uid %d gid %d fds %u nnp %d\n", getuid(), getgid(), n_fds,
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	printf("<6>runtime %s bridge '%s' vnet_hdr %u heartbeat %u cpus %u\n", setup.runtime,
	       setup.class, is_net() ? ((struct net_setup *)setup.class_setup)->vnet_hdr : 0,
	       setup.heartbeat_ms, setup.nr_cpus);
	for (i = 0; i < setup.n_plugins; i++)
		printf("<6>plugin %s args '%s'\n", setup.plugins[i].path, setup.plugins[i].args);
	fflush(stdout);
}

static void reply(uint32_t seq, int error)
{
	struct proto_reply m = { .error = error };

	*(struct dde_net_stats *)m.stats.class_stats = (struct dde_net_stats){
		.rx_packets = 42, .tx_packets = requests
	};
	m.stats.rss_kb = 1234;
	transmit(&m, PROTO_REPLY, sizeof(m), seq);
}

static void reply_text(uint32_t seq, int error, const char *text)
{
	static struct proto_text m;

	m.error = error;
	snprintf(m.text, sizeof(m.text), "%s", text);
	transmit(&m, PROTO_TEXT, offsetof(struct proto_text, text) + strlen(m.text) + 1, seq);
}

/* One parameter, ok.debug, which is read-only. */
static void serve_param(const struct proto_request *q)
{
	if (strchr(q->text, '='))
		reply_text(q->h.seq, -EACCES, "");
	else if (!q->text[0])
		reply_text(q->h.seq, 0, "ok.debug\t0444\t3\nok.words\t0644\ta b\x1b[31m\n");
	else if (!strcmp(q->text, "ok.debug"))
		reply_text(q->h.seq, 0, "3");
	else
		reply_text(q->h.seq, -ENOENT, "");
}

/* A health page (320 K, 2^64 reads), a malformed page, and a missing one. */
static void serve_page(const struct proto_request *q)
{
	char text[2 * 512 + 1];

	memset(text, '0', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	if (!strcmp(q->text, "nvme.smart 0")) {
		memcpy(text + 2 * 1, "4001", 4);
		memcpy(text + 2 * (64 + 8), "01", 2);
		reply_text(q->h.seq, 0, text);
	} else if (!strcmp(q->text, "nvme.controller 0")) {
		reply_text(q->h.seq, 0, "86zz");
	} else if (!strcmp(q->text, "nvme.namespace 1")) {
		reply_text(q->h.seq, 0, "8680");
	} else {
		reply_text(q->h.seq, -ENXIO, "");
	}
}

static void reload(uint32_t seq)
{
	if (is_mode("mute"))
		return;
	reply(seq, 0);
	if (is_mode("refuse-reload")) {
		send_state(STATE_FAILED, -EBUSY,
			   "the fake driver cannot be unloaded: it is in use");
		exit(1);
	}
	send_state(STATE_BOOTED, 0, "");
	send_state(STATE_LOADED, 0, "");
	send_state(STATE_READY, 0, "");
}

static void serve_setting(const struct proto_request *q)
{
	const struct net_request *n = (const void *)q->data;

	printf("<6>setting %u value %u mac %02x\n", n->op, n->value, n->mac[5]);
	fflush(stdout);
	if (n->op == NET_SET_MTU && n->value > FAKE_MAX_MTU) {
		reply(q->h.seq, -EINVAL);
		return;
	}
	if (n->op == NET_SET_MTU) {
		mtu = n->value;
		send_net(true);
	}
	reply(q->h.seq, 0);
}

static void serve_request(void)
{
	struct proto_request q;

	if (recv(PROTO_FD, &q, sizeof(q), 0) != sizeof(q))
		exit(6); /* ddekitd is gone */
	if (q.op == OP_STOP && !is_mode("deaf")) {
		reply(q.h.seq, 0);
		send_state(STATE_STOPPED, 0, "");
		exit(0);
	}
	requests++;
	if (q.op == OP_CLASS) {
		serve_setting(&q);
		return;
	}
	printf("<6>request %u value %u text '%s'\n", q.op, q.value, q.text);
	fflush(stdout);
	if (q.op == OP_PARAM) {
		serve_param(&q);
		return;
	}
	if (q.op == OP_PAGE) {
		serve_page(&q);
		return;
	}
	if (q.op == OP_MODULES) {
		reply_text(q.h.seq, 0, "ok\t4096\t1\tdde_net,other\tlive\n");
		return;
	}
	if (q.op == OP_RELOAD) {
		reload(q.h.seq);
		return;
	}
	if (q.op == OP_SAY_STATE) {
		reply(q.h.seq, 0);
		send_state(STATE_READY, 0, "");
		if (is_net())
			send_net(true);
		if (is_block())
			send_disk(DISK_PRESENT);
		return;
	}
	if (q.op != OP_STATS || !is_mode("mute"))
		reply(q.h.seq, 0);
}

static void serve_requests(uint64_t end)
{
	struct pollfd p = { PROTO_FD, POLLIN, 0 };
	int ms = setup.heartbeat_ms ? setup.heartbeat_ms : 1000;
	struct proto_heartbeat beat = { 0 };

	while (!end || now_ns() < end) {
		if (poll(&p, 1, end && ms > 50 ? 50 : ms) > 0)
			serve_request();
		if (is_mode("stuck"))
			continue;
		beat.count = ++beats;
		transmit(&beat, PROTO_HEARTBEAT, sizeof(beat), 0);
	}
}

/* ---- violations of the protocol --------------------------------------------- */

static void bad_header(void)
{
	struct proto_state_msg m = { .state = STATE_READY, .mono_ns = now_ns() };
	struct proto_header *h = &m.h;
	size_t len = sizeof(m);

	*h = (struct proto_header){ PROTO_VERSION, PROTO_STATE, sizeof(m), 0 };
	if (is_mode("bad-version"))
		h->version = 99;
	else if (is_mode("bad-type"))
		h->type = 99;
	else if (is_mode("bad-direction"))
		h->type = PROTO_SETUP;
	else if (is_mode("bad-length"))
		h->len = 4;
	else if (is_mode("bad-short"))
		len = 5;
	else if (is_mode("bad-order"))
		m.state = STATE_READY;
	send(PROTO_FD, &m, len, 0);
}

static void bad_state(void)
{
	struct proto_state_msg m = { .state = STATE_ADOPTED, .mono_ns = now_ns() };

	if (is_mode("bad-state"))
		m.state = 77;
	else if (is_mode("bad-text"))
		memset(m.text, 'x', sizeof(m.text));
	else if (is_mode("bad-time"))
		m.mono_ns = UINT64_MAX;
	else if (is_mode("bad-error"))
		m.error = -5;
	transmit(&m, PROTO_STATE, sizeof(m), 0);
}

static void bad_net(void)
{
	struct net_message m = net_message(true);

	send_state(STATE_ADOPTED, 0, "");
	send_state(STATE_BOOTED, 0, "");
	send_state(STATE_LOADED, 0, "");
	if (is_mode("bad-mac"))
		m.is.mac[0] = 0xff;
	else if (is_mode("bad-mtu"))
		m.is.mtu = 1u << 31;
	else if (is_mode("bad-name"))
		memcpy(m.is.ifname, "../../x", 8);
	else if (is_mode("bad-features"))
		m.is.features = ~0ull;
	transmit(&m, PROTO_EXPORT, sizeof(m), 0);
}

static void bad_large(void)
{
	static char big[100000];

	send(PROTO_FD, big, sizeof(big), 0);
}

static void bad_fds(void)
{
	struct proto_state_msg m = { .state = STATE_ADOPTED, .mono_ns = now_ns() };
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { &m, sizeof(m) };
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	m.h = (struct proto_header){ PROTO_VERSION, PROTO_STATE, sizeof(m), 0 };
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memset(CMSG_DATA(c), 0, sizeof(int));
	sendmsg(PROTO_FD, &h, 0);
}

static void bad_flood(void)
{
	struct proto_heartbeat beat = { 0 };
	int i;

	send_state(STATE_ADOPTED, 0, "");
	for (i = 0; i < 100000; i++)
		transmit(&beat, PROTO_HEARTBEAT, sizeof(beat), 0);
}

static void bad_reply(void)
{
	send_state(STATE_ADOPTED, 0, "");
	reply(4711, 0);
}

static void log_flood(void)
{
	int i;

	fcntl(fds[0], F_SETFL, 0); /* block instead of losing lines */
	for (i = 0; i < 100000; i++)
		dprintf(fds[0], "<6>line %d of a flood \x1b[31m with control characters\n", i);
}

/* As many as are no flood of messages: each is a line in ddekitd's log. */
static void flap(void)
{
	int i;

	for (i = 0; i < 1500; i++)
		send_net(i % 2);
}

static void violate_protocol(void)
{
	static const struct {
		const char *prefix;
		void (*fn)(void);
	} bad[] = {
		{ "bad-version", bad_header },   { "bad-type", bad_header },
		{ "bad-direction", bad_header }, { "bad-length", bad_header },
		{ "bad-short", bad_header },     { "bad-order", bad_header },
		{ "bad-state", bad_state },      { "bad-text", bad_state },
		{ "bad-time", bad_state },       { "bad-error", bad_state },
		{ "bad-mac", bad_net },          { "bad-mtu", bad_net },
		{ "bad-name", bad_net },         { "bad-features", bad_net },
		{ "bad-large", bad_large },      { "bad-fds", bad_fds },
		{ "bad-flood", bad_flood },      { "bad-reply", bad_reply },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (is_mode(bad[i].prefix))
			bad[i].fn();
	for (;;)
		pause(); /* ddekitd must kill it */
}

static void start_up(void)
{
	send_state(STATE_ADOPTED, 0, "");
	send_state(STATE_BOOTED, 0, "");
	if (is_mode("refuse")) {
		send_state(STATE_FAILED, -ENODEV, "the fake driver refuses the device");
		exit(1);
	}
	if (is_mode("crash-early"))
		abort();
	send_state(STATE_LOADED, 0, "");
	if (is_net())
		send_net(false);
	if (is_block())
		start_disk();
	if (is_mode("disk-clogs"))
		signal(SIGTERM, clog_events);
	send_state(STATE_READY, 0, "");
	if (is_net() && !is_mode("no-link"))
		send_net(true);
	if (is_mode("warns")) {
		puts("<4>WARNING: CPU: 0 PID: 1 at fake.c:1 fake+0x0/0x1");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	mode = argv[2];
	if (is_mode("crash-exec"))
		return 3;
	signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would exit instead */
	receive_setup();
	if (is_mode("silent"))
		for (;;)
			pause();
	if (!strncmp(mode, "bad-", 4))
		violate_protocol();
	if (is_mode("log-flood"))
		log_flood();
	log_setup();
	start_up();
	if (is_mode("flap"))
		flap();
	if (is_mode("hang-up")) {
		close(PROTO_FD);
		for (;;)
			pause();
	}
	if (is_mode("crash-ready"))
		raise(SIGSEGV);
	serve_requests(is_mode("crash-late") ? now_ns() + 1300000000ull : 0);
	raise(SIGSEGV);
	return 1;
}
