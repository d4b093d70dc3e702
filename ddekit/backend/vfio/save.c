/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Passes a claim to another process.  VFIO's state belongs to the open files.  The eventfds of
 * the driver host are not saved: it has them, and so has the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "vfio.h"

enum {
	SAVED_CONTAINER,
	SAVED_GROUP,
	SAVED_DEVICE,
	SAVED_POOL,
	SAVED_REQUEST,
	SAVED_ERROR,
	SAVED_FDS
};

struct saved {
	uint64_t pool_base, pool_size;
	uint32_t n_vectors;
	uint32_t zero;
	struct ddekit_before before;
};

static int *saved_fd(struct vfio_claim *c, unsigned int i)
{
	switch (i) {
	case SAVED_CONTAINER:
		return &c->container.fd;
	case SAVED_GROUP:
		return &c->container.group;
	case SAVED_DEVICE:
		return &c->device;
	case SAVED_POOL:
		return &c->pool;
	case SAVED_REQUEST:
		return &c->request_fd;
	default:
		return &c->error_fd;
	}
}

int vfio_claim_save(struct ddekit_claim *claim, struct ddekit_claim_saved *ret)
{
	struct vfio_claim *c = (struct vfio_claim *)claim;
	struct saved *s = calloc(1, sizeof(*s));
	uint32_t i;

	if (!s)
		return -ENOMEM;
	*s = (struct saved){ .pool_base = c->container.pool_base,
			     .pool_size = c->pool_size,
			     .n_vectors = c->n_vectors,
			     .before = c->base.before };
	ret->n_fds = SAVED_FDS;
	for (i = 0; i < ret->n_fds; i++)
		ret->fds[i] = *saved_fd(c, i);
	ret->data = s;
	ret->len = sizeof(*s);
	return 0;
}

static int saved_check(const struct ddekit_claim_saved *saved, char **ret_why)
{
	const struct saved *s = saved->data;

	if (saved->len != sizeof(*s) || s->n_vectors > VFIO_VECTORS)
		return saved_other_build(ret_why);
	return saved_check_fds(saved, SAVED_FDS, ret_why);
}

int vfio_claim_restore(const struct ddekit_claim_saved *saved, struct ddekit_claim **ret,
		       char **ret_why)
{
	const struct saved *s = saved->data;
	struct vfio_claim *c;
	uint32_t i;
	int err = saved_check(saved, ret_why);

	if (err)
		return err;
	c = vfio_claim_create();
	if (!c)
		return -ENOMEM;
	for (i = 0; i < saved->n_fds; i++)
		*saved_fd(c, i) = saved->fds[i];
	c->n_vectors = s->n_vectors;
	c->pool_size = s->pool_size;
	c->container.pool_base = s->pool_base;
	c->base.before = s->before;
	err = vfio_claim_watch(c);
	if (!err) {
		*ret = &c->base;
		return 0;
	}
	for (i = 0; i < saved->n_fds; i++) /* they remain the caller's */
		*saved_fd(c, i) = -1;
	vfio_claim_destroy(c);
	return err;
}
