#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Peers with a good token, and strangers, that mean harm to sluice-portal and to others: nobody else notices.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases attack
