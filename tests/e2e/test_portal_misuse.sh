#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Input no stock peer would send to sluice-portal: JSON, WebSocket frames, connections that stop midway, quotas; others go on.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases misuse
