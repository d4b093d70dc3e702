/* SPDX-License-Identifier: GPL-2.0-only */
/* What the server and the maker say to each other; see ublk.h. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ublk.h"

union rights {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static int result_of(ssize_t n, size_t bytes)
{
	if (n < 0)
		return -errno;
	return n == (ssize_t)bytes ? 0 : n ? -EBADMSG : -EPIPE;
}

int ublk_ask(int socket, const struct ublk_ask *ask)
{
	return result_of(send(socket, ask, sizeof(*ask), MSG_NOSIGNAL), sizeof(*ask));
}

int ublk_hear(int socket, struct ublk_ask *ret)
{
	int r = result_of(recv(socket, ret, sizeof(*ret), 0), sizeof(*ret));

	if (!r && (ret->index >= DDE_BLOCK_DISKS || ret->op > UBLK_DELETE))
		r = -EBADMSG;
	return r ? r : block_disk_check(&ret->disk);
}

int ublk_answer(int socket, const struct ublk_answer *answer)
{
	struct iovec iov = { .iov_base = (void *)answer, .iov_len = sizeof(*answer) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union rights rights = { 0 };
	struct cmsghdr *c;

	if (answer->cdev >= 0) {
		msg.msg_control = &rights;
		msg.msg_controllen = sizeof(rights);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &answer->cdev, sizeof(int));
	}
	return result_of(sendmsg(socket, &msg, MSG_NOSIGNAL), sizeof(*answer));
}

int ublk_hear_answer(int socket, struct ublk_answer *ret)
{
	struct iovec iov = { .iov_base = ret, .iov_len = sizeof(*ret) };
	union rights rights;
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &rights,
			      .msg_controllen = sizeof(rights) };
	int r = result_of(recvmsg(socket, &msg, MSG_CMSG_CLOEXEC), sizeof(*ret));
	struct cmsghdr *c = r ? NULL : CMSG_FIRSTHDR(&msg);

	if (r)
		return r;
	if (ret->index >= DDE_BLOCK_DISKS || (ret->cdev >= 0 && !c))
		return -EBADMSG;
	if (c)
		memcpy(&ret->cdev, CMSG_DATA(c), sizeof(int));
	return 0;
}
