/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits of calls that wait; see callers.h. */
#include <errno.h>

#include "callers.h"
#include "lib/util.h"

/* There are as many as calls that wait, or fewer: a list is enough. */
struct caller {
	struct caller *next;
	unsigned int n; /* calls */
	bool on_bus;    /* counts for callers.all */
	char who[];
};

static struct caller *caller_find(const struct callers *c, const char *who)
{
	struct caller *caller = c->first;

	while (caller && strcmp(caller->who, who))
		caller = caller->next;
	return caller;
}

static int caller_add(struct callers *c, const char *who, bool on_bus, struct caller **ret)
{
	struct caller *caller = caller_find(c, who);

	if (!caller) {
		caller = calloc(1, sizeof(*caller) + strlen(who) + 1);
		if (!caller)
			return -ENOMEM;
		strcpy(caller->who, who);
		caller->on_bus = on_bus;
		caller->next = c->first;
		c->first = caller;
	}
	caller->n++;
	c->n += on_bus;
	*ret = caller;
	return 0;
}

static unsigned int count_calls(const struct callers *c, const char *who)
{
	const struct caller *caller = caller_find(c, who);

	return caller ? caller->n : 0;
}

/* Adds the bytes of a message's arguments to *n, up to the end of the container.
 * Return: 0, -errno. */
static int add_arguments(sd_bus_message *msg, size_t *n)
{
	const char *contents;
	char type;
	int r;

	while ((r = sd_bus_message_peek_type(msg, &type, &contents)) > 0) {
		union {
			uint64_t number;
			const char *text;
		} value = { 0 };

		if (!contents) {
			r = sd_bus_message_read_basic(msg, type, &value);
			*n += strchr("sog", type) && r > 0 ? strlen(value.text) : sizeof(value);
		} else {
			*n += sizeof(value);
			r = sd_bus_message_enter_container(msg, type, contents);
			if (r >= 0)
				r = add_arguments(msg, n);
			if (r >= 0)
				r = sd_bus_message_exit_container(msg);
		}
		if (r < 0)
			return r;
	}
	return r;
}

static int check_call_size(sd_bus_message *msg, sd_bus_error *error)
{
	size_t n = 0;
	int r = sd_bus_message_rewind(msg, true);

	if (r >= 0)
		r = add_arguments(msg, &n);
	if (r >= 0)
		r = sd_bus_message_rewind(msg, true);
	if (r >= 0 && n > CALLERS_ARGUMENTS)
		return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					 "the arguments have %zu bytes, the limit is %u", n,
					 CALLERS_ARGUMENTS);
	return r < 0 ? r : 0;
}

/* A connection to the control socket has no name. */
static char *sender_of(sd_bus_message *msg, bool on_bus)
{
	const char *name = sd_bus_message_get_sender(msg);

	return on_bus ? strdup(name ? name : "")
		      : str_format("%p", (void *)sd_bus_message_get_bus(msg));
}

int callers_add(struct callers *c, sd_bus_message *msg, struct caller **ret_caller,
		sd_bus_error *error)
{
	bool on_bus = sd_bus_is_bus_client(sd_bus_message_get_bus(msg)) > 0;
	_cleanup_free_ char *who = sender_of(msg, on_bus);
	int r = who ? check_call_size(msg, error) : -ENOMEM;

	if (r < 0)
		return r;
	if (count_calls(c, who) >= c->each)
		return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					 "%u calls of this "
					 "connection wait for an answer, which is the limit; try "
					 "again when one of them is answered",
					 c->each);
	if (on_bus && c->all && c->n >= c->all)
		return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					 "%u calls on the "
					 "system bus wait for an answer, which is the limit; try "
					 "again later",
					 c->all);
	return caller_add(c, who, on_bus, ret_caller);
}

int callers_add_user(struct callers *c, uid_t uid, struct caller **ret_caller, sd_bus_error *error)
{
	char who[32];

	snprintf(who, sizeof(who), "user %u", (unsigned int)uid);
	if (count_calls(c, who) >= c->each)
		return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					 "%u calls of user %u "
					 "wait for polkit, which is the limit; try again when one "
					 "of them is answered",
					 c->each, (unsigned int)uid);
	return caller_add(c, who, true, ret_caller);
}

void callers_remove(struct callers *c, struct caller **caller)
{
	struct caller *gone = *caller, **at = &c->first;

	*caller = NULL;
	if (!gone)
		return;
	c->n -= gone->on_bus;
	if (--gone->n)
		return;
	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	free(gone);
}
