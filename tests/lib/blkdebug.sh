# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Disks that fail.  QEMU's blkdebug makes bad sectors: at 1 MiB one that cannot
# be read, at 3 MiB one that cannot be written, at 2 MiB one of which the first write fails.

blkdebug_rules() {
	bad_sector read_aio 2048
	bad_sector write_aio 6144
	bad_sector write_aio 4096 'once = "on"'
}

bad_sector() { # EVENT SECTOR [RULE]
	printf '[inject-error]\nevent = "%s"\nerrno = "5"\nsector = "%s"\n%s\n' "$1" "$2" "${3:-}"
}

# block_set_io_throttle's argument: so few bytes a second are written; 0: as fast as it can.
slow_disk() { # "device"|"id" NAME BYTES
	printf '{ "%s": "%s", "bps": 0, "bps_rd": 0, "bps_wr": %d, "iops": 0,
		"iops_rd": 0, "iops_wr": 0 }' "$1" "$2" "$3"
}
