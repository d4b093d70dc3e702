/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of a device, without a device: its plugin, and messages of its classes. */
#include <errno.h>
#include <unistd.h>

#include "device/plugin.h"
#include "device/private.h"
#include "drivers/bridges/class-ddekitd.h"
#include "../lib/suite.h"

#define BDF "0000:01:00.0"

static char dir[] = "/tmp/ddekit-device.XXXXXX";
static struct device_config *config;

static void setup(void)
{
	struct ddekit_bdf bdf;

	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(ddekit_bdf_parse(BDF, &bdf), 0);
	config = device_config_create(bdf, "test");
	ck_assert_ptr_nonnull(config);
}

static void teardown(void)
{
	_cleanup_free_ char *command = str_format("rm -rf '%s'", dir);

	device_config_destroy(config);
	ck_assert_int_eq(system(command), 0);
}

/* ---- its plugin ------------------------------------------------------------------- */

static void write_file(const char *name, const char *text)
{
	_cleanup_free_ char *path = str_format("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static struct device_plugin choose(const char *name, const char *modules)
{
	_cleanup_free_ char *file = str_format("%s.json", name), *why = NULL;
	_cleanup_free_ char *text =
		str_format("{\"schema\":1,\"name\":\"%s\",\"kind\":\"driver\",\"class\":\"\","
			   "\"modules\":[%s],\"aliases\":[]}",
			   name, modules);
	struct device_plugin plugin;

	write_file(file, text);
	write_file("nvme.so", "");
	write_file("nvme_pages.so", "");
	write_file("virtio_pci.so", "");
	ck_assert_int_eq(device_config_set(config, "driver", name, 1, &why), 0);
	ck_assert_int_eq(plugin_choose(config, "",
				       &(struct global_config){ .plugin_dir = dir, .runtime = dir },
				       &plugin, &why),
			 0);
	return plugin;
}

START_TEST(the_driver_is_the_module_named_like_the_plugin)
{
	struct device_plugin plugin = choose("nvme", "\"nvme.so\",\"nvme_pages.so\"");

	ck_assert_uint_eq(plugin.role[0], PLUGIN_DRIVER);
	ck_assert_uint_eq(plugin.role[1], 0);
	plugin_finish(&plugin);
}
END_TEST

START_TEST(the_driver_is_the_last_module_if_none_is_named_like_the_plugin)
{
	struct device_plugin plugin = choose("disk", "\"nvme.so\",\"virtio_pci.so\"");

	ck_assert_uint_eq(plugin.role[0], 0);
	ck_assert_uint_eq(plugin.role[1], PLUGIN_DRIVER);
	plugin_finish(&plugin);
}
END_TEST

/* ---- messages of its class ---------------------------------------------------------- */

static unsigned int n_messages;

static void count_message(struct device *dev, const struct proto_export *msg)
{
	n_messages++;
}

START_TEST(an_export_of_another_class_is_ignored)
{
	static const struct class_ops net = { .name = "net", .message = count_message };
	static const struct class_ops block = { .name = "block", .message = count_message };
	static const struct class_ops *const classes[] = { &net, &block, NULL };
	struct device_env env = { .classes = classes };
	struct device dev = { .env = &env, .plugin.bridge = "block", .config = config };

	n_messages = 0;
	device_class_message(&dev, &(struct proto_export){ .class = "net" });
	ck_assert_uint_eq(n_messages, 0);
	device_class_message(&dev, &(struct proto_export){ .class = "block" });
	ck_assert_uint_eq(n_messages, 1);
	dev.plugin.bridge = NULL;
	device_class_message(&dev, &(struct proto_export){ .class = "block" });
	ck_assert_uint_eq(n_messages, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("device");
	TCase *c = tcase_create("device");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, the_driver_is_the_module_named_like_the_plugin);
	tcase_add_test(c, the_driver_is_the_last_module_if_none_is_named_like_the_plugin);
	tcase_add_test(c, an_export_of_another_class_is_ignored);
	suite_add_tcase(s, c);
	return suite_run(s);
}
