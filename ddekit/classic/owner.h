/* SPDX-License-Identifier: GPL-2.0-only */
/* Who holds a lock, which a condition variable changes too. Private to ddekit/classic/. */
#ifndef DDEKIT_OWNER_H
#define DDEKIT_OWNER_H

#include <ddekit/lock.h>

/* id: of the thread, 0: nobody. The caller has the mutex. */
static inline void lock_set_owner(ddekit_lock_t *lock, int id)
{
	__atomic_store_n(&lock->owner, id, __ATOMIC_RELAXED);
}

#endif
