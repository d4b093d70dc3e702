/* SPDX-License-Identifier: GPL-2.0-only */
/* The command nvme: pages of an NVMe controller (NVM Express 1.4, 5.14.1.2 and 5.15). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

enum kind { NUMBER, TEXT, BYTES, WIDE };

/* A member of a page, by nvme-cli's name. */
struct member {
	const char *name;
	uint16_t at, size;
	enum kind kind;
};

static const struct member controller[] = {
	{ "vid", 0, 2, NUMBER },      { "ssvid", 2, 2, NUMBER },    { "sn", 4, 20, TEXT },
	{ "mn", 24, 40, TEXT },       { "fr", 64, 8, TEXT },        { "rab", 72, 1, NUMBER },
	{ "ieee", 73, 3, NUMBER },    { "cmic", 76, 1, NUMBER },    { "mdts", 77, 1, NUMBER },
	{ "cntlid", 78, 2, NUMBER },  { "ver", 80, 4, NUMBER },     { "oaes", 92, 4, NUMBER },
	{ "ctratt", 96, 4, NUMBER },  { "oacs", 256, 2, NUMBER },   { "acl", 258, 1, NUMBER },
	{ "aerl", 259, 1, NUMBER },   { "frmw", 260, 1, NUMBER },   { "lpa", 261, 1, NUMBER },
	{ "elpe", 262, 1, NUMBER },   { "npss", 263, 1, NUMBER },   { "wctemp", 266, 2, NUMBER },
	{ "cctemp", 268, 2, NUMBER }, { "tnvmcap", 280, 16, WIDE }, { "unvmcap", 296, 16, WIDE },
	{ "sqes", 512, 1, NUMBER },   { "cqes", 513, 1, NUMBER },   { "maxcmd", 514, 2, NUMBER },
	{ "nn", 516, 4, NUMBER },     { "oncs", 520, 2, NUMBER },   { "fuses", 522, 2, NUMBER },
	{ "fna", 524, 1, NUMBER },    { "vwc", 525, 1, NUMBER },    { "awun", 526, 2, NUMBER },
	{ "awupf", 528, 2, NUMBER },  { "subnqn", 768, 256, TEXT },
};

static const struct member namespace[] = {
	{ "nsze", 0, 8, NUMBER },    { "ncap", 8, 8, NUMBER },    { "nuse", 16, 8, NUMBER },
	{ "nsfeat", 24, 1, NUMBER }, { "nlbaf", 25, 1, NUMBER },  { "flbas", 26, 1, NUMBER },
	{ "mc", 27, 1, NUMBER },     { "dpc", 28, 1, NUMBER },    { "dps", 29, 1, NUMBER },
	{ "nmic", 30, 1, NUMBER },   { "rescap", 31, 1, NUMBER }, { "fpi", 32, 1, NUMBER },
	{ "dlfeat", 33, 1, NUMBER }, { "nvmcap", 48, 16, WIDE },  { "nguid", 104, 16, BYTES },
	{ "eui64", 120, 8, BYTES },
};

static const struct member smart[] = {
	{ "critical_warning", 0, 1, NUMBER },     { "temperature", 1, 2, NUMBER },
	{ "avail_spare", 3, 1, NUMBER },          { "spare_thresh", 4, 1, NUMBER },
	{ "percent_used", 5, 1, NUMBER },         { "data_units_read", 32, 16, WIDE },
	{ "data_units_written", 48, 16, WIDE },   { "host_read_commands", 64, 16, WIDE },
	{ "host_write_commands", 80, 16, WIDE },  { "controller_busy_time", 96, 16, WIDE },
	{ "power_cycles", 112, 16, WIDE },        { "power_on_hours", 128, 16, WIDE },
	{ "unsafe_shutdowns", 144, 16, WIDE },    { "media_errors", 160, 16, WIDE },
	{ "num_err_log_entries", 176, 16, WIDE }, { "warning_temp_time", 192, 4, NUMBER },
	{ "critical_comp_time", 196, 4, NUMBER },
};

static const struct page {
	const char *name; /* of GetDevicePage */
	size_t size;
	const struct member *member;
	size_t n;
} controller_page = { "nvme.controller", 4096, controller, ARRAY_SIZE(controller) },
  namespace_page = { "nvme.namespace", 4096, namespace, ARRAY_SIZE(namespace) },
  smart_page = { "nvme.smart", 512, smart, ARRAY_SIZE(smart) };

static uint64_t little_endian(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n)
		v = v << 8 | p[--n];
	return v;
}

/* Without padding blanks; unprintable characters become "?". */
static char *padded_text(const uint8_t *p, size_t n)
{
	char *s;

	while (n && (p[n - 1] == ' ' || !p[n - 1]))
		n--;
	s = strndup((const char *)p, n);
	if (s)
		str_printable(s);
	return s;
}

/* In decimal. */
static char *wide_text(const uint8_t *p)
{
	unsigned __int128 v = (unsigned __int128)little_endian(p + 8, 8) << 64 |
			      little_endian(p, 8);
	char text[40], *at = text + sizeof(text);

	*--at = 0;
	do
		*--at = (char)('0' + (int)(v % 10));
	while (v /= 10);
	return strdup(at);
}

/* Return: to be freed; NULL: no memory. */
static char *member_text(const struct member *m, const uint8_t *data)
{
	const uint8_t *p = data + m->at;

	switch (m->kind) {
	case TEXT:
		return padded_text(p, m->size);
	case BYTES:
		return hex_text(p, m->size);
	case WIDE:
		return wide_text(p);
	case NUMBER:
		break;
	}
	return str_format("%llu", (unsigned long long)little_endian(p, m->size));
}

static struct json_object *member_json(const struct member *m, const char *text)
{
	if (m->kind == NUMBER)
		return json_object_new_uint64(strtoull(text, NULL, 10));
	/* Written as the text: json-c's integers have 64 bits. */
	if (m->kind == WIDE)
		return json_object_new_double_s(strtod(text, NULL), text);
	return json_object_new_string(text);
}

/* The formats that a namespace can have, and which it has. */
static struct json_object *formats(const uint8_t *data)
{
	struct json_object *list = json_object_new_array(), *one;
	unsigned int i;

	for (i = 0; i <= data[25] && i < 16; i++) {
		const uint8_t *f = data + 128 + 4 * i;

		one = json_object_new_object();
		json_object_object_add(one, "ms", json_object_new_int(f[0] | f[1] << 8));
		json_object_object_add(one, "ds", json_object_new_int(f[2]));
		json_object_object_add(one, "rp", json_object_new_int(f[3] & 3));
		json_object_array_add(list, one);
	}
	return list;
}

static void show_json(const struct page *page, const uint8_t *data)
{
	struct json_object *json = json_object_new_object();
	size_t i;

	for (i = 0; i < page->n; i++) {
		_cleanup_free_ char *text = member_text(&page->member[i], data);

		if (text)
			json_object_object_add(json, page->member[i].name,
					       member_json(&page->member[i], text));
	}
	if (page == &namespace_page)
		json_object_object_add(json, "lbafs", formats(data));
	print_json(json);
	json_object_put(json);
}

static void show_text(const struct page *page, const uint8_t *data)
{
	size_t i;

	for (i = 0; i < page->n; i++) {
		const struct member *m = &page->member[i];
		_cleanup_free_ char *text = member_text(m, data);

		printf("%-21s %s", m->name, text ? text : "");
		if (page == &smart_page && !strcmp(m->name, "temperature"))
			printf(" K (%d degrees Celsius)",
			       (int)little_endian(data + m->at, m->size) - 273);
		printf("\n");
	}
	if (page == &namespace_page)
		printf("%-21s %u bytes\n", "block size",
		       1u << (data[130 + 4 * (data[26] & 15)] & 31));
}

/* Return: the argument; 0: there is none, or it is no namespace. */
static uint32_t namespace_number(const struct options *o)
{
	uint32_t number;

	if (o->argc < 3 || parse_uint(o->argv[2], UINT32_MAX - 1, &number) < 0)
		return 0;
	return number;
}

/* o->argv: device, id or smart, namespace. Return: exit code. */
static int show_page(const struct options *o, sd_bus *bus)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const struct page *page = &controller_page;
	const void *data;
	size_t n;
	int r, code = EXIT_OK;

	if (!strcmp(o->argv[1], "smart"))
		page = &smart_page;
	else if (o->argc > 2)
		page = &namespace_page;
	r = sd_bus_call_method(bus, CONTROL_SERVICE, CONTROL_PATH, CONTROL_INTERFACE,
			       "GetDevicePage", &error, &reply, "ssu", o->argv[0], page->name,
			       namespace_number(o));
	if (r >= 0)
		r = sd_bus_message_read_array(reply, 'y', &data, &n);
	if (r >= 0 && n != page->size)
		r = -EPROTO;
	if (r < 0)
		code = client_error(r, &error);
	else if (o->json)
		show_json(page, data);
	else
		show_text(page, data);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return code;
}

int cmd_nvme(const struct options *o)
{
	bool is_smart = !strcmp(o->argv[0], "smart");
	char *argv[] = { o->argv[1], o->argv[0], o->argc > 2 ? o->argv[2] : NULL };
	struct options device_first = *o;

	if (!is_smart && strcmp(o->argv[0], "id")) {
		fprintf(stderr, "ddectl: nvme %s: no such page; pages are id and smart\n",
			o->argv[0]);
		return EXIT_USAGE;
	}
	if (is_smart && o->argc > 2) {
		fprintf(stderr, "ddectl: nvme smart is for the whole controller, not for a "
				"namespace\n");
		return EXIT_USAGE;
	}
	if (o->argc > 2 && !namespace_number(o)) {
		fprintf(stderr, "ddectl: %s is not a namespace; they are numbered from 1\n",
			o->argv[2]);
		return EXIT_USAGE;
	}
	device_first.argv = argv;
	return client_with_device(&device_first, show_page);
}
