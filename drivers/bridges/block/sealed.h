/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of a memfd that somebody else can write, but not make shorter. */
#ifndef DDE_BLOCK_SEALED_H
#define DDE_BLOCK_SEALED_H

#include <stdint.h>

/**
 * block_map_sealed - map a memfd that is sealed against shortening
 * @fd:    borrowed
 * @bytes: how much of it, from its beginning
 * @ret:   the mapping, readable and writable, to be unmapped by the caller
 *
 * Without the seal whoever else has the file could end this process by shortening it.
 * Any thread. Does not block. Return: 0, -EINVAL (too short, not sealed), -errno.
 */
int block_map_sealed(int fd, uint64_t bytes, void **ret);

#endif
