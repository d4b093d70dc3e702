/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands that change something. Return: exit code. */
#ifndef DDECTL_CHANGE_H
#define DDECTL_CHANGE_H

#include "client/options.h"

int cmd_bind(const struct options *o);
int cmd_unbind(const struct options *o);
int cmd_restart(const struct options *o);
int cmd_switch(const struct options *o);
int cmd_reload(const struct options *o);
int cmd_monitor(const struct options *o);
int cmd_check(const struct options *o);
int cmd_try(const struct options *o);

#endif
