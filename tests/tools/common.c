/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared code of the test tools: time, sizes, network namespaces, percentiles. */
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void complain(const char *fmt, va_list ap, int err)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (err)
		fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, text,
			strerror(abs(err)));
	else
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap, 0);
	va_end(ap);
	exit(1);
}

void die_errno(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap, err);
	va_end(ap);
	exit(1);
}

void die_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap, 0);
	va_end(ap);
	fprintf(stderr, "See %s --help.\n", program_invocation_short_name);
	exit(2);
}

uint64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

int parse_real(const char *text, double *ret)
{
	char *end;
	double v;

	errno = 0;
	v = strtod(text, &end);
	if (errno || end == text || *end || !isfinite(v) || v < 0)
		return -EINVAL;
	*ret = v;
	return 0;
}

int parse_size(const char *text, uint64_t *ret)
{
	static const char units[] = "kMGT";
	double base = 1000, v;
	const char *unit;
	char *end;

	errno = 0;
	v = strtod(text, &end);
	if (errno || end == text || !isfinite(v) || v < 0)
		return -EINVAL;
	unit = *end ? strchr(units, *end == 'K' ? 'k' : *end) : NULL;
	if (*end && !unit)
		return -EINVAL;
	if (unit) {
		if (end[1] == 'i')
			base = 1024;
		if (end[1 + (base == 1024)])
			return -EINVAL;
		v *= pow(base, (double)(unit - units + 1));
	}
	if (v > 1e18)
		return -ERANGE;
	*ret = (uint64_t)v;
	return 0;
}

int parse_ipv4_endpoint(const char *text, struct sockaddr_in *ret)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	const char *colon = strrchr(text, ':');
	char host[64], *end;
	unsigned long port;

	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = 0;
	port = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || *end || port > 65535)
		return -EINVAL;
	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1)
		return -EINVAL;
	sin.sin_port = htons((uint16_t)port);
	*ret = sin;
	return 0;
}

int parse_mac(const char *text, uint8_t ret[6])
{
	unsigned int b[6];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 ||
	    text[end])
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		ret[i] = (uint8_t)b[i];
	return 0;
}

int enter_netns(const char *name)
{
	char path[256];
	int fd, ret = 0;

	if (strchr(name, '/') ||
	    snprintf(path, sizeof(path), "/run/netns/%s", name) >= (int)sizeof(path))
		return -EINVAL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (setns(fd, CLONE_NEWNET) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int open_own_netns(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void sort_u64(uint64_t *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare_u64);
}

uint64_t percentile_sorted(const uint64_t *values, size_t n, double p)
{
	size_t rank;

	if (!n)
		return 0;
	rank = (size_t)ceil(p / 100 * (double)n);
	if (rank < 1)
		rank = 1;
	return values[(rank > n ? n : rank) - 1];
}
