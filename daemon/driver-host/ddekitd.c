/* SPDX-License-Identifier: GPL-2.0-only */
/* See ddekitd.h and protocol/host.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "ddekitd.h"
#include "sandbox.h"
#include "lib/util.h"

static int log_fd = STDERR_FILENO;
static _Atomic unsigned int log_lost;

uint64_t wire_rss_kb(void)
{
	static int fd = -1; /* opened before the sandbox is up */
	unsigned long size, resident = 0;
	char text[128];
	ssize_t n;

	if (fd < 0)
		fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = 0;
	if (sscanf(text, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* ---- receiving ----------------------------------------------------------------- */

static int collect_fds(struct msghdr *m, int *fds, unsigned int *ret_n)
{
	struct cmsghdr *c;

	*ret_n = 0;
	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		*ret_n = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), *ret_n * sizeof(int));
	}
	return m->msg_flags & (MSG_CTRUNC | MSG_TRUNC) ? -EPROTO : 0;
}

static int check_header(const struct proto_header *h, uint32_t type, ssize_t got, size_t want)
{
	if (got != (ssize_t)want || h->version != PROTO_VERSION || h->type != type ||
	    h->len != want)
		return -EPROTO;
	return 0;
}

/* Memory and devices get numbers that the sandbox does not let be executed. */
static int lift_fds(int *fds, unsigned int n)
{
	struct stat st;
	unsigned int i;
	int up;

	for (i = 0; i < n; i++) {
		if (fstat(fds[i], &st) < 0)
			return -errno;
		if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
			continue;
		up = fcntl(fds[i], F_DUPFD_CLOEXEC, FILTER_EXEC_FDS);
		if (up < 0)
			return errno == EINVAL ? -EMFILE : -errno;
		close(fds[i]);
		fds[i] = up;
	}
	return 0;
}

static int place_fds(struct proto_setup *s, int *fds, unsigned int n, int *ret_fds)
{
	const unsigned int others = 1 + s->n_class_fds;
	int err;

	if (s->n_class_fds > PROTO_CLASS_FDS || s->handover.n_fds > DDEKIT_HANDOVER_FDS ||
	    n != others + s->handover.n_fds)
		return -EPROTO;
	err = lift_fds(fds, n);
	if (err)
		return err;
	log_fd = fds[0];
	memcpy(ret_fds, fds + 1, s->n_class_fds * sizeof(int));
	memcpy(s->handover.fds, fds + others, s->handover.n_fds * sizeof(int));
	return 0;
}

int wire_receive_setup(struct proto_setup *ret, int ret_fds[PROTO_CLASS_FDS])
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(PROTO_MAX_FDS * sizeof(int))];
	} control;
	struct iovec iov = { ret, sizeof(*ret) };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fds[PROTO_MAX_FDS], err;
	unsigned int n;
	ssize_t r;

	do
		r = recvmsg(PROTO_FD, &m, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	err = collect_fds(&m, fds, &n);
	if (!err)
		err = check_header(&ret->h, PROTO_SETUP, r, sizeof(*ret));
	if (!err && (ret->n_plugins > PROTO_MAX_PLUGINS || ret->n_smbios > PROTO_SMBIOS || !n))
		err = -EPROTO;
	if (!err)
		err = place_fds(ret, fds, n, ret_fds);
	return err;
}

int wire_receive_request(struct proto_request *ret)
{
	ssize_t r = recv(PROTO_FD, ret, sizeof(*ret), MSG_DONTWAIT);
	int err;

	if (r < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (r == 0)
		return -EPIPE;
	err = check_header(&ret->h, PROTO_REQUEST, r, sizeof(*ret));
	if (!err && !memchr(ret->text, 0, sizeof(ret->text)))
		err = -EPROTO;
	return err ? err : 1;
}

/* ---- sending --------------------------------------------------------------------- */

/* ddekitd reads as fast as it can; a full socket means that it is stuck, or that
 * its successor is awaited, and then waiting is right. */
static void transmit_with(struct proto_header *h, uint32_t type, size_t len, uint32_t seq,
			  int flags)
{
	ssize_t r;

	*h = (struct proto_header){ PROTO_VERSION, type, (uint32_t)len, seq };
	do
		r = send(PROTO_FD, h, len, MSG_NOSIGNAL | flags);
	while (r < 0 && errno == EINTR);
	if (r < 0 && errno != EAGAIN)
		wire_logf(4, "ddekit-host: cannot send to ddekitd: %s", strerror(errno));
}

static void transmit(struct proto_header *h, uint32_t type, size_t len, uint32_t seq)
{
	transmit_with(h, type, len, seq, 0);
}

void wire_send_state(enum proto_state state, int error, const char *release, const char *text)
{
	struct proto_state_msg m = {
		.state = state,
		.error = error,
		.mono_ns = mono_ns(),
		.rss_kb = wire_rss_kb(),
	};

	snprintf(m.release, sizeof(m.release), "%s", release ? release : "");
	snprintf(m.text, sizeof(m.text), "%s", text ? text : "");
	transmit(&m.h, PROTO_STATE, sizeof(m), 0);
}

void wire_send_export(const char *class, uint32_t index, const void *data, size_t len)
{
	struct proto_export m = { .index = index, .mono_ns = mono_ns() };

	if (len > sizeof(m.data))
		len = sizeof(m.data); /* which ddekitd would refuse: no class has more */
	snprintf(m.class, sizeof(m.class), "%s", class);
	memcpy(m.data, data, len);
	transmit(&m.h, PROTO_EXPORT, offsetof(struct proto_export, data) + len, 0);
}

void wire_send_heartbeat(uint64_t count)
{
	struct proto_heartbeat m = { .count = count };

	/* One that finds the socket full tells nothing that those in it do not. */
	transmit_with(&m.h, PROTO_HEARTBEAT, sizeof(m), 0, MSG_DONTWAIT);
}

void wire_send_reply(uint32_t seq, int error, const struct proto_stats *stats)
{
	struct proto_reply m = { .error = error };

	if (stats)
		m.stats = *stats;
	transmit(&m.h, PROTO_REPLY, sizeof(m), seq);
}

void wire_send_text(uint32_t seq, int error, struct proto_text *m)
{
	m->error = error;
	if (error)
		m->text[0] = 0;
	transmit(&m->h, PROTO_TEXT, offsetof(struct proto_text, text) + strlen(m->text) + 1, seq);
}

/* ---- log --------------------------------------------------------------------------- */

static bool put_line(const char *text, size_t len, unsigned int level)
{
	char prefix[4] = { '<', (char)('0' + (level & 7)), '>', 0 };
	struct iovec v[3] = { { prefix, 3 }, { (char *)(uintptr_t)text, len }, { "\n", 1 } };

	return writev(log_fd, v, 3) > 0;
}

void wire_log(unsigned int level, const char *text, size_t len)
{
	unsigned int lost = atomic_load(&log_lost);
	char note[64];
	int saved = errno, n;

	if (lost) {
		n = snprintf(note, sizeof(note), "ddekit-host: %u log lines lost", lost);
		if (put_line(note, (size_t)n, 4))
			atomic_fetch_sub(&log_lost, lost);
	}
	if (!put_line(text, len, level))
		atomic_fetch_add(&log_lost, 1);
	errno = saved;
}

void wire_logf(unsigned int level, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wire_log(level, text, n >= (int)sizeof(text) ? sizeof(text) - 1 : (size_t)n);
}
