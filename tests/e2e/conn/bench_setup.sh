#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How long two hosts take to find each other, ours beside libnice's: bench_setup.sh FILE-FOR-JSON-LINES [RUNS]
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
[ -x "$build/tests/e2e/conn/conn_peer" ] || exit 77
command -v turnserver >/dev/null || exit 77
. "$here/conn/topology.sh"
run_cases bench_setup "$@"
