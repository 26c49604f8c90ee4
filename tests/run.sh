#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds every variant and runs every test; ends with one line
# "N passed, N failed, N skipped". Parts by name: tests/run.sh [unit] [fuzz] [e2e] [asan] [tsan]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
. configs/packages.sh

parts=("$@")
passed=0 failed=0 skipped=0
log_dir=build/test-logs

wanted() {
	[ ${#parts[@]} -eq 0 ] && return 0
	local p
	for p in "${parts[@]}"; do [ "$p" = "$1" ] && return 0; done
	return 1
}

configure() { # folder, options…
	local dir=$1
	shift
	if [ -f "$dir/build.ninja" ]; then
		meson configure "$dir" "$@" >/dev/null
	else
		meson setup "$dir" "$@" >"$log_dir/setup-$(basename "$dir").log" 2>&1
	fi
}

build() { # folder, options…
	local name
	name=$(basename "$1")
	if configure "$@" && ninja -C "$1" >"$log_dir/build-$name.log" 2>&1; then
		return 0
	fi
	echo "FAIL  build $name"
	tail -n 30 "$log_dir/build-$name.log" "$log_dir/setup-$name.log" 2>/dev/null
	failed=$((failed + 1))
	return 1
}

is_allowed_skip() {
	grep -q "^$1:" tests/allowed-skips 2>/dev/null
}

# A skipped test is a failure in CI unless tests/allowed-skips gives its reason.
count_skip() {
	if [ "${CI:-}" = true ] && ! is_allowed_skip "$1"; then
		echo "FAIL  $1: skipped, and not in tests/allowed-skips"
		failed=$((failed + 1))
	else
		echo "skip  $1"
		skipped=$((skipped + 1))
	fi
}

# Runs one program and counts its TAP lines; one that prints none counts as one test by its exit code.
run_tap() { # label, command…
	local label=$1 out="$log_dir/$1.log" code line ok=0 bad=0
	shift
	"$@" >"$out" 2>&1
	code=$?
	while IFS= read -r line; do
		case $line in
		"ok "*"# SKIP"* | "ok "*"# skip"*) count_skip "$(sed -E 's/^ok [0-9]+ - ([^ ]+).*/\1/' <<<"$line")" ;;
		"ok "*) ok=$((ok + 1)) ;;
		"not ok "*) bad=$((bad + 1)) ;;
		esac
	done <"$out"
	if [ $((ok + bad)) -eq 0 ]; then
		case $code in
		0) ok=1 ;;
		77) count_skip "$label" ;;
		*) bad=1 ;;
		esac
	elif [ $bad -eq 0 ] && [ $code -ne 0 ]; then
		bad=1
	fi
	passed=$((passed + ok))
	failed=$((failed + bad))
	if [ $bad -gt 0 ]; then
		echo "FAIL  $label"
		tail -n 40 "$out"
	else
		echo "ok    $label ($ok)"
	fi
}

run_units() { # folder, label
	local t
	for t in "$1"/tests/test_*; do
		[ -x "$t" ] && [ -f "$t" ] && run_tap "$2-$(basename "$t")" \
			env CMOCKA_MESSAGE_OUTPUT=TAP SLUICE_SHARED="$PWD/../shared" SLUICE_SOURCE="$PWD" "$t"
	done
}

run_fuzz() { # folder, label
	local t name
	for t in "$1"/tests/fuzz_*; do
		[ -x "$t" ] && [ -f "$t" ] || continue
		name=$(basename "$t")
		run_tap "$2-$name" "$t" "tests/fuzz/corpus/${name#fuzz_}"
	done
}

run_e2e() {
	local t
	for t in tests/e2e/test_*.sh; do
		[ -f "$t" ] && run_tap "e2e-$(basename "$t" .sh)" env SLUICE_BUILD="$PWD/build" timeout 600 bash "$t"
	done
}

main() {
	install_packages || { echo "apt failed"; failed=1; }
	mkdir -p "$log_dir"
	if build build --buildtype=release; then
		wanted unit && run_units build unit
		wanted fuzz && run_fuzz build fuzz
	fi
	# gcc warns of conversions in code that the sanitizers rewrote: the release variant is the one that must be clean
	if wanted asan && build build-asan -Dwerror=false --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false; then
		export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1
		run_units build-asan asan
		run_fuzz build-asan asan
	fi
	if wanted tsan && build build-tsan --buildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false -Dvariant=pure; then
		run_units build-tsan tsan
	fi
	wanted e2e && run_e2e
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed -eq 0 ] && [ $passed -gt 0 ]
}
main
