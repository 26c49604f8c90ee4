#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves that tests/run.sh counts what its tests say: passes, failures, skips and silent deaths. TAP.
. "$(dirname "$0")/../run.sh"
log_dir=$(mktemp -d)
allowed_skips=$log_dir/allowed
trap 'rm -rf "$log_dir"' EXIT
printf '%s\n' 'known_one: needs a card' 'no_reason:' >"$allowed_skips"
n=0 wrong=0

# name, "passed failed skipped" wanted, CI, script of the program under test
case_of() {
	local have
	n=$((n + 1))
	have=$(
		CI=$3
		passed=0 failed=0 skipped=0
		run_tap program 3 bash -c "$4" >/dev/null
		echo "$passed $failed $skipped"
	)
	if [ "$have" = "$2" ]; then
		echo "ok $n - $1"
	else
		wrong=1
		echo "not ok $n - $1"
		echo "# counted $have, wanted $2"
	fi
}

case_of passes_are_counted "2 0 0" '' 'echo 1..2; echo "ok 1 - a"; echo "ok 2 - b"'
case_of a_failure_is_counted "1 1 0" '' 'echo 1..2; echo "ok 1 - a"; echo "not ok 2 - b"; exit 1'
case_of a_silent_program_counts_by_its_exit_code "1 0 0" '' 'true'
case_of a_silent_program_that_fails_has_failed "0 1 0" '' 'false'
case_of passes_before_a_crash_do_not_hide_it "1 1 0" '' 'echo 1..2; echo "ok 1 - a"; kill -SEGV $$'
case_of a_program_that_ends_too_early_has_failed "1 1 0" '' 'echo 1..2; echo "ok 1 - a"'
case_of a_program_that_hangs_has_failed "1 1 0" '' 'echo 1..1; echo "ok 1 - a"; exec tail -f /dev/null'
case_of exit_code_77_is_a_skip "0 0 1" '' 'exit 77'
case_of a_skip_of_cmocka_is_no_pass "0 0 1" '' 'echo 1..1; echo "ok 1 # skip name"'
case_of a_skip_of_a_newer_cmocka_is_no_failure "0 0 1" '' 'echo 1..1; echo "not ok 1 # SKIP name"'
case_of a_skip_of_a_newer_cmocka_fails_in_ci "0 1 0" true 'echo 1..1; echo "not ok 1 # SKIP name"'
case_of a_failure_that_speaks_of_skips_is_one "0 1 0" '' 'echo 1..1; echo "not ok 1 - name # SKIP me"'
case_of a_skip_with_a_reason_is_no_pass "1 0 1" '' 'echo 1..2; echo "ok 1 - a"; echo "ok 2 - name # SKIP no card"'
case_of a_skip_fails_in_ci "0 1 0" true 'echo 1..1; echo "ok 1 - name # SKIP no card"'
case_of a_skip_of_cmocka_fails_in_ci "0 1 0" true 'echo 1..1; echo "ok 1 # skip name"'
case_of an_allowed_skip_does_not "0 0 1" true 'echo 1..1; echo "ok 1 - known_one # SKIP no card"'
case_of an_allowed_skip_of_cmocka_does_not "0 0 1" true 'echo 1..1; echo "ok 1 # skip known_one"'
case_of an_allowed_skip_needs_a_reason "0 1 0" true 'echo 1..1; echo "ok 1 # skip no_reason"'
case_of the_word_skip_in_a_name_is_no_skip "1 0 0" true 'echo 1..1; echo "ok 1 - we_skip_nothing"'

n=$((n + 1))
if message=$(bash tests/run.sh unit nonsense 2>&1) || [ $? -ne 2 ] || [[ $message != *nonsense*lint*unit* ]]; then
	wrong=1
	echo "not ok $n - an_unknown_part_is_named"
	echo "# $message"
else
	echo "ok $n - an_unknown_part_is_named"
fi
echo "1..$n"
exit $wrong
