// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's log goes to the host, line by line, each with its level. */
#include <linux/console.h>
#include <linux/ctype.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/string.h>
#include "../compat.h"
#include "../kernel/kernel.h"
#include "service.h"

char dde_panic_text[256];

/* One line, printed when it is complete. */
struct line {
	u32 level;
	u32 len;
	char text[1024];
};

static void line_end(struct line *line)
{
	dde_call_void(sys->print(line->level, line->text, line->len));
	line->len = 0;
}

static void line_add(struct line *line, char c)
{
	if (c == '\n') {
		line_end(line);
		return;
	}
	if (line->len == sizeof(line->text))
		line_end(line);
	line->text[line->len++] = c;
}

/*
 * An extended record: "level,sequence,time,flags[,…];text\n" and then lines of
 * " KEY=value"; unprintable bytes of text are written as \xHH.
 */
static void console_write(struct console *con, const char *s, unsigned int len)
{
	static struct line line; /* the console lock is held */
	const char *end = s + len, *text;
	unsigned int prefix = 0;
	u8 byte;

	text = memchr(s, ';', len);
	if (!text)
		return;
	while (s < text && isdigit(*s))
		prefix = prefix * 10 + *s++ - '0';
	line.level = prefix & 7;
	line.len = 0;
	for (text++; text < end && *text != '\n'; text++) {
		if (*text == '\\' && end - text > 3 && text[1] == 'x' &&
		    !hex2bin(&byte, text + 2, 1)) {
			line_add(&line, byte);
			text += 3;
		} else {
			line_add(&line, *text);
		}
	}
	line_end(&line);
}

static struct console dde_console = {
	.name = "dde",
	.write = console_write,
	.flags = CON_PRINTBUFFER | CON_ENABLED | CON_ANYTIME | CON_EXTENDED,
	.index = -1,
};

static int copy_panic_text(struct notifier_block *nb, unsigned long event, void *text)
{
	strscpy(dde_panic_text, text, sizeof(dde_panic_text));
	return NOTIFY_DONE;
}

static struct notifier_block panic_block = { .notifier_call = copy_panic_text };

void __init dde_console_init(void)
{
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	register_console(&dde_console);
}
