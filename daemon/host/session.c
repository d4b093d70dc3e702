/* SPDX-License-Identifier: GPL-2.0-only */
/* See session.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "dde_host.h"
#include "wire.h"
#include "mailbox.h"
#include "net/host.h"
#include "session.h"

/* A link that is not up by then is told to the host: until then a carrier from
 * before a restart stays, so that the host's routes and connections do too. */
#define CARRIER_GRACE_US 4000000u
#define FIRMWARE_DIRS "/lib/firmware:/usr/lib/firmware"

static struct {
	sd_event *event;
	struct proto_setup *setup;
	int tap;
	struct ddekit_pci *pci;
	struct dde_host_plugin *plugin[PROTO_MAX_PLUGINS];
	unsigned int n_loaded;
	enum proto_state state;
	bool stopping;
	bool carrier;
	struct call load, attach, detach, shutdown, beat;
	bool beat_running;
	uint64_t beats;
	sd_event_source *grace;
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

/* Tells ddekitd and leaves the loop, and so the process. */
__attribute__((format(printf, 2, 3))) static void fail(int error, const char *fmt, ...)
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

static void on_died(const char *reason)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "ddekit-host: runtime died: %s", reason);

	wire_log(0, text, n >= (int)sizeof(text) ? sizeof(text) - 1 : (size_t)n);
}

/* The last error that the runtime logged: what a failure message ends with.
 * Read by the main thread when the CPU thread has nothing to do with it any more. */
static char last_error[160];

static void on_log(unsigned int level, const char *text, size_t len)
{
	size_t n = len < sizeof(last_error) - 1 ? len : sizeof(last_error) - 1;

	if (level <= 3 || memmem(text, len, "failed with error", 17)) {
		memcpy(last_error, text, n);
		last_error[n] = 0;
	}
	wire_log(level, text, len);
}

static const struct dde_host_events host_events = {
	.log = on_log,
	.booted = mailbox_post_booted,
	.request_done = mailbox_post_done,
	.halted = mailbox_post_halted,
	.died = on_died,
};

/* ---- the driver's interface -------------------------------------------------------- */

static void set_carrier(bool up)
{
	int err = net_bridge_set_carrier(up);

	session.carrier = up;
	if (err)
		wire_logf(4, "ddekit-host: cannot set the TAP's carrier: %s", strerror(-err));
}

static int on_grace_over(sd_event_source *source, uint64_t usec, void *arg)
{
	session.grace = sd_event_source_unref(session.grace);
	if (!session.carrier)
		set_carrier(false);
	return 0;
}

static void on_net_event(uint32_t event, const struct dde_net_info *info)
{
	/* The host's interface keeps its carrier until ddekitd removes it: what
	 * follows may be a restart. */
	if (session.stopping)
		return;
	if (event == DDE_NET_GONE) {
		fail(-ENODEV, "the driver removed its interface %s", info->name);
		return;
	}
	if (event == DDE_NET_READY && !info->carrier) {
		sd_event_add_time_relative(session.event, &session.grace, CLOCK_MONOTONIC,
					   CARRIER_GRACE_US, 100000, on_grace_over, NULL);
	} else if (event != DDE_NET_CHANGED) {
		session.grace = sd_event_source_unref(session.grace);
		set_carrier(info->carrier);
	}
	wire_send_net(info);
}

static const char *driver_path(void)
{
	return session.setup->plugins[session.setup->n_plugins - 2].path;
}

static void on_attached(struct call *call)
{
	int err = (int)call->req.result;

	if (err == -ENODEV && last_error[0])
		fail(err, "%s: the driver offers no network interface: %s", driver_path(),
		     last_error);
	else if (err == -ENODEV)
		fail(err, "%s: the driver offers no network interface: it does not know the device",
		     driver_path());
	else if (err)
		fail(err, "cannot open the driver's interface: %s", strerror(-err));
	else
		enter(STATE_READY);
}

/* ---- loading ------------------------------------------------------------------------ */

static void load_next(void);

static void on_loaded(struct call *call)
{
	const struct proto_plugin *p = &session.setup->plugins[session.n_loaded];
	int err = (int)call->req.result;

	if (err < 0) {
		fail(err, "%s: init failed: %s", p->path, strerror(-err));
		return;
	}
	session.n_loaded++;
	load_next();
}

static void load_next(void)
{
	if (session.stopping || session.state == STATE_FAILED)
		return;
	if (session.n_loaded < session.setup->n_plugins) {
		call_submit(&session.load, dde_host_up()->plugin_load,
			    &session.plugin[session.n_loaded]->plugin, on_loaded);
		return;
	}
	enter(STATE_LOADED);
	if (session.setup->bridge[0])
		call_submit(&session.attach, net_bridge_up()->attach, NULL, on_attached);
	else
		enter(STATE_READY);
}

static void on_booted(void)
{
	enter(STATE_BOOTED);
	load_next();
}

static int open_plugins(void)
{
	const struct proto_setup *s = session.setup;
	char *why = NULL;
	unsigned int i;
	int err;

	for (i = 0; i < s->n_plugins; i++) {
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

static int open_bridge(void)
{
	const struct proto_setup *s = session.setup;
	int err;

	if (!s->bridge[0])
		return 0;
	if (strcmp(s->bridge, "net") || s->n_plugins < 2 || session.tap < 0) {
		fail(-EPROTO, "bridge \"%s\" is not known, or came without its plugin or TAP",
		     s->bridge);
		return -EPROTO;
	}
	err = net_bridge_open(session.plugin[s->n_plugins - 1], session.tap, s->vnet_hdr,
			      mailbox_post_net);
	if (err)
		fail(err, "%s: cannot join the net bridge: %s",
		     s->plugins[s->n_plugins - 1].path, strerror(-err));
	return err;
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
		call_submit(&session.beat, dde_host_up()->heartbeat, &session.beats, on_beat_done);
	}
	sd_event_source_set_time_relative(source, session.setup->heartbeat_ms * 1000ull);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* ---- requests ------------------------------------------------------------------------- */

/* A request in flight; freed when its reply is sent. */
struct work {
	struct call call;
	uint32_t seq;
	uint32_t value;
	uint8_t mac[6];
	struct dde_net_stats net;
};

static void fill_stats(const struct work *w, struct proto_stats *s)
{
	struct ddekit_pci_stats pci;
	struct dde_host_stats host;
	struct timespec cpu;

	_Static_assert(sizeof(w->net) == 15 * sizeof(uint64_t), "same members as proto_stats");
	memset(s, 0, sizeof(*s));
	memcpy(s, &w->net, sizeof(w->net));
	ddekit_pci_stats(session.pci, &pci);
	dde_host_stats(&host);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	s->mmio_reads = pci.mmio_reads + pci.io_reads;
	s->mmio_writes = pci.mmio_writes + pci.io_writes;
	s->config_accesses = pci.config_reads + pci.config_writes;
	s->irqs = host.irqs;
	s->ticks = host.ticks;
	s->idle_waits = host.idle_waits;
	s->syscalls = host.syscalls + pci.syscalls;
	s->cpu_ns = (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec;
	s->rss_kb = wire_rss_kb();
}

static void on_stats(struct call *call)
{
	struct work *w = call->arg;
	struct proto_stats s;

	fill_stats(w, &s);
	wire_send_reply(w->seq, (int)call->req.result, &s);
	free(w);
}

static void on_work(struct call *call)
{
	struct work *w = call->arg;

	wire_send_reply(w->seq, (int)call->req.result, NULL);
	free(w);
}

static void start_work(struct work *w, uint32_t op)
{
	const struct dde_net_up *net = net_bridge_up();

	if (!net && op == OP_STATS)
		call_submit(&w->call, dde_host_up()->heartbeat, &session.beats, on_stats);
	else if (op == OP_STATS)
		call_submit(&w->call, net->get_stats, &w->net, on_stats);
	else if (op == OP_SET_MTU)
		call_submit(&w->call, net->set_mtu, &w->value, on_work);
	else if (op == OP_SET_PROMISC)
		call_submit(&w->call, net->set_promisc, &w->value, on_work);
	else
		call_submit(&w->call, net->set_mac, w->mac, on_work);
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
	call_submit(&session.shutdown, dde_host_up()->shutdown, NULL, on_detached);
}

static void stop(void)
{
	if (session.stopping)
		return;
	session.stopping = true;
	if (session.state < STATE_BOOTED)
		on_halted();
	else if (net_bridge_up() && session.state == STATE_READY)
		call_submit(&session.detach, net_bridge_up()->detach, NULL, on_detached);
	else
		on_detached(NULL);
}

void session_request(const struct proto_request *req)
{
	struct work *w;

	if (req->op == OP_STOP) {
		wire_send_reply(req->h.seq, 0, NULL);
		stop();
		return;
	}
	if (req->op < OP_STATS || req->op > OP_SET_MAC) {
		wire_send_reply(req->h.seq, -EOPNOTSUPP, NULL);
		return;
	}
	if (session.state != STATE_READY || session.stopping ||
	    (!net_bridge_up() && req->op != OP_STATS)) {
		wire_send_reply(req->h.seq, -EAGAIN, NULL);
		return;
	}
	w = calloc(1, sizeof(*w));
	if (!w) {
		wire_send_reply(req->h.seq, -ENOMEM, NULL);
		return;
	}
	w->seq = req->h.seq;
	w->value = req->value;
	memcpy(w->mac, req->mac, sizeof(w->mac));
	w->call.arg = w;
	start_work(w, req->op);
}

/* ---- start -------------------------------------------------------------------------------- */

static const struct mailbox_handlers handlers = {
	.booted = on_booted,
	.halted = on_halted,
	.net_event = on_net_event,
};

static int boot_runtime(void)
{
	static char cmdline[PROTO_ARGS + 64];
	const struct proto_setup *s = session.setup;
	struct dde_host_config config = {
		.runtime = s->runtime,
		.cmdline = cmdline,
		.firmware_dirs = FIRMWARE_DIRS,
		.nr_cpus = s->nr_cpus ? s->nr_cpus : 1,
		.pci = session.pci,
		.pci_domain = s->handover.bdf.domain,
		.events = &host_events,
	};
	char *why = NULL;
	int err;

	snprintf(cmdline, sizeof(cmdline), "%s", s->cmdline);
	err = dde_host_load(&config, &why);
	if (err)
		fail(err, "%s", why ? why : strerror(-err));
	free(why);
	if (err)
		return err;
	err = dde_host_start();
	if (err)
		fail(err, "cannot start the runtime: %s", strerror(-err));
	return err;
}

int session_start(sd_event *event, struct proto_setup *setup, int tap)
{
	char bdf[DDEKIT_BDF_STRLEN];
	int err;

	session.event = event;
	session.setup = setup;
	session.tap = tap;
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
		err = open_plugins();
	if (!err)
		err = open_bridge();
	if (!err && setup->heartbeat_ms)
		err = sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC,
						 setup->heartbeat_ms * 1000ull, 0, on_beat, NULL);
	return err;
}
