/* SPDX-License-Identifier: GPL-2.0-only */
/* Small helpers of the daemon and ddectl; see util.h. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <strings.h>
#include <time.h>

#include "util.h"

int str_set(char **dst, const char *src)
{
	char *copy = NULL;

	if (src) {
		copy = strdup(src);
		if (!copy)
			return -ENOMEM;
	}
	free(*dst);
	*dst = copy;
	return 0;
}

char *str_format(const char *fmt, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	return n < 0 ? NULL : text;
}

bool str_equal(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

void str_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* RFC 3629: how many bytes the character has; 0: it is none. Stops at the end of the text. */
static size_t utf8_length(const unsigned char *c)
{
	size_t n = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4, i;

	if (c[0] > 0xf4)
		return 0;
	for (i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than necessary, halves of a pair, beyond the last. */
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
	    (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return n;
}

void str_make_utf8(char *text)
{
	while (*text) {
		size_t n = utf8_length((const unsigned char *)text);

		if (!n)
			*text = '?';
		text += n ? n : 1;
	}
}

char *hex_text(const uint8_t *data, size_t len)
{
	char *text = malloc(2 * len + 1);
	size_t i;

	if (!text)
		return NULL;
	text[0] = 0;
	for (i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
	return text;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

ssize_t hex_decode(const char *text, uint8_t *data, size_t max)
{
	size_t n;
	int hi, lo;

	for (n = 0; *text; text += 2) {
		hi = hex_digit(text[0]);
		lo = hi < 0 ? -1 : hex_digit(text[1]);
		if (lo < 0 || n == max)
			return -EINVAL;
		data[n++] = (uint8_t)(hi << 4 | lo);
	}
	return (ssize_t)n;
}

int text_vadd(struct text *t, const char *fmt, va_list args)
{
	va_list again;
	size_t size;
	char *grown;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return -EINVAL;
	if (t->len + n + 1 > t->size) {
		size = (t->len + n + 1) * 2;
		grown = realloc(t->text, size);
		if (!grown)
			return -ENOMEM;
		t->text = grown;
		t->size = size;
	}
	vsnprintf(t->text + t->len, n + 1, fmt, args);
	t->len += n;
	return 0;
}

int text_add(struct text *t, const char *fmt, ...)
{
	va_list args;
	int r;

	va_start(args, fmt);
	r = text_vadd(t, fmt, args);
	va_end(args);
	return r;
}

void text_finish(struct text *t)
{
	free(t->text);
	memset(t, 0, sizeof(*t));
}

int strv_add(struct strv *v, const char *item)
{
	char **grown = realloc(v->item, (v->n + 2) * sizeof(*grown));
	char *copy;

	if (!grown)
		return -ENOMEM;
	v->item = grown;
	copy = strdup(item);
	if (!copy) {
		v->item[v->n] = NULL;
		return -ENOMEM;
	}
	v->item[v->n++] = copy;
	v->item[v->n] = NULL;
	return 0;
}

/* Copies one word of @text into @word. Return: what follows, NULL: open quote. */
static const char *split_word(const char *text, char *word)
{
	char quote = 0;

	for (; *text; text++) {
		if (quote ? *text == quote : *text == '\'' || *text == '"')
			quote = quote ? 0 : *text;
		else if (!quote && (*text == ' ' || *text == '\t'))
			break;
		else
			*word++ = *text;
	}
	*word = 0;
	return quote ? NULL : text;
}

int strv_split(struct strv *v, const char *text)
{
	_cleanup_free_ char *word = malloc(strlen(text) + 1);
	int r;

	if (!word)
		return -ENOMEM;
	for (;;) {
		text += strspn(text, " \t");
		if (!*text)
			return 0;
		text = split_word(text, word);
		if (!text)
			return -EINVAL;
		r = strv_add(v, word);
		if (r < 0)
			return r;
	}
}

/* Would it be split, or not be accepted at the start of a line of devices.conf? */
static bool wants_quotes(const char *word)
{
	return !*word || strchr("#;[", *word) || word[strcspn(word, " \t\r\v\f'\"")];
}

/* Splits into quoted pieces; each uses the quote character that it does not contain. */
static int add_quoted(struct text *t, const char *word)
{
	const char *quote;
	int n, r;

	do {
		quote = *word == '"' ? "'" : "\"";
		n = (int)strcspn(word, quote);
		r = text_add(t, "%s%.*s%s", quote, n, word, quote);
		word += n;
	} while (*word && !r);
	return r;
}

char *strv_join(const struct strv *v)
{
	struct text t = { 0 };
	size_t i;
	int r;

	if (text_add(&t, "%s", "") < 0)
		return NULL;
	for (i = 0; i < v->n; i++) {
		r = i ? text_add(&t, " ") : 0;
		if (!r)
			r = wants_quotes(v->item[i]) ? add_quoted(&t, v->item[i])
						     : text_add(&t, "%s", v->item[i]);
		if (r < 0) {
			text_finish(&t);
			return NULL;
		}
	}
	return t.text;
}

bool strv_equal(const struct strv *a, const struct strv *b)
{
	size_t i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (strcmp(a->item[i], b->item[i]))
			return false;
	return true;
}

void strv_finish(struct strv *v)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		free(v->item[i]);
	free(v->item);
	v->item = NULL;
	v->n = 0;
}

/* A decimal number and the unit after it. */
static int parse_number(const char *text, uint64_t *ret, const char **ret_unit)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	*ret_unit = end + strspn(end, " ");
	return 0;
}

int parse_size(const char *text, uint64_t *ret)
{
	static const char units[] = "KMG";
	const char *unit, *at;
	unsigned int shift = 0;
	uint64_t value;
	int r;

	r = parse_number(text, &value, &unit);
	if (r < 0)
		return r;
	if (*unit) {
		at = strchr(units, *unit & ~0x20);
		if (!at || unit[1])
			return -EINVAL;
		shift = 10 * (at - units + 1);
	}
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	*ret = value << shift;
	return 0;
}

int parse_time_ms(const char *text, uint32_t *ret)
{
	uint64_t value, factor;
	const char *unit;
	int r;

	r = parse_number(text, &value, &unit);
	if (r < 0)
		return r;
	if (!*unit || !strcmp(unit, "s"))
		factor = 1000;
	else if (!strcmp(unit, "ms"))
		factor = 1;
	else if (!strcmp(unit, "min"))
		factor = 60000;
	else
		return -EINVAL;
	if (value > UINT32_MAX / factor)
		return -ERANGE;
	*ret = value * factor;
	return 0;
}

int parse_bool(const char *text, bool *ret)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(yes); i++) {
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
			*ret = !strcasecmp(text, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

int parse_uint(const char *text, uint32_t max, uint32_t *ret)
{
	const char *rest;
	uint64_t value;
	int r;

	r = parse_number(text, &value, &rest);
	if (r < 0)
		return r;
	if (*rest)
		return -EINVAL;
	if (value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

char *format_size(uint64_t value, char *buf, size_t size)
{
	static const char units[] = "KMG";
	unsigned int i = 0;

	while (value && i < 3 && !(value & 1023)) {
		value >>= 10;
		i++;
	}
	if (i)
		snprintf(buf, size, "%" PRIu64 "%c", value, units[i - 1]);
	else
		snprintf(buf, size, "%" PRIu64, value);
	return buf;
}

char *format_time_ms(uint32_t ms, char *buf, size_t size)
{
	if (ms % 1000)
		snprintf(buf, size, "%ums", ms);
	else
		snprintf(buf, size, "%us", ms / 1000);
	return buf;
}

const char *signal_name(int sig)
{
	static char buf[32];
	const char *abbrev = sigabbrev_np(sig);

	if (abbrev)
		snprintf(buf, sizeof(buf), "SIG%s", abbrev);
	else
		snprintf(buf, sizeof(buf), "signal %d", sig);
	return buf;
}
