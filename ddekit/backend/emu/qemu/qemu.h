/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The QEMU that a claim of the emu backend is: its machine, its process, its channels.  Private to
 * backend/emu/.
 *
 *   cmdline.c   QEMU's command line
 *   process.c   starts QEMU, reports when and why it ended
 *   ivshmem.c   plays the server of QEMU's doorbell: messages become eventfds
 *   monitor.c   QMP
 *   qtest.c     register accesses (qtest.h)
 */
#ifndef EMU_QEMU_H
#define EMU_QEMU_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "../../../backend.h"

/* ---- addresses in QEMU's q35 machine -------------------------------------- */

#define EMU_POOL_BASE 0x10000000ull /* also the pool's offset in the RAM file */
#define EMU_RAM_LIMIT 0xb0000000ull /* below: RAM is one piece from 0 on */
#define EMU_ECAM 0xb0000000ull
#define EMU_DOORBELL 0xf0000000ull /* BAR 0 of the ivshmem device */
#define EMU_MEM_BASE 0xe0000000ull
#define EMU_MEM_SIZE 0x10000000ull
#define EMU_IO_BASE 0xc000u
#define EMU_IO_SIZE 0x1000u

/* Registers of config space: PCI 3.0, 6.1; PCI-to-PCI bridges 1.2, 3.2. */
#define CFG_BAR0 0x10
#define CFG_PRIMARY 0x18 /* of a bridge: and 0x19, 0x1a the two other bus numbers */
#define CFG_SECONDARY 0x19
#define CFG_CAPABILITIES 0x34

/* Slots of the root bus. */
#define EMU_SLOT_PORT 1 /* the root port that the device is behind */
#define EMU_SLOT_DOORBELL 30
#define EMU_HIDDEN_SLOTS (1u << 0 | 1u << EMU_SLOT_DOORBELL | 1u << 31)

#define EMU_VECTORS 64
/* INTx lines are inputs 16..23 of the I/O APIC. */
#define EMU_LINES 8
#define EMU_LINE_INPUT 16

static inline uint64_t emu_config_addr(uint8_t bus, uint8_t devfn, uint32_t reg)
{
	return EMU_ECAM + ((uint64_t)bus << 20) + ((uint64_t)devfn << 12) + reg;
}

/* ---- cmdline.c ------------------------------------------------------------ */

/* The fds that go into the command line; QEMU inherits them by number. */
struct emu_cmdline_fds {
	int ram, bios, qtest, monitor, ivshmem;
};

/**
 * emu_cmdline - make QEMU's arguments
 * @ret_argv: ends with NULL; for emu_cmdline_free()
 * Return: 0, -EINVAL, -ENOMEM, with a message in *ret_why.
 */
int emu_cmdline(const struct ddekit_claim_spec *spec, const struct emu_cmdline_fds *fds,
		char ***ret_argv, char **ret_why);
void emu_cmdline_free(char **argv);

/* ---- process.c ------------------------------------------------------------ */

/*
 * A QEMU process.  It lives as long as a copy of the lifeline is open: when the last one is
 * closed, by the claim or by the end of its process, the kernel kills QEMU with SIGKILL (see
 * arm_lifeline()).
 */
struct emu_process {
	pid_t pid; /* 0: never started */
	int pidfd;
	int lifeline;
	int stderr_fd; /* QEMU's stderr */
	bool reaped;
	int wait_code, wait_status; /* of siginfo_t */
	size_t output_len;
	char output[1024]; /* the beginning and the end of its output */
};

#define EMU_KILL_MS 1000

struct emu_launch {
	const char *binary; /* absolute */
	char *const *argv;
	const int *keep;      /* fds that are inherited, -1 ends; twice: */
	const int *keep_more; /* ours and the caller's; may be NULL */
	uid_t uid;            /* 0: keep */
	gid_t gid;
	int (*confine)(void *arg); /* instead of them; see struct ddekit_claim_spec */
	void *confine_arg;
};

void emu_process_init(struct emu_process *p);
/* Finds the binary. *ret is to be freed. Return: 0, -ENOENT. */
int emu_process_find(char **ret, char **ret_why);
/* Any thread, whatever others there are. Blocks until QEMU's binary runs, or the deadline
 * (deadline.h). Return: 0, -ETIMEDOUT, -errno of the step that *ret_why names. */
int emu_process_start(struct emu_process *p, const struct emu_launch *l, uint64_t deadline,
		      char **ret_why);
/* True once it has ended; it is reaped then. */
bool emu_process_ended(struct emu_process *p);
/* Waits for its end. Return: 0, -ETIMEDOUT. */
int emu_process_wait(struct emu_process *p, uint64_t deadline);
/* Reads its output on stderr, a pipe's content at most. Does not block. */
void emu_process_listen(struct emu_process *p);
/* How it ended, "exited with status 1: …", to be freed; NULL: no memory. */
char *emu_process_end_text(struct emu_process *p);
/* Kills it if necessary and waits for its end, EMU_KILL_MS at most: one that hangs in the
 * kernel is left to end later. Frees everything. Safe after init() alone. */
void emu_process_finish(struct emu_process *p);
/* A copy of fd above stdio, close-on-exec; closes fd. -1 stays -1. */
int emu_fd_move_up(int fd);

/* ---- ivshmem.c ------------------------------------------------------------ */

/* Queues the whole handshake on server, QEMU reads it when it starts: the
 * eventfds become the vectors of peer 0. Return: 0, negative errno. */
int emu_ivshmem_greet(int server, const int *eventfds, unsigned int n);

/* ---- monitor.c ------------------------------------------------------------ */

struct emu_monitor {
	int fd;     /* borrowed */
	bool ready; /* capabilities negotiated */
	bool dead;
	size_t len;
	char buf[65536];
};

void emu_monitor_init(struct emu_monitor *m, int fd);
/* Runs one command. Events are ignored. Blocks until the deadline at most, whatever QEMU
 * sends. Return: 0, -EINVAL (arguments are no JSON object), -EIO, -ETIMEDOUT (the next command
 * may be answered all the same), -EPROTO (refused; *ret_reply has the error object), -ENOMEM. */
int emu_monitor_run(struct emu_monitor *m, const char *name, const char *arguments,
		    uint64_t deadline, char **ret_reply);

#endif
