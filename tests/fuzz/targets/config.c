/* SPDX-License-Identifier: GPL-2.0-only */
/* Fuzz target: the parser of configuration files. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/config/config.h"
#include "fuzz.h"

static char path[64];
static int fd = -1;

static int load_text(struct config *config, struct strv *errors, const void *data, size_t size)
{
	if (fd < 0) {
		fd = memfd_create("devices.conf", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	MUST(fd >= 0 && !ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size);
	return config_load(config, path, errors);
}

/* Prints the configuration and reads it again: the result must be the same. */
static void check_round_trip(const struct config *config)
{
	char *text = config_print(config), *second;
	struct config copy = { 0 };
	struct strv errors = { 0 };
	size_t i;
	int r;

	MUST(text);
	r = load_text(&copy, &errors, text, strlen(text));
	if (r)
		fprintf(stderr, "%s\nerror %d: %s\n", text, r, errors.n ? errors.item[0] : "?");
	MUST(!r && copy.n_devices == config->n_devices);
	for (i = 0; i < copy.n_devices; i++)
		MUST(device_config_equal(copy.device[i], config->device[i]));
	second = config_print(&copy);
	MUST(second && !strcmp(text, second));
	free(second);
	free(text);
	config_finish(&copy);
	strv_finish(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config = { 0 };
	struct strv errors = { 0 };
	int r = load_text(&config, &errors, data, size);

	MUST(r == 0 || r == -EINVAL);
	MUST(!r == !errors.n);
	if (!r)
		check_round_trip(&config);
	config_finish(&config);
	strv_finish(&errors);
	return 0;
}
