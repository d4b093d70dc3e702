/* SPDX-License-Identifier: GPL-2.0-only */
/* GetDevicePage of org.ddekit.Manager1: what only the driver can tell of its device. */
#include <errno.h>

#include "control.h"
#include "device.h"
#include "methods.h"

/* Names of pages: as long as in struct dde_devpage. */
#define NAME_MAX_BYTES 31
#define PAGE_BYTES 4096

static const char *meaning(int error)
{
	switch (error) {
	case -EOPNOTSUPP:
	case -EINVAL:
		return "its driver has no such page";
	case -ENXIO:
		return "it has none of that number";
	case -ENODEV:
		return "the driver does not drive it";
	case -EAGAIN:
		return "it is being reset; try again";
	case -EBUSY:
	case -ETIMEDOUT:
		return "it does not answer; see ddectl logs";
	case -EREMOTEIO:
		return "it refuses the command; see ddectl logs";
	}
	return strerror(-error);
}

static int reply_bytes(sd_bus_message *msg, const uint8_t *data, size_t n)
{
	sd_bus_message *answer = NULL;
	int r = sd_bus_message_new_method_return(msg, &answer);

	if (r >= 0)
		r = sd_bus_message_append_array(answer, 'y', data, n);
	if (r >= 0)
		r = sd_bus_send(NULL, answer, NULL);
	sd_bus_message_unref(answer);
	return r;
}

static void on_page(void *arg, const struct host_reply *reply)
{
	struct host_call *call = arg;
	uint8_t data[PAGE_BYTES];
	int r = reply->error;
	ssize_t n;

	if (!r) {
		n = hex_decode(reply->text->text, data, sizeof(data));
		/* A driver host has no business to send anything else. */
		r = n > 0 ? reply_bytes(call->msg, data, (size_t)n) : -EPROTO;
	}
	if (r < 0)
		sd_bus_reply_method_errorf(call->msg, CONTROL_ERROR_FAILED, "%s: %s: %s",
					   call->dev->config->bdf_text, call->what, meaning(r));
	method_end_call(call);
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
		return sd_bus_error_setf(error, CONTROL_ERROR_CONFIG, "a page's name has 1 to %d "
					 "characters and no blank", NAME_MAX_BYTES);
	snprintf(text, sizeof(text), "%s %u", name, number);
	return method_call_host(msg, dev, OP_PAGE, text, on_page, error);
}
