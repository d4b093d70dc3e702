/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Crash reports: see crash-report.h.  One text file each, NAME:
 *
 *	BDF-YYYYMMDDThhmmss.uuuuuuZ.txt
 *
 * so that the names of a device's reports are in the order of time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "crash-report.h"
#include "private.h"
#include "drivers/bridges/class.h"
#include "config/kernels.h"
#include "lib/log.h"
#include "process/message.h"

#define DEFAULT_DIR "/var/lib/ddekit/crash"
#define DEFAULT_RUNTIME_DIR "/run/ddekit"
#define LOG_TAIL 300u          /* lines of the log before the death */
#define FRESH_NS 3000000000ull /* a backtrace of the death is not older than that */

/* With what the runtime's account of its death may begin. */
static const char *const marks[] = {
	"cut here", "BUG: ", "kernel BUG at", "Oops: ", "Kernel panic", "dde: signal", "CPU ",
};

/* ---- the text ---------------------------------------------------------------------- */

static void format_stamp(uint64_t ns, const char *format, char *buf, size_t size)
{
	time_t t = (time_t)(ns / 1000000000u);
	struct tm tm;
	size_t n = strftime(buf, size, format, gmtime_r(&t, &tm));

	snprintf(buf + n, size - n, ".%06uZ", (unsigned int)(ns % 1000000000u / 1000));
}

static void add_head(struct text *t, const struct device *dev, uint64_t now)
{
	const struct device_death *death = &dev->run.death;
	const struct device_config *c = dev->config;
	_cleanup_free_ char *runtime = kernel_runtime(dev->env->global, c->kernel);
	struct utsname u;
	char when[64];

	format_stamp(now, "%Y-%m-%dT%H:%M:%S", when, sizeof(when));
	text_add(t, "time:            %s\ndevice:          %s\n", when, c->bdf_text);
	if (dev->hold.modalias[0])
		text_add(t, "modalias:        %s\n", dev->hold.modalias);
	text_add(t, "driver:          %s\nbackend:         %s\n", device_driver(dev), c->backend);
	text_add(t, "reason:          %s\n", death->text ? death->text : "?");
	if (death->signalled)
		text_add(t, "signal:          %d (%s)\n", death->status,
			 signal_name(death->status));
	else
		text_add(t, "exit status:     %d\n", death->status);
	text_add(t, "process:         %d, %.3f s old\n", (int)host_pid(death->host),
		 (double)(mono_ns() - host_start_ns(death->host)) / 1e9);
	if (dev->run.quiet)
		text_add(t, "device quiet:    %.1f ms later\n",
			 (double)(dev->run.times.quiet - dev->run.times.died) / 1e6);
	else
		text_add(t, "device quiet:    no, it cannot be reset\n");
	text_add(t, "memory:          %llu kB at its last state\n",
		 (unsigned long long)dev->run.rss_kb);
	text_add(t, "restarts before: %llu\n", (unsigned long long)death->restarts);
	text_add(t, "ddekitd:         %s\nruntime:         %s, flavour %s, %s\n", DDEKIT_VERSION,
		 dev->run.release[0] ? dev->run.release : "not booted", config_flavour(c),
		 runtime ? runtime : "?");
	if (!uname(&u))
		text_add(t, "machine:         %s %s %s\n", u.sysname, u.release, u.version);
	if (c->core && death->signalled)
		text_add(t, "core dump:       coredumpctl info %d\n", (int)host_pid(death->host));
}

static void add_plugin_lines(struct text *t, const struct device *dev)
{
	size_t i;

	text_add(t, "\nplugins:\n");
	for (i = 0; i < dev->plugin.path.n; i++)
		text_add(t, "  %s %s\n", dev->plugin.path.item[i], dev->plugin.args.item[i]);
	text_add(t, "\nconfiguration:\n");
	device_config_print(dev->config, t);
}

static void add_lines(struct text *t, const struct logring *ring, uint32_t from, uint32_t to)
{
	char when[64];

	for (; from < to; from++) {
		const struct logline *line = logring_at(ring, from);

		format_stamp(line->wall_ns, "%H:%M:%S", when, sizeof(when));
		text_add(t, "  %s <%d> %s\n", when, line->level, line->text);
	}
}

static bool is_mark(const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(marks); i++)
		if (strstr(text, marks[i]))
			return true;
	return false;
}

/* Where the account of the death begins in the log; its end: there is none. */
static uint32_t backtrace_start(const struct logring *ring, uint64_t now)
{
	uint32_t n = logring_count(ring), i;

	for (i = 0; i < n; i++) {
		const struct logline *line = logring_at(ring, i);

		if (now - line->wall_ns < FRESH_NS && line->level <= LOG_WARNING &&
		    is_mark(line->text))
			return i;
	}
	return n;
}

static void add_log(struct text *t, const struct device *dev, uint64_t now)
{
	uint32_t n = logring_count(dev->logs), at = backtrace_start(dev->logs, now);

	text_add(t, "\nregisters and backtrace, by the runtime:\n");
	if (at == n)
		text_add(t, "  none: it did not see its end\n");
	add_lines(t, dev->logs, at, n);
	text_add(t, "\nlog before:\n");
	add_lines(t, dev->logs, at > LOG_TAIL ? at - LOG_TAIL : 0, at);
}

static void add_statistic(struct text *t, const char *name, uint64_t value)
{
	text_add(t, "  %-16s %llu\n", name, (unsigned long long)value);
}

static void add_statistics(struct text *t, const struct device *dev)
{
	const char *name = dev->plugin.bridge ? dev->plugin.bridge : "";
	const struct class_protocol *class = class_protocol_find(name, strlen(name) + 1);
	uint64_t ns;
	size_t i;
	const struct proto_stats *s = host_last_stats(dev->run.death.host, &ns);

	if (!s) {
		text_add(t, "\nstatistics: none yet\n");
		return;
	}
	text_add(t, "\nstatistics, %.1f s before:\n", (double)(mono_ns() - ns) / 1e9);
	for (i = 0; class && i < class->n_stats; i++)
		add_statistic(t, class->stats[i].name, s->class_stats[i]);
#define X(name, ...) add_statistic(t, #name, s->name);
	PROTO_HOST_STATS(X)
#undef X
}

static char *report_text(const struct device *dev, uint64_t now)
{
	struct text t = { 0 };

	text_add(&t, "DDEKit: a driver host has failed\n\n");
	add_head(&t, dev, now);
	add_plugin_lines(&t, dev);
	text_add(&t, "\nstates:\n");
	add_lines(&t, dev->history, 0, logring_count(dev->history));
	add_statistics(&t, dev);
	add_log(&t, dev, now);
	return t.text;
}

/* ---- the file ------------------------------------------------------------------------ */

/* Return: to be freed; NULL: no memory. */
static char *report_folder(const struct device *dev)
{
	const struct global_config *g = dev->env->global;

	if (g->crash_dir)
		return strdup(g->crash_dir);
	if (!strcmp(g->runtime_dir, DEFAULT_RUNTIME_DIR))
		return strdup(DEFAULT_DIR);
	return str_format("%s/crash", g->runtime_dir);
}

static int make_report_folder(const char *dir)
{
	_cleanup_free_ char *path = strdup(dir);
	char *slash;

	if (!path)
		return -ENOMEM;
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static const char *prune_prefix; /* for scandir(), which passes nothing on */

static int is_of_device(const struct dirent *e)
{
	return !strncmp(e->d_name, prune_prefix, strlen(prune_prefix));
}

/* Leaves the newest @keep reports of a device. */
static void prune_reports(const char *dir, const char *bdf, uint32_t keep)
{
	_cleanup_free_ char *prefix = str_format("%s-", bdf);
	struct dirent **e;
	int n, i;

	if (!prefix)
		return;
	prune_prefix = prefix;
	n = scandir(dir, &e, is_of_device, alphasort);
	for (i = 0; i < n; i++) {
		_cleanup_free_ char *path = str_format("%s/%s", dir, e[i]->d_name);

		if (path && (uint32_t)(n - i) > keep)
			unlink(path);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
}

static int write_report(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				      0600);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			n = -errno;
			unlink(path);
			return (int)n;
		}
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

char *crash_report_write(const struct device *dev)
{
	const struct log_about about = device_about(dev);
	_cleanup_free_ char *dir = report_folder(dev), *report = NULL;
	const char *bdf = dev->config->bdf_text;
	uint64_t now = wall_ns() - (mono_ns() - dev->run.times.died); /* it was then */
	char when[64], *path = NULL;
	int r;

	format_stamp(now, "%Y%m%dT%H%M%S", when, sizeof(when));
	if (dir)
		path = str_format("%s/%s-%s.txt", dir, bdf, when);
	report = report_text(dev, now);
	r = dir && path && report ? make_report_folder(dir) : -ENOMEM;
	if (!r)
		r = write_report(path, report);
	if (r < 0) {
		log_line(&about, LOG_WARNING, "cannot write a crash report in %s: %s",
			 dir ? dir : "?", strerror(-r));
		free(path);
		return NULL;
	}
	prune_reports(dir, bdf, dev->env->global->crash_reports);
	return path;
}
