#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds every variant and runs every test; ends with one line
# "N passed, N failed, N skipped". Parts by name: tests/run.sh [lint] [unit] [fuzz] [sim] [asan] [tsan] [e2e]
# Exit code 0: all passed; 1: something failed; 2: there is no such part. With CI=true a skipped test fails
# unless tests/allowed-skips has a line "NAME: reason". Sourced, it only defines its functions.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
. configs/packages.sh

all_parts=(lint unit fuzz sim asan tsan e2e)
parts=()
passed=0 failed=0 skipped=0
log_dir=build/test-logs
allowed_skips=tests/allowed-skips

choose_parts() {
	local p
	for p in "$@"; do
		if [[ " ${all_parts[*]} " != *" $p "* ]]; then
			echo "tests/run.sh: there is no part \"$p\"; parts are: ${all_parts[*]}" >&2
			exit 2
		fi
	done
	parts=("$@")
	[ $# -gt 0 ] || parts=("${all_parts[@]}")
}

wanted() { # any of these parts
	local p
	for p in "$@"; do
		[[ " ${parts[*]} " == *" $p "* ]] && return 0
	done
	return 1
}

configure() { # folder, options…
	local dir=$1
	shift
	[ -f "$dir/build.ninja" ] && set -- --reconfigure "$@" # folders may have come or gone
	meson setup "$dir" "$@" >"$log_dir/setup-$(basename "$dir").log" 2>&1
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
	local name reason
	while IFS=: read -r name reason; do
		[ "$name" = "$1" ] && [ -n "${reason// /}" ] && return 0
	done 2>/dev/null <"$allowed_skips"
	return 1
}

# A skipped test is a failure in CI unless it is allowed with its reason.
count_skip() {
	if [ "${CI:-}" = true ] && ! is_allowed_skip "$1"; then
		echo "FAIL  $1: skipped, and not in $allowed_skips"
		failed=$((failed + 1))
	else
		echo "skip  $1"
		skipped=$((skipped + 1))
	fi
}

# Name of a skipped test: "not ok 3 # SKIP NAME" and "ok 3 # skip NAME" (cmocka's, by version),
# "ok 3 - NAME # SKIP why", "ok 3 NAME # skip".
# Empty: the line is no skip.
skip_of() {
	sed -nE -e 's/^(not )?ok [0-9]+ # [Ss][Kk][Ii][Pp]:? *([^ ]*).*/\2/p;t' \
		-e 's/^ok [0-9]+ (- )?([^ #]+).*# [Ss][Kk][Ii][Pp].*/\2/p' <<<"$1"
}

# Counts the TAP lines of a file into ok, bad, skips and planned of the caller.
count_tap() { # file, label
	local line name
	while IFS= read -r line; do
		case $line in
		"1.."[0-9]*) planned=${line#1..} planned=${planned%% *} ;;
		"not ok "*)
			name=
			[[ $line =~ ^not\ ok\ [0-9]+\ \#\ SKIP ]] && name=$(skip_of "$line")
			if [ -n "$name" ]; then
				count_skip "$name"
				skips=$((skips + 1))
			else
				bad=$((bad + 1))
			fi
			;;
		"ok "*)
			name=
			[[ $line == *"#"* ]] && name=$(skip_of "$line")
			if [[ $line =~ \#\ [Ss][Kk][Ii][Pp] ]]; then
				count_skip "${name:-$2}"
				skips=$((skips + 1))
			else
				ok=$((ok + 1))
			fi
			;;
		esac
	done <"$1"
}

# Runs one program and counts its TAP lines; one that prints none counts as one test by its exit code
# (77: skipped). One that ends badly, or before all it planned, has failed whatever it printed.
run_tap() { # label, seconds it may take, command…
	local label=$1 limit=$2 out="$log_dir/$1.log" code ok=0 bad=0 skips=0 planned='' began=$SECONDS note=''
	shift 2
	timeout -k 15 "$limit" "$@" >"$out" 2>&1
	code=$?
	[ $code -eq 124 ] || [ $code -eq 137 ] && note=", timed out after $limit s"
	count_tap "$out" "$label"
	if [ $((ok + bad + skips)) -eq 0 ] && [ "$planned" != 0 ]; then
		case $code in
		0) ok=1 ;;
		77) count_skip "$label" && return ;;
		*) bad=1 ;;
		esac
	elif [ $bad -eq 0 ] && { [ $code -ne 0 ] || [ $((ok + skips)) -lt "${planned:-0}" ]; }; then
		bad=1
		note+=", exit code $code, ${planned:-?} tests were planned"
	fi
	passed=$((passed + ok))
	failed=$((failed + bad))
	if [ $bad -gt 0 ]; then
		echo "FAIL  $label ($bad of $((ok + bad))$note) $((SECONDS - began)) s"
		grep -A 3 '^not ok' "$out" | head -n 40
		tail -n 40 "$out"
	else
		echo "ok    $label ($ok) $((SECONDS - began)) s"
	fi
}

run_lint() {
	run_tap lint 300 python3 tests/lint/lint.py
	run_tap lint-run 60 bash tests/lint/test_run.sh
}

run_units() { # folder, label
	local t
	for t in "$1"/tests/test_*; do
		[ -x "$t" ] && [ -f "$t" ] && run_tap "$2-$(basename "$t")" 300 \
			env CMOCKA_MESSAGE_OUTPUT=TAP SLUICE_SHARED="$PWD/../shared" SLUICE_SOURCE="$PWD" "$t"
	done
}

run_fuzz() { # folder, label
	local t name
	for t in "$1"/tests/fuzz_*; do
		[ -x "$t" ] && [ -f "$t" ] || continue
		name=$(basename "$t")
		run_tap "$2-$name" 300 "$t" "tests/fuzz/corpus/${name#fuzz_}"
	done
}

run_sim() { # folder, label, random cases
	run_tap "$2-world" 120 env CMOCKA_MESSAGE_OUTPUT=TAP "$1/tests/sim/test_sim_world"
	run_tap "$2" 600 env CMOCKA_MESSAGE_OUTPUT=TAP "$1/tests/sim/test_sim" --cases "$3"
	run_tap "$2-portal" 600 env CMOCKA_MESSAGE_OUTPUT=TAP "$1/tests/sim/portal/test_sim_portal" --cases "$3"
}

run_e2e() {
	local t
	for t in tests/e2e/test_*.sh; do
		[ -f "$t" ] && run_tap "e2e-$(basename "$t" .sh)" 600 env SLUICE_BUILD="$PWD/build" bash "$t"
	done
}

run_release() {
	build build --buildtype=release || return
	wanted unit && run_units build unit
	wanted fuzz && run_fuzz build fuzz
	wanted sim && run_sim build sim 2000
	wanted e2e && run_e2e
}

# gcc warns of conversions in code that the sanitizers rewrote: the release variant is the one that must be clean
run_asan() {
	build build-asan -Dwerror=false --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false || return
	local -x ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1
	run_units build-asan asan
	run_fuzz build-asan asan
	run_sim build-asan asan-sim 300
}

run_tsan() {
	build build-tsan --buildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false -Dvariant=pure && run_units build-tsan tsan
}

main() {
	choose_parts "$@"
	mkdir -p "$log_dir"
	install_packages "${SLUICE_PACKAGES[@]}" "${SLUICE_TEST_PACKAGES[@]}" || { echo "FAIL  apt"; failed=1; }
	wanted lint && run_lint
	wanted asan && run_asan
	wanted tsan && run_tsan
	wanted unit fuzz sim e2e && run_release
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed -eq 0 ] && [ $passed -gt 0 ]
}

[ "${BASH_SOURCE[0]}" != "$0" ] || main "$@"
