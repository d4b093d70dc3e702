/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands to /dev/ublk-control, and a device's time-out in sysfs; see ublk.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ublk.h"

#define SECTOR 512u

int ublk_control_open(struct ublk_control *c)
{
	int r;

	c->fd = open("/dev/ublk-control", O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return -errno;
	r = io_uring_queue_init(4, &c->uring, IORING_SETUP_SQE128);
	if (r < 0)
		close(c->fd);
	return r;
}

void ublk_control_close(struct ublk_control *c)
{
	io_uring_queue_exit(&c->uring);
	close(c->fd);
}

static int command(struct ublk_control *c, unsigned int op, const struct ublksrv_ctrl_cmd *cmd)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&c->uring);
	struct io_uring_cqe *cqe;
	int r;

	if (!sqe)
		return -EBUSY;
	memset(sqe, 0, 2 * sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = c->fd;
	sqe->cmd_op = op;
	memcpy(sqe->cmd, cmd, sizeof(*cmd));
	r = io_uring_submit(&c->uring);
	while (r >= 0 && (r = io_uring_wait_cqe(&c->uring, &cqe)) == -EINTR)
		;
	if (r < 0)
		return r;
	r = cqe->res;
	io_uring_cqe_seen(&c->uring, cqe);
	return r;
}

static int simple(struct ublk_control *c, unsigned int op, uint32_t id, uint64_t data)
{
	struct ublksrv_ctrl_cmd cmd = { .dev_id = id, .queue_id = (__u16)-1, .data = { data } };

	return command(c, op, &cmd);
}

static uint8_t shift_of(uint32_t bytes, uint32_t other)
{
	uint32_t value = bytes && !(bytes & (bytes - 1)) ? bytes : other;

	return (uint8_t)__builtin_ctz(value);
}

static void fill_params(const struct dde_block_disk *d, struct ublk_params *p)
{
	*p = (struct ublk_params){ .len = sizeof(*p), .types = UBLK_PARAM_TYPE_BASIC };
	if (d->flags & DDE_BLOCK_D_READ_ONLY)
		p->basic.attrs |= UBLK_ATTR_READ_ONLY;
	if (d->flags & DDE_BLOCK_D_ROTATIONAL)
		p->basic.attrs |= UBLK_ATTR_ROTATIONAL;
	/* FUA without the device's own is a flush by the driver's kernel, not by ours. */
	if (d->flags & DDE_BLOCK_D_WRITE_CACHE)
		p->basic.attrs |= UBLK_ATTR_VOLATILE_CACHE | UBLK_ATTR_FUA;
	p->basic.logical_bs_shift = shift_of(d->logical_block, SECTOR);
	p->basic.physical_bs_shift = shift_of(d->physical_block, d->logical_block);
	p->basic.io_min_shift = shift_of(d->io_min, d->physical_block);
	p->basic.io_opt_shift = shift_of(d->io_opt, d->physical_block);
	p->basic.max_sectors = UBLK_IO_BYTES / SECTOR;
	p->basic.dev_sectors = d->bytes / SECTOR;
	if (!d->max_discard_bytes && !d->max_zeroes_bytes)
		return;
	p->types |= UBLK_PARAM_TYPE_DISCARD;
	p->discard.discard_granularity = d->discard_granularity ? d->discard_granularity
								: d->logical_block;
	p->discard.max_discard_sectors = (uint32_t)(d->max_discard_bytes / SECTOR);
	p->discard.max_write_zeroes_sectors = (uint32_t)(d->max_zeroes_bytes / SECTOR);
	p->discard.max_discard_segments = 1;
}

static int set_params(struct ublk_control *c, uint32_t id, const struct dde_block_disk *disk)
{
	struct ublk_params params;
	struct ublksrv_ctrl_cmd cmd = { .dev_id = id,
					.queue_id = (__u16)-1,
					.addr = (uintptr_t)&params,
					.len = sizeof(params) };

	fill_params(disk, &params);
	return command(c, UBLK_CMD_SET_PARAMS, &cmd);
}

int ublk_add(struct ublk_control *c, const struct dde_block_disk *disk, uint32_t queues,
	     uint32_t *ret_id)
{
	struct ublksrv_ctrl_dev_info info = {
		.nr_hw_queues = (__u16)queues,
		.queue_depth = (__u16)(UBLK_DEPTH / queues),
		.max_io_buf_bytes = UBLK_IO_BYTES,
		.dev_id = ~0u,
		.flags = UBLK_F_USER_RECOVERY | UBLK_F_USER_RECOVERY_REISSUE,
	};
	struct ublksrv_ctrl_cmd cmd = {
		.dev_id = ~0u, .queue_id = (__u16)-1, .addr = (uintptr_t)&info, .len = sizeof(info)
	};
	int r = command(c, UBLK_CMD_ADD_DEV, &cmd);

	if (r < 0)
		return r;
	r = set_params(c, info.dev_id, disk);
	if (r < 0)
		simple(c, UBLK_CMD_DEL_DEV, info.dev_id, 0);
	else
		*ret_id = info.dev_id;
	return r < 0 ? r : 0;
}

static int get_info(struct ublk_control *c, uint32_t id, struct ublksrv_ctrl_dev_info *ret_info)
{
	struct ublksrv_ctrl_cmd cmd = { .dev_id = id,
					.queue_id = (__u16)-1,
					.addr = (uintptr_t)ret_info,
					.len = sizeof(*ret_info) };

	return command(c, UBLK_CMD_GET_DEV_INFO, &cmd);
}

/* The state first: the command would wait, uninterruptibly, for a kernel that still ends
 * the dead server's requests, and answer EBUSY for ever for a device that is not started. */
int ublk_recover(struct ublk_control *c, uint32_t id, uint32_t queues)
{
	struct ublksrv_ctrl_dev_info info = { 0 };
	int r = get_info(c, id, &info);

	if (r < 0)
		return r;
	if (info.state == UBLK_S_DEV_DEAD)
		return -ESHUTDOWN;
	if (info.nr_hw_queues != queues || info.queue_depth != UBLK_DEPTH / queues ||
	    info.max_io_buf_bytes != UBLK_IO_BYTES)
		return -EINVAL;
	if (info.state == UBLK_S_DEV_LIVE)
		return -EAGAIN;
	return simple(c, UBLK_CMD_START_USER_RECOVERY, id, 0);
}

int ublk_start(struct ublk_control *c, uint32_t id, bool recovered)
{
	return simple(c, recovered ? UBLK_CMD_END_USER_RECOVERY : UBLK_CMD_START_DEV, id,
		      (uint64_t)getpid());
}

int ublk_stop(struct ublk_control *c, uint32_t id)
{
	return simple(c, UBLK_CMD_STOP_DEV, id, 0);
}

int ublk_delete(struct ublk_control *c, uint32_t id)
{
	return simple(c, UBLK_CMD_DEL_DEV, id, 0);
}

int ublk_set_io_timeout(uint32_t id, unsigned int ms)
{
	char path[64];
	int fd, r;

	snprintf(path, sizeof(path), "/sys/block/ublkb%u/queue/io_timeout", id);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = dprintf(fd, "%u\n", ms) < 0 ? -errno : 0;
	close(fd);
	return r;
}
