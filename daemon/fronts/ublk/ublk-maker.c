/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The privileged process of ddekit-ublk; see ublk.h.  What the server and the control
 * memory say is not believed: a device is one of ours if our own file says so.
 *
 * The main thread listens. Each request has a thread of its own: the start of a device ends when
 * the kernel has read the partitions, which needs answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "drivers/bridges/block/share.h"
#include "ublk.h"
#include "lib/util.h"

/* The kernel adds up to a second and a half to it. */
#define IO_TIMEOUT_MS 1000
/* While a device cannot be recovered yet: pauses of an eighth of the time so far. */
#define PAUSE_MIN_MS 10
#define PAUSE_MAX_MS 1000
#define REPORT_MS 3000 /* then after twice that, and so on */

static const struct ublk_setup *setup;
static struct block_control *control;
static int server;

static int maker_complain(const struct dde_block_disk *disk, const char *what, int r)
{
	fprintf(stderr, "ddekit-ublk: %s: %s: %s\n", disk->name, what, strerror(-r));
	return r;
}

/* ---- which device is whose ------------------------------------------------------------ */

/* Return: false: it has none. */
static bool device_of(uint32_t index, uint32_t *ret_id)
{
	uint32_t number = __atomic_load_n(&control->disk[index].ublk, __ATOMIC_ACQUIRE);

	if (!number || !ublk_names_tell(setup->names, number - 1, setup->device))
		return false;
	*ret_id = number - 1;
	return true;
}

static void note_device(uint32_t index, uint32_t number)
{
	__atomic_store_n(&control->disk[index].ublk, number, __ATOMIC_RELEASE);
}

static void stop_device(struct ublk_control *c, uint32_t index)
{
	uint32_t id;

	if (device_of(index, &id))
		ublk_stop(c, id);
}

/* One that is stopped. */
static void delete_device(struct ublk_control *c, uint32_t index)
{
	uint32_t id;

	if (!device_of(index, &id))
		return;
	ublk_delete(c, id);
	ublk_names_remove(setup->names, id);
	note_device(index, 0);
}

/* ---- devices of the front before this one ------------------------------------------- */

static const char *recovery_reason(int r)
{
	switch (r) {
	case -EAGAIN:
		return "the kernel still has to end requests of the dead front, by its io_timeout "
		       "if a queue was full";
	case -EBUSY:
		return "another process has its /dev/ublkc open";
	case -ENODEV:
		return "it has been deleted";
	case -ESHUTDOWN:
		return "it is not started";
	case -EINVAL:
		return "it has other queues or buffers, or a front died while it recovered it";
	}
	return strerror(-r);
}

static void pause_ms(uint64_t ms)
{
	struct timespec pause = { .tv_sec = (time_t)(ms / 1000),
				  .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&pause, NULL);
}

/* As long as it takes, unless the process ends: the main thread sees to that. */
static int recover_device(struct ublk_control *c, const char *disk, uint32_t id)
{
	uint64_t start = mono_ns(), report = REPORT_MS, ms;
	int r;

	while ((r = ublk_recover(c, id, setup->queues)) == -EAGAIN || r == -EBUSY) {
		ms = (mono_ns() - start) / 1000000;
		if (ms >= report) {
			fprintf(stderr,
				"ddekit-ublk: %s: /dev/ublkb%u has waited %llu s for its "
				"recovery: %s\n",
				disk, id, (unsigned long long)ms / 1000, recovery_reason(r));
			report *= 2;
		}
		ms /= 8;
		pause_ms(ms < PAUSE_MIN_MS ? PAUSE_MIN_MS : ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : ms);
	}
	return r;
}

/* ---- new devices ---------------------------------------------------------------------- */

static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool ending; /* all are being deleted: none may be added */

/* With the lock adding. */
static int add_and_note(struct ublk_control *c, const struct ublk_ask *ask, uint32_t *ret_id)
{
	uint32_t id;
	int r;

	if (ending)
		return -ECANCELED;
	r = ublk_add(c, &ask->disk, setup->queues, &id);
	if (r < 0)
		return maker_complain(&ask->disk, "cannot make a device", r);
	ublk_names_warn(setup, &ask->disk);
	r = ublk_names_write(setup, id, &ask->disk);
	if (r < 0) {
		ublk_delete(c, id);
		return maker_complain(&ask->disk, setup->names, r);
	}
	note_device(ask->index, id + 1);
	*ret_id = id;
	return 0;
}

static int add_ublk_device(struct ublk_control *c, const struct ublk_ask *ask, uint32_t *ret_id)
{
	int r;

	pthread_mutex_lock(&adding);
	r = add_and_note(c, ask, ret_id);
	pthread_mutex_unlock(&adding);
	return r;
}

/* ---- requests --------------------------------------------------------------------------- */

static bool needs_another(int r)
{
	return r == -ENODEV || r == -ESHUTDOWN || r == -EINVAL;
}

/* A device of the front before this one, or a new one. */
static int get_device(struct ublk_control *c, const struct ublk_ask *ask, uint32_t *ret_id,
		      bool *ret_recovered)
{
	const char *name = ask->disk.name;
	uint32_t id;
	int r;

	*ret_recovered = false;
	if (!device_of(ask->index, &id))
		return add_ublk_device(c, ask, ret_id);
	r = recover_device(c, name, id);
	if (ending)
		return -ECANCELED; /* it has been stopped for its deletion */
	if (r < 0 && !needs_another(r))
		return maker_complain(&ask->disk, "cannot recover its device", r);
	if (r < 0) {
		fprintf(stderr,
			"ddekit-ublk: %s: cannot recover /dev/ublkb%u: %s; another device "
			"replaces it once nobody has it open\n",
			name, id, recovery_reason(r));
		stop_device(c, ask->index);
		delete_device(c, ask->index);
		return add_ublk_device(c, ask, ret_id);
	}
	*ret_recovered = true;
	*ret_id = id;
	return 0;
}

static void answer_none(uint32_t index)
{
	struct ublk_answer none = { .index = index, .cdev = -1 };

	ublk_answer(server, &none);
}

static int hand_over(uint32_t index, uint32_t id)
{
	struct ublk_answer answer = { .index = index };
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/dev/ublkc%u", id);
	answer.cdev = open(path, O_RDWR | O_CLOEXEC);
	if (answer.cdev < 0)
		return -errno;
	r = ublk_answer(server, &answer);
	close(answer.cdev);
	return r;
}

/* It lasts until the device is deleted. */
static void lower_io_timeout(const struct dde_block_disk *disk, uint32_t id)
{
	int r = ublk_set_io_timeout(id, IO_TIMEOUT_MS);

	if (r < 0 && r != -ENOENT)
		fprintf(stderr,
			"ddekit-ublk: %s: cannot set queue/io_timeout of /dev/ublkb%u: %s; "
			"its recovery may take half a minute\n",
			disk->name, id, strerror(-r));
}

static void make_device(struct ublk_control *c, const struct ublk_ask *ask)
{
	uint32_t id;
	bool recovered;
	int r = get_device(c, ask, &id, &recovered);

	if (r < 0) {
		answer_none(ask->index);
		return;
	}
	r = hand_over(ask->index, id);
	if (!r)
		r = ublk_start(c, id, recovered);
	if (r < 0) {
		maker_complain(&ask->disk, "cannot start its device", r);
		return;
	}
	if (!recovered)
		lower_io_timeout(&ask->disk, id);
	printf("ddekit-ublk: %s is /dev/ublkb%u\n", ask->disk.name, id);
	fflush(stdout);
}

static void *fulfil(void *arg)
{
	/* The server asks for one thing of a disk at a time, but a start goes on after its
	 * answer. */
	static pthread_mutex_t busy[DDE_BLOCK_DISKS] = { [0 ... DDE_BLOCK_DISKS -
							  1] = PTHREAD_MUTEX_INITIALIZER };
	struct ublk_ask *ask = arg;
	struct ublk_control c;
	int r = ublk_control_open(&c);

	if (r < 0) {
		maker_complain(&ask->disk, "/dev/ublk-control", r);
		answer_none(ask->index);
		free(ask);
		return NULL;
	}
	pthread_mutex_lock(&busy[ask->index]);
	if (ask->op == UBLK_ADD) {
		make_device(&c, ask);
	} else {
		stop_device(&c, ask->index);
		delete_device(&c, ask->index);
		answer_none(ask->index);
	}
	pthread_mutex_unlock(&busy[ask->index]);
	ublk_control_close(&c);
	free(ask);
	return NULL;
}

static void receive_request(void)
{
	struct ublk_ask *ask = calloc(1, sizeof(*ask));
	int r = ask ? ublk_hear(server, ask) : -ENOMEM;
	pthread_t thread;

	if (r < 0)
		exit(r != -EPIPE && r != -ECONNRESET); /* the server has ended: so do we */
	if (pthread_create(&thread, NULL, fulfil, ask)) {
		maker_complain(&ask->disk, "no thread", -EAGAIN);
		exit(1);
	}
	pthread_detach(thread);
}

/* ---- life ------------------------------------------------------------------------------ */

/* ddekitd has gone, and with it the device: so do ours. What is under way is answered with
 * errors, by the server or, if it waits for a driver that nobody looks after any more,
 * by the kernel at its end. */
static void delete_all(void)
{
	struct block_share share = { .c = control, .wake = -1 }; /* the server sees it too */
	struct ublk_control c;
	uint32_t i;

	ending = true;
	block_share_give_up(&share);
	if (__atomic_load_n(&control->back, __ATOMIC_ACQUIRE) == BLOCK_BACK_RUNS)
		shutdown(server, SHUT_RDWR);
	if (ublk_control_open(&c) < 0)
		return;
	for (i = 0; i < DDE_BLOCK_DISKS; i++)
		stop_device(&c, i);
	shutdown(server, SHUT_RDWR);
	pthread_mutex_lock(&adding); /* for good: what was being added is noted now */
	for (i = 0; i < DDE_BLOCK_DISKS; i++)
		delete_device(&c, i);
	ublk_control_close(&c);
}

void ublk_maker(const struct ublk_setup *s, int socket)
{
	struct pollfd p[2] = { { .fd = socket, .events = POLLIN },
			       { .fd = s->life } }; /* its end: data is the server's */
	void *memory;
	int r = block_map_sealed(s->fds.control, sizeof(*control), &memory);

	if (r < 0) {
		fprintf(stderr, "ddekit-ublk: control memory: %s\n", strerror(-r));
		exit(1);
	}
	setup = s;
	server = socket;
	control = memory;
	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			exit(1);
		if (p[1].revents) {
			delete_all();
			exit(0);
		}
		if (p[0].revents)
			receive_request();
	}
}
