/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of PCI functions (see include/ddekit/bdf.h). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <ddekit/bdf.h>

/* Reads 1..max_digits hexadecimal digits. Return: the rest, NULL if none. */
static const char *parse_hex(const char *s, unsigned int max_digits, uint32_t *ret)
{
	uint32_t v = 0;
	unsigned int n;

	for (n = 0; n < max_digits; n++) {
		char c = s[n];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			break;
	}
	if (!n)
		return NULL;
	*ret = v;
	return s + n;
}

/* Reads "bb:dd.f" to the end of the text. */
static int parse_short(const char *s, uint32_t domain, struct ddekit_bdf *ret)
{
	uint32_t bus, dev, fn;

	s = parse_hex(s, 2, &bus);
	if (!s || *s++ != ':')
		return -EINVAL;
	s = parse_hex(s, 2, &dev);
	if (!s || *s++ != '.')
		return -EINVAL;
	s = parse_hex(s, 1, &fn);
	if (!s || *s || dev > 31 || fn > 7)
		return -EINVAL;
	*ret = (struct ddekit_bdf){
		.domain = domain, .bus = (uint8_t)bus, .dev = (uint8_t)dev, .fn = (uint8_t)fn
	};
	return 0;
}

int ddekit_bdf_parse(const char *text, struct ddekit_bdf *ret)
{
	const char *colon = strchr(text, ':');
	uint32_t domain;

	if (!colon)
		return -EINVAL;
	if (!strchr(colon + 1, ':'))
		return parse_short(text, 0, ret);
	if (parse_hex(text, 8, &domain) != colon)
		return -EINVAL;
	return parse_short(colon + 1, domain, ret);
}

char *ddekit_bdf_format(struct ddekit_bdf bdf, char *buf)
{
	snprintf(buf, DDEKIT_BDF_STRLEN, "%04x:%02x:%02x.%x", bdf.domain, bdf.bus, bdf.dev & 31,
		 bdf.fn & 7);
	return buf;
}

int ddekit_bdf_compare(struct ddekit_bdf a, struct ddekit_bdf b)
{
	if (a.domain != b.domain)
		return a.domain < b.domain ? -1 : 1;
	return (a.bus << 8 | ddekit_bdf_devfn(a)) - (b.bus << 8 | ddekit_bdf_devfn(b));
}

uint8_t ddekit_bdf_devfn(struct ddekit_bdf bdf)
{
	return (uint8_t)((bdf.dev & 31) << 3 | (bdf.fn & 7));
}
