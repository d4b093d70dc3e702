/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queries the bus for the caller, and polkit for callers other than root; see authorize.h.
 * The event loop waits for both answers: sd_bus_query_sender_privilege() would block, and
 * buffer all that callers send meanwhile.
 */
#include <errno.h>

#include "authorize.h"
#include "callers.h"
#include "lib/log.h"

#define BUS "org.freedesktop.DBus"
#define POLKIT "org.freedesktop.PolicyKit1"
#define BUS_USEC 10000000ull
#define POLKIT_USEC 120000000ull /* somebody may have to type a password */

static struct callers senders = { .each = 16, .all = 1024 };
/* Polkit may wait for a person, or for an agent that the caller itself has made. */
static struct callers users = { .each = 64 };

/* A method that waits for the bus, then for polkit. */
struct question {
	struct question *next;
	sd_bus_message *msg;
	const char *action; /* NULL: for root alone */
	sd_bus_message_handler_t run;
	void *arg;
	struct caller *sender, *user;
	sd_bus_slot *slot;
};

static struct question *questions;

static void question_end(struct question *q)
{
	struct question **at = &questions;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	callers_remove(&senders, &q->sender);
	callers_remove(&users, &q->user);
	sd_bus_slot_unref(q->slot);
	sd_bus_message_unref(q->msg);
	free(q);
}

void authorize_finish(void)
{
	while (questions)
		question_end(questions);
}

static void question_refuse(struct question *q, int r, sd_bus_error *error)
{
	sd_bus_reply_method_errno(q->msg, r, error);
	question_end(q);
}

/* The method may itself wait: it is counted again then. */
static void carry_out(struct question *q)
{
	sd_bus_message *msg = sd_bus_message_ref(q->msg);
	sd_bus_message_handler_t method = q->run;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	void *arg = q->arg;
	int r;

	question_end(q);
	r = method(msg, arg, &error);
	if (r < 0 || sd_bus_error_is_set(&error))
		sd_bus_reply_method_errno(msg, r, &error);
	sd_bus_error_free(&error);
	sd_bus_message_unref(msg);
}

/* Sends what the question waits for next. @call is moved. */
static int send_question(struct question *q, sd_bus_message *call, sd_bus_message_handler_t fn,
			 uint64_t usec)
{
	int r;

	q->slot = sd_bus_slot_unref(q->slot);
	r = sd_bus_call_async(sd_bus_message_get_bus(q->msg), &q->slot, call, fn, q, usec);
	sd_bus_message_unref(call);
	return r;
}

/* ---- polkit ----------------------------------------------------------------- */

/* Return: 0: go on; -errno with @error set. */
static int read_answer(sd_bus_message *answer, const char *action, sd_bus_error *error)
{
	const sd_bus_error *bad = sd_bus_message_get_error(answer);
	int allowed = 0, challenge = 0;
	int r;

	if (bad) {
		log_debug("polkit: %s", bad->message ? bad->message : bad->name);
		return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
					 "not allowed: polkit does not answer; root may");
	}
	r = sd_bus_message_enter_container(answer, 'r', "bba{ss}");
	if (r >= 0)
		r = sd_bus_message_read(answer, "bb", &allowed, &challenge);
	if (r < 0)
		return r;
	if (!allowed && challenge)
		return sd_bus_error_setf(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
					 "not allowed without authentication (%s)", action);
	if (!allowed)
		return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED, "not allowed (%s)",
					 action);
	return 0;
}

static int on_polkit(sd_bus_message *answer, void *arg, sd_bus_error *ret_error)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	struct question *q = arg;
	int r = read_answer(answer, q->action, &error);

	if (r < 0)
		question_refuse(q, r, &error);
	else
		carry_out(q);
	sd_bus_error_free(&error);
	return 1;
}

static int query_polkit(struct question *q)
{
	uint32_t flags = sd_bus_message_get_allow_interactive_authorization(q->msg) > 0;
	sd_bus_message *call = NULL;
	int r;

	r = sd_bus_message_new_method_call(sd_bus_message_get_bus(q->msg), &call, POLKIT,
					   "/org/freedesktop/PolicyKit1/Authority",
					   POLKIT ".Authority", "CheckAuthorization");
	if (r >= 0)
		r = sd_bus_message_append(call, "(sa{sv})s", "system-bus-name", 1, "name", "s",
					  sd_bus_message_get_sender(q->msg), q->action);
	if (r >= 0)
		r = sd_bus_message_append(call, "a{ss}us", 0, flags, "");
	if (r >= 0)
		return send_question(q, call, on_polkit, POLKIT_USEC);
	sd_bus_message_unref(call);
	return r;
}

/* ---- the bus ------------------------------------------------------------------ */

/* Return: 1: it may; 0: polkit decides; -errno with @error set. */
static int check_user(struct question *q, sd_bus_message *answer, sd_bus_error *error)
{
	uint32_t uid;

	if (sd_bus_message_is_method_error(answer, NULL) ||
	    sd_bus_message_read(answer, "u", &uid) < 0)
		return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
					 "not allowed: the bus does not name the caller");
	if (!uid || uid == getuid())
		return 1;
	if (!q->action)
		return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
					 "not allowed; root may");
	return callers_add_user(&users, uid, &q->user, error);
}

static int on_user(sd_bus_message *answer, void *arg, sd_bus_error *ret_error)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	struct question *q = arg;
	int r = check_user(q, answer, &error);

	if (r > 0) {
		carry_out(q);
		return 1;
	}
	if (!r)
		r = query_polkit(q);
	if (r < 0)
		question_refuse(q, r, &error);
	sd_bus_error_free(&error);
	return 1;
}

static int query_bus(struct question *q)
{
	sd_bus_message *call = NULL;
	int r;

	r = sd_bus_message_new_method_call(sd_bus_message_get_bus(q->msg), &call, BUS,
					   "/org/freedesktop/DBus", BUS, "GetConnectionUnixUser");
	if (r >= 0)
		r = sd_bus_message_append(call, "s", sd_bus_message_get_sender(q->msg));
	if (r >= 0)
		return send_question(q, call, on_user, BUS_USEC);
	sd_bus_message_unref(call);
	return r;
}

int authorize(sd_bus_message *msg, const char *action, sd_bus_message_handler_t run, void *arg,
	      sd_bus_error *error)
{
	struct question *q;
	int r;

	if (sd_bus_is_bus_client(sd_bus_message_get_bus(msg)) <= 0)
		return run(msg, arg, error);
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	*q = (struct question){ .next = questions,
				.msg = sd_bus_message_ref(msg),
				.action = action,
				.run = run,
				.arg = arg };
	questions = q;
	r = callers_add(&senders, msg, &q->sender, error);
	if (!r)
		r = query_bus(q);
	if (r < 0)
		question_end(q);
	return r < 0 ? r : 1;
}
