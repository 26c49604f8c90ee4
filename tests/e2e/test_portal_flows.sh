#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sluice-portal and gateways and clients of both generations: registering, flows, candidates, refusals, choice of a gateway,
# odd messages; identities, credentials and orders are what stock peers need.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/portal/lib.sh"
portal_cases flows
