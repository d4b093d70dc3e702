/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What udev is to know of a disk: a file with its properties, named as the block device,
 * read by units/ddekit.rules; there before the device is. See ublk.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ublk.h"
#include "lib/util.h"

#define ALLOWED "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789#+-.:=@_"
#define DEVICE "DDEKIT_DEVICE="
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

int ublk_names_write(const char *dir, uint32_t id, const char *device,
		     const struct dde_block_disk *disk)
{
	_cleanup_fclose_ FILE *f = NULL;
	char path[PATH_BYTES];
	int r = names_path(dir, id, path);

	f = r ? NULL : fopen(path, "we");
	if (!f)
		return r ? r : -errno;
	property(f, DEVICE, device, "");
	property(f, "DDEKIT_DISK=", disk->name, "");
	property(f, "ID_MODEL=", disk->model, "");
	property(f, "ID_SERIAL_SHORT=", disk->serial, "");
	if (*disk->serial)
		property(f, "ID_SERIAL=", disk->model, disk->serial);
	if (!strncmp(disk->wwid, NAA, strlen(NAA)))
		property(f, "ID_WWN=0x", disk->wwid + strlen(NAA), "");
	else
		property(f, "ID_WWN=", disk->wwid, "");
	return fflush(f) ? -errno : 0;
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
