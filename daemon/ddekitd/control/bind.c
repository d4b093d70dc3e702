/* SPDX-License-Identifier: GPL-2.0-only */
/* The methods Bind, PlanBind and Unbind: their arguments and answers; binding.h does it. */
#include <errno.h>

#include "device/device.h"
#include "lib/job.h"
#include "method.h"
#include "methods.h"
#include "plan.h"
#include "supervise/binding.h"
#include "system/disk-users.h"
#include "system/in-use.h"
#include "system/pci-sysfs.h"

#define TRIAL_MAX_MS 3600000u

/* Reads a{ss} over the configuration. Return: how many, -errno. */
static int read_settings(sd_bus_message *msg, struct device_config *config, sd_bus_error *error)
{
	_cleanup_free_ char *why = NULL;
	const char *key, *value;
	int r, n = 0;

	r = sd_bus_message_enter_container(msg, 'a', "{ss}");
	while (r >= 0 && (r = sd_bus_message_read(msg, "{ss}", &key, &value)) > 0) {
		r = device_config_set(config, key, value, 1, &why);
		if (r < 0)
			return method_bad_config(error, why, r);
		n++;
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(msg);
	if (r >= 0)
		r = device_config_complete(config, &why);
	return r < 0 ? method_bad_config(error, why, r) : n;
}

static bool reads_as_harmless(sd_bus_message *msg)
{
	const char *name, *key, *value;
	bool harmless = true;
	uint32_t flags = 0;
	int r = sd_bus_message_read(msg, "s", &name);

	if (r >= 0)
		r = sd_bus_message_enter_container(msg, 'a', "{ss}");
	while (r >= 0 && (r = sd_bus_message_read(msg, "{ss}", &key, &value)) > 0)
		harmless = harmless && config_is_harmless(key, value);
	if (r >= 0)
		r = sd_bus_message_exit_container(msg);
	if (r >= 0)
		r = sd_bus_message_read(msg, "u", &flags);
	return r >= 0 && harmless && !(flags & CONTROL_BIND_FORCE);
}

/* The device by any of its names, also that of the kernel's interface. */
static int read_name(sd_bus_message *msg, struct binding *b, struct ddekit_bdf *bdf,
		     sd_bus_error *error)
{
	const char *name;
	int r = sd_bus_message_read(msg, "s", &name);

	if (r < 0)
		return r;
	b->dev = manager_lookup(b->m, name);
	if (b->dev)
		*bdf = device_config(b->dev)->bdf;
	else if (ddekit_bdf_parse(name, bdf) < 0 && pcisys_of_name(inuse_system.sys, name, bdf) < 0)
		return method_no_device(error, name);
	return 0;
}

static int read_flags(sd_bus_message *msg, uint32_t *ret, sd_bus_error *error)
{
	int r = sd_bus_message_read(msg, "u", ret);

	if (r >= 0 && *ret & ~CONTROL_BIND_ALL)
		return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "unknown flags %#x",
					 *ret & ~CONTROL_BIND_ALL);
	return r;
}

/* A device that is in no file is configured by the settings alone; for one that is, they
 * override its own. */
static int read_request(sd_bus_message *msg, struct binding *b, sd_bus_error *error)
{
	struct ddekit_bdf bdf;
	int r = read_name(msg, b, &bdf, error);

	if (r < 0)
		return r;
	b->config = b->dev ? device_config_copy(device_config(b->dev))
			   : device_config_create(bdf, "ddectl bind");
	if (!b->config)
		return -ENOMEM;
	b->n_settings = read_settings(msg, b->config, error);
	if (b->n_settings < 0)
		return b->n_settings;
	return read_flags(msg, &b->flags, error);
}

/* What the administrator allowed in a section was not meant for the driver or the module
 * parameters of somebody else: the whole section counts, unless it is used as it is. An error is
 * reported by the method itself, which does nothing more then. */
static bool result_is_harmless(sd_bus_message *msg, struct manager *m)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	struct binding b = { .m = m };
	int r = read_request(msg, &b, &error);
	bool harmless = r < 0 || !b.n_settings || device_config_is_harmless(b.config);

	sd_bus_error_free(&error);
	device_config_destroy(b.config);
	return harmless;
}

bool method_bind_is_privileged(sd_bus_message *msg, void *arg)
{
	const struct interface *i = arg;
	bool harmless = reads_as_harmless(msg);

	sd_bus_message_rewind(msg, true);
	harmless = harmless && result_is_harmless(msg, i->manager);
	sd_bus_message_rewind(msg, true);
	return !harmless;
}

/* Return: -errno with @error set; why is freed. */
static int refused(sd_bus_error *error, struct refusal *why, int r)
{
	if (why->error)
		r = method_error(error, why->error, why->text);
	free(why->text);
	return r;
}

/* Bind(s device, a{ss} settings, u flags) -> s state before, s BDF, s note */
int method_bind(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const struct interface *i = arg;
	struct binding b = { .m = i->manager };
	_cleanup_free_ char *note = NULL;
	const char *before = "unbound";
	struct refusal why = { 0 };
	int r = read_request(msg, &b, error);

	if (b.dev)
		before = device_state_name(device_state(b.dev));
	if (r >= 0) {
		r = binding_perform(&b, &why);
		r = r < 0 ? refused(error, &why, r) : 0;
	}
	if (r >= 0)
		note = binding_note(&b);
	device_config_destroy(b.config);
	return r < 0 ? r
		     : sd_bus_reply_method_return(msg, "sss", before, device_bdf_text(b.dev),
						  note ? note : "");
}

/* Switch(s device, a{ss} settings, u flags, u trial in ms) -> s state before, s BDF */
int method_switch(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const struct interface *i = arg;
	struct binding b = { .m = i->manager };
	struct refusal why = { 0 };
	uint32_t trial_ms = 0;
	int r = read_request(msg, &b, error);

	if (r >= 0)
		r = sd_bus_message_read(msg, "u", &trial_ms);
	if (r >= 0 && trial_ms > TRIAL_MAX_MS)
		r = sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
				      "a trial of %u ms; at most %u", trial_ms, TRIAL_MAX_MS);
	if (r >= 0) {
		r = binding_switch(&b, trial_ms, &why);
		r = r < 0 ? refused(error, &why, r) : 0;
	}
	device_config_destroy(b.config);
	return r < 0 ? r : sd_bus_reply_method_return(msg, "ss", "up", device_bdf_text(b.dev));
}

/* A PlanBind that waits for who uses the device. */
struct planning {
	sd_bus_message *msg;
	struct manager *m;
	struct device_config *config;
	bool lasts, force;
	struct inuse uses;
	int error; /* of looking for them */
};

static void planning_free(struct planning *p)
{
	sd_bus_message_unref(p->msg);
	device_config_destroy(p->config);
	inuse_finish(&p->uses);
	free(p);
}

static void planning_work(void *arg)
{
	struct planning *p = arg;

	p->error = inuse_check(&inuse_system, p->config->bdf_text, &p->uses);
}

static void planning_done(void *arg)
{
	struct planning *p = arg;
	struct json_object *plan = NULL;
	int r = p->error;

	if (r >= 0)
		r = plan_bind(p->m, p->config, p->lasts, p->force, &p->uses, &plan);
	if (r >= 0)
		r = method_reply_json(p->msg, plan);
	if (r < 0)
		sd_bus_reply_method_errno(p->msg, r, NULL);
	planning_free(p);
}

static const struct job_ops planning_ops = { .work = planning_work, .done = planning_done };

/* b->config is moved. */
static int start_planning(sd_bus_message *msg, struct binding *b, sd_bus_error *error)
{
	struct planning *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	*p = (struct planning){ .msg = sd_bus_message_ref(msg),
				.m = b->m,
				.config = b->config,
				.lasts = binding_lasts(b),
				.force = b->flags & CONTROL_BIND_FORCE };
	b->config = NULL;
	r = job_run(b->m->env.event, &planning_ops, p);
	if (r >= 0)
		return 1;
	planning_free(p);
	return r == -EBUSY ? sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					       "too many requests wait for an answer; try again")
			   : r;
}

/* PlanBind(s device, a{ss} settings, u flags) -> s JSON: what Bind would do. */
int method_plan_bind(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const struct interface *i = arg;
	struct binding b = { .m = i->manager };
	struct refusal why = { 0 };
	int r = read_request(msg, &b, error);

	if (r >= 0) {
		r = binding_check(&b, &why);
		r = r < 0 ? refused(error, &why, r) : start_planning(msg, &b, error);
	}
	device_config_destroy(b.config);
	return r;
}

/* ---- unbind --------------------------------------------------------------------- */

/* Ends the device. Return: as a method. */
static int end_and_reply(sd_bus_message *msg, struct manager *m, struct device *dev, uint32_t flags,
			 sd_bus_error *error)
{
	const char *before = device_state_name(device_state(dev));
	_cleanup_free_ char *note = NULL;
	char bdf[DDEKIT_BDF_STRLEN];
	struct refusal why = { 0 };
	int r;

	memcpy(bdf, device_bdf_text(dev), sizeof(bdf));
	r = binding_end(m, dev, flags, &note, &why); /* dev may be gone after this */
	if (r < 0)
		return refused(error, &why, r);
	return sd_bus_reply_method_return(msg, "sss", before, bdf, note ? note : "");
}

/* An Unbind that waits for who has a disk open. */
struct unbinding {
	sd_bus_message *msg;
	struct manager *m;
	uint32_t flags;
};

static int finish_unbind(struct unbinding *u, const struct uses_check *check, sd_bus_error *error)
{
	struct device *dev = manager_lookup(u->m, check->entry[0].bdf_text);
	_cleanup_free_ char *uses = NULL;

	if (!dev)
		return method_no_device(error, check->entry[0].bdf_text);
	if (uses_first(check, &uses))
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE,
					 "%s is in use: %s; close that first, or use --force",
					 device_bdf_text(dev), uses ? uses : "?");
	return end_and_reply(u->msg, u->m, dev, u->flags, error);
}

static void unbinding_done(struct uses_check *check)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	struct unbinding *u = check->arg;
	int r = finish_unbind(u, check, &error);

	if (r < 0 || sd_bus_error_is_set(&error))
		sd_bus_reply_method_errno(u->msg, r, &error);
	sd_bus_error_free(&error);
	sd_bus_message_unref(u->msg);
	free(u);
	uses_free(check);
}

static int start_unbinding(sd_bus_message *msg, struct manager *m, struct device *dev,
			   uint32_t flags)
{
	struct unbinding *u = calloc(1, sizeof(*u));
	struct uses_check *check = u ? uses_create(unbinding_done, u) : NULL;
	int r = check ? device_add_uses(dev, check, NULL) : -ENOMEM;

	if (!r) {
		*u = (struct unbinding){ .msg = sd_bus_message_ref(msg), .m = m, .flags = flags };
		r = uses_start(check, m->env.event, NULL);
	}
	if (!r)
		return 1;
	if (u)
		sd_bus_message_unref(u->msg);
	free(u);
	uses_free(check);
	return r;
}

/* Unbind(s device, u flags) -> s state before, s BDF, s note */
int method_unbind(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const struct interface *i = arg;
	struct device *dev;
	uint32_t flags;
	int r = method_read_device(msg, i, &dev, error);

	if (r >= 0)
		r = read_flags(msg, &flags, error);
	if (r < 0)
		return r;
	if (flags & CONTROL_BIND_FORCE || !device_may_have_users(dev))
		return end_and_reply(msg, i->manager, dev, flags, error);
	return start_unbinding(msg, i->manager, dev, flags);
}
