#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Relays of sluice-portal: static ones, coturn's REST secrets, stock relays that register themselves; who is told what and when.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases relays
