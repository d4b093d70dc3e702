/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices, plugins and statistics as JSON; see report.h. */
#include <errno.h>

#include "config/kernels.h"
#include "device/device.h"
#include "drivers/bridges/class.h"
#include "lib/json.h"
#include "process/message.h"
#include "report.h"

#define CATALOG_FRESH_NS 1000000000ull

/* Milliseconds with three decimals; null if either end is not known. */
static void add_ms(struct json_object *o, const char *key, uint64_t from, uint64_t to)
{
	struct json_object *value = NULL;
	char text[32];

	if (from && to >= from) {
		snprintf(text, sizeof(text), "%.3f", (to - from) / 1e6);
		value = json_object_new_double_s((to - from) / 1e6, text);
	}
	json_object_object_add(o, key, value);
}

static struct json_object *report_times(const struct device *dev)
{
	const struct device_times *t = device_times(dev);
	struct json_object *o = json_object_new_object();
	uint32_t state;

	add_ms(o, "claim_ms", t->claim_start, t->claim_end);
	/* Of the last recovery: monotonic clock, then one phase after the other. */
	json_object_object_add(o, "died_usec",
			       t->died ? json_object_new_uint64(t->died / 1000) : NULL);
	add_ms(o, "quiesce_ms", t->died, t->quiet);
	add_ms(o, "backoff_ms", t->quiet, t->host_start);
	for (state = STATE_ADOPTED; state <= STATE_READY; state++) {
		char key[32];

		snprintf(key, sizeof(key), "%s_ms", message_state_name(state));
		add_ms(o, key, t->host_start, t->state[state]);
	}
	add_ms(o, "link_ms", t->host_start, t->link);
	add_ms(o, "runtime_boot_ms", t->state[STATE_ADOPTED], t->state[STATE_BOOTED]);
	return o;
}

static struct json_object *report_config(const struct device *dev)
{
	struct json_object *o = json_object_new_object();
	struct text t = { 0 };
	char *line, *rest, *value;

	if (device_config_print(device_config(dev), &t) < 0)
		return o;
	for (line = strtok_r(t.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		value = strchr(line, '=');
		if (!value || *line == '\t')
			continue;
		*value++ = 0;
		add_string(o, line, value);
	}
	text_finish(&t);
	return o;
}

static void add_words(struct json_object *o, const char *key, const struct strv *words)
{
	_cleanup_free_ char *text = strv_join(words);

	add_string(o, key, text);
}

static struct json_object *plugin_modules(const struct device *dev)
{
	const struct strv *path = &device_plugin(dev)->path;
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < path->n; i++)
		json_object_array_add(list, json_object_new_string(path->item[i]));
	return list;
}

static void report_history(struct json_object *o, const struct device *dev)
{
	const struct device_outage *outage = device_outage(dev);

	add_number(o, "restarts", outage->restarts);
	add_ms(o, "last_outage_ms", 1, outage->last ? outage->last + 1 : 0);
	add_ms(o, "last_outage_ready_ms", 1, outage->last_ready ? outage->last_ready + 1 : 0);
	add_bool(o, "transient", device_is_transient(dev));
	add_string(o, "where", device_config(dev)->where);
}

struct json_object *report_device(const struct device *dev)
{
	struct json_object *o = json_object_new_object(), *c;

	if (!o)
		return NULL;
	add_string(o, "bdf", device_bdf_text(dev));
	add_string(o, "driver", device_driver(dev));
	add_string(o, "class", device_plugin(dev)->class);
	add_string(o, "backend", device_config(dev)->backend);
	add_string(o, "kernel", device_config(dev)->kernel);
	add_bool(o, "on_trial", device_on_trial(dev));
	add_string(o, "went_back", device_went_back(dev));
	if (device_claim(dev))
		add_bool(o, "dma_isolation", ddekit_claim_isolated(device_claim(dev)));
	add_string(o, "state", device_state_name(device_state(dev)));
	add_number(o, "since_usec", device_state_since(dev) / 1000);
	add_string(o, "error", device_error(dev));
	add_string(o, "last_failure", device_last_failure(dev));
	add_string(o, "crash_report", device_crash_report(dev));
	add_string(o, "modalias", device_modalias(dev));
	add_string(o, "interface", device_has_interface(dev) ? device_interface(dev) : NULL);
	add_string(o, "netns", device_config(dev)->netns);
	device_report_classes(dev, false, o);
	add_string(o, "kernel_release", device_kernel_release(dev));
	add_number(o, "host_pid", device_host(dev) ? host_pid(device_host(dev)) : 0);
	add_number(o, "device_pid", device_claim(dev) ? ddekit_claim_pid(device_claim(dev)) : 0);
	add_number(o, "cpus", device_config(dev)->cpus);
	add_string(o, "flavour", config_flavour(device_config(dev)));
	add_number(o, "rss_kb", device_rss_kb(dev));
	add_number(o, "log_lines_dropped", device_host(dev) ? host_log_lost(device_host(dev)) : 0);
	json_object_object_add(o, "modules", plugin_modules(dev));
	json_object_object_add(o, "times", report_times(dev));
	report_history(o, dev);
	c = report_config(dev);
	add_words(c, "options", &device_config(dev)->options);
	add_words(c, "emu-args", &device_config(dev)->emu_args);
	json_object_object_add(o, "config", c);
	return o;
}

struct json_object *report_daemon(const struct manager *m)
{
	const struct global_config *g = &m->config.global;
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	add_string(o, "version", DDEKIT_VERSION);
	add_number(o, "pid", getpid());
	add_string(o, "config", m->options.config_path);
	add_string(o, "config_error", m->config_error);
	add_string(o, "runtime_dir", g->runtime_dir);
	add_string(o, "plugin_dir", g->plugin_dir);
	add_string(o, "firmware_dir", g->firmware_dir);
	add_string(o, "runtime", g->runtime);
	add_string(o, "kernel_dir", g->kernel_dir);
	add_string(o, "host_binary", g->host_binary);
	add_string(o, "front_dir", g->front_dir);
	add_number(o, "host_uid", m->env.host_uid);
	return o;
}

/* Those of all classes, 0 where they are another's. */
static void add_class_stats(struct json_object *o, const struct device *dev,
			    const struct proto_stats *stats)
{
	const struct class_protocol *class;
	size_t i, j;

	for (i = 0; i < n_class_protocols; i++) {
		class = class_protocols[i];
		for (j = 0; j < class->n_stats; j++)
			add_number(o, class->stats[j].name,
				   str_equal(device_plugin(dev)->bridge, class->name)
					   ? stats->class_stats[j]
					   : 0);
	}
}

struct json_object *report_stats(const struct device *dev, const struct proto_stats *stats)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	add_string(o, "bdf", device_bdf_text(dev));
	add_class_stats(o, dev, stats);
#define X(name, ...) add_number(o, #name, stats->name);
	PROTO_HOST_STATS(X)
	if (stats->pages_total) { /* what the kernel holds is counted on demand alone */
		PROTO_KERNEL_STATS(X)
	}
#undef X
	add_number(o, "restarts", device_outage(dev)->restarts);
	add_number(o, "reloads", device_outage(dev)->reloads);
	device_report_classes(dev, true, o);
	return o;
}

/* Malformed lines are skipped: a host could make many objects of little text. */
static bool has_cells(const char *line, unsigned int n)
{
	for (n--; n && *line; line++)
		n -= *line == '\t';
	return !n;
}

/* The next cell, up to a tab, from a line. */
static char *next_cell(char **line)
{
	char *text = strsep(line, "\t");

	return text ? text : "";
}

/* In place: text of a host may contain anything. */
static char *make_printable(char *text)
{
	str_printable(text);
	return text;
}

struct json_object *report_params(const char *text)
{
	struct json_object *list = json_object_new_array(), *o;
	_cleanup_free_ char *copy = strdup(text);
	char *lines = copy, *line, *mode;

	while (list && (line = strsep(&lines, "\n"))) {
		if (!has_cells(line, 3))
			continue;
		o = json_object_new_object();
		add_string(o, "parameter", make_printable(next_cell(&line)));
		mode = next_cell(&line);
		add_string(o, "mode", make_printable(mode));
		add_string(o, "value", make_printable(line ? line : ""));
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *report_modules(const char *text)
{
	struct json_object *list = json_object_new_array(), *o, *users;
	_cleanup_free_ char *copy = strdup(text);
	char *lines = copy, *line, *names, *name;

	while (list && (line = strsep(&lines, "\n"))) {
		if (!has_cells(line, 5))
			continue;
		o = json_object_new_object();
		users = json_object_new_array();
		add_string(o, "module", make_printable(next_cell(&line)));
		add_number(o, "bytes", strtoull(next_cell(&line), NULL, 10));
		add_number(o, "references", strtoull(next_cell(&line), NULL, 10));
		for (names = next_cell(&line); (name = strsep(&names, ","));)
			if (*name)
				json_object_array_add(users,
						      json_object_new_string(make_printable(name)));
		json_object_object_add(o, "users", users);
		add_string(o, "state", make_printable(next_cell(&line)));
		json_object_array_add(list, o);
	}
	return list;
}

static void add_catalog(struct json_object *plugins, struct json_object *errors,
			const struct catalog *catalog, const char *kernel)
{
	size_t i;

	for (i = 0; i < catalog->n; i++) {
		if (kernel)
			add_string(catalog->plugin[i]->json, "kernel", kernel);
		json_object_array_add(plugins, json_object_get(catalog->plugin[i]->json));
	}
	for (i = 0; i < catalog->errors.n; i++)
		json_object_array_add(errors, json_object_new_string(catalog->errors.item[i]));
}

/* What is listed already may be in kernel-dir= too, as one of its versions. */
static bool is_default(const struct global_config *global, const char *dir)
{
	_cleanup_free_ char *a = realpath(global->plugin_dir, NULL), *b = realpath(dir, NULL);

	return str_equal(a, b);
}

/* A folder that is missing or incomplete has no plugins. Return: 0, -ENOMEM. */
static int add_kernels(struct json_object *plugins, struct json_object *errors,
		       const struct global_config *global)
{
	struct strv list = { 0 };
	size_t i;
	int r = kernel_list(global->kernel_dir, &list);

	for (i = 0; i < list.n && r != -ENOMEM; i++) {
		_cleanup_free_ char *dir = kernel_plugin_dir(global, list.item[i]);
		struct catalog catalog = { 0 };

		r = !dir ? -ENOMEM : is_default(global, dir) ? 0 : catalog_read_all(dir, &catalog);
		if (!r)
			add_catalog(plugins, errors, &catalog, list.item[i]);
		catalog_finish(&catalog);
	}
	strv_finish(&list);
	return r == -ENOMEM ? r : 0;
}

static int read_catalogs(const struct global_config *global, struct json_object **ret)
{
	struct json_object *o, *plugins, *errors;
	struct catalog catalog = { 0 };
	int r = catalog_read_all(global->plugin_dir, &catalog);

	if (r < 0) {
		catalog_finish(&catalog);
		return r;
	}
	o = json_object_new_object();
	plugins = json_object_new_array();
	errors = json_object_new_array();
	add_catalog(plugins, errors, &catalog, NULL);
	catalog_finish(&catalog);
	r = add_kernels(plugins, errors, global);
	add_string(o, "plugin_dir", global->plugin_dir);
	json_object_object_add(o, "plugins", plugins);
	json_object_object_add(o, "errors", errors);
	if (r < 0)
		json_object_put(o);
	else
		*ret = o;
	return r;
}

/* Anybody may call it, and reading takes some ms. */
int report_catalog(const struct global_config *global, const char **ret)
{
	static char *last_dir, *last_text;
	const char *dir = global->plugin_dir;
	static uint64_t last_ns;
	struct json_object *json;
	int r;

	if (last_text && str_equal(last_dir, dir) && mono_ns() - last_ns < CATALOG_FRESH_NS) {
		*ret = last_text;
		return 0;
	}
	r = read_catalogs(global, &json);
	if (r < 0)
		return r;
	last_ns = 0;
	r = str_set(&last_dir, dir);
	if (!r)
		r = str_set(&last_text,
			    json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));
	json_object_put(json);
	if (r < 0)
		return r;
	str_make_utf8(last_text); /* descriptions are files */
	last_ns = mono_ns();
	*ret = last_text;
	return 0;
}
