/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ddekitd's configuration: reading it, falling back to the last good one if the
 * file is bad; see manager-config.h.
 */
#include <errno.h>
#include <sys/mman.h>

#include "state/fd-store.h"
#include "lib/log.h"
#include "manager-config.h"
#include "state/state-file.h"

/* Where the last good configuration is in the fd store. */
#define SAVED_KEY "ddekitd"
#define SAVED_NAME "config"

static int overlay(char **member, const char *value)
{
	return value ? str_set(member, value) : 0;
}

int manager_load_config(const struct manager_options *o, struct config *ret, struct strv *errors)
{
	struct global_config *g = &ret->global;
	int r = config_load(ret, o->config_path, errors);

	if (r == -ENOENT && !o->config_given)
		r = 0;
	if (!r)
		r = overlay(&g->runtime_dir, o->runtime_dir);
	if (!r)
		r = overlay(&g->plugin_dir, o->plugin_dir);
	if (!r)
		r = overlay(&g->runtime, o->runtime);
	if (!r)
		r = overlay(&g->host_binary, o->host_binary);
	if (!r)
		r = overlay(&g->front_dir, o->front_dir);
	return r;
}

/* *ret_first, unless NULL: the first error, to be freed. */
static int read_config_file(const struct manager_options *options, struct config *ret,
			    char **ret_first)
{
	struct strv errors = { 0 };
	size_t i;
	int r = manager_load_config(options, ret, &errors);

	for (i = 0; i < errors.n; i++)
		log_error("%s", errors.item[i]);
	if (r == -ENOENT)
		log_error("%s: no such file; see devices.conf(5)", options->config_path);
	else if (r == -ENOMEM)
		log_error("out of memory");
	if (r < 0 && ret_first)
		*ret_first = errors.n ? strdup(errors.item[0])
				      : str_format("%s: %s", options->config_path, strerror(-r));
	strv_finish(&errors);
	return r;
}

int manager_read_config(const struct manager_options *options, struct config *ret)
{
	return read_config_file(options, ret, NULL);
}

/* ---- the last good one --------------------------------------------------------- */

/* Saves the configuration in use, for a successor that finds a bad file. */
void manager_save_config(struct manager *m, const struct config *config)
{
	_cleanup_free_ char *text = config_print(config);
	int r = text ? 0 : -ENOMEM;

	if (!fdstore_active(m->env.fdstore))
		return;
	if (!r && m->saved_config < 0) {
		r = statefile_create("ddekit-config");
		if (r >= 0) {
			m->saved_config = r;
			r = fdstore_put(m->env.fdstore, SAVED_KEY, SAVED_NAME, m->saved_config);
		}
	}
	if (!r)
		r = statefile_write(m->saved_config, text, strlen(text));
	if (r < 0)
		log_warning("cannot save the configuration for a restart: %s", strerror(-r));
}

void manager_forget_config(struct manager *m)
{
	if (m->saved_config < 0)
		return;
	fdstore_drop(m->env.fdstore, SAVED_KEY);
	if (fdstore_active(m->env.fdstore))
		fdstore_wait();
	fd_close(&m->saved_config);
}

/* Reads a text as if it were the file. */
static int load_text(struct manager *m, const char *text, struct strv *errors)
{
	_cleanup_close_ int fd = memfd_create("ddekit-config-text", MFD_CLOEXEC);
	struct manager_options options = m->options;
	char path[32];
	size_t len = strlen(text), i;
	int r;

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return -EIO;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	options.config_path = path;
	r = manager_load_config(&options, &m->config, errors);
	for (i = 0; i < m->config.n_devices && !r; i++)
		r = str_set(&m->config.device[i]->where, "the last good configuration");
	return r;
}

/* Return: 0: there is a configuration to continue with; else @error. */
static int fall_back(struct manager *m, int error)
{
	struct manager_options options = m->options;
	_cleanup_free_ char *text = NULL;
	struct strv errors = { 0 };
	int r = m->saved_config < 0 ? m->saved_config
				    : statefile_read(m->saved_config, &text, NULL);

	config_finish(&m->config);
	if (!r)
		r = load_text(m, text, &errors);
	strv_finish(&errors);
	if (!r) {
		log_error("the configuration is bad: the last good one stays in use; correct "
			  "it, then ddectl reload");
		return 0;
	}
	config_finish(&m->config);
	if (!fdstore_find(m->env.fdstore, "state"))
		return error;
	log_error("the configuration is bad: only running devices are kept; correct it, then "
		  "ddectl reload");
	options.config_path = "/dev/null";
	return manager_load_config(&options, &m->config, &errors);
}

int manager_open_config(struct manager *m)
{
	_cleanup_free_ char *first = NULL;
	int r;

	m->saved_config = fdstore_take(m->env.fdstore, SAVED_KEY, SAVED_NAME);
	r = read_config_file(&m->options, &m->config, &first);
	if (!r)
		manager_save_config(m, &m->config);
	else if (r == -EINVAL || r == -ENOENT)
		r = fall_back(m, r);
	if (!r)
		str_set(&m->config_error, first);
	return r;
}
