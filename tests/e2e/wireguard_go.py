# SPDX-License-Identifier: Apache-2.0
"""The cases of test_wireguard_go.sh, in TAP; the topology stands."""
import base64
import os
import signal
import socket
import struct
import time

import nfctl
from lab import (DIR, WireguardGo, captured, case, echoed_sizes, finish, losses, must, note, pid_of, pings, raw, run, run_cases,
                 tcp, udp, udp_payload, until, wireguard_type)

WAN = {4: "192.0.2.1:51820", 6: "[2001:db8::1]:51820"}
PEER = {4: ("192.0.2.2", 51820), 6: ("2001:db8::2", 51820)}
INSIDE = ["10.8.0.2/32", "fd08::2/128"]
LAN = "10.1.0.0/24,fd01::/64"
STOP_BY = os.environ.get("STOP_BY")

control = nfctl.Control(f"{DIR}/nf")
nf_key = control.hello()
go = WireguardGo("peer", "wg", addresses=["10.8.0.2/32", "fd08::2/128"], routes=["10.1.0.0/24", "fd01::/64"])


def fresh(family, by_nf, psk=None, wrong_psk=None, **more):
    """Both ends forget the session; the one that is to initiate knows the other's address."""
    if "go" in control.peers():
        control.remove(go.key)
    go.forget(nf_key)
    go.peer(nf_key, LAN, endpoint=None if by_nf else WAN[family], psk=wrong_psk or psk)
    control.upsert("go", go.key, INSIDE, endpoint=PEER[family] if by_nf else None, psk=psk, **more)


def info():
    return control.peers()["go"]


def both_roles():
    for family in 4, 6:
        for by_nf in True, False:
            before = control.drops()
            fresh(family, by_nf)
            who = f"{'the NF' if by_nf else 'the peer'} initiates over IPv{family}"
            first, far = ("host", "10.8.0.2") if by_nf else ("peer", "10.1.0.2")
            case(f"{who}: the first packet is delivered", *pings(first, far))
            case(f"{who}: the NF's role is the expected one", info()["handshakes"] == 1 and
                 (control.drop("wireguard/initiations_sent") - before["wireguard/initiations_sent"][0] == by_nf), info())
            for inner in ("host", "10.8.0.2"), ("peer", "10.1.0.2"), ("host", "fd08::2"), ("peer", "fd01::2"):
                case(f"{who}: {inner[0]} reaches {inner[1]}", *pings(*inner))
            lost = losses(before, control.drops())
            case(f"{who}: no packet was lost", not lost, lost)


def every_size():
    """Inner packets of 28 (IPv4) or 48 (IPv6) bytes plus 1 up to the inner MTU of 1420; outside is IPv6 now."""
    for near, far, headers, who in (("10.1.0.2", "10.8.0.2", 28, "IPv4"), ("fd01::2", "fd08::2", 48, "IPv6")):
        before, sizes = control.drops(), range(1, 1420 - headers + 1)
        good, count = echoed_sizes("host", near, "peer", far, sizes)
        case(f"UDP of every size over {who} from LAN to peer and back", good == count == len(sizes), (good, count, len(sizes)))
        good, count = echoed_sizes("peer", far, "host", near, sizes)
        case(f"UDP of every size over {who} from peer to LAN and back", good == count == len(sizes), (good, count, len(sizes)))
        lost = losses(before, control.drops())
        case(f"none of them was lost over {who}", not lost, lost)


def bulk():
    for sender, receiver, to, who in (("peer", "host", "10.1.0.2", "the peer to the LAN"), ("host", "peer", "10.8.0.2", "the LAN to the peer")):
        ok, detail = tcp(sender, receiver, to, 200)
        note(detail)
        case(f"200 MiB of TCP from {who} arrive whole", ok, detail)


def icmp_errors():
    r = run("host", "ping", "-c1", "-W2", "-s", "1400", "-M", "do", "10.8.0.2")
    case("a packet larger than the inner MTU is answered with it", "mtu = 1420" in r.stdout + r.stderr, r.stdout + r.stderr)
    r = run("host", "ping", "-c1", "-W2", "-t", "1", "10.8.0.2")
    case("a packet at its last hop is answered with time exceeded", "Time to live exceeded" in r.stdout, r.stdout)
    r = run("host", "ping", "-c1", "-W2", "10.9.9.9")
    case("a packet for nobody is answered with unreachable", "Unreachable" in r.stdout, r.stdout)


def preshared_keys():
    psk, other = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    for by_nf in True, False:
        who = "NF" if by_nf else "peer"
        first, far = ("host", "10.8.0.2") if by_nf else ("peer", "10.1.0.2")
        fresh(4, by_nf, psk=psk)
        case(f"a preshared key is agreed on when the {who} initiates", *pings(first, far))
        before = control.drop("wireguard/handshake_invalid"), control.drop("wireguard/responses_sent")
        fresh(4, by_nf, psk=psk, wrong_psk=other)
        run(first, "ping", "-c1", "-W1", far)
        moved = until(3, lambda: (control.drop("wireguard/handshake_invalid") > before[0]) if by_nf else
                      (control.drop("wireguard/responses_sent") > before[1]))
        state = info()
        case(f"a wrong preshared key gives no session when the {who} initiates",
             moved and state["state"] != 2 and state["handshakes"] == 0 and go.last_handshake() == 0, state)


def wrong_keys():
    before = control.drops()
    fresh(4, False)
    control.remove(go.key)
    run("peer", "ping", "-c1", "-W1", "10.1.0.2")
    case("the initiation of an unknown key is counted and not answered",
         until(3, lambda: control.drop("wireguard/handshake_unknown_peer") == before["wireguard/handshake_unknown_peer"][0] + 1) and
         go.last_handshake() == 0)
    nobody = WireguardGo("peer", "xx", port=51899)
    go.forget(nf_key)
    go.peer(nobody.key, LAN, endpoint=WAN[4])
    run("peer", "ping", "-c1", "-W1", "10.1.0.2")
    case("a message for another responder's key is counted by its mac1",
         until(3, lambda: control.drop("wireguard/handshake_bad_mac") == before["wireguard/handshake_bad_mac"][0] + 1))
    go.forget(nobody.key)
    nobody.stop()


def moves_to(what, endpoint):
    """Until the NF has seen a packet from there, and has told its workers, they send to the old place."""
    run("peer", "ping", "-c1", "-W0.2", "10.1.0.2")
    case(f"the endpoint follows the peer's {what}", until(2, lambda: info()["endpoint"] == endpoint), info())
    case(f"traffic from the peer continues after it changed its {what}", *pings("peer", "10.1.0.2"))
    case(f"traffic to the peer continues after it changed its {what}", *pings("host", "10.8.0.2"))


def roaming():
    fresh(4, True)
    pings("host", "10.8.0.2", 1)
    go.set("listen-port", "40000")
    moves_to("port", ("192.0.2.2", 40000))
    must("peer", "ip addr add 192.0.2.3/24 dev eth0")
    must("peer", "ip addr del 192.0.2.2/24 dev eth0")
    must("peer", "ip addr replace 192.0.2.3/24 dev eth0")  # a secondary address went with its primary
    go.peer(nf_key, LAN, endpoint=WAN[4])  # wireguard-go forgets the address that it sent from
    moves_to("address", ("192.0.2.3", 40000))
    go.peer(nf_key, LAN, endpoint=WAN[6])
    moves_to("family", ("2001:db8::2", 40000))
    case("all of it took one handshake", info()["handshakes"] == 1, info())


def pinned():
    must("peer", "ip addr add 192.0.2.2/24 dev eth0")
    go.set("listen-port", "51820")
    fresh(4, True, pinned=True)
    case("a pinned peer is reached", *pings("host", "10.8.0.2"))
    go.set("listen-port", "40001")
    rx = info()["rx_packets"]
    r = run("peer", "ping", "-c2", "-i0.2", "-W1", "10.1.0.2")
    case("a pinned endpoint takes what comes from elsewhere and answers where it was", info()["rx_packets"] == rx + 2 and
         " 0 received" in r.stdout and info()["endpoint"] == ("192.0.2.2", 51820), (info(), r.stdout))
    go.set("listen-port", "51820")
    case("it is reached again where it was", *pings("peer", "10.1.0.2"))


def data_frames(sock, outgoing, minimum=0):
    return [f for f, out in captured(sock, lambda f: wireguard_type(f) == 4) if out == outgoing and
            len(udp_payload(f)[2]) >= minimum]


def persistent_keepalive():
    fresh(4, True)
    pings("host", "10.8.0.2", 1)
    wire = raw("peer", "eth0")
    control.upsert("go", go.key, INSIDE, keepalive=1)
    seen = []

    def more():
        seen.extend(f for f in data_frames(wire, False) if len(udp_payload(f)[2]) == 32)
        return len(seen) >= 3
    began = time.monotonic()
    case("a persistent keepalive of one second is sent every second", until(8, more) and time.monotonic() - began > 1.5, len(seen))
    wire.close()


def replay():
    fresh(4, False)
    pings("peer", "10.1.0.2", 1)
    sink, source, wire = udp("host", "10.1.0.2", 6000), udp("peer", "10.8.0.2"), raw("peer", "eth0")
    for i in range(200):
        source.sendto(b"once %d" % i, ("10.1.0.2", 6000))
        sink.recv(100)
    frames = data_frames(wire, True, 33)
    rx, before = info()["rx_packets"], control.drops()
    for f in frames:
        wire.send(f)
    until(5, lambda: control.drop("wireguard/replayed") - before["wireguard/replayed"][0] >= len(frames))
    grew = losses(before, control.drops())
    sink.setblocking(False)
    try:
        delivered = sink.recv(100)
    except BlockingIOError:
        delivered = None
    case("every packet of a replayed capture is counted as such, and none delivered",
         len(frames) == 200 and grew == {"wireguard/replayed": 200} and delivered is None and info()["rx_packets"] == rx,
         (len(frames), grew, delivered))
    for s in sink, source, wire:
        s.close()


def send_marked(sock, to, tos):
    v6 = ":" in to[0]
    level, option = (socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if v6 else (socket.IPPROTO_IP, socket.IP_TOS)
    sock.setsockopt(level, option, tos)
    sock.sendto(b"marked", to)


def receive_mark(sock):
    data, ancillary, _, _ = sock.recvmsg(100, 100)
    return next((struct.unpack_from("B", d)[0] for _, kind, d in ancillary if kind in (socket.IP_TOS, socket.IPV6_TCLASS)), None)


def ecn_out(outer):
    """Inner ECN, and it alone, is on the outer header."""
    wire = raw("peer", "eth0")
    for near, far in (("10.1.0.2", "10.8.0.2"), ("fd01::2", "fd08::2")):
        s, sink = udp("host", near), udp("peer", far, 6001)
        marks = []
        for tos in 0xb8, 0xb9, 0xba, 0xbb, 0, 1, 2, 3:  # EF and best effort, with every ECN
            captured(wire, lambda f: False)
            send_marked(s, (far, 6001), tos)
            sink.recv(100)
            marks += [udp_payload(f)[1] for f in data_frames(wire, False, 33)][-1:]
        case(f"the ECN of an IPv{6 if ':' in near else 4} packet is copied to outer IPv{outer}, its DSCP is not",
             marks == [0, 1, 2, 3] * 2, marks)
        s.close()
        sink.close()
    wire.close()


def ecn_in(outer):
    """A router's congestion mark on the outer header reaches an inner packet that can carry it."""
    family = "ip" if outer == 4 else "ip6"
    for rule in (f"add table {family} congested", f"add chain {family} congested out {{ type filter hook output priority 0; }}",
                 f"add rule {family} congested out udp dport 51820 {family} ecn set ce"):
        must("peer", f"nft {rule}")
    for near, far in (("10.1.0.2", "10.8.0.2"), ("fd01::2", "fd08::2")):
        s, sink = udp("peer", far), udp("host", near, 6002)
        if ":" in near:
            sink.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        else:
            sink.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        marks = []
        for tos in 0xb8, 0xb9, 0xba, 0xbb:
            send_marked(s, (near, 6002), tos)
            marks.append(receive_mark(sink))
        case(f"a congestion mark on outer IPv{outer} marks an inner IPv{6 if ':' in near else 4} packet that is ECN-capable",
             marks == [0xb8, 0xbb, 0xbb, 0xbb], marks)
        s.close()
        sink.close()
    run("peer", "nft", f"delete table {family} congested")


def ecn():
    for outer in 4, 6:
        fresh(outer, True)
        pings("host", "10.8.0.2", 1)
        ecn_out(outer)
        pings("peer", "10.1.0.2", 1)
        ecn_in(outer)


def stop(how):
    """With a session alive: everything must still come down cleanly."""
    fresh(4, True)
    case("a session is alive", *pings("host", "10.8.0.2"))
    if how == "release":
        control.request(nfctl.RELEASE, bytes(8))
        return
    control.close()
    os.kill(pid_of("nf"), signal.SIGTERM)
    log = lambda: open(f"{DIR}/nf.log").read()
    told = until(8, lambda: "event=peers_closed peers=1" in log())
    case("a live peer is told when the node stops without control plane", told and "accepted=1" in log(), log()[-400:])


def close_peer():
    fresh(4, True)
    pings("host", "10.8.0.2", 1)
    report = control.close_peer(go.key)
    case("a peer close sends five goodbyes to a peer that does not acknowledge",
         report["goodbyes"] == 5 and report["outcome"] == 3 and not report["acked"], report)
    r = run("host", "ping", "-c1", "-W1", "10.8.0.2")
    case("nothing is forwarded to a closed peer", " 1 received" not in r.stdout, r.stdout)
    control.close()
    os.kill(pid_of("nf"), signal.SIGTERM)
    gone = until(8, lambda: "event=stopped" in open(f"{DIR}/nf.log").read())
    case("a network function without control plane stops by itself", gone)


def main():
    kept = control.sync([dict(name="go", key=go.key, allowed=INSIDE, endpoint=PEER[4])])
    case("a peer is created by a sync", kept[0] == 1, kept)
    if STOP_BY:
        stop(STOP_BY)
        finish()
    for part in (both_roles, every_size, bulk, icmp_errors, preshared_keys, wrong_keys, roaming, pinned, persistent_keepalive,
                 replay, ecn, close_peer):
        began = time.monotonic()
        part()
        note(f"{part.__name__}: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    run_cases(main)
