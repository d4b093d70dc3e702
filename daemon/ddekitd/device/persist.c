/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes down what the next ddekitd needs of a device; see persist.h.  Under
 * the device's key the fd store has
 *
 *   state              JSON in a memfd (state-file.h)
 *   lock               of the device
 *   claimstate claimN  of ddekit_claim_save()
 *   pidfd socket log   of its host
 *
 * and the files of its class, under names that are that class's alone.
 *
 * adopt.c reads it.
 */
#include <errno.h>

#include "persist.h"
#include "private.h"
#include "state/fd-store.h"
#include "lib/json.h"
#include "lib/log.h"
#include "system/net-settings.h"
#include "state/state-file.h"

/* ---- files ---------------------------------------------------------------------- */

static void store_warn(const struct device *dev, const char *what, int error)
{
	struct log_about about = device_about(dev);

	log_line(&about, LOG_WARNING, "cannot save %s for a restart of ddekitd: %s", what,
		 strerror(-error));
}

void device_store(const struct device *dev, const char *what, int fd)
{
	char key[FDSTORE_KEY_MAX];
	int r = fdstore_put(dev->env->fdstore, fdstore_key(dev->config->bdf_text, key), what, fd);

	if (r < 0)
		store_warn(dev, what, r);
}

static void store_drop(const struct device *dev)
{
	char key[FDSTORE_KEY_MAX];

	fdstore_drop(dev->env->fdstore, fdstore_key(dev->config->bdf_text, key));
}

/* ---- the description ------------------------------------------------------------- */

static void add_word_list(struct json_object *o, const char *key, const struct strv *list)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < list->n; i++)
		json_object_array_add(array, json_object_new_string(list->item[i]));
	json_object_object_add(o, key, array);
}

static void add_roles(struct json_object *o, const struct device_plugin *p)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < p->path.n && i < ARRAY_SIZE(p->role); i++)
		json_object_array_add(array, json_object_new_int(p->role[i]));
	json_object_object_add(o, "roles", array);
}

static struct json_object *describe_plugin(const struct device_plugin *p)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "name", p->name);
	add_string(o, "class", p->class);
	add_string(o, "bridge", p->bridge);
	add_string(o, "bus", p->bus);
	add_word_list(o, "path", &p->path);
	add_word_list(o, "args", &p->args);
	add_roles(o, p);
	return o;
}

static struct json_object *describe_host(const struct host *h)
{
	struct json_object *o = json_object_new_object();
	struct host_saved saved;

	host_save(h, &saved);
	add_number(o, "pid", saved.pid);
	add_number(o, "start_ns", saved.start_ns);
	add_number(o, "last_state", saved.last_state);
	return o;
}

static struct json_object *describe_times(const struct device_times *t)
{
	struct json_object *o = json_object_new_array();
	const uint64_t *value = (const uint64_t *)t;
	size_t i;

	for (i = 0; i < sizeof(*t) / sizeof(*value); i++)
		json_object_array_add(o, json_object_new_uint64(value[i]));
	return o;
}

static void add_history(struct json_object *o, const struct device *dev)
{
	add_string(o, "last_failure", dev->run.last_failure);
	add_bool(o, "was_up", dev->failures.was_up);
	add_number(o, "since", dev->state_since);
	add_number(o, "restarts", dev->outage.restarts);
	add_number(o, "reloads", dev->outage.reloads);
	add_number(o, "outage_start", dev->outage.start);
	add_number(o, "last_outage", dev->outage.last);
	add_number(o, "last_outage_ready", dev->outage.last_ready);
	json_object_object_add(o, "times", describe_times(&dev->run.times));
}

static void add_before(struct json_object *o, const struct ddekit_before *before)
{
	add_bool(o, "taken", before->changed);
	add_string(o, "kernel_driver", before->driver);
	add_string(o, "kernel_override", before->override);
}

static struct json_object *describe_device(const struct device *dev)
{
	struct json_object *o = json_object_new_object();
	struct text config = { 0 };

	if (!o || device_config_print(dev->config, &config) < 0) {
		json_object_put(o);
		text_finish(&config);
		return NULL;
	}
	add_number(o, "protocol", PROTO_VERSION);
	add_string(o, "build", DDEKIT_VERSION);
	add_string(o, "bdf", dev->config->bdf_text);
	add_string(o, "where", dev->config->where);
	add_string(o, "config", config.text);
	text_finish(&config);
	add_bool(o, "transient", dev->settings.transient);
	add_bool(o, "staged", dev->settings.staged);
	add_string(o, "state", device_state_name(dev->state));
	add_number(o, "want", dev->want);
	device_describe_classes(dev, o);
	add_string(o, "modalias", dev->hold.modalias);
	add_string(o, "release", dev->run.release);
	json_object_object_add(o, "plugin", describe_plugin(&dev->plugin));
	if (dev->run.host)
		json_object_object_add(o, "host", describe_host(dev->run.host));
	if (dev->hold.saved)
		json_object_object_add(o, "saved", netsave_to_json(dev->hold.saved));
	add_before(o, dev->hold.claim ? ddekit_claim_before(dev->hold.claim) : &dev->hold.before);
	add_history(o, dev);
	return o;
}

static int write_description(struct device *dev)
{
	struct json_object *o = describe_device(dev);
	const char *text = o ? json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN) : NULL;
	int r = text ? statefile_write(dev->persisted.state, text, strlen(text)) : -ENOMEM;

	json_object_put(o);
	return r;
}

void device_persist(struct device *dev)
{
	int r;

	if (dev->persisted.state < 0)
		return;
	r = write_description(dev);
	if (r < 0)
		store_warn(dev, "its state", r);
}

static int persist_claim_fds(struct device *dev)
{
	struct ddekit_claim_saved *saved = calloc(1, sizeof(*saved));
	_cleanup_close_ int fd = statefile_create("ddekit-claim");
	int r = !saved ? -ENOMEM : fd < 0 ? fd : ddekit_claim_save(dev->hold.claim, saved);
	char what[32];
	uint32_t i;

	if (!r)
		r = statefile_write(fd, saved->data, saved->len);
	if (!r)
		device_store(dev, "claimstate", fd);
	for (i = 0; !r && i < saved->n_fds; i++) {
		snprintf(what, sizeof(what), "claim%u", i);
		device_store(dev, what, saved->fds[i]);
	}
	if (saved)
		free(saved->data);
	free(saved);
	return r;
}

void device_persist_claim(struct device *dev)
{
	int r;

	if (!fdstore_active(dev->env->fdstore))
		return;
	if (dev->persisted.state < 0) {
		r = statefile_create("ddekit-state");
		if (r < 0) {
			store_warn(dev, "its state", r);
			return;
		}
		dev->persisted.state = r;
		device_store(dev, "state", dev->persisted.state);
	}
	device_store(dev, "lock", dev->hold.lock);
	device_persist_classes(dev);
	r = persist_claim_fds(dev);
	if (r < 0)
		store_warn(dev, "its claim", r);
	device_persist(dev);
}

void device_persist_host(struct device *dev)
{
	struct host_saved saved;

	if (dev->persisted.state < 0 || !dev->run.host)
		return;
	host_save(dev->run.host, &saved);
	device_store(dev, "pidfd", saved.pidfd);
	device_store(dev, "socket", saved.socket);
	device_store(dev, "log", saved.log);
	device_persist(dev);
}

void device_drop_persisted(struct device *dev)
{
	if (dev->persisted.state < 0)
		return;
	store_drop(dev);
	fd_close(&dev->persisted.state);
	dev->persisted.barrier = true;
}

void device_barrier_passes(struct device *dev)
{
	dev->persisted.barrier = false;
}

void device_expect_barrier(struct device *dev)
{
	dev->persisted.barrier = true;
}

void device_restore_persisted(struct device *dev, int state)
{
	dev->persisted.state = state;
}
