/* SPDX-License-Identifier: GPL-2.0-only */
/* The Internet checksum, eight bytes at a time. */
#ifndef _ASM_DDE_CHECKSUM_H
#define _ASM_DDE_CHECKSUM_H

unsigned int do_csum(const unsigned char *buff, int len);
#define do_csum do_csum

#include <asm-generic/checksum.h>

#endif
