#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sluice-portal moves 2000 clients off one gateway: paced, evenly, each once; then rescues a quarter of them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases drain
