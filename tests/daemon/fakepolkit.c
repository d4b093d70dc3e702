/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of polkit's D-Bus interface that ddekitd uses. Usage: fakepolkit ACTION..., with the
 * address of a bus in DBUS_SYSTEM_BUS_ADDRESS. It allows these actions to everybody; with "mute"
 * it never replies.  Prints "ready" once it serves, then a line "ACTION SENDER" for each query.
 */
#include "fakebus.h"

#define POLKIT "org.freedesktop.PolicyKit1"

static char **allowed;

static int check(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *kind, *key, *name, *action;
	int r, yes = 0;
	char **one;

	r = sd_bus_message_read(m, "(sa{sv})s", &kind, 1, &key, "s", &name, &action);
	if (r < 0)
		return r;
	if (strcmp(kind, "system-bus-name") || strcmp(key, "name") || *name != ':')
		return sd_bus_error_setf(error, POLKIT ".Error.Failed", "no such subject");
	for (one = allowed; *one; one++)
		yes |= !strcmp(*one, action);
	printf("%s %s\n", action, name);
	fflush(stdout);
	if (*allowed && !strcmp(*allowed, "mute"))
		return 1;
	return sd_bus_reply_method_return(m, "(bba{ss})", yes, 0, 0);
}

static const sd_bus_vtable vtable[] = { SD_BUS_VTABLE_START(0),
					SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us",
						      "(bba{ss})", check,
						      SD_BUS_VTABLE_UNPRIVILEGED),
					SD_BUS_VTABLE_END };

int main(int argc, char **argv)
{
	sd_bus *bus = NULL;
	int r;

	allowed = argv + 1;
	r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/PolicyKit1/Authority",
					     POLKIT ".Authority", vtable, NULL);
	return fakebus_serve(bus, POLKIT, "fakepolkit", r);
}
