/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-ublk: serves a device's disks as /dev/ublkbN.  Two processes:
 *
 *   ublk.c          the server, which ddekitd knows: unprivileged; says which disks there
 *                   are, and reaps the ring while no queue does
 *   ublk-queue.c      requests of one device; one queue of all leads: it reaps the ring, so
 *                     that an answer wakes one thread, not two
 *   ublk-sandbox.c    how it confines itself
 *   ublk-maker.c    its child, the maker, ddekitd's user, since the kernel wants
 *                   CAP_SYS_ADMIN of it: makes and deletes the devices, and no more
 *   ublk-control.c    commands to /dev/ublk-control; the time-out of requests
 *   ublk-names.c      what udev is to know of a device
 *   ublk-message.c  what they say to each other
 *
 * The maker hands over /dev/ublkcN.  The kernel reads partitions only of a device whose
 * queues were begun with CAP_SYS_ADMIN; so the server makes the queues' io_urings while
 * it still has that: they keep it, and are restricted to the operations of a queue.
 *
 * A device outlives the front (user recovery): its number is in the control memory, and
 * the next front goes on with it; the kernel then issues again what was not answered.
 * If either process ends, so does the other.
 */
#ifndef DDEKITD_BLOCK_UBLK_H
#define DDEKITD_BLOCK_UBLK_H

#include <liburing.h>
#include <linux/ublk_cmd.h>
#include <pthread.h>
#include <sys/types.h>

#include "fronts/ring/ring.h"

#define UBLK_DEPTH 128u /* requests of a device, in all its queues */
#define UBLK_QUEUES 4u  /* of a device, at most */
#define UBLK_IO_BYTES DDE_BLOCK_SLOT_BYTES

struct ublk_setup {
	struct block_fds fds;
	int life;
	const char *names;  /* folder */
	const char *device; /* the PCI device */
	const char *bus;    /* prefix of links; "": the usual one */
	uint32_t queues;    /* of each device */
	uid_t uid;          /* the server's */
	gid_t gid;
};

/* ---- ublk-message.c ----------------------------------------------------------------- */

enum ublk_op {
	UBLK_ADD,    /* there is a disk: is answered by its device, or none */
	UBLK_DELETE, /* it has gone: is answered once the device is deleted */
};

struct ublk_ask {
	uint32_t op; /* enum ublk_op */
	uint32_t index;
	struct dde_block_disk disk;
};

struct ublk_answer {
	uint32_t index;
	int32_t cdev; /* /dev/ublkcN; -1: it has no device */
};

/* By a socket of kind SOCK_SEQPACKET; block. Return: 0, -EPIPE (the other has ended),
 * -EBADMSG, -EINVAL (a disk that is not sensible), -errno. */
int ublk_ask(int socket, const struct ublk_ask *ask);
/* Checked: the server is not believed. */
int ublk_hear(int socket, struct ublk_ask *ret);
int ublk_answer(int socket, const struct ublk_answer *answer);
/* cdev is the caller's then. */
int ublk_hear_answer(int socket, struct ublk_answer *ret);

/* ---- ublk-control.c: all block, and return 0 or -errno ---------------------------- */

struct ublk_control {
	struct io_uring uring;
	int fd;
};

int ublk_control_open(struct ublk_control *c);
void ublk_control_close(struct ublk_control *c);
/* A new device with a number of the kernel's choice. */
int ublk_add(struct ublk_control *c, const struct dde_block_disk *disk, uint32_t queues,
	     uint32_t *ret_id);
/* Begins to recover one that a dead front left. Return: 0;
 * -EAGAIN: the kernel has not ended yet what the dead front served: call again later;
 * -EBUSY: /dev/ublkcN is still open somewhere: call again later;
 * -ENODEV: it has been deleted;
 * -ESHUTDOWN: it was never started, or is stopped;
 * -EINVAL: it has other queues or buffers, or a front died early in its recovery;
 * -errno. */
int ublk_recover(struct ublk_control *c, uint32_t id, uint32_t queues);
/* Its queues fetch already, or soon will. The kernel reads the partitions meanwhile. */
int ublk_start(struct ublk_control *c, uint32_t id, bool recovered);
/* How long a request of a started device is served before the kernel looks whether the server
 * is still alive. If all requests of a queue were with a dead server, nothing else ends
 * them, and ublk_recover() returns -EAGAIN until then. A live server's are only looked at
 * again later. -ENOENT: a kernel that does not need it. */
int ublk_set_io_timeout(uint32_t id, unsigned int ms);
/* It vanishes; what has it open gets errors. */
int ublk_stop(struct ublk_control *c, uint32_t id);
/* Stopped, for good; waits until /dev/ublkcN is closed. */
int ublk_delete(struct ublk_control *c, uint32_t id);

/* ---- ublk-names.c: a file in @dir for each device --------------------------------- */

/* Before it is started. Return: 0, -errno. */
int ublk_names_write(const struct ublk_setup *setup, uint32_t id,
		     const struct dde_block_disk *disk);
/* Warns of links in /dev/disk/by-id that udev would make for the disk, and that are another
 * device's: the disk, or who drives it, chose the name. */
void ublk_names_warn(const struct ublk_setup *setup, const struct dde_block_disk *disk);
/* Is device @id a disk of the PCI device? */
bool ublk_names_tell(const char *dir, uint32_t id, const char *device);
void ublk_names_remove(const char *dir, uint32_t id);

/* ---- ublk-maker.c ------------------------------------------------------------------- */

/* The maker's life. */
void __attribute__((noreturn)) ublk_maker(const struct ublk_setup *setup, int socket);

/* ---- ublk-sandbox.c ----------------------------------------------------------------- */

/* Another user, and no system calls but the server's. Before the first thread.
 * Return: 0, -errno. */
int ublk_sandbox_enter(uid_t uid, gid_t gid);

/* ---- ublk-queue.c ------------------------------------------------------------------- */

struct ublk_device;

/* With the rights of who makes devices: what the queues of all disks need. done: the ring's
 * eventfd; poke: one that is written to when a queue begins or ends to lead, when a disk
 * changes, and when requests have a deadline. Return: 0, -errno. */
int ublk_queues_init(uint32_t per_device, int done, int poke);
/* Does one of them reap the ring? */
bool ublk_queues_lead(void);
/* Serves a disk, a thread for each queue. cdev is moved in any case. Return: 0, -errno. */
int ublk_device_start(struct block_ring *ring, uint16_t disk, int cdev, struct ublk_device **ret);
/* Waits for its end, which the deletion of the device brings. */
void ublk_device_join(struct ublk_device *d);

#endif
