/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QMP, QEMU's monitor: one command at a time, events ignored.  Each command has an id that its
 * reply repeats, so that a late reply to an abandoned command, of this process or of an earlier
 * one, is not mistaken for the next command's.
 */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "../../../deadline.h"
#include "qemu.h"

void emu_monitor_init(struct emu_monitor *m, int fd)
{
	memset(m, 0, offsetof(struct emu_monitor, buf));
	m->fd = fd;
}

static int monitor_wait(struct emu_monitor *m, short events, uint64_t deadline)
{
	struct pollfd p = { .fd = m->fd, .events = events };
	int left;

	while ((left = deadline_left_ms(deadline)))
		if (poll(&p, 1, left) > 0)
			return 0;
	return -ETIMEDOUT;
}

static int monitor_send(struct emu_monitor *m, const char *text, uint64_t deadline)
{
	size_t len = strlen(text), done = 0;

	while (done < len) {
		ssize_t n = send(m->fd, text + done, len - done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || monitor_wait(m, POLLOUT, deadline)) {
			m->dead = true; /* half a command may have been sent */
			return -EIO;
		}
	}
	return 0;
}

/* The next line as an object, to be put. Malformed lines are skipped: an earlier user of the
 * monitor may have read half a line. */
static int monitor_receive(struct emu_monitor *m, uint64_t deadline, json_object **ret)
{
	while (deadline_left_ms(deadline)) {
		char *nl = memchr(m->buf, '\n', m->len);
		ssize_t n;

		if (nl) {
			size_t used = (size_t)(nl + 1 - m->buf);

			*nl = 0;
			*ret = json_tokener_parse(m->buf);
			m->len -= used;
			memmove(m->buf, nl + 1, m->len);
			if (*ret)
				return 0;
			continue;
		}
		if (m->len == sizeof(m->buf)) {
			m->dead = true;
			return -EIO;
		}
		n = recv(m->fd, m->buf + m->len, sizeof(m->buf) - m->len, MSG_DONTWAIT);
		if (n > 0) {
			m->len += (size_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			m->dead = true;
			return -EIO;
		} else if (errno == EAGAIN) {
			monitor_wait(m, POLLIN, deadline);
		}
	}
	return -ETIMEDOUT;
}

static char *json_text(json_object *o)
{
	return strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

/* Is it the reply to another command? Without an id it is the greeting, an event, or the error
 * of a command that QEMU could not parse. */
static bool reply_is_stale(json_object *o, int64_t id)
{
	json_object *member;

	return json_object_object_get_ex(o, "id", &member) && json_object_get_int64(member) != id;
}

/* Reads until the reply to a command, or until the greeting. */
static int monitor_read_reply(struct emu_monitor *m, const char *key, int64_t id, uint64_t deadline,
			      char **ret_reply)
{
	json_object *o, *member;
	char *text = NULL;
	int err;

	for (;;) {
		err = monitor_receive(m, deadline, &o);
		if (err)
			return err;
		if (reply_is_stale(o, id)) {
			json_object_put(o);
			continue;
		}
		if (json_object_object_get_ex(o, key, &member))
			break;
		if (json_object_object_get_ex(o, "error", &member)) {
			err = -EPROTO;
			break;
		}
		json_object_put(o);
	}
	if (ret_reply) {
		text = json_text(member);
		if (text)
			*ret_reply = text;
		else
			err = -ENOMEM;
	}
	json_object_put(o);
	return err;
}

/* {"execute": name, "id": id, "arguments": …}, to be put; NULL: arguments are not an object */
static json_object *command_make(const char *name, const char *arguments, int64_t id)
{
	json_object *o, *args = NULL;

	if (arguments) {
		args = json_tokener_parse(arguments);
		if (!args)
			return NULL;
		if (!json_object_is_type(args, json_type_object)) {
			json_object_put(args);
			return NULL;
		}
	}
	o = json_object_new_object();
	json_object_object_add(o, "execute", json_object_new_string(name));
	json_object_object_add(o, "id", json_object_new_int64(id));
	if (args)
		json_object_object_add(o, "arguments", args);
	return o;
}

static int monitor_execute(struct emu_monitor *m, const char *name, const char *arguments,
			   uint64_t deadline, char **ret_reply)
{
	/* The time: unique among all processes that use the monitor. */
	int64_t id = (int64_t)monotonic_ns();
	json_object *o = command_make(name, arguments, id);
	int err;

	if (!o)
		return -EINVAL;
	err = monitor_send(m, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN), deadline);
	if (!err)
		err = monitor_send(m, "\n", deadline);
	json_object_put(o);
	return err ? err : monitor_read_reply(m, "return", id, deadline, ret_reply);
}

int emu_monitor_run(struct emu_monitor *m, const char *name, const char *arguments,
		    uint64_t deadline, char **ret_reply)
{
	int err;

	if (m->dead)
		return -EIO;
	if (!m->ready) {
		err = monitor_read_reply(m, "QMP", 0, deadline, NULL);
		if (!err)
			err = monitor_execute(m, "qmp_capabilities", NULL, deadline, NULL);
		if (err) {
			m->dead = true; /* QEMU greets only once */
			return err;
		}
		m->ready = true;
	}
	return monitor_execute(m, name, arguments, deadline, ret_reply);
}
