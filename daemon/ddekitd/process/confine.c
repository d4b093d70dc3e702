/* SPDX-License-Identifier: GPL-2.0-only */
/* User, namespaces and limits of a driver host; see confine.h. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "confine.h"
#include "lib/landlock.h"
#include "lib/log.h"

#define MAX_FILES 512
#define MAX_THREADS 64
#define FRONT_THREADS 4096 /* some for each connection */
#define FRONT_MEMORY (4 * GIB)
#define QEMU_THREADS 256
#define QEMU_FILES 4096 /* its user network has one for each connection */
#define QEMU_MEMORY (4 * GIB)
#define CELL_FIRST_FD 64
#define GIB (1024ull * 1024 * 1024)
/* Of address space, besides the pool: the runtime's range for mappings and as
 * much for the device's windows. It bounds the page tables, which nothing else
 * does: one page of the pool can be mapped very often. */
#define ADDRESS_SPACE (128 * GIB)

/* ---- user ------------------------------------------------------------------ */

/* Which 65536 users a PCI domain has: machines count from 0, VMD from 0x10000,
 * emulated devices are in e000; the slots from 0x500 on are their QEMUs'. Return: -1: none. */
static int domain_slot(uint32_t domain)
{
	if (domain < 0x400)
		return domain;
	if (domain - CONFIG_EMU_DOMAIN < 0x100)
		return 0x400 + (domain - CONFIG_EMU_DOMAIN);
	return domain - 0x10000 < 0x200 ? 0x600 + (int)(domain - 0x10000) : -1;
}

uid_t confine_uid(struct ddekit_bdf bdf)
{
	int slot = domain_slot(bdf.domain);

	if (slot < 0)
		return 0;
	return CONFINE_FIRST_UID + ((uint32_t)slot << 16) + ((uint32_t)bdf.bus << 8) +
	       ((uint32_t)bdf.dev << 3) + bdf.fn;
}

/* Not in a container that maps few users. */
static bool user_exists(uid_t uid)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned int first, outside, n;

	while (f && fscanf(f, "%u %u %u", &first, &outside, &n) == 3)
		if (uid - first < n)
			return true;
	return false;
}

/* ---- namespaces -------------------------------------------------------------- */

static const struct {
	const char *name;
	int flag;
} kinds[] = {
	{ "net", CLONE_NEWNET },
	{ "ipc", CLONE_NEWIPC },
	{ "uts", CLONE_NEWUTS },
};

/* Made once and empty, and shared by all driver hosts: a network namespace of its
 * own for each start would cost more than the rest of the start. */
static struct {
	bool tried;
	int fd[ARRAY_SIZE(kinds)]; /* -1: not to be had */
	bool users;                /* not root: a process can make its own */
} cell;

static void __attribute__((noreturn)) make_cell(int say, int wait)
{
	char c = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (unshare(kinds[i].flag) < 0)
			c |= (char)(1 << i);
	if (write(say, &c, 1) == 1 && read(wait, &c, 1) < 0)
		_exit(1);
	_exit(0);
}

static void open_cell(pid_t pid, char missing)
{
	char path[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		_cleanup_close_ int fd = -1;

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kinds[i].name);
		if (!(missing & 1 << i))
			fd = open(path, O_RDONLY | O_CLOEXEC);
		/* Above those that a child gives a meaning to. */
		if (fd >= 0)
			cell.fd[i] = fcntl(fd, F_DUPFD_CLOEXEC, CELL_FIRST_FD);
	}
}

/* A process that lives until its namespaces have been opened. */
static int fill_cell(void)
{
	int say[2], wait[2];
	char missing;
	pid_t pid;

	if (pipe2(say, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(wait, O_CLOEXEC) < 0) {
		close(say[0]);
		close(say[1]);
		return -errno;
	}
	pid = fork();
	if (!pid) {
		close(wait[1]);
		make_cell(say[1], wait[0]);
	}
	close(say[1]);
	close(wait[0]);
	if (pid > 0 && read(say[0], &missing, 1) == 1)
		open_cell(pid, missing);
	close(say[0]);
	close(wait[1]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid < 0 ? -EAGAIN : 0;
}

/* Not for a process that needs root: it says nothing about what driver hosts get. */
static void warn_of_shared_user(const struct confine *c)
{
	static bool warned;

	if (warned || c->own_user || c->privileged || geteuid())
		return;
	warned = true;
	log_warning("driver hosts share the user %u: there is none for each device here (see "
		    "sandbox= in devices.conf(5))",
		    (unsigned int)c->uid);
}

void confine_prepare(const struct confine *c)
{
	if (c->namespaces)
		warn_of_shared_user(c);
}

static int unshare_all(bool network)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWUTS | (network ? 0 : CLONE_NEWNET));
}

/* Some kernels and containers allow user namespaces to nobody. */
static bool probe_user_namespaces(void)
{
	pid_t pid = fork();
	int status = 1;

	if (!pid)
		_exit(unshare_all(false) < 0);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return !status;
}

void confine_open(void)
{
	size_t i;

	cell.tried = true;
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		cell.fd[i] = -1;
	if (geteuid()) {
		log_warning("ddekitd is not root: driver hosts run as its own user and in its "
			    "namespaces; their system calls and files are confined all the same");
		cell.users = probe_user_namespaces();
		return;
	}
	fill_cell();
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (cell.fd[i] < 0)
			log_line(NULL, kinds[i].flag == CLONE_NEWNET ? LOG_WARNING : LOG_INFO,
				 "driver hosts get no %s namespace of their own: ddekitd may make "
				 "none",
				 kinds[i].name);
}

static int enter_cell(const struct confine *c)
{
	size_t i;

	if (c->user_namespace)
		return unshare_all(c->network) < 0 ? -errno : 0;
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (cell.tried && cell.fd[i] >= 0 &&
		    !(c->network && kinds[i].flag == CLONE_NEWNET) &&
		    setns(cell.fd[i], kinds[i].flag) < 0)
			return -errno;
	return 0;
}

/* ---- limits -------------------------------------------------------------------- */

static int set_limit(int what, uint64_t value)
{
	struct rlimit l;

	if (getrlimit(what, &l) < 0)
		return -errno;
	if (value > l.rlim_max)
		value = l.rlim_max; /* ddekitd's own is lower */
	l.rlim_cur = l.rlim_max = value;
	return setrlimit(what, &l) < 0 ? -errno : 0;
}

static int set_limits(const struct confine *c)
{
	int r = set_limit(RLIMIT_NOFILE, c->open_files ? c->open_files : MAX_FILES);

	if (!r && c->memory)
		r = set_limit(RLIMIT_DATA, c->memory);
	if (!r && c->address_space)
		r = set_limit(RLIMIT_AS, c->address_space);
	/* They count what all processes of a user have. */
	if (!r && c->own_user)
		r = set_limit(RLIMIT_NPROC, c->threads ? c->threads : MAX_THREADS);
	if (!r && c->own_user)
		r = set_limit(RLIMIT_MSGQUEUE, 0);
	/* It has no file to write, but what a debugger may have it write without the
	 * sandbox. A core file would be one, but for that there is systemd-coredump,
	 * which reads a pipe. */
	if (!r && c->namespaces && !c->files)
		r = set_limit(RLIMIT_FSIZE, 0);
	return r ? r : set_limit(RLIMIT_CORE, c->core ? RLIM_INFINITY : 0);
}

/* ---- all -------------------------------------------------------------------------- */

static int drop_privileges(const struct confine *c)
{
	int cap;

	/* Capabilities of a ddekitd that is not root are not passed to the program. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	if (c->uid) {
		/* Defence in depth: without new privileges no program gets them anyway.
		 * EPERM: ddekitd lacks CAP_SETPCAP. */
		for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
			if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EPERM)
				return -errno;
		if (syscall(SYS_setgroups, 0, NULL) < 0 ||
		    syscall(SYS_setresgid, c->gid, c->gid, c->gid) < 0 ||
		    syscall(SYS_setresuid, c->uid, c->uid, c->uid) < 0)
			return -errno;
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int confine_enter(const struct confine *c)
{
	int r = c->namespaces ? enter_cell(c) : 0;

	if (!r)
		r = set_limits(c);
	if (!r)
		r = drop_privileges(c);
	return r || !c->rules ? r : landlock_enter(c->rules);
}

void confine_init(const struct device_config *dev, uid_t uid, gid_t gid, struct confine *ret)
{
	uid_t own = dev->sandbox && uid ? confine_uid(dev->bdf) : 0;

	*ret = (struct confine){
		.uid = uid,
		.gid = gid,
		.namespaces = dev->sandbox,
		.core = dev->core,
	};
	/* The checks of the debug flavour map an eighth of the address space. */
	if (!dev->debug && dev->sandbox) {
		ret->memory = dev->memory_limit;
		ret->address_space = ADDRESS_SPACE + dev->memory;
	}
	if (own && user_exists(own)) {
		ret->uid = own;
		ret->gid = own;
		ret->own_user = true;
	}
}

void confine_front(const struct device_config *dev, uid_t uid, gid_t gid, struct confine *ret)
{
	confine_init(dev, uid, gid, ret);
	if (dev->sandbox)
		ret->memory = FRONT_MEMORY;
	ret->threads = FRONT_THREADS;
	ret->core = false;
	if (ret->own_user && user_exists(ret->uid + CONFINE_FRONT_UIDS)) {
		ret->uid += CONFINE_FRONT_UIDS;
		ret->gid += CONFINE_FRONT_UIDS;
	}
}

void confine_qemu(const struct device_config *dev, uid_t uid, gid_t gid, bool network,
		  struct confine *ret)
{
	confine_init(dev, uid, gid, ret);
	ret->network = network;
	ret->user_namespace = dev->sandbox && !uid && cell.users;
	ret->memory = dev->sandbox ? QEMU_MEMORY : 0;
	ret->address_space = dev->sandbox ? ADDRESS_SPACE : 0;
	ret->threads = QEMU_THREADS;
	ret->open_files = QEMU_FILES;
	ret->core = false;
	ret->files = true;
	if (ret->own_user && dev->bdf.domain - CONFIG_EMU_DOMAIN < 0x100 &&
	    user_exists(ret->uid + CONFINE_QEMU_UIDS)) {
		ret->uid += CONFINE_QEMU_UIDS;
		ret->gid += CONFINE_QEMU_UIDS;
	} else {
		ret->own_user = false;
		ret->uid = uid;
		ret->gid = gid;
	}
}
