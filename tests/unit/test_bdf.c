/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI addresses as text. */
#include <errno.h>
#include "rig.h"

static void expect_parsed(const char *text, uint32_t domain, uint8_t bus, uint8_t dev, uint8_t fn)
{
	struct ddekit_bdf b;

	ck_assert_msg(ddekit_bdf_parse(text, &b) == 0, "%s", text);
	ck_assert_uint_eq(b.domain, domain);
	ck_assert_uint_eq(b.bus, bus);
	ck_assert_uint_eq(b.dev, dev);
	ck_assert_uint_eq(b.fn, fn);
}

START_TEST(long_and_short_forms_are_hexadecimal)
{
	expect_parsed("0000:01:00.0", 0, 1, 0, 0);
	expect_parsed("01:00.0", 0, 1, 0, 0);
	expect_parsed("10:1f.7", 0, 0x10, 0x1f, 7);
	expect_parsed("0001:FF:0a.3", 1, 0xff, 10, 3);
	expect_parsed("10000:e1:00.0", 0x10000, 0xe1, 0, 0);
	expect_parsed("ffffffff:00:00.0", 0xffffffff, 0, 0, 0);
	expect_parsed("0:1:2.3", 0, 1, 2, 3);
}
END_TEST

START_TEST(anything_else_is_refused_and_changes_nothing)
{
	static const char *const bad[] = { "",
					   ":",
					   "1",
					   "01:00",
					   "01:00.",
					   "01:00.8",
					   "01:20.0",
					   "001:00.0",
					   "0000:01:00.0 ",
					   " 01:00.0",
					   "0000:01:00.00",
					   "0000:01:000.0",
					   "0000:0000:01:00.0",
					   "0000:01.00.0",
					   "eth0",
					   "g0:00.0",
					   "-1:00.0",
					   "0x1:00.0",
					   "123456789:01:00.0",
					   ":01:00.0",
					   "0000::00.0",
					   "0000:01:.0",
					   "01:00:0" };
	struct ddekit_bdf b = { 77, 7, 7, 7 };
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(ddekit_bdf_parse(bad[i], &b) == -EINVAL, "\"%s\"", bad[i]);
	ck_assert_uint_eq(b.domain, 77);
	ck_assert_uint_eq(b.bus, 7);
}
END_TEST

START_TEST(format_writes_the_long_form)
{
	char buf[DDEKIT_BDF_STRLEN];

	ck_assert_str_eq(ddekit_bdf_format((struct ddekit_bdf){ 0, 0x1a, 0x1f, 7 }, buf),
			 "0000:1a:1f.7");
	ck_assert_str_eq(ddekit_bdf_format((struct ddekit_bdf){ 0xffffffff, 0xff, 31, 7 }, buf),
			 "ffffffff:ff:1f.7");
}
END_TEST

START_TEST(compare_orders_by_domain_bus_device_and_function)
{
	static const struct ddekit_bdf order[] = { { 0, 0, 0, 0 },         { 0, 0, 0, 7 },
						   { 0, 0, 31, 0 },        { 0, 1, 0, 0 },
						   { 0, 0xff, 31, 7 },     { 1, 0, 0, 0 },
						   { 0xffffffff, 0, 0, 0 } };
	int i, k, n = sizeof(order) / sizeof(order[0]);

	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++) {
			int c = ddekit_bdf_compare(order[i], order[k]);

			ck_assert_int_eq((c > 0) - (c < 0), (i > k) - (i < k));
		}
}
END_TEST

START_TEST(devfn_is_the_encoding_of_pci)
{
	ck_assert_uint_eq(ddekit_bdf_devfn((struct ddekit_bdf){ 5, 9, 1, 0 }), 8);
	ck_assert_uint_eq(ddekit_bdf_devfn((struct ddekit_bdf){ 0, 0, 31, 7 }), 0xff);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bdf");
	TCase *c = tcase_create("bdf");

	tcase_add_test(c, long_and_short_forms_are_hexadecimal);
	tcase_add_test(c, anything_else_is_refused_and_changes_nothing);
	tcase_add_test(c, format_writes_the_long_form);
	tcase_add_test(c, compare_orders_by_domain_bus_device_and_function);
	tcase_add_test(c, devfn_is_the_encoding_of_pci);
	suite_add_tcase(s, c);
	return suite_run(s);
}
