/* SPDX-License-Identifier: GPL-2.0-only */
/* GetDevicePage of org.ddekit.Manager1: data that only the driver can read from its device. */
#include <errno.h>

#include "protocol/control.h"
#include "device/device.h"
#include "host-call.h"
#include "method.h"
#include "methods.h"

/* Names of pages: as long as in struct dde_devpage. */
#define NAME_MAX_BYTES 31
#define PAGE_BYTES 4096

static const char *meaning(int error)
{
	switch (error) {
	case -EOPNOTSUPP:
	case -EINVAL:
		return "the driver has no such page";
	case -ENXIO:
		return "the driver has no page with that number";
	case -ENODEV:
		return "the driver has not bound the device";
	case -EAGAIN:
		return "the device is being reset; try again";
	case -EBUSY:
	case -ETIMEDOUT:
		return "the device does not answer; see ddectl logs";
	case -EREMOTEIO:
		return "the device refuses the command; see ddectl logs";
	}
	return strerror(-error);
}

static int answer_page(const struct host_call *call, const struct host_reply *reply,
		       struct host_answer *ret)
{
	uint8_t *data = malloc(PAGE_BYTES);
	ssize_t n = reply->error;

	if (!data)
		return -ENOMEM;
	if (!n)
		n = hex_decode(reply->text->text, data, PAGE_BYTES);
	if (n <= 0) { /* a malformed page is an error of the host */
		free(data);
		return sd_bus_error_setf(&ret->error, CONTROL_ERROR_FAILED, "%s: %s: %s",
					 device_bdf_text(call->dev), call->what,
					 meaning(reply->error ? reply->error : -EPROTO));
	}
	ret->bytes = data;
	ret->n_bytes = (size_t)n;
	return 0;
}

/* GetDevicePage(s device, s name, u number) -> ay */
int method_get_device_page(sd_bus_message *msg, void *arg, sd_bus_error *error)
{
	struct device *dev;
	const char *name;
	char text[NAME_MAX_BYTES + 16];
	uint32_t number;
	int r = method_read_device(msg, arg, &dev, error);

	if (r >= 0)
		r = sd_bus_message_read(msg, "su", &name, &number);
	if (r < 0)
		return r;
	if (!*name || strlen(name) > NAME_MAX_BYTES || strchr(name, ' '))
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG,
					 "a page's name has 1 to %d characters and no blank",
					 NAME_MAX_BYTES);
	snprintf(text, sizeof(text), "%s %u", name, number);
	return hostcall_read(msg, dev, OP_PAGE, text, answer_page, error);
}
