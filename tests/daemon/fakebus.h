/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared code of the tests' fake services, which run on a private bus. */
#ifndef TESTS_FAKEBUS_H
#define TESTS_FAKEBUS_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

/* Unless r is an error: requests the name, prints "ready", serves.  Return: the exit status. */
static inline int fakebus_serve(sd_bus *bus, const char *name, const char *me, int r)
{
	if (r >= 0)
		r = sd_bus_request_name(bus, name, 0);
	if (r >= 0) {
		puts("ready");
		fflush(stdout);
	}
	while (r >= 0) {
		r = sd_bus_process(bus, NULL);
		if (!r)
			r = sd_bus_wait(bus, UINT64_MAX);
	}
	fprintf(stderr, "%s: %s\n", me, strerror(-r));
	return 1;
}

#endif
