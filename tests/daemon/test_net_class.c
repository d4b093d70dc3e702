/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The class "net" in ddekitd: what a driver host's messages make it do.  The TAP is /dev/null, and
 * the test's ioctl() plays the kernel's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <semaphore.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include "device/private.h"
#include "drivers/bridges/class-ddekitd.h"
#include "lib/job.h"
#include "lib/log.h"
#include "state/state-file.h"
#include "exports.h"
#include "../lib/suite.h"

#define BDF "0000:01:00.0"

extern const struct class_ops net_class_ops;

static struct device_env env;
static struct device dev;
static unsigned int n_links;

/* ---- the kernel ---------------------------------------------------------------------- */

static sem_t gate; /* a call to set offloads passes it */
static unsigned int n_offloads, last_offloads;
static uint8_t last_mac[6];

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	switch (request) {
	case TUNSETOFFLOAD:
		sem_wait(&gate);
		n_offloads++;
		last_offloads = (unsigned int)(uintptr_t)arg;
		return 0;
	case SIOCSIFHWADDR:
		memcpy(last_mac, ((struct ifreq *)arg)->ifr_hwaddr.sa_data, sizeof(last_mac));
		return 0;
	}
	errno = ENOTTY;
	return -1;
}

/* ---- a device -------------------------------------------------------------------------- */

static void count_link(void *arg, struct device *device)
{
	n_links++;
}

static int open_null(void *arg, const char *what)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static void set_up_tap(void)
{
	net_class_ops.store->adopt(&dev, NULL, open_null, NULL);
	ck_assert_int_ge(dev.hold.file, 0);
}

static void setup(void)
{
	static const struct device_listener listener = { .link = count_link };
	struct ddekit_bdf bdf;

	log_open(LOG_ERR);
	env = (struct device_env){ .listener = &listener };
	ck_assert_int_ge(sd_event_default(&env.event), 0);
	ck_assert_int_eq(ddekit_bdf_parse(BDF, &bdf), 0);
	dev = (struct device){ .env = &env,
			       .state = DEVICE_UP,
			       .persisted.state = -1,
			       .hold.file = -1,
			       .plugin.bridge = "net",
			       .config = device_config_create(bdf, "test") };
	ck_assert_int_eq(jobs_create(env.event, &dev.work.jobs), 0);
	ck_assert_int_eq(sem_init(&gate, 0, 0), 0);
	n_links = n_offloads = last_offloads = 0;
	memset(last_mac, 0, sizeof(last_mac));
}

static void run_jobs(void)
{
	while (!jobs_idle(dev.work.jobs))
		ck_assert_int_ge(sd_event_run(env.event, 1000000), 0);
}

static void teardown(void)
{
	run_jobs();
	jobs_destroy(dev.work.jobs);
	net_class_ops.release(&dev);
	fd_close(&dev.hold.file);
	fd_close(&dev.persisted.state);
	device_config_destroy(dev.config);
	sd_event_unref(env.event);
	sem_destroy(&gate);
}

static void send_export(const struct net_export *is)
{
	struct net_message m = { .class = "net", .mono_ns = mono_ns(), .is = *is };

	net_class_ops.message(&dev, (const struct proto_export *)&m);
}

/* ---- the TAP's settings ---------------------------------------------------------------- */

START_TEST(a_flood_of_changes_is_one_job_at_a_time_and_ends_with_the_newest)
{
	struct net_export is = { .features = DDE_NET_F_CSUM, .mac = { 2, 0, 0, 0, 0, 0 } };
	int i;

	set_up_tap();
	for (i = 0; i < 1000; i++) {
		is.mac[4] = i >> 8;
		is.mac[5] = i;
		is.features ^= DDE_NET_F_TSO4;
		send_export(&is);
	}
	for (i = 0; i < 1000; i++)
		sem_post(&gate);
	run_jobs();
	ck_assert_uint_le(n_offloads, 2);
	ck_assert_uint_eq(last_offloads, TUN_F_CSUM);
	ck_assert_mem_eq(last_mac, is.mac, sizeof(last_mac));
}
END_TEST

/* ---- links ------------------------------------------------------------------------------ */

START_TEST(a_message_to_a_device_without_tap_has_no_effect)
{
	dev.outage.start = 1;
	send_export(&(struct net_export){ .carrier = 1, .speed = 1000 });
	ck_assert_uint_eq(n_links, 0);
	ck_assert_uint_eq(dev.outage.start, 1);
	ck_assert_uint_eq(dev.outage.last, 0);
	ck_assert_uint_eq(dev.run.times.link, 0);
}
END_TEST

/* Is @text in the description for the next ddekitd? */
static bool is_persisted(const char *text)
{
	_cleanup_free_ char *data = NULL, *all = NULL;
	size_t len;

	ck_assert_int_eq(statefile_read(dev.persisted.state, &data, &len), 0);
	all = strndup(data, len);
	return strstr(all, text);
}

/* The description has nothing else of what an export brings. */
START_TEST(only_the_first_link_of_a_driver_host_is_persisted)
{
	struct net_export is = { .carrier = 1, .speed = 1000 };

	set_up_tap();
	sem_post(&gate);
	dev.persisted.state = statefile_create("test");
	ck_assert_int_ge(dev.persisted.state, 0);
	strcpy(dev.run.release, "first");
	send_export(&is);
	ck_assert(is_persisted("first"));
	strcpy(dev.run.release, "second");
	is.speed = 100;
	send_export(&is);
	ck_assert_uint_eq(n_links, 2);
	ck_assert(!is_persisted("second"));
	dev.run.times.link = 0; /* a restart in place */
	send_export(&is);
	ck_assert(is_persisted("second"));
}
END_TEST

/* ---- adopting ---------------------------------------------------------------------------- */

static int opened;

static void note_opened(struct device *device, int error, const char *why)
{
	device->work.busy = false;
	opened = error;
}

START_TEST(an_adopted_tap_is_watched_when_its_device_is_claimed_again)
{
	static const struct device_events events = { .class_opened = note_opened };
	char *why = NULL;

	dev.events = &events;
	set_up_tap(); /* its claim was not adopted */
	opened = 1;
	ck_assert_int_eq(net_class_ops.open(&dev, true, &why), 1);
	run_jobs();
	ck_assert_int_eq(opened, -ENOTTY); /* it is no TAP */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net_class");
	TCase *c = tcase_create("net_class");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_flood_of_changes_is_one_job_at_a_time_and_ends_with_the_newest);
	tcase_add_test(c, a_message_to_a_device_without_tap_has_no_effect);
	tcase_add_test(c, only_the_first_link_of_a_driver_host_is_persisted);
	tcase_add_test(c, an_adopted_tap_is_watched_when_its_device_is_claimed_again);
	suite_add_tcase(s, c);
	return suite_run(s);
}
