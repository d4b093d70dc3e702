# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For test programs: each behaviour is a function, which runs in a subshell with errexit and is
# reported as one TAP line.  Sourced after env.sh.
#
#	it "refuses an unknown driver" refuses_unknown_driver
#	skip "refuses a broken plugin" "no plugin is built"
#	tap_done

TAP_COUNT=0
TAP_FAILED=0
TAP_LOG=${TMPDIR:-/tmp}/ddekit-tap-$$.log

# it "sentence" FUNCTION [ARG...]
it() {
	local sentence=$1 rc start
	shift
	TAP_COUNT=$((TAP_COUNT + 1))
	start=$(mono_ms)
	# Not in a condition: that would turn off errexit inside.
	set +e
	(
		set -e
		"$@"
	) >"$TAP_LOG" 2>&1
	rc=$?
	set -e
	if [ $rc = 0 ]; then
		echo "ok $TAP_COUNT - $sentence # $(($(mono_ms) - start)) ms"
		grep '^note: ' "$TAP_LOG" | sed 's/^/# /' || true
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		echo "not ok $TAP_COUNT - $sentence"
		sed 's/^/# /' "$TAP_LOG"
		if declare -F tap_on_failure >/dev/null; then
			tap_on_failure 2>&1 | sed 's/^/# /' || true
		fi
		tap_bail_out
	fi
	rm -f "$TAP_LOG"
}

# Ends the program if what it runs in has failed: tests/run then runs it once more.
tap_bail_out() {
	local reason
	declare -F tap_broken_environment >/dev/null || return 0
	reason=$(tap_broken_environment 2>/dev/null)
	[ -n "$reason" ] || return 0
	echo "Bail out! $reason"
	exit 75
}

# skip "sentence" "reason"
skip() {
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $1 # SKIP $2"
}

# skip_all "reason": for a program that cannot run here.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 77
}

tap_done() {
	echo "1..$TAP_COUNT"
	[ "$TAP_FAILED" = 0 ]
}

# ---- for test functions: the first failure ends the function ----

fail() {
	echo "$*" >&2
	exit 1
}

# Prints a measured value; tests/run shows it even if the test passes.
note() {
	echo "note: $*"
}

expect_eq() { # ACTUAL EXPECTED "what"
	[ "$1" = "$2" ] || fail "$3: is \"$1\", should be \"$2\""
}

expect_match() { # TEXT REGEX "what"
	[[ $1 =~ $2 ]] || fail "$3: \"$1\" does not match \"$2\""
}

expect_le() { # NUMBER LIMIT "what"
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a + 0 <= b + 0) }' ||
		fail "$3: is \"$1\", should be at most $2"
}

expect_ge() { # NUMBER LIMIT "what"
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a + 0 >= b + 0) }' ||
		fail "$3: is \"$1\", should be at least $2"
}

# shellcheck disable=SC2034 # for the caller
# Runs a command; sets OUT (its output) and RC (its status).
run_command() {
	RC=0
	OUT=$("$@" 2>&1) || RC=$?
}
