/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks what a driver host sends; see message.h. */
#include <errno.h>
#include <stddef.h>

#include "drivers/bridges/block/ring.h"
#include "drivers/bridges/net/seam.h"
#include "message.h"

#define MAX_ERRNO 4095
#define MTU_LIMIT 65535u
#define SPEED_LIMIT 10000000u	/* Mbit/s */
#define RSS_LIMIT (1ull << 40)	/* KiB */

static const char *const state_names[] = {
	[STATE_ADOPTED] = "adopted", [STATE_BOOTED] = "booted", [STATE_LOADED] = "loaded",
	[STATE_READY] = "ready", [STATE_FAILED] = "failed", [STATE_STOPPED] = "stopped",
};

const char *message_state_name(uint32_t state)
{
	if (state >= ARRAY_SIZE(state_names) || !state_names[state])
		return "?";
	return state_names[state];
}

static bool terminated(const char *text, size_t size)
{
	return memchr(text, 0, size);
}

/* Name of an interface or driver: printable, no space, no slash. */
static bool plain_name(const char *text, size_t size)
{
	size_t i;

	if (!terminated(text, size))
		return false;
	for (i = 0; text[i]; i++)
		if (text[i] <= ' ' || text[i] > '~' || text[i] == '/')
			return false;
	return true;
}

/* A time stamp of the host's must lie in its life. */
static bool time_sane(const struct message_context *ctx, uint64_t then, uint64_t now)
{
	return then >= ctx->not_before && then <= now;
}

/* One state after the other; a driver that is unloaded goes back to booted. */
static bool in_order(struct message_context *ctx, uint32_t state)
{
	if (state == STATE_BOOTED && ctx->last_state == STATE_READY && ctx->reloads) {
		ctx->reloads = false;
		return true;
	}
	if (ctx->again && state == ctx->last_state) {
		ctx->again--;
		return true;
	}
	return state > STATE_READY || state == ctx->last_state + 1;
}

static const char *check_state(struct message_context *ctx, struct proto_state_msg *m,
			       uint64_t now)
{
	if (m->state < STATE_ADOPTED || m->state > STATE_STOPPED)
		return "state out of range";
	if (!terminated(m->text, sizeof(m->text)) || !terminated(m->release, sizeof(m->release)))
		return "state text without end";
	if (ctx->last_state >= STATE_FAILED)
		return "state after the last one";
	if (!in_order(ctx, m->state))
		return "states out of order";
	if (m->state == STATE_FAILED ? m->error >= 0 || m->error < -MAX_ERRNO : m->error != 0)
		return "state with a bad error number";
	if (!time_sane(ctx, m->mono_ns, now))
		return "state with a time outside of the host's life";
	if (m->rss_kb > RSS_LIMIT)
		return "state with an impossible memory size";
	str_printable(m->text);
	str_printable(m->release);
	ctx->last_state = m->state;
	return NULL;
}

static bool mac_sane(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !(mac[0] & 1) && memcmp(mac, zero, sizeof(zero));
}

static const char *check_net(struct message_context *ctx, const struct proto_net *m,
			     uint64_t now)
{
	const uint64_t features = DDE_NET_F_CSUM | DDE_NET_F_TSO4 | DDE_NET_F_TSO6 | DDE_NET_F_SG;

	if (ctx->last_state < STATE_LOADED || ctx->last_state > STATE_READY)
		return "interface before the plugins are loaded, or after the end";
	if (!plain_name(m->ifname, sizeof(m->ifname)) || !m->ifname[0] ||
	    !plain_name(m->driver, sizeof(m->driver)))
		return "interface with a bad name";
	if (!mac_sane(m->mac))
		return "interface with a bad MAC address";
	if (m->carrier > 1 || (m->duplex > 1 && m->duplex != 255))
		return "interface with a bad carrier or duplex";
	if (m->speed > SPEED_LIMIT && m->speed != UINT32_MAX)
		return "interface with an impossible speed";
	if (m->mtu > MTU_LIMIT || m->min_mtu > m->mtu || (m->max_mtu && m->max_mtu < m->mtu))
		return "interface with an impossible MTU";
	if (m->features & ~features)
		return "interface with unknown features";
	if (!time_sane(ctx, m->mono_ns, now))
		return "interface with a time outside of the host's life";
	return NULL;
}

static bool block_size_sane(uint32_t size)
{
	return size >= 512 && size <= 65536 && !(size & (size - 1));
}

static const char *check_disk_size(const struct proto_disk *m)
{
	if (!block_size_sane(m->logical_block) || m->physical_block < m->logical_block ||
	    m->physical_block & (m->physical_block - 1))
		return "disk with an impossible block size";
	if (m->bytes > INT64_MAX || m->bytes % m->logical_block)
		return "disk with an impossible size";
	return NULL;
}

static const char *check_disk(struct message_context *ctx, struct proto_disk *m, uint64_t now)
{
	const uint32_t flags = DDE_BLOCK_D_PRESENT | DDE_BLOCK_D_READ_ONLY |
			       DDE_BLOCK_D_ROTATIONAL | DDE_BLOCK_D_WRITE_CACHE | DDE_BLOCK_D_FUA;

	if (ctx->last_state < STATE_LOADED || ctx->last_state > STATE_READY)
		return "disk before the plugins are loaded, or after the end";
	if (m->index >= DDE_BLOCK_DISKS || m->event < DISK_PRESENT || m->event > DISK_GONE)
		return "disk with a bad index or event";
	if (!plain_name(m->name, sizeof(m->name)) || !m->name[0] ||
	    !plain_name(m->driver, sizeof(m->driver)))
		return "disk with a bad name";
	if (!terminated(m->model, sizeof(m->model)) || !terminated(m->serial, sizeof(m->serial)) ||
	    !terminated(m->wwid, sizeof(m->wwid)))
		return "disk text without end";
	if (m->flags & ~flags || !(m->flags & DDE_BLOCK_D_PRESENT) != (m->event == DISK_GONE))
		return "disk with bad flags";
	if (!time_sane(ctx, m->mono_ns, now))
		return "disk with a time outside of the host's life";
	str_printable(m->model);
	str_printable(m->serial);
	str_printable(m->wwid);
	return m->event == DISK_GONE ? NULL : check_disk_size(m);
}

static const char *check_heartbeat(const struct message_context *ctx)
{
	return ctx->last_state < STATE_ADOPTED ? "heartbeat before the device is adopted" : NULL;
}

static const char *check_reply(const struct proto_reply *m)
{
	if (m->error > 0 || m->error < -MAX_ERRNO)
		return "reply with a bad error number";
	return m->h.seq ? NULL : "reply without a number";
}

/* Whoever splits the lines makes them printable. */
static const char *check_text(const struct proto_text *m)
{
	const size_t room = m->h.len - offsetof(struct proto_text, text);

	if (m->error > 0 || m->error < -MAX_ERRNO)
		return "text with a bad error number";
	if (strnlen(m->text, room) != room - 1)
		return "text without end, or with something behind it";
	return m->h.seq ? NULL : "text without a number";
}

static size_t size_of(uint32_t type)
{
	switch (type) {
	case PROTO_STATE:
		return sizeof(struct proto_state_msg);
	case PROTO_NET:
		return sizeof(struct proto_net);
	case PROTO_DISK:
		return sizeof(struct proto_disk);
	case PROTO_HEARTBEAT:
		return sizeof(struct proto_heartbeat);
	case PROTO_REPLY:
		return sizeof(struct proto_reply);
	case PROTO_TEXT:
		return sizeof(struct proto_text);	/* at most */
	default:
		return 0;
	}
}

static bool has_size(uint32_t type, size_t len)
{
	if (type == PROTO_TEXT)
		return len > offsetof(struct proto_text, text) && len <= sizeof(struct proto_text);
	return len == size_of(type);
}

static const char *check_message_header(const struct proto_header *h, size_t len)
{
	if (len < sizeof(*h))
		return "message shorter than its header";
	if (h->version != PROTO_VERSION)
		return "message of another protocol version; ddekitd and ddekit-host must be "
		       "of the same build";
	if (!size_of(h->type))
		return "message of unknown type";
	if (h->len != len || !has_size(h->type, len))
		return "message of wrong length";
	if (h->type != PROTO_REPLY && h->type != PROTO_TEXT && h->seq)
		return "message with a number that is no reply";
	return NULL;
}

const char *message_unasked(struct message_context *ctx, uint64_t now)
{
	if (now - ctx->window_start > 1000000000ull) {
		ctx->window_start = now;
		ctx->window_count = 0;
	}
	return ++ctx->window_count > MESSAGE_RATE_MAX ? "flood of messages" : NULL;
}

static const char *check_body(struct message_context *ctx, void *buf, uint64_t now)
{
	const struct proto_header *h = buf;

	switch (h->type) {
	case PROTO_STATE:
		return check_state(ctx, buf, now);
	case PROTO_NET:
		return check_net(ctx, buf, now);
	case PROTO_DISK:
		return check_disk(ctx, buf, now);
	case PROTO_HEARTBEAT:
		return check_heartbeat(ctx);
	case PROTO_TEXT:
		return check_text(buf);
	default:
		return check_reply(buf);
	}
}

static bool is_reply(const struct proto_header *h)
{
	return h->type == PROTO_REPLY || h->type == PROTO_TEXT;
}

int message_check(struct message_context *ctx, void *buf, size_t len, uint64_t now,
		  const char **ret_why)
{
	const char *why = check_message_header(buf, len);

	if (!why && !is_reply(buf))
		why = message_unasked(ctx, now);
	if (!why)
		why = check_body(ctx, buf, now);
	if (!why)
		return 0;
	*ret_why = why;
	return -EPROTO;
}
