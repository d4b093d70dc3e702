// SPDX-License-Identifier: GPL-2.0-only
/* System calls that no driver may make, one per case. */
#include <linux/fcntl.h>
#include <linux/kernel.h>
#include "hostile.h"

#define WRONLY_CREAT 0101
#define SIGKILL 9
#define SIGSYS 31
#define FIRST_MEMORY 256 /* FILTER_EXEC_FDS: what the host shares has such numbers */

static void log_result(const char *what, long result)
{
	pr_info("hostile: %s: %ld\n", what, result);
}

/* ---- files: refused, and the process continues -------------------------------- */

static void try_files(struct pci_dev *pdev)
{
	static const char *const to_read[] = {
		"/etc/passwd",
		"/etc/shadow",
		"/proc/1/environ",
		"/proc/self/maps",
		"/dev/mem",
		"/sys/kernel/vmcoreinfo",
		"/",
		"/proc/self/ns/net",
		"/dev/net/tun",
	};
	size_t i;
	u64 how[3] = { 0 };

	for (i = 0; i < ARRAY_SIZE(to_read); i++) {
		log_result(to_read[i], CALL4(H_openat, AT_FDCWD, to_read[i], 0, 0));
		log_result("open", CALL2(H_open, to_read[i], 0));
		log_result("openat2", CALL4(H_openat2, AT_FDCWD, to_read[i], how, sizeof(how)));
	}
}

static void try_writing(struct pci_dev *pdev)
{
	static const char *const to_write[] = {
		"/tmp/ddekit-hostile",     "/proc/self/mem", "/dev/mem",
		"/dev/shm/ddekit-hostile", "/dev/null",
	};
	size_t i;
	u64 how[3] = { WRONLY_CREAT, 0666, 0 };

	for (i = 0; i < ARRAY_SIZE(to_write); i++) {
		log_result(to_write[i], CALL4(H_openat, AT_FDCWD, to_write[i], WRONLY_CREAT, 0666));
		log_result("open", CALL3(H_open, to_write[i], WRONLY_CREAT, 0666));
		log_result("openat2", CALL4(H_openat2, AT_FDCWD, to_write[i], how, sizeof(how)));
	}
}

/* A file with an allowed name, for example a link out of the folder. */
static void try_path(struct pci_dev *pdev)
{
	char text[16] = "";
	long fd = CALL4(H_openat, AT_FDCWD, hostile_path, 0, 0);

	log_result(hostile_path, fd);
	if (fd >= 0)
		log_result("read", CALL3(H_read, fd, text, sizeof(text) - 1));
}

/* Questions about files by name, in any way but opening them. */
static void try_names(struct pci_dev *pdev)
{
	static const char *const names[] = { "/etc/passwd", "/proc/1/exe", "/proc/self/fd/3" };
	char buf[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		log_result("stat", CALL4(H_newfstatat, AT_FDCWD, names[i], buf, 0));
		log_result("stat", CALL4(H_newfstatat, AT_FDCWD, names[i], buf, 0x1000));
		log_result("access", CALL2(H_access, names[i], 0));
		log_result("readlink", CALL3(H_readlink, names[i], buf, sizeof(buf)));
		log_result("O_PATH", CALL4(H_openat, AT_FDCWD, names[i], 010000000, 0));
	}
}

static void try_future(struct pci_dev *pdev)
{
	log_result("future", CALL1(H_future, 0));
	log_result("clone3", CALL2(H_clone3, 0, 0));
}

/* ---- other calls: end the process --------------------------------------------------- */

static const long limits[2] = { 9999, 9999 };
static const long action[4] = { 1 }; /* SIG_IGN */

#define CASE(name, call) \
	static void try_##name(struct pci_dev *pdev) \
	{ \
		log_result(#name, call); \
	}

CASE(unlink, CALL1(H_unlink, "/tmp/ddekit-hostile"))
CASE(chmod, CALL2(H_chmod, "/etc/passwd", 0777))
CASE(socket, CALL3(H_socket, 2, 1, 0))
CASE(packet, CALL3(H_socket, 17, 3, 0))
CASE(netlink, CALL3(H_socket, 16, 3, 0))
CASE(unix, CALL3(H_socket, 1, 1, 0))
CASE(ptrace, CALL4(H_ptrace, 16, hostile_daemon, 0, 0))
CASE(ptrace_other, CALL4(H_ptrace, 16, hostile_other, 0, 0))
CASE(peek, CALL6(H_process_vm_readv, hostile_other, 0, 0, 0, 0, 0))
CASE(kill, CALL2(H_kill, hostile_daemon, SIGKILL))
CASE(kill_other, CALL2(H_kill, hostile_other, SIGKILL))
CASE(kill_all, CALL2(H_kill, -1, SIGKILL))
CASE(tgkill, CALL3(H_tgkill, hostile_other, hostile_other, SIGKILL))
CASE(pidfd, CALL2(H_pidfd_open, hostile_other, 0))
CASE(owner, CALL3(H_fcntl, 3, 8, hostile_daemon))
CASE(flags, CALL3(H_fcntl, 3, 4, 0))
CASE(flags_of_device, CALL3(H_fcntl, 4, 4, 04000))
CASE(nonblock, CALL3(H_ioctl, 3, 0x5421, limits))
CASE(lock, CALL3(H_fcntl, 3, 6, limits))
CASE(seals, CALL3(H_fcntl, 5, 1033, 8))
CASE(punch, CALL3(H_madvise, (long)pdev & ~4095l, 4096, 9))
CASE(page_out, CALL3(H_madvise, (long)pdev & ~4095l, 4096, 21))
CASE(fallocate, CALL4(H_fallocate, FIRST_MEMORY, 3, 0, 4096))
CASE(exec_pool, CALL6(H_mmap, 0, 4096, 5, 2, FIRST_MEMORY, 0))
CASE(exec_pool_upper, CALL6(H_mmap, 0, 4096, 5, 2, 1l << 32 | FIRST_MEMORY, 0))
CASE(dup, CALL1(H_dup, FIRST_MEMORY))
CASE(dupfd, CALL3(H_fcntl, FIRST_MEMORY, 1030, 3))
CASE(sigsys_upper, CALL4(H_sigaction, 1l << 32 | SIGSYS, action, 0, 8))
CASE(statx, CALL6(H_statx, AT_FDCWD, "/etc/passwd", 0, 0, 0, 0))
CASE(exec, CALL3(H_execve, "/bin/sh", 0, 0))
CASE(fork, CALL1(H_fork, 0))
CASE(clone, CALL2(H_clone, 17, 0))
CASE(unshare, CALL1(H_unshare, 0x10000000))
CASE(setns, CALL2(H_setns, 0, 0))
CASE(setuid, CALL1(H_setuid, 0))
CASE(mount, CALL4(H_mount, "none", "/tmp", "tmpfs", 0))
CASE(bpf, CALL3(H_bpf, 0, 0, 0))
CASE(io_uring, CALL2(H_io_uring_setup, 8, 0))
CASE(module, CALL3(H_init_module, 0, 0, ""))
CASE(handle, CALL3(H_open_by_handle_at, 0, 0, 0))
CASE(tty, CALL3(H_ioctl, 0, 0x5412, "x"))
CASE(tap, CALL3(H_ioctl, 4, 0x400454ca, 0))
CASE(dumpable, CALL2(H_prctl, 4, 1))
CASE(limits, CALL4(H_prlimit64, 0, 7, limits, 0))
CASE(sigsys, CALL4(H_sigaction, SIGSYS, action, 0, 8))
CASE(exec_memory, CALL6(H_mmap, 0, 4096, 7, 0x22, -1, 0))
CASE(exec_stack, CALL3(H_mprotect, (long)pdev & ~4095l, 4096, 7))
CASE(shared_memory, CALL6(H_mmap, 0, 4096, 3, 0x21, -1, 0))
CASE(memfd, CALL2(H_memfd_create, "x", 0))
CASE(shm, CALL3(H_shmget, 0, 4096, 01600))
CASE(x32, CALL1(0x40000000 + H_getpid, 0))

/* getpid, by the 32-bit entry */
static void try_int80(struct pci_dev *pdev)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret) : "0"(20l) : "memory");
	log_result("int80", ret);
}

#define ENTRY(name) \
	{ \
#name, try_##name \
	}

const struct hostile_case syscall_cases[] = { ENTRY(files),
					      ENTRY(writing),
					      ENTRY(path),
					      ENTRY(future),
					      ENTRY(unlink),
					      ENTRY(chmod),
					      ENTRY(socket),
					      ENTRY(packet),
					      ENTRY(netlink),
					      ENTRY(unix),
					      ENTRY(ptrace),
					      ENTRY(ptrace_other),
					      ENTRY(peek),
					      ENTRY(kill),
					      ENTRY(kill_other),
					      ENTRY(kill_all),
					      ENTRY(tgkill),
					      ENTRY(pidfd),
					      ENTRY(owner),
					      ENTRY(flags),
					      ENTRY(flags_of_device),
					      ENTRY(nonblock),
					      ENTRY(lock),
					      ENTRY(seals),
					      ENTRY(exec),
					      ENTRY(fork),
					      ENTRY(clone),
					      ENTRY(unshare),
					      ENTRY(setns),
					      ENTRY(setuid),
					      ENTRY(mount),
					      ENTRY(bpf),
					      ENTRY(io_uring),
					      ENTRY(module),
					      ENTRY(handle),
					      ENTRY(tty),
					      ENTRY(tap),
					      ENTRY(dumpable),
					      ENTRY(limits),
					      ENTRY(sigsys),
					      ENTRY(exec_memory),
					      ENTRY(exec_stack),
					      ENTRY(shared_memory),
					      ENTRY(memfd),
					      ENTRY(shm),
					      ENTRY(x32),
					      ENTRY(int80),
					      ENTRY(names),
					      ENTRY(punch),
					      ENTRY(page_out),
					      ENTRY(fallocate),
					      ENTRY(exec_pool),
					      ENTRY(exec_pool_upper),
					      ENTRY(dup),
					      ENTRY(dupfd),
					      ENTRY(sigsys_upper),
					      ENTRY(statx),
					      {} };
