/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes a driver host's process: its own user, no privileges to gain, no file
 * descriptors but four, an empty environment, limits.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "hostproc.h"

#define NOBODY 65534
#define ERROR_FD (PROTO_FD + 1)		/* of the child, close-on-exec */
#define MAX_FILES 512

void spawn_user(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	struct passwd *pw = geteuid() ? NULL : getpwnam(name);

	*ret_uid = geteuid() ? 0 : pw ? pw->pw_uid : NOBODY;
	*ret_gid = geteuid() ? 0 : pw ? pw->pw_gid : NOBODY;
}

/* Puts the fds in place: 0 /dev/null, 1 and 2 log, 3 socket, 4 error. The
 * sources are all above 4 (see spawn_process), so no dup2 overwrites one. */
static int place_fds(const struct spawn *s, int error)
{
	int null = open("/dev/null", O_RDONLY);

	if (null < 0 || (null && dup2(null, STDIN_FILENO) < 0))
		return -errno;
	if (dup2(s->log, STDOUT_FILENO) < 0 || dup2(s->log, STDERR_FILENO) < 0 ||
	    dup2(s->socket, PROTO_FD) < 0 || dup3(error, ERROR_FD, O_CLOEXEC) < 0)
		return -errno;
	if (close_range(ERROR_FD + 1, ~0u, 0) < 0)
		return -errno;
	return 0;
}

static int drop_privileges(const struct spawn *s, pid_t parent)
{
	struct rlimit files = { MAX_FILES, MAX_FILES };

	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		return -errno;
	if (s->uid && (setgroups(0, NULL) < 0 || setresgid(s->gid, s->gid, s->gid) < 0 ||
		       setresuid(s->uid, s->uid, s->uid) < 0))
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
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

static void __attribute__((noreturn)) child(const struct spawn *s, pid_t parent, int error)
{
	char *env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL };
	int binary, r;

	binary = open(s->binary, O_PATH);	/* its folders may be root's alone */
	r = binary < 0 ? -errno : 0;
	if (binary >= 0 && binary <= ERROR_FD) {
		binary = fcntl(binary, F_DUPFD, ERROR_FD + 1);
		r = binary < 0 ? -errno : 0;
	}
	if (!r)
		r = place_fds(s, error);
	(void)binary;
	reset_signals();
	umask(077);
	if (!r && chdir("/") < 0)
		r = -errno;
	if (!r)
		r = drop_privileges(s, parent);
	if (!r) {
		execve(s->binary, s->argv, env);
		r = -errno;
	}
	if (write(ERROR_FD, &r, sizeof(r)) < 0)
		_exit(126);
	_exit(127);
}
