/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-thread flags, and the size of a stack. */
#ifndef _ASM_DDE_THREAD_INFO_H
#define _ASM_DDE_THREAD_INFO_H

/*
 * Down-calls run host code on these stacks, and a signal frame with all vector
 * registers (some 3 KiB) may be added; 64 KiB is enough for both.
 */
#define THREAD_SIZE_ORDER	4
#define THREAD_SIZE		(PAGE_SIZE << THREAD_SIZE_ORDER)

#ifndef __ASSEMBLY__

#include <asm/page.h>

struct thread_info {
	unsigned long flags;
	int preempt_count;
	unsigned int cpu;
};

#define INIT_THREAD_INFO(task) { .preempt_count = INIT_PREEMPT_COUNT }

#endif

#define TIF_SIGPENDING		1
#define TIF_NEED_RESCHED	2
#define TIF_NOTIFY_RESUME	3
#define TIF_NOTIFY_SIGNAL	4
#define TIF_RESTORE_SIGMASK	5
#define TIF_MEMDIE		6
#define TIF_SYSCALL_TRACE	7
#define TIF_POLLING_NRFLAG	8

#define _TIF_SIGPENDING		(1 << TIF_SIGPENDING)
#define _TIF_NEED_RESCHED	(1 << TIF_NEED_RESCHED)
#define _TIF_NOTIFY_RESUME	(1 << TIF_NOTIFY_RESUME)
#define _TIF_NOTIFY_SIGNAL	(1 << TIF_NOTIFY_SIGNAL)
#define _TIF_POLLING_NRFLAG	(1 << TIF_POLLING_NRFLAG)

#endif
