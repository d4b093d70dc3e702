/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A front of the block bridge that tests its back half alone: claims an emulated device, runs its
 * driver host as ddekitd does, and sends requests through the ring.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "blockring.h"
#include "common.h"

static const char help[] =
	"Usage: ddekit-blockring [OPTIONS] COMMAND...\n\n"
	"Drives an emulated disk through the block bridge's ring, without ddekitd.\n\n"
	"  --build DIR     build folder with runtime, plugins and ddekit-host (default build)\n"
	"  --driver NAME   plugin\n"
	"  --device TEXT   QEMU device\n"
	"  --drive FILE    image of its disk\n"
	"  --drive-options TEXT  options of QEMU's -drive (default format=raw)\n"
	"  --arg TEXT      a further argument of QEMU; up to 16 times\n"
	"  --no-sandbox    run ddekit-host without its sandbox\n\n"
	"Commands, in order; numbers may be 4Ki, 1Mi. Each prints its result.\n"
	"  read=DISK,OFFSET,BYTES,FILE    write=DISK,OFFSET,BYTES,FILE[,fua]\n"
	"  flush=DISK  discard=DISK,OFFSET,BYTES  zeroes=DISK,OFFSET,BYTES[,fua][,keep]\n"
	"  raw=OP,FLAGS,DISK,OFFSET,BYTES any request, also a malformed one\n"
	"  bench=DISK,DEPTH,MILLISECONDS  random reads of 4 KiB\n"
	"  kill=DISK,N                    writes while the driver host is killed N times\n"
	"  stop=DISK                      stop and start with requests in the ring\n"
	"  reload                         restarts the driver in place\n"
	"  await=present|changed|gone     wait for a driver host's message; at most 20 s\n"
	"  monitor=COMMAND[,JSON]         a command of QEMU's monitor (QMP), with arguments\n";

/* ---- arguments of commands ----------------------------------------------------------- */

#define MAX_WORDS 6

static unsigned int split_words(char *text, char *word[MAX_WORDS])
{
	unsigned int n = 0;

	for (text = strtok(text, ","); text && n < MAX_WORDS; text = strtok(NULL, ","))
		word[n++] = text;
	return n;
}

static uint64_t number(const char *text)
{
	uint64_t v;

	if (parse_size(text, &v))
		die_usage("\"%s\" is not a number", text);
	return v;
}

static bool has_word(char *word[], unsigned int n, const char *name)
{
	while (n--)
		if (!strcmp(word[n], name))
			return true;
	return false;
}

static void print_result(const char *command, int result)
{
	printf("%s %s\n", command, result ? strerrorname_np(-result) : "ok");
	fflush(stdout);
}

/* ---- single requests ------------------------------------------------------------------ */

static void file_io(const char *path, void *data, size_t len, bool write_it)
{
	int fd = open(path, write_it ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0644);

	if (fd < 0 || (write_it ? write(fd, data, len) : read(fd, data, len)) != (ssize_t)len)
		die_errno(errno, "%s", path);
	close(fd);
}

static struct dde_block_slot range(uint8_t op, char *word[], unsigned int n)
{
	struct dde_block_slot r = { .op = op };

	r.disk = (uint16_t)number(word[0]);
	if (n > 2) {
		r.offset = number(word[1]);
		r.bytes = (uint32_t)number(word[2]);
	}
	return r;
}

static void do_data(struct rig *rig, const char *name, char *word[], unsigned int n)
{
	bool writes = !strcmp(name, "write");
	struct dde_block_slot r;
	int result;

	if (n < 4)
		die_usage("%s= needs DISK,OFFSET,BYTES,FILE", name);
	r = range(writes ? DDE_BLOCK_WRITE : DDE_BLOCK_READ, word, n);
	if (r.bytes > DDE_BLOCK_SLOT_BYTES)
		die_usage("%u bytes are too many", r.bytes);
	if (writes)
		file_io(word[3], ring_data(rig, 0), r.bytes, false);
	else
		memset(ring_data(rig, 0), 0xaa, r.bytes);
	if (has_word(word + 4, n - 4, "fua"))
		r.flags = DDE_BLOCK_FUA;
	result = ring_do(rig, r);
	if (!writes && !result)
		file_io(word[3], ring_data(rig, 0), r.bytes, true);
	print_result(name, result);
}

static void do_other(struct rig *rig, const char *name, char *word[], unsigned int n)
{
	bool flush = !strcmp(name, "flush"), zeroes = !strcmp(name, "zeroes");
	uint8_t op;
	struct dde_block_slot r;

	if (n < (flush ? 1 : 3))
		die_usage("%s= needs %s", name, flush ? "DISK" : "DISK,OFFSET,BYTES");
	op = flush ? DDE_BLOCK_FLUSH : zeroes ? DDE_BLOCK_WRITE_ZEROES : DDE_BLOCK_DISCARD;
	r = range(op, word, n);
	if (n > 3 && has_word(word + 3, n - 3, "fua"))
		r.flags |= DDE_BLOCK_FUA;
	if (n > 3 && has_word(word + 3, n - 3, "keep"))
		r.flags |= DDE_BLOCK_NO_UNMAP;
	print_result(name, ring_do(rig, r));
}

static void do_raw(struct rig *rig, char *word[], unsigned int n)
{
	struct dde_block_slot r;

	if (n < 5)
		die_usage("raw= needs OP,FLAGS,DISK,OFFSET,BYTES");
	r = (struct dde_block_slot){ .op = (uint8_t)number(word[0]),
				     .flags = (uint8_t)number(word[1]),
				     .disk = (uint16_t)number(word[2]),
				     .offset = number(word[3]),
				     .bytes = (uint32_t)number(word[4]) };
	print_result("raw", ring_do(rig, r));
}

/* ---- many requests -------------------------------------------------------------------- */

static struct dde_block_slot random_read(const struct rig *rig, unsigned int disk)
{
	uint64_t blocks = rig->ring->disk[disk].bytes / 4096;

	return (struct dde_block_slot){ .op = DDE_BLOCK_READ,
					.disk = (uint16_t)disk,
					.bytes = 4096,
					.offset = (uint64_t)random() % blocks * 4096 };
}

static void do_bench(struct rig *rig, unsigned int disk, unsigned int depth, uint64_t ms)
{
	uint64_t begin = mono_ns(), end = begin + ms * 1000000, now, n = 0;
	unsigned int out, i;
	int slot, result;

	for (i = 0; i < depth; i++)
		ring_submit(rig, i, random_read(rig, disk));
	ring_kick(rig);
	for (out = depth; out;) {
		unsigned int again = 0;

		if (!ring_wait(rig, 30000))
			die("no request has completed for 30 s");
		now = mono_ns();
		while ((slot = ring_complete(rig, &result)) >= 0) {
			if (result)
				die_errno(result, "read");
			n++;
			out--;
			if (now >= end)
				continue;
			ring_submit(rig, (unsigned int)slot, random_read(rig, disk));
			out++;
			again++;
		}
		if (again)
			ring_kick(rig);
	}
	printf("bench depth %u: %.0f reads/s\n", depth,
	       (double)n * 1e9 / (double)(mono_ns() - begin));
}

/* Writes pieces of 16 KiB, each filled with a pattern of its number, until all have completed. */
#define PIECE 16384u
#define DEPTH 128u

static void fill_piece(struct rig *rig, unsigned int slot, uint64_t k)
{
	uint64_t *p = ring_data(rig, slot);
	unsigned int i;

	for (i = 0; i < PIECE / 8; i++)
		p[i] = k * 0x9e3779b97f4a7c15ull + i;
}

static void submit_piece(struct rig *rig, unsigned int slot, unsigned int disk, uint64_t k)
{
	fill_piece(rig, slot, k);
	ring_submit(rig, slot,
		    (struct dde_block_slot){ .op = DDE_BLOCK_WRITE,
					     .disk = (uint16_t)disk,
					     .bytes = PIECE,
					     .offset = k * PIECE,
					     .cookie = k });
}

static void check_piece(struct rig *rig, unsigned int disk, uint64_t k)
{
	static uint64_t was[PIECE / 8];
	int result;

	fill_piece(rig, 0, k);
	memcpy(was, ring_data(rig, 0), PIECE);
	memset(ring_data(rig, 0), 0, PIECE);
	result = ring_do(rig, (struct dde_block_slot){ .op = DDE_BLOCK_READ,
						       .disk = (uint16_t)disk,
						       .bytes = PIECE,
						       .offset = k * PIECE });
	if (result || memcmp(was, ring_data(rig, 0), PIECE))
		die("piece %llu differs from what was written", (unsigned long long)k);
}

/* Writes the whole disk; at some points disturb() acts on the driver host. */
static void write_over(struct rig *rig, unsigned int disk, unsigned int times,
		       void (*disturb)(struct rig *rig))
{
	uint64_t pieces = rig->ring->disk[disk].bytes / PIECE, k = 0, done = 0, every, next;
	unsigned int n, failed = 0;
	int slot, result;

	every = pieces / (times + 1);
	next = every;
	for (n = 0; n < DEPTH && k < pieces; n++)
		submit_piece(rig, n, disk, k++);
	ring_kick(rig);
	while (done < pieces) {
		if (k >= next && times) {
			disturb(rig);
			next += every;
			times--;
		}
		if (!ring_wait(rig, 30000))
			die("no request has completed for 30 s, after %llu of %llu",
			    (unsigned long long)done, (unsigned long long)pieces);
		while ((slot = ring_complete(rig, &result)) >= 0) {
			failed += !!result;
			done++;
			if (k < pieces)
				submit_piece(rig, (unsigned int)slot, disk, k++);
		}
		ring_kick(rig);
	}
	for (k = 0; k < pieces; k++)
		check_piece(rig, disk, k);
	printf("%llu pieces, %u failed, %u backs\n", (unsigned long long)pieces, failed,
	       rig->ring->attached);
}

static unsigned int count_slots(struct rig *rig, uint32_t state)
{
	unsigned int n, found = 0;

	for (n = 0; n < DDE_BLOCK_SLOTS; n++)
		found += __atomic_load_n(&rig->ring->slot[n].state, __ATOMIC_RELAXED) == state;
	return found;
}

static void kill_and_start(struct rig *rig)
{
	uint64_t begin = mono_ns();

	/* Kill during requests, or with completions that the front has not seen. */
	if (rig->ring->attached % 2)
		while (!count_slots(rig, DDE_BLOCK_ISSUED) && mono_ns() - begin < 1000000000)
			sched_yield();
	else
		ring_wait(rig, 1000);
	rig_kill(rig);
	printf("killed with %u submitted, %u issued, %u done\n",
	       count_slots(rig, DDE_BLOCK_SUBMITTED), count_slots(rig, DDE_BLOCK_ISSUED),
	       count_slots(rig, DDE_BLOCK_DONE));
	rig_start(rig);
}

static void stop_and_start(struct rig *rig)
{
	rig_stop(rig);
	rig_start(rig);
}

/* ---- main -------------------------------------------------------------------------------- */

static void do_monitor(struct rig *rig, char *args)
{
	char *json = strchr(args, ','), *reply = NULL;
	int err;

	if (json)
		*json++ = 0;
	err = ddekit_claim_monitor(rig->claim, args, json, &reply);
	if (err)
		die("monitor: %s", reply ? reply : strerror(-err));
	free(reply);
}

static void wait_for_event(struct rig *rig, const char *event)
{
	uint32_t which = !strcmp(event, "present")   ? DISK_PRESENT
			 : !strcmp(event, "changed") ? DISK_CHANGED
						     : DISK_GONE;

	if (!rig_listen(rig, PROTO_EXPORT, which, 20000))
		die("no message that a disk is %s, for 20 s", event);
}

static void run_command(struct rig *rig, char *command)
{
	char *args = strchr(command, '='), *word[MAX_WORDS] = { 0 };
	unsigned int n;

	if (args)
		*args++ = 0;
	if (!strcmp(command, "monitor") && args) {
		do_monitor(rig, args);
		return;
	}
	n = args ? split_words(args, word) : 0;
	if (!strcmp(command, "reload"))
		rig_reload(rig);
	else if (!n)
		die_usage("unknown command \"%s\"", command);
	else if (!strcmp(command, "read") || !strcmp(command, "write"))
		do_data(rig, command, word, n);
	else if (!strcmp(command, "raw"))
		do_raw(rig, word, n);
	else if (!strcmp(command, "bench") && n == 3)
		do_bench(rig, (unsigned int)number(word[0]), (unsigned int)number(word[1]),
			 number(word[2]));
	else if (!strcmp(command, "kill") && n == 2)
		write_over(rig, (unsigned int)number(word[0]), (unsigned int)number(word[1]),
			   kill_and_start);
	else if (!strcmp(command, "stop"))
		write_over(rig, (unsigned int)number(word[0]), 2, stop_and_start);
	else if (!strcmp(command, "await"))
		wait_for_event(rig, word[0]);
	else if (!strcmp(command, "flush") || !strcmp(command, "discard") ||
		 !strcmp(command, "zeroes"))
		do_other(rig, command, word, n);
	else
		die_usage("unknown command \"%s\"", command);
	fflush(stdout);
}

static int read_option(struct rig *rig, int opt)
{
	static unsigned int n_args;

	switch (opt) {
	case 'b':
		rig->build = optarg;
		break;
	case 'd':
		rig->driver = optarg;
		break;
	case 'D':
		rig->device = optarg;
		break;
	case 'f':
		rig->drive = optarg;
		break;
	case 'o':
		rig->drive_options = optarg;
		break;
	case 'a':
		if (n_args == 16)
			return -E2BIG;
		rig->args[n_args++] = optarg;
		break;
	case 'n':
		rig->sandbox = false;
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	default:
		return -EINVAL;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "build", required_argument, NULL, 'b' },
		{ "driver", required_argument, NULL, 'd' },
		{ "device", required_argument, NULL, 'D' },
		{ "drive", required_argument, NULL, 'f' },
		{ "drive-options", required_argument, NULL, 'o' },
		{ "arg", required_argument, NULL, 'a' },
		{ "no-sandbox", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct rig rig = { .build = "build", .drive_options = "format=raw", .sandbox = true };
	int opt;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1)
		if (read_option(&rig, opt))
			die_usage("bad option");
	if (!rig.driver || !rig.device)
		die_usage("--driver and --device are required");
	rig.build = realpath(rig.build, NULL);
	if (!rig.build)
		die_errno(errno, "--build");
	signal(SIGPIPE, SIG_IGN);
	ring_make(&rig);
	rig_claim(&rig);
	rig_start(&rig);
	for (; optind < argc; optind++)
		run_command(&rig, argv[optind]);
	rig_stop(&rig);
	ddekit_claim_close(rig.claim);
	return 0;
}
