# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Builds and runs a libFuzzer target. Sourced by the executables of tests/fuzz, which name its
# sources:
#
#	fuzz_begin NAME SOURCE... -- LIBRARY...
#	write seeds to $CORPUS
#	fuzz_run
#
# corpus/NAME has the inputs that together reach all code that earlier runs reached, one per line;
# tests/fuzz/targets/update-corpus writes it.

# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

FUZZ_FLAGS=(-g -O1 -std=gnu11 -D_GNU_SOURCE -fno-omit-frame-pointer
	"-fsanitize=address,undefined" -fno-sanitize-recover=undefined
	-Wno-unused-parameter -Wno-initializer-overrides)

# fuzz_begin NAME SOURCE... -- FLAG...: compiles targets/NAME.c with the sources.
fuzz_begin() {
	NAME=$1
	shift
	command -v clang >/dev/null || skip_all "no clang (packages clang, libclang-rt-14-dev)"
	FUZZ_DIR=$BUILD/fuzz/$NAME
	CORPUS=$FUZZ_DIR/corpus
	rm -f "$FUZZ_DIR"/{crash,oom,timeout,leak}-*
	mkdir -p "$CORPUS"
	it "the target is built" compile "$@"
	it "the stored inputs can be unpacked" unpack_inputs
}

unpack_inputs() {
	python3 - "$REPO/tests/fuzz/corpus/$NAME" "$CORPUS" <<-'END'
		import base64, sys, zlib
		for n, line in enumerate(open(sys.argv[1], encoding="ascii")):
		    with open(f"{sys.argv[2]}/stored-{n}", "wb") as f:
		        f.write(zlib.decompress(base64.b64decode(line)))
	END
	expect_ge "$(find "$CORPUS" -name 'stored-*' | wc -l)" 10 "inputs"
}

compile() {
	local sources=()
	while [ "$1" != -- ]; do
		sources+=("$REPO/$1")
		shift
	done
	shift
	clang "${FUZZ_FLAGS[@]}" -fsanitize=fuzzer -I"$REPO" -I"$REPO/daemon" \
		-I"$REPO/drivers/bridges" -I"$REPO/ddekit/include" -I"$REPO/tests/fuzz/targets" \
		-o "$FUZZ_DIR/fuzz-$NAME" "$REPO/tests/fuzz/targets/$NAME.c" "${sources[@]}" "$@"
}

# Runs the target until its time is over.
fuzz() {
	local seconds=${DDEKIT_FUZZ_SECONDS:-10} log=$FUZZ_DIR/log
	[ -z "${DDEKIT_NIGHTLY:-}" ] || seconds=${DDEKIT_FUZZ_SECONDS:-600}
	(cd "$FUZZ_DIR" && "./fuzz-$NAME" -max_total_time="$seconds" -timeout=10 \
		-rss_limit_mb=1024 -print_final_stats=1 -verbosity=1 "$CORPUS") >"$log" 2>&1 || {
		tail -n 40 "$log"
		fail "input with a failure: $(find "$FUZZ_DIR" -maxdepth 1 -name '*-*' \
			-newer "$FUZZ_DIR/fuzz-$NAME" ! -name 'fuzz-*' | tr '\n' ' ')"
	}
	note "$(awk '/number_of_executed_units/ { print $2 }' "$log") inputs in $seconds s," \
		"$(find "$CORPUS" -type f | wc -l) in the corpus"
	expect_ge "$(awk '/number_of_executed_units/ { print $2 }' "$log")" 1000 "inputs tried"
}

fuzz_run() {
	it "no input violates an invariant" fuzz
	tap_done
}
