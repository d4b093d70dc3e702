/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The methods of org.ddekit.Manager1.  Deep answers are JSON text; names of
 * devices may be a BDF, long or short, or an interface.
 */
#include <errno.h>

#include "authorize.h"
#include "bus.h"
#include "device/work.h"
#include "host-call.h"
#include "lib/job.h"
#include "lib/log.h"
#include "method.h"
#include "methods.h"
#include "protocol/control.h"
#include "report.h"
#include "supervise/reload-config.h"

static int list_devices(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct json_object *list = json_object_new_array();
	const struct interface *interface = arg;
	const struct manager *m = interface->manager;
	size_t i;

	for (i = 0; i < m->n_devices; i++)
		json_object_array_add(list, report_device(m->device[i]));
	return method_reply_json(msg, list);
}

static int get_status(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	int r = method_read_device(msg, arg, &dev, error);

	return r < 0 ? r : method_reply_json(msg, report_device(dev));
}

static int get_daemon(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const struct interface *i = arg;

	return method_reply_json(msg, report_daemon(i->manager));
}

static int list_drivers(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const struct interface *i = arg;
	const char *json;
	int r = report_catalog(&i->manager->config.global, &json);

	if (r < 0)
		return sd_bus_error_setf(error, CONTROL_ERROR_FAILED, "no plugins: %s: %s",
					 i->manager->config.global.plugin_dir, strerror(-r));
	return sd_bus_reply_method_return(msg, "s", json);
}

/* Restart(s device) -> s state before, s BDF */
static int restart_device(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const struct interface *i = arg;
	const char *before;
	struct device *dev;
	int r = method_read_device(msg, arg, &dev, error);

	if (r < 0)
		return r;
	before = device_state_name(device_state(dev));
	r = i->manager->env.stopping ? -EBUSY : device_restart(dev);
	if (r == -EBUSY)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is %s",
					 device_bdf_text(dev), before);
	return r < 0 ? r : sd_bus_reply_method_return(msg, "ss", before, device_bdf_text(dev));
}

/* Reads a{ss}, of which only options= can take effect in place. */
static int read_options(sd_bus_message *msg, const char **ret, sd_bus_error *error)
{
	const char *key, *value;
	int r = sd_bus_message_enter_container(msg, 'a', "{ss}");

	while (r >= 0 && (r = sd_bus_message_read(msg, "{ss}", &key, &value)) > 0) {
		if (strcmp(key, "options"))
			return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG,
						 "%s= cannot be "
						 "changed in place; allowed: options=",
						 key);
		*ret = value;
	}
	return r;
}

/* RestartInPlace(s device, a{ss} settings) -> s state before, s BDF */
static int restart_in_place(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	_cleanup_free_ char *why = NULL;
	const char *before, *options = NULL;
	const struct interface *i = arg;
	struct device *dev;
	int r = method_read_device(msg, arg, &dev, error);

	if (r >= 0)
		r = read_options(msg, &options, error);
	if (r < 0)
		return r;
	before = device_state_name(device_state(dev));
	if (device_host(dev))
		hostcall_changed(device_host(dev));
	r = i->manager->env.stopping ? -EBUSY : device_reload(dev, options, &why);
	if (r == -EBUSY)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is %s, not up",
					 device_bdf_text(dev), before);
	if (r < 0)
		return method_bad_config(error, why, r);
	return sd_bus_reply_method_return(msg, "ss", before, device_bdf_text(dev));
}

/* ---- logs, statistics, monitor --------------------------------------------- */

static int reply_logs(sd_bus_message *msg, const struct device *dev, uint32_t max)
{
	uint32_t n = logring_count(device_logs(dev)), i;
	sd_bus_message *reply = NULL;
	const struct logline *line;
	int r;

	r = sd_bus_message_new_method_return(msg, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(tis)");
	for (i = n > max ? n - max : 0; i < n && r >= 0; i++) {
		line = logring_at(device_logs(dev), i);
		r = sd_bus_message_append(reply, "(tis)", line->wall_ns / 1000, line->level,
					  line->text);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

/* GetLogs(s device, u lines) -> a(tis): wall clock in µs, level, text */
static int get_logs(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	uint32_t max;
	int r = method_read_device(msg, arg, &dev, error);

	if (r >= 0)
		r = sd_bus_message_read(msg, "u", &max);
	return r < 0 ? r : reply_logs(msg, dev, max);
}

/* FollowLogs(s device, u lines): the same, and LogLine signals for each further line. */
static int follow_logs(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const struct interface *i = arg;
	struct device *dev;
	uint32_t max;
	int r = method_read_device(msg, i, &dev, error);

	if (r >= 0)
		r = sd_bus_message_read(msg, "u", &max);
	if (r < 0)
		return r;
	if (bus_follow_log(i->bus, sd_bus_message_get_bus(msg), dev) < 0)
		return sd_bus_error_setf(error, CONTROL_ERROR_FAILED,
					 "logs can be followed on "
					 "the control socket alone, and in the journal");
	return reply_logs(msg, dev, max);
}

/* Moves JSON to an answer. Return: 0, -ENOMEM. */
static int answer_json(struct json_object *json, struct host_answer *ret)
{
	ret->text = method_json_text(json);
	return ret->text ? 0 : -ENOMEM;
}

static int answer_stats(const struct host_call *call, const struct host_reply *reply,
			struct host_answer *ret)
{
	if (!reply->stats)
		return sd_bus_error_setf(&ret->error, CONTROL_ERROR_FAILED,
					 "%s: the driver host sends no statistics: %s",
					 device_bdf_text(call->dev), strerror(-reply->error));
	return answer_json(report_stats(call->dev, reply->stats), ret);
}

/* GetStats(s device) -> s JSON */
static int get_stats(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	int r = method_read_device(msg, arg, &dev, error);

	return r < 0 ? r : hostcall_read(msg, dev, OP_STATS, NULL, answer_stats, error);
}

/* GetKernelStats(s device) -> s JSON */
static int get_kernel_stats(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	int r = method_read_device(msg, arg, &dev, error);

	return r < 0 ? r : hostcall_read(msg, dev, OP_COUNTERS, NULL, answer_stats, error);
}

/* ---- modules and parameters -------------------------------------------------- */

static int answer_modules(const struct host_call *call, const struct host_reply *reply,
			  struct host_answer *ret)
{
	if (!reply->text)
		return sd_bus_error_setf(&ret->error, CONTROL_ERROR_FAILED,
					 "%s: the driver host does not list its modules: %s",
					 device_bdf_text(call->dev), strerror(-reply->error));
	return answer_json(report_modules(reply->text->text), ret);
}

/* ListModules(s device) -> s JSON */
static int list_modules(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	int r = method_read_device(msg, arg, &dev, error);

	return r < 0 ? r : hostcall_read(msg, dev, OP_MODULES, NULL, answer_modules, error);
}

static int param_error(const struct host_call *call, int r, sd_bus_error *error)
{
	const char *bdf = device_bdf_text(call->dev);

	if (r == -ENOENT)
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG,
					 "%s: no parameter %s that "
					 "can be seen at run time; see ddectl param %s",
					 bdf, call->what, bdf);
	if (r == -EACCES)
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG,
					 "%s: %s cannot be read or "
					 "written at run time; ddectl restart --in-place %s "
					 "--options sets it",
					 bdf, call->what, bdf);
	if (r == -EINVAL || r == -ERANGE)
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG,
					 "%s: %s: the module rejects "
					 "the value, or it is not MODULE.PARAMETER",
					 bdf, call->what);
	return sd_bus_error_setf(error, CONTROL_ERROR_FAILED, "%s: %s: %s", bdf, call->what,
				 strerror(-r));
}

static int answer_param(const struct host_call *call, const struct host_reply *reply,
			struct host_answer *ret)
{
	if (reply->error)
		return param_error(call, reply->error, &ret->error);
	if (!call->what[0])
		return answer_json(report_params(reply->text->text), ret);
	ret->text = strdup(reply->text->text);
	if (!ret->text)
		return -ENOMEM;
	str_printable(ret->text);
	return 0;
}

/* Parameters named without their module are the driver's. */
static char *parameter_name(const struct device *dev, const char *name)
{
	const struct device_plugin *plugin = device_plugin(dev);
	const char *base;
	size_t i;

	for (i = 0; i < plugin->path.n && i < ARRAY_SIZE(plugin->role); i++)
		if (plugin->role[i] & PLUGIN_DRIVER)
			break;
	if (!*name || strchr(name, '.') || i == plugin->path.n || i == ARRAY_SIZE(plugin->role))
		return strdup(name);
	base = strrchr(plugin->path.item[i], '/') + 1;
	return str_format("%.*s.%s", (int)strcspn(base, "."), base, name);
}

static int param_call(sd_bus_message *msg, struct device *dev, const char *name, const char *value,
		      sd_bus_error *error)
{
	_cleanup_free_ char *full = parameter_name(dev, name), *text = NULL;

	if (!full)
		return -ENOMEM;
	if (strchr(name, '='))
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG,
					 "%s is not the name of a parameter", name);
	text = value ? str_format("%s=%s", full, value) : strdup(full);
	if (!text)
		return -ENOMEM;
	if (strlen(text) >= PROTO_ARGS)
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG,
					 "%s: name and value are longer than %d characters", full,
					 PROTO_ARGS - 1);
	if (value)
		return hostcall_write(msg, dev, OP_PARAM, text, answer_param, error);
	return hostcall_read(msg, dev, OP_PARAM, text, answer_param, error);
}

/* ListParameters(s device) -> s JSON */
static int list_parameters(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	int r = method_read_device(msg, arg, &dev, error);

	return r < 0 ? r : param_call(msg, dev, "", NULL, error);
}

/* GetParameter(s device, s name) -> s value */
static int get_parameter(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	const char *name;
	int r = method_read_device(msg, arg, &dev, error);

	if (r >= 0)
		r = sd_bus_message_read(msg, "s", &name);
	if (r >= 0 && !*name)
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG, "a parameter needs a name");
	return r < 0 ? r : param_call(msg, dev, name, NULL, error);
}

/* SetParameter(s device, s name, s value) -> s, empty */
static int set_parameter(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const char *name, *value;
	struct device *dev;
	int r = method_read_device(msg, arg, &dev, error);

	if (r >= 0)
		r = sd_bus_message_read(msg, "ss", &name, &value);
	if (r >= 0 && !*name)
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG, "a parameter needs a name");
	return r < 0 ? r : param_call(msg, dev, name, value, error);
}

static void monitor_done(void *arg)
{
	struct monitor_work *w = arg;
	sd_bus_message *msg = w->msg;

	if (w->reply)
		str_make_utf8(w->reply);
	if (w->error < 0)
		sd_bus_reply_method_errorf(msg, CONTROL_ERROR_FAILED, "%s: %s: %s",
					   device_bdf_text(w->dev), w->command,
					   w->reply ? w->reply : strerror(-w->error));
	else
		sd_bus_reply_method_return(msg, "s", w->reply ? w->reply : "");
	sd_bus_message_unref(msg);
	monitor_work_free(w);
}

static const struct job_ops monitor_ops = { .work = work_monitor, .done = monitor_done };

/* The claim stays open until a later job closes it. */
static int run_monitor(sd_bus_message *msg, struct device *dev, const char *command,
		       const char *arguments)
{
	struct monitor_work *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->dev = dev;
	w->claim = device_claim(dev);
	r = str_set(&w->command, command);
	if (!r)
		r = str_set(&w->arguments, *arguments ? arguments : NULL);
	if (!r)
		r = jobs_add(device_jobs(dev), &monitor_ops, w);
	if (r < 0) {
		monitor_work_free(w);
		return r;
	}
	w->msg = sd_bus_message_ref(msg);
	return 1;
}

/* Monitor(s device, s command, s arguments) -> s reply */
static int monitor_device(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const char *command, *arguments;
	struct device *dev;
	int r = method_read_device(msg, arg, &dev, error);

	if (r >= 0)
		r = sd_bus_message_read(msg, "ss", &command, &arguments);
	if (r < 0)
		return r;
	if (!device_claim(dev))
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is %s, not claimed",
					 device_bdf_text(dev),
					 device_state_name(device_state(dev)));
	return run_monitor(msg, dev, command, arguments);
}

static void answer_reload(void *arg, int r, const char *why)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *msg = arg;

	if (r < 0) {
		r = method_bad_config(&error, why, r);
		sd_bus_reply_method_errno(msg, r, &error);
	} else {
		sd_bus_reply_method_return(msg, "");
	}
	sd_bus_error_free(&error);
	sd_bus_message_unref(msg);
}

/* Reload() */
static int reload_config(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const struct interface *i = arg;
	_cleanup_free_ char *why = NULL;
	int r = manager_reload(i->manager, answer_reload, msg, &why);

	if (r < 0)
		return method_bad_config(error, why, r);
	sd_bus_message_ref(msg);
	return 1;
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", DDEKIT_VERSION);
}

static int get_count(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	const struct interface *i = arg;

	return sd_bus_message_append(reply, "u", (uint32_t)i->manager->n_devices);
}

/* The methods that root may call, and others if polkit lets them. */
static const struct guard {
	const char *method;
	const char *action; /* NULL: root alone */
	sd_bus_message_handler_t run;
	bool (*is_privileged)(sd_bus_message *msg, void *arg); /* NULL: never */
	const char *privileged;                                /* the action then */
} guards[] = {
	{ "Bind", "org.ddekit.bind", method_bind, method_bind_is_privileged,
	  "org.ddekit.bind-privileged" },
	{ "Switch", "org.ddekit.bind", method_switch, method_bind_is_privileged,
	  "org.ddekit.bind-privileged" },
	{ "Unbind", "org.ddekit.unbind", method_unbind },
	{ "Restart", "org.ddekit.restart", restart_device },
	{ "RestartInPlace", "org.ddekit.restart", restart_in_place },
	{ "Reload", "org.ddekit.reload", reload_config },
	{ "SetParameter", "org.ddekit.set-parameter", set_parameter },
	{ "PlanBind", "org.ddekit.inspect", method_plan_bind },
	{ "GetLogs", "org.ddekit.inspect", get_logs },
	{ "GetKernelStats", "org.ddekit.inspect", get_kernel_stats },
	{ "ListParameters", "org.ddekit.inspect", list_parameters },
	{ "GetParameter", "org.ddekit.inspect", get_parameter },
	{ "GetDevicePage", "org.ddekit.inspect", method_get_device_page },
	{ "FollowLogs", NULL, follow_logs },
	{ "Monitor", NULL, monitor_device },
};

static int call_guarded(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const char *member = sd_bus_message_get_member(msg), *action;
	const struct guard *g;

	for (g = guards; g < guards + ARRAY_SIZE(guards); g++) {
		if (strcmp(g->method, member))
			continue;
		action = g->is_privileged && g->is_privileged(msg, arg) ? g->privileged : g->action;
		return authorize(msg, action, g->run, arg, error);
	}
	return -EOPNOTSUPP;
}

/* A method of that table: sd-bus's own check, which blocks, is not needed. */
#define GUARDED(name, in, out) \
	SD_BUS_METHOD(name, in, out, call_guarded, SD_BUS_VTABLE_UNPRIVILEGED)

/* On the system bus, methods that only read are open to all; guarded ones to root and to
 * those whom polkit allows. The private socket is for root (or ddekitd's own user) alone.  What a
 * caller can make ddekitd and driver hosts do by each: README.md, "What callers cost". */
static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("NDevices", "u", get_count, 0, 0),
	SD_BUS_METHOD("ListDevices", "", "s", list_devices, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetStatus", "s", "s", get_status, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetDaemon", "", "s", get_daemon, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ListDrivers", "", "s", list_drivers, SD_BUS_VTABLE_UNPRIVILEGED),
	GUARDED("GetLogs", "su", "a(tis)"),
	GUARDED("FollowLogs", "su", "a(tis)"),
	SD_BUS_METHOD("GetStats", "s", "s", get_stats, SD_BUS_VTABLE_UNPRIVILEGED),
	GUARDED("GetKernelStats", "s", "s"),
	SD_BUS_METHOD("ListModules", "s", "s", list_modules, SD_BUS_VTABLE_UNPRIVILEGED),
	GUARDED("ListParameters", "s", "s"),
	GUARDED("GetParameter", "ss", "s"),
	GUARDED("SetParameter", "sss", "s"),
	GUARDED("GetDevicePage", "ssu", "ay"),
	GUARDED("Bind", "sa{ss}u", "sss"),
	GUARDED("PlanBind", "sa{ss}u", "s"),
	GUARDED("Switch", "sa{ss}uu", "ss"),
	GUARDED("Unbind", "su", "sss"),
	GUARDED("Restart", "s", "ss"),
	GUARDED("RestartInPlace", "sa{ss}", "ss"),
	GUARDED("Reload", "", ""),
	GUARDED("Monitor", "sss", "s"),
	SD_BUS_SIGNAL("StateChanged", "ssss", 0), /* BDF, from, to, error */
	SD_BUS_SIGNAL("LinkChanged", "sbu", 0),   /* BDF, up, Mbit/s */
	SD_BUS_SIGNAL("LogLine", "tisu", 0),      /* µs, level, text, lines lost before it */
	SD_BUS_VTABLE_END,
};

int methods_register(sd_bus *connection, struct interface *i)
{
	return sd_bus_add_object_vtable(connection, NULL, CONTROL_PATH, CONTROL_INTERFACE, vtable,
					i);
}
