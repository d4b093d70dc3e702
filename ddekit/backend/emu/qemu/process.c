/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The QEMU process: start, output, end.
 *
 * QEMU must end when its claimer does, even by SIGKILL, but the thread that started it may end
 * earlier, and the claim may be passed to another process.  Its life therefore depends on a
 * socket pair, not on PR_SET_PDEATHSIG: see arm_lifeline().
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/close_range.h>
#include "../../../deadline.h"
#include "qemu.h"

#define QEMU_NAME "qemu-system-x86_64"

/* The first OUTPUT_HEAD bytes of QEMU's output are kept, and as many of the last ones as fit
 * behind them; a chunk fits. */
#define OUTPUT_HEAD 768
#define WORDS_CHUNK 256
#define WORDS_CHUNKS (65536 / WORDS_CHUNK) /* the capacity of a pipe */

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int emu_fd_move_up(int fd)
{
	int up;

	if (fd < 0 || fd > 2)
		return fd;
	up = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	close(fd);
	return up;
}

void emu_process_init(struct emu_process *p)
{
	memset(p, 0, sizeof(*p));
	p->pidfd = -1;
	p->lifeline = -1;
	p->stderr_fd = -1;
}

int emu_process_find(char **ret, char **ret_why)
{
	const char *given = secure_getenv("DDEKIT_QEMU");
	const char *path = getenv("PATH"), *end;
	char *name;

	if (given) {
		if (access(given, X_OK))
			return why(ret_why, -ENOENT, "DDEKIT_QEMU=%s: %s", given, strerror(errno));
		*ret = strdup(given);
		return *ret ? 0 : -ENOMEM;
	}
	for (path = path ? path : "/usr/bin:/bin"; *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		if (*path != '/')
			continue;
		if (asprintf(&name, "%.*s/" QEMU_NAME, (int)(end - path), path) < 0)
			return why(ret_why, -ENOMEM, "no memory");
		if (!access(name, X_OK)) {
			*ret = name;
			return 0;
		}
		free(name);
	}
	return why(ret_why, -ENOENT,
		   QEMU_NAME " not found in PATH; install the package qemu-system-x86");
}

/*
 * ---- the child, between fork and exec -------------------------------------
 * Async-signal-safe calls only: another thread may have held any lock.
 */

enum step { STEP_SIGNALS, STEP_STDIO, STEP_LIFELINE, STEP_FDS, STEP_USER, STEP_EXEC };

static const char *const step_names[] = {
	[STEP_SIGNALS] = "reset signals",     [STEP_STDIO] = "set up stdio",
	[STEP_LIFELINE] = "arm the lifeline", [STEP_FDS] = "pass file descriptors",
	[STEP_USER] = "confine it",           [STEP_EXEC] = "run it",
};

struct report {
	int step;
	int error;
};

struct child_fds {
	int null, output, lifeline, report;
};

/*
 * When the other end of the socket is closed the kernel signals the owner of
 * an O_ASYNC file.  The owner is this process, the signal SIGKILL; all of that
 * survives exec.  If the other end was closed before, poll() sees it here.
 */
static int arm_lifeline(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETSIG, SIGKILL) ||
	    fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK))
		return -1;
	if (poll(&p, 1, 0) > 0)
		raise(SIGKILL);
	return 0;
}

static int reset_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		sigaction(i, &dfl, NULL); /* SIGKILL and SIGSTOP refuse */
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int pass_fds(const int *fds)
{
	for (; fds && *fds >= 0; fds++)
		if (fcntl(*fds, F_SETFD, 0))
			return -1;
	return 0;
}

/* Uses plain system calls: libc's wrappers take a lock to change all threads. */
static int drop_rights(const struct emu_launch *l)
{
	int err = l->confine ? l->confine(l->confine_arg) : 0;

	if (err) {
		errno = -err;
		return -1;
	}
	if (!l->confine && l->uid && geteuid() == 0) {
		if (syscall(SYS_setgroups, 0, NULL) ||
		    syscall(SYS_setresgid, l->gid, l->gid, l->gid) ||
		    syscall(SYS_setresuid, l->uid, l->uid, l->uid))
			return -1;
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static enum step run_child(const struct emu_launch *l, const struct child_fds *fds)
{
	static char *const env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", NULL };

	if (reset_signals())
		return STEP_SIGNALS;
	setsid(); /* no ^C from our terminal */
	if (dup2(fds->null, 0) < 0 || dup2(fds->null, 1) < 0 || dup2(fds->output, 2) < 0)
		return STEP_STDIO;
	if (arm_lifeline(fds->lifeline))
		return STEP_LIFELINE;
	if (syscall(SYS_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC) ||
	    fcntl(fds->lifeline, F_SETFD, 0) || pass_fds(l->keep) || pass_fds(l->keep_more))
		return STEP_FDS;
	if (drop_rights(l))
		return STEP_USER;
	execve(l->binary, l->argv, env);
	return STEP_EXEC;
}

static void child_main(const struct emu_launch *l, const struct child_fds *fds)
	__attribute__((noreturn));
static void child_main(const struct emu_launch *l, const struct child_fds *fds)
{
	struct report r;

	r.step = run_child(l, fds);
	r.error = errno;
	if (write(fds->report, &r, sizeof(r)) < 0)
		_exit(126);
	_exit(127);
}

/* ---- start ---------------------------------------------------------------- */

/* Return: 0 if fd is readable or hung up in time, -ETIMEDOUT. */
static int fd_wait(int fd, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int left;

	do {
		left = deadline_left_ms(deadline);
		if (poll(&p, 1, left) > 0)
			return 0;
	} while (left);
	return -ETIMEDOUT;
}

/* Waits for exec. Return: 0, or the child's error. */
static int report_read(int fd, const char *binary, uint64_t deadline, char **ret_why)
{
	struct report r;
	ssize_t n;

	if (fd_wait(fd, deadline))
		return why(ret_why, -ETIMEDOUT, "%s did not start in time", binary);
	do {
		n = read(fd, &r, sizeof(r));
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n != sizeof(r))
		return why(ret_why, -EIO, "%s: start failed", binary);
	return why(ret_why, -r.error, "%s: cannot %s: %s", binary, step_names[r.step],
		   strerror(r.error));
}

static int socket_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return -errno;
	fds[0] = emu_fd_move_up(fds[0]);
	fds[1] = emu_fd_move_up(fds[1]);
	return 0;
}

static int pipe_pair(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	fds[0] = emu_fd_move_up(fds[0]);
	fds[1] = emu_fd_move_up(fds[1]);
	return 0;
}

static int open_fds(struct emu_process *p, struct child_fds *c, int *ret_report)
{
	int pair[2], err;

	c->null = emu_fd_move_up(open("/dev/null", O_RDWR | O_CLOEXEC));
	if (c->null < 0)
		return -errno;
	err = socket_pair(pair);
	if (err)
		return err;
	p->lifeline = pair[0];
	c->lifeline = pair[1];
	err = pipe_pair(pair);
	if (err)
		return err;
	p->stderr_fd = pair[0];
	c->output = pair[1];
	/* QEMU must never wait because nobody reads its output. */
	fcntl(p->stderr_fd, F_SETFL, O_NONBLOCK);
	fcntl(c->output, F_SETFL, O_NONBLOCK);
	err = pipe_pair(pair);
	if (err)
		return err;
	*ret_report = pair[0];
	c->report = pair[1];
	return 0;
}

/* Blocks all signals around fork(), so that no handler of ours runs in the child. */
static pid_t fork_child(const struct emu_launch *l, const struct child_fds *fds)
{
	sigset_t all, old;
	pid_t pid;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		child_main(l, fds);
	err = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return pid < 0 ? -err : pid;
}

int emu_process_start(struct emu_process *p, const struct emu_launch *l, uint64_t deadline,
		      char **ret_why)
{
	struct child_fds c = { -1, -1, -1, -1 };
	int report = -1, err;
	pid_t pid;

	err = open_fds(p, &c, &report);
	if (!err) {
		pid = fork_child(l, &c);
		err = pid < 0 ? pid : 0;
		if (!err) {
			p->pid = pid;
			p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
			err = p->pidfd < 0 ? -errno : 0;
		}
	}
	fd_close(&c.null);
	fd_close(&c.lifeline);
	fd_close(&c.output);
	fd_close(&c.report);
	if (err)
		why(ret_why, err, "%s: cannot start: %s", l->binary, strerror(-err));
	else
		err = report_read(report, l->binary, deadline, ret_why);
	fd_close(&report);
	return err;
}

/* ---- output and exit ------------------------------------------------------ */

/* Keeps the beginning and the end: an error comes first, but a dump of registers may precede
 * the last message. */
static void output_append(struct emu_process *p, const char *text, size_t len)
{
	size_t room = sizeof(p->output) - p->output_len, i;

	if (len > room) {
		size_t over = len - room;

		memmove(p->output + OUTPUT_HEAD, p->output + OUTPUT_HEAD + over,
			p->output_len - OUTPUT_HEAD - over);
		p->output_len -= over;
	}
	/* A hostile QEMU may write anything: it ends in logs, and where only UTF-8 is allowed. */
	for (i = 0; i < len; i++)
		p->output[p->output_len++] = text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~')
						     ? text[i]
					     : text[i] == '\t' || text[i] == '\r' ? ' '
										  : '?';
}

void emu_process_listen(struct emu_process *p)
{
	unsigned int chunks = WORDS_CHUNKS;
	char buf[WORDS_CHUNK];
	ssize_t n;

	if (p->stderr_fd < 0)
		return;
	while (chunks-- && (n = read(p->stderr_fd, buf, sizeof(buf))) > 0)
		output_append(p, buf, (size_t)n);
}

static int process_reap(struct emu_process *p, int flags)
{
	siginfo_t si = { 0 };
	int n;

	if (p->reaped)
		return 0;
	do {
		n = waitid(P_PIDFD, (id_t)p->pidfd, &si, WEXITED | flags);
	} while (n < 0 && errno == EINTR);
	if (n == 0 && si.si_pid == 0)
		return -EBUSY;
	/* There is no status if the caller ignores SIGCHLD (the kernel reaps QEMU), or if the
	 * claim came from another process (QEMU is not our child). */
	p->wait_code = n == 0 ? si.si_code : 0;
	p->wait_status = si.si_status;
	p->reaped = true;
	return 0;
}

bool emu_process_ended(struct emu_process *p)
{
	struct pollfd fd = { .fd = p->pidfd, .events = POLLIN };

	if (p->reaped)
		return true;
	if (p->pidfd < 0 || poll(&fd, 1, 0) <= 0)
		return false;
	return process_reap(p, WNOHANG) == 0;
}

int emu_process_wait(struct emu_process *p, uint64_t deadline)
{
	if (p->reaped)
		return 0;
	return fd_wait(p->pidfd, deadline) ? -ETIMEDOUT : process_reap(p, 0);
}

/* Joins the lines of the output, without the program name at the start of each. */
static void output_one_line(const struct emu_process *p, char *buf, size_t size)
{
	static const char name[] = QEMU_NAME ": ";
	size_t i = 0, out = 0;
	bool start = true;

	while (i < p->output_len && out + 3 < size) {
		char c = p->output[i];

		if (start && p->output_len - i >= sizeof(name) - 1 &&
		    !memcmp(p->output + i, name, sizeof(name) - 1)) {
			i += sizeof(name) - 1;
			start = false;
			continue;
		}
		start = false;
		i++;
		if (c == '\n') {
			start = true;
			if (i < p->output_len) {
				buf[out++] = ';';
				buf[out++] = ' ';
			}
		} else {
			buf[out++] = c;
		}
	}
	buf[out] = 0;
}

char *emu_process_end_text(struct emu_process *p)
{
	char text[sizeof(p->output) + 64], *ret = NULL;
	const char *colon;
	int n;

	emu_process_listen(p);
	output_one_line(p, text, sizeof(text));
	colon = *text ? ": " : "";
	if (p->wait_code == CLD_EXITED)
		n = asprintf(&ret, "exited with status %d%s%s", p->wait_status, colon, text);
	else if (p->wait_code == CLD_KILLED || p->wait_code == CLD_DUMPED)
		n = asprintf(&ret, "was killed by signal %d (%s)%s%s", p->wait_status,
			     strsignal(p->wait_status), colon, text);
	else
		n = asprintf(&ret, "ended%s%s", colon, text);
	return n < 0 ? NULL : ret;
}

void emu_process_finish(struct emu_process *p)
{
	if (p->pidfd >= 0) {
		if (!emu_process_ended(p)) {
			syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
			emu_process_wait(p, deadline_ns(EMU_KILL_MS));
		}
		close(p->pidfd);
	} else if (p->pid > 0) {
		/* No pidfd: the child has not been reaped, so its pid is not reused. */
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	fd_close(&p->lifeline);
	fd_close(&p->stderr_fd);
	emu_process_init(p);
}
