/* SPDX-License-Identifier: GPL-2.0-only */
/* A driver host's process: socket, log pipe, requests, death; see driver-host.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <syslog.h>

#include "child.h"
#include "driver-host.h"
#include "message.h"

/* Each ddekitd that adopts a host requests its state. Replies to earlier ones that died
 * without reading them may still be queued. */
#define ASKED_MAX 64
#define MESSAGE_BUDGET 64 /* messages per wake-up */
#define LOG_PIPE_SIZE (256 << 10)
#define LOG_RATE 5000u /* lines per second; more are counted and dropped */
#define REQUEST_TIMEOUT_US 3000000ull
#define REQUESTS_MAX 128     /* not answered yet */
#define LINGER_US 1000000ull /* between a closed socket and SIGKILL */
#define DUMP_US 500000ull    /* for the dump that SIGQUIT asks for, before SIGKILL */

struct pending {
	struct pending *next;
	struct host *host;
	uint32_t seq;
	enum proto_op op;
	sd_event_source *timer;
	host_reply_fn fn;
	void *arg;
};

struct host {
	const struct host_ops *ops;
	void *arg;
	struct child child;
	int socket;
	char *binary; /* and the user, for that error */
	uid_t uid;
	uint64_t start_ns;
	sd_event_source *socket_source;
	sd_event_source *linger;
	struct message_context context;
	struct pending *pending;
	uint32_t seq;
	char *reason;     /* why we killed it */
	char *last_words; /* why its runtime died, from its log */
	bool killed;
	sd_event_source *dumping;
	struct proto_stats stats; /* the last that it sent */
	uint64_t stats_ns;        /* when; 0: none yet */
};

/* ---- log pipe ------------------------------------------------------------ */

static void on_host_line(void *arg, char *text)
{
	struct host *host = arg;
	int level = LOG_NOTICE;

	if (text[0] == '<' && text[1] >= '0' && text[1] <= '7' && text[2] == '>') {
		level = text[1] - '0';
		text += 3;
	}
	if (!strncmp(text, PROTO_LAST_WORDS, strlen(PROTO_LAST_WORDS)))
		str_set(&host->last_words, text + strlen(PROTO_LAST_WORDS));
	if (*text)
		host->ops->log(host->arg, level, text);
}

static void on_host_flood(void *arg, const char *text)
{
	struct host *host = arg;

	host->ops->log(host->arg, LOG_WARNING, text);
}

/* ---- requests ------------------------------------------------------------ */

static void finish_request(struct pending *p, const struct host_reply *reply)
{
	struct pending **at = &p->host->pending;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	sd_event_source_disable_unref(p->timer);
	if (p->fn)
		p->fn(p->arg, reply);
	free(p);
}

static int on_request_timeout(sd_event_source *source, uint64_t usec, void *arg)
{
	finish_request(arg, &(struct host_reply){ .error = -ETIMEDOUT });
	return 0;
}

/* A reply after its time-out is late, not bad; or it is for our predecessor. Each counts as
 * an unrequested message. */
static const char *accept_late_reply(struct host *host, const struct proto_header *h)
{
	if (h->seq > host->seq && !host->child.adopted)
		return "reply to no request";
	return message_unasked(&host->context, mono_ns());
}

/* Each request excuses one reply. @h: of a checked message of type PROTO_REPLY or
 * PROTO_TEXT */
static const char *accept_reply(struct host *host, const struct proto_header *h)
{
	const struct proto_reply *m = (const void *)h;
	const struct proto_text *t = (const void *)h;
	struct host_reply reply = { 0 };
	struct pending *p = host->pending;

	while (p && p->seq != h->seq)
		p = p->next;
	if (!p)
		return accept_late_reply(host, h);
	if (proto_wants_text(p->op) != (h->type == PROTO_TEXT))
		return "reply of the wrong kind";
	reply.error = h->type == PROTO_TEXT ? t->error : m->error;
	if (!reply.error && proto_wants_text(p->op))
		reply.text = t;
	else if (!reply.error && (p->op == OP_STATS || p->op == OP_COUNTERS))
		reply.stats = &m->stats;
	if (reply.stats) {
		host->stats = *reply.stats;
		host->stats_ns = mono_ns();
	}
	finish_request(p, &reply);
	return NULL;
}

static bool has_enough_requests(const struct host *host)
{
	const struct pending *p;
	unsigned int n = 0;

	for (p = host->pending; p; p = p->next)
		n++;
	return n >= REQUESTS_MAX;
}

static int send_request(struct host *host, struct proto_request *m, host_reply_fn fn, void *arg)
{
	struct pending *p;
	int r;

	if (has_enough_requests(host))
		return -EAGAIN;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	m->h = (struct proto_header){ PROTO_VERSION, PROTO_REQUEST, sizeof(*m), host->seq + 1 };
	*p = (struct pending){ .host = host, .seq = m->h.seq, .op = m->op, .fn = fn, .arg = arg };
	r = sd_event_add_time_relative(host->child.event, &p->timer, CLOCK_MONOTONIC,
				       REQUEST_TIMEOUT_US, 0, on_request_timeout, p);
	if (r >= 0 && send(host->socket, m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		r = errno == EPIPE ? -EAGAIN : -errno;
	if (r < 0) {
		sd_event_source_disable_unref(p->timer);
		free(p);
		return r;
	}
	host->seq++;
	p->next = host->pending;
	host->pending = p;
	if (m->op == OP_RELOAD)
		host->context.reloads = true;
	return 0;
}

int host_request(struct host *host, enum proto_op op, host_reply_fn fn, void *arg)
{
	struct proto_request m = { .op = op };

	return send_request(host, &m, fn, arg);
}

int host_request_class(struct host *host, const void *data, size_t len, host_reply_fn fn, void *arg)
{
	struct proto_request m = { .op = OP_CLASS };

	if (len > sizeof(m.data))
		return -E2BIG;
	memcpy(m.data, data, len);
	return send_request(host, &m, fn, arg);
}

int host_request_text(struct host *host, enum proto_op op, uint32_t value, const char *text,
		      host_reply_fn fn, void *arg)
{
	struct proto_request m = { .op = op, .value = value };

	if (text && strlen(text) >= sizeof(m.text))
		return -E2BIG;
	if (text)
		memcpy(m.text, text, strlen(text));
	return send_request(host, &m, fn, arg);
}

/* ---- messages ------------------------------------------------------------ */

static const char *dispatch(struct host *host, const struct proto_header *h)
{
	switch (h->type) {
	case PROTO_STATE:
		host->ops->state(host->arg, (const void *)h);
		break;
	case PROTO_EXPORT:
		host->ops->export(host->arg, (const void *)h);
		break;
	case PROTO_HEARTBEAT:
		host->ops->heartbeat(host->arg);
		break;
	case PROTO_REPLY:
	case PROTO_TEXT:
		return accept_reply(host, h);
	}
	return NULL;
}

/* Return: bytes of a message in buf, 0: the end, -EAGAIN, -EPROTO, -errno. */
static ssize_t receive(struct host *host, void *buf)
{
	struct iovec iov = { .iov_base = buf, .iov_len = MESSAGE_MAX };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n = recvmsg(host->socket, &msg, MSG_DONTWAIT);

	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	/* Too long; or it carries fds, which the kernel has dropped. */
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -EPROTO;
	return n;
}

/* Handles queued messages. Return: false at the end of the connection. */
static bool read_messages(struct host *host)
{
	static uint64_t buf[MESSAGE_MAX / 8]; /* dispatch() does not come back here */
	unsigned int budget = MESSAGE_BUDGET;
	const char *why = NULL;
	ssize_t n;

	while (budget-- && !host->killed) {
		n = receive(host, buf);
		if (n == -EAGAIN)
			return true;
		if (n <= 0 && n != -EPROTO)
			return false;
		if (n < 0)
			why = "message too long, or with file descriptors";
		else if (!message_check(&host->context, buf, n, mono_ns(), &why))
			why = dispatch(host, (const void *)buf);
		if (why) {
			host_kill(host, why);
			return false;
		}
	}
	return true;
}

static int on_linger(sd_event_source *source, uint64_t usec, void *arg)
{
	host_kill(arg, "closed its connection but lived on");
	return 0;
}

static int on_socket(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct host *host = arg;

	if (read_messages(host))
		return 0;
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	if (!host->linger)
		sd_event_add_time_relative(host->child.event, &host->linger, CLOCK_MONOTONIC,
					   LINGER_US, 0, on_linger, host);
	return 0;
}

/* ---- end ----------------------------------------------------------------- */

static char *explain_start(const char *binary, uid_t uid, int r)
{
	const char *hint = "";

	if (r == -ENOENT)
		hint = "; install ddekit-host or set host-binary=";
	else if (r == -EACCES)
		hint = "; the file and the folders above it must be accessible to that user";
	return str_format("cannot run %s as user %u: %s%s", binary, (unsigned int)uid, strerror(-r),
			  hint);
}

static char *death_text(const struct host *host, const struct host_death *death, int exec_error)
{
	if (host->reason)
		return str_format("killed by ddekitd: %s", host->reason);
	if (exec_error)
		return explain_start(host->binary, host->uid, exec_error);
	if (death->signalled && host->last_words)
		return str_format("killed by %s: %s", signal_name(death->status), host->last_words);
	if (death->signalled)
		return str_format("killed by %s", signal_name(death->status));
	if (host->child.adopted)
		return str_format("ended%s%s", host->last_words ? ": " : "",
				  host->last_words ? host->last_words : "");
	return str_format("exited with status %d", death->status);
}

static void on_host_ended(void *arg, const struct child_end *end)
{
	struct host *host = arg;
	struct host_death death = { .signalled = end->signalled, .status = end->status };
	_cleanup_free_ char *text = NULL;

	read_messages(host); /* the last ones */
	child_ended(&host->child);
	while (host->pending)
		finish_request(host->pending, &(struct host_reply){ .error = -EPIPE });
	death.clean = end->known ? !end->signalled && !end->status
				 : host->context.last_state == STATE_STOPPED;
	death.not_run = end->exec_error && !host->reason;
	text = death_text(host, &death, end->exec_error);
	death.text = text ? text : "died";
	host->ops->died(host->arg, &death);
}

static const struct child_ops child_ops = {
	.log = { .line = on_host_line, .flood = on_host_flood },
	.ended = on_host_ended,
};

void host_kill(struct host *host, const char *reason)
{
	if (host->killed || host->child.ended)
		return;
	host->killed = true;
	if (reason)
		str_set(&host->reason, reason);
	child_signal(&host->child, SIGKILL);
}

static int on_dumped(sd_event_source *source, uint64_t usec, void *arg)
{
	host_kill(arg, NULL);
	return 0;
}

void host_kill_stuck(struct host *host, const char *reason)
{
	if (host->killed || host->child.ended || host->dumping)
		return;
	str_set(&host->reason, reason);
	child_signal(&host->child, SIGQUIT);
	if (sd_event_add_time_relative(host->child.event, &host->dumping, CLOCK_MONOTONIC, DUMP_US,
				       0, on_dumped, host) < 0)
		host_kill(host, NULL);
}

void host_destroy(struct host *host)
{
	if (!host)
		return;
	sd_event_source_disable_unref(host->socket_source);
	sd_event_source_disable_unref(host->linger);
	sd_event_source_disable_unref(host->dumping);
	while (host->pending)
		finish_request(host->pending, &(struct host_reply){ .error = -EPIPE });
	child_finish(&host->child);
	fd_close(&host->socket);
	free(host->binary);
	free(host->reason);
	free(host->last_words);
	free(host);
}

/* ---- start --------------------------------------------------------------- */

static struct host *host_create(sd_event *event, const struct host_ops *ops, void *arg)
{
	struct host *host = calloc(1, sizeof(*host));

	if (!host)
		return NULL;
	*host = (struct host){ .ops = ops, .arg = arg, .socket = -1 };
	child_init(&host->child, event, LOG_RATE, &child_ops, host);
	return host;
}

static int send_setup(struct host *host, const struct host_spec *spec, int log)
{
	struct proto_setup *setup = spec->setup;
	struct ddekit_handover *h = &setup->handover;
	int fds[PROTO_MAX_FDS], n = 0;
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(fds))];
	} control = { 0 };
	struct iovec iov = { .iov_base = setup, .iov_len = sizeof(*setup) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf };
	struct cmsghdr *cmsg;

	if (h->n_fds > DDEKIT_HANDOVER_FDS || setup->n_class_fds > PROTO_CLASS_FDS)
		return -EINVAL;
	fds[n++] = log;
	memcpy(&fds[n], spec->class_fds, setup->n_class_fds * sizeof(int));
	n += setup->n_class_fds;
	memcpy(&fds[n], h->fds, h->n_fds * sizeof(int));
	n += h->n_fds;
	msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	setup->h = (struct proto_header){ PROTO_VERSION, PROTO_SETUP, sizeof(*setup), 0 };
	return sendmsg(host->socket, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int host_watch(struct host *host)
{
	int r = sd_event_add_io(host->child.event, &host->socket_source, host->socket, EPOLLIN,
				on_socket, host);

	/* Its messages are handled before its log. */
	if (r >= 0)
		r = sd_event_source_set_priority(host->child.log.source,
						 SD_EVENT_PRIORITY_NORMAL + 10);
	return r < 0 ? r : 0;
}

static int host_run(struct host *host, const struct host_spec *spec, int sock, int log)
{
	char *argv[] = { "ddekit-host", (char *)spec->bdf, (char *)spec->driver, NULL };
	struct spawn s = { .binary = spec->binary,
			   .argv = argv,
			   .confine = &spec->confine,
			   .socket = sock,
			   .log = log,
			   .outlive = spec->outlive };
	int r;

	host->start_ns = mono_ns();
	host->context.not_before = host->start_ns;
	host->uid = spec->confine.uid;
	host->binary = strdup(spec->binary);
	/* Waits in the socket until the process is there to read it. */
	r = host->binary ? send_setup(host, spec, log) : -ENOMEM;
	if (!r)
		r = child_start(&host->child, &s);
	return r < 0 ? r : host_watch(host);
}

int host_start(sd_event *event, const struct host_spec *spec, const struct host_ops *ops, void *arg,
	       struct host **ret, char **ret_why)
{
	_cleanup_close_ int sock = -1, log = -1;
	struct host *host = host_create(event, ops, arg);
	int r, sv[2];

	if (!host)
		return -ENOMEM;
	r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0 ? -errno : 0;
	if (!r) {
		host->socket = sv[0];
		sock = sv[1];
		r = child_open_log(&host->child, &log);
	}
	if (!r) {
		fcntl(log, F_SETPIPE_SZ, LOG_PIPE_SIZE);
		r = host_run(host, spec, sock, log);
	}
	if (r < 0) {
		*ret_why = explain_start(spec->binary, spec->confine.uid, r);
		host_destroy(host);
		return r;
	}
	*ret = host;
	return 0;
}

/* ---- a host that outlives its ddekitd ---------------------------------------- */

void host_save(const struct host *host, struct host_saved *ret)
{
	*ret = (struct host_saved){ .pidfd = host->child.pidfd,
				    .socket = host->socket,
				    .log = host->child.log.fd,
				    .pid = host->child.pid,
				    .start_ns = host->start_ns,
				    .last_state = host->context.last_state };
}

int host_adopt(sd_event *event, const struct host_saved *saved, const struct host_ops *ops,
	       void *arg, struct host **ret)
{
	struct host *host = host_create(event, ops, arg);
	int r = host ? 0 : -ENOMEM, pid = pidfd_pid(saved->pidfd),
	    fds[] = { saved->pidfd, saved->socket, saved->log };
	size_t i;

	if (!r && pid != -1 && pid != saved->pid)
		r = -ESTALE;
	if (r < 0) {
		for (i = 0; i < ARRAY_SIZE(fds); i++)
			fd_close(&fds[i]);
		free(host);
		return r;
	}
	host->socket = saved->socket;
	host->start_ns = saved->start_ns;
	host->context.not_before = saved->start_ns;
	host->context.last_state = saved->last_state;
	host->context.again = ASKED_MAX;
	r = child_adopt(&host->child, saved->pid, saved->pidfd, saved->log);
	if (!r)
		r = host_watch(host);
	if (r < 0) {
		child_disown(&host->child);
		host_destroy(host);
		return r;
	}
	/* Errors do not matter: that it died or does not read is noticed elsewhere. */
	host_request(host, OP_SAY_STATE, NULL, NULL);
	*ret = host;
	return 0;
}

int host_wait(const struct host *host, int ms)
{
	return child_wait(&host->child, ms);
}

pid_t host_pid(const struct host *host)
{
	return host->child.pid;
}

uint64_t host_start_ns(const struct host *host)
{
	return host->start_ns;
}

const struct proto_stats *host_last_stats(const struct host *host, uint64_t *ret_ns)
{
	if (!host->stats_ns)
		return NULL;
	*ret_ns = host->stats_ns;
	return &host->stats;
}

uint64_t host_log_lost(const struct host *host)
{
	return host->child.log.lost;
}
