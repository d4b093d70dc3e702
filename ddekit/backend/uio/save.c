/* SPDX-License-Identifier: GPL-2.0-only */
/* A claim passed on to another process: the module's state hangs on its file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include "uio.h"

struct saved {
	struct ddekit_before before;
	struct uio_blob blob;
};

/* In the order of a handover. Return: how many there are. */
static unsigned int list_fds(struct uio_claim *c, int *at[UIO_FD_BARS + UIO_BARS])
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
	ret->n_fds = list_fds(c, at);
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

	if (saved->len != sizeof(*s) || s->blob.magic != UIO_BLOB_MAGIC)
		return why(ret_why, -EPROTO, "a claim that another build saved");
	for (i = 0; i < saved->n_fds; i++)
		if (fcntl(saved->fds[i], F_SETFD, FD_CLOEXEC))
			return why(ret_why, -EBADF, "file %u of the claim is not open", i);
	c = uio_claim_create();
	if (!c)
		return -ENOMEM;
	c->base.before = s->before;
	c->blob = s->blob;
	n = list_fds(c, at);
	if (saved->n_fds != n) {
		uio_claim_destroy(c);
		return why(ret_why, -EBADF, "%u of %u files of the claim are there", saved->n_fds,
			   n);
	}
	for (i = 0; i < n; i++)
		*at[i] = saved->fds[i];
	*ret = &c->base;
	return 0;
}
