/* SPDX-License-Identifier: GPL-2.0-only */
/* What the seccomp filters of our confined processes share. */
#ifndef DDEKIT_HOST_SHARED_FILTER_H
#define DDEKIT_HOST_SHARED_FILTER_H

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>

/* Threads, and no processes or namespaces. clone3() hides its flags: it is "not there", and
 * libc takes clone(). Return: 0, -errno. */
static inline int filter_allow_threads(scmp_filter_ctx ctx)
{
	const uint64_t must = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
	const uint64_t never = CLONE_PTRACE | CLONE_VFORK | CLONE_PARENT | CLONE_NEWNS |
			       CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
			       CLONE_NEWPID | CLONE_NEWNET | CLONE_PIDFD | CLONE_IO;
	const struct scmp_arg_cmp thread = { 0, SCMP_CMP_MASKED_EQ, must | never, must };
	int r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, &thread);

	return r ? r : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* What libc and we use. Not MADV_REMOVE: it takes pages out of a file that others map, and out
 * of a pool that the device has. Return: 0, -errno. */
static inline int filter_allow_advice(scmp_filter_ctx ctx)
{
	static const unsigned int advice[] = {
		MADV_NORMAL,   MADV_DONTNEED,   MADV_FREE,     MADV_DONTDUMP,
		MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_WILLNEED, MADV_POPULATE_WRITE,
	};
	size_t i;
	int r = 0;

	for (i = 0; i < sizeof(advice) / sizeof(advice[0]) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, advice[i]));
	return r;
}

#endif
