#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The node stops by release while a session is alive; topology and cases as in test_wireguard_go.sh.
STOP_BY=release exec bash "$(dirname "$0")/test_wireguard_go.sh"
