/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests to a driver host: from a method call through the sharing of equal calls to the
 * message, and which replies count as a flood.  The driver host is a process that only sleeps;
 * the test uses its end of the socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/host-call.h"
#include "control/methods.h"
#include "device/private.h"
#include "protocol/control.h"
#include "process/message.h"
#include "../lib/suite.h"

#define BDF "0000:01:00.0"
#define FRESH_US 100000

static sd_event *event;
static pid_t child;
static int peer; /* the driver host's end */
static char *death;
static struct device dev;
static struct device *devices[] = { &dev };
static struct manager manager = { .device = devices, .n_devices = 1 };
static struct interface interface = { .manager = &manager };
static sd_bus *server[3], *client[3];
static unsigned int n_answers, n_limits;
static char *last_answer, *last_error;

/* ---- a driver host ------------------------------------------------------------ */

static void on_died(void *arg, const struct host_death *d)
{
	death = strdup(d->text);
}

static void ignore_log(void *arg, int level, const char *text)
{
}

static void ignore_heartbeat(void *arg)
{
}

static const struct host_ops ops = { .died = on_died,
				     .log = ignore_log,
				     .heartbeat = ignore_heartbeat };

static void start_host(void)
{
	int sv[2], log[2];
	struct host_saved saved;

	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	ck_assert_int_eq(pipe2(log, O_CLOEXEC | O_NONBLOCK), 0);
	close(log[1]);
	peer = sv[1];
	saved = (struct host_saved){ .pidfd = syscall(SYS_pidfd_open, child, 0),
				     .socket = sv[0],
				     .log = log[0],
				     .pid = child,
				     .start_ns = mono_ns(),
				     .last_state = STATE_READY };
	ck_assert_int_ge(saved.pidfd, 0);
	ck_assert_int_eq(host_adopt(event, &saved, &ops, NULL, &dev.run.host), 0);
}

static void end_host(void)
{
	host_destroy(dev.run.host);
	dev.run.host = NULL;
	close(peer);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Receives a request.  Return: false if there is none. */
static bool receive(struct proto_request *req)
{
	return recv(peer, req, sizeof(*req), MSG_DONTWAIT) == sizeof(*req);
}

/* Return: false if ddekitd no longer reads. */
static bool send_reply(uint32_t seq, uint64_t packets)
{
	struct proto_reply m = { .h = { PROTO_VERSION, PROTO_REPLY, sizeof(m), seq },
				 .stats.class_stats[0] = packets };

	return send(peer, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(m);
}

static bool send_text(uint32_t seq, const char *text)
{
	uint32_t len = offsetof(struct proto_text, text) + strlen(text) + 1;
	struct proto_text m = { .h = { PROTO_VERSION, PROTO_TEXT, len, seq } };

	strcpy(m.text, text);
	return send(peer, &m, len, MSG_DONTWAIT | MSG_NOSIGNAL) == len;
}

/* ---- the event loop ------------------------------------------------------------- */

/* Runs the loop until it is idle, so that everything sent has arrived. */
static void run_until_idle(void)
{
	unsigned int idle = 0;

	while (idle < 3) {
		if (sd_event_run(event, 0) > 0)
			idle = 0;
		else
			idle++;
	}
}

/* Replies to all requests, and to those that follow from the replies.  Return: their number. */
static unsigned int serve_requests(uint64_t packets, const char *text)
{
	struct proto_request req;
	unsigned int n = 0, before;

	do {
		before = n;
		run_until_idle();
		while (receive(&req)) {
			n++;
			ck_assert_msg(proto_wants_text(req.op) ? send_text(req.h.seq, text)
							       : send_reply(req.h.seq, packets),
				      "ddekitd killed the driver host");
			if (!(n % 32))
				run_until_idle();
		}
	} while (n > before);
	return n;
}

static void sleep_until_stale(void)
{
	uint64_t end = mono_ns() + FRESH_US * 1000ull;

	while (mono_ns() < end)
		sd_event_run(event, 10000);
}

/* ---- callers --------------------------------------------------------------------- */

static void connect_client(unsigned int i)
{
	sd_id128_t id;
	int sv[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sv), 0);
	ck_assert_int_ge(sd_id128_randomize(&id), 0);
	ck_assert_int_ge(sd_bus_new(&server[i]), 0);
	ck_assert_int_ge(sd_bus_set_fd(server[i], sv[0], sv[0]), 0);
	ck_assert_int_ge(sd_bus_set_server(server[i], 1, id), 0);
	ck_assert_int_ge(sd_bus_set_trusted(server[i], 1), 0);
	ck_assert_int_ge(methods_register(server[i], &interface), 0);
	ck_assert_int_ge(sd_bus_start(server[i]), 0);
	ck_assert_int_ge(sd_bus_attach_event(server[i], event, 0), 0);
	ck_assert_int_ge(sd_bus_new(&client[i]), 0);
	ck_assert_int_ge(sd_bus_set_fd(client[i], sv[1], sv[1]), 0);
	ck_assert_int_ge(sd_bus_start(client[i]), 0);
	ck_assert_int_ge(sd_bus_attach_event(client[i], event, 0), 0);
}

static int on_answer(sd_bus_message *m, void *arg, sd_bus_error *ret_error)
{
	const sd_bus_error *error = sd_bus_message_get_error(m);
	const char *text;

	n_answers++;
	if (error) {
		n_limits += sd_bus_error_has_name(error, SD_BUS_ERROR_LIMITS_EXCEEDED);
		free(last_error);
		last_error = strdup(error->message);
	} else if (sd_bus_message_read(m, "s", &text) > 0) {
		free(last_answer);
		last_answer = strdup(text);
	}
	return 1;
}

/* Sends a call; on_answer() counts its reply. */
static void send_call(unsigned int i, const char *method, const char *name, const char *value)
{
	sd_bus_message *m = NULL;

	ck_assert_int_ge(sd_bus_message_new_method_call(client[i], &m, CONTROL_SERVICE,
							CONTROL_PATH, CONTROL_INTERFACE, method),
			 0);
	ck_assert_int_ge(sd_bus_message_append(m, "s", BDF), 0);
	if (name)
		ck_assert_int_ge(sd_bus_message_append(m, "s", name), 0);
	if (value)
		ck_assert_int_ge(sd_bus_message_append(m, "s", value), 0);
	ck_assert_int_ge(sd_bus_call_async(client[i], NULL, m, on_answer, NULL, 10000000), 0);
	sd_bus_message_unref(m);
}

static void get_parameter(unsigned int i, unsigned int number)
{
	char name[32];

	snprintf(name, sizeof(name), "m.p%u", number);
	send_call(i, "GetParameter", name, NULL);
}

/* ---- fixture --------------------------------------------------------------------- */

static void setup(void)
{
	struct ddekit_bdf bdf;
	unsigned int i;

	ck_assert_int_ge(sd_event_default(&event), 0);
	ck_assert_int_eq(ddekit_bdf_parse(BDF, &bdf), 0);
	dev = (struct device){ .env = &manager.env,
			       .plugin.bridge = "net",
			       .state = DEVICE_UP,
			       .config = device_config_create(bdf, "test") };
	start_host();
	for (i = 0; i < ARRAY_SIZE(client); i++)
		connect_client(i);
	serve_requests(0, ""); /* OP_SAY_STATE */
	n_answers = n_limits = 0;
}

static void teardown(void)
{
	unsigned int i;

	if (dev.run.host)
		end_host();
	for (i = 0; i < ARRAY_SIZE(client); i++) {
		sd_bus_close_unref(client[i]);
		sd_bus_close_unref(server[i]);
	}
	sd_event_unref(event);
	device_config_destroy(dev.config);
	free(death);
	free(last_answer);
	free(last_error);
	last_answer = last_error = death = NULL;
}

/* ---- replies and the rate of messages ------------------------------------------------ */

static void count_reply(void *arg, const struct host_reply *reply)
{
	if (!reply->error)
		++*(unsigned int *)arg;
}

static void expect_flood(void)
{
	uint64_t end = mono_ns() + 5000000000ull;

	while (!death && mono_ns() < end)
		sd_event_run(event, 10000);
	ck_assert_ptr_nonnull(death);
	ck_assert_str_eq(death, "killed by ddekitd: flood of messages");
}

START_TEST(replies_to_requests_are_not_a_flood)
{
	unsigned int i, n = 0;

	for (i = 0; i < 3 * MESSAGE_RATE_MAX; i++) {
		enum proto_op op = i % 2 ? OP_STATS : OP_MODULES;

		ck_assert_int_eq(host_request(dev.run.host, op, count_reply, &n), 0);
		if (i % 64 == 63)
			serve_requests(i, "text");
	}
	serve_requests(i, "text");
	ck_assert_uint_eq(n, 3 * MESSAGE_RATE_MAX);
	ck_assert_ptr_null(death);
}
END_TEST

static void flood_with_replies(enum proto_op op)
{
	struct proto_request req;
	unsigned int i, n = 0;

	ck_assert_int_eq(host_request(dev.run.host, op, count_reply, &n), 0);
	ck_assert(receive(&req));
	for (i = 0; i <= MESSAGE_RATE_MAX + 1; i++) {
		if (!(op == OP_STATS ? send_reply(req.h.seq, 0) : send_text(req.h.seq, "x")))
			break;
		if (i % 32 == 31)
			run_until_idle();
	}
	expect_flood();
	ck_assert_uint_eq(n, 1);
}

START_TEST(a_request_allows_only_one_reply)
{
	flood_with_replies(OP_STATS);
}
END_TEST

START_TEST(a_request_allows_only_one_text)
{
	flood_with_replies(OP_MODULES);
}
END_TEST

START_TEST(replies_do_not_raise_the_limit_for_other_messages)
{
	struct proto_heartbeat beat = { .h = { PROTO_VERSION, PROTO_HEARTBEAT, sizeof(beat) } };
	unsigned int i, n = 0;

	for (i = 0; i < 64; i++)
		ck_assert_int_eq(host_request(dev.run.host, OP_STATS, count_reply, &n), 0);
	serve_requests(0, "");
	for (i = 0; i <= MESSAGE_RATE_MAX; i++) {
		if (send(peer, &beat, sizeof(beat), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
		if (i % 32 == 31)
			run_until_idle();
	}
	expect_flood();
	ck_assert_uint_eq(n, 64);
}
END_TEST

START_TEST(the_number_of_pending_requests_is_limited)
{
	unsigned int i, n = 0;

	for (i = 0; i < 128; i++)
		ck_assert_int_eq(host_request(dev.run.host, OP_STATS, count_reply, &n), 0);
	ck_assert_int_eq(host_request(dev.run.host, OP_STATS, count_reply, &n), -EAGAIN);
	ck_assert_uint_eq(serve_requests(0, ""), 128);
	ck_assert_uint_eq(n, 128);
	ck_assert_int_eq(host_request(dev.run.host, OP_STATS, count_reply, &n), 0);
}
END_TEST

/* ---- what callers share ---------------------------------------------------------------- */

START_TEST(a_request_of_a_class_that_is_too_long_is_not_sent)
{
	char data[PROTO_CLASS_BYTES + 1] = { 1 };
	struct proto_request req;

	ck_assert_int_eq(host_request_class(dev.run.host, data, sizeof(data), NULL, NULL), -E2BIG);
	ck_assert(!receive(&req));
	ck_assert_int_eq(host_request_class(dev.run.host, data, sizeof(data) - 1, NULL, NULL), 0);
	ck_assert(receive(&req));
	ck_assert_mem_eq(req.data, data, sizeof(data) - 1);
	send_reply(req.h.seq, 0);
}
END_TEST

START_TEST(equal_calls_share_one_request)
{
	unsigned int i;

	for (i = 0; i < 24; i++) {
		send_call(i % 3, "GetStats", NULL, NULL);
		send_call(i % 3, "ListModules", NULL, NULL);
	}
	ck_assert_uint_le(serve_requests(42, "a\t1\t0\t\tlive\n"), 2);
	ck_assert_uint_eq(n_answers, 48);
	ck_assert_uint_eq(n_limits, 0);
	ck_assert_ptr_nonnull(strstr(last_answer, "\"a\""));
}
END_TEST

START_TEST(each_caller_gets_a_reply_if_the_driver_host_dies)
{
	unsigned int i;

	for (i = 0; i < 9; i++)
		send_call(i % 3, "GetStats", NULL, NULL);
	run_until_idle();
	end_host();
	run_until_idle();
	ck_assert_uint_eq(n_answers, 9);
	ck_assert_ptr_nonnull(strstr(last_error, "sends no statistics: Broken pipe"));
}
END_TEST

START_TEST(a_value_is_reused_for_a_tenth_of_a_second)
{
	send_call(0, "GetStats", NULL, NULL);
	ck_assert_uint_eq(serve_requests(1, ""), 1);
	ck_assert_ptr_nonnull(strstr(last_answer, "\"rx_packets\":1,"));
	send_call(1, "GetStats", NULL, NULL);
	ck_assert_uint_eq(serve_requests(2, ""), 0);
	ck_assert_ptr_nonnull(strstr(last_answer, "\"rx_packets\":1,"));
	sleep_until_stale();
	send_call(2, "GetStats", NULL, NULL);
	ck_assert_uint_eq(serve_requests(3, ""), 1);
	ck_assert_ptr_nonnull(strstr(last_answer, "\"rx_packets\":3,"));
}
END_TEST

START_TEST(different_calls_are_different_requests)
{
	send_call(0, "GetParameter", "m.a", NULL);
	send_call(0, "GetParameter", "m.b", NULL);
	send_call(0, "GetStats", NULL, NULL);
	send_call(0, "GetKernelStats", NULL, NULL);
	ck_assert_uint_eq(serve_requests(1, "x"), 4);
}
END_TEST

START_TEST(each_write_is_a_request_and_invalidates_values)
{
	send_call(0, "GetParameter", "m.a", NULL);
	serve_requests(0, "1");
	send_call(0, "SetParameter", "m.a", "2");
	send_call(1, "SetParameter", "m.a", "2");
	ck_assert_uint_eq(serve_requests(0, ""), 2);
	send_call(0, "GetParameter", "m.a", NULL);
	ck_assert_uint_eq(serve_requests(0, "2"), 1);
	ck_assert_str_eq(last_answer, "2");
}
END_TEST

/* A read that overlaps with a write may return the old value. */
START_TEST(a_read_after_a_write_does_not_share_an_earlier_read)
{
	struct proto_request first, write, second;

	send_call(0, "GetParameter", "m.a", NULL);
	run_until_idle();
	ck_assert(receive(&first));
	send_call(0, "SetParameter", "m.a", "2");
	run_until_idle();
	ck_assert(receive(&write));
	send_call(1, "GetParameter", "m.a", NULL);
	run_until_idle();
	ck_assert(receive(&second));
	ck_assert(send_text(write.h.seq, ""));
	run_until_idle();
	send_call(2, "GetParameter", "m.a", NULL);
	ck_assert_uint_eq(serve_requests(0, "2"), 1);
	ck_assert_str_eq(last_answer, "2");
	ck_assert(send_text(first.h.seq, "1"));
	ck_assert(send_text(second.h.seq, "2"));
	run_until_idle();
	ck_assert_uint_eq(n_answers, 4);
	send_call(0, "GetParameter", "m.a", NULL);
	serve_requests(0, "2");
	ck_assert_str_eq(last_answer, "2");
}
END_TEST

START_TEST(a_new_driver_host_gets_new_requests)
{
	send_call(0, "GetStats", NULL, NULL);
	serve_requests(1, "");
	end_host();
	start_host();
	serve_requests(0, ""); /* OP_SAY_STATE */
	send_call(0, "GetStats", NULL, NULL);
	ck_assert_uint_eq(serve_requests(2, ""), 1);
	ck_assert_ptr_nonnull(strstr(last_answer, "\"rx_packets\":2,"));
}
END_TEST

START_TEST(errors_of_the_driver_host_are_shared_too)
{
	struct proto_request req;
	struct proto_text m = { .h = { PROTO_VERSION, PROTO_TEXT,
				       offsetof(struct proto_text, text) + 1, 0 },
				.error = -ENOENT };

	send_call(0, "GetParameter", "m.a", NULL);
	send_call(1, "GetParameter", "m.a", NULL);
	run_until_idle();
	ck_assert(receive(&req));
	m.h.seq = req.h.seq;
	ck_assert_int_eq(send(peer, &m, m.h.len, 0), m.h.len);
	run_until_idle();
	send_call(2, "GetParameter", "m.a", NULL);
	ck_assert_uint_eq(serve_requests(0, "x"), 0);
	ck_assert_uint_eq(n_answers, 3);
	ck_assert_ptr_null(last_answer);
	ck_assert_ptr_nonnull(strstr(last_error, "no parameter m.a"));
}
END_TEST

START_TEST(malformed_lines_of_a_driver_host_are_skipped)
{
	send_call(0, "ListModules", NULL, NULL);
	ck_assert_uint_eq(serve_requests(0, "x\n\ny\t1\t0\t\nz\t1\t0\t\tlive\nx\nx"), 1);
	ck_assert_str_eq(last_answer, "[{\"module\":\"z\",\"bytes\":1,\"references\":0,"
				      "\"users\":[],\"state\":\"live\"}]");
	send_call(0, "ListParameters", NULL, NULL);
	ck_assert_uint_eq(serve_requests(0, "x\ny\t0444\nm.z\t0644\t\n"), 1);
	ck_assert_str_eq(last_answer, "[{\"parameter\":\"m.z\",\"mode\":\"0644\",\"value\":\"\"}]");
}
END_TEST

/* ---- limits ------------------------------------------------------------------------------ */

START_TEST(pending_calls_of_a_connection_are_limited)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		send_call(0, "GetStats", NULL, NULL);
	run_until_idle();
	ck_assert_uint_eq(n_limits, 4);
	ck_assert_ptr_nonnull(strstr(last_error, "16 calls of this connection"));
	send_call(1, "GetStats", NULL, NULL); /* another connection */
	ck_assert_uint_eq(serve_requests(42, ""), 1);
	ck_assert_uint_eq(n_answers, 21);
	ck_assert_uint_eq(n_limits, 4);
	sleep_until_stale();
	for (i = 0; i < 16; i++)
		send_call(0, "GetStats", NULL, NULL);
	serve_requests(42, "");
	ck_assert_uint_eq(n_answers, 37);
	ck_assert_uint_eq(n_limits, 4);
}
END_TEST

START_TEST(pending_requests_of_all_callers_are_limited)
{
	unsigned int i;

	for (i = 0; i < 48; i++)
		get_parameter(i % 3, i);
	run_until_idle();
	ck_assert_uint_eq(n_limits, 16);
	ck_assert_ptr_nonnull(strstr(last_error, "has 32 unanswered requests"));
	ck_assert_uint_eq(serve_requests(0, "x"), 32);
	ck_assert_uint_eq(n_answers, 48);
	get_parameter(0, 99);
	ck_assert_uint_eq(serve_requests(0, "x"), 1);
	ck_assert_uint_eq(n_limits, 16);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("requests");
	TCase *c = tcase_create("requests");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, replies_to_requests_are_not_a_flood);
	tcase_add_test(c, a_request_allows_only_one_reply);
	tcase_add_test(c, a_request_allows_only_one_text);
	tcase_add_test(c, replies_do_not_raise_the_limit_for_other_messages);
	tcase_add_test(c, the_number_of_pending_requests_is_limited);
	tcase_add_test(c, a_request_of_a_class_that_is_too_long_is_not_sent);
	tcase_add_test(c, equal_calls_share_one_request);
	tcase_add_test(c, each_caller_gets_a_reply_if_the_driver_host_dies);
	tcase_add_test(c, a_value_is_reused_for_a_tenth_of_a_second);
	tcase_add_test(c, different_calls_are_different_requests);
	tcase_add_test(c, each_write_is_a_request_and_invalidates_values);
	tcase_add_test(c, a_read_after_a_write_does_not_share_an_earlier_read);
	tcase_add_test(c, a_new_driver_host_gets_new_requests);
	tcase_add_test(c, errors_of_the_driver_host_are_shared_too);
	tcase_add_test(c, malformed_lines_of_a_driver_host_are_skipped);
	tcase_add_test(c, pending_calls_of_a_connection_are_limited);
	tcase_add_test(c, pending_requests_of_all_callers_are_limited);
	suite_add_tcase(s, c);
	return suite_run(s);
}
