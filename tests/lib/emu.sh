# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# One line at the top of an end-to-end test: . "$(dirname "$0")/../lib/emu.sh"

ME=$(basename "$0")
export ME
for lib in env tap daemon; do
	# shellcheck source=/dev/null
	. "$(dirname "${BASH_SOURCE[0]}")/$lib.sh"
done

[ "$(id -u)" = 0 ] || skip_all "network namespaces and TAPs need root"
command -v qemu-system-x86_64 >/dev/null ||
	skip_all "no qemu-system-x86_64 (package qemu-system-x86)"
for file in "$DDEKITD" "$DDECTL" "$HOST_BINARY" "$RUNTIME" "$TOOLS/ddekit-xfer"; do
	[ -e "$file" ] || die "$file is not built: run tests/run, or ninja -C $BUILD"
done

export NIGHTLY=${DDEKIT_NIGHTLY:-}
