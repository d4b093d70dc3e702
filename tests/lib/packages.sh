# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Installs Debian packages of tests/packages.  Sourced with env.sh and compile.sh.

PACKAGES_FILE=${DDEKIT_PACKAGES:-$REPO/tests/packages}

# packages_in GROUP...: prints the packages' names.
packages_in() {
	local groups=" $* "
	awk -v groups="$groups" '!/^#/ && NF == 2 && index(groups, " " $1 " ") { print $2 }' \
		"$PACKAGES_FILE"
}

packages_missing() {
	local want
	mapfile -t want < <(packages_in "$@")
	# One dpkg-query for all; packages that it does not list as installed are missing.
	comm -23 <(printf '%s\n' "${want[@]}" | sort -u) \
		<(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${want[@]}" 2>/dev/null |
			awk '$1 == "ii" { print $2 }' | sort -u)
}

require_debian() {
	local id='' version=''
	if [ -r /etc/os-release ]; then
		id=$(. /etc/os-release && echo "${ID:-}")
		version=$(. /etc/os-release && echo "${VERSION_ID:-}")
	fi
	if [ "$id" != debian ]; then
		die "this system is \"${id:-unknown}\", but the package names are Debian's." \
			"Install the packages of tests/packages, then run again with --no-install."
	fi
	[ "$version" = 12 ] || say "$ME: made for Debian 12, this is \"$version\"; continuing"
	[ "$(uname -m)" = x86_64 ] || die "the runtime is built for x86_64, this is $(uname -m)"
}

# packages_install GROUP...: installs missing packages.
packages_install() {
	local missing log
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die "not root, and missing: ${missing[*]}. Run it with sudo," \
		"or: sudo apt-get install ${missing[*]}"
	say "installing ${#missing[@]} packages: ${missing[*]}"
	log=$(mktemp "${TMPDIR:-/tmp}/ddekit-apt.XXXXXX")
	if ! show_progress "$log" apt-get update ||
		! DEBIAN_FRONTEND=noninteractive show_progress "$log" \
			apt-get install -y --no-install-recommends "${missing[@]}"; then
		tail -n 12 "$log" >&2
		die "apt-get could not install: $(packages_missing "$@" | tr '\n' ' ')" \
			"(whole log: $log). Check that the apt sources list Debian 12 with its" \
			"security updates, then run again."
	fi
	rm -f "$log"
}
