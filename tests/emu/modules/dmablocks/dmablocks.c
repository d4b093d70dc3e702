// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for DMA where device addresses differ from the pool's: memory that is contiguous for the
 * kernel must be contiguous for the device, however it was allocated.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#define MIB (1u << 20)

static struct device *dev;
static unsigned int faults, borders;

#define expect(good, fmt, ...) \
	do { \
		if (!(good)) { \
			pr_err("dmablocks: " fmt "\n", ##__VA_ARGS__); \
			faults++; \
		} \
	} while (0)

static dma_addr_t address_of(struct page *page)
{
	dma_addr_t addr = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);

	expect(!dma_mapping_error(dev, addr), "page %lx cannot be mapped", page_to_pfn(page));
	dma_unmap_page(dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	return addr;
}

/* A block of the page allocator: mapping it whole and page by page must agree. */
static void check_block(struct page *page, unsigned int order)
{
	size_t size = PAGE_SIZE << order;
	dma_addr_t addr = dma_map_page(dev, page, 0, size, DMA_BIDIRECTIONAL);
	unsigned long i;

	expect(!dma_mapping_error(dev, addr), "order %u: cannot be mapped", order);
	for (i = 0; i < 1ul << order; i++)
		if (address_of(page + i) != addr + i * PAGE_SIZE)
			break;
	expect(i == 1ul << order, "order %u: not contiguous from page %lu on", order, i);
	dma_unmap_page(dev, addr, size, DMA_BIDIRECTIONAL);
}

static void check_orders(void)
{
	struct page *page[16];
	unsigned int order, n;

	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		for (n = 0; n < ARRAY_SIZE(page); n++) {
			page[n] = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, order);
			if (!page[n])
				break;
			check_block(page[n], order);
		}
		expect(n || order == MAX_PAGE_ORDER, "order %u: no memory", order);
		while (n--)
			__free_pages(page[n], order);
	}
}

static void check_coherent(void)
{
	size_t size;
	dma_addr_t addr;
	void *cpu;

	for (size = PAGE_SIZE; size <= 2 * MIB; size *= 2) {
		cpu = dma_alloc_coherent(dev, size, &addr, GFP_KERNEL);
		expect(cpu, "coherent: no %zu bytes", size);
		if (!cpu)
			continue;
		expect(address_of(virt_to_page(cpu)) == addr, "coherent: other address");
		expect(address_of(virt_to_page(cpu + size - 1)) + PAGE_SIZE == addr + size,
		       "coherent: %zu bytes are not contiguous", size);
		dma_free_coherent(dev, size, cpu, addr);
	}
	cpu = dma_alloc_coherent(dev, 8 * MIB, &addr, GFP_KERNEL | __GFP_NOWARN);
	expect(!cpu, "coherent: more than the largest block was allocated");
}

static int by_number(const void *a, const void *b)
{
	unsigned long x = page_to_pfn(*(struct page **)a), y = page_to_pfn(*(struct page **)b);

	return x < y ? -1 : x > y;
}

/* Adjacent pages, merged as bios and scatterlists merge them. */
static void check_list(struct page **page, unsigned int n)
{
	struct sg_table table;
	struct scatterlist *sg;
	unsigned int i, k;

	if (sg_alloc_table_from_pages(&table, page, n, 0, (size_t)n * PAGE_SIZE, GFP_KERNEL))
		return;
	expect(!dma_map_sgtable(dev, &table, DMA_BIDIRECTIONAL, 0), "list: cannot be mapped");
	for_each_sgtable_dma_sg(&table, sg, i)
		for (k = 0; k < sg_dma_len(sg) / PAGE_SIZE; k++)
			if (address_of(sg_page(sg) + k) != sg_dma_address(sg) + k * PAGE_SIZE) {
				expect(false, "list: entry %u is not contiguous at %u", i, k);
				break;
			}
	dma_unmap_sgtable(dev, &table, DMA_BIDIRECTIONAL, 0);
	sg_free_table(&table);
}

/* All free memory, page by page: adjacent pages must be adjacent for the device. */
static void check_all_pages(void)
{
	unsigned long max = totalram_pages(), n = 0, i;
	struct page **page = vmalloc(max * sizeof(*page));
	dma_addr_t a, b;

	if (!page)
		return;
	while (n + 1024 < max && (page[n] = alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)))
		n++;
	/* Leave some memory for the scatterlist. */
	for (i = 0; i < 512 && n; i++)
		__free_page(page[--n]);
	sort(page, n, sizeof(*page), by_number, NULL);
	for (i = 1; i < n; i++) {
		a = address_of(page[i - 1]);
		b = address_of(page[i]);
		if (page[i - 1] + 1 == page[i])
			expect(b == a + PAGE_SIZE, "pages at %lx are not adjacent for the device",
			       page_to_pfn(page[i]));
		borders += b - a != (page[i] - page[i - 1]) * PAGE_SIZE;
	}
	check_list(page, min(n, 8192ul));
	for (i = 0; i < n; i++)
		__free_page(page[i]);
	vfree(page);
	pr_info("dmablocks: %lu pages of %lu\n", n, max);
}

static int __init dmablocks_init(void)
{
	struct platform_device *pdev;

	pdev = platform_device_register_simple("dmablocks", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	dev = &pdev->dev;
	if (dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)))
		expect(false, "no mask of 32 bits");
	check_orders();
	check_coherent();
	check_all_pages();
	platform_device_unregister(pdev);
	pr_info("dmablocks: %u borders, %u faults\n", borders, faults);
	return faults ? -EIO : 0;
}
module_init(dmablocks_init);

static void __exit dmablocks_exit(void)
{
}
module_exit(dmablocks_exit);

MODULE_DESCRIPTION("Checks device addresses of memory");
MODULE_LICENSE("GPL");
