/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-hostcost: cost of basic operations on the machine's own kernel, measured by a process,
 * for comparison in tests/bench/kernel.  Prints lines "NAME VALUE ns".
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common.h"

#define ROUNDS 9
#define MAX_SAMPLES 10000

static void pin_to_first_cpu(void)
{
	cpu_set_t all, one;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(all), &all))
		die_errno(errno, "cannot read the CPU affinity");
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		die_errno(errno, "cannot stay on CPU %d", cpu);
}

/* ---- two threads and two pipes, on one CPU ------------------------------------- */

struct pair {
	int to[2], back[2];
	unsigned long n;
};

static void pass_turn(int from, int to, const char *who)
{
	char c = 0;

	if (read(from, &c, 1) != 1 || write(to, &c, 1) != 1)
		die_errno(errno, "pipe of %s", who);
}

static void *partner(void *arg)
{
	struct pair *p = arg;
	unsigned long i;

	for (i = 0; i < p->n; i++)
		pass_turn(p->to[0], p->back[1], "the partner");
	return NULL;
}

static void switches(struct pair *p)
{
	pthread_t thread;
	unsigned long i;
	char c = 0;

	if (pthread_create(&thread, NULL, partner, p))
		die("cannot start a thread");
	for (i = 0; i < p->n; i++)
		if (write(p->to[1], &c, 1) != 1 || read(p->back[0], &c, 1) != 1)
			die_errno(errno, "pipe");
	pthread_join(thread, NULL);
}

static void context_switch(unsigned long n)
{
	struct pair p = { .n = n };
	uint64_t took[ROUNDS], start;
	int i;

	if (pipe(p.to) || pipe(p.back))
		die_errno(errno, "cannot create pipes");
	for (i = 0; i < ROUNDS; i++) {
		start = mono_ns();
		switches(&p);
		took[i] = mono_ns() - start;
	}
	sort_u64(took, ROUNDS);
	printf("context_switch %.1f ns\n", (double)took[ROUNDS / 2] / (double)n / 2);
}

/* ---- sleeps ---------------------------------------------------------------------- */

static void sleep_error(const char *name, long usecs, unsigned long n)
{
	struct timespec span = { 0, usecs * 1000 };
	uint64_t sample[MAX_SAMPLES], start;
	unsigned long i;

	for (i = 0; i < n; i++) {
		start = mono_ns();
		if (clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL))
			die("sleep interrupted");
		sample[i] = mono_ns() - start - (uint64_t)usecs * 1000u;
	}
	sort_u64(sample, n);
	printf("%s_p50 %llu ns\n", name, (unsigned long long)percentile_sorted(sample, n, 50));
	printf("%s_p99 %llu ns\n", name, (unsigned long long)percentile_sorted(sample, n, 99));
}

int main(int argc, char **argv)
{
	unsigned long loops = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
	unsigned long sleeps = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;

	if (argc > 3 || !loops || !sleeps || sleeps > MAX_SAMPLES)
		die("usage: ddekit-hostcost [SWITCHES [SLEEPS]], at most %d sleeps", MAX_SAMPLES);
	pin_to_first_cpu();
	context_switch(loops);
	sleep_error("usleep_100us_error", 100, sleeps);
	sleep_error("usleep_1000us_error", 1000, sleeps);
	return 0;
}
