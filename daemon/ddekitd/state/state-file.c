/* SPDX-License-Identifier: GPL-2.0-only */
/* A text in a memfd that survives its writer; see state-file.h. */
#include <errno.h>
#include <sys/mman.h>

#include "state-file.h"

#define MAGIC 0x45545344u /* "DSTE" */
#define VERSION 1u
#define SLOT0 4096 /* the header has a page of its own */

struct header {
	uint32_t magic;
	uint32_t version;
	uint32_t slot; /* 0 or 1 */
	uint32_t len;
	uint64_t sum; /* of the text */
};

/* FNV-1a: finds damage, no more. */
static uint64_t sum_of(const char *text, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325ull;

	while (len--)
		sum = (sum ^ (uint8_t)*text++) * 0x100000001b3ull;
	return sum;
}

static off_t offset(uint32_t slot)
{
	return SLOT0 + (off_t)slot * STATEFILE_MAX;
}

static int read_header(int fd, struct header *ret)
{
	ssize_t n = pread(fd, ret, sizeof(*ret), 0);

	if (n < 0)
		return -errno;
	if (n != sizeof(*ret) || ret->magic != MAGIC || ret->version != VERSION)
		return -ENODATA;
	return ret->slot > 1 || ret->len > STATEFILE_MAX ? -EBADMSG : 0;
}

int statefile_create(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Return: 0, -errno. */
static int write_all(int fd, const void *data, size_t len, off_t at)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = pwrite(fd, p, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		at += n;
		len -= n;
	}
	return 0;
}

int statefile_write(int fd, const char *text, size_t len)
{
	struct header header;
	int r;

	if (len > STATEFILE_MAX)
		return -E2BIG;
	r = read_header(fd, &header);
	if (r == -ENODATA)
		header.slot = 1;
	else if (r < 0)
		return r;
	header = (struct header){ .magic = MAGIC,
				  .version = VERSION,
				  .slot = !header.slot,
				  .len = len,
				  .sum = sum_of(text, len) };
	r = write_all(fd, text, len, offset(header.slot));
	return r ? r : write_all(fd, &header, sizeof(header), 0);
}

int statefile_read(int fd, char **ret, size_t *ret_len)
{
	struct header header;
	char *text;
	ssize_t n;
	int r = read_header(fd, &header);

	if (r < 0)
		return r;
	text = malloc(header.len + 1);
	if (!text)
		return -ENOMEM;
	n = pread(fd, text, header.len, offset(header.slot));
	if (n != (ssize_t)header.len || sum_of(text, header.len) != header.sum) {
		free(text);
		return n < 0 ? -errno : -EBADMSG;
	}
	text[header.len] = 0;
	*ret = text;
	if (ret_len)
		*ret_len = header.len;
	return 0;
}
