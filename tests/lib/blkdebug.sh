# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Disks that fail.  QEMU's blkdebug makes bad sectors: at 1 MiB reads fail, at 3 MiB writes fail,
# at 2 MiB only the first write fails.

blkdebug_rules() {
	bad_sector read_aio 2048
	bad_sector write_aio 6144
	bad_sector write_aio 4096 'once = "on"'
}

bad_sector() { # EVENT SECTOR [RULE]
	printf '[inject-error]\nevent = "%s"\nerrno = "5"\nsector = "%s"\n%s\n' "$1" "$2" "${3:-}"
}

# Argument of block_set_io_throttle: limits writes to BYTES per second; 0 removes the limit.
slow_disk() { # "device"|"id" NAME BYTES
	printf '{ "%s": "%s", "bps": 0, "bps_rd": 0, "bps_wr": %d, "iops": 0,
		"iops_rd": 0, "iops_wr": 0 }' "$1" "$2" "$3"
}
