/* SPDX-License-Identifier: GPL-2.0-only */
/* What all parts of a device use: its names, log, timer and jobs; see private.h. */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

#include "lib/job.h"
#include "lib/log.h"
#include "private.h"
#include "work.h"
#include "system/in-use.h"
#include "system/pci-sysfs.h"

const char *device_state_name(enum device_state state)
{
	static const char *const names[] = { CONTROL_STATES };

	return names[state];
}

bool device_state_is_down(enum device_state state)
{
	return state == DEVICE_CONFIGURED || state == DEVICE_FAILED || state == DEVICE_ABSENT;
}

const char *device_driver(const struct device *dev)
{
	return dev->plugin.name ? dev->plugin.name : dev->config->driver;
}

struct log_about device_about(const struct device *dev)
{
	return (struct log_about){ .bdf = dev->config->bdf_text,
				   .driver = device_driver(dev),
				   .budget = dev->log_budget };
}

void device_log_line(struct device *dev, int level, const char *text)
{
	_cleanup_free_ char *copy = strdup(text);

	if (!copy)
		return;
	str_make_utf8(copy); /* the log is read by D-Bus */
	logring_add(dev->logs, level, copy);
	dev->env->listener->logged(dev->env->listener_arg, dev, level, copy);
}

bool device_is_missing(const struct device *dev)
{
	return !config_is_emulated(dev->config) &&
	       !pcisys_present(inuse_system.sys, dev->config->bdf_text);
}

int device_set_timer(struct device *dev, uint64_t ms, sd_event_time_handler_t fn)
{
	dev->timer = sd_event_source_disable_unref(dev->timer);
	return sd_event_add_time_relative(dev->env->event, &dev->timer, CLOCK_MONOTONIC, ms * 1000,
					  1000, fn, dev);
}

void device_log_notes(struct device *dev, const struct strv *notes)
{
	struct log_about about = device_about(dev);
	size_t i;

	for (i = 0; i < notes->n; i++)
		log_line(&about, LOG_WARNING, "%s", notes->item[i]);
}

int device_post(struct device *dev, const struct job_ops *ops, void *arg)
{
	int r = jobs_add(dev->work.jobs, ops, arg);

	dev->work.busy = !r;
	return r;
}

int device_post_copy(struct device *dev, const struct job_ops *ops, const void *work, size_t size)
{
	void *copy = malloc(size);
	int r = -ENOMEM;

	if (copy)
		r = device_post(dev, ops, memcpy(copy, work, size));
	if (r < 0)
		free(copy);
	return r;
}

void device_set_busy(struct device *dev, bool busy)
{
	dev->work.busy = busy;
}

static void end_done(void *arg)
{
	struct end_work *w = arg;

	fd_close(&w->pidfd);
	free(w);
}

static const struct job_ops end_ops = { .work = work_end, .done = end_done };

void device_end_process(struct device *dev, int pidfd)
{
	struct end_work *w = calloc(1, sizeof(*w));

	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	if (!w) {
		close(pidfd);
		return;
	}
	w->pidfd = pidfd;
	if (jobs_add(dev->work.jobs, &end_ops, w) < 0)
		end_done(w);
}

struct jobs *device_jobs(const struct device *dev)
{
	return dev->work.jobs;
}

sd_event *device_event(const struct device *dev)
{
	return dev->env->event;
}

const struct logring *device_logs(const struct device *dev)
{
	return dev->logs;
}
