/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fault in kernel code: report where, with symbols and registers, then let
 * the signal end the process as if it had not been caught, so that the
 * supervisor sees its name and the core dump shows the fault.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "internal.h"

#define ALT_STACK (64u << 10)
#define DEPTH 32

static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };

/* Async-signal-safe but for dladdr(), which only takes a lock that a CPU thread
 * never holds. */
static void log_address(const char *what, uint64_t addr)
{
	char sym[256] = "";
	Dl_info d = { 0 };

	if (dladdr((void *)(uintptr_t)addr, &d) && d.dli_fname) {
		const char *base = strrchr(d.dli_fname, '/');
		uint64_t offset = addr - (uint64_t)(uintptr_t)d.dli_fbase;

		if (host.up->symbol(addr, sym, sizeof(sym)) <= 0 && d.dli_sname)
			snprintf(sym, sizeof(sym), "%s", d.dli_sname);
		host_log(0, "%s %s [%s+%#llx]", what, sym[0] ? sym : "?",
			 base ? base + 1 : d.dli_fname, (unsigned long long)offset);
	} else {
		host_log(0, "%s %#llx", what, (unsigned long long)addr);
	}
}

static bool readable(uint64_t addr)
{
	unsigned char vec;

	/* Tells unmapped from mapped without a fault. */
	return mincore((void *)(uintptr_t)(addr & ~4095ull), 1, &vec) == 0 || errno != ENOMEM;
}

/* The kernel is built with frame pointers. */
static void log_frames(uint64_t fp)
{
	int i;

	for (i = 0; i < DEPTH; i++) {
		uint64_t *frame = (uint64_t *)(uintptr_t)fp;

		if (fp & 7 || fp < 4096 || !readable(fp) || !readable(fp + 8))
			return;
		if (!frame[1])
			return;
		log_address("   ", frame[1]);
		if (frame[0] <= fp)
			return;
		fp = frame[0];
	}
}

static void on_fault(int sig, siginfo_t *si, void *context)
{
	const greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	signal(sig, SIG_DFL);
	host_log(0, "dde: signal %d (%s), address %p", sig, sigdescr_np(sig), si->si_addr);
	log_address("dde: at", (uint64_t)r[REG_RIP]);
	host_log(0, "rax %016llx rbx %016llx rcx %016llx rdx %016llx", r[REG_RAX], r[REG_RBX],
		 r[REG_RCX], r[REG_RDX]);
	host_log(0, "rsi %016llx rdi %016llx rbp %016llx rsp %016llx", r[REG_RSI], r[REG_RDI],
		 r[REG_RBP], r[REG_RSP]);
	host_log(0, "r8  %016llx r9  %016llx r10 %016llx r11 %016llx", r[REG_R8], r[REG_R9],
		 r[REG_R10], r[REG_R11]);
	host_log(0, "r12 %016llx r13 %016llx r14 %016llx r15 %016llx", r[REG_R12], r[REG_R13],
		 r[REG_R14], r[REG_R15]);
	log_frames((uint64_t)r[REG_RBP]);
	/* Returning runs the instruction again, and the default action. */
}

int host_crash_init(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	size_t i;

	sigfillset(&sa.sa_mask);
	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (sigaction(fatal[i], &sa, NULL) < 0)
			return -errno;
	return 0;
}

int host_crash_init_thread(void)
{
	void *stack = mmap(NULL, ALT_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	stack_t ss = { .ss_sp = stack, .ss_size = ALT_STACK };

	if (stack == MAP_FAILED)
		return -errno;
	return sigaltstack(&ss, NULL) < 0 ? -errno : 0;
}
