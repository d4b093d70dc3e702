/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks what a driver host sends; see message.h. */
#include <errno.h>
#include <stddef.h>

#include "drivers/bridges/class.h"
#include "message.h"
#include "protocol/check.h"

#define MAX_ERRNO 4095
#define RSS_LIMIT (1ull << 40) /* KiB */

static const char *const state_names[] = {
	[STATE_ADOPTED] = "adopted", [STATE_BOOTED] = "booted", [STATE_LOADED] = "loaded",
	[STATE_READY] = "ready",     [STATE_FAILED] = "failed", [STATE_STOPPED] = "stopped",
};

const char *message_state_name(uint32_t state)
{
	if (state >= ARRAY_SIZE(state_names) || !state_names[state])
		return "?";
	return state_names[state];
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

static const char *check_state(struct message_context *ctx, struct proto_state_msg *m, uint64_t now)
{
	if (m->state < STATE_ADOPTED || m->state > STATE_STOPPED)
		return "state out of range";
	if (!text_terminated(m->text, sizeof(m->text)) ||
	    !text_terminated(m->release, sizeof(m->release)))
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

static const char *check_export(struct message_context *ctx, struct proto_export *m, uint64_t now)
{
	const struct class_protocol *class = class_protocol_find(m->class, sizeof(m->class));

	if (ctx->last_state < STATE_LOADED || ctx->last_state > STATE_READY)
		return "export before the plugins are loaded, or after the end";
	if (!class)
		return "export of an unknown class";
	if (!time_sane(ctx, m->mono_ns, now))
		return "export with a time outside of the host's life";
	return class->check(m->index, m->data, m->h.len - offsetof(struct proto_export, data));
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
	case PROTO_EXPORT:
		return sizeof(struct proto_export); /* at most */
	case PROTO_HEARTBEAT:
		return sizeof(struct proto_heartbeat);
	case PROTO_REPLY:
		return sizeof(struct proto_reply);
	case PROTO_TEXT:
		return sizeof(struct proto_text); /* at most */
	default:
		return 0;
	}
}

static bool has_size(uint32_t type, size_t len)
{
	if (type == PROTO_TEXT)
		return len > offsetof(struct proto_text, text) && len <= size_of(type);
	if (type == PROTO_EXPORT)
		return len > offsetof(struct proto_export, data) && len <= size_of(type);
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
	case PROTO_EXPORT:
		return check_export(ctx, buf, now);
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
