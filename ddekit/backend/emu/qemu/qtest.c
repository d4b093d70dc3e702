/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The qtest protocol (see qtest.h).
 *
 * Commands are collected in `out` and sent to QEMU when something waits for them, when the
 * owner flushes (before it sleeps or waits, and every millisecond while it is busy), or when
 * they exceed BATCH_BYTES: a burst of writes costs one system call and wakes QEMU once.  Replies
 * to writes are just "OK"; they are read when a reply is waited for, or when QTEST_CAP of them
 * are outstanding.
 *
 * Who receives processes everything that has arrived: an interrupt behind the expected reply has
 * left the socket, and no event will announce it.
 *
 * One send() is far below a socket buffer's allocation unit, so the kernel
 * queues all of it or nothing, even if the sender is killed.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../../deadline.h"
#include "qtest.h"

/* QEMU answers a read within some 8 us, or 60 if its processor was asleep. */
#define SPIN_NS 80000
#define BATCH_BYTES 256 /* some eight writes */
#define COMMAND_MAX 48  /* "writeq " and two numbers of 18 characters */

/* Polling for a reply is useful only if QEMU has a processor to run on. */
static bool several_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1;
}

void qtest_init(struct qtest *q, int fd)
{
	memset(q, 0, offsetof(struct qtest, out));
	q->fd = fd;
	q->deadline = DEADLINE_NEVER;
	q->spin = several_cpus();
}

static int stream_die(struct qtest *q)
{
	q->dead = true;
	q->pending = 0;
	__atomic_store_n(&q->out_len, 0, __ATOMIC_RELAXED);
	return -EIO;
}

/* ---- receiving replies ---------------------------------------------------- */

/* Has the deadline passed? Then the stream is dead. */
static bool stream_is_late(struct qtest *q)
{
	if (deadline_left_ms(q->deadline))
		return false;
	q->timed_out = true;
	stream_die(q);
	return true;
}

/* Waits for events. Return: 0; -EIO at the deadline. */
static int stream_wait(struct qtest *q, short events)
{
	struct pollfd p = { .fd = q->fd, .events = events };

	int n;

	while (!stream_is_late(q)) {
		q->n_syscalls++;
		n = poll(&p, 1, deadline_left_ms(q->deadline));
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return stream_die(q);
	}
	return -EIO;
}

/* Receives more. Return: bytes; 0: nothing has arrived (only without wait); -EIO. */
static ssize_t stream_receive(struct qtest *q, bool wait)
{
	uint64_t spin_end = wait && q->spin ? monotonic_ns() + SPIN_NS : 0;
	bool ever = q->deadline == DEADLINE_NEVER;
	int flags = wait && ever && !spin_end ? 0 : MSG_DONTWAIT;
	ssize_t n;

	if (wait && stream_is_late(q))
		return -EIO;
	if (q->in_pos) {
		memmove(q->in, q->in + q->in_pos, q->in_len - q->in_pos);
		q->in_len -= q->in_pos;
		q->in_pos = 0;
	}
	if (q->in_len == sizeof(q->in))
		return stream_die(q); /* no such long line exists */
	for (;;) {
		q->n_syscalls++;
		n = recv(q->fd, q->in + q->in_len, sizeof(q->in) - q->in_len, flags);
		if (n > 0) {
			q->in_len += (size_t)n;
			return n;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN)
			return stream_die(q);
		if (!wait)
			return 0;
		if (spin_end && monotonic_ns() < spin_end)
			continue;
		spin_end = 0;
		if (ever)
			flags = 0;
		else if (stream_wait(q, POLLIN))
			return -EIO;
	}
}

/* "IRQ raise 21" */
static void irq_read(struct qtest *q, const char *line)
{
	bool raise = !strncmp(line, "IRQ raise ", 10);
	unsigned long n;

	if (!raise && strncmp(line, "IRQ lower ", 10))
		return;
	n = strtoul(line + 10, NULL, 10);
	if (n > 31)
		return;
	if (raise)
		q->lines |= 1u << n;
	else
		q->lines &= ~(1u << n);
}

/* Processes the interrupt lines at the front of the buffer and then, if it is
 * complete and wanted, one reply. Return: the reply, or NULL. */
static char *reply_next_buffered(struct qtest *q, bool want_reply)
{
	while (q->in_pos < q->in_len) {
		char *line = q->in + q->in_pos;
		char *end = memchr(line, '\n', q->in_len - q->in_pos);

		if (!end || (line[0] != 'I' && !want_reply))
			break;
		*end = 0;
		q->in_pos = (size_t)(end + 1 - q->in);
		if (line[0] != 'I')
			return line;
		irq_read(q, line);
	}
	return NULL;
}

/* The next reply; waits for it. NULL: dead. */
static char *reply_next(struct qtest *q)
{
	char *line;

	while (!(line = reply_next_buffered(q, true)))
		if (stream_receive(q, true) < 0)
			return NULL;
	return line;
}

/* Discards replies in the buffer until only keep are outstanding. */
static int replies_discard_buffered(struct qtest *q, unsigned int keep)
{
	char *line;

	while ((line = reply_next_buffered(q, q->pending > keep))) {
		if (line[0] != 'O')
			return stream_die(q);
		q->pending--;
	}
	return 0;
}

/* Waits until only keep replies are outstanding. */
static int replies_discard(struct qtest *q, unsigned int keep)
{
	for (;;) {
		if (replies_discard_buffered(q, keep))
			return -EIO;
		if (q->pending <= keep)
			return 0;
		if (stream_receive(q, true) < 0)
			return -EIO;
	}
}

/* "OK 0x0000000000000010" */
static int parse_value(const char *line, uint64_t *ret)
{
	uint64_t v = 0;
	const char *p;

	if (strncmp(line, "OK 0x", 5))
		return -EIO;
	for (p = line + 5; *p; p++) {
		if (*p >= '0' && *p <= '9')
			v = v << 4 | (uint64_t)(*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			v = v << 4 | (uint64_t)(*p - 'a' + 10);
		else
			return -EIO;
	}
	*ret = v;
	return 0;
}

static int value_read(struct qtest *q, uint64_t *ret)
{
	char *line = reply_next(q);

	if (!line)
		return -EIO;
	q->pending--;
	return parse_value(line, ret) ? stream_die(q) : replies_discard_buffered(q, 0);
}

/* ---- sending commands ----------------------------------------------------- */

/* Sends the buffer. keep: replies at the end of the queue that a caller waits for. */
static int stream_send(struct qtest *q, unsigned int keep)
{
	size_t done = 0, len = q->out_len;

	if (q->dead)
		return -EIO;
	while (done < len) {
		ssize_t n = send(q->fd, q->out + done, len - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		q->n_syscalls++;
		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return stream_die(q);
		/* QEMU may itself wait for us to read: do both. */
		if (stream_wait(q, POLLIN | POLLOUT) || stream_receive(q, false) < 0 ||
		    replies_discard_buffered(q, keep))
			return -EIO;
	}
	if (len)
		q->n_sends++;
	__atomic_store_n(&q->out_len, 0, __ATOMIC_RELAXED);
	return 0;
}

/* In hexadecimal with 0x. */
static char *put_number(char *p, uint64_t v)
{
	unsigned int shift = v ? (63u - (unsigned int)__builtin_clzll(v)) / 4 * 4 : 0;

	*p++ = '0';
	*p++ = 'x';
	for (;; shift -= 4) {
		*p++ = "0123456789abcdef"[v >> shift & 15];
		if (!shift)
			return p;
	}
}

static char *put_word(char *p, const char *word)
{
	while (*word)
		*p++ = *word++;
	return p;
}

/* Appends a command; value: NULL for a read. */
static void put_command(struct qtest *q, enum access_space space, uint64_t addr, uint32_t size,
			const uint64_t *value)
{
	static const char suffix[9] = { [1] = 'b', [2] = 'w', [4] = 'l', [8] = 'q' };
	char *start = q->out + q->out_len, *p = start;

	if (space == SPACE_MEM)
		p = put_word(p, value ? "write" : "read");
	else
		p = put_word(p, value ? "out" : "in");
	*p++ = suffix[size];
	*p++ = ' ';
	p = put_number(p, addr);
	if (value) {
		*p++ = ' ';
		p = put_number(p, *value);
	}
	*p++ = '\n';
	q->pending++;
	q->n_messages++;
	__atomic_store_n(&q->out_len, q->out_len + (size_t)(p - start), __ATOMIC_RELAXED);
}

/* Makes room for two commands. */
static int command_reserve(struct qtest *q)
{
	if (q->dead)
		return -EIO;
	if (q->out_len + 2 * COMMAND_MAX > sizeof(q->out) && stream_send(q, 0))
		return -EIO;
	if (q->pending < QTEST_CAP)
		return 0;
	if (stream_send(q, 0) || replies_discard(q, QTEST_CAP / 2))
		return -EIO;
	return replies_discard_buffered(q, 0);
}

int qtest_read(struct qtest *q, enum access_space space, uint64_t addr, uint32_t size,
	       uint64_t *ret)
{
	if (command_reserve(q))
		return -EIO;
	put_command(q, space, addr, size, NULL);
	if (stream_send(q, 1) || replies_discard(q, 1))
		return -EIO;
	return value_read(q, ret);
}

void qtest_write(struct qtest *q, enum access_space space, uint64_t addr, uint32_t size,
		 uint64_t value)
{
	if (command_reserve(q))
		return;
	put_command(q, space, addr, size, &value);
	if (q->out_len >= BATCH_BYTES)
		stream_send(q, 0);
}

int qtest_read_write(struct qtest *q, uint64_t raddr, uint64_t *ret, uint64_t addr, uint32_t size,
		     uint64_t value)
{
	uint64_t v;

	if (command_reserve(q))
		return -EIO;
	put_command(q, SPACE_MEM, raddr, 2, NULL);
	put_command(q, SPACE_MEM, addr, size, &value);
	if (stream_send(q, 2) || replies_discard(q, 2) || value_read(q, &v) ||
	    replies_discard(q, 0))
		return -EIO;
	*ret = v;
	return 0;
}

void qtest_flush(struct qtest *q)
{
	stream_send(q, 0);
}

int qtest_drain(struct qtest *q)
{
	if (stream_send(q, 0))
		return -EIO;
	return replies_discard(q, 0);
}

int qtest_poll(struct qtest *q)
{
	bool full;

	if (q->dead)
		return -EIO;
	do {
		if (stream_receive(q, false) < 0)
			return -EIO;
		full = q->in_len == sizeof(q->in);
		if (replies_discard_buffered(q, 0))
			return -EIO;
	} while (full);
	return 0;
}

/* ---- commands of the claim ------------------------------------------------ */

/* Sends one command line on its own; its reply comes from reply_next(). */
static int command_send(struct qtest *q, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static int command_send(struct qtest *q, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (qtest_drain(q))
		return -EIO;
	va_start(ap, fmt);
	n = vsnprintf(q->out, sizeof(q->out), fmt, ap);
	va_end(ap);
	q->out_len = (size_t)n;
	q->pending++;
	q->n_messages++;
	return stream_send(q, 1);
}

int qtest_intercept(struct qtest *q, const char *object)
{
	if (command_send(q, "irq_intercept_in %s\n", object))
		return -EIO;
	return replies_discard(q, 0);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int qtest_read_block(struct qtest *q, uint64_t addr, void *buf, size_t len)
{
	uint8_t *to = buf;
	char *line;
	size_t i;

	if (!len || len > 4096)
		return -EINVAL;
	if (command_send(q, "read %llu %zu\n", (unsigned long long)addr, len))
		return -EIO;
	line = reply_next(q);
	if (!line)
		return -EIO;
	q->pending--;
	if (strncmp(line, "OK 0x", 5) || strlen(line) != 5 + 2 * len)
		return stream_die(q);
	for (i = 0; i < len; i++) {
		int hi = hex_digit(line[5 + 2 * i]), lo = hex_digit(line[6 + 2 * i]);

		if (hi < 0 || lo < 0)
			return stream_die(q);
		to[i] = (uint8_t)(hi << 4 | lo);
	}
	return replies_discard_buffered(q, 0);
}

/*
 * A killed sender's last command is complete, since send() queues all or nothing.
 * If it were not, "0 1 0" would make nearly any prefix of a command either valid
 * and harmless (the device is reset next) or unknown, which QEMU answers; only
 * a malformed or too large number aborts QEMU.
 * Then follows a word that is no command and that no earlier sender has used: QEMU's answer
 * repeats it.
 */
int qtest_resync(struct qtest *q)
{
	char word[48], *line;

	if (q->dead)
		return -EIO;
	q->in_pos = q->in_len = 0;
	q->pending = 0;
	q->lines = 0;
	snprintf(word, sizeof(word), "resync-%d-%llu", (int)getpid(),
		 (unsigned long long)monotonic_ns());
	q->out_len = (size_t)snprintf(q->out, sizeof(q->out), "0 1 0\n%s\n", word);
	if (stream_send(q, 0))
		return -EIO;
	do {
		line = reply_next(q);
		if (!line)
			return -EIO;
	} while (!strstr(line, word));
	return replies_discard_buffered(q, 0);
}
