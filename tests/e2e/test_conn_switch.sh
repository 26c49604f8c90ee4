#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A path changes under a stream, away from a direct path that dies and back: what is lost, and how long it takes.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -x "$build/tests/e2e/conn/conn_peer" ] || exit 77
. "$here/conn/topology.sh"
run_cases switch
