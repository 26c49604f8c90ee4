#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The node stops by signal while a session is alive; topology and cases as in test_wireguard_go.sh.
STOP_BY=signal exec bash "$(dirname "$0")/test_wireguard_go.sh"
