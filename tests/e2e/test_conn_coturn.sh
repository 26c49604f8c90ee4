#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Debian's turnserver as relay: its two kinds of credentials, refusals, stale nonces, restarts, both families.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -x "$build/tests/e2e/conn/conn_peer" ] || exit 77
command -v turnserver >/dev/null || exit 77
. "$here/conn/topology.sh"
run_cases coturn
