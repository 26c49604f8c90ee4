#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Closes that something comes across: deadlines, second signals, reloads, peers that cannot be told. Topology as in test_close.sh.
CASES=closing.py exec bash "$(dirname "$0")/test_close.sh"
