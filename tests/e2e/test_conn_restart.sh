#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of a node, or of its control plane only: it comes back from its stash, and the far end sees no failure.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -x "$build/tests/e2e/conn/conn_peer" ] || exit 77
. "$here/conn/topology.sh"
run_cases restart
