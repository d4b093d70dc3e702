/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam between the kernel world (arch/dde, built by kbuild into
 * libdde-linux.so) and the host world (dde-linux/host, libc).  This header is
 * the whole interface; it is compiled in both worlds and includes nothing but
 * fixed-width integer types.
 *
 * Down-calls go from the runtime to its host, up-calls the other way.  Each
 * member says which thread may call it, whether it may block, whether the
 * virtual CPU is held, and who owns the memory.
 *
 * Terms:
 *   virtual CPU   a host pthread that executes kernel code.  Kernel threads are
 *                 stacks switched inside it.  "CPU thread" below.
 *   interrupts off  the runtime's software flag; a CPU thread with interrupts
 *                 off is not entered by the tick signal.  Every down-call but
 *                 idle_wait() and cpu_main() is made with interrupts off.
 *   hwirq         number of an interrupt input of the runtime, 0..255.
 */
#ifndef DDE_SEAM_H
#define DDE_SEAM_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define DDE_SEAM_VERSION 9u

/* Interrupt inputs. */
enum {
	DDE_HWIRQ_TIMER = 0,	/* clock event of the CPU it is raised on */
	DDE_HWIRQ_CONTROL = 1,	/* requests wait in the queue of dde_up.submit */
	DDE_HWIRQ_MODPROBE = 2,	/* answers to dde_down_file.modprobe() wait */
	DDE_HWIRQ_SOFT = 3,	/* 3..15: bridges, allocated by the host */
	DDE_HWIRQ_LINE = 16,	/* 16..31: INTx lines, level triggered */
	DDE_HWIRQ_MSI = 32,	/* 32..255: message interrupts, edge triggered */
	DDE_HWIRQ_COUNT = 256,
};

/* Flag in an address returned by mmio_map(): accesses go through a call. */
#define DDE_MMIO_CALL (1ull << 62)
/* The flag beside it: the address is an I/O port, not memory. */
#define DDE_MMIO_PORT (1ull << 61)

enum dde_irq_kind { DDE_IRQ_MSI = 1, DDE_IRQ_MSIX = 2 };

/* A PCI function as the runtime sees it; the domain is the runtime's own. */
struct dde_pci_addr {
	uint8_t bus;
	uint8_t devfn;		/* device << 3 | function */
	uint16_t zero;
};

/*
 * A request to be carried out in the runtime, in the context of the kernel
 * thread "dde_control", where sleeping is allowed.  Owned by the submitter
 * until dde_down_sys.request_done(), which gives it back.
 */
struct dde_request {
	struct dde_request *next;	/* runtime's while queued */
	int64_t (*fn)(void *arg);	/* kernel-world function, from dde_up or a plugin */
	void *arg;			/* borrowed until done */
	int64_t result;			/* what fn returned */
	void *owner;			/* the submitter's, not looked at */
};

/* A half-open array [start, end) in a plugin's image; NULL, NULL if absent. */
struct dde_section {
	const char *name;	/* as in the kernel's find_module_sections() */
	void *start;
	void *end;
};

/* Argument of dde_up.plugin_load and plugin_unload; borrowed for the call. */
struct dde_plugin {
	void *module;		/* the plugin's __this_module */
	char *args;		/* module parameters "a=1 b=2", may be NULL; written to */
	const struct dde_section *sections;	/* ends with name NULL; for the plugin's life */
	uint64_t image_base;	/* where the shared object is mapped */
	uint64_t image_size;
	uint64_t text_base;	/* its executable segment */
	uint64_t text_size;
	uint64_t rodata_base;	/* the read-only segment behind it; size 0: none */
	uint64_t rodata_size;
	uint64_t data_base;	/* its writable segment; size 0: none */
	uint64_t data_size;
};

#define DDE_MODPROBE_MAX 16	/* plugins of one modprobe, dependencies included */

/*
 * A wish of the kernel's for a module (request_module()): made by the runtime,
 * answered by the host with mapped plugins, which the runtime then loads.
 * Belongs to the host from dde_down_file.modprobe() to dde_up.modprobe_answer().
 */
struct dde_modprobe {
	struct dde_modprobe *next;	/* its holder's */
	void *owner;			/* the runtime's */
	void *job;			/* the host's */
	int32_t error;			/* answer: 0, or -errno: no such module, no file */
	uint32_t n;			/* answer: plugins, dependencies first */
	struct dde_plugin *plugin[DDE_MODPROBE_MAX];	/* borrowed until modprobe_done() */
	int32_t result[DDE_MODPROBE_MAX];	/* runtime: of plugin_load, -ECANCELED: not tried */
	char name[128];			/* name or alias of the module */
};

/* What a CPU thread met when the host's kernel sent it a signal. */
enum dde_fault_kind {
	DDE_FAULT_PAGE = 1,	/* nothing is mapped there, or not for such an access */
	DDE_FAULT_PROTECTION,	/* no such address can be, or a forbidden instruction */
	DDE_FAULT_BUS,		/* mapped, but the host has no memory or device behind it */
	DDE_FAULT_OPCODE,
	DDE_FAULT_DIVIDE,
	DDE_FAULT_TRAP,		/* int3 */
};
enum dde_access { DDE_ACCESS_READ, DDE_ACCESS_WRITE, DDE_ACCESS_EXEC };

/* Integer registers of a CPU thread, in the order of the kernel's pt_regs. */
struct dde_registers {
	uint64_t r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	uint64_t ip, flags, sp;
};

struct dde_fault {
	uint32_t kind;
	uint32_t access;	/* of DDE_FAULT_PAGE and DDE_FAULT_BUS */
	uint64_t address;	/* likewise: what was accessed */
	struct dde_registers reg;
};

/* ---- down-calls --------------------------------------------------------- */

struct dde_down_sys {
	/* Any CPU thread. Does not block: text is dropped when the sink is full.
	 * level: kernel log level 0..7. text: one whole line without newline,
	 * borrowed for the call. */
	void (*print)(uint32_t level, const char *text, uint32_t len);
	/* Any CPU thread. Never returns: the process is over. */
	void (*panic)(const char *reason) __attribute__((noreturn));
	/* CPU 0, once, in process 1: initcalls have run and the runtime takes
	 * requests. Does not block. */
	void (*booted)(void);
	/* CPU thread. Does not block. Gives a request back to its submitter. */
	void (*request_done)(struct dde_request *req);
	/* Any CPU thread: orderly end (reboot, power off). Never returns. */
	void (*halt)(void) __attribute__((noreturn));
};

struct dde_down_time {
	/* Any thread, async-signal-safe. Nanoseconds, CLOCK_MONOTONIC: it stands
	 * while the machine sleeps, and goes on while the process is stopped. */
	uint64_t (*mono)(void);
	/* Any thread. Nanoseconds since 1970, CLOCK_REALTIME. */
	uint64_t (*wall)(void);
	/* CPU thread of cpu. Raises DDE_HWIRQ_TIMER on cpu once mono() reaches
	 * deadline; replaces the one before; UINT64_MAX: none. After a time in
	 * which the process did not run, 20 ms later. */
	void (*timer_set)(uint32_t cpu, uint64_t deadline);
};

struct dde_down_cpu {
	/* CPU thread of cpu, interrupts off, nothing pending when last looked.
	 * Blocks until an interrupt is raised on cpu or its deadline is reached. */
	void (*idle_wait)(uint32_t cpu);
	/* Any thread. Ends idle_wait() of cpu, or signals the thread if it runs. */
	void (*kick)(uint32_t cpu);
	/* CPU thread. Starts a thread for cpu which runs entry(cpu).
	 * Return: 0 or negative errno. */
	int32_t (*start)(uint32_t cpu, void (*entry)(uint32_t cpu));
	/* CPU thread, spinning on a lock whose holder may not be running. */
	void (*yield)(void);
	/* CPU thread. hwirq is taken by cpu from now on (CPU 0 until the first
	 * call): what raises it is to wake that CPU. It may be raised once more. */
	void (*irq_move)(uint32_t hwirq, uint32_t cpu);
};

struct dde_down_mem {
	/* CPU thread. Maps [phys, phys + len) of the pool at va, which lies in
	 * the reserved range of dde_boot. Page aligned. Return: 0, negative errno;
	 * -ENOMEM: the host has as many mappings as it allows a process. */
	int32_t (*vmap)(uint64_t va, uint64_t phys, uint64_t len);
	/* CPU thread. Makes [va, va + len) inaccessible again. */
	int32_t (*vunmap)(uint64_t va, uint64_t len);
	/* CPU thread. Makes [va, va + len) of the runtime's own image inaccessible,
	 * for ever. Page aligned. Return: 0, negative errno. */
	int32_t (*seal)(uint64_t va, uint64_t len);
};

struct dde_down_pci {
	/* CPU thread. size 1, 2 or 4; reg < 4096, aligned to size.
	 * Return: 0, -ENODEV (no such function, *ret untouched). */
	int32_t (*config_read)(struct dde_pci_addr at, uint32_t reg,
			       uint32_t size, uint32_t *ret);
	int32_t (*config_write)(struct dde_pci_addr at, uint32_t reg,
				uint32_t size, uint32_t value);
	/* CPU thread. May block for the time of an mmap. Makes the bus addresses
	 * [phys, phys + len) reachable. Return: CPU address, or one with
	 * DDE_MMIO_CALL set; 0 if there is nothing. */
	uint64_t (*mmio_map)(uint64_t phys, uint64_t len);
	void (*mmio_unmap)(uint64_t addr, uint64_t len);
	/* CPU thread. addr: from mmio_map() with DDE_MMIO_CALL set, plus an
	 * offset; size 1, 2, 4 or 8. A read waits for the device; a write is
	 * posted. With DDE_MMIO_PORT the rest of addr is an I/O port. */
	uint64_t (*mmio_read)(uint64_t addr, uint32_t size);
	void (*mmio_write)(uint64_t addr, uint32_t size, uint64_t value);
	/* CPU thread. Posted writes go out now. They do so anyway before a read
	 * and when the CPU idles; a driver that waits in a loop needs this. */
	void (*mmio_flush)(void);
	/* CPU thread. Allocates count message interrupts of the function, the
	 * first of them its vector index; contiguous and aligned to count rounded
	 * up to a power of two. *ret_hwirq: the first.
	 * Return: 0, -ENOSPC, -EOPNOTSUPP. */
	int32_t (*msi_alloc)(struct dde_pci_addr at, uint32_t kind,
			     uint32_t index, uint32_t count, uint32_t *ret_hwirq);
	void (*msi_free)(uint32_t hwirq, uint32_t count);
	/* CPU thread. The message that makes the device raise hwirq. */
	void (*msi_message)(uint32_t hwirq, uint64_t *ret_address, uint32_t *ret_data);
	/* CPU thread. The line that INTx pin (1..4 = A..D) of a function on the
	 * root bus is wired to. Return: hwirq, or negative errno. */
	int32_t (*intx_route)(struct dde_pci_addr at, uint32_t pin);
	/* CPU thread. A masked line is not raised; unmasking raises it again if
	 * it is still asserted. A line masks itself when it is raised. */
	void (*intx_mask)(uint32_t hwirq);
	void (*intx_unmask)(uint32_t hwirq);
};

struct dde_down_file {
	/* CPU thread. Reads a firmware file by its name ("e100/d101m.bin") into
	 * buf; buf NULL asks for the size. name is confined to the host's
	 * firmware folders. Return: bytes, -ENOENT, -EPERM, -EFBIG. */
	int64_t (*firmware_read)(const char *name, void *buf, uint64_t size);
	/* CPU thread. Does not block. Finds and maps the plugins of a module and
	 * all it depends on; dde_up.modprobe_answer() follows. */
	void (*modprobe)(struct dde_modprobe *m);
	/* CPU thread. Does not block. m->result is set for each plugin: those
	 * with 0 stay mapped, the others are the host's to unmap. Not called
	 * for one that was answered with an error. */
	void (*modprobe_done)(struct dde_modprobe *m);
};

struct dde_down {
	uint32_t version;	/* DDE_SEAM_VERSION */
	uint32_t size;		/* DDE_DOWN_SIZE */
	const struct dde_down_sys *sys;
	const struct dde_down_time *time;
	const struct dde_down_cpu *cpu;
	const struct dde_down_mem *mem;
	const struct dde_down_pci *pci;	/* NULL: no PCI */
	const struct dde_down_file *file;
};

/* Of all the tables: halves of different builds do not go together. */
#define DDE_DOWN_SIZE ((uint32_t)(sizeof(struct dde_down) + sizeof(struct dde_down_sys) +	\
				  sizeof(struct dde_down_time) + sizeof(struct dde_down_cpu) +	\
				  sizeof(struct dde_down_mem) + sizeof(struct dde_down_pci) +	\
				  sizeof(struct dde_down_file)))

/* ---- boot --------------------------------------------------------------- */

/* Borrowed by the runtime for ever. */
struct dde_boot {
	uint32_t version;	/* DDE_SEAM_VERSION */
	uint32_t size;		/* sizeof(struct dde_boot) */
	uint64_t pool_base;	/* physical == virtual; 4 MiB aligned; mapped, read/write */
	uint64_t pool_size;	/* bytes, a multiple of 4 MiB */
	uint64_t vmap_base;	/* reserved, inaccessible; 0x200000000000 (see vmap_size) */
	uint64_t vmap_size;	/* bytes: DDE_VMAP_SIZE */
	uint64_t mmio_base;	/* PCI memory window below 4 GiB, bus address */
	uint64_t mmio_size;
	uint64_t mmio64_base;	/* prefetchable window above the pool; size 0: none */
	uint64_t mmio64_size;
	uint64_t io_base;	/* PCI I/O window, port numbers */
	uint64_t io_size;	/* 0: none */
	uint32_t pci_domain;
	uint32_t pci_bus;	/* number of the root bus */
	uint32_t zero;
	uint32_t nr_cpus;	/* 1..dde_up.max_cpus */
	const char *cmdline;	/* kernel command line, UTF-8, at most 2047 bytes */
	/* What the device calls each DDE_DMA_BLOCK of the pool, ascending;
	 * NULL: as the runtime does. */
	const uint64_t *dma_blocks;
};

#define DDE_DMA_BLOCK (4ull << 20)

#define DDE_VMAP_BASE 0x200000000000ull
#define DDE_VMAP_SIZE 0x1000000000ull	/* 64 GiB of address space */

/* ---- up-calls ----------------------------------------------------------- */

/* Argument of dde_up.param; borrowed for the call. */
struct dde_param {
	const char *name;	/* "MODULE.PARAMETER"; empty: all of all plugins */
	const char *value;	/* to be written; NULL: to be read */
	char *text;		/* what was read, NUL-terminated: a value; or lines
				 * "MODULE.PARAMETER\tMODE\tVALUE\n", MODE octal */
	uint32_t size;		/* of text */
	uint32_t mode;		/* out: of one parameter's file, such as 0644 */
};

/* Argument of dde_up.page; borrowed for the call. */
struct dde_devpage {
	char name[32];		/* "nvme.smart": whose it is, a dot, which */
	uint32_t number;	/* of several of the name, such as a namespace; else 0 */
	uint32_t bytes;		/* out: of data */
	uint8_t data[4096];	/* out: as the device gives it */
};

/* Argument of dde_up.counters, written: what the kernel holds now. */
struct dde_counters {
	uint64_t pages_total;	/* of the pool, in the kernel's hands */
	uint64_t pages_free;
	uint64_t slab_pages;
	uint64_t vmalloc_pages;
	uint64_t irqs;		/* interrupts with a descriptor */
	uint64_t irq_handlers;	/* those of them with a handler */
	uint64_t tasks;		/* kernel threads */
	uint64_t modules;	/* plugins */
};

struct dde_up {
	uint32_t version;
	uint32_t size;		/* sizeof(struct dde_up) */
	const char *release;	/* kernel release of the source, "6.12.117" */
	const char *vermagic;	/* what a module's vermagic must be equal to */
	const char *abi;	/* hash of what plugins depend on, hexadecimal */
	/* On the thread that becomes CPU 0. Never returns. */
	void (*start)(const struct dde_down *down, const struct dde_boot *boot)
		__attribute__((noreturn));
	/* Any thread, any time after start() was called; async-signal-safe; does
	 * not block. Marks hwirq pending on its CPU; the caller then kicks that
	 * CPU unless it is the calling thread itself. Return: the CPU. */
	uint32_t (*irq_raise)(uint32_t hwirq);
	/* Likewise, for an interrupt that belongs to one CPU (the timer). */
	void (*irq_raise_cpu)(uint32_t cpu, uint32_t hwirq);
	/* CPU thread of cpu, from a signal handler that interrupted it: takes
	 * pending interrupts if the interrupted code had interrupts on. ip, bp:
	 * registers of that code, for backtraces. */
	void (*irq_enter)(uint32_t cpu, uint64_t ip, uint64_t bp);
	/* The word that is non-zero while an interrupt is pending on cpu. */
	const volatile uint32_t *(*irq_pending)(uint32_t cpu);
	/* Any thread; does not block. Queues a request; raises DDE_HWIRQ_CONTROL,
	 * the caller kicks CPU 0. */
	void (*submit)(struct dde_request *req);
	/* For dde_request.fn; arg is a struct dde_plugin. Return: 0, -errno of
	 * the module's init; -EBUSY (unload of a module in use). */
	int64_t (*plugin_load)(void *arg);
	int64_t (*plugin_unload)(void *arg);
	/* For dde_request.fn, arg unused: shut the devices down in order, as at
	 * reboot; then dde_down_sys.halt() is called. */
	int64_t (*shutdown)(void *arg);
	/* Any thread, also in a signal handler after a crash: writes the symbol
	 * of a kernel or plugin address into buf. Return: length. */
	int32_t (*symbol)(uint64_t addr, char *buf, uint32_t size);
	/* For dde_request.fn; arg is a uint64_t, incremented: the request has been
	 * through the interrupt, the scheduler and the control thread. Return: 0. */
	int64_t (*heartbeat)(void *arg);
	uint32_t down_size;	/* DDE_DOWN_SIZE, as the runtime knows it */
	uint32_t max_cpus;	/* CPUs that this runtime can have; 1: the UP flavour */
	/* Bytes from a per-CPU variable of one CPU to that of the next, in the
	 * runtime and in each plugin; 0 in the UP flavour. */
	uint64_t percpu_unit;
	/* For dde_request.fn, arg unused: takes over dde_down_time.wall(), which
	 * has made a step. Return: 0. */
	int64_t (*clock_set)(void *arg);
	/* Any thread; does not block. Gives back what dde_down_file.modprobe()
	 * was asked for; raises DDE_HWIRQ_MODPROBE, the caller kicks CPU 0. */
	void (*modprobe_answer)(struct dde_modprobe *m);
	/* For dde_request.fn; arg is a struct dde_param: reads or writes a module
	 * parameter through the runtime's sysfs. Return: 0; -ENOENT (no such
	 * module or parameter), -EACCES (not writable, not readable), -EINVAL
	 * (name), -ENOSPC (text too small), -errno of the parameter. */
	int64_t (*param)(void *arg);
	/* For dde_request.fn; arg is a struct dde_param, whose text gets a line
	 * "NAME\tBYTES\tREFERENCES\tUSERS\tSTATE\n" per plugin, USERS divided by
	 * commas. Return: 0, -ENOSPC. */
	int64_t (*modules)(void *arg);
	/* For dde_request.fn; arg is a struct dde_counters. Empties the caches
	 * first, so that two looks can be compared. May take 100 ms. Return: 0. */
	int64_t (*counters)(void *arg);
	/* For dde_request.fn; arg is a struct dde_devpage: something that only the
	 * driver can ask its device for, by a module of its plugin that knows it
	 * (dde_set_page_hook). Return: 0; -EOPNOTSUPP (no such module), -EINVAL (no
	 * such page), -ENXIO (none of that number), -ENODEV (the driver does not
	 * drive the device), -EAGAIN (it is being reset), -EREMOTEIO (it refuses),
	 * -ETIMEDOUT (no answer within a second), -EBUSY (it still owes the answer
	 * to an earlier call), -ENOMEM, -errno. */
	int64_t (*page)(void *arg);
	/* CPU thread of cpu, in the handler of the signal that a fault of its own
	 * raised, on another stack than the kernel thread's; may be entered again
	 * from within itself. Mends what can be mended, reports the rest and ends
	 * the kernel thread or all (dde_down_sys.panic). Return: 1: go on with
	 * fault->reg as it is now; 0: cannot be handled, the process must end. */
	int32_t (*fault)(uint32_t cpu, struct dde_fault *fault);
	/* CPU thread of cpu, in a signal handler, wherever it was: writes what the
	 * CPU executes and where each kernel thread stands to dde_down_sys.print,
	 * taking no lock and allocating nothing. reg: of the interrupted code. */
	void (*dump)(uint32_t cpu, const struct dde_registers *reg);
	/* Address range that the host maps before start(), private, reading as
	 * zeros: the shadow of a runtime built with KASAN. Size 0: none. */
	uint64_t shadow_base;
	uint64_t shadow_size;
};

/* The one symbol the host looks up in libdde-linux.so: const struct dde_up dde_up */
#define DDE_UP_SYMBOL "dde_up"
/* The symbols it looks up in a plugin. */
#define DDE_PLUGIN_MODULE_SYMBOL "__this_module"
#define DDE_PLUGIN_SECTIONS_SYMBOL "dde_plugin_sections"	/* struct dde_section[] */
#define DDE_PLUGIN_ABI_SYMBOL "dde_plugin_abi"			/* const char[] */

#endif
