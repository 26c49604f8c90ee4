#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sluicectl portal: every command, its JSON and exit codes, and what peers see of a cordon, a revocation, a token that goes.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases operate
