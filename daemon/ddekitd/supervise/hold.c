/* SPDX-License-Identifier: GPL-2.0-only */
/* A child that has ddekitd's open files after its end; see hold.h. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "hold.h"

/* ddekitd has threads: only calls that are safe in a signal handler. */
static void hold(void)
{
	sigset_t none;

	prctl(PR_SET_NAME, HOLD_NAME);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (;;)
		pause();
}

int hold_files(void)
{
	pid_t pid = fork();

	if (!pid)
		hold();
	return pid < 0 ? -errno : 0;
}
