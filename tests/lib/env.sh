# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Paths and small helpers.  Sourced; needs bash with set -euo pipefail.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# The meson build folder; the environment can name another one.
BUILD=${DDEKIT_BUILD:-$REPO/build}
TOOLS=$BUILD/tests/tools
DDEKITD=$BUILD/daemon/ddekitd
DDECTL=$BUILD/daemon/ddectl
HOST_BINARY=$BUILD/daemon/driver-host/ddekit-host
# DDEKIT_KERNEL: another kernel version than the default one.
KERNEL_BUILD=$BUILD/${DDEKIT_KERNEL:+kernels/$DDEKIT_KERNEL}
[ -n "${DDEKIT_KERNEL:-}" ] || KERNEL_BUILD=$BUILD/dde-linux
RUNTIME=$KERNEL_BUILD/libdde-linux.so
RUNTIME_SMP=$KERNEL_BUILD/libdde-linux-smp.so
RUNTIME_DEBUG=$KERNEL_BUILD/libdde-linux-up+debug.so
PLUGINS=$BUILD/drivers/plugins
[ -z "${DDEKIT_KERNEL:-}" ] || PLUGINS=$KERNEL_BUILD/plugins
export REPO BUILD TOOLS DDEKITD DDECTL HOST_BINARY RUNTIME RUNTIME_SMP RUNTIME_DEBUG
export PLUGINS KERNEL_BUILD

# The name of the running program, for messages.
ME=${ME:-$(basename "$0")}

say() {
	printf '%s\n' "$*" >&2
}

# die TEXT...: prints an error and exits with 1.
die() {
	say "$ME: $*"
	exit 1
}

# Milliseconds of a clock that never steps.
mono_ms() {
	local up
	read -r up _ </proc/uptime
	echo $((10#${up/./} * 10))
}

# wait_for SECONDS "what" COMMAND...: waits until COMMAND succeeds.  On timeout it prints "what"
# and fails.  The limit is for an idle machine; DDEKIT_PATIENCE multiplies it.
wait_for() {
	local limit=$(($1 * ${DDEKIT_PATIENCE:-1})) what=$2 end
	shift 2
	end=$(($(mono_ms) + limit * 1000))
	# In a subshell: a failed expectation exits.
	until ("$@") >/dev/null 2>&1; do
		if (($(mono_ms) >= end)); then
			say "$ME: timed out after $limit s, waiting for: $what"
			return 1
		fi
		sleep 0.02
	done
}

is_gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

# stop_pid PID [SECONDS]: SIGTERM, then SIGKILL after SECONDS (default 5).
stop_pid() {
	local pid=$1
	kill -TERM "$pid" 2>/dev/null || return 0
	wait_for "${2:-5}" "end of process $pid" is_gone "$pid" 2>/dev/null ||
		kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

# All descendants of a process, without itself.
descendants() {
	local child
	# shellcheck disable=SC2013 # pids hold no spaces
	for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
		echo "$child"
		descendants "$child"
	done
}

rss_kb() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"
}

# CPU time of a process in clock ticks.
cpu_ticks() {
	sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

machine() {
	local model
	model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
	echo "$(nproc) x ${model:-unknown CPU}, Linux $(uname -r), $(qemu-system-x86_64 --version |
		sed -n '1s/QEMU emulator version \([^ ]*\).*/QEMU \1/p')"
}
