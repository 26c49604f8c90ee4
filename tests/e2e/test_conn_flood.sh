#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Connections in namespaces: garbage from the relay's own address delays no peer's check.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -x "$build/tests/e2e/conn/conn_peer" ] || exit 77
. "$here/conn/topology.sh"
run_cases flood
