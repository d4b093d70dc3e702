# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Builds the tests' kernel modules as plugins.  Sourced after daemon.sh.

# Prints the file of a flavour's runtime.
runtime_of() { # up|smp|up+debug
	if [ "$1" = up ]; then echo "$RUNTIME"; else echo "$KERNEL_BUILD/libdde-linux-$1.so"; fi
}

# Builds the plugin of a folder with a kbuild Makefile.
build_module() { # FLAVOUR OUT CLASS SOURCE
	"$REPO/drivers/mkplugin" module --obj "$KERNEL_BUILD/obj-$1" \
		--runtime "$(runtime_of "$1")" --out "$2" --class "$3" "$4" \
		>"$T/mkplugin.log" 2>&1 ||
		die "mkplugin: $4: $(tail -n 5 "$T/mkplugin.log")"
}

# ---- the driver that misbehaves (tests/emu/modules/crash) ----

# Copies the plugins to $T/plugins and adds "crash"; the caller sets PLUGINS_USED.
build_crash() { # FLAVOUR
	local below=$1
	[ "$1" != up ] || below=.
	cp -r "$PLUGINS" "$T/plugins"
	cp -r "$REPO/tests/emu/modules/crash" "$T/crash"
	build_module "$1" "$T/plugins/$below" net "$T/crash"
}

# misbehave CASE [KEY=VALUE...]: waits until the device has failed; sets ERROR (the text) and LOG
# (the log's file).
misbehave() {
	local what=$1
	shift
	: >"$CONF"
	: >"$T/ddekitd.log"
	dde_device "$BDF" driver=crash "options=what=$what" restart=never "$@"
	dde_start
	dde_wait_state "$BDF" failed 20
	ERROR=$(dev_get "$BDF" .error)
	note "$ERROR"
	dde_stop
	expect_nothing_left
	LOG=$T/$what.log
	cp "$T/ddekitd.log" "$LOG"
}

logged() { # PATTERN...
	local pattern
	for pattern; do
		grep -qE -- "$pattern" "$LOG" ||
			fail "the log has no \"$pattern\": $(grep -c . "$LOG") lines in $LOG"
	done
}

# ---- the module "wreck", which misbehaves on command beside a driver ----

# Copies the plugins to $T/plugins and adds "wreck" to the driver's; the caller sets PLUGINS_USED.
build_wreck() { # DRIVER CLASS [FLAVOUR]
	local flavour=${3:-up} below=.
	[ "$flavour" = up ] || below=$flavour
	cp -rL "$PLUGINS" "$T/plugins"
	cp -r "$REPO/tests/emu/modules/wreck" "$T/wreck"
	build_module "$flavour" "$T/plugins/$below" "$2" "$T/wreck"
	rm "$T/plugins/$below/wreck.json"
	jq '.modules += ["wreck.so"] | .parameters += [{ name: "what", module: "wreck" },
		{ name: "cpu", module: "wreck" }]' \
		"$PLUGINS/$below/$1.json" >"$T/plugins/$below/$1.json"
	# Not the other flavours, which have no wreck.
	[ "$flavour" != up ] || rm -rf "$T/plugins/smp" "$T/plugins/up+debug"
}
