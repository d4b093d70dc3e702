/* SPDX-License-Identifier: GPL-2.0-only */
/* One emulated device and its driver host, without ddekitd: see blockring.h. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "blockring.h"
#include "common.h"

#define POOL (64ull << 20)
#define READY_MS 60000

void rig_claim(struct rig *rig)
{
	struct ddekit_claim_spec spec = {
		.bdf = { 0xe000, 1, 0, 0 },
		.backend = "emu",
		.pool_size = POOL,
		.emu_device = rig->device,
		.emu_args = rig->args,
	};
	int fds[] = { -1, -1 }, err;
	char *why = NULL;

	if (rig->drive) {
		fds[0] = open(rig->drive,
			      O_CLOEXEC | (strstr(rig->drive_options, "read-only=on") ? O_RDONLY
										      : O_RDWR));
		if (fds[0] < 0)
			die_errno(errno, "%s", rig->drive);
		spec.emu_drive = rig->drive_options;
		spec.emu_drive_fd = fds[0];
		spec.emu_fds = fds;
	}
	err = ddekit_claim_open(&spec, &rig->claim, &why);
	if (err)
		die("claim: %s", why ? why : strerror(-err));
}

/* ---- the set-up message ------------------------------------------------------------ */

/* Adds the plugins of NAME.json, in their order. */
static void add_plugins(struct rig *rig, struct proto_setup *s, const char *name)
{
	struct json_object *o, *modules;
	char path[4096];
	size_t i;

	snprintf(path, sizeof(path), "%s/drivers/plugins/%s.json", rig->build, name);
	o = json_object_from_file(path);
	if (!o || !json_object_object_get_ex(o, "modules", &modules))
		die("%s: %s", path, json_util_get_last_err());
	for (i = 0; i < json_object_array_length(modules); i++) {
		if (s->n_plugins == PROTO_MAX_PLUGINS)
			die("more than %d plugins", PROTO_MAX_PLUGINS);
		snprintf(s->plugins[s->n_plugins++].path, PROTO_PATH, "%s/drivers/plugins/%s",
			 rig->build, json_object_get_string(json_object_array_get_idx(modules, i)));
	}
	json_object_put(o);
}

static void fill_setup(struct rig *rig, struct proto_setup *s)
{
	int err;

	snprintf(s->runtime, PROTO_PATH, "%s/dde-linux/libdde-linux.so", rig->build);
	snprintf(s->plugin_dir, PROTO_PATH, "%s/drivers/plugins", rig->build);
	snprintf(s->firmware_dir, PROTO_PATH, "/lib/firmware");
	snprintf(s->class, sizeof(s->class), "block");
	s->n_class_fds = BLOCK_FDS;
	s->nr_cpus = 1;
	s->heartbeat_ms = 1000;
	s->confine = rig->sandbox ? CONFINE_SANDBOX : 0;
	add_plugins(rig, s, rig->driver);
	add_plugins(rig, s, "dde_block");
	s->plugins[s->n_plugins - 1].role = PLUGIN_BRIDGE | PLUGIN_STAYS;
	err = ddekit_claim_handover(rig->claim, &s->handover);
	if (err)
		die_errno(err, "handover");
	s->h = (struct proto_header){ PROTO_VERSION, PROTO_SETUP, sizeof(*s), 0 };
}

static void send_setup(struct rig *rig, struct proto_setup *s)
{
	int fds[PROTO_MAX_FDS] = { STDERR_FILENO, rig->memory, rig->kick, rig->done };
	size_t n = 1 + BLOCK_FDS + s->handover.n_fds;
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(fds))];
	} control = { 0 };
	struct iovec iov = { s, sizeof(*s) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf };
	struct cmsghdr *c;

	memcpy(fds + 1 + BLOCK_FDS, s->handover.fds, s->handover.n_fds * sizeof(int));
	msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	if (sendmsg(rig->socket, &msg, MSG_NOSIGNAL) < 0)
		die_errno(errno, "send the set-up");
}

/* ---- start and end -------------------------------------------------------------------- */

static void exec_host(struct rig *rig, int sock)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/daemon/driver-host/ddekit-host", rig->build);
	if (sock == PROTO_FD)
		fcntl(sock, F_SETFD, 0);
	else
		dup2(sock, PROTO_FD);
	execl(path, path, "e000:01:00.0", rig->driver, NULL);
	_exit(127);
}

void rig_start(struct rig *rig)
{
	struct proto_setup *s = calloc(1, sizeof(*s));
	int pair[2];

	if (!s || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die_errno(errno, "socket");
	rig->socket = pair[0];
	fill_setup(rig, s);
	send_setup(rig, s);
	free(s);
	rig->host = fork();
	if (rig->host < 0)
		die_errno(errno, "fork");
	if (!rig->host)
		exec_host(rig, pair[1]);
	close(pair[1]);
	if (!rig_listen(rig, PROTO_STATE, STATE_READY, READY_MS))
		die("the driver host is not ready");
}

static void print_disk(uint32_t index, const struct block_export *m)
{
	static const char *const event[] = { "", "present", "changed", "gone" };

	printf("disk %u %s name=%s driver=%s bytes=%llu block=%u/%u flags=%x model=\"%s\" "
	       "serial=\"%s\" wwid=\"%s\"\n",
	       index, event[m->event], m->name, m->driver, (unsigned long long)m->bytes,
	       m->logical_block, m->physical_block, m->flags, m->model, m->serial, m->wwid);
}

/* Return: whether the message has the type and event. */
static bool match_message(const void *buf, uint32_t type, uint32_t event)
{
	const struct proto_header *h = buf;
	const struct proto_state_msg *state = buf;
	const struct proto_export *export = buf;
	const struct block_export *disk = (const void *)export->data;

	if (h->type == PROTO_EXPORT) {
		print_disk(export->index, disk);
		return type == PROTO_EXPORT && disk->event == event;
	}
	if (h->type != PROTO_STATE)
		return false;
	if (state->state == STATE_FAILED)
		die("the driver host failed: %s", state->text);
	return type == PROTO_STATE && state->state == event;
}

bool rig_listen(struct rig *rig, uint32_t type, uint32_t event, int ms)
{
	uint64_t deadline = mono_ns() + (uint64_t)ms * 1000000, now;
	static uint64_t buf[8192];
	struct pollfd p = { rig->socket, POLLIN, 0 };

	while ((now = mono_ns()) < deadline) {
		if (poll(&p, 1, (int)((deadline - now) / 1000000) + 1) < 1)
			continue;
		if (recv(rig->socket, buf, sizeof(buf), 0) <= 0)
			return false;
		if (match_message(buf, type, event))
			return true;
	}
	return false;
}

static void request(struct rig *rig, enum proto_op op)
{
	struct proto_request m = { .op = op };

	m.h = (struct proto_header){ PROTO_VERSION, PROTO_REQUEST, sizeof(m), ++rig->seq };
	if (send(rig->socket, &m, sizeof(m), MSG_NOSIGNAL) < 0)
		die_errno(errno, "send a request");
}

static void reap_host(struct rig *rig, int want)
{
	int status;

	if (waitpid(rig->host, &status, 0) != rig->host)
		die_errno(errno, "wait");
	if (status != want)
		die("the driver host ended with status %x", status);
	rig->host = 0;
	close(rig->socket);
	if (ddekit_claim_quiesce(rig->claim))
		die("cannot quiesce the device");
}

void rig_stop(struct rig *rig)
{
	request(rig, OP_STOP);
	if (!rig_listen(rig, PROTO_STATE, STATE_STOPPED, READY_MS))
		die("the driver host does not stop");
	reap_host(rig, 0);
}

void rig_kill(struct rig *rig)
{
	kill(rig->host, SIGKILL);
	reap_host(rig, SIGKILL);
}

void rig_reload(struct rig *rig)
{
	request(rig, OP_RELOAD);
	if (!rig_listen(rig, PROTO_STATE, STATE_READY, READY_MS))
		die("the driver host does not reload");
}
