#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each limit of sluice-portal is hit: clear refusals, counted by name, others unaffected.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases limits
