/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Passes a claim to another process: its state as plain data of this build, its files as file
 * descriptors.  QEMU does not notice: its lifeline and its sockets stay open.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "claim.h"

enum {
	SAVED_RAM,
	SAVED_QTEST,
	SAVED_MONITOR,
	SAVED_IVSHMEM,
	SAVED_LIFELINE,
	SAVED_WORDS,
	SAVED_PIDFD,
	SAVED_VECTORS
};
#define SAVED_FDS (SAVED_VECTORS + EMU_VECTORS)

_Static_assert(SAVED_FDS <= DDEKIT_CLAIM_FDS, "all files fit into a saved claim");

/* Followed by the functions. */
struct saved {
	uint64_t pool_size;
	int32_t pid;
	uint32_t n_functions;
};

static int *saved_fd(struct emu_claim *c, unsigned int i)
{
	switch (i) {
	case SAVED_RAM:
		return &c->ram_fd;
	case SAVED_QTEST:
		return &c->qtest_fd;
	case SAVED_MONITOR:
		return &c->monitor_fd;
	case SAVED_IVSHMEM:
		return &c->ivshmem_fd;
	case SAVED_LIFELINE:
		return &c->process.lifeline;
	case SAVED_WORDS:
		return &c->process.stderr_fd;
	case SAVED_PIDFD:
		return &c->process.pidfd;
	default:
		return &c->vector_fd[i - SAVED_VECTORS];
	}
}

int emu_claim_save(struct ddekit_claim *claim, struct ddekit_claim_saved *ret)
{
	struct emu_claim *c = (struct emu_claim *)claim;
	size_t one = sizeof(struct emu_function), len;
	struct saved *s;
	unsigned int i;

	len = sizeof(*s) + c->topology.n * one;
	s = calloc(1, len);
	if (!s)
		return -ENOMEM;
	*s = (struct saved){ .pool_size = c->pool_size,
			     .pid = c->process.pid,
			     .n_functions = c->topology.n };
	for (i = 0; i < c->topology.n; i++)
		memcpy((char *)(s + 1) + i * one, c->topology.fn[i], one);
	for (i = 0; i < SAVED_FDS; i++)
		ret->fds[i] = *saved_fd(c, i);
	ret->n_fds = SAVED_FDS;
	ret->data = s;
	ret->len = len;
	return 0;
}

static int saved_topology(struct emu_topology *t, const struct saved *s)
{
	size_t one = sizeof(struct emu_function);

	for (t->n = 0; t->n < s->n_functions; t->n++) {
		t->fn[t->n] = malloc(one);
		if (!t->fn[t->n])
			return -ENOMEM;
		memcpy(t->fn[t->n], (const char *)(s + 1) + t->n * one, one);
	}
	return 0;
}

/* The greeting is in the socket from QEMU's start until the monitor is first used. */
static bool monitor_is_ready(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

static int saved_check(const struct ddekit_claim_saved *saved, char **ret_why)
{
	const struct saved *s = saved->data;

	if (saved->len < sizeof(*s) || s->n_functions > EMU_MAX_FUNCTIONS ||
	    saved->len != sizeof(*s) + s->n_functions * sizeof(struct emu_function))
		return saved_other_build(ret_why);
	return saved_check_fds(saved, SAVED_FDS, ret_why);
}

int emu_claim_restore(const struct ddekit_claim_saved *saved, struct ddekit_claim **ret,
		      char **ret_why)
{
	const struct saved *s = saved->data;
	struct emu_claim *c;
	unsigned int i;
	int err = saved_check(saved, ret_why);

	if (err)
		return err;
	c = emu_claim_create(s->pool_size);
	if (!c)
		return -ENOMEM;
	err = saved_topology(&c->topology, s);
	if (err) {
		emu_topology_finish(&c->topology);
		free(c);
		return err;
	}
	for (i = 0; i < SAVED_FDS; i++)
		*saved_fd(c, i) = saved->fds[i];
	c->process.pid = s->pid;
	qtest_init(&c->qt, c->qtest_fd);
	emu_monitor_init(&c->monitor, c->monitor_fd);
	c->monitor.ready = monitor_is_ready(c->monitor_fd);
	*ret = &c->base;
	return 0;
}
