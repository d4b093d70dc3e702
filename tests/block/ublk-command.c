/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Acts on a device of ddekit-ublk as another administrator's tool could:
 *
 *	ublk-command stop|delete NUMBER
 *
 * delete waits until nobody has the device open.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/fronts/ublk/ublk.h"

int main(int argc, char **argv)
{
	struct ublk_control c;
	uint32_t id;
	int r;

	if (argc != 3 || (strcmp(argv[1], "stop") && strcmp(argv[1], "delete")))
		errx(2, "usage: ublk-command stop|delete NUMBER");
	id = (uint32_t)strtoul(argv[2], NULL, 10);
	r = ublk_control_open(&c);
	if (r < 0)
		errx(1, "/dev/ublk-control: %s", strerror(-r));
	r = *argv[1] == 's' ? ublk_stop(&c, id) : ublk_delete(&c, id);
	if (r < 0)
		errx(1, "%s of device %u: %s", argv[1], id, strerror(-r));
	ublk_control_close(&c);
	return 0;
}
