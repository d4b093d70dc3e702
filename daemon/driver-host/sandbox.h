/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a driver host takes from itself before the first driver code runs; ddekitd
 * has given it a user, namespaces and limits before (daemon/ddekitd/process/confine.c).
 *
 *   sandbox.c   the order of things; Landlock: which files may be read
 *   filter.c    seccomp: which system calls may be made
 *   sigsys.c    SIGSYS: says which call was refused; opens files to be read
 */
#ifndef DDEKIT_HOST_SANDBOX_H
#define DDEKIT_HOST_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/host.h"

/**
 * sandbox_enter - shut the door behind us
 * @setup:   names the folders that stay readable; borrowed for ever
 * @ret_why: on failure what could not be done, a constant
 *
 * The process must have one thread, and what it needs open: afterwards it opens
 * files of the plugin and firmware folders to read them, and no others. Threads
 * started later are confined too, and there is no way back. What the machine's
 * kernel lacks is logged and done without.
 * Return: 0, -errno.
 */
int sandbox_enter(const struct proto_setup *setup, const char **ret_why);

/* ---- filter.c ------------------------------------------------------------------ */

/* Files with such a number may be mapped to be executed: what the process opens later. What
 * it got before and shares has a higher number, and there is no call to change that. */
#define FILTER_EXEC_FDS 256

/* @cookie: the sixth argument that marks the gate's own openat() and readlink(); @landlock: it
 * decides about files, and there is no readlink(). Return: 0, -errno. */
int filter_load(uint64_t cookie, bool landlock);

/* ---- sigsys.c -------------------------------------------------------------------- */

#define GATE_MAX_PATHS 32

/* Files and folders that may be read; a folder ends in a slash. */
struct gate_paths {
	unsigned int n;
	char path[GATE_MAX_PATHS][PROTO_PATH];
};

/* Before filter_load(). paths: borrowed for ever. Return: 0 and the cookie, -errno. */
int gate_open(const struct gate_paths *paths, bool landlock, uint64_t *ret_cookie);

#endif
