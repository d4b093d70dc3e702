/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The methods Bind, PlanBind and Unbind.  A device that is bound for good gets a
 * drop-in (drop-in.h): staged here, and kept by bind_settled() once it is up.
 */
#include <errno.h>

#include "bind.h"
#include "config/drop-in.h"
#include "system/in-use.h"
#include "lib/job.h"
#include "lib/log.h"
#include "methods.h"
#include "system/pci-sysfs.h"
#include "plan.h"
#include "system/disk-users.h"

/* What a Bind is to do. */
struct request {
	struct manager *m;
	struct device *dev;		/* NULL: not known yet */
	struct device_config *config;	/* as it is to be */
	int n_settings;
	uint32_t flags;			/* CONTROL_BIND_* */
};

/* Reads a{ss} over the configuration. Return: how many, -errno. */
static int read_settings(sd_bus_message *msg, struct device_config *config,
			 sd_bus_error *error)
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

/* The device by any of its names, also that of the kernel's interface. */
static int read_name(sd_bus_message *msg, struct request *q, struct ddekit_bdf *bdf,
		     sd_bus_error *error)
{
	const char *name;
	int r = sd_bus_message_read(msg, "s", &name);

	if (r < 0)
		return r;
	q->dev = manager_lookup(q->m, name);
	if (q->dev)
		*bdf = q->dev->config->bdf;
	else if (ddekit_bdf_parse(name, bdf) < 0 &&
		 pcisys_of_name(inuse_system.sys, name, bdf) < 0)
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

/* A device that no file names is made of the settings alone; one that is
 * configured runs with the settings laid over its own. */
static int read_request(sd_bus_message *msg, struct request *q, sd_bus_error *error)
{
	struct ddekit_bdf bdf;
	int r = read_name(msg, q, &bdf, error);

	if (r < 0)
		return r;
	q->config = q->dev ? device_config_copy(q->dev->config)
			   : device_config_create(bdf, "ddectl bind");
	if (!q->config)
		return -ENOMEM;
	q->n_settings = read_settings(msg, q->config, error);
	if (q->n_settings < 0)
		return q->n_settings;
	return read_flags(msg, &q->flags, error);
}

static bool is_down(const struct device *dev)
{
	return device_state_is_down(dev->state);
}

static int check_state(const struct request *q, sd_bus_error *error)
{
	const struct device *dev = q->dev;

	if (q->m->stopping)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "ddekitd is stopping");
	if (q->m->options.only && !dev)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "this ddekitd runs %s alone",
					 q->m->options.only);
	if (dev && dev->busy && is_down(dev))
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s: %s",
					 dev->config->bdf_text,
					 dev->error ? dev->error : "it is being given back; try "
								   "again");
	if (dev && dev->state == DEVICE_STOPPING)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is stopping; try again",
					 dev->config->bdf_text);
	if (dev && q->n_settings && !is_down(dev))
		return sd_bus_error_setf(error, CONTROL_ERROR_EXISTS, "%s is %s; unbind it before "
					 "binding it with other settings", dev->config->bdf_text,
					 device_state_name(dev->state));
	return 0;
}

/* Is there something to write down? What a file has and nobody changes stays. */
static bool lasts(const struct request *q)
{
	return !(q->flags & CONTROL_BIND_RUNTIME) &&
	       (q->n_settings || !q->dev || q->dev->transient);
}

static int stage(struct request *q, sd_bus_error *error)
{
	_cleanup_free_ char *why = NULL;
	int r = dropin_stage(q->m->options.config_path, q->config, &why);

	return r < 0 ? method_bad_config(error, why, r) : 0;
}

/* Gives the device its configuration, making the device if need be. */
static int apply_config(struct request *q)
{
	int r;

	if (!q->dev) {
		r = manager_add(q->m, q->config, true, &q->dev);
		if (!r)
			q->config = NULL;
		return r;
	}
	if (!q->n_settings)
		return 0;
	device_config_destroy(q->dev->bind_before);
	q->dev->bind_before = lasts(q) && !q->dev->transient ? q->dev->config : NULL;
	if (!q->dev->bind_before)
		device_config_destroy(q->dev->config);
	q->dev->config = q->config;
	q->config = NULL;
	return 0;
}

static int perform(struct request *q, sd_bus_error *error)
{
	bool staged = lasts(q);
	int r = check_state(q, error);

	if (!r && staged)
		r = stage(q, error);
	if (r < 0)
		return r;
	r = apply_config(q);
	if (r < 0) {
		dropin_discard(q->m->options.config_path, q->config->bdf_text);
		return r;
	}
	q->dev->staged |= staged;
	q->dev->force = q->flags & CONTROL_BIND_FORCE;
	r = device_start(q->dev);
	if (r == -EALREADY && q->dev->state == DEVICE_UP)
		bind_settled(q->dev);
	return r == -EALREADY ? 0 : r;
}

/* What the caller should know besides; to be freed. */
static char *bind_note(const struct request *q)
{
	const struct device_config *c = q->dev->config;

	if (q->flags & CONTROL_BIND_RUNTIME || q->dev->staged || q->dev->transient ||
	    c->autostart)
		return strdup("");
	return str_format("its section at %s has autostart=no: it is not bound again when ddekitd "
			  "starts", c->where);
}

/* Bind(s device, a{ss} settings, u flags) -> s state before, s BDF, s note */
int method_bind(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct request q = { .m = arg };
	_cleanup_free_ char *note = NULL;
	const char *before = "unbound";
	int r = read_request(msg, &q, error);

	if (q.dev)
		before = device_state_name(q.dev->state);
	if (r >= 0)
		r = perform(&q, error);
	if (r >= 0)
		note = bind_note(&q);
	device_config_destroy(q.config);
	return r < 0 ? r : sd_bus_reply_method_return(msg, "sss", before, q.dev->config->bdf_text,
						      note ? note : "");
}

/* A PlanBind that waits for who uses the device. */
struct planning {
	sd_bus_message *msg;
	struct manager *m;
	struct device_config *config;
	bool lasts, force;
	struct inuse uses;
	int error;			/* of looking for them */
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

/* q->config is moved. */
static int start_planning(sd_bus_message *msg, struct request *q, sd_bus_error *error)
{
	struct planning *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	*p = (struct planning){ .msg = sd_bus_message_ref(msg), .m = q->m, .config = q->config,
				.lasts = lasts(q), .force = q->flags & CONTROL_BIND_FORCE };
	q->config = NULL;
	r = job_run(q->m->event, &planning_ops, p);
	if (r >= 0)
		return 1;
	planning_free(p);
	return r == -EBUSY ? sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "too many "
					       "requests wait for an answer; try again") : r;
}

/* PlanBind(s device, a{ss} settings, u flags) -> s JSON: what Bind would do. */
int method_plan_bind(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct request q = { .m = arg };
	int r = read_request(msg, &q, error);

	if (r >= 0)
		r = check_state(&q, error);
	if (r >= 0)
		r = start_planning(msg, &q, error);
	device_config_destroy(q.config);
	return r;
}

/* ---- the outcome --------------------------------------------------------------- */

static void keep(struct device *dev)
{
	const char *config = dev->manager->options.config_path;
	_cleanup_free_ char *path = dropin_path(config, dev->config->bdf_text);
	_cleanup_free_ char *where = path ? str_format("%s:2", path) : NULL;
	struct log_about about = device_about(dev);
	int r = dropin_commit(config, dev->config->bdf_text);

	if (r < 0) {
		log_line(&about, LOG_ERR, "it is bound until ddekitd ends, for %s cannot be made: "
			 "%s", path ? path : "its drop-in", strerror(-r));
		return;
	}
	dev->transient = false;
	str_set(&dev->config->where, where);
}

void bind_settled(struct device *dev)
{
	struct device_config *before = dev->bind_before;
	bool staged = dev->staged;

	if (dev->state != DEVICE_UP && !is_down(dev))
		return;
	dev->bind_before = NULL;
	dev->staged = false;
	if (staged && dev->state == DEVICE_UP)
		keep(dev);
	else if (staged)
		dropin_discard(dev->manager->options.config_path, dev->config->bdf_text);
	if (before && is_down(dev))
		device_replace_config(dev, before);	/* as the file still has it */
	else
		device_config_destroy(before);
}

/* ---- unbind --------------------------------------------------------------------- */

/* Takes the device out of the configuration. *ret_forget: ddekitd is to forget it.
 * Return: 0, -errno with @error set. */
static int unconfigure(struct device *dev, bool *ret_forget, char **ret_note,
		       sd_bus_error *error)
{
	const char *config = dev->manager->options.config_path, *bdf = dev->config->bdf_text;
	int r = dropin_remove(config, bdf);

	*ret_forget = !r || dev->transient;
	if (!r || dev->transient)
		return 0;
	if (r != -ENOENT && r != -EPERM)
		return sd_bus_error_setf(error, CONTROL_ERROR_FAILED, "%s: cannot remove its "
					 "drop-in from %s.d: %s; --runtime leaves it there", bdf,
					 config, strerror(-r));
	if (dev->config->autostart)
		*ret_note = str_format("its section at %s stays: ddekitd binds it again when it "
				       "starts, unless that is removed or has autostart=no",
				       dev->config->where);
	return 0;
}

/* Ends the device. Return: as a method. */
static int unbind(sd_bus_message *msg, struct device *dev, uint32_t flags, sd_bus_error *error)
{
	_cleanup_free_ char *note = NULL;
	char bdf[DDEKIT_BDF_STRLEN];
	bool forget = dev->transient;
	const char *before;
	int r = 0;

	if (!(flags & CONTROL_BIND_RUNTIME))
		r = unconfigure(dev, &forget, &note, error);
	if (r < 0)
		return r;
	before = device_state_name(dev->state);
	memcpy(bdf, dev->config->bdf_text, sizeof(bdf));
	device_stop(dev, forget);	/* may be gone after this */
	return sd_bus_reply_method_return(msg, "sss", before, bdf, note ? note : "");
}

/* An Unbind that waits for who has a disk open. */
struct unbinding {
	sd_bus_message *msg;
	struct manager *m;
	uint32_t flags;
};

static int finish_unbind(struct unbinding *u, const struct uses_check *check,
			 sd_bus_error *error)
{
	struct device *dev = manager_lookup(u->m, check->entry[0].bdf_text);
	_cleanup_free_ char *uses = NULL;

	if (!dev)
		return method_no_device(error, check->entry[0].bdf_text);
	if (uses_first(check, &uses))
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is in use: %s; close "
					 "that first, or use --force", dev->config->bdf_text,
					 uses ? uses : "?");
	return unbind(u->msg, dev, u->flags, error);
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
	int r = check ? uses_add(check, dev, NULL) : -ENOMEM;

	if (!r) {
		*u = (struct unbinding){ .msg = sd_bus_message_ref(msg), .m = m, .flags = flags };
		r = uses_start(check, m->event, NULL);
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
	struct device *dev;
	uint32_t flags;
	int r = method_read_device(msg, arg, &dev, error);

	if (r >= 0)
		r = read_flags(msg, &flags, error);
	if (r < 0)
		return r;
	if (flags & CONTROL_BIND_FORCE || !dev->block)
		return unbind(msg, dev, flags, error);
	return start_unbinding(msg, arg, dev, flags);
}
