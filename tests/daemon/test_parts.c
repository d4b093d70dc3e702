/* SPDX-License-Identifier: GPL-2.0-only */
/* Small parts: helpers, plugin catalogue, ring of log lines, users, state file. */
#include <errno.h>

#include "config/catalog.h"
#include "process/confine.h"
#include "process/qemu.h"
#include "lib/log-ring.h"
#include "state/state-file.h"
#include "system/smbios.h"
#include "../lib/suite.h"

static char dir[] = "/tmp/ddekit-parts.XXXXXX";
static struct catalog catalog;

static void setup(void)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	_cleanup_free_ char *command = str_format("rm -rf '%s'", dir);

	catalog_finish(&catalog);
	ck_assert_int_eq(system(command), 0);
}

/* ---- the machine ------------------------------------------------------------ */

static void write_bytes(const char *name, const void *bytes, size_t n)
{
	_cleanup_free_ char *path = str_format("%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

/* A system with serial number and UUID, a memory module, a board, the end. */
static const char machine[] = "\x01\x1b\x01\0\x01\x02\0\x03"
			      "0123456789abcdef"
			      "\x06\0\0"
			      "Vendor\0Name\0SECRET\0\0"
			      "\x11\x06\x02\0\x01\0"
			      "SECRET\0\0"
			      "\x02\x09\x03\0\x01\x02\0\x03\x04"
			      "Maker\0Board\0SECRET\0SECRET\0\0"
			      "\x7f\x04\x04\0\0";

START_TEST(the_machine_is_known_without_what_identifies_it)
{
	static const char entry[24] = "_SM3_\0\x18\x03\x02";
	uint8_t ret[512], sum = 0;
	size_t n, i;

	write_bytes("smbios_entry_point", entry, sizeof(entry));
	write_bytes("DMI", machine, sizeof(machine));
	n = smbios_read(dir, ret, sizeof(ret));
	ck_assert_uint_gt(n, 32);
	ck_assert_mem_eq(ret, "_SM3_", 5);
	for (i = 0; i < 24; i++)
		sum += ret[i];
	ck_assert_uint_eq(sum, 0);
	ck_assert_uint_eq(ret[12] + ret[13] * 256u, n - 32);
	ck_assert_ptr_nonnull(memmem(ret, n, "Vendor", 6));
	ck_assert_ptr_nonnull(memmem(ret, n, "Board", 5));
	ck_assert_ptr_null(memmem(ret, n, "SECRET", 6));
	ck_assert_ptr_null(memmem(ret, n, "0123", 4));
	/* Too little room, no tables, damaged ones. */
	ck_assert_uint_eq(smbios_read(dir, ret, 64), 0);
	ck_assert_uint_eq(smbios_read("/nonexistent", ret, sizeof(ret)), 0);
	for (i = 0; i < sizeof(machine); i++) {
		write_bytes("DMI", machine, i);
		n = smbios_read(dir, ret, sizeof(ret));
		ck_assert_uint_le(n, sizeof(ret));
		ck_assert_ptr_null(memmem(ret, n, "SECRET", 6));
	}
}
END_TEST

/* ---- helpers --------------------------------------------------------------- */

START_TEST(sizes_are_parsed_and_printed)
{
	uint64_t v = 7;
	char buf[32];

	ck_assert_int_eq(parse_size("64M", &v), 0);
	ck_assert_uint_eq(v, 64 << 20);
	ck_assert_int_eq(parse_size("1 g", &v), 0);
	ck_assert_uint_eq(v, 1 << 30);
	ck_assert_str_eq(format_size(v, buf, sizeof(buf)), "1G");
	ck_assert_str_eq(format_size(1500, buf, sizeof(buf)), "1500");
	v = 7;
	ck_assert_int_eq(parse_size("", &v), -EINVAL);
	ck_assert_int_eq(parse_size("-1", &v), -EINVAL);
	ck_assert_int_eq(parse_size("1MB", &v), -EINVAL);
	ck_assert_int_eq(parse_size("1 T", &v), -EINVAL);
	ck_assert_int_eq(parse_size("99999999999999999G", &v), -ERANGE);
	ck_assert_uint_eq(v, 7);
}
END_TEST

START_TEST(times_are_parsed_and_printed)
{
	uint32_t v = 7;
	char buf[32];

	ck_assert_int_eq(parse_time_ms("250ms", &v), 0);
	ck_assert_uint_eq(v, 250);
	ck_assert_str_eq(format_time_ms(v, buf, sizeof(buf)), "250ms");
	ck_assert_int_eq(parse_time_ms("2", &v), 0);
	ck_assert_uint_eq(v, 2000);
	ck_assert_str_eq(format_time_ms(v, buf, sizeof(buf)), "2s");
	ck_assert_int_eq(parse_time_ms("1min", &v), 0);
	ck_assert_uint_eq(v, 60000);
	ck_assert_int_eq(parse_time_ms("1.5s", &v), -EINVAL);
	ck_assert_int_eq(parse_time_ms("9999999min", &v), -ERANGE);
	ck_assert_uint_eq(v, 60000);
}
END_TEST

START_TEST(bytes_are_converted_to_hexadecimal_and_back)
{
	static const uint8_t bytes[] = { 0x00, 0x9a, 0xff };
	uint8_t back[3];
	char *text = hex_text(bytes, sizeof(bytes));

	ck_assert_str_eq(text, "009aff");
	ck_assert_int_eq(hex_decode(text, back, sizeof(back)), 3);
	ck_assert_mem_eq(back, bytes, sizeof(bytes));
	ck_assert_int_eq(hex_decode("", back, sizeof(back)), 0);
	ck_assert_int_eq(hex_decode(text, back, 2), -EINVAL);
	ck_assert_int_eq(hex_decode("009", back, sizeof(back)), -EINVAL);
	ck_assert_int_eq(hex_decode("0g", back, sizeof(back)), -EINVAL);
	free(text);
}
END_TEST

START_TEST(words_are_split_and_joined)
{
	struct strv v = { 0 };
	char *text;

	ck_assert_int_eq(strv_split(&v, " a  'b c' d\"e f\"g \t''"), 0);
	ck_assert_uint_eq(v.n, 4);
	ck_assert_str_eq(v.item[1], "b c");
	ck_assert_str_eq(v.item[2], "de fg");
	ck_assert_str_eq(v.item[3], "");
	text = strv_join(&v);
	ck_assert_str_eq(text, "a \"b c\" \"de fg\" \"\"");
	free(text);
	ck_assert_int_eq(strv_split(&v, "\"open"), -EINVAL);
	strv_finish(&v);
}
END_TEST

START_TEST(signals_have_names)
{
	ck_assert_str_eq(signal_name(11), "SIGSEGV");
	ck_assert_str_eq(signal_name(60), "signal 60");
}
END_TEST

START_TEST(ring_contains_the_last_lines)
{
	struct logring *ring = logring_create(3);
	char text[8];
	int i;

	for (i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "%d", i);
		logring_add(ring, i % 8, text);
	}
	ck_assert_uint_eq(logring_count(ring), 3);
	ck_assert_str_eq(logring_at(ring, 0)->text, "7");
	ck_assert_str_eq(logring_at(ring, 2)->text, "9");
	ck_assert_int_eq(logring_at(ring, 2)->level, 1);
	logring_destroy(ring);
}
END_TEST

/* ---- catalogue --------------------------------------------------------------- */

static void add_plugin(const char *file, const char *text)
{
	_cleanup_free_ char *path = str_format("%s/%s", dir, file);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

#define PLUGIN(name, kind, aliases) \
	"{\"schema\":1,\"name\":\"" name "\",\"kind\":\"" kind \
	"\",\"class\":\"net\",\"modules\":[\"" name ".so\"],\"aliases\":[" aliases "]}"
#define ID "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00"

START_TEST(drivers_are_matched_by_the_closest_pattern)
{
	add_plugin("any.json", PLUGIN("any", "driver", "\"pci:v*d*sv*sd*bc02sc00i*\""));
	add_plugin("fits.json",
		   PLUGIN("fits", "driver", "\"pci:v00008086d000010D3sv*sd*bc*sc*i*\""));
	add_plugin("not.json", PLUGIN("not", "driver", "\"pci:v00008086d000010D4sv*sd*bc*sc*i*\""));
	add_plugin("bridge.json", PLUGIN("bridge", "bridge", "\"" ID "\""));
	ck_assert_int_eq(catalog_read(dir, &catalog), 0);
	ck_assert_uint_eq(catalog.n, 4);
	ck_assert_str_eq(catalog_match(&catalog, ID)->name, "fits");
	ck_assert_ptr_null(catalog_match(&catalog, "pci:v00001234d00005678sv0sd0bc03sc00i00"));
	ck_assert_str_eq(catalog_bridge(&catalog, "net")->name, "bridge");
	ck_assert_ptr_null(catalog_bridge(&catalog, "block"));
	ck_assert(plugin_matches(catalog_find(&catalog, "any"), ID));
	ck_assert(!plugin_matches(catalog_find(&catalog, "not"), ID));
}
END_TEST

static const char *const damaged[] = {
	"",
	"{",
	"[]",
	"null",
	"{}",
	"{\"schema\":2}",
	"{\"schema\":1}",
	"{\"schema\":1,\"name\":1,\"kind\":\"driver\",\"class\":\"\",\"modules\":[\"a\"],"
	"\"aliases\":[]}",
	"{\"schema\":1,\"name\":\"x\",\"kind\":\"driver\",\"class\":\"\",\"modules\":[],"
	"\"aliases\":[]}",
	"{\"schema\":1,\"name\":\"x\",\"kind\":\"driver\",\"class\":\"\",\"modules\":[1],"
	"\"aliases\":[]}",
	"{\"schema\":1,\"name\":\"x\",\"kind\":\"driver\",\"class\":\"\","
	"\"modules\":[\"../../etc/x.so\"],\"aliases\":[]}",
};

START_TEST(damaged_descriptions_are_skipped_and_reported)
{
	add_plugin("bad.json", damaged[_i]);
	add_plugin("good.json", PLUGIN("good", "driver", ""));
	ck_assert_int_eq(catalog_read(dir, &catalog), 0);
	ck_assert_uint_eq(catalog.n, 1);
	ck_assert_uint_eq(catalog.errors.n, 1);
	ck_assert(strstr(catalog.errors.item[0], "/bad.json: "));
}
END_TEST

START_TEST(missing_folder_is_an_error)
{
	ck_assert_int_eq(catalog_read("/nonexistent/plugins", &catalog), -ENOENT);
}
END_TEST

START_TEST(only_bytes_that_are_no_utf8_are_replaced)
{
	static const char *const pairs[][2] = {
		{ "plain ~\x7f\t", "plain ~\x7f\t" },
		{ "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80",
		  "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\x80\xff", "??" },
		{ "\xc3", "?" }, /* cut */
		{ "\xe2\x82", "??" },
		{ "\xc3(", "?(" },
		{ "\xc0\xaf", "??" },           /* longer than necessary */
		{ "\xed\xa0\x80", "???" },      /* half of a pair */
		{ "\xf4\x90\x80\x80", "????" }, /* beyond the last */
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		_cleanup_free_ char *text = strdup(pairs[i][0]);

		str_make_utf8(text);
		ck_assert_str_eq(text, pairs[i][1]);
	}
}
END_TEST

/* ---- what a bind needs ------------------------------------------------------------ */

START_TEST(a_setting_is_harmless_only_if_it_is_known_to_be)
{
	static const char *const harmful[][2] = {
		{ "emu-args", "x" },      { "drive", "/x" },
		{ "netns", "x" },         { "ifname", "x" },
		{ "sandbox", "no" },      { "sandbox", "off" },
		{ "backend", "uio" },     { "netdev", "tap,ifname=x" },
		{ "netdev", "user,x=y" }, { "device", "e1000e,romfile=/x" },
		{ "a-later-key", "x" },   { "plugin-dir", "/x" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(harmful); i++)
		ck_assert_msg(!config_is_harmless(harmful[i][0], harmful[i][1]), "%s=%s",
			      harmful[i][0], harmful[i][1]);
	ck_assert(config_is_harmless("device", "nvme,serial=1"));
	ck_assert(config_is_harmless("netdev", "user"));
	ck_assert(config_is_harmless("sandbox", "yes"));
	ck_assert(config_is_harmless("options", "debug=1"));
}
END_TEST

/* ---- QEMU ------------------------------------------------------------------------- */

START_TEST(only_a_qemu_that_uses_ip_has_the_network)
{
	struct device_config dev = { .netdev = "user" };
	char *args[] = { "-netdev", "socket,id=a,listen=:1", NULL };

	ck_assert(qemuconfine_needs_network(&dev));
	dev.netdev = "dgram,local.type=unix,local.path=/x";
	ck_assert(!qemuconfine_needs_network(&dev));
	dev.netdev = "tap,fd=3";
	ck_assert(!qemuconfine_needs_network(&dev));
	dev.netdev = NULL;
	ck_assert(!qemuconfine_needs_network(&dev));
	dev.emu_args = (struct strv){ .item = args, .n = 2 };
	ck_assert(qemuconfine_needs_network(&dev));
}
END_TEST

/* ---- users of driver hosts ----------------------------------------------------- */

START_TEST(each_pci_address_has_its_own_user)
{
	static const uint32_t domains[] = { 0, 1, 0x3ff, 0xe000, 0xe001, 0x10000, 0x101ff };
	uid_t last = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(domains); i++) {
		struct ddekit_bdf first = { .domain = domains[i] };
		struct ddekit_bdf end = { domains[i], 0xff, 0x1f, 7 };

		ck_assert_uint_gt(confine_uid(first), last);
		ck_assert_uint_eq(confine_uid(end), confine_uid(first) + 0xffff);
		last = confine_uid(end);
	}
	ck_assert_uint_eq(confine_uid((struct ddekit_bdf){ 0 }), CONFINE_FIRST_UID);
	ck_assert_uint_le(last, CONFINE_LAST_UID);
	ck_assert_uint_eq(confine_uid((struct ddekit_bdf){ .domain = 0x400 }), 0);
	ck_assert_uint_eq(confine_uid((struct ddekit_bdf){ .domain = 0xffffffff }), 0);
}
END_TEST

START_TEST(a_driver_host_without_sandbox_has_the_shared_user)
{
	struct device_config dev = { .bdf = { .domain = 0xe000, .bus = 1 }, .sandbox = true };
	struct confine c;

	confine_init(&dev, 65534, 65533, &c);
	ck_assert(c.namespaces);
	ck_assert_uint_eq(c.uid, c.own_user ? confine_uid(dev.bdf) : 65534);
	confine_init(&dev, 0, 0, &c); /* ddekitd is not root */
	ck_assert_uint_eq(c.uid, 0);
	dev.sandbox = false;
	confine_init(&dev, 65534, 65533, &c);
	ck_assert(!c.namespaces && !c.own_user);
	ck_assert_uint_eq(c.uid, 65534);
	ck_assert_uint_eq(c.gid, 65533);
}
END_TEST

/* ---- state file ------------------------------------------------------------- */

static void expect_text(int fd, const char *want)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	ck_assert_int_eq(statefile_read(fd, &text, &len), 0);
	ck_assert_str_eq(text, want);
	ck_assert_uint_eq(len, strlen(want));
}

/* Return: in log, the text that confine_prepare() logs. */
static void prepare(const struct confine *c, char *log, size_t size)
{
	_cleanup_free_ char *path = str_format("%s/log", dir);
	_cleanup_fclose_ FILE *f = fopen(path, "we+");
	int error = dup(STDERR_FILENO);

	ck_assert_ptr_nonnull(f);
	dup2(fileno(f), STDERR_FILENO);
	confine_prepare(c);
	dup2(error, STDERR_FILENO);
	close(error);
	rewind(f);
	log[fread(log, 1, size - 1, f)] = 0;
}

/* If the first device has a disk, the first process is the one that makes ublk devices. */
START_TEST(only_a_driver_host_with_the_shared_user_causes_a_warning)
{
	const struct confine maker = { .namespaces = true, .privileged = true };
	const struct confine own = { .namespaces = true,
				     .uid = CONFINE_FIRST_UID,
				     .own_user = true };
	const struct confine host = { .namespaces = true, .uid = 65534 };
	char log[1024];

	prepare(&maker, log, sizeof(log));
	ck_assert_ptr_null(strstr(log, "share the user"));
	prepare(&own, log, sizeof(log));
	ck_assert_ptr_null(strstr(log, "share the user"));
	prepare(&host, log, sizeof(log));
	ck_assert(geteuid() || strstr(log, "share the user 65534"));
	prepare(&host, log, sizeof(log));
	ck_assert_str_eq(log, "");
}
END_TEST

START_TEST(state_file_contains_the_last_text)
{
	_cleanup_close_ int fd = statefile_create("test");
	char *text = NULL;

	ck_assert_int_eq(statefile_read(fd, &text, NULL), -ENODATA);
	ck_assert_int_eq(statefile_write(fd, "one", 3), 0);
	expect_text(fd, "one");
	ck_assert_int_eq(statefile_write(fd, "", 0), 0);
	expect_text(fd, "");
	ck_assert_int_eq(statefile_write(fd, "three", 5), 0);
	expect_text(fd, "three");
}
END_TEST

/* A writer killed after any number of bytes leaves the new text or the one before it. */
START_TEST(state_file_survives_an_interrupted_write)
{
	_cleanup_close_ int fd = statefile_create("test");
	char header[64], half[5000];

	memset(half, 'x', sizeof(half));
	ck_assert_int_eq(statefile_write(fd, "first", 5), 0);
	ck_assert_int_eq(statefile_write(fd, "second", 6), 0);
	ck_assert_int_eq(pread(fd, header, sizeof(header), 0), sizeof(header));
	ck_assert_int_eq(statefile_write(fd, half, sizeof(half)), 0);
	ck_assert_int_eq(pwrite(fd, header, sizeof(header), 0), sizeof(header));
	expect_text(fd, "second");
}
END_TEST

START_TEST(state_file_detects_damage)
{
	_cleanup_close_ int fd = statefile_create("test");
	char *text = NULL;

	ck_assert_int_eq(statefile_write(fd, "some text", 9), 0);
	ck_assert_int_eq(pwrite(fd, "X", 1, 4096), 1);
	ck_assert_int_eq(statefile_read(fd, &text, NULL), -EBADMSG);
	ck_assert_int_eq(pwrite(fd, "\377\377\377\377", 4, 8), 4);
	ck_assert_int_eq(statefile_read(fd, &text, NULL), -EBADMSG);
	ck_assert_int_eq(pwrite(fd, "????", 4, 0), 4);
	ck_assert_int_eq(statefile_read(fd, &text, NULL), -ENODATA);
	ck_assert_int_eq(statefile_write(fd, "", STATEFILE_MAX + 1), -E2BIG);
	ck_assert_ptr_null(text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("parts");
	TCase *c = tcase_create("parts");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, the_machine_is_known_without_what_identifies_it);
	tcase_add_test(c, sizes_are_parsed_and_printed);
	tcase_add_test(c, times_are_parsed_and_printed);
	tcase_add_test(c, bytes_are_converted_to_hexadecimal_and_back);
	tcase_add_test(c, words_are_split_and_joined);
	tcase_add_test(c, signals_have_names);
	tcase_add_test(c, ring_contains_the_last_lines);
	tcase_add_test(c, drivers_are_matched_by_the_closest_pattern);
	tcase_add_loop_test(c, damaged_descriptions_are_skipped_and_reported, 0,
			    ARRAY_SIZE(damaged));
	tcase_add_test(c, missing_folder_is_an_error);
	tcase_add_test(c, only_bytes_that_are_no_utf8_are_replaced);
	tcase_add_test(c, a_setting_is_harmless_only_if_it_is_known_to_be);
	tcase_add_test(c, only_a_qemu_that_uses_ip_has_the_network);
	tcase_add_test(c, each_pci_address_has_its_own_user);
	tcase_add_test(c, a_driver_host_without_sandbox_has_the_shared_user);
	tcase_add_test(c, only_a_driver_host_with_the_shared_user_causes_a_warning);
	tcase_add_test(c, state_file_contains_the_last_text);
	tcase_add_test(c, state_file_survives_an_interrupted_write);
	tcase_add_test(c, state_file_detects_damage);
	suite_add_tcase(s, c);
	return suite_run(s);
}
