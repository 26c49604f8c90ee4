#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz corpora, tests/fuzz/corpus/NAME/seed-*; what fuzzing found lies beside them."""
import base64
import json
import os
import struct
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
KEY_A = base64.b64encode(b"\1" * 32).decode()
KEY_B = base64.b64encode(b"\2" * 32).decode()


def checksum(data):
    data += b"\0" * (len(data) % 2)
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


def ip4(proto, payload, flags=0, tos=0):
    h = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), 1, flags, 64, proto, 0, b"\x0a\x08\0\2", b"\x0a\x09\0\2")
    return h[:10] + struct.pack("!H", checksum(h)) + h[12:] + payload


def ip6(nh, payload, tos=0, hops=64, src=b"\xfd" + b"\0" * 14 + b"\2", dst=b"\xfd" + b"\0" * 14 + b"\3"):
    return struct.pack("!IHBB16s16s", 6 << 28 | tos << 20, len(payload), nh, hops, src, dst) + payload


def inner():
    udp = struct.pack("!HHHH", 1000, 2000, 12, 0) + b"data"
    tcp = struct.pack("!HHIIBBHHH", 1, 2, 3, 4, 0x50, 2, 100, 0, 0)
    echo = b"\x08\0\0\0\0\1\0\1" + b"x" * 8
    yield "udp4", ip4(17, udp)
    yield "tcp4-ecn", ip4(6, tcp, tos=2)
    yield "icmp4", ip4(1, echo)
    yield "icmp4-error", ip4(1, b"\3\1\0\0\0\0\0\0" + ip4(17, udp))
    yield "fragment4", ip4(17, udp, flags=0x2000)
    yield "later-fragment4", ip4(17, b"x" * 8, flags=5)
    yield "udp6", ip6(17, udp, tos=1)
    yield "tcp6", ip6(6, tcp)
    yield "icmp6", ip6(58, b"\x80" + echo[1:])
    yield "icmp4-in-6", ip6(1, echo)
    yield "padded", ip4(17, udp) + b"\0" * 12
    yield "cut-short", ip4(17, udp)[:-1]
    yield "cut-short6", ip6(17, udp)[:-1]
    yield "runt", ip4(17, udp)[:19]
    yield "udp-too-long", ip4(17, struct.pack("!HHHH", 1, 2, 99, 0))
    for event in (0, 1, 2, 0xE0, 0xE1, 0xE2, 0xE3):
        yield f"control-{event}", ip6(255, bytes([event]) + b"\0" * 7, hops=0, src=b"\0" * 16, dst=b"\0" * 16)


def frames():
    arp = struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, b"\2\0\0\0\0\1", b"\x0a\x09\0\2", b"\0" * 6, b"\x0a\x09\0\1")
    yield "arp-request", b"\0" + arp
    yield "arp-reply", b"\0" + arp[:6] + b"\0\2" + arp[8:]
    yield "arp-short", b"\0" + arp[:20]
    yield "arp-other-hardware", b"\0\0\6" + arp[2:]
    target = b"\xfe\x80" + b"\0" * 13 + b"\1"
    for name, kind, flags, option in (("ns", 135, 0, b"\1\1"), ("na", 136, 0x60, b"\2\1"), ("ns-no-length", 135, 0, b"\1\0")):
        nd = bytes([kind, 0, 0, 0, flags, 0, 0, 0]) + target + option + b"\2\0\0\0\0\1"
        yield name, b"\5" + ip6(58, nd, hops=255)
    for name, p in inner():
        yield "icmp-" + name, b"\x02" + p
        yield "inner-" + name, b"\x03" + p
    yield "icmp-large", b"\x0a" + ip6(17, b"u" * 1400)


def ctl():
    def message(kind, body, seq=1, claimed=None):
        return struct.pack("=HHIIiII", kind, 0, seq, 0, 0, len(body) if claimed is None else claimed, 0) + body
    yield "hello", b"\0" + message(1, struct.pack("=II16sII", 1, 99, b"b" * 16, 0, 0))
    yield "sync-begin", b"\4" + message(2, struct.pack("=II", 1, 0))
    yield "before-hello", b"\0" + message(3, struct.pack("=II", 1, 1))
    yield "stash", b"\4" + message(4, struct.pack("=32sHHI", b"k" * 32, 1, 0, 3) + b"abc")
    yield "status-view", b"\2" + message(32, b"\0" * 8)
    yield "reload-on-view", b"\2" + message(7, b"\0" * 8)
    yield "inject", b"\1" + message(97, b"\0" * 88 + b"x" * 40)
    yield "unknown", b"\4" + message(4000, b"")
    yield "short", b"\4" + message(17, b"k" * 31)
    yield "lying-length", b"\4" + message(17, b"k" * 32, claimed=33)
    yield "headless", b"\4" + b"\1\0\0\0"


def upsert(name=b"peer", endpoint=(4, 51820), mtu=1420, profile=b"\0\0\0\0", allowed=((4, 32),), count=None, key=b"\1"):
    def addr(family, port, prefix):
        return struct.pack("=16sHBBI", b"\x0a\x08\0\2", port, family, prefix, 0)
    body = key.ljust(32, b"k") + b"\0" * 32 + addr(endpoint[0], endpoint[1], 0) + struct.pack("=32sIHH", name, 1, 25, mtu)
    body += profile + struct.pack("=HH", 0, len(allowed) if count is None else count)
    return body + b"".join(addr(f, 0, p) for f, p in allowed)


def upserts():
    yield "good", upsert()
    yield "two-families", upsert(allowed=((4, 24), (6, 64)))
    yield "no-endpoint", upsert(endpoint=(0, 0))
    yield "family-of-nobody", upsert(endpoint=(5, 1))
    yield "endpoint-without-port", upsert(endpoint=(4, 0))
    yield "count-lies", upsert(count=2)
    yield "count-wraps", upsert(count=0xFFFF)
    yield "prefix-too-long", upsert(allowed=((4, 33),))
    yield "name-without-end", upsert(name=b"n" * 32)
    yield "profile", upsert(profile=b"\2\0\0\0")
    yield "mtu", upsert(mtu=10)
    yield "own-key", upsert(key=b"\1\2\3" + b"\0" * 29)
    yield "no-identity", upsert(key=b"\2")
    yield "truncated", upsert()[:-3]


def configs():
    port = {"name": "p", "device": "net_ring0"}
    wan = {"port": "p", "addresses": ["192.0.2.1/24", "2001:db8::1/64"], "gateways": ["192.0.2.2"]}
    lan = {"port": "p", "vlan": 7, "addresses": ["10.9.0.1/16"]}
    nf = {"workers": 1, "idle": "adaptive", "ports": [port], "interfaces": {"wan": wan, "lan": lan},
          "routes": [{"to": "10.0.0.0/8", "via": "10.9.0.2"}], "plugins": {"ip": {}, "wireguard": {"listen_port": 51820}}}
    peer = {"name": "a", "public_key": KEY_A, "endpoint": "[2001:db8::7]:1", "allowed_ips": ["10.8.0.2/32", "::/0"]}
    yield "small", {"nf": {"ports": [port], "interfaces": {"wan": wan}}}
    yield "whole", {"nf": nf, "log_level": "debug", "runtime_dir": "/run/x", "control": {"linger_ms": 5}, "peers": [peer]}
    yield "twice", {"nf": nf, "peers": [peer, peer]}
    yield "psk", {"nf": nf, "peers": [dict(peer, preshared_key=KEY_B, timers="stock", endpoint_mode="pinned")]}
    yield "variable", {"nf": dict(nf, ports=[dict(port, device="${NO_SUCH}")])}
    yield "workers", {"nf": dict(nf, workers=[1, 2, "x"])}
    yield "host-port", {"nf": dict(nf, host_port={"name": "tap0"})}
    yield "bad-prefix", {"nf": nf, "peers": [dict(peer, allowed_ips=["10.8.0.2/33"])]}
    yield "unknown-key", {"nf": nf, "pears": []}
    yield "number", 7
    yield "nested", {"nf": {"ports": [[[[[[]]]]]]}}


def portal_configs():
    listen = {"listen": [{"address": "127.0.0.1:8081"}]}
    whole = dict(listen, log_level="debug", database="/a", control_socket="/b", account_slug="x",
                 http={"listen": ["[::1]:1"], "trusted_proxies": ["10.0.0.0/8"]}, limits={"connections": 5},
                 sites=[{"name": "hq"}, {"name": "lab", "id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"}],
                 actors=[{"name": "ann", "email": "a@b", "groups": ["g"]}, {"name": "bob"}],
                 timing={"rescue_after_ms": 1, "authorization_s": 60}, quota={"relays": 1},
                 dns={"upstream": ["9.9.9.9", "[2620:fe::fe]:53"], "search_domain": "acme.example"})
    kinds = {"cidr": "10.0.0.0/8", "ip": "2001:db8::1", "dns": "*.a.example"}
    resources = [{"name": k, "type": k, "address": a, "sites": ["hq"], "filters": [{"protocol": "tcp", "ports": [1, "2-3"]}]}
                 for k, a in kinds.items()] + [{"name": "net", "type": "internet", "sites": ["lab", "hq"]}]
    policy = {"name": "p", "actors": ["bob"], "groups": ["g"], "resources": ["dns", "net"], "networks": ["::/0"],
              "expires_at": "2027-01-31T12:00:00.5+01:00"}
    relays = [{"name": "t", "ipv4": "192.0.2.1", "ipv6": "[2001:db8::1]:3478", "username": "u", "password": "p"},
              {"name": "r", "ipv4": "192.0.2.2:1", "any_port": True, "rest_secret": "s"}]
    yield "small", listen
    yield "whole", dict(whole, resources=resources, policies=[policy], relays=relays)
    for name in kinds:
        yield name, dict(whole, resources=[r for r in resources if r["name"] == name])
    yield "policies", dict(whole, resources=resources, policies=[policy, dict(policy, name="q", actors=[])])
    yield "twice", dict(whole, resources=resources[:1] * 2)
    yield "relays", dict(whole, relays=relays)
    yield "reserved", dict(whole, resources=[dict(resources[0], address="100.64.0.0/12")])
    yield "covers", dict(whole, resources=[dict(resources[0], address="64.0.0.0/2")])
    yield "pattern", dict(whole, resources=[dict(resources[2], address="**.[a-z]?.*x", ip_stack="ipv4_only")])
    yield "variable", {"listen": [{"address": "${NO_SUCH}"}]}
    yield "tls", {"listen": [{"address": "[::]:443", "certificate_file": "/c", "key_file": "/k"}]}
    yield "unknown-key", dict(listen, site=[])
    yield "nested", {"listen": [[[[[[]]]]]]}


def messages():
    for kind in (1, 2, 3):
        for name, change in (("as-it-is", b""), ("type", b"\0\3"), ("index", b"\4\1"), ("key", b"\x09\1"), ("tag", b"\x37\x80"),
                             ("mac", b"\x78\1\x8b\1")):
            yield f"{kind}-{name}", bytes([kind]) + change
            yield f"{kind}-{name}-fixed", bytes([kind | 4]) + change
    yield "raw-data", b"\0\4\0\0\0" + b"\1\0\0\0" + b"\0" * 24
    yield "raw-short", b"\0\1\0\0\0"
    yield "raw-initiation", b"\0\1\0\0\0" + bytes(range(144))
    yield "raw-reserved", b"\0\1\1\0\0" + bytes(144)


def states():
    for profile in range(4):
        yield f"handshake-{profile}", bytes([profile, 2, 3, 4, 5, 0, 0, 0, 0, 6, 65, 6, 64, 8, 9, 1, 130, 1, 60])
    yield "late-response", bytes([0, 2, 2, 19, 4, 3, 4])
    yield "repeated", bytes([0, 2, 3, 3, 4, 4, 20])
    yield "gives-up", bytes([1, 9] + [1, 5] * 30)
    yield "expires", bytes([0, 26, 1, 119, 8, 0, 1, 60, 1, 255, 1, 255])
    yield "window", bytes([0, 5, 0, 1, 0, 0, 7, 63, 7, 64, 7, 65, 7, 128, 6, 255, 15, 0, 0, 0, 1])
    for carrier in range(4):
        yield f"close-{carrier}", bytes([0, 10, 12 | carrier << 4, 100, 5, 0, 0, 0, 1, 0, 0, 1, 0, 0, 5, 0, 0, 0, 2, 14, 13])
    yield "seen", bytes([2, 26, 8, 1, 1, 9, 11, 3, 27, 90, 1, 10, 1, 25, 1, 25])


def stun_attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)


def stun(kind, *attributes):
    body = b"".join(stun_attribute(k, v) for k, v in attributes)
    return struct.pack("!HHI", kind, len(body), 0x2112A442) + bytes(range(12)) + body


def stuns():
    name = (6, b"mmlj:ziqm")
    v4, v6 = b"\0\1\xbd\x52\xe7\x21\xc0\x45", b"\0\2\xcb\x72" + bytes(16)
    yield "check", stun(1, name, (0x802A, bytes(8)), (0x24, b"\x6e\xff\xfe\xff"), (0x25, b""), (8, bytes(20)), (0x8028, bytes(4)))
    yield "answer", stun(0x101, (0x20, v4), (8, bytes(20)), (0x8028, bytes(4)))
    yield "answer6", stun(0x101, (0x20, v6), (8, bytes(20)))
    yield "unauthorized", stun(0x113, (9, b"\0\0\4\1Unauthorized"), (0x14, b"firezone"), (0x15, b"nonce"), (8, bytes(20)))
    yield "allocated", stun(0x103, (0x16, v4), (0x16, v6), (0x20, v4), (0xD, b"\0\0\2\x58"), (8, bytes(20)))
    yield "refused", stun(0x114, (9, b"\0\0\4\x14"), (0xA, b"\0\x19\x80\0"))
    yield "bind", stun(9, (0x12, v4), (0xC, b"\x40\0\0\0"), (0x8022, b"snownet"), (6, b"u"), (0x14, b"r"), (8, bytes(20)))
    yield "indication", stun(0x11)
    yield "behind-integrity", stun(1, name, (8, bytes(20)), (0x25, b""), (6, b"x:y"))
    yield "twice", stun(1, name, name, (0x24, bytes(4)), (0x24, b"\1" * 4))
    yield "unknown", stun(1, (0x7ABC, b"abc"), (0xFABC, b""))
    yield "cut", stun(1, name)[:-4]
    yield "long-attribute", stun(1, (6, b"abcd"))[:22] + b"\xff\xff" + b"abcd"
    yield "no-utf8", stun(1, (6, b"a:\xff\xfe"))
    yield "short-address", stun(0x101, (0x20, b"\0\1\0\0"))


def channel_data():
    check = dict(stuns())["check"]
    yield "check", struct.pack("!HH", 0x4000, len(check)) + check
    yield "empty", b"\x4f\xff\0\0"
    yield "padded", b"\x40\0\0\1x\0\0\0"
    yield "cut", b"\x40\0\0\5x"
    yield "below", b"\x3f\xff\0\0"
    yield "above", b"\x80\0\0\0"


def candidates():
    c = "candidate:fffeff7e85b989a9086dd1e5 1 udp "
    yield "host", (c + "2130706175 192.0.2.10 52625 typ host ufrag resc").encode()
    yield "host6", (c + "2130706431 2001:db8::10 52625 typ host ufrag resc").encode()
    yield "srflx", (c + "1694498559 198.51.100.7 40000 typ srflx raddr 0.0.0.0 rport 0").encode()
    yield "relay", (c + "37748479 203.0.113.5 60000 typ relay raddr 0.0.0.0 rport 0 ufrag resc").encode()
    yield "relay6", (c + "37492735 2001:db8:5::5 60000 typ relay raddr :: rport 0 ufrag resc").encode()
    yield "prflx", (c + "1 ::ffff:192.0.2.1 5 typ prflx raddr :: rport 0").encode()
    yield "extensions", (c + "1 1.2.3.4 5 typ host generation 0 network-cost 50 ufrag abcd network-id 1").encode()
    yield "spaces", b"candidate:1  1 UDP 1 1.2.3.4\t5 typ host"
    yield "component", b"candidate:1 2 udp 1 1.2.3.4 5 typ host"
    yield "tcp", b"candidate:1 1 tcp 1 1.2.3.4 5 typ host tcptype active"
    yield "attribute", b"a=candidate:1 1 udp 1 1.2.3.4 5 typ host"
    yield "priority", b"candidate:1 1 udp 4294967296 1.2.3.4 5 typ host"
    yield "port", b"candidate:1 1 udp 1 1.2.3.4 65536 typ host"
    yield "zone", b"candidate:1 1 udp 1 fe80::1%eth0 5 typ host"
    yield "cut", b"candidate:1 1 udp 1 1.2.3.4 5 typ"


def conn_states():
    def op(which, who=0, high=0):
        return bytes([who | which << 1 | high << 5])

    meet = op(2) + b"\0" + op(2, 1) + b"\0" + op(4) + b"\1" + op(4, 1) + b"\0"
    step = b"".join(op(7) + bytes([i, 0]) for i in range(16)) + op(0) + b"\x1e"
    relayed = op(5) + b"\4" + op(0) + b"\1" + op(9) + b"\0\x18\x09" + op(0) + b"\1"
    yield "meet", meet + step * 3
    yield "meet-and-idle", meet + step * 3 + op(1) + b"\x1e" + step * 2 + op(12) + b"\1\0\0\0" + step
    yield "restart", meet + step * 3 + op(1) + b"\2" + op(13) + b"\0" + step * 2
    yield "restart-damaged", meet + step * 3 + op(1) + b"\2" + op(13, 0, 1) + b"\x10\xff" + step
    yield "damaged", meet + b"".join(op(7, 0, 1) + bytes([i, 30 + i, 1]) for i in range(16)) + step
    yield "reuse", meet + step * 2 + op(2) + b"\0" + step + op(2) + b"\1" + step + op(2) + b"\2" + step
    yield "early", op(4) + b"\x10" + op(4) + b"\x12" + op(2, 0, 1) + b"\0" + step
    yield "relay", relayed + op(9) + b"\1\x03\0" + op(0) + b"\1" + op(9) + b"\2\x1e\5\xff" + meet + step
    yield "relay-lost", relayed + op(1) + b"\x20" + op(5) + b"\2" + meet + step
    yield "invalidate", meet + step * 2 + op(4) + b"\x09" + step + op(4) + b"\1" + step
    yield "reports", meet + b"".join(op(12) + bytes([k, 0, 0xFC, 1]) for k in range(6)) + step
    yield "close", meet + step * 2 + op(15) + b"\0\1" + step + op(14, 1) + b"\0\0" + step
    yield "raw", meet + op(11) + b"\1\4\x40\0\0\0" + op(11) + b"\0\x14" + stun(1)
    yield "relay-twice", op(5) + b"\x06" + op(0) + b"\1" + op(5) + b"\x24" + op(5) + b"\x0c" + op(5) + b"\x0e" + meet + step
    yield "relayed", relayed + op(9) + b"\2\x1e\5\xff" + meet + step + op(6) + b"\3\0" + op(6) + b"\4\1" + step
    yield "sleep", meet + step * 3 + op(1, 0, 1) + b"\6" + step + op(1, 0, 1) + b"\2" + step
    yield "keys", meet + op(2, 0) + b"\4" + step + op(2, 0, 1) + b"\0" + op(2, 0, 2) + b"\4" + step + op(2) + b"\x08"
    yield "starved", b"".join(op(15) + b"\0\x08" + bytes([n]) + op(2) + bytes([n & 7]) for n in range(8)) + step
    yield "said-again", meet + step * 2 + op(15) + b"\0\6" + step + op(15) + b"\0\7" + step
    yield "roam", meet + step * 2 + op(15) + b"\0\2\0" + step + op(15) + b"\0\2\1" + step


def portal_frames():
    uuid = "8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701"
    ice = {"username": "pxcy", "password": "xencxidokfqyv7s7vonpi7"}
    turn = {"id": uuid, "type": "turn", "addr": "198.51.100.10:3478", "username": "1:a", "password": "b", "expires_at": 1790000000}
    stun = {"id": uuid, "type": "stun", "addr": "[2001:db8::10]:3478"}
    face = {"ipv4": "100.64.0.5", "ipv6": "fd00:2021:1111::5"}
    dns = dict(face, upstream_dns=[{"protocol": "ip_port", "address": "9.9.9.9:53"}], upstream_do53=[{"ip": "9.9.9.9"}],
               search_domain="acme.example")
    filters = [{"protocol": "tcp", "port_range_start": 1, "port_range_end": 2}, {"protocol": "udp", "port_range_end": 2}, {"protocol": "icmp"}]
    cidr = {"id": uuid, "type": "cidr", "name": "n", "address": "10.20.0.0/16", "filters": filters}
    name = {"id": uuid, "type": "dns", "name": "n", "address": "*.acme.example", "filters": [], "ip_stack": "dual"}
    sites = [{"id": uuid, "name": "s"}]
    internet = {"id": uuid, "type": "internet", "can_be_disabled": True}
    grant = {"client_id": uuid, "resource_id": uuid, "expires_at": 1790000000}
    logs = {"api_url": "http://127.0.0.1:9/", "upload_interval_secs": 0, "upload_batch_size": 0}
    config = {"ipv4_masquerade_enabled": True, "ipv6_masquerade_enabled": True}
    texts = ("account_id", "policy_authorization_id", "policy_id", "resource_id", "resource_name", "authorized_at",
             "authorization_expires_at", "device_id", "actor_id", "actor_name")
    claims = dict({c: "x" for c in texts}, iat=1, exp=2, uploads_enabled=False, role="initiator")
    token = ".".join(base64.urlsafe_b64encode(p).decode().rstrip("=") for p in (b'{"alg":"HS256"}', json.dumps(claims).encode(), b"sig"))
    client = dict(face, id=uuid, public_key=KEY_A, preshared_key=KEY_B)
    authorize = {"ref": "r", "resource": cidr, "client": client, "client_ice_credentials": ice, "gateway_ice_credentials": ice,
                 "expires_at": None}
    created = {"resource_id": uuid, "gateway_id": uuid, "site_id": uuid, "gateway_public_key": KEY_A, "gateway_ipv4": face["ipv4"],
               "gateway_ipv6": face["ipv6"], "preshared_key": KEY_B, "client_ice_credentials": ice, "gateway_ice_credentials": ice}
    domain = {"name": "git", "proxy_ips": ["100.96.0.1", "::1"]}
    legacy = {"ref": "r", "resource": name, "expires_at": 1, "client": {"id": uuid, "payload": {"ice_parameters": ice, "domain": domain},
                                                                        "peer": dict(client, persistent_keepalive=25)}}
    allow = {"ref": "r", "client_id": uuid, "client_ipv4": face["ipv4"], "client_ipv6": face["ipv6"], "resource": internet, "payload": domain,
             "expires_at": 1}
    newer = {"use_iceless": False, "flow_logs_ingest_token": token}
    candidates = ["candidate:1 1 udp 1 192.0.2.1 1 typ host", 7]

    def frame(topic, event, payload, ref=None):
        return {"topic": topic, "event": event, "payload": payload, "ref": ref}

    yield "join", frame("gateway", "phx_join", None, 0)
    yield "join-relay", frame("relay", "phx_join", {"stamp_secret": "s"}, 0)
    yield "heartbeat", frame("phoenix", "heartbeat", {}, 1)
    yield "ok", frame("phoenix", "phx_reply", {"status": "ok", "response": {}}, 1)
    yield "refused", frame("client", "phx_reply", {"status": "error", "response": {"reason": "unmatched topic"}}, 1)
    yield "close", frame("client", "phx_close", {})
    yield "disconnect", frame("gateway", "disconnect", {"reason": "token_expired"})
    yield "init-gateway", frame("gateway", "init", {"interface": face, "config": config, "relays": [turn, stun], "authorizations": [grant],
                                                    "account_slug": None, "flow_logs": logs})
    resources = [dict(r, gateway_groups=sites) for r in (cidr, name, internet)] + [{"type": "pool"}, {"type": "cidr"}]
    yield "init-client", frame("client", "init", {"interface": dns, "resources": resources, "relays": [turn], "flow_logs": logs})
    yield "init-relay", frame("relay", "init", {})
    yield "authorize", frame("gateway", "authorize_flow", authorize)
    yield "authorize-newer", frame("gateway", "create_authorization", dict(authorize, **newer))
    yield "authorized", frame("gateway", "authorization_created", {"ref": "r"}, 3)
    yield "created", frame("client", "flow_created", created)
    yield "created-newer", frame("client", "authorization_created", dict(created, **newer))
    yield "failed", frame("client", "flow_creation_failed", {"resource_id": uuid, "reason": "x", "violated_properties": ["y"]})
    yield "create", frame("client", "create_flow", {"resource_id": uuid, "connected_gateway_ids": [uuid]}, 4)
    yield "candidates", frame("gateway", "ice_candidates", {"client_id": uuid, "candidates": candidates})
    yield "broadcast", frame("client", "broadcast_ice_candidates", {"gateway_ids": [uuid], "candidates": candidates[:1]}, 5)
    yield "unicast", frame("client", "new_gateway_ice_candidates", {"gateway_id": uuid, "candidates": candidates[:1]}, 5)
    yield "relays", frame("gateway", "relays_presence", {"disconnected_ids": [uuid], "connected": [turn]})
    yield "resource", frame("gateway", "resource_updated", cidr)
    yield "upsert", frame("client", "resource_created_or_updated", dict(name, sites=sites))
    yield "upsert-other", frame("client", "resource_created_or_updated", {"type": "pool"})
    yield "deleted", frame("client", "resource_deleted", "{" + uuid + "}")
    yield "config", frame("client", "config_changed", {"interface": dns})
    yield "reject", frame("gateway", "reject_access", grant)
    yield "expiry", frame("gateway", "access_authorization_expiry_updated", grant)
    yield "legacy", frame("gateway", "request_connection", legacy)
    yield "legacy-allow", frame("gateway", "allow_access", allow)
    yield "legacy-ready", frame("gateway", "connection_ready", {"ref": "r", "gateway_payload": {"ConnectionAccepted": {"ice_parameters": ice}}}, 6)
    yield "capabilities", frame("gateway", "set_snownet_capabilities", {"iceless": True}, 1)
    yield "twice", b'{"topic":"gateway","topic":"gateway"}'
    yield "cut", b'{"topic":"gateway","event":"phx_'
    yield "deep", b"[" * 3000
    yield "no-frame", 7


def portal_channels():
    join, lost, due, beat = b"\0\1\4\0\0", b"\3", b"\7", b"\7\4\1\1"
    for kind in range(4):
        k = bytes([kind])
        yield f"join-{kind}", k + join + beat + b"\6\0\6\1\4\7"
        yield f"queue-{kind}", k + b"\6\0" * 40 + b"\0\1" + b"\6\0" * 40 + b"\4\0\0" + lost + due + b"\1"
        yield f"back-off-{kind}", k + join + lost + b"\2\0\0\7" * 40
        yield f"silent-{kind}", k + join + due * 20
        yield f"refused-{kind}", k + b"\0\2\1\0"
        yield f"busy-{kind}", k + join + lost + due + b"\2\5\x09" + due
        yield f"unmatched-{kind}", k + join + b"\6\0\4\2\1\4\0\2\4\4" + due * 3
        yield f"leave-{kind}", k + join + b"\6\0\x09\0\4\0\2"
        yield f"leave-unanswered-{kind}", k + join + b"\x09\0" + due
        yield f"reset-{kind}", k + join + b"\x09\1\x09\1\1\4\0\1" + due
        yield f"closed-{kind}", k + join + b"\4\5" + due + b"\1\4\0\1\4\6\0"
        yield f"cut-{kind}", k + join + b"\4\x08\4\x09" + due


def write(corpus, items):
    folder = os.path.join(ROOT, corpus)
    os.makedirs(folder, exist_ok=True)
    for name, data in items:
        if not isinstance(data, bytes):
            data = json.dumps(data).encode()
        with open(os.path.join(folder, "seed-" + name), "wb") as f:
            f.write(data)


def broker_requests():
    key = "public_key=I2VK0W0vt1v3OGrusMa7p1GYaI2OfndWt3d2uNlHqzA%3D"
    agent = "Debian/12.0.0 headless-client/1.5.4 connlib/1.5.4 (x86_64; 6.1.0)"

    def request(path, query, authorization="", user_agent=agent, sluice=""):
        return "\n".join((path, query, authorization, user_agent, sluice)).encode()

    device = "external_id=ec5f13a2&name=gw+1%C3%A4&" + key
    for role in ("gateway", "client"):
        for path in (f"/{role}/websocket", f"/{role}/v2/websocket"):
            yield path[1:].replace("/", "-"), request(path, "token=.SFMyNTY.opaque&" + device)
    yield "header", request("/client/v2/websocket", device + "&device_serial=PF3&vsn=1.0.0", "Bearer to ken", sluice="0.1.0")
    yield "relay", request("/relay/websocket", "token=t&name=r&ipv4=192.0.2.1&ipv6=2001%3Adb8%3A%3A1&port=3478", user_agent="relay/0.1.0")
    yield "relay-nowhere", request("/relay/websocket", "token=t&port=3478")
    yield "no-token", request("/gateway/websocket", device)
    yield "twice", request("/gateway/websocket", "token=t&name=x&" + device)
    yield "escape", request("/gateway/websocket", "token=%4&" + device)
    yield "nul", request("/gateway/websocket", "token=t&external_id=%00&name=n&" + key)
    yield "utf8", request("/gateway/websocket", "token=t&external_id=%F0%9F%98%80&name=%ED%A0%80&" + key)
    yield "version-2", request("/gateway/websocket", "vsn=2.0.0&token=t&" + device)
    yield "pre-release", request("/gateway/websocket", "token=t&" + device, user_agent="X/1 connlib/1.2.3-rc.1+build")
    yield "bad-version", request("/gateway/websocket", "token=t&" + device, user_agent="X/1 connlib/1.02.3")
    yield "path", request("/elsewhere", device)
    yield "empty", b""


def portal_https():
    """Five headers of an upgrade, X-Forwarded-For, then the pieces of a query."""
    def request(upgrade="websocket", connection="Upgrade", version="13", key="dGhlIHNhbXBsZSBub25jZQ==", protocol="", chain="", *pieces):
        return "\n".join((upgrade, connection, version, key, protocol, chain) + pieces).encode()

    yield "proper", request("websocket", "Upgrade", "13", "dGhlIHNhbXBsZSBub25jZQ==", "", "", "token=.SFMyNTY.opaque", "name=gw 1ä", "key=I2VK+/=")
    yield "list", request("WebSocket", "keep-alive , upgrade")
    yield "h2c", request("h2c", "Upgrade, HTTP2-Settings")
    yield "version", request(version="8")
    yield "key", request(key="dGhlIHNhbXBsZSBub25jZQ")
    yield "protocol", request(protocol="phoenix")
    yield "chain", request(chain="198.51.100.1, [2001:db8::1] ,10.0.0.1,\tfd00::1")
    yield "chain-odd", request(chain="198.51.100.1:80, unknown")
    yield "pieces", request("", "", "", "", "", "", "", "a", "=", "a=b=c", "&;+%", "\x7f\0")
    yield "empty", b""


def broker_states():
    def op(conn, what, *arguments):
        return bytes([conn, what, *arguments])

    def connect(role, who, flags=0):
        return op(0, 0, role | flags, who)

    everything = 255
    gateway, client = connect(0, 1), connect(1, 2, 64)
    join = [op(n, 2, 0) for n in range(4)]
    ask, answer = op(1, 4, 0, 0), op(0, 6)
    begin = bytes([everything]) + gateway + join[0] + client + join[1] + ask
    yield "flow", begin + answer + op(1, 7, 0, 1) + op(0, 7, 1, 1) + op(0, 13, 5, 16)
    yield "gateway-lost", begin + op(0, 10) + op(0, 13, 60, 200)
    yield "drain", begin + answer + connect(0, 3) + join[2] + op(0, 12, 0, 2) + op(0, 13, 9, 90) + ask + op(2, 6)
    for choice in (0, 1, 2, 8, 9, 63, 64, 127, 200):
        yield f"file-{choice}", begin + answer + op(0, 11, choice) + op(0, 13, 5, 5) + op(0, 11, everything)
    yield "relay", begin + connect(2, 5) + join[2] + op(2, 10) + op(0, 13, 0, 200) + op(0, 8, 1)
    yield "revoke", begin + answer + op(0, 12, 1, 3, 1, 1)
    yield "token", begin + answer + op(0, 12, 1, 4, 1)
    yield "text", begin + op(0, 9, 20) + b'{"topic":"gateway"}x' + op(1, 8, 2)
    yield "displaced", begin + gateway + join[2] + client + join[3] + ask
    yield "newer", bytes([everything]) + connect(0, 1, 4) + join[0] + connect(1, 2, 68) + join[1] + ask + answer + op(1, 8, 3)
def portal_operators():
    for do in ("status", "gateways", "clients", "authorizations", "relays", "tokens", "reload"):
        yield do, json.dumps({"do": do}).encode()
    for do in ("gateway", "cordon", "uncordon", "drain"):
        yield do, json.dumps({"do": do, "gateway": "abcdef01-0000-0000-0000-000000000001"}).encode()
    yield "alike", '{"do":"drain","gateway":"\U0001f600"}'.encode()
    yield "alike-clients", b'{"do":"revoke","client":"abcdef"}'
    yield "alike-sites", b'{"do":"token_create","site":"\\""}'
    yield "revoke-all", b'{"do":"revoke","all":true}'
    yield "token", b'{"do":"token_create","site":"lab","expires_at":1800000000,"description":"d","text":"0123456789abcdef"}'
    yield "token-relay", b'{"do":"token_create","relay":true}'
    for number in (7, 8, 0, 1 << 63):
        yield f"token-revoke-{number}", json.dumps({"do": "token_revoke", "number": number}).encode()
    yield "unknown", b'{"do":"x"}'
    yield "member", b'{"do":"status","x":1}'
    yield "twice", b'{"do":"status","do":"reload"}'
    yield "deep", b"[" * 3000
    yield "no-utf8", b'{"do":"drain","gateway":"' + b"x" * 63 + "\u00e9".encode() + b'\xff"}'
    yield "cut-character", b'{"do":"drain","gateway":"' + b"x" * 63 + "\u00e9".encode() + b'"}'
    yield "too-long", b'{"do":"' + b"A" * 17000 + b'"}'
    yield "empty", b""


def main():
    write("wg_message", messages())
    write("wg_state", states())
    write("wg_inner", inner())
    write("wg_upsert", upserts())
    write("ip_frame", frames())
    write("ctl_check", ctl())
    write("config", configs())
    write("portal_config", portal_configs())
    write("stun", stuns())
    write("channel_data", channel_data())
    write("candidate", candidates())
    write("conn_state", conn_states())
    write("portal_frame", portal_frames())
    write("portal_channel", portal_channels())
    write("broker_request", broker_requests())
    write("broker_state", broker_states())
    write("portal_http", portal_https())
    write("portal_operator", portal_operators())
    return 0


if __name__ == "__main__":
    sys.exit(main())
