/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plays ddekitd for a front: creates the shared memory and eventfds, starts a simulated back, and
 * the front with a listening socket as fd 3 and ring, control, kick, done, life as 4 to 8.
 *
 *	block-rig [OPTIONS] SOCKET FILE FRONT [ARGUMENT…]
 *
 * Commands on stdin are single letters: k kills the back and starts another; a kills it; s starts
 * one; g kills it and starts one whose disk is removed; h stops it (SIGSTOP), c continues it; f
 * kills the front and starts another; n asks for the front's number of requests in flight. The
 * reply on stdout is "ok", for n "ok NUMBER"; after the start it is "ok" and the front's pid. It
 * ends, together with the front, at the end of stdin.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "back.h"

#define FIRST_FD 3

static struct block_share share = BLOCK_SHARE_NONE;
static struct back_options options = { .block = 512, .max_bytes = 128 << 10 };
static int listener, life[2];
static char **front_argv;
static pid_t back, front;
static bool halted; /* the back */

static int listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(path) >= sizeof(a.sun_path))
		errx(1, "%s: too long", path);
	strcpy(a.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0)
		err(1, "%s", path);
	return fd;
}

static void start_back(void)
{
	int tries = 100;

	while (block_share_back_try_start(&share) == -EAGAIN)
		if (!tries-- || poll(NULL, 0, 10) < 0)
			errx(1, "the front never stops withdrawing");
	back = fork();
	if (back < 0)
		err(1, "fork");
	if (!back) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		close(life[0]);
		back_run(&share, &options);
	}
	block_share_back_serves(&share);
}

static void kill_back(void)
{
	if (back <= 0)
		return;
	kill(back, SIGKILL);
	waitpid(back, NULL, 0);
	back = 0;
	halted = false;
	block_share_back_died(&share);
}

/* Returns once the back is stopped. */
static void halt_back(void)
{
	int status = 0;

	if (halted)
		return;
	if (back <= 0 || kill(back, SIGSTOP) < 0 || waitpid(back, &status, WUNTRACED) != back ||
	    !WIFSTOPPED(status))
		errx(1, "cannot stop the back");
	halted = true;
}

static void continue_back(void)
{
	if (back > 0)
		kill(back, SIGCONT);
	halted = false;
}

/* In the child.  Copies all fds above the targets first, so that none is overwritten. */
static void place_fds(void)
{
	int fds[] = { listener, share.ring, share.control, share.kick, share.done, life[1] };
	int i, n = sizeof(fds) / sizeof(fds[0]);

	for (i = 0; i < n; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_FD + n);
		if (fds[i] < 0)
			err(1, "fcntl");
	}
	for (i = 0; i < n; i++)
		if (dup2(fds[i], FIRST_FD + i) < 0)
			err(1, "dup2");
}

static void start_front(void)
{
	char text[32];

	front = fork();
	if (front < 0)
		err(1, "fork");
	if (front)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	place_fds();
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", "1", 1);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(front_argv[0], front_argv);
	err(1, "%s", front_argv[0]);
}

static void kill_front(void)
{
	kill(front, SIGKILL);
	waitpid(front, NULL, 0);
	block_share_front_died(&share);
}

static void run_command(int c)
{
	if (c == 'k' || c == 'a' || c == 'g')
		kill_back();
	options.no_disk = c == 'g';
	if (c == 'k' || c == 's' || c == 'g')
		start_back();
	if (c == 'f') {
		kill_front();
		start_front();
	}
	if (c == 'h')
		halt_back();
	if (c == 'c')
		continue_back();
	if (c == 'n')
		printf("ok %llu\n", (unsigned long long)__atomic_load_n(&share.c->disk[0].in_flight,
									__ATOMIC_RELAXED));
	else if (c != '\n')
		printf("ok\n");
	fflush(stdout);
}

static void read_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "block", required_argument, NULL, 'b' },
		{ "delay-us", required_argument, NULL, 'd' },
		{ "errors", required_argument, NULL, 'e' },
		{ "timeout-ms", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	uint32_t timeout_ms = 0;
	int c;

	while ((c = getopt_long(argc, argv, "+", names, NULL)) != -1) {
		uint32_t n = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;

		if (c == 'b')
			options.block = n;
		else if (c == 'd')
			options.delay_us = n;
		else if (c == 'e')
			options.error_percent = n;
		else if (c == 't')
			timeout_ms = n;
		else
			exit(2);
	}
	if (argc - optind < 3)
		errx(2, "usage: block-rig [OPTIONS] SOCKET FILE FRONT [ARGUMENT…]");
	if (block_share_create(timeout_ms, &share) < 0)
		errx(1, "no memory for the ring");
}

int main(int argc, char **argv)
{
	int c, status;

	read_options(argc, argv);
	listener = listen_at(argv[optind]);
	options.file = argv[optind + 1];
	front_argv = argv + optind + 2;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, life) < 0)
		err(1, "socketpair");
	share.wake = life[0];
	start_back();
	start_front();
	printf("ok %d\n", (int)front);
	fflush(stdout);
	while ((c = getchar()) != EOF)
		run_command(c);
	/* The front ends when its socket is closed. */
	close(life[0]);
	close(life[1]);
	share.wake = -1;
	waitpid(front, &status, 0);
	kill_back();
	return !(WIFEXITED(status) && !WEXITSTATUS(status));
}
