/* SPDX-License-Identifier: GPL-2.0-only */
/* Adopts a device of the ddekitd before this one; see adopt.h. */
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <sys/syscall.h>

#include "adopt.h"
#include "persist.h"
#include "work.h"
#include "private.h"
#include "state/fd-store.h"
#include "lib/job.h"
#include "lib/json.h"
#include "lib/log.h"
#include "system/net-settings.h"
#include "state/state-file.h"

/* ---- reading ------------------------------------------------------------- */

static void copy_saved_text(char *dst, size_t size, const char *src)
{
	snprintf(dst, size, "%s", src ? src : "");
}

/* The lines of device_config_print(). Return: 0, -EINVAL, -ENOMEM. */
static int read_lines(struct device_config *config, char *lines, char **ret_why)
{
	char *line, *value;
	const char *key = NULL;
	int r = 0;

	while (!r && (line = strsep(&lines, "\n"))) {
		if (*line == '\t' && key) {
			r = device_config_append(config, key, line + 1, ret_why);
			continue;
		}
		value = strchr(line, '=');
		if (!value)
			continue;
		*value++ = 0;
		key = line;
		r = device_config_set(config, key, value, 1, ret_why);
	}
	return r;
}

struct device_config *adopt_config(struct json_object *o)
{
	_cleanup_free_ char *lines = NULL, *why = NULL;
	const char *text = json_text(o, "config"), *bdf_text = json_text(o, "bdf");
	struct device_config *config;
	struct ddekit_bdf bdf;

	if (!text || !bdf_text || ddekit_bdf_parse(bdf_text, &bdf) < 0)
		return NULL;
	lines = strdup(text);
	config = lines ? device_config_create(bdf, json_text(o, "where")) : NULL;
	if (!config)
		return NULL;
	if (read_lines(config, lines, &why) < 0 || device_config_complete(config, &why) < 0) {
		log_warning("%s: its configuration of before: %s", bdf_text, why ? why : "?");
		device_config_destroy(config);
		return NULL;
	}
	return config;
}

static int read_list(struct json_object *o, const char *key, struct strv *list)
{
	struct json_object *array;
	size_t i;
	int r = 0;

	if (!json_object_object_get_ex(o, key, &array) ||
	    !json_object_is_type(array, json_type_array))
		return -EINVAL;
	for (i = 0; i < json_object_array_length(array) && !r; i++)
		r = strv_add(list, json_object_get_string(json_object_array_get_idx(array, i)));
	return r;
}

/* An older ddekitd had none; its hosts are not adopted. */
static void read_roles(struct json_object *o, struct device_plugin *p)
{
	struct json_object *array;
	size_t i;

	if (!json_object_object_get_ex(o, "roles", &array) ||
	    !json_object_is_type(array, json_type_array))
		return;
	for (i = 0; i < json_object_array_length(array) && i < ARRAY_SIZE(p->role); i++)
		p->role[i] = json_object_get_int(json_object_array_get_idx(array, i));
}

static int read_plugin(struct json_object *o, struct device_plugin *p)
{
	struct json_object *plugin;
	int r;

	if (!json_object_object_get_ex(o, "plugin", &plugin) || !json_text(plugin, "name"))
		return -EINVAL;
	r = str_set(&p->name, json_text(plugin, "name"));
	if (!r)
		r = str_set(&p->class, json_text(plugin, "class"));
	if (!r)
		r = str_set(&p->bridge, json_text(plugin, "bridge"));
	if (!r)
		r = str_set(&p->bus, json_text(plugin, "bus"));
	if (!r)
		r = read_list(plugin, "path", &p->path);
	if (!r)
		r = read_list(plugin, "args", &p->args);
	read_roles(plugin, p);
	return r || p->path.n == p->args.n ? r : -EINVAL;
}

static void read_times(struct json_object *o, struct device_times *t)
{
	uint64_t *value = (uint64_t *)t;
	struct json_object *array;
	size_t i;

	if (!json_object_object_get_ex(o, "times", &array) ||
	    !json_object_is_type(array, json_type_array) ||
	    json_object_array_length(array) != sizeof(*t) / sizeof(*value))
		return;
	for (i = 0; i < sizeof(*t) / sizeof(*value); i++)
		value[i] = json_object_get_uint64(json_object_array_get_idx(array, i));
}

static void read_failures(struct json_object *o, struct device *dev)
{
	struct device_outage outage = {
		.restarts = json_uint64(o, "restarts"),
		.reloads = json_uint64(o, "reloads"),
		.start = json_uint64(o, "outage_start"),
		.last = json_uint64(o, "last_outage"),
		.last_ready = json_uint64(o, "last_outage_ready"),
	};

	device_restore_failures(dev, json_is_true(o, "was_up"), &outage);
}

/* @lock: moved. */
static void read_hold(struct json_object *o, struct device *dev, int lock)
{
	struct device_hold hold = { .lock = lock, .before.changed = json_is_true(o, "taken") };
	struct ddekit_before *before = &hold.before;
	struct json_object *saved;

	copy_saved_text(hold.modalias, sizeof(hold.modalias), json_text(o, "modalias"));
	copy_saved_text(before->driver, sizeof(before->driver), json_text(o, "kernel_driver"));
	copy_saved_text(before->override, sizeof(before->override),
			json_text(o, "kernel_override"));
	if (json_object_object_get_ex(o, "saved", &saved))
		netsave_from_json(saved, &hold.saved);
	device_restore_hold(dev, &hold);
}

static void read_run(struct json_object *o, struct device *dev)
{
	struct device_times times = { 0 };

	read_times(o, &times);
	device_restore_run(dev, json_text(o, "last_failure"), json_text(o, "release"), &times);
}

/* ---- the host -------------------------------------------------------------- */

/* It must not touch the device any more. @dev: NULL: of no device that is known. */
static void end_host(struct device *dev, struct host_saved *saved)
{
	if (saved->pidfd >= 0 && dev) {
		device_end_process(dev, saved->pidfd);
		saved->pidfd = -1;
	} else if (saved->pidfd >= 0) {
		syscall(SYS_pidfd_send_signal, saved->pidfd, SIGKILL, NULL, 0);
	}
	fd_close(&saved->pidfd);
	fd_close(&saved->socket);
	fd_close(&saved->log);
}

static struct host_saved fetch_host(struct fdstore *store, const char *key, struct json_object *o)
{
	struct host_saved saved = { .pidfd = fdstore_take(store, key, "pidfd"),
				    .socket = fdstore_take(store, key, "socket"),
				    .log = fdstore_take(store, key, "log") };
	struct json_object *host;

	if (o && json_object_object_get_ex(o, "host", &host)) {
		saved.pid = json_uint64(host, "pid");
		saved.start_ns = json_uint64(host, "start_ns");
		saved.last_state = json_uint64(host, "last_state");
	}
	return saved;
}

/* Why it cannot run on; NULL: it can. */
static const char *why_unfit(struct json_object *o, const struct host_saved *saved)
{
	if (json_uint64(o, "protocol") != PROTO_VERSION)
		return "it speaks the protocol of another build";
	if (!str_equal(json_text(o, "state"), device_state_name(DEVICE_UP)))
		return "it did not serve yet";
	if (saved->pidfd < 0 || saved->socket < 0 || saved->log < 0 || saved->pid <= 0)
		return "it was just being started or ended";
	return NULL;
}

/* Return: true: the host runs on. */
static bool adopt_running_host(struct device *dev, struct json_object *o, struct host_saved *saved)
{
	struct log_about about = device_about(dev);
	const char *why = why_unfit(o, saved);
	int r;

	if (!why) {
		r = device_adopt_host(dev, saved);
		if (!r)
			return true;
		/* Its fds are closed: it ends by itself. */
		why = strerror(-r);
		saved->pidfd = saved->socket = saved->log = -1;
	}
	if (saved->pidfd >= 0)
		log_line(&about, LOG_NOTICE, "driver host %d is replaced: %s", (int)saved->pid,
			 why);
	end_host(dev, saved);
	return false;
}

/* ---- the device ------------------------------------------------------------ */

static int restore_claim(struct fdstore *store, const char *key, struct ddekit_claim **ret,
			 char **ret_why)
{
	struct ddekit_claim_saved *saved = calloc(1, sizeof(*saved));
	_cleanup_close_ int fd = fdstore_take(store, key, "claimstate");
	_cleanup_free_ char *data = NULL;
	size_t len;
	int r;

	if (!saved)
		return -ENOMEM;
	saved->n_fds = fdstore_take_list(store, key, "claim", saved->fds, ARRAY_SIZE(saved->fds));
	r = fd < 0 ? fd : statefile_read(fd, &data, &len);
	saved->data = data;
	saved->len = r ? 0 : len;
	r = ddekit_claim_restore(saved, ret, ret_why);
	free(saved);
	return r;
}

struct stored {
	struct fdstore *store;
	const char *key;
};

static int fetch_file(void *arg, const char *what)
{
	const struct stored *t = arg;

	return fdstore_take(t->store, t->key, what);
}

/* The device as the predecessor knew it; config is the file's present one. *ret_whole: the
 * driver host can run on. Return: 0 and the claim; -errno, logged. */
static int restore_device(struct device *dev, const char *key, struct json_object *o,
			  struct ddekit_claim **ret, bool *ret_whole)
{
	struct fdstore *store = dev->env->fdstore;
	struct stored t = { .store = store, .key = key };
	struct device_plugin plugin = { 0 };
	_cleanup_free_ char *why = NULL;
	struct log_about about;
	int r;

	device_restore_persisted(dev, fdstore_take(store, key, "state"));
	read_hold(o, dev, fdstore_take(store, key, "lock"));
	device_restore_settings(dev, json_is_true(o, "staged"));
	read_failures(o, dev);
	read_run(o, dev);
	r = read_plugin(o, &plugin);
	device_set_plugin(dev, &plugin);
	*ret_whole = !device_adopt_classes(dev, o, fetch_file, &t);
	if (!r)
		r = restore_claim(store, key, ret, &why);
	about = device_about(dev);
	if (r < 0)
		log_line(&about, LOG_WARNING,
			 "it is claimed again, since what ddekitd %s left cannot be used: %s",
			 json_text(o, "build"), why ? why : strerror(-r));
	return r;
}

enum device_resume device_adopt(struct device *dev, const char *key, struct json_object *o)
{
	struct host_saved saved = fetch_host(dev->env->fdstore, key, o);
	struct ddekit_claim *claim = NULL;
	bool whole;
	int r = restore_device(dev, key, o, &claim, &whole);

	if (!r)
		r = device_adopt_claim(dev, claim);
	if (!r)
		device_classes_adopted(dev);
	if (!r && whole && adopt_running_host(dev, o, &saved))
		return RESUME_UP;
	end_host(dev, &saved);
	if (!r)
		return RESUME_HOST;
	device_drop_persisted(dev);
	return RESUME_CLAIM;
}

void adopt_nothing(struct fdstore *store, const char *key, struct device *dev)
{
	struct host_saved saved = fetch_host(store, key, NULL);
	struct device_hold hold = { .lock = -1 };

	if (dev) {
		hold.lock = fdstore_take(store, key, "lock");
		device_restore_hold(dev, &hold);
		device_expect_barrier(dev); /* until the copies are closed, the TAP has its name */
	}
	end_host(dev, &saved);
	fdstore_drop(store, key);
}
