/* SPDX-License-Identifier: GPL-2.0-only */
/* Printing, panic, initcalls. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ddekit/initcall.h>
#include <ddekit/print.h>
#include "rig.h"

static char seen[8192];

static void store_text(void *arg, const char *text, size_t len)
{
	(void)arg;
	strncat(seen, text, len < sizeof(seen) - strlen(seen) ? len : 0);
}

static void setup(void)
{
	seen[0] = 0;
	ddekit_print_set_sink(store_text, NULL);
}

START_TEST(text_goes_to_the_sink)
{
	ck_assert_int_eq(ddekit_print("a"), 1);
	ck_assert_int_eq(ddekit_printf("%d-%s", 7, "b"), 3);
	ck_assert_str_eq(seen, "a7-b");
}
END_TEST

START_TEST(debug_is_silent_until_enabled)
{
	ddekit_debug("no");
	ddekit_debug_enable(1);
	ddekit_debug("yes %d", 1);
	ddekit_debug_enable(0);
	ddekit_debug("no");
	ck_assert_str_eq(seen, "yes 1\n");
}
END_TEST

START_TEST(a_long_debug_line_is_truncated_and_ends_with_a_newline)
{
	char text[3000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	ddekit_debug_enable(1);
	ddekit_debug("%s", text);
	ck_assert_uint_eq(strlen(seen), 1023);
	ck_assert_int_eq(seen[1022], '\n');
}
END_TEST

START_TEST(a_backtrace_names_its_callers)
{
	ddekit_backtrace();
	ck_assert_ptr_nonnull(strstr(seen, "#0 0x"));
	ck_assert_ptr_nonnull(strstr(seen, "test_print"));
}
END_TEST

static void print_text(void *arg, const char *text, size_t len)
{
	(void)arg;
	if (!strncmp(text, "panic: at 42\n", len))
		raise(SIGUSR1); /* the signal that the test expects */
}

START_TEST(panic_prints_its_text_and_ends_the_program)
{
	ddekit_print_set_sink(print_text, NULL);
	ddekit_panic("at %d", 42);
}
END_TEST

START_TEST(panic_aborts)
{
	ddekit_panic("over");
}
END_TEST

/* ---- initcalls ------------------------------------------------------------ */

static char order[8];
static int fail;

static int initcall_first(void)
{
	strcat(order, "1");
	return 0;
}
DDEKIT_INITCALL(initcall_first);

static int initcall_second(void)
{
	strcat(order, "2");
	return fail;
}
DDEKIT_INITCALL(initcall_second);

static int initcall_third(void)
{
	strcat(order, "3");
	return 0;
}
DDEKIT_INITCALL(initcall_third);

START_TEST(initcalls_run_once_in_order)
{
	ck_assert_int_eq(ddekit_initcalls_run(NULL), 0);
	ck_assert_int_eq(ddekit_initcalls_run(NULL), 0);
	ck_assert_str_eq(order, "123");
}
END_TEST

START_TEST(a_failing_initcall_is_named_and_the_others_run_later)
{
	const char *name = NULL;

	fail = -EIO;
	ck_assert_int_eq(ddekit_initcalls_run(&name), -EIO);
	ck_assert_str_eq(name, "initcall_second");
	ck_assert_str_eq(order, "12");
	ck_assert_int_eq(ddekit_initcalls_run(&name), 0);
	ck_assert_str_eq(order, "123");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("print");
	TCase *c = tcase_create("print");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, text_goes_to_the_sink);
	tcase_add_test(c, debug_is_silent_until_enabled);
	tcase_add_test(c, a_long_debug_line_is_truncated_and_ends_with_a_newline);
	tcase_add_test(c, a_backtrace_names_its_callers);
	tcase_add_test_raise_signal(c, panic_prints_its_text_and_ends_the_program, SIGUSR1);
	tcase_add_test_raise_signal(c, panic_aborts, SIGABRT);
	tcase_add_test(c, initcalls_run_once_in_order);
	tcase_add_test(c, a_failing_initcall_is_named_and_the_others_run_later);
	suite_add_tcase(s, c);
	return suite_run(s);
}
