/* SPDX-License-Identifier: GPL-2.0-only */
/* Raising interrupts of the runtime, and waking the CPU that takes them. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "internal.h"

void host_kick(uint32_t cpu)
{
	struct host_cpu *c = &host.cpu[cpu];
	uint64_t one = 1;

	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&c->sleeping)) {
		if (write(c->kick_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
			host_die("cannot kick a CPU");
	} else if ((int)cpu != host_this_cpu && c->tid) {
		syscall(SYS_tgkill, getpid(), c->tid, SIG_TICK);
	}
}

void host_raise(uint32_t hwirq)
{
	uint32_t cpu = host.up->irq->raise(hwirq);

	if ((int)cpu != host_this_cpu)
		host_kick(cpu);
}

void dde_host_submit(struct dde_request *req)
{
	host.up->sys->submit(req);
	host_kick(0);
}
