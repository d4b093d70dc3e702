/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz target: a driver host's messages.  The input is a sequence of records: two bytes of
 * length, a byte that says which request precedes, and the message.  This file includes
 * driver-host.c to call its static functions as the socket's handler does.
 */
#include <stddef.h>

#include "daemon/ddekitd/process/driver-host.c"
#include "drivers/bridges/block/protocol.h"
#include "drivers/bridges/net/protocol.h"
#include "fuzz.h"

#define MAX_RECORDS 64

static unsigned int requests, replies;

static void on_state(void *arg, const struct proto_state_msg *m)
{
	MUST(m->state >= STATE_ADOPTED && m->state <= STATE_STOPPED);
	MUST(memchr(m->text, 0, sizeof(m->text)) && memchr(m->release, 0, sizeof(m->release)));
	MUST(m->error <= 0 && m->error >= -4095);
	MUST(message_state_name(m->state)[0] != '?');
}

static void see_net(const struct net_export *m)
{
	MUST(memchr(m->ifname, 0, sizeof(m->ifname)) && memchr(m->driver, 0, sizeof(m->driver)));
	MUST(!strchr(m->ifname, '/') && !strchr(m->driver, '/'));
	MUST(m->mtu <= 65535 && m->min_mtu <= m->mtu && m->carrier <= 1);
	MUST(!(m->mac[0] & 1));
}

static void see_disk(uint32_t index, const struct block_export *m)
{
	MUST(index < DDE_BLOCK_DISKS && m->event >= DISK_PRESENT && m->event <= DISK_GONE);
	MUST(memchr(m->name, 0, sizeof(m->name)) && memchr(m->driver, 0, sizeof(m->driver)));
	MUST(m->name[0] && !strchr(m->name, '/'));
	MUST(memchr(m->model, 0, sizeof(m->model)) && memchr(m->serial, 0, sizeof(m->serial)) &&
	     memchr(m->wwid, 0, sizeof(m->wwid)));
	if (m->event != DISK_GONE)
		MUST(m->logical_block >= 512 && m->bytes % m->logical_block == 0);
}

static void on_export(void *arg, const struct proto_export *m)
{
	const bool net = !strcmp(m->class, "net");

	MUST(net || !strcmp(m->class, "block"));
	MUST(m->h.len == offsetof(struct proto_export, data) +
				 (net ? sizeof(struct net_export) : sizeof(struct block_export)));
	if (net)
		see_net((const void *)m->data);
	else
		see_disk(m->index, (const void *)m->data);
}

static void on_heartbeat(void *arg)
{
}

static const struct host_ops fake_ops = {
	.state = on_state,
	.export = on_export,
	.heartbeat = on_heartbeat,
};

static void on_reply(void *arg, const struct host_reply *reply)
{
	static volatile size_t sum;

	replies++;
	MUST(reply->error <= 0);
	if (reply->text)
		sum += strlen(reply->text->text);
	if (reply->stats)
		sum += reply->stats->class_stats[0];
}

/* As send_request() of driver-host.c, but without a socket. */
static void add_request(struct host *host, enum proto_op op)
{
	struct pending *p = calloc(1, sizeof(*p));

	MUST(p);
	*p = (struct pending){
		.host = host, .seq = ++host->seq, .op = op, .fn = on_reply, .next = host->pending
	};
	host->pending = p;
	requests++;
	if (op == OP_RELOAD)
		host->context.reloads = true;
}

/* Return: false if ddekitd would kill the driver host. */
static bool receive_record(struct host *host, const uint8_t *data, size_t len, uint64_t now)
{
	const uint32_t before = host->context.last_state;
	const char *why = NULL;
	uint8_t *copy = malloc(len ? len : 1); /* exact size: AddressSanitizer sees overreads */
	int r;

	MUST(copy);
	memcpy(copy, data, len);
	r = message_check(&host->context, copy, len, now, &why);
	MUST(r ? r == -EPROTO && why && *why : !why);
	if (!r) {
		MUST(len >= sizeof(struct proto_header) && len <= MESSAGE_MAX);
		MUST(host->context.last_state >= before || before == STATE_READY);
		why = dispatch(host, (const void *)copy);
	}
	free(copy);
	return !why;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host host = { .ops = &fake_ops, .child.pidfd = -1, .socket = -1 };
	unsigned int n;
	uint64_t now = 1000000000;

	requests = replies = 0;
	host.context.not_before = now;
	for (n = 0; n < MAX_RECORDS && size >= 3; n++) {
		size_t len = data[0] | (size_t)data[1] << 8;

		if (data[2] & 1)
			add_request(&host, 1 + (data[2] >> 1) % OP_SAY_STATE);
		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		now += 1000000;
		if (!receive_record(&host, data, len, now))
			break;
		data += len;
		size -= len;
	}
	while (host.pending)
		finish_request(host.pending, &(struct host_reply){ .error = -EPIPE });
	MUST(requests == replies);
	return 0;
}
