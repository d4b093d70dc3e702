# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A device whose disk is a file, served by NBD.  Sourced after emu.sh.
#
#	nbd_begin DRIVER SIZE QEMU-DEVICE [KEY=VALUE...]   $DISK is the disk's file
#	disk_uri                       URI of the first disk
#	disk_fio NAME OPTION...        fio with verify on that disk; output in $T/NAME.fio
#	disk_expect_clean              fails after an error or a violation of the ring's rules

for program in nbdkit nbdinfo qemu-img qemu-io fio; do
	command -v "$program" >/dev/null || skip_all "no $program"
done

nbd_begin() {
	local driver=$1 size=$2 device=$3
	shift 3
	dde_begin
	DISK=$T/disk.img
	truncate -s "$size" "$DISK"
	dde_device "$BDF" driver="$driver" device="$device" netdev= ifname= netns= \
		drive="$DISK,discard=unmap" disk=nbd "$@"
}

disk_start() {
	dde_start
	dde_wait_state "$BDF" up 15
}

disk_get() { # FILTER on the first disk
	dev_get "$BDF" ".block.disks[0]$1"
}

disk_uri() {
	disk_get .host
}

disk_fio() {
	local name=$1
	shift
	fio --name="$name" --ioengine=nbd --uri="$(disk_uri)" --verify=crc32c --verify_fatal=1 \
		--verify_state_save=0 --randrepeat=0 --output="$T/$name.fio" "$@" || {
		tail -n 20 "$T/$name.fio" >&2
		return 1
	}
}

disk_expect_clean() {
	expect_eq "$(disk_get .errors)" 0 "errors of the disk"
	expect_eq "$(dev_get "$BDF" .block.ring_violations)" 0 "violations of the ring's rules"
	expect_eq "$(dev_get "$BDF" .block.expired)" 0 "expired requests"
}

# Writes a pattern as large as the disk to FILE; no two sectors are the same.
disk_pattern() { # FILE SEED
	openssl enc -aes-128-ctr -nosalt -K "$(printf '%032x' "$2")" -iv "$(printf '%032x' 0)" \
		-in /dev/zero 2>/dev/null | head -c "$(stat -c %s "$DISK")" >"$1" || true
}

# ---- test functions for every disk driver ----

disk_is_described() {
	local info size
	disk_start
	size=$(stat -c %s "$DISK")
	info=$(nbdinfo --json "$(disk_uri)" | jq '.exports[0]')
	expect_eq "$(jq '."export-size"' <<<"$info")" "$size" "size of the export"
	expect_eq "$(disk_get .bytes)" "$size" "size in the status"
	expect_eq "$(jq '.block_size_minimum' <<<"$info")" "$(disk_get .logical_block)" \
		"minimum block size"
	expect_eq "$(jq '.is_read_only' <<<"$info")" false "read-only"
}

# DISK_SLOWER=N: writes 1/N of the data, for slow media.
disk_stores_random_writes() {
	local bs depth n=${DISK_SLOWER:-1}
	disk_fio qd1 --rw=randrw --bs=512 --iodepth=1 --number_ios=$((1000 / n)) --size=16M
	disk_fio qd1-sizes --rw=randwrite --bsrange=512-1M --iodepth=1 --size=$((16 / n))M
	disk_fio qd32 --rw=randwrite --bsrange=512-1M --iodepth=32 --size=$((64 / n))M
	for bs in 4k 64k 1M; do
		disk_fio "sizes-$bs" --rw=randwrite --bs=$bs --iodepth=32 --size=$((32 / n))M
	done
	# A trim and the write after it must not run at the same time.
	for depth in 1 32; do
		disk_fio "trim-qd$depth" --rw=randtrimwrite --bs=64k --iodepth=$depth \
			--size=$((16 / n))M --serialize_overlap=1
	done
	disk_expect_clean
}

disk_stores_a_pattern() {
	disk_pattern "$T/pattern" 1
	qemu-img convert -n -f raw -O raw "$T/pattern" "$(disk_uri)"
	cmp "$T/pattern" "$DISK" || fail "the file behind the device has different data"
	qemu-img compare -f raw -F raw "$T/pattern" "$(disk_uri)" ||
		fail "the data read differs from the data written"
	disk_expect_clean
}

# Creates a file system in a file, writes it through the driver, reads the file behind the device.
disk_stores_a_file_system() {
	mkdir "$T/tree"
	cp -r "$REPO/daemon" "$REPO/tests/lib" "$T/tree"
	truncate -s "$(stat -c %s "$DISK")" "$T/fs"
	mkfs.ext4 -q -F -d "$T/tree" "$T/fs"
	qemu-img convert -n -f raw -O raw "$T/fs" "$(disk_uri)"
	e2fsck -fn "$DISK" >"$T/fsck" 2>&1 || fail "fsck: $(cat "$T/fsck")"
	mkdir "$T/back"
	debugfs -R "rdump / $T/back" "$DISK" >/dev/null 2>&1
	diff -r -x lost+found "$T/tree" "$T/back" || fail "the files read differ from those written"
}

disk_stops_and_leaves_nothing() {
	dde_stop
	expect_nothing_left
}
