/* SPDX-License-Identifier: GPL-2.0-only */
/* The disks of a device, their ring and their front; see block.h. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "fronts/ring/share.h"
#include "block.h"
#include "private.h"
#include "state/fd-store.h"
#include "process/child.h"
#include "process/front.h"
#include "system/disk-users.h"
#include "system/in-use.h"
#include "lib/json.h"
#include "lib/log.h"

#ifndef DDEKIT_NBDKIT
#define DDEKIT_NBDKIT "/usr/bin/nbdkit"
#endif

#define NBD_THREADS "64"	/* requests of one client at once */
#define NBD_PLUGIN "nbdkit-ddekit-plugin.so"
#define UBLK_END_MS 3000
#define KILL_MS 2000		/* between SIGKILL and a front's end */
#define UBLK_FRONT "ddekit-ublk"
#define FRONT_ARGS "ring=4", "control=5", "kick=6", "done=7", "life=8"
#define SECOND_NS 1000000000ull
#define AGAIN_MS 1000		/* a front that lived shorter is started so much later */

/* As a driver host reported it. */
struct disk {
	bool known;
	bool seen;			/* by the present host */
	struct proto_disk is;
};

struct device_block {
	struct block_share share;
	bool ublk;			/* block devices of the kernel instead of NBD */
	int listener;			/* of NBD; -1: none */
	int life[2];			/* ours, which is kept; the front's */
	struct front *front;
	bool closing;			/* it is over once the front has ended */
	bool life_ended;		/* it was asked to end, and not killed yet */
	sd_event_source *limit;		/* of that */
	uint64_t front_start;
	uint64_t front_restarts;
	sd_event_source *again;
	struct disk disk[DDE_BLOCK_DISKS];
};

static void start_front(struct device *dev);

static void block_warn(struct device *dev, const char *what, int r)
{
	struct log_about about = device_about(dev);

	log_line(&about, LOG_WARNING, "%s: %s", what, strerror(-r));
}

/* ---- the front ---------------------------------------------------------------- */

/* Of sockets, and of what udev is to know. */
static char *block_dir(const struct device *dev)
{
	return str_format("%s/block", dev->env->global->runtime_dir);
}

static char *socket_path(const struct device *dev)
{
	_cleanup_free_ char *dir = block_dir(dev);

	return dir ? str_format("%s/%s.nbd", dir, dev->config->bdf_text) : NULL;
}

static int on_front_again(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;

	start_front(dev);
	return 0;
}

static void start_front_later(struct device *dev)
{
	struct device_block *b = dev->block;
	uint64_t ms = mono_ns() - b->front_start < SECOND_NS ? AGAIN_MS : 0;
	int r;

	b->again = sd_event_source_disable_unref(b->again);
	r = sd_event_add_time_relative(dev->env->event, &b->again, CLOCK_MONOTONIC, ms * 1000,
				       1000, on_front_again, dev);
	if (r < 0)
		block_warn(dev, "cannot restart the front of its disks", r);
}

static void on_front_log(void *arg, const char *text)
{
	struct device *dev = arg;
	struct log_about about = device_about(dev);

	logring_add(dev->logs, LOG_WARNING, text);
	log_line(&about, LOG_WARNING, "%s", text);
}

static void block_finish_close(struct device *dev);

static void on_front_died(void *arg, const char *how)
{
	struct device *dev = arg;
	struct log_about about = device_about(dev);
	struct device_block *b = dev->block;

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
	c->files = true;	/* what udev is to know */
	c->privileged = true;
}

static void start_front(struct device *dev)
{
	struct device_block *b = dev->block;
	const char *dir = dev->env->global->front_dir;
	_cleanup_free_ char *file = str_format("%s/%s", dir, b->ublk ? UBLK_FRONT : NBD_PLUGIN);
	char *nbd[] = { DDEKIT_NBDKIT, "--foreground", "--threads", NBD_THREADS, file, FRONT_ARGS,
			NULL };
	_cleanup_free_ char *block = block_dir(dev);
	_cleanup_free_ char *names = block ? str_format("names=%s", block) : NULL;
	char device[32], user[32], group[32];
	char *ublk[] = { file, FRONT_ARGS, names, device, user, group, NULL };
	char **argv = b->ublk ? ublk : nbd;
	struct front_spec spec = {
		.argv = argv,
		.listener = b->ublk ? b->life[1] : b->listener,	/* which it does not use */
		.fds = { b->share.ring, b->share.control, b->share.kick, b->share.done,
			 b->life[1] },
		.outlive = fdstore_active(dev->env->fdstore),
	};
	int r = file && names ? 0 : -ENOMEM;

	if (b->front || (b->listener < 0 && !b->ublk))
		return;
	confine_front(dev->config, dev->env->host_uid, dev->env->host_gid, &spec.confine);
	snprintf(device, sizeof(device), "device=%s", dev->config->bdf_text);
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
		device_block_persist(dev);
}

void device_block_end_front(struct device *dev)
{
	struct log_about about = device_about(dev);

	if (!dev->block || !dev->block->front)
		return;
	log_line(&about, LOG_WARNING, "the front of its disks is stuck: killing it");
	front_kill(dev->block->front);
}

/* ---- opening, closing ------------------------------------------------------------ */

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

static int make_block_dir(struct device *dev)
{
	_cleanup_free_ char *dir = block_dir(dev);

	if (!dir)
		return -ENOMEM;
	return mkdir(dir, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_listener(struct device *dev, char **ret_why)
{
	_cleanup_free_ char *path = socket_path(dev);
	int r = path ? listen_at(path) : -ENOMEM;

	if (r < 0) {
		*ret_why = str_format("cannot listen on %s: %s", path, strerror(-r));
		return r;
	}
	dev->block->listener = r;
	return 0;
}

static bool wants_ublk(const struct device_config *config)
{
	if (!strcmp(config->disk, "auto"))
		return access("/dev/ublk-control", R_OK | W_OK) == 0;
	return !strcmp(config->disk, "ublk");
}

static struct device_block *block_create(void)
{
	struct device_block *b = calloc(1, sizeof(*b));

	if (b)
		*b = (struct device_block){ .share = BLOCK_SHARE_NONE, .listener = -1,
					    .life = { -1, -1 } };
	return b;
}

static void block_destroy(struct device *dev)
{
	struct device_block *b = dev->block;
	_cleanup_free_ char *path = socket_path(dev), *dir = block_dir(dev);

	sd_event_source_disable_unref(b->again);
	sd_event_source_disable_unref(b->limit);
	front_destroy(b->front);
	block_share_close(&b->share);
	if (b->listener >= 0 && path)
		unlink(path);
	if (dir)
		rmdir(dir);	/* if nothing else is in it */
	fd_close(&b->listener);
	fd_close(&b->life[0]);
	fd_close(&b->life[1]);
	free(b);
	dev->block = NULL;
}

int device_open_block(struct device *dev, char **ret_why)
{
	int r;

	if (!str_equal(dev->plugin.bridge, "block") && !dev->block)
		return 0;
	if (!str_equal(dev->plugin.bridge, "block")) {
		device_set_busy(dev, true);
		device_close_block(dev);	/* it has another driver now */
		return 1;
	}
	if (dev->block) {
		block_share_set_timeout(&dev->block->share, dev->config->disk_timeout);
		return 0;
	}
	dev->block = block_create();
	if (!dev->block)
		return -ENOMEM;
	r = block_share_create(dev->config->disk_timeout, &dev->block->share);
	if (!r && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, dev->block->life) < 0)
		r = -errno;
	dev->block->share.wake = dev->block->life[0];
	dev->block->ublk = wants_ublk(dev->config);
	if (!r)
		r = make_block_dir(dev);
	if (!r && strcmp(dev->config->disk, "none") && !dev->block->ublk)
		r = open_listener(dev, ret_why);
	if (r < 0) {
		block_destroy(dev);
		return r;
	}
	start_front(dev);
	return 0;
}

/* Its devices are deleted by the front itself, once life ends; if one has just died, by
 * another. */
static void end_ublk(struct device *dev)
{
	struct device_block *b = dev->block;

	block_share_give_up(&b->share);
	start_front(dev);
	fd_close(&b->life[0]);
	fd_close(&b->life[1]);
	b->share.wake = -1;
}

static void block_finish_close(struct device *dev)
{
	block_destroy(dev);
	dev->events->block_closed(dev);
}

/* A front that does not end is killed; one that does not even then is left behind. */
static int on_close_limit(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;
	struct device_block *b = dev->block;

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

void device_close_block(struct device *dev)
{
	struct device_block *b = dev->block;
	int r;

	if (!b) {
		dev->events->block_closed(dev);
		return;
	}
	b->closing = true;
	b->again = sd_event_source_disable_unref(b->again);
	if (b->ublk)
		end_ublk(dev);
	b->life_ended = b->ublk;
	b->again = sd_event_source_disable_unref(b->again);
	if (!b->front) {
		block_finish_close(dev);
		return;
	}
	if (!b->ublk)
		front_kill(b->front);
	r = sd_event_add_time_relative(dev->env->event, &b->limit, CLOCK_MONOTONIC,
				       (b->ublk ? UBLK_END_MS : KILL_MS) * 1000ull, 0,
				       on_close_limit, dev);
	if (r < 0)
		block_finish_close(dev);
}

void device_close_block_at_once(struct device *dev)
{
	struct device_block *b = dev->block;

	if (!b)
		return;
	if (b->ublk && !b->closing)
		end_ublk(dev);
	if (b->front && b->ublk && front_wait(b->front, UBLK_END_MS) < 0)
		block_warn(dev, "its block devices are left behind", -ETIMEDOUT);
	block_destroy(dev);
}

/* ---- driver hosts ---------------------------------------------------------------- */

void device_block_fds(const struct device *dev, int ret[PROTO_RING_FDS])
{
	ret[0] = dev->block ? dev->block->share.ring : -1;
	ret[1] = dev->block ? dev->block->share.kick : -1;
	ret[2] = dev->block ? dev->block->share.done : -1;
}

bool device_block_try_start(struct device *dev)
{
	size_t i;

	if (!dev->block)
		return true;
	if (block_share_back_try_start(&dev->block->share) < 0)
		return false;
	for (i = 0; i < ARRAY_SIZE(dev->block->disk); i++)
		dev->block->disk[i].seen = false;
	return true;
}

void device_block_ready(struct device *dev)
{
	size_t i;

	if (!dev->block)
		return;
	for (i = 0; i < ARRAY_SIZE(dev->block->disk); i++)
		if (!dev->block->disk[i].seen)
			dev->block->disk[i].is.flags &= ~DDE_BLOCK_D_PRESENT;
	device_end_outage(dev, mono_ns());
	block_share_back_serves(&dev->block->share);
}

void device_block_absent(struct device *dev)
{
	if (dev->block)
		block_share_back_absent(&dev->block->share);
}

void device_block_quiet(struct device *dev)
{
	if (dev->block)
		block_share_back_died(&dev->block->share);
}

static void log_disk(struct device *dev, const struct proto_disk *msg)
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

void device_block_message(struct device *dev, const struct proto_disk *msg)
{
	struct disk *d;

	if (!dev->block)
		return;
	d = &dev->block->disk[msg->index];
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
	block_share_notify(&dev->block->share);
}

/* ---- for others ---------------------------------------------------------------------- */

static struct block_disk_stats disk_stats(const struct device *dev, size_t i)
{
	return dev->block->share.c->disk[i];
}

static int add_node(const struct device *dev, size_t i, struct strv *nodes)
{
	_cleanup_free_ char *name = str_format("ublkb%u", disk_stats(dev, i).ublk - 1);

	return name ? strv_add(nodes, name) : -ENOMEM;
}

bool device_has_disks(const struct device *dev)
{
	return dev->block;
}

int device_block_users(const struct device *dev, struct strv *clients, struct strv *nodes)
{
	uint64_t opens;
	size_t i;
	int r = 0;

	for (i = 0; dev->block && i < ARRAY_SIZE(dev->block->disk) && !r; i++) {
		_cleanup_free_ char *line = NULL;

		if (disk_stats(dev, i).ublk)
			r = add_node(dev, i, nodes);
		opens = disk_stats(dev, i).opens;
		if (!opens || r)
			continue;
		/* A ddekitd that has just begun does not know the name yet. */
		line = str_format("disk %s has %llu NBD client%s",
				  dev->block->disk[i].known ? dev->block->disk[i].is.name : "?",
				  (unsigned long long)opens, opens == 1 ? "" : "s");
		r = line ? strv_add(clients, line) : -ENOMEM;
	}
	return r;
}

int device_add_uses(const struct device *dev, struct uses_check *check, const char *change)
{
	struct uses_entry *e;
	int r = uses_add(check, dev->config->bdf_text, change, &e);

	return r < 0 ? r : device_block_users(dev, &e->uses, &e->nodes);
}

static void add_stats(struct json_object *o, const struct block_disk_stats *s)
{
	add_number(o, "queue_depth", DDE_BLOCK_SLOTS);
	add_number(o, "in_flight", s->in_flight);
	add_number(o, "clients", s->opens);
	add_number(o, "reads", s->reads);
	add_number(o, "read_bytes", s->read_bytes);
	add_number(o, "writes", s->writes);
	add_number(o, "write_bytes", s->write_bytes);
	add_number(o, "fua", s->fua);
	add_number(o, "flushes", s->flushes);
	add_number(o, "discards", s->discards);
	add_number(o, "discard_bytes", s->discard_bytes);
	add_number(o, "zeroes", s->zeroes);
	add_number(o, "zero_bytes", s->zero_bytes);
	add_number(o, "errors", s->errors);
}

static struct json_object *report_disk(const struct device *dev, size_t i, const char *path)
{
	const struct proto_disk *d = &dev->block->disk[i].is;
	struct block_disk_stats stats = disk_stats(dev, i);
	struct json_object *o = json_object_new_object();
	_cleanup_free_ char *uri = NULL;
	uint32_t flags = d->flags;

	if (stats.ublk)
		uri = str_format("/dev/ublkb%u", stats.ublk - 1);
	else if (dev->block->listener >= 0 && path)
		uri = str_format("nbd+unix:///%s?socket=%s", d->name, path);
	add_string(o, "name", d->name);
	add_bool(o, "present", flags & DDE_BLOCK_D_PRESENT);
	add_number(o, "bytes", d->bytes);
	add_string(o, "model", d->model);
	add_string(o, "serial", d->serial);
	add_string(o, "wwid", d->wwid);
	add_number(o, "logical_block", d->logical_block);
	add_number(o, "physical_block", d->physical_block);
	add_bool(o, "read_only", flags & DDE_BLOCK_D_READ_ONLY);
	add_bool(o, "rotational", flags & DDE_BLOCK_D_ROTATIONAL);
	add_bool(o, "write_cache", flags & DDE_BLOCK_D_WRITE_CACHE);
	add_string(o, "host", uri);
	add_stats(o, &stats);
	return o;
}

static struct json_object *report_front(const struct device *dev)
{
	const struct device_block *b = dev->block;
	struct json_object *o = json_object_new_object();

	add_string(o, "kind", b->ublk ? "ublk" : b->listener >= 0 ? "nbd" : "none");
	add_number(o, "pid", b->front ? (uint64_t)front_pid(b->front) : 0);
	add_number(o, "restarts", b->front_restarts);
	add_number(o, "recoveries", b->share.c->backs);
	add_number(o, "expired", b->share.c->expired);
	add_number(o, "ring_violations", b->share.c->lies);
	return o;
}

struct json_object *device_block_disks(const struct device *dev)
{
	struct json_object *disks = json_object_new_array();
	_cleanup_free_ char *path = socket_path(dev);
	size_t i;

	for (i = 0; dev->block && i < ARRAY_SIZE(dev->block->disk); i++)
		if (dev->block->disk[i].known)
			json_object_array_add(disks, report_disk(dev, i, path));
	return disks;
}

struct json_object *device_block_report(const struct device *dev)
{
	struct json_object *o;

	if (!dev->block)
		return NULL;
	o = report_front(dev);
	json_object_object_add(o, "disks", device_block_disks(dev));
	return o;
}

/* ---- the next ddekitd ------------------------------------------------------------------ */

void device_block_persist(const struct device *dev)
{
	const struct device_block *b = dev->block;
	struct front_kept kept;

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
	front_get_kept(b->front, &kept);
	device_store(dev, "front", kept.pidfd);
	device_store(dev, "frontlog", kept.log);
}

int device_adopt_block(struct device *dev, int (*take)(void *arg, const char *what), void *arg)
{
	struct device_block *b = block_create();
	struct front_kept kept;
	int r;

	if (!b)
		return -ENOMEM;
	b->share.ring = take(arg, "ring");
	b->share.control = take(arg, "control");
	b->share.kick = take(arg, "kick");
	b->share.done = take(arg, "done");
	b->life[0] = take(arg, "life0");
	b->life[1] = take(arg, "life1");
	b->share.wake = b->life[0];
	b->listener = take(arg, "listener");
	b->ublk = b->listener < 0 && strcmp(dev->config->disk, "none");
	kept.pidfd = take(arg, "front");
	kept.log = take(arg, "frontlog");
	dev->block = b;
	r = b->life[0] < 0 || b->life[1] < 0 ? -EBADF : block_share_adopt(&b->share);
	kept.pid = kept.pidfd >= 0 ? pidfd_pid(kept.pidfd) : 0;
	b->front_start = mono_ns();
	if (!r && front_adopt(dev->env->event, &kept, &front_ops, dev, &b->front) < 0)
		start_front_later(dev);
	if (r < 0) {
		fd_close(&kept.pidfd);
		fd_close(&kept.log);
		block_destroy(dev);
	}
	return r;
}
