/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of systemd's D-Bus interface that ddekitd uses: the job of its unit.
 * Usage: fakejob JOB ("restart", "stop", …, "" for none), with the address of a bus in
 * DBUS_SYSTEM_BUS_ADDRESS.  Prints "ready" once it serves.
 */
#include "fakebus.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define ROOT "/org/freedesktop/systemd1"

static const char *job;

static int get_unit(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	return sd_bus_reply_method_return(m, "o", ROOT "/unit/ddekitd_2eservice");
}

static int unit_job(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "(uo)", *job ? 7u : 0u, *job ? ROOT "/job/7" : "/");
}

static int job_type(sd_bus *bus, const char *path, const char *interface, const char *property,
		    sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", job);
}

static const sd_bus_vtable manager_vtable[] = { SD_BUS_VTABLE_START(0),
						SD_BUS_METHOD("GetUnitByPID", "u", "o", get_unit,
							      SD_BUS_VTABLE_UNPRIVILEGED),
						SD_BUS_VTABLE_END };

static const sd_bus_vtable unit_vtable[] = { SD_BUS_VTABLE_START(0),
					     SD_BUS_PROPERTY("Job", "(uo)", unit_job, 0, 0),
					     SD_BUS_VTABLE_END };

static const sd_bus_vtable job_vtable[] = { SD_BUS_VTABLE_START(0),
					    SD_BUS_PROPERTY("JobType", "s", job_type, 0, 0),
					    SD_BUS_VTABLE_END };

int main(int argc, char **argv)
{
	sd_bus *bus = NULL;
	int r;

	job = argc > 1 ? argv[1] : "";
	r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, ROOT, SYSTEMD ".Manager", manager_vtable,
					     NULL);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, ROOT "/unit/ddekitd_2eservice",
					     SYSTEMD ".Unit", unit_vtable, NULL);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, ROOT "/job/7", SYSTEMD ".Job", job_vtable,
					     NULL);
	return fakebus_serve(bus, SYSTEMD, "fakejob", r);
}
