/* SPDX-License-Identifier: GPL-2.0-only */
/* The block bridge in a session: what ddekitd is told of disks. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "host-ring.h"
#include "class-host.h"
#include "driver-host/mailbox.h"
#include "driver-host/session.h"

_Static_assert((int)DISK_PRESENT == (int)DDE_BLOCK_PRESENT &&
	       (int)DISK_CHANGED == (int)DDE_BLOCK_CHANGED &&
	       (int)DISK_GONE == (int)DDE_BLOCK_GONE, "the same events");

static char driver_of[DDE_BLOCK_DISKS][32];
static bool present[DDE_BLOCK_DISKS];	/* as last told */

/* A disk that leaves because its driver does is coming back. */
static void on_event(uint32_t event, uint32_t index, const char *driver,
		     const struct dde_block_disk *disk)
{
	if (session_leaving())
		return;
	present[index] = event != DDE_BLOCK_GONE;
	snprintf(driver_of[index], sizeof(driver_of[index]), "%s", driver);
	wire_send_disk(event, index, driver, disk);
}

static int block_open(struct dde_host_plugin *plugin, const struct proto_setup *setup,
		      const struct wire_fds *fds, sd_event *event)
{
	if (fds->ring[0] < 0)
		return -EPROTO;
	mailbox_on_disk(on_event);
	return block_bridge_open(plugin, fds->ring[0], fds->ring[1], fds->ring[2],
				 mailbox_post_disk);
}

static int64_t (*block_attach(void))(void *)
{
	return block_bridge_up() ? block_bridge_up()->attach : NULL;
}

static int64_t (*block_detach(void))(void *)
{
	return block_bridge_up() ? block_bridge_up()->detach : NULL;
}

static void block_reloads(void)
{
}

static void block_say(void)
{
	uint32_t i;

	for (i = 0; i < DDE_BLOCK_DISKS; i++)
		if (present[i] && block_bridge_disk(i))
			wire_send_disk(DISK_PRESENT, i, driver_of[i], block_bridge_disk(i));
}

const struct bridge bridge_block = {
	.class = "block",
	.missing = "disk",
	.open = block_open,
	.attach = block_attach,
	.detach = block_detach,
	.reloads = block_reloads,
	.say = block_say,
};
