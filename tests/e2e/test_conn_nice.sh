#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# libnice's agents as peers, in both roles, with and without a relay.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -x "$build/tests/e2e/conn/conn_peer" ] && [ -x "$build/tests/e2e/conn/nice_peer" ] || exit 77
command -v turnserver >/dev/null || exit 77
. "$here/conn/topology.sh"
run_cases nice
