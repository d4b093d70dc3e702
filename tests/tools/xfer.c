/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-xfer: bulk TCP transfer that verifies the data.
 *
 * A client requests a transfer in one direction from a server.  In memory mode the sender
 * generates all data first, the receiver stores all of it, and both hash it after the timed part.
 * In stream mode both hash during the transfer, memory use is constant, and the client can end
 * the transfer at any time (SIGUSR1).
 *
 * Protocol: hello →, ← ready, → go, bulk data in one direction, [memory mode: ack in the other],
 * ← result, [if the server got wrong data: W →, ← offset of the first wrong byte].  Numbers are
 * little endian.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"
#include "xfer.h"

#define HELLO_MAGIC 0x3152464558454444ull /* "DDEXFER1" */
#define CHUNK (1u << 20)                  /* of stream mode, before its length word */

enum { OP_UPLOAD = 1, OP_DOWNLOAD = 2 };

struct hello {
	uint64_t magic;
	uint32_t op;
	uint32_t stream;
	uint64_t bytes; /* stream: 0 until the client ends it */
	uint64_t seed;
	uint64_t rate;
	uint64_t flip; /* sender: byte to corrupt, UINT64_MAX: none */
};

struct result {
	uint64_t bytes;
	uint64_t stall_ns; /* longest time without data; 0 for a sender */
	uint8_t sha[XFER_SHA_LEN];
};

struct options {
	struct sockaddr_in addr;
	struct hello hello;
	double timeout;
	bool json, once;
	const char *port_file;
};

static volatile sig_atomic_t end_wanted;

static void on_end(int sig)
{
	end_wanted = 1;
}

/* ---- the bulk data, both ends ------------------------------------------- */

static int send_memory(struct xfer_conn *c, const struct hello *h, const uint8_t *buf)
{
	char ack;
	int r = xfer_send(c, buf, h->bytes);

	return r ? r : xfer_recv(c, &ack, 1);
}

static int recv_memory(struct xfer_conn *c, const struct hello *h, uint8_t *buf)
{
	int r = xfer_recv(c, buf, h->bytes);

	return r ? r : xfer_send(c, "A", 1);
}

/* Return: whether the client has requested the end of a download. */
static bool peer_wants_end(struct xfer_conn *c)
{
	char byte;

	return recv(c->fd, &byte, 1, MSG_DONTWAIT) == 1;
}

static int send_stream(struct xfer_conn *c, const struct hello *h, bool server, struct result *res)
{
	uint8_t *buf = xfer_memory(CHUNK);
	EVP_MD_CTX *sha = xfer_sha_start();
	uint64_t at = 0, n;
	uint32_t word;
	int r = 0;

	if (!buf)
		die("no memory");
	do {
		n = h->bytes && h->bytes - at < CHUNK ? h->bytes - at : CHUNK;
		if (server ? peer_wants_end(c) : end_wanted)
			n = 0;
		word = htole32((uint32_t)n);
		r = xfer_send(c, &word, sizeof(word));
		if (r || !n)
			break;
		xfer_fill(buf, n, h->seed, at);
		xfer_sha_add(sha, buf, n);
		if (h->flip >= at && h->flip < at + n)
			buf[h->flip - at] ^= 1;
		r = xfer_send(c, buf, n);
		at += n;
	} while (!r);
	xfer_sha_end(sha, res->sha);
	xfer_memory_free(buf, CHUNK);
	res->bytes = at;
	return r;
}

static int recv_stream(struct xfer_conn *c, bool client, struct result *res)
{
	uint8_t *buf = xfer_memory(CHUNK);
	EVP_MD_CTX *sha = xfer_sha_start();
	bool asked = false;
	uint32_t n;
	int r;

	if (!buf)
		die("no memory");
	for (;;) {
		if (client && end_wanted && !asked) {
			asked = true;
			r = xfer_send(c, "E", 1);
			if (r)
				break;
		}
		r = xfer_recv(c, &n, sizeof(n));
		n = le32toh(n);
		if (r || !n)
			break;
		if (n > CHUNK) {
			r = -EPROTO;
			break;
		}
		r = xfer_recv(c, buf, n);
		if (r)
			break;
		xfer_sha_add(sha, buf, n);
		res->bytes += n;
	}
	xfer_sha_end(sha, res->sha);
	xfer_memory_free(buf, CHUNK);
	return r;
}

/*
 * One side of a transfer.  Calls go() between preparation and data; *ret_ns is the time of the
 * data only.  The caller frees *ret_buf in any case; it is NULL in stream mode.
 */
static int transfer(struct xfer_conn *c, const struct hello *h, bool server,
		    int (*go)(struct xfer_conn *c), struct result *res, uint64_t *ret_ns,
		    uint8_t **ret_buf)
{
	bool sender = (h->op == OP_UPLOAD) != server;
	uint8_t *buf = NULL;
	uint64_t start;
	int r;

	*ret_buf = NULL;
	if (!h->stream) {
		buf = xfer_memory(h->bytes);
		if (!buf)
			return -ENOMEM;
		if (sender)
			xfer_fill(buf, h->bytes, h->seed, 0);
		if (sender && h->flip < h->bytes)
			buf[h->flip] ^= 1;
	}
	r = go(c);
	start = mono_ns();
	xfer_conn_bulk(c);
	c->rate = sender ? h->rate : 0;
	if (r)
		goto out;
	if (h->stream)
		r = sender ? send_stream(c, h, server, res) : recv_stream(c, !server, res);
	else
		r = sender ? send_memory(c, h, buf) : recv_memory(c, h, buf);
	c->rate = 0;
	*ret_ns = mono_ns() - start;
	if (r || h->stream)
		goto out;
	if (sender && h->flip < h->bytes)
		buf[h->flip] ^= 1;
	xfer_sha(buf, h->bytes, res->sha);
	res->bytes = h->bytes;
out:
	res->stall_ns = sender ? 0 : c->stall_ns;
	*ret_buf = buf;
	return r;
}

/* ---- server -------------------------------------------------------------- */

static int server_go(struct xfer_conn *c)
{
	char byte;
	int r = xfer_send(c, "R", 1);

	return r ? r : xfer_recv(c, &byte, 1);
}

static void hello_swap(struct hello *h)
{
	h->magic = le64toh(h->magic);
	h->op = le32toh(h->op);
	h->stream = le32toh(h->stream);
	h->bytes = le64toh(h->bytes);
	h->seed = le64toh(h->seed);
	h->rate = le64toh(h->rate);
	h->flip = le64toh(h->flip);
}

static int serve_one(int fd, double timeout)
{
	struct result res = { 0 };
	struct xfer_conn c;
	struct hello h;
	uint64_t ns, at;
	uint8_t *buf;
	char byte;
	int r;

	xfer_conn_init(&c, fd, timeout);
	r = xfer_recv(&c, &h, sizeof(h));
	if (r)
		return r;
	hello_swap(&h);
	if (h.magic != HELLO_MAGIC || (h.op != OP_UPLOAD && h.op != OP_DOWNLOAD))
		return -EPROTO;
	r = transfer(&c, &h, true, server_go, &res, &ns, &buf);
	if (r)
		return r;
	res.bytes = htole64(res.bytes);
	res.stall_ns = htole64(res.stall_ns);
	r = xfer_send(&c, &res, sizeof(res));
	if (r || h.op != OP_UPLOAD || !buf || xfer_recv(&c, &byte, 1))
		return r;
	at = htole64(xfer_compare(buf, h.bytes, h.seed));
	return xfer_send(&c, &at, sizeof(at));
}

static void write_port_file(const char *path, unsigned int port)
{
	char temp[4096];
	FILE *f;

	snprintf(temp, sizeof(temp), "%s.new", path);
	f = fopen(temp, "w");
	if (!f || fprintf(f, "%u\n", port) < 0 || fclose(f) || rename(temp, path) < 0)
		die_errno(errno, "cannot write %s", path);
}

static int listen_on(const struct options *o)
{
	struct sockaddr_in at = o->addr;
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		die_errno(errno, "cannot listen on %s:%u", inet_ntoa(at.sin_addr),
			  ntohs(at.sin_port));
	printf("listening %s:%u\n", inet_ntoa(at.sin_addr), ntohs(at.sin_port));
	fflush(stdout);
	if (o->port_file)
		write_port_file(o->port_file, ntohs(at.sin_port));
	return fd;
}

static int run_server(const struct options *o)
{
	int fd = listen_on(o), conn, r;

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (conn < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (conn < 0)
			die_errno(errno, "accept");
		if (!o->once && fork() != 0) {
			close(conn);
			continue;
		}
		r = serve_one(conn, o->timeout);
		if (r)
			die_errno(r, "a transfer failed");
		return 0;
	}
}

/* ---- client -------------------------------------------------------------- */

static int client_go(struct xfer_conn *c)
{
	char byte;
	int r = xfer_recv(c, &byte, 1);

	return r ? r : xfer_send(c, "G", 1);
}

static int connect_to(const struct options *o)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct xfer_conn c;

	if (fd < 0)
		die_errno(errno, "socket");
	xfer_conn_init(&c, fd, o->timeout); /* SO_SNDTIMEO also limits connect() */
	if (connect(fd, (const struct sockaddr *)&o->addr, sizeof(o->addr)) < 0)
		die_errno(errno == EINPROGRESS ? ETIMEDOUT : errno, "cannot connect to %s:%u",
			  inet_ntoa(o->addr.sin_addr), ntohs(o->addr.sin_port));
	return fd;
}

/* Return: whether both ends agree on every byte. */
static bool report(const struct options *o, const struct result *own, const struct result *peer,
		   uint64_t ns)
{
	const char *name = o->hello.op == OP_UPLOAD ? "send" : "recv";
	const struct result *rx = o->hello.op == OP_UPLOAD ? peer : own;
	double seconds = (double)ns / 1e9, gbit = (double)own->bytes * 8 / (double)ns;
	char a[2 * XFER_SHA_LEN + 1], b[2 * XFER_SHA_LEN + 1];
	bool equal = own->bytes == peer->bytes && !memcmp(own->sha, peer->sha, XFER_SHA_LEN);

	xfer_sha_text(own->sha, a);
	xfer_sha_text(peer->sha, b);
	if (o->json)
		printf("{\"direction\":\"%s\",\"bytes\":%llu,\"seconds\":%.3f,"
		       "\"gbit_per_s\":%.3f,\"sha256_local\":\"%s\",\"sha256_remote\":\"%s\","
		       "\"equal\":%s,\"longest_stall_ms\":%.1f}\n",
		       name, (unsigned long long)own->bytes, seconds, gbit, a, b,
		       equal ? "true" : "false", (double)rx->stall_ns / 1e6);
	else
		printf("%s %llu bytes in %.3f s, %.2f Gbit/s, longest stall %.1f ms\n"
		       "sha256 here  %s\nsha256 there %s\n%s\n",
		       name, (unsigned long long)own->bytes, seconds, gbit,
		       (double)rx->stall_ns / 1e6, a, b, equal ? "equal" : "DIFFERENT");
	fflush(stdout);
	return equal;
}

/* Prints the position of the first wrong byte, in memory mode. */
static void report_difference(struct xfer_conn *c, const struct hello *h, const uint8_t *buf)
{
	uint64_t at;

	if (h->op == OP_DOWNLOAD)
		at = xfer_compare(buf, h->bytes, h->seed);
	else if (xfer_send(c, "W", 1) || xfer_recv(c, &at, sizeof(at)))
		return;
	else
		at = le64toh(at);
	if (at != XFER_NO_DIFFERENCE)
		fprintf(stderr, "%s: the first wrong byte is at offset %llu\n",
			program_invocation_short_name, (unsigned long long)at);
}

static int run_client(struct options *o)
{
	struct result own = { 0 }, peer;
	struct sigaction sa = { .sa_handler = on_end };
	struct hello wire = o->hello;
	struct xfer_conn c;
	uint8_t *buf = NULL;
	uint64_t ns = 0;
	bool equal;
	int r;

	sigaction(SIGUSR1, &sa, NULL);
	hello_swap(&wire); /* to wire order: the swap is its own inverse */
	xfer_conn_init(&c, connect_to(o), o->timeout);
	r = xfer_send(&c, &wire, sizeof(wire));
	if (!r)
		r = transfer(&c, &o->hello, false, client_go, &own, &ns, &buf);
	if (!r)
		r = xfer_recv(&c, &peer, sizeof(peer));
	if (r)
		die_errno(r, "the transfer failed after %llu bytes",
			  (unsigned long long)(own.bytes ? own.bytes : c.sent));
	peer.bytes = le64toh(peer.bytes);
	peer.stall_ns = le64toh(peer.stall_ns);
	equal = report(o, &own, &peer, ns ? ns : 1);
	if (!equal && buf)
		report_difference(&c, &o->hello, buf);
	close(c.fd);
	xfer_memory_free(buf, o->hello.bytes);
	return equal ? 0 : 1;
}

static const char help[] =
	"Usage: ddekit-xfer serve [OPTIONS]           serve transfers on --at\n"
	"       ddekit-xfer send ADDR:PORT [OPTIONS]  send data to a server\n"
	"       ddekit-xfer recv ADDR:PORT [OPTIONS]  receive data from a server\n"
	"\n"
	"Moves reproducible data over TCP and compares the SHA-256 of both ends.\n"
	"Exit status: 0 both ends equal, 1 failed or different, 2 usage.\n"
	"\n"
	"  --size N        bytes: 1000000000, 1G, 64Mi (default 1G = 10^9); in stream\n"
	"                  mode 0 means until SIGUSR1\n"
	"  --stream        hash during the transfer, constant memory; otherwise data is generated\n"
	"                  before and hashed after the timed part\n"
	"  --rate N        limit in bit/s, such as 400M\n"
	"  --seed N        seed of the generated data (default 1)\n"
	"  --flip N        the sender corrupts byte N (to test this tool)\n"
	"  --timeout S     fail after S seconds without progress (default 10)\n"
	"  --netns NAME    run in the named network namespace\n"
	"  --json          print one JSON object\n"
	"  --at ADDR:PORT  serve: where to listen (default 127.0.0.1:0, 0 is any port)\n"
	"  --port-file F   serve: write the port to F once listening\n"
	"  --once          serve: exit after one transfer, with its status\n";

enum {
	O_SIZE = 256,
	O_STREAM,
	O_RATE,
	O_SEED,
	O_FLIP,
	O_TIMEOUT,
	O_NETNS,
	O_JSON,
	O_AT,
	O_PORT_FILE,
	O_ONCE,
	O_HELP
};

static const struct option long_options[] = {
	{ "size", 1, NULL, O_SIZE },   { "stream", 0, NULL, O_STREAM },
	{ "rate", 1, NULL, O_RATE },   { "seed", 1, NULL, O_SEED },
	{ "flip", 1, NULL, O_FLIP },   { "timeout", 1, NULL, O_TIMEOUT },
	{ "netns", 1, NULL, O_NETNS }, { "json", 0, NULL, O_JSON },
	{ "at", 1, NULL, O_AT },       { "port-file", 1, NULL, O_PORT_FILE },
	{ "once", 0, NULL, O_ONCE },   { "help", 0, NULL, O_HELP },
	{ NULL, 0, NULL, 0 },
};

static void size_option(const char *name, uint64_t *ret)
{
	if (parse_size(optarg, ret))
		die_usage("--%s: \"%s\" is not a number such as 64k, 1G or 1Gi", name, optarg);
}

static void read_option(struct options *o, int opt)
{
	int r;

	switch (opt) {
	case O_SIZE:
		size_option("size", &o->hello.bytes);
		break;
	case O_RATE:
		size_option("rate", &o->hello.rate);
		break;
	case O_SEED:
		size_option("seed", &o->hello.seed);
		break;
	case O_FLIP:
		size_option("flip", &o->hello.flip);
		break;
	case O_STREAM:
		o->hello.stream = 1;
		break;
	case O_JSON:
		o->json = true;
		break;
	case O_ONCE:
		o->once = true;
		break;
	case O_PORT_FILE:
		o->port_file = optarg;
		break;
	case O_TIMEOUT:
		if (parse_real(optarg, &o->timeout) || o->timeout < 0.001)
			die_usage("--timeout: \"%s\" is not a number of seconds above 0", optarg);
		break;
	case O_AT:
		if (parse_ipv4_endpoint(optarg, &o->addr))
			die_usage("--at: \"%s\" is not ADDR:PORT", optarg);
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
	struct options o = {
		.hello = { .magic = HELLO_MAGIC,
			   .bytes = 1000000000,
			   .seed = 1,
			   .flip = UINT64_MAX },
		.timeout = 10,
	};
	const char *verb;
	int opt;

	parse_ipv4_endpoint("127.0.0.1:0", &o.addr);
	while ((opt = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		read_option(&o, opt);
	verb = optind < argc ? argv[optind++] : "";
	if (!strcmp(verb, "serve") && optind == argc)
		return run_server(&o);
	if (!strcmp(verb, "send"))
		o.hello.op = OP_UPLOAD;
	else if (!strcmp(verb, "recv"))
		o.hello.op = OP_DOWNLOAD;
	else
		die_usage("expected serve, send or recv");
	if (optind + 1 != argc)
		die_usage("%s: name one ADDR:PORT", verb);
	if (parse_ipv4_endpoint(argv[optind], &o.addr))
		die_usage("\"%s\" is not ADDR:PORT", argv[optind]);
	if (!o.hello.stream && !o.hello.bytes)
		die_usage("--size 0 needs --stream");
	return run_client(&o);
}
