/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's qtest protocol over a stream socket: register accesses as text lines,
 * interrupt lines as messages between the replies.
 *
 * A struct qtest has no lock: its owner serialises calls.  Calls that block do so until the
 * deadline, however much QEMU sends meanwhile; then the stream is dead (-EIO).
 */
#ifndef EMU_QTEST_H
#define EMU_QTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../../../backend.h"

/* The most commands without a reply.  Each reply occupies QEMU's socket buffer until it is
 * read. */
#define QTEST_CAP 128

struct qtest {
	int fd;               /* borrowed; blocking */
	uint64_t deadline;    /* of the current operation (deadline.h); set by the owner */
	bool dead;            /* QEMU has ended or missed a deadline; permanent */
	bool timed_out;       /* it missed a deadline */
	bool spin;            /* poll briefly before sleeping for a reply */
	unsigned int pending; /* commands, sent or not, without a reply */
	size_t out_len;       /* not sent yet */
	size_t in_pos, in_len;
	uint32_t lines;      /* levels of interrupt inputs 0..31 */
	uint64_t n_messages; /* commands */
	uint64_t n_syscalls;
	uint64_t n_sends;
	char out[4096];
	char in[16384];
};

/* Without a deadline. */
void qtest_init(struct qtest *q, int fd);

/* Reads 1, 2, 4 or 8 bytes (ports: up to 4). Blocks for the answer.
 * Return: 0, -EIO (dead). */
int qtest_read(struct qtest *q, enum access_space space, uint64_t addr, uint32_t size,
	       uint64_t *ret);
/* Posted: may stay in the buffer until qtest_flush() or the next read. */
void qtest_write(struct qtest *q, enum access_space space, uint64_t addr, uint32_t size,
		 uint64_t value);
/* Reads a 16-bit word, then writes, in one round trip. Return: as qtest_read(). */
int qtest_read_write(struct qtest *q, uint64_t raddr, uint64_t *ret, uint64_t addr, uint32_t size,
		     uint64_t value);
/* Sends what is buffered. Does not wait for replies. */
void qtest_flush(struct qtest *q);
/* Sends, and waits for all replies: every write has been executed. */
int qtest_drain(struct qtest *q);
/* Processes what has arrived, without waiting. Return: 0, -EIO (dead). */
int qtest_poll(struct qtest *q);
/* Reads len (1..4096) bytes of memory. Return: as qtest_read(). */
int qtest_read_block(struct qtest *q, uint64_t addr, void *buf, size_t len);
/* Turns interrupt inputs of the QOM object into lines. Return: 0, -EIO. */
int qtest_intercept(struct qtest *q, const char *object);
/* Takes the stream over from a user that died at any point: waits until QEMU
 * has executed its commands, discards the replies, forgets the levels of lines.
 * Return: 0, -EIO. */
int qtest_resync(struct qtest *q);

#endif
