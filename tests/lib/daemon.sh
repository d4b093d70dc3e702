# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A private ddekitd with its own folder and its own network namespace for the TAPs; the clean-up
# leaves nothing behind.  Sourced after env.sh.
#
#	dde_begin                      folder $T, namespace $NS, clean-up on exit
#	dde_device BDF KEY=VALUE...    a section of $T/devices.conf
#	dde_start                      ddekitd in the background; waits until it answers
#	dde_wait_state BDF up          waits for a state; ctl and dev_get query ddekitd
#	dde_stop                       stops it; fails if it does not end cleanly

# The emulated device, for tests that need only one.
BDF=e000:01:00.0
# The address that QEMU's user network assigns; the gateway is this machine's loopback.
GUEST=10.0.2.15/24
GATEWAY=10.0.2.2

# dde_begin [FOLDER NAMESPACE]: creates both; they must not exist yet.
dde_begin() {
	[ "$(id -u)" = 0 ] || die "network namespaces and TAPs need root: run it with sudo"
	[ -c /dev/net/tun ] || die "/dev/net/tun is missing: load the kernel module tun"
	if [ $# = 2 ]; then
		T=$1 NS=$2
		mkdir "$T"
	else
		T=$(mktemp -d /tmp/ddekit-test.XXXXXX)
		NS=dde-${T##*.}
	fi
	chmod 755 "$T"
	RT=$T/run
	CONF=$T/devices.conf
	: >"$CONF"
	: >"$T/background"
	: >"$T/namespaces"
	ip -o link show | awk -F'[:@ ]+' '{ print $2 }' >"$T/links"
	trap dde_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP PIPE
	namespace "$NS"
}

# namespace NAME: creates a network namespace that exists until the test program ends.
namespace() {
	ip netns add "$1"
	echo "$1" >>"$T/namespaces"
	ip -n "$1" link set lo up
}

# Stops everything that the test program started and removes its files, in any state.
dde_end() {
	local rc=$? pid name
	trap - EXIT
	trap '' INT TERM HUP PIPE
	set +e
	while read -r pid; do stop_pid "$pid" 1; done <"$T/background"
	dde_stop_old
	[ ! -e "$T/family" ] || while read -r pid; do
		if is_ours "$pid"; then kill -KILL "$pid"; fi
	done <"$T/family"
	while read -r name; do ip netns del "$name"; done <"$T/namespaces"
	awk -v t="$T/" 'index($2, t) == 1 { print $2 }' /proc/mounts | while read -r name; do
		umount "$name"
	done
	if [ "$rc" != 0 ] && [ -n "${DDEKIT_KEEP_FAILED:-}" ]; then
		say "the files are in $T"
	else
		rm -rf "$T"
	fi
	exit "$rc"
}

# Whether a pid still belongs to a program that ddekitd starts: the kernel may have reused it.
is_ours() {
	case $(cat "/proc/$1/comm" 2>/dev/null) in
	ddekit-host* | qemu-system-x86* | nbdkit) return 0 ;;
	*) return 1 ;;
	esac
}

# background COMMAND...: runs until the test program ends; sets PID.
background() {
	"$@" &
	PID=$!
	echo "$PID" >>"$T/background"
}

# dde_device BDF [KEY=VALUE...]: adds a section; arguments override the default keys. From the
# environment, for every device: DDEKIT_CPUS sets cpus=, DDEKIT_DEBUG=1 debug=yes, DDEKIT_SANDBOX
# sandbox= (for tests/coverage).
dde_device() {
	local bdf=$1 key
	local -A keys=([driver]=e1000e [backend]=emu [device]=e1000e [netdev]=user
		[ifname]=dde0 [netns]=$NS [autostart]=yes [cpus]=${DDEKIT_CPUS:-}
		[sandbox]=${DDEKIT_SANDBOX:-}
		[debug]=${DDEKIT_DEBUG:+yes} [memory]=${DDEKIT_DEBUG:+192M})
	shift
	for key; do keys[${key%%=*}]=${key#*=}; done
	{
		echo "[$bdf]"
		for key in "${!keys[@]}"; do
			if [ -n "${keys[$key]}" ]; then echo "$key=${keys[$key]}"; fi
		done
		echo
	} >>"$CONF"
}

# Sets DDEKITD_ARGS, the arguments of a ddekitd that runs from the build folder.
dde_args() {
	DDEKITD_ARGS=(--config "$CONF" --runtime-dir "$RT" --plugin-dir "${PLUGINS_USED:-$PLUGINS}"
		--runtime "$RUNTIME" --host-binary "$HOST_BINARY"
		--front-dir "$BUILD/daemon/fronts")
}

# ddectl on our ddekitd.
ctl() {
	"$DDECTL" --socket "$RT/control.sock" "$@"
}

ctl_answers() {
	is_gone "$(cat "$T/ddekitd.pid")" || ctl list
}

# Stops a ddekitd that a failed test left behind.
dde_stop_old() {
	local pid
	pid=$(cat "$T/ddekitd.pid" 2>/dev/null || true)
	[ -n "$pid" ] || return 0
	descendants "$pid" >>"$T/family"
	stop_pid "$pid" 10
	: >"$T/ddekitd.pid"
}

# dde_start [OPTION...]: returns when the control socket answers.
dde_start() {
	dde_stop_old
	dde_args
	# A session of its own: Ctrl-C on the terminal ends the test, whose clean-up stops ddekitd.
	setsid "$DDEKITD" "${DDEKITD_ARGS[@]}" "$@" </dev/null >>"$T/ddekitd.log" 2>&1 &
	echo $! >"$T/ddekitd.pid"
	wait_for 5 "ddekitd's control socket" ctl_answers ||
		{ tail -n 5 "$T/ddekitd.log" >&2 && return 1; }
	if is_gone "$(cat "$T/ddekitd.pid")"; then
		say "ddekitd ended during its startup: $(tail -n 3 "$T/ddekitd.log")"
		return 1
	fi
	descendants "$(cat "$T/ddekitd.pid")" >>"$T/family"
}

# Stops ddekitd.  Fails if it takes longer than 10 s or if a sanitizer reported an error.
dde_stop() {
	local pid
	pid=$(cat "$T/ddekitd.pid")
	descendants "$pid" >>"$T/family"
	kill -TERM "$pid"
	wait_for 10 "end of ddekitd" is_gone "$pid"
	: >"$T/ddekitd.pid"
	! grep -qE 'AddressSanitizer|runtime error' "$T/ddekitd.log"
}

# dev_get BDF FILTER: a jq filter on the device's status object.
dev_get() {
	local json rc=0
	json=$(ctl --json status "$1") || rc=$?
	# 5: the device has failed; the object says so too.
	[ $rc = 0 ] || [ $rc = 5 ] || return $rc
	jq -r "$2" <<<"$json"
}

dev_state() {
	dev_get "$1" .state
}

state_is() {
	[ "$(dev_state "$1")" = "$2" ]
}

# dde_wait_state BDF STATE [SECONDS]
dde_wait_state() {
	wait_for "${3:-10}" "$1 to be $2" state_is "$1" "$2" || {
		say "it is \"$(dev_state "$1")\": $(dev_get "$1" '.error // ""')"
		return 1
	}
	descendants "$(cat "$T/ddekitd.pid")" >>"$T/family"
}

host_pid() {
	dev_get "${1:-$BDF}" .host_pid
}

# ---- the TAP ----

carrier_is() { # IFNAME 0|1
	local flags
	flags=$(ip -n "$NS" -j link show dev "$1" | jq -r '.[0].flags | index("LOWER_UP") != null')
	if [ "$2" = 1 ]; then [ "$flags" = true ]; else [ "$flags" = false ]; fi
}

# dde_net_up [IFNAME] [ADDRESS]: sets the address, sets the interface up, waits for the link.
dde_net_up() {
	local ifname=${1:-dde0}
	ip -n "$NS" addr add "${2:-$GUEST}" dev "$ifname"
	ip -n "$NS" link set "$ifname" up
	wait_for 10 "link of $ifname" carrier_is "$ifname" 1
}

tap_stat() { # IFNAME rx|tx packets|bytes|errors|dropped
	ip -n "$NS" -j -s link show dev "$1" | jq -r ".[0].stats64.$2.$3"
}

# Starts the xfer server on this machine's loopback, where QEMU's gateway leads.  Its port is in
# $T/port.
xfer_server() {
	[ -s "$T/port" ] || background "$TOOLS/ddekit-xfer" serve --port-file "$T/port" \
		--timeout 60 >/dev/null
	wait_for 5 "the transfer server" test -s "$T/port"
}

# xfer send|recv [OPTION...]: transfers data through the driver; JSON on stdout.
xfer() {
	local verb=$1
	shift
	"$TOOLS/ddekit-xfer" "$verb" --json --netns "$NS" "$@" "$GATEWAY:$(cat "$T/port")"
}

# xfer_start send|recv NAME [OPTION...]: the same in the background, output in $T/NAME.json; sets
# PID; SIGUSR1 ends a stream.
xfer_start() {
	local verb=$1 name=$2
	shift 2
	"$TOOLS/ddekit-xfer" "$verb" --json --netns "$NS" "$@" "$GATEWAY:$(cat "$T/port")" \
		>"$T/$name.json" &
	PID=$!
	echo "$PID" >>"$T/background"
}

ping_gateway() {
	"$TOOLS/ddekit-ping" --json --netns "$NS" "$GATEWAY" "$@"
}

# Prints the -netdev of a card whose wire ends at ddekit-frames unix:$T/wire/far,$T/wire/near.
wire_netdev() {
	local wire=$T/wire
	[ -d "$wire" ] || mkdir -m 777 "$wire"
	echo "dgram,local.type=unix,local.path=$wire/near,remote.type=unix,remote.path=$wire/far"
}

# ---- nothing left behind ----

# After dde_stop, or a refused start: fails and names what was left behind.
expect_nothing_left() {
	local pid left=''
	while read -r pid; do
		if is_ours "$pid" && ! is_gone "$pid"; then
			left+=" process $pid ($(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-60))"
		fi
	done < <(sort -u "$T/family" 2>/dev/null)
	left+=$(ip -n "$NS" -o link show | awk -F': ' '$2 != "lo" { printf " interface %s", $2 }')
	# A TAP made outside the namespace.
	if ip link show dde0 >/dev/null 2>&1 && ! grep -qx dde0 "$T/links"; then
		left+=" interface dde0 of the main namespace"
	fi
	[ ! -e "$RT" ] || left+=$(find "$RT" -type s -printf ' socket %p')
	[ -z "$left" ] || fail "left behind:$left"
}

tap_on_failure() {
	[ ! -e "$T/ddekitd.log" ] || { echo "ddekitd's log ends:" && tail -n 25 "$T/ddekitd.log"; }
}
