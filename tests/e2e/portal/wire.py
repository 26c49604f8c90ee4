# SPDX-License-Identifier: Apache-2.0
"""
A WebSocket as stock peers open it (portal §1.2): the request written byte by byte, the answer's headers held to what they accept;
frames by Debian's python3-websockets without its own input and output, so that a test can also send what no peer would.
"""
import asyncio
import base64
import hashlib
import os
import socket
import struct
import sys
import time

sys.path.append("/usr/lib/python3/dist-packages")  # whatever python3 comes first: the library is Debian's
from websockets.connection import Connection, Side, State  # noqa: E402
from websockets.exceptions import InvalidState  # noqa: E402
from websockets.frames import Frame, Opcode  # noqa: E402

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LARGEST = 64 << 20  # §2.1: of a message


class Refused(Exception):
    """An answer other than 101, or one that stock peers do not take for it."""

    def __init__(self, why, status, headers, body):
        super().__init__(f"{why}: {status} {body[:200]!r}")
        self.status, self.headers, self.body = status, headers, body


class Lost(Exception):
    """The connection ended before the answer was complete."""


def parse_head(head):
    lines = head.decode("latin-1").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    headers = [tuple(x.strip() for x in line.split(":", 1)) for line in lines[1:] if line]
    return version, int(rest[:3]), headers


def header(headers, name):
    """The one value of this name; None: it is not there; a repeated one is a list, which no peer takes."""
    found = [v for k, v in headers if k.lower() == name.lower()]
    return None if not found else ", ".join(found)


def check_upgrade(version, status, headers, sec_key):
    """What tungstenite insists on; the text of the first violation, or None."""
    accept = base64.b64encode(hashlib.sha1(sec_key.encode() + GUID).digest()).decode()
    for name, wanted in (("Upgrade", "websocket"), ("Connection", "upgrade")):
        if (header(headers, name) or "").lower() != wanted:
            return f"{name}: {header(headers, name)!r} is not {wanted}"
    if version != "HTTP/1.1":
        return f"{version} is not HTTP/1.1"
    if header(headers, "Sec-WebSocket-Accept") != accept:
        return "Sec-WebSocket-Accept does not match"
    for name in ("Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"):
        if header(headers, name) is not None:
            return f"{name}, which nobody asked for"
    return None


class Raw(asyncio.Protocol):
    """A TCP or TLS connection that gathers what comes until someone takes over."""

    def __init__(self):
        self.data, self.ended, self.feed = bytearray(), None, None
        self.change = asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.feed:
            self.feed(data)
            return
        self.data += data
        self.change.set()

    def connection_lost(self, error):
        self.ended = "reset" if error else "eof"
        self.change.set()
        if self.feed:
            self.feed(None)

    async def until(self, ready, seconds):
        """Waits for ready(data); False: it ended before, or time is over."""
        end = time.monotonic() + seconds
        while not ready(self.data):
            if self.ended or time.monotonic() >= end:
                return False
            self.change.clear()
            try:
                await asyncio.wait_for(self.change.wait(), end - time.monotonic())
            except asyncio.TimeoutError:
                return False
        return True

    @property
    def socket(self):
        return self.transport.get_extra_info("socket")

    def reset(self):
        """The connection ends with an RST: nothing more is written, nobody waits."""
        if not self.transport.is_closing() or not self.ended:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()


async def dial(where, source=None, tls=None, name=None, receive_buffer=None):
    """where: (address, port); source: an address of this host; tls: an SSLContext."""
    loop = asyncio.get_running_loop()
    s = socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, socket.SOCK_STREAM)
    s.setblocking(False)
    try:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            s.bind((source, 0))
        await loop.sock_connect(s, where)
        _, raw = await loop.create_connection(Raw, sock=s, ssl=tls, server_hostname=name if tls else None)
    except BaseException:
        s.close()
        raise
    return raw


def request(target, host, sec_key, headers):
    """§1.2: these headers and no others."""
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
             f"Sec-WebSocket-Key: {sec_key}"] + [f"{k}: {v}" for k, v in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def read_head(raw, seconds):
    if not await raw.until(lambda d: b"\r\n\r\n" in d, seconds):
        raise Lost(f"no whole answer ({raw.ended or 'timeout'}): {bytes(raw.data[:200])!r}")
    head, _, rest = bytes(raw.data).partition(b"\r\n\r\n")
    raw.data = bytearray(rest)
    return parse_head(head)


async def read_body(raw, headers, seconds):
    length = header(headers, "Content-Length")
    await raw.until(lambda d: length is not None and len(d) >= int(length), seconds)
    return bytes(raw.data)


class WebSocket:
    """on_text(str) of each whole message; on_end(how) once: "close 1000", "eof", "reset", or what was wrong with a frame."""

    def __init__(self, raw, on_text, on_end, on_odd):
        self.raw, self.on_text, self.on_end, self.on_odd = raw, on_text, on_end, on_odd
        self.machine = Connection(Side.CLIENT, State.OPEN, max_size=LARGEST)
        self.parts, self.ended, self.close_code = [], None, None
        raw.feed = self.receive
        early, raw.data = bytes(raw.data), bytearray()
        if early:
            self.receive(early)
        if raw.ended:
            self.receive(None)

    def receive(self, data):
        if data is None:
            self.end(self.raw.ended)
            return
        self.machine.receive_data(data)
        for frame in self.machine.events_received():
            self.handle(frame)
        if self.machine.parser_exc:
            self.end(f"broken: {self.machine.parser_exc}")
        self.flush()

    def handle(self, frame):
        if frame.opcode is Opcode.CLOSE:
            self.close_code = struct.unpack("!H", frame.data[:2])[0] if len(frame.data) >= 2 else 1005
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self.parts.append(frame.data)
            if frame.fin:
                whole, self.parts = b"".join(self.parts), []
                self.on_text(whole.decode())
        else:
            self.on_odd(frame)

    def flush(self):
        for data in self.machine.data_to_send():
            if self.raw.transport.is_closing():
                return
            if data:
                self.raw.transport.write(data)
            elif self.raw.transport.can_write_eof():
                self.raw.transport.write_eof()

    def end(self, how):
        if self.ended is None:
            self.ended = f"close {self.close_code}" if self.close_code is not None else how
            self.raw.transport.close()
            self.on_end(self.ended)

    def send(self, text):
        self.frame(Opcode.TEXT, text if isinstance(text, bytes) else text.encode())

    def frame(self, opcode, data, fin=True):
        """Whatever it is, masked as a client has to; nothing once the connection is closing."""
        if not self.raw.transport.is_closing():
            self.raw.transport.write(Frame(opcode, data, fin).serialize(mask=True))

    def bytes(self, data):
        if not self.raw.transport.is_closing():
            self.raw.transport.write(data)

    def close(self, code=1000):
        """A close frame; the other end's answer and the end of TCP follow."""
        try:
            self.machine.send_close(code)
        except InvalidState:
            return
        self.flush()

    def drop(self):
        """As a process that ends: a FIN, no close frame."""
        self.raw.transport.close()

    def reset(self):
        self.raw.reset()


async def open_websocket(where, target, headers, on_text, on_end, on_odd, seconds=15, host=None, **how):
    raw = await dial(where, name=host, **how)
    sec_key = base64.b64encode(os.urandom(16)).decode()
    raw.transport.write(request(target, host or where[0], sec_key, headers))
    try:
        version, status, answer = await read_head(raw, seconds)
        if status != 101:
            raise Refused("refused", status, answer, await read_body(raw, answer, seconds))
        wrong = check_upgrade(version, status, answer, sec_key)
        if wrong:
            raise Refused(wrong, status, answer, b"")
    except BaseException:
        raw.transport.abort()
        raise
    return WebSocket(raw, on_text, on_end, on_odd)
