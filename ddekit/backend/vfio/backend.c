/* SPDX-License-Identifier: GPL-2.0-only */
/* The vfio backend's entry in the table of ../../pci.c. */
#include "vfio.h"

extern const struct backend vfio_backend;
const struct backend vfio_backend = {
	.name = "vfio",
	.claim = {
		.open = vfio_claim_open,
		.handover = vfio_claim_handover,
		.quiesce = vfio_claim_quiesce,
		.death_fd = vfio_claim_death_fd,
		.death_why = vfio_claim_death_why,
		.rearm = vfio_claim_rearm,
		.monitor = vfio_claim_monitor,
		.pid = vfio_claim_pid,
		.save = vfio_claim_save,
		.restore = vfio_claim_restore,
		.close = vfio_claim_close,
	},
	.pci = {
		.adopt = vfio_adopt,
		.config_read = vfio_config_read,
		.config_write = vfio_config_write,
		.map = vfio_map,
		.unmap = vfio_unmap,
		.read = vfio_read,
		.write = vfio_write,
		.flush = vfio_flush,
		.service = vfio_service,
		.irq_vectors = vfio_irq_vectors,
		.irq_line = vfio_irq_line,
		.irq_mask = vfio_irq_mask,
		.irq_free = vfio_irq_free,
		.stats = vfio_stats,
		.close = vfio_close,
	},
};
