/* SPDX-License-Identifier: GPL-2.0-only */
/* Emulated base address registers: sizing, addresses, and the windows for them. */
#include <linux/pci_regs.h>
#include "../../ddekit/backend/bars.h"
#include "../lib/suite.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define BAR(n) (PCI_BASE_ADDRESS_0 + 4 * (n))

static struct bars bars;

static uint32_t size_register(uint32_t reg)
{
	bars_write(&bars, reg, 4, ~0u);
	return bars_read(&bars, reg, 4);
}

static void setup(void)
{
	bars = (struct bars){ 0 };
	bars_set(&bars, 0, 0xfe000000, 128 << 10);
	bars_set(&bars, 1, 0xc001, 32);
	bars_set(&bars, 2, PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH, 8 * GIB);
	bars_set(&bars, 3, 0x12, 4096); /* ignored: the upper half of register 2 */
	bars_set(&bars, 4, 0, 0);
	bars_set(&bars, BARS_ROM, 0, 64 << 10);
}

START_TEST(ones_read_back_as_size_and_type)
{
	ck_assert_uint_eq(size_register(BAR(0)), 0xfffe0000);
	ck_assert_uint_eq(size_register(BAR(1)), 0xffffffe1);
	ck_assert_uint_eq(size_register(BAR(2)), 0x0000000c);
	ck_assert_uint_eq(size_register(BAR(3)), 0xfffffffe);
	ck_assert_uint_eq(size_register(BAR(4)), 0);
	ck_assert_uint_eq(size_register(PCI_ROM_ADDRESS), 0xffff0001);
}
END_TEST

START_TEST(parts_of_a_register_can_be_written)
{
	bars_write(&bars, BAR(0), 4, 0xe0000000);
	bars_write(&bars, BAR(0) + 2, 2, 0xe124);
	ck_assert_uint_eq(bars_read(&bars, BAR(0), 4), 0xe1240000);
	ck_assert_uint_eq(bars_read(&bars, BAR(0) + 3, 1), 0xe1);
	ck_assert_uint_eq(bars_read(&bars, BAR(0) + 2, 1), 0x24);
	bars_write(&bars, BAR(0), 1, 0xff);
	ck_assert_uint_eq(bars_read(&bars, BAR(0), 4), 0xe1240000);
}
END_TEST

START_TEST(only_base_address_registers_are_emulated)
{
	ck_assert(!bars_own(PCI_BASE_ADDRESS_0 - 4));
	ck_assert(bars_own(PCI_BASE_ADDRESS_0));
	ck_assert(bars_own(PCI_BASE_ADDRESS_5 + 2));
	ck_assert(!bars_own(PCI_CARDBUS_CIS));
	ck_assert(bars_own(PCI_ROM_ADDRESS));
	ck_assert(!bars_own(PCI_CAPABILITY_LIST));
}
END_TEST

START_TEST(an_address_is_found_up_to_the_last_byte)
{
	unsigned int n = 99;
	uint64_t offset = 99;

	bars_write(&bars, BAR(0), 4, 0xe0000000);
	ck_assert(!bars_find(&bars, SPACE_MEM, 0xdffffffc, 4, &n, &offset));
	ck_assert(!bars_find(&bars, SPACE_MEM, 0xe001fffe, 4, &n, &offset));
	ck_assert(!bars_find(&bars, SPACE_MEM, 0xe0000000, (128 << 10) + 1, &n, &offset));
	ck_assert(!bars_find(&bars, SPACE_IO, 0xe0000000, 4, &n, &offset));
	ck_assert_uint_eq(n, 99);
	ck_assert(bars_find(&bars, SPACE_MEM, 0xe001fffc, 4, &n, &offset));
	ck_assert_uint_eq(n, 0);
	ck_assert_uint_eq(offset, 0x1fffc);
}
END_TEST

START_TEST(ports_and_64_bit_addresses_are_found)
{
	unsigned int n;
	uint64_t offset;

	bars_write(&bars, BAR(1), 4, 0xc040);
	ck_assert(bars_find(&bars, SPACE_IO, 0xc05f, 1, &n, &offset));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(offset, 31);
	bars_write(&bars, BAR(2), 4, 0);
	bars_write(&bars, BAR(3), 4, 0x82);
	ck_assert(bars_find(&bars, SPACE_MEM, 0x8300000000, 8, &n, &offset));
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(offset, 4 * GIB);
}
END_TEST

START_TEST(a_register_without_address_matches_no_address)
{
	unsigned int n;
	uint64_t offset;

	ck_assert(!bars_find(&bars, SPACE_MEM, 0, 4, &n, &offset));
	ck_assert(!bars_find(&bars, SPACE_IO, 0, 1, &n, &offset));
}
END_TEST

START_TEST(windows_are_large_enough_for_all_registers)
{
	struct ddekit_pci_windows w;

	bars_windows(&bars, &w);
	ck_assert_uint_ge(w.mem64_size, 16 * GIB);
	ck_assert_uint_eq(w.mem64_size & (w.mem64_size - 1), 0);
	ck_assert_uint_ne(w.io_size, 0);
	bars = (struct bars){ 0 };
	bars_set(&bars, 0, 0, MIB);
	bars_windows(&bars, &w);
	ck_assert_uint_ge(w.mem_size, MIB);
	ck_assert_uint_eq(w.mem64_size, 0);
	ck_assert_uint_eq(w.io_size, 0);
}
END_TEST

START_TEST(a_large_64_bit_register_is_above_4_gib_prefetchable_or_not)
{
	struct ddekit_pci_windows w;

	bars = (struct bars){ 0 };
	bars_set(&bars, 0, PCI_BASE_ADDRESS_MEM_TYPE_64, GIB);
	bars_set(&bars, 2, PCI_BASE_ADDRESS_MEM_TYPE_64, MIB);
	ck_assert_uint_eq(size_register(BAR(0)), 0xc000000c);
	ck_assert_uint_eq(size_register(BAR(2)), 0xfff00004);
	bars_windows(&bars, &w);
	ck_assert_uint_ge(w.mem64_size, 2 * GIB);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("bars");
	TCase *c = tcase_create("bars");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, ones_read_back_as_size_and_type);
	tcase_add_test(c, parts_of_a_register_can_be_written);
	tcase_add_test(c, only_base_address_registers_are_emulated);
	tcase_add_test(c, an_address_is_found_up_to_the_last_byte);
	tcase_add_test(c, ports_and_64_bit_addresses_are_found);
	tcase_add_test(c, a_register_without_address_matches_no_address);
	tcase_add_test(c, windows_are_large_enough_for_all_registers);
	tcase_add_test(c, a_large_64_bit_register_is_above_4_gib_prefetchable_or_not);
	suite_add_tcase(s, c);
	return suite_run(s);
}
