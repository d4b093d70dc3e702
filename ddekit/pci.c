/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI devices: the table of backends, and the dispatch of include/ddekit/pci.h to
 * them.  Ranges are checked here, once for all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "backend.h"
#include "backend/sysfs.h"

extern const struct backend emu_backend, uio_backend, vfio_backend;

static const struct backend *const backends[] = {
	&emu_backend,
	&vfio_backend,
	&uio_backend,
};

#define N_BACKENDS (sizeof(backends) / sizeof(backends[0]))

static const struct backend *find_backend(const char *name, size_t max)
{
	size_t i;

	for (i = 0; i < N_BACKENDS; i++)
		if (strnlen(name, max) < max && !strcmp(backends[i]->name, name))
			return backends[i];
	return NULL;
}

/* ---- claim ---------------------------------------------------------------- */

static int unknown_backend(const char *name, char **ret_why)
{
	char list[128] = "";
	size_t i;

	for (i = 0; i < N_BACKENDS; i++) {
		strncat(list, i ? ", " : "", sizeof(list) - strlen(list) - 1);
		strncat(list, backends[i]->name, sizeof(list) - strlen(list) - 1);
	}
	return why(ret_why, -ENOENT, "unknown backend \"%s\"; there is: %s", name, list);
}

int ddekit_claim_open(const struct ddekit_claim_spec *spec, struct ddekit_claim **ret,
		      char **ret_why)
{
	const struct backend *b;
	struct ddekit_claim *claim;
	int err;

	if (!spec->backend)
		return why(ret_why, -EINVAL, "no backend given");
	b = find_backend(spec->backend, 16);
	if (!b)
		return unknown_backend(spec->backend, ret_why);
	if (!spec->pool_size || spec->pool_size % (4u << 20))
		return why(ret_why, -EINVAL,
			   "pool of %llu bytes: must be a multiple of 4 MiB and not 0",
			   (unsigned long long)spec->pool_size);
	err = b->claim.open(spec, &claim, ret_why);
	if (err)
		return err;
	claim->backend = b;
	claim->bdf = spec->bdf;
	*ret = claim;
	return 0;
}

int ddekit_claim_handover(struct ddekit_claim *claim, struct ddekit_handover *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->version = DDEKIT_HANDOVER_VERSION;
	ret->bdf = claim->bdf;
	strncpy(ret->backend, claim->backend->name, sizeof(ret->backend) - 1);
	return claim->backend->claim.handover(claim, ret);
}

/* Precedes the backend's own data. */
struct saved_header {
	uint32_t magic;
	uint32_t version; /* SAVED_VERSION */
	char backend[16];
	struct ddekit_bdf bdf;
};

#define SAVED_MAGIC 0x6d6c6364u /* "dclm" */
#define SAVED_VERSION 2u        /* changes with what any backend saves */

int ddekit_claim_save(struct ddekit_claim *claim, struct ddekit_claim_saved *ret)
{
	struct ddekit_claim_saved saved = { 0 };
	struct saved_header h = { .magic = SAVED_MAGIC,
				  .version = SAVED_VERSION,
				  .bdf = claim->bdf };
	char *data;
	int err = claim->backend->claim.save(claim, &saved);

	if (err)
		return err;
	data = malloc(sizeof(h) + saved.len);
	if (data) {
		strncpy(h.backend, claim->backend->name, sizeof(h.backend) - 1);
		memcpy(data, &h, sizeof(h));
		memcpy(data + sizeof(h), saved.data, saved.len);
	}
	free(saved.data);
	if (!data)
		return -ENOMEM;
	saved.data = data;
	saved.len += sizeof(h);
	*ret = saved;
	return 0;
}

static int claim_restore(const struct ddekit_claim_saved *saved, struct ddekit_claim **ret,
			 char **ret_why)
{
	struct ddekit_claim_saved own = *saved;
	const struct backend *b;
	struct saved_header h;
	int err;

	if (saved->len < sizeof(h))
		return why(ret_why, -EPROTO, "a saved claim of %zu bytes", saved->len);
	memcpy(&h, saved->data, sizeof(h));
	if (h.magic != SAVED_MAGIC || h.version != SAVED_VERSION)
		return saved_other_build(ret_why);
	b = find_backend(h.backend, sizeof(h.backend));
	if (!b)
		return unknown_backend("of the saved claim", ret_why);
	own.len = saved->len - sizeof(h);
	own.data = malloc(own.len); /* aligned */
	if (!own.data)
		return -ENOMEM;
	memcpy(own.data, (const char *)saved->data + sizeof(h), own.len);
	err = b->claim.restore(&own, ret, ret_why);
	free(own.data);
	if (err)
		return err;
	(*ret)->backend = b;
	(*ret)->bdf = h.bdf;
	return 0;
}

int ddekit_claim_restore(struct ddekit_claim_saved *saved, struct ddekit_claim **ret,
			 char **ret_why)
{
	int err = claim_restore(saved, ret, ret_why);
	uint32_t i;

	for (i = 0; err && i < saved->n_fds; i++)
		close(saved->fds[i]);
	return err;
}

int ddekit_claim_quiesce(struct ddekit_claim *claim)
{
	return claim->backend->claim.quiesce(claim);
}

int ddekit_claim_death_fd(struct ddekit_claim *claim)
{
	return claim->backend->claim.death_fd(claim);
}

int ddekit_claim_death_why(struct ddekit_claim *claim, char **ret_why)
{
	return claim->backend->claim.death_why(claim, ret_why);
}

int ddekit_claim_rearm(struct ddekit_claim *claim)
{
	return claim->backend->claim.rearm ? claim->backend->claim.rearm(claim) : -EOPNOTSUPP;
}

int ddekit_claim_monitor(struct ddekit_claim *claim, const char *command, const char *arguments,
			 char **ret_reply)
{
	return claim->backend->claim.monitor(claim, command, arguments, ret_reply);
}

const struct ddekit_before *ddekit_claim_before(const struct ddekit_claim *claim)
{
	return &claim->before;
}

int ddekit_give_back(struct ddekit_bdf bdf, const struct ddekit_before *before)
{
	return sysfs_restore(bdf, before);
}

bool ddekit_claim_isolated(const struct ddekit_claim *claim)
{
	return !claim->backend->unisolated;
}

pid_t ddekit_claim_pid(struct ddekit_claim *claim)
{
	return claim->backend->claim.pid(claim);
}

void ddekit_claim_close(struct ddekit_claim *claim)
{
	if (claim)
		claim->backend->claim.close(claim);
}

/* ---- adopt ---------------------------------------------------------------- */

static int check_handover(const struct ddekit_handover *h)
{
	if (h->version != DDEKIT_HANDOVER_VERSION)
		return -EPROTO;
	if (h->n_fds > DDEKIT_HANDOVER_FDS || h->blob_len > DDEKIT_HANDOVER_BLOB)
		return -EPROTO;
	if (h->pool_fd >= h->n_fds || !h->pool_size || h->pool_size % (4u << 20))
		return -EPROTO;
	if (h->pool_base + h->pool_size < h->pool_base)
		return -EPROTO;
	return 0;
}

int ddekit_pci_adopt(const struct ddekit_handover *h, struct ddekit_pci **ret)
{
	const struct backend *b = NULL;
	struct ddekit_pci *pci;
	int err = check_handover(h);

	if (!err) {
		b = find_backend(h->backend, sizeof(h->backend));
		err = b ? 0 : -ENOENT;
	}
	if (err) {
		handover_close(h);
		return err;
	}
	err = b->pci.adopt(h, &pci);
	if (err)
		return err;
	pci->backend = b;
	pci->bdf = h->bdf;
	*ret = pci;
	return 0;
}

void ddekit_pci_close(struct ddekit_pci *pci)
{
	if (pci)
		pci->backend->pci.close(pci);
}

void ddekit_pci_windows(struct ddekit_pci *pci, struct ddekit_pci_windows *ret)
{
	*ret = pci->windows;
}

const struct ddekit_pool *ddekit_pci_pool(struct ddekit_pci *pci)
{
	return &pci->pool;
}

static bool config_ok(uint32_t reg, uint32_t size)
{
	return (size == 1 || size == 2 || size == 4) && reg < 4096 && !(reg & (size - 1));
}

int ddekit_pci_config_read(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
			   uint32_t size, uint32_t *ret)
{
	if (!config_ok(reg, size))
		return -EINVAL;
	return pci->backend->pci.config_read(pci, bus, devfn, reg, size, ret);
}

int ddekit_pci_config_write(struct ddekit_pci *pci, uint8_t bus, uint8_t devfn, uint32_t reg,
			    uint32_t size, uint32_t value)
{
	if (!config_ok(reg, size))
		return -EINVAL;
	return pci->backend->pci.config_write(pci, bus, devfn, reg, size, value);
}

static bool range_inside(uint64_t addr, uint64_t len, uint64_t base, uint64_t size)
{
	return addr >= base && len <= size && addr - base <= size - len;
}

static bool in_memory_window(const struct ddekit_pci *pci, uint64_t addr, uint64_t len)
{
	const struct ddekit_pci_windows *w = &pci->windows;

	return range_inside(addr, len, w->mem_base.v, w->mem_size) ||
	       range_inside(addr, len, w->mem64_base.v, w->mem64_size);
}

int ddekit_pci_map(struct ddekit_pci *pci, ddekit_busaddr addr, uint64_t len,
		   volatile void **ret_cpu)
{
	if (!len || !in_memory_window(pci, addr.v, len))
		return -ENXIO;
	return pci->backend->pci.map(pci, addr.v, len, ret_cpu);
}

void ddekit_pci_unmap(struct ddekit_pci *pci, volatile void *cpu, uint64_t len)
{
	if (cpu)
		pci->backend->pci.unmap(pci, cpu, len);
}

static uint64_t all_ones(uint32_t size)
{
	return ~0ull >> (64 - 8 * size);
}

static bool access_ok(uint32_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* Where no device answers, reads return all-ones and writes are ignored, as on a bus. */
uint64_t ddekit_pci_read(struct ddekit_pci *pci, ddekit_busaddr addr, uint32_t size)
{
	if (!access_ok(size))
		return ~0ull;
	if (!in_memory_window(pci, addr.v, size))
		return all_ones(size);
	return pci->backend->pci.read(pci, SPACE_MEM, addr.v, size);
}

void ddekit_pci_write(struct ddekit_pci *pci, ddekit_busaddr addr, uint32_t size, uint64_t value)
{
	if (access_ok(size) && in_memory_window(pci, addr.v, size))
		pci->backend->pci.write(pci, SPACE_MEM, addr.v, size, value & all_ones(size));
}

static bool in_port_window(const struct ddekit_pci *pci, uint32_t port, uint32_t size)
{
	return (size == 1 || size == 2 || size == 4) &&
	       range_inside(port, size, pci->windows.io_base, pci->windows.io_size);
}

uint32_t ddekit_pci_in(struct ddekit_pci *pci, uint32_t port, uint32_t size)
{
	if (!in_port_window(pci, port, size))
		return access_ok(size) && size < 8 ? (uint32_t)all_ones(size) : ~0u;
	return (uint32_t)pci->backend->pci.read(pci, SPACE_IO, port, size);
}

void ddekit_pci_out(struct ddekit_pci *pci, uint32_t port, uint32_t size, uint32_t value)
{
	if (in_port_window(pci, port, size))
		pci->backend->pci.write(pci, SPACE_IO, port, size, value & all_ones(size));
}

void ddekit_pci_flush(struct ddekit_pci *pci)
{
	pci->backend->pci.flush(pci);
}

int ddekit_pci_service_fd(struct ddekit_pci *pci)
{
	return pci->service_fd;
}

int ddekit_pci_service(struct ddekit_pci *pci)
{
	return pci->backend->pci.service(pci);
}

void ddekit_pci_stats(struct ddekit_pci *pci, struct ddekit_pci_stats *ret)
{
	pci->backend->pci.stats(pci, ret);
}
