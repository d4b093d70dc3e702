/* SPDX-License-Identifier: GPL-2.0-only */
/* The uio backend's entry in the table of ../../pci.c. */
#include "uio.h"

extern const struct backend uio_backend;
const struct backend uio_backend = {
	.name = "uio",
	.unisolated = true,
	.claim = {
		.open = uio_claim_open,
		.handover = uio_claim_handover,
		.quiesce = uio_claim_quiesce,
		.death_fd = uio_claim_death_fd,
		.death_why = uio_claim_death_why,
		.monitor = uio_claim_monitor,
		.pid = uio_claim_pid,
		.save = uio_claim_save,
		.restore = uio_claim_restore,
		.close = uio_claim_close,
	},
	.pci = {
		.adopt = uio_adopt,
		.config_read = uio_config_read,
		.config_write = uio_config_write,
		.map = uio_map,
		.unmap = uio_unmap,
		.read = uio_read,
		.write = uio_write,
		.flush = uio_flush,
		.service = uio_service,
		.irq_vectors = uio_irq_vectors,
		.irq_line = uio_irq_line,
		.irq_mask = uio_irq_mask,
		.irq_free = uio_irq_free,
		.stats = uio_stats,
		.close = uio_close,
	},
};
