# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The configuration of QEMU's blkdebug for disks with bad sectors: at 1 MiB one that cannot
# be read, at 3 MiB one that cannot be written, at 2 MiB one of which the first write fails.

blkdebug_rules() {
	bad_sector read_aio 2048
	bad_sector write_aio 6144
	bad_sector write_aio 4096 'once = "on"'
}

bad_sector() { # EVENT SECTOR [RULE]
	printf '[inject-error]\nevent = "%s"\nerrno = "5"\nsector = "%s"\n%s\n' "$1" "$2" "${3:-}"
}
