# SPDX-License-Identifier: Apache-2.0
# Debian 12 packages; sourced by configs/demo/run.sh (what building and the demo need) and by tests/run.sh
# (that, and what only tests use). install_packages asks apt only for what is missing.
SLUICE_PACKAGES=(
	meson ninja-build gcc libc6-dev pkg-config
	libdpdk-dev libsodium-dev libjansson-dev libssl-dev libmnl-dev libwebsockets-dev libev-dev libsqlite3-dev libcmocka-dev libipsec-mb-dev
	wireguard-go wireguard-tools iproute2 nftables iputils-ping ethtool procps iperf3 python3 python3-cryptography
)
SLUICE_TEST_PACKAGES=(cppcheck valgrind coturn libnice-dev openssl python3-websockets)

missing_packages() { # package…
	local p
	for p in "$@"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || echo "$p"
	done
}

# A package must not start a server here: the tests run their own.
without_service() { # unit, command…
	local unit=$1 rc
	shift
	command -v systemctl >/dev/null && systemctl mask --runtime "$unit" >/dev/null 2>&1
	"$@"
	rc=$?
	command -v systemctl >/dev/null && systemctl disable "$unit" >/dev/null 2>&1
	command -v systemctl >/dev/null && systemctl unmask --runtime "$unit" >/dev/null 2>&1
	return $rc
}

install_packages() { # package…; none: SLUICE_PACKAGES
	local missing
	[ $# -gt 0 ] || set -- "${SLUICE_PACKAGES[@]}"
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -eq 0 ] && return 0
	echo "installing: ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq || return
	local install=(apt-get install -y -qq --no-install-recommends "${missing[@]}")
	if [[ " ${missing[*]} " == *" coturn "* ]]; then
		without_service coturn.service "${install[@]}" >/dev/null
	else
		"${install[@]}" >/dev/null
	fi
}
