/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Goes on with the devices that the ddekitd before this one drove, by what it left
 * in the service manager's fd store (keep.c).  A driver host that served and
 * is of this build's protocol runs on; any other is ended and a new one started on
 * the same claim and TAP.  A claim that this build cannot go on with is opened anew.
 */
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <sys/syscall.h>

#include "block.h"
#include "keep.h"
#include "work.h"
#include "state/fd-store.h"
#include "lib/job.h"
#include "lib/log.h"
#include "supervise/manager.h"
#include "system/net-settings.h"
#include "state/state-file.h"
#include "system/disk-users.h"

/* ---- reading ------------------------------------------------------------- */

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_string(value) : NULL;
}

static uint64_t number_of(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) ? json_object_get_uint64(value) : 0;
}

static bool bool_of(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) && json_object_get_boolean(value);
}

static void copy_text(char *dst, size_t size, const char *src)
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

/* NULL: this build does not understand it. */
static struct device_config *read_config(struct json_object *o)
{
	_cleanup_free_ char *lines = NULL, *why = NULL;
	const char *text = text_of(o, "config"), *bdf_text = text_of(o, "bdf");
	struct device_config *config;
	struct ddekit_bdf bdf;

	if (!text || !bdf_text || ddekit_bdf_parse(bdf_text, &bdf) < 0)
		return NULL;
	lines = strdup(text);
	config = lines ? device_config_create(bdf, text_of(o, "where")) : NULL;
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

static int read_plugin(struct json_object *o, struct device_plugin *p)
{
	struct json_object *plugin;
	int r;

	if (!json_object_object_get_ex(o, "plugin", &plugin) || !text_of(plugin, "name"))
		return -EINVAL;
	r = str_set(&p->name, text_of(plugin, "name"));
	if (!r)
		r = str_set(&p->class, text_of(plugin, "class"));
	if (!r)
		r = str_set(&p->bridge, text_of(plugin, "bridge"));
	if (!r)
		r = read_list(plugin, "path", &p->path);
	if (!r)
		r = read_list(plugin, "args", &p->args);
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

static void read_history(struct json_object *o, struct device *dev)
{
	struct json_object *saved;

	str_set(&dev->last_failure, text_of(o, "last_failure"));
	dev->staged = bool_of(o, "staged");
	dev->was_up = bool_of(o, "was_up");
	dev->mac_by_admin = bool_of(o, "mac_by_admin");
	dev->restarts = number_of(o, "restarts");
	dev->reloads = number_of(o, "reloads");
	dev->outage_start = number_of(o, "outage_start");
	dev->last_outage = number_of(o, "last_outage");
	dev->last_outage_ready = number_of(o, "last_outage_ready");
	copy_text(dev->modalias, sizeof(dev->modalias), text_of(o, "modalias"));
	copy_text(dev->release, sizeof(dev->release), text_of(o, "release"));
	read_times(o, &dev->times);
	dev->before.changed = bool_of(o, "taken");
	copy_text(dev->before.driver, sizeof(dev->before.driver), text_of(o, "kernel_driver"));
	copy_text(dev->before.override, sizeof(dev->before.override),
		  text_of(o, "kernel_override"));
	if (json_object_object_get_ex(o, "saved", &saved))
		netsave_from_json(saved, &dev->saved);
}

/* ---- the host -------------------------------------------------------------- */

static void end_done(void *arg)
{
	struct end_work *w = arg;

	fd_close(&w->pidfd);
	free(w);
}

static const struct job_ops end_ops = { .work = work_end, .done = end_done };

/* SIGKILL. It must not touch the device any more: the device's jobs come after its end.
 * @dev: NULL: of no device that is known. */
static void end_host(struct device *dev, struct host_kept *kept)
{
	struct end_work *w = kept->pidfd >= 0 && dev ? calloc(1, sizeof(*w)) : NULL;

	if (kept->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, kept->pidfd, SIGKILL, NULL, 0);
	if (w) {
		w->pidfd = kept->pidfd;
		kept->pidfd = -1;
	}
	if (w && jobs_add(dev->jobs, &end_ops, w) < 0)
		end_done(w);
	fd_close(&kept->pidfd);
	fd_close(&kept->socket);
	fd_close(&kept->log);
}

static struct host_kept take_host(struct manager *m, const char *key, struct json_object *o)
{
	struct host_kept kept = { .pidfd = fdstore_take(m->fdstore, key, "pidfd"),
				  .socket = fdstore_take(m->fdstore, key, "socket"),
				  .log = fdstore_take(m->fdstore, key, "log") };
	struct json_object *host;

	if (o && json_object_object_get_ex(o, "host", &host)) {
		kept.pid = number_of(host, "pid");
		kept.start_ns = number_of(host, "start_ns");
		kept.last_state = number_of(host, "last_state");
	}
	return kept;
}

/* Why it cannot run on; NULL: it can. */
static const char *unfit(struct json_object *o, const struct host_kept *kept)
{
	if (number_of(o, "protocol") != PROTO_VERSION)
		return "it speaks the protocol of another build";
	if (!str_equal(text_of(o, "state"), device_state_name(DEVICE_UP)))
		return "it did not serve yet";
	if (kept->pidfd < 0 || kept->socket < 0 || kept->log < 0 || kept->pid <= 0)
		return "it was just being started or ended";
	return NULL;
}

/* Return: true: the host runs on. */
static bool take_over_host(struct device *dev, struct json_object *o, struct host_kept *kept)
{
	struct log_about about = device_about(dev);
	const char *why = unfit(o, kept);
	int r;

	if (!why) {
		r = device_adopt_host(dev, kept);
		if (!r)
			return true;
		/* Its fds are closed: it ends by itself. */
		why = strerror(-r);
		kept->pidfd = kept->socket = kept->log = -1;
	}
	if (kept->pidfd >= 0)
		log_line(&about, LOG_NOTICE, "driver host %d is replaced: %s", (int)kept->pid, why);
	end_host(dev, kept);
	return false;
}

/* ---- the device ------------------------------------------------------------ */

static int restore_claim(struct manager *m, const char *key, struct ddekit_claim **ret,
			 char **ret_why)
{
	struct ddekit_claim_saved *saved = calloc(1, sizeof(*saved));
	_cleanup_close_ int fd = fdstore_take(m->fdstore, key, "claimstate");
	_cleanup_free_ char *data = NULL;
	size_t len;
	int r;

	if (!saved)
		return -ENOMEM;
	saved->n_fds = fdstore_take_list(m->fdstore, key, "claim", saved->fds,
					 ARRAY_SIZE(saved->fds));
	r = fd < 0 ? fd : statefile_read(fd, &data, &len);
	saved->data = data;
	saved->len = r ? 0 : len;
	r = ddekit_claim_restore(saved, ret, ret_why);
	free(saved);
	return r;
}

struct taking {
	struct fdstore *store;
	const char *key;
};

static int take_file(void *arg, const char *what)
{
	const struct taking *t = arg;

	return fdstore_take(t->store, t->key, what);
}

/* What has its disks open loses them if this fails, and nothing else. */
static void take_block(struct device *dev, struct manager *m, const char *key)
{
	struct taking t = { .store = m->fdstore, .key = key };
	struct log_about about = device_about(dev);
	int r;

	if (!str_equal(dev->plugin.bridge, "block"))
		return;
	r = device_adopt_block(dev, take_file, &t);
	if (r < 0)
		log_line(&about, LOG_WARNING, "its disks' clients are cut off: %s", strerror(-r));
}

/* The device as the predecessor knew it; config is the file's present one. */
static int fill(struct device *dev, struct manager *m, const char *key, struct json_object *o)
{
	_cleanup_free_ char *why = NULL;
	struct log_about about;
	int r;

	dev->keep = fdstore_take(m->fdstore, key, "state");
	dev->lock = fdstore_take(m->fdstore, key, "lock");
	dev->tap = fdstore_take(m->fdstore, key, "tap");
	dev->want = WANT_UP;
	read_history(o, dev);
	r = read_plugin(o, &dev->plugin);
	if (!r)
		take_block(dev, m, key);
	if (!r)
		r = restore_claim(m, key, &dev->claim, &why);
	if (!r)
		dev->before.changed = false;	/* the claim knows it */
	about = device_about(dev);
	if (r < 0)
		log_line(&about, LOG_WARNING, "it is claimed anew, since what ddekitd %s left "
			 "cannot be used: %s", text_of(o, "build"), why ? why : strerror(-r));
	return r;
}

/* How far the predecessor had come with a device that is to be up. */
static enum device_resume take_over(struct device *dev, struct manager *m, const char *key,
				    struct json_object *o, struct host_kept *kept)
{
	int r = fill(dev, m, key, o);

	if (!r)
		r = device_adopt_claim(dev);
	if (!r)
		device_adopt_net(dev);
	if (!r && take_over_host(dev, o, kept))
		return RESUME_UP;
	end_host(dev, kept);
	if (!r)
		return RESUME_HOST;
	device_keep_nothing(dev);
	return RESUME_CLAIM;
}

static int find_or_add(struct manager *m, struct json_object *o, struct device **ret,
		       struct device_config **ret_fresh)
{
	struct device_config *config = read_config(o);
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
	if (device_config_equal((*ret)->config, config)) {
		device_config_destroy(config);
		return 0;
	}
	*ret_fresh = (*ret)->config;
	(*ret)->config = config;
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
		uses = strdup("not known, for memory is short");
	}
	uses_free(check);

	if (uses)
		log_line(&about, LOG_WARNING, "its section was %s, but it is in use: %s; it goes "
			 "on as it was", what, uses);
	return uses;
}

static void stop_adopted(struct device *dev, bool forget)
{
	device_stop(dev, forget);
}

static void adopt(struct manager *m, const char *key, struct json_object *o)
{
	struct host_kept kept = take_host(m, key, o);
	enum device_want want = number_of(o, "want");
	struct device_config *fresh;
	enum device_resume how;
	struct device *dev;
	int r = find_or_add(m, o, &dev, &fresh);

	if (r < 0) {
		end_host(NULL, &kept);
		log_error("%s: cannot go on with it: %s", key, strerror(-r));
		fdstore_drop(m->fdstore, key);
		return;
	}
	how = take_over(dev, m, key, o, &kept);
	/* Which sections there are is not known while the file is bad. */
	if (m->config_error && want != WANT_GONE)
		dev->transient = bool_of(o, "transient");
	if (dev->transient && (want == WANT_GONE ||
			       (!bool_of(o, "transient") && !is_held(dev, "removed")))) {
		stop_adopted(dev, true);
		return;
	}
	if (want == WANT_DOWN)
		stop_adopted(dev, false);
	else
		device_resume(dev, how);
	if (fresh && is_held(dev, "changed"))
		device_config_destroy(fresh);
	else if (fresh)
		device_replace_config(dev, fresh);
}

/* The device starts anew, but under the lock that is held: systemd may let go of its own
 * copy of that later than the device needs it. */
static void discard(struct manager *m, const char *key)
{
	struct host_kept kept = take_host(m, key, NULL);
	char of_device[FDSTORE_KEY_MAX];
	struct device *dev;
	size_t i;

	log_error("%s: what the ddekitd before this one left is damaged", key);
	for (i = 0; i < m->n_devices; i++) {
		dev = m->device[i];
		if (!str_equal(fdstore_key(dev->config->bdf_text, of_device), key))
			continue;
		dev->lock = fdstore_take(m->fdstore, key, "lock");
		end_host(dev, &kept);
	}
	end_host(NULL, &kept);
	fdstore_drop(m->fdstore, key);
}

void manager_adopt(struct manager *m)
{
	_cleanup_free_ char *text = NULL;
	struct json_object *o;
	char key[FDSTORE_KEY_MAX];
	const char *found;
	int fd;

	while ((found = fdstore_find(m->fdstore, "state"))) {
		snprintf(key, sizeof(key), "%s", found);
		fd = fdstore_peek(m->fdstore, key, "state");
		o = !statefile_read(fd, &text, NULL) ? json_tokener_parse(text) : NULL;
		free(text);
		text = NULL;
		if (o)
			adopt(m, key, o);
		else
			discard(m, key);
		json_object_put(o);
	}
	fdstore_drop_rest(m->fdstore);
}
