/* SPDX-License-Identifier: GPL-2.0-only */
/* All devices of one ddekitd; see manager.h. */
#include <errno.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "system/in-use.h"
#include "lib/job.h"
#include "state/lock-file.h"
#include "lib/log.h"
#include "manager.h"
#include "manager-config.h"
#include "process/spawn.h"
#include "system/pci-sysfs.h"

/* Added to stop-timeout=: for a device's jobs; devices stop in parallel. */
#define STOP_LIMIT_MS 20000ull
#define STOP_DEVICE_MS 2000ull /* they share processors */

/* ---- runtime folder -------------------------------------------------------- */

static char *lock_name(const struct manager *m)
{
	return m->options.only ? str_format("ddekitd-%s.lock", m->options.only)
			       : strdup("ddekitd.lock");
}

static int open_runtime_dir(struct manager *m)
{
	const char *dir = m->config.global.runtime_dir;
	_cleanup_free_ char *name = lock_name(m);
	pid_t owner = 0;
	int r;

	if (!name)
		return -ENOMEM;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
		r = -errno;
		log_error("cannot create the runtime folder %s: %s; choose another by "
			  "--runtime-dir",
			  dir, strerror(-r));
		return r;
	}
	r = lockfile_open(dir, name, &owner);
	if (r == -EBUSY)
		log_error("another ddekitd (process %d) runs in %s; stop it or choose another "
			  "--runtime-dir",
			  (int)owner, dir);
	else if (r < 0)
		log_error("cannot lock %s/%s: %s", dir, name, strerror(-r));
	if (r < 0)
		return r;
	m->lock = r;
	return 0;
}

/* ---- devices ----------------------------------------------------------------- */

struct device *manager_find(struct manager *m, struct ddekit_bdf bdf)
{
	size_t i;

	for (i = 0; i < m->n_devices; i++)
		if (!config_bdf_compare(device_config(m->device[i])->bdf, bdf))
			return m->device[i];
	return NULL;
}

struct device *manager_lookup(struct manager *m, const char *name)
{
	const struct device *d;
	struct ddekit_bdf bdf;
	size_t i;

	if (!ddekit_bdf_parse(name, &bdf))
		return manager_find(m, bdf);
	for (i = 0; i < m->n_devices; i++) {
		d = m->device[i];
		if (!strcmp(device_interface(d), name))
			return m->device[i];
	}
	/* What the kernel's driver calls it. */
	return pcisys_of_name(inuse_system.sys, name, &bdf) < 0 ? NULL : manager_find(m, bdf);
}

int manager_add(struct manager *m, struct device_config *config, bool transient,
		struct device **ret)
{
	struct device **grown, *dev;
	size_t i;

	if (manager_find(m, config->bdf))
		return -EEXIST;
	grown = realloc(m->device, (m->n_devices + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	m->device = grown;
	dev = device_create(&m->env, config, transient);
	if (!dev)
		return -ENOMEM;
	for (i = m->n_devices; i; i--) {
		if (config_bdf_compare(device_config(grown[i - 1])->bdf, config->bdf) < 0)
			break;
		grown[i] = grown[i - 1];
	}
	grown[i] = dev;
	m->n_devices++;
	if (ret)
		*ret = dev;
	return 0;
}

bool manager_owns(const struct manager *m, const struct device_config *config)
{
	return !m->options.only || !config_bdf_compare(m->only, config->bdf);
}

/* Moves the devices of the configuration into the manager. */
static int add_configured(struct manager *m)
{
	size_t i;
	int r;

	for (i = 0; i < m->config.n_devices; i++) {
		if (manager_owns(m, m->config.device[i])) {
			r = manager_add(m, m->config.device[i], false, NULL);
			if (r < 0)
				return r;
		} else {
			device_config_destroy(m->config.device[i]);
		}
		m->config.device[i] = NULL;
	}
	m->config.n_devices = 0;
	if (m->options.only && !m->n_devices && !m->config_error) {
		log_error("%s: no section [%s]; add one to run this device", m->options.config_path,
			  m->options.only);
		return -ENODEV;
	}
	return 0;
}

void manager_start(struct device *dev)
{
	if (device_state_is_down(device_state(dev)) && device_is_missing(dev))
		device_await(dev);
	else
		device_start(dev);
}

void manager_autostart(struct manager *m)
{
	size_t i;

	for (i = 0; i < m->n_devices; i++)
		if (device_config(m->device[i])->autostart || m->options.only)
			manager_start(m->device[i]);
}

void manager_notify(struct manager *m)
{
	unsigned int up = 0, failed = 0;
	size_t i;

	for (i = 0; i < m->n_devices; i++) {
		up += device_state(m->device[i]) == DEVICE_UP;
		failed += device_state(m->device[i]) == DEVICE_FAILED;
	}
	sd_notifyf(0, "STATUS=%zu devices: %u up, %u failed%s%s", m->n_devices, up, failed,
		   m->config_error ? "; the configuration is bad, and not in use: " : "",
		   m->config_error ? m->config_error : "");
}

/* More than the longest backoff and claim. */
#define START_SPARE_MS 60000u

static bool is_decided(const struct device *dev)
{
	return device_state(dev) == DEVICE_UP || device_state_is_down(device_state(dev));
}

void manager_ready(struct manager *m)
{
	const struct device *dev = m->options.only && m->n_devices ? m->device[0] : NULL;

	m->starting = dev && !is_decided(dev);
	if (!m->starting)
		sd_notify(0, "READY=1");
	else
		sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu",
			   (device_config(dev)->start_timeout + START_SPARE_MS) * 1000ull);
}

static bool all_down(const struct manager *m)
{
	size_t i;

	for (i = 0; i < m->n_devices; i++)
		if (!device_state_is_down(device_state(m->device[i])))
			return false;
	return true;
}

int manager_subscribe(struct manager *m, const struct manager_listener *listener, void *arg)
{
	if (m->n_listeners == MANAGER_LISTENERS)
		return -ENOSPC;
	m->listener[m->n_listeners] = listener;
	m->listener_arg[m->n_listeners++] = arg;
	return 0;
}

/* ---- what devices do ------------------------------------------------------------ */

static void on_changed(void *arg, struct device *dev, enum device_state from)
{
	struct manager *m = arg;
	size_t i;

	manager_notify(m);
	if (m->starting)
		manager_ready(m);
	if (m->env.stopping && all_down(m))
		sd_event_exit(m->env.event, 0);
	for (i = 0; i < m->n_listeners; i++)
		if (m->listener[i]->changed)
			m->listener[i]->changed(m->listener_arg[i], dev, from);
}

static void on_logged(void *arg, struct device *dev, int level, const char *text)
{
	struct manager *m = arg;
	size_t i;

	for (i = 0; i < m->n_listeners; i++)
		if (m->listener[i]->logged)
			m->listener[i]->logged(m->listener_arg[i], dev, level, text);
}

static void on_device_link(void *arg, struct device *dev)
{
	struct manager *m = arg;
	size_t i;

	for (i = 0; i < m->n_listeners; i++)
		if (m->listener[i]->link)
			m->listener[i]->link(m->listener_arg[i], dev);
}

static void on_gone(void *arg, struct device *dev)
{
	struct manager *m = arg;
	size_t i;

	for (i = 0; m->device[i] != dev; i++)
		;
	m->n_devices--;
	memmove(&m->device[i], &m->device[i + 1], (m->n_devices - i) * sizeof(*m->device));
	device_destroy(dev);
	manager_notify(m);
}

static const struct device_listener device_listener = {
	.changed = on_changed,
	.logged = on_logged,
	.link = on_device_link,
	.gone = on_gone,
};

/* ---- stop ------------------------------------------------------------------------- */

static int on_stop_limit(sd_event_source *source, uint64_t usec, void *arg)
{
	struct manager *m = arg;

	log_warning("not all devices stopped in time; killing them");
	return sd_event_exit(m->env.event, 1);
}

static uint64_t stop_limit_ms(const struct manager *m)
{
	uint64_t longest = 0, at_work = 0;
	size_t i;

	for (i = 0; i < m->n_devices; i++) {
		const struct device *dev = m->device[i];

		if (device_state_is_down(device_state(dev)))
			continue;
		at_work++;
		if (device_config(dev)->stop_timeout > longest)
			longest = device_config(dev)->stop_timeout;
	}
	longest += at_work * STOP_DEVICE_MS;
	return longest > STOP_LIMIT_MS ? longest : STOP_LIMIT_MS;
}

void manager_stop(struct manager *m)
{
	uint64_t limit = stop_limit_ms(m);
	size_t i;

	if (m->env.stopping)
		return;
	m->env.stopping = true;
	/* Includes time to kill what is left. */
	sd_notifyf(0, "STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu",
		   (unsigned long long)(limit + STOP_LIMIT_MS / 2) * 1000);
	for (i = 0; i < m->n_devices; i++)
		device_stop(m->device[i], false);
	if (all_down(m))
		sd_event_exit(m->env.event, 0);
	else
		sd_event_add_time_relative(m->env.event, &m->stop_timer, CLOCK_MONOTONIC,
					   limit * 1000, 0, on_stop_limit, m);
}

/* ---- opening, closing -------------------------------------------------------- */

int manager_open(sd_event *event, const struct manager_options *options, struct fdstore *fdstore,
		 struct manager *ret)
{
	int r;

	*ret = (struct manager){
		.env = { .event = event,
			 .global = &ret->config.global,
			 .fdstore = fdstore,
			 .listener = &device_listener,
			 .listener_arg = ret,
			 .classes = options->classes },
		.options = *options,
		.lock = -1,
		.saved_config = -1,
	};
	if (options->only && ddekit_bdf_parse(options->only, &ret->only) < 0) {
		log_error("--device %s: not a PCI address such as 0000:01:00.0", options->only);
		return -EINVAL;
	}
	r = manager_open_config(ret);
	if (r >= 0)
		r = jobs_create(event, &ret->jobs);
	if (r < 0)
		return r;
	confine_open();
	spawn_user(ret->config.global.user, &ret->env.host_uid, &ret->env.host_gid);
	r = open_runtime_dir(ret);
	return r < 0 ? r : add_configured(ret);
}

void manager_close(struct manager *m)
{
	_cleanup_free_ char *name = lock_name(m);
	size_t i;

	m->stop_timer = sd_event_source_disable_unref(m->stop_timer);
	/* Devices that are left to the next ddekitd must not be released. */
	for (i = 0; i < m->n_devices && !m->leaving; i++)
		device_destroy(m->device[i]);
	free(m->device);
	jobs_destroy(m->jobs);
	if (name && m->config.global.runtime_dir)
		lockfile_remove(m->config.global.runtime_dir, name, &m->lock);
	fd_close(&m->lock);
	config_finish(&m->config);
	if (!m->leaving)
		manager_forget_config(m);
	fd_close(&m->saved_config);
	free(m->config_error);
	m->config_error = NULL;
}
