/* SPDX-License-Identifier: GPL-2.0-only */
/* What has to be chosen by the processor: CPU 0, in setup_arch(). */
#ifndef DDE_LIB_H
#define DDE_LIB_H

struct cpu_features;

void dde_random_init(const struct cpu_features *cpu);
void dde_string_init(const struct cpu_features *cpu);

#endif
