# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Pairs of network cards in a guest: DDEKit drives one, the guest's kernel the other. Sourced
# after vm.sh.  tests/vm/net does the work in the guest.
#
#	pair e1000                     adds the next pair: K = 1, 2, 3
#	net up 1                       runs tests/vm/net in the guest
#	card 1                         0000:01:00.0
#	dev 1 .state                   a jq filter on ddectl --json status

NET=/run/ddekit-tests/repo/tests/vm/net
PAIRS=0

# pair MODEL [FAR-MODEL]
pair() {
	PAIRS=$((PAIRS + 1))
	vm_wire "near$PAIRS" "far$PAIRS"
	vm_device "$1,netdev=near$PAIRS,mac=52:54:00:00:01:0$PAIRS"
	vm_device "${2:-e1000e},netdev=far$PAIRS,mac=52:54:00:00:02:0$PAIRS"
}

# net [-t SECONDS] COMMAND [ARGUMENT...]
net() {
	local limit=250
	if [ "$1" = -t ]; then
		limit=$2
		shift 2
	fi
	vm_run -t "$limit" "$NET $*"
}

card() { # K
	printf '0000:%02x:00.0' $((2 * $1 - 1))
}

dev() { # K JQ-FILTER
	# It fails if the device has failed.
	vm_run "ddectl --json status $(card "$1")" >"$T/status.json" || true
	jq -r "$2" "$T/status.json"
}

dev_is() { # K STATE
	[ "$(dev "$1" .state)" = "$2" ]
}

main_pid() { # UNIT
	vm_run "systemctl show -P MainPID $1"
}

# Installs standard input as the guest's devices.conf.
set_conf() {
	cat >"$T/share/devices.conf"
	vm_run 'mkdir -p /etc/ddekit && cp /run/ddekit-tests/share/devices.conf /etc/ddekit/ &&
		ddectl check'
}

kernel_driver() { # K
	vm_run "basename \$(readlink /sys/bus/pci/devices/$(card "$1")/driver)"
}

# Counts the kernel's messages about DMA that the IOMMU refused.
dma_faults() {
	vm_run 'dmesg >/run/dmesg && [ -s /run/dmesg ] &&
		{ grep -c "DMAR:.*fault" /run/dmesg || [ $? = 1 ]; }'
}

# After systemctl stop: nothing of DDEKit is left, each card has its kernel driver.
expect_released() { # UNIT K:DRIVER...
	local unit=$1 k
	shift
	expect_eq "$(vm_run 'pgrep -cx "ddekit(d|-host)"' || true)" 0 "DDEKit's processes"
	expect_eq "$(vm_run 'ls /sys/class/net | grep -c ^dde' || true)" 0 "DDEKit's interfaces"
	expect_eq "$(vm_run "systemctl show -P NFileDescriptorStore $unit")" 0 "files in the store"
	expect_eq "$(vm_run 'ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c /dev/vfio/' || true)" 0 \
		"open files of VFIO"
	for k; do
		expect_eq "$(kernel_driver "${k%%:*}")" "${k#*:}" "driver of card ${k%%:*}"
		expect_eq "$(vm_run \
			"cat /sys/bus/pci/devices/$(card "${k%%:*}")/driver_override")" \
			"(null)" "driver_override of card ${k%%:*}"
	done
	expect_eq "$(vm_run 'systemctl --failed --plain --no-legend')" "" "failed units"
}
