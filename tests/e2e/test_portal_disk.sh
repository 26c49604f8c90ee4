#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sluice-portal on a full disk: the known are served, strangers are told to come back later, and nothing that was told is lost.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases disk
