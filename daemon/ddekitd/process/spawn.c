/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes a process, driver host or front: confined (confine.c), no file descriptors but four
 * and those that it is given, an empty environment.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "protocol/host.h"
#include "spawn.h"

#define NOBODY 65534

void spawn_user(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	struct passwd *pw = geteuid() ? NULL : getpwnam(name);

	*ret_uid = geteuid() ? 0 : pw ? pw->pw_uid : NOBODY;
	*ret_gid = geteuid() ? 0 : pw ? pw->pw_gid : NOBODY;
}

/* Puts the fds in place: 0 /dev/null, 1 and 2 log, 3 socket; the others go at
 * exec. The sources are above them (see spawn_process): no dup2 overwrites one. */
static int place_child_fds(const struct spawn *s)
{
	int null = open("/dev/null", O_RDONLY);
	size_t i;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return -errno;
	if (dup2(s->log, STDOUT_FILENO) < 0 || dup2(s->log, STDERR_FILENO) < 0 ||
	    dup2(s->socket, PROTO_FD) < 0)
		return -errno;
	for (i = 0; i < s->n_extra; i++)
		if (dup2(s->extra[i], PROTO_FD + 1 + (int)i) < 0)
			return -errno;
	return close_range(PROTO_FD + 1 + s->n_extra, ~0u, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

static int enter_confinement(const struct spawn *s, pid_t parent)
{
	int r = confine_enter(s->confine);

	if (r < 0)
		return r;
	if (s->outlive) /* its socket tells it when ddekitd has gone */
		return 0;
	/* After the change of user, which clears it. It is tied to the forking
	 * thread, which is ddekitd's only one. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

static void reset_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) become_program(const struct spawn *s, pid_t parent, int error)
{
	char pid[32];
	char *env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", s->listens ? "LISTEN_FDS=1" : NULL,
			pid, NULL };
	int r;

	snprintf(pid, sizeof(pid), "LISTEN_PID=%d", (int)getpid());

	reset_signals();
	setsid(); /* Ctrl-C reaches only ddekitd, which stops it in order */
	umask(077);
	r = chdir("/") < 0 ? -errno : place_child_fds(s);
	if (!r)
		r = enter_confinement(s, parent);
	if (!r) {
		execve(s->binary, s->argv, env);
		r = -errno;
	}
	if (write(error, &r, sizeof(r)) < 0)
		_exit(126);
	_exit(127);
}

/* Copies a fd above those with a fixed number in the child. */
static int lift_fd(int fd, int *ret)
{
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, PROTO_FD + 1 + SPAWN_MAX_EXTRA);
	return *ret < 0 ? -errno : 0;
}

/* The parent's half. The process is not reaped before its pidfd is open, so the pid is its
 * own. */
static int open_pidfd(pid_t pid, int *ret)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), r = -errno;

	if (fd < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, WNOHANG);
		return r;
	}
	*ret = fd;
	return 0;
}

int spawn_error(int fd)
{
	int error;

	return read(fd, &error, sizeof(error)) == sizeof(error) ? error : 0;
}

int spawn_process(const struct spawn *spawn, struct spawned *ret)
{
	_cleanup_close_ int sock = -1, log = -1, error = -1;
	int extra[SPAWN_MAX_EXTRA];
	struct spawn lifted = *spawn;
	size_t n = 0;
	pid_t pid = -1, parent = getpid();
	int p[2], r;

	if (spawn->n_extra > SPAWN_MAX_EXTRA)
		return -E2BIG;
	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	r = lift_fd(spawn->socket, &sock);
	if (!r)
		r = lift_fd(spawn->log, &log);
	if (!r)
		r = lift_fd(p[1], &error);
	close(p[1]);
	while (!r && n < spawn->n_extra) {
		r = lift_fd(spawn->extra[n], &extra[n]);
		n += !r;
	}
	lifted.extra = extra;
	lifted.socket = sock;
	lifted.log = log;
	if (!r) {
		confine_prepare(spawn->confine);
		pid = fork();
		if (!pid)
			become_program(&lifted, parent, error);
		r = pid < 0 ? -errno : open_pidfd(pid, &ret->pidfd);
	}
	while (n)
		close(extra[--n]);
	if (r < 0) {
		close(p[0]);
		return r;
	}
	ret->pid = pid;
	ret->error = p[0];
	return 0;
}
