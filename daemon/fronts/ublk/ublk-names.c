/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What udev is to know of a disk: a file with its properties, named as the block device,
 * read by units/ddekit.rules; there before the device is. See ublk.h.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ublk.h"
#include "lib/util.h"

#define ALLOWED "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#+-.:=@_"
#define DEVICE "DDEKIT_DEVICE="
#define BY_ID "/dev/disk/by-id/"
#define NAA "naa." /* udev gives such a number as 0x… */
#define PATH_BYTES 512

/* As udev writes texts of devices: the disk chose them. */
static void put(FILE *f, const char *text)
{
	for (; *text; text++)
		if (*text != ' ')
			putc(strchr(ALLOWED, *text) ? *text : '_', f);
		else if (text[1] != ' ')
			putc('_', f);
}

static void property(FILE *f, const char *key, const char *text, const char *more)
{
	if (!*text && !*more)
		return;
	fputs(key, f);
	put(f, text);
	if (*text && *more)
		putc('_', f);
	put(f, more);
	putc('\n', f);
}

static int names_path(const char *dir, uint32_t id, char path[PATH_BYTES])
{
	int n = snprintf(path, PATH_BYTES, "%s/ublkb%u", dir, id);

	return n < 0 || n >= PATH_BYTES ? -ENAMETOOLONG : 0;
}

/* As 0x… if the kernel's udev rules write it so. */
static const char *wwn_of(const struct dde_block_disk *disk, const char **ret_prefix)
{
	bool naa = !strncmp(disk->wwid, NAA, strlen(NAA));

	*ret_prefix = naa ? "0x" : "";
	return naa ? disk->wwid + strlen(NAA) : disk->wwid;
}

int ublk_names_write(const struct ublk_setup *setup, uint32_t id, const struct dde_block_disk *disk)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[PATH_BYTES];
	const char *prefix, *wwn = wwn_of(disk, &prefix);
	int r = names_path(setup->names, id, path);

	f = r ? NULL : fopen(path, "we");
	if (!f)
		return r ? r : -errno;
	property(f, DEVICE, setup->device, "");
	property(f, "DDEKIT_DISK=", disk->name, "");
	property(f, "DDEKIT_BUS=", setup->bus, "");
	property(f, "ID_MODEL=", disk->model, "");
	property(f, "ID_SERIAL_SHORT=", disk->serial, "");
	if (*disk->serial)
		property(f, "ID_SERIAL=", disk->model, disk->serial);
	if (*wwn) {
		fputs("ID_WWN=", f);
		property(f, prefix, wwn, "");
	}
	return fflush(f) ? -errno : 0;
}

/* ---- links that are another's ------------------------------------------------------- */

static bool is_of_device(const struct ublk_setup *setup, const char *node)
{
	unsigned int id;
	char end;

	return sscanf(node, "/dev/ublkb%u%c", &id, &end) == 1 &&
	       ublk_names_tell(setup->names, id, setup->device);
}

/* @head: the link's name up to what the disk says. */
static void warn_of_link(const struct ublk_setup *setup, const struct dde_block_disk *disk,
			 const char *head, const char *text, const char *more)
{
	_cleanup_free_ char *link = NULL;
	char node[PATH_MAX];
	size_t size;
	FILE *f = open_memstream(&link, &size);

	if (!f)
		return;
	fputs(BY_ID, f);
	property(f, head, text, more);
	if (fclose(f))
		return;
	link[strcspn(link, "\n")] = 0;
	if (realpath(link, node) && !is_of_device(setup, node))
		fprintf(stderr, "ddekit-ublk: %s has the name of another disk: %s is %s\n",
			disk->name, link, node);
}

void ublk_names_warn(const struct ublk_setup *setup, const struct dde_block_disk *disk)
{
	const char *prefix, *wwn = wwn_of(disk, &prefix);
	char head[32];

	snprintf(head, sizeof(head), "%s-", *setup->bus ? setup->bus : "ddekit");
	if (*disk->serial)
		warn_of_link(setup, disk, head, disk->model, disk->serial);
	if (!*wwn)
		return;
	warn_of_link(setup, disk, head, wwn, "");
	snprintf(head, sizeof(head), "wwn-%s", prefix);
	warn_of_link(setup, disk, head, wwn, "");
}

bool ublk_names_tell(const char *dir, uint32_t id, const char *device)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[PATH_BYTES], line[64] = "";

	f = names_path(dir, id, path) ? NULL : fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f) || strncmp(line, DEVICE, strlen(DEVICE)))
		return false;
	line[strcspn(line, "\n")] = 0;
	return !strcmp(line + strlen(DEVICE), device);
}

void ublk_names_remove(const char *dir, uint32_t id)
{
	char path[PATH_BYTES];

	if (!names_path(dir, id, path))
		unlink(path);
}
