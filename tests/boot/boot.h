/* SPDX-License-Identifier: GPL-2.0-only */
/* Interface between the files of dde-boot; see main.c. */
#ifndef BOOT_H
#define BOOT_H

#include <stdint.h>
#include "dde_host.h"

/* Exit statuses besides 0 and those of signals. */
enum { EXIT_INIT = 1, EXIT_USAGE = 2, EXIT_PANIC = 3, EXIT_START = 4, EXIT_TIMEOUT = 124 };

/* Prints one line "dde-boot: …" on standard output, between those of the kernel. */
__attribute__((format(printf, 1, 2))) void print_line(const char *fmt, ...);
/* The same, then ends the process. */
__attribute__((format(printf, 2, 3), noreturn)) void die(int status, const char *fmt, ...);

uint64_t now_ns(void);

/* main.c: runs fn(arg) in the runtime and waits for it. Return: its result. */
int64_t call_runtime(int64_t (*fn)(void *arg), void *arg, const char *what);

/* plugins.c */
/* dir: folder of the plugins and their catalogue (NAME.json); borrowed. */
void plugins_init(const char *dir);
/*
 * Loads a plugin after its missing dependencies. args: module parameters, may be NULL. Return: 0
 * or what its init returned.
 */
int plugin_load(const char *name, const char *args);
/* Return: 0 or the runtime's error. */
int plugin_unload(const char *name);
/* Unloads all plugins, last first.  Return: 0 or the first error. */
int plugin_unload_all(void);

#endif
