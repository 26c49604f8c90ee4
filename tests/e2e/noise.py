# SPDX-License-Identifier: Apache-2.0
"""The handshake of WireGuard and its cookies, from the paper, for what no real peer can be asked to do. By python3-cryptography."""
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"


def blake(*parts):
    return hashlib.blake2s(b"".join(parts)).digest()


def mac(key, *parts):
    return hashlib.blake2s(b"".join(parts), key=key, digest_size=16).digest()


def kdf(key, data, n):
    digest = lambda k, d: hmac.new(k, d, hashlib.blake2s).digest()
    prk, out, last = digest(key, data), [], b""
    for i in range(n):
        last = digest(prk, last + bytes([i + 1]))
        out.append(last)
    return out


def seal(key, counter, plain, ad):
    return ChaCha20Poly1305(key).encrypt(bytes(4) + struct.pack("<Q", counter), plain, ad)


def unseal(key, counter, sealed, ad):
    return ChaCha20Poly1305(key).decrypt(bytes(4) + struct.pack("<Q", counter), sealed, ad)


def public(private):
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def exchange(private, other):
    return private.exchange(X25519PublicKey.from_public_bytes(other))


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha §2.2"""
    s = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for x, y, z, r in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = s[x] + s[y] & 0xffffffff
            s[z] ^= s[x]
            s[z] = (s[z] << r | s[z] >> 32 - r) & 0xffffffff
    for _ in range(10):
        for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(*q)
    return struct.pack("<8I", *s[:4], *s[12:])


def xseal(key, nonce, plain, ad):
    return ChaCha20Poly1305(hchacha20(key, nonce[:16])).encrypt(bytes(4) + nonce[16:], plain, ad)


def with_mac1(responder, message):
    """A message whose last 32 bytes are its MACs, with the one that shows that we know whom we talk to."""
    return message[:-32] + mac(blake(b"mac1----", responder), message[:-32]) + bytes(16)


class Responder:
    """Answers one initiation; demands a cookie first when told to."""

    def __init__(self):
        self.private = X25519PrivateKey.generate()
        self.public = public(self.private)
        self.cookie = os.urandom(16)

    def mac1_is_valid(self, m):
        return m[-32:-16] == mac(blake(b"mac1----", self.public), m[:-32])

    def mac2_is_valid(self, m):
        return m[-16:] == mac(self.cookie, m[:-16])

    def cookie_reply(self, m):
        nonce = os.urandom(24)
        return struct.pack("<I", 3) + m[4:8] + nonce + xseal(blake(b"cookie--", self.public), nonce, self.cookie, m[-32:-16])

    def respond(self, m, psk=bytes(32)):
        """The response to an initiation; afterwards the transport keys are in place."""
        self.sender, e, static, stamp = m[4:8], m[8:40], m[40:88], m[88:116]
        chain = blake(CONSTRUCTION)
        h = blake(blake(chain, IDENTIFIER), self.public)
        h, (chain,) = blake(h, e), kdf(chain, e, 1)
        chain, key = kdf(chain, exchange(self.private, e), 2)
        self.initiator = unseal(key, 0, static, h)
        h = blake(h, static)
        chain, key = kdf(chain, exchange(self.private, self.initiator), 2)
        unseal(key, 0, stamp, h)
        h = blake(h, stamp)
        mine = X25519PrivateKey.generate()
        h, (chain,) = blake(h, public(mine)), kdf(chain, public(mine), 1)
        for other in e, self.initiator:
            chain, = kdf(chain, exchange(mine, other), 1)
        chain, tau, key = kdf(chain, psk, 3)
        h = blake(h, tau)
        out = struct.pack("<II", 2, 0x5100) + self.sender + public(mine) + seal(key, 0, b"", h) + bytes(32)
        self.receive, self.send = kdf(chain, b"", 2)
        return with_mac1(self.initiator, out)

    def open(self, m):
        return unseal(self.receive, struct.unpack_from("<Q", m, 8)[0], m[16:], b"")


def random_initiation(responder):
    """Costs its sender nothing, and cannot be told from a real one before X25519."""
    return with_mac1(responder, struct.pack("<I", 1) + os.urandom(112) + bytes(32))
