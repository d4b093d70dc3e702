// SPDX-License-Identifier: GPL-2.0-only
/* The inner loop of the Internet checksum; the kernel's lib/checksum.c has the rest. */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/types.h>
#include <asm/checksum.h>
#include "../compat.h"

static __always_inline u64 add_carry(u64 sum, u64 value)
{
	asm("addq %1, %0\n\t"
	    "adcq $0, %0"
	    : "+r"(sum)
	    : "rm"(value)
	    : "cc");
	return sum;
}

static __always_inline u64 add_64_bytes(u64 sum, const unsigned char *p)
{
	asm("addq 0*8(%1), %0\n\t"
	    "adcq 1*8(%1), %0\n\t"
	    "adcq 2*8(%1), %0\n\t"
	    "adcq 3*8(%1), %0\n\t"
	    "adcq 4*8(%1), %0\n\t"
	    "adcq 5*8(%1), %0\n\t"
	    "adcq 6*8(%1), %0\n\t"
	    "adcq 7*8(%1), %0\n\t"
	    "adcq $0, %0"
	    : "+r"(sum)
	    : "r"(p), "m"(*(const unsigned char(*)[64])p)
	    : "cc");
	return sum;
}

/*
 * do_csum - the folded one's complement sum of @len bytes
 * Two sums run side by side, as each add waits for the carry of the previous one.
 * Loads need not be aligned; an odd address makes no difference, as the sum counts
 * from the buffer's first byte.
 */
unsigned int do_csum(const unsigned char *buff, int len)
{
	u64 sum = 0, other = 0;
	u64 last = 0;

	if (len <= 0)
		return 0;
	for (; len >= 128; len -= 128, buff += 128) {
		sum = add_64_bytes(sum, buff);
		other = add_64_bytes(other, buff + 64);
	}
	if (len >= 64) {
		sum = add_64_bytes(sum, buff);
		buff += 64;
		len -= 64;
	}
	for (; len >= 8; len -= 8, buff += 8)
		other = add_carry(other, get_unaligned((const u64 *)buff));
	if (len & 4) {
		last = get_unaligned((const u32 *)buff);
		buff += 4;
	}
	if (len & 2) {
		last += (u64)get_unaligned((const u16 *)buff) << 32;
		buff += 2;
	}
	if (len & 1)
		last += (u64)*buff << 48;
	sum = add_carry(add_carry(sum, other), last);
	sum = (sum >> 32) + (u32)sum;
	sum = (sum >> 32) + (u32)sum;
	sum = (sum >> 16) + (sum & 0xffff);
	return (sum >> 16) + (sum & 0xffff);
}
