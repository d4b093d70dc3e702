/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration: valid and invalid input, error messages, printing. */
#include <errno.h>
#include <sys/stat.h>

#include "config/config.h"
#include "../lib/suite.h"

static char dir[] = "/tmp/ddekit-config.XXXXXX";
static char path[64];
static struct config config;
static struct strv errors;

static void write_text(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void setup(void)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/devices.conf", dir);
}

static void teardown(void)
{
	_cleanup_free_ char *command = str_format("rm -rf '%s'", dir);

	config_finish(&config);
	strv_finish(&errors);
	ck_assert_int_eq(system(command), 0);
}

static int load_text(const char *text)
{
	write_text(path, text);
	return config_load(&config, path, &errors);
}

static const struct device_config *load_one(const char *text)
{
	int r = load_text(text);

	ck_assert_msg(!r, "error %d: %s", r, errors.n ? errors.item[0] : "none");
	ck_assert_uint_eq(config.n_devices, 1);
	return config.device[0];
}

/* Expects one error, which names the line. */
static void refused(const char *text, unsigned int line, const char *what)
{
	_cleanup_free_ char *where = str_format("%s:%u: ", path, line);

	ck_assert_int_eq(load_text(text), -EINVAL);
	ck_assert_uint_eq(errors.n, 1);
	ck_assert_msg(!strncmp(errors.item[0], where, strlen(where)), "%s is not at line %u",
		      errors.item[0], line);
	ck_assert_msg(strstr(errors.item[0], what), "\"%s\" is not in: %s", what, errors.item[0]);
}

#define EMU "[e000:01:00.0]\ndevice=e1000e\n"

/* ---- values ---------------------------------------------------------------- */

START_TEST(defaults_are_filled_in)
{
	const struct device_config *d = load_one(EMU);

	ck_assert_str_eq(d->driver, "auto");
	ck_assert_str_eq(d->backend, "emu");
	ck_assert_str_eq(d->ifname, "dde1s0");
	ck_assert_uint_eq(d->memory, 64 << 20);
	ck_assert_uint_eq(d->cpus, 1);
	ck_assert(d->autostart);
	ck_assert_int_eq(d->restart, RESTART_ON_FAILURE);
	ck_assert_int_eq(d->on_failure, FAILURE_QUIESCE);
	ck_assert_uint_eq(d->heartbeat, 2000);
	ck_assert(d->sandbox);
	ck_assert_uint_eq(d->memory_limit, 256 << 20);
	ck_assert(!d->core);
	ck_assert_str_eq(d->disk, "auto");
	ck_assert_uint_eq(d->disk_timeout, 30000);
	ck_assert_str_eq(config.global.runtime_dir, "/run/ddekit");
	ck_assert_uint_eq(config.global.log_lines, 1000);
	ck_assert_uint_eq(config.global.crash_reports, 10);
}
END_TEST

/* Found by tests/fuzz: inih skips these before a section, so the parser must skip them too. */
static const char *const before_section[] = { "", " ", "\t", "\r", "\v\f", "\xef\xbb\xbf" };

START_TEST(a_section_may_follow_blanks)
{
	_cleanup_free_ char *text = str_format("%s" EMU "driver=e1000\n", before_section[_i]);

	ck_assert_str_eq(load_one(text)->driver, "e1000");
}
END_TEST

/* Found by tests/fuzz: words that must be printed with quotes. */
START_TEST(any_printed_word_can_be_read_again)
{
	static const char *const want[] = {
		"a=1", "#b", ";c", "[d", "'e\"f'", "g\rh", "", "cpus=1"
	};
	const struct device_config *d = load_one(EMU "options=a=1\n\t\"#b\" \";c\" \"[d\"\n"
						     "\t\"'e\"'\"f'\"'\" 'g\rh'\n\t'' 'cpus=1'\n");
	_cleanup_free_ char *text = NULL;
	size_t i;

	ck_assert_uint_eq(d->options.n, ARRAY_SIZE(want));
	for (i = 0; i < ARRAY_SIZE(want); i++)
		ck_assert_str_eq(d->options.item[i], want[i]);
	text = config_print(&config);
	config_finish(&config);
	memset(&config, 0, sizeof(config));
	d = load_one(text);
	ck_assert_uint_eq(d->options.n, ARRAY_SIZE(want));
	for (i = 0; i < ARRAY_SIZE(want); i++)
		ck_assert_str_eq(d->options.item[i], want[i]);
}
END_TEST

START_TEST(real_devices_default_to_vfio)
{
	const struct device_config *d = load_one("[0000:03:00.1]\ndriver=e1000e\n");

	ck_assert_str_eq(d->backend, "vfio");
	ck_assert_str_eq(d->ifname, "ddep3s0f1");
}
END_TEST

START_TEST(every_key_sets_its_value)
{
	const struct device_config *d = load_one(
		"[ddekitd]\nruntime-dir=/r\nplugin-dir=/p\nruntime=/l.so\nhost-binary=/h\n"
		"user=u\nlog-lines=50\ncrash-dir=/c\ncrash-reports=3\n"
		"[e000:1:0.0]\ndriver=e1000\nbackend=emu\nmemory=128M\n"
		"cpus=4\n"
		"ifname=lan\nnetns=blue\ndevice=e1000,rombar=0\nnetdev=tap,fd=3\n"
		"drive=/disk,format=qcow2\nemu-args=-trace foo\nautostart=no\nrestart=never\n"
		"restart-max=0\non-failure=return\n"
		"restart-window=2min\nstart-timeout=1s\nstop-timeout=250ms\nheartbeat=0\n"
		"sandbox=no\nmemory-limit=1G\ncore=yes\ndisk=nbd\n"
		"disk-timeout=90s\n");

	ck_assert_str_eq(d->driver, "e1000");
	ck_assert_uint_eq(d->memory, 128 << 20);
	ck_assert_uint_eq(d->cpus, 4);
	ck_assert_str_eq(d->ifname, "lan");
	ck_assert_str_eq(d->netns, "blue");
	ck_assert_str_eq(d->device, "e1000,rombar=0");
	ck_assert_str_eq(d->netdev, "tap,fd=3");
	ck_assert_str_eq(d->drive, "/disk,format=qcow2");
	ck_assert_uint_eq(d->emu_args.n, 2);
	ck_assert(!d->autostart);
	ck_assert_int_eq(d->restart, RESTART_NEVER);
	ck_assert_int_eq(d->on_failure, FAILURE_RETURN);
	ck_assert_uint_eq(d->restart_max, 0);
	ck_assert_uint_eq(d->restart_window, 120000);
	ck_assert_uint_eq(d->start_timeout, 1000);
	ck_assert_uint_eq(d->stop_timeout, 250);
	ck_assert_uint_eq(d->heartbeat, 0);
	ck_assert(!d->sandbox);
	ck_assert_uint_eq(d->memory_limit, 1 << 30);
	ck_assert(d->core);
	ck_assert_str_eq(d->disk, "nbd");
	ck_assert_uint_eq(d->disk_timeout, 90000);
	ck_assert_str_eq(config.global.plugin_dir, "/p");
	ck_assert_uint_eq(config.global.log_lines, 50);
	ck_assert_str_eq(config.global.crash_dir, "/c");
	ck_assert_uint_eq(config.global.crash_reports, 3);
}
END_TEST

/* By cpus= and debug= together. */
START_TEST(flavours_follow_from_cpus_and_debug)
{
	struct device_config dev = { .cpus = 1 };

	ck_assert_str_eq(config_flavour(&dev), "up");
	dev.debug = true;
	ck_assert_str_eq(config_flavour(&dev), "up+debug");
	dev.cpus = 2;
	ck_assert_str_eq(config_flavour(&dev), "smp+debug");
	dev.debug = false;
	ck_assert_str_eq(config_flavour(&dev), "smp");
	ck_assert(load_one(EMU "debug=yes\n")->debug);
}
END_TEST

START_TEST(lists_continue_in_indented_lines)
{
	const struct device_config *d = load_one(EMU "options=a=1 b=2\n\tc=3\n  \"d=4 5\"\n"
						     "netdev=user\n");

	ck_assert_uint_eq(d->options.n, 4);
	ck_assert_str_eq(d->options.item[2], "c=3");
	ck_assert_str_eq(d->options.item[3], "d=4 5");
	ck_assert_str_eq(d->netdev, "user");
}
END_TEST

START_TEST(comments_and_empty_lines_are_skipped)
{
	load_one("# one\n; two\n\n" EMU "driver=e1000e ; three\n");
	ck_assert_str_eq(config.device[0]->driver, "e1000e");
}
END_TEST

START_TEST(empty_file_has_no_devices)
{
	ck_assert_int_eq(load_text(""), 0);
	ck_assert_uint_eq(config.n_devices, 0);
}
END_TEST

START_TEST(devices_are_sorted_and_found)
{
	struct ddekit_bdf bdf;

	ck_assert_int_eq(load_text("[0001:00:00.0]\ndriver=a\n[0000:02:00.0]\ndriver=b\n"
				   "[0000:01:1f.7]\ndriver=c\n"),
			 0);
	ck_assert_str_eq(config.device[0]->bdf_text, "0000:01:1f.7");
	ck_assert_str_eq(config.device[2]->bdf_text, "0001:00:00.0");
	ck_assert_int_eq(ddekit_bdf_parse("02:00.0", &bdf), 0);
	ck_assert_str_eq(config_find(&config, bdf)->driver, "b");
	bdf.fn = 1;
	ck_assert_ptr_null(config_find(&config, bdf));
}
END_TEST

/* ---- errors ---------------------------------------------------------------- */

static const struct {
	const char *text;
	unsigned int line;
	const char *what;
} bad[] = {
	{ "x=1\n", 1, "outside of a section" },
	{ "[nonsense]\nx=1\n", 1, "bad section [nonsense]; allowed: [ddekitd]" },
	{ "[0000:01:20.0]\ndriver=a\n", 1, "bad section" },
	{ "[e000:01:00.0]\n", 1, "no keys" },
	{ EMU "drver=x\n", 3, "unknown key 'drver' in [e000:01:00.0]; allowed: driver" },
	{ "[ddekitd]\nfoo=1\n", 2, "unknown key 'foo' in [ddekitd]; allowed: runtime-dir" },
	{ EMU "device=e1000\n", 3, "duplicate key 'device' in [e000:01:00.0]; first set in" },
	{ EMU "[e000:01:00.0]\ndriver=a\n", 3, "duplicate section [e000:01:00.0]; the first" },
	{ EMU "what is this\n", 3, "neither [section] nor key=value" },
	{ EMU "driver=a b\n", 3, "bad value driver=a b; allowed: a plugin's name" },
	{ EMU "driver=../../x\n", 3, "bad value driver=" },
	{ EMU "memory=17X\n", 3, "bad value memory=17X; allowed: a multiple of 4M" },
	{ EMU "memory=2G\n", 3, "bad value memory=2G" },
	{ EMU "memory=99999999999999999999\n", 3, "bad value memory=" },
	{ EMU "cpus=0\n", 3, "bad value cpus=0; allowed: 1 to 8" },
	{ EMU "cpus=9\n", 3, "bad value cpus=9; allowed: 1 to 8" },
	{ EMU "cpus=two\n", 3, "bad value cpus=two; allowed: 1 to 8" },
	{ EMU "ifname=much-too-long-name\n", 3, "bad value ifname=" },
	{ EMU "ifname=a/b\n", 3, "bad value ifname=" },
	{ EMU "debug=2\n", 3, "bad value debug=2; allowed: yes or no" },
	{ EMU "autostart=maybe\n", 3, "bad value autostart=maybe; allowed: yes or no" },
	{ EMU "restart=always\n", 3, "bad value restart=always; allowed: on-failure or never" },
	{ EMU "on-failure=ret\n", 3, "bad value on-failure=ret; allowed: quiesce or return" },
	{ EMU "restart-max=-1\n", 3, "bad value restart-max=-1; allowed: 0 to 100" },
	{ EMU "restart-window=1h\n", 3, "bad value restart-window=1h" },
	{ EMU "sandbox=half\n", 3, "bad value sandbox=half; allowed: yes or no" },
	{ EMU "memory-limit=1M\n", 3, "bad value memory-limit=1M; allowed: 64M to 64G" },
	{ EMU "stop-timeout=0\n", 3, "bad value stop-timeout=0" },
	{ EMU "options=\"a=1\n", 3, "bad value options=" },
	{ EMU "driver=a\n  netdev=user\n", 4, "would continue 'driver'; start a key" },
	{ EMU "options=a=1\n  netdev=user\n", 4, "would continue 'options'" },
	{ "[ddekitd]\nruntime-dir=run\n", 2, "bad value runtime-dir=run; allowed: an absolute" },
	{ EMU "memory=18M\n", 1, "must be a multiple of 4M" },
	{ EMU "heartbeat=10ms\n", 1, "heartbeat= must be 0 or at least 100ms" },
	{ EMU "backend=foo\n", 1, "unknown backend=foo; allowed:" },
	{ "[e000:01:00.0]\ndriver=e1000e\n", 1, "backend=emu needs device=" },
	{ "[0000:01:00.0]\nnetdev=user\n", 1, "netdev= is for backend=emu" },
	{ "[0000:01:00.0]\ndrive=/disk\n", 1, "drive= is for backend=emu" },
	{ EMU "drive=disk.img\n", 3, "an absolute path" },
	{ "[12345678:1f:1f.7]\ndriver=a\n", 1, "is too long; set ifname=" },
	{ EMU "[e000:02:00.0]\ndevice=e1000\nifname=dde1s0\n", 3, "ifname=dde1s0 is used by" },
};

START_TEST(errors_name_file_line_and_what_is_allowed)
{
	refused(bad[_i].text, bad[_i].line, bad[_i].what);
}
END_TEST

START_TEST(all_errors_are_reported_at_once)
{
	ck_assert_int_eq(load_text(EMU "a=1\nb=2\nmemory=0\n"), -EINVAL);
	ck_assert_uint_eq(errors.n, 3);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_an_error)
{
	char text[600];

	snprintf(text, sizeof(text), "%snetdev=%0400d\n", EMU, 0);
	refused(text, 3, "line is longer than");
}
END_TEST

START_TEST(binary_data_is_refused)
{
	FILE *f = fopen(path, "w");
	unsigned int i;

	for (i = 0; i < 20000; i++)
		fputc(i * i >> 3 & 0xff, f);
	fclose(f);
	ck_assert_int_eq(config_load(&config, path, &errors), -EINVAL);
	ck_assert_uint_gt(errors.n, 0);
}
END_TEST

START_TEST(a_missing_file_has_its_own_error)
{
	ck_assert_int_eq(config_load(&config, path, &errors), -ENOENT);
	ck_assert_uint_eq(errors.n, 0);
}
END_TEST

/* ---- drop-ins --------------------------------------------------------------- */

static void dropin(const char *name, const char *text)
{
	_cleanup_free_ char *folder = str_format("%s.d", path);
	_cleanup_free_ char *file = str_format("%s/%s", folder, name);

	mkdir(folder, 0755);
	write_text(file, text);
}

START_TEST(dropins_add_devices)
{
	dropin("20-b.conf", "[e000:03:00.0]\ndevice=e1000\n");
	dropin("10-a.conf", "[e000:02:00.0]\ndevice=e1000\n");
	dropin("README", "not read");
	dropin(".hidden.conf", "not read");
	ck_assert_int_eq(load_text(EMU), 0);
	ck_assert_uint_eq(config.n_devices, 3);
	ck_assert(strstr(config.device[1]->where, "/devices.conf.d/10-a.conf:1"));
}
END_TEST

START_TEST(dropins_work_without_a_main_file)
{
	dropin("a.conf", EMU);
	ck_assert_int_eq(config_load(&config, path, &errors), -ENOENT);
	ck_assert_uint_eq(config.n_devices, 1);
}
END_TEST

START_TEST(errors_for_duplicates_across_files_name_both)
{
	dropin("a.conf", "\n[e000:01:00.0]\ndevice=e1000\n");
	ck_assert_int_eq(load_text(EMU), -EINVAL);
	ck_assert_uint_eq(errors.n, 1);
	ck_assert(strstr(errors.item[0], "a.conf:2: duplicate section"));
	ck_assert(strstr(errors.item[0], "devices.conf:1"));
}
END_TEST

START_TEST(global_keys_can_be_in_several_files_but_only_once)
{
	dropin("a.conf", "[ddekitd]\nuser=a\n");
	dropin("b.conf", "[ddekitd]\nuser=b\nlog-lines=20\n");
	ck_assert_int_eq(load_text(""), -EINVAL);
	ck_assert_uint_eq(errors.n, 1);
	ck_assert(strstr(errors.item[0], "b.conf:2: duplicate key 'user'"));
	ck_assert(strstr(errors.item[0], "a.conf:2"));
}
END_TEST

/* ---- print ------------------------------------------------------------------ */

static void round_trip(const char *file)
{
	_cleanup_free_ char *first = NULL, *second = NULL;

	ck_assert_int_eq(config_load(&config, file, &errors), 0);
	first = config_print(&config);
	config_finish(&config);
	write_text(path, first);
	ck_assert_int_eq(config_load(&config, path, &errors), 0);
	second = config_print(&config);
	ck_assert_str_eq(first, second);
}

START_TEST(printed_configuration_reads_back_as_the_same)
{
	write_text(path, "[ddekitd]\nuser=x\n" EMU "options=a=1 \"b=2 3\" 'c=\"4\"'\n"
			 "memory=16M\ncpus=2\nrestart-window=1500ms\nemu-args=-x \"y z\"\n"
			 "[0000:05:00.0]\ndriver=nvme\nrestart=never\n");
	round_trip(path);
	ck_assert_uint_eq(config.n_devices, 2);
	ck_assert_str_eq(config.device[1]->options.item[1], "b=2 3");
	ck_assert_str_eq(config.device[1]->options.item[2], "c=\"4\"");
}
END_TEST

START_TEST(shipped_example_can_be_printed_and_read_again)
{
	round_trip(EXAMPLE);
	ck_assert_uint_eq(config.n_devices, 1);
	ck_assert_str_eq(config.device[0]->ifname, "dde0");
}
END_TEST

/* Uncomments the part of the example that lists all keys, except keys without a value. */
static void write_listed_defaults(void)
{
	_cleanup_fclose_ FILE *in = fopen(EXAMPLE, "r"), *out = fopen(path, "w");
	bool listed = false;
	char line[256];

	ck_assert(in && out);
	while (fgets(line, sizeof(line), in)) {
		listed |= !strncmp(line, ";[", 2);
		if (listed && *line == ';' && !strstr(line, "=\t"))
			fputs(line + 1, out);
	}
}

START_TEST(example_lists_every_key_with_its_default)
{
	_cleanup_free_ char *keys = config_device_keys(), *text = NULL;
	struct device_config *fresh;
	char *key, *rest, *why = NULL;
	FILE *f = fopen(EXAMPLE, "r");
	char example[8192];

	ck_assert_ptr_nonnull(f);
	example[fread(example, 1, sizeof(example) - 1, f)] = 0;
	fclose(f);
	for (key = strtok_r(keys, ", ", &rest); key; key = strtok_r(NULL, ", ", &rest)) {
		free(text);
		text = str_format("\n;%s=", key);
		ck_assert_msg(strstr(example, text), "%s is not in the example", key);
	}
	write_listed_defaults();
	ck_assert_int_eq(config_load(&config, path, &errors), 0);
	ck_assert_uint_eq(config.n_devices, 1);
	fresh = device_config_create(config.device[0]->bdf, "test");
	ck_assert_int_eq(device_config_set(fresh, "device", "e1000", 1, &why), 0);
	ck_assert_int_eq(device_config_set(fresh, "netdev", "user", 1, &why), 0);
	ck_assert_int_eq(device_config_set(fresh, "drive", "/tmp/disk.img,format=raw", 1, &why), 0);
	ck_assert_int_eq(device_config_complete(fresh, &why), 0);
	ck_assert(device_config_equal(fresh, config.device[0]));
	device_config_destroy(fresh);
}
END_TEST

/* A line of its own would be another key for whoever reads what was written. */
START_TEST(no_value_has_a_line_end)
{
	static const char *const keys[] = { "options", "device", "drive",  "emu-args",
					    "netns",   "netdev", "ifname", "driver" };
	static const char *const values[] = { "a=1\ndrive=/x", "a\n", "\na" };
	struct device_config *dev = device_config_create((struct ddekit_bdf){ 0xe000, 1, 0, 0 },
							 "test");
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		for (j = 0; j < ARRAY_SIZE(values); j++) {
			char *why = NULL;

			ck_assert_msg(device_config_set(dev, keys[i], values[j], 0, &why) ==
					      -EINVAL,
				      "%s", keys[i]);
			ck_assert_ptr_nonnull(strstr(why, "end of a line"));
			free(why);
		}
	device_config_destroy(dev);
}
END_TEST

START_TEST(copies_are_equal_until_changed)
{
	const struct device_config *d = load_one(EMU "options=a=1\n");
	struct device_config *copy = device_config_copy(d);
	char *why = NULL;

	ck_assert(device_config_equal(d, copy));
	ck_assert_int_eq(device_config_set(copy, "options", "b=2", 1, &why), 0);
	ck_assert_uint_eq(copy->options.n, 1);
	ck_assert(!device_config_equal(d, copy));
	device_config_destroy(copy);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config");
	TCase *c = tcase_create("config");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, defaults_are_filled_in);
	tcase_add_loop_test(c, a_section_may_follow_blanks, 0, ARRAY_SIZE(before_section));
	tcase_add_test(c, any_printed_word_can_be_read_again);
	tcase_add_test(c, real_devices_default_to_vfio);
	tcase_add_test(c, every_key_sets_its_value);
	tcase_add_test(c, flavours_follow_from_cpus_and_debug);
	tcase_add_test(c, lists_continue_in_indented_lines);
	tcase_add_test(c, comments_and_empty_lines_are_skipped);
	tcase_add_test(c, empty_file_has_no_devices);
	tcase_add_test(c, devices_are_sorted_and_found);
	tcase_add_loop_test(c, errors_name_file_line_and_what_is_allowed, 0, ARRAY_SIZE(bad));
	tcase_add_test(c, all_errors_are_reported_at_once);
	tcase_add_test(c, a_line_that_is_too_long_is_an_error);
	tcase_add_test(c, binary_data_is_refused);
	tcase_add_test(c, a_missing_file_has_its_own_error);
	tcase_add_test(c, dropins_add_devices);
	tcase_add_test(c, dropins_work_without_a_main_file);
	tcase_add_test(c, errors_for_duplicates_across_files_name_both);
	tcase_add_test(c, global_keys_can_be_in_several_files_but_only_once);
	tcase_add_test(c, printed_configuration_reads_back_as_the_same);
	tcase_add_test(c, shipped_example_can_be_printed_and_read_again);
	tcase_add_test(c, example_lists_every_key_with_its_default);
	tcase_add_test(c, copies_are_equal_until_changed);
	tcase_add_test(c, no_value_has_a_line_end);
	suite_add_tcase(s, c);
	return suite_run(s);
}
