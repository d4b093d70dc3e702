/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory with a file descriptor, for sharing with other processes. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include "../backend.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

const char *memfile_meminfo = "/proc/meminfo";

/* In KiB; 0: unknown. */
static unsigned long long memory_available(void)
{
	FILE *f = fopen(memfile_meminfo, "re");
	unsigned long long kib = 0;
	char line[128];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f) && sscanf(line, "MemAvailable: %llu", &kib) != 1)
		;
	fclose(f);
	return kib;
}

int memfile_check_room(uint64_t size, char **ret_why)
{
	unsigned long long kib = memory_available();

	if (!kib || kib >= size >> 10)
		return 0;
	return why(ret_why, -ENOMEM,
		   "memory=%lluM is more than the machine has free (%lluM of MemAvailable): set a "
		   "smaller memory=, or end what uses the memory",
		   (unsigned long long)(size >> 20), kib >> 10);
}

int memfile_create(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}
