/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-ping: ICMP echo with short intervals, round-trip percentiles, and the times without any
 * reply (outages).
 *
 * A gap is the time between two consecutive replies (or between the start and the first, or the
 * last and the end of the run).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

#define COOKIE 0x44444550u /* begins our payload */
#define MAX_PAYLOAD 8192
#define MAX_GAPS 1024

struct payload {
	uint32_t cookie;
	uint32_t index; /* of the request; ICMP's sequence number has only 16 bits */
};

struct gap {
	uint64_t start_ns, len_ns;
};

struct ping {
	struct sockaddr_in dst;
	uint64_t count; /* 0: until a signal */
	uint64_t interval_ns, linger_ns, gap_ns;
	size_t size; /* ICMP payload bytes */
	bool json, loss_ok;
	int fd;
	uint16_t id;
	uint64_t sent, received, duplicates, end_ns;
	size_t room;       /* entries of the arrays */
	uint64_t *sent_at; /* real-time ns; 0: answered */
	uint64_t *rtt;     /* received of them */
	uint64_t last_reply_ns, longest_ns, longest_start_ns;
	struct gap gaps[MAX_GAPS];
	size_t n_gaps;
};

static volatile sig_atomic_t end_wanted;

static void on_end(int sig)
{
	end_wanted = 1;
}

static uint64_t real_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static uint16_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(data[i] | data[i + 1] << 8);
	if (len & 1)
		sum += data[len - 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void open_socket(struct ping *p)
{
	int on = 1, room = 4 << 20;

	p->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP);
	if (p->fd < 0)
		die_errno(errno, "cannot open a raw socket%s",
			  errno == EPERM ? " (root is needed)" : "");
	/* The kernel stamps replies, so the tool's own wake-up is not measured. */
	if (setsockopt(p->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
		die_errno(errno, "cannot enable time stamps");
	setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	/* Also a filter: a connected raw socket receives only its peer's packets. */
	if (connect(p->fd, (struct sockaddr *)&p->dst, sizeof(p->dst)) < 0)
		die_errno(errno, "cannot reach %s", inet_ntoa(p->dst.sin_addr));
	p->id = (uint16_t)getpid();
}

static void grow(struct ping *p)
{
	size_t room = p->room ? p->room * 2 : 1024;

	p->sent_at = reallocarray(p->sent_at, room, sizeof(*p->sent_at));
	p->rtt = reallocarray(p->rtt, room, sizeof(*p->rtt));
	if (!p->sent_at || !p->rtt)
		die("no memory");
	p->room = room;
}

static void send_one(struct ping *p)
{
	union {
		struct icmphdr icmp;
		uint8_t bytes[sizeof(struct icmphdr) + MAX_PAYLOAD];
	} u = { .icmp = { .type = ICMP_ECHO } };
	struct payload head = { .cookie = COOKIE, .index = (uint32_t)p->sent };
	size_t len = sizeof(u.icmp) + p->size;

	if (p->sent >= p->room)
		grow(p);
	u.icmp.un.echo.id = htons(p->id);
	u.icmp.un.echo.sequence = htons((uint16_t)p->sent);
	for (size_t i = 0; i < p->size; i++)
		u.bytes[sizeof(u.icmp) + i] = (uint8_t)i;
	memcpy(u.bytes + sizeof(u.icmp), &head, sizeof(head));
	u.icmp.checksum = checksum(u.bytes, len);
	p->sent_at[p->sent] = real_ns();
	/* A full queue or a missing link is a lost request, not an error. */
	if (send(p->fd, u.bytes, len, 0) < 0 && errno != ENOBUFS && errno != EAGAIN &&
	    errno != ENETDOWN && errno != ENETUNREACH && errno != EHOSTUNREACH)
		die_errno(errno, "cannot send");
	p->sent++;
}

static uint64_t stamp_of(struct msghdr *msg)
{
	struct timespec ts;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
	}
	return real_ns();
}

static void end_gap(struct ping *p, uint64_t now)
{
	uint64_t len = now - p->last_reply_ns;

	if (len > p->longest_ns) {
		p->longest_ns = len;
		p->longest_start_ns = p->last_reply_ns;
	}
	if (p->gap_ns && len >= p->gap_ns && p->n_gaps < MAX_GAPS)
		p->gaps[p->n_gaps++] = (struct gap){ p->last_reply_ns, len };
	p->last_reply_ns = now;
}

static void record_reply(struct ping *p, const uint8_t *data, size_t len, uint64_t stamp)
{
	const struct iphdr *ip = (const struct iphdr *)data;
	size_t head = len >= sizeof(*ip) ? (size_t)ip->ihl * 4 : len;
	struct payload load;
	struct icmphdr icmp;

	if (len < head + sizeof(icmp) + sizeof(load))
		return;
	memcpy(&icmp, data + head, sizeof(icmp));
	memcpy(&load, data + head + sizeof(icmp), sizeof(load));
	if (icmp.type != ICMP_ECHOREPLY || ntohs(icmp.un.echo.id) != p->id ||
	    load.cookie != COOKIE || load.index >= p->sent || checksum(data + head, len - head))
		return;
	if (!p->sent_at[load.index]) {
		p->duplicates++;
		return;
	}
	p->rtt[p->received++] = stamp > p->sent_at[load.index] ? stamp - p->sent_at[load.index] : 0;
	p->sent_at[load.index] = 0;
	end_gap(p, mono_ns());
}

static void receive_replies(struct ping *p)
{
	uint8_t data[sizeof(struct icmphdr) + MAX_PAYLOAD + 64];
	union {
		char buf[CMSG_SPACE(sizeof(struct timespec))];
		struct cmsghdr align;
	} ctl;
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg;
	ssize_t n;

	for (;;) {
		msg = (struct msghdr){ .msg_iov = &iov,
				       .msg_iovlen = 1,
				       .msg_control = ctl.buf,
				       .msg_controllen = sizeof(ctl.buf) };
		n = recvmsg(p->fd, &msg, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) /* a queued ICMP error: the next receive continues */
			continue;
		record_reply(p, data, (size_t)n, stamp_of(&msg));
	}
}

/* Waits for replies until the time of the next request, or the end. */
static void wait_until(struct ping *p, uint64_t until)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	uint64_t now;
	struct timespec ts;

	for (;;) {
		now = mono_ns();
		if (now >= until || end_wanted)
			return;
		ts.tv_sec = (time_t)((until - now) / 1000000000ull);
		ts.tv_nsec = (long)((until - now) % 1000000000ull);
		if (ppoll(&pfd, 1, &ts, NULL) > 0)
			receive_replies(p);
		if (p->count && p->received == p->count)
			return;
	}
}

static void send_all(struct ping *p)
{
	uint64_t next = mono_ns(), last;

	p->last_reply_ns = next;
	while (!end_wanted && (!p->count || p->sent < p->count)) {
		send_one(p);
		next += p->interval_ns;
		/* Do not send a burst after a stall of the tool itself. */
		if (next + 100 * p->interval_ns < mono_ns())
			next = mono_ns();
		wait_until(p, next);
	}
	end_wanted = 0; /* a second signal ends the wait for the last replies */
	last = mono_ns() + p->linger_ns;
	while (p->received < p->sent && mono_ns() < last && !end_wanted) {
		struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
		struct timespec ts = { .tv_nsec = 10000000 };

		if (ppoll(&pfd, 1, &ts, NULL) > 0)
			receive_replies(p);
	}
	p->end_ns = mono_ns();
	if (p->received < p->sent)
		end_gap(p, p->end_ns);
}

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static void report_json(const struct ping *p)
{
	printf("{\"sent\":%llu,\"received\":%llu,\"duplicates\":%llu,"
	       "\"rtt_min_ms\":%.3f,\"rtt_p50_ms\":%.3f,\"rtt_p99_ms\":%.3f,"
	       "\"rtt_max_ms\":%.3f,\"longest_gap_ms\":%.3f,\"longest_gap_at_ns\":%llu,"
	       "\"gaps\":[",
	       (unsigned long long)p->sent, (unsigned long long)p->received,
	       (unsigned long long)p->duplicates, ms(percentile_sorted(p->rtt, p->received, 0)),
	       ms(percentile_sorted(p->rtt, p->received, 50)),
	       ms(percentile_sorted(p->rtt, p->received, 99)),
	       ms(percentile_sorted(p->rtt, p->received, 100)), ms(p->longest_ns),
	       (unsigned long long)p->longest_start_ns);
	for (size_t i = 0; i < p->n_gaps; i++)
		printf("%s{\"at_ns\":%llu,\"ms\":%.3f}", i ? "," : "",
		       (unsigned long long)p->gaps[i].start_ns, ms(p->gaps[i].len_ns));
	printf("]}\n");
}

static void report(const struct ping *p)
{
	printf("%llu of %llu answered%s", (unsigned long long)p->received,
	       (unsigned long long)p->sent, p->duplicates ? "" : "\n");
	if (p->duplicates)
		printf(", %llu duplicates\n", (unsigned long long)p->duplicates);
	printf("round trip min %.3f p50 %.3f p99 %.3f max %.3f ms\n",
	       ms(percentile_sorted(p->rtt, p->received, 0)),
	       ms(percentile_sorted(p->rtt, p->received, 50)),
	       ms(percentile_sorted(p->rtt, p->received, 99)),
	       ms(percentile_sorted(p->rtt, p->received, 100)));
	printf("longest time without a reply %.3f ms, from %.6f s (monotonic)\n", ms(p->longest_ns),
	       (double)p->longest_start_ns / 1e9);
	for (size_t i = 0; i < p->n_gaps; i++)
		printf("gap %.3f ms from %.6f s\n", ms(p->gaps[i].len_ns),
		       (double)p->gaps[i].start_ns / 1e9);
}

static const char help[] =
	"Usage: ddekit-ping ADDR [OPTIONS]\n"
	"\n"
	"Sends ICMP echo requests and prints round-trip times (stamped by the kernel on\n"
	"arrival) and the longest time without a reply. Needs root.\n"
	"Exit status: 0 all requests answered (with --loss-ok: at least one), 1 not, 2 usage.\n"
	"\n"
	"  --count N      requests (default 20); 0: until SIGINT, SIGTERM or SIGUSR1\n"
	"  --interval MS  between requests, at least 0.05 (default 10)\n"
	"  --size N       bytes of ICMP payload, 8 to 8192 (default 56)\n"
	"  --linger MS    wait for the last replies (default 1000)\n"
	"  --gap MS       also list each time without a reply of at least MS\n"
	"  --loss-ok      lost requests are not a failure\n"
	"  --netns NAME   run in the named network namespace\n"
	"  --json         print one JSON object\n";

static double real_option(const char *name, double min, double max)
{
	double v;

	if (parse_real(optarg, &v) || v < min || v > max)
		die_usage("--%s: \"%s\" is not a number from %g to %g", name, optarg, min, max);
	return v;
}

enum { O_COUNT = 256, O_INTERVAL, O_SIZE, O_LINGER, O_GAP, O_LOSS_OK, O_NETNS, O_JSON, O_HELP };

static void read_option(struct ping *p, int opt)
{
	int r;

	switch (opt) {
	case O_COUNT:
		p->count = (uint64_t)real_option("count", 0, 1e8);
		break;
	case O_INTERVAL:
		p->interval_ns = (uint64_t)(real_option("interval", 0.05, 1e6) * 1e6);
		break;
	case O_SIZE:
		p->size = (size_t)real_option("size", 8, MAX_PAYLOAD);
		break;
	case O_LINGER:
		p->linger_ns = (uint64_t)(real_option("linger", 0, 1e6) * 1e6);
		break;
	case O_GAP:
		p->gap_ns = (uint64_t)(real_option("gap", 0.001, 1e6) * 1e6);
		break;
	case O_LOSS_OK:
		p->loss_ok = true;
		break;
	case O_JSON:
		p->json = true;
		break;
	case O_NETNS:
		r = enter_netns(optarg);
		if (r)
			die_errno(r, "cannot enter network namespace %s", optarg);
		break;
	case O_HELP:
		fputs(help, stdout);
		exit(0);
	default:
		die_usage("unknown option");
	}
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "count", 1, NULL, O_COUNT }, { "interval", 1, NULL, O_INTERVAL },
		{ "size", 1, NULL, O_SIZE },   { "linger", 1, NULL, O_LINGER },
		{ "gap", 1, NULL, O_GAP },     { "loss-ok", 0, NULL, O_LOSS_OK },
		{ "netns", 1, NULL, O_NETNS }, { "json", 0, NULL, O_JSON },
		{ "help", 0, NULL, O_HELP },   { NULL, 0, NULL, 0 },
	};
	static struct ping p = {
		.dst = { .sin_family = AF_INET },
		.count = 20,
		.interval_ns = 10000000,
		.linger_ns = 1000000000,
		.size = 56,
	};
	struct sigaction sa = { .sa_handler = on_end };
	int opt;

	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		read_option(&p, opt);
	if (optind + 1 != argc || inet_pton(AF_INET, argv[optind], &p.dst.sin_addr) != 1)
		die_usage("name one IPv4 address");
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	open_socket(&p);
	send_all(&p);
	sort_u64(p.rtt, p.received);
	if (p.json)
		report_json(&p);
	else
		report(&p);
	return p.received && (p.loss_ok || p.received == p.sent) ? 0 : 1;
}
