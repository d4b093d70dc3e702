/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that front, back and ddekitd share; see sealed.h. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "sealed.h"

int block_map_sealed(int fd, uint64_t bytes, void **ret)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *p;

	if (seals < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < bytes || !(seals & F_SEAL_SHRINK))
		return -EINVAL;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret = p;
	return 0;
}
