/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A QEMU that an attacker controls: what it reaches with the rights that QEMU has.  It is
 * DDEKIT_QEMU. With the arguments "-escape PID+FILE+PORT" it tries to signal the process, to
 * write its memory, to get its files, to open and to remove the file, and to connect to the port
 * of this machine; prints the results and ends. FILE lacks its first "/", so that ddekitd does
 * not take it for a file of the configuration.  With "-shout TEXT" it ends with output that is
 * no text.  Otherwise it becomes QEMU.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static void report(const char *what, long r)
{
	fprintf(stderr, "%s=%s ", what, r < 0 ? strerrorname_np(errno) : "ok");
}

static long write_memory(pid_t pid)
{
	char c = 0;
	struct iovec local = { &c, 1 }, remote = { (void *)0x1000, 1 };
	ssize_t n = process_vm_writev(pid, &local, 1, &remote, 1, 0);

	return n < 0 && errno == EFAULT ? 0 : n; /* allowed, but nothing is there */
}

static long get_file(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -1 : syscall(SYS_pidfd_getfd, fd, 0, 0);
}

static long reach(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&to, sizeof(to));
}

static void escape(const char *argument)
{
	char path[256] = "/";
	int pid, port;

	if (sscanf(argument, "%d+%254[^+]+%d", &pid, path + 1, &port) != 3)
		exit(2);
	report("kill", kill(pid, 0));
	report("memory", write_memory(pid));
	report("files", get_file(pid));
	report("open", open(path, O_RDWR));
	report("remove", unlink(path));
	report("network", reach(port));
	fprintf(stderr, "end\n");
	exit(1);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc - 1; i++) {
		if (!strcmp(argv[i], "-shout")) {
			fputs("\x7f\xff\xc3(\xed\xa0\x80 end\n", stderr);
			return 1;
		}
		if (!strcmp(argv[i], "-escape"))
			escape(argv[i + 1]);
	}
	execv("/usr/bin/qemu-system-x86_64", argv);
	perror("qemu-system-x86_64");
	return 1;
}
