#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The peers of test_portal_*.sh prove how strict they are: every mistake of a portal's that drops a message with stock peers
# is seen by ours, and what a portal sent to stock peers is taken. Needs no portal.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
export SLUICE_SHARED=${SLUICE_SHARED:-$here/../../../shared}
PYTHONPATH=$here:$here/portal exec_in_portal selftest
