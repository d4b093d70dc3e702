/* SPDX-License-Identifier: GPL-2.0-only */
/* The index of the plugin folder: what request_module() can find, and what it must not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../dde-linux/host/internal.h"
#include "../lib/suite.h"

static char dir[64];

static void write_index(const char *text)
{
	char path[96];
	FILE *f;

	strcpy(dir, "/tmp/ddekit-index.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/modules.index", dir);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void remove_index(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/modules.index", dir);
	unlink(path);
	rmdir(dir);
}

/* Return: the files as "a.so b.so", or the error number as text.  Static buffer. */
static const char *find(const char *name)
{
	static char text[256];
	char *file[3];
	int i, n = host_index_find(dir, name, file, 3);

	text[0] = 0;
	if (n < 0)
		snprintf(text, sizeof(text), "%d", n);
	for (i = 0; i < n; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 file[i]);
		free(file[i]);
	}
	return text;
}

static void expect_error(const char *name, int error)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", error);
	ck_assert_str_eq(find(name), text);
}

START_TEST(a_name_finds_its_files_in_order)
{
	write_index("# comment\nmodule mii mii.so\nmodule snd-pcm snd.so snd-pcm.so\n");
	ck_assert_str_eq(find("mii"), "mii.so");
	ck_assert_str_eq(find("snd-pcm"), "snd.so snd-pcm.so");
	ck_assert_str_eq(find("snd_pcm"), "snd.so snd-pcm.so");
	expect_error("snd", -ENOENT);
	expect_error("mi", -ENOENT);
	expect_error("miii", -ENOENT);
	remove_index();
}
END_TEST

START_TEST(an_alias_finds_its_module)
{
	write_index("alias pci:v00008086d* card\nalias crypto-crc32c crc\nalias lost nowhere\n"
		    "module card card.so\nmodule crc crc.so\n");
	ck_assert_str_eq(find("pci:v00008086d000010D3sv"), "card.so");
	ck_assert_str_eq(find("crypto_crc32c"), "crc.so");
	expect_error("pci:v00001234d", -ENOENT);
	expect_error("lost", -ENOENT);
	remove_index();
}
END_TEST

START_TEST(a_name_comes_before_an_alias)
{
	write_index("alias * other\nmodule other other.so\nmodule mii mii.so\n");
	ck_assert_str_eq(find("mii"), "mii.so");
	ck_assert_str_eq(find("anything"), "other.so");
	remove_index();
}
END_TEST

START_TEST(paths_are_refused_as_names_and_as_files)
{
	write_index("module up ../up.so\nmodule root /root.so\nmodule dot .hidden\n"
		    "module below a/b.so\nmodule good good.so\n");
	expect_error("up", -EBADMSG);
	expect_error("root", -EBADMSG);
	expect_error("dot", -EBADMSG);
	expect_error("below", -EBADMSG);
	expect_error("../good", -ENOENT);
	expect_error("/good", -ENOENT);
	expect_error("good.so", -ENOENT);
	expect_error("", -ENOENT);
	remove_index();
}
END_TEST

START_TEST(a_malformed_line_affects_only_its_module)
{
	write_index("module\nmodule empty\nalias\nalias x\nnonsense a b c\n\n"
		    "module many a b c d\nmodule good good.so");
	expect_error("empty", -EBADMSG);
	expect_error("many", -E2BIG);
	expect_error("x", -ENOENT);
	ck_assert_str_eq(find("good"), "good.so");
	remove_index();
}
END_TEST

START_TEST(a_missing_index_is_an_error)
{
	write_index("");
	expect_error("mii", -ENOENT);
	remove_index();
	expect_error("mii", -ENOENT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("index");
	TCase *c = tcase_create("index");

	tcase_add_test(c, a_name_finds_its_files_in_order);
	tcase_add_test(c, an_alias_finds_its_module);
	tcase_add_test(c, a_name_comes_before_an_alias);
	tcase_add_test(c, paths_are_refused_as_names_and_as_files);
	tcase_add_test(c, a_malformed_line_affects_only_its_module);
	tcase_add_test(c, a_missing_index_is_an_error);
	suite_add_tcase(s, c);
	return suite_run(s);
}
