# SPDX-License-Identifier: Apache-2.0
"""STUN messages and ChannelData, apart from the code under test: built, taken apart, signed and verified."""
import binascii
import hashlib
import hmac
import ipaddress
import os
import struct

COOKIE = 0x2112A442
BINDING, ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND = 0x001, 0x003, 0x004, 0x008, 0x009
SUCCESS, ERROR, CLASS = 0x100, 0x110, 0x110
USERNAME, INTEGRITY, ERROR_CODE, UNKNOWN_ATTRIBUTES, CHANNEL_NUMBER, LIFETIME = 0x06, 0x08, 0x09, 0x0A, 0x0C, 0x0D
PEER_ADDRESS, REALM, NONCE, RELAYED_ADDRESS, ADDRESS_FAMILY, TRANSPORT = 0x12, 0x14, 0x15, 0x16, 0x17, 0x19
MAPPED_ADDRESS, PRIORITY, USE_CANDIDATE = 0x20, 0x24, 0x25
ADDITIONAL_FAMILY, SOFTWARE, FINGERPRINT, CONTROLLED, CONTROLLING = 0x8000, 0x8022, 0x8028, 0x8029, 0x802A


class Malformed(ValueError):
    pass


class Message:
    """A view of a datagram. attributes: (type, value, offset) up to and including the first MESSAGE-INTEGRITY."""

    def __init__(self, data):
        if len(data) < 20 or data[0] > 3 or len(data) % 4 or struct.unpack_from("!HI", data, 2) != (len(data) - 20, COOKIE):
            raise Malformed("not STUN")
        self.data, self.type, self.txid = data, struct.unpack_from("!H", data)[0], data[8:20]
        self.attributes, self.integrity_at, self.fingerprint_at = [], None, None
        at = 20
        while at < len(data):
            kind, size = struct.unpack_from("!HH", data, at)
            if at + 4 + size > len(data):
                raise Malformed("truncated")
            if kind == FINGERPRINT:
                self.fingerprint_at = at
            elif self.integrity_at is None:
                self.attributes.append((kind, data[at + 4:at + 4 + size], at))
                if kind == INTEGRITY:
                    self.integrity_at = at
            at += 4 + size + -size % 4

    @property
    def method(self):
        return self.type & ~CLASS

    def get(self, kind, default=None):
        return next((v for k, v, _ in self.attributes if k == kind), default)

    def text(self, kind):
        value = self.get(kind)
        return None if value is None else value.decode("utf-8", "replace")

    def u32(self, kind):
        value = self.get(kind)
        return struct.unpack("!I", value)[0] if value is not None and len(value) == 4 else None

    def addresses(self, kind):
        return [address_of(v, self.txid) for k, v, _ in self.attributes if k == kind]

    def address(self, kind):
        return next(iter(self.addresses(kind)), None)

    def error(self):
        value = self.get(ERROR_CODE)
        return value[2] * 100 + value[3] if value else None

    def is_signed_by(self, key):
        at = self.integrity_at
        if at is None:
            return False
        signed = self.data[:2] + struct.pack("!H", at + 4) + self.data[4:at]
        return hmac.compare_digest(hmac.new(key, signed, hashlib.sha1).digest(), self.data[at + 4:at + 24])

    def fingerprint_holds(self):
        at = self.fingerprint_at
        if at is None:
            return False
        covered = self.data[:2] + struct.pack("!H", at - 12) + self.data[4:at]
        return struct.pack("!I", binascii.crc32(covered) ^ 0x5354554E) == self.data[at + 4:at + 8]


def build(kind, txid, attributes, key=None, fingerprint=False):
    body = b"".join(attribute(*a) for a in attributes)

    def header(more):
        return struct.pack("!HHI", kind, len(body) + more, COOKIE) + txid
    if key is not None:
        body += attribute(INTEGRITY, hmac.new(key, header(24) + body, hashlib.sha1).digest())
    if fingerprint:
        body += attribute(FINGERPRINT, struct.pack("!I", binascii.crc32(header(8) + body) ^ 0x5354554E))
    return header(0) + body


def attribute(kind, value):
    if isinstance(value, str):
        value = value.encode()
    elif isinstance(value, int):
        value = struct.pack("!I", value)
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def mask(txid):
    return struct.pack("!I", COOKIE) + txid


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def address_value(address, txid):
    ip, port = ipaddress.ip_address(address[0]), address[1]
    return struct.pack("!BBH", 0, 1 if ip.version == 4 else 2, port ^ COOKIE >> 16) + xor(ip.packed, mask(txid))


def address_of(value, txid):
    sizes = {1: 8, 2: 20}
    if len(value) < 4 or len(value) != sizes.get(value[1]):
        raise Malformed("address")
    return str(ipaddress.ip_address(xor(value[4:], mask(txid)))), struct.unpack_from("!H", value, 2)[0] ^ COOKIE >> 16


def error_value(code, reason):
    return struct.pack("!HBB", 0, code // 100, code % 100) + reason.encode()


def long_term_key(username, realm, password):
    return hashlib.md5(f"{username}:{realm}:{password}".encode()).digest()


def new_txid():
    return os.urandom(12)


def channel_data(number, payload):
    return struct.pack("!HH", number, len(payload)) + payload
