/* SPDX-License-Identifier: GPL-2.0-only */
/* Distinguishes our modules from those of another architecture. */
#ifndef _ASM_DDE_VERMAGIC_H
#define _ASM_DDE_VERMAGIC_H

#define MODULE_ARCH_VERMAGIC "dde "

#endif
