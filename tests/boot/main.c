/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dde-boot: boots a runtime without a device, loads plugins by name and prints the kernel's log.
 * The kernel's own tests run in it; use it for any test that needs a runtime but no device.
 *
 * Its own lines begin with "dde-boot: ".  They report what was loaded and with which result,
 * which the kernel's log does not contain.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "boot.h"
#include "ddekitd/system/smbios.h"

#define POOL_BASE 0x10000000ull
#define POOL_MAX_MIB 3072ul
#define MIB (1ull << 20)

static struct {
	const char *runtime, *plugins, *cmdline, *firmware;
	unsigned long cpus, pool_mib, level;
	bool keep_going, scattered;
	uint8_t smbios[4096];
	size_t smbios_size;
} opt = { .cpus = 1, .pool_mib = 128, .level = 7, .cmdline = "", .plugins = "." };

static struct {
	int fd; /* eventfd: signalled by CPU threads */
	_Atomic bool booted, done, halted;
	uint64_t deadline; /* for the whole run; UINT64_MAX: none */
	int status;
} box = { .deadline = UINT64_MAX };

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* One write per line, so that lines of several threads do not mix. */
static void write_line(const char *text, size_t len)
{
	struct iovec v[] = { { (void *)text, len }, { "\n", 1 } };

	if (writev(STDOUT_FILENO, v, 2) < 0 && errno == EPIPE)
		_exit(EXIT_START);
}

void print_line(const char *fmt, ...)
{
	char text[1024] = "dde-boot: ";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + 10, sizeof(text) - 10, fmt, ap);
	va_end(ap);
	write_line(text, strlen(text));
}

void die(int status, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print_line("%s", text);
	_exit(status);
}

/* ---- CPU thread ---------------------------------------------------------------- */

static void on_log(unsigned int level, const char *text, size_t len)
{
	if (level <= opt.level)
		write_line(text, len);
}

static void wake(_Atomic bool *what)
{
	uint64_t one = 1;

	atomic_store(what, true);
	if (write(box.fd, &one, sizeof(one)) < 0)
		abort(); /* nobody else writes, so it cannot be full */
}

static void on_booted(void)
{
	wake(&box.booted);
}

static void on_done(struct dde_request *req)
{
	wake(&box.done);
}

static void on_halted(void)
{
	wake(&box.halted);
}

static void on_died(const char *reason)
{
	die(EXIT_PANIC, "the runtime died: %s", reason);
}

static const struct dde_host_events events = {
	.log = on_log,
	.booted = on_booted,
	.request_done = on_done,
	.halted = on_halted,
	.died = on_died,
};

/* ---- main thread ----------------------------------------------------------------- */

/* On timeout: the fault handler prints a backtrace of each CPU. */
static void die_of_timeout(const char *what)
{
	const struct timespec pause = { .tv_nsec = 200000000 };

	print_line("timeout while %s", what);
	/*
	 * Only the CPU threads do not block SIGTRAP; its handler ends the process after the
	 * report.
	 */
	kill(getpid(), SIGTRAP);
	nanosleep(&pause, NULL);
	_exit(EXIT_TIMEOUT);
}

/* Waits until *what is true, at most until the given time (0: the deadline of the run). */
static void wait_until(_Atomic bool *what, uint64_t until, const char *doing)
{
	struct pollfd p = { .fd = box.fd, .events = POLLIN };

	while (!atomic_load(what)) {
		uint64_t now = now_ns(), end = until ? until : box.deadline, count;
		int ms = -1;

		if (box.deadline <= now)
			die_of_timeout(doing);
		if (end <= now)
			return;
		if (end != UINT64_MAX)
			ms = end - now > 1000000000ull ? 1000 : (int)((end - now) / 1000000 + 1);
		if (poll(&p, 1, ms) > 0 && read(box.fd, &count, sizeof(count)) < 0)
			die(EXIT_START, "eventfd: %s", strerror(errno));
		if (atomic_load(&box.halted) && what != &box.halted)
			die(EXIT_PANIC, "the runtime shut itself down while %s", doing);
	}
}

int64_t call_runtime(int64_t (*fn)(void *arg), void *arg, const char *what)
{
	struct dde_request req = { .fn = fn, .arg = arg };

	atomic_store(&box.done, false);
	dde_host_submit(&req);
	wait_until(&box.done, 0, what);
	return req.result;
}

static void make_pool(struct ddekit_pool *pool)
{
	void *at = (void *)(uintptr_t)POOL_BASE;
	int fd = memfd_create("dde-pool", MFD_CLOEXEC);

	pool->size = opt.pool_mib * MIB;
	if (fd < 0 || ftruncate(fd, (off_t)pool->size))
		die(EXIT_START, "pool of %lu MiB: %s", opt.pool_mib, strerror(errno));
	pool->cpu = mmap(at, pool->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
			 fd, 0);
	if (pool->cpu != at)
		die(EXIT_START, "cannot map the pool at %p: %s", at, strerror(errno));
	pool->base.v = POOL_BASE;
	pool->fd = fd;
}

/*
 * As without an IOMMU: device addresses differ from the kernel's, and only every third block
 * continues the one before it.
 */
static void scatter_pool(struct ddekit_pool *pool)
{
	static uint64_t at[POOL_MAX_MIB / 4];
	uint64_t next = 0x1000000;
	unsigned int i;

	for (i = 0; i < pool->size / DDEKIT_POOL_BLOCK; i++) {
		if (i % 3 != 1)
			next += DDEKIT_POOL_BLOCK / 2;
		at[i] = next;
		next += DDEKIT_POOL_BLOCK;
	}
	pool->block_iova = at;
}

static void boot(void)
{
	struct dde_host_config config = {
		.runtime = opt.runtime,
		.cmdline = opt.cmdline,
		.firmware_dirs = opt.firmware,
		.plugin_dir = opt.plugins,
		.nr_cpus = (unsigned int)opt.cpus,
		.events = &events,
		.smbios = opt.smbios,
		.smbios_size = opt.smbios_size,
	};
	uint64_t start = now_ns();
	char *why = NULL;
	int err;

	make_pool(&config.pool);
	if (opt.scattered)
		scatter_pool(&config.pool);
	err = dde_host_load(&config, &why);
	if (err)
		die(EXIT_START, "%s", why ? why : strerror(-err));
	err = dde_host_start();
	if (err)
		die(EXIT_START, "cannot start the runtime: %s", strerror(-err));
	wait_until(&box.booted, 0, "booting");
	print_line("booted Linux %s in %.3f ms", dde_host_up()->release,
		   (double)(now_ns() - start) / 1e6);
}

static void usage(FILE *f)
{
	fputs("Usage: dde-boot --runtime FILE [OPTION | PLUGIN[:PARAMETERS]]...\n\n"
	      "Boots a runtime without a device, prints the kernel's log, and executes the steps\n"
	      "of the command line in order: loads plugins with dependencies, unloads, waits.\n\n"
	      "  --runtime FILE     libdde-linux.so\n"
	      "  --plugins DIR      folder of plugins that mkplugin made (default: .)\n"
	      "  --cpus N           virtual CPUs, 1..8 (default 1; more need an SMP runtime)\n"
	      "  --pool MIB         memory, a multiple of 4 (default 128)\n"
	      "  --dma-blocks HOW   \"scattered\": devices see the memory in pieces of 4 MiB\n"
	      "  --cmdline TEXT     the kernel's command line\n"
	      "  --firmware DIRS    absolute folders with firmware files, separated by colons\n"
	      "  --machine DIR      SMBIOS tables, as in /sys/firmware/dmi/tables\n"
	      "  --timeout SECONDS  for the whole run; then print a backtrace and end\n"
	      "  --level N          print kernel messages up to this level (default 7: all)\n"
	      "  --keep-going       continue after a plugin whose init failed\n"
	      "  --sleep SECONDS    step: wait\n"
	      "  --unload NAME      step: unload a plugin\n"
	      "  --unload-all       step: unload all plugins, last first\n"
	      "  --shutdown         step: shut down as for a reboot; must be the last\n\n"
	      "Example: dde-boot --runtime libdde-linux.so --plugins d e1000e:debug=3 --sleep 2\n\n"
	      "Exit status: 0 done; 1 a plugin's init or unload failed; 2 wrong usage; 3 the\n"
	      "kernel panicked; 4 could not start; 124 timeout; a fault in kernel code ends the\n"
	      "process by its signal, after a report.\n",
	      f);
}

enum {
	O_RUNTIME = 256,
	O_PLUGINS,
	O_CPUS,
	O_POOL,
	O_DMA_BLOCKS,
	O_CMDLINE,
	O_FIRMWARE,
	O_MACHINE,
	O_TIMEOUT,
	O_LEVEL,
	O_KEEP_GOING,
	O_SLEEP,
	O_UNLOAD,
	O_UNLOAD_ALL,
	O_SHUTDOWN,
	O_HELP,
};

static const struct option options[] = {
	{ "runtime", required_argument, NULL, O_RUNTIME },
	{ "plugins", required_argument, NULL, O_PLUGINS },
	{ "cpus", required_argument, NULL, O_CPUS },
	{ "pool", required_argument, NULL, O_POOL },
	{ "dma-blocks", required_argument, NULL, O_DMA_BLOCKS },
	{ "cmdline", required_argument, NULL, O_CMDLINE },
	{ "firmware", required_argument, NULL, O_FIRMWARE },
	{ "timeout", required_argument, NULL, O_TIMEOUT },
	{ "level", required_argument, NULL, O_LEVEL },
	{ "keep-going", no_argument, NULL, O_KEEP_GOING },
	{ "sleep", required_argument, NULL, O_SLEEP },
	{ "unload", required_argument, NULL, O_UNLOAD },
	{ "unload-all", no_argument, NULL, O_UNLOAD_ALL },
	{ "shutdown", no_argument, NULL, O_SHUTDOWN },
	{ "machine", required_argument, NULL, O_MACHINE },
	{ "help", no_argument, NULL, O_HELP },
	{ 0 },
};

static unsigned long number(const char *what, const char *text, unsigned long min,
			    unsigned long max)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (!*text || *end || v < min || v > max) {
		fprintf(stderr, "dde-boot: --%s %s: expected a number from %lu to %lu\n", what,
			text, min, max);
		exit(EXIT_USAGE);
	}
	return v;
}

static uint64_t seconds(const char *what, const char *text)
{
	char *end;
	double v = strtod(text, &end);

	if (!*text || *end || !(v >= 0) || v > 1e6) {
		fprintf(stderr, "dde-boot: --%s %s: expected seconds\n", what, text);
		exit(EXIT_USAGE);
	}
	return (uint64_t)(v * 1e9);
}

/* Options that apply before the boot. */
static void set_option(int o)
{
	switch (o) {
	case O_RUNTIME:
		opt.runtime = optarg;
		break;
	case O_PLUGINS:
		opt.plugins = optarg;
		break;
	case O_CPUS:
		opt.cpus = number("cpus", optarg, 1, 8);
		break;
	case O_POOL:
		opt.pool_mib = number("pool", optarg, 8, POOL_MAX_MIB) & ~3ul;
		break;
	case O_DMA_BLOCKS:
		opt.scattered = !strcmp(optarg, "scattered");
		if (!opt.scattered) {
			fprintf(stderr, "dde-boot: --dma-blocks %s: expected scattered\n", optarg);
			exit(EXIT_USAGE);
		}
		break;
	case O_CMDLINE:
		opt.cmdline = optarg;
		break;
	case O_FIRMWARE:
		opt.firmware = optarg;
		break;
	case O_MACHINE:
		opt.smbios_size = smbios_read(optarg, opt.smbios, sizeof(opt.smbios));
		if (!opt.smbios_size) {
			fprintf(stderr, "dde-boot: --machine %s: no SMBIOS tables there\n", optarg);
			exit(EXIT_USAGE);
		}
		break;
	case O_TIMEOUT:
		box.deadline = now_ns() + seconds("timeout", optarg);
		break;
	case O_LEVEL:
		opt.level = number("level", optarg, 0, 7);
		break;
	case O_KEEP_GOING:
		opt.keep_going = true;
		break;
	case O_SLEEP:
		seconds("sleep", optarg);
		break;
	case O_HELP:
		usage(stdout);
		exit(0);
	case '?':
		exit(EXIT_USAGE);
	}
}

static void check_step(int err)
{
	if (!err)
		return;
	box.status = EXIT_INIT;
	if (!opt.keep_going)
		die(EXIT_INIT, "stopped");
}

static void load_named(char *arg)
{
	char *args = strchr(arg, ':');

	if (args)
		*args++ = 0;
	print_line("step %s", arg);
	check_step(plugin_load(arg, args));
}

static void shut_down(void)
{
	struct dde_request req = { .fn = dde_host_up()->sys->shutdown };

	dde_host_submit(&req);
	wait_until(&box.halted, 0, "shutting down");
	print_line("shut down");
}

/* Steps after the boot, in order. */
static void run_step(int o)
{
	static _Atomic bool never;
	uint64_t time;

	switch (o) {
	case 1:
		load_named(optarg);
		break;
	case O_SLEEP:
		time = seconds("sleep", optarg);
		if (time)
			wait_until(&never, now_ns() + time, "sleeping");
		break;
	case O_UNLOAD:
		check_step(plugin_unload(optarg));
		break;
	case O_UNLOAD_ALL:
		check_step(plugin_unload_all());
		break;
	case O_SHUTDOWN:
		shut_down();
		break;
	}
}

int main(int argc, char **argv)
{
	sigset_t trap;
	int o;

	/* Without a parent nobody reads the log. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&trap);
	sigaddset(&trap, SIGTRAP);
	pthread_sigmask(SIG_BLOCK, &trap, NULL);
	while ((o = getopt_long(argc, argv, "-", options, NULL)) != -1)
		set_option(o);
	if (!opt.runtime || optind < argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	box.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (box.fd < 0)
		die(EXIT_START, "eventfd: %s", strerror(errno));
	/* request_module() needs an absolute path. */
	opt.plugins = realpath(opt.plugins, NULL);
	if (!opt.plugins)
		die(EXIT_USAGE, "--plugins: %s", strerror(errno));
	plugins_init(opt.plugins);
	boot();
	optind = 0;
	while ((o = getopt_long(argc, argv, "-", options, NULL)) != -1)
		run_step(o);
	print_line("done");
	_exit(box.status);
}
