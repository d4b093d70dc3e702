/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading the runtime and plugins as shared objects.  dlopen() runs no kernel
 * code: the runtime is entered by dde_host_start() on its own thread, plugins
 * by requests.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "internal.h"

__attribute__((format(printf, 2, 3))) static void say(char **ret_why, const char *fmt, ...)
{
	va_list ap;

	if (!ret_why)
		return;
	va_start(ap, fmt);
	if (vasprintf(ret_why, fmt, ap) < 0)
		*ret_why = NULL;
	va_end(ap);
}

static int check_cpus(const char *path, unsigned int max, char **ret_why)
{
	unsigned int n = host.config.nr_cpus;

	max = max < HOST_MAX_CPUS ? max : HOST_MAX_CPUS;
	if (n && n <= max)
		return 0;
	host.up = NULL;
	if (max == 1)
		say(ret_why, "%s: is for one CPU, %u are wanted: take the runtime for several, "
		    "libdde-linux-smp.so", path, n);
	else
		say(ret_why, "%s: can have 1 to %u CPUs, not %u", path, max, n);
	return -EINVAL;
}

static int find_runtime(const char *path, void *handle, char **ret_why)
{
	const struct dde_up *up = dlsym(handle, DDE_UP_SYMBOL);

	if (!up) {
		say(ret_why, "%s: is not a DDE runtime: it has no symbol %s", path, DDE_UP_SYMBOL);
		return -ELIBBAD;
	}
	if (up->version != DDE_SEAM_VERSION || up->size != sizeof(struct dde_up) ||
	    up->down_size != DDE_DOWN_SIZE) {
		say(ret_why,
		    "%s: has seam version %u, this driver host has %u, or their tables differ: "
		    "build both from one tree",
		    path, up->version, DDE_SEAM_VERSION);
		return -EPROTO;
	}
	host.up = up;
	return check_cpus(path, up->max_cpus, ret_why);
}

int dde_host_load(const struct dde_host_config *config, char **ret_why)
{
	void *handle;
	int err;

	if (host.up)
		return -EBUSY;
	host.config = *config;
	host.pool = config->pci ? *ddekit_pci_pool(config->pci) : config->pool;
	handle = dlopen(config->runtime, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		say(ret_why, "cannot load the runtime: %s", dlerror());
		return access(config->runtime, R_OK) ? -ENOENT : -ELIBBAD;
	}
	err = find_runtime(config->runtime, handle, ret_why);
	if (err)
		dlclose(handle);
	return err;
}

const struct dde_up *dde_host_up(void)
{
	return host.up;
}

int dde_host_start(void)
{
	struct dde_boot *boot = &host.boot;
	struct ddekit_pci_windows w = { 0 };
	int err;

	if (host.config.pci)
		ddekit_pci_windows(host.config.pci, &w);
	*boot = (struct dde_boot){
		.version = DDE_SEAM_VERSION,
		.size = sizeof(*boot),
		.pool_base = host.pool.base.v,
		.pool_size = host.pool.size,
		.vmap_base = DDE_VMAP_BASE,
		.vmap_size = DDE_VMAP_SIZE,
		.mmio_base = w.mem_base.v,
		.mmio_size = w.mem_size,
		.mmio64_base = w.mem64_base.v,
		.mmio64_size = w.mem64_size,
		.io_base = w.io_base,
		.io_size = w.io_size,
		.pci_domain = host.config.pci_domain,
		.pci_bus = w.root_bus,
		.nr_cpus = host.config.nr_cpus,
		.cmdline = host.config.cmdline ? host.config.cmdline : "",
	};
	err = host_mem_init();
	if (!err)
		err = host_crash_init();
	if (!err)
		err = host_modprobe_init();
	if (!err)
		err = host_cpu_start(0);
	return err;
}

void dde_host_submit(struct dde_request *req)
{
	host.up->submit(req);
	host_down_cpu.kick(0);
}

/* ---- plugins -------------------------------------------------------------------- */

struct image {
	const struct link_map *map;
	struct dde_plugin *plugin;
};

/* The headers' segment, which comes first, is no part of the module. */
static void note_segment(struct dde_plugin *plugin, uint64_t base, const ElfW(Phdr) *p)
{
	if (p->p_flags & PF_X) {
		plugin->text_base = base;
		plugin->text_size = p->p_memsz;
	} else if (p->p_flags & PF_W) {
		plugin->data_base = base;
		plugin->data_size = p->p_memsz;
	} else if (plugin->text_size) {
		plugin->rodata_base = base;
		plugin->rodata_size = p->p_memsz;
	}
}

/* Finds where the plugin's segments lie. */
static int note_image(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct image *im = arg;
	int i;

	if (info->dlpi_addr != im->map->l_addr)
		return 0;
	im->plugin->image_base = info->dlpi_addr;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type != PT_LOAD)
			continue;
		im->plugin->image_size = p->p_vaddr + p->p_memsz;
		note_segment(im->plugin, info->dlpi_addr + p->p_vaddr, p);
	}
	return 1;
}

static int check_abi(const char *path, void *handle, char **ret_why)
{
	const char *abi = dlsym(handle, DDE_PLUGIN_ABI_SYMBOL);

	if (!abi || !dlsym(handle, DDE_PLUGIN_MODULE_SYMBOL)) {
		say(ret_why, "%s: is not a plugin: it lacks %s or %s", path,
		    DDE_PLUGIN_MODULE_SYMBOL, DDE_PLUGIN_ABI_SYMBOL);
		return -ENOEXEC;
	}
	if (strcmp(abi, host.up->abi)) {
		say(ret_why,
		    "%s: was built for another runtime (plugin ABI %.16s, runtime ABI %.16s): "
		    "rebuild the plugin against this runtime",
		    path, abi, host.up->abi);
		return -ENOEXEC;
	}
	return 0;
}

int dde_host_plugin_open(const char *path, const char *args, struct dde_host_plugin **ret,
			 char **ret_why)
{
	struct dde_host_plugin *p = calloc(1, sizeof(*p));
	struct image im = { 0 };
	int err = -ENOMEM;

	if (!p)
		return err;
	p->args = strdup(args ? args : "");
	p->path = strdup(path);
	if (!p->args || !p->path)
		goto fail;
	p->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!p->handle) {
		err = access(path, R_OK) ? -ENOENT : -ENOEXEC;
		say(ret_why, "cannot load the plugin: %s%s", dlerror(),
		    err == -ENOEXEC ? "; was it built for this runtime?" : "");
		goto fail;
	}
	err = check_abi(path, p->handle, ret_why);
	if (err)
		goto fail;
	p->plugin.module = dlsym(p->handle, DDE_PLUGIN_MODULE_SYMBOL);
	p->plugin.sections = dlsym(p->handle, DDE_PLUGIN_SECTIONS_SYMBOL);
	p->plugin.args = p->args;
	im.plugin = &p->plugin;
	if (!dlinfo(p->handle, RTLD_DI_LINKMAP, &im.map))
		dl_iterate_phdr(note_image, &im);
	*ret = p;
	return 0;
fail:
	dde_host_plugin_close(p);
	return err;
}

void *dde_host_plugin_symbol(struct dde_host_plugin *plugin, const char *name)
{
	return dlsym(plugin->handle, name);
}

void dde_host_plugin_close(struct dde_host_plugin *plugin)
{
	if (!plugin)
		return;
	if (plugin->handle)
		dlclose(plugin->handle);
	free(plugin->args);
	free(plugin->path);
	free(plugin);
}

bool dde_host_plugin_mapped(const char *path)
{
	void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);

	if (handle)
		dlclose(handle);
	return handle;
}
