/* SPDX-License-Identifier: GPL-2.0-only */
/* A device's files in the service manager's fd store; see private.h. */
#include "lib/log.h"
#include "private.h"
#include "state/fd-store.h"

void device_store_warn(const struct device *dev, const char *what, int error)
{
	struct log_about about = device_about(dev);

	log_line(&about, LOG_WARNING, "cannot save %s for a restart of ddekitd: %s", what,
		 strerror(-error));
}

void device_store(const struct device *dev, const char *what, int fd)
{
	char key[FDSTORE_KEY_MAX];
	int r = fdstore_put(dev->env->fdstore, fdstore_key(dev->config->bdf_text, key), what, fd);

	if (r < 0)
		device_store_warn(dev, what, r);
}

void device_store_drop(const struct device *dev)
{
	char key[FDSTORE_KEY_MAX];

	fdstore_drop(dev->env->fdstore, fdstore_key(dev->config->bdf_text, key));
}
