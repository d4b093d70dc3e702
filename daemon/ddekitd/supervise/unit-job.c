/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks systemd which job its unit has; see unit-job.h. */
#include <errno.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "unit-job.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define PRIVATE_ADDRESS "unix:path=/run/systemd/private"
#define TIMEOUT_US 2000000ull
#define PATIENCE_NS 8000000000ull

/* systemd's own socket works without a system bus. */
static int open_private(sd_bus **ret)
{
	sd_bus *bus = NULL;
	int r = sd_bus_new(&bus);

	if (r >= 0)
		r = sd_bus_set_address(bus, PRIVATE_ADDRESS);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

/* Path of our unit, borrowed of *ret_reply. */
static int find_unit(sd_bus *bus, sd_bus_message **ret_reply, const char **ret)
{
	int r = sd_bus_call_method(bus, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager",
				   "GetUnitByPID", NULL, ret_reply, "u", (uint32_t)getpid());

	return r < 0 ? r : sd_bus_message_read(*ret_reply, "o", ret);
}

/* Path of the unit's job, borrowed of *ret_reply. Return: 1, 0: it has none. */
static int find_job(sd_bus *bus, const char *unit, sd_bus_message **ret_reply, const char **ret)
{
	uint32_t id = 0;
	int r = sd_bus_get_property(bus, SYSTEMD, unit, SYSTEMD ".Unit", "Job", NULL, ret_reply,
				    "(uo)");

	if (r >= 0)
		r = sd_bus_message_read(*ret_reply, "(uo)", &id, ret);
	return r < 0 ? r : id > 0;
}

static int job_type(sd_bus *bus, char **ret)
{
	sd_bus_message *unit_reply = NULL, *job_reply = NULL;
	const char *unit, *job;
	int r = find_unit(bus, &unit_reply, &unit);

	if (r >= 0)
		r = find_job(bus, unit, &job_reply, &job);
	if (r > 0)
		r = sd_bus_get_property_string(bus, SYSTEMD, job, SYSTEMD ".Job", "JobType", NULL,
					       ret);
	sd_bus_message_unref(unit_reply);
	sd_bus_message_unref(job_reply);
	return r;
}

static int open_systemd(sd_bus **ret)
{
	int r = sd_bus_open_system(ret);

	if (r < 0)
		r = open_private(ret);
	if (r >= 0)
		sd_bus_set_method_call_timeout(*ret, TIMEOUT_US);
	return r;
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
		    char **ret)
{
	return sd_bus_get_property_string(bus, SYSTEMD, path, interface, property, NULL, ret);
}

/* Path of a unit, borrowed of *ret_reply. */
static int unit_path(sd_bus *bus, const char *name, sd_bus_message **ret_reply, const char **ret)
{
	int r = sd_bus_call_method(bus, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager",
				   "LoadUnit", NULL, ret_reply, "s", name);

	return r < 0 ? r : sd_bus_message_read(*ret_reply, "o", ret);
}

/* Return: 0, -EBUSY, -errno. */
static int check_unused(sd_bus *bus, const char *path)
{
	_cleanup_free_ char *state = NULL;
	sd_bus_message *job = NULL;
	const char *ignored;
	int r = get_text(bus, path, SYSTEMD ".Unit", "ActiveState", &state);

	if (r >= 0)
		r = find_job(bus, path, &job, &ignored);
	sd_bus_message_unref(job);
	if (r < 0)
		return r;
	return r || (strcmp(state, "failed") && strcmp(state, "inactive")) ? -EBUSY : 0;
}

/* Systemd has forgotten the group of a unit that is not active: it is that of its slice. */
static int group_of_unit(sd_bus *bus, const char *unit, const char *path, char **ret)
{
	_cleanup_free_ char *slice = NULL, *group = NULL;
	sd_bus_message *reply = NULL;
	const char *slice_path;
	int r = get_text(bus, path, SYSTEMD ".Service", "Slice", &slice);

	if (r >= 0)
		r = unit_path(bus, slice, &reply, &slice_path);
	if (r >= 0)
		r = get_text(bus, slice_path, SYSTEMD ".Slice", "ControlGroup", &group);
	sd_bus_message_unref(reply);
	if (r < 0)
		return r;
	*ret = str_format("%s/%s", group, unit);
	return *ret ? 0 : -ENOMEM;
}

int unitjob_left_group(const char *unit, char **ret)
{
	sd_bus_message *reply = NULL;
	sd_bus *bus = NULL;
	const char *path;
	int r = open_systemd(&bus);

	if (r >= 0)
		r = unit_path(bus, unit, &reply, &path);
	if (r >= 0)
		r = check_unused(bus, path);
	if (r >= 0)
		r = group_of_unit(bus, unit, path, ret);
	sd_bus_message_unref(reply);
	sd_bus_close_unref(bus);
	return r;
}

/* Return: 1, 0: there is none; -errno: systemd cannot be asked. */
static int ask_type(char **ret)
{
	sd_bus *bus = NULL;
	int r = open_systemd(&bus);

	if (r >= 0)
		r = job_type(bus, ret);
	sd_bus_close_unref(bus);
	return r < 0 ? r : *ret != NULL;
}

char *unitjob_type(void)
{
	char *type = NULL;
	int r = ask_type(&type);

	if (r < 0)
		log_warning("cannot ask systemd whether this is a restart: %s", strerror(-r));
	return type;
}

/* The system bus may have ended already. Return: 1, 0, -errno. */
static int ask_shutdown(void)
{
	_cleanup_free_ char *state = NULL;
	sd_bus *bus = NULL;
	int r = open_private(&bus);

	if (r < 0)
		r = open_systemd(&bus);
	if (r >= 0) {
		sd_bus_set_method_call_timeout(bus, TIMEOUT_US);
		r = sd_bus_get_property_string(bus, SYSTEMD, "/org/freedesktop/systemd1",
					       SYSTEMD ".Manager", "SystemState", NULL, &state);
	}
	sd_bus_close_unref(bus);
	return r < 0 ? r : str_equal(state, "stopping");
}

bool unitjob_is_shutdown(void)
{
	int r = ask_shutdown();

	if (r < 0)
		log_warning("cannot ask systemd whether the machine shuts down: %s", strerror(-r));
	return r > 0;
}

static int ask_end(enum unit_end *ret)
{
	_cleanup_free_ char *type = NULL;
	int r = ask_type(&type), r1;

	if (str_equal(type, "restart") || str_equal(type, "try-restart")) {
		*ret = UNIT_RESTARTS;
		return 0;
	}
	r1 = ask_shutdown();
	*ret = r1 > 0 ? UNIT_ENDS_WITH_MACHINE : UNIT_STOPS;
	return r < 0 ? r : r1 < 0 ? r1 : 0;
}

/* Systemd is busiest when it stops everything. */
int unitjob_end(enum unit_end *ret)
{
	uint64_t limit = mono_ns() + PATIENCE_NS;
	int r;

	do
		r = ask_end(ret);
	while (r == -ETIMEDOUT && *ret == UNIT_STOPS && mono_ns() < limit);
	return r;
}
