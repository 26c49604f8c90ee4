#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
A TURN relay that behaves like stock's (connectivity §2.1–§2.3, §2.7, §2.9): channels only, every error signed whose
USERNAME allows a key, one port for both families, families crossed at will. One thread, one process.

  relay.py --secret S [--ip4 A] [--ip6 A] [--port 3478] [--lifetime 600] [--channel-life 600] [--channel-rest 300]
           [--nonce-uses 10000] [--one-per-user]

On stdin one command a line, on stdout one line of JSON for each; the first line is {"ready": true}:
  stats                       counters, allocations, channels
  restart                     forgets allocations, channels and nonces, as a new process would
  expire-nonces               every nonce known so far is stale
  drop N                      swallows the next N responses
  mute on|off                 swallows everything
  lifetime S | channel-life S | channel-rest S | nonce-uses N
  clock S                     credentials are judged by a clock that is S seconds ahead
  secret S                    other credentials from now on
  refuse CODE METHOD | refuse 0   answers requests of this method with an error
  sockets                     every allocation: client, relayed addresses, channels
  quit
"""
import argparse
import base64
import collections
import hashlib
import json
import os
import selectors
import socket
import struct
import sys
import time
import uuid

import stun

REALM, SOFTWARE = "firezone", "firezone-relay; rev=0310bafb"
PORTS = (49152, 65535)
METHODS = {stun.BINDING: "binding", stun.ALLOCATE: "allocate", stun.REFRESH: "refresh",
           stun.CREATE_PERMISSION: "create_permission", stun.CHANNEL_BIND: "channel_bind"}
KNOWN = {stun.USERNAME, stun.INTEGRITY, stun.CHANNEL_NUMBER, stun.LIFETIME, stun.PEER_ADDRESS, stun.REALM, stun.NONCE,
         stun.ADDRESS_FAMILY, stun.TRANSPORT, stun.PRIORITY, stun.USE_CANDIDATE}
REASONS = {400: "Bad Request", 401: "Unauthorized", 420: "Unknown Attribute", 437: "Allocation Mismatch",
           438: "Stale Nonce", 440: "Address Family not Supported", 442: "Unsupported Transport Protocol",
           443: "Peer Address Family Mismatch", 508: "Insufficient Capacity"}


def password_of(username, secret):
    expiry, salt = username.split(":", 1)
    digest = hashlib.sha256(f"{expiry}:{secret}:{salt}".encode()).digest()
    return base64.b64encode(digest).decode().rstrip("=")


def credentials(secret, name, valid_s=86400, now=None):
    """What a portal would hand out: (username, password)."""
    salt = base64.b64encode(hashlib.sha256(name.encode()).digest()).decode().rstrip("=")
    username = f"{int(time.time() if now is None else now) + valid_s}:{salt}"
    return username, password_of(username, secret)


class Refused(Exception):
    def __init__(self, code, *attributes):
        super().__init__(code)
        self.code, self.attributes = code, attributes


class Channel:
    def __init__(self, number, peer, sock, now, life):
        self.number, self.peer, self.sock, self.expires = number, peer, sock, now + life


class Allocation:
    def __init__(self, client, sock, username, expires):
        self.client, self.sock, self.username, self.expires = client, sock, username, expires
        self.relayed = {}   # family: (socket, address)
        self.channels = {}  # number: Channel
        self.by_peer = {}   # address: Channel


class Relay:
    def __init__(self, options):
        self.o = options
        self.selector = selectors.DefaultSelector()
        self.counts = collections.Counter()
        self.drop, self.muted, self.ahead, self.refusal = 0, False, 0, (0, None)
        self.allocations, self.nonces, self.next_port = {}, {}, 0
        self.listening = {f: self.listen(f, a) for f, a in ((socket.AF_INET, options.ip4), (socket.AF_INET6, options.ip6)) if a}

    @staticmethod
    def bound(family, address, port):
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.setblocking(False)
        try:
            s.bind((address, port))
        except OSError:
            s.close()
            raise
        return s

    def listen(self, family, address):
        s = self.bound(family, address, self.o.port)
        self.selector.register(s, selectors.EVENT_READ, lambda: self.drain(s, lambda data, client: self.from_client(s, data, client)))
        return s

    @staticmethod
    def drain(sock, take):
        for _ in range(64):
            try:
                data, source = sock.recvfrom(2048)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier datagram
                continue
            take(data, source[:2])

    # --- from clients ---

    def from_client(self, sock, data, client):
        if self.muted:
            self.counts["muted"] += 1
        elif client[1] == 0:
            self.counts["source_port_0"] += 1
        elif data and 0x40 <= data[0] <= 0x7F:
            self.channel_data_in(data, client)
        else:
            self.stun_in(sock, data, client)

    def channel_data_in(self, data, client):
        allocation = self.live(client)
        number, size = struct.unpack_from("!HH", data) if len(data) >= 4 else (0, -1)
        channel = allocation.channels.get(number) if allocation else None
        if size != len(data) - 4:  # as the fast path of stock relays: never padded, never shortened
            self.counts["channel_data_of_wrong_length"] += 1
        elif channel is None:
            self.counts["channel_data_unbound"] += 1
        elif channel.expires <= self.now():
            self.counts["channel_data_expired"] += 1
        else:
            self.counts["channel_data_in"] += 1
            self.send(channel.sock, data[4:], channel.peer)

    def send(self, sock, data, to):
        try:
            sock.sendto(data, to)
        except OSError:
            self.counts["send_failed"] += 1

    def stun_in(self, sock, data, client):
        try:
            m = stun.Message(data)
        except stun.Malformed:
            self.counts["malformed"] += 1
            return
        if m.type & stun.CLASS or m.method not in METHODS:
            self.counts["ignored"] += 1
            return
        self.counts[METHODS[m.method]] += 1
        key = self.key_of(m)
        try:
            kind, attributes = m.method | stun.SUCCESS, self.answer(sock, m, client, key)
        except stun.Malformed:
            kind, attributes = self.error(m, 400, ())
        except Refused as r:
            kind, attributes = self.error(m, r.code, r.attributes)
        self.respond(sock, client, stun.build(kind, m.txid, [(stun.SOFTWARE, SOFTWARE), *attributes], key))

    def error(self, m, code, attributes):
        self.counts[f"error_{code}"] += 1
        return m.method | stun.ERROR, [(stun.ERROR_CODE, stun.error_value(code, REASONS.get(code, "Error"))), *attributes]

    def respond(self, sock, client, data):
        if self.drop > 0:
            self.drop -= 1
            self.counts["responses_dropped"] += 1
            return
        self.send(sock, data, client)

    # --- requests: each returns the attributes of the success response or raises Refused ---

    def answer(self, sock, m, client, key):
        if m.method == stun.BINDING:
            return [(stun.MAPPED_ADDRESS, stun.address_value(client, m.txid))]
        self.authenticate(m, client, key)
        unknown = [k for k, _, _ in m.attributes if k < 0x8000 and k not in KNOWN]
        if unknown:
            raise Refused(420, (stun.UNKNOWN_ATTRIBUTES, struct.pack(f"!{len(unknown)}H", *unknown)))
        if self.refusal[1] == METHODS[m.method]:
            raise Refused(self.refusal[0])
        handler = {stun.ALLOCATE: self.allocate, stun.REFRESH: self.refresh, stun.CREATE_PERMISSION: lambda *a: [],
                   stun.CHANNEL_BIND: self.channel_bind}[m.method]
        return handler(sock, m, client)

    def key_of(self, m):
        username = m.text(stun.USERNAME)
        if not username or ":" not in username or m.method == stun.BINDING:
            return None
        return stun.long_term_key(username, REALM, password_of(username, self.o.secret))

    def authenticate(self, m, client, key):
        """401 without a nonce or with wrong credentials, 438 with a nonce that is not, or no longer, a good one."""
        nonce = m.text(stun.NONCE)
        if key is None or nonce is None:
            raise self.challenge(401, client)
        uses = self.nonces.get((nonce, client), 0)
        if uses <= 0:
            raise self.challenge(438, client)
        self.nonces[nonce, client] = uses - 1
        expiry = m.text(stun.USERNAME).split(":")[0]
        fresh = expiry.isdigit() and int(expiry) > time.time() + self.ahead
        if not fresh or m.text(stun.REALM) != REALM or not m.is_signed_by(key):
            raise self.challenge(401, client)

    def challenge(self, code, client):
        return Refused(code, (stun.REALM, REALM), (stun.NONCE, self.new_nonce(client)))

    def new_nonce(self, client):
        nonce = str(uuid.uuid4())
        self.nonces[nonce, client] = self.o.nonce_uses
        return nonce

    def allocate(self, sock, m, client):
        families = self.families_wanted(m)
        if self.live(client):
            raise Refused(437)
        if self.o.one_per_user:
            for a in [a for a in self.allocations.values() if a.username == m.text(stun.USERNAME)]:
                self.forget(a)
        lifetime = self.lifetime_of(m)
        a = Allocation(client, sock, m.text(stun.USERNAME), self.now() + lifetime)
        self.open_relayed(a, families)
        self.allocations[client] = a
        self.counts["allocated"] += 1
        relayed = [(stun.RELAYED_ADDRESS, stun.address_value(a.relayed[f][1], m.txid)) for f in sorted(a.relayed)]
        return [*relayed, (stun.MAPPED_ADDRESS, stun.address_value(client, m.txid)), (stun.LIFETIME, lifetime)]

    def families_wanted(self, m):
        transport, wanted, additional = (m.get(k) for k in (stun.TRANSPORT, stun.ADDRESS_FAMILY, stun.ADDITIONAL_FAMILY))
        if transport is None or (wanted and additional) or (additional and additional[0] != 2):
            raise Refused(400)
        if transport[0] != 17:
            raise Refused(442)
        families = [socket.AF_INET6 if wanted and wanted[0] == 2 else socket.AF_INET]
        families += [socket.AF_INET6] if additional else []
        usable = [f for f in families if f in self.listening]
        if not usable:
            raise Refused(440)
        return usable

    def open_relayed(self, a, families):
        span = PORTS[1] - PORTS[0] + 1
        for _ in range(span):
            port = PORTS[0] + (self.next_port + int.from_bytes(os.urandom(2), "big")) % span
            self.next_port += 1
            opened = {}
            try:
                for f in families:
                    opened[f] = self.bound(f, self.listening[f].getsockname()[0], port)
            except OSError:
                for s in opened.values():
                    s.close()
                continue
            for f, s in opened.items():
                a.relayed[f] = s, s.getsockname()[:2]
                self.selector.register(s, selectors.EVENT_READ, lambda s=s: self.drain(s, lambda data, peer: self.from_peer(a, data, peer)))
            return
        raise Refused(508)

    def lifetime_of(self, m):
        asked = m.u32(stun.LIFETIME)
        return self.o.lifetime if asked is None else min(max(asked, self.o.lifetime), 3600)

    def refresh(self, sock, m, client):
        a = self.live(client)
        if a is None:
            raise Refused(437)
        if m.u32(stun.LIFETIME) == 0:
            self.forget(a)
            self.counts["released"] += 1
            return [(stun.LIFETIME, 0)]
        lifetime = self.lifetime_of(m)
        a.expires = self.now() + lifetime
        return [(stun.LIFETIME, lifetime)]

    def channel_bind(self, sock, m, client):
        a, raw, peer = self.live(client), m.get(stun.CHANNEL_NUMBER), m.address(stun.PEER_ADDRESS)
        if a is None:
            raise Refused(437)
        number = struct.unpack_from("!H", raw)[0] if raw and len(raw) == 4 else 0
        if not 0x4000 <= number <= 0x7FFF or peer is None:
            raise Refused(400)
        family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
        if family not in a.relayed:
            raise Refused(443)
        self.let_go(a)
        if (number in a.channels) != (peer in a.by_peer) or (number in a.channels and a.channels[number].peer != peer):
            raise Refused(400)
        a.channels[number] = a.by_peer[peer] = Channel(number, peer, a.relayed[family][0], self.now(), self.o.channel_life)
        self.counts["bound"] += 1
        return []

    def let_go(self, a):
        """A binding stays reserved for a while after it has expired."""
        for c in [c for c in a.channels.values() if c.expires + self.o.channel_rest <= self.now()]:
            del a.channels[c.number], a.by_peer[c.peer]

    # --- from peers ---

    def from_peer(self, a, data, peer):
        channel = a.by_peer.get(peer)
        if self.muted or self.live(a.client) is not a:
            self.counts["peer_data_muted"] += 1
        elif channel is None or channel.expires <= self.now():
            self.counts["peer_data_unbound"] += 1
        else:
            self.counts["peer_data_in"] += 1
            self.send(a.sock, stun.channel_data(channel.number, data), a.client)

    # --- allocations ---

    @staticmethod
    def now():
        return time.monotonic()

    def live(self, client):
        a = self.allocations.get(client)
        if a and a.expires <= self.now():
            self.counts["expired"] += 1
            self.forget(a)
            return None
        return a

    def forget(self, a):
        for s, _ in a.relayed.values():
            self.selector.unregister(s)
            s.close()
        del self.allocations[a.client]

    # --- control ---

    def command(self, words):
        name, value = words[0].replace("-", "_"), words[1] if len(words) > 1 else None
        if name == "stats":
            return {"counts": dict(self.counts), "allocations": len(self.allocations),
                    "channels": sum(len(a.channels) for a in self.allocations.values())}
        if name == "sockets":
            return {"allocations": [{"client": list(a.client), "relayed": [list(r[1]) for r in a.relayed.values()],
                                     "channels": {f"{n:#x}": list(c.peer) for n, c in a.channels.items()}}
                                    for a in self.allocations.values()]}
        if name == "restart":
            for a in list(self.allocations.values()):
                self.forget(a)
            self.nonces.clear()
        elif name == "expire_nonces":
            self.nonces.clear()
        elif name == "drop":
            self.drop = int(value)
        elif name == "mute":
            self.muted = value == "on"
        elif name in ("lifetime", "channel_life", "channel_rest", "nonce_uses"):
            setattr(self.o, name, int(value))
        elif name == "clock":
            self.ahead = int(value)
        elif name == "secret":
            self.o.secret = value
        elif name == "refuse":
            self.refusal = int(value), words[2] if len(words) > 2 else None
        else:
            return {"error": f"no such command: {name}"}
        return {"done": name}

    def say(self, what):
        print(json.dumps(what), flush=True)

    def run(self):
        self.say({"ready": True})
        self.selector.register(sys.stdin, selectors.EVENT_READ, self.control_in)
        os.set_blocking(sys.stdin.fileno(), False)
        while True:
            for key, _ in self.selector.select():
                if key.fileobj.fileno() >= 0:  # not closed by an earlier one of this round
                    key.data()

    def control_in(self):
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:
            sys.exit(0)
        for line in data.decode().splitlines():
            if line.split() == ["quit"]:
                sys.exit(0)
            if line.strip():
                self.say(self.command(line.split()))


def parse_arguments(arguments=None):
    p = argparse.ArgumentParser()
    p.add_argument("--secret", required=True)
    p.add_argument("--ip4")
    p.add_argument("--ip6")
    p.add_argument("--port", type=int, default=3478)
    p.add_argument("--lifetime", type=int, default=600)
    p.add_argument("--channel-life", type=int, default=600)
    p.add_argument("--channel-rest", type=int, default=300)
    p.add_argument("--nonce-uses", type=int, default=10000)
    p.add_argument("--one-per-user", action="store_true")
    return p.parse_args(arguments)


if __name__ == "__main__":
    Relay(parse_arguments()).run()
