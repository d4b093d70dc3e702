/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver host's mailbox: the order of what CPU threads post. This test is main loop and CPU. */
#include <stdlib.h>

#include "daemon/driver-host/mailbox.h"
#include "dde_host.h"
#include "../lib/suite.h"

static sd_event *event;
static struct mail_queue *early, *later;
static struct call call;
static int n_items, items_when_done;

/* The runtime's: here it only accepts. */
void dde_host_submit(struct dde_request *request)
{
}

static void count_item(void *arg, const void *item)
{
	n_items++;
}

static void on_call_done(struct call *done)
{
	items_when_done = n_items;
}

/* A CPU thread: an export, then the end of the request that caused it. The queue of the export
 * has been read already. */
static void post_export_and_end(void *arg, const void *item)
{
	int one = 1;

	mailbox_queue_post(early, &one);
	mailbox_post_done(&call.req);
}

static void nothing(void)
{
}

START_TEST(the_end_of_a_request_does_not_overtake_what_was_posted_before_it)
{
	static const struct mailbox_handlers handlers = { .booted = nothing, .halted = nothing };
	int one = 1;

	ck_assert_int_ge(sd_event_default(&event), 0);
	ck_assert_int_ge(mailbox_open(event, &handlers), 0);
	ck_assert_int_eq(mailbox_queue_create(sizeof(int), post_export_and_end, NULL, &later), 0);
	ck_assert_int_eq(mailbox_queue_create(sizeof(int), count_item, NULL, &early), 0);
	items_when_done = -1;
	call_submit(&call, NULL, NULL, on_call_done);
	mailbox_queue_post(later, &one);
	while (items_when_done < 0)
		ck_assert_int_ge(sd_event_run(event, 1000000), 0);
	ck_assert_int_eq(items_when_done, 1);
	sd_event_unref(event);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mailbox");
	TCase *c = tcase_create("mailbox");

	tcase_add_test(c, the_end_of_a_request_does_not_overtake_what_was_posted_before_it);
	suite_add_tcase(s, c);
	return suite_run(s);
}
