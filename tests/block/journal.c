/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-journal URI FILE: writes to a disk with DEPTH requests at a time until SIGTERM, records
 * each acknowledged write, and checks that none is lost, torn or old.
 *
 * The disk is divided into units.  Number, version and run seed a generator that fills a unit.
 * One operation per unit runs at a time, so each read has one right result: the last acknowledged
 * version.  The load includes flushes and writes with FUA.  At the end it reads every unit,
 * through the disk and from FILE, which is behind the disk.  Prints one line of JSON.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libnbd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIT 16384u
#define DEPTH 16
#define FLUSH_EVERY 64

struct op {
	bool busy, is_write;
	uint64_t unit;
	uint64_t version;
	unsigned char data[UNIT];
};

static struct nbd_handle *nbd;
static struct op ops[DEPTH];
static bool *unit_busy;
static uint64_t *acked; /* version of each unit; 0: never written */
static uint64_t n_units, writes, reads, flushes, run_id, wrong, failed;
static bool flushing;
static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

/* xorshift; the state is not 0 */
static uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static void fill_unit(unsigned char *data, uint64_t unit, uint64_t version)
{
	uint64_t head[3] = { run_id, unit, version }, x, i;

	x = (run_id ^ unit << 32 ^ version) | 1;
	memcpy(data, head, sizeof(head));
	for (i = sizeof(head); i < UNIT; i += 8) {
		next(&x);
		memcpy(data + i, &x, 8);
	}
}

static void check_unit(const unsigned char *data, uint64_t unit, const char *where)
{
	static unsigned char want[UNIT];
	uint64_t head[3];
	size_t i;

	if (acked[unit])
		fill_unit(want, unit, acked[unit]);
	else
		memset(want, 0, UNIT);
	if (!memcmp(data, want, UNIT))
		return;
	wrong++;
	memcpy(head, data, sizeof(head));
	for (i = 0; data[i] == want[i]; i++)
		;
	warnx("%s: unit %llu differs from byte %zu: it has version %llu of unit %llu, not %llu",
	      where, (unsigned long long)unit, i, (unsigned long long)head[2],
	      (unsigned long long)head[1], (unsigned long long)acked[unit]);
}

static int on_done(void *arg, int *error)
{
	struct op *op = arg;

	if (*error) {
		failed++;
		warnx("unit %llu: %s", (unsigned long long)op->unit, strerror(*error));
	} else if (op->is_write) {
		acked[op->unit] = op->version;
		writes++;
	} else {
		check_unit(op->data, op->unit, "read");
		reads++;
	}
	op->busy = false;
	unit_busy[op->unit] = false;
	return 1;
}

static int on_flushed(void *arg, int *error)
{
	if (*error) {
		failed++;
		warnx("flush: %s", strerror(*error));
	}
	flushes++;
	flushing = false;
	return 1;
}

static void start_op(struct op *op, uint64_t *random)
{
	nbd_completion_callback done = { .callback = on_done, .user_data = op };
	uint64_t r = next(random);
	int64_t cookie;

	do
		op->unit = next(random) % n_units;
	while (unit_busy[op->unit]);
	op->busy = unit_busy[op->unit] = true;
	op->is_write = r % 4 != 0;
	op->version = acked[op->unit] + 1;
	if (op->is_write) {
		fill_unit(op->data, op->unit, op->version);
		cookie = nbd_aio_pwrite(nbd, op->data, UNIT, op->unit * UNIT, done,
					r % 32 == 1 ? LIBNBD_CMD_FLAG_FUA : 0);
	} else {
		cookie = nbd_aio_pread(nbd, op->data, UNIT, op->unit * UNIT, done, 0);
	}
	if (cookie < 0)
		errx(1, "%s", nbd_get_error());
}

static bool any_busy(void)
{
	int i;

	for (i = 0; i < DEPTH; i++)
		if (ops[i].busy)
			return true;
	return flushing;
}

static void flush_sometimes(void)
{
	nbd_completion_callback done = { .callback = on_flushed };

	if (flushing || writes / FLUSH_EVERY <= flushes)
		return;
	flushing = true;
	if (nbd_aio_flush(nbd, done, 0) < 0)
		errx(1, "%s", nbd_get_error());
}

static void run_load(void)
{
	uint64_t random = run_id | 1;
	int i;

	while (!stop && !failed && !wrong) {
		for (i = 0; i < DEPTH; i++)
			if (!ops[i].busy)
				start_op(&ops[i], &random);
		flush_sometimes();
		if (nbd_poll(nbd, 100) < 0)
			errx(1, "%s", nbd_get_error());
	}
	while (any_busy())
		if (nbd_poll(nbd, -1) < 0)
			errx(1, "%s", nbd_get_error());
	if (nbd_flush(nbd, 0) < 0)
		errx(1, "%s", nbd_get_error());
}

static void verify(const char *file)
{
	static unsigned char data[UNIT];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	uint64_t u;

	if (fd < 0)
		err(1, "%s", file);
	for (u = 0; u < n_units && wrong < 10; u++) {
		if (nbd_pread(nbd, data, UNIT, u * UNIT, 0) < 0)
			errx(1, "%s", nbd_get_error());
		check_unit(data, u, "at the end");
		if (pread(fd, data, UNIT, (off_t)(u * UNIT)) != UNIT)
			errx(1, "%s: cannot be read", file);
		check_unit(data, u, "in the file");
	}
	close(fd);
}

int main(int argc, char **argv)
{
	int64_t size;

	if (argc != 3)
		errx(2, "usage: ddekit-journal URI FILE");
	signal(SIGTERM, on_signal);
	nbd = nbd_create();
	if (!nbd || nbd_connect_uri(nbd, argv[1]) < 0)
		errx(1, "%s", nbd_get_error());
	size = nbd_get_size(nbd);
	n_units = size < 0 ? 0 : (uint64_t)size / UNIT;
	if (n_units < 2 * DEPTH)
		errx(1, "the disk is too small");
	acked = calloc(n_units, sizeof(*acked));
	unit_busy = calloc(n_units, sizeof(*unit_busy));
	if (!acked || !unit_busy)
		err(1, "memory");
	run_id = ((uint64_t)getpid() << 32) + 0x9e3779b9;
	/* Units that were never written are zero. */
	run_load();
	verify(argv[2]);
	printf("{\"writes\":%llu,\"reads\":%llu,\"flushes\":%llu,\"wrong\":%llu,\"failed\":%llu}\n",
	       (unsigned long long)writes, (unsigned long long)reads, (unsigned long long)flushes,
	       (unsigned long long)wrong, (unsigned long long)failed);
	nbd_close(nbd);
	free(acked);
	free(unit_busy);
	return wrong || failed;
}
