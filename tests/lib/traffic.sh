# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Tests for every network driver.  Sourced after emu.sh.

comes_up() {
	dde_start
	dde_wait_state "$BDF" up 15
	dde_net_up
}

answers_twenty_pings() {
	local json
	ping_gateway --count 1 --loss-ok >/dev/null
	json=$(ping_gateway --count 20)
	note "round trip $(jq -r '"p50 \(.rtt_p50_ms) p99 \(.rtt_p99_ms) ms"' <<<"$json")"
	expect_eq "$(jq .received <<<"$json")" 20 "answered pings"
}

answers_pings_of_all_sizes() {
	local bytes
	for bytes in 8 17 18 19 100 1471 1472; do
		ping_gateway --count 3 --interval 1 --size "$bytes" >/dev/null ||
			fail "a ping with $bytes bytes was not answered"
	done
}

carries() { # send|recv SIZE
	local json
	xfer_server
	json=$(xfer "$1" --size "$2")
	note "$1 $2: $(jq .gbit_per_s <<<"$json") Gbit/s"
	expect_eq "$(jq .equal <<<"$json")" true "SHA-256 of both ends equal"
}

carries_both_ways_at_once() { # SIZE
	local sender receiver
	xfer_server
	xfer_start send both-send --size "$1" --seed 3
	sender=$PID
	xfer_start recv both-recv --size "$1" --seed 4
	receiver=$PID
	wait "$sender"
	wait "$receiver"
	expect_eq "$(jq -s 'map(.equal) | all' "$T"/both-*.json)" true "SHA-256 of both ends equal"
}

has_the_cards_address() {
	local mac
	mac=$(dev_get "$BDF" .mac)
	expect_match "$mac" '^52:54:00:' "the card's MAC address (QEMU's range)"
	expect_eq "$(ip -n "$NS" -j link show dde0 | jq -r '.[0].address')" "$mac" "the TAP's MAC"
}

# The kernel's own words for errors that it finds.
COMPLAINTS='WARNING:|BUG:|KASAN|UBSAN|INFO: (task|trying|rcu)|possible (recursive|circular|irq)'
COMPLAINTS+='|suspicious RCU|DMA-API:.*(error|not|mem|sync)|Call Trace|Oops|stack-protector'

complains_of_nothing() {
	local text
	[ -s "$T/ddekitd.log" ] || fail "there is no log of the driver's kernel"
	text=$(grep -E "$COMPLAINTS" "$T/ddekitd.log") || return 0
	fail "the driver's kernel complained: $text"
}

stops_and_leaves_nothing() {
	dde_stop
	expect_nothing_left
}

# traffic_tests DRIVER DEVICE SIZE
traffic_tests() {
	[ -e "$PLUGINS/$1.so" ] || die "plugin $1.so is not built"
	dde_begin
	dde_device "$BDF" driver="$1" device="$2"
	it "$1 comes up on QEMU's $2" comes_up
	it "$1 answers 20 of 20 pings" answers_twenty_pings
	it "$1 answers pings of all sizes" answers_pings_of_all_sizes
	it "$1 carries TCP to the network" carries send "$3"
	it "$1 carries TCP from the network" carries recv "$3"
	it "$1 carries TCP in both directions at once" carries_both_ways_at_once "$3"
	it "the TAP has the card's MAC address" has_the_cards_address
	it "$1 stops and leaves nothing behind" stops_and_leaves_nothing
	it "the kernel of $1 logs no complaint" complains_of_nothing
	tap_done
}
