/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * modules.index, written by mkplugin into the plugin folder: the modules there and their
 * aliases.  Lines of words:
 *
 *	module NAME FILE...	plugins in load order, the module's own last
 *	alias PATTERN NAME
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

#define INDEX_FILE "modules.index"
#define BLANK " \t\n"

/* To the kernel, - and _ are the same in a module's name. */
static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
			return false;
	return *a == *b;
}

/* A file in the folder itself. */
static bool is_plain(const char *file)
{
	return file[0] != '.' && !strchr(file, '/');
}

static void free_all(char **list, int n)
{
	while (n)
		free(list[--n]);
}

/* The rest of a line "module NAME". Return: how many files, -errno. */
static int read_files(char **ret, int max, char **save)
{
	char *file;
	int n = 0, err = 0;

	while (!err && (file = strtok_r(NULL, BLANK, save))) {
		if (n == max)
			err = -E2BIG;
		else if (!is_plain(file))
			err = -EBADMSG;
		else if (!(ret[n] = strdup(file)))
			err = -ENOMEM;
		else
			n++;
	}
	if (!err && !n)
		err = -EBADMSG;
	if (err)
		free_all(ret, n);
	return err ? err : n;
}

/* Return: number of files of the module of that name; 0: no such module; -errno. */
static int find_module(FILE *f, const char *name, char **ret, int max)
{
	char *line = NULL, *save, *word;
	size_t room = 0;
	int n = 0;

	rewind(f);
	while (!n && getline(&line, &room, f) >= 0) {
		word = strtok_r(line, BLANK, &save);
		if (!word || strcmp(word, "module"))
			continue;
		word = strtok_r(NULL, BLANK, &save);
		if (word && same_name(word, name))
			n = read_files(ret, max, &save);
	}
	free(line);
	return n;
}

/* Return: name of the module with the first alias that matches, to be freed; NULL. */
static char *find_alias(FILE *f, const char *alias)
{
	char *line = NULL, *save, *word, *pattern, *found = NULL;
	size_t room = 0;

	rewind(f);
	while (!found && getline(&line, &room, f) >= 0) {
		word = strtok_r(line, BLANK, &save);
		if (!word || strcmp(word, "alias"))
			continue;
		pattern = strtok_r(NULL, BLANK, &save);
		word = strtok_r(NULL, BLANK, &save);
		if (word && (same_name(pattern, alias) || !fnmatch(pattern, alias, 0)))
			found = strdup(word);
	}
	free(line);
	return found;
}

int host_index_find(const char *dir, const char *name, char **ret, int max)
{
	char *path = NULL, *module = NULL;
	FILE *f;
	int n;

	if (asprintf(&path, "%s/%s", dir, INDEX_FILE) < 0)
		return -ENOMEM;
	f = fopen(path, "re");
	n = f ? 0 : -errno;
	free(path);
	if (!f)
		return n;
	n = find_module(f, name, ret, max);
	if (!n)
		module = find_alias(f, name);
	if (module)
		n = find_module(f, module, ret, max);
	free(module);
	fclose(f);
	return n ? n : -ENOENT;
}
