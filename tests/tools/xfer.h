/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of ddekit-xfer: reproducible data with its hash, and socket input and output with a time
 * limit for progress.
 */
#ifndef DDEKIT_XFER_H
#define DDEKIT_XFER_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XFER_SHA_LEN 32
#define XFER_NO_DIFFERENCE UINT64_MAX

/* ---- xfer-data.c ---- */

/* Writes bytes [offset, offset + len) of the stream of a seed.  offset: a multiple of 8. */
void xfer_fill(uint8_t *buf, size_t len, uint64_t seed, uint64_t offset);
/*
 * Return: offset of the first byte of buf that differs from the stream; XFER_NO_DIFFERENCE if all
 * are equal.
 */
uint64_t xfer_compare(const uint8_t *buf, size_t len, uint64_t seed);
/* An anonymous mapping, pages present. Return: NULL if there is no memory. */
uint8_t *xfer_memory(size_t len);
void xfer_memory_free(uint8_t *buf, size_t len);

/* SHA-256 over any number of updates. Ends the program if libcrypto fails. */
EVP_MD_CTX *xfer_sha_start(void);
void xfer_sha_add(EVP_MD_CTX *sha, const void *data, size_t len);
void xfer_sha_end(EVP_MD_CTX *sha, uint8_t out[XFER_SHA_LEN]);
void xfer_sha(const void *data, size_t len, uint8_t out[XFER_SHA_LEN]);
/* text: 2 * XFER_SHA_LEN + 1 bytes. Return: text. */
char *xfer_sha_text(const uint8_t sha[XFER_SHA_LEN], char *text);

/* ---- xfer-net.c ---- */

/* One connection. */
struct xfer_conn {
	int fd;
	int timeout_ms;
	uint64_t rate;     /* limit in bit/s; 0: none */
	uint64_t sent;     /* bytes, for the rate */
	uint64_t start_ns; /* of the bulk data, for the rate */
	uint64_t last_ns;  /* when bytes last arrived */
	uint64_t stall_ns; /* longest time between two receives of bulk data */
};

/* seconds without progress after which the calls below fail with -ETIMEDOUT. */
void xfer_conn_init(struct xfer_conn *c, int fd, double seconds);
/* Start of bulk data: resets rate and stall accounting. */
void xfer_conn_bulk(struct xfer_conn *c);
/* Sends all bytes.  Return: 0, -ETIMEDOUT, -EPIPE (peer closed), -errno. */
int xfer_send(struct xfer_conn *c, const void *data, size_t len);
int xfer_recv(struct xfer_conn *c, void *data, size_t len);

#endif
