# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Builds everything into $BUILD.  Sourced after env.sh.

# Kernel tree, objects and plugins of a first build, in MiB.
BUILD_NEEDS_MB=4000
BUILD_AGAIN_NEEDS_MB=200

# Dies if the disk of $BUILD is too small, before the build spends minutes on filling it.
check_disk() {
	local need=$BUILD_NEEDS_MB free
	[ -e "$RUNTIME" ] && need=$BUILD_AGAIN_NEEDS_MB
	mkdir -p "$BUILD" || die "cannot create the build folder $BUILD"
	free=$(df --output=avail -BM "$BUILD" | tail -n 1 | tr -dc 0-9)
	if ((free < need)); then
		die "the disk with $BUILD has $free MB free, the build needs $need MB." \
			"Free some space, or build elsewhere: DDEKIT_BUILD=/other/folder $0"
	fi
}

# Options for meson besides the defaults: tests/run needs more than quickstart.
MESON_OPTIONS=()

# Creates the build folder, or sets missing options in an existing one.
configure() {
	local log=$BUILD/build.log option
	if [ ! -e "$BUILD/build.ninja" ]; then
		say "configuring (meson setup)"
		meson setup "$BUILD" "$REPO" "${MESON_OPTIONS[@]}" >"$log" 2>&1
		return
	fi
	for option in "${MESON_OPTIONS[@]}"; do
		meson introspect --buildoptions "$BUILD" | jq -e --arg o "${option#-D}" \
			'any(.[]; "\(.name)=\(.value)" == $o)' >/dev/null ||
			meson setup --reconfigure "$BUILD" "$REPO" "$option" >"$log" 2>&1 || return
	done
}

is_target() {
	grep -qF "build $1:" "$BUILD/build.ninja"
}

# Prepares the build folder, or dies.
configure_or_die() {
	check_disk
	configure || {
		tail -n 25 "$BUILD/build.log" >&2
		die "meson setup failed (whole log: $BUILD/build.log)"
	}
}

# Makes this kernel version one of those that are built, beside the default one; or dies.
add_kernel() { # VERSION
	local list log=$BUILD/build.log
	configure_or_die
	list=$(meson introspect --buildoptions "$BUILD" | jq -r --arg k "$1" \
		'.[] | select(.name == "kernels").value | if index($k) then empty
			else . + [$k] | join(",") end')
	[ -z "$list" ] || meson setup --reconfigure "$BUILD" "$REPO" "-Dkernels=$list" \
		>"$log" 2>&1 || {
		tail -n 25 "$log" >&2
		die "meson setup failed (whole log: $log)"
	}
}

# build_all [quiet] [TARGET]: compiles, with progress on stderr unless quiet.
build_all() {
	local log=$BUILD/build.log quiet=''
	if [ "${1:-}" = quiet ]; then
		quiet=1
		shift
	fi
	configure_or_die
	[ -e "$RUNTIME" ] || say "building the runtime from the kernel source: some minutes"
	if [ "$quiet" ]; then
		ninja -C "$BUILD" "$@" >"$log" 2>&1
	else
		show_progress "$log" ninja -C "$BUILD" "$@"
	fi || {
		grep -E 'FAILED|error|Error' "$log" | tail -n 15 >&2 || true
		tail -n 8 "$log" >&2
		die "the build failed (whole log: $log)"
	}
}

# show_progress LOG COMMAND...: writes the command's output to LOG and shows it on stderr: on a
# terminal as one line that is overwritten, else one line every ten seconds.
# Return: the command's status.
show_progress() {
	local log=$1 line last=$SECONDS start=$SECONDS rc=0
	shift
	"$@" 2>&1 | tee "$log" | while IFS= read -r line; do
		if [ -t 2 ]; then
			printf '\r\033[K%.100s' "$line" >&2
		elif ((SECONDS - last >= 10)); then
			last=$SECONDS
			printf '  %4d s  %.100s\n' $((SECONDS - start)) "$line" >&2
		fi
	done || rc=$?
	[ ! -t 2 ] || printf '\r\033[K' >&2
	return $rc
}

# Builds the runtime "up" and writes the time to $BUILD/up-build.json.  If parts were built before
# or came from ccache, the file keeps the time of an earlier build.
build_unit() {
	local log=$BUILD/ccache-of-up start whole=1
	configure_or_die
	is_target dde-linux/libdde-linux.so || return 0
	[ ! -e "$BUILD/dde-linux/obj-up" ] || whole=0
	rm -f "$log"
	start=$(mono_ms)
	CCACHE_DEPEND=1 CCACHE_STATSLOG=$log build_all dde-linux/libdde-linux.so
	if [ $whole = 1 ] && [ "$(cached_percent "$log")" -le 5 ]; then
		echo "{ \"seconds\": $((($(mono_ms) - start) / 1000)), \"this_run\": true }" \
			>"$BUILD/up-build.json"
	elif [ -e "$BUILD/up-build.json" ]; then
		sed -i 's/true/false/' "$BUILD/up-build.json"
	fi
}

# The share of a build that came from ccache, by ccache's log of its counters.
cached_percent() {
	[ -e "$1" ] || { echo 0 && return; } # no ccache
	awk '/^(direct|preprocessed)_cache_hit$/ { hits++ }
		/^cache_miss$/ { misses++ }
		END { print hits + misses ? int(100 * hits / (hits + misses)) : 0 }' "$1"
}
