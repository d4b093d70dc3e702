/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading and starting the runtime.  dlopen() runs no kernel code: the runtime
 * is entered by dde_host_start(), on a thread of its own.
 */
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>
#include "internal.h"

static int check_cpus(const char *path, unsigned int max, char **ret_why)
{
	unsigned int n = host.config.nr_cpus;

	max = max < HOST_MAX_CPUS ? max : HOST_MAX_CPUS;
	if (n && n <= max)
		return 0;
	host.up = NULL;
	if (max == 1)
		host_why(ret_why,
			 "%s: is for one CPU, %u are wanted: take the runtime for several, "
			 "libdde-linux-smp.so",
			 path, n);
	else
		host_why(ret_why, "%s: can have 1 to %u CPUs, not %u", path, max, n);
	return -EINVAL;
}

static int find_runtime(const char *path, void *handle, char **ret_why)
{
	const struct dde_up *up = dlsym(handle, DDE_UP_SYMBOL);

	if (!up) {
		host_why(ret_why, "%s: is not a DDE runtime: it has no symbol %s", path,
			 DDE_UP_SYMBOL);
		return -ELIBBAD;
	}
	if (up->version != DDE_SEAM_VERSION || up->size != DDE_UP_SIZE ||
	    up->down_size != DDE_DOWN_SIZE) {
		host_why(ret_why,
			 "%s: has seam version %u, this driver host has %u, or their tables "
			 "differ: build both from one tree",
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
	host_log_init(config->events);
	host.pool = config->pci ? *ddekit_pci_pool(config->pci) : config->pool;
	handle = dlopen(config->runtime, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		host_why(ret_why, "cannot load the runtime: %s", dlerror());
		return access(config->runtime, R_OK) ? -ENOENT : -ELIBBAD;
	}
	err = find_runtime(config->runtime, handle, ret_why);
	if (!err)
		err = host_mem_plan(ret_why);
	if (err)
		dlclose(handle);
	return err;
}

static const struct dde_down_file down_file = {
	.firmware_read = host_firmware_read,
	.modprobe = host_modprobe,
	.modprobe_done = host_modprobe_done,
};

/* Runs on the thread of CPU 0. */
static void enter_runtime(uint32_t cpu)
{
	static struct dde_down down = {
		.version = DDE_SEAM_VERSION,
		.size = DDE_DOWN_SIZE,
		.sys = &host_down_sys,
		.time = &host_down_time,
		.cpu = &host_down_cpu,
		.mem = &host_down_mem,
		.file = &down_file,
	};

	if (host.config.pci)
		down.pci = &host_down_pci;
	host.up->sys->start(&down, &host.boot);
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
		.vmap_size = host.vmap_size,
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
		.dma_blocks = host.pool.block_iova,
		.smbios = host.config.smbios,
		.smbios_size = host.config.smbios_size,
	};
	err = host_mem_init();
	if (!err)
		err = host_crash_init();
	if (!err)
		err = host_modprobe_init();
	if (!err)
		err = host_cpu_init(0, enter_runtime);
	if (!err)
		err = host_clock_init();
	if (!err)
		err = host_cpu_start(0);
	return err;
}
