/* SPDX-License-Identifier: GPL-2.0-only */
/* The last lines of a device's log; see log-ring.h. */
#include "log-ring.h"

struct logring {
	uint32_t size;
	uint32_t first; /* index of the oldest */
	uint32_t count;
	struct logline line[];
};

struct logring *logring_create(uint32_t lines)
{
	struct logring *ring = calloc(1, sizeof(*ring) + lines * sizeof(ring->line[0]));

	if (ring)
		ring->size = lines;
	return ring;
}

void logring_destroy(struct logring *ring)
{
	uint32_t i;

	if (!ring)
		return;
	for (i = 0; i < ring->size; i++)
		free(ring->line[i].text);
	free(ring);
}

void logring_add(struct logring *ring, int level, const char *text)
{
	char *copy = strdup(text);
	struct logline *line;

	if (!copy)
		return;
	line = &ring->line[(ring->first + ring->count) % ring->size];
	if (ring->count == ring->size)
		ring->first = (ring->first + 1) % ring->size;
	else
		ring->count++;
	free(line->text);
	*line = (struct logline){ wall_ns(), level, copy };
}

uint32_t logring_count(const struct logring *ring)
{
	return ring->count;
}

const struct logline *logring_at(const struct logring *ring, uint32_t i)
{
	return &ring->line[(ring->first + i) % ring->size];
}
