/* SPDX-License-Identifier: GPL-2.0-only */
/* ddekitd: command line, signals, event loop. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include "binding.h"
#include "control/interface.h"
#include "drivers/bridges/class-ddekitd.h"
#include "adopt-devices.h"
#include "state/fd-store.h"
#include "hot-plug.h"
#include "leave.h"
#include "lib/log.h"
#include "manager-config.h"
#include "reload-config.h"
#include "strays.h"

/* Exit codes, as in ddekitd(8). */
enum { EXIT_OK = 0, EXIT_RUN = 1, EXIT_USAGE = 2, EXIT_BAD_CONFIG = 78 };

enum {
	OPT_CHECK = 256,
	OPT_PRINT,
	OPT_RUNTIME_DIR,
	OPT_PLUGIN_DIR,
	OPT_RUNTIME,
	OPT_HOST,
	OPT_FRONT_DIR,
	OPT_FD_STORE,
	OPT_END_REST
};

struct arguments {
	struct manager_options options;
	char only[DDEKIT_BDF_STRLEN];
	bool check;
	bool print;
	bool end_rest;
	const char *end_unit; /* NULL: this process's own */
	bool debug;
};

static const char usage_text[] =
	"Usage: ddekitd [OPTION]...\n"
	"Runs unmodified Linux drivers in user space for the devices of devices.conf(5).\n"
	"\n"
	"  -c, --config FILE        read FILE and FILE.d/*.conf (" CONFIG_FILE ")\n"
	"      --device BDF         run only this device\n"
	"      --runtime-dir DIR    lock and control socket (/run/ddekit)\n"
	"      --plugin-dir DIR     folder of the plugins\n"
	"      --runtime FILE       libdde-linux.so\n"
	"      --host-binary FILE   ddekit-host\n"
	"      --front-dir DIR      folder of the fronts of disks\n"
	"      --fd-store           the service manager keeps file descriptors: drivers survive\n"
	"                           the end of ddekitd, and its successor adopts them\n"
	"      --end-rest[=UNIT]    for ExecStopPost=: end the rest of the control group, unless\n"
	"                           a restart follows; UNIT: of one that has failed\n"
	"      --check              check the configuration and exit\n"
	"      --print-config       print it with all values and exit\n"
	"  -d, --debug              log more\n"
	"  -V, --version            print the version\n"
	"  -h, --help               this text\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "device", required_argument, NULL, 'D' },
	{ "runtime-dir", required_argument, NULL, OPT_RUNTIME_DIR },
	{ "plugin-dir", required_argument, NULL, OPT_PLUGIN_DIR },
	{ "runtime", required_argument, NULL, OPT_RUNTIME },
	{ "host-binary", required_argument, NULL, OPT_HOST },
	{ "front-dir", required_argument, NULL, OPT_FRONT_DIR },
	{ "fd-store", no_argument, NULL, OPT_FD_STORE },
	{ "end-rest", optional_argument, NULL, OPT_END_REST },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "print-config", no_argument, NULL, OPT_PRINT },
	{ "debug", no_argument, NULL, 'd' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int set_only(struct arguments *a, const char *text)
{
	struct ddekit_bdf bdf;

	if (ddekit_bdf_parse(text, &bdf) < 0) {
		fprintf(stderr, "ddekitd: --device %s: not a PCI address such as 0000:01:00.0\n",
			text);
		return -EINVAL;
	}
	a->options.only = ddekit_bdf_format(bdf, a->only);
	return 0;
}

/* Absolute, as the paths are used from other working folders. Never freed. */
static int set_path(const char **member, const char *path)
{
	_cleanup_free_ char *here = NULL;

	*member = path;
	if (path[0] == '/')
		return 0;
	here = getcwd(NULL, 0);
	*member = here ? str_format("%s/%s", here, path) : NULL;
	if (*member)
		return 0;
	fprintf(stderr, "ddekitd: %s: %s\n", path, strerror(errno));
	return -ENOENT;
}

/* Return: 0; 1: done, exit with success; -errno. */
static int apply_option(struct arguments *a, int opt)
{
	struct manager_options *o = &a->options;

	switch (opt) {
	case 'c':
		o->config_given = true;
		return set_path(&o->config_path, optarg);
	case 'D':
		return set_only(a, optarg);
	case OPT_RUNTIME_DIR:
		return set_path(&o->runtime_dir, optarg);
	case OPT_PLUGIN_DIR:
		return set_path(&o->plugin_dir, optarg);
	case OPT_RUNTIME:
		return set_path(&o->runtime, optarg);
	case OPT_HOST:
		return set_path(&o->host_binary, optarg);
	case OPT_FRONT_DIR:
		return set_path(&o->front_dir, optarg);
	case OPT_FD_STORE:
		o->fd_store = true;
		return 0;
	case OPT_END_REST:
		a->end_rest = true;
		a->end_unit = optarg;
		return 0;
	case OPT_CHECK:
		a->check = true;
		return 0;
	case OPT_PRINT:
		a->print = true;
		return 0;
	case 'd':
		a->debug = true;
		return 0;
	case 'V':
		puts("ddekitd " DDEKIT_VERSION);
		return 1;
	case 'h':
		fputs(usage_text, stdout);
		return 1;
	}
	return -EINVAL;
}

static int parse_arguments(struct arguments *a, int argc, char **argv)
{
	int opt, r;

	while ((opt = getopt_long(argc, argv, "c:dVh", long_options, NULL)) >= 0) {
		r = apply_option(a, opt);
		if (r)
			return r;
	}
	if (optind < argc) {
		fprintf(stderr, "ddekitd: unexpected argument %s; see ddekitd --help\n",
			argv[optind]);
		return -EINVAL;
	}
	return 0;
}

static int check_config(const struct arguments *a)
{
	_cleanup_free_ char *text = NULL;
	struct config config = { 0 };
	int r = manager_read_config(&a->options, &config);

	if (r >= 0 && a->print) {
		text = config_print(&config);
		fputs(text ? text : "", stdout);
	} else if (r >= 0) {
		printf("%s: %zu devices, no errors\n", a->options.config_path, config.n_devices);
	}
	config_finish(&config);
	return r < 0 ? EXIT_BAD_CONFIG : EXIT_OK;
}

static int on_stop_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	struct manager *m = arg;

	if (si->ssi_signo == SIGTERM) {
		leave_as_asked(m);
		return 0;
	}
	log_notice("%s: stopping", signal_name(si->ssi_signo));
	manager_stop(m);
	return 0;
}

static void on_config_reloaded(void *arg, int r, const char *why)
{
	if (r < 0)
		log_error("configuration not reloaded, the old one stays in use:\n%s",
			  why ? why : strerror(-r));
	else
		log_notice("configuration reloaded");
	sd_notify(0, "READY=1");
}

static int on_reload_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	_cleanup_free_ char *why = NULL;
	struct manager *m = arg;
	int r;

	sd_notify(0, "RELOADING=1");
	r = manager_reload(m, on_config_reloaded, NULL, &why);
	if (r < 0)
		on_config_reloaded(NULL, r, why);
	return 0;
}

static int add_signals(sd_event *event, struct manager *m)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	r = sd_event_add_signal(event, NULL, SIGTERM, on_stop_signal, m);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGINT, on_stop_signal, m);
	if (r >= 0)
		r = sd_event_add_signal(event, NULL, SIGHUP, on_reload_signal, m);
	return r;
}

static int run_daemon(const struct arguments *a)
{
	struct manager manager = { .lock = -1, .saved_config = -1 };
	struct interface interface = { 0 };
	struct fdstore *store = NULL;
	struct hotplug *hotplug = NULL;
	sd_event *event = NULL;
	int r;

	r = sd_event_default(&event);
	if (r < 0) {
		log_error("cannot create an event loop: %s", strerror(-r));
		return EXIT_RUN;
	}
	r = fdstore_open(a->options.fd_store, &store);
	if (r >= 0)
		r = manager_open(event, &a->options, store, &manager);
	if (r >= 0)
		r = add_signals(event, &manager);
	if (r >= 0)
		r = interface_open(&manager, &interface);
	if (r >= 0)
		r = binding_open(&manager);
	if (r >= 0) {
		strays_end_unknown(store);
		manager_adopt(&manager);
		sd_event_set_watchdog(event, 1);
		log_notice("ddekitd " DDEKIT_VERSION " serves %zu devices in %s", manager.n_devices,
			   manager.config.global.runtime_dir);
		hotplug_open(&manager, &hotplug); /* before autostart: no event is missed */
		manager_autostart(&manager);
		manager_ready(&manager);
		r = sd_event_loop(event);
	}
	hotplug_close(hotplug);
	manager_close(&manager);
	interface_close(&interface);
	fdstore_close(store);
	sd_event_unref(event);
	if (r == -EINVAL || r == -ENOENT || r == -ENODEV)
		return EXIT_BAD_CONFIG;
	return r ? EXIT_RUN : EXIT_OK;
}

static int end_rest(const char *unit)
{
	int r = unit ? strays_end_unit(unit) : strays_end_all();

	if (r == -EINVAL)
		log_error("--end-rest=%s: not a unit of ddekitd", unit);
	else if (r < 0)
		log_error("cannot end what is left of the control group: %s",
			  r == -EPERM ? "this is no ExecStopPost= of a unit of ddekitd"
				      : strerror(-r));
	return r < 0 ? EXIT_RUN : EXIT_OK;
}

int main(int argc, char **argv)
{
	static struct arguments a = {
		.options = { .config_path = CONFIG_FILE, .classes = class_ops },
	};
	int r = parse_arguments(&a, argc, argv);

	if (r)
		return r < 0 ? EXIT_USAGE : EXIT_OK;
	log_open(a.debug ? LOG_DEBUG : LOG_INFO);
	if (a.end_rest)
		return end_rest(a.end_unit);
	return a.check || a.print ? check_config(&a) : run_daemon(&a);
}
