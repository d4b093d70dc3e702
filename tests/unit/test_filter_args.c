/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver host's system call filter as a program: what it decides does not depend on the
 * upper half of an argument that the kernel reads as an int.  The filter is not loaded but
 * interpreted, for each system call, each argument and many values.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "daemon/driver-host/sandbox.h"
#include "rig.h"

#define COOKIE 0x123456789abcull
#define MOST_CALLS 512
#define MOST_INSNS 8192
#define LOW_VALUES 128

static struct sock_filter program[MOST_INSNS];
static size_t length;

/* Instead of libseccomp's, for filter_load(). */
int seccomp_load(const scmp_filter_ctx ctx)
{
	FILE *f = tmpfile();
	int r = f ? seccomp_export_bpf(ctx, fileno(f)) : -errno;

	if (!r) {
		rewind(f);
		length = fread(program, sizeof(program[0]), MOST_INSNS, f);
	}
	if (f)
		fclose(f);
	return r;
}

static uint32_t load_word(const struct seccomp_data *d, uint32_t at)
{
	uint32_t word = 0;

	if (at <= sizeof(*d) - sizeof(word))
		memcpy(&word, (const char *)d + at, sizeof(word));
	else
		ck_abort_msg("load from %u", at);
	return word;
}

static bool jumps(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	}
	ck_abort_msg("jump %#x", code);
	return false;
}

static uint32_t decide(const struct seccomp_data *d)
{
	uint32_t a = 0;
	size_t pc;

	for (pc = 0; pc < length; pc++) {
		const struct sock_filter *i = &program[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = load_word(d, i->k);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			if (BPF_CLASS(i->code) != BPF_JMP)
				ck_abort_msg("instruction %#x", i->code);
			pc += jumps(i->code, a, i->k) ? i->jt : i->jf;
		}
	}
	ck_abort_msg("the filter does not end");
	return 0;
}

static bool allowed(int nr, unsigned int arg, uint64_t value, const struct seccomp_data *rest)
{
	struct seccomp_data d = *rest;

	d.nr = nr;
	d.arch = SCMP_ARCH_X86_64;
	d.args[arg] = value;
	return decide(&d) == SECCOMP_RET_ALLOW;
}

/* Arguments that the kernel reads as a whole: unsigned long, pointers, the gate's mark. */
static bool is_wide(int nr, unsigned int arg)
{
	switch (nr) {
	case SYS_mmap:
		return arg == 2 || arg == 3;
	case SYS_mprotect:
		return arg == 2;
	case SYS_clone:
		return arg == 0;
	case SYS_prlimit64:
		return arg == 2;
	case SYS_openat:
	case SYS_openat2:
		return arg == 5;
	}
	return false;
}

static void expect_same(int nr, unsigned int arg, uint32_t low, const struct seccomp_data *rest)
{
	static const uint64_t upper[] = { 1ull << 32, ~0ull << 32 };
	bool plain = allowed(nr, arg, low, rest);
	size_t i;

	for (i = 0; i < sizeof(upper) / sizeof(upper[0]); i++)
		if (allowed(nr, arg, upper[i] | low, rest) != plain)
			ck_abort_msg("call %d, argument %u: %#x is %s, %#llx is not", nr, arg, low,
				     plain ? "allowed" : "refused",
				     (unsigned long long)(upper[i] | low));
}

static void setup(void)
{
	length = 0;
	ck_assert_int_eq(filter_load(COOKIE), 0);
	ck_assert_uint_gt(length, 0);
	ck_assert_uint_lt(length, MOST_INSNS);
}

START_TEST(the_upper_half_of_an_int_decides_nothing)
{
	const struct seccomp_data rests[] = {
		{ .nr = 0 },
		{ .args = { getpid(), 0, 0, MAP_PRIVATE | MAP_ANONYMOUS, 0, COOKIE } },
	};
	unsigned int arg, bit, rest, n = 0;
	uint32_t low;
	int nr;

	for (nr = 0; nr < MOST_CALLS; nr++)
		for (arg = 0; arg < 6; arg++)
			for (rest = 0; rest < 2 && !is_wide(nr, arg); rest++, n++) {
				for (low = 0; low < LOW_VALUES; low++)
					expect_same(nr, arg, low, &rests[rest]);
				for (bit = 8; bit < 32; bit++)
					expect_same(nr, arg, 1u << bit, &rests[rest]);
				expect_same(nr, arg, (uint32_t)getpid(), &rests[rest]);
			}
	ck_assert_uint_gt(n, MOST_CALLS * 10);
}
END_TEST

START_TEST(no_other_architecture_is_allowed)
{
	static const uint32_t others[] = { SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_AARCH64, 0 };
	struct seccomp_data d = { .nr = 0 };
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		for (d.nr = 0; d.nr < MOST_CALLS; d.nr++) {
			d.arch = others[i];
			ck_assert_uint_eq(decide(&d), SECCOMP_RET_TRAP);
		}
	d.arch = SCMP_ARCH_X86_64;
	for (d.nr = 0x40000000; d.nr < 0x40000000 + MOST_CALLS; d.nr++)
		ck_assert_uint_eq(decide(&d), SECCOMP_RET_TRAP);
}
END_TEST

/* Each of them has a use; a call or value that becomes allowed shows here. */
START_TEST(what_is_allowed_by_its_argument_is_known)
{
	const struct seccomp_data none = { .nr = 0 };
	unsigned int n, sig;
	uint32_t v;

	for (sig = 0; sig < 70; sig++)
		ck_assert_msg(allowed(SYS_rt_sigaction, 0, sig, &none) ==
				      (sig && sig < 65 && sig != 31),
			      "signal %u", sig);
	for (v = n = 0; v < LOW_VALUES; v++)
		n += allowed(SYS_madvise, 2, v, &none);
	ck_assert_uint_eq(n, 8);
	ck_assert(!allowed(SYS_madvise, 2, MADV_REMOVE, &none));
	ck_assert(!allowed(SYS_madvise, 2, MADV_DONTFORK, &none));
	for (v = n = 0; v < LOW_VALUES; v++)
		n += allowed(SYS_tgkill, 0, v, &none);
	ck_assert_uint_le(n, 1); /* if its own number is so small */
	ck_assert(!allowed(SYS_fallocate, 0, 0, &none));
	ck_assert(!allowed(SYS_ftruncate, 0, 0, &none));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("filter-args");
	TCase *c = tcase_create("filter-args");

	tcase_set_timeout(c, 30);
	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, the_upper_half_of_an_int_decides_nothing);
	tcase_add_test(c, no_other_architecture_is_allowed);
	tcase_add_test(c, what_is_allowed_by_its_argument_is_known);
	suite_add_tcase(s, c);
	return suite_run(s);
}
