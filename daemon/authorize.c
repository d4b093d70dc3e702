/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks polkit for those who are not root; see authorize.h. */
#include <errno.h>
#include <linux/capability.h>

#include "authorize.h"
#include "log.h"

#define POLKIT "org.freedesktop.PolicyKit1"
#define ANSWER_USEC 120000000ull	/* somebody may have to type a password */

/* A method that waits for polkit. */
struct question {
	sd_bus_message *msg;
	sd_bus_message_handler_t run;
	void *arg;
};

static void drop(void *arg)
{
	struct question *q = arg;

	sd_bus_message_unref(q->msg);
	free(q);
}

/* Return: 0: go on; -errno with @error set. */
static int read_answer(sd_bus_message *answer, sd_bus_error *error)
{
	const sd_bus_error *bad = sd_bus_message_get_error(answer);
	int allowed = 0, challenge = 0;
	int r;

	if (bad) {
		log_debug("polkit: %s", bad->message ? bad->message : bad->name);
		return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED, "not allowed: polkit "
					 "does not answer; root may");
	}
	r = sd_bus_message_enter_container(answer, 'r', "bba{ss}");
	if (r >= 0)
		r = sd_bus_message_read(answer, "bb", &allowed, &challenge);
	if (r < 0)
		return r;
	if (!allowed && challenge)
		return sd_bus_error_setf(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
					 "not allowed without authentication");
	if (!allowed)
		return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED, "not allowed");
	return 0;
}

static int on_answer(sd_bus_message *answer, void *arg, sd_bus_error *ret_error)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	struct question *q = arg;
	int r = read_answer(answer, &error);

	if (r >= 0)
		r = sd_bus_message_rewind(q->msg, true);
	if (r >= 0)
		r = q->run(q->msg, q->arg, &error);
	if (r < 0 || sd_bus_error_is_set(&error))
		sd_bus_reply_method_errno(q->msg, r, &error);
	sd_bus_error_free(&error);
	return 1;
}

static int new_call(sd_bus *bus, struct question *q, const char *action, sd_bus_message **ret)
{
	uint32_t flags = sd_bus_message_get_allow_interactive_authorization(q->msg) > 0;
	int r;

	r = sd_bus_message_new_method_call(bus, ret, POLKIT,
					   "/org/freedesktop/PolicyKit1/Authority",
					   POLKIT ".Authority", "CheckAuthorization");
	if (r >= 0)
		r = sd_bus_message_append(*ret, "(sa{sv})s", "system-bus-name", 1, "name", "s",
					  sd_bus_message_get_sender(q->msg), action);
	if (r >= 0)
		r = sd_bus_message_append(*ret, "a{ss}us", 0, flags, "");
	return r;
}

static int ask(sd_bus *bus, struct question *q, const char *action)
{
	sd_bus_message *call = NULL;
	sd_bus_slot *slot = NULL;
	int r = new_call(bus, q, action, &call);

	if (r >= 0)
		r = sd_bus_call_async(bus, &slot, call, on_answer, q, ANSWER_USEC);
	if (r >= 0) {
		sd_bus_slot_set_destroy_callback(slot, drop);
		sd_bus_slot_set_floating(slot, 1);
	}
	sd_bus_slot_unref(slot);
	sd_bus_message_unref(call);
	return r;
}

int authorize(sd_bus_message *msg, const char *action, sd_bus_message_handler_t run, void *arg,
	      sd_bus_error *error)
{
	sd_bus *bus = sd_bus_message_get_bus(msg);
	struct question *q;
	int r;

	if (sd_bus_is_bus_client(bus) <= 0)
		return run(msg, arg, error);
	r = sd_bus_query_sender_privilege(msg, CAP_SYS_ADMIN);
	if (r > 0)
		return run(msg, arg, error);
	if (r < 0)
		return r;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->msg = sd_bus_message_ref(msg);
	q->run = run;
	q->arg = arg;
	r = ask(bus, q, action);
	if (r < 0)
		drop(q);
	return r < 0 ? r : 1;
}
