/* SPDX-License-Identifier: GPL-2.0-only */
/* The class "block" in ddekitd: the disks of a device, their ring and their front. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "drivers/bridges/class-ddekitd.h"
#include "ddekitd.h"
#include "state/fd-store.h"
#include "process/child.h"
#include "process/front.h"
#include "lib/log.h"

#ifndef DDEKIT_NBDKIT
#define DDEKIT_NBDKIT "/usr/bin/nbdkit"
#endif

#define NBD_THREADS "64" /* requests of one client at once */
#define NBD_PLUGIN "nbdkit-ddekit-plugin.so"
#define UBLK_END_MS 3000
#define KILL_MS 2000 /* between SIGKILL and a front's end */
#define UBLK_FRONT "ddekit-ublk"
#define UBLK_CONTROL "/dev/ublk-control"
#define FRONT_ARGS "ring=4", "control=5", "kick=6", "done=7", "life=8"
#define SECOND_NS 1000000000ull
#define AGAIN_MS 1000 /* a front that lived shorter is started so much later */

extern const struct class_ops block_class_ops;

static void start_front(struct device *dev);
static void block_persist(const struct device *dev);

static void block_warn(struct device *dev, const char *what, int r)
{
	struct log_about about = device_about(dev);

	log_line(&about, LOG_WARNING, "%s: %s", what, strerror(-r));
}

/* ---- the front ---------------------------------------------------------------- */

static int on_front_again(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;

	start_front(dev);
	return 0;
}

static void start_front_later(struct device *dev)
{
	struct device_block *b = block_of(dev);
	uint64_t ms = mono_ns() - b->front_start < SECOND_NS ? AGAIN_MS : 0;
	int r;

	b->again = sd_event_source_disable_unref(b->again);
	r = sd_event_add_time_relative(dev->env->event, &b->again, CLOCK_MONOTONIC, ms * 1000, 1000,
				       on_front_again, dev);
	if (r < 0)
		block_warn(dev, "cannot restart the front of its disks", r);
}

static void on_front_log(void *arg, const char *text)
{
	struct device *dev = arg;
	struct log_about about = device_about(dev);

	device_log_line(dev, LOG_WARNING, text);
	log_line(&about, LOG_WARNING, "%s", text);
}

static void block_finish_close(struct device *dev);

static void on_front_died(void *arg, const char *how)
{
	struct device *dev = arg;
	struct log_about about = device_about(dev);
	struct device_block *b = block_of(dev);

	if (!b->closing)
		log_line(&about, LOG_WARNING, "front %d of its disks %s; restarting it",
			 (int)front_pid(b->front), how);
	front_destroy(b->front);
	b->front = NULL;
	block_share_front_died(&b->share);
	if (b->closing) {
		block_finish_close(dev);
		return;
	}
	b->front_restarts++;
	start_front_later(dev);
}

static const struct front_ops front_ops = { .log = on_front_log, .died = on_front_died };

/* The kernel wants CAP_SYS_ADMIN of who makes such a device: this front stays ddekitd's
 * user, and becomes the one of the arguments itself. */
static void confine_ublk(struct confine *c)
{
	c->uid = 0;
	c->gid = 0;
	c->own_user = false;
	c->files = true; /* what udev is to know */
	c->privileged = true;
}

/* ---- its sockets ------------------------------------------------------------------ */

static int listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, r;

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || chmod(path, 0600) < 0 ||
	    listen(fd, 64) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* What a front has can be shut down by it, for all that have the same socket: each front gets
 * sockets of its own. Return: 0, -errno. */
static int renew_sockets(struct device *dev)
{
	struct device_block *b = block_of(dev);
	_cleanup_free_ char *path = block_socket_path(dev);
	int life[2], r = path ? 0 : -ENOMEM;

	if (r || !b->front_start) /* the first has new ones */
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, life) < 0)
		return -errno;
	fd_close(&b->life[0]);
	fd_close(&b->life[1]);
	memcpy(b->life, life, sizeof(life));
	b->share.wake = b->life[0];
	r = b->ublk ? 0 : listen_at(path);
	if (r <= 0)
		return r;
	fd_close(&b->listener);
	b->listener = r;
	return 0;
}

static void start_front(struct device *dev)
{
	struct device_block *b = block_of(dev);
	const char *dir = dev->env->global->front_dir;
	_cleanup_free_ char *file = str_format("%s/%s", dir, b->ublk ? UBLK_FRONT : NBD_PLUGIN);
	char *nbd[] = { DDEKIT_NBDKIT, "--foreground", "--threads", NBD_THREADS,
			file,          FRONT_ARGS,     NULL };
	_cleanup_free_ char *block = block_dir(dev);
	_cleanup_free_ char *names = block ? str_format("names=%s", block) : NULL;
	char device[32], bus[32], user[32], group[32];
	char *ublk[] = { file, FRONT_ARGS, names, device, bus, user, group, NULL };
	char **argv = b->ublk ? ublk : nbd;
	struct front_spec spec = {
		.argv = argv,
		.fds = { b->share.ring, b->share.control, b->share.kick, b->share.done },
		.outlive = fdstore_active(dev->env->fdstore),
	};
	int r = file && names ? 0 : -ENOMEM;

	if (b->front || (b->listener < 0 && !b->ublk))
		return;
	if (!r)
		r = renew_sockets(dev);
	spec.listener = b->ublk ? b->life[1] : b->listener; /* which it does not use */
	spec.fds[4] = b->life[1];
	confine_front(dev->config, dev->env->host_uid, dev->env->host_gid, &spec.confine);
	snprintf(device, sizeof(device), "device=%s", dev->config->bdf_text);
	snprintf(bus, sizeof(bus), "bus=%s", dev->plugin.bus ? dev->plugin.bus : "");
	snprintf(user, sizeof(user), "user=%u", spec.confine.uid);
	snprintf(group, sizeof(group), "group=%u", spec.confine.gid);
	if (b->ublk)
		confine_ublk(&spec.confine);
	b->front_start = mono_ns();
	if (!r)
		r = front_start(dev->env->event, &spec, &front_ops, dev, &b->front);
	if (r < 0) {
		block_warn(dev, argv[0], r);
		start_front_later(dev);
		return;
	}
	if (dev->persisted.state >= 0)
		block_persist(dev);
}

/* ---- opening, closing ------------------------------------------------------------ */

static int make_block_dir(struct device *dev)
{
	_cleanup_free_ char *dir = block_dir(dev);

	if (!dir)
		return -ENOMEM;
	return mkdir(dir, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_listener(struct device *dev, char **ret_why)
{
	_cleanup_free_ char *path = block_socket_path(dev);
	int r = path ? listen_at(path) : -ENOMEM;

	if (r < 0) {
		*ret_why = str_format("cannot listen on %s: %s", path, strerror(-r));
		return r;
	}
	block_of(dev)->listener = r;
	return 0;
}

/* 0: all may use io_uring; 1: who has CAP_SYS_ADMIN, as ddekit-ublk when it makes its rings; 2:
 * nobody. Linux before 6.6 has no such file. */
static bool io_uring_is_disabled(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	int value = 0;

	return f && fscanf(f, "%d", &value) == 1 && value > 1;
}

/* Why this machine has no ublk: static text, NULL: it has. */
static const char *ublk_problem(void)
{
	if (io_uring_is_disabled())
		return "kernel.io_uring_disabled=2: ublk needs io_uring; set that to 1 or 0 "
		       "(sysctl), or use disk=nbd";
	if (access(UBLK_CONTROL, R_OK | W_OK) < 0)
		return "cannot open " UBLK_CONTROL ": load the kernel module ublk_drv, or use "
		       "disk=nbd";
	return NULL;
}

/* Return: 0, -ENOTSUP with *ret_why. */
static int choose_ublk(const struct device_config *config, bool *ret, char **ret_why)
{
	const char *problem = ublk_problem();

	*ret = !strcmp(config->disk, "ublk") || (!strcmp(config->disk, "auto") && !problem);
	if (!*ret || !problem)
		return 0;
	*ret_why = str_format("disk=ublk: %s", problem);
	return -ENOTSUP;
}

static struct device_block *block_create(struct device *dev)
{
	struct device_block *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	*b = (struct device_block){
		.part.class = "block", .share = BLOCK_SHARE_NONE, .listener = -1, .life = { -1, -1 }
	};
	device_add_part(dev, &b->part);
	return b;
}

static void block_destroy(struct device *dev)
{
	struct device_block *b = block_of(dev);
	_cleanup_free_ char *path = block_socket_path(dev), *dir = block_dir(dev);

	sd_event_source_disable_unref(b->again);
	sd_event_source_disable_unref(b->limit);
	block_stop_checks(dev);
	front_destroy(b->front);
	block_share_close(&b->share);
	if (b->listener >= 0 && path)
		unlink(path);
	if (dir)
		rmdir(dir); /* if nothing else is in it */
	fd_close(&b->listener);
	fd_close(&b->life[0]);
	fd_close(&b->life[1]);
	device_remove_part(dev, &b->part);
	free(b);
}

static bool block_close(struct device *dev, bool at_once);

/* It has another driver now. */
static int close_for_another(struct device *dev)
{
	device_set_busy(dev, true);
	if (!block_close(dev, false))
		return 1;
	device_set_busy(dev, false);
	return 0;
}

static int block_open_new(struct device *dev, char **ret_why)
{
	struct device_block *b = block_create(dev);
	int r;

	if (!b)
		return -ENOMEM;
	r = block_share_create(dev->config->disk_timeout, &b->share);
	if (!r && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b->life) < 0)
		r = -errno;
	b->share.wake = b->life[0];
	if (!r)
		r = choose_ublk(dev->config, &b->ublk, ret_why);
	if (!r)
		r = make_block_dir(dev);
	if (!r && strcmp(dev->config->disk, "none") && !b->ublk)
		r = open_listener(dev, ret_why);
	if (r < 0) {
		block_destroy(dev);
		return r;
	}
	start_front(dev);
	return 0;
}

static int block_open(struct device *dev, bool wanted, char **ret_why)
{
	struct device_block *b = block_of(dev);

	if (!wanted)
		return b ? close_for_another(dev) : 0;
	if (!b)
		return block_open_new(dev, ret_why);
	block_share_set_timeout(&b->share, dev->config->disk_timeout);
	return 0;
}

/* Its devices are deleted by the front itself, once life ends; if one has just died, by
 * another. */
static void end_ublk(struct device *dev)
{
	struct device_block *b = block_of(dev);

	block_share_give_up(&b->share);
	start_front(dev);
	fd_close(&b->life[0]);
	fd_close(&b->life[1]);
	b->share.wake = -1;
}

static void block_finish_close(struct device *dev)
{
	block_destroy(dev);
	dev->events->class_closed(dev);
}

/* A front that does not end is killed; one that does not even then is left behind. */
static int on_close_limit(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;
	struct device_block *b = block_of(dev);

	if (b->ublk && b->life_ended) {
		block_warn(dev, "its block devices are left behind", -ETIMEDOUT);
		b->life_ended = false;
		front_kill(b->front);
		sd_event_source_set_time_relative(source, KILL_MS * 1000);
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
		return 0;
	}
	block_warn(dev, "the front of its disks does not end", -ETIMEDOUT);
	block_finish_close(dev);
	return 0;
}

static void close_at_once(struct device *dev)
{
	struct device_block *b = block_of(dev);

	if (b->ublk && !b->closing)
		end_ublk(dev);
	if (b->front && b->ublk && front_wait(b->front, UBLK_END_MS) < 0)
		block_warn(dev, "its block devices are left behind", -ETIMEDOUT);
	block_destroy(dev);
}

/* Ends the front. Return: false: it is waited for. */
static bool end_front(struct device *dev)
{
	struct device_block *b = block_of(dev);

	b->closing = true;
	b->again = sd_event_source_disable_unref(b->again);
	if (b->ublk)
		end_ublk(dev);
	b->life_ended = b->ublk;
	b->again = sd_event_source_disable_unref(b->again);
	if (!b->front)
		return true;
	if (!b->ublk)
		front_kill(b->front);
	return sd_event_add_time_relative(dev->env->event, &b->limit, CLOCK_MONOTONIC,
					  (b->ublk ? UBLK_END_MS : KILL_MS) * 1000ull, 0,
					  on_close_limit, dev) < 0;
}

static bool block_close(struct device *dev, bool at_once)
{
	struct device_block *b = block_of(dev);

	if (!b)
		return true;
	if (at_once) {
		close_at_once(dev);
		return true;
	}
	if (b->closing || !end_front(dev))
		return false;
	block_destroy(dev);
	return true;
}

/* ---- driver hosts ---------------------------------------------------------------- */

static unsigned int block_hand_over(const struct device *dev, struct proto_setup *setup,
				    int fds[PROTO_CLASS_FDS])
{
	const struct device_block *b = block_of(dev);

	if (!b)
		return 0;
	fds[0] = b->share.ring;
	fds[1] = b->share.kick;
	fds[2] = b->share.done;
	return BLOCK_FDS;
}

/* A front that is withdrawing requests does so before a driver host is started, and so does
 * one that is to withdraw those with which the last was stuck: it has a second for that. One
 * that holds the ring longer would keep the device from coming back. */
static bool front_withdraws(struct device *dev)
{
	struct device_block *b = block_of(dev);
	uint64_t now = mono_ns();

	bool looks = b->was_stuck && b->front && !block_share_front_looked(&b->share);

	if (!looks && !block_share_back_try_start(&b->share)) {
		b->withdraws = 0;
		return false;
	}
	if (!b->withdraws)
		b->withdraws = now;
	if (now - b->withdraws > SECOND_NS) {
		block_end_stuck_front(dev);
		b->withdraws = now;
	}
	return true;
}

static bool block_may_start(struct device *dev)
{
	struct device_block *b = block_of(dev);
	size_t i;

	if (!b)
		return true;
	if (front_withdraws(dev))
		return false;
	for (i = 0; i < ARRAY_SIZE(b->disk); i++)
		b->disk[i].seen = false;
	return true;
}

static void block_ready(struct device *dev, bool again)
{
	struct device_block *b = block_of(dev);
	size_t i;

	if (!b)
		return;
	if (block_start_checks(dev) < 0)
		block_warn(dev, "cannot watch its answers", -ENOMEM);
	if (again)
		return;
	for (i = 0; i < ARRAY_SIZE(b->disk); i++)
		if (!b->disk[i].seen)
			b->disk[i].is.flags &= ~DDE_BLOCK_D_PRESENT;
	device_end_outage(dev, mono_ns());
	block_share_back_serves(&b->share);
}

static void block_absent(struct device *dev)
{
	struct device_block *b = block_of(dev);

	if (!b)
		return;
	block_stop_checks(dev);
	block_share_back_absent(&b->share);
}

static void block_quiet(struct device *dev)
{
	struct device_block *b = block_of(dev);

	if (b)
		block_share_back_died(&b->share);
}

static void log_disk(struct device *dev, const struct block_export *msg)
{
	struct log_about about = device_about(dev);
	char size[32];

	if (msg->event == DISK_GONE)
		log_line(&about, LOG_WARNING, "disk %s has gone", msg->name);
	else
		log_line(&about, LOG_INFO, "disk %s, %s, %s%s%s", msg->name,
			 format_size(msg->bytes, size, sizeof(size)), msg->model,
			 *msg->serial ? ", serial " : "", msg->serial);
}

static void block_message(struct device *dev, const struct proto_export *export)
{
	const struct block_export *msg = (const void *)export->data;
	struct device_block *b = block_of(dev);
	struct disk *d;

	if (!b)
		return;
	d = &b->disk[export->index];
	if (msg->event == DISK_GONE) {
		d->is.flags &= ~DDE_BLOCK_D_PRESENT;
		log_disk(dev, msg);
	} else {
		if (!d->known || d->is.bytes != msg->bytes || strcmp(d->is.name, msg->name))
			log_disk(dev, msg);
		d->is = *msg;
		d->known = true;
	}
	d->seen = true;
	block_share_notify(&b->share);
}

/* ---- the next ddekitd ------------------------------------------------------------------ */

static void block_persist(const struct device *dev)
{
	const struct device_block *b = block_of(dev);
	struct front_saved saved;

	if (!b)
		return;
	device_store(dev, "ring", b->share.ring);
	device_store(dev, "control", b->share.control);
	device_store(dev, "kick", b->share.kick);
	device_store(dev, "done", b->share.done);
	device_store(dev, "life0", b->life[0]);
	device_store(dev, "life1", b->life[1]);
	if (b->listener >= 0)
		device_store(dev, "listener", b->listener);
	if (!b->front)
		return;
	front_save(b->front, &saved);
	device_store(dev, "front", saved.pidfd);
	device_store(dev, "frontlog", saved.log);
}

static int adopt_ring(struct device *dev, int (*fetch)(void *arg, const char *what), void *arg)
{
	struct device_block *b = block_create(dev);
	struct front_saved saved;
	int r;

	if (!b)
		return -ENOMEM;
	b->share.ring = fetch(arg, "ring");
	b->share.control = fetch(arg, "control");
	b->share.kick = fetch(arg, "kick");
	b->share.done = fetch(arg, "done");
	b->life[0] = fetch(arg, "life0");
	b->life[1] = fetch(arg, "life1");
	b->share.wake = b->life[0];
	b->listener = fetch(arg, "listener");
	b->ublk = b->listener < 0 && strcmp(dev->config->disk, "none");
	saved.pidfd = fetch(arg, "front");
	saved.log = fetch(arg, "frontlog");
	r = b->life[0] < 0 || b->life[1] < 0 ? -EBADF : block_share_adopt(&b->share);
	saved.pid = saved.pidfd >= 0 ? pidfd_pid(saved.pidfd) : 0;
	b->front_start = mono_ns();
	if (!r && front_adopt(dev->env->event, &saved, &front_ops, dev, &b->front) < 0)
		start_front_later(dev);
	if (r < 0) {
		/* It has what it wrote there; the next front gets everything anew. */
		if (saved.pidfd >= 0)
			device_end_process(dev, saved.pidfd);
		fd_close(&saved.log);
		block_destroy(dev);
	}
	return r;
}

/* If this fails, clients of NBD are disconnected; block devices go on with the next front. */
static int block_adopt(struct device *dev, struct json_object *o,
		       int (*fetch)(void *arg, const char *what), void *arg)
{
	struct log_about about = device_about(dev);
	int r = device_is_of_class(dev, &block_class_ops) ? adopt_ring(dev, fetch, arg) : 0;

	if (r < 0)
		log_line(&about, LOG_WARNING,
			 "cannot go on with its disks (%s): its driver host and the front of its "
			 "disks are replaced",
			 strerror(-r));
	return r;
}

static const struct class_store_ops store_ops = { .persist = block_persist, .adopt = block_adopt };

static const struct class_view_ops view_ops = { .report = block_report, .users = block_users };

const struct class_ops block_class_ops = {
	.name = "block",
	.serves_when_ready = true,
	.open = block_open,
	.may_start = block_may_start,
	.hand_over = block_hand_over,
	.ready = block_ready,
	.message = block_message,
	.absent = block_absent,
	.quiet = block_quiet,
	.close = block_close,
	.store = &store_ops,
	.view = &view_ops,
};
