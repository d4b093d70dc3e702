/* SPDX-License-Identifier: GPL-2.0-only */
/* The emu backend's entry in the table of ../../pci.c. */
#include "claim.h"

extern const struct backend emu_backend;
const struct backend emu_backend = {
	.name = "emu",
	.claim = {
		.open = emu_claim_open,
		.handover = emu_claim_handover,
		.quiesce = emu_claim_quiesce,
		.death_fd = emu_claim_death_fd,
		.death_why = emu_claim_death_why,
		.monitor = emu_claim_monitor,
		.pid = emu_claim_pid,
		.save = emu_claim_save,
		.restore = emu_claim_restore,
		.close = emu_claim_close,
	},
	.pci = {
		.adopt = emu_adopt,
		.config_read = emu_config_read,
		.config_write = emu_config_write,
		.map = emu_map,
		.unmap = emu_unmap,
		.read = emu_read,
		.write = emu_write,
		.flush = emu_flush,
		.service = emu_service,
		.irq_vectors = emu_irq_vectors,
		.irq_line = emu_irq_line,
		.irq_mask = emu_irq_mask,
		.irq_free = emu_irq_free,
		.stats = emu_stats,
		.close = emu_close,
	},
};
