/* SPDX-License-Identifier: GPL-2.0-only */
/* The disk of an emulated device: a file that QEMU may not open itself, as it runs as nobody. */
#ifndef DDEKITD_QEMU_DRIVE_H
#define DDEKITD_QEMU_DRIVE_H

#include "lib/util.h"

/**
 * qemudrive_open - open what drive= names, for QEMU to inherit
 * @drive:       "PATH[,OPTION=VALUE…]"; may be NULL
 * @ret_options: the options, with format=raw if none is given; to be freed; NULL if @drive is
 * @ret_fd:      the file, the caller's; -1: none
 * @ret_why:     on failure a message with cause and next step, to be freed
 * Return: 0, -errno.
 */
int qemudrive_open(const char *drive, char **ret_options, int *ret_fd, char **ret_why);

#endif
