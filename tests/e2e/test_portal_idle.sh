#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Silence towards sluice-portal: who sends no heartbeat is closed, who does stays, and nobody gets a WebSocket ping.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases idle
