# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The kernel module ddekit_dma in a guest.  Sourced after vm.sh.

# Builds the module for the guest's kernel and loads it.
uio_module() {
	local headers
	headers=$("$REPO/tests/lib/headers" "$(vm_run 'uname -r')") ||
		skip_all "no headers of the guest's kernel"
	cp -r "$REPO/modules/ddekit-dma" "$T/module"
	make -C "$T/module" KDIR="$headers" modules >"$T/module.log" 2>&1 ||
		die "the module does not build: $(tail -n 5 "$T/module.log")"
	vm_put "$T/module/ddekit_dma.ko"
	vm_run 'modprobe uio && insmod /run/ddekit-tests/share/ddekit_dma.ko'
}

# Prints 1 if bus mastering is on, else 0.
bus_master() { # BDF
	vm_run "setpci -s $1 COMMAND" >"$T/command" || return
	echo $((0x$(cat "$T/command") >> 2 & 1))
}
