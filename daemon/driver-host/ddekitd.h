/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver host's side of protocol/host.h: the socket to ddekitd and the log pipe. */
#ifndef DDEKIT_HOST_DDEKITD_H
#define DDEKIT_HOST_DDEKITD_H

#include <stddef.h>
#include <stdint.h>
#include "protocol/host.h"

/**
 * wire_receive_setup - the first message, blocking
 * @ret:     filled, with its handover's fds
 * @ret_fds: ret->n_class_fds of them are the class's
 * Return: 0, -EPROTO (not ddekitd's message), -errno.
 */
int wire_receive_setup(struct proto_setup *ret, int ret_fds[PROTO_CLASS_FDS]);
/* One request, not blocking. Return: 1, 0 (none), -EPIPE (ddekitd is gone), -EPROTO. */
int wire_receive_request(struct proto_request *ret);

void wire_send_state(enum proto_state state, int error, const char *release, const char *text);
/* @data: as the class's protocol.h says, PROTO_EXPORT_BYTES at most. */
void wire_send_export(const char *class, uint32_t index, const void *data, size_t len);
void wire_send_heartbeat(uint64_t count);
void wire_send_reply(uint32_t seq, int error, const struct proto_stats *stats);
/* m->text is sent up to its end. */
void wire_send_text(uint32_t seq, int error, struct proto_text *m);

/* Any thread, async-signal-safe, never blocks; len bytes without newline. */
void wire_log(unsigned int level, const char *text, size_t len);
void wire_logf(unsigned int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* This process's memory in KiB. */
uint64_t wire_rss_kb(void);

#endif
