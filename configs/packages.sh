# SPDX-License-Identifier: Apache-2.0
# Debian 12 packages that building, testing and the demo need; sourced by tests/run.sh and
# configs/demo/run.sh. install_packages asks apt only for what is missing.
SLUICE_PACKAGES=(
	meson ninja-build gcc libc6-dev pkg-config cppcheck
	libdpdk-dev libsodium-dev libjansson-dev libssl-dev libmnl-dev libwebsockets-dev libcmocka-dev
	libipsec-mb-dev valgrind
	wireguard-go wireguard-tools iproute2 nftables iputils-ping ethtool procps iperf3 python3 python3-cryptography
	coturn libnice-dev
)

install_packages() {
	local missing=() p
	for p in "${SLUICE_PACKAGES[@]}"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	echo "installing: ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
