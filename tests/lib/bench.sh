# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For benches: results beside their goals, baselines without DDEKit.
# Sourced first: . "$(dirname "$0")/../lib/bench.sh"

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/emu.sh"

need_built "$TOOLS"/ddekit-{frames,card,ping,hostcost}

# Set: short runs that only check that the bench works (tests/bench/run --smoke).
SMOKE=${DDEKIT_SMOKE:-}

# quick FULL SMOKE: prints the value for this kind of run.
quick() {
	if [ -n "$SMOKE" ]; then echo "$2"; else echo "$1"; fi
}

bench_begin() { # "what it measures"
	echo "== $ME: $1"
	echo "   command: $0${SMOKE:+ (smoke: figures mean little)}"
	echo "   machine: $(machine)"
	dde_begin
}

# result "what" VALUE UNIT [le|ge GOAL]: prints one line; marks a missed goal.
result() {
	local verdict='' value=$2
	awk -v v="$value" 'BEGIN { exit !(v ~ /^-?[0-9.]+$/) }' ||
		die "bench: \"$1\": \"$value\" is not a number"
	if [ $# -ge 5 ]; then
		verdict="goal $([ "$4" = le ] && echo '<=' || echo '>=') $5"
		if awk -v v="$value" -v g="$5" -v op="$4" \
			'BEGIN { exit !(op == "le" ? v <= g : v >= g) }'; then
			verdict+=": met"
		else
			verdict+=": MISSED"
		fi
	fi
	printf '   %-58s %10s %-10s %s\n' "$1" "$value" "$3" "$verdict"
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'
}

# ratio A B: A / B with two decimals.
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f\n", a / b }'
}

bring_up() { # dde_device's arguments
	: >"$CONF"
	dde_device "$BDF" "$@"
	dde_start
	dde_wait_state "$BDF" up 20
}

# QEMU's user network without card and driver: a hub joins slirp to a TAP (without offloads: hubs
# have none), which is raw0 in the namespace $NS.
raw_slirp_start() {
	background qemu-system-x86_64 -machine none -nodefaults -display none -serial none \
		-monitor none -netdev user,id=u -netdev hubport,id=h1,hubid=0,netdev=u \
		-netdev tap,id=t,ifname=raw0,script=no,downscript=no,vnet_hdr=off \
		-netdev hubport,id=h2,hubid=0,netdev=t 2>"$T/raw-slirp.log"
	RAW_PID=$PID
	wait_for 5 "raw0" ip link show raw0
	ip link set raw0 netns "$NS"
	ip -n "$NS" addr add "$GUEST" dev raw0
	ip -n "$NS" link set raw0 up
	wait_for 5 "a reply from slirp" ping_gateway --count 1 --linger 100
}

raw_slirp_stop() {
	stop_pid "$RAW_PID"
	wait_for 5 "raw0 to disappear" no_link raw0
}

no_link() {
	! ip -n "$NS" link show "$1" >/dev/null 2>&1
}

gbit() { # send|recv SIZE
	local json
	json=$(xfer "$1" --size "$2")
	[ "$(jq .equal <<<"$json")" = true ] || die "the data differs between both ends"
	jq .gbit_per_s <<<"$json"
}

# CPU time of all threads of a process, in ns.
cpu_ns() {
	cat "/proc/$1/task/"*/schedstat | awk '{ s += $1 } END { printf "%.0f\n", s }'
}

# How often the threads of a process slept and woke up.
wakeups() {
	cat "/proc/$1/task/"*/status | awk '/^voluntary_ctxt_switches:/ { s += $2 }
		END { print s }'
}
