/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon's log; see log.h. */
#include <sys/stat.h>
#include <sys/uio.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "log.h"
#include "util.h"

#define LINE_MAX_LEN 1024

static struct {
	int max_level;
	bool journal;
	bool prefix;
} log_state = { .max_level = LOG_INFO, .prefix = true };

/* JOURNAL_STREAM=dev:inode names the stream that the journal reads. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == dev && st.st_ino == ino;
}

void log_open(int max_level)
{
	log_state.max_level = max_level;
	log_state.journal = stderr_is_journal();
	log_state.prefix = !isatty(STDERR_FILENO);
}

static bool log_wants(int level)
{
	return level <= log_state.max_level;
}

static void journal_field(struct iovec *iov, unsigned int *n, char *buf, size_t size,
			  const char *name, const char *value)
{
	int len = snprintf(buf, size, "%s=%s", name, value);

	iov[*n].iov_base = buf;
	iov[*n].iov_len = len < (int)size ? len : (int)size - 1;
	(*n)++;
}

static int to_journal(const struct log_about *about, int level, const char *text)
{
	char message[LINE_MAX_LEN + 16], bdf[64], driver[128], id[64], prio[16];
	struct iovec iov[5];
	unsigned int n = 0;

	journal_field(iov, &n, message, sizeof(message), "MESSAGE", text);
	snprintf(prio, sizeof(prio), "PRIORITY=%d", level);
	iov[n].iov_base = prio;
	iov[n++].iov_len = strlen(prio);
	if (about && about->bdf)
		journal_field(iov, &n, bdf, sizeof(bdf), "DDE_BDF", about->bdf);
	if (about && about->driver)
		journal_field(iov, &n, driver, sizeof(driver), "DDE_DRIVER", about->driver);
	if (about && about->message_id)
		journal_field(iov, &n, id, sizeof(id), "MESSAGE_ID", about->message_id);
	return sd_journal_sendv(iov, n);
}

/* Writes the line, which has its prefix. */
static void put(const struct log_about *about, int level, const char *text)
{
	char prefix[8] = "";

	if (log_state.journal && to_journal(about, level, text) >= 0)
		return;
	if (log_state.prefix)
		snprintf(prefix, sizeof(prefix), "<%d>", level);
	dprintf(STDERR_FILENO, "%s%s\n", prefix, text);
}

static void report_suppressed(const struct log_about *about)
{
	struct log_budget *b = about->budget;
	char text[LINE_MAX_LEN];

	if (!b->suppressed)
		return;
	snprintf(text, sizeof(text), "%s: %u lines suppressed: more than %u in %u s",
		 about->bdf ? about->bdf : "ddekitd", b->suppressed, LOG_BUDGET_LINES,
		 (unsigned int)(LOG_BUDGET_NS / 1000000000ull));
	b->suppressed = 0;
	put(about, LOG_WARNING, text);
}

/* Counts a line. Return: true: it is one too many. */
static bool exceeds_budget(const struct log_about *about)
{
	struct log_budget *b = about ? about->budget : NULL;
	uint64_t now = b ? mono_ns() : 0;

	if (!b)
		return false;
	if (about->message_id || now - b->window_ns >= LOG_BUDGET_NS)
		report_suppressed(about);
	if (now - b->window_ns >= LOG_BUDGET_NS) {
		b->window_ns = now;
		b->lines = 0;
	}
	if (about->message_id)
		return false;
	b->lines++;
	b->suppressed += b->lines > LOG_BUDGET_LINES;
	return b->lines > LOG_BUDGET_LINES;
}

void log_line(const struct log_about *about, int level, const char *fmt, ...)
{
	char text[LINE_MAX_LEN];
	size_t len = 0;
	va_list args;

	if (!log_wants(level) || exceeds_budget(about))
		return;
	if (about && about->bdf)
		len = snprintf(text, sizeof(text), "%s: ", about->bdf);
	va_start(args, fmt);
	vsnprintf(text + len, sizeof(text) - len, fmt, args);
	va_end(args);
	str_make_utf8(text);
	put(about, level, text);
}
