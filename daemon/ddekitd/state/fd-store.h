/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File descriptors that the service manager keeps for ddekitd's successor.  Each
 * has a name of two parts, the key (a device) and what it is.  Without a service
 * manager, or without --fd-store, all of it does nothing.
 */
#ifndef DDEKITD_FD_STORE_H
#define DDEKITD_FD_STORE_H

#include "lib/util.h"

#define FDSTORE_KEY_MAX 64 /* with its NUL */

struct fdstore;

/* Adopts the file descriptors that the predecessor left, if any.
 * @wanted: put() is to store. Return: 0, -ENOMEM. */
int fdstore_open(bool wanted, struct fdstore **ret);
/* Closes what was not claimed. The service manager keeps what it has. */
void fdstore_close(struct fdstore *store); /* NULL is fine */

/* Whether anything is stored; NULL: nothing. */
bool fdstore_active(const struct fdstore *store);
/* A device's BDF as a key: names may not have colons. key: FDSTORE_KEY_MAX. */
char *fdstore_key(const char *bdf, char *key);

/* Has a copy of fd kept under that name, in place of what has it now. 0 also if
 * nothing is stored. Return: 0, -ENOMEM, -errno of sending. */
int fdstore_put(struct fdstore *store, const char *key, const char *what, int fd);
/* The service manager forgets all that has this key; what was inherited and not
 * taken is closed. */
void fdstore_drop(struct fdstore *store, const char *key);

/* What the predecessor left under that name, moved. Return: fd, -ENOENT. */
int fdstore_take(struct fdstore *store, const char *key, const char *what);
/* The same, borrowed. */
int fdstore_peek(const struct fdstore *store, const char *key, const char *what);
/* As take(), all of @prefix0, @prefix1, … in this order, up to max.
 * Return: how many. */
unsigned int fdstore_take_list(struct fdstore *store, const char *key, const char *prefix, int *fds,
			       unsigned int max);
/* A key under which something inherited has that name and is not taken; NULL:
 * none. Borrowed until the next call but take(). */
const char *fdstore_find(struct fdstore *store, const char *what);

/* Calls fn for each fd that the predecessor left and nobody has taken. */
void fdstore_each(const struct fdstore *store, void (*fn)(void *arg, int fd), void *arg);
/* What the predecessor left and nobody took is forgotten. */
void fdstore_drop_rest(struct fdstore *store);

/* Waits until the service manager has seen all that was sent. Any thread; blocks up to 5 s.
 * Return: 0, -ETIMEDOUT, -errno. */
int fdstore_wait(void);

#endif
