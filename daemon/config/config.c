/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads devices.conf and its drop-ins with inih; see config.h. */
#include <errno.h>
#include <ini.h>

#include "config.h"
#include "lib/folder.h"

/* One file being read. */
struct reader {
	struct config *config;
	struct strv *errors;
	const char *path;
	FILE *file;
	uint32_t line;        /* the line that inih parses */
	uint32_t header_line; /* of a section that had no key yet; else 0 */
	bool indented;        /* that line began with a space */
	bool in_global;
	bool skip;                 /* section is bad: its keys are ignored */
	struct device_config *dev; /* NULL: none */
	bool no_memory;
};

static void config_complain(struct reader *rd, uint32_t line, const char *fmt, ...) FORMAT(3, 4);
static void config_complain(struct reader *rd, uint32_t line, const char *fmt, ...)
{
	struct text t = { 0 };
	va_list args;
	int r;

	r = line ? text_add(&t, "%s:%u: ", rd->path, line) : text_add(&t, "%s: ", rd->path);
	va_start(args, fmt);
	if (!r)
		r = text_vadd(&t, fmt, args);
	va_end(args);
	if (!r)
		r = strv_add(rd->errors, t.text);
	if (r < 0)
		rd->no_memory = true;
	text_finish(&t);
}

static void empty_section(struct reader *rd)
{
	if (rd->header_line)
		config_complain(rd, rd->header_line, "section has no keys; give at least driver=");
	rd->header_line = 0;
}

/* What inih skips at the start of a line, and of the first line. */
#define BLANK " \t\r\v\f"
#define BOM "\xef\xbb\xbf"

/* inih asks for the next line here; this is also where lines are counted. */
static char *next_line(char *buf, int size, void *arg)
{
	_cleanup_free_ char *line = NULL;
	struct reader *rd = arg;
	const char *start;
	size_t room = 0;
	ssize_t len;

	len = getline(&line, &room, rd->file);
	if (len < 0)
		return NULL;
	rd->line++;
	rd->indented = strspn(line, BLANK);
	if (len >= size || strlen(line) != (size_t)len) {
		config_complain(rd, rd->line,
				"line is longer than %d characters or has a NUL; options= "
				"and emu-args= can continue on an indented line",
				size - 2);
		line[0] = '\n';
		line[1] = 0;
	}
	start = line;
	if (rd->line == 1 && !strncmp(line, BOM, strlen(BOM)))
		start += strlen(BOM);
	start += strspn(start, BLANK);
	if (*start == '[') {
		empty_section(rd);
		rd->header_line = rd->line;
	}
	memcpy(buf, line, strlen(line) + 1);
	return buf;
}

int config_bdf_compare(struct ddekit_bdf a, struct ddekit_bdf b)
{
	if (a.domain != b.domain)
		return a.domain < b.domain ? -1 : 1;
	return (a.bus << 8 | a.dev << 3 | a.fn) - (b.bus << 8 | b.dev << 3 | b.fn);
}

static int by_bdf(const void *a, const void *b)
{
	return config_bdf_compare((*(struct device_config *const *)a)->bdf,
				  (*(struct device_config *const *)b)->bdf);
}

static int config_add_device(struct config *config, struct device_config *dev)
{
	struct device_config **grown;

	grown = realloc(config->device, (config->n_devices + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	config->device = grown;
	grown[config->n_devices++] = dev;
	return 0;
}

static void begin_device(struct reader *rd, struct ddekit_bdf bdf)
{
	struct device_config *other = config_find(rd->config, bdf);
	_cleanup_free_ char *where = str_format("%s:%u", rd->path, rd->header_line);
	struct device_config *dev;

	if (other) {
		config_complain(rd, rd->header_line, "duplicate section [%s]; the first is at %s",
				other->bdf_text, other->where);
		return;
	}
	dev = where ? device_config_create(bdf, where) : NULL;
	if (!dev || config_add_device(rd->config, dev) < 0) {
		device_config_destroy(dev);
		rd->no_memory = true;
		return;
	}
	rd->dev = dev;
	rd->skip = false;
}

static void begin_section(struct reader *rd, const char *section)
{
	struct ddekit_bdf bdf;

	rd->in_global = !strcmp(section, "ddekitd");
	rd->dev = NULL;
	rd->skip = !rd->in_global;
	if (!rd->in_global && !ddekit_bdf_parse(section, &bdf))
		begin_device(rd, bdf);
	else if (!rd->in_global)
		config_complain(rd, rd->header_line,
				"bad section [%s]; allowed: [ddekitd], or a PCI "
				"address such as [0000:01:00.0] or [e000:01:00.0]",
				section);
	rd->header_line = 0;
}

static int set_key(struct reader *rd, const char *name, const char *value, char **why)
{
	_cleanup_free_ char *where = str_format("%s:%u", rd->path, rd->line);

	if (!where)
		return -ENOMEM;
	if (rd->in_global)
		return global_config_set(&rd->config->global, name, value, where, why);
	return device_config_set(rd->dev, name, value, rd->line, why);
}

/* inih: a key, or an indented line that goes on with the key before. */
static int on_key(void *arg, const char *section, const char *name, const char *value)
{
	_cleanup_free_ char *why = NULL;
	struct reader *rd = arg;
	bool first = rd->header_line;
	int r;

	if (first)
		begin_section(rd, section);
	if (!*section)
		config_complain(rd, rd->line, "key '%s' outside of a section", name);
	if (!*section || rd->skip)
		return 1;
	if (rd->indented && !first && rd->dev && rd->line > 1)
		r = device_config_append(rd->dev, name, value, &why);
	else
		r = set_key(rd, name, value, &why);
	if (why)
		config_complain(rd, rd->line, "%s", why);
	else if (r < 0)
		rd->no_memory = true;
	return 1;
}

static int read_file(struct config *config, const char *path, struct strv *errors)
{
	struct reader rd = { .config = config, .errors = errors, .path = path };
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	int line;

	if (!file) {
		if (errno == ENOENT)
			return -ENOENT;
		config_complain(&rd, 0, "cannot read: %s", strerror(errno));
		return rd.no_memory ? -ENOMEM : -EINVAL;
	}
	rd.file = file;
	line = ini_parse_stream(next_line, &rd, on_key, &rd);
	empty_section(&rd);
	if (line > 0)
		config_complain(&rd, line, "neither [section] nor key=value");
	if (ferror(file))
		config_complain(&rd, 0, "read error: %s", strerror(errno));
	return rd.no_memory || line == -2 ? -ENOMEM : 0;
}

/* ---- drop-ins ------------------------------------------------------------ */

struct dropin {
	const char *name; /* last component of path */
	char *path;
};

struct dropins {
	struct dropin *item;
	size_t n;
};

static bool have_dropin(const struct dropins *all, const char *name)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (!strcmp(all->item[i].name, name))
			return true;
	return false;
}

static int dropins_add(struct dropins *all, const char *dir, const char *name)
{
	struct dropin *grown = realloc(all->item, (all->n + 1) * sizeof(*grown));
	char *path;

	if (!grown)
		return -ENOMEM;
	all->item = grown;
	path = str_format("%s/%s", dir, name);
	if (!path)
		return -ENOMEM;
	grown[all->n].path = path;
	grown[all->n++].name = path + strlen(dir) + 1;
	return 0;
}

static int scan_dropins(struct dropins *all, const char *dir)
{
	struct strv names = { 0 };
	size_t i;
	int r = folder_names_if_any(dir, &names);

	for (i = 0; i < names.n && !r; i++)
		if (has_suffix(names.item[i], ".conf") && !have_dropin(all, names.item[i]))
			r = dropins_add(all, dir, names.item[i]);
	strv_finish(&names);
	return r;
}

static int by_dropin_name(const void *a, const void *b)
{
	return strcmp(((const struct dropin *)a)->name, ((const struct dropin *)b)->name);
}

static int read_dropins(struct config *config, const char *path, struct strv *errors)
{
	_cleanup_free_ char *dir = str_format("%s.d", path);
	struct dropins all = { 0 };
	size_t i;
	int r;

	r = dir ? scan_dropins(&all, dir) : -ENOMEM;
	if (!r && !strcmp(path, CONFIG_FILE))
		r = scan_dropins(&all, CONFIG_VENDOR_DIR);
	if (all.n)
		qsort(all.item, all.n, sizeof(*all.item), by_dropin_name);
	for (i = 0; i < all.n; i++) {
		if (r >= 0 || r == -ENOENT)
			r = read_file(config, all.item[i].path, errors);
		free(all.item[i].path);
	}
	free(all.item);
	return r == -ENOENT ? 0 : r;
}

/* ---- the whole ----------------------------------------------------------- */

static int check_ifnames(const struct config *config, struct strv *errors)
{
	struct device_config *a, *b;
	size_t i, j;

	for (i = 0; i < config->n_devices; i++) {
		for (j = 0; j < i; j++) {
			_cleanup_free_ char *text = NULL;

			a = config->device[j];
			b = config->device[i];
			if (!str_equal(a->ifname, b->ifname) || !str_equal(a->netns, b->netns))
				continue;
			text = str_format("%s: ifname=%s is used by [%s] (%s) too", b->where,
					  b->ifname, a->bdf_text, a->where);
			if (!text || strv_add(errors, text) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int complete(struct config *config, struct strv *errors)
{
	struct device_config *dev;
	size_t i;
	int r;

	for (i = 0; i < config->n_devices; i++) {
		_cleanup_free_ char *why = NULL, *text = NULL;

		dev = config->device[i];
		r = device_config_complete(dev, &why);
		if (r == -ENOMEM)
			return r;
		if (r < 0) {
			text = str_format("%s: %s", dev->where, why);
			if (!text || strv_add(errors, text) < 0)
				return -ENOMEM;
		}
	}
	if (config->n_devices)
		qsort(config->device, config->n_devices, sizeof(*config->device), by_bdf);
	r = global_config_complete(&config->global);
	return r < 0 ? r : check_ifnames(config, errors);
}

int config_load(struct config *config, const char *path, struct strv *errors)
{
	size_t before = errors->n;
	bool missing;
	int r;

	r = read_file(config, path, errors);
	missing = r == -ENOENT;
	if (r >= 0 || missing)
		r = read_dropins(config, path, errors);
	if (r >= 0)
		r = complete(config, errors);
	if (r < 0)
		return r;
	if (errors->n > before)
		return -EINVAL;
	return missing ? -ENOENT : 0;
}

struct device_config *config_find(const struct config *config, struct ddekit_bdf bdf)
{
	size_t i;

	for (i = 0; i < config->n_devices; i++)
		if (!config_bdf_compare(config->device[i]->bdf, bdf))
			return config->device[i];
	return NULL;
}

void config_finish(struct config *config)
{
	struct global_config *g = &config->global;
	size_t i;

	for (i = 0; i < config->n_devices; i++)
		device_config_destroy(config->device[i]);
	free(config->device);
	free(g->runtime_dir);
	free(g->plugin_dir);
	free(g->firmware_dir);
	free(g->runtime);
	free(g->kernel_dir);
	free(g->host_binary);
	free(g->front_dir);
	free(g->user);
	free(g->crash_dir);
	for (i = 0; i < CONFIG_MAX_KEYS; i++)
		free(g->key_where[i]);
	memset(config, 0, sizeof(*config));
}

struct device_config *device_config_create(struct ddekit_bdf bdf, const char *where)
{
	struct device_config *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->bdf = bdf;
	ddekit_bdf_format(bdf, dev->bdf_text);
	dev->memory = 64ull << 20;
	dev->cpus = 1;
	dev->autostart = true;
	dev->sandbox = true;
	dev->memory_limit = 256ull << 20;
	dev->restart_max = 5;
	dev->restart_window = 60000;
	dev->start_timeout = 30000;
	dev->stop_timeout = 5000;
	dev->heartbeat = 2000;
	dev->disk_timeout = 30000;
	if (str_set(&dev->where, where) < 0) {
		free(dev);
		return NULL;
	}
	return dev;
}

void device_config_destroy(struct device_config *dev)
{
	if (!dev)
		return;
	free(dev->driver);
	free(dev->backend);
	free(dev->kernel);
	strv_finish(&dev->options);
	free(dev->ifname);
	free(dev->netns);
	free(dev->device);
	free(dev->netdev);
	free(dev->drive);
	strv_finish(&dev->emu_args);
	free(dev->disk);
	free(dev->where);
	free(dev);
}

const char *config_flavour(const struct device_config *dev)
{
	if (dev->debug)
		return dev->cpus > 1 ? "smp+debug" : "up+debug";
	return dev->cpus > 1 ? "smp" : "up";
}
