#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sluice-portal moves clients off a gateway that died, leaves or is drained: exactly those concerned, at the right moment, and nobody else.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases rescue
