/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapping plugins into the process.  dlopen() runs no kernel code: requests initialise
 * the plugins.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "internal.h"

#define NODE "DDE_LINUX_" /* arch/dde/Makefile */

struct image {
	const struct link_map *map;
	struct dde_plugin *plugin;
};

/* The first segment has only headers: it is not part of the module. */
static void note_segment(struct dde_plugin *plugin, uint64_t base, const ElfW(Phdr) * p)
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

/* Finds the addresses of the plugin's segments. */
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
		host_why(ret_why, "%s: is not a plugin: it lacks %s or %s", path,
			 DDE_PLUGIN_MODULE_SYMBOL, DDE_PLUGIN_ABI_SYMBOL);
		return -ENOEXEC;
	}
	if (strcmp(abi, host.up->abi)) {
		host_why(ret_why,
			 "%s: was built for another runtime (plugin ABI %.16s, runtime ABI %.16s): "
			 "rebuild the plugin against this runtime",
			 path, abi, host.up->abi);
		return -ENOEXEC;
	}
	return 0;
}

/* The dynamic linker's message of an error, in words of ours where it is about kernel versions: a
 * runtime's symbols have a version node that names its own. */
static void explain_dlerror(const char *path, const char *text, int err, char **ret_why)
{
	const char *node = strstr(text, "version `" NODE);
	char version[16];

	if (node && sscanf(node, "version `" NODE "%15[0-9.]'", version) == 1)
		host_why(ret_why,
			 "%s: was built for Linux %s, this runtime is Linux %s; choose the "
			 "runtime by kernel=, or a plugin of this one",
			 path, version, host.up->release);
	else
		host_why(ret_why, "cannot load the plugin: %s%s", text,
			 err == -ENOEXEC ? "; was it built for this runtime?" : "");
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
		explain_dlerror(path, dlerror(), err, ret_why);
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
