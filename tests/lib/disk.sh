# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For tests of the block bridge's back half: ddekit-blockring on an image.  Sourced after
# emu.sh.

RING=$TOOLS/ddekit-blockring
[ -e "$RING" ] || die "$RING is not built: run tests/run, or ninja -C $BUILD"
T=$(mktemp -d /var/tmp/ddekit-disk.XXXXXX)
trap 'rm -rf "$T"' EXIT
IMAGE=$T/disk.img

# QEMU's device of a driver.
disk_device() {
	case $1 in
	nvme) echo nvme,serial=one ;;
	ahci) echo ahci ;;
	virtio_blk) echo virtio-blk-pci,serial=one ;;
	sdhci-pci) echo sdhci-pci ;;
	*) die "no emulated device for driver $1" ;;
	esac
}

# disk_image SIZE: fills $IMAGE with random data; a copy of it is in $IMAGE.was
disk_image() {
	head -c "$1" /dev/urandom >"$IMAGE"
	cp "$IMAGE" "$IMAGE.was"
}

# front DRIVER [OPTIONS] COMMAND...: runs ddekit-blockring; its output is also in $T/out, the
# driver host's log in $T/log
front() {
	local driver=$1
	shift
	timeout 120 "$RING" --build "$BUILD" --driver "$driver" \
		--device "$(disk_device "$driver")" --drive "$IMAGE" "$@" >"$T/out" 2>"$T/log" || {
		cat "$T/out" "$T/log"
		fail "ddekit-blockring $driver $* ended with status $?"
	}
	cat "$T/out"
}

# expect_results RESULT...: the lines that the commands printed, in their order
expect_results() {
	expect_eq "$(grep -v '^disk \|pieces' "$T/out" | paste -sd' ')" "$*" "results"
}

# same OFFSET BYTES FILE: fails unless BYTES of the image at OFFSET are the first of FILE
same() {
	cmp --ignore-initial="$1:0" --bytes="$2" "$IMAGE" "$3" ||
		fail "the image at $1 differs from $3"
}
