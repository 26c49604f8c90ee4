#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A changed file of sluice-portal under connected peers: exactly the pushes that are needed, nobody reconnects, a bad file is named.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases reload
