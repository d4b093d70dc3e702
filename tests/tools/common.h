/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared code of the test tools: time, sizes, network namespaces, percentiles. The tools are
 * programs, not libraries: die() ends them.
 */
#ifndef DDEKIT_TOOLS_COMMON_H
#define DDEKIT_TOOLS_COMMON_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Prints "tool: text" to stderr and exits with status 1. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* The same, and ": strerror(err)". err: positive or negative errno. */
void die_errno(int err, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
/* A usage error: exits with status 2 and points to --help. */
void die_usage(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Nanoseconds, CLOCK_MONOTONIC. */
uint64_t mono_ns(void);

/*
 * "1000", "64k", "1.5G" (powers of 1000), "4Ki", "1Gi" (of 1024).
 * Return: 0, -EINVAL, -ERANGE; *ret untouched on failure.
 */
int parse_size(const char *text, uint64_t *ret);
/* A non-negative decimal number with fraction. Return: 0, -EINVAL. */
int parse_real(const char *text, double *ret);
/* "ADDR:PORT", IPv4. Return: 0, -EINVAL. */
int parse_ipv4_endpoint(const char *text, struct sockaddr_in *ret);
/* "02:00:00:00:00:01". Return: 0, -EINVAL. */
int parse_mac(const char *text, uint8_t ret[6]);

/* Moves the calling thread into /run/netns/NAME. Return: 0, negative errno. */
int enter_netns(const char *name);
/* Opens the caller's own namespace, to return to it by setns().  Return: fd, -errno. */
int open_own_netns(void);

/* Sorts values and returns the p-th percentile (0..100); 0 if n is 0. */
void sort_u64(uint64_t *values, size_t n);
uint64_t percentile_sorted(const uint64_t *values, size_t n, double p);

#endif
