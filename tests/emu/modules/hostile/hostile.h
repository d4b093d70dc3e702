/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the hostile driver. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <linux/pci.h>
#include <linux/types.h>

struct hostile_case {
	const char *name;
	void (*fn)(struct pci_dev *pdev);
};

/* Parameters: processes to attack, the protocol's version, a file to read. */
extern int hostile_daemon;
extern int hostile_other;
extern int hostile_proto;
extern char *hostile_path;

/* A system call of the host kernel, bypassing libc and the runtime. */
static inline long host_call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return ret;
}

#define CALL1(nr, a) host_call(nr, (long)(a), 0, 0, 0, 0, 0)
#define CALL2(nr, a, b) host_call(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(nr, a, b, c) host_call(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL4(nr, a, b, c, d) host_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define CALL6(nr, a, b, c, d, e, f) \
	host_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* Numbers of x86-64; the kernel world has no headers with the host's. */
/* clang-format off */
enum {
	H_read = 0, H_write = 1, H_open = 2, H_close = 3, H_mmap = 9, H_mprotect = 10,
	H_munmap = 11, H_sigaction = 13, H_ioctl = 16, H_access = 21, H_madvise = 28,
	H_pause = 34, H_getpid = 39,
	H_socket = 41, H_sendto = 44, H_sendmsg = 46, H_socketpair = 53, H_clone = 56,
	H_fork = 57, H_execve = 59, H_kill = 62, H_shmget = 29, H_dup = 32, H_fcntl = 72,
	H_chmod = 90, H_unlink = 87, H_readlink = 89, H_ptrace = 101, H_setuid = 105,
	H_prctl = 157, H_mount = 165, H_init_module = 175, H_tgkill = 234, H_openat = 257,
	H_newfstatat = 262, H_unshare = 272, H_fallocate = 285, H_eventfd2 = 290,
	H_prlimit64 = 302, H_statx = 332, H_open_by_handle_at = 304, H_setns = 308,
	H_process_vm_readv = 310, H_memfd_create = 319, H_bpf = 321, H_io_uring_setup = 425,
	H_pidfd_open = 434, H_clone3 = 435, H_openat2 = 437, H_future = 2000,
};
/* clang-format on */

extern const struct hostile_case syscall_cases[], exhaust_cases[], device_cases[];

#endif
