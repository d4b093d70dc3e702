/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ddekit-mark: marks begin and end of a measurement for a counting QEMU that runs this guest
 * (tests/bench/vm).  Without one it has no effect.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../bench/modules/dde_wire/seam.h"
#include "common.h"

static const char help[] =
	"Usage: ddekit-mark start|stop          counting begins, ends\n"
	"       ddekit-mark write FILE TEXT     the same around one write of TEXT and a newline\n"
	"Exit status: 0 done, 1 the write failed, 2 usage.\n";

static int write_marked(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), len;
	char line[256];
	ssize_t done;

	if (fd < 0)
		die_errno(errno, "cannot open %s", path);
	len = snprintf(line, sizeof(line), "%s\n", text);
	if (len >= (int)sizeof(line))
		die_usage("\"%s\" is too long", text);
	mark(MARK_START);
	done = write(fd, line, (size_t)len);
	mark(MARK_STOP);
	if (done != len)
		die_errno(done < 0 ? errno : EIO, "writing \"%s\" to %s", text, path);
	return close(fd) < 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return fputs(help, stdout) < 0;
	if (argc == 2 && !strcmp(argv[1], "start"))
		mark(MARK_START);
	else if (argc == 2 && !strcmp(argv[1], "stop"))
		mark(MARK_STOP);
	else if (argc == 4 && !strcmp(argv[1], "write"))
		return write_marked(argv[2], argv[3]);
	else
		die_usage("expected start, stop or write FILE TEXT");
	return 0;
}
