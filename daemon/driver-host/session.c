/* SPDX-License-Identifier: GPL-2.0-only */
/* See session.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dde_host.h"
#include "class-host.h"
#include "ddekitd.h"
#include "mailbox.h"
#include "sandbox.h"
#include "session.h"
#include "unload.h"
#include "work.h"

static struct {
	sd_event *event;
	struct proto_setup *setup;
	const int *class_fds;
	struct ddekit_pci *pci;
	struct dde_host_plugin *plugin[PROTO_MAX_PLUGINS];
	bool loaded[PROTO_MAX_PLUGINS];
	unsigned int loading; /* index of the plugin that is */
	enum proto_state state;
	bool stopping;
	bool unloading; /* from OP_RELOAD until the driver is unmapped */
	struct call load, attach, detach, shutdown, beat;
	bool beat_running;
	uint64_t beats;
	struct bridge *bridge; /* NULL: none */
} session;

static const char *release(void)
{
	return dde_host_up() ? dde_host_up()->release : NULL;
}

static void enter(enum proto_state state)
{
	session.state = state;
	wire_send_state(state, 0, release(), NULL);
}

static void fail(int error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Tells ddekitd and leaves the loop, and so the process. */
static void fail(int error, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (session.state == STATE_FAILED)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	session.state = STATE_FAILED;
	wire_logf(3, "ddekit-host: %s", text);
	wire_send_state(STATE_FAILED, error, release(), text);
	sd_event_exit(session.event, 1);
}

/* ---- CPU thread ------------------------------------------------------------------ */

static void on_runtime_died(const char *reason)
{
	char text[256];
	int n = snprintf(text, sizeof(text), PROTO_LAST_WORDS "%s", reason);

	wire_log(0, text, n >= (int)sizeof(text) ? sizeof(text) - 1 : (size_t)n);
}

/* The last error that the runtime logged: what a failure message ends with.
 * Read by the main thread when the CPU thread has nothing to do with it any more. */
static char last_error[160];

static void on_runtime_log(unsigned int level, const char *text, size_t len)
{
	size_t n = len < sizeof(last_error) - 1 ? len : sizeof(last_error) - 1;

	if (level <= 3 || memmem(text, len, "failed with error", 17)) {
		memcpy(last_error, text, n);
		last_error[n] = 0;
	}
	wire_log(level, text, len);
}

static const struct dde_host_events host_events = {
	.log = on_runtime_log,
	.booted = mailbox_post_booted,
	.request_done = mailbox_post_done,
	.halted = mailbox_post_halted,
	.died = on_runtime_died,
};

/* ---- the bridge ------------------------------------------------------------------------ */

/* Return: whether the driver is stopping or restarting. */
static bool leaving(void)
{
	return session.stopping || session.unloading;
}

/* For a ddekitd that has not seen it: what else has changed is in this too. */
static void resend_state(void)
{
	wire_send_state(session.state, 0, release(), NULL);
	if (session.bridge && session.state == STATE_READY && !session.unloading)
		session.bridge->class->resend(session.bridge);
}

/* Return: the plugin of that role, -1: there is none. */
static int plugin_of(uint32_t role)
{
	unsigned int i;

	for (i = 0; i < session.setup->n_plugins; i++)
		if (session.setup->plugins[i].role & role)
			return (int)i;
	return -1;
}

static const char *driver_path(void)
{
	int i = plugin_of(PLUGIN_DRIVER);

	return i < 0 ? "?" : session.setup->plugins[i].path;
}

static void on_attached(struct call *call)
{
	int err = (int)call->req.result;

	if (err == -ENODEV && last_error[0])
		fail(err, "%s: the driver offers no %s: %s", driver_path(),
		     session.bridge->class->missing, last_error);
	else if (err == -ENODEV)
		fail(err, "%s: the driver offers no %s: it does not know the device", driver_path(),
		     session.bridge->class->missing);
	else if (err)
		fail(err, "cannot open the driver's %s: %s", session.bridge->class->missing,
		     strerror(-err));
	else
		enter(STATE_READY);
}

/* ---- loading ------------------------------------------------------------------------ */

static void load_next(void);

static void on_loaded(struct call *call)
{
	int err = (int)call->req.result;

	if (err < 0) {
		fail(err, "%s: init failed: %s", session.setup->plugins[session.loading].path,
		     strerror(-err));
		return;
	}
	session.loaded[session.loading] = true;
	load_next();
}

static void load_next(void)
{
	unsigned int i = 0;

	if (session.stopping || session.state == STATE_FAILED)
		return;
	while (i < session.setup->n_plugins && session.loaded[i])
		i++;
	if (i < session.setup->n_plugins) {
		session.loading = i;
		call_submit(&session.load, dde_host_up()->plugin->load, &session.plugin[i]->plugin,
			    on_loaded);
		return;
	}
	enter(STATE_LOADED);
	if (session.bridge)
		call_submit(&session.attach, session.bridge->class->attach(session.bridge), NULL,
			    on_attached);
	else
		enter(STATE_READY);
}

static void on_booted(void)
{
	enter(STATE_BOOTED);
	load_next();
}

static int open_setup_plugins(void)
{
	const struct proto_setup *s = session.setup;
	char *why = NULL;
	unsigned int i;
	int err;

	for (i = 0; i < s->n_plugins; i++) {
		if (session.plugin[i])
			continue;
		err = dde_host_plugin_open(s->plugins[i].path, s->plugins[i].args,
					   &session.plugin[i], &why);
		if (err) {
			fail(err, "%s", why ? why : strerror(-err));
			free(why);
			return err;
		}
	}
	return 0;
}

static int join_bridge(const struct bridge_class *class, int plugin)
{
	static struct bridge_env env = { .fail = fail, .leaving = leaving };
	const struct proto_setup *s = session.setup;
	const struct bridge_parts parts = {
		.plugin = session.plugin[plugin],
		.setup = s,
		.fds = session.class_fds,
	};
	int err;

	env.event = session.event;
	err = class->open(&env, &parts, &session.bridge);
	if (err) {
		fail(err, "%s: cannot join the %s bridge: %s", s->plugins[plugin].path, s->class,
		     strerror(-err));
		return err;
	}
	session.bridge->class = class;
	session.bridge->env = &env;
	return 0;
}

static int open_bridge(void)
{
	const struct proto_setup *s = session.setup;
	const struct bridge_class *class;
	int plugin = plugin_of(PLUGIN_BRIDGE);

	if (!s->class[0])
		return 0;
	class = bridge_class_find(s->class);
	if (class && plugin >= 0 && s->n_class_fds == class->n_fds)
		return join_bridge(class, plugin);
	fail(-EPROTO, "bridge \"%s\" is not known, or came without its plugin or files", s->class);
	return -EPROTO;
}

/* ---- heartbeat ------------------------------------------------------------------------ */

static void on_beat_done(struct call *call)
{
	session.beat_running = false;
	wire_send_heartbeat(session.beats);
}

static int on_beat(sd_event_source *source, uint64_t usec, void *arg)
{
	if (session.state >= STATE_BOOTED && session.state < STATE_FAILED &&
	    !session.beat_running && !session.stopping) {
		session.beat_running = true;
		call_submit(&session.beat, dde_host_up()->sys->heartbeat, &session.beats,
			    on_beat_done);
	}
	sd_event_source_set_time_relative(source, session.setup->heartbeat_ms * 1000ull);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* ---- unload and load anew ---------------------------------------------------------------- */

/* The driver and what it uses alone. */
static bool is_reloaded(unsigned int i)
{
	return i < session.setup->n_plugins && !(session.setup->plugins[i].role & PLUGIN_STAYS);
}

/* Return: a plugin that is still in the process, NULL. */
static const char *still_mapped(void)
{
	unsigned int i;

	for (i = 0; i < session.setup->n_plugins; i++)
		if (is_reloaded(i) && dde_host_plugin_mapped(session.setup->plugins[i].path))
			return session.setup->plugins[i].path;
	return NULL;
}

static void on_driver_unloaded(int error, const char *why)
{
	const char *left;
	unsigned int i;

	if (session.stopping)
		return;
	if (error) {
		fail(error, "%s", why);
		return;
	}
	left = still_mapped();
	if (left) {
		fail(-EBUSY, "%s cannot be unmapped", left);
		return;
	}
	session.unloading = false;
	for (i = 0; i < session.setup->n_plugins; i++)
		session.loaded[i] &= !is_reloaded(i);
	enter(STATE_BOOTED);
	if (!open_setup_plugins())
		load_next();
}

static void on_detached_to_reload(struct call *call)
{
	if (!session.stopping)
		unload_start(session.plugin, session.setup->n_plugins, is_reloaded,
			     on_driver_unloaded);
}

static void reload(void)
{
	session.unloading = true;
	if (session.bridge)
		session.bridge->class->reloads(session.bridge);
	if (session.bridge)
		call_submit(&session.detach, session.bridge->class->detach(session.bridge), NULL,
			    on_detached_to_reload);
	else
		on_detached_to_reload(NULL);
}

/* ---- the end ---------------------------------------------------------------------------- */

static void on_halted(void)
{
	if (session.stopping) {
		wire_send_state(STATE_STOPPED, 0, release(), NULL);
		sd_event_exit(session.event, 0);
	} else {
		fail(-ECANCELED, "the runtime shut itself down");
	}
}

static void on_detached(struct call *call)
{
	call_submit(&session.shutdown, dde_host_up()->sys->shutdown, NULL, on_detached);
}

static void stop(void)
{
	if (session.stopping)
		return;
	session.stopping = true;
	if (session.state < STATE_BOOTED)
		on_halted();
	else if (session.bridge && session.state == STATE_READY && !session.unloading)
		call_submit(&session.detach, session.bridge->class->detach(session.bridge), NULL,
			    on_detached);
	else
		on_detached(NULL);
}

static int set_args(const struct proto_request *req)
{
	if (req->value >= session.setup->n_plugins)
		return -EINVAL;
	memcpy(session.setup->plugins[req->value].args, req->text, PROTO_ARGS);
	return 0;
}

void session_request(const struct proto_request *req)
{
	int err = 0;

	if (req->op == OP_STOP) {
		wire_send_reply(req->h.seq, 0, NULL);
		stop();
		return;
	}
	if (req->op == OP_SAY_STATE && session.state < STATE_FAILED) {
		wire_send_reply(req->h.seq, 0, NULL);
		resend_state();
		return;
	}
	if (session.state != STATE_READY || session.stopping || session.unloading) {
		work_reply(req, -EAGAIN);
	} else if (req->op == OP_RELOAD) {
		work_reply(req, 0);
		reload();
	} else if (req->op == OP_SET_ARGS) {
		work_reply(req, set_args(req));
	} else {
		err = work_begin(req, session.bridge, session.pci);
		if (err)
			work_reply(req, err);
	}
}

/* ---- start -------------------------------------------------------------------------------- */

static const struct mailbox_handlers handlers = {
	.booted = on_booted,
	.halted = on_halted,
};

/* From here on the process holds code that is not ours. */
static int enter_sandbox(void)
{
	const char *why = "";
	int err = sandbox_enter(session.setup, &why);

	if (err)
		fail(err, "cannot confine the driver: %s: %s; sandbox=no would run it without", why,
		     strerror(-err));
	return err;
}

static int boot_runtime(void)
{
	static char cmdline[PROTO_ARGS + 64];
	const struct proto_setup *s = session.setup;
	struct dde_host_config config = {
		.runtime = s->runtime,
		.cmdline = cmdline,
		.firmware_dirs = s->firmware_dir,
		.plugin_dir = s->plugin_dir[0] ? s->plugin_dir : NULL,
		.nr_cpus = s->nr_cpus,
		.pci = session.pci,
		.pci_domain = s->handover.bdf.domain,
		.smbios = s->smbios,
		.smbios_size = s->n_smbios,
		.events = &host_events,
	};
	char *why = NULL;
	int err;

	snprintf(cmdline, sizeof(cmdline), "%s", s->cmdline);
	err = dde_host_load(&config, &why);
	if (err)
		fail(err, "%s", why ? why : strerror(-err));
	free(why);
	if (!err)
		err = enter_sandbox();
	if (err)
		return err;
	err = dde_host_start();
	if (err)
		fail(err, "cannot start the runtime: %s", strerror(-err));
	return err;
}

int session_start(sd_event *event, struct proto_setup *setup, const int *class_fds)
{
	char bdf[DDEKIT_BDF_STRLEN];
	int err;

	session.event = event;
	session.setup = setup;
	session.class_fds = class_fds;
	err = mailbox_open(event, &handlers);
	if (err < 0) {
		fail(err, "cannot set up the event loop: %s", strerror(-err));
		return err;
	}
	err = ddekit_pci_adopt(&setup->handover, &session.pci);
	if (err) {
		fail(err, "%s: cannot adopt the device by backend %.15s: %s",
		     ddekit_bdf_format(setup->handover.bdf, bdf), setup->handover.backend,
		     strerror(-err));
		return err;
	}
	enter(STATE_ADOPTED);
	err = boot_runtime();
	if (!err)
		err = open_setup_plugins();
	if (!err)
		err = open_bridge();
	if (!err && setup->heartbeat_ms)
		err = sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC,
						 setup->heartbeat_ms * 1000ull, 0, on_beat, NULL);
	return err;
}
