/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shutdown of the machine.  systemd stops services before it unmounts local file systems, also
 * those on our disks.  So driver hosts and fronts go on until systemd kills all processes, which
 * comes after that.  They end when their sockets are closed, and the service manager drops the
 * files of a stopped unit: a child of ddekitd has them.
 */
#ifndef DDEKITD_HOLD_H
#define DDEKITD_HOLD_H

#define HOLD_NAME "ddekitd-hold" /* of the child, which is root's */

/* Starts the child, with all files of this process; SIGTERM ends it. Event loop; does not block.
 * Return: 0, -errno. */
int hold_files(void);

#endif
