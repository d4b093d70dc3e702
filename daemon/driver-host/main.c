/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-host: runs one driver for one device.  Started by ddekitd with a
 * socket on fd 3; not meant to be run by hand.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include "ddekitd.h"
#include "session.h"

static int on_message(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct proto_request req;
	int r = wire_receive_request(&req);

	if (r == 1) {
		session_request(&req);
		return 0;
	}
	if (!r)
		return 0;
	/* Without its supervisor a driver host has no reason to be. */
	wire_logf(3, "ddekit-host: connection to ddekitd lost: %s", strerror(-r));
	return sd_event_exit(sd_event_source_get_event(source), 1);
}

static int run_session(struct proto_setup *setup, const int *class_fds)
{
	sd_event *event = NULL;
	int err, code;

	err = sd_event_default(&event);
	if (err >= 0)
		err = sd_event_add_io(event, NULL, PROTO_FD, EPOLLIN, on_message, NULL);
	if (err < 0) {
		wire_logf(3, "ddekit-host: cannot set up the event loop: %s", strerror(-err));
		return 1;
	}
	if (session_start(event, setup, class_fds) < 0)
		return 1;
	code = sd_event_loop(event);
	return code < 0 ? 1 : code;
}

static int started_by_ddekitd(void)
{
	int type;
	socklen_t len = sizeof(type);

	return !getsockopt(PROTO_FD, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_SEQPACKET;
}

static void usage(FILE *f)
{
	fputs("Usage: ddekit-host BDF DRIVER\n\n"
	      "Runs one unmodified Linux driver for one PCI device. ddekitd starts it, with a\n"
	      "socket on file descriptor 3; the arguments only name it for ps. To run a driver\n"
	      "use: ddectl bind BDF --driver NAME\n\n"
	      "  -h, --help     this text\n"
	      "  -V, --version  print the version\n",
	      f);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	static struct proto_setup setup;
	static int class_fds[PROTO_CLASS_FDS];
	int err, opt;

	while ((opt = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		if (opt == 'V') {
			puts("ddekit-host " DDEKIT_VERSION);
			return 0;
		}
		usage(opt == 'h' ? stdout : stderr);
		return opt == 'h' ? 0 : 2;
	}
	if (!started_by_ddekitd()) {
		fputs("ddekit-host: file descriptor 3 is not ddekitd's socket; "
		      "use ddectl bind to run a driver\n",
		      stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	err = wire_receive_setup(&setup, class_fds);
	if (err) {
		fprintf(stderr, "ddekit-host: bad first message from ddekitd: %s\n",
			strerror(-err));
		return 1;
	}
	return run_session(&setup, class_fds);
}
