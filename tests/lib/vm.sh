# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Test guests: Debian with systemd under QEMU, one at a time.  See tests/vm/README.md.
# Sourced at the top of a test: . "$(dirname "$0")/../../lib/vm.sh"
#
#	vm_begin                       folder $T, clean-up on exit
#	vm_device e1000e,netdev=a      adds a device: 0000:01:00.0, 0000:02:00.0...; sets VM_BDF
#	vm_wire a b                    adds network back ends a and b, connected
#	vm_start --iommu strict        boots; returns when systemd is up
#	vm_run COMMAND                 runs it in the guest as "bash -c": output, exit status
#	vm_qmp set_link '{...}'        a command to QEMU's monitor
#	vm_stop                        ends the guest, discards its list of devices

ME=${ME:-$(basename "$0")}
export ME
for lib in env tap; do
	# shellcheck source=/dev/null
	. "$(dirname "${BASH_SOURCE[0]}")/$lib.sh"
done

VM_PORTS=8
VM_BOOT_LIMIT=${DDEKIT_VM_BOOT_LIMIT:-180}

[ "$(id -u)" = 0 ] || skip_all "the guest's image and disk need root"
command -v qemu-system-x86_64 >/dev/null ||
	skip_all "no qemu-system-x86_64 (package qemu-system-x86)"

vm_begin() {
	T=$(mktemp -d /tmp/ddekit-vm.XXXXXX)
	chmod 755 "$T"
	: >"$T/background"
	: >"$T/devices"
	# Sockets, console and messages of the guest; those of the previous one are in $VM.old.
	VM=$T/vm
	mkdir "$VM" "$T/share"
	trap vm_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP PIPE
	VM_IMAGE=$("$REPO/tests/vm/image")
}

# Ends the guest and removes the folder, in any state.
vm_end() {
	local rc=$? pid
	trap - EXIT
	trap '' INT TERM HUP PIPE
	set +e
	while read -r pid; do stop_pid "$pid" 1; done <"$T/background"
	stop_pid "$(vm_pid)" 2
	if [ "$rc" != 0 ] && [ -n "${DDEKIT_KEEP_FAILED:-}" ]; then
		say "the files are in $T"
	else
		rm -rf "$T"
	fi
	exit "$rc"
}

# State is in files: test functions run in subshells.
vm_pid() {
	cat "$VM/pid" 2>/dev/null || echo none
}

# Adds words to QEMU's command line, one per line of the file.
vm_qemu_option() {
	printf '%s\n' "$@" >>"$T/devices"
}

# vm_device DEVICE[,KEY=VALUE...] [QEMU-OPTION...]: adds a device behind a root port of its own,
# and so in an IOMMU group of its own; sets VM_BDF.  The device's id is devN, the root port's rpN,
# N as in 0000:0N:00.0.  The options come before the device.
vm_device() {
	local device=$1 n addr
	shift
	n=$(($(grep -c '^pcie-root-port,' "$T/devices" || true) + 1))
	addr=$(printf %x $((n + 1)))
	# shellcheck disable=SC2034 # for the caller
	VM_BDF=$(printf '0000:%02x:00.0' "$n")
	vm_qemu_option "$@" \
		-device "pcie-root-port,id=rp$n,bus=pcie.0,addr=$addr,chassis=$n,slot=$n" \
		-device "$device,id=dev$n,bus=rp$n"
}

# vm_wire A B: adds connected network back ends with these names, for netdev= of devices.
vm_wire() {
	local name hub
	hub=$(wc -l <"$T/devices")
	for name; do vm_qemu_option -netdev "hubport,id=$name,hubid=$hub"; done
}

# Installs DDEKit and the test agent into $T/overlay/overlay, and packs it for the guest.
vm_overlay() {
	local stage=$T/overlay/overlay units
	[ ! -e "$T/overlay.cpio" ] || return 0
	units=$stage/etc/systemd/system
	mkdir -p "$units/sysinit.target.wants"
	install -D "$REPO/tests/vm/guest/agent" "$stage/usr/local/lib/ddekit-tests/agent"
	cp "$REPO/tests/vm/guest/ddekit-test-agent.service" "$units/"
	ln -s ../ddekit-test-agent.service "$units/sysinit.target.wants/"
	vm_install "$stage" >"$T/install.log" 2>&1 || {
		tail -n 5 "$T/install.log" >&2
		die "meson install failed: build first (tests/run, or ninja -C $BUILD)"
	}
	vm_add_runtime "$stage"
	(cd "$T/overlay" && find . | cpio -o -H newc -R 0:0 --quiet) >"$T/overlay.cpio"
	rm -rf "$T/overlay"
}

# vm_install STAGE: installs without the debug runtime: no guest uses it, and it is larger than
# everything else.  Meson's list of the files is moved to $T/installed; the list of an earlier
# installation from this build folder is restored.
vm_install() {
	local list=$BUILD/meson-logs/install-log.txt
	(
		flock 9
		[ ! -e "$list" ] || cp "$list" "$T/installed.before"
		DESTDIR=$1 meson install -C "$BUILD" --no-rebuild --quiet || exit
		mv "$list" "$T/installed"
		[ ! -e "$T/installed.before" ] || mv "$T/installed.before" "$list"
	) 9>"$BUILD/install.lock" || return
	rm -rf "$1$(vm_libdir)"/{libdde-linux,plugins/}*+debug*
}

# A build without a runtime of its own (-Druntime=false) installs none: adds the one that was
# copied or linked into the build folder.
vm_add_runtime() { # STAGE
	local lib
	lib=$(vm_libdir)
	[ ! -e "$1$lib/libdde-linux.so" ] || return 0
	[ -e "$RUNTIME" ] || die "$RUNTIME is not built: run tests/run, or ninja -C $BUILD"
	cp -L "$BUILD"/dde-linux/libdde-linux*.so "$1$lib/"
	cp -rL "$PLUGINS" "$1$lib/plugins"
}

# Prints the folder of the installed runtime and plugins.
vm_libdir() {
	meson introspect --buildoptions "$BUILD" |
		jq -r 'map({ (.name): .value }) | add | .prefix + "/" + .libdir + "/ddekit"'
}

# vm_start [--iommu strict|lazy|passthrough|off] [--cpus N] [--memory MIB] [--icount]
#	[--append KERNEL-ARGUMENTS] [--qemu "OPTIONS"]
vm_start() {
	local iommu=strict cpus=2 memory=1536 append='' accel=(-accel "tcg,thread=multi")
	local caching=on more=() try
	local kernel='root=/dev/vda console=ttyS0 loglevel=5 panic=-1 mitigations=off audit=0'
	# The timer check relies on a CPU that never waits, and panics if the machine is busy.
	kernel+=' no_timer_check'
	while [ $# -gt 0 ]; do
		case $1 in
		--iommu) iommu=$2 && shift ;;
		--cpus) cpus=$2 && shift ;;
		--memory) memory=$2 && shift ;;
		--append) append=$2 && shift ;;
		--qemu) read -ra more <<<"$2" && shift ;;
		--icount)
			accel=(-accel "tcg,thread=single" -icount "shift=0")
			cpus=1
			;;
		*) die "vm_start: unknown option $1" ;;
		esac
		shift
	done
	is_gone "$(vm_pid)" || die "vm_start: a guest is running: vm_stop first"
	vm_overlay
	case $iommu in
	strict) kernel+=' intel_iommu=on iommu.strict=1' ;;
	lazy) kernel+=' intel_iommu=on iommu.strict=0' caching=off ;;
	passthrough) kernel+=' intel_iommu=on iommu=pt' ;;
	off) kernel+=' intel_iommu=off' ;;
	*) die "vm_start: unknown --iommu $iommu" ;;
	esac
	for try in 1 2 3; do
		rm -rf "$VM.old"
		mv "$VM" "$VM.old" && mkdir "$VM"
		cat "$VM_IMAGE/initrd" "$T/overlay.cpio" >"$VM/initrd"
		vm_qemu "$memory" "$cpus" "$caching" "$kernel $append" "${accel[@]}" "${more[@]}"
		if vm_ready; then return; fi
		stop_pid "$(vm_pid)" 5
		stale_breakpoint || break
		say "$ME: boot $try of the guest hit a stale breakpoint of QEMU; trying again"
	done
	vm_console
	vm_stop
	return 1
}

# QEMU 7.2 with several CPUs may execute a breakpoint that the booting kernel used to patch its
# code and has already removed (tests/vm/README.md).
stale_breakpoint() {
	grep -q 'Oops: int3:' "$VM/console"
}

vm_qemu() { # MEMORY CPUS CACHING-MODE KERNEL-ARGUMENTS [OPTION...]
	local memory=$1 cpus=$2 caching=$3 kernel=$4 n
	local ports=() devices
	shift 4
	mapfile -t devices <"$T/devices"
	for ((n = 0; n < VM_PORTS; n++)); do
		ports+=(-chardev "socket,id=port$n,path=$VM/port.$n,server=on,wait=off"
			-device "virtserialport,chardev=port$n,name=ddekit.$n")
	done
	# -cx16: with cx16, guests with two CPUs fault under TCG (QEMU 7.2).
	qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
		-machine q35,kernel-irqchip=split,sata=off,smbus=off,i8042=off \
		-cpu Nehalem,-cx16 -smp "$cpus" -m "$memory" \
		-device "intel-iommu,intremap=on,caching-mode=$caching" "$@" \
		-kernel "$VM_IMAGE/vmlinuz" -initrd "$VM/initrd" -append "$kernel" \
		-drive \
		"file=$VM_IMAGE/root.ext4,if=none,id=root,format=raw,snapshot=on,cache=unsafe" \
		-device virtio-blk-pci,drive=root,bus=pcie.0,addr=18 \
		-device virtio-rng-pci,bus=pcie.0,addr=19 \
		-device virtio-serial-pci,bus=pcie.0,addr=1a,max_ports=32 "${ports[@]}" \
		-fsdev "local,id=repo,path=$REPO,security_model=none,readonly=on" \
		-device virtio-9p-pci,fsdev=repo,mount_tag=repo,bus=pcie.0,addr=1b \
		-fsdev "local,id=share,path=$T/share,security_model=none" \
		-device virtio-9p-pci,fsdev=share,mount_tag=share,bus=pcie.0,addr=1c \
		-qmp "unix:$VM/qmp,server=on,wait=off" -serial "file:$VM/console" \
		"${devices[@]}" </dev/null >"$VM/qemu.log" 2>&1 &
	echo $! >"$VM/pid"
	wait_for 10 "QEMU's sockets" vm_sockets || true
	if is_gone "$(vm_pid)"; then
		die "QEMU did not start: $(cat "$VM/qemu.log")"
	fi
}

vm_sockets() {
	[ -S "$VM/qmp" ] || is_gone "$(vm_pid)"
}

# Waits until the guest has booted (systemd is done, devices have drivers) and mounts the folders
# /run/ddekit-tests/{repo,share}.
vm_ready() {
	local start
	start=$(mono_ms)
	# shellcheck disable=SC2016 # the guest expands it
	vm_run -t "$VM_BOOT_LIMIT" '
		systemctl is-system-running --wait >/dev/null
		udevadm settle
		modprobe -a 9pnet_virtio 9p
		mkdir -p /run/ddekit-tests/repo /run/ddekit-tests/share
		o=trans=virtio,version=9p2000.L,msize=512000
		mount -t 9p -o $o,ro repo /run/ddekit-tests/repo
		mount -t 9p -o $o share /run/ddekit-tests/share' ||
		{ say "$ME: the guest did not boot" && return 1; }
	echo $(($(mono_ms) - start)) >"$VM/boot-ms"
}

# vm_run [-t SECONDS] COMMAND: runs it in the guest.  Default limit 60 s, on an idle machine. Exit
# status: the command's, 124 after a timeout, 125 if the guest is gone.
vm_run() {
	local limit=60
	if [ "$1" = -t ]; then
		limit=$2
		shift 2
	fi
	"$REPO/tests/vm/client" "$VM" run --limit "$((limit * ${DDEKIT_PATIENCE:-1}))" "$*"
}

# vm_pings ADDRESS: 20 of 20 pings are answered, in one of three rounds: a busy machine may lose
# one.
vm_pings() {
	local round
	for round in 1 2 3; do
		run_command vm_run "ping -c 20 -i 0.05 -q $1"
		[[ $OUT != *' 0% packet loss'* ]] || return 0
		note "round $round: $OUT"
	done
	fail "$OUT"
}

# vm_spawn NAME [-t SECONDS] COMMAND: runs it in the background; at most seven at a time.
vm_spawn() {
	local name=$1
	shift
	(
		trap - EXIT
		rc=0
		vm_run "$@" >"$VM/$name.out" 2>"$VM/$name.err" || rc=$?
		echo "$rc" >"$VM/$name.rc"
	) &
	echo $! >>"$T/background"
	rm -f "$VM/$name.rc"
}

# vm_wait NAME [SECONDS]: waits until it has ended; prints its output, returns its status.
vm_wait() {
	wait_for "${2:-120}" "the guest's job $1" test -s "$VM/$1.rc" || return 124
	cat "$VM/$1.out"
	cat "$VM/$1.err" >&2
	return "$(cat "$VM/$1.rc")"
}

# vm_put FILE...: copies to /run/ddekit-tests/share in the guest.  vm_get NAME: prints it.
vm_put() {
	cp -aL "$@" "$T/share/"
}

vm_get() {
	cat "$T/share/$1"
}

# vm_qmp COMMAND [JSON]: prints QEMU's result; fails if QEMU refuses.
vm_qmp() {
	"$REPO/tests/vm/client" "$VM" qmp "$@"
}

# vm_link N on|off: plugs or pulls the cable of device N (devN).
vm_link() {
	local netdev up=false
	netdev=$(sed -n "s/.*netdev=\([^,]*\).*,id=dev$1,bus=.*/\1/p" "$T/devices")
	[ -n "$netdev" ] || die "vm_link: device $1 has no netdev="
	[ "$2" = off ] || up=true
	vm_qmp set_link "{\"name\": \"$netdev\", \"up\": $up}" >/dev/null
}

# vm_unplug N [SECONDS]: unplugs device N; returns when the guest has released it.
vm_unplug() {
	"$REPO/tests/vm/client" "$VM" event DEVICE_DELETED "{\"device\": \"dev$1\"}" "${2:-30}" \
		device_del "{\"id\": \"dev$1\"}"
}

# vm_plug N DRIVER[,KEY=VALUE...]: plugs a device into root port N.
vm_plug() {
	local n=$1 json
	json=$(jq -nc --arg n "$n" --arg d "$2" '$d | split(",") | { driver: .[0], id: "dev\($n)",
		bus: "rp\($n)" } + (.[1:] | map(split("=") | { (.[0]): .[1] }) | add // {})')
	vm_qmp device_add "$json" >/dev/null
}

vm_console() {
	# Without colours and the firmware's cursor movements.
	[ ! -e "$VM/console" ] || { echo "the guest's console ends:" && tail -n 40 "$VM/console" |
		sed 's/\x1b\[[0-9;?=]*[a-zA-Z]//g' | tr -dc '\11\12\40-\176' |
		tr -s ' ' | cut -c1-200; }
	[ ! -s "$VM/qemu.log" ] || { echo "QEMU says:" && tail -n 5 "$VM/qemu.log"; }
}

# The daemons log to the guest's journal, hardly to its console.
tap_on_failure() {
	if ! is_gone "$(vm_pid)"; then
		# shellcheck disable=SC2016 # expanded in the guest
		vm_run -t 20 'timeout 5 ddectl list 2>&1
			journal="journalctl --no-pager -q -o short-monotonic -u ddekitd*"
			$journal -g " -> |interface|disk" 2>/dev/null | tail -n 30
			$journal -n 30
			dmesg --level emerg,alert,crit,err,warn | tail -n 10' && return
	fi
	vm_console
}

# QEMU 7.2 with several CPUs loses an interrupt now and then: a CPU stays halted, and nothing in
# the guest goes on.  Prints the CPUs' states if it is so.
tap_broken_environment() {
	local rc=0 states
	is_gone "$(vm_pid)" && return
	vm_run -t 60 true || rc=$?
	[ $rc = 124 ] || return 0
	states=$(vm_qmp human-monitor-command '{"command-line": "info registers -a"}' |
		grep -o 'HLT=[01]' | xargs)
	[[ $states != *HLT=1* ]] || echo "the guest hangs with halted CPUs: $states"
}

# Ends the guest at once, as a power failure does.
vm_stop() {
	stop_pid "$(vm_pid)" 5
	rm -f "$VM/pid" "$VM/initrd" "$VM"/port.*
	: >"$T/devices"
}

# The guest must answer: a guest that is gone has no complaint, either.
kernel_complains_of_nothing() {
	vm_run 'dmesg' >"$T/dmesg" || fail "the guest does not answer"
	[ -s "$T/dmesg" ] || fail "the guest's kernel log is empty"
	expect_eq "$(grep -E "BUG|WARNING|Oops|Call Trace" "$T/dmesg" | grep -v unsigned)" "" \
		"complaints of the kernel"
}
