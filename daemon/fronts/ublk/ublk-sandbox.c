/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the server confines itself; see ublk.h.  It opens nothing: there is no call
 * among these that names a file, a process or an address.  What goes by io_uring is
 * restricted by the maker.  Any other call is its end.
 */
#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "driver-host/shared-filter.h"
#include "ublk.h"
#include "lib/util.h"

/* clang-format off */
static const int always[] = {
	SCMP_SYS(io_uring_enter), SCMP_SYS(futex), SCMP_SYS(read), SCMP_SYS(write),
	SCMP_SYS(poll), SCMP_SYS(sendto), SCMP_SYS(recvmsg), SCMP_SYS(close),
	SCMP_SYS(preadv2), SCMP_SYS(recvfrom),
	SCMP_SYS(clock_gettime), SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
	/* eventfds, output */
	SCMP_SYS(eventfd2), SCMP_SYS(newfstatat), SCMP_SYS(fstat), SCMP_SYS(writev),
	/* threads, its end */
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn), SCMP_SYS(gettid), SCMP_SYS(getpid),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};
/* clang-format on */

static int allow_memory(scmp_filter_ctx ctx)
{
	int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	return r ? r
		 : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static int load_filter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = ctx ? filter_allow_threads(ctx) : -ENOMEM;
	size_t i;

	if (!r)
		r = allow_memory(ctx);
	if (!r)
		r = filter_allow_advice(ctx);
	for (i = 0; i < ARRAY_SIZE(always) && !r; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, always[i], 0);
	if (!r)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r;
}

int ublk_sandbox_enter(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return load_filter();
}
