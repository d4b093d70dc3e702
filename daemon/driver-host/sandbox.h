/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a driver host confines itself before the first driver code runs; ddekitd has already
 * set its user, namespaces and limits (daemon/ddekitd/process/confine.c).
 *
 *   sandbox.c   calls the others in order; Landlock: which files can be read
 *   filter.c    seccomp: which system calls are allowed
 *   sigsys.c    SIGSYS, "the gate": opens permitted files, logs any other refused call
 */
#ifndef DDEKIT_HOST_SANDBOX_H
#define DDEKIT_HOST_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include "protocol/host.h"

/**
 * sandbox_enter - confine this process
 * @setup:   names the folders that stay readable; borrowed until the process ends
 * @ret_why: on failure, the step that failed; a constant string
 *
 * The process must have one thread, and must have opened what it needs: afterwards it can
 * open only files of the plugin and firmware folders, to read them. Threads started later
 * are confined too. This cannot be undone. What the host kernel does not support is logged
 * and left out.
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

/* Before filter_load(). paths: must never be freed. Return: 0 and the cookie, -errno. */
int gate_open(const struct gate_paths *paths, bool landlock, uint64_t *ret_cookie);

#endif
