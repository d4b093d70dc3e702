/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam between the kernel world (arch/dde, built by kbuild into
 * libdde-linux.so) and the host world (dde-linux/host, libc).  This header is
 * the whole interface; it is compiled in both worlds and includes nothing but
 * fixed-width integer types.
 *
 * Down-calls go from the runtime to its host, up-calls the other way.  Each
 * member says which thread may call it, whether it may block, and who owns the
 * memory.
 *
 * Terms:
 *   virtual CPU   a host pthread that executes kernel code ("CPU thread").
 *                 Kernel threads are stacks switched inside it.  It holds its
 *                 virtual CPU throughout: a call that blocks stops that CPU.
 *                 All other threads hold none.
 *   interrupts off  the runtime's software flag; the tick signal does not enter
 *                 the kernel on a CPU thread that has interrupts off.  Down-calls
 *                 are made with interrupts off; dde_down_time.mono() and wall()
 *                 with either.
 *   request       see struct dde_request.  Its function runs in the kernel thread
 *                 "dde_control", one at a time, and may sleep; the virtual CPU
 *                 serves other kernel threads meanwhile.
 *   hwirq         number of an interrupt input of the runtime, 0..255.
 *   borrowed      the callee uses the memory until it returns, or as long as it
 *                 says; it remains the caller's.
 */
#ifndef DDE_SEAM_H
#define DDE_SEAM_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define DDE_SEAM_VERSION 11u

/* Interrupt inputs. */
enum {
	DDE_HWIRQ_TIMER = 0,    /* clock event of the CPU it is raised on */
	DDE_HWIRQ_CONTROL = 1,  /* requests are queued (dde_up_sys.submit) */
	DDE_HWIRQ_MODPROBE = 2, /* answers to dde_down_file.modprobe() */
	DDE_HWIRQ_SOFT = 3,     /* 3..15: bridges, allocated by the host */
	DDE_HWIRQ_LINE = 16,    /* 16..31: INTx lines, level triggered */
	DDE_HWIRQ_MSI = 32,     /* 32..255: message interrupts, edge triggered */
	DDE_HWIRQ_COUNT = 256,
};

/* Flag in an address returned by mmio_map(): accesses go through a call. */
#define DDE_MMIO_CALL (1ull << 62)
/* Together with that flag: the address is an I/O port, not memory. */
#define DDE_MMIO_PORT (1ull << 61)

enum dde_irq_kind { DDE_IRQ_MSI = 1, DDE_IRQ_MSIX = 2 };

/* A PCI function of the runtime's one PCI domain. */
struct dde_pci_addr {
	uint8_t bus;
	uint8_t devfn; /* device << 3 | function */
	uint16_t zero;
};

/*
 * A request to the runtime, carried out in the kernel thread "dde_control",
 * which may sleep.  It belongs to the runtime from dde_up_sys.submit() to
 * dde_down_sys.request_done().
 */
struct dde_request {
	struct dde_request *next; /* runtime's while queued */
	int64_t (*fn)(void *arg); /* kernel-world, of an up-call table or a plugin */
	void *arg;                /* borrowed until done */
	int64_t result;           /* what fn returned */
	void *owner;              /* the submitter's; the runtime does not read it */
};

/* A half-open array [start, end) in a plugin's image; NULL, NULL if absent. */
struct dde_section {
	const char *name; /* as in the kernel's find_module_sections() */
	void *start;
	void *end;
};

/* Argument of dde_up_plugin.load and unload; borrowed until the request is done. */
struct dde_plugin {
	void *module; /* the plugin's __this_module */
	char *args;   /* module parameters "a=1 b=2", may be NULL; written to */
	const struct dde_section *sections; /* ends with name NULL; for the plugin's life */
	uint64_t image_base;                /* where the shared object is mapped */
	uint64_t image_size;
	uint64_t text_base; /* its executable segment */
	uint64_t text_size;
	uint64_t rodata_base; /* the read-only segment behind it; size 0: none */
	uint64_t rodata_size;
	uint64_t data_base; /* its writable segment; size 0: none */
	uint64_t data_size;
};

#define DDE_MODPROBE_MAX 16 /* plugins of one modprobe, dependencies included */

/*
 * The kernel asks for a module (request_module()); the host answers with mapped
 * plugins, which the runtime then loads.  It belongs to the host from
 * dde_down_file.modprobe() to dde_up_plugin.modprobe_answer().
 */
struct dde_modprobe {
	struct dde_modprobe *next; /* for whoever holds it */
	void *owner;               /* the runtime's */
	void *job;                 /* the host's */
	int32_t error;             /* answer: 0, or -errno: no such module, no file */
	uint32_t n;                /* answer: plugins, dependencies first */
	struct dde_plugin *plugin[DDE_MODPROBE_MAX]; /* borrowed until modprobe_done() */
	int32_t result[DDE_MODPROBE_MAX];            /* of the loads; -ECANCELED: not tried */
	char name[128];                              /* name or alias of the module */
};

/* Why the host kernel sent a CPU thread a signal. */
enum dde_fault_kind {
	DDE_FAULT_PAGE = 1,   /* not mapped, or not for this kind of access */
	DDE_FAULT_PROTECTION, /* non-canonical address, privileged instruction */
	DDE_FAULT_BUS,        /* mapped, but no memory or device is behind it */
	DDE_FAULT_OPCODE,
	DDE_FAULT_DIVIDE,
	DDE_FAULT_TRAP, /* int3 */
};
enum dde_access { DDE_ACCESS_READ, DDE_ACCESS_WRITE, DDE_ACCESS_EXEC };

/* Integer registers of a CPU thread, in the order of the kernel's pt_regs. */
struct dde_registers {
	uint64_t r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	uint64_t ip, flags, sp;
};

struct dde_fault {
	uint32_t kind;
	uint32_t access;  /* of DDE_FAULT_PAGE and DDE_FAULT_BUS */
	uint64_t address; /* likewise: what was accessed */
	struct dde_registers reg;
};

/* ---- down-calls --------------------------------------------------------- */

struct dde_down_sys {
	/* CPU 0, once, in process 1: initcalls have run and the runtime accepts
	 * requests. Does not block. */
	void (*booted)(void);
	/* Any CPU thread. Does not block: drops the line if the log is full.
	 * level: kernel log level 0..7. text: one line without newline, borrowed. */
	void (*print)(uint32_t level, const char *text, uint32_t len);
	/* Any CPU thread. Does not block. The request is its submitter's again. */
	void (*request_done)(struct dde_request *req);
	/* Any CPU thread: orderly end (reboot, power off). Does not return. */
	void (*halt)(void) __attribute__((noreturn));
	/* Any CPU thread. Does not return: the process aborts. reason: borrowed. */
	void (*panic)(const char *reason) __attribute__((noreturn));
};

struct dde_down_time {
	/* Any thread, async-signal-safe; does not block. Nanoseconds,
	 * CLOCK_MONOTONIC: stops while the machine is suspended, continues while
	 * the process is stopped. */
	uint64_t (*mono)(void);
	/* Any thread, async-signal-safe; does not block. Nanoseconds since 1970,
	 * CLOCK_REALTIME. */
	uint64_t (*wall)(void);
	/* CPU thread of cpu; does not block. Raises DDE_HWIRQ_TIMER on cpu once
	 * mono() reaches deadline; replaces the previous deadline; UINT64_MAX:
	 * none. If the process did not run at that time, 20 ms after it does. */
	void (*timer_set)(uint32_t cpu, uint64_t deadline);
};

struct dde_down_cpu {
	/* Any CPU thread; does not wait for the new one. Starts a thread for cpu,
	 * which runs entry(cpu). Return: 0 or negative errno. */
	int32_t (*start)(uint32_t cpu, void (*entry)(uint32_t cpu));
	/* Any CPU thread; does not block. From now on cpu is woken by what raises
	 * hwirq (CPU 0 until the first call). May raise hwirq once more. */
	void (*irq_move)(uint32_t hwirq, uint32_t cpu);
	/* CPU thread of cpu, nothing pending when last checked. Blocks until an
	 * interrupt is raised on cpu or its deadline is reached. */
	void (*idle_wait)(uint32_t cpu);
	/* Any thread; does not block. Ends idle_wait() of cpu, or signals its
	 * thread if that runs. */
	void (*kick)(uint32_t cpu);
	/* Any CPU thread, spinning on a lock whose holder may not be running.
	 * Lets other host threads run. */
	void (*yield)(void);
};

struct dde_down_mem {
	/* Any CPU thread; blocks for an mmap at most. Maps [phys, phys + len) of
	 * the pool at va, in the reserved range of dde_boot. Page aligned. writable:
	 * 0: a write is a fault. Return: 0, negative errno; -ENOMEM: the host
	 * kernel's limit of mappings per process is reached. */
	int32_t (*vmap)(uint64_t va, uint64_t phys, uint64_t len, uint32_t writable);
	/* Any CPU thread; blocks for an mmap at most. Makes [va, va + len)
	 * inaccessible again. Return: 0, negative errno. */
	int32_t (*vunmap)(uint64_t va, uint64_t len);
	/* Any CPU thread; blocks for an mprotect at most. Makes [va, va + len) of
	 * the runtime's own image inaccessible, permanently. Page aligned.
	 * Return: 0, negative errno. */
	int32_t (*seal)(uint64_t va, uint64_t len);
};

/* Any CPU thread calls these. "Waits for the device": for as long as an emulated
 * device takes to answer; with a real one the call is an access or a system call. */
struct dde_down_pci {
	/* Waits for the device. size 1, 2 or 4; reg < 4096, aligned to size.
	 * Return: 0, -ENODEV (no such function, *ret untouched). */
	int32_t (*config_read)(struct dde_pci_addr at, uint32_t reg, uint32_t size, uint32_t *ret);
	/* Likewise. Return: 0, -ENODEV. */
	int32_t (*config_write)(struct dde_pci_addr at, uint32_t reg, uint32_t size,
				uint32_t value);
	/* Blocks for an mmap at most. Makes the bus addresses [phys, phys + len)
	 * accessible. Return: CPU address, or one with DDE_MMIO_CALL set; 0:
	 * failed. */
	uint64_t (*mmio_map)(uint64_t phys, uint64_t len);
	/* Blocks for a munmap at most. addr, len: of one mmio_map(). */
	void (*mmio_unmap)(uint64_t addr, uint64_t len);
	/* Waits for the device. addr: from mmio_map() with DDE_MMIO_CALL set, plus
	 * an offset; with DDE_MMIO_PORT the rest of addr is an I/O port. size 1, 2,
	 * 4 or 8. */
	uint64_t (*mmio_read)(uint64_t addr, uint32_t size);
	/* May return before the device has seen the write: posted. As above. */
	void (*mmio_write)(uint64_t addr, uint32_t size, uint64_t value);
	/* Does not wait for the device. Sends posted writes. Needed before busy
	 * waiting; reads, and a CPU that idles, send them anyway. */
	void (*mmio_flush)(void);
	/* Waits for the device. Allocates count message interrupts of the
	 * function; index: vector of the first. Contiguous, and aligned to count
	 * rounded up to a power of two. *ret_hwirq: the first.
	 * Return: 0, -ENOSPC, -EOPNOTSUPP. */
	int32_t (*msi_alloc)(struct dde_pci_addr at, uint32_t kind, uint32_t index, uint32_t count,
			     uint32_t *ret_hwirq);
	/* Waits for the device. hwirq, count: of one msi_alloc(). */
	void (*msi_free)(uint32_t hwirq, uint32_t count);
	/* Does not block. The message by which the device raises hwirq. */
	void (*msi_message)(uint32_t hwirq, uint64_t *ret_address, uint32_t *ret_data);
	/* Waits for the device. The line that INTx pin (1..4 = A..D) of a function
	 * on the root bus is wired to. Return: hwirq, or negative errno. */
	int32_t (*intx_route)(struct dde_pci_addr at, uint32_t pin);
	/* Waits for the device. A masked line is not raised. A line masks itself
	 * when it is raised. */
	void (*intx_mask)(uint32_t hwirq);
	/* Waits for the device. Raises the line again if it is still asserted. */
	void (*intx_unmask)(uint32_t hwirq);
};

struct dde_down_file {
	/* Any CPU thread; blocks for reading the file. Reads a firmware file by its
	 * name ("e100/d101m.bin") into buf, which is borrowed; NULL asks for the
	 * size. name is confined to the host's firmware folders.
	 * Return: bytes, -ENOENT, -EPERM, -EFBIG. */
	int64_t (*firmware_read)(const char *name, void *buf, uint64_t size);
	/* Any CPU thread; does not block. Has the plugins of a module and of all it
	 * depends on found and mapped; dde_up_plugin.modprobe_answer() follows. m
	 * is the host's until then. */
	void (*modprobe)(struct dde_modprobe *m);
	/* Any CPU thread; does not block; m is borrowed. m->result is set for each
	 * plugin: those with 0 stay mapped, the host unmaps the others. Not called
	 * if the answer was an error. */
	void (*modprobe_done)(struct dde_modprobe *m);
};

struct dde_down {
	uint32_t version; /* DDE_SEAM_VERSION */
	uint32_t size;    /* DDE_DOWN_SIZE */
	const struct dde_down_sys *sys;
	const struct dde_down_time *time;
	const struct dde_down_cpu *cpu;
	const struct dde_down_mem *mem;
	const struct dde_down_pci *pci; /* NULL: no PCI */
	const struct dde_down_file *file;
};

/* Of all the tables: the two halves of one process must come from one build. */
#define DDE_DOWN_SIZE \
	((uint32_t)(sizeof(struct dde_down) + sizeof(struct dde_down_sys) + \
		    sizeof(struct dde_down_time) + sizeof(struct dde_down_cpu) + \
		    sizeof(struct dde_down_mem) + sizeof(struct dde_down_pci) + \
		    sizeof(struct dde_down_file)))

/* ---- boot --------------------------------------------------------------- */

/* Borrowed as long as the process lives, like the tables of down-calls. */
struct dde_boot {
	uint32_t version;   /* DDE_SEAM_VERSION */
	uint32_t size;      /* sizeof(struct dde_boot) */
	uint64_t pool_base; /* physical == virtual; 4 MiB aligned; mapped, read/write */
	uint64_t pool_size; /* bytes, a multiple of 4 MiB */
	uint64_t vmap_base; /* reserved, inaccessible; 0x200000000000 (see vmap_size) */
	/* Bytes, at most DDE_VMAP_SIZE: each page can be a mapping of its own, and
	 * the host kernel allows the process that many. */
	uint64_t vmap_size;
	uint64_t mmio_base; /* PCI memory window below 4 GiB, bus address */
	uint64_t mmio_size;
	uint64_t mmio64_base; /* prefetchable window above the pool; size 0: none */
	uint64_t mmio64_size;
	uint64_t io_base; /* PCI I/O window, port numbers */
	uint64_t io_size; /* 0: none */
	uint32_t pci_domain;
	uint32_t pci_bus; /* number of the root bus */
	uint32_t zero;
	uint32_t nr_cpus;    /* 1..dde_up.max_cpus */
	const char *cmdline; /* kernel command line, UTF-8, at most 2047 bytes */
	/* Device address of each DDE_DMA_BLOCK of the pool, ascending; NULL: device
	 * addresses are the runtime's physical ones. */
	const uint64_t *dma_blocks;
	/* SMBIOS entry point and tables as they would lie at physical 0xf0000, for
	 * quirks of machines; size 0: none. */
	const void *smbios;
	uint64_t smbios_size;
};

#define DDE_DMA_BLOCK (4ull << 20)

#define DDE_VMAP_BASE 0x200000000000ull
#define DDE_VMAP_SIZE 0x1000000000ull /* 64 GiB of address space */

/* ---- up-calls ----------------------------------------------------------- */

/* Argument of dde_up_plugin.param and modules; borrowed until the request is done. */
struct dde_param {
	const char *name;  /* "MODULE.PARAMETER"; empty: all of all plugins */
	const char *value; /* to be written; NULL: to be read */
	char *text;        /* what was read, NUL-terminated: a value; or lines
				 * "MODULE.PARAMETER\tMODE\tVALUE\n", MODE octal */
	uint32_t size;     /* of text */
	uint32_t mode;     /* out: of one parameter's file, such as 0644 */
};

/* Argument of dde_up_plugin.page; borrowed until the request is done. */
struct dde_devpage {
	char name[32];      /* "nvme.smart": protocol, a dot, page */
	uint32_t number;    /* which of several, such as a namespace; else 0 */
	uint32_t bytes;     /* out: of data */
	uint8_t data[4096]; /* out: as the device returned it */
};

/* Argument of dde_up_sys.counters, written: what the kernel holds now. */
struct dde_counters {
	uint64_t pages_total; /* of the pool, in the kernel's hands */
	uint64_t pages_free;
	uint64_t slab_pages;
	uint64_t vmalloc_pages;
	uint64_t irq_descriptors; /* interrupts with a descriptor */
	uint64_t irq_handlers;    /* those of them with a handler */
	uint64_t tasks;           /* kernel threads */
	uint64_t modules;         /* plugins */
};

/* "Request": a function for dde_request.fn; arg is borrowed until the request is done. */
struct dde_up_sys {
	/* The thread that becomes CPU 0, once. Does not return. Both arguments are
	 * borrowed as long as the process lives. */
	void (*start)(const struct dde_down *down, const struct dde_boot *boot)
		__attribute__((noreturn));
	/* Any thread, async-signal-safe; does not block. Queues a request, which is
	 * the runtime's until request_done(), and raises DDE_HWIRQ_CONTROL; the
	 * caller then kicks CPU 0. */
	void (*submit)(struct dde_request *req);
	/* Request; waits until each CPU has run a worker. arg is a uint64_t, which
	 * is incremented: interrupts, scheduler and control thread work.
	 * Return: 0. */
	int64_t (*heartbeat)(void *arg);
	/* Request; may sleep; arg unused. Sets the kernel's wall clock by
	 * dde_down_time.wall(), which has made a step. Return: 0. */
	int64_t (*clock_set)(void *arg);
	/* Request; takes up to 100 ms. arg is a struct dde_counters. Empties the
	 * caches first, so that two results can be compared. Return: 0. */
	int64_t (*counters)(void *arg);
	/* Request; may sleep as long as drivers do; arg unused. Shuts the devices
	 * down in order, as for a reboot, and calls dde_down_sys.halt(): does not
	 * return. */
	int64_t (*shutdown)(void *arg);
};

struct dde_up_irq {
	/* Any thread, any time after start() was called; async-signal-safe; does
	 * not block. Marks hwirq pending on its CPU; unless the caller is that
	 * CPU's thread, it then kicks the CPU. Return: the CPU. */
	uint32_t (*raise)(uint32_t hwirq);
	/* Likewise, on a given CPU: for the timer, which each CPU has. */
	void (*raise_cpu)(uint32_t cpu, uint32_t hwirq);
	/* Any thread; does not block. Return: the word that is non-zero while an
	 * interrupt is pending on cpu; valid as long as the process lives. */
	const volatile uint32_t *(*pending)(uint32_t cpu);
	/* CPU thread of cpu, in a signal handler that interrupted it. Delivers
	 * pending interrupts if the interrupted code had interrupts on; that runs
	 * kernel code, which does not sleep. ip, bp: registers of the interrupted
	 * code, for backtraces. */
	void (*enter)(uint32_t cpu, uint64_t ip, uint64_t bp);
};

/* "Request": as above. */
struct dde_up_plugin {
	/* Any thread; does not block. m, answered, is the runtime's again; raises
	 * DDE_HWIRQ_MODPROBE, the caller then kicks CPU 0. */
	void (*modprobe_answer)(struct dde_modprobe *m);
	/* Request; sleeps for the module's init and its probes. arg is a struct
	 * dde_plugin, whose image stays mapped until unload() has succeeded.
	 * Return: 0, -errno of the module's init. */
	int64_t (*load)(void *arg);
	/* Request; may sleep. arg is a struct dde_param, of which text gets a line
	 * "NAME\tBYTES\tREFERENCES\tUSERS\tSTATE\n" per plugin; commas separate
	 * USERS. Return: 0, -ENOSPC. */
	int64_t (*modules)(void *arg);
	/* Request; may sleep. arg is a struct dde_param: reads or writes a module
	 * parameter through the runtime's sysfs. Return: 0; -ENOENT (no such
	 * module or parameter), -EACCES (not writable, not readable), -EINVAL
	 * (name), -ENOSPC (text too small), -errno of the parameter. */
	int64_t (*param)(void *arg);
	/* Request; sleeps for up to a second. arg is a struct dde_devpage: data
	 * that only the driver can read from its device, by a module of its plugin
	 * that knows how (dde_set_page_hook). Return: 0; -EOPNOTSUPP (no such
	 * module), -EINVAL (no such page), -ENXIO (no such number), -ENODEV (the
	 * driver does not drive the device), -EAGAIN (it is being reset),
	 * -EREMOTEIO (the device refuses), -ETIMEDOUT (no answer within a second),
	 * -EBUSY (an earlier call has not been answered yet), -ENOMEM, -errno. */
	int64_t (*page)(void *arg);
	/* Request; sleeps for the module's exit. arg: as for load. Return: 0,
	 * -ENOENT (not loaded), -EBUSY (in use). */
	int64_t (*unload)(void *arg);
};

struct dde_up_fault {
	/* CPU thread of cpu, in the handler of the signal that its own instruction
	 * raised, on another stack than the kernel thread's; does not sleep; may be
	 * entered again from within itself. Repairs what it can; else reports, and
	 * ends the kernel thread or the process (dde_down_sys.panic).
	 * Return: 1: continue with fault->reg as it is now; 0: not handled, the
	 * process must end. */
	int32_t (*handle)(uint32_t cpu, struct dde_fault *fault);
	/* CPU thread of cpu, in a signal handler, wherever it was; takes no lock and
	 * allocates nothing. Writes what the CPU executes and where each kernel
	 * thread is to dde_down_sys.print. reg: of the interrupted code. */
	void (*dump)(uint32_t cpu, const struct dde_registers *reg);
	/* Any thread, also in a signal handler after a crash; does not block.
	 * Writes the symbol of a kernel or plugin address into buf.
	 * Return: length. */
	int32_t (*symbol)(uint64_t addr, char *buf, uint32_t size);
};

/* mkplugin (drivers/mkpluginlib/tree.py) knows the offsets of the members up to percpu_unit. */
struct dde_up {
	uint32_t version;     /* DDE_SEAM_VERSION */
	uint32_t size;        /* DDE_UP_SIZE */
	const char *release;  /* kernel release of the source, "6.12.117" */
	const char *vermagic; /* what a module's vermagic must be equal to */
	const char *abi;      /* hash of what plugins depend on, hexadecimal */
	uint32_t down_size;   /* DDE_DOWN_SIZE, as the runtime knows it */
	uint32_t max_cpus;    /* CPUs that this runtime can have; 1: the UP flavour */
	/* Bytes from a per-CPU variable of one CPU to that of the next, in the
	 * runtime and in each plugin; 0 in the UP flavour. */
	uint64_t percpu_unit;
	/* Address range that the host maps before start(), private, reading as
	 * zeros: the shadow of a runtime built with KASAN. Size 0: none. */
	uint64_t shadow_base;
	uint64_t shadow_size;
	const struct dde_up_sys *sys;
	const struct dde_up_irq *irq;
	const struct dde_up_plugin *plugin;
	const struct dde_up_fault *fault;
};

/* Of all the tables, as DDE_DOWN_SIZE. */
#define DDE_UP_SIZE \
	((uint32_t)(sizeof(struct dde_up) + sizeof(struct dde_up_sys) + \
		    sizeof(struct dde_up_irq) + sizeof(struct dde_up_plugin) + \
		    sizeof(struct dde_up_fault)))

/* The one symbol the host looks up in libdde-linux.so: const struct dde_up dde_up */
#define DDE_UP_SYMBOL "dde_up"
/* The symbols it looks up in a plugin. */
#define DDE_PLUGIN_MODULE_SYMBOL "__this_module"
#define DDE_PLUGIN_SECTIONS_SYMBOL "dde_plugin_sections" /* struct dde_section[] */
#define DDE_PLUGIN_ABI_SYMBOL "dde_plugin_abi"           /* const char[] */

#endif
