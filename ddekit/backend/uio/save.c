/* SPDX-License-Identifier: GPL-2.0-only */
/* Passes a claim to another process. The module's state belongs to its file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "uio.h"

struct saved {
	struct ddekit_before before;
	struct uio_blob blob;
};

/* In the order of a handover. Return: their number. */
static unsigned int saved_fds(struct uio_claim *c, int *at[UIO_FD_BARS + UIO_BARS])
{
	unsigned int n = UIO_FD_BARS, i;

	at[UIO_FD_POOL] = &c->pool;
	at[UIO_FD_UIO] = &c->uio;
	at[UIO_FD_CONFIG] = &c->config;
	for (i = 0; i < UIO_BARS; i++)
		if (c->blob.bar[i].size)
			at[n++] = &c->resource[i];
	return n;
}

int uio_claim_save(struct ddekit_claim *claim, struct ddekit_claim_saved *ret)
{
	struct uio_claim *c = (struct uio_claim *)claim;
	struct saved *s = calloc(1, sizeof(*s));
	int *at[UIO_FD_BARS + UIO_BARS];
	unsigned int i;

	if (!s)
		return -ENOMEM;
	s->before = c->base.before;
	s->blob = c->blob;
	ret->n_fds = saved_fds(c, at);
	for (i = 0; i < ret->n_fds; i++)
		ret->fds[i] = *at[i];
	ret->data = s;
	ret->len = sizeof(*s);
	return 0;
}

int uio_claim_restore(const struct ddekit_claim_saved *saved, struct ddekit_claim **ret,
		      char **ret_why)
{
	const struct saved *s = saved->data;
	int *at[UIO_FD_BARS + UIO_BARS];
	struct uio_claim *c;
	unsigned int i, n;
	int err;

	if (saved->len != sizeof(*s) || s->blob.magic != UIO_BLOB_MAGIC)
		return saved_other_build(ret_why);
	c = uio_claim_create();
	if (!c)
		return -ENOMEM;
	c->base.before = s->before;
	c->blob = s->blob;
	n = saved_fds(c, at);
	err = saved_check_fds(saved, n, ret_why);
	if (err) {
		uio_claim_destroy(c);
		return err;
	}
	for (i = 0; i < n; i++)
		*at[i] = saved->fds[i];
	*ret = &c->base;
	return 0;
}
