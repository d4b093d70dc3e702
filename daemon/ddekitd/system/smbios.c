/* SPDX-License-Identifier: GPL-2.0-only */
/* What the firmware says about the machine (DSP0134); see smbios.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "smbios.h"

#define ENTRY_BYTES 24 /* of SMBIOS 3 */
#define TABLES_AT 32   /* behind the entry point, aligned */
#define HEADER_BYTES 4 /* type, length, handle */
#define END_TYPE 127
#define TABLES_MAX 65536

/* The fields of a structure that identify one machine: strings by their number's offset,
 * and a UUID. */
static const struct {
	uint8_t type;
	uint8_t strings[2]; /* 0: none */
	uint8_t uuid;
} kept[] = {
	{ 0, { 0, 0 }, 0 },       /* firmware */
	{ 1, { 0x07, 0 }, 0x08 }, /* system: serial number, UUID */
	{ 2, { 0x07, 0x08 }, 0 }, /* board: serial number, asset tag */
	{ 3, { 0x07, 0x08 }, 0 }, /* chassis: likewise */
};

/* One structure: its formatted part, then its strings, which an empty one ends. */
struct structure {
	uint8_t *at;
	size_t formatted, all;
};

/* Return: whether there is a whole one. */
static bool find_structure(uint8_t *at, size_t room, struct structure *ret)
{
	size_t i;

	if (room < HEADER_BYTES || at[1] < HEADER_BYTES || at[1] > room)
		return false;
	for (i = at[1]; i + 1 < room; i++) {
		if (at[i] || at[i + 1])
			continue;
		*ret = (struct structure){ at, at[1], i + 2 };
		return true;
	}
	return false;
}

/* Overwrites string @number. Another field may name it too: that shows it no more. */
static void blank_string(const struct structure *s, uint8_t number)
{
	uint8_t *text = s->at + s->formatted, *end = s->at + s->all - 1;

	for (; number > 1 && text < end; number--)
		text += strlen((char *)text) + 1;
	if (number)
		for (; text < end && *text; text++)
			*text = ' ';
}

static bool blank(const struct structure *s)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(kept) && kept[i].type != s->at[0]; i++)
		;
	if (i == ARRAY_SIZE(kept))
		return false;
	for (j = 0; j < ARRAY_SIZE(kept[i].strings); j++) {
		uint8_t field = kept[i].strings[j];

		if (!field || field >= s->formatted)
			continue;
		blank_string(s, s->at[field]);
		s->at[field] = 0;
	}
	for (j = kept[i].uuid; kept[i].uuid && j < kept[i].uuid + 16u && j < s->formatted; j++)
		s->at[j] = 0;
	return true;
}

/* Return: bytes of the structures that are kept, the end of the table included; 0: they
 * do not fit. */
static size_t keep_structures(uint8_t *tables, size_t n, uint8_t *ret, size_t size)
{
	static const uint8_t end[HEADER_BYTES + 2] = { END_TYPE, HEADER_BYTES };
	struct structure s;
	size_t used = 0;

	for (; find_structure(tables, n, &s) && s.at[0] != END_TYPE; tables += s.all, n -= s.all) {
		if (!blank(&s))
			continue;
		if (s.all > size - used)
			return 0;
		memcpy(ret + used, s.at, s.all);
		used += s.all;
	}
	if (!used || sizeof(end) > size - used)
		return 0;
	memcpy(ret + used, end, sizeof(end));
	return used + sizeof(end);
}

static void put_le(uint8_t *at, uint64_t value, size_t n)
{
	for (; n; n--, value >>= 8)
		*at++ = (uint8_t)value;
}

/* Return: whether the machine's entry point is one; its version. */
static bool read_version(const uint8_t *entry, size_t n, uint8_t *ret_major, uint8_t *ret_minor)
{
	size_t at = 0;

	if (n >= ENTRY_BYTES && !memcmp(entry, "_SM3_", 5))
		at = 7;
	else if (n >= 8 && !memcmp(entry, "_SM_", 4))
		at = 6;
	if (!at)
		return false;
	*ret_major = entry[at];
	*ret_minor = entry[at + 1];
	return true;
}

static void write_entry(uint8_t *at, uint8_t major, uint8_t minor, size_t n)
{
	static const uint8_t anchor[] = { '_', 'S', 'M', '3', '_' };
	uint8_t sum = 0;
	size_t i;

	memset(at, 0, TABLES_AT);
	memcpy(at, anchor, sizeof(anchor));
	at[6] = ENTRY_BYTES;
	at[7] = major;
	at[8] = minor;
	at[10] = 1; /* revision of the entry point */
	put_le(at + 12, n, 4);
	put_le(at + 16, SMBIOS_AT + TABLES_AT, 8);
	for (i = 0; i < ENTRY_BYTES; i++)
		sum += at[i];
	at[5] = (uint8_t)-sum;
}

static ssize_t read_whole(const char *folder, const char *name, uint8_t *ret, size_t size)
{
	_cleanup_free_ char *path = str_format("%s/%s", folder, name);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = 0, used = 0;

	if (fd < 0)
		return -1;
	while ((size_t)used < size && (n = read(fd, ret + used, size - (size_t)used)) > 0)
		used += n;
	close(fd);
	return n < 0 ? -1 : used;
}

size_t smbios_read(const char *folder, uint8_t *ret, size_t size)
{
	_cleanup_free_ uint8_t *tables = malloc(TABLES_MAX);
	uint8_t entry[64], major, minor;
	ssize_t n;
	size_t kept_bytes;

	n = read_whole(folder, "smbios_entry_point", entry, sizeof(entry));
	if (!tables || n < 0 || !read_version(entry, (size_t)n, &major, &minor))
		return 0;
	n = read_whole(folder, "DMI", tables, TABLES_MAX);
	if (n <= 0 || size < TABLES_AT)
		return 0;
	kept_bytes = keep_structures(tables, (size_t)n, ret + TABLES_AT, size - TABLES_AT);
	if (!kept_bytes)
		return 0;
	write_entry(ret, major, minor, kept_bytes);
	return TABLES_AT + kept_bytes;
}
