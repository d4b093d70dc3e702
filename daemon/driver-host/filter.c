/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system calls of a driver host once driver code may run.  What is not in here
 * raises SIGSYS (sigsys.c).  Calls whose effect lies behind a pointer are in here only
 * if that cannot reach beyond the process: clone3() is answered by "not there", and
 * libc takes clone(); what names a file is for the gate alone.
 *
 * An argument that the kernel reads as an int is compared in these 32 bits, whatever is
 * above: libc leaves garbage there.  Where the kernel reads all 64 (protections and flags
 * of mmap(), pointers), all are compared.  There is no comparison by order: of what is
 * above, or of a number that is another one to the kernel.
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

/* Made often first; behind each, who needs it: a file of ours, or what of libc or libsystemd.
 * Run emu/traffic-e1000e and emu/disk-nbd-nvme by strace to see them. */
/* clang-format off */
static const int always[] = {
	SCMP_SYS(read),            /* eventfds, timerfds, qtest.c; files of the gate */
	SCMP_SYS(write),           /* eventfds; uio/config.c */
	SCMP_SYS(readv),           /* net/host-tap.c */
	SCMP_SYS(writev),          /* net/host-tap.c, the log in ddekitd.c */
	SCMP_SYS(epoll_pwait2),    /* host/event.c, sd-event */
	SCMP_SYS(epoll_wait),      /* both, where the kernel has no epoll_pwait2() */
	SCMP_SYS(ppoll),           /* host/event.c, likewise */
	SCMP_SYS(poll),            /* qtest.c */
	SCMP_SYS(rt_sigreturn),    /* each tick */
	SCMP_SYS(futex),           /* pthread_mutex_lock() */
	SCMP_SYS(sched_yield),     /* host/cpu.c, net/host-tap.c */
	SCMP_SYS(recvfrom),        /* ddekitd.c, qtest.c */
	SCMP_SYS(sendto),          /* ddekitd.c, qtest.c, block/share.c */
	SCMP_SYS(pread64),         /* vfio/adopt.c, uio/config.c, memory in ddekitd.c */
	SCMP_SYS(pwrite64),        /* vfio/adopt.c, uio/config.c */
	/* time */
	SCMP_SYS(clock_gettime),   /* of a thread's CPU; all where the vdso has no clock */
	SCMP_SYS(timer_create),    /* host/cpu.c: the tick */
	SCMP_SYS(timer_settime),   /* host/cpu.c */
	SCMP_SYS(timerfd_create),  /* host/clock.c, sd-event */
	SCMP_SYS(timerfd_settime), /* host/cpu.c, host/clock.c, sd-event */
	/* memory */
	SCMP_SYS(brk),             /* malloc() */
	SCMP_SYS(munmap),          /* free(), dlclose(), host/mem.c */
	SCMP_SYS(mremap),          /* realloc() */
	/* file descriptors that are there */
	SCMP_SYS(close),
	SCMP_SYS(fstat),           /* the gate: newfstatat() of a descriptor */
	SCMP_SYS(lseek),           /* rewind() in host/index.c */
	SCMP_SYS(epoll_create1),   /* host/event.c */
	SCMP_SYS(epoll_ctl),       /* host/event.c, sd-event */
	SCMP_SYS(eventfd2),        /* host/cpu.c */
	/* itself */
	SCMP_SYS(getpid),          /* host/raise.c, abort() */
	SCMP_SYS(gettid),          /* host/cpu.c, abort(), sd-event */
	SCMP_SYS(getrandom),       /* libsystemd seeds its hash tables */
	SCMP_SYS(sched_getaffinity), /* malloc() counts processors for its arenas */
	SCMP_SYS(sigaltstack),     /* host/crash.c */
	SCMP_SYS(rt_sigprocmask),  /* pthread_create(), abort(), host/cpu.c */
	SCMP_SYS(pause),           /* host/sys.c: a runtime that has halted */
	SCMP_SYS(restart_syscall), /* the kernel, after SIGSTOP */
	SCMP_SYS(set_robust_list), /* pthread_create() */
	SCMP_SYS(rseq),            /* pthread_create() */
	SCMP_SYS(exit),            /* the end of a thread: host/modprobe.c */
	SCMP_SYS(exit_group),
};

/* Advice that changes nothing but the process: MADV_REMOVE would punch a hole into the pool,
 * whose old pages VFIO has pinned. */
static const unsigned int advices[] = {
	MADV_DONTNEED,       /* free(), stacks of threads that have ended */
	MADV_NOHUGEPAGE,     /* host/mem.c, with KASAN */
	MADV_DONTDUMP,       /* host/mem.c, with KASAN */
	MADV_POPULATE_WRITE, /* host/mem.c */
};

/* No reset: that is for ddekitd, when the driver is gone. */
static const unsigned int ioctls[] = {
	TUNSETCARRIER,            /* net/host-tap.c */
	VFIO_DEVICE_SET_IRQS,     /* vfio/lines.c */
	VFIO_DEVICE_GET_IRQ_INFO, /* vfio/lines.c */
};

/* No F_SETFL: status flags belong to the open file, which others have too. No copy of a
 * descriptor: its number says whether it may be executed (FILTER_EXEC_FDS). */
static const unsigned int fcntls[] = {
	F_GET_SEALS, /* block/sealed.c */
};

static const unsigned int prctls[] = {
	PR_SET_NAME,       /* pthread_setname_np() in host/cpu.c, host/modprobe.c */
	PR_SET_TIMERSLACK, /* host/cpu.c */
};

/* Not SIGSYS, which is the gate's. */
static const unsigned int signals[] = {
	SIGURG, SIGUSR2, SIGQUIT,                /* the tick, dumps: host/cpu.c, host/crash.c */
	SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, /* host/crash.c */
	SIGABRT,                                 /* abort() */
	33,                                      /* SIGSETXID: libc, with the first thread */
};
/* clang-format on */

static int allow(scmp_filter_ctx ctx, int nr)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
}

static int allow_if(scmp_filter_ctx ctx, int nr, unsigned int n, const struct scmp_arg_cmp *cmp)
{
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, n, cmp);
}

/* A call whose int argument is one of a list. */
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

/* Of mmap(): those that say neither whose the memory is nor from where it comes. Not
 * MAP_HUGETLB and MAP_LOCKED: that memory is the machine's. */
#define MODIFIERS \
	((uint64_t)(MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_NORESERVE | MAP_STACK | MAP_DENYWRITE))

/* Memory to execute comes from files, which dlopen() has opened, and is not to be written. None
 * is shared but by a file: what is anonymous and shared, RLIMIT_DATA does not count. */
static int allow_memory(scmp_filter_ctx ctx)
{
	static const unsigned int kinds[] = {
		MAP_PRIVATE | MAP_ANONYMOUS, /* malloc(), stacks, host/mem.c */
		MAP_PRIVATE,                 /* dlopen() */
		MAP_SHARED,                  /* host/mem.c, registers, block/sealed.c */
	};
	const struct scmp_arg_cmp data = { 2, SCMP_CMP_MASKED_EQ,
					   ~(uint64_t)(PROT_READ | PROT_WRITE), 0 };
	const struct scmp_arg_cmp text[] = {
		{ 2, SCMP_CMP_MASKED_EQ, ~(uint64_t)PROT_READ, PROT_EXEC },
		{ 3, SCMP_CMP_MASKED_EQ, ~MODIFIERS, MAP_PRIVATE },
		{ 4, SCMP_CMP_MASKED_EQ, ~(uint64_t)(FILTER_EXEC_FDS - 1), 0 },
	};
	int r = allow_if(ctx, SCMP_SYS(mprotect), 1, &data);
	size_t i;

	for (i = 0; i < N(kinds) && !r; i++) {
		struct scmp_arg_cmp cmp[] = {
			data,
			{ 3, SCMP_CMP_MASKED_EQ, ~MODIFIERS, kinds[i] },
		};

		r = allow_if(ctx, SCMP_SYS(mmap), 2, cmp);
	}
	if (!r)
		r = allow_if(ctx, SCMP_SYS(mmap), N(text), text);
	return r ? r : allow_one_of(ctx, SCMP_SYS(madvise), 2, advices, N(advices));
}

/* ---- signals --------------------------------------------------------------- */

/* To its own threads only. */
static int allow_signals(scmp_filter_ctx ctx)
{
	const unsigned int self = (unsigned int)getpid();
	int r = allow_one_of(ctx, SCMP_SYS(tgkill), 0, &self, 1);

	return r ? r : allow_one_of(ctx, SCMP_SYS(rt_sigaction), 0, signals, N(signals));
}

/* ---- the gate ---------------------------------------------------------------------------- */

/* What a file may not be opened for. Landlock does not check O_PATH. */
#define NOT_READING (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | O_PATH | (O_TMPFILE & ~O_DIRECTORY))

/* The cookie is for order alone: whoever runs in the process can find it. Landlock is what
 * decides which files it opens; openat2() has its flags behind a pointer. */
static int allow_gate(scmp_filter_ctx ctx, uint64_t cookie, bool landlock)
{
	const struct scmp_arg_cmp open[] = {
		{ 2, SCMP_CMP_MASKED_EQ, (unsigned int)NOT_READING, 0 },
		{ 5, SCMP_CMP_EQ, cookie, 0 },
	};
	int r = allow_if(ctx, SCMP_SYS(openat), N(open), open);

	return r || landlock ? r : allow_if(ctx, SCMP_SYS(readlink), 1, &open[1]);
}

/* ---- all ---------------------------------------------------------------------------------- */

static int allow_by_argument(scmp_filter_ctx ctx, uint64_t cookie, bool landlock)
{
	int r = allow_one_of(ctx, SCMP_SYS(ioctl), 1, ioctls, N(ioctls));

	if (!r)
		r = allow_one_of(ctx, SCMP_SYS(fcntl), 1, fcntls, N(fcntls));
	if (!r)
		r = allow_one_of(ctx, SCMP_SYS(prctl), 0, prctls, N(prctls));
	return r ? r : allow_gate(ctx, cookie, landlock);
}

static int add_rules(scmp_filter_ctx ctx, uint64_t cookie, bool landlock)
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
	return r ? r : allow_by_argument(ctx, cookie, landlock);
}

int filter_load(uint64_t cookie, bool landlock)
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
		r = add_rules(ctx, cookie, landlock);
	if (!r)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r;
}
