# SPDX-License-Identifier: Apache-2.0
"""The tests' own relay against recorded messages and the rules of connectivity §2, on the loopback of a namespace."""
import json
import socket
import struct
import subprocess
import sys
import time

import relay
import stun
import vectors
from lab import case, finish

HERE = __file__.rsplit("/", 1)[0]
M = vectors.MESSAGES
IP4, IP6, PEER4, PEER6 = "127.0.0.1", "::1", "127.0.0.2", "::1"
BOTH = [(stun.TRANSPORT, b"\x11\0\0\0"), (stun.ADDITIONAL_FAMILY, b"\x02\0\0\0"), (stun.SOFTWARE, "snownet")]


class Server:
    def __init__(self, *options):
        self.p = subprocess.Popen([sys.executable, f"{HERE}/relay.py", "--secret", vectors.SECRET, *options], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert json.loads(self.p.stdout.readline()) == {"ready": True}

    def __call__(self, command):
        self.p.stdin.write(command + "\n")
        self.p.stdin.flush()
        return json.loads(self.p.stdout.readline())

    def count(self, name):
        return self("stats")["counts"].get(name, 0)

    def stop(self):
        self.p.stdin.close()
        self.p.wait(5)


class Client:
    def __init__(self, ip=IP4, name="node", valid_s=3600):
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self.s = socket.socket(family, socket.SOCK_DGRAM)
        self.s.bind((ip, 0))
        self.s.connect((IP6 if ":" in ip else IP4, 3478))
        self.s.settimeout(1)
        self.username, self.password = relay.credentials(vectors.SECRET, name, valid_s)
        self.key = stun.long_term_key(self.username, "firezone", self.password)
        self.nonce, self.relayed = None, []

    def request(self, method, attributes, key=None, retry=True):
        auth = [(stun.USERNAME, self.username), (stun.REALM, "firezone")] + ([(stun.NONCE, self.nonce)] if self.nonce else [])
        txid = stun.new_txid()
        self.s.send(stun.build(method, txid, [*attributes, *auth], key or self.key))
        m = stun.Message(self.s.recv(2048))
        assert m.txid == txid
        if retry and m.error() in (401, 438):
            self.nonce = m.text(stun.NONCE)
            return self.request(method, attributes, key, retry=False)
        return m

    def allocate(self, attributes=None):
        m = self.request(stun.ALLOCATE, BOTH if attributes is None else attributes)
        self.relayed = m.addresses(stun.RELAYED_ADDRESS)
        return m

    def bind(self, number, peer):
        """The address is masked with the transaction id, so that is made first."""
        txid = stun.new_txid()
        attributes = [(stun.PEER_ADDRESS, stun.address_value(peer, txid)), (stun.CHANNEL_NUMBER, struct.pack("!HH", number, 0)),
                      (stun.USERNAME, self.username), (stun.REALM, "firezone"), (stun.NONCE, self.nonce)]
        self.s.send(stun.build(stun.CHANNEL_BIND, txid, attributes, self.key))
        m = stun.Message(self.s.recv(2048))
        return m.error() or m.type

    def silent(self, sock=None, seconds=0.15):
        s = sock or self.s
        s.settimeout(seconds)
        try:
            s.recv(2048)
            return False
        except socket.timeout:
            return True
        finally:
            s.settimeout(1)


def peer(ip):
    s = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((ip, 0))
    s.settimeout(1)
    return s


def recorded_messages():
    case("the password of the recorded user name is derived from the relay's secret",
         relay.password_of(vectors.USERNAME, vectors.SECRET) == vectors.PASSWORD)
    case("and its key", stun.long_term_key(vectors.USERNAME, "firezone", vectors.PASSWORD) == vectors.KEY)
    signed = [k for k in M if not k.startswith(("TV5", "TV8"))]
    case("every signed message verifies", len(signed) == 7 and all(stun.Message(M[k]).is_signed_by(vectors.KEY) for k in signed), signed)
    damaged = [M[k][:8] + bytes([M[k][8] ^ 1]) + M[k][9:] for k in signed]
    case("none does with one bit changed", not any(stun.Message(d).is_signed_by(vectors.KEY) for d in damaged))
    again = {}
    for k in M:
        if k != "TV8":
            m = stun.Message(M[k])
            again[k] = stun.build(m.type, m.txid, [a[:2] for a in m.attributes if a[0] != stun.INTEGRITY],
                                  vectors.KEY if m.integrity_at else None)
    case("every message is built again to the byte", all(again[k] == M[k] for k in again), [k for k in again if again[k] != M[k]])
    case("the addresses of the Allocate success", stun.Message(M["TV6d"]).addresses(stun.RELAYED_ADDRESS) ==
         [("203.0.113.5", 60000), ("2001:db8:5::5", 60000)] and stun.Message(M["TV6d"]).u32(stun.LIFETIME) == 600)
    case("ChannelData has no padding", stun.channel_data(0x4000, M["TV8"][4:]) == M["TV8"])


def answers(server):
    c = Client()
    c.s.send(M["TV5a"])
    m = stun.Message(c.s.recv(2048))
    expected = stun.Message(M["TV5b"])
    case("Binding is answered without integrity, SOFTWARE first", [k for k, _, _ in m.attributes] == [k for k, _, _ in expected.attributes]
         and m.text(stun.SOFTWARE) == expected.text(stun.SOFTWARE) and m.address(stun.MAPPED_ADDRESS) == c.s.getsockname(), m.data.hex())
    c.s.send(M["TV6a"])
    m = stun.Message(c.s.recv(2048))
    case("the recorded first Allocate gets a signed 401 of the recorded form", m.error() == 401 and m.is_signed_by(vectors.KEY)
         and [(k, len(v)) for k, v, _ in m.attributes] == [(k, len(v)) for k, v, _ in stun.Message(M["TV6b"]).attributes], m.data.hex())
    first = c.request(stun.ALLOCATE, BOTH, retry=False)
    case("a first Allocate gets a signed 401", first.error() == 401 and first.is_signed_by(c.key))
    m = c.allocate()
    case("then both families on one port", m.type == 0x103 and m.is_signed_by(c.key) and len(c.relayed) == 2
         and c.relayed[0][1] == c.relayed[1][1] and 49152 <= c.relayed[0][1] and ":" in c.relayed[1][0] and m.u32(stun.LIFETIME) == 600,
         c.relayed)
    case("another Allocate: 437, signed", (m := c.request(stun.ALLOCATE, BOTH)).error() == 437 and m.is_signed_by(c.key))
    c.nonce = "gone"
    m = c.request(stun.REFRESH, BOTH, retry=False)
    case("an unknown nonce: 438 with a new one, signed", m.error() == 438 and m.is_signed_by(c.key) and m.text(stun.NONCE) != "gone")
    m = c.request(stun.REFRESH, BOTH)
    case("which is good", m.type == 0x104 and m.u32(stun.LIFETIME) == 600)
    server("nonce-uses 2")
    c.nonce = None
    got = [c.request(stun.REFRESH, [], retry=n == 0).error() for n in range(3)]
    case("a nonce wears out", got == [None, None, 438], got)
    server("nonce-uses 10000")
    c.request(stun.REFRESH, [])
    m = c.request(stun.REFRESH, [], key=bytes(16), retry=False)
    case("a wrong signature: 401", m.error() == 401)
    other = Client()
    other.nonce = c.nonce
    case("the nonce of another client: 438", other.request(stun.REFRESH, [], retry=False).error() == 438)
    case("Refresh and ChannelBind without an allocation: 437", (other.request(stun.REFRESH, []).error(), other.bind(0x4000, (PEER4, 9))) == (437, 437))
    m = c.request(stun.REFRESH, [(stun.LIFETIME, 0)])
    case("Refresh 0 releases", m.u32(stun.LIFETIME) == 0 and server("stats")["allocations"] == 0)
    case("and can be followed by an Allocate", c.allocate().type == 0x103)
    c.request(stun.REFRESH, [(stun.LIFETIME, 0)])


def wrong_allocates():
    family = (stun.ADDRESS_FAMILY, b"\x02\0\0\0")
    cases = [([*BOTH, family], 400, "REQUESTED-ADDRESS-FAMILY beside ADDITIONAL-ADDRESS-FAMILY"),
             ([BOTH[0], (stun.ADDITIONAL_FAMILY, b"\x01\0\0\0")], 400, "ADDITIONAL-ADDRESS-FAMILY IPv4"),
             (BOTH[1:], 400, "no REQUESTED-TRANSPORT"), ([(stun.TRANSPORT, b"\x06\0\0\0")], 442, "TCP"),
             ([BOTH[0], (0x7FFE, b"")], 420, "an unknown attribute")]
    for attributes, code, what in cases:
        c = Client()
        m = c.allocate(attributes)
        case(f"{what}: {code}", m.error() == code and m.is_signed_by(c.key), m.error())
    c = Client(valid_s=-1)
    m = c.allocate()
    case("credentials that have expired: a signed 401 with a nonce sent", m.error() == 401 and m.is_signed_by(c.key))
    c = Client(IP6)
    case("an allocation over IPv6 has both families, too", c.allocate().type == 0x103 and len(c.relayed) == 2)


def channels(server):
    c, p4, p6, stranger = Client(), peer(PEER4), peer(PEER6), peer(PEER4)
    c.allocate()
    a4, a6 = p4.getsockname(), p6.getsockname()[:2]
    case("a channel is bound", c.bind(0x4000, a4) == 0x109)
    case("and bound again", c.bind(0x4000, a4) == 0x109)
    case("its number to another peer: 400", c.bind(0x4000, (PEER4, 9)) == 400)
    case("its peer to another number: 400", c.bind(0x4001, a4) == 400)
    case("numbers below and above: 400", (c.bind(0x3FFF, (PEER4, 9)), c.bind(0x8000, (PEER4, 9))) == (400, 400))
    case("the families cross: an IPv6 peer of an IPv4 client", c.bind(0x4002, a6) == 0x109)
    payload = bytes(range(33))
    c.s.send(stun.channel_data(0x4000, payload))
    data, source = p4.recvfrom(2048)
    case("data reaches the peer bare, from the relayed address", data == payload and source == c.relayed[0])
    p4.sendto(payload[::-1], c.relayed[0])
    case("and comes back as ChannelData without padding", c.s.recv(2048) == stun.channel_data(0x4000, payload[::-1]))
    c.s.send(stun.channel_data(0x4002, payload))
    data, source = p6.recvfrom(2048)
    case("so it does across families", data == payload and source[:2] == c.relayed[1])
    stranger.sendto(payload, c.relayed[0])
    case("only from exactly the bound address", c.silent() and server.count("peer_data_unbound") == 1)
    for wrong in (stun.channel_data(0x4000, payload) + b"\0", stun.channel_data(0x4000, payload)[:-1], stun.channel_data(0x4005, payload)):
        c.s.send(wrong)
    case("padded, shortened and unbound ChannelData goes nowhere", c.silent(p4)
         and (server.count("channel_data_of_wrong_length"), server.count("channel_data_unbound")) == (2, 1), server("stats"))
    only4 = Client(name="v4")
    only4.allocate(BOTH[:1])
    case("without a relayed address of the family: 443", len(only4.relayed) == 1 and only4.bind(0x4000, a6) == 443)
    second = Client(name="second")
    second.allocate()
    second.bind(0x4000, c.relayed[0])
    c.bind(0x4003, second.relayed[0])
    c.s.send(stun.channel_data(0x4003, payload))
    case("from relayed address to relayed address", second.s.recv(2048) == stun.channel_data(0x4000, payload))
    acknowledged = c.request(stun.CREATE_PERMISSION, []).type == 0x108
    stranger.sendto(payload, c.relayed[0])
    case("CreatePermission is acknowledged and opens nothing", acknowledged and c.silent())


def lives(server):
    server("channel-life 1")
    server("channel-rest 1")
    c, p = Client(name="lives"), peer(PEER4)
    c.allocate()
    c.bind(0x4000, p.getsockname())
    time.sleep(1.1)
    c.s.send(stun.channel_data(0x4000, b"x"))
    p.sendto(b"x", c.relayed[0])
    case("an expired channel carries nothing", c.silent(p) and c.silent() and server.count("channel_data_expired") == 1)
    case("but keeps its number for a while", c.bind(0x4000, (PEER4, 9)) == 400)
    time.sleep(1.0)
    case("and then no longer", c.bind(0x4000, (PEER4, 9)) == 0x109)
    server("lifetime 1")
    short = Client(name="short")
    m = short.allocate()
    time.sleep(1.1)
    case("an allocation ends with its lifetime", m.u32(stun.LIFETIME) == 1 and short.request(stun.REFRESH, []).error() == 437)
    server("lifetime 600")
    server("restart")
    case("after a restart the nonce is stale, then the allocation unknown", c.request(stun.REFRESH, [], retry=False).error() == 438
         and c.request(stun.REFRESH, []).error() == 437)
    server("drop 1")
    c.nonce = None
    try:
        lost = not c.request(stun.ALLOCATE, BOTH)
    except socket.timeout:
        lost = True
    case("a dropped response does not come, the next one does", lost and server.count("responses_dropped") == 1
         and c.allocate().type == 0x103)
    server("clock 7200")
    case("a clock ahead ends the credentials", c.request(stun.REFRESH, []).error() == 401)
    server("clock 0")
    server("refuse 508 allocate")
    case("refusals on demand", Client(name="refused").allocate().error() == 508)
    server("refuse 0")


def one_per_user():
    server = Server("--ip4", IP4, "--one-per-user")
    a, b = Client(), Client()
    a.allocate()
    b.allocate()
    case("with one allocation per user name the newer one wins", server("stats")["allocations"] == 1
         and a.request(stun.REFRESH, []).error() == 437 and b.request(stun.REFRESH, []).type == 0x104)
    case("a relay without IPv6 gives only what it has", len(b.relayed) == 1)
    server.stop()


recorded_messages()
main = Server("--ip4", IP4, "--ip6", IP6)
answers(main)
wrong_allocates()
channels(main)
lives(main)
main.stop()
one_per_user()
finish()
