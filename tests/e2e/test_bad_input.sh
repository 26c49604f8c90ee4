#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#   bad_input.py ── nf-ctl, nf-punt, nf-view ── [sluice-nf] wan, lan: net_null
#
# Mistakes in the file, in the plugins and on the sockets are refused by name, and hurt nobody else.
here=$(cd "$(dirname "$0")" && pwd)
build=${SLUICE_BUILD:-$here/../../build}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
TAG=bad$$ DIR=$dir SLUICE_BUILD=$build PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 timeout -k 2 120 python3 "$here/bad_input.py" </dev/null
