// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel holds; a difference between two results shows a leak. */
#include <linux/gfp.h>
#include <linux/irq.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>
#include "slab.h"
#if __has_include("page_alloc.h") /* drain_all_pages(), in newer kernels */
#include "page_alloc.h"
#endif
#include "../compat.h"
#include "../module/module.h"
#include "service.h"

/* Returns cached free memory to where it is counted. */
static void settle(void)
{
	struct kmem_cache *cache;

	rcu_barrier();
	vm_unmap_aliases();
	mutex_lock(&slab_mutex);
	list_for_each_entry(cache, &slab_caches, list)
		kmem_cache_shrink(cache);
	mutex_unlock(&slab_mutex);
	rcu_barrier();
	lru_add_drain_all();
	drain_all_pages(NULL);
}

static void count_irqs(struct dde_counters *c)
{
	struct irq_desc *desc;
	int irq;

	for_each_irq_desc(irq, desc) {
		c->irq_descriptors++;
		c->irq_handlers += !!desc->action;
	}
}

s64 dde_counters(void *arg)
{
	struct dde_counters *c = arg;

	settle();
	*c = (struct dde_counters){
		.pages_total = totalram_pages(),
		.pages_free = global_zone_page_state(NR_FREE_PAGES),
		.slab_pages = global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
			      global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B),
		.vmalloc_pages = dde_vmalloc_pages(),
		.tasks = nr_threads,
		.modules = dde_plugin_count(),
	};
	count_irqs(c);
	return 0;
}
