#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A relay like stock's forgets, refuses, loses and dies; clients of one family meet gateways of the other.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -x "$build/tests/e2e/conn/conn_peer" ] || exit 77
. "$here/conn/topology.sh"
run_cases relays
