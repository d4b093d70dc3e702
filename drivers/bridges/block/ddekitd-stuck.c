/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver host that serves disks but does not answer: requests would wait for ever, and who
 * waits for them cannot be killed.  The front says since when the oldest one has been with a
 * back; past disk-timeout= the driver host is replaced.  A front that has been attacked can say
 * so too: if that goes on, it is replaced as well.
 */
#include "ddekitd.h"
#include "device/private.h"
#include "lib/log.h"
#include "process/driver-host.h"
#include "process/front.h"

#define CHECKS 8 /* of one disk-timeout= */
#define CHECK_MIN_MS 50
#define CHECK_MAX_MS 2000
#define MS_NS 1000000ull
#define FRONT_AFTER 3 /* driver hosts that were stuck one after another */
#define IN_A_ROW 4    /* times disk-timeout= between two of them, at most */

static uint64_t check_ms(const struct device *dev)
{
	uint64_t ms = dev->config->disk_timeout / CHECKS;

	return !ms || ms > CHECK_MAX_MS ? CHECK_MAX_MS : ms < CHECK_MIN_MS ? CHECK_MIN_MS : ms;
}

/* For how long, as far as this driver host is to blame; 0: not too long. */
static uint64_t stuck_ns(const struct device *dev)
{
	const struct device_block *b = block_of(dev);
	uint64_t oldest = __atomic_load_n(&b->share.c->oldest, __ATOMIC_ACQUIRE);
	uint64_t limit = dev->config->disk_timeout * MS_NS, now = mono_ns();
	uint64_t since = oldest > b->serves_since ? oldest : b->serves_since;

	/* Without a heartbeat the driver host is in a debugger. */
	if (!limit || !dev->config->heartbeat || !oldest || now < since || now - since < limit)
		return 0;
	return now - since;
}

void block_end_stuck_front(struct device *dev)
{
	struct log_about about = device_about(dev);
	struct device_block *b = block_of(dev);

	if (!b->front)
		return;
	log_line(&about, LOG_WARNING, "the front of its disks is stuck: killing it");
	front_kill(b->front);
}

/* The front may be the one to blame. */
static bool suspect_front(struct device *dev)
{
	uint64_t limit = dev->config->disk_timeout * MS_NS, now = mono_ns();
	struct device_block *b = block_of(dev);

	if (now - b->stuck_at > IN_A_ROW * limit)
		b->stuck_in_a_row = 0;
	b->stuck_at = now;
	return ++b->stuck_in_a_row % FRONT_AFTER == 0;
}

static void replace_host(struct device *dev, uint64_t ns)
{
	char text[96];

	if (suspect_front(dev))
		block_end_stuck_front(dev);
	snprintf(text, sizeof(text), "a request for its disks has waited %llu ms: it is stuck",
		 (unsigned long long)(ns / MS_NS));
	block_of(dev)->was_stuck = true;
	if (device_host(dev))
		host_kill_stuck(device_host(dev), text);
}

/* The front itself may be late with answers that are there: it is woken, and the driver host
 * is to blame only once the front has looked. */
static int on_check(sd_event_source *source, uint64_t usec, void *arg)
{
	struct device *dev = arg;
	struct device_block *b = block_of(dev);
	uint64_t ns = stuck_ns(dev);

	if (!ns)
		b->suspected = false;
	else if (b->suspected && block_share_front_looked(&b->share))
		replace_host(dev, ns);
	else
		block_share_notify(&b->share);
	b->suspected = ns;
	sd_event_source_set_time_relative(source, check_ms(dev) * 1000);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int block_start_checks(struct device *dev)
{
	struct device_block *b = block_of(dev);

	b->serves_since = mono_ns();
	b->suspected = false;
	b->was_stuck = false;
	if (b->check)
		return 0;
	return sd_event_add_time_relative(dev->env->event, &b->check, CLOCK_MONOTONIC,
					  check_ms(dev) * 1000, 10000, on_check, dev);
}

void block_stop_checks(struct device *dev)
{
	struct device_block *b = block_of(dev);

	b->check = sd_event_source_disable_unref(b->check);
}
