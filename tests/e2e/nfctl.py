# SPDX-License-Identifier: Apache-2.0
"""The control socket of sluice-nf, spoken by a test: messages of nf/include/nf/wire.h."""
import array
import base64
import ipaddress
import os
import socket
import struct

HDR = struct.Struct("=HHIIiII")
ADDR = struct.Struct("=16sHBBI")
REPLY, MORE, EVENT = 1, 2, 4
HELLO, SYNC_BEGIN, SYNC_END, RELOAD, RELEASE = 1, 2, 3, 7, 8
PEER_UPSERT, PEER_CLOSE, PEER_CLOSE_ALL = 16, 18, 19
STASH_PUT, STASH_DELETE, STASH_GET, PEER_REMOVE, PEER_HANDSHAKE = 4, 5, 6, 17, 20
STATUS_GET, PEERS_GET, INTERFACES_GET, DROPS_GET, GRAPH_GET = 32, 33, 34, 35, 36
PEER_EVENT, PEER_CLOSED, CLOSE_ALL_DONE, STOP_REQUESTED = 64, 65, 66, 67
PUNT, INJECT = 96, 97
STATIC, HAS_PSK, INITIATE = 1, 2, 4
SESSION, GOODBYE, EXPIRED, GAVE_UP, ROAMED, FAILED = 1, 2, 3, 4, 5, 6
PEER_INFO = struct.Struct("=32s32s24s8QIIHHBBBBII")
INTERFACE_INFO = struct.Struct("=32s32s32sHH6sBBIIIII6Q")


class Refused(Exception):
    pass


def addr(text, port=0):
    """An address or prefix as struct nf_addr; None is the unknown one."""
    if text is None:
        return ADDR.pack(bytes(16), 0, 0, 0, 0)
    net = ipaddress.ip_interface(text)
    prefix = net.network.prefixlen if "/" in text else 0
    return ADDR.pack(net.ip.packed.ljust(16, b"\0"), port, net.version, prefix, 0)


def text_addr(packed):
    """The reverse: (address, port), None for the unknown one."""
    data, port, family, _, _ = ADDR.unpack(packed)
    return (str(ipaddress.ip_address(data[:4 if family == 4 else 16])), port) if family else None


class Control:
    def __init__(self, runtime_dir, name="nf-ctl"):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(10)
        self.sock.connect(f"{runtime_dir}/{name}")
        self.seq = 0
        self.events = []
        self.fd = None

    def send(self, kind, body):
        self.seq += 1
        self.sock.send(HDR.pack(kind, 0, self.seq, 0, 0, len(body), 0) + body)

    def receive(self):
        fds = array.array("i")
        data, ancillary, _, _ = self.sock.recvmsg(65536, socket.CMSG_SPACE(4))
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(payload[:4])
                self.fd = fds[0]
        if not data:
            raise EOFError("the network function closed the socket")
        return HDR.unpack(data[:24]), data[24:]

    def request(self, kind, body=bytes(8)):
        self.send(kind, body)
        parts = []
        while True:
            (got, flags, seq, _, status, _, _), reply = self.receive()
            if flags & EVENT:
                self.events.append((got, reply))
                continue
            if status < 0:
                raise Refused(reply.split(b"\0")[0].decode())
            parts.append(reply)
            if not flags & MORE:
                return parts

    def wait_event(self, kind):
        while True:
            for i, (got, body) in enumerate(self.events):
                if got == kind:
                    del self.events[i]
                    return body
            (got, flags, *_), body = self.receive()
            if flags & EVENT:
                self.events.append((got, body))

    def hello(self):
        reply = self.request(HELLO, struct.pack("=II16sII", 2, 1, bytes(16), 0, 0))[0]
        fields = struct.unpack("=II16sII32sIIII", reply)
        self.epoch, self.public_key = fields[3], fields[5]
        return base64.b64encode(self.public_key).decode()

    def sync(self, peers):
        self.request(SYNC_BEGIN, struct.pack("=II", self.epoch, 0))
        for p in peers:
            self.upsert(**p)
        return struct.unpack("=IIII", self.request(SYNC_END, struct.pack("=II", self.epoch, 1))[0])

    def upsert(self, name, key, allowed, endpoint=None, psk=None, keepalive=0, mtu=1420, initiate=False, pinned=False,
               padding=True, timers=0):
        flags = STATIC | (HAS_PSK if psk else 0) | (INITIATE if initiate else 0)
        host, port = endpoint if endpoint else (None, 0)
        body = base64.b64decode(key) + (base64.b64decode(psk) if psk else bytes(32)) + addr(host, port)
        body += struct.pack("=32sIHHBBBBHH", name.encode(), flags, keepalive, mtu, timers, int(pinned), int(not padding), 0, 0,
                            len(allowed))
        self.request(PEER_UPSERT, body + b"".join(addr(a) for a in allowed))

    def close_peer(self, key, reason=1, linger_ms=0):
        self.request(PEER_CLOSE, base64.b64decode(key) + struct.pack("=HHI", reason, 0, linger_ms))
        return closed(self.wait_event(PEER_CLOSED))

    def close_all(self, reason=2):
        self.request(PEER_CLOSE_ALL, struct.pack("=HHIII", reason, 0, 0, 0, 0))
        names = "peers acked sent accepted unreachable no_session failed goodbyes".split()
        return dict(zip(names, struct.unpack("=8I", self.wait_event(CLOSE_ALL_DONE)[:32])))

    def drops(self):
        """Counters as {"owner/name": (value, is_drop)}."""
        result = {}
        for body in self.request(DROPS_GET):
            owner, name, _, value, kind, _ = struct.unpack("=32s32s192sQII", body)
            text = lambda b: b.split(b"\0")[0].decode()
            result[f"{text(owner)}/{text(name)}"] = (value, kind == 1)
        return result

    def drop(self, name):
        return self.drops()[name][0]

    def remove(self, key):
        self.request(PEER_REMOVE, base64.b64decode(key))

    def handshake(self, key):
        self.request(PEER_HANDSHAKE, base64.b64decode(key))

    def peers(self):
        """By name: endpoint as (address, port), counters, state."""
        fields = "handshake_ago rx_ago tx_ago rx_packets rx_bytes tx_packets tx_bytes handshakes flags state keepalive mtu " \
                 "timers pinned padding psk allowed".split()
        result = {}
        for body in self.request(PEERS_GET):
            if len(body) < PEER_INFO.size:
                continue  # there is none
            key, name, endpoint, *rest = PEER_INFO.unpack(body[:PEER_INFO.size])
            info = dict(zip(fields, rest), key=base64.b64encode(key).decode(), endpoint=text_addr(endpoint))
            result[name.split(b"\0")[0].decode()] = info
        return result

    def interfaces(self):
        fields = "vlan mtu mac link_up rss rx_queues tx_queues tx_offloads addresses zero rx_packets rx_bytes rx_missed " \
                 "tx_packets tx_bytes tx_errors".split()
        result = {}
        for body in self.request(INTERFACES_GET):
            name, port, driver, *rest = INTERFACE_INFO.unpack(body[:INTERFACE_INFO.size])
            text = lambda b: b.split(b"\0")[0].decode()
            result[text(name)] = dict(zip(fields, rest), port=text(port), driver=text(driver))
        return result

    def close(self):
        self.sock.close()
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def graph(self):
        return b"".join(p[8:] for p in self.request(GRAPH_GET)).decode()


def closed(body):
    names = "reason outcome goodbyes acked linger_rx last_rx_ago took".split()
    return dict(zip(names, struct.unpack("=HHHHQQQ", body[64:96])))
