/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ddekitd's configuration: reading it, going on with the last good one when the
 * file is bad, reading it again; see manager.h.
 */
#include <errno.h>
#include <sys/mman.h>

#include "state/fd-store.h"
#include "lib/log.h"
#include "manager.h"
#include "state/state-file.h"
#include "system/disk-users.h"

/* Where the last good configuration is in the fd store. */
#define KEPT_KEY "ddekitd"
#define KEPT_NAME "config"

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

/* *ret_first, unless NULL: the first error, to be freed. */
static int read_config(const struct manager_options *options, struct config *ret,
		       char **ret_first)
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
	if (r < 0 && ret_first)
		*ret_first = errors.n ? strdup(errors.item[0])
				      : str_format("%s: %s", options->config_path, strerror(-r));
	strv_finish(&errors);
	return r;
}

int manager_read_config(const struct manager_options *options, struct config *ret)
{
	return read_config(options, ret, NULL);
}

/* ---- the last good one --------------------------------------------------------- */

/* Writes down what is in use, for a ddekitd that finds a bad file. */
static void keep_config(struct manager *m, const struct config *config)
{
	_cleanup_free_ char *text = config_print(config);
	int r = text ? 0 : -ENOMEM;

	if (!fdstore_active(m->fdstore))
		return;
	if (!r && m->kept_config < 0) {
		r = statefile_create("ddekit-config");
		if (r >= 0) {
			m->kept_config = r;
			r = fdstore_put(m->fdstore, KEPT_KEY, KEPT_NAME, m->kept_config);
		}
	}
	if (!r)
		r = statefile_write(m->kept_config, text, strlen(text));
	if (r < 0)
		log_warning("the configuration cannot be kept for a restart: %s", strerror(-r));
}

void manager_forget_config(struct manager *m)
{
	if (m->kept_config < 0)
		return;
	fdstore_drop(m->fdstore, KEPT_KEY);
	if (fdstore_active(m->fdstore))
		fdstore_wait();
	fd_close(&m->kept_config);
}

/* Reads a text as if it were the file. */
static int load_text(struct manager *m, const char *text, struct strv *errors)
{
	_cleanup_close_ int fd = memfd_create("ddekit-config-text", MFD_CLOEXEC);
	struct manager_options options = m->options;
	char path[32];
	size_t len = strlen(text), i;
	int r;

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return -EIO;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	options.config_path = path;
	r = load(&options, &m->config, errors);
	for (i = 0; i < m->config.n_devices && !r; i++)
		r = str_set(&m->config.device[i]->where, "the last good configuration");
	return r;
}

/* Return: 0: there is something to run on with; the error of the file if not. */
static int fall_back(struct manager *m, int error)
{
	struct manager_options options = m->options;
	_cleanup_free_ char *text = NULL;
	struct strv errors = { 0 };
	int r = m->kept_config < 0 ? m->kept_config
				   : statefile_read(m->kept_config, &text, NULL);

	config_finish(&m->config);
	if (!r)
		r = load_text(m, text, &errors);
	strv_finish(&errors);
	if (!r) {
		log_error("the configuration is bad: the last good one stays in use; mend it, "
			  "then ddectl reload");
		return 0;
	}
	config_finish(&m->config);
	if (!fdstore_find(m->fdstore, "state"))
		return error;
	log_error("the configuration is bad: only the devices that run stay in use; mend it, then "
		  "ddectl reload");
	options.config_path = "/dev/null";
	return load(&options, &m->config, &errors);
}

int manager_open_config(struct manager *m)
{
	_cleanup_free_ char *first = NULL;
	int r;

	m->kept_config = fdstore_take(m->fdstore, KEPT_KEY, KEPT_NAME);
	r = read_config(&m->options, &m->config, &first);
	if (!r)
		keep_config(m, &m->config);
	else if (r == -EINVAL || r == -ENOENT)
		r = fall_back(m, r);
	if (!r)
		str_set(&m->config_error, first);
	return r;
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
		if (dev->config->autostart)
			manager_start(dev);
		return 0;
	}
	dev->transient = false;
	if (device_config_equal(dev->config, *config))
		return str_set(&dev->config->where, (*config)->where);
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

/* A reload that waits for who has a disk open. */
struct reload {
	struct manager *m;
	struct config fresh;
	manager_reloaded_fn fn;
	void *arg;
};

static void reload_free(struct reload *reload)
{
	size_t i;

	if (!reload)
		return;
	/* Devices that were taken over left a hole. */
	for (i = 0; i < reload->fresh.n_devices; i++)
		device_config_destroy(reload->fresh.device[i]);
	reload->fresh.n_devices = 0;
	config_finish(&reload->fresh);
	free(reload);
}

static int apply(struct manager *m, struct config *fresh)
{
	size_t i;
	int r = 0;

	keep_config(m, fresh);
	remove_missing(m, fresh);
	for (i = 0; i < fresh->n_devices && r >= 0; i++)
		if (manager_owns(m, fresh->device[i]))
			r = update_device(m, &fresh->device[i]);
	return r;
}

/* An open disk must not vanish. */
static int refuse_in_use(const struct uses_check *check, char **ret_why)
{
	_cleanup_free_ char *uses = NULL;
	const struct uses_entry *e = uses_first(check, &uses);

	if (!e)
		return 0;
	*ret_why = str_format("%s is in use: %s; its section cannot be %s before that is closed",
			      e->bdf_text, uses ? uses : "?", e->change);
	return -EBUSY;
}

static void reload_done(struct uses_check *check)
{
	struct reload *reload = check->arg;
	struct manager *m = reload->m;
	_cleanup_free_ char *why = NULL;
	int r = refuse_in_use(check, &why);

	str_set(&m->config_error, why);
	if (!r)
		r = apply(m, &reload->fresh);
	manager_notify(m);
	reload->fn(reload->arg, r, why);
	reload_free(reload);
	uses_free(check);
}

/* The devices whose disks the reload would take away. */
static int add_checks(struct manager *m, const struct config *fresh, struct uses_check *check)
{
	const struct device_config *config;
	const struct device *dev;
	size_t i;
	int r = 0;

	for (i = 0; i < m->n_devices && !r; i++) {
		dev = m->device[i];
		config = config_find(fresh, dev->config->bdf);
		if (config ? device_config_equal(dev->config, config) : dev->transient)
			continue;
		r = uses_add(check, dev, config ? "changed" : "removed");
	}
	return r;
}

static int read_fresh(struct manager *m, struct config *fresh, char **ret_why)
{
	struct strv errors = { 0 };
	int r = load(&m->options, fresh, &errors);

	if (r < 0)
		*ret_why = errors.n ? join_errors(&errors)
				    : str_format("%s: %s", m->options.config_path, strerror(-r));
	if (r < 0)
		str_set(&m->config_error, errors.n ? errors.item[0] : *ret_why);
	strv_finish(&errors);
	return r;
}

int manager_reload(struct manager *m, manager_reloaded_fn fn, void *arg, char **ret_why)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	struct uses_check *check = uses_create(reload_done, reload);
	int r = reload && check ? 0 : -ENOMEM;

	if (!r) {
		*reload = (struct reload){ .m = m, .fn = fn, .arg = arg };
		r = read_fresh(m, &reload->fresh, ret_why);
	}
	if (!r)
		r = add_checks(m, &reload->fresh, check);
	if (!r)
		r = uses_start(check, m->event, m->jobs);
	if (r < 0) {
		uses_free(check);
		reload_free(reload);
		manager_notify(m);
	}
	return r;
}
