#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Connections in namespaces: one network without a relay, NATs, symmetric NATs, a forwarded port.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -x "$build/tests/e2e/conn/conn_peer" ] || exit 77
. "$here/conn/topology.sh"
run_cases direct
