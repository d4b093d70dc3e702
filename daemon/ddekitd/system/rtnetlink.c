/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests to rtnetlink; see rtnetlink.h. */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "rtnetlink.h"
#include "lib/util.h"

#define SEQ 1
#define BUFFER 32768 /* of a dump */

/* Reads up to the end of a dump, or to an acknowledgement. */
static int run_request(struct mnl_socket *nl, mnl_cb_t fn, void *arg)
{
	char *buf = malloc(BUFFER);
	unsigned int port = mnl_socket_get_portid(nl);
	int r = MNL_CB_OK;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	while (r > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(nl, buf, BUFFER);
		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -1 : mnl_cb_run(buf, n, SEQ, port, fn, arg);
	}
	r = r < 0 ? -errno : 0;
	free(buf);
	return r;
}

static int exchange(struct nlmsghdr *msg, mnl_cb_t fn, void *arg)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int r;

	if (!nl)
		return -errno;
	msg->nlmsg_seq = SEQ;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(nl, msg, msg->nlmsg_len) < 0)
		r = -errno;
	else
		r = run_request(nl, fn, arg);
	mnl_socket_close(nl);
	return r;
}

int rt_dump(uint16_t type, uint8_t family, mnl_cb_t fn, void *arg)
{
	char buf[64] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *msg = mnl_nlmsg_put_header(buf);
	struct rtgenmsg *gen;

	msg->nlmsg_type = type;
	msg->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	/* The longest of the families' headers, so that none is too short. */
	gen = mnl_nlmsg_put_extra_header(msg, sizeof(struct ifinfomsg));
	gen->rtgen_family = family;
	return exchange(msg, fn, arg);
}

int rt_do(struct nlmsghdr *msg)
{
	msg->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	return exchange(msg, NULL, NULL);
}
