/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices across a restart of ddekitd; see adopt-devices.h. */
#include <errno.h>
#include <json-c/json.h>

#include "adopt-devices.h"
#include "device/adopt.h"
#include "device/device.h"
#include "device/persist.h"
#include "lib/json.h"
#include "lib/log.h"
#include "state/fd-store.h"
#include "state/state-file.h"
#include "system/disk-users.h"

/* The device as the predecessor knew it. *ret_fresh: what the file says now, if that is
 * another configuration. */
static int find_or_add(struct manager *m, struct json_object *o, struct device **ret,
		       struct device_config **ret_fresh)
{
	struct device_config *config = adopt_config(o);
	int r;

	if (!config)
		return -EINVAL;
	*ret_fresh = NULL;
	*ret = manager_find(m, config->bdf);
	if (!*ret) {
		r = manager_add(m, config, true, ret);
		if (r < 0)
			device_config_destroy(config);
		return r;
	}
	if (device_config_equal(device_config(*ret), config)) {
		device_config_destroy(config);
		return 0;
	}
	*ret_fresh = device_swap_config(*ret, config);
	return 0;
}

/* What its section became while nobody drove it has to wait: a disk is open. */
static bool is_held(const struct device *dev, const char *what)
{
	struct uses_check *check = uses_create(NULL, NULL);
	_cleanup_free_ char *uses = NULL;
	struct log_about about = device_about(dev);

	if (check && !device_add_uses(dev, check, NULL)) {
		uses_look(check);
		uses_first(check, &uses);
	} else {
		uses = strdup("not known: out of memory");
	}
	uses_free(check);

	if (uses)
		log_line(&about, LOG_WARNING,
			 "its section was %s, but it is in use: %s; it keeps its old settings",
			 what, uses);
	return uses;
}

static void adopt(struct manager *m, const char *key, struct json_object *o)
{
	enum device_want want = json_number(o, "want");
	bool transient = json_is_true(o, "transient");
	struct device_config *fresh;
	enum device_resume how;
	struct device *dev;
	int r = find_or_add(m, o, &dev, &fresh);

	if (r < 0) {
		log_error("%s: cannot go on with it: %s", key, strerror(-r));
		adopt_nothing(m->env.fdstore, key, NULL);
		return;
	}
	how = device_adopt(dev, key, o);
	/* Which sections there are is not known while the file is bad. */
	if (m->config_error && want != WANT_GONE)
		device_set_transient(dev, transient);
	if (device_is_transient(dev) &&
	    (want == WANT_GONE || (!transient && !is_held(dev, "removed")))) {
		device_stop(dev, true);
		return;
	}
	if (want == WANT_DOWN)
		device_stop(dev, false);
	else
		device_resume(dev, how);
	if (fresh && is_held(dev, "changed"))
		device_config_destroy(fresh);
	else if (fresh)
		device_replace_config(dev, fresh);
}

/* The device, if it is configured, starts anew. */
static void discard(struct manager *m, const char *key)
{
	char of_device[FDSTORE_KEY_MAX];
	struct device *dev = NULL;
	size_t i;

	log_error("%s: what the ddekitd before this one left is damaged", key);
	for (i = 0; i < m->n_devices && !dev; i++)
		if (str_equal(fdstore_key(device_bdf_text(m->device[i]), of_device), key))
			dev = m->device[i];
	adopt_nothing(m->env.fdstore, key, dev);
}

void manager_adopt(struct manager *m)
{
	_cleanup_free_ char *text = NULL;
	struct json_object *o;
	char key[FDSTORE_KEY_MAX];
	const char *found;
	int fd;

	while ((found = fdstore_find(m->env.fdstore, "state"))) {
		snprintf(key, sizeof(key), "%s", found);
		fd = fdstore_peek(m->env.fdstore, key, "state");
		o = !statefile_read(fd, &text, NULL) ? json_tokener_parse(text) : NULL;
		free(text);
		text = NULL;
		if (o)
			adopt(m, key, o);
		else
			discard(m, key);
		json_object_put(o);
	}
	fdstore_drop_rest(m->env.fdstore);
}

void manager_leave(struct manager *m)
{
	size_t i;

	for (i = 0; i < m->n_devices; i++)
		device_persist(m->device[i]);
}
