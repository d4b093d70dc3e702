/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plugin of nbdkit that serves a device's disks: an export for each.  ddekitd starts
 * nbdkit with the listening socket (fd 3) and the files named by the arguments
 *
 *	ring=FD control=FD kick=FD done=FD life=FD
 *
 * By life ddekitd wakes us.  Once nobody holds its other end, there is no ddekitd any more,
 * and nbdkit ends.
 */
#define NBDKIT_API_VERSION 2
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <nbdkit-plugin.h>

#include "fronts/ring/ring.h"

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL
#define LEAST_BLOCK 4096u
#define MOST_PREFERRED (32u << 20)
#define MOST_BYTES (64u << 20) /* of a request, as nbdkit allows */

static struct block_fds fds = { .ring = -1, .control = -1, .kick = -1, .done = -1 };
static int life = -1, stop = -1;
static struct block_ring *ring;
static pthread_t reaper;
static bool reaping;

/* A connection. */
struct client {
	uint16_t index;
	struct dde_block_disk disk; /* as it was when it connected */
};

/* ---- set-up -------------------------------------------------------------------- */

static int nbd_config(const char *key, const char *value)
{
	static const struct {
		const char *name;
		int *fd;
	} keys[] = {
		{ "ring", &fds.ring }, { "control", &fds.control }, { "kick", &fds.kick },
		{ "done", &fds.done }, { "life", &life },
	};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(key, keys[i].name))
			return nbdkit_parse_int(key, value, keys[i].fd);
	nbdkit_error("unknown parameter '%s'", key);
	return -1;
}

static int nbd_config_complete(void)
{
	if (fds.ring >= 0 && fds.control >= 0 && fds.kick >= 0 && fds.done >= 0 && life >= 0)
		return 0;
	nbdkit_error("ring=, control=, kick=, done= and life= are needed: ddekitd gives them");
	return -1;
}

static int nbd_get_ready(void)
{
	int r = block_ring_open(&fds, &ring);

	if (!r)
		return 0;
	nbdkit_error("the memory shared with ddekitd: %s", strerror(-r));
	return -1;
}

static void *nbd_reap(void *arg)
{
	if (block_ring_serve(ring, life, stop) != -EPIPE)
		return NULL;
	nbdkit_shutdown();
	block_ring_serve(ring, -1, stop); /* connections end once they have their answers */
	return NULL;
}

static int nbd_after_fork(void)
{
	/* nbdkit ends with its parent if it was given its socket: here life decides. */
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop >= 0)
		reaping = !pthread_create(&reaper, NULL, nbd_reap, NULL);
	if (reaping)
		return 0;
	nbdkit_error("no thread or eventfd");
	return -1;
}

/* All connections are closed. */
static void nbd_cleanup(void)
{
	uint64_t one = 1;

	if (stop >= 0 && write(stop, &one, sizeof(one)) < 0)
		abort();
	if (reaping)
		pthread_join(reaper, NULL);
	reaping = false;
}

static void nbd_unload(void)
{
	block_ring_close(ring);
	if (stop >= 0)
		close(stop);
}

/* ---- exports --------------------------------------------------------------------- */

static int nbd_list_exports(int readonly, int is_tls, struct nbdkit_exports *exports)
{
	struct dde_block_disk d;
	char text[200];
	uint16_t i;

	for (i = 0; i < DDE_BLOCK_DISKS; i++) {
		if (block_ring_disk(ring, i, &d) || !(d.flags & DDE_BLOCK_D_PRESENT))
			continue;
		snprintf(text, sizeof(text), "%s%s%s", d.model, *d.serial ? ", serial " : "",
			 d.serial);
		if (nbdkit_add_export(exports, d.name, text) < 0)
			return -1;
	}
	return 0;
}

static const char *nbd_default_export(int readonly, int is_tls)
{
	struct dde_block_disk d;

	return block_ring_find(ring, "", &d) < 0 ? NULL : nbdkit_strdup_intern(d.name);
}

static void count_open(const struct client *c, uint64_t n)
{
	__atomic_add_fetch(&block_ring_control(ring)->disk[c->index].opens, n, __ATOMIC_RELAXED);
}

static void *nbd_open(int readonly)
{
	const char *name = nbdkit_export_name();
	struct client *c = calloc(1, sizeof(*c));
	int r = c && name ? block_ring_find(ring, name, &c->disk) : -ENOMEM;

	if (r >= 0) {
		c->index = (uint16_t)r;
		count_open(c, 1);
		return c;
	}
	free(c);
	nbdkit_error("%s: %s", name ? name : "?", strerror(-r));
	nbdkit_set_error(-r);
	return NULL;
}

static void nbd_close(void *handle)
{
	count_open(handle, (uint64_t)-1);
	free(handle);
}

static const char *nbd_export_description(void *handle)
{
	struct client *c = handle;

	return *c->disk.model ? nbdkit_strdup_intern(c->disk.model) : NULL;
}

/* ---- what the disk can do ----------------------------------------------------------- */

static int64_t nbd_get_size(void *handle)
{
	struct client *c = handle;

	return (int64_t)c->disk.bytes;
}

static int nbd_block_size(void *handle, uint32_t *minimum, uint32_t *preferred, uint32_t *maximum)
{
	const struct dde_block_disk *d = &((struct client *)handle)->disk;
	uint32_t best = d->io_opt > d->physical_block ? d->io_opt : d->physical_block;

	if (best & (best - 1) || best > MOST_PREFERRED)
		best = d->physical_block;
	*minimum = d->logical_block;
	*preferred = best < LEAST_BLOCK ? LEAST_BLOCK : best;
	*maximum = MOST_BYTES;
	return 0;
}

static int nbd_can_write(void *handle)
{
	return !(((struct client *)handle)->disk.flags & DDE_BLOCK_D_READ_ONLY);
}

static int nbd_is_rotational(void *handle)
{
	return !!(((struct client *)handle)->disk.flags & DDE_BLOCK_D_ROTATIONAL);
}

static int nbd_can_trim(void *handle)
{
	return !!((struct client *)handle)->disk.max_discard_bytes;
}

/* Without, nbdkit writes zeroes; a client that wants it fast is told so. */
static int nbd_can_zero(void *handle)
{
	return !!((struct client *)handle)->disk.max_zeroes_bytes;
}

static int nbd_yes(void *handle)
{
	return 1;
}

static int nbd_can_fua(void *handle)
{
	return NBDKIT_FUA_NATIVE;
}

static int nbd_no(void *handle)
{
	return 0;
}

/* ---- requests --------------------------------------------------------------------------- */

/* Errors of the block layer that NBD has no number for are I/O errors. */
static int nbd_errno(int error)
{
	switch (error) {
	case -EPERM:
	case -EROFS:
	case -ENOMEM:
	case -EINVAL:
	case -ENOSPC:
	case -EOPNOTSUPP:
		return -error;
	default:
		return EIO;
	}
}

static int io(void *handle, struct block_request *req, uint32_t flags)
{
	struct client *c = handle;
	int r;

	req->disk = c->index;
	if (flags & NBDKIT_FLAG_FUA)
		req->flags |= DDE_BLOCK_FUA;
	r = block_ring_io(ring, req);
	if (!r)
		return 0;
	if (r != -EOPNOTSUPP)
		nbdkit_error("%s: operation %u at %llu, %llu bytes: %s", c->disk.name, req->op,
			     (unsigned long long)req->offset, (unsigned long long)req->bytes,
			     strerror(-r));
	nbdkit_set_error(nbd_errno(r));
	return -1;
}

static int nbd_pread(void *handle, void *buf, uint32_t count, uint64_t offset, uint32_t flags)
{
	struct block_request req = {
		.op = DDE_BLOCK_READ, .offset = offset, .bytes = count, .data = buf
	};

	return io(handle, &req, flags);
}

static int nbd_pwrite(void *handle, const void *buf, uint32_t count, uint64_t offset,
		      uint32_t flags)
{
	struct block_request req = {
		.op = DDE_BLOCK_WRITE, .offset = offset, .bytes = count, .data = (void *)buf
	};

	return io(handle, &req, flags);
}

static int nbd_flush(void *handle, uint32_t flags)
{
	struct block_request req = { .op = DDE_BLOCK_FLUSH };

	return io(handle, &req, 0);
}

static int nbd_trim(void *handle, uint32_t count, uint64_t offset, uint32_t flags)
{
	struct block_request req = { .op = DDE_BLOCK_DISCARD, .offset = offset, .bytes = count };
	int r = io(handle, &req, 0);

	return r || !(flags & NBDKIT_FLAG_FUA) ? r : nbd_flush(handle, 0);
}

static int nbd_zero(void *handle, uint32_t count, uint64_t offset, uint32_t flags)
{
	struct block_request req = {
		.op = DDE_BLOCK_WRITE_ZEROES,
		.offset = offset,
		.bytes = count,
		.flags = flags & NBDKIT_FLAG_MAY_TRIM ? 0 : DDE_BLOCK_NO_UNMAP,
	};

	return io(handle, &req, flags);
}

static struct nbdkit_plugin plugin = {
	.name = "ddekit",
	.longname = "DDEKit disks",
	.description = "the disks of a device that ddekitd drives",
	.unload = nbd_unload,
	.config = nbd_config,
	.config_complete = nbd_config_complete,
	.get_ready = nbd_get_ready,
	.after_fork = nbd_after_fork,
	.cleanup = nbd_cleanup,
	.list_exports = nbd_list_exports,
	.default_export = nbd_default_export,
	.open = nbd_open,
	.close = nbd_close,
	.export_description = nbd_export_description,
	.get_size = nbd_get_size,
	.block_size = nbd_block_size,
	.can_write = nbd_can_write,
	.can_flush = nbd_yes,
	.can_fua = nbd_can_fua,
	.can_trim = nbd_can_trim,
	.can_zero = nbd_can_zero,
	.can_fast_zero = nbd_yes,
	.can_multi_conn = nbd_yes,
	.can_extents = nbd_no,
	.is_rotational = nbd_is_rotational,
	.pread = nbd_pread,
	.pwrite = nbd_pwrite,
	.flush = nbd_flush,
	.trim = nbd_trim,
	.zero = nbd_zero,
	.errno_is_preserved = 0,
};

NBDKIT_REGISTER_PLUGIN(plugin)
