/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on CPU threads go to the runtime, as a processor's exceptions go to a kernel; it
 * repairs or reports them.  Those that it cannot handle are reported here, with
 * registers; then the signal ends the process as if it had not been caught, so that the
 * supervisor sees which it was.
 *
 * SIGQUIT requests a dump: what each CPU executes, where each kernel thread is.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "internal.h"

#define ALT_STACK (128u << 10)
#define GUARD 4096u
#define SIG_DUMP SIGUSR2
/* Faults within faults: a report may cause some; more than that is a loop. */
#define MAX_NESTED 8

static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };

/* ---- registers ----------------------------------------------------------------- */

#define EACH_REGISTER(X) \
	X(r15, R15) \
	X(r14, R14) \
	X(r13, R13) \
	X(r12, R12) \
	X(bp, RBP) \
	X(bx, RBX) \
	X(r11, R11) \
	X(r10, R10) \
	X(r9, R9) \
	X(r8, R8) \
	X(ax, RAX) \
	X(cx, RCX) \
	X(dx, RDX) \
	X(si, RSI) \
	X(di, RDI) \
	X(ip, RIP) \
	X(flags, EFL) \
	X(sp, RSP)

static void registers_get(struct dde_registers *reg, const greg_t *from)
{
#define GET(name, NAME) reg->name = (uint64_t)from[REG_##NAME];
	EACH_REGISTER(GET)
#undef GET
}

static void registers_set(greg_t *to, const struct dde_registers *reg)
{
#define SET(name, NAME) to[REG_##NAME] = (greg_t)reg->name;
	EACH_REGISTER(SET)
#undef SET
}

/* ---- faults that the runtime cannot handle ------------------------------------------ */

/* Async-signal-safe except for dladdr(), whose lock a CPU thread never holds. */
static void log_address(const char *what, uint64_t addr)
{
	Dl_info d = { 0 };

	if (dladdr((void *)(uintptr_t)addr, &d) && d.dli_fname) {
		const char *base = strrchr(d.dli_fname, '/');
		uint64_t offset = addr - (uint64_t)(uintptr_t)d.dli_fbase;

		host_log(0, "%s %s [%s+%#llx]", what, d.dli_sname ? d.dli_sname : "?",
			 base ? base + 1 : d.dli_fname, (unsigned long long)offset);
	} else {
		host_log(0, "%s %#llx", what, (unsigned long long)addr);
	}
}

static void report_fatal(int sig, const siginfo_t *si, const greg_t *r)
{
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
}

/* ---- faults ---------------------------------------------------------------------------- */

static uint32_t kind_of(int sig, const siginfo_t *si)
{
	switch (sig) {
	case SIGSEGV:
		return si->si_code == SEGV_MAPERR || si->si_code == SEGV_ACCERR
			       ? DDE_FAULT_PAGE
			       : DDE_FAULT_PROTECTION;
	case SIGBUS:
		return DDE_FAULT_BUS;
	case SIGILL:
		return DDE_FAULT_OPCODE;
	case SIGFPE:
		return DDE_FAULT_DIVIDE;
	default:
		return DDE_FAULT_TRAP;
	}
}

/* The processor's page fault error code: bit 1 is a write, bit 4 a fetch. */
static uint32_t access_of(const greg_t *r)
{
	if (r[REG_ERR] & 16)
		return DDE_ACCESS_EXEC;
	return r[REG_ERR] & 2 ? DDE_ACCESS_WRITE : DDE_ACCESS_READ;
}

/* Return: whether the thread may continue, with registers as they are now. */
static bool runtime_handles(int cpu, int sig, const siginfo_t *si, greg_t *r)
{
	struct host_cpu *c = &host.cpu[cpu];
	struct dde_fault f = { .kind = kind_of(sig, si), .access = access_of(r) };
	int32_t ret;

	if (c->faults >= MAX_NESTED)
		return false;
	if (f.kind == DDE_FAULT_PAGE || f.kind == DDE_FAULT_BUS)
		f.address = (uint64_t)(uintptr_t)si->si_addr;
	registers_get(&f.reg, r);
	c->faults++;
	ret = host.up->fault->handle((uint32_t)cpu, &f);
	c->faults--;
	registers_set(r, &f.reg);
	return ret == 1;
}

static void on_fault(int sig, siginfo_t *si, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	int cpu = host_this_cpu, saved = errno;

	/* Not one that a process sent. */
	if (cpu >= 0 && si->si_code > 0 && runtime_handles(cpu, sig, si, r)) {
		errno = saved;
		return;
	}
	signal(sig, SIG_DFL);
	report_fatal(sig, si, r);
	/* Returning executes the instruction again, which ends the process; a signal
	 * that was sent has to be raised again. */
	if (si->si_code <= 0)
		raise(sig);
}

/* ---- dumps ------------------------------------------------------------------------------- */

void dde_host_dump(const void *context)
{
	const greg_t *r = ((const ucontext_t *)context)->uc_mcontext.gregs;
	int cpu = host_this_cpu, saved = errno;
	struct dde_registers reg;

	if (cpu < 0)
		return;
	registers_get(&reg, r);
	host.up->fault->dump((uint32_t)cpu, &reg);
	errno = saved;
}

static void on_dump(int sig, siginfo_t *si, void *context)
{
	dde_host_dump(context);
}

/* On any thread; the CPU threads write the dump. */
static void on_quit(int sig)
{
	unsigned int cpu = host.nr_cpus;
	int saved = errno;

	while (cpu--)
		if (host.cpu[cpu].tid)
			syscall(SYS_tgkill, getpid(), host.cpu[cpu].tid, SIG_DUMP);
	errno = saved;
}

int host_crash_init(void)
{
	/* A fault within the handler is one more fault. */
	struct sigaction fault = { .sa_sigaction = on_fault,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	struct sigaction dump = { .sa_sigaction = on_dump,
				  .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
	struct sigaction quit = { .sa_handler = on_quit, .sa_flags = SA_RESTART };
	size_t i;

	sigaddset(&fault.sa_mask, SIG_TICK);
	sigaddset(&fault.sa_mask, SIG_DUMP);
	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (sigaction(fatal[i], &fault, NULL) < 0)
			return -errno;
	sigaddset(&dump.sa_mask, SIG_TICK);
	if (sigaction(SIG_DUMP, &dump, NULL) < 0 || sigaction(SIGQUIT, &quit, NULL) < 0)
		return -errno;
	return 0;
}

void host_crash_signals(sigset_t *mask)
{
	size_t i;

	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigdelset(mask, fatal[i]);
	sigdelset(mask, SIGABRT);
	sigdelset(mask, SIGSYS); /* a system call that a sandbox refuses */
	sigdelset(mask, SIG_DUMP);
}

int host_crash_init_thread(void)
{
	char *stack = mmap(NULL, GUARD + ALT_STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t ss = { .ss_sp = stack + GUARD, .ss_size = ALT_STACK };

	if (stack == MAP_FAILED)
		return -errno;
	if (mprotect(stack, GUARD, PROT_NONE) < 0 || sigaltstack(&ss, NULL) < 0)
		return -errno;
	return 0;
}
