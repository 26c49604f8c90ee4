# SPDX-License-Identifier: Apache-2.0
"""Programs of the connectivity tests as objects: nodes, libnice agents, relays; and the portal that introduces them."""
import base64
import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

import relay as own_relay
from lab import DIR, TAG, inside, must, until

BUILD = os.environ["SLUICE_BUILD"]
HERE = os.path.dirname(os.path.abspath(__file__))
CONN_PEER, NICE_PEER = (f"{BUILD}/tests/e2e/conn/{n}" for n in ("conn_peer", "nice_peer"))
RELAYS = {"relay": ("203.0.113.10", "2001:db8::10"), "relay2": ("203.0.113.11", "2001:db8::11")}
running = []


def mono():
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class Program:
    """A process on a host that takes lines and gives lines of JSON with an "event"."""

    def __init__(self, host, name, *command):
        self.host, self.name, self.events, self.lock = host, name, [], threading.Condition()
        self.log = open(f"{DIR}/{name}.log", "a")
        self.p = subprocess.Popen(["ip", "netns", "exec", f"{TAG}-{host}", *command], text=True, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=self.log, bufsize=1)
        running.append(self)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.p.stdout:
            self.log.write(line)
            self.log.flush()
            try:
                e = json.loads(line)
            except ValueError:
                continue
            with self.lock:
                self.events.append(e)
                self.lock.notify_all()
            self.on_event(e)

    def on_event(self, e):
        pass

    def tell(self, line):
        self.log.write(f"> {line}\n")
        try:
            self.p.stdin.write(line + "\n")
            self.p.stdin.flush()
        except (BrokenPipeError, ValueError):
            self.log.write("(it does not listen any more)\n")

    def seen(self, event, since=0, **fields):
        with self.lock:
            return [e for e in self.events[since:] if e.get("event") == event and all(e.get(k) == v for k, v in fields.items())]

    @property
    def mark(self):
        with self.lock:
            return len(self.events)

    def wait(self, event, seconds=10, since=0, **fields):
        """The first such event, or None."""
        end = time.monotonic() + seconds
        with self.lock:
            while True:
                for e in self.events[since:]:
                    if e.get("event") == event and all(e.get(k) == v for k, v in fields.items()):
                        return e
                left = end - time.monotonic()
                if left <= 0 or (self.p.poll() is not None and not self.reader.is_alive()):
                    return None
                self.lock.wait(min(left, 0.2))

    def kill(self):
        self.p.kill()
        self.p.wait()
        self.reader.join(5)

    def stop(self):
        """Its exit code."""
        if self.p.poll() is None:
            self.tell("quit")
            try:
                self.p.wait(5)
            except subprocess.TimeoutExpired:
                self.p.kill()
        self.reader.join(5)
        return self.p.wait()


def stop_all():
    for p in running:
        p.stop()
    running.clear()


class Node(Program):
    """conn_peer. remotes: other nodes by id; what it says about one is brought there."""

    def __init__(self, host, role, name=None, *options, key=None, id_=None):
        self.role, self.id, self.remotes, self.delivering = role, id_ or os.urandom(16).hex(), {}, True
        self.private = key or os.urandom(32).hex()
        super().__init__(host, name or f"{role}-{host}", CONN_PEER, role, "--key", self.private, *options)
        ready = self.wait("ready", 5)
        assert ready, f"{self.name} did not start"
        self.public = ready["public_key"]

    def on_event(self, e):
        if e["event"] in ("candidate", "invalidate") and self.delivering and e["id"] in self.remotes:
            self.remotes[e["id"]].hear(self, e["event"], e["text"])

    def hear(self, sender, kind, text):
        self.tell(f"{kind} {sender.id} {text}")

    def use_relays(self, *relays):
        self.tell("relays" + "".join(f" add {r.entry()}" for r in relays))

    def upsert(self, other, psk, mine, theirs):
        self.remotes[other.id] = other
        self.tell(f"upsert {other.id} {other.public} {psk} {' '.join(mine)} {' '.join(theirs)}")

    def stream_to(self, other, pps, bytes_=200):
        self.tell(f"stream {other.id} {pps} {bytes_}")

    def stats(self, other):
        """What it counts of the stream with another node."""
        at = self.mark
        self.tell("stats")
        self.wait("stats", 5, since=at)
        return next(iter(self.seen("peer", at, id=other.id)), {})

    def counters(self):
        at = self.mark
        self.tell("stats")
        return self.wait("stats", 5, since=at)

    def info(self, other):
        at = self.mark
        self.tell(f"info {other.id}")
        return self.wait("info", 5, since=at)

    def path(self, other, kinds=None, seconds=10, since=0, condition=lambda e: True):
        """The first path to it of one of these kinds."""
        found = []

        def there():
            found[:] = [e for e in self.seen("path", since, id=other.id) if (not kinds or e["kind"] in kinds) and condition(e)]
            return found
        return found[0] if until(seconds, there) else None

    def paths(self, other, since=0):
        return [e["kind"] for e in self.seen("path", since, id=other.id)]


class Nice(Program):
    """One libnice agent; to a node it is a peer like any."""

    def __init__(self, host, controlling, name, ufrag, pwd, *options):
        self.remote, self.id, self.credentials = None, os.urandom(16).hex(), (ufrag, pwd)
        self.public = os.urandom(31).hex() + "09"
        super().__init__(host, name, NICE_PEER, "controlling" if controlling else "controlled", ufrag, pwd, *options)
        assert self.wait("ready", 5), f"{name} did not start"

    def on_event(self, e):
        if e["event"] == "candidate" and self.remote:
            self.remote.hear(self, "candidate", e["text"])

    def hear(self, sender, kind, text):
        if kind == "candidate":
            self.tell(f"candidate {text}")

    def meet(self, other, credentials):
        self.remote = other
        self.tell("remote " + " ".join(credentials))

    def use_relay(self, r):
        self.tell(f"stun {r.ip4} 3478")
        self.tell(f"relay {r.ip4} 3478 {r.username} {r.password}")


def portal_credentials(client, gateway):
    """((ufrag, pwd) of the client, of the gateway), as the portal derives them (connectivity §1.4)."""
    keys = [base64.b64encode(bytes.fromhex(n.public)).decode() for n in (client, gateway)]
    digest = hashlib.sha256(":".join([client.id, keys[0], gateway.id, keys[1]]).encode()).digest()
    text = base64.b32encode(digest).decode().lower().rstrip("=")
    return (text[0:4], text[4:26]), (text[26:30], text[30:52])


def psk_of(client, gateway):
    return hashlib.sha256(f"{client.id}{gateway.id}".encode()).hexdigest()


def introduce(client, gateway):
    """An authorisation: the gateway hears of it first. Returns when."""
    c, g = portal_credentials(client, gateway)
    psk = psk_of(client, gateway)
    at = mono()
    gateway.upsert(client, psk, g, c)
    client.upsert(gateway, psk, c, g)
    return at


class OwnRelay(Program):
    """relay.py on a relay host."""

    def __init__(self, host="relay", *options, secret="c0ffee", families=(4, 6), node="node"):
        self.ip4, self.ip6 = (ip if f in families else None for ip, f in zip(RELAYS[host], (4, 6)))
        self.secret, self.node, self.id, self.issued = secret, node, os.urandom(16).hex(), {}
        addresses = [w for o, ip in (("--ip4", self.ip4), ("--ip6", self.ip6)) if ip for w in (o, ip)]
        super().__init__(host, f"relay-{host}", sys.executable, f"{HERE}/relay.py", "--secret", secret, *addresses, *options)
        assert until(5, lambda: self.events), "the relay did not start"
        self.answers = 1

    def __call__(self, command):
        self.answers += 1
        self.tell(command)
        assert until(5, lambda: len(self.events) >= self.answers), command
        return self.events[self.answers - 1]

    def count(self, name):
        return self("stats")["counts"].get(name, 0)

    def entry(self, node=None):
        """The same for the same node every time: only then does it keep its allocation."""
        node = node or self.node
        if node not in self.issued:
            self.issued[node] = own_relay.credentials(self.secret, node)
        return relay_entry(self.id, self.ip4, self.ip6, *self.issued[node], own_relay.REALM)

    def of(self, node):
        """This relay with credentials of a node's own, as every node has them from the portal."""
        return OfNode(self, node)


class OfNode:
    def __init__(self, relay, node):
        self.relay, self.node = relay, node

    def entry(self):
        return self.relay.entry(self.node)


def relay_entry(id_, ip4, ip6, username, password, realm):
    return " ".join([id_, f"{ip4}:3478" if ip4 else "-", f"[{ip6}]:3478" if ip6 else "-", username, password, realm])


class Coturn:
    """Debian's turnserver. secret: time-limited credentials as with use-auth-secret; else one user."""

    def __init__(self, host="relay", *options, username="user", password="pass-word", realm="example.org", secret=None, families=(4, 6)):
        self.host, self.options, self.realm, self.id = host, options, realm, os.urandom(16).hex()
        self.ip4, self.ip6 = (ip if f in families else None for ip, f in zip(RELAYS[host], (4, 6)))
        self.username, self.password, self.secret = username, password, secret
        log = f"{DIR}/coturn-{host}.log"
        self.log_from = os.path.getsize(log) if os.path.exists(log) else 0
        if secret:
            self.username = f"{int(time.time()) + 86400}:someone"
            self.password = rest_password(secret, self.username)
        self.begin()

    def begin(self):
        where = f"{DIR}/coturn-{self.host}"
        os.makedirs(where, exist_ok=True)
        how = ["--use-auth-secret", "--static-auth-secret", self.secret] if self.secret else ["-u", f"{self.username}:{self.password}"]
        addresses = [w for ip in (self.ip4, self.ip6) if ip for w in ("-L", ip, "-E", ip)]
        self.log = open(f"{DIR}/coturn-{self.host}.log", "a")
        self.p = subprocess.Popen(
            ["ip", "netns", "exec", f"{TAG}-{self.host}", "turnserver", "-n", "--no-cli", "--no-tls", "--no-dtls", "--no-tcp", "-v",
             "--log-file", "stdout", "--simple-log", "--pidfile", f"{where}/pid", "--userdb", f"{where}/db", "--lt-cred-mech",
             "-r", self.realm, *addresses, *how, *self.options], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        running.append(self)
        assert until(15, self.listens), "turnserver did not start"

    def listens(self):
        return all(f"{ip}:3478" in must(self.host, "ss -Hlun").replace("[", "").replace("]", "") for ip in (self.ip4, self.ip6) if ip)

    def entry(self):
        return relay_entry(self.id, self.ip4, self.ip6, self.username, self.password, self.realm)

    def stop(self):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()
        if self in running:
            running.remove(self)

    def restart(self):
        self.stop()
        self.begin()

    def text(self):
        """What this server, of all that were there under its name, has said."""
        with open(f"{DIR}/coturn-{self.host}.log", errors="replace") as f:
            f.seek(self.log_from)
            return f.read()


def rest_password(secret, username):
    import hmac
    return base64.b64encode(hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()).decode()


def have(*programs):
    return all(os.path.exists(p) or shutil.which(p) for p in programs)


# --- the network ---

def nat(router, flags=""):
    """Another kind of NAT, with nothing translated yet: endpoint-independent as far as ports are free, or symmetric."""
    table = f'table ip nat\ndelete table ip nat\ntable ip nat {{\nchain forwarded {{ type nat hook prerouting priority -100; }}\n' \
            f'chain post {{\ntype nat hook postrouting priority 100;\noifname "wan0" masquerade {flags}\n}}\n}}\n'
    subprocess.run(["ip", "netns", "exec", f"{TAG}-{router}", "nft", "-f", "-"], input=table, text=True, check=True)
    forget_flows(router)


def forget_flows(router):
    """Deletes all that its connection tracking knows (ctnetlink's DELETE without a tuple): flows keep an old mapping else."""
    with inside(router), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as s:
        s.send(struct.pack("=IHHII", 20, 1 << 8 | 2, 5, 1, 0) + bytes(4))
        error = struct.unpack_from("=i", s.recv(4096), 16)[0]
        assert error == 0, os.strerror(-error)


SYMMETRIC = "random,fully-random"


def block(router, address):
    """Nothing passes this router to or from that address."""
    for direction in ("saddr", "daddr"):
        must(router, f"nft add rule inet guard forwarding ip {direction} {address} counter drop")
    return mono()


def unblock(router):
    must(router, "nft flush chain inet guard forwarding")
    return mono()
