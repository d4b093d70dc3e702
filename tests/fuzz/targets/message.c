/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver host's messages.  The input is a sequence of records: two bytes of length,
 * one of what happens before, and the message.  driver-host.c is part of this file for
 * its static functions: what the socket would bring is given to them.
 */
#include <stddef.h>

#include "daemon/ddekitd/process/driver-host.c"
#include "drivers/bridges/block/protocol.h"
#include "drivers/bridges/net/protocol.h"
#include "fuzz.h"

#define MAX_RECORDS 64

static unsigned int asked, answered;

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
	.state = on_state, .export = on_export, .heartbeat = on_heartbeat,
};

static void on_reply(void *arg, const struct host_reply *reply)
{
	static volatile size_t sum;

	answered++;
	MUST(reply->error <= 0);
	if (reply->text)
		sum += strlen(reply->text->text);
	if (reply->stats)
		sum += reply->stats->class_stats[0];
}

/* As send_request() does, without a socket. */
static void ask(struct host *host, enum proto_op op)
{
	struct pending *p = calloc(1, sizeof(*p));

	MUST(p);
	*p = (struct pending){ .host = host, .seq = ++host->seq, .op = op, .fn = on_reply,
			       .next = host->pending };
	host->pending = p;
	asked++;
	if (op == OP_RELOAD)
		host->context.reloads = true;
}

/* Return: false: the host would be killed. */
static bool take(struct host *host, const uint8_t *data, size_t len, uint64_t now)
{
	const uint32_t before = host->context.last_state;
	const char *why = NULL;
	uint8_t *copy = malloc(len ? len : 1);	/* of its size, so that reads beyond show */
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

	asked = answered = 0;
	host.context.not_before = now;
	for (n = 0; n < MAX_RECORDS && size >= 3; n++) {
		size_t len = data[0] | (size_t)data[1] << 8;

		if (data[2] & 1)
			ask(&host, 1 + (data[2] >> 1) % OP_SAY_STATE);
		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		now += 1000000;
		if (!take(&host, data, len, now))
			break;
		data += len;
		size -= len;
	}
	while (host.pending)
		finish_request(host.pending, &(struct host_reply){ .error = -EPIPE });
	MUST(asked == answered);
	return 0;
}
