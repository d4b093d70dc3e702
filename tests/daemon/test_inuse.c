/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who uses a device, and how its interface's settings are restored: real interfaces in a network
 * namespace of the test's own, with made-up trees of /sys and /proc.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/stat.h>

#include "system/in-use.h"
#include "system/net-settings.h"
#include "system/pci-sysfs.h"
#include "system/tap.h"
#include "../lib/suite.h"

#define BDF "0000:01:00.0"
#define OTHER "0000:01:00.1"

static char top[64];
static char sys_dir[96], proc_dir[96], dev_dir[96];
static struct inuse_roots roots = { sys_dir, proc_dir, dev_dir };
static struct inuse uses;
static int taps[2];

__attribute__((format(printf, 1, 2))) static void sh(const char *fmt, ...)
{
	struct text t = { 0 };
	va_list args;

	va_start(args, fmt);
	ck_assert_int_eq(text_vadd(&t, fmt, args), 0);
	va_end(args);
	ck_assert_msg(system(t.text) == 0, "%s", t.text);
	text_finish(&t);
}

static void make_class_device(const char *class, const char *name, const char *where)
{
	sh("mkdir -p %s/devices/pci0000:00/%s/%s %s/class/%s", sys_dir, where, name, sys_dir,
	   class);
	sh("ln -s ../../devices/pci0000:00/%s/%s %s/class/%s/%s", where, name, sys_dir, class,
	   name);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	_cleanup_free_ char *path = str_format("%s/%s", folder, name);
	_cleanup_fclose_ FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
}

static int make_tap(const char *name)
{
	_cleanup_free_ char *why = NULL;
	int fd = tap_open(name, NULL, &why);

	ck_assert_msg(fd >= 0, "%s", why ? why : "?");
	return fd;
}

static void setup(void)
{
	strcpy(top, "/tmp/ddekit-inuse.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(sys_dir, sizeof(sys_dir), "%s/sys", top);
	snprintf(proc_dir, sizeof(proc_dir), "%s/proc", top);
	snprintf(dev_dir, sizeof(dev_dir), "%s/dev", top);
	sh("mkdir -p %s/self %s %s/bus/pci/devices %s/bus/pci/drivers/igb", proc_dir, dev_dir,
	   sys_dir, sys_dir);
	write_file(proc_dir, "self/mountinfo", "");
	write_file(proc_dir, "swaps", "Filename Type Size Used Priority\n");
	memset(&uses, 0, sizeof(uses));
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	taps[0] = make_tap("nic0");
	taps[1] = make_tap("nic1");
	make_class_device("net", "nic0", BDF "/net");
	make_class_device("net", "nic1", OTHER "/net");
}

static void teardown(void)
{
	inuse_finish(&uses);
	close(taps[0]);
	close(taps[1]);
	sh("rm -rf %s", top);
}

static bool list_contains(const struct strv *list, const char *text)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (!strcmp(list->item[i], text))
			return true;
	return false;
}

static void expect_use(const struct strv *list, const char *text)
{
	_cleanup_free_ char *all = strv_join(list);

	ck_assert_msg(list_contains(list, text), "\"%s\" is not in: %s", text, all);
}

static void find_uses(void)
{
	inuse_finish(&uses);
	memset(&uses, 0, sizeof(uses));
	ck_assert_int_eq(inuse_check(&roots, BDF, &uses), 0);
}

/* ---- interfaces ------------------------------------------------------------ */

START_TEST(interface_that_is_down_is_free)
{
	find_uses();
	ck_assert_uint_eq(uses.net.n, 0);
	ck_assert_uint_eq(uses.other.n, 0);
	sh("ip link set nic0 up");
	find_uses();
	ck_assert_uint_eq(uses.net.n, 0);
}
END_TEST

START_TEST(interface_with_a_link_is_in_use)
{
	ck_assert_int_eq(tap_set_carrier(taps[0], true), 0);
	sh("ip link set nic0 up");
	find_uses();
	ck_assert_uint_eq(uses.net.n, 1);
	expect_use(&uses.net, "interface nic0 is up and has a link");
}
END_TEST

START_TEST(addresses_and_routes_are_reported)
{
	sh("ip addr add 10.1.2.3/24 dev nic0; ip link set nic0 up; ip link set nic1 up;"
	   "ip addr add fd00::5/64 dev nic0 nodad; ip addr add 10.9.9.9/24 dev nic1;"
	   "ip route add default via 10.1.2.1; ip route add 10.77.0.0/16 dev nic0;"
	   "ip -6 route add fd77::/32 via fd00::1");
	find_uses();
	expect_use(&uses.net, "interface nic0 has the address 10.1.2.3/24");
	expect_use(&uses.net, "interface nic0 has the address fd00::5/64");
	expect_use(&uses.net, "interface nic0 has the route default");
	expect_use(&uses.net, "interface nic0 has the route 10.77.0.0/16");
	expect_use(&uses.net, "interface nic0 has the route fd77::/32");
	ck_assert_uint_eq(uses.net.n, 5);
}
END_TEST

START_TEST(users_of_an_interface_are_reported)
{
	sh("mkdir %s/class/net/nic0/upper_vlan7", sys_dir);
	if (!system("ip link add br0 type bridge 2>/dev/null && ip link set nic0 master br0")) {
		sh("mkdir %s/class/net/nic0/upper_br0", sys_dir);
		find_uses();
		expect_use(&uses.net, "interface nic0 is a port of br0");
		ck_assert_uint_eq(uses.net.n, 2);
	}
	find_uses();
	expect_use(&uses.net, "interface nic0 carries vlan7");
}
END_TEST

/* ---- disks ----------------------------------------------------------------- */

static void make_disks(void)
{
	make_class_device("block", "sda", BDF "/ata1/host0/target0:0:0/0:0:0:0/block");
	make_class_device("block", "sda1", BDF "/ata1/host0/target0:0:0/0:0:0:0/block/sda");
	make_class_device("block", "sdb", OTHER "/ata1/host0/target0:0:0/0:0:0:0/block");
	write_file(sys_dir, "class/block/sda/dev", "8:0\n");
	write_file(sys_dir, "class/block/sda1/dev", "8:1\n");
	write_file(sys_dir, "class/block/sdb/dev", "8:16\n");
}

START_TEST(unused_disk_is_free)
{
	make_disks();
	write_file(proc_dir, "self/mountinfo", "36 1 8:16 / / rw shared:1 - ext4 /dev/sdb rw\n");
	find_uses();
	ck_assert_uint_eq(uses.other.n, 0);
}
END_TEST

START_TEST(mounts_are_reported)
{
	make_disks();
	write_file(proc_dir, "self/mountinfo",
		   "36 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"
		   "37 1 0:41 /sub /srv/my\\040data rw - btrfs /dev/sda rw\n"
		   "38 1 0:5 / /proc rw - proc proc rw\n");
	find_uses();
	expect_use(&uses.other, "sda1 is mounted on /");
	expect_use(&uses.other, "sda is mounted on /srv/my data");
	ck_assert_uint_eq(uses.other.n, 2);
}
END_TEST

START_TEST(swap_and_holders_are_reported)
{
	make_disks();
	write_file(proc_dir, "swaps",
		   "Filename Type Size Used Priority\n"
		   "/dev/sda1 partition 1000 0 -2\n/dev/sdb partition 1000 0 -2\n");
	sh("mkdir -p %s/class/block/sda/holders/dm-0", sys_dir);
	find_uses();
	expect_use(&uses.other, "sda1 is swap space");
	expect_use(&uses.other, "sda is part of dm-0");
	ck_assert_uint_eq(uses.other.n, 2);
}
END_TEST

START_TEST(nvme_namespace_of_a_subsystem_is_found)
{
	sh("mkdir -p %s/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1 %s/class/block "
	   "%s/devices/pci0000:00/" BDF "/nvme/nvme0",
	   sys_dir, sys_dir, sys_dir);
	sh("ln -s ../../../pci0000:00/" BDF "/nvme/nvme0 "
	   "%s/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0",
	   sys_dir);
	sh("ln -s ../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1 "
	   "%s/class/block/nvme0n1",
	   sys_dir);
	write_file(sys_dir, "class/block/nvme0n1/dev", "259:0\n");
	write_file(proc_dir, "self/mountinfo",
		   "36 1 259:0 / /home rw shared:1 - ext4 /dev/nvme0n1 rw\n");
	find_uses();
	expect_use(&uses.other, "nvme0n1 is mounted on /home");
	inuse_finish(&uses);
	memset(&uses, 0, sizeof(uses));
	ck_assert_int_eq(inuse_check(&roots, OTHER, &uses), 0);
	ck_assert_uint_eq(uses.other.n, 0);
}
END_TEST

/* ---- the device ------------------------------------------------------------ */

START_TEST(driver_and_companions_are_reported)
{
	_cleanup_free_ char *driver = NULL, *none = NULL;
	struct strv list = { 0 };

	sh("cd %s/bus/pci/devices; mkdir " BDF " " OTHER " 0000:00:1c.0;"
	   "mkdir -p ../../../kernel/iommu_groups/7/devices;"
	   "for d in " BDF " " OTHER " 0000:00:1c.0; do"
	   " ln -s ../../../../bus/pci/devices/$d ../../../kernel/iommu_groups/7/devices/$d;"
	   " ln -s ../../../../kernel/iommu_groups/7 $d/iommu_group; echo 0x020000 >$d/class;"
	   "done; echo 0x060400 >0000:00:1c.0/class; ln -s ../../drivers/igb " BDF "/driver;"
	   "ln -s bus/pci/drivers/igb ../../../igb",
	   sys_dir);
	driver = pcisys_driver(sys_dir, BDF);
	none = pcisys_driver(sys_dir, OTHER);
	ck_assert_str_eq(driver, "igb");
	ck_assert_ptr_null(none);
	ck_assert_int_eq(pcisys_group(sys_dir, BDF), 7);
	ck_assert_int_eq(pcisys_group(sys_dir, "0000:09:00.0"), -ENOENT);
	ck_assert_int_eq(pcisys_companions(sys_dir, BDF, &list), 0);
	ck_assert_uint_eq(list.n, 1);
	ck_assert_str_eq(list.item[0], OTHER);
	ck_assert(pcisys_present(sys_dir, BDF));
	ck_assert(!pcisys_present(sys_dir, "0000:09:00.0"));
	strv_finish(&list);
}
END_TEST

/* ---- saved settings of an interface ---------------------------------------- */

/* Saves, and converts to text and back, as ddekitd does across a restart. */
static struct netsave *save_settings(const char *ifname)
{
	struct netsave *save, *again;
	struct json_object *json, *copy;

	ck_assert_int_eq(netsave_read(ifname, &save), 0);
	json = netsave_to_json(save);
	copy = json_tokener_parse(json_object_to_json_string(json));
	ck_assert_int_eq(netsave_from_json(copy, &again), 0);
	json_object_put(json);
	json_object_put(copy);
	netsave_free(save);
	return again;
}

static void restore_settings(const struct netsave *save, unsigned int parts)
{
	struct strv errors = { 0 };
	_cleanup_free_ char *all = NULL;

	ck_assert_int_gt(netsave_apply(save, if_nametoindex("nic1"), parts, &errors), 0);
	all = strv_join(&errors);
	ck_assert_msg(!errors.n, "%s", all);
	strv_finish(&errors);
}

START_TEST(addresses_routes_and_mtu_move_to_another_interface)
{
	struct netsave *save;

	sh("ip link set nic0 mtu 1400; ip link set nic0 up;"
	   "ip addr add 10.1.2.3/24 brd + dev nic0 label nic0:x;"
	   "ip addr add fd00::5/64 dev nic0 nodad;"
	   "ip route add 10.77.0.0/16 dev nic0 src 10.1.2.3 metric 50;"
	   "ip route add default via 10.1.2.1; ip -6 route add fd77::/32 via fd00::1;"
	   "ip route add 10.88.0.0/16 via 10.77.0.9 onlink dev nic0 table 99");
	save = save_settings("nic0");
	close(taps[0]);
	taps[0] = make_tap("else0");
	restore_settings(save, NETSAVE_MTU | NETSAVE_UP);
	sh("ip -o addr show dev nic1 | grep -q '10.1.2.3/24 brd 10.1.2.255'");
	sh("ip -o addr show dev nic1 | grep -q 'fd00::5/64'");
	sh("ip link show dev nic1 | grep -q 'UP.* mtu 1400'");
	sh("ip route | grep -q 'default via 10.1.2.1 dev nic1'");
	sh("ip route | grep -q '10.77.0.0/16 dev nic1 .*src 10.1.2.3 metric 50'");
	sh("ip -6 route | grep -q 'fd77::/32 via fd00::1 dev nic1'");
	sh("ip route show table 99 | grep -q '10.88.0.0/16 via 10.77.0.9 dev nic1 onlink'");
	netsave_free(save);
}
END_TEST

START_TEST(the_name_is_restored)
{
	struct netsave *save = save_settings("nic0");

	close(taps[0]);
	taps[0] = make_tap("else0");
	ck_assert_str_eq(netsave_name(save), "nic0");
	restore_settings(save, NETSAVE_ALL);
	ck_assert_uint_ne(if_nametoindex("nic0"), 0);
	ck_assert_uint_eq(if_nametoindex("nic1"), 0);
	sh("! ip link show dev nic0 | grep -q '[<,]UP'");
	netsave_free(save);
}
END_TEST

START_TEST(settings_that_cannot_be_restored_are_reported)
{
	struct netsave *save = save_settings("nic0");
	struct strv errors = { 0 };

	/* nic0 still exists, so nic1 cannot have its name. */
	netsave_apply(save, if_nametoindex("nic1"), NETSAVE_NAME, &errors);
	ck_assert_uint_eq(errors.n, 1);
	ck_assert_str_eq(errors.item[0], "name: File exists");
	strv_finish(&errors);
	netsave_free(save);
	ck_assert_int_eq(netsave_read("gone0", &save), -ENODEV);
}
END_TEST

START_TEST(damaged_settings_are_refused)
{
	static const char *const bad[] = {
		"{}",
		"{\"name\":\"a\"}",
		"{\"name\":\"a\",\"messages\":[{}]}",
		"{\"name\":\"a\",\"messages\":[{\"type\":20,\"data\":\"02\"}]}",
		"{\"name\":\"a\",\"messages\":[{\"type\":16,\"data\":\"0200000000000000\"}]}",
		"{\"name\":\"a\",\"messages\":[{\"type\":20,\"data\":\"zz\"}]}",
	};
	struct netsave *save = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct json_object *json = json_tokener_parse(bad[i]);

		ck_assert_int_eq(netsave_from_json(json, &save), -EINVAL);
		json_object_put(json);
	}
	ck_assert_ptr_null(save);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("inuse");
	TCase *c = tcase_create("inuse");

	if (geteuid() || access("/dev/net/tun", R_OK | W_OK)) {
		puts("needs root and /dev/net/tun");
		return 77;
	}
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, interface_that_is_down_is_free);
	tcase_add_test(c, interface_with_a_link_is_in_use);
	tcase_add_test(c, addresses_and_routes_are_reported);
	tcase_add_test(c, users_of_an_interface_are_reported);
	tcase_add_test(c, unused_disk_is_free);
	tcase_add_test(c, mounts_are_reported);
	tcase_add_test(c, swap_and_holders_are_reported);
	tcase_add_test(c, nvme_namespace_of_a_subsystem_is_found);
	tcase_add_test(c, driver_and_companions_are_reported);
	tcase_add_test(c, addresses_routes_and_mtu_move_to_another_interface);
	tcase_add_test(c, the_name_is_restored);
	tcase_add_test(c, settings_that_cannot_be_restored_are_reported);
	tcase_add_test(c, damaged_settings_are_refused);
	suite_add_tcase(s, c);
	return suite_run(s);
}
