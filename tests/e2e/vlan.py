# SPDX-License-Identifier: Apache-2.0
"""The cases of test_vlan.sh, in TAP; the topology stands."""
import json
import os
import signal
import socket
import struct
import subprocess

import nfctl
from lab import DIR, TAG, WireguardGo, case, flows, inside, pings, run_cases, texts, udp, until, whole

BUILD = os.environ["SLUICE_BUILD"]
PACKET_AUXDATA, SOL_PACKET, VLAN_VALID, ETH_P_ALL = 8, 263, 0x10, 3
MAC = bytes.fromhex("02000000c0de")


def start_nf(name, wan, lan, ports, host_port=False):
    config = {"runtime_dir": f"{DIR}/{name}",
              "nf": {"workers": 1, "idle": "adaptive", "hugepages": False, "memory_mb": 256, "max_peers": 64,
                     "plugin_dir": f"{BUILD}/plugins", "host_port": host_port,
                     "ports": [{"name": p, "device": f"net_af_packet{i},iface={p}0"} for i, p in enumerate(ports)],
                     "interfaces": {"wan": wan, "lan": lan}}}
    with open(f"{DIR}/{name}.json", "w") as f:
        json.dump(config, f)
    log = open(f"{DIR}/{name}.log", "a")
    p = subprocess.Popen(["ip", "netns", "exec", f"{TAG}-{name}", f"{BUILD}/nf/sluice-nf", "-c", f"{DIR}/{name}.json"],
                         stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    case(f"{name} starts", until(30, lambda: "event=ready" in open(f"{DIR}/{name}.log").read()))
    return p


class Station:
    """Frames with a tag of our own; what comes is (vlan or None, frame without the tag)."""

    def __init__(self, host, device):
        with inside(host):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.sock.bind((device, 0))
        self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.sock.settimeout(2)

    def send(self, vlans, to, ethertype, payload):
        tags = b"".join(struct.pack("!HH", 0x8100, v) for v in vlans)
        self.sock.send(to + MAC + tags + struct.pack("!H", ethertype) + payload)

    def receive(self, wanted):
        try:
            while True:
                frame, control, _, _ = self.sock.recvmsg(4096, 256)
                vlan = None
                for level, kind, data in control:
                    status, _, _, _, _, tci, _ = struct.unpack("=IIIHHHH", data[:20])
                    if level == SOL_PACKET and kind == PACKET_AUXDATA and status & VLAN_VALID:
                        vlan = tci & 0xfff
                if frame[:6] == MAC and wanted(frame):
                    return vlan, frame
        except socket.timeout:
            return None, None


def arp(target, source):
    return struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, MAC, socket.inet_aton(source), bytes(6), socket.inet_aton(target))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(proto, source, to, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 7, 0, 64, proto, 0, socket.inet_aton(source),
                       socket.inet_aton(to))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def echo_request():
    body = struct.pack("!BBHHH", 8, 0, 0, 1, 1) + b"tagged!!"
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


def is_arp_reply(frame):
    return frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\x02"


def is_ipv4(proto):
    return lambda frame: frame[12:14] == b"\x08\0" and frame[23] == proto


def by_hand(nf, host):
    """A station on VLAN 100 of the wire, and frames that belong nowhere."""
    view = nfctl.Control(f"{DIR}/{nf}", "nf-view")
    s = Station(host, "wan0")
    s.send([100], b"\xff" * 6, 0x806, arp("192.0.2.1", "192.0.2.9"))
    vlan, frame = s.receive(is_arp_reply)
    case("a tagged question for the node's MAC is answered with the tag", vlan == 100, (vlan, frame))
    mac = frame[6:12] if frame else bytes(6)
    s.send([100], mac, 0x800, ipv4(1, "192.0.2.9", "192.0.2.1", echo_request()))
    vlan, frame = s.receive(is_ipv4(1))
    case("a tagged ping is answered with the tag", vlan == 100 and frame[34] == 0, (vlan, frame))
    for name, tags, counter in (("a frame of a VLAN that nobody has", [101], "classify/no_interface"),
                                ("a frame without tag, where only a VLAN is configured", [], "classify/no_interface"),
                                ("a frame with nothing but a priority", [5 << 13], "classify/no_interface"),
                                ("a frame with two tags", [100, 200], "classify/ethertype_unknown")):
        before = view.drops()[counter][0]
        s.send(tags, mac, 0x800, ipv4(1, "192.0.2.9", "192.0.2.1", echo_request()))
        case(f"{name} is dropped by name", until(3, lambda: view.drops()[counter][0] == before + 1), view.drops()[counter])
    s.sock.close()


def tagged():
    wan = lambda addresses: {"port": "wan", "vlan": 100, "addresses": [addresses]}
    a = start_nf("a", wan("192.0.2.1/24"), {"port": "lan", "addresses": ["10.1.0.1/24"]}, ["wan", "lan"], {"name": "up0"})
    b = start_nf("b", wan("192.0.2.2/24"), {"port": "lan", "addresses": ["10.2.0.1/24"]}, ["wan", "lan"])
    ca, cb = nfctl.Control(f"{DIR}/a"), nfctl.Control(f"{DIR}/b")
    ka, kb = ca.hello(), cb.hello()
    ca.sync([dict(name="b", key=kb, allowed=["10.2.0.0/24"], endpoint=("192.0.2.2", 51820))])
    cb.sync([dict(name="a", key=ka, allowed=["10.1.0.0/24"], endpoint=("192.0.2.1", 51820))])
    case("a tunnel over a VLAN carries traffic", *pings("user", "10.2.0.2"))
    with flows(("user", "10.1.0.2", "server", "10.2.0.2", 500), ("server", "10.2.0.2", "user", "10.1.0.2", 500)) as fs:
        until(4, lambda: all(len(f.seen) > 1000 for f in fs))
    case("without loss, at 500 packets a second each way", whole(fs), texts(fs))
    by_hand("a", "b")
    for p in (a, b):
        p.send_signal(signal.SIGTERM)
    ca.close()
    cb.close()
    case("both stop with exit code 0", until(15, lambda: a.poll() == 0 and b.poll() == 0), (a.poll(), b.poll()))


def one_armed():
    c = start_nf("c", {"port": "wan", "addresses": ["192.0.2.1/24"]}, {"port": "wan", "vlan": 200, "addresses": ["10.1.0.1/24"]},
                 ["wan"])
    control = nfctl.Control(f"{DIR}/c")
    key = control.hello()
    go = WireguardGo("station", "go", addresses=["10.8.0.2/32"], routes=["10.1.0.0/24"])
    go.peer(key, "10.1.0.0/24", "192.0.2.1:51820")
    control.sync([dict(name="go", key=go.key, allowed=["10.8.0.2/32"], endpoint=("192.0.2.2", 51820))])
    lan, inner = Station("station", "eth0"), udp("station", "10.8.0.2", 5000)
    lan.send([200], b"\xff" * 6, 0x806, arp("10.1.0.1", "10.1.0.2"))
    vlan, frame = lan.receive(is_arp_reply)
    case("the LAN side of the one port answers on its VLAN", vlan == 200, (vlan, frame))
    mac = frame[6:12] if frame else bytes(6)
    datagram = struct.pack("!HHHH", 6000, 5000, 8 + 5, 0) + b"hello"
    lan.send([200], mac, 0x800, ipv4(17, "10.1.0.2", "10.8.0.2", datagram))
    try:
        data, source = inner.recvfrom(100)
    except socket.timeout:
        data, source = b"", None
    case("a packet of the LAN goes out by the same port, through the tunnel", data == b"hello" and source == ("10.1.0.2", 6000),
         (data, source))
    inner.sendto(b"and back", ("10.1.0.2", 6000))
    vlan, frame = lan.receive(is_ipv4(17))
    case("and the answer comes back tagged", vlan == 200 and frame.endswith(b"and back"), (vlan, frame))
    go.stop()
    control.close()
    c.send_signal(signal.SIGTERM)
    case("it stops with exit code 0", until(15, lambda: c.poll() == 0), c.poll())


def main():
    tagged()
    one_armed()


run_cases(main)
