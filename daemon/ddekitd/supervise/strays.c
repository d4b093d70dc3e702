/* SPDX-License-Identifier: GPL-2.0-only */
/* Ends processes that nobody supervises; see strays.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hold.h"
#include "lib/log.h"
#include "lib/util.h"
#include "process/child.h"
#include "strays.h"
#include "unit-job.h"

#define MEMBERS_MAX 4096
#define WAIT_MS 5000
#define EXIT_BY_USAGE "2" /* RestartPreventExitStatus= */
#define EXIT_BY_CONFIG "78"

struct pids {
	size_t n;
	pid_t pid[MEMBERS_MAX];
};

/* ---- the control group ----------------------------------------------------------- */

/* As systemd names it; NULL: that of this process. */
static const char *other_group;

static bool is_unit(const char *name)
{
	size_t len = strlen(name);

	return len > 8 && !strncmp(name, "ddekitd", 7) && !strchr(name, '/') &&
	       !strcmp(name + len - 8, ".service");
}

/* Nobody else's: the process was started by systemd itself, as part of a unit of ours. Not by a
 * shell, whose control group has what else the user does. */
static bool is_own_unit(const char *group)
{
	const char *exec = getenv("SYSTEMD_EXEC_PID"), *name = strrchr(group, '/');

	return exec && strtol(exec, NULL, 10) == getpid() && name && is_unit(name + 1);
}

static FILE *open_group(const char *root, const char *group)
{
	_cleanup_free_ char *path = str_format("%s%s/cgroup.procs", root, group);

	return path ? fopen(path, "re") : NULL;
}

static FILE *open_other(void)
{
	FILE *f = open_group("/sys/fs/cgroup", other_group);

	return f ? f : open_group("/sys/fs/cgroup/systemd", other_group);
}

/* Opens the list of members. NULL: there is none that is ours alone. */
static FILE *open_own(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/cgroup", "re");
	static const struct {
		const char *prefix, *root;
	} kinds[] = { { "0::", "/sys/fs/cgroup" },
		      { "1:name=systemd:", "/sys/fs/cgroup/systemd" } };
	char line[512];
	size_t i;

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		for (i = 0; i < ARRAY_SIZE(kinds); i++) {
			const char *group = line + strlen(kinds[i].prefix);

			if (strncmp(line, kinds[i].prefix, strlen(kinds[i].prefix)) ||
			    !is_own_unit(group))
				continue;
			return open_group(kinds[i].root, group);
		}
	}
	return NULL;
}

static int read_members(struct pids *ret)
{
	_cleanup_fclose_ FILE *f = other_group ? open_other() : open_own();
	int pid;

	ret->n = 0;
	if (!f)
		return -EPERM;
	while (ret->n < MEMBERS_MAX && fscanf(f, "%d", &pid) == 1)
		if (pid > 0 && pid != getpid())
			ret->pid[ret->n++] = pid;
	return 0;
}

static bool has_pid(const struct pids *list, pid_t pid)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->pid[i] == pid)
			return true;
	return false;
}

/* A process that we start leads a session, and what it starts is in that; a driver host can
 * neither start one nor change its session. */
static bool is_known(const struct pids *known, pid_t pid)
{
	return has_pid(known, pid) || has_pid(known, getsid(pid));
}

/* Kills the members that are not known. Return: how many, -errno. */
static int kill_unknown(const struct pids *known, struct pids *members, struct pids *again)
{
	int n = 0, fd, r = read_members(members);
	size_t i;

	for (i = 0; i < members->n && !r; i++) {
		pid_t pid = members->pid[i];

		if (is_known(known, pid))
			continue;
		fd = (int)syscall(SYS_pidfd_open, pid, 0);
		/* The number may be another process's by now: only what is still a member. */
		if (fd >= 0 && !read_members(again) && has_pid(again, pid) &&
		    !syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0)) {
			log_warning("process %d of the control group is not known: killed",
				    (int)pid);
			n++;
		}
		if (fd >= 0)
			close(fd);
	}
	return r ? r : n;
}

/* ---- at the start ---------------------------------------------------------------- */

static void add_stored(void *arg, int fd)
{
	struct pids *known = arg;
	int pid = pidfd_pid(fd); /* 0: it is none */

	if (pid > 0 && known->n < MEMBERS_MAX)
		known->pid[known->n++] = pid;
}

void strays_end_unknown(const struct fdstore *store)
{
	struct pids *list = fdstore_active(store) ? calloc(3, sizeof(*list)) : NULL;

	if (!list)
		return;
	fdstore_each(store, add_stored, &list[0]);
	kill_unknown(&list[0], &list[1], &list[2]);
	free(list);
}

/* ---- after the end --------------------------------------------------------------- */

static bool is_env(const char *name, const char *value)
{
	return str_equal(getenv(name), value);
}

/* Restart=on-failure, unless the unit is being stopped. */
static bool restart_follows(void)
{
	_cleanup_free_ char *job = unitjob_type();

	if (job)
		return strcmp(job, "stop");
	if (is_env("SERVICE_RESULT", "success"))
		return false;
	return !is_env("EXIT_CODE", "exited") ||
	       (!is_env("EXIT_STATUS", EXIT_BY_USAGE) && !is_env("EXIT_STATUS", EXIT_BY_CONFIG));
}

static int end_and_wait(struct pids *list)
{
	uint64_t limit = mono_ns() + WAIT_MS * 1000000ull;
	int n;

	for (;;) {
		n = kill_unknown(&list[0], &list[1], &list[2]);
		if (n < 0 || !list[1].n)
			return n < 0 ? n : 0;
		if (mono_ns() > limit)
			return -EBUSY;
		poll(NULL, 0, 20);
	}
}

/* Is it the process of hold.h? Driver hosts can choose their names, but not their user. */
static bool is_hold(pid_t pid)
{
	_cleanup_free_ char *dir = str_format("/proc/%d", (int)pid);
	_cleanup_free_ char *path = str_format("/proc/%d/comm", (int)pid);
	_cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
	char name[32] = "";
	struct stat st;

	return f && fgets(name, sizeof(name), f) && str_equal(name, HOLD_NAME "\n") &&
	       !stat(dir, &st) && !st.st_uid;
}

/* The drivers of disks outlive ddekitd until the end of the machine; systemd then kills all. */
static bool outlives(const struct pids *members)
{
	size_t i;

	for (i = 0; i < members->n; i++)
		if (is_hold(members->pid[i]))
			return true;
	return unitjob_is_shutdown();
}

/* Return: 0, -EBUSY: some live on; -errno. */
static int end_members(void)
{
	struct pids *list = calloc(3, sizeof(*list));
	int r;

	if (!list)
		return -ENOMEM;
	r = read_members(&list[1]);
	if (!r && !outlives(&list[1]))
		r = end_and_wait(list);
	free(list);
	return r;
}

int strays_end_all(void)
{
	if (!getenv("SERVICE_RESULT"))
		return -EPERM;
	return restart_follows() ? 0 : end_members();
}

int strays_end_unit(const char *unit)
{
	_cleanup_free_ char *group = NULL;
	int r;

	if (!is_unit(unit))
		return -EINVAL;
	r = unitjob_left_group(unit, &group);
	if (r == -EBUSY) /* it goes on, or is about to */
		return 0;
	if (r < 0)
		return r;
	other_group = group;
	r = end_members();
	other_group = NULL;
	return r == -EPERM ? 0 : r; /* the group has gone */
}
