/* SPDX-License-Identifier: GPL-2.0-only */
/* All devices of one ddekitd; see manager.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "bus.h"
#include "log.h"
#include "manager.h"

#define STOP_LIMIT_US 20000000ull	/* for all devices; more than any stop-timeout is cut */

/* ---- configuration ------------------------------------------------------- */

static int overlay(char **member, const char *value)
{
	return value ? str_set(member, value) : 0;
}

static int load(const struct manager_options *o, struct config *ret, struct strv *errors)
{
	struct global_config *g = &ret->global;
	int r = config_load(ret, o->config_path, errors);

	if (r == -ENOENT && !o->config_given)
		r = 0;
	if (!r)
		r = overlay(&g->runtime_dir, o->runtime_dir);
	if (!r)
		r = overlay(&g->plugin_dir, o->plugin_dir);
	if (!r)
		r = overlay(&g->runtime, o->runtime);
	if (!r)
		r = overlay(&g->host_binary, o->host_binary);
	if (!r)
		r = overlay(&g->front_dir, o->front_dir);
	return r;
}

int manager_read_config(const struct manager_options *options, struct config *ret)
{
	struct strv errors = { 0 };
	size_t i;
	int r = load(options, ret, &errors);

	for (i = 0; i < errors.n; i++)
		log_error("%s", errors.item[i]);
	if (r == -ENOENT)
		log_error("%s: no such file; see devices.conf(5)", options->config_path);
	else if (r == -ENOMEM)
		log_error("out of memory");
	strv_finish(&errors);
	return r;
}

/* ---- runtime folder -------------------------------------------------------- */

/* Is the file still the one of that name? Its last owner may have removed it
 * between our open and lock. */
static bool still_there(int fd, const char *path)
{
	struct stat mine, there;

	return !fstat(fd, &mine) && !stat(path, &there) && mine.st_dev == there.st_dev &&
	       mine.st_ino == there.st_ino;
}

int manager_sign_lock(int fd)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	return ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0 ? -errno : 0;
}

/* Return: the locked fd, -EBUSY, -ESTALE (try again), -errno. */
static int try_lock(const char *path, pid_t *ret_owner)
{
	char text[16] = "";
	int fd, r = 0;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
		if (pread(fd, text, sizeof(text) - 1, 0) > 0)
			*ret_owner = atoi(text);
	} else if (!still_there(fd, path)) {
		r = -ESTALE;
	} else {
		r = manager_sign_lock(fd);
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int manager_lock_file(const char *dir, const char *name, pid_t *ret_owner)
{
	_cleanup_free_ char *path = str_format("%s/%s", dir, name);
	int r;

	if (!path)
		return -ENOMEM;
	do
		r = try_lock(path, ret_owner);
	while (r == -ESTALE);
	return r;
}

void manager_unlock_file(const char *dir, const char *name, int *fd)
{
	_cleanup_free_ char *path = str_format("%s/%s", dir, name);

	if (*fd >= 0 && path)
		unlink(path);
	fd_close(fd);
}

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
		log_error("cannot make the runtime folder %s: %s; choose another by "
			  "--runtime-dir", dir, strerror(-r));
		return r;
	}
	r = manager_lock_file(dir, name, &owner);
	if (r == -EBUSY)
		log_error("another ddekitd (process %d) runs in %s; stop it or choose another "
			  "--runtime-dir", (int)owner, dir);
	else if (r < 0)
		log_error("cannot lock %s/%s: %s", dir, name, strerror(-r));
	if (r < 0)
		return r;
	m->lock = r;
	return 0;
}

/* ---- devices ----------------------------------------------------------------- */

static int compare(struct ddekit_bdf a, struct ddekit_bdf b)
{
	if (a.domain != b.domain)
		return a.domain < b.domain ? -1 : 1;
	return (a.bus << 8 | a.dev << 3 | a.fn) - (b.bus << 8 | b.dev << 3 | b.fn);
}

struct device *manager_find(struct manager *m, struct ddekit_bdf bdf)
{
	size_t i;

	for (i = 0; i < m->n_devices; i++)
		if (!compare(m->device[i]->config->bdf, bdf))
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
		if (!strcmp(d->link_known ? d->link.name : d->config->ifname, name))
			return m->device[i];
	}
	return NULL;
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
	dev = device_create(m, config, transient);
	if (!dev)
		return -ENOMEM;
	for (i = m->n_devices; i && compare(grown[i - 1]->config->bdf, config->bdf) > 0; i--)
		grown[i] = grown[i - 1];
	grown[i] = dev;
	m->n_devices++;
	if (ret)
		*ret = dev;
	return 0;
}

static bool is_ours(const struct manager *m, const struct device_config *config)
{
	return !m->options.only || !compare(m->only, config->bdf);
}

/* Moves the devices of the configuration into the manager. */
static int take_devices(struct manager *m)
{
	size_t i;
	int r;

	for (i = 0; i < m->config.n_devices; i++) {
		if (is_ours(m, m->config.device[i])) {
			r = manager_add(m, m->config.device[i], false, NULL);
			if (r < 0)
				return r;
		} else {
			device_config_destroy(m->config.device[i]);
		}
		m->config.device[i] = NULL;
	}
	m->config.n_devices = 0;
	if (m->options.only && !m->n_devices) {
		log_error("%s: no section [%s]; add one to run this device", m->options.config_path,
			  m->options.only);
		return -ENODEV;
	}
	return 0;
}

int manager_open(sd_event *event, const struct manager_options *options,
		 struct fdstore *fdstore, struct manager *ret)
{
	int r;

	*ret = (struct manager){ .event = event, .options = *options, .fdstore = fdstore,
				 .lock = -1 };
	if (options->only && ddekit_bdf_parse(options->only, &ret->only) < 0) {
		log_error("--device %s: not a PCI address such as 0000:01:00.0", options->only);
		return -EINVAL;
	}
	r = manager_read_config(options, &ret->config);
	if (r < 0)
		return r;
	spawn_user(ret->config.global.user, &ret->host_uid, &ret->host_gid);
	r = open_runtime_dir(ret);
	return r < 0 ? r : take_devices(ret);
}

void manager_close(struct manager *m)
{
	_cleanup_free_ char *name = lock_name(m);
	size_t i;

	m->stop_timer = sd_event_source_disable_unref(m->stop_timer);
	/* What is left to the next ddekitd must not be given back. */
	for (i = 0; i < m->n_devices && !m->leaving; i++)
		device_destroy(m->device[i]);
	free(m->device);
	if (name && m->config.global.runtime_dir)
		manager_unlock_file(m->config.global.runtime_dir, name, &m->lock);
	fd_close(&m->lock);
	config_finish(&m->config);
}

void manager_autostart(struct manager *m)
{
	size_t i;

	for (i = 0; i < m->n_devices; i++)
		if (m->device[i]->config->autostart || m->options.only)
			device_start(m->device[i]);
}

static void notify_status(struct manager *m)
{
	unsigned int up = 0, failed = 0;
	size_t i;

	for (i = 0; i < m->n_devices; i++) {
		up += m->device[i]->state == DEVICE_UP;
		failed += m->device[i]->state == DEVICE_FAILED;
	}
	sd_notifyf(0, "STATUS=%zu devices: %u up, %u failed", m->n_devices, up, failed);
}

static bool all_down(const struct manager *m)
{
	size_t i;

	for (i = 0; i < m->n_devices; i++)
		if (m->device[i]->state != DEVICE_CONFIGURED &&
		    m->device[i]->state != DEVICE_FAILED)
			return false;
	return true;
}

void manager_device_changed(struct manager *m, struct device *dev, enum device_state from)
{
	notify_status(m);
	if (m->bus)
		bus_state_changed(m->bus, dev, from);
	if (m->stopping && all_down(m))
		sd_event_exit(m->event, 0);
}

void manager_device_gone(struct manager *m, struct device *dev)
{
	size_t i;

	for (i = 0; m->device[i] != dev; i++)
		;
	m->n_devices--;
	memmove(&m->device[i], &m->device[i + 1], (m->n_devices - i) * sizeof(*m->device));
	device_destroy(dev);
	notify_status(m);
}

static int on_stop_limit(sd_event_source *source, uint64_t usec, void *arg)
{
	struct manager *m = arg;

	log_warning("not all devices stopped in time; ending them");
	return sd_event_exit(m->event, 1);
}

void manager_stop(struct manager *m)
{
	size_t i;

	if (m->stopping)
		return;
	m->stopping = true;
	sd_notify(0, "STOPPING=1");
	for (i = 0; i < m->n_devices; i++)
		device_stop(m->device[i], false);
	if (all_down(m))
		sd_event_exit(m->event, 0);
	else
		sd_event_add_time_relative(m->event, &m->stop_timer, CLOCK_MONOTONIC,
					   STOP_LIMIT_US, 0, on_stop_limit, m);
}

/* ---- reload ---------------------------------------------------------------- */

static void remove_missing(struct manager *m, const struct config *fresh)
{
	struct device *dev;
	size_t i;

	for (i = m->n_devices; i-- > 0;) {
		dev = m->device[i];
		if (!dev->transient && !config_find(fresh, dev->config->bdf)) {
			log_notice("%s: no longer configured", dev->config->bdf_text);
			device_stop(dev, true);
		}
	}
}

/* Takes the configuration of one device from *config, which is NULL after it. */
static int update_device(struct manager *m, struct device_config **config)
{
	struct device *dev = manager_find(m, (*config)->bdf);
	int r;

	if (!dev) {
		r = manager_add(m, *config, false, &dev);
		if (r < 0)
			return r;
		*config = NULL;
		return dev->config->autostart ? device_start(dev) : 0;
	}
	dev->transient = false;
	if (device_config_equal(dev->config, *config))
		return 0;
	log_notice("%s: configuration changed", dev->config->bdf_text);
	device_replace_config(dev, *config);
	*config = NULL;
	return 0;
}

static char *join_errors(const struct strv *errors)
{
	struct text t = { 0 };
	size_t i;

	for (i = 0; i < errors->n; i++)
		text_add(&t, "%s%s", i ? "\n" : "", errors->item[i]);
	return t.text;
}

int manager_reload(struct manager *m, char **ret_why)
{
	struct config fresh = { 0 };
	struct strv errors = { 0 };
	size_t i;
	int r = load(&m->options, &fresh, &errors);

	if (r < 0)
		*ret_why = errors.n ? join_errors(&errors)
				    : str_format("%s: %s", m->options.config_path, strerror(-r));
	strv_finish(&errors);
	if (r >= 0) {
		remove_missing(m, &fresh);
		for (i = 0; i < fresh.n_devices && r >= 0; i++)
			if (is_ours(m, fresh.device[i]))
				r = update_device(m, &fresh.device[i]);
	}
	/* Devices that were taken over left a hole. */
	for (i = 0; i < fresh.n_devices; i++)
		device_config_destroy(fresh.device[i]);
	fresh.n_devices = 0;
	config_finish(&fresh);
	return r;
}
