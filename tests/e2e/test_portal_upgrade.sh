#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How peers get in to sluice-portal: spellings of the request, tokens, refusals, exact answers, plain and TLS; its read-only HTTP.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases upgrade
