/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks (see include/ddekit/lock.h). */
#include <errno.h>
#include <unistd.h>
#include <ddekit/lock.h>
#include "owner.h"

void ddekit_lock_init_unlocked(ddekit_lock_t *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
	lock_set_owner(lock, 0);
}

void ddekit_lock_init(ddekit_lock_t *lock)
{
	ddekit_lock_init_unlocked(lock);
}

void ddekit_lock_deinit(ddekit_lock_t *lock)
{
	pthread_mutex_destroy(&lock->mutex);
}

void ddekit_lock_lock(ddekit_lock_t *lock)
{
	pthread_mutex_lock(&lock->mutex);
	lock_set_owner(lock, gettid());
}

void ddekit_lock_unlock(ddekit_lock_t *lock)
{
	lock_set_owner(lock, 0);
	pthread_mutex_unlock(&lock->mutex);
}

int ddekit_lock_try_lock(ddekit_lock_t *lock)
{
	if (pthread_mutex_trylock(&lock->mutex))
		return -EBUSY;
	lock_set_owner(lock, gettid());
	return 0;
}

int ddekit_lock_owner(const ddekit_lock_t *lock)
{
	return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);
}
