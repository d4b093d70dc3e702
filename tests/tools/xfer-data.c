/* SPDX-License-Identifier: GPL-2.0-only */
/* ddekit-xfer: reproducible pseudo-random data, and its SHA-256. */
#include "xfer.h"

#include <string.h>
#include <sys/mman.h>

#include "common.h"

#define WORD_STEP 0x9e3779b97f4a7c15ull

/*
 * The stream's i-th 64-bit word: a bijective mix of a counter, so that any part of the stream can
 * be generated on its own.
 */
static inline uint64_t word_at(uint64_t seed, uint64_t i)
{
	uint64_t x = seed + (i + 1) * WORD_STEP;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

void xfer_fill(uint8_t *buf, size_t len, uint64_t seed, uint64_t offset)
{
	uint64_t first = offset / 8, word;
	size_t words = len / 8;

	for (size_t i = 0; i < words; i++) {
		word = word_at(seed, first + i);
		memcpy(buf + 8 * i, &word, 8);
	}
	word = word_at(seed, first + words);
	memcpy(buf + 8 * words, &word, len % 8);
}

uint64_t xfer_compare(const uint8_t *buf, size_t len, uint64_t seed)
{
	uint8_t expected[4096];
	size_t n;

	for (size_t at = 0; at < len; at += n) {
		n = len - at < sizeof(expected) ? len - at : sizeof(expected);
		xfer_fill(expected, n, seed, at);
		if (!memcmp(buf + at, expected, n))
			continue;
		for (size_t i = 0; i < n; i++)
			if (buf[at + i] != expected[i])
				return at + i;
	}
	return XFER_NO_DIFFERENCE;
}

uint8_t *xfer_memory(size_t len)
{
	size_t size = len ? len : 1;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (!madvise(p, size, MADV_POPULATE_WRITE))
		return p;
	munmap(p, size);
	return NULL;
}

void xfer_memory_free(uint8_t *buf, size_t len)
{
	if (buf)
		munmap(buf, len ? len : 1);
}

EVP_MD_CTX *xfer_sha_start(void)
{
	EVP_MD_CTX *sha = EVP_MD_CTX_new();

	if (!sha || !EVP_DigestInit_ex(sha, EVP_sha256(), NULL))
		die("libcrypto has no SHA-256");
	return sha;
}

void xfer_sha_add(EVP_MD_CTX *sha, const void *data, size_t len)
{
	if (!EVP_DigestUpdate(sha, data, len))
		die("libcrypto failed to hash %zu bytes", len);
}

void xfer_sha_end(EVP_MD_CTX *sha, uint8_t out[XFER_SHA_LEN])
{
	if (!EVP_DigestFinal_ex(sha, out, NULL))
		die("libcrypto failed to finish a hash");
	EVP_MD_CTX_free(sha);
}

void xfer_sha(const void *data, size_t len, uint8_t out[XFER_SHA_LEN])
{
	EVP_MD_CTX *sha = xfer_sha_start();

	xfer_sha_add(sha, data, len);
	xfer_sha_end(sha, out);
}

char *xfer_sha_text(const uint8_t sha[XFER_SHA_LEN], char *text)
{
	static const char hex[] = "0123456789abcdef";

	for (int i = 0; i < XFER_SHA_LEN; i++) {
		text[2 * i] = hex[sha[i] >> 4];
		text[2 * i + 1] = hex[sha[i] & 15];
	}
	text[2 * XFER_SHA_LEN] = 0;
	return text;
}
