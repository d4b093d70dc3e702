/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system calls of a driver host once driver code may run.  What is not in here
 * raises SIGSYS (sigsys.c).  Calls whose effect lies behind a pointer are in here only
 * if that cannot reach beyond the process: clone3() is answered by "not there", and
 * libc takes clone(); openat() and openat2() are for the gate alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/vfio.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "sandbox.h"
#include "shared-filter.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Made often first. */
/* clang-format off */
static const int always[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(ppoll),
	SCMP_SYS(poll), SCMP_SYS(rt_sigreturn), SCMP_SYS(futex), SCMP_SYS(sched_yield),
	SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
	SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev),
	/* time */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(nanosleep), SCMP_SYS(timer_create),
	SCMP_SYS(timer_settime), SCMP_SYS(timer_gettime), SCMP_SYS(timer_getoverrun),
	SCMP_SYS(timer_delete), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
	/* file descriptors that are there */
	SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(lseek), SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl), SCMP_SYS(eventfd2), SCMP_SYS(getsockopt),
	/* names of files, without opening them */
	SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(getdents64),
	/* itself */
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrusage), SCMP_SYS(getrandom),
	SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu),
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigpending),
	SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigsuspend), SCMP_SYS(pause),
	SCMP_SYS(restart_syscall), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(exit), SCMP_SYS(exit_group),
};
/* clang-format on */

/* The TAP's carrier; a VFIO device's interrupts and what it is. No reset: that is
 * for ddekitd, when the driver is gone. */
static const unsigned long ioctls[] = {
	TUNSETCARRIER,
	VFIO_DEVICE_SET_IRQS,
	VFIO_DEVICE_GET_INFO,
	VFIO_DEVICE_GET_REGION_INFO,
	VFIO_DEVICE_GET_IRQ_INFO,
};

/* No F_SETFL: status flags belong to the open file, which others have too. */
static const unsigned int fcntls[] = {
	F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_GET_SEALS,
};

static const unsigned int prctls[] = {
	PR_SET_NAME,
	PR_GET_NAME,
	PR_SET_TIMERSLACK,
	PR_SET_VMA,
};

static int allow(scmp_filter_ctx ctx, int nr)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
}

static int allow_if(scmp_filter_ctx ctx, int nr, unsigned int n, const struct scmp_arg_cmp *cmp)
{
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, n, cmp);
}

/* A call whose argument is one of a list. */
static int allow_one_of(scmp_filter_ctx ctx, int nr, unsigned int arg, const unsigned int *list,
			size_t n)
{
	int r = 0;

	while (n-- && !r) {
		struct scmp_arg_cmp cmp = { arg, SCMP_CMP_MASKED_EQ, UINT32_MAX, list[n] };

		r = allow_if(ctx, nr, 1, &cmp);
	}
	return r;
}

/* ---- memory ------------------------------------------------------------------------- */

/* Memory to execute comes from files and is not to be written. None is shared but by
 * a file: what is anonymous and shared, RLIMIT_DATA does not count. */
static int allow_memory(scmp_filter_ctx ctx)
{
	static const unsigned int kinds[] = {
		MAP_PRIVATE | MAP_ANONYMOUS,
		MAP_PRIVATE,
		MAP_SHARED,
	};
	const uint64_t mask = MAP_TYPE | MAP_ANONYMOUS;
	const struct scmp_arg_cmp no_exec = { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 };
	const struct scmp_arg_cmp text[] = {
		{ 2, SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC },
		{ 3, SCMP_CMP_MASKED_EQ, mask, MAP_PRIVATE },
	};
	int r = allow_if(ctx, SCMP_SYS(mprotect), 1, &no_exec);
	size_t i;

	if (!r)
		r = filter_allow_advice(ctx);

	for (i = 0; i < N(kinds) && !r; i++) {
		struct scmp_arg_cmp cmp[] = {
			no_exec,
			{ 3, SCMP_CMP_MASKED_EQ, mask, kinds[i] },
		};

		r = allow_if(ctx, SCMP_SYS(mmap), 2, cmp);
	}
	return r ? r : allow_if(ctx, SCMP_SYS(mmap), 2, text);
}

/* ---- signals --------------------------------------------------------------- */

/* To its own threads only; and SIGSYS stays the gate's: the kernel looks at the lower half of
 * the number, so all others are named by that. */
static int allow_signals(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp self = { 0, SCMP_CMP_MASKED_EQ, UINT32_MAX, (uint32_t)getpid() };
	unsigned int others[_NSIG], n = 0;
	int sig, r = allow_if(ctx, SCMP_SYS(tgkill), 1, &self);

	for (sig = 1; sig < _NSIG; sig++)
		if (sig != SIGSYS)
			others[n++] = (unsigned int)sig;
	return r ? r : allow_one_of(ctx, SCMP_SYS(rt_sigaction), 0, others, n);
}

/* ---- all ---------------------------------------------------------------------------------- */

static int allow_by_argument(scmp_filter_ctx ctx, uint64_t cookie)
{
	const struct scmp_arg_cmp look[] = {
		{ 0, SCMP_CMP_MASKED_EQ, UINT32_MAX, 0 },
		{ 2, SCMP_CMP_EQ, 0, 0 },
	};
	const struct scmp_arg_cmp gate = { 5, SCMP_CMP_EQ, cookie, 0 };
	size_t i;
	int r = 0;

	for (i = 0; i < N(ioctls) && !r; i++) {
		struct scmp_arg_cmp cmp = { 1, SCMP_CMP_MASKED_EQ, UINT32_MAX, ioctls[i] };

		r = allow_if(ctx, SCMP_SYS(ioctl), 1, &cmp);
	}
	if (!r)
		r = allow_one_of(ctx, SCMP_SYS(fcntl), 1, fcntls, N(fcntls));
	if (!r)
		r = allow_one_of(ctx, SCMP_SYS(prctl), 0, prctls, N(prctls));
	if (!r)
		r = allow_if(ctx, SCMP_SYS(prlimit64), 2, look);
	if (!r)
		r = allow_if(ctx, SCMP_SYS(openat2), 1, &gate);
	return r ? r : allow_if(ctx, SCMP_SYS(openat), 1, &gate);
}

static int add_rules(scmp_filter_ctx ctx, uint64_t cookie)
{
	size_t i;
	int r = 0;

	for (i = 0; i < N(always) && !r; i++)
		r = allow(ctx, always[i]);
	if (!r)
		r = allow_memory(ctx);
	if (!r)
		r = filter_allow_threads(ctx);
	if (!r)
		r = allow_signals(ctx);
	return r ? r : allow_by_argument(ctx, cookie);
}

int filter_load(uint64_t cookie)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int r;

	if (!ctx)
		return -ENOMEM;
	/* What is not x86-64 has other numbers, and is never right. */
	r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_TRAP);
	/* A driver may run at the processor's speed: what it could spy out by
	 * speculation is its own process, too. */
	if (!r)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1);
	if (!r)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!r)
		r = add_rules(ctx, cookie);
	if (!r)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r;
}
