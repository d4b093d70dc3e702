/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For LD_PRELOAD: simulates a host whose wall clock is set an hour ahead on SIGUSR1. Covers only
 * what the driver host uses: clock_gettime() of CLOCK_REALTIME, and its timerfd, which the step
 * cancels.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define STEP_S 3600

static _Atomic int fake_fd = -1;
static _Atomic int step_s;

static void on_usr1(int sig)
{
	uint64_t one = 1;
	int saved = errno;

	atomic_store(&step_s, STEP_S);
	if (write(fake_fd, &one, sizeof(one)) < 0)
		_exit(3);
	errno = saved;
}

__attribute__((constructor)) static void set_up(void)
{
	signal(SIGUSR1, on_usr1);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	static int (*real)(clockid_t clock, struct timespec * t);
	int r;

	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	r = real(clock, t);
	if (!r && clock == CLOCK_REALTIME)
		t->tv_sec += atomic_load(&step_s);
	return r;
}

int timerfd_create(clockid_t clock, int flags)
{
	static int (*real)(clockid_t clock, int flags);

	if (!real)
		real = (int (*)(clockid_t, int))dlsym(RTLD_NEXT, "timerfd_create");
	if (clock != CLOCK_REALTIME)
		return real(clock, flags);
	fake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return fake_fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	static int (*real)(int fd, int flags, const struct itimerspec *value,
			   struct itimerspec *old);

	if (!real)
		real = (int (*)(int, int, const struct itimerspec *,
				struct itimerspec *))dlsym(RTLD_NEXT, "timerfd_settime");
	if (fd != fake_fd)
		return real(fd, flags, value, old);
	if (flags == (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return 0;
	errno = EINVAL;
	return -1;
}

/* As in the kernel: one read of a cancelled timer fails. */
ssize_t read(int fd, void *buf, size_t n)
{
	static ssize_t (*real)(int fd, void *buf, size_t n);
	ssize_t r;

	if (!real)
		real = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	r = real(fd, buf, n);
	if (fd != fake_fd || r < 0)
		return r;
	errno = ECANCELED;
	return -1;
}
