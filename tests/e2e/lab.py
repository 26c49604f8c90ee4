# SPDX-License-Identifier: Apache-2.0
"""What the tests share: cases in TAP, programs and sockets on the hosts of the lab, wireguard-go, sequenced flows."""
import array
import contextlib
import ctypes
import hashlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

TAG, DIR = os.environ["TAG"], os.environ["DIR"]
results = []


def case(name, ok, detail=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)
    if not ok:
        print(f"# {str(detail)[:2000]}", flush=True)
    return ok


def skip(name, why):
    """name: one word, as tests/allowed-skips has it."""
    results.append(True)
    print(f"ok {len(results)} - {name} # SKIP {why}", flush=True)


def note(text):
    print(f"# {text}", flush=True)


def finish():
    sys.stdout.flush()
    os._exit(0 if results and all(results) else 1)  # threads of a failed case must not keep the test alive


def run_cases(main):
    """Does not return; what went wrong belongs into the TAP."""
    try:
        main()
    except Exception as e:
        case(f"no exception: {type(e).__name__} {e}", False)
        sys.excepthook(*sys.exc_info())
    finish()


def until(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def run(host, *command, timeout=30, **more):
    return subprocess.run(["ip", "netns", "exec", f"{TAG}-{host}", *command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=timeout, **more)


def must(host, command):
    r = run(host, *command.split())
    assert r.returncode == 0, f"{host}: {command}: {r.stderr}"
    return r.stdout


def start(host, *command, log=None):
    out = open(f"{DIR}/{log}.log", "a") if log else subprocess.DEVNULL
    return subprocess.Popen(["ip", "netns", "exec", f"{TAG}-{host}", *command], stdin=subprocess.DEVNULL, stdout=out,
                            stderr=out)


libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(host):
    """This thread's new sockets belong to the host; they stay there afterwards."""
    home = os.open("/proc/self/task/%d/ns/net" % threading.get_native_id(), os.O_RDONLY)
    there = os.open(f"/run/netns/{TAG}-{host}", os.O_RDONLY)
    try:
        assert libc.setns(there, 0x40000000) == 0, os.strerror(ctypes.get_errno())
        yield
    finally:
        assert libc.setns(home, 0x40000000) == 0
        os.close(home)
        os.close(there)


SO_RCVBUFFORCE, SO_SNDBUFFORCE = 33, 32


def udp(host, address, port=0, timeout=5):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(host):
        s = socket.socket(family, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    s.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 16 << 20)
    s.bind((address, port))
    s.settimeout(timeout)
    return s


def raw(host, device):
    """Frames of a device, both directions; what is sent leaves as it is."""
    with inside(host):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        s.bind((device, 0))
    s.settimeout(0.5)
    return s


OUTGOING = 4


def captured(sock, wanted):
    """All frames that wait in a raw socket: [(frame, is_outgoing)] of those that are wanted."""
    frames = []
    sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            frame, where = sock.recvfrom(65536)
            if wanted(frame):
                frames.append((frame, where[2] == OUTGOING))
    return frames


def udp_payload(frame):
    """(family, traffic class, payload) of an Ethernet frame with UDP over IPv4 or IPv6, else None."""
    if frame[12:14] == b"\x08\x00" and frame[23] == 17:
        start = 14 + (frame[14] & 15) * 4 + 8
        return 4, frame[15], frame[start:14 + struct.unpack_from("!H", frame, 16)[0]]
    if frame[12:14] == b"\x86\xdd" and frame[20] == 17:
        return 6, struct.unpack_from("!H", frame, 14)[0] >> 4 & 0xff, frame[62:54 + struct.unpack_from("!H", frame, 18)[0]]
    return None


def wireguard_type(frame):
    u = udp_payload(frame)
    return u[2][0] if u and len(u[2]) >= 4 and u[2][1:4] == bytes(3) else None


class Flow(threading.Thread):
    """Numbered datagrams at a rate, from a host to another; both ends count."""
    HEAD = struct.Struct("!IQ")

    def __init__(self, sender, source, receiver, to, pps, bytes_=200, port=0):
        super().__init__(daemon=True)
        self.rx = udp(receiver, to, port, 0.3)
        self.tx = udp(sender, source)
        self.to = self.rx.getsockname()[:2]
        self.pps, self.fill = pps, bytes(max(0, bytes_ - self.HEAD.size))
        self.sent, self.send_errors, self.backwards, self.duplicates = 0, 0, 0, 0
        self.seen, self.last, self.worst_gap, self.last_at = set(), -1, 0.0, None
        self.stopping, self.sending = False, True
        self.reader = threading.Thread(target=self.read, daemon=True)

    def read(self):
        while True:
            try:
                data = self.rx.recv(2048)
            except socket.timeout:
                if not self.sending:
                    return
                continue
            seq, now = self.HEAD.unpack_from(data)[0], time.monotonic()
            self.duplicates += seq in self.seen
            self.seen.add(seq)
            self.backwards += seq < self.last
            self.last = max(self.last, seq)
            self.worst_gap = max(self.worst_gap, now - (self.last_at or now))
            self.last_at = now

    def run(self):
        self.reader.start()
        began = time.monotonic()
        while not self.stopping:
            due = int((time.monotonic() - began) * self.pps)
            for _ in range(min(due - self.sent, 32)):
                try:
                    self.tx.sendto(self.HEAD.pack(self.sent, time.monotonic_ns()) + self.fill, self.to)
                    self.sent += 1
                except OSError:
                    self.send_errors += 1
            time.sleep(0.002)

    def close(self):
        self.sending = False
        self.reader.join()
        self.rx.close()
        self.tx.close()

    @property
    def lost(self):
        return self.sent - len(self.seen)

    def __str__(self):
        return f"sent={self.sent} lost={self.lost} backwards={self.backwards} duplicates={self.duplicates} " \
               f"gap={self.worst_gap * 1000:.0f}ms"


@contextlib.contextmanager
def flows(*args):
    """Runs flows for as long as the block runs; afterwards their counts are final."""
    running = [Flow(*a) if isinstance(a, tuple) else Flow(**a) for a in args]
    for f in running:
        f.start()
    try:
        yield running
    finally:
        for f in running:
            f.stopping = True
        for f in running:
            f.join()
        until(1, lambda: all(f.lost == 0 for f in running))  # what is still on its way
        for f in running:
            f.close()


def whole(fs):
    return all(f.sent > 0 and f.lost == 0 and f.backwards == 0 and f.duplicates == 0 for f in fs)


def texts(fs):
    return "; ".join(map(str, fs))


class Echo(threading.Thread):
    """Sends every datagram back to where it came from, and counts."""

    def __init__(self, host, address, port):
        super().__init__(daemon=True)
        self.sock, self.count, self.stopping = udp(host, address, port, 0.3), 0, False
        self.start()

    def run(self):
        while not self.stopping:
            with contextlib.suppress(socket.timeout, OSError):
                data, source = self.sock.recvfrom(2048)
                self.count += 1
                self.sock.sendto(data, source)

    def stop(self):
        self.stopping = True
        self.join()
        self.sock.close()
        return self.count


def echoed_sizes(client, client_address, server, server_address, sizes):
    """One datagram of each size there and back: (sizes whose bytes came back, count at the far end)."""
    echo = Echo(server, server_address, 7777)
    s = udp(client, client_address, timeout=3)
    s.connect((server_address, 7777))
    good = 0
    with contextlib.suppress(socket.timeout):
        for n in sizes:
            payload = array.array("B", ((n + i) & 0xff for i in range(n))).tobytes()
            s.send(payload)
            good += s.recv(2048) == payload
    s.close()
    return good, echo.stop()


def pings(host, to, count=5, source=None):
    r = run(host, "ping", f"-c{count}", "-i0.1", "-W2", *(["-I", source] if source else []), to)
    return f"{count} received" in r.stdout, r.stdout


def tcp(sender, receiver, to, megabytes, timeout=90):
    """Random bytes arrive whole, by both ends' SHA-256; (equal, Mbit/s)."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    with inside(receiver):
        listener = socket.create_server((to, 7000), family=family)
    with inside(sender):
        s = socket.socket(family, socket.SOCK_STREAM)
    listener.settimeout(20)
    block, theirs, ours, got = os.urandom(1 << 20), hashlib.sha256(), hashlib.sha256(), [0]

    def receive():
        c, _ = listener.accept()
        c.settimeout(timeout)
        with c:
            while d := c.recv(1 << 18):
                theirs.update(d)
                got[0] += len(d)
    reader = threading.Thread(target=receive, daemon=True)
    reader.start()
    began = time.monotonic()
    s.settimeout(timeout)
    s.connect((to, 7000))
    for i in range(megabytes):
        piece = struct.pack("!Q", i) + block[8:]
        ours.update(piece)
        s.sendall(piece)
    s.close()
    reader.join(timeout)
    listener.close()
    took = time.monotonic() - began
    return ours.digest() == theirs.digest() and got[0] == megabytes << 20, f"{got[0]} bytes, {got[0] * 8 / took / 1e6:.0f} Mbit/s"


class WireguardGo:
    """Debian's wireguard-go on a host; its control socket lies outside of the namespace: the name is unique."""

    def __init__(self, host, name, port=51820, addresses=(), routes=(), mtu=1420):
        self.host, self.name, self.port, self.mtu = host, f"{TAG}{name}", port, mtu
        self.addresses, self.routes = addresses, routes
        self.private = subprocess.check_output(["wg", "genkey"], text=True)
        self.key = subprocess.check_output(["wg", "pubkey"], input=self.private, text=True).strip()
        self.begin()

    def file(self, text):
        path = f"{DIR}/{self.name}.secret"
        with open(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as f:
            f.write(text)
        return path

    def begin(self):
        self.process = start(self.host, "wireguard-go", "-f", self.name, log=self.name)
        assert until(10, lambda: run(self.host, "wg", "show", self.name).returncode == 0), "wireguard-go did not start"
        self.set("private-key", self.file(self.private), "listen-port", str(self.port))
        for a in self.addresses:
            must(self.host, f"ip addr add {a} dev {self.name}" + (" nodad" if ":" in a else ""))
        must(self.host, f"ip link set {self.name} mtu {self.mtu} up")
        for r in self.routes:
            must(self.host, f"ip route replace {r} dev {self.name}")

    def set(self, *arguments):
        r = run(self.host, "wg", "set", self.name, *arguments)
        assert r.returncode == 0, r.stderr

    def peer(self, key, allowed, endpoint=None, psk=None, keepalive=None):
        more = ["endpoint", endpoint] if endpoint else []
        more += ["preshared-key", self.file(psk)] if psk else []
        more += ["persistent-keepalive", str(keepalive)] if keepalive is not None else []
        self.set("peer", key, *more, "allowed-ips", allowed)

    def forget(self, key):
        self.set("peer", key, "remove")

    def last_handshake(self):
        return max([int(line.split()[1]) for line in self.show("latest-handshakes")] or [0])

    def show(self, what):
        return run(self.host, "wg", "show", self.name, what).stdout.splitlines()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert until(5, lambda: run(self.host, "ip", "link", "show", self.name).returncode != 0)


QUIET = ("ip/arp", "ip/nd_", "wireguard/handshake_taken", "wireguard/keepalive", "classify/multicast")


def losses(before, after):
    """Named drops that grew, without those that are the proper end of a packet."""
    grew = {k: after[k][0] - before.get(k, (0,))[0] for k in after if after[k][1]}
    return {k: v for k, v in grew.items() if v and not k.startswith(QUIET)}


def pid_of(nf):
    return int(open(f"{DIR}/{nf}.pid").read())


def stop_nfs(**controls):
    """By name; check_stopped of lib.sh waits for them."""
    for nf, control in controls.items():
        control.close()
        os.kill(pid_of(nf), signal.SIGTERM)
