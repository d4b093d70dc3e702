/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The methods of org.ddekit.Manager1.  Deep answers are JSON text; names of
 * devices may be a BDF, long or short, or an interface.
 */
#include <errno.h>

#include "bus.h"
#include "device-block.h"
#include "log.h"
#include "report.h"

static int no_device(sd_bus_error *error, const char *name)
{
	return sd_bus_error_setf(error, CONTROL_ERROR_NO_DEVICE, "no device %s; see ddectl list",
				 name);
}

/* Reads the first argument, a device. Return: 1, -errno with @error set. */
static int read_device(sd_bus_message *msg, struct manager *m, struct device **ret,
		       sd_bus_error *error)
{
	const char *name;
	int r = sd_bus_message_read(msg, "s", &name);

	if (r < 0)
		return r;
	*ret = manager_lookup(m, name);
	return *ret ? 1 : no_device(error, name);
}

/* Answers with JSON and drops the object. */
static int reply_json(sd_bus_message *msg, struct json_object *json)
{
	int r;

	if (!json)
		return -ENOMEM;
	r = sd_bus_reply_method_return(msg, "s", json_object_to_json_string_ext(json,
							JSON_C_TO_STRING_PLAIN));
	json_object_put(json);
	return r;
}

static int list_devices(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct json_object *list = json_object_new_array();
	struct manager *m = arg;
	size_t i;

	for (i = 0; i < m->n_devices; i++)
		json_object_array_add(list, report_device(m->device[i]));
	return reply_json(msg, list);
}

static int get_status(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	int r = read_device(msg, arg, &dev, error);

	return r < 0 ? r : reply_json(msg, report_device(dev));
}

static int get_daemon(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	return reply_json(msg, report_daemon(arg));
}

static int list_drivers(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct manager *m = arg;
	struct json_object *json;
	int r = report_catalog(m->config.global.plugin_dir, &json);

	if (r < 0)
		return sd_bus_error_setf(error, CONTROL_ERROR_FAILED, "no plugins: %s: %s",
					 m->config.global.plugin_dir, strerror(-r));
	return reply_json(msg, json);
}

/* ---- bind ---------------------------------------------------------------- */

static int bad_config(sd_bus_error *error, const char *why, int r)
{
	if (r == -ENOMEM || !why)
		return r;
	return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG, "%s", why);
}

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
			return bad_config(error, why, r);
		n++;
	}
	if (r >= 0)
		r = device_config_complete(config, &why);
	return r < 0 ? bad_config(error, why, r) : n;
}

static int check_bind(struct manager *m, struct device *dev, int n_settings, sd_bus_error *error)
{
	if (m->stopping)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "ddekitd is stopping");
	if (m->options.only && !dev)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "this ddekitd runs %s alone",
					 m->options.only);
	if (dev && dev->state == DEVICE_STOPPING)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is stopping; try again",
					 dev->config->bdf_text);
	if (dev && n_settings && dev->state != DEVICE_CONFIGURED && dev->state != DEVICE_FAILED)
		return sd_bus_error_setf(error, CONTROL_ERROR_EXISTS, "%s is %s; unbind it before "
					 "binding it with other settings", dev->config->bdf_text,
					 device_state_name(dev->state));
	return 0;
}

/* Gives the device its configuration, making the device if need be. The
 * configuration is moved in any case. */
static int apply_config(struct manager *m, struct device **dev, struct device_config *config)
{
	int r;

	if (*dev) {
		device_config_destroy((*dev)->config);
		(*dev)->config = config;
		return 0;
	}
	r = manager_add(m, config, true, dev);
	if (r < 0)
		device_config_destroy(config);
	return r;
}

/* A device that no file names is made of the settings alone; one that is
 * configured runs with the settings laid over its own. */
static int prepare_bind(sd_bus_message *msg, struct manager *m, struct ddekit_bdf bdf,
			struct device **dev, sd_bus_error *error)
{
	struct device_config *config;
	int n, r;

	config = *dev ? device_config_copy((*dev)->config)
		      : device_config_create(bdf, "ddectl bind");
	if (!config)
		return -ENOMEM;
	n = read_settings(msg, config, error);
	r = n < 0 ? n : check_bind(m, *dev, n, error);
	if (r >= 0 && (n || !*dev))
		return apply_config(m, dev, config);
	device_config_destroy(config);
	return r;
}

/* Bind(s device, a{ss} settings) -> s state before, s BDF */
static int bind_device(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	const char *name, *before;
	struct manager *m = arg;
	struct ddekit_bdf bdf;
	struct device *dev;
	int r = sd_bus_message_read(msg, "s", &name);

	if (r < 0)
		return r;
	dev = manager_lookup(m, name);
	if (!dev && ddekit_bdf_parse(name, &bdf) < 0)
		return no_device(error, name);
	before = dev ? device_state_name(dev->state) : "unbound";
	r = prepare_bind(msg, m, dev ? dev->config->bdf : bdf, &dev, error);
	if (r >= 0)
		r = device_start(dev);
	if (r < 0 && r != -EALREADY)
		return r;
	return sd_bus_reply_method_return(msg, "ss", before, dev->config->bdf_text);
}

/* Return: 0, or -errno with @error set: somebody has a disk of it open. */
static int refuse_in_use(const struct device *dev, sd_bus_error *error)
{
	struct strv uses = { 0 };
	_cleanup_free_ char *text = NULL;
	int r = device_block_uses(dev, &uses);

	if (!r && uses.n) {
		text = strv_join(&uses);
		r = sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is in use: %s; close that "
				      "first, or use --force", dev->config->bdf_text,
				      text ? text : "?");
	}
	strv_finish(&uses);
	return r;
}

static int unbind(sd_bus_message *msg, void *arg, sd_bus_error *error, bool forced)
{
	char bdf[DDEKIT_BDF_STRLEN];
	const char *before;
	struct device *dev;
	int r = read_device(msg, arg, &dev, error);

	if (r >= 0 && !forced)
		r = refuse_in_use(dev, error);
	if (r < 0)
		return r;
	before = device_state_name(dev->state);
	memcpy(bdf, dev->config->bdf_text, sizeof(bdf));
	device_stop(dev, dev->transient);	/* may be gone after this */
	return sd_bus_reply_method_return(msg, "ss", before, bdf);
}

/* Unbind(s device) -> s state before, s BDF */
static int unbind_device(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	return unbind(msg, arg, error, false);
}

/* The same, also if a disk of it is open */
static int unbind_forced(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	return unbind(msg, arg, error, true);
}

/* Restart(s device) -> s state before, s BDF */
static int restart_device(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct manager *m = arg;
	const char *before;
	struct device *dev;
	int r = read_device(msg, arg, &dev, error);

	if (r < 0)
		return r;
	before = device_state_name(dev->state);
	r = m->stopping ? -EBUSY : device_restart(dev);
	if (r == -EBUSY)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is %s",
					 dev->config->bdf_text, before);
	return r < 0 ? r : sd_bus_reply_method_return(msg, "ss", before, dev->config->bdf_text);
}

/* Reads a{ss}, of which only options= can take effect in place. */
static int read_options(sd_bus_message *msg, const char **ret, sd_bus_error *error)
{
	const char *key, *value;
	int r = sd_bus_message_enter_container(msg, 'a', "{ss}");

	while (r >= 0 && (r = sd_bus_message_read(msg, "{ss}", &key, &value)) > 0) {
		if (strcmp(key, "options"))
			return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG, "%s= cannot be "
						 "changed in place; allowed: options=", key);
		*ret = value;
	}
	return r;
}

/* RestartInPlace(s device, a{ss} settings) -> s state before, s BDF */
static int restart_in_place(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	_cleanup_free_ char *why = NULL;
	const char *before, *options = NULL;
	struct manager *m = arg;
	struct device *dev;
	int r = read_device(msg, arg, &dev, error);

	if (r >= 0)
		r = read_options(msg, &options, error);
	if (r < 0)
		return r;
	before = device_state_name(dev->state);
	r = m->stopping ? -EBUSY : device_reload(dev, options, &why);
	if (r == -EBUSY)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is %s, not up",
					 dev->config->bdf_text, before);
	if (r < 0)
		return bad_config(error, why, r);
	return sd_bus_reply_method_return(msg, "ss", before, dev->config->bdf_text);
}

/* ---- logs, statistics, monitor --------------------------------------------- */

/* GetLogs(s device, u lines) -> a(tis): wall clock in µs, level, text */
static int get_logs(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	const struct logline *line;
	struct device *dev;
	uint32_t max, n, i;
	int r = read_device(msg, arg, &dev, error);

	if (r >= 0)
		r = sd_bus_message_read(msg, "u", &max);
	if (r < 0)
		return r;
	n = logring_count(dev->logs);
	r = sd_bus_message_new_method_return(msg, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(tis)");
	for (i = n > max ? n - max : 0; i < n && r >= 0; i++) {
		line = logring_at(dev->logs, i);
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

/* A method that waits for its host's reply.  The device is there as long as its
 * host, and the request ends with the host. */
struct host_call {
	sd_bus_message *msg;
	struct device *dev;
	char what[80];		/* the parameter, for errors */
};

/* Return: 0 or -errno with @error set; moved to the host's reply. */
static int call_host(sd_bus_message *msg, struct device *dev, enum proto_op op, const char *text,
		     host_reply_fn fn, sd_bus_error *error)
{
	struct host_call *call;
	int r;

	if (!dev->host || dev->state != DEVICE_UP)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is %s, not up",
					 dev->config->bdf_text, device_state_name(dev->state));
	call = calloc(1, sizeof(*call));
	if (!call)
		return -ENOMEM;
	call->msg = sd_bus_message_ref(msg);
	call->dev = dev;
	snprintf(call->what, sizeof(call->what), "%.*s", (int)strcspn(text ? text : "", "="),
		 text ? text : "");
	r = host_request_text(dev->host, op, 0, text, fn, call);
	if (r < 0) {
		sd_bus_message_unref(call->msg);
		free(call);
	}
	return r < 0 ? r : 1;
}

static void end_call(struct host_call *call)
{
	sd_bus_message_unref(call->msg);
	free(call);
}

static void on_stats(void *arg, const struct host_reply *reply)
{
	struct host_call *call = arg;

	if (!reply->stats)
		sd_bus_reply_method_errorf(call->msg, CONTROL_ERROR_FAILED, "%s: the driver host "
					   "gives no statistics: %s", call->dev->config->bdf_text,
					   strerror(-reply->error));
	else
		reply_json(call->msg, report_stats(call->dev, reply->stats));
	end_call(call);
}

/* GetStats(s device) -> s JSON */
static int get_stats(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	int r = read_device(msg, arg, &dev, error);

	return r < 0 ? r : call_host(msg, dev, OP_STATS, NULL, on_stats, error);
}

/* GetKernelStats(s device) -> s JSON */
static int get_kernel_stats(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	int r = read_device(msg, arg, &dev, error);

	return r < 0 ? r : call_host(msg, dev, OP_COUNTERS, NULL, on_stats, error);
}

/* ---- modules and parameters -------------------------------------------------- */

static void on_modules(void *arg, const struct host_reply *reply)
{
	struct host_call *call = arg;

	if (reply->text)
		reply_json(call->msg, report_modules(reply->text->text));
	else
		sd_bus_reply_method_errorf(call->msg, CONTROL_ERROR_FAILED, "%s: the driver host "
					   "does not tell its modules: %s",
					   call->dev->config->bdf_text, strerror(-reply->error));
	end_call(call);
}

/* ListModules(s device) -> s JSON */
static int list_modules(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	int r = read_device(msg, arg, &dev, error);

	return r < 0 ? r : call_host(msg, dev, OP_MODULES, NULL, on_modules, error);
}

static void param_error(const struct host_call *call, int error)
{
	const char *bdf = call->dev->config->bdf_text;

	if (error == -ENOENT)
		sd_bus_reply_method_errorf(call->msg, CONTROL_ERROR_CONFIG, "%s: no parameter %s "
					   "that can be seen at run time; see ddectl param %s", bdf,
					   call->what, bdf);
	else if (error == -EACCES)
		sd_bus_reply_method_errorf(call->msg, CONTROL_ERROR_CONFIG, "%s: %s cannot be "
					   "read or written at run time; ddectl restart "
					   "--in-place %s --options sets it", bdf, call->what, bdf);
	else if (error == -EINVAL || error == -ERANGE)
		sd_bus_reply_method_errorf(call->msg, CONTROL_ERROR_CONFIG, "%s: %s: the module "
					   "refuses the value, or it is no MODULE.PARAMETER", bdf,
					   call->what);
	else
		sd_bus_reply_method_errorf(call->msg, CONTROL_ERROR_FAILED, "%s: %s: %s", bdf,
					   call->what, strerror(-error));
}

static void on_param(void *arg, const struct host_reply *reply)
{
	struct host_call *call = arg;
	_cleanup_free_ char *text = NULL;

	if (reply->error) {
		param_error(call, reply->error);
	} else if (!call->what[0]) {
		reply_json(call->msg, report_params(reply->text->text));
	} else {
		text = strdup(reply->text->text);
		if (text)
			str_printable(text);
		sd_bus_reply_method_return(call->msg, "s", text ? text : "");
	}
	end_call(call);
}

/* Parameters named without their module are the driver's. */
static char *full_name(const struct device *dev, const char *name)
{
	const char *last, *base;
	size_t bridge = dev->plugin.bridge ? 1 : 0, n = dev->plugin.path.n;

	if (!*name || strchr(name, '.') || n <= bridge)
		return strdup(name);
	last = dev->plugin.path.item[n - 1 - bridge];
	base = strrchr(last, '/') + 1;
	return str_format("%.*s.%s", (int)strcspn(base, "."), base, name);
}

static int param_call(sd_bus_message *msg, struct device *dev, const char *name,
		      const char *value, sd_bus_error *error)
{
	_cleanup_free_ char *full = full_name(dev, name), *text = NULL;

	if (!full)
		return -ENOMEM;
	if (strchr(name, '='))
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG, "%s is no parameter's name",
					 name);
	text = value ? str_format("%s=%s", full, value) : strdup(full);
	if (!text)
		return -ENOMEM;
	if (strlen(text) >= PROTO_ARGS)
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG, "%s: name and value are "
					 "longer than %d characters", full, PROTO_ARGS - 1);
	return call_host(msg, dev, OP_PARAM, text, on_param, error);
}

/* ListParameters(s device) -> s JSON */
static int list_parameters(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	int r = read_device(msg, arg, &dev, error);

	return r < 0 ? r : param_call(msg, dev, "", NULL, error);
}

/* GetParameter(s device, s name) -> s value */
static int get_parameter(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	const char *name;
	int r = read_device(msg, arg, &dev, error);

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
	int r = read_device(msg, arg, &dev, error);

	if (r >= 0)
		r = sd_bus_message_read(msg, "ss", &name, &value);
	if (r >= 0 && !*name)
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG, "a parameter needs a name");
	return r < 0 ? r : param_call(msg, dev, name, value, error);
}

/* Monitor(s device, s command, s arguments) -> s reply */
static int monitor(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	_cleanup_free_ char *reply = NULL;
	const char *command, *arguments;
	struct device *dev;
	int r = read_device(msg, arg, &dev, error);

	if (r >= 0)
		r = sd_bus_message_read(msg, "ss", &command, &arguments);
	if (r < 0)
		return r;
	if (!dev->claim)
		return sd_bus_error_setf(error, CONTROL_ERROR_STATE, "%s is %s, not claimed",
					 dev->config->bdf_text, device_state_name(dev->state));
	r = ddekit_claim_monitor(dev->claim, command, *arguments ? arguments : NULL, &reply);
	if (r < 0)
		return sd_bus_error_setf(error, CONTROL_ERROR_FAILED, "%s: %s: %s",
					 dev->config->bdf_text, command,
					 reply ? reply : strerror(-r));
	return sd_bus_reply_method_return(msg, "s", reply ? reply : "");
}

/* Reload() */
static int reload(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	_cleanup_free_ char *why = NULL;
	int r = manager_reload(arg, &why);

	return r < 0 ? bad_config(error, why, r) : sd_bus_reply_method_return(msg, "");
}

static int get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
		       sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", DDEKIT_VERSION);
}

static int get_count(sd_bus *bus, const char *path, const char *interface, const char *property,
		     sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	struct manager *m = arg;

	return sd_bus_message_append(reply, "u", (uint32_t)m->n_devices);
}

/* What only looks is open to all on the system bus; the rest wants CAP_SYS_ADMIN
 * there. The private socket is for root (or ddekitd's own user) alone. */
static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("NDevices", "u", get_count, 0, 0),
	SD_BUS_METHOD("ListDevices", "", "s", list_devices, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetStatus", "s", "s", get_status, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetDaemon", "", "s", get_daemon, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ListDrivers", "", "s", list_drivers, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetLogs", "su", "a(tis)", get_logs, 0),
	SD_BUS_METHOD("GetStats", "s", "s", get_stats, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetKernelStats", "s", "s", get_kernel_stats, 0),
	SD_BUS_METHOD("ListModules", "s", "s", list_modules, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ListParameters", "s", "s", list_parameters, 0),
	SD_BUS_METHOD("GetParameter", "ss", "s", get_parameter, 0),
	SD_BUS_METHOD("SetParameter", "sss", "s", set_parameter, 0),
	SD_BUS_METHOD("Bind", "sa{ss}", "ss", bind_device, 0),
	SD_BUS_METHOD("Unbind", "s", "ss", unbind_device, 0),
	SD_BUS_METHOD("UnbindForced", "s", "ss", unbind_forced, 0),
	SD_BUS_METHOD("Restart", "s", "ss", restart_device, 0),
	SD_BUS_METHOD("RestartInPlace", "sa{ss}", "ss", restart_in_place, 0),
	SD_BUS_METHOD("Reload", "", "", reload, 0),
	SD_BUS_METHOD("Monitor", "sss", "s", monitor, 0),
	SD_BUS_SIGNAL("StateChanged", "ssss", 0),	/* BDF, from, to, error */
	SD_BUS_VTABLE_END,
};

int methods_register(sd_bus *bus, struct manager *m)
{
	return sd_bus_add_object_vtable(bus, NULL, CONTROL_PATH, CONTROL_INTERFACE, vtable, m);
}
