#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The relay that the tests of connectivity use, by itself: recorded messages, and every rule it must keep.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
add_hosts relay
PYTHONPATH=$here:$here/conn ip netns exec "$tag-relay" python3 "$here/conn/relay_test.py"
