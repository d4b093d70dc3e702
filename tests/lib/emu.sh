# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# One line at the top of an end-to-end test: . "$(dirname "$0")/../lib/emu.sh"

ME=$(basename "$0")
export ME
for lib in env tap daemon module; do
	# shellcheck source=/dev/null
	. "$(dirname "${BASH_SOURCE[0]}")/$lib.sh"
done

[ "$(id -u)" = 0 ] || skip_all "network namespaces and TAPs need root"
command -v qemu-system-x86_64 >/dev/null ||
	skip_all "no qemu-system-x86_64 (package qemu-system-x86)"
need_built() {
	local file
	for file; do
		[ -e "$file" ] || die "$file is not built: run tests/run, or ninja -C $BUILD"
	done
}
need_built "$DDEKITD" "$DDECTL" "$HOST_BINARY" "$RUNTIME" "$TOOLS/ddekit-xfer"
# Skips the test if the flavour smp is not built.
needs_smp() {
	[ -e "$RUNTIME_SMP" ] || skip_all "the runtime for several CPUs is not built (meson -Dsmp)"
}
[ "${DDEKIT_CPUS:-1}" = 1 ] || needs_smp
[ -z "${DDEKIT_DEBUG:-}" ] || [ -e "$RUNTIME_DEBUG" ] ||
	skip_all "the debug runtime is not built (meson -Ddebug-runtime=true)"

export NIGHTLY=${DDEKIT_NIGHTLY:-}
