/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TCG plugin of QEMU: counts the work of the guest's one CPU between two marks
 * (tests/bench/modules/dde_wire/seam.h).  Outside of marks it counts nothing and, without io,
 * hardly slows the guest down.
 *
 *	-plugin counter.so,out=FILE[,io=on][,profile=on]
 *
 * Each pair of marks creates a file FILE.N, N from 1:
 *
 *	insns COUNT
 *	syscalls COUNT
 *	io DEVICE READS WRITES		(io) moves from and to a device's registers
 *	block ADDRESS INSNS TIMES	(profile) each block of code and how often it ran
 *
 * A block that a fault or an interrupt leaves early counts completely.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../modules/dde_wire/seam.h"
#include "qemu-plugin-api.h"

#define MARK_SIZE 7
#define N_DEVICES 64
#define CHUNK 4096

struct device {
	char name[64];
	uint64_t reads, writes;
};

/* A block must not move, because translated code contains its address. */
struct block {
	uint64_t vaddr, insns, times;
};

struct chunk {
	struct chunk *next;
	size_t n;
	struct block block[CHUNK];
};

static struct {
	plugin_id id;
	const char *out;
	bool io, profile;
	bool counting;
	bool watching; /* translate code with counters */
	unsigned int windows;
	uint64_t insns, syscalls;
	struct device device[N_DEVICES];
	unsigned int n_devices;
	struct chunk *chunks;
} counter;

/* ---- counting -------------------------------------------------------------------- */

static struct device *device_of(const char *name)
{
	struct device *d;
	unsigned int i;

	for (i = 0; i < counter.n_devices; i++)
		if (!strcmp(counter.device[i].name, name))
			return &counter.device[i];
	if (counter.n_devices == N_DEVICES) {
		fprintf(stderr, "counter: more than %d devices\n", N_DEVICES);
		exit(1);
	}
	d = &counter.device[counter.n_devices++];
	snprintf(d->name, sizeof(d->name), "%s", name);
	return d;
}

/* A region without a name, such as the IOMMU's, is named by its address. */
static const char *device_name(const struct qemu_plugin_hwaddr *addr, char *buf, size_t size)
{
	const char *name = qemu_plugin_hwaddr_device_name(addr);

	if (strncmp(name, "anon", 4))
		return name;
	snprintf(buf, size, "0x%" PRIx64, qemu_plugin_hwaddr_phys_addr(addr) & ~UINT64_C(0xfff));
	return buf;
}

static void on_access(unsigned int cpu, uint32_t info, uint64_t vaddr, void *arg)
{
	struct qemu_plugin_hwaddr *addr = qemu_plugin_get_hwaddr(info, vaddr);
	char name[64];
	struct device *d;

	if (!counter.counting || !addr || !qemu_plugin_hwaddr_is_io(addr))
		return;
	d = device_of(device_name(addr, name, sizeof(name)));
	if (qemu_plugin_mem_is_store(info))
		d->writes++;
	else
		d->reads++;
}

static bool is_prefix(uint8_t byte)
{
	/* operand size, segments, REX */
	return byte == 0x66 || byte == 0x64 || byte == 0x65 || (byte & 0xf0) == 0x40;
}

/*
 * A move between register or constant and memory: drivers access registers by such moves.
 * Watching other accesses would only slow the guest down.
 */
static bool is_move(const struct qemu_plugin_insn *insn)
{
	const uint8_t *code = qemu_plugin_insn_data(insn);
	size_t n = qemu_plugin_insn_size(insn), i = 0;

	while (i < n && is_prefix(code[i]))
		i++;
	if (i + 1 >= n)
		return false;
	if (code[i] == 0x0f) /* with zero or sign extension */
		return (code[i + 1] & 0xf6) == 0xb6;
	return (code[i] >= 0x88 && code[i] <= 0x8b) || (code[i] >= 0xa0 && code[i] <= 0xa3) ||
	       code[i] == 0xc6 || code[i] == 0xc7 || code[i] == 0x63;
}

static bool is_syscall(const struct qemu_plugin_insn *insn)
{
	const uint8_t *code = qemu_plugin_insn_data(insn);

	return qemu_plugin_insn_size(insn) == 2 && code[0] == 0x0f && code[1] == 0x05;
}

static struct block *new_block(void)
{
	struct chunk *c = counter.chunks;

	if (!c || c->n == CHUNK) {
		c = calloc(1, sizeof(*c));
		if (!c) {
			fprintf(stderr, "counter: no memory\n");
			exit(1);
		}
		c->next = counter.chunks;
		counter.chunks = c;
	}
	return &c->block[c->n++];
}

static void count_block(struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	struct qemu_plugin_insn *insn;
	struct block *b;

	qemu_plugin_register_vcpu_tb_exec_inline(tb, PLUGIN_OP_ADD_U64, &counter.insns, n);
	if (counter.profile) {
		b = new_block();
		b->vaddr = qemu_plugin_tb_vaddr(tb);
		b->insns = n;
		qemu_plugin_register_vcpu_tb_exec_inline(tb, PLUGIN_OP_ADD_U64, &b->times, 1);
	}
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (is_syscall(insn))
			qemu_plugin_register_vcpu_insn_exec_inline(insn, PLUGIN_OP_ADD_U64,
								   &counter.syscalls, 1);
		if (counter.io && is_move(insn))
			qemu_plugin_register_vcpu_mem_cb(insn, on_access, PLUGIN_CB_NO_REGS,
							 PLUGIN_MEM_READ_WRITE, NULL);
	}
}

/* ---- output ------------------------------------------------------------------------ */

static void print_counts(FILE *f)
{
	struct chunk *c;
	unsigned int i;
	size_t k;

	fprintf(f, "insns %" PRIu64 "\nsyscalls %" PRIu64 "\n", counter.insns, counter.syscalls);
	for (i = 0; i < counter.n_devices; i++)
		fprintf(f, "io %s %" PRIu64 " %" PRIu64 "\n", counter.device[i].name,
			counter.device[i].reads, counter.device[i].writes);
	for (c = counter.chunks; c; c = c->next)
		for (k = 0; k < c->n; k++)
			if (c->block[k].times)
				fprintf(f, "block %" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
					c->block[k].vaddr, c->block[k].insns, c->block[k].times);
}

/* The file appears only when it is complete. */
static void write_counts(void)
{
	char part[4096], path[4096];
	int failed;
	FILE *f;

	snprintf(path, sizeof(path), "%s.%u", counter.out, ++counter.windows);
	snprintf(part, sizeof(part), "%s.part", counter.out);
	f = fopen(part, "w");
	failed = !f;
	if (f) {
		print_counts(f);
		failed = ferror(f);
		failed |= fclose(f);
		failed |= rename(part, path);
	}
	if (failed) {
		fprintf(stderr, "counter: cannot write %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

/* ---- marks --------------------------------------------------------------------------- */

static void on_translate(plugin_id id, struct qemu_plugin_tb *tb);

static void on_reset(plugin_id id)
{
	struct chunk *c;

	/* No translated code refers to the chunks any more. */
	while (!counter.watching && (c = counter.chunks)) {
		counter.chunks = c->next;
		free(c);
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
}

static void clear_counts(void)
{
	struct chunk *c;
	size_t k;

	counter.insns = counter.syscalls = 0;
	counter.n_devices = 0;
	memset(counter.device, 0, sizeof(counter.device));
	for (c = counter.chunks; c; c = c->next)
		for (k = 0; k < c->n; k++)
			c->block[k].times = 0;
}

static void set_watching(bool on)
{
	counter.watching = on;
	qemu_plugin_reset(counter.id, on_reset);
}

static void on_start(unsigned int cpu, void *arg)
{
	if (counter.counting)
		return;
	counter.counting = true;
	clear_counts();
	if (!counter.watching)
		set_watching(true);
}

/*
 * With io, code is not translated again: after an access that faulted, QEMU 7.2 still has a
 * pointer to its callback, which a reset would free.
 */
static void on_stop(unsigned int cpu, void *arg)
{
	if (!counter.counting)
		return;
	write_counts();
	counter.counting = false;
	if (!counter.io)
		set_watching(false);
}

/* Return: the event of a mark, 0 for other instructions. */
static uint32_t mark_event(const struct qemu_plugin_insn *insn)
{
	static const uint8_t nop[] = { 0x0f, 0x1f, 0x80 };
	uint8_t code[MARK_SIZE];
	uint32_t value;

	if (qemu_plugin_insn_size(insn) != MARK_SIZE)
		return 0;
	memcpy(code, qemu_plugin_insn_data(insn), sizeof(code));
	memcpy(&value, code + sizeof(nop), sizeof(value));
	if (memcmp(code, nop, sizeof(nop)) || (value & 0xffff0000) != MARK_MAGIC)
		return 0;
	return value & 0xffff;
}

static void on_translate(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;

	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t event = mark_event(insn);

		if (event == MARK_START)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_start, PLUGIN_CB_NO_REGS,
							       NULL);
		else if (event == MARK_STOP)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_stop, PLUGIN_CB_NO_REGS,
							       NULL);
	}
	if (counter.watching)
		count_block(tb);
}

/* ---- load ----------------------------------------------------------------------------- */

int qemu_plugin_version = QEMU_PLUGIN_API;

int qemu_plugin_install(plugin_id id, const struct qemu_info *info, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4)) {
			counter.out = strdup(argv[i] + 4);
		} else if (!strcmp(argv[i], "io=on")) {
			counter.io = true;
		} else if (!strcmp(argv[i], "profile=on")) {
			counter.profile = true;
		} else {
			fprintf(stderr, "counter: unknown option %s\n", argv[i]);
			return -1;
		}
	}
	if (!counter.out) {
		fprintf(stderr, "counter: say out=FILE\n");
		return -1;
	}
	counter.id = id;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
