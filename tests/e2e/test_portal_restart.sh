#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sluice-portal ends, in order and by kill -9 under load: what it gave away stays whose it is. A damaged database is refused.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases restart
