/* SPDX-License-Identifier: GPL-2.0-only */
/* Methods that a driver host answers; see host-call.h. */
#include <errno.h>

#include "bus.h"
#include "callers.h"
#include "host-call.h"

#define FRESH_NS 100000000ull /* age of its request up to which an answer is reused */
#define ANSWERS_MAX 32        /* answers kept for reuse, of all driver hosts */
#define REQUESTS_MAX 32       /* unanswered ones of callers; a driver host has up to 128 in all */
#define CALLERS_AT_ONCE 16    /* callers answered in one iteration of the event loop */

static struct callers callers = { .each = 16, .all = 1024 };

struct waiter {
	struct waiter *next;
	sd_bus_message *msg;
	struct caller *caller;
};

/* A request to a driver host, and its answer for as long as a caller may get it. */
struct inquiry {
	struct inquiry *next;
	const struct host *host; /* may be freed after the answer, like call.dev */
	uint64_t host_start;     /* distinguishes hosts at the same address */
	enum proto_op op;
	char *text;
	uint64_t when;
	bool shared; /* further callers may have the same answer */
	bool answered;
	struct waiter *first, **last;
	struct host_call call;
	host_answer_fn fn;
	struct host_answer answer;
};

static struct inquiry *inquiries;  /* the newest first */
static sd_event_source *answering; /* exists while callers have to be answered */

/* ---- inquiries -------------------------------------------------------------- */

static void inquiry_destroy(struct inquiry *q)
{
	struct inquiry **at = &inquiries;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	sd_bus_error_free(&q->answer.error);
	free(q->answer.bytes);
	free(q->answer.text);
	free(q->text);
	free(q);
}

static bool inquiry_is_of(const struct inquiry *q, const struct host *host)
{
	return q->host == host && q->host_start == host_start_ns(host);
}

/* Frees answers that no caller waits for and that are too old, or exceed ANSWERS_MAX. */
static void forget_answers(void)
{
	struct inquiry *q, *next;
	uint64_t now = mono_ns();
	unsigned int n = 0;

	for (q = inquiries; q; q = next) {
		next = q->next;
		if (!q->answered)
			continue;
		if (now - q->when >= FRESH_NS || ++n > ANSWERS_MAX)
			q->shared = false;
		if (!q->shared && !q->first)
			inquiry_destroy(q);
	}
}

void hostcall_changed(const struct host *host)
{
	struct inquiry *q;

	for (q = inquiries; q; q = q->next)
		if (inquiry_is_of(q, host))
			q->shared = false;
	forget_answers();
}

static struct inquiry *inquiry_find(const struct host *host, enum proto_op op, const char *text)
{
	struct inquiry *q = inquiries;

	while (q && !(q->shared && q->op == op && !strcmp(q->text, text) && inquiry_is_of(q, host)))
		q = q->next;
	return q;
}

static unsigned int count_requests(const struct host *host)
{
	const struct inquiry *q;
	unsigned int n = 0;

	for (q = inquiries; q; q = q->next)
		n += !q->answered && inquiry_is_of(q, host);
	return n;
}

static struct inquiry *inquiry_create(struct device *dev, enum proto_op op, const char *text,
				      host_answer_fn fn)
{
	struct inquiry *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	*q = (struct inquiry){ .next = inquiries,
			       .host = device_host(dev),
			       .host_start = host_start_ns(device_host(dev)),
			       .op = op,
			       .text = strdup(text),
			       .when = mono_ns(),
			       .last = &q->first,
			       .call.dev = dev,
			       .fn = fn };
	if (!q->text) {
		free(q);
		return NULL;
	}
	snprintf(q->call.what, sizeof(q->call.what), "%.*s", (int)strcspn(text, "="), text);
	inquiries = q;
	return q;
}

/* ---- callers ------------------------------------------------------------------ */

static void waiter_destroy(struct waiter *w)
{
	callers_remove(&callers, &w->caller);
	sd_bus_message_unref(w->msg);
	free(w);
}

static int waiter_create(sd_bus_message *msg, struct waiter **ret, sd_bus_error *error)
{
	struct waiter *w = calloc(1, sizeof(*w));
	int r = w ? callers_add(&callers, msg, &w->caller, error) : -ENOMEM;

	if (r < 0) {
		free(w);
		return r;
	}
	w->msg = sd_bus_message_ref(msg);
	*ret = w;
	return 0;
}

static void inquiry_append(struct inquiry *q, struct waiter *w)
{
	*q->last = w;
	q->last = &w->next;
}

static int reply_bytes(sd_bus_message *msg, const uint8_t *data, size_t n)
{
	sd_bus_message *answer = NULL;
	int r = sd_bus_message_new_method_return(msg, &answer);

	if (r >= 0)
		r = sd_bus_message_append_array(answer, 'y', data, n);
	if (r >= 0)
		r = sd_bus_send(NULL, answer, NULL);
	sd_bus_message_unref(answer);
	return r;
}

static void send_answer(sd_bus_message *msg, const struct host_answer *a)
{
	if (bus_is_clogged(sd_bus_message_get_bus(msg)))
		sd_bus_reply_method_errorf(msg, SD_BUS_ERROR_LIMITS_EXCEEDED,
					   "too many replies of ddekitd are unread");
	else if (sd_bus_error_is_set(&a->error))
		sd_bus_reply_method_error(msg, &a->error);
	else if (a->bytes)
		reply_bytes(msg, a->bytes, a->n_bytes);
	else
		sd_bus_reply_method_return(msg, "s", a->text);
}

static struct inquiry *find_undelivered(void)
{
	struct inquiry *q = inquiries;

	while (q && !(q->answered && q->first))
		q = q->next;
	return q;
}

/* There may be a thousand callers and large answers: each iteration sends only some. */
static int on_answering(sd_event_source *source, void *arg)
{
	unsigned int n = CALLERS_AT_ONCE;
	struct inquiry *q;
	struct waiter *w;

	while ((q = find_undelivered()) && n--) {
		w = q->first;
		q->first = w->next;
		if (!q->first)
			q->last = &q->first;
		send_answer(w->msg, &q->answer);
		waiter_destroy(w);
	}
	if (!q)
		answering = sd_event_source_disable_unref(answering);
	forget_answers();
	return 0;
}

static void start_answering(sd_event *event)
{
	int r = answering ? 0 : sd_event_add_defer(event, &answering, on_answering, NULL);

	if (!r)
		r = sd_event_source_set_enabled(answering, SD_EVENT_ON);
	if (r < 0) /* no event source: answer all callers now */
		while (find_undelivered())
			on_answering(NULL, NULL);
}

/* ---- replies ------------------------------------------------------------------- */

static void on_host_reply(void *arg, const struct host_reply *reply)
{
	struct inquiry *q = arg;
	int r = q->fn(&q->call, reply, &q->answer);

	if (r < 0 && !sd_bus_error_is_set(&q->answer.error))
		sd_bus_error_set_errno(&q->answer.error, r);
	/* These errors are ddekitd's own: do not reuse them, the next request may succeed. */
	if (reply->error == -ETIMEDOUT || reply->error == -EPIPE)
		q->shared = false;
	q->answered = true;
	start_answering(device_event(q->call.dev));
}

/* Discards answers before and after a write: a value read in between may be old or new. */
static void on_written(void *arg, const struct host_reply *reply)
{
	const struct inquiry *q = arg;

	hostcall_changed(q->host);
	on_host_reply(arg, reply);
}

/* ---- requests ------------------------------------------------------------------- */

static int check_is_up(const struct device *dev, sd_bus_error *error)
{
	if (device_host(dev) && device_state(dev) == DEVICE_UP)
		return 0;
	return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is %s, not up",
				 device_bdf_text(dev), device_state_name(device_state(dev)));
}

static int inquiry_send(struct device *dev, enum proto_op op, const char *text, host_reply_fn done,
			host_answer_fn fn, struct inquiry **ret, sd_bus_error *error)
{
	const char *bdf = device_bdf_text(dev);
	struct inquiry *q;
	int r;

	if (count_requests(device_host(dev)) >= REQUESTS_MAX)
		return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					 "%s: the driver "
					 "host has %d unanswered requests, which is the limit; "
					 "try again later",
					 bdf, REQUESTS_MAX);
	q = inquiry_create(dev, op, text, fn);
	if (!q)
		return -ENOMEM;
	r = host_request_text(device_host(dev), op, 0, text, done, q);
	if (r < 0)
		inquiry_destroy(q);
	if (r < 0 && r != -ENOMEM)
		return sd_bus_error_setf(error, CONTROL_ERROR_FAILED,
					 "%s: the driver host does not read its requests: %s", bdf,
					 strerror(-r));
	if (!r)
		*ret = q;
	return r;
}

int hostcall_read(sd_bus_message *msg, struct device *dev, enum proto_op op, const char *text,
		  host_answer_fn fn, sd_bus_error *error)
{
	struct inquiry *q;
	struct waiter *w;
	int r = check_is_up(dev, error);

	if (r < 0)
		return r;
	text = text ? text : "";
	forget_answers();
	q = inquiry_find(device_host(dev), op, text);
	if (q && q->answered) {
		send_answer(msg, &q->answer);
		return 1;
	}
	r = waiter_create(msg, &w, error);
	if (r < 0)
		return r;
	if (!q) {
		r = inquiry_send(dev, op, text, on_host_reply, fn, &q, error);
		if (r < 0) {
			waiter_destroy(w);
			return r;
		}
		q->shared = true;
	}
	inquiry_append(q, w);
	return 1;
}

int hostcall_write(sd_bus_message *msg, struct device *dev, enum proto_op op, const char *text,
		   host_answer_fn fn, sd_bus_error *error)
{
	struct inquiry *q;
	struct waiter *w;
	int r = check_is_up(dev, error);

	if (!r)
		r = waiter_create(msg, &w, error);
	if (r < 0)
		return r;
	hostcall_changed(device_host(dev));
	r = inquiry_send(dev, op, text ? text : "", on_written, fn, &q, error);
	if (r < 0) {
		waiter_destroy(w);
		return r;
	}
	inquiry_append(q, w);
	return 1;
}
