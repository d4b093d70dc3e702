/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks on a driver host's messages. */
#include <errno.h>

#include "exports.h"
#include "process/message.h"
#include "../lib/suite.h"

#define NOW 5000000000ull

static struct message_context ctx;
static const char *why;

static void setup(void)
{
	ctx = (struct message_context){ .not_before = 1000000000ull };
	why = NULL;
}

static struct proto_header header(uint32_t type, uint32_t len)
{
	return (struct proto_header){ PROTO_VERSION, type, len, 0 };
}

static struct proto_state_msg state(uint32_t which)
{
	return (struct proto_state_msg){ .h = header(PROTO_STATE, sizeof(struct proto_state_msg)),
					 .state = which,
					 .mono_ns = NOW - 1,
					 .error = which == STATE_FAILED ? -19 : 0 };
}

static struct net_message net(void)
{
	return (struct net_message){ .h = header(PROTO_EXPORT, sizeof(struct net_message)),
				     .class = "net",
				     .mono_ns = NOW - 1,
				     .is = { .ifname = "eth0",
					     .driver = "e1000e",
					     .mac = { 0x52, 0x54, 0, 1, 2, 3 },
					     .duplex = 255,
					     .mtu = 1500,
					     .min_mtu = 68,
					     .max_mtu = 9000,
					     .speed = 1000,
					     .features = 15 } };
}

static struct disk_message disk(uint32_t event)
{
	return (struct disk_message){ .h = header(PROTO_EXPORT, sizeof(struct disk_message)),
				      .class = "block",
				      .mono_ns = NOW - 1,
				      .is = { .event = event,
					      .logical_block = 512,
					      .physical_block = 4096,
					      .flags = event == DISK_GONE ? 0 : DDE_BLOCK_D_PRESENT,
					      .bytes = 1u << 30,
					      .name = "nvme0n1",
					      .driver = "nvme",
					      .model = "A Disk",
					      .serial = "1234" } };
}

static int check_message(void *msg)
{
	return message_check(&ctx, msg, ((struct proto_header *)msg)->len, NOW, &why);
}

static int send_state(uint32_t which)
{
	struct proto_state_msg m = state(which);

	return check_message(&m);
}

static void load_plugins(void)
{
	ck_assert_int_eq(send_state(STATE_ADOPTED), 0);
	ck_assert_int_eq(send_state(STATE_BOOTED), 0);
	ck_assert_int_eq(send_state(STATE_LOADED), 0);
}

START_TEST(messages_of_a_valid_driver_host_are_accepted)
{
	struct proto_heartbeat beat = { .h = header(PROTO_HEARTBEAT, sizeof(beat)) };
	struct proto_reply reply = { .h = header(PROTO_REPLY, sizeof(reply)) };
	struct net_message n = net();

	load_plugins();
	ck_assert_int_eq(check_message(&n), 0);
	ck_assert_int_eq(send_state(STATE_READY), 0);
	ck_assert_int_eq(check_message(&n), 0);
	ck_assert_int_eq(check_message(&beat), 0);
	reply.h.seq = 1;
	reply.error = -22;
	ck_assert_int_eq(check_message(&reply), 0);
	ck_assert_int_eq(send_state(STATE_STOPPED), 0);
}
END_TEST

START_TEST(wrong_lengths_are_refused)
{
	struct proto_state_msg m = state(STATE_ADOPTED);
	size_t len;

	for (len = 0; len < sizeof(m); len++) {
		ck_assert_int_eq(message_check(&ctx, &m, len, NOW, &why), -EPROTO);
		m.h.len = len;
		ck_assert_int_eq(message_check(&ctx, &m, len, NOW, &why), -EPROTO);
		m.h.len = sizeof(m);
		ctx.window_count = 0;
	}
	ck_assert_uint_eq(ctx.last_state, 0);
	ck_assert_int_eq(check_message(&m), 0);
}
END_TEST

START_TEST(unknown_types_and_versions_are_refused)
{
	struct proto_state_msg m = state(STATE_ADOPTED);
	uint32_t type;

	for (type = 0; type < 64; type++) {
		m.h.type = type;
		if (type != PROTO_STATE)
			ck_assert_int_eq(check_message(&m), -EPROTO);
	}
	m = state(STATE_ADOPTED);
	m.h.version = PROTO_VERSION + 1;
	ck_assert_int_eq(check_message(&m), -EPROTO);
	ck_assert(strstr(why, "version"));
}
END_TEST

START_TEST(states_out_of_order_or_repeated_are_refused)
{
	ck_assert_int_eq(send_state(STATE_BOOTED), -EPROTO);
	ck_assert_int_eq(send_state(STATE_ADOPTED), 0);
	ck_assert_int_eq(send_state(STATE_ADOPTED), -EPROTO);
	ck_assert_int_eq(send_state(STATE_READY), -EPROTO);
	ck_assert_int_eq(send_state(STATE_FAILED), 0);
	ck_assert_int_eq(send_state(STATE_BOOTED), -EPROTO);
	ck_assert_int_eq(send_state(STATE_FAILED), -EPROTO);
}
END_TEST

START_TEST(a_driver_host_may_stop_or_fail_at_any_time)
{
	ck_assert_int_eq(send_state(STATE_STOPPED), 0);
	setup();
	ck_assert_int_eq(send_state(STATE_FAILED), 0);
}
END_TEST

START_TEST(texts_are_terminated_and_made_printable)
{
	struct proto_state_msg m = state(STATE_ADOPTED);

	memset(m.text, 'x', sizeof(m.text));
	ck_assert_int_eq(check_message(&m), -EPROTO);
	memset(m.release, 'x', sizeof(m.release));
	m.text[0] = 0;
	ck_assert_int_eq(check_message(&m), -EPROTO);
	m = state(STATE_ADOPTED);
	strcpy(m.text, "a\033[2Jb\n\xff");
	ck_assert_int_eq(check_message(&m), 0);
	ck_assert_str_eq(m.text, "a?[2Jb??");
}
END_TEST

START_TEST(state_members_out_of_range_are_refused)
{
	struct proto_state_msg m = state(STATE_ADOPTED);

	m.mono_ns = NOW + 1;
	ck_assert_int_eq(check_message(&m), -EPROTO);
	m.mono_ns = ctx.not_before - 1;
	ck_assert_int_eq(check_message(&m), -EPROTO);
	m = state(STATE_ADOPTED);
	m.rss_kb = UINT64_MAX;
	ck_assert_int_eq(check_message(&m), -EPROTO);
	m = state(STATE_FAILED);
	m.error = 5;
	ck_assert_int_eq(check_message(&m), -EPROTO);
	m.error = -100000;
	ck_assert_int_eq(check_message(&m), -EPROTO);
	ck_assert_int_eq(send_state(0), -EPROTO);
	ck_assert_int_eq(send_state(STATE_STOPPED + 1), -EPROTO);
}
END_TEST

START_TEST(an_interface_before_the_plugins_is_refused)
{
	struct net_message n = net();

	ck_assert_int_eq(check_message(&n), -EPROTO);
	load_plugins();
	ck_assert_int_eq(check_message(&n), 0);
	ck_assert_int_eq(send_state(STATE_FAILED), 0);
	ck_assert_int_eq(check_message(&n), -EPROTO);
}
END_TEST

static void bad_net(struct net_message n)
{
	setup();
	load_plugins();
	ck_assert_int_eq(check_message(&n), -EPROTO);
}

START_TEST(interface_members_out_of_range_are_refused)
{
	struct net_message n;

	n = net(), n.is.ifname[0] = 0, bad_net(n);
	n = net(), memset(n.is.ifname, 'x', sizeof(n.is.ifname)), bad_net(n);
	n = net(), strcpy(n.is.ifname, "a/b"), bad_net(n);
	n = net(), strcpy(n.is.ifname, "a b"), bad_net(n);
	n = net(), strcpy(n.is.driver, "a\nb"), bad_net(n);
	n = net(), n.is.mac[0] = 1, bad_net(n);
	n = net(), memset(n.is.mac, 0, 6), bad_net(n);
	n = net(), n.is.carrier = 2, bad_net(n);
	n = net(), n.is.duplex = 7, bad_net(n);
	n = net(), n.is.mtu = 70000, bad_net(n);
	n = net(), n.is.min_mtu = 1501, bad_net(n);
	n = net(), n.is.max_mtu = 1499, bad_net(n);
	n = net(), n.is.speed = 1u << 30, bad_net(n);
	n = net(), n.is.features = 1u << 20, bad_net(n);
	n = net(), n.mono_ns = 0, bad_net(n);
	n = net(), n.index = 1, bad_net(n);
	n = net(), n.h.len -= 8, bad_net(n);
}
END_TEST

START_TEST(exports_of_an_unknown_class_are_refused)
{
	struct net_message n;

	n = net(), strcpy(n.class, "nets"), bad_net(n);
	n = net(), n.class[0] = 0, bad_net(n);
	n = net(), memset(n.class, 'n', sizeof(n.class)), bad_net(n);
	n = net(), strcpy(n.class, "block"), bad_net(n);
	n = net(), n.h.len = offsetof(struct net_message, is), bad_net(n);
	n = net(), n.h.len = sizeof(struct proto_export) + 8, bad_net(n);
}
END_TEST

START_TEST(a_disk_before_the_plugins_is_refused)
{
	struct disk_message d = disk(DISK_PRESENT);

	ck_assert_int_eq(check_message(&d), -EPROTO);
	load_plugins();
	ck_assert_int_eq(check_message(&d), 0);
	d = disk(DISK_CHANGED);
	ck_assert_int_eq(check_message(&d), 0);
	d = disk(DISK_GONE);
	d.is.bytes = d.is.logical_block = 0;
	ck_assert_int_eq(check_message(&d), 0);
	ck_assert_int_eq(send_state(STATE_STOPPED), 0);
	ck_assert_int_eq(check_message(&d), -EPROTO);
}
END_TEST

static void bad_disk(struct disk_message d)
{
	setup();
	load_plugins();
	ck_assert_int_eq(check_message(&d), -EPROTO);
}

START_TEST(disk_members_out_of_range_are_refused)
{
	struct disk_message d;

	bad_disk(disk(0));
	bad_disk(disk(DISK_GONE + 1));
	d = disk(DISK_PRESENT), d.index = DDE_BLOCK_DISKS, bad_disk(d);
	d = disk(DISK_PRESENT), d.is.name[0] = 0, bad_disk(d);
	d = disk(DISK_PRESENT), strcpy(d.is.name, "../sda"), bad_disk(d);
	d = disk(DISK_PRESENT), memset(d.is.driver, 'x', sizeof(d.is.driver)), bad_disk(d);
	d = disk(DISK_PRESENT), memset(d.is.model, 'x', sizeof(d.is.model)), bad_disk(d);
	d = disk(DISK_PRESENT), memset(d.is.serial, 'x', sizeof(d.is.serial)), bad_disk(d);
	d = disk(DISK_PRESENT), memset(d.is.wwid, 'x', sizeof(d.is.wwid)), bad_disk(d);
	d = disk(DISK_PRESENT), d.is.flags = 0, bad_disk(d);
	d = disk(DISK_PRESENT), d.is.flags |= 1u << 20, bad_disk(d);
	d = disk(DISK_GONE), d.is.flags = DDE_BLOCK_D_PRESENT, bad_disk(d);
	d = disk(DISK_PRESENT), d.is.logical_block = 0, bad_disk(d);
	d = disk(DISK_PRESENT), d.is.logical_block = 513, bad_disk(d);
	d = disk(DISK_PRESENT), d.is.logical_block = d.is.physical_block = 1u << 20, bad_disk(d);
	d = disk(DISK_PRESENT), d.is.physical_block = 256, bad_disk(d);
	d = disk(DISK_PRESENT), d.is.bytes += 1, bad_disk(d);
	d = disk(DISK_PRESENT), d.is.bytes = 1ull << 63, bad_disk(d);
	d = disk(DISK_PRESENT), d.mono_ns = 0, bad_disk(d);
}
END_TEST

START_TEST(disk_texts_are_made_printable)
{
	struct disk_message d = disk(DISK_PRESENT);

	load_plugins();
	strcpy(d.is.model, "a\nb\033");
	ck_assert_int_eq(check_message(&d), 0);
	ck_assert_str_eq(d.is.model, "a?b?");
}
END_TEST

START_TEST(only_replies_have_a_sequence_number)
{
	struct proto_reply reply = { .h = header(PROTO_REPLY, sizeof(reply)) };
	struct proto_state_msg m = state(STATE_ADOPTED);

	ck_assert_int_eq(check_message(&reply), -EPROTO);
	reply.h.seq = 3;
	reply.error = 1;
	ck_assert_int_eq(check_message(&reply), -EPROTO);
	reply.error = -4096; /* no errno */
	ck_assert_int_eq(check_message(&reply), -EPROTO);
	reply.error = -4095;
	ck_assert_int_eq(check_message(&reply), 0);
	m.h.seq = 3;
	ck_assert_int_eq(check_message(&m), -EPROTO);
}
END_TEST

START_TEST(only_a_reload_allows_a_return_to_booted)
{
	load_plugins();
	ck_assert_int_eq(send_state(STATE_READY), 0);
	ck_assert_int_eq(send_state(STATE_BOOTED), -EPROTO);
	ctx.reloads = true;
	ck_assert_int_eq(send_state(STATE_BOOTED), 0);
	ck_assert_int_eq(send_state(STATE_READY), -EPROTO);
	ck_assert_int_eq(send_state(STATE_LOADED), 0);
	ck_assert_int_eq(send_state(STATE_READY), 0);
	ck_assert_int_eq(send_state(STATE_BOOTED), -EPROTO);
}
END_TEST

START_TEST(a_state_may_be_repeated_once_on_request)
{
	load_plugins();
	ck_assert_int_eq(send_state(STATE_READY), 0);
	ck_assert_int_eq(send_state(STATE_READY), -EPROTO);
	ctx.again = 1;
	ck_assert_int_eq(send_state(STATE_LOADED), -EPROTO);
	ck_assert_int_eq(send_state(STATE_READY), 0);
	ck_assert_int_eq(send_state(STATE_READY), -EPROTO);
}
END_TEST

static int send_text(struct proto_text *m, const char *text, uint32_t extra)
{
	uint32_t len = offsetof(struct proto_text, text) + strlen(text) + 1 + extra;

	m->h = header(PROTO_TEXT, len);
	m->h.seq = 1;
	memcpy(m->text, text, strlen(text) + 1);
	return check_message(m);
}

START_TEST(a_text_of_wrong_length_is_refused)
{
	static struct proto_text m;

	ck_assert_int_eq(send_text(&m, "", 0), 0);
	ck_assert_int_eq(send_text(&m, "e1000e.copybreak", 0), 0);
	ck_assert_int_eq(send_text(&m, "something behind", 1), -EPROTO);
	m.h.len = offsetof(struct proto_text, text);
	ck_assert_int_eq(check_message(&m), -EPROTO);
	m.h.len = sizeof(m);
	memset(m.text, 'x', sizeof(m.text));
	ck_assert_int_eq(check_message(&m), -EPROTO);
	m.h.len = sizeof(m) + 1;
	ck_assert_int_eq(check_message(&m), -EPROTO);
	m.h.seq = 0;
	m.error = 1;
	ck_assert_int_eq(send_text(&m, "", 0), -EPROTO);
}
END_TEST

START_TEST(floods_are_refused_but_many_messages_are_not)
{
	struct proto_heartbeat beat = { .h = header(PROTO_HEARTBEAT, sizeof(beat)) };
	uint64_t now = NOW;
	uint32_t i;

	ck_assert_int_eq(send_state(STATE_ADOPTED), 0);
	for (i = 0; i < 20 * MESSAGE_RATE_MAX; i++, now += 1000000)
		ck_assert_int_eq(message_check(&ctx, &beat, sizeof(beat), now, &why), 0);
	for (i = 0; i <= 2 * MESSAGE_RATE_MAX; i++)
		if (message_check(&ctx, &beat, sizeof(beat), now, &why))
			break;
	ck_assert_uint_le(i, MESSAGE_RATE_MAX);
	ck_assert_str_eq(why, "flood of messages");
}
END_TEST

START_TEST(only_unsolicited_replies_count_as_messages)
{
	struct proto_heartbeat beat = { .h = header(PROTO_HEARTBEAT, sizeof(beat)) };
	struct proto_reply reply = { .h = header(PROTO_REPLY, sizeof(reply)) };
	static struct proto_text text;
	uint32_t i;

	load_plugins();
	reply.h.seq = 1;
	for (i = 0; i < 2 * MESSAGE_RATE_MAX; i++) {
		ck_assert_int_eq(check_message(&reply), 0);
		ck_assert_int_eq(send_text(&text, "x", 0), 0);
	}
	ck_assert_int_eq(check_message(&beat), 0);
	for (i = ctx.window_count; i < MESSAGE_RATE_MAX; i++)
		ck_assert_ptr_null(message_unasked(&ctx, NOW));
	ck_assert_str_eq(message_unasked(&ctx, NOW), "flood of messages");
	ck_assert_int_eq(check_message(&beat), -EPROTO);
	ck_assert_ptr_null(message_unasked(&ctx, NOW + 1100000000ull));
}
END_TEST

START_TEST(random_messages_cause_no_crash)
{
	uint8_t buf[MESSAGE_MAX];
	uint32_t seed = 1;
	size_t i, len;
	int round;

	for (round = 0; round < 20000; round++) {
		for (i = 0; i < sizeof(buf); i++)
			buf[i] = (seed = seed * 1664525 + 1013904223) >> 24;
		len = seed % sizeof(buf);
		/* A valid header in every second round, so that the rest is checked. */
		if (round & 1) {
			*(struct proto_header *)buf = header(PROTO_STATE + round / 2 % 6, len);
			if (round & 2)
				len = ((struct proto_header *)buf)->len = sizeof(
					struct proto_state_msg);
		}
		setup();
		message_check(&ctx, buf, len, NOW, &why);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("message");
	TCase *c = tcase_create("message");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, messages_of_a_valid_driver_host_are_accepted);
	tcase_add_test(c, wrong_lengths_are_refused);
	tcase_add_test(c, unknown_types_and_versions_are_refused);
	tcase_add_test(c, states_out_of_order_or_repeated_are_refused);
	tcase_add_test(c, a_driver_host_may_stop_or_fail_at_any_time);
	tcase_add_test(c, texts_are_terminated_and_made_printable);
	tcase_add_test(c, state_members_out_of_range_are_refused);
	tcase_add_test(c, an_interface_before_the_plugins_is_refused);
	tcase_add_test(c, interface_members_out_of_range_are_refused);
	tcase_add_test(c, exports_of_an_unknown_class_are_refused);
	tcase_add_test(c, a_disk_before_the_plugins_is_refused);
	tcase_add_test(c, disk_members_out_of_range_are_refused);
	tcase_add_test(c, disk_texts_are_made_printable);
	tcase_add_test(c, only_replies_have_a_sequence_number);
	tcase_add_test(c, floods_are_refused_but_many_messages_are_not);
	tcase_add_test(c, only_a_reload_allows_a_return_to_booted);
	tcase_add_test(c, a_state_may_be_repeated_once_on_request);
	tcase_add_test(c, a_text_of_wrong_length_is_refused);
	tcase_add_test(c, only_unsolicited_replies_count_as_messages);
	tcase_add_test(c, random_messages_cause_no_crash);
	suite_add_tcase(s, c);
	return suite_run(s);
}
