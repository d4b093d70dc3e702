/* SPDX-License-Identifier: GPL-2.0-only */
/* What a bind would do. */
#ifndef DDECTL_PLAN_H
#define DDECTL_PLAN_H

#include "client/client.h"

/* Prints it. Return: exit code; EXIT_FAILED also if the bind would fail. */
int print_plan(const struct options *o, sd_bus *bus);

#endif
