/* SPDX-License-Identifier: GPL-2.0-only */
/* ddectl: options and the table of commands. */
#include <getopt.h>

#include "change/change.h"
#include "config/config.h"
#include "protocol/control.h"
#include "show/show.h"

/* Options of the commands that ask a daemon, and of those of them that print JSON. */
#define DAEMON "runtime-dir socket"
#define SHOWS "json " DAEMON
#define WAITS "timeout no-wait " SHOWS
#define KEYS "*" /* each key of a device */

struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help;    /* further lines, or NULL */
	const char *honours; /* its options, blanks between; all others are refused */
	int min, max;        /* number of arguments */
	bool hidden;
	int (*run)(const struct options *o);
};

static const struct command commands[] = {
	{ "list", "[--all] [--group]", "devices with driver, state and interface",
	  "      --all          the machine's other PCI devices too\n"
	  "      --group        the IOMMU groups of the devices with all their members; with\n"
	  "                     --all of the whole machine\n",
	  "all group " SHOWS, 0, 0, false, cmd_list },
	{ "status", "[DEVICE]", "details of a device, or of all",
	  "Exit code 5 if a device has failed.\n", SHOWS, 0, 1, false, cmd_status },
	{ "bind", "DEVICE [--KEY VALUE]...", "start a device's driver and wait until it is up",
	  "A device that is not in devices.conf needs the keys of its section as options; each\n"
	  "key of devices.conf(5) is an option, such as:\n"
	  "  ddectl bind e000:01:00.0 --driver e1000e --device e1000e --netdev user\n"
	  "Once it is up, the options are saved in devices.conf.d/DEVICE.conf, until unbind.\n"
	  "      --runtime       until ddekitd ends; no file is written\n"
	  "      --dry-run       only print what would be done, and what prevents it\n"
	  "      --force         claim the device even if it is in use; its users break\n"
	  "      --timeout TIME  wait no longer than this (60s)\n"
	  "      --no-wait       return at once\n",
	  KEYS " runtime dry-run force " WAITS, 1, 1, false, cmd_bind },
	{ "unbind", "DEVICE", "stop a device's driver and release the device",
	  "What bind wrote is removed; a section in another file stays.\n"
	  "      --runtime       remove nothing: it is bound again when ddekitd starts\n"
	  "      --force         even if one of its disks is open\n"
	  "      --timeout TIME  wait no longer than this (60s)\n"
	  "      --no-wait       return at once\n",
	  "runtime force " WAITS, 1, 1, false, cmd_unbind },
	{ "restart", "DEVICE", "restart a device's driver; its interface stays",
	  "A device that has failed is claimed anew.\n"
	  "      --in-place      unload the driver and load it again in the same process\n"
	  "      --options TEXT  with these module parameters (with --in-place)\n"
	  "      --timeout TIME  wait no longer than this (60s)\n"
	  "      --no-wait       return at once\n",
	  "in-place options " WAITS, 1, 1, false, cmd_restart },
	{ "switch", "DEVICE --KEY VALUE...", "use another kernel version or driver",
	  "Keys: kernel, driver, options, cpus, debug. The driver is restarted on trial: unless\n"
	  "it does well (it does not die, its kernel logs no warning, a carrier that was there\n"
	  "comes back), what ran before comes back by itself. If it does, the settings are\n"
	  "saved in devices.conf.d/DEVICE.conf.\n"
	  "      --trial TIME    for so long (10s)\n"
	  "      --runtime       no file is written\n"
	  "      --timeout TIME  wait no longer than this in addition (60s)\n"
	  "      --no-wait       return at once\n"
	  "Exit code 1 if it went back.\n",
	  KEYS " trial runtime " WAITS, 1, 1, false, cmd_switch },
	{ "try", "DRIVER [FILE] [--KEY VALUE]...", "try a driver on an emulated device",
	  "In the foreground, with the driver's log, until Ctrl-C; nothing is left afterwards.\n"
	  "QEMU's device has the name of the driver, or that of --device; every key of a device\n"
	  "is an option. [ddekitd] of FILE (" CONFIG_FILE ") is used.\n"
	  "Exit code 5 if the device fails.\n"
	  "      --plugin-dir DIR  the plugins of this folder\n",
	  KEYS " plugin-dir", 1, 2, false, cmd_try },
	{ "drivers", "[NAME]", "list plugins, or show one",
	  "      --plugin-dir DIR  read this folder; needs no daemon\n", "plugin-dir " SHOWS, 0, 1,
	  false, cmd_drivers },
	{ "check", "[FILE]", "check a configuration (" CONFIG_FILE ")",
	  "Needs no daemon. Exit code 78 if it is bad.\n", "json", 0, 1, false, cmd_check },
	{ "events", "[DEVICE]", "follow states and links of a device, or of all",
	  "The present states, then a line for each change until Ctrl-C; with --json an object\n"
	  "for each.\n",
	  SHOWS, 0, 1, false, cmd_events },
	{ "logs", "DEVICE [-f] [-n N] [-p LEVEL]", "the last lines of a driver's log",
	  "  -f, --follow       then print each new line, until Ctrl-C\n"
	  "  -n, --lines N      how many (1000)\n"
	  "  -p, --priority N   only levels 0 (emergency) to N; 7 is debug\n",
	  "follow lines priority " SHOWS, 1, 1, false, cmd_logs },
	{ "stats", "[DEVICE]", "a device's counters",
	  "      --watch[=TIME] again each second, or this often, with what was added in a\n"
	  "                     second, until Ctrl-C\n"
	  "      --openmetrics  of this or all devices, in the OpenMetrics text format\n"
	  "      --kernel       count pages, slabs, interrupts, tasks and modules too, which\n"
	  "                     empties the driver's caches\n",
	  "watch openmetrics kernel " SHOWS, 0, 1, false, cmd_stats },
	{ "param", "DEVICE [[MODULE.]NAME[=VALUE]]", "show or set module parameters at run time",
	  "Without a name all of them. A name without module is the driver's. Parameters that\n"
	  "no file in /sys would show can be set at load time only: options= in\n"
	  "devices.conf(5), or ddectl restart --in-place --options.\n",
	  SHOWS, 1, 2, false, cmd_param },
	{ "modules", "DEVICE", "loaded modules, and their users", NULL, SHOWS, 1, 1, false,
	  cmd_modules },
	{ "nvme", "id|smart DEVICE [NAMESPACE]",
	  "identity and health of an NVMe controller or namespace",
	  "The JSON members have the names of nvme-cli.\n", SHOWS, 2, 3, false, cmd_nvme },
	{ "reload", "", "read the configuration again", NULL, DAEMON, 0, 0, false, cmd_reload },
	{ "monitor", "DEVICE COMMAND [JSON]", "run a QEMU monitor command (emulated devices)",
	  "For tests: ddectl monitor e000:01:00.0 set_link '{\"name\":\"net0\",\"up\":false}'\n",
	  DAEMON, 2, 3, true, cmd_monitor },
};

/* Options that have no effect beside another. command NULL: of any. */
static const struct {
	const char *command, *option, *excludes;
} exclusions[] = {
	{ NULL, "socket", "runtime-dir" },
	{ NULL, "no-wait", "timeout" },
	{ "bind", "dry-run", "no-wait timeout" },
	{ "drivers", "plugin-dir", DAEMON },
	{ "stats", "openmetrics", "json kernel watch" },
};

enum {
	OPT_SOCKET = 256,
	OPT_RUNTIME_DIR,
	OPT_PLUGIN_DIR,
	OPT_TIMEOUT,
	OPT_NO_WAIT,
	OPT_TRIAL,
	OPT_ALL,
	OPT_RUNTIME,
	OPT_FORCE,
	OPT_DRY_RUN,
	OPT_GROUP,
	OPT_WATCH,
	OPT_IN_PLACE,
	OPT_KERNEL,
	OPT_OPENMETRICS
};

static const struct option common_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "runtime-dir", required_argument, NULL, OPT_RUNTIME_DIR },
	{ "plugin-dir", required_argument, NULL, OPT_PLUGIN_DIR },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "no-wait", no_argument, NULL, OPT_NO_WAIT },
	{ "trial", required_argument, NULL, OPT_TRIAL },
	{ "runtime", no_argument, NULL, OPT_RUNTIME },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "group", no_argument, NULL, OPT_GROUP },
	{ "watch", optional_argument, NULL, OPT_WATCH },
	{ "follow", no_argument, NULL, 'f' },
	{ "all", no_argument, NULL, OPT_ALL },
	{ "in-place", no_argument, NULL, OPT_IN_PLACE },
	{ "kernel", no_argument, NULL, OPT_KERNEL },
	{ "openmetrics", no_argument, NULL, OPT_OPENMETRICS },
	{ "priority", required_argument, NULL, 'p' },
	{ "lines", required_argument, NULL, 'n' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void print_usage(FILE *to)
{
	size_t i;

	fputs("Usage: ddectl [OPTION]... COMMAND [ARGUMENT]...\n"
	      "Controls ddekitd, which runs Linux drivers in user space.\n\nCommands:\n",
	      to);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!commands[i].hidden)
			fprintf(to, "  %-8s %-24s %s\n", commands[i].name, commands[i].arguments,
				commands[i].summary);
	fputs("\nA DEVICE is a PCI address (e000:01:00.0, short 01:00.0) or an interface name.\n"
	      "\nOptions:\n"
	      "  -j, --json             print JSON\n"
	      "      --runtime-dir DIR  folder of the control sockets (" CONTROL_RUNTIME_DIR ")\n"
	      "      --socket FILE      this control socket alone\n"
	      "  -V, --version          print the version\n"
	      "  -h, --help             this text, or that of a command\n"
	      "\nExit codes: 0 done, 1 refused or failed, 2 usage, 3 no daemon, 4 no such device,\n"
	      "5 the device is in state failed, 6 time-out, 78 bad configuration.\n",
	      to);
}

static void print_honoured(const struct command *c)
{
	const char *word = c->honours;
	size_t n;

	printf("\nOptions:");
	for (; *word; word += n + strspn(word + n, " ")) {
		n = strcspn(word, " ");
		printf(" --%.*s", *word == *KEYS ? (int)strlen("KEY") : (int)n,
		       *word == *KEYS ? "KEY" : word);
	}
	puts(" --help");
}

static int print_command_help(const struct command *c)
{
	printf("Usage: ddectl %s %s\n%s.\n", c->name, c->arguments, c->summary);
	if (c->help)
		printf("\n%s", c->help);
	print_honoured(c);
	return EXIT_OK;
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	fprintf(stderr, "ddectl: unknown command %s; see ddectl --help\n", name);
	return NULL;
}

/* Is it one of these words? */
static bool is_among(const char *words, const char *word)
{
	size_t len = strlen(word), n;

	for (; *words; words += n + strspn(words + n, " ")) {
		n = strcspn(words, " ");
		if (n == len && !memcmp(words, word, len))
			return true;
	}
	return false;
}

static bool honours(const struct command *c, const char *option)
{
	return is_among(c->honours, option) ||
	       (is_among(c->honours, KEYS) && config_is_device_key(option));
}

static bool is_given(const struct strv *given, const char *option)
{
	size_t i;

	for (i = 0; i < given->n; i++)
		if (!strcmp(given->item[i], option))
			return true;
	return false;
}

/* The option beside which another has no effect, or NULL. */
static const char *excluded_by(const struct command *c, const struct strv *given,
			       const char *option)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(exclusions); i++)
		if ((!exclusions[i].command || !strcmp(exclusions[i].command, c->name)) &&
		    is_given(given, exclusions[i].option) &&
		    is_among(exclusions[i].excludes, option))
			return exclusions[i].option;
	return NULL;
}

/* An option without effect may have been given to prevent something: do nothing then.
 * Return: 0, EXIT_USAGE. */
static int check_options(const struct command *c, const struct options *o)
{
	const char *option, *other;
	bool honoured;
	size_t i;

	for (i = 0; i < o->given.n; i++) {
		option = o->given.item[i];
		honoured = honours(c, option);
		other = honoured ? excluded_by(c, &o->given, option) : NULL;
		if (honoured && !other)
			continue;
		fprintf(stderr,
			"ddectl: %s does not support --%s%s%s: nothing was done; see "
			"ddectl %s --help\n",
			c->name, option, other ? " with --" : "", other ? other : "", c->name);
		return EXIT_USAGE;
	}
	if (c->run == cmd_restart && o->settings.key.n && !o->in_place) {
		fprintf(stderr, "ddectl: restart supports --options with --in-place only: nothing "
				"was done; see ddectl restart --help\n");
		return EXIT_USAGE;
	}
	return 0;
}

static int parse_setting(struct options *o, const char *arg, const char *value)
{
	if (strv_add(&o->given, arg) < 0 || strv_add(&o->settings.key, arg) < 0 ||
	    strv_add(&o->settings.value, value) < 0)
		return EXIT_FAILED;
	return 0;
}

/* The first word that is a command's name; NULL: none is. */
static const struct command *guess_command(int argc, char **argv)
{
	size_t i;
	int n;

	for (n = 1; n < argc; n++)
		for (i = 0; i < ARRAY_SIZE(commands); i++)
			if (!strcmp(argv[n], commands[i].name))
				return &commands[i];
	return NULL;
}

/* "kernel" is a key of a device, and an option of commands that take no keys. */
static bool is_setting(const struct command *c, const char *name)
{
	const struct option *known = common_options;

	while (known->name && strcmp(known->name, name))
		known++;
	return config_is_device_key(name) && !(known->name && c && !is_among(c->honours, KEYS));
}

/* --KEY VALUE and --KEY=VALUE for the keys of a device are bind's settings.
 * They are taken out of argv. Return: 0, exit code. */
static int parse_settings(struct options *o, int *argc, char **argv)
{
	const struct command *c = guess_command(*argc, argv);
	int in, out = 1, code = 0;

	for (in = 1; in < *argc && !code; in++) {
		const char *name = argv[in] + 2, *value = NULL;
		_cleanup_free_ char *key = NULL;
		bool is_key;

		if (!strcmp(argv[in], "--") || strncmp(argv[in], "--", 2)) {
			argv[out++] = argv[in];
			continue;
		}
		key = strndup(name, strcspn(name, "="));
		is_key = key && is_setting(c, key);
		if (is_key)
			value = name[strlen(key)] ? name + strlen(key) + 1 : argv[++in];
		if (!is_key) {
			argv[out++] = argv[in];
		} else if (!value) {
			fprintf(stderr, "ddectl: --%s needs a value\n", key);
			return EXIT_USAGE;
		} else {
			code = parse_setting(o, key, value);
		}
	}
	*argc = out;
	argv[out] = NULL;
	return code;
}

static int bad_value(const char *name, const char *allowed)
{
	fprintf(stderr, "ddectl: bad value --%s %s; allowed: %s\n", name, optarg, allowed);
	return EXIT_USAGE;
}

/* Notes the option's long name. Return: 0, exit code. */
static int note_option(struct options *o, int opt)
{
	const struct option *known = common_options;

	while (known->name && known->val != opt)
		known++;
	if (!known->name || opt == 'h')
		return 0;
	return strv_add(&o->given, known->name) < 0 ? EXIT_FAILED : 0;
}

/* Return: 0, exit code. */
static int parse_option(struct options *o, int opt)
{
	switch (opt) {
	case 'j':
		o->json = true;
		break;
	case OPT_SOCKET:
		o->socket = optarg;
		break;
	case OPT_RUNTIME_DIR:
		o->runtime_dir = optarg;
		break;
	case OPT_PLUGIN_DIR:
		o->plugin_dir = optarg;
		break;
	case OPT_TIMEOUT:
		if (parse_time_ms(optarg, &o->timeout_ms) < 0)
			return bad_value("timeout", "a time such as 500ms or 60s");
		break;
	case OPT_TRIAL:
		if (parse_time_ms(optarg, &o->trial_ms) < 0)
			return bad_value("trial", "a time such as 500ms or 60s");
		break;
	case OPT_NO_WAIT:
		o->no_wait = true;
		break;
	case OPT_RUNTIME:
		o->runtime = true;
		break;
	case OPT_FORCE:
		o->force = true;
		break;
	case OPT_DRY_RUN:
		o->dry_run = true;
		break;
	case OPT_ALL:
		o->all = true;
		break;
	case OPT_IN_PLACE:
		o->in_place = true;
		break;
	case OPT_KERNEL:
		o->kernel = true;
		break;
	case OPT_OPENMETRICS:
		o->openmetrics = true;
		break;
	case OPT_GROUP:
		o->group = true;
		break;
	case OPT_WATCH:
		o->watch_ms = 1000;
		/* ddekitd reuses an answer for 100 ms. */
		if (optarg && (parse_time_ms(optarg, &o->watch_ms) < 0 || o->watch_ms < 200))
			return bad_value("watch", "a time of at least 200ms, such as 2s");
		break;
	case 'f':
		o->follow = true;
		break;
	case 'p':
		if (parse_uint(optarg, 7, &o->priority) < 0)
			return bad_value("priority", "0 to 7");
		break;
	case 'n':
		if (parse_uint(optarg, 1000000, &o->lines) < 0)
			return bad_value("lines", "0 to 1000000");
		break;
	case 'h':
		o->help = true;
		break;
	default:
		return EXIT_USAGE;
	}
	return 0;
}

static int run_command(struct options *o, int argc, char **argv)
{
	const struct command *c;
	int code;

	if (optind >= argc) {
		print_usage(o->help ? stdout : stderr);
		return o->help ? EXIT_OK : EXIT_USAGE;
	}
	c = find_command(argv[optind]);
	if (!c)
		return EXIT_USAGE;
	if (o->help)
		return print_command_help(c);
	o->argc = argc - optind - 1;
	o->argv = argv + optind + 1;
	if (o->argc < c->min || o->argc > c->max) {
		fprintf(stderr, "Usage: ddectl %s %s\n", c->name, c->arguments);
		return EXIT_USAGE;
	}
	code = check_options(c, o);
	return code ? code : c->run(o);
}

int main(int argc, char **argv)
{
	struct options o = { .runtime_dir = CONTROL_RUNTIME_DIR,
			     .lines = 1000,
			     .priority = 7,
			     .timeout_ms = 60000,
			     .trial_ms = 10000 };
	int opt, code = parse_settings(&o, &argc, argv);

	while (!code && (opt = getopt_long(argc, argv, "jfn:p:Vh", common_options, NULL)) >= 0) {
		if (opt == 'V') {
			puts("ddectl " DDEKIT_VERSION);
			return EXIT_OK;
		}
		code = note_option(&o, opt);
		if (!code)
			code = parse_option(&o, opt);
	}
	if (!code)
		code = run_command(&o, argc, argv);
	strv_finish(&o.given);
	strv_finish(&o.settings.key);
	strv_finish(&o.settings.value);
	return code;
}
