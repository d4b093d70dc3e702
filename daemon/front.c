/* SPDX-License-Identifier: GPL-2.0-only */
/* The process of a device's front; see front.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "front.h"
#include "hostproc.h"

#define LOG_LINE 512
#define LOG_BUDGET 16		/* reads per wake-up */
#define LOG_RATE 100u		/* lines per second; more are dropped */
#define SECOND_NS 1000000000ull

struct front {
	const struct front_ops *ops;
	void *arg;
	pid_t pid;
	bool adopted;		/* no child of ours */
	int pidfd, log;
	sd_event_source *exit_source, *log_source;
	char line[LOG_LINE];
	size_t line_len;
	uint64_t log_window;
	uint32_t log_count;
};

/* ---- log ------------------------------------------------------------------ */

static void log_text(struct front *f)
{
	uint64_t now = mono_ns();

	f->line[f->line_len] = 0;
	f->line_len = 0;
	if (now - f->log_window >= SECOND_NS) {
		f->log_window = now;
		f->log_count = 0;
	}
	if (++f->log_count > LOG_RATE + 1 || !f->line[0])
		return;
	str_printable(f->line);
	f->ops->log(f->arg, f->log_count > LOG_RATE ?
		    "too many lines: the rest of this second is dropped" : f->line);
}

/* Return: false at the pipe's end. */
static bool read_log(struct front *f)
{
	unsigned int budget = LOG_BUDGET;
	char buf[4096];
	ssize_t n, i;

	while (budget--) {
		n = read(f->log, buf, sizeof(buf));
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
		for (i = 0; i < n; i++) {
			if (buf[i] != '\n')
				f->line[f->line_len++] = buf[i] ? buf[i] : '?';
			if (buf[i] == '\n' || f->line_len == LOG_LINE - 1)
				log_text(f);
		}
	}
	return true;
}

static int on_log(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	if (!read_log(arg))
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

/* ---- end ------------------------------------------------------------------- */

static void over(struct front *f, const char *how)
{
	read_log(f);
	f->pid = 0;
	f->ops->died(f->arg, how);
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *si, void *arg)
{
	char how[64];

	if (si->si_code == CLD_EXITED)
		snprintf(how, sizeof(how), "exited with status %d", si->si_status);
	else
		snprintf(how, sizeof(how), "killed by %s", signal_name(si->si_status));
	over(arg, how);
	return 0;
}

static int on_exit_of_adopted(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	over(arg, "ended");
	return 0;
}

/* ---- start ------------------------------------------------------------------- */

static int watch(struct front *f, sd_event *event)
{
	int r;

	if (f->adopted)
		r = sd_event_add_io(event, &f->exit_source, f->pidfd, EPOLLIN, on_exit_of_adopted,
				    f);
	else
		r = sd_event_add_child_pidfd(event, &f->exit_source, f->pidfd, WEXITED,
					     on_exit_of_child, f);
	if (r >= 0)
		r = sd_event_add_io(event, &f->log_source, f->log, EPOLLIN, on_log, f);
	return r < 0 ? r : 0;
}

static struct front *make(const struct front_ops *ops, void *arg)
{
	struct front *f = calloc(1, sizeof(*f));

	if (f)
		*f = (struct front){ .ops = ops, .arg = arg, .pidfd = -1, .log = -1 };
	return f;
}

static int spawn(struct front *f, const struct front_spec *spec, int log)
{
	struct spawn s = {
		.binary = spec->argv[0],
		.argv = spec->argv,
		.confine = &spec->confine,
		.socket = spec->listener,
		.log = log,
		.outlive = spec->outlive,
		.extra = spec->fds,
		.n_extra = FRONT_FDS,
		.listens = true,
	};

	return spawn_process(&s, &f->pid, &f->pidfd);
}

int front_start(sd_event *event, const struct front_spec *spec, const struct front_ops *ops,
		void *arg, struct front **ret)
{
	struct front *f = make(ops, arg);
	_cleanup_close_ int log = -1;
	int r, p[2];

	if (!f)
		return -ENOMEM;
	r = pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
	if (!r) {
		f->log = p[0];
		log = p[1];
		r = spawn(f, spec, log);
	}
	if (!r)
		r = watch(f, event);
	if (r < 0) {
		front_destroy(f);
		return r;
	}
	*ret = f;
	return 0;
}

int front_adopt(sd_event *event, const struct front_kept *kept, const struct front_ops *ops,
		void *arg, struct front **ret)
{
	struct front *f = make(ops, arg);
	struct front_kept fds = *kept;
	int r;

	if (!f) {
		fd_close(&fds.pidfd);
		fd_close(&fds.log);
		return -ENOMEM;
	}
	f->pid = kept->pid;
	f->pidfd = kept->pidfd;
	f->log = kept->log;
	f->adopted = true;
	r = f->pidfd < 0 || f->log < 0 ? -EBADF : watch(f, event);
	if (r < 0) {
		front_destroy(f);
		return r;
	}
	*ret = f;
	return 0;
}

void front_keep(const struct front *front, struct front_kept *ret)
{
	*ret = (struct front_kept){ .pid = front->pid, .pidfd = front->pidfd, .log = front->log };
}

pid_t front_pid(const struct front *front)
{
	return front->pid;
}

int front_wait(struct front *f, int ms)
{
	struct pollfd p = { .fd = f->pidfd, .events = POLLIN };

	return poll(&p, 1, ms) > 0 ? 0 : -ETIMEDOUT;
}

void front_destroy(struct front *f)
{
	struct pollfd p;

	if (!f)
		return;
	sd_event_source_disable_unref(f->exit_source);
	sd_event_source_disable_unref(f->log_source);
	if (f->pid > 0 && f->pidfd >= 0) {
		p = (struct pollfd){ .fd = f->pidfd, .events = POLLIN };
		syscall(SYS_pidfd_send_signal, f->pidfd, SIGKILL, NULL, 0);
		while (poll(&p, 1, -1) < 0 && errno == EINTR)
			;
		if (!f->adopted)
			waitpid(f->pid, NULL, 0);
	}
	fd_close(&f->pidfd);
	fd_close(&f->log);
	free(f);
}
