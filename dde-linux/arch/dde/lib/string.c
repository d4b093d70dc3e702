// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying and filling memory: short blocks with a few overlapping vector moves, long
 * ones with the processor's string instructions if these are fast on bytes.  Vector
 * registers can be used, because this code runs in an ordinary process.
 */
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/types.h>
#include <asm/cpuid.h>
#include <asm/page.h>
#include "lib.h"

#undef memcpy
#undef memmove
#undef memset

/* With KASAN the plain names check their arguments (mm/kasan/shadow.c). */
#ifdef CONFIG_KASAN
#define memcpy __memcpy
#define memmove __memmove
#define memset __memset
#endif

void *memcpy(void *to, const void *from, __kernel_size_t len);
void *memmove(void *to, const void *from, __kernel_size_t len);
void *memset(void *to, int value, __kernel_size_t len);
void clear_page(void *page);
void copy_page(void *to, const void *from);

typedef u16 u16_any __attribute__((aligned(1), may_alias));
typedef u32 u32_any __attribute__((aligned(1), may_alias));
typedef u64 u64_any __attribute__((aligned(1), may_alias));
typedef long long v16 __attribute__((vector_size(16), aligned(1), may_alias));

/* From this length on, a string instruction outweighs its start-up cost. */
#define STRING_MIN 800

/* STRING_MIN if the processor has fast string instructions; otherwise they are not used. */
static size_t string_min __ro_after_init = SIZE_MAX;

void __init dde_string_init(const struct cpu_features *cpu)
{
	if (cpu->leaf7_b & CPUID_7_EBX_ERMS)
		string_min = STRING_MIN;
}

#define LOAD(type, p) (*(const type *)(p))
#define STORE(type, p, v) (*(type *)(p) = (v))

/* Loads all before it stores any, so the blocks may overlap. */
#define MOVE_ENDS(type) \
	do { \
		type first = LOAD(type, from); \
		type last = LOAD(type, from + len - sizeof(type)); \
\
		STORE(type, to, first); \
		STORE(type, to + len - sizeof(type), last); \
	} while (0)

static __always_inline void move_up_to_16(void *to, const void *from, size_t len)
{
	if (len >= 8)
		MOVE_ENDS(u64_any);
	else if (len >= 4)
		MOVE_ENDS(u32_any);
	else if (len >= 2)
		MOVE_ENDS(u16_any);
	else if (len)
		*(u8 *)to = *(const u8 *)from;
}

/* 17 to 64 bytes: four vectors that overlap in the middle. */
static __always_inline void move_up_to_64(void *to, const void *from, size_t len)
{
	size_t second = len > 32 ? 16 : 0;
	v16 a = LOAD(v16, from), b = LOAD(v16, from + second);
	v16 c = LOAD(v16, from + len - 16 - second), d = LOAD(v16, from + len - 16);

	STORE(v16, to, a);
	STORE(v16, to + second, b);
	STORE(v16, to + len - 16 - second, c);
	STORE(v16, to + len - 16, d);
}

/* Loads all before it stores any. */
static __always_inline void move_64(void *to, const void *from)
{
	v16 a = LOAD(v16, from), b = LOAD(v16, from + 16);
	v16 c = LOAD(v16, from + 32), d = LOAD(v16, from + 48);

	STORE(v16, to, a);
	STORE(v16, to + 16, b);
	STORE(v16, to + 32, c);
	STORE(v16, to + 48, d);
}

/* More than 64 bytes. The last 64 are loaded first, as they may be overwritten. */
static __always_inline void move_forward(void *to, const void *from, size_t len)
{
	v16 t0 = LOAD(v16, from + len - 64), t1 = LOAD(v16, from + len - 48);
	v16 t2 = LOAD(v16, from + len - 32), t3 = LOAD(v16, from + len - 16);
	void *tail = to + len - 64;
	size_t blocks = (len - 1) & ~63ul;
	long at = -(long)blocks;

	to += blocks;
	from += blocks;
	if (blocks & 64) {
		move_64(to + at, from + at);
		at += 64;
	}
	for (; at; at += 128) {
		move_64(to + at, from + at);
		move_64(to + at + 64, from + at + 64);
	}
	STORE(v16, tail, t0);
	STORE(v16, tail + 16, t1);
	STORE(v16, tail + 32, t2);
	STORE(v16, tail + 48, t3);
}

static __always_inline void move_backward(void *to, const void *from, size_t len)
{
	v16 h0 = LOAD(v16, from), h1 = LOAD(v16, from + 16);
	v16 h2 = LOAD(v16, from + 32), h3 = LOAD(v16, from + 48);
	void *end = to + len;

	for (from += len; len > 64; len -= 64) {
		from -= 64;
		end -= 64;
		move_64(end, from);
	}
	STORE(v16, to, h0);
	STORE(v16, to + 16, h1);
	STORE(v16, to + 32, h2);
	STORE(v16, to + 48, h3);
}

static __always_inline void string_copy(void *to, const void *from, size_t len)
{
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(len) : : "memory");
}

static __always_inline void string_fill(void *to, u8 value, size_t len)
{
	asm volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(value) : "memory");
}

void *memcpy(void *to, const void *from, size_t len)
{
	if (len <= 16)
		move_up_to_16(to, from, len);
	else if (len <= 64)
		move_up_to_64(to, from, len);
	else if (len < string_min)
		move_forward(to, from, len);
	else
		string_copy(to, from, len);
	return to;
}
EXPORT_SYMBOL(memcpy);

void *memmove(void *to, const void *from, size_t len)
{
	if (len <= 16)
		move_up_to_16(to, from, len);
	else if (len <= 64)
		move_up_to_64(to, from, len);
	else if ((unsigned long)to - (unsigned long)from < len)
		move_backward(to, from, len);
	else
		move_forward(to, from, len);
	return to;
}
EXPORT_SYMBOL(memmove);

#define FILL_ENDS(type, v) \
	do { \
		STORE(type, to, (type)(v)); \
		STORE(type, to + len - sizeof(type), (type)(v)); \
	} while (0)

void *memset(void *to, int value, size_t len)
{
	u64 word = (u8)value * 0x0101010101010101ull;
	v16 vector = { word, word };
	void *p;

	if (len < 16) {
		if (len >= 8)
			FILL_ENDS(u64_any, word);
		else if (len >= 4)
			FILL_ENDS(u32_any, word);
		else if (len >= 2)
			FILL_ENDS(u16_any, word);
		else if (len)
			*(u8 *)to = value;
	} else if (len < string_min) {
		STORE(v16, to + len - 16, vector);
		for (p = to; len >= 16; len -= 16, p += 16)
			STORE(v16, p, vector);
	} else {
		string_fill(to, value, len);
	}
	return to;
}
EXPORT_SYMBOL(memset);

/* Aligned words are fast on any processor. */
void clear_page(void *page)
{
	size_t words = PAGE_SIZE / 8;

	asm volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(0L) : "memory");
}
EXPORT_SYMBOL(clear_page);

void copy_page(void *to, const void *from)
{
	size_t words = PAGE_SIZE / 8;

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}
EXPORT_SYMBOL(copy_page);
