/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of devices.conf: one table for devices, one for the daemon. */
#include <errno.h>
#include <net/if.h>

#include "config-key.h"
#include "kernels.h"
#include "protocol/host.h"

#ifndef DDEKIT_RUNTIME
#define DDEKIT_RUNTIME "/usr/lib/ddekit/libdde-linux.so"
#define DDEKIT_PLUGIN_DIR "/usr/lib/ddekit/plugins"
#define DDEKIT_KERNEL_DIR "/usr/lib/ddekit"
#define DDEKIT_HOST_BINARY "/usr/lib/ddekit/ddekit-host"
#define DDEKIT_FRONT_DIR "/usr/lib/ddekit"
#endif

_Static_assert(PROTO_MAX_CPUS == 8, "as the text for cpus= says");

#define MIB (1024ull * 1024)
#define MEMORY_UNIT (4 * MIB)

#define D(member) offsetof(struct device_config, member)
#define G(member) offsetof(struct global_config, member)

const struct key config_device_table[] = {
	{ "driver", KEY_NAME, D(driver), 0, 0, "a plugin's name or auto (see ddectl drivers)" },
	{ "kernel", KEY_VERSION, D(kernel), 0, 0,
	  "a kernel version such as 6.12 (see ddectl drivers)" },
	{ "backend", KEY_NAME, D(backend), 0, 0, "emu, vfio or uio" },
	{ "memory", KEY_SIZE, D(memory), 16 * MIB, 1024 * MIB, "a multiple of 4M from 16M to 1G" },
	{ "cpus", KEY_UINT, D(cpus), 1, PROTO_MAX_CPUS, "1 to 8" },
	{ "debug", KEY_BOOL, D(debug), 0, 0, "yes or no" },
	{ "options", KEY_WORDS, D(options), 0, 0,
	  "module parameters such as \"a=1 b=2\", or module.a=1" },
	{ "ifname", KEY_IFNAME, D(ifname), 0, 0,
	  "an interface name of 1 to 15 characters without / and spaces" },
	{ "netns", KEY_NAME, D(netns), 0, 0, "the name of a network namespace in /run/netns" },
	{ "device", KEY_TEXT, D(device), 0, 0, "a QEMU -device argument such as e1000e" },
	{ "netdev", KEY_TEXT, D(netdev), 0, 0, "a QEMU -netdev argument such as user" },
	{ "drive", KEY_PATH, D(drive), 0, 0, "an absolute path, and options of QEMU's -drive" },
	{ "emu-args", KEY_WORDS, D(emu_args), 0, 0, "further QEMU arguments" },
	{ "autostart", KEY_BOOL, D(autostart), 0, 0, "yes or no" },
	{ "take-over", KEY_BOOL, D(take_over), 0, 0, "yes or no" },
	{ "restart", KEY_CHOICE, D(restart), 0, 0, "on-failure or never" },
	{ "restart-max", KEY_UINT, D(restart_max), 0, 100, "0 to 100" },
	{ "restart-window", KEY_TIME, D(restart_window), 1000, 86400000, "1s to 1440min" },
	{ "on-failure", KEY_CHOICE, D(on_failure), 0, 0, "quiesce or return" },
	{ "start-timeout", KEY_TIME, D(start_timeout), 100, 600000, "100ms to 10min" },
	{ "stop-timeout", KEY_TIME, D(stop_timeout), 100, 600000, "100ms to 10min" },
	{ "heartbeat", KEY_TIME, D(heartbeat), 0, 60000, "0 (none), or 100ms to 60s" },
	{ "sandbox", KEY_BOOL, D(sandbox), 0, 0, "yes or no" },
	{ "memory-limit", KEY_SIZE, D(memory_limit), 64 * MIB, 64 * 1024 * MIB, "64M to 64G" },
	{ "core", KEY_BOOL, D(core), 0, 0, "yes or no" },
	{ "disk", KEY_NAME, D(disk), 0, 0, "auto, ublk, nbd or none" },
	{ "disk-timeout", KEY_TIME, D(disk_timeout), 0, 86400000,
	  "0 (no limit), or 1ms to 1440min" },
};
const size_t config_device_table_n = ARRAY_SIZE(config_device_table);

const struct key config_global_table[] = {
	{ "runtime-dir", KEY_PATH, G(runtime_dir), 0, 0, "an absolute path" },
	{ "plugin-dir", KEY_PATH, G(plugin_dir), 0, 0, "an absolute path" },
	{ "firmware-dir", KEY_PATH, G(firmware_dir), 0, 0, "an absolute path" },
	{ "runtime", KEY_PATH, G(runtime), 0, 0, "the absolute path of libdde-linux.so" },
	{ "kernel-dir", KEY_PATH, G(kernel_dir), 0, 0, "an absolute path" },
	{ "host-binary", KEY_PATH, G(host_binary), 0, 0, "the absolute path of ddekit-host" },
	{ "front-dir", KEY_PATH, G(front_dir), 0, 0, "an absolute path" },
	{ "user", KEY_NAME, G(user), 0, 0, "a user name" },
	{ "log-lines", KEY_UINT, G(log_lines), 10, 100000, "10 to 100000" },
	{ "crash-dir", KEY_PATH, G(crash_dir), 0, 0, "an absolute path" },
	{ "crash-reports", KEY_UINT, G(crash_reports), 1, 1000, "1 to 1000" },
};
const size_t config_global_table_n = ARRAY_SIZE(config_global_table);

static const struct key *find_key(const struct key *table, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

static bool is_plain_word(const char *value)
{
	return *value && strlen(value) < 64 && *value != '-' &&
	       !value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_")];
}

static bool is_ifname(const char *value)
{
	return *value && strlen(value) < IFNAMSIZ && strcmp(value, ".") && strcmp(value, "..") &&
	       !strpbrk(value, "/: \t%");
}

static int set_string(const struct key *key, char **member, const char *value)
{
	bool good = *value;

	if (key->type == KEY_NAME)
		good = is_plain_word(value);
	else if (key->type == KEY_IFNAME)
		good = is_ifname(value);
	else if (key->type == KEY_VERSION)
		good = kernel_is_version(value);
	else if (key->type == KEY_PATH)
		good = *value == '/';
	return good ? str_set(member, value) : -EINVAL;
}

static int set_number(const struct key *key, void *member, const char *value)
{
	uint64_t size = 0;
	uint32_t number = 0;
	int r;

	if (key->type == KEY_SIZE)
		r = parse_size(value, &size);
	else if (key->type == KEY_TIME)
		r = parse_time_ms(value, &number);
	else
		r = parse_uint(value, UINT32_MAX, &number);
	if (r < 0)
		return -EINVAL;
	if (key->type != KEY_SIZE)
		size = number;
	if (size < key->min || size > key->max)
		return -EINVAL;
	if (key->type == KEY_SIZE)
		*(uint64_t *)member = size;
	else
		*(uint32_t *)member = number;
	return 0;
}

/* key->allowed is "A or B"; the value is the number of the word. */
static int set_choice(const struct key *key, unsigned int *member, const char *value)
{
	const char *between = strstr(key->allowed, " or ");
	size_t len = between - key->allowed;

	if (strlen(value) == len && !strncmp(value, key->allowed, len))
		*member = 0;
	else if (!strcmp(value, between + strlen(" or ")))
		*member = 1;
	else
		return -EINVAL;
	return 0;
}

static int set_value(const struct key *key, void *object, const char *value)
{
	void *member = (char *)object + key->offset;

	switch (key->type) {
	case KEY_NAME:
	case KEY_PATH:
	case KEY_IFNAME:
	case KEY_VERSION:
	case KEY_TEXT:
		return set_string(key, member, value);
	case KEY_WORDS:
		return strv_split(member, value);
	case KEY_SIZE:
	case KEY_TIME:
	case KEY_UINT:
		return set_number(key, member, value);
	case KEY_BOOL:
		return parse_bool(value, member);
	case KEY_CHOICE:
		return set_choice(key, member, value);
	}
	return -EINVAL;
}

/* Sets *ret_why. Return: @r, -ENOMEM. */
static int bad(char **ret_why, int r, char *why)
{
	if (!why)
		return -ENOMEM;
	free(*ret_why);
	*ret_why = why;
	return r;
}

/* A value is a part of one line, in every file to which it is written. */
static bool has_line_end(const char *value)
{
	return strchr(value, '\n');
}

static int set_checked(const struct key *key, void *object, const char *value, char **ret_why)
{
	int r;

	if (has_line_end(value))
		return bad(ret_why, -EINVAL,
			   str_format("bad value of %s=: it has the end of a line", key->name));
	r = set_value(key, object, value);
	if (r == -EINVAL)
		return bad(ret_why, r,
			   str_format("bad value %s=%s; allowed: %s", key->name, value,
				      key->allowed));
	return r;
}

static char *list_keys(const struct key *table, size_t n)
{
	struct text t = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		if (text_add(&t, "%s%s", i ? ", " : "", table[i].name) < 0)
			break;
	return t.text;
}

char *config_device_keys(void)
{
	return list_keys(config_device_table, config_device_table_n);
}

char *config_global_keys(void)
{
	return list_keys(config_global_table, config_global_table_n);
}

bool config_is_device_key(const char *name)
{
	return find_key(config_device_table, config_device_table_n, name);
}

bool config_is_harmless(const char *name, const char *value)
{
	static const struct {
		const char *name, *only; /* NULL: any value */
	} harmless[] = {
		{ "driver", NULL },        { "kernel", NULL },         { "backend", "vfio" },
		{ "backend", "emu" },      { "memory", NULL },         { "cpus", NULL },
		{ "debug", NULL },         { "options", NULL },        { "netdev", "user" },
		{ "autostart", NULL },     { "take-over", NULL },      { "restart", NULL },
		{ "restart-max", NULL },   { "restart-window", NULL }, { "on-failure", NULL },
		{ "start-timeout", NULL }, { "stop-timeout", NULL },   { "heartbeat", NULL },
		{ "sandbox", "yes" },      { "memory-limit", NULL },   { "core", NULL },
		{ "disk", NULL },          { "disk-timeout", NULL },
	};
	size_t i;

	if (!strcmp(name, "device")) /* QEMU's options can name files */
		return !strchr(value, '/');
	for (i = 0; i < ARRAY_SIZE(harmless); i++)
		if (!strcmp(harmless[i].name, name) &&
		    (!harmless[i].only || !strcmp(harmless[i].only, value)))
			return true;
	return false;
}

static int unknown_key(const char *name, const char *section, char *allowed, char **ret_why)
{
	int r = bad(ret_why, -ENOENT,
		    str_format("unknown key '%s' in [%s]; allowed: %s", name, section,
			       allowed ? allowed : "?"));

	free(allowed);
	return r;
}

int device_config_set(struct device_config *dev, const char *name, const char *value, uint32_t line,
		      char **ret_why)
{
	const struct key *key = find_key(config_device_table, config_device_table_n, name);
	uint32_t *set;

	if (!key)
		return unknown_key(name, dev->bdf_text, config_device_keys(), ret_why);
	set = &dev->key_line[key - config_device_table];
	if (*set)
		return bad(ret_why, -EEXIST,
			   str_format("duplicate key '%s' in [%s]; first set in line %u", name,
				      dev->bdf_text, *set));
	*set = line;
	if (key->type == KEY_WORDS)
		strv_finish((struct strv *)((char *)dev + key->offset));
	return set_checked(key, dev, value, ret_why);
}

int device_config_append(struct device_config *dev, const char *name, const char *value,
			 char **ret_why)
{
	const struct key *key = find_key(config_device_table, config_device_table_n, name);
	size_t len = strcspn(value, "=: \t");
	_cleanup_free_ char *word = strndup(value, len);

	if (!word)
		return -ENOMEM;
	if (!key)
		return unknown_key(name, dev->bdf_text, config_device_keys(), ret_why);
	if (key->type != KEY_WORDS || (value[len] && config_is_device_key(word)))
		return bad(ret_why, -EINVAL,
			   str_format("indented line '%s' would continue '%s'; "
				      "start a key in the first column",
				      value, name));
	return set_checked(key, dev, value, ret_why);
}

int global_config_set(struct global_config *global, const char *name, const char *value,
		      const char *where, char **ret_why)
{
	const struct key *key = find_key(config_global_table, config_global_table_n, name);
	char **set;
	int r;

	if (!key)
		return unknown_key(name, "ddekitd", config_global_keys(), ret_why);
	set = &global->key_where[key - config_global_table];
	if (*set)
		return bad(ret_why, -EEXIST,
			   str_format("duplicate key '%s' in [ddekitd]; first set at %s", name,
				      *set));
	r = str_set(set, where);
	return r < 0 ? r : set_checked(key, global, value, ret_why);
}

/* dde1s0 for e000:01:00.0, ddep1s0 for 0000:01:00.0, dde10000p1s0 for others. */
static char *default_ifname(struct ddekit_bdf bdf)
{
	char domain[16] = "p", function[8] = "";

	if (bdf.domain == CONFIG_EMU_DOMAIN)
		domain[0] = 0;
	else if (bdf.domain)
		snprintf(domain, sizeof(domain), "%xp", bdf.domain);
	if (bdf.fn)
		snprintf(function, sizeof(function), "f%x", bdf.fn);
	return str_format("dde%s%xs%x%s", domain, bdf.bus, bdf.dev, function);
}

int config_complete_strings(struct device_config *dev, char **ret_why)
{
	const char *backend = dev->bdf.domain == CONFIG_EMU_DOMAIN ? "emu" : "vfio";
	int r = 0;

	if (!dev->driver)
		r = str_set(&dev->driver, "auto");
	if (!r && !dev->backend)
		r = str_set(&dev->backend, backend);
	if (!r && !dev->disk)
		r = str_set(&dev->disk, "auto");
	if (!r && !dev->ifname) {
		dev->ifname = default_ifname(dev->bdf);
		r = dev->ifname ? 0 : -ENOMEM;
	}
	if (r < 0)
		return r;
	if (!is_ifname(dev->ifname))
		return bad(ret_why, -EINVAL,
			   str_format("[%s]: the default ifname '%s' is too long; set ifname=",
				      dev->bdf_text, dev->ifname));
	return 0;
}

static int complete_emu(struct device_config *dev, char **ret_why)
{
	const char *alien = NULL;

	if (!strcmp(dev->backend, "emu")) {
		if (dev->device)
			return 0;
		return bad(ret_why, -EINVAL,
			   str_format("[%s]: backend=emu needs device=, a QEMU "
				      "device such as e1000e",
				      dev->bdf_text));
	}
	if (dev->device)
		alien = "device";
	else if (dev->netdev)
		alien = "netdev";
	else if (dev->drive)
		alien = "drive";
	else if (dev->emu_args.n)
		alien = "emu-args";
	if (!alien)
		return 0;
	return bad(ret_why, -EINVAL,
		   str_format("[%s]: %s= is for backend=emu, this one has backend=%s",
			      dev->bdf_text, alien, dev->backend));
}

int device_config_complete(struct device_config *dev, char **ret_why)
{
	int r = config_complete_strings(dev, ret_why);

	if (r < 0)
		return r;
	if (strcmp(dev->backend, "emu") && strcmp(dev->backend, "vfio") &&
	    strcmp(dev->backend, "uio"))
		return bad(ret_why, -EINVAL,
			   str_format("[%s]: unknown backend=%s; allowed: emu, vfio, uio",
				      dev->bdf_text, dev->backend));
	if (strcmp(dev->disk, "auto") && strcmp(dev->disk, "ublk") && strcmp(dev->disk, "nbd") &&
	    strcmp(dev->disk, "none"))
		return bad(ret_why, -EINVAL,
			   str_format("[%s]: unknown disk=%s; allowed: auto, ublk, nbd, none",
				      dev->bdf_text, dev->disk));
	if (dev->memory % MEMORY_UNIT)
		return bad(ret_why, -EINVAL,
			   str_format("[%s]: memory= must be a multiple of 4M", dev->bdf_text));
	if (dev->heartbeat && dev->heartbeat < 100)
		return bad(ret_why, -EINVAL,
			   str_format("[%s]: heartbeat= must be 0 or at least 100ms",
				      dev->bdf_text));
	return complete_emu(dev, ret_why);
}

int global_config_complete(struct global_config *global)
{
	struct {
		char **member;
		const char *value;
	} defaults[] = {
		{ &global->runtime_dir, "/run/ddekit" },
		{ &global->plugin_dir, DDEKIT_PLUGIN_DIR },
		{ &global->firmware_dir, "/lib/firmware" },
		{ &global->runtime, DDEKIT_RUNTIME },
		{ &global->kernel_dir, DDEKIT_KERNEL_DIR },
		{ &global->host_binary, DDEKIT_HOST_BINARY },
		{ &global->front_dir, DDEKIT_FRONT_DIR },
		{ &global->user, "ddekit" },
	};
	size_t i;
	int r;

	for (i = 0; i < ARRAY_SIZE(defaults); i++) {
		if (*defaults[i].member)
			continue;
		r = str_set(defaults[i].member, defaults[i].value);
		if (r < 0)
			return r;
	}
	if (!global->log_lines)
		global->log_lines = 1000;
	if (!global->crash_reports)
		global->crash_reports = 10;
	return 0;
}

bool config_is_emulated(const struct device_config *dev)
{
	return !strcmp(dev->backend, "emu");
}

bool config_needs_group(const struct device_config *dev)
{
	return !strcmp(dev->backend, "vfio");
}
