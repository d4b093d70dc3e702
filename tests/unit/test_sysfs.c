/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moving a PCI function from one kernel driver to another, in a tree of the test's own instead of
 * /sys.  write() does here what the kernel does on a write.
 */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "../../ddekit/backend/sysfs.h"
#include "../lib/suite.h"

#define NIC "0000:01:00.0"
#define SOUND "0000:01:00.1"
#define DEVICES "bus/pci/devices/"
#define DRIVERS "bus/pci/drivers/"

static char root[] = "/tmp/ddekit-sysfs.XXXXXX";
static const struct ddekit_bdf nic = { 0, 1, 0, 0 };
static bool refuses; /* vfio-pci refuses to bind */

/* ---- the tree ------------------------------------------------------------- */

/* The path of a name in the tree; valid for three more calls. */
__attribute__((format(printf, 1, 2))) static const char *path(const char *format, ...)
{
	static char buf[4][PATH_MAX];
	static unsigned int turn;
	char *p = buf[turn++ % 4];
	size_t len = strlen(root);
	va_list args;

	memcpy(p, root, len);
	p[len++] = '/';
	va_start(args, format);
	vsnprintf(p + len, PATH_MAX - len, format, args);
	va_end(args);
	return p;
}

static void make_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "we");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

static void make_dir(const char *name)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "mkdir -p '%s'", name);
	ck_assert_int_eq(system(command), 0);
}

static void make_driver(const char *name)
{
	make_dir(path(DRIVERS "%s", name));
	make_file(path(DRIVERS "%s/unbind", name), "");
}

/* The device's link leads to its driver's unbind file. */
static void bind_to(const char *device, const char *driver)
{
	ck_assert_int_eq(symlink(path(DRIVERS "%s", driver), path(DEVICES "%s/driver", device)), 0);
}

static void make_device(const char *name, const char *class, const char *driver)
{
	make_dir(path(DEVICES "%s", name));
	make_file(path(DEVICES "%s/class", name), class);
	make_file(path(DEVICES "%s/driver_override", name), "(null)\n");
	if (driver)
		bind_to(name, driver);
}

static void make_group(const char *name)
{
	make_dir(path("kernel/iommu_groups/7/devices/%s", name));
	ck_assert_int_eq(symlink(path("kernel/iommu_groups/7"),
				 path(DEVICES "%s/iommu_group", name)),
			 0);
}

/* ---- the kernel ----------------------------------------------------------- */

static ssize_t raw_write(int fd, const void *buf, size_t len)
{
	return syscall(SYS_write, fd, buf, len);
}

static void first_line(const char *file, char *buf, size_t size)
{
	FILE *f = fopen(file, "re");

	if (!f || !fgets(buf, (int)size, f))
		buf[0] = 0;
	buf[strcspn(buf, "\n")] = 0;
	if (f)
		fclose(f);
}

/* Binds the driver of driver_override, else e1000e. */
static void kernel_probe(const char *device)
{
	char override[64];

	first_line(path(DEVICES "%s/driver_override", device), override, sizeof(override));
	if (!strcmp(override, "vfio-pci") && refuses)
		return;
	if (!*override || !strcmp(override, "(null)"))
		strcpy(override, "e1000e");
	if (access(path(DEVICES "%s/driver", device), F_OK))
		bind_to(device, override);
}

ssize_t write(int fd, const void *buf, size_t len)
{
	char self[64], name[PATH_MAX], device[64] = "";
	ssize_t n, done = raw_write(fd, buf, len);
	const char *file;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, name, sizeof(name) - 1);
	if (n < 0 || done != (ssize_t)len || len >= sizeof(device))
		return done;
	name[n] = 0;
	memcpy(device, buf, len);
	file = strrchr(name, '/');
	if (strncmp(name, root, strlen(root)) || !file)
		return done;
	if (!strcmp(file, "/unbind"))
		unlink(path(DEVICES "%s/driver", device));
	else if (!strcmp(file, "/drivers_probe"))
		kernel_probe(device);
	else if (!strcmp(file, "/driver_override"))
		ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
	return done;
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(root));
	sysfs_root = root;
	make_dir(path("bus/pci/devices"));
	make_driver("vfio-pci");
	make_driver("e1000e");
	make_driver("snd_hda_intel");
	make_file(path("bus/pci/drivers_probe"), "");
	make_device(NIC, "0x020000\n", "e1000e");
}

static int remove_entry(const char *name, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(name);
}

static void teardown(void)
{
	nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void expect_bound(const char *driver, const char *override)
{
	char name[SYSFS_NAME] = "", line[SYSFS_NAME];

	sysfs_link(nic, "driver", name);
	ck_assert_str_eq(name, driver);
	ck_assert_int_eq(sysfs_line(nic, "driver_override", line, sizeof(line)), 0);
	ck_assert_str_eq(line, override);
}

/* ---- binding -------------------------------------------------------------- */

START_TEST(a_function_is_bound_and_restored)
{
	struct ddekit_before before;
	char *why = NULL;

	ck_assert_int_eq(sysfs_bind(nic, "vfio-pci", &before, &why), 0);
	expect_bound("vfio-pci", "vfio-pci");
	ck_assert(before.changed);
	ck_assert_str_eq(before.driver, "e1000e");
	ck_assert_int_eq(sysfs_restore(nic, &before), 0);
	expect_bound("e1000e", "");
}
END_TEST

START_TEST(a_former_override_is_restored)
{
	struct ddekit_before before;
	char *why = NULL;

	make_file(path(DEVICES NIC "/driver_override"), "e1000e\n");
	ck_assert_int_eq(sysfs_bind(nic, "vfio-pci", &before, &why), 0);
	ck_assert_int_eq(sysfs_restore(nic, &before), 0);
	expect_bound("e1000e", "e1000e");
}
END_TEST

START_TEST(a_refusal_restores_the_former_driver)
{
	struct ddekit_before before = { .driver = "untouched" };
	char *why = NULL;

	refuses = true;
	ck_assert_int_eq(sysfs_bind(nic, "vfio-pci", &before, &why), -EBUSY);
	expect_bound("e1000e", "");
	ck_assert_str_eq(before.driver, "untouched");
	ck_assert_ptr_nonnull(strstr(why, NIC));
	ck_assert_ptr_nonnull(strstr(why, "it is bound to e1000e again"));
	free(why);
}
END_TEST

START_TEST(a_function_with_that_driver_is_not_changed)
{
	struct ddekit_before before = { 0 };
	char *why = NULL;

	ck_assert_int_eq(sysfs_bind(nic, "e1000e", &before, &why), 0);
	ck_assert(!before.changed);
	ck_assert_int_eq(sysfs_restore(nic, &before), 0);
	expect_bound("e1000e", "(null)");
}
END_TEST

START_TEST(the_driver_before_a_lost_claim_is_restored)
{
	struct ddekit_before first, second;
	char *why = NULL;

	ck_assert_int_eq(sysfs_bind(nic, "vfio-pci", &first, &why), 0);
	second = first;
	ck_assert_int_eq(sysfs_bind(nic, "vfio-pci", &second, &why), 0);
	ck_assert_int_eq(ddekit_give_back(nic, &second), 0);
	expect_bound("e1000e", "");
}
END_TEST

START_TEST(the_message_names_an_unknown_function_or_driver)
{
	const struct ddekit_bdf none = { 0, 9, 0, 0 };
	struct ddekit_before before;
	char *why = NULL;

	ck_assert_int_eq(sysfs_bind(none, "vfio-pci", &before, &why), -ENODEV);
	ck_assert_ptr_nonnull(strstr(why, "0000:09:00.0"));
	free(why);
	ck_assert_int_eq(sysfs_bind(nic, "no-such-driver", &before, &why), -ENOENT);
	ck_assert_ptr_nonnull(strstr(why, "no-such-driver"));
	free(why);
	expect_bound("e1000e", "(null)");
}
END_TEST

START_TEST(restoring_a_removed_function_does_nothing)
{
	const struct ddekit_before before = { .changed = true, .driver = "e1000e" };

	ck_assert_int_eq(sysfs_restore((struct ddekit_bdf){ 0, 9, 0, 0 }, &before), 0);
}
END_TEST

/* ---- groups --------------------------------------------------------------- */

START_TEST(without_a_group_there_is_no_iommu)
{
	char *why = NULL;

	ck_assert_int_eq(sysfs_group_check(nic, "vfio-pci", &why), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(why, "backend=uio"));
	free(why);
}
END_TEST

START_TEST(bridges_and_companions_without_driver_are_ignored)
{
	char *why = NULL;

	make_driver("pcieport");
	make_device("0000:00:1c.0", "0x060400\n", "pcieport");
	make_device(SOUND, "0x040300\n", NULL);
	make_group(NIC);
	make_group(SOUND);
	make_group("0000:00:1c.0");
	ck_assert_int_eq(sysfs_group_check(nic, "vfio-pci", &why), 7);
}
END_TEST

START_TEST(the_message_names_a_companion_with_a_driver)
{
	char *why = NULL;

	make_device(SOUND, "0x040300\n", "snd_hda_intel");
	make_group(NIC);
	make_group(SOUND);
	ck_assert_int_eq(sysfs_group_check(nic, "vfio-pci", &why), -EBUSY);
	ck_assert_ptr_nonnull(strstr(why, SOUND " (snd_hda_intel)"));
	free(why);
}
END_TEST

START_TEST(a_refusal_names_lockdown_or_apparmor)
{
	char hint[SYSFS_HINT];

	make_dir(path("kernel/security"));
	sysfs_apparmor = path("apparmor");
	ck_assert_str_eq(sysfs_hint(-EPERM, hint), "");
	make_file(path("kernel/security/lockdown"), "[none] integrity confidentiality\n");
	make_file(path("apparmor"), "unconfined\n");
	ck_assert_str_eq(sysfs_hint(-EPERM, hint), "");
	make_file(path("kernel/security/lockdown"), "none [integrity] confidentiality\n");
	ck_assert_ptr_nonnull(strstr(sysfs_hint(-EPERM, hint), "lockdown (integrity) keeps"));
	ck_assert_str_eq(sysfs_hint(-EACCES, hint), "");
	ck_assert_str_eq(sysfs_hint(-ENOENT, hint), "");
	make_file(path("apparmor"), "/usr/sbin/ddekitd (enforce)\n");
	ck_assert_ptr_nonnull(strstr(sysfs_hint(-EACCES, hint),
				     "by the profile /usr/sbin/ddekitd (enforce): see"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sysfs");
	TCase *c = tcase_create("sysfs");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_function_is_bound_and_restored);
	tcase_add_test(c, a_former_override_is_restored);
	tcase_add_test(c, a_refusal_restores_the_former_driver);
	tcase_add_test(c, a_function_with_that_driver_is_not_changed);
	tcase_add_test(c, the_driver_before_a_lost_claim_is_restored);
	tcase_add_test(c, the_message_names_an_unknown_function_or_driver);
	tcase_add_test(c, restoring_a_removed_function_does_nothing);
	tcase_add_test(c, without_a_group_there_is_no_iommu);
	tcase_add_test(c, bridges_and_companions_without_driver_are_ignored);
	tcase_add_test(c, the_message_names_a_companion_with_a_driver);
	tcase_add_test(c, a_refusal_names_lockdown_or_apparmor);
	suite_add_tcase(s, c);
	return suite_run(s);
}
