/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the configuration again; see reload-config.h. */
#include <errno.h>

#include "device/device.h"
#include "lib/log.h"
#include "manager-config.h"
#include "reload-config.h"
#include "system/disk-users.h"

static void remove_missing(struct manager *m, const struct config *fresh)
{
	struct device *dev;
	size_t i;

	for (i = m->n_devices; i-- > 0;) {
		dev = m->device[i];
		if (!device_is_transient(dev) && !config_find(fresh, device_config(dev)->bdf)) {
			log_notice("%s: no longer configured", device_bdf_text(dev));
			device_stop(dev, true);
		}
	}
}

/* Moves *config into its device; *config is NULL afterwards. */
static int update_device(struct manager *m, struct device_config **config)
{
	struct device *dev = manager_find(m, (*config)->bdf);
	int r;

	if (!dev) {
		r = manager_add(m, *config, false, &dev);
		if (r < 0)
			return r;
		*config = NULL;
		if (device_config(dev)->autostart)
			manager_start(dev);
		return 0;
	}
	device_set_transient(dev, false);
	if (device_config_equal(device_config(dev), *config))
		return device_set_where(dev, (*config)->where);
	log_notice("%s: configuration changed", device_bdf_text(dev));
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
	/* NULL where the configuration was moved to a device. */
	for (i = 0; i < reload->fresh.n_devices; i++)
		device_config_destroy(reload->fresh.device[i]);
	reload->fresh.n_devices = 0;
	config_finish(&reload->fresh);
	free(reload);
}

static int reload_apply(struct manager *m, struct config *fresh)
{
	size_t i;
	int r = 0;

	manager_save_config(m, fresh);
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
		r = reload_apply(m, &reload->fresh);
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
		config = config_find(fresh, device_config(dev)->bdf);
		if (config ? device_config_equal(device_config(dev), config)
			   : device_is_transient(dev))
			continue;
		r = device_add_uses(dev, check, config ? "changed" : "removed");
	}
	return r;
}

static int read_fresh(struct manager *m, struct config *fresh, char **ret_why)
{
	struct strv errors = { 0 };
	int r = manager_load_config(&m->options, fresh, &errors);

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
		r = uses_start(check, m->env.event, m->jobs);
	if (r < 0) {
		uses_free(check);
		reload_free(reload);
		manager_notify(m);
	}
	return r;
}
