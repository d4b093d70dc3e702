/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's command line: a q35 machine that contains only what is listed here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "qemu.h"

#define MAX_ARGS 256

struct args {
	unsigned int n;
	int error;
	char *v[MAX_ARGS + 1]; /* NULL at the end */
};

static void args_add(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void args_add(struct args *a, const char *fmt, ...)
{
	va_list ap;

	if (a->error)
		return;
	if (a->n == MAX_ARGS) {
		a->error = -E2BIG;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(&a->v[a->n], fmt, ap) < 0) {
		a->v[a->n] = NULL;
		a->error = -ENOMEM;
	} else {
		a->n++;
	}
	va_end(ap);
}

static void args_add_two(struct args *a, const char *option, const char *value)
{
	args_add(a, "%s", option);
	args_add(a, "%s", value);
}

/* Is there a "key=" in a comma separated option, other than at its start?
 * (QEMU writes a comma inside a value as two.) */
static bool option_has_key(const char *option, const char *key)
{
	size_t len = strlen(key);
	const char *p = option;

	while ((p = strchr(p, ','))) {
		if (p[1] == ',') {
			p += 2;
			continue;
		}
		p++;
		if (!strncmp(p, key, len) && p[len] == '=')
			return true;
	}
	return false;
}

/* Controllers: their disk is a separate device. */
static const struct {
	const char *controller, *disk;
} controllers[] = {
	{ "ahci", "ide-hd" },       { "ich9-ahci", "ide-hd" },
	{ "sdhci-pci", "sd-card" }, { "virtio-scsi-pci", "scsi-hd" },
	{ "lsi", "scsi-hd" },       { "megasas", "scsi-hd" },
};

/* Return: NULL: the device is the disk. */
static const char *disk_of(const char *dev)
{
	size_t len = strcspn(dev, ","), i;

	for (i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
		if (strlen(controllers[i].controller) == len &&
		    !strncmp(dev, controllers[i].controller, len))
			return controllers[i].disk;
	return NULL;
}

static int check_drive(const struct ddekit_claim_spec *spec, char **ret_why)
{
	static const char *const ours[] = { "id", "if", "file" };
	const char *drive = spec->emu_drive;
	size_t i;

	if (!drive)
		return 0;
	if (spec->emu_drive_fd <= 2)
		return why(ret_why, -EBADF, "drive \"%s\" without an open file", drive);
	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (option_has_key(drive, ours[i]) ||
		    (!strncmp(drive, ours[i], strlen(ours[i])) && drive[strlen(ours[i])] == '='))
			return why(ret_why, -EINVAL,
				   "drive \"%s\": leave out %s=, it is set "
				   "here",
				   drive, ours[i]);
	if (option_has_key(spec->emu_device, "drive"))
		return why(ret_why, -EINVAL, "device \"%s\": leave out drive=, it is set here",
			   spec->emu_device);
	return 0;
}

static int check_device(const struct ddekit_claim_spec *spec, char **ret_why)
{
	const char *dev = spec->emu_device, *net = spec->emu_netdev;

	if (!dev || !*dev)
		return why(ret_why, -EINVAL, "no emulated device given; for instance e1000e");
	if (dev[0] == '{' || (net && net[0] == '{'))
		return why(ret_why, -EINVAL,
			   "\"%s\": the JSON form is not supported; write name,key=value",
			   dev[0] == '{' ? dev : net);
	if (option_has_key(dev, "bus") || option_has_key(dev, "addr"))
		return why(ret_why, -EINVAL,
			   "device \"%s\": leave out bus= and addr=, they are set here", dev);
	if (net && (option_has_key(net, "id") || option_has_key(dev, "netdev")))
		return why(ret_why, -EINVAL,
			   "netdev \"%s\": leave out id=, and netdev= of the device: they are "
			   "set here",
			   net);
	return check_drive(spec, ret_why);
}

static void add_machine(struct args *a, const struct ddekit_claim_spec *spec,
			const struct emu_cmdline_fds *fds)
{
	uint64_t ram = EMU_POOL_BASE + spec->pool_size;
	char bdf[DDEKIT_BDF_STRLEN];

	args_add(a, "qemu-system-x86_64");
	args_add(a, "-name");
	args_add(a, "ddekit-%s", ddekit_bdf_format(spec->bdf, bdf));
	args_add_two(a, "-nodefaults", "-no-user-config");
	args_add_two(a, "-display", "none");
	args_add_two(a, "-sandbox",
		     "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
		     "resourcecontrol=deny");
	/* tcg with its CPU parked: the device clock runs in real time. */
	args_add_two(a, "-accel", "tcg,tb-size=1");
	args_add_two(a, "-machine",
		     "q35,memory-backend=ram,sata=off,smbus=off,i8042=off,hpet=off,"
		     "pit=off,vmport=off,dump-guest-core=off");
	args_add(a, "-m");
	args_add(a, "%lluM", (unsigned long long)(ram >> 20));
	args_add(a, "-bios");
	args_add(a, "/proc/self/fd/%d", fds->bios);
	args_add(a, "-object");
	args_add(a, "memory-backend-file,id=ram,size=%lluM,share=on,mem-path=/proc/self/fd/%d",
		 (unsigned long long)(ram >> 20), fds->ram);
	/* Hot-plug by the root port's own registers, not by ACPI. */
	args_add_two(a, "-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off");
}

static void add_channels(struct args *a, const struct emu_cmdline_fds *fds)
{
	args_add(a, "-chardev");
	args_add(a, "socket,id=ddekit-qtest,fd=%d", fds->qtest);
	args_add_two(a, "-object", "qtest,id=qtest0,chardev=ddekit-qtest,log=none");
	args_add(a, "-chardev");
	args_add(a, "socket,id=ddekit-monitor,fd=%d", fds->monitor);
	args_add_two(a, "-mon", "chardev=ddekit-monitor,mode=control");
	args_add(a, "-chardev");
	args_add(a, "socket,id=ddekit-ivshmem,fd=%d", fds->ivshmem);
	args_add(a, "-device");
	args_add(a, "ivshmem-doorbell,id=doorbell,chardev=ddekit-ivshmem,vectors=%d,addr=0x%x",
		 EMU_VECTORS, EMU_SLOT_DOORBELL);
}

/* As a set of file descriptors: QEMU's user may not be allowed to open the file. */
static void add_drive(struct args *a, const struct ddekit_claim_spec *spec)
{
	if (!spec->emu_drive)
		return;
	args_add(a, "-add-fd");
	args_add(a, "fd=%d,set=1", spec->emu_drive_fd);
	args_add(a, "-drive");
	/* Otherwise QEMU opens it read-only first, for which the set has no file. */
	args_add(a, "if=none,id=drive0,auto-read-only=off,file=/dev/fdset/1%s%s",
		 *spec->emu_drive ? "," : "", spec->emu_drive);
}

/* Is this inside the device rather than beside it? Then it must follow it. */
static bool is_inner(const char *const *arg)
{
	const char *bus;

	if (!arg[0] || strcmp(arg[0], "-device") || !arg[1])
		return false;
	bus = strstr(arg[1], ",bus=dev0");
	return bus && strchr(".,", bus[9]); /* or the end */
}

static void add_args(struct args *a, const char *const *arg, bool inner)
{
	for (; arg && *arg; arg++) {
		bool pair = is_inner(arg);

		if (pair == inner)
			args_add(a, "%s", arg[0]);
		if (pair && inner)
			args_add(a, "%s", arg[1]);
		arg += pair;
	}
}

static void add_device_option(struct args *a, const struct ddekit_claim_spec *spec)
{
	const char *dev = spec->emu_device;
	const char *disk = spec->emu_drive ? disk_of(dev) : NULL;

	args_add(a, "-device");
	args_add(a, "pcie-root-port,id=port1,bus=pcie.0,addr=0x%x,chassis=1,slot=1", EMU_SLOT_PORT);
	/* After the port, so that they do not get its slot. */
	add_args(a, spec->emu_args, false);
	if (spec->emu_netdev) {
		args_add(a, "-netdev");
		args_add(a, "%s,id=net0", spec->emu_netdev);
	}
	add_drive(a, spec);
	args_add(a, "-device");
	/* No option ROM: it is never run, and its file may be missing. */
	args_add(a, "%s,bus=port1,addr=0%s%s%s%s", dev, option_has_key(dev, "id") ? "" : ",id=dev0",
		 option_has_key(dev, "romfile") ? "" : ",romfile=",
		 spec->emu_netdev ? ",netdev=net0" : "",
		 spec->emu_drive && !disk ? ",drive=drive0" : "");
	if (disk) {
		args_add(a, "-device");
		args_add(a, "%s,id=disk0,drive=drive0", disk);
	}
	add_args(a, spec->emu_args, true);
}

int emu_cmdline(const struct ddekit_claim_spec *spec, const struct emu_cmdline_fds *fds,
		char ***ret_argv, char **ret_why)
{
	struct args *a;
	char **argv = NULL;
	int err = check_device(spec, ret_why);

	if (err)
		return err;
	a = calloc(1, sizeof(*a));
	if (!a)
		return why(ret_why, -ENOMEM, "no memory");
	add_machine(a, spec, fds);
	add_channels(a, fds);
	add_device_option(a, spec);
	err = a->error;
	if (!err) {
		argv = calloc(a->n + 1, sizeof(char *));
		err = argv ? 0 : -ENOMEM;
	}
	if (err) {
		while (a->n)
			free(a->v[--a->n]);
		free(a);
		return why(ret_why, err, "QEMU's command line: %s", strerror(-err));
	}
	memcpy(argv, a->v, a->n * sizeof(char *));
	free(a);
	*ret_argv = argv;
	return 0;
}

void emu_cmdline_free(char **argv)
{
	char **p;

	for (p = argv; p && *p; p++)
		free(*p);
	free(argv);
}
