/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGSYS: a system call that the filter does not let through.  Opening a file comes
 * here each time: what may be read is opened, everything else is refused and logged
 * with its name.  This is for the log, and for kernels without Landlock; where there
 * is Landlock, it decides.  What asks about a file by its name is answered only if that
 * can be had by opening it.  Any other call is the end of the process, whose last words
 * say which one it was.
 *
 * The handler cannot be taken away (see filter.c), and where SIGSYS is blocked the
 * kernel ends the process by itself.  All here may run on any thread, in the midst
 * of anything but the allocator, which makes no call that the filter refuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include "dde_host.h"
#include "sandbox.h"
#include "ddekitd.h"

/* Later ones are not known to this build: a libc that tries them does without. */
#define LAST_KNOWN_CALL 450
#define PATH_SIZE 4096
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif
#define WRITING (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))
#define OWN_FILES "/proc/self/fd/"

static const struct gate_paths *readable;
static uint64_t cookie;
static bool landlocked;

/* ---- files ---------------------------------------------------------------------- */

static bool has_parent_step(const char *path)
{
	const char *at = path;

	while ((at = strstr(at, ".."))) {
		if ((at == path || at[-1] == '/') && (!at[2] || at[2] == '/'))
			return true;
		at += 2;
	}
	return false;
}

static bool may_read(const char *path)
{
	unsigned int i;

	if (has_parent_step(path))
		return false;
	for (i = 0; i < readable->n; i++) {
		const char *p = readable->path[i];
		size_t len = strlen(p);
		bool folder = p[len - 1] == '/';

		if (!strncmp(path, p, len) && (folder || !path[len]))
			return true;
		if (folder && !strncmp(path, p, len - 1) && !path[len - 1])
			return true;
	}
	return false;
}

static long read_link(const char *path, char *buf, size_t size)
{
	long n;

	if (landlocked)
		return -ENOSYS;
	if (strncmp(path, OWN_FILES, strlen(OWN_FILES)))
		return -EACCES;
	n = syscall(SYS_readlink, path, buf, size, 0, 0, cookie);
	return n < 0 ? -errno : n;
}

/* The path that is meant, links not followed: absolute, but for a file in an open folder where
 * there is Landlock, which needs no path. Return: false: it has none. */
static bool name_of(int dirfd, const char *path, char *ret)
{
	char link[64];
	long n;

	if (path[0] == '/' || dirfd == AT_FDCWD)
		return snprintf(ret, PATH_SIZE, "%s", path) < PATH_SIZE;
	snprintf(link, sizeof(link), OWN_FILES "%d", dirfd);
	if (landlocked)
		return snprintf(ret, PATH_SIZE, "%s/%s", link, path) < PATH_SIZE;
	n = read_link(link, ret, PATH_SIZE - 1);
	if (n <= 0)
		return false;
	ret[n] = 0;
	return snprintf(ret + n, (size_t)(PATH_SIZE - n), "/%s", path) < PATH_SIZE - n;
}

static bool allowed(int dirfd, const char *path, const char *name)
{
	if (landlocked && dirfd != AT_FDCWD && path[0] != '/')
		return !has_parent_step(path); /* Landlock decides */
	return may_read(name);
}

/* Return: fd or negative errno, as the kernel would have it. */
static long open_file(int dirfd, const char *path, uint64_t flags)
{
	char name[PATH_SIZE];
	long fd;

	if (!name_of(dirfd, path, name))
		return -EBADF;
	if ((flags & (WRITING | O_PATH)) || !allowed(dirfd, path, name)) {
		wire_logf(3, "ddekit-host: sandbox: refused to open %s%s", name,
			  flags & WRITING ? " for writing" : "");
		return -EACCES;
	}
	fd = syscall(SYS_openat, dirfd, path, flags, 0, 0, cookie);
	return fd < 0 ? -errno : fd;
}

/* Where links may lead is not told to the kernel by openat(): firmware.c does without. */
static long open_how(int dirfd, const char *path, const struct open_how *from, uint64_t size)
{
	struct open_how how;

	if (size != sizeof(how))
		return -E2BIG;
	memcpy(&how, from, sizeof(how));
	return how.resolve ? -ENOSYS : open_file(dirfd, path, how.flags);
}

/* ---- questions about files -------------------------------------------------------- */

static long refuse(const char *what, const char *path)
{
	wire_logf(3, "ddekit-host: sandbox: refused to %s %s", what, path);
	return -EACCES;
}

/* libc's fstat(). */
static long stat_file(int fd, const char *path, void *buf, uint64_t flags)
{
	long r;

	if (!(flags & AT_EMPTY_PATH) || *path)
		return refuse("stat", path);
	r = syscall(SYS_fstat, fd, buf);
	return r < 0 ? -errno : r;
}

/* May it be read, is it there? For anything else there is no right. */
static long access_file(const char *path, uint64_t mode)
{
	long fd = mode & ~(uint64_t)R_OK ? refuse("access", path)
					 : open_file(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fd;
	close((int)fd);
	return 0;
}

/* ---- everything else --------------------------------------------------------------- */

/* SIGSYS is blocked now: the same call again, and the kernel ends the process. */
static void die(const siginfo_t *si, const void *context)
{
	const greg_t *r = ((const ucontext_t *)context)->uc_mcontext.gregs;
	char *name = seccomp_syscall_resolve_num_arch(si->si_arch, si->si_syscall);

	wire_logf(0,
		  PROTO_LAST_WORDS "sandbox: system call %d (%s) with %#llx, %#llx, %#llx is "
				   "not for drivers",
		  si->si_syscall, name ? name : "unknown", r[REG_RDI], r[REG_RSI], r[REG_RDX]);
	dde_host_dump(context);
	if (si->si_arch == SCMP_ARCH_X86_64)
		syscall(r[REG_RAX], r[REG_RDI], r[REG_RSI], r[REG_RDX], r[REG_R10], r[REG_R8],
			r[REG_R9]);
	syscall(SYS_ptrace, 0, 0, 0, 0); /* by another architecture's numbers */
	_exit(1);
}

static long unknown_call(int nr)
{
	wire_logf(4, "ddekit-host: sandbox: system call %d is newer than this program: refused",
		  nr);
	return -ENOSYS;
}

/* Return: false: it is none about a file. */
static bool answer(int nr, const greg_t *r, long *ret)
{
	const char *first = (const char *)(uintptr_t)r[REG_RDI];
	const char *second = (const char *)(uintptr_t)r[REG_RSI];
	int fd = (int)r[REG_RDI];

	switch (nr) {
	case SYS_open:
		*ret = open_file(AT_FDCWD, first, (uint32_t)r[REG_RSI]);
		return true;
	case SYS_openat:
		*ret = open_file(fd, second, (uint32_t)r[REG_RDX]);
		return true;
	case SYS_openat2:
		*ret = open_how(fd, second, (const void *)(uintptr_t)r[REG_RDX],
				(uint64_t)r[REG_R10]);
		return true;
	case SYS_newfstatat:
		*ret = stat_file(fd, second, (void *)(uintptr_t)r[REG_RDX], (uint64_t)r[REG_R10]);
		return true;
	case SYS_access:
		*ret = access_file(first, (uint32_t)r[REG_RSI]);
		return true;
	case SYS_readlink:
		*ret = read_link(first, (char *)(uintptr_t)r[REG_RSI], (size_t)r[REG_RDX]);
		return true;
	}
	return false;
}

static void on_sigsys(int sig, siginfo_t *si, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	int saved = errno;
	long ret;

	if (si->si_code != SYS_SECCOMP)
		return; /* somebody sent it */
	if (si->si_arch != SCMP_ARCH_X86_64)
		die(si, context);
	if (answer(si->si_syscall, r, &ret))
		r[REG_RAX] = ret;
	else if (si->si_syscall > LAST_KNOWN_CALL && !(si->si_syscall & 0x40000000))
		r[REG_RAX] = unknown_call(si->si_syscall);
	else
		die(si, context);
	errno = saved;
}

int gate_open(const struct gate_paths *paths, bool landlock, uint64_t *ret_cookie)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys,
				.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };

	readable = paths;
	landlocked = landlock;
	if (getrandom(&cookie, sizeof(cookie), 0) != sizeof(cookie))
		return -errno;
	/* All but the signals of faults, in the handler. */
	sigfillset(&sa.sa_mask);
	sigdelset(&sa.sa_mask, SIGSEGV);
	sigdelset(&sa.sa_mask, SIGBUS);
	if (sigaction(SIGSYS, &sa, NULL) < 0)
		return -errno;
	*ret_cookie = cookie;
	return 0;
}
