/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-frames: measures how many Ethernet frames get from one endpoint to another.
 *
 * flow sends numbered frames into one endpoint and receives them from another, with a limited
 * number of frames in flight, so that it measures the path and does not overrun it. relay is the
 * baseline (frames-relay.c); pour only sends (frames-pour.c).
 */
#include "frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

#define BATCH 64
#define FRAME_MAX 9018
#define FLOW_MAGIC 0x44444546u

struct flow_frame {
	uint8_t dst[6], src[6];
	uint16_t type;
	uint32_t magic;
	uint32_t run;
	uint64_t index;
} __attribute__((packed));

struct flow {
	struct endpoint from, to;
	uint64_t count, window, size;
	double timeout;
	bool json;
	struct flow_frame head;
	uint8_t *seen; /* one bit per frame */
	uint64_t sent, received, in_flight, disordered, duplicates, highest, stalls;
	uint64_t first_ns, last_ns;
};

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Sends what the window allows, at most one batch.  Return: number of frames sent. */
static uint64_t send_batch(struct flow *f)
{
	static uint8_t data[BATCH][FRAME_MAX];
	struct mmsghdr msgs[BATCH] = { 0 };
	struct iovec iov[BATCH];
	uint64_t n = min_u64(f->count - f->sent, BATCH);
	struct flow_frame head = f->head;
	int done;

	n = f->in_flight < f->window ? min_u64(n, f->window - f->in_flight) : 0;
	for (uint64_t i = 0; i < n; i++) {
		head.index = f->sent + i;
		memcpy(data[i], &head, sizeof(head));
		iov[i] = (struct iovec){ data[i], f->size };
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	if (!n)
		return 0;
	done = sendmmsg(f->from.fd, msgs, (unsigned int)n, 0);
	if (done < 0) {
		if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
			return 0;
		die_errno(errno, "cannot send into %s", f->from.name);
	}
	f->sent += (uint64_t)done;
	f->in_flight += (uint64_t)done;
	return (uint64_t)done;
}

static void count_frame(struct flow *f, const uint8_t *data, size_t len)
{
	struct flow_frame head;

	if (len < sizeof(head))
		return;
	memcpy(&head, data, sizeof(head));
	if (head.type != f->head.type || head.magic != FLOW_MAGIC || head.run != f->head.run ||
	    head.index >= f->sent || len < f->size)
		return;
	if (f->seen[head.index / 8] & 1 << head.index % 8) {
		f->duplicates++;
		return;
	}
	f->seen[head.index / 8] |= (uint8_t)(1 << head.index % 8);
	if (f->received && head.index < f->highest)
		f->disordered++;
	else
		f->highest = head.index;
	f->received++;
	if (f->in_flight)
		f->in_flight--;
	f->last_ns = mono_ns();
}

/* Return: number of received frames, including foreign ones. */
static int receive_batch(struct flow *f)
{
	static uint8_t data[BATCH][FRAME_MAX + 64];
	struct mmsghdr msgs[BATCH] = { 0 };
	struct iovec iov[BATCH];
	int n;

	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ data[i], sizeof(data[i]) };
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(f->to.fd, msgs, BATCH, MSG_DONTWAIT, NULL);
	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		die_errno(errno, "cannot receive from %s", f->to.name);
	}
	for (int i = 0; i < n; i++)
		count_frame(f, data[i], msgs[i].msg_len);
	return n;
}

/*
 * Waits for frames, or for space to send if the window allows.  Frames that do not arrive within
 * 200 ms count as lost, and the window opens again.  Return: false if nothing arrived within the
 * time limit.
 */
static bool wait_for_frames(struct flow *f)
{
	struct pollfd pfd[2] = { { .fd = f->to.fd, .events = POLLIN }, { .fd = f->from.fd } };
	bool room = f->sent < f->count && f->in_flight < f->window;

	if (room)
		pfd[1].events = POLLOUT;
	if (poll(pfd, 2, 200))
		return true;
	f->stalls++;
	f->in_flight = 0;
	if (f->sent == f->count)
		return false;
	return (double)(mono_ns() - f->last_ns) < f->timeout * 1e9;
}

static void run_flow(struct flow *f)
{
	int r;

	f->seen = calloc(1, f->count / 8 + 1);
	if (!f->seen)
		die("no memory");
	f->head.type = htons(FRAMES_ETHERTYPE);
	f->head.magic = FLOW_MAGIC;
	f->head.run = (uint32_t)getpid();
	endpoint_open(&f->to, false, false);
	endpoint_open(&f->from, false, false);
	r = endpoint_connect(&f->from);
	if (r)
		die_errno(r, "cannot reach %s", f->from.peer);
	f->first_ns = f->last_ns = mono_ns();
	while (f->received < f->count) {
		uint64_t sent = send_batch(f);
		int got = receive_batch(f);

		if (!sent && !got && !wait_for_frames(f))
			break;
	}
	endpoint_close(&f->from);
	endpoint_close(&f->to);
	free(f->seen);
}

static double own_cpu_seconds(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

static int report_flow(const struct flow *f)
{
	double seconds = (double)(f->last_ns - f->first_ns) / 1e9;
	double fps = seconds > 0 ? (double)f->received / seconds : 0;

	printf(f->json ? "{\"sent\":%llu,\"received\":%llu,\"duplicates\":%llu,"
			 "\"disordered\":%llu,\"stalls\":%llu,\"seconds\":%.4f,"
			 "\"frames_per_s\":%.0f,\"own_cpu_s\":%.3f}\n"
		       : "%llu sent, %llu received, %llu duplicates, %llu out of order, "
			 "%llu stalls; %.4f s, %.0f frames/s (this tool used %.3f s of CPU)\n",
	       (unsigned long long)f->sent, (unsigned long long)f->received,
	       (unsigned long long)f->duplicates, (unsigned long long)f->disordered,
	       (unsigned long long)f->stalls, seconds, fps, own_cpu_seconds());
	return f->received == f->count && !f->duplicates ? 0 : 1;
}

static const char help[] =
	"Usage: ddekit-frames flow FROM TO [OPTIONS]   send frames into FROM, receive from TO\n"
	"       ddekit-frames relay A B                copy packets both ways until SIGTERM\n"
	"       ddekit-frames pour TO [OPTIONS]        send one frame repeatedly until SIGTERM\n"
	"\n"
	"Endpoints:\n"
	"  if:NAME[@NETNS]   packet socket on an interface (ethertype 0x88b5 only)\n"
	"  unix:BIND,PEER    QEMU's -netdev dgram,local.type=unix,local.path=PEER,\n"
	"                    remote.type=unix,remote.path=BIND\n"
	"  tap:NAME[@NETNS]  a new TAP; between two of them relay passes offloads on\n"
	"\n"
	"Options of flow; of pour --size, --dst and --src:\n"
	"  --count N    frames (default 100000)\n"
	"  --window N   at most N in flight (default 256)\n"
	"  --size N     bytes of a frame without its CRC, 60 to 9018 (default 60)\n"
	"  --dst MAC    destination address (default broadcast)\n"
	"  --src MAC    source address (default 02:00:00:00:00:99)\n"
	"  --timeout S  give up after S seconds without a frame (default 5)\n"
	"  --json       print one JSON object\n"
	"Exit status of flow: 0 every frame arrived once, 1 not, 2 usage.\n";

enum { O_COUNT = 256, O_WINDOW, O_SIZE, O_DST, O_SRC, O_TIMEOUT, O_JSON, O_HELP };

static void number_option(const char *name, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t v;

	if (parse_size(optarg, &v) || v < min || v > max)
		die_usage("--%s: \"%s\" is not a number from %llu to %llu", name, optarg,
			  (unsigned long long)min, (unsigned long long)max);
	*ret = v;
}

static void read_option(struct flow *f, int opt)
{
	switch (opt) {
	case O_COUNT:
		number_option("count", 1, 1000000000, &f->count);
		break;
	case O_WINDOW:
		number_option("window", 1, 100000, &f->window);
		break;
	case O_SIZE:
		number_option("size", 60, FRAME_MAX, &f->size);
		break;
	case O_DST:
	case O_SRC:
		if (parse_mac(optarg, opt == O_DST ? f->head.dst : f->head.src))
			die_usage("\"%s\" is not a MAC address", optarg);
		break;
	case O_TIMEOUT:
		if (parse_real(optarg, &f->timeout))
			die_usage("--timeout: \"%s\" is not a number of seconds", optarg);
		break;
	case O_JSON:
		f->json = true;
		break;
	case O_HELP:
		fputs(help, stdout);
		exit(0);
	default:
		die_usage("unknown option");
	}
}

static int pour(struct flow *f, int argc, char **argv)
{
	static uint8_t frame[FRAME_MAX];

	if (argc != 1)
		die_usage("pour: name one endpoint");
	endpoint_parse(argv[0], &f->to);
	if (f->to.kind == EP_TAP)
		die_usage("pour: a TAP is for relay; name it as if:NAME");
	f->head.type = htons(FRAMES_ETHERTYPE);
	memcpy(frame, &f->head, sizeof(f->head));
	return frames_pour(&f->to, frame, f->size);
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "count", 1, NULL, O_COUNT }, { "window", 1, NULL, O_WINDOW },
		{ "size", 1, NULL, O_SIZE },   { "dst", 1, NULL, O_DST },
		{ "src", 1, NULL, O_SRC },     { "timeout", 1, NULL, O_TIMEOUT },
		{ "json", 0, NULL, O_JSON },   { "help", 0, NULL, O_HELP },
		{ NULL, 0, NULL, 0 },
	};
	struct flow f = { .count = 100000, .window = 256, .size = 60, .timeout = 5 };
	const char *verb;
	int opt;

	memset(f.head.dst, 0xff, 6);
	parse_mac("02:00:00:00:00:99", f.head.src);
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		read_option(&f, opt);
	verb = optind < argc ? argv[optind++] : "";
	if (!strcmp(verb, "pour"))
		return pour(&f, argc - optind, argv + optind);
	if (strcmp(verb, "flow") && strcmp(verb, "relay"))
		die_usage("expected flow, relay or pour");
	if (optind + 2 != argc)
		die_usage("%s: name two endpoints", verb);
	endpoint_parse(argv[optind], &f.from);
	endpoint_parse(argv[optind + 1], &f.to);
	if (!strcmp(verb, "relay"))
		return frames_relay(&f.from, &f.to);
	if (f.from.kind == EP_TAP || f.to.kind == EP_TAP)
		die_usage("flow: a TAP is for relay; name it as if:NAME");
	run_flow(&f);
	return report_flow(&f);
}
