/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * try: runs a driver on an emulated device, by a ddekitd of its own in the foreground, with
 * its log on the terminal.  Nothing is left afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "config/config.h"
#include "client/client.h"
#include "change.h"

#define BDF "e000:01:00.0"

struct trial {
	char dir[32];
	char *file;  /* devices.conf in it */
	int notify;  /* where ddekitd reports its state */
	bool failed; /* the device */
};

/* The process that gets the signals that end ddectl. */
static volatile pid_t child;

static void on_signal(int sig)
{
	kill(child, SIGTERM);
}

/* ---- configuration ------------------------------------------------------------- */

static int bad_setting(const char *why)
{
	fprintf(stderr, "ddectl: %s\n", why ? why : "out of memory");
	return EXIT_BAD_CONFIG;
}

/* The device's section. QEMU's name of a device is often that of its Linux driver. */
static int make_tried_device(const struct options *o, struct device_config *dev)
{
	_cleanup_free_ char *why = NULL;
	bool has_device = false;
	size_t i;
	int r = device_config_set(dev, "driver", o->argv[0], 1, &why);

	for (i = 0; i < o->settings.key.n && r >= 0; i++) {
		has_device |= !strcmp(o->settings.key.item[i], "device");
		r = device_config_set(dev, o->settings.key.item[i], o->settings.value.item[i], 1,
				      &why);
	}
	if (r >= 0 && !has_device)
		r = device_config_set(dev, "device", o->argv[0], 1, &why);
	if (r >= 0)
		r = device_config_complete(dev, &why);
	return r < 0 ? bad_setting(why) : EXIT_OK;
}

/* [ddekitd] of the configuration applies, but for its folders. */
static int read_global(const struct options *o, const char *dir, struct config *config)
{
	const char *path = o->argc > 1 ? o->argv[1] : CONFIG_FILE;
	_cleanup_free_ char *runtime_dir = str_format("%s/run", dir);
	struct strv errors = { 0 };
	size_t i;
	int r = config_load(config, path, &errors);

	for (i = 0; i < errors.n; i++)
		fprintf(stderr, "ddectl: %s\n", errors.item[i]);
	if (r == -ENOENT && o->argc > 1)
		fprintf(stderr, "ddectl: %s: no such file\n", path);
	else if (r == -ENOENT)
		r = 0;
	strv_finish(&errors);
	if (!r)
		r = str_set(&config->global.runtime_dir, runtime_dir);
	if (!r)
		r = str_set(&config->global.crash_dir, NULL);
	if (!r && o->plugin_dir)
		r = str_set(&config->global.plugin_dir, o->plugin_dir);
	for (i = 0; i < config->n_devices; i++)
		device_config_destroy(config->device[i]);
	config->n_devices = 0;
	return r < 0 ? EXIT_BAD_CONFIG : EXIT_OK;
}

static int write_trial_config(const struct trial *t, struct config *config,
			      struct device_config *dev)
{
	struct config one = { .global = config->global, .device = &dev, .n_devices = 1 };
	_cleanup_free_ char *text = config_print(&one);
	_cleanup_fclose_ FILE *f = fopen(t->file, "we");

	if (!text || !f || fputs(text, f) < 0 || fflush(f)) {
		fprintf(stderr, "ddectl: %s: %s\n", t->file, strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int configure(const struct options *o, const struct trial *t)
{
	struct config config = { 0 };
	struct device_config *dev;
	struct ddekit_bdf bdf;
	int code;

	ddekit_bdf_parse(BDF, &bdf);
	dev = device_config_create(bdf, "ddectl try");
	code = dev ? make_tried_device(o, dev) : EXIT_FAILED;
	if (!code)
		code = read_global(o, t->dir, &config);
	if (!code)
		code = write_trial_config(t, &config, dev);
	device_config_destroy(dev);
	config_finish(&config);
	return code;
}

/* ---- ddekitd --------------------------------------------------------------------- */

/* As systemd's notify socket, so that no polling is needed. */
static int open_notify(struct trial *t)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify", t->dir);
	t->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->notify < 0 || bind(t->notify, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return setenv("NOTIFY_SOCKET", addr.sun_path, 1) < 0 ? -errno : 0;
}

/* Beside ddectl, or in sbin; else where PATH says. */
static void exec_ddekitd(const struct trial *t)
{
	static const char *const places[] = { "/ddekitd", "/../sbin/ddekitd" };
	char *argv[] = { "ddekitd", "--config", t->file, "--device", BDF, NULL };
	char self[256], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;

	self[n < 0 ? 0 : n] = 0;
	slash = strrchr(self, '/');
	for (i = 0; i < ARRAY_SIZE(places) && slash; i++) {
		_cleanup_free_ char *path = str_format("%.*s%s", (int)(slash - self), self,
						       places[i]);

		if (path)
			execv(path, argv);
	}
	execvp("ddekitd", argv);
	fprintf(stderr, "ddectl: cannot run ddekitd: %s\n", strerror(errno));
}

static int start_ddekitd(const struct trial *t)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		exec_ddekitd(t);
		_exit(EXIT_FAILED);
	}
	child = pid;
	signal(SIGINT, SIG_IGN); /* the terminal sends it to ddekitd too */
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	return 0;
}

/* A device that has failed ends the trial. */
static void read_notify(struct trial *t)
{
	char text[4096];
	ssize_t n;

	while ((n = recv(t->notify, text, sizeof(text) - 1, 0)) > 0) {
		text[n] = 0;
		if (t->failed || !strstr(text, " 1 failed"))
			continue;
		t->failed = true;
		kill(child, SIGTERM);
	}
}

/* Return: exit code of the trial. */
static int attend(struct trial *t)
{
	struct pollfd p[] = { { .fd = t->notify, .events = POLLIN },
			      { .fd = syscall(SYS_pidfd_open, child, 0), .events = POLLIN } };
	int status = 0;

	if (p[1].fd < 0)
		kill(child, SIGTERM);
	while (p[1].fd >= 0 && !p[1].revents) {
		if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
			break;
		read_notify(t);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	fd_close(&p[1].fd);
	if (t->failed)
		return EXIT_DEVICE_FAILED;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? EXIT_OK : EXIT_FAILED;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

int cmd_try(const struct options *o)
{
	struct trial t = { .dir = "/tmp/ddekit-try.XXXXXX", .notify = -1 };
	int code = EXIT_FAILED, r = -1;

	if (!mkdtemp(t.dir) || chmod(t.dir, 0755) < 0) {
		fprintf(stderr, "ddectl: %s: %s\n", t.dir, strerror(errno));
		return EXIT_FAILED;
	}
	t.file = str_format("%s/devices.conf", t.dir);
	if (t.file)
		code = configure(o, &t);
	if (!code) {
		r = open_notify(&t);
		if (!r)
			r = start_ddekitd(&t);
		code = r < 0 ? client_error(r, NULL) : attend(&t);
	}
	fd_close(&t.notify);
	free(t.file);
	nftw(t.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return code;
}
