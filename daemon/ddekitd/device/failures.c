/* SPDX-License-Identifier: GPL-2.0-only */
/* How often the hosts of a device fail, and how long it does not serve; see private.h. */
#include "private.h"

#define MS_NS 1000000ull
#define SECOND_NS (1000 * MS_NS)
/* A host that served this long, from when it was ready or from its first link, is
 * restarted at once, however often it dies; one that did not counts as an early
 * failure: backoff, and more than restart-max= of them in restart-window= are the
 * end. The second is short since a card may take its time to the link;
 * disks serve as soon as they are ready. */
#define SERVED_READY_NS SECOND_NS
#define SERVED_LINK_NS (200 * MS_NS)
#define BACKOFF_MAX_S 30u

bool device_failed_too_often(struct device *dev)
{
	uint64_t now = mono_ns(), window = dev->config->restart_window * MS_NS;
	struct device_failures *f = &dev->failures;
	uint32_t i, kept = 0;

	for (i = 0; i < f->n; i++)
		if (now - f->when[i] < window)
			f->when[kept++] = f->when[i];
	f->n = kept;
	if (kept >= dev->config->restart_max)
		return true;
	f->when[f->n++] = now;
	return false;
}

bool device_has_served(const struct device *dev)
{
	uint64_t ready = dev->run.times.state[STATE_READY], link = dev->run.times.link;
	uint64_t now = mono_ns();

	return ready && (now - ready >= SERVED_READY_NS || (link && now - link >= SERVED_LINK_NS) ||
			 (device_serves_when_ready(dev) && now - ready >= SERVED_LINK_NS));
}

/* 0, 1, 2, 4 … 30 s for the first, second … early failure in a row. */
uint32_t device_backoff_s(struct device *dev, bool served)
{
	uint32_t n = served ? 0 : dev->failures.in_a_row + 1;

	dev->failures.in_a_row = n;
	if (n < 2)
		return 0;
	return n > 6 ? BACKOFF_MAX_S : 1u << (n - 2);
}

void device_note_up(struct device *dev, uint64_t now)
{
	dev->failures.was_up = true;
	if (dev->outage.start)
		dev->outage.last_ready = now - dev->outage.start;
}

void device_forget_failures(struct device *dev)
{
	dev->failures.was_up = false;
	dev->failures.n = 0;
	dev->failures.in_a_row = 0;
	dev->outage.start = 0;
}

void device_restore_failures(struct device *dev, bool was_up, const struct device_outage *outage)
{
	dev->failures.was_up = was_up;
	dev->outage = *outage;
}

/* ---- outages ------------------------------------------------------------------- */

void device_begin_outage(struct device *dev)
{
	dev->outage.start = mono_ns();
}

void device_end_outage(struct device *dev, uint64_t now)
{
	if (dev->outage.start && now > dev->outage.start)
		dev->outage.last = now - dev->outage.start;
	dev->outage.start = 0;
}

void device_count_restart(struct device *dev)
{
	dev->outage.restarts++;
}

void device_count_reload(struct device *dev)
{
	dev->outage.reloads++;
}

const struct device_outage *device_outage(const struct device *dev)
{
	return &dev->outage;
}
