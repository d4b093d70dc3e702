// SPDX-License-Identifier: GPL-2.0-only
/* Exhausts resources, and floods processes that read. */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "hostile.h"

#define MIB (1l << 20)
#define PROTO_FD 3
#define MSG_DONTWAIT 0x40

static void exhaust_memory(struct pci_dev *pdev)
{
	long at, n = 0;

	for (;;) {
		at = CALL6(H_mmap, 0, MIB, 3, 0x22, -1, 0);
		if (at < 0 && at > -4096)
			break;
		memset((void *)at, 1, MIB);
		n++;
	}
	pr_info("hostile: memory: %ld MiB, then %ld\n", n, at);
}

/* Mappings without memory: only the limit of address space stops them. */
static void exhaust_address_space(struct pci_dev *pdev)
{
	long at, n = 0;

	for (;;) {
		at = CALL6(H_mmap, 0, 1024 * MIB, 0, 0x4022, -1, 0);
		if (at < 0 && at > -4096)
			break;
		n++;
	}
	pr_info("hostile: address space: %ld GiB, then %ld\n", n, at);
}

static void exhaust_files(struct pci_dev *pdev)
{
	long fd, last = 0, n = 0;

	while ((fd = CALL2(H_eventfd2, 0, 0)) >= 0) {
		last = fd;
		n++;
	}
	pr_info("hostile: files: %ld, then %ld\n", n, fd);
	while (n-- > 0) /* the next steps need some */
		CALL1(H_close, last--);
}

/* A thread that only waits and does not use its stack. */
static long start_thread(char *stack)
{
	long ret;
	/* VM FS FILES SIGHAND THREAD SYSVSEM */
	const long flags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;

	asm volatile("syscall\n\t"
		     "test %%eax, %%eax\n\t"
		     "jnz 2f\n"
		     "1:\n\t"
		     "mov %[pause], %%eax\n\t"
		     "syscall\n\t"
		     "jmp 1b\n"
		     "2:\n"
		     : "=a"(ret)
		     : "0"((long)H_clone), "D"(flags), "S"(stack), "d"(0l), [pause] "i"(H_pause)
		     : "rcx", "r11", "r10", "r8", "memory");
	return ret;
}

static void exhaust_threads(struct pci_dev *pdev)
{
	char *stack = kmalloc(4096, GFP_KERNEL);
	long r, n = 0;

	if (!stack)
		return;
	while ((r = start_thread(stack + 4096)) > 0)
		n++;
	pr_info("hostile: threads: %ld, then %ld\n", n, r);
}

/* ---- floods ------------------------------------------------------------------------- */

struct header {
	u32 version, type, len, seq;
};

static long send(const void *data, size_t len)
{
	return CALL6(H_sendto, PROTO_FD, data, len, 0, 0, 0);
}

static void send_short(struct pci_dev *pdev)
{
	send("abc", 3);
}

static void send_empty(struct pci_dev *pdev)
{
	send("", 0);
}

static void send_long(struct pci_dev *pdev)
{
	void *data = kzalloc(64 << 10, GFP_KERNEL);

	if (data)
		send(data, 64 << 10);
}

static void send_version(struct pci_dev *pdev)
{
	struct header h = { 77, 5, sizeof(h), 0 };

	send(&h, sizeof(h));
}

static void send_type(struct pci_dev *pdev)
{
	struct header h = { hostile_proto, 999, sizeof(h), 0 };

	send(&h, sizeof(h));
}

static void send_length(struct pci_dev *pdev)
{
	struct header h = { hostile_proto, 5, 0x7fffffff, 0 };

	send(&h, sizeof(h));
}

static void send_state(struct pci_dev *pdev)
{
	static u8 data[336]; /* not the size of a state message */
	struct header *h = (void *)data;

	memset(data, 0xff, sizeof(data));
	*h = (struct header){ hostile_proto, 3, sizeof(data), 0 };
	send(data, sizeof(data));
}

static void send_files(struct pci_dev *pdev)
{
	struct {
		u64 len;
		u32 level, type;
		u32 fd, pad;
	} control = { 20, 1, 1, 0, 0 };
	struct {
		const void *base;
		u64 len;
	} iov = { "x", 1 };
	u64 msg[7] = { 0, 0, (u64)(long)&iov, 1, (u64)(long)&control, sizeof(control), 0 };

	CALL3(H_sendmsg, PROTO_FD, msg, 0);
}

/* Valid heartbeats, more than any driver host sends. */
static void flood_beats(struct pci_dev *pdev)
{
	struct {
		struct header h;
		u64 count;
	} m = { { hostile_proto, 5, sizeof(m), 0 }, 0 };

	for (m.count = 0; m.count < 1000000; m.count++)
		send(&m, sizeof(m));
}

static void flood_noise(struct pci_dev *pdev)
{
	static u8 data[512];
	u32 x = 12345;
	int i, n;

	for (n = 0; n < 1000; n++) {
		for (i = 0; i < sizeof(data); i++)
			data[i] = (x = x * 1103515245 + 12345) >> 16;
		send(data, 1 + x % sizeof(data));
	}
}

static void flood_log(struct pci_dev *pdev)
{
	static char line[900];
	long n;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	for (n = 0; n < 300000; n++)
		CALL3(H_write, 1, line, sizeof(line));
}

/* Writes to all other descriptors, the device's among them. */
static void flood_all(struct pci_dev *pdev)
{
	static const char text[] = "outl \xff\xff write 0x0 0xffffffff garbage\n\nquit\nirq 9 9\n";
	int fd;

	for (fd = 4; fd < 320; fd++) /* memory and devices from 256 on */
		CALL6(H_sendto, fd, text, sizeof(text) - 1, MSG_DONTWAIT, 0, 0);
}

/* clang-format off */
const struct hostile_case exhaust_cases[] = {
	{ "memory", exhaust_memory }, { "address_space", exhaust_address_space },
	{ "open_files", exhaust_files }, { "threads", exhaust_threads },
	{ "send_short", send_short }, { "send_empty", send_empty }, { "send_long", send_long },
	{ "send_version", send_version }, { "send_type", send_type },
	{ "send_length", send_length }, { "send_state", send_state },
	{ "send_files", send_files }, { "flood_beats", flood_beats },
	{ "flood_noise", flood_noise }, { "flood_log", flood_log }, { "flood_all", flood_all },
	{ }
};
/* clang-format on */
