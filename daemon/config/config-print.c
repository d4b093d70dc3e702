/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies and prints configurations; see config.h. */
#include <errno.h>
#include <inttypes.h>

#include "config-key.h"

static int copy_words(struct strv *dst, const struct strv *src)
{
	size_t i;
	int r = 0;

	for (i = 0; i < src->n && !r; i++)
		r = strv_add(dst, src->item[i]);
	return r;
}

static int copy_value(const struct key *key, struct device_config *dst,
		      const struct device_config *src)
{
	const void *from = (const char *)src + key->offset;
	void *to = (char *)dst + key->offset;

	switch (key->type) {
	case KEY_NAME:
	case KEY_PATH:
	case KEY_IFNAME:
	case KEY_VERSION:
	case KEY_TEXT:
		return str_set(to, *(char *const *)from);
	case KEY_WORDS:
		return copy_words(to, from);
	case KEY_SIZE:
		memcpy(to, from, sizeof(uint64_t));
		break;
	case KEY_TIME:
	case KEY_UINT:
		memcpy(to, from, sizeof(uint32_t));
		break;
	case KEY_BOOL:
		memcpy(to, from, sizeof(bool));
		break;
	case KEY_CHOICE:
		memcpy(to, from, sizeof(unsigned int));
		break;
	}
	return 0;
}

struct device_config *device_config_copy(const struct device_config *src)
{
	struct device_config *dst = device_config_create(src->bdf, src->where);
	size_t i;

	for (i = 0; i < config_device_table_n && dst; i++) {
		if (copy_value(&config_device_table[i], dst, src) < 0) {
			device_config_destroy(dst);
			return NULL;
		}
	}
	return dst;
}

/* On an indented line, device_config_append() would report it as a key indented by
 * mistake. */
static bool looks_like_key(const char *word)
{
	_cleanup_free_ char *name = strndup(word, strcspn(word, "=:"));

	return name && word[strlen(name)] && config_is_device_key(name);
}

static int print_words(const struct key *key, const struct strv *words, struct text *t)
{
	size_t i;
	int r = words->n ? text_add(t, "%s=", key->name) : 0;

	for (i = 0; i < words->n && !r; i++) {
		struct strv one = { .item = &words->item[i], .n = 1 };
		_cleanup_free_ char *word = strv_join(&one);

		r = word ? text_add(t, "%s%s%s\n", i ? "\t" : "",
				    i && looks_like_key(word) ? "\"\"" : "", word)
			 : -ENOMEM;
	}
	return r;
}

/* One of the words of "A or B". */
static const char *choice(const struct key *key, unsigned int value, char *buf, size_t size)
{
	const char * or = strstr(key->allowed, " or ");

	if (value)
		return or +strlen(" or ");
	snprintf(buf, size, "%.*s", (int)(or -key->allowed), key->allowed);
	return buf;
}

static int print_key(const struct key *key, const void *object, struct text *t)
{
	const void *member = (const char *)object + key->offset;
	const char *value = NULL;
	char buf[32];

	switch (key->type) {
	case KEY_NAME:
	case KEY_PATH:
	case KEY_IFNAME:
	case KEY_VERSION:
	case KEY_TEXT:
		value = *(char *const *)member;
		break;
	case KEY_WORDS:
		return print_words(key, member, t);
	case KEY_SIZE:
		value = format_size(*(const uint64_t *)member, buf, sizeof(buf));
		break;
	case KEY_TIME:
		value = format_time_ms(*(const uint32_t *)member, buf, sizeof(buf));
		break;
	case KEY_UINT:
		snprintf(buf, sizeof(buf), "%" PRIu32, *(const uint32_t *)member);
		value = buf;
		break;
	case KEY_BOOL:
		value = *(const bool *)member ? "yes" : "no";
		break;
	case KEY_CHOICE:
		value = choice(key, *(const unsigned int *)member, buf, sizeof(buf));
		break;
	}
	return value ? text_add(t, "%s=%s\n", key->name, value) : 0;
}

static int print_all(const struct key *table, size_t n, const void *object, struct text *t)
{
	size_t i;
	int r = 0;

	for (i = 0; i < n && !r; i++)
		r = print_key(&table[i], object, t);
	return r;
}

int device_config_print(const struct device_config *dev, struct text *t)
{
	return print_all(config_device_table, config_device_table_n, dev, t);
}

/* Does the key have the same value in both? */
static int same_value(const struct key *key, const struct device_config *a,
		      const struct device_config *b)
{
	struct text ta = { 0 }, tb = { 0 };
	int r = print_key(key, a, &ta);

	if (!r)
		r = print_key(key, b, &tb);
	if (!r)
		r = str_equal(ta.text, tb.text);
	text_finish(&ta);
	text_finish(&tb);
	return r;
}

/* As it would be if no key were set. NULL: no memory. */
static struct device_config *config_by_default(const struct device_config *dev)
{
	struct device_config *fresh = device_config_create(dev->bdf, dev->where);
	_cleanup_free_ char *why = NULL;
	int r = fresh ? config_complete_strings(fresh, &why) : 0;

	if (!r || r == -EINVAL) /* the default ifname is too long: another was given */
		return fresh;
	device_config_destroy(fresh);
	return NULL;
}

/* driver= is printed in any case: a section must have a key. */
int device_config_print_set(const struct device_config *dev, struct text *t)
{
	struct device_config *fresh = config_by_default(dev);
	size_t i;
	int r = fresh ? 0 : -ENOMEM;

	for (i = 0; i < config_device_table_n && r >= 0; i++) {
		const struct key *key = &config_device_table[i];

		r = same_value(key, dev, fresh);
		if (r == 0 || (r > 0 && !strcmp(key->name, "driver")))
			r = print_key(key, dev, t);
	}
	device_config_destroy(fresh);
	return r < 0 ? r : 0;
}

static bool is_harmless_key(const struct key *key, const struct device_config *dev)
{
	struct text t = { 0 };
	bool harmless = false;
	char *value;

	if (print_key(key, dev, &t) >= 0) {
		value = t.text ? strchr(t.text, '=') : NULL;
		if (value)
			value[strcspn(value, "\n")] = 0;
		harmless = !value || config_is_harmless(key->name, value + 1);
	}
	text_finish(&t);
	return harmless;
}

bool device_config_is_harmless(const struct device_config *dev)
{
	struct device_config *fresh = config_by_default(dev);
	bool harmless = fresh;
	size_t i;

	for (i = 0; i < config_device_table_n && harmless; i++)
		harmless = same_value(&config_device_table[i], dev, fresh) > 0 ||
			   is_harmless_key(&config_device_table[i], dev);
	device_config_destroy(fresh);
	return harmless;
}

int global_config_print(const struct global_config *global, struct text *t)
{
	return print_all(config_global_table, config_global_table_n, global, t);
}

const char *device_config_first_change(const struct device_config *a, const struct device_config *b,
				       const char *const *may, size_t n_may)
{
	size_t i, k;

	for (i = 0; i < config_device_table_n; i++) {
		const struct key *key = &config_device_table[i];

		for (k = 0; k < n_may && strcmp(may[k], key->name); k++)
			;
		if (k == n_may && same_value(key, a, b) != 1)
			return key->name;
	}
	return NULL;
}

bool device_config_equal(const struct device_config *a, const struct device_config *b)
{
	struct text ta = { 0 }, tb = { 0 };
	bool equal = device_config_print(a, &ta) >= 0 && device_config_print(b, &tb) >= 0 &&
		     str_equal(ta.text, tb.text);

	text_finish(&ta);
	text_finish(&tb);
	return equal;
}

char *config_print(const struct config *config)
{
	struct text t = { 0 };
	size_t i;
	int r;

	r = text_add(&t, "[ddekitd]\n");
	if (!r)
		r = global_config_print(&config->global, &t);
	for (i = 0; i < config->n_devices && !r; i++) {
		r = text_add(&t, "\n[%s]\n", config->device[i]->bdf_text);
		if (!r)
			r = device_config_print(config->device[i], &t);
	}
	if (r < 0)
		text_finish(&t);
	return t.text;
}
