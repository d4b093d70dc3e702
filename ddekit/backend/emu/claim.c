/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The privileged half of the emu backend: a claim is a running QEMU, which like hardware
 * outlives driver hosts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../deadline.h"
#include "claim.h"

#define EXIT_WAIT_MS 1000 /* how long QEMU may take to exit after its stream ended */
#define SOCKET_BUFFER (1 << 20)
#define BIOS_SIZE 65536

unsigned int emu_open_ms = 15000;

/* QEMU's own ends; closed here after the fork. */
struct remote_fds {
	int bios, qtest, monitor, ivshmem;
};

static struct emu_claim *to_claim(struct ddekit_claim *claim)
{
	return (struct emu_claim *)claim;
}

/* The only teardown path. */
static void claim_destroy(struct emu_claim *c)
{
	unsigned int i;

	emu_process_finish(&c->process);
	emu_topology_finish(&c->topology);
	fd_close(&c->ram_fd);
	fd_close(&c->qtest_fd);
	fd_close(&c->monitor_fd);
	fd_close(&c->ivshmem_fd);
	for (i = 0; i < EMU_VECTORS; i++)
		fd_close(&c->vector_fd[i]);
	free(c);
}

struct emu_claim *emu_claim_create(uint64_t pool_size)
{
	struct emu_claim *c = calloc(1, sizeof(*c));
	unsigned int i;

	if (!c)
		return NULL;
	emu_process_init(&c->process);
	c->pool_size = pool_size;
	c->ram_fd = c->qtest_fd = c->monitor_fd = c->ivshmem_fd = -1;
	for (i = 0; i < EMU_VECTORS; i++)
		c->vector_fd[i] = -1;
	return c;
}

/* ---- QEMU's files --------------------------------------------------------- */

/* A socket pair with room for the replies to QTEST_CAP commands and more. */
static int channel_open(int *ret_ours, int *ret_remote)
{
	int pair[2], size = SOCKET_BUFFER, i;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	for (i = 0; i < 2; i++) {
		pair[i] = emu_fd_move_up(pair[i]);
		if (setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
			setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	*ret_ours = pair[0];
	*ret_remote = pair[1];
	return 0;
}

static int memory_file(const char *name)
{
	int fd = memfile_create(name);

	return fd < 0 ? fd : emu_fd_move_up(fd);
}

/* RAM: sparse, its size sealed. */
static int make_ram(struct emu_claim *c)
{
	int fd = memory_file("ddekit-ram");

	if (fd < 0)
		return fd;
	c->ram_fd = fd;
	if (ftruncate(fd, (off_t)(EMU_POOL_BASE + c->pool_size)) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	return 0;
}

/* Firmware: at the reset vector, cli; hlt; jmp to the hlt. It parks the CPU. */
static int make_bios(int *ret)
{
	static const uint8_t park[] = { 0xfa, 0xf4, 0xeb, 0xfd };
	int fd = memory_file("ddekit-bios");

	if (fd < 0)
		return fd;
	if (ftruncate(fd, BIOS_SIZE) ||
	    pwrite(fd, park, sizeof(park), BIOS_SIZE - 16) != sizeof(park)) {
		close(fd);
		return -EIO;
	}
	*ret = fd;
	return 0;
}

static int make_vectors(struct emu_claim *c)
{
	unsigned int i;

	for (i = 0; i < EMU_VECTORS; i++) {
		int fd = emu_fd_move_up(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

		if (fd < 0)
			return -errno;
		c->vector_fd[i] = fd;
	}
	return emu_ivshmem_greet(c->ivshmem_fd, c->vector_fd, EMU_VECTORS);
}

static int make_fds(struct emu_claim *c, struct remote_fds *r)
{
	int err = make_ram(c);

	if (!err)
		err = make_bios(&r->bios);
	if (!err)
		err = channel_open(&c->qtest_fd, &r->qtest);
	if (!err)
		err = channel_open(&c->monitor_fd, &r->monitor);
	if (!err)
		err = channel_open(&c->ivshmem_fd, &r->ivshmem);
	if (!err)
		err = make_vectors(c);
	return err;
}

/* ---- open ----------------------------------------------------------------- */

static int check_spec(const struct ddekit_claim_spec *spec, char **ret_why)
{
	const int *fd;

	if (spec->pool_size >= EMU_RAM_LIMIT - EMU_POOL_BASE)
		return why(ret_why, -EINVAL,
			   "pool of %llu MiB: the emu backend supports at most %llu",
			   (unsigned long long)(spec->pool_size >> 20),
			   (EMU_RAM_LIMIT - EMU_POOL_BASE) / (1u << 20) - 4);
	if (spec->uid && geteuid() && spec->uid != geteuid())
		return why(ret_why, -EPERM,
			   "QEMU cannot run as user %u: only root can change users",
			   (unsigned int)spec->uid);
	for (fd = spec->emu_fds; fd && *fd >= 0; fd++)
		if (*fd <= 2 || fcntl(*fd, F_GETFD) < 0)
			return why(ret_why, -EBADF,
				   "fd %d for QEMU: not open, or one of stdin, stdout, stderr",
				   *fd);
	return 0;
}

static int qemu_launch(struct emu_claim *c, const struct ddekit_claim_spec *spec,
		       const struct remote_fds *r, uint64_t deadline, char **ret_why)
{
	const struct emu_cmdline_fds cf = { .ram = c->ram_fd,
					    .bios = r->bios,
					    .qtest = r->qtest,
					    .monitor = r->monitor,
					    .ivshmem = r->ivshmem };
	const int keep[] = { c->ram_fd, r->bios, r->qtest, r->monitor, r->ivshmem, -1 };
	char *binary = NULL, **argv = NULL;
	struct emu_launch l;
	int err;

	err = emu_cmdline(spec, &cf, &argv, ret_why);
	if (!err)
		err = emu_process_find(&binary, ret_why);
	if (!err) {
		l = (struct emu_launch){ .binary = binary,
					 .argv = argv,
					 .keep = keep,
					 .keep_more = spec->emu_fds,
					 .uid = spec->uid,
					 .gid = spec->gid,
					 .confine = spec->emu_confine,
					 .confine_arg = spec->emu_confine_arg };
		err = emu_process_start(&c->process, &l, deadline, ret_why);
	}
	free(binary);
	emu_cmdline_free(argv);
	return err;
}

/* The stream ended, or a deadline passed: report the state of QEMU. */
static int explain_silence(struct emu_claim *c, const char *device, char **ret_why)
{
	uint64_t deadline = deadline_first(c->qt.deadline, deadline_ns(EXIT_WAIT_MS));
	char *end;

	if (emu_process_wait(&c->process, deadline)) {
		emu_process_listen(&c->process);
		return why(ret_why, -ETIMEDOUT, "QEMU does not answer%s%.*s",
			   c->process.output_len ? ": " : "", (int)c->process.output_len,
			   c->process.output);
	}
	end = emu_process_end_text(&c->process);
	why(ret_why, -ENODEV,
	    "QEMU with device \"%s\" %s; check device=, netdev= and emu-args= "
	    "(qemu-system-x86_64 -device help)",
	    device, end ? end : "ended");
	free(end);
	return -ENODEV;
}

static int qemu_set_up(struct emu_claim *c, const char *device, uint64_t deadline, char **ret_why)
{
	int err;

	qtest_init(&c->qt, c->qtest_fd);
	c->qt.deadline = deadline;
	emu_monitor_init(&c->monitor, c->monitor_fd);
	err = emu_topology_init(&c->topology, &c->qt, ret_why);
	if (!err)
		err = qtest_intercept(&c->qt, "ioapic");
	return c->qt.dead ? explain_silence(c, device, ret_why) : err;
}

int emu_claim_open(const struct ddekit_claim_spec *spec, struct ddekit_claim **ret, char **ret_why)
{
	uint64_t deadline = deadline_ns(emu_open_ms);
	struct remote_fds r = { -1, -1, -1, -1 };
	struct emu_claim *c;
	int err = check_spec(spec, ret_why);

	if (err)
		return err;
	c = emu_claim_create(spec->pool_size);
	if (!c)
		return why(ret_why, -ENOMEM, "no memory");
	err = make_fds(c, &r);
	if (err)
		why(ret_why, err, "cannot create QEMU's files: %s", strerror(-err));
	else
		err = qemu_launch(c, spec, &r, deadline, ret_why);
	fd_close(&r.bios);
	fd_close(&r.qtest);
	fd_close(&r.monitor);
	fd_close(&r.ivshmem);
	if (!err)
		err = qemu_set_up(c, spec->emu_device, deadline, ret_why);
	if (err) {
		claim_destroy(c);
		return err;
	}
	*ret = &c->base;
	return 0;
}

/* ---- during the claim ----------------------------------------------------- */

int emu_claim_handover(struct ddekit_claim *claim, struct ddekit_handover *ret)
{
	struct emu_claim *c = to_claim(claim);
	struct emu_blob blob = { .magic = EMU_BLOB_MAGIC,
				 .n_vectors = EMU_VECTORS,
				 .lines = c->qt.lines };
	unsigned int i;

	_Static_assert(sizeof(blob) <= sizeof(ret->blob), "the blob fits into a handover");
	emu_constants_make(&blob.constants, &c->topology);
	ret->pool_base = EMU_POOL_BASE;
	ret->pool_size = c->pool_size;
	ret->pool_offset = EMU_POOL_BASE;
	ret->pool_fd = EMU_FD_RAM;
	ret->fds[EMU_FD_RAM] = c->ram_fd;
	ret->fds[EMU_FD_QTEST] = c->qtest_fd;
	for (i = 0; i < EMU_VECTORS; i++)
		ret->fds[EMU_FD_VECTORS + i] = c->vector_fd[i];
	ret->n_fds = EMU_FD_VECTORS + EMU_VECTORS;
	memcpy(ret->blob, &blob, sizeof(blob));
	ret->blob_len = sizeof(blob);
	return 0;
}

/*
 * The driver host had these files too and may have changed their status flags, which all
 * processes share.  QEMU writes to the eventfds, so it may be blocked in one.
 */
static void reset_files(struct emu_claim *c)
{
	unsigned int i;

	fcntl(c->qtest_fd, F_SETFL, 0);
	for (i = 0; i < EMU_VECTORS; i++)
		fd_reset_event(c->vector_fd[i]);
}

int emu_claim_quiesce(struct ddekit_claim *claim)
{
	struct emu_claim *c = to_claim(claim);
	unsigned int i;
	int err;

	c->qt.deadline = deadline_ns(EMU_QUIESCE_MS);
	emu_process_listen(&c->process);
	reset_files(c);
	err = qtest_resync(&c->qt);
	if (!err)
		err = emu_topology_reset(&c->topology, &c->qt);
	if (err)
		return c->qt.timed_out ? -ETIMEDOUT : err;
	/* After the reset the device neither writes to the pool nor raises vectors. */
	for (i = 0; i < EMU_VECTORS; i++)
		fd_drain_event(c->vector_fd[i]);
	if (fallocate(c->ram_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		      (off_t)(EMU_POOL_BASE + c->pool_size)))
		return -errno;
	return 0;
}

int emu_claim_death_fd(struct ddekit_claim *claim)
{
	return to_claim(claim)->process.pidfd;
}

int emu_claim_death_why(struct ddekit_claim *claim, char **ret_why)
{
	struct emu_claim *c = to_claim(claim);
	char *end;

	if (!emu_process_ended(&c->process))
		return -EBUSY;
	end = emu_process_end_text(&c->process);
	if (!end)
		return -ENOMEM;
	why(ret_why, 0, "QEMU (pid %d) %s", (int)c->process.pid, end);
	free(end);
	return 0;
}

int emu_claim_monitor(struct ddekit_claim *claim, const char *command, const char *arguments,
		      char **ret_reply)
{
	return emu_monitor_run(&to_claim(claim)->monitor, command, arguments,
			       deadline_ns(EMU_MONITOR_MS), ret_reply);
}

pid_t emu_claim_pid(struct ddekit_claim *claim)
{
	return to_claim(claim)->process.pid;
}

/* On "quit" QEMU closes its disk images properly. With a dead stream it would not answer. */
void emu_claim_close(struct ddekit_claim *claim)
{
	struct emu_claim *c = to_claim(claim);
	uint64_t deadline = deadline_ns(EMU_QUIT_MS);

	if (!c->qt.dead && !emu_process_ended(&c->process) &&
	    emu_monitor_run(&c->monitor, "quit", NULL, deadline, NULL) == 0)
		emu_process_wait(&c->process, deadline);
	claim_destroy(c);
}
