/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's driver host: set-up, messages, heartbeat, death; see device.h. */
#include <errno.h>
#include <fcntl.h>

#include "crash-report.h"
#include "persist.h"
#include "private.h"
#include "config/kernels.h"
#include "lib/log.h"
#include "process/message.h"
#include "system/smbios.h"

#define MISSED_BEATS 5
#define STATS_NS 10000000000ull /* how old those of a crash report may be */
#define END_MS 1000             /* between SIGKILL and a host's end, when ddekitd ends */

/* ---- messages ------------------------------------------------------------ */

static void on_host_log(void *arg, int level, const char *text)
{
	struct device *dev = arg;
	struct log_about about = device_about(dev);

	device_trial_hear(dev, text);
	about.budget = NULL; /* the log pipe has its own limit */
	device_log_line(dev, level, text);
	log_line(&about, level, "%s", text);
}

/* Late on purpose (see priority): what has arrived meanwhile is seen first. */
static int on_heartbeat_missed(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;
	uint64_t limit = (uint64_t)dev->config->heartbeat * MISSED_BEATS * 1000000;
	uint64_t quiet = mono_ns() - dev->run.last_beat;
	char text[96];

	if (quiet < limit) {
		sd_event_source_set_time_relative(source, (limit - quiet) / 1000 + 1);
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	snprintf(text, sizeof(text), "no heartbeat for %llu ms: the driver is stuck",
		 (unsigned long long)(quiet / 1000000));
	if (dev->run.host)
		host_kill_stuck(dev->run.host, text);
	return 0;
}

static void start_heartbeat(struct device *dev)
{
	uint64_t us = (uint64_t)dev->config->heartbeat * MISSED_BEATS * 1000;

	if (!us || dev->run.heartbeat)
		return;
	dev->run.last_beat = mono_ns();
	if (sd_event_add_time_relative(dev->env->event, &dev->run.heartbeat, CLOCK_MONOTONIC, us,
				       10000, on_heartbeat_missed, dev) >= 0)
		sd_event_source_set_priority(dev->run.heartbeat, SD_EVENT_PRIORITY_IDLE);
}

static void on_heartbeat(void *arg)
{
	struct device *dev = arg;

	dev->run.last_beat = mono_ns();
	if (dev->state != DEVICE_UP || dev->run.last_beat - dev->run.stats_asked < STATS_NS)
		return;
	dev->run.stats_asked = dev->run.last_beat;
	host_request(dev->run.host, OP_STATS, NULL, NULL);
}

static void on_state(void *arg, const struct proto_state_msg *msg)
{
	struct device *dev = arg;
	bool again = dev->state == DEVICE_UP && msg->state == STATE_READY;

	if (!again)
		dev->run.times.state[msg->state] = msg->mono_ns;
	dev->run.rss_kb = msg->rss_kb;
	if (msg->release[0])
		memcpy(dev->run.release, msg->release, sizeof(dev->run.release));
	if (again) {
		device_classes_ready(dev, true);
	} else if (msg->state == STATE_READY) {
		start_heartbeat(dev);
		dev->events->ready(dev);
	} else if (msg->state == STATE_FAILED) {
		str_set(&dev->run.last_failure, msg->text[0] ? msg->text : strerror(-msg->error));
	}
}

static void on_export(void *arg, const struct proto_export *msg)
{
	device_class_message(arg, msg);
}

/* The state in which it was, for the log. */
static const char *host_progress(const struct device *dev)
{
	uint32_t state = STATE_READY;

	while (state && !dev->run.times.state[state])
		state--;
	return state ? message_state_name(state) : "started";
}

static char *why_it_died(const struct device *dev, const struct host_death *death, bool refused)
{
	if (refused && dev->run.last_failure)
		return strdup(dev->run.last_failure);
	if (death->not_run)
		return strdup(death->text);
	return str_format("driver host %s (last state: %s)", death->text, host_progress(dev));
}

static void on_host_died(void *arg, const struct host_death *death)
{
	struct device *dev = arg;
	bool refused = dev->run.times.state[STATE_FAILED];

	dev->run.times.died = mono_ns();
	dev->run.death = (struct device_death){
		.host = dev->run.host,
		.text = why_it_died(dev, death, refused),
		.how = strdup(death->text),
		.clean = death->clean || death->not_run,
		.signalled = death->signalled,
		.status = death->status,
		.restarts = dev->outage.restarts,
	};
	dev->run.host = NULL;
	dev->run.heartbeat = sd_event_source_disable_unref(dev->run.heartbeat);
	if (death->not_run && dev->want == WANT_UP)
		str_set(&dev->verdict, dev->run.death.text);
	dev->events->died(dev, refused);
}

void device_bury(struct device *dev)
{
	struct device_death death = dev->run.death;
	struct log_about about = device_about(dev);
	bool report = death.host && !death.clean;
	char *path = report ? crash_report_write(dev) : NULL;

	if (path) {
		free(dev->run.crash_report);
		dev->run.crash_report = path;
	}
	about.message_id = LOG_ID_DIED;
	if (death.host)
		log_line(&about, death.clean || dev->want != WANT_UP ? LOG_INFO : LOG_WARNING,
			 "driver host %d %s (last state: %s)%s%s", (int)host_pid(death.host),
			 death.how ? death.how : "died", host_progress(dev),
			 report && dev->run.crash_report ? "; report: " : "",
			 report && dev->run.crash_report ? dev->run.crash_report : "");
	host_destroy(death.host);
	free(death.text);
	free(death.how);
	dev->run.death = (struct device_death){ .host = NULL };
}

static const struct host_ops host_events = {
	.state = on_state,
	.export = on_export,
	.heartbeat = on_heartbeat,
	.log = on_host_log,
	.died = on_host_died,
};

/* ---- start --------------------------------------------------------------- */

static int set_text(char *dst, size_t size, const char *src, const char *what, char **ret_why)
{
	if (strlen(src) >= size) {
		*ret_why = str_format("%s is longer than %zu characters: %s", what, size - 1, src);
		return -ENAMETOOLONG;
	}
	memcpy(dst, src, strlen(src) + 1);
	return 0;
}

static int fill_plugins(const struct device *dev, struct proto_setup *setup, char **ret_why)
{
	const struct device_plugin *plugin = &dev->plugin;
	size_t i;
	int r = 0;

	if (plugin->path.n > PROTO_MAX_PLUGINS) {
		*ret_why = str_format("driver %s has %zu plugin files; at most %d can be loaded",
				      plugin->name, plugin->path.n, PROTO_MAX_PLUGINS);
		return -E2BIG;
	}
	for (i = 0; i < plugin->path.n && !r; i++) {
		r = set_text(setup->plugins[i].path, PROTO_PATH, plugin->path.item[i],
			     "plugin path", ret_why);
		if (!r)
			r = set_text(setup->plugins[i].args, PROTO_ARGS, plugin->args.item[i],
				     "options=", ret_why);
		setup->plugins[i].role = plugin->role[i];
	}
	setup->n_plugins = plugin->path.n;
	return r;
}

/* The runtimes of other flavours lie beside that of "up": NAME.so, NAME-smp.so. */
static int fill_runtime(const struct device *dev, struct proto_setup *setup, char **ret_why)
{
	_cleanup_free_ char *runtime = kernel_runtime(dev->env->global, dev->config->kernel);
	size_t len = runtime ? strlen(runtime) : 0;
	const char *flavour = config_flavour(dev->config);
	_cleanup_free_ char *path = NULL;

	if (!runtime)
		return -ENOMEM;
	if (!strcmp(flavour, "up"))
		return set_text(setup->runtime, PROTO_PATH, runtime, "runtime=", ret_why);
	if (len > 3 && !strcmp(runtime + len - 3, ".so"))
		len -= 3;
	path = str_format("%.*s-%s.so", (int)len, runtime, flavour);
	if (!path)
		return -ENOMEM;
	return set_text(setup->runtime, PROTO_PATH, path, "runtime=", ret_why);
}

/* The folders from which the driver's kernel may ask for files. */
static int fill_folders(const struct device *dev, struct proto_setup *setup, char **ret_why)
{
	const struct global_config *global = dev->env->global;
	const char *flavour = config_flavour(dev->config);
	_cleanup_free_ char *dir = kernel_plugin_dir(global, dev->config->kernel);
	_cleanup_free_ char *plugins = dir ? catalog_folder(dir, flavour) : NULL;
	int r;

	if (!plugins)
		return -ENOMEM;
	r = set_text(setup->plugin_dir, PROTO_PATH, plugins, "plugin-dir=", ret_why);
	return r ? r
		 : set_text(setup->firmware_dir, PROTO_PATH, global->firmware_dir,
			    "firmware-dir=", ret_why);
}

static int fill_setup(struct device *dev, struct proto_setup *setup, char **ret_why)
{
	int r = fill_runtime(dev, setup, ret_why);

	if (!r)
		r = fill_folders(dev, setup, ret_why);
	if (!r)
		r = fill_plugins(dev, setup, ret_why);
	if (!r && dev->plugin.bridge)
		r = set_text(setup->class, sizeof(setup->class), dev->plugin.bridge, "bridge name",
			     ret_why);
	if (!config_is_emulated(dev->config))
		setup->n_smbios = (uint32_t)smbios_read(SMBIOS_TABLES, setup->smbios,
							sizeof(setup->smbios));
	setup->heartbeat_ms = dev->config->heartbeat;
	setup->nr_cpus = dev->config->cpus;
	setup->confine = (dev->config->sandbox ? CONFINE_SANDBOX : 0) |
			 (dev->config->core ? CONFINE_CORE : 0);
	return r;
}

int device_start_host(struct device *dev, const struct ddekit_handover *handover, char **ret_why)
{
	_cleanup_free_ struct proto_setup *setup = calloc(1, sizeof(*setup));
	int fds[PROTO_CLASS_FDS];
	struct host_spec spec = {
		.binary = dev->env->global->host_binary,
		.bdf = dev->config->bdf_text,
		.driver = device_driver(dev),
		.setup = setup,
		.class_fds = fds,
		.outlive = dev->persisted.state >= 0,
	};
	int r = setup ? fill_setup(dev, setup, ret_why) : -ENOMEM;

	if (r < 0)
		return r;
	setup->handover = *handover;
	device_hand_over_class(dev, setup, fds);
	confine_init(dev->config, dev->env->host_uid, dev->env->host_gid, &spec.confine);
	memset(dev->run.times.state, 0, sizeof(dev->run.times.state));
	dev->run.times.link = 0;
	dev->run.times.host_start = mono_ns();
	dev->run.quiet = false;
	dev->run.release[0] = 0;
	r = host_start(dev->env->event, &spec, &host_events, dev, &dev->run.host, ret_why);
	if (!r)
		device_persist_host(dev);
	return r;
}

static int on_start_timeout(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;
	char text[96];

	snprintf(text, sizeof(text), "not ready within start-timeout=%ums",
		 dev->config->start_timeout);
	if (dev->run.host)
		host_kill_stuck(dev->run.host, text);
	return 0;
}

int device_limit_start(struct device *dev)
{
	return device_set_timer(dev, dev->config->start_timeout, on_start_timeout);
}

int device_adopt_host(struct device *dev, const struct host_saved *saved)
{
	int r = host_adopt(dev->env->event, saved, &host_events, dev, &dev->run.host);

	if (!r)
		start_heartbeat(dev);
	return r;
}

/* ---- stop ---------------------------------------------------------------- */

static int on_stop_timeout(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;

	if (dev->run.host)
		host_kill_stuck(dev->run.host, "did not stop within stop-timeout=");
	return 0;
}

void device_stop_host(struct device *dev)
{
	int r = host_request(dev->run.host, OP_STOP, NULL, NULL);

	if (r >= 0)
		r = device_set_timer(dev, dev->config->stop_timeout, on_stop_timeout);
	if (r < 0)
		host_kill(dev->run.host, "does not read its requests");
}

void device_end_host_at_once(struct device *dev)
{
	struct log_about about = device_about(dev);

	if (dev->run.host)
		host_kill(dev->run.host, "ddekitd ends");
	if (dev->run.host && host_wait(dev->run.host, END_MS) < 0)
		log_line(&about, LOG_ERR, "driver host %d does not end",
			 (int)host_pid(dev->run.host));
	host_destroy(dev->run.host);
	dev->run.host = NULL;
	host_destroy(dev->run.death.host);
	dev->run.death.host = NULL;
	dev->run.heartbeat = sd_event_source_disable_unref(dev->run.heartbeat);
}

/* ---- what is noted ---------------------------------------------------------- */

void device_note_claim_start(struct device *dev)
{
	dev->run.times = (struct device_times){ .claim_start = mono_ns() };
}

void device_note_claim_end(struct device *dev)
{
	dev->run.times.claim_end = mono_ns();
}

void device_note_quiet(struct device *dev, int error, uint64_t when)
{
	dev->run.times.quiet = when;
	dev->run.quiet = !error;
}

void device_note_link(struct device *dev, uint64_t when)
{
	dev->run.times.link = when;
}

void device_set_last_failure(struct device *dev, const char *text)
{
	str_set(&dev->run.last_failure, text);
}

void device_restore_run(struct device *dev, const char *last_failure, const char *release,
			const struct device_times *times)
{
	str_set(&dev->run.last_failure, last_failure);
	snprintf(dev->run.release, sizeof(dev->run.release), "%s", release ? release : "");
	dev->run.times = *times;
}

void device_finish_run(struct device *dev)
{
	free(dev->run.last_failure);
	free(dev->run.crash_report);
}

/* ---- for others ---------------------------------------------------------------- */

struct host *device_host(const struct device *dev)
{
	return dev->run.host;
}

const struct device_times *device_times(const struct device *dev)
{
	return &dev->run.times;
}

const char *device_kernel_release(const struct device *dev)
{
	return dev->run.release[0] ? dev->run.release : NULL;
}

uint64_t device_rss_kb(const struct device *dev)
{
	return dev->run.rss_kb;
}

const char *device_last_failure(const struct device *dev)
{
	return dev->run.last_failure;
}

const char *device_crash_report(const struct device *dev)
{
	return dev->run.crash_report;
}
