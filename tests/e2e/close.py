# SPDX-License-Identifier: Apache-2.0
"""The cases of test_close.sh, in TAP; the topology stands."""
import base64
import contextlib
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time

import nfctl
from lab import captured, raw, udp, udp_payload, wireguard_type

TAG, DIR, BUILD = os.environ["TAG"], os.environ["DIR"], os.environ["BUILD"]
WG = f"{TAG}wg"
SWARM = f"{BUILD}/tests/e2e/swarm/wg_swarm"
ACKED, SENT, ACCEPTED, UNREACHABLE, NO_SESSION, FAILED = range(1, 7)
OPERATOR, DRAIN, REMOVED = 1, 2, 3
PEER_REMOVE, GOODBYE = 17, 2
results = []


def case(name, ok, detail=""):
    results.append(bool(ok))
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)
    print(f"# {detail}", flush=True) if detail != "" else None


def run(host, *command, timeout=30, **more):
    return subprocess.run(["ip", "netns", "exec", f"{TAG}-{host}", *command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=timeout, **more)


def until(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


class Control(nfctl.Control):
    """With what closing needs beyond the common requests; keys are bytes."""

    def peer(self, key, name="p", allowed=(), endpoint=None, static=True, reopen=False):
        host, port = endpoint or (None, 0)
        body = key + bytes(32) + nfctl.addr(host, port)
        body += struct.pack("=32sIHHBBBBHH", name.encode(), nfctl.STATIC if static else 0, 0, 1420, 0, 0, 0, reopen, 0, len(allowed))
        self.request(nfctl.PEER_UPSERT, body + b"".join(nfctl.addr(a) for a in allowed))

    def begin_close(self, key, reason=DRAIN, linger_ms=0, goodbye=b"", claimed=None):
        size = len(goodbye) if claimed is None else claimed
        self.request(nfctl.PEER_CLOSE, key + struct.pack("=HHI", reason, size, linger_ms) + goodbye)

    def closed(self):
        return nfctl.closed(self.wait_event(nfctl.PEER_CLOSED))

    def begin_close_all(self, per_s=0, reason=DRAIN):
        self.request(nfctl.PEER_CLOSE_ALL, struct.pack("=HHIII", reason, 0, 0, per_s, 0))

    def close_all_done(self):
        names = "peers acked sent accepted unreachable no_session failed goodbyes linger_rx took".split()
        return dict(zip(names, struct.unpack("=8IQQ", self.wait_event(nfctl.CLOSE_ALL_DONE))))

    def refused(self, call, *args, **kw):
        try:
            call(*args, **kw)
        except nfctl.Refused as e:
            return str(e)
        return None

    def count(self, name):
        return self.drops()[name][0]

    def peers(self):
        return struct.unpack_from("=IIII", self.request(nfctl.STATUS_GET)[0], 32 + 16 + 8 + 32)[2]

    def peer_event(self, event, seconds=5):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            body = self.wait_event(nfctl.PEER_EVENT)
            if struct.unpack_from("=I", body, 32 + nfctl.ADDR.size)[0] == event:
                return body[:32]
        return None


class Swarm:
    def __init__(self, nf_key, seed, count, port, ack=False):
        self.args = ["--seed", str(seed), "--count", str(count)]
        out = subprocess.check_output([SWARM, "--keys", *self.args], text=True)
        self.keys, self.count = [bytes.fromhex(k) for k in out.split()], count
        self.more = ["--to", "192.0.2.1:51820", "--key", nf_key.hex(), "--port", str(port)] + (["--ack"] if ack else [])
        self.port = port

    def allowed(self, i):
        return [f"10.66.{i // 250}.{i % 250 + 1}/32"]

    def upsert(self, control, **kw):
        for i, key in enumerate(self.keys):
            control.peer(key, f"s{self.port}-{i}", self.allowed(i), **kw)

    def start(self):
        self.process = subprocess.Popen(["ip", "netns", "exec", f"{TAG}-swarm", SWARM, *self.args, *self.more],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        return self.line(60) == f"sessions {self.count}"

    def line(self, seconds):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        return self.process.stdout.readline().strip() if ready else None

    def say(self, word):
        self.process.stdin.write(word + "\n")

    def report(self):
        self.say("report")
        return json.loads(self.line(10))

    def stop(self):
        r = self.report()
        self.say("quit")
        self.process.wait(10)
        return r


class Nf:
    """control: sluice-nf's socket for the one control plane, or the one for looking."""

    def __init__(self, n, control="nf-ctl"):
        self.log = f"{DIR}/nf{n}.log"
        self.process = subprocess.Popen(["ip", "netns", "exec", f"{TAG}-nf", f"{BUILD}/nf/sluice-nf", "-c", f"{DIR}/nf.json"],
                                        stdin=subprocess.DEVNULL, stdout=open(self.log, "w"), stderr=subprocess.STDOUT)
        assert until(30, lambda: self.logged("event=ready")), open(self.log).read()
        self.control = Control(f"{DIR}/run", control)
        if control == "nf-ctl":
            self.control.hello()
        self.key = self.control.request(nfctl.STATUS_GET)[0][56:88]

    def logged(self, text):
        return text in open(self.log).read()

    def rss_kib(self):
        return int(next(l for l in open(f"/proc/{self.process.pid}/status") if l.startswith("VmRSS")).split()[1])


def lose(percent):
    run("router", "nft", "delete", "table", "ip", "loss")
    if percent:
        rule = f"add table ip loss {{ chain f {{ type filter hook forward priority 0; numgen random mod 100 < {percent} drop; }}; }}"
        assert run("router", "nft", rule).returncode == 0


def live(nf, seed, count, port, ack=False, **kw):
    s = Swarm(nf.key, seed, count, port, ack)
    s.upsert(nf.control, **kw)
    assert s.start(), "the swarm has no sessions"
    return s


def outcomes_sum_up(done):
    return done["peers"] == sum(done[k] for k in "acked sent accepted unreachable no_session failed".split())


def lan_packets():
    return int(re.search(r"UdpNoPorts\s+(\d+)", run("host", "nstat", "-asz", "UdpNoPorts").stdout)[1])


def single_closes(nf):
    c = nf.control
    s = live(nf, 1, 1, 20000, ack=True)
    c.begin_close(s.keys[0])
    r, seen = c.closed(), s.stop()
    case("a peer that acknowledges is told once or twice, and reported as acked",
         r["outcome"] == ACKED and r["acked"] and r["goodbyes"] <= 2 and 1 <= seen["informed"] and seen["goodbyes"] <= 2, (r, seen))

    s = live(nf, 2, 1, 20010)
    before = c.count("wireguard/closing")
    c.begin_close(s.keys[0], linger_ms=3000)
    # from the LAN, to a peer that is being closed
    run("host", "python3", "-c", "import socket\nfor i in range(50): socket.socket(2, 2).sendto(b'x', ('10.66.0.1', 9))")
    until(2, lambda: c.count("wireguard/closing") - before == 50)
    dropped = c.count("wireguard/closing") - before
    r, seen = c.closed(), s.stop()
    times = seen["first_at_ms"]
    on_time = len(times) == 5 and all(abs(t - w) < 45 for t, w in zip(times, (0, 50, 150, 350, 700)))
    case("a silent peer hears the goodbye of the specification five times, at 0, 50, 150, 350 and 700 ms",
         on_time and seen["other_control"] == 0, seen)
    case("what no driver confirmed is reported as accepted", r["outcome"] == ACCEPTED and r["goodbyes"] == 5, r)
    case("nothing is forwarded to a closing peer, and what was sent to it is counted",
         dropped == 50 and seen["data_after"] == 0, (dropped, seen))

    s = live(nf, 3, 1, 20020)
    run("host", "ping", "-c1", "-W1", "10.1.0.1")  # the node knows the host from its question
    arrived = lan_packets()
    c.begin_close(s.keys[0], linger_ms=1500)
    until(2, lambda: s.report()["goodbyes"])
    for _ in range(40):
        s.say("data")
        s.report()
        time.sleep(0.02)  # the rate of the data, not a wait
    r, seen = c.closed(), s.stop()
    case("a closing peer's data is delivered, and counted in the report", r["linger_rx"] == 40 == lan_packets() - arrived, r)
    case("and answered with further goodbyes, ten a second at most", 5 < seen["goodbyes"] <= 5 + 15 and
         seen["goodbyes"] == r["goodbyes"], (r, seen))


def without_session(nf):
    c = nf.control
    nobody = bytes([9]) * 32
    c.peer(nobody, "nobody")
    c.begin_close(nobody)
    r = c.closed()
    case("a peer that nobody ever met has no session, at once", r["outcome"] == NO_SESSION and r["took"] < 4e8, r)

    c.peer(nobody, "nobody", endpoint=("198.51.100.2", 9))
    sent = c.count("wireguard/initiations_sent")
    c.begin_close(nobody)
    r = c.closed()
    case("one with an endpoint is tried to be reached first, for 500 ms",
         r["outcome"] == NO_SESSION and 4.5e8 < r["took"] < 1.5e9 and c.count("wireguard/initiations_sent") == sent + 1, r)

    for seed, gateway, why in ((4, '"192.0.2.77"', "whose next hop does not answer"), (10, "", "to which no route leads")):
        s = live(nf, seed, 1, 20000 + 2 * seed)
        set_gateway(c, gateway)
        c.begin_close(s.keys[0])
        r = c.closed()
        case(f"a goodbye to a peer {why} is failed, never accepted", r["outcome"] == FAILED and r["goodbyes"] == 0, r)
        case("and the peer heard nothing", s.stop()["goodbyes"] == 0)
        set_gateway(c, '"192.0.2.254"')


def set_gateway(c, gateway):
    with open(f"{DIR}/nf.json") as f:
        config = re.sub(r'"gateways": \[.*?\]', f'"gateways": [{gateway}]', f.read())
    with open(f"{DIR}/nf.json", "w") as f:
        f.write(config)
    c.request(nfctl.RELOAD)


def received_goodbyes(nf):
    c = nf.control
    s = live(nf, 5, 1, 20040)
    s.say("bye")
    event = c.peer_event(GOODBYE)
    case("a goodbye of a static peer is reported", event == s.keys[0])
    until(2, lambda: sessions(c) == 0)
    case("its sessions end, the peer stays", sessions(c) == 0 and c.peers() == 1, (sessions(c), c.peers()))
    s.process.kill()
    s = Swarm(nf.key, 5, 1, 20050)
    case("and it may shake hands again, from elsewhere", s.start() and until(2, lambda: sessions(c) == 1))
    c.peer(s.keys[0], "s", s.allowed(0))
    s.say("bye")
    case("a file that is read again makes no goodbye outdated", c.peer_event(GOODBYE) == s.keys[0])
    c.request(PEER_REMOVE, s.keys[0])
    s.process.kill()
    s = live(nf, 9, 1, 20090, static=False)
    c.peer(s.keys[0], "s", s.allowed(0), static=False)  # a later upsert: goodbyes of the session before it are outdated (G22)
    s.say("bye")
    case("a goodbye of a session older than the latest upsert is ignored",
         until(3, lambda: c.count("wireguard/goodbye_outdated") == 1) and sessions(c) == 1, c.count("wireguard/goodbye_outdated"))
    c.request(PEER_REMOVE, s.keys[0])
    s.process.kill()
    s = live(nf, 6, 1, 20060, static=False)
    s.say("bye")
    event = c.peer_event(GOODBYE)
    case("a goodbye of any other peer is its end", event == s.keys[0] and until(3, lambda: c.peers() == 0), c.peers())
    s.process.kill()


def sessions(c):
    return struct.unpack_from("=IIII", c.request(nfctl.STATUS_GET)[0], 32 + 16 + 8 + 32)[3]


def operator_close(nf):
    c = nf.control
    wire = raw("swarm", "eth0")
    s = live(nf, 7, 1, 20070)
    old = [udp_payload(f)[2] for f, _ in captured(wire, lambda f: wireguard_type(f) == 1)]
    wire.close()
    c.begin_close(s.keys[0], reason=OPERATOR)
    c.closed()
    c.request(nfctl.SYNC_BEGIN, struct.pack("=II", c.epoch, 0))
    c.peer(s.keys[0], "s", s.allowed(0))
    c.request(nfctl.SYNC_END, struct.pack("=II", c.epoch, 1))
    s.process.kill()
    s = Swarm(nf.key, 7, 1, 20080)
    s.process = subprocess.Popen(["ip", "netns", "exec", f"{TAG}-swarm", SWARM, *s.args, *s.more], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True, bufsize=1)
    refused = s.line(2) is None
    case("a peer that the operator closed stays closed over a sync", refused and c.peers() == 1 and sessions(c) == 0)
    s.process.kill()
    c.peer(s.keys[0], "s", s.allowed(0), reopen=True)
    invalid = c.count("wireguard/handshake_invalid")
    with contextlib.closing(udp("swarm", "198.51.100.2", timeout=0.5)) as attacker:
        attacker.sendto(old[0], ("192.0.2.1", 51820))
        taken = until(5, lambda: c.count("wireguard/handshake_invalid") == invalid + 1)
        with contextlib.suppress(socket.timeout):
            taken = taken and not attacker.recv(200)
    case("an initiation from before the close is refused after it", len(old) == 1 and len(old[0]) == 148 and taken)
    case("and the peer's own next one is not", s.start())
    c.request(PEER_REMOVE, s.keys[0])
    s.process.kill()


def robustness(nf):
    c = nf.control
    c.begin_close_all()
    done = c.close_all_done()
    case("closing nobody is done at once", done["peers"] == 0, done)
    s = live(nf, 8, 3, 20090)
    a, b, d = s.keys
    c.begin_close(a)
    text = c.refused(c.begin_close, a)
    case("a second close of a peer is refused", text and "being closed already" in text, text)
    text = c.refused(c.begin_close, b, goodbye=b"x" * 300)
    case("a goodbye that is too large is refused", text and "300 bytes" in text, text)
    text = c.refused(c.begin_close, b, goodbye=b"x" * 3, claimed=4)
    case("a goodbye of another size than announced is refused", text and "are not a goodbye of 4" in text, text)
    text = c.refused(c.begin_close, b, reason=77)
    case("an unknown reason is refused", text and "reason 77" in text, text)
    text = c.refused(c.begin_close, bytes(32))
    case("a close of nobody is refused", text and "no peer of this key" in text, text)
    c.begin_close(b)
    c.begin_close_all()
    text = c.refused(c.begin_close_all)
    case("a second close of all is refused", text and "already" in text, text)
    c.request(PEER_REMOVE, b)
    done = c.close_all_done()
    case("closing all takes in the closes under way, and one whose peer is removed meanwhile",
         done["peers"] == 3 and outcomes_sum_up(done) and done["accepted"] >= 2, done)
    case("and every close was reported once", len([1 for k, _ in c.events if k == nfctl.PEER_CLOSED]) == 3 and c.peers() == 0)
    c.events.clear()
    s.stop()
    s = live(nf, 9, 1, 20100)
    c.begin_close(s.keys[0])
    c.peer(s.keys[0], "s", s.allowed(0))
    c.closed()
    s.stop()
    s = Swarm(nf.key, 9, 1, 20110)
    case("a peer that is upserted while it is being closed begins anew afterwards", c.peers() == 1 and s.start())
    c.begin_close(s.keys[0])
    c.request(nfctl.SYNC_BEGIN, struct.pack("=II", c.epoch, 0))
    c.request(nfctl.SYNC_END, struct.pack("=II", c.epoch, 1))
    c.closed()
    case("a sweep leaves a close alone", until(2, lambda: c.peers() == 0))
    s.stop()


def wireguard_go(nf):
    private = subprocess.check_output(["wg", "genkey"], text=True)
    with open(os.open(f"{DIR}/key", os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
        f.write(private)
    subprocess.Popen(["ip", "netns", "exec", f"{TAG}-swarm", "wireguard-go", "-f", WG], stdin=subprocess.DEVNULL,
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert until(10, lambda: run("swarm", "wg", "show", WG).returncode == 0)
    run("swarm", "wg", "set", WG, "private-key", f"{DIR}/key", "listen-port", "51820", "peer",
        base64.b64encode(nf.key).decode(), "endpoint", "192.0.2.1:51820", "allowed-ips", "10.1.0.0/24,::/0")
    for command in (f"addr add 10.8.0.2/32 dev {WG}", f"link set {WG} mtu 1420 up", f"route add 10.1.0.0/24 dev {WG}"):
        run("swarm", "ip", *command.split())
    public = subprocess.check_output(["wg", "pubkey"], input=private, text=True).strip()
    return base64.b64decode(public)


def received_bytes():
    return int(run("swarm", "wg", "show", WG, "transfer").stdout.split()[1])


def rounds(nf, n=10, count=1000):
    """Every round its own identities; wireguard-go beside them in the first."""
    c = nf.control
    informed = total = 0
    rss = []
    for i in range(n):
        lose(0)
        extra = 0
        if i == 0:
            c.peer(wireguard_go(nf), "go", ["10.8.0.2/32"])
            assert until(20, lambda: run("swarm", "ping", "-c1", "-W1", "10.1.0.2").returncode == 0), "wireguard-go has no session"
            extra = 1
        s = live(nf, 100 + i, count, 21000 + 1000 * i)
        base = received_bytes()
        lose(20)
        c.events.clear()
        c.begin_close_all(per_s=5000)
        done = c.close_all_done()
        lose(0)
        seen = s.stop()
        informed, total = informed + seen["informed"], total + count
        rss.append(nf.rss_kib())
        ok = done["peers"] == count + extra and outcomes_sum_up(done) and seen["data_after"] == 0 and seen["other_control"] == 0
        if not ok or i == 0:
            case("the reports of 1 000 closes at once sum up, under 20 % loss", ok, (done, {**seen, "first_at_ms": 0}))
            case("each closed peer was reported by itself",
                 len([1 for k, _ in c.events if k == nfctl.PEER_CLOSED]) == count + extra)
        if i == 0:
            got = received_bytes() - base
            case("wireguard-go beside them got its goodbye", got >= 80 and got % 80 == 0, got)
    case("of 10 000 peers at 20 % loss both ways at least 99.9 % are informed, by their own observation",
         informed >= 0.999 * total, f"{informed} of {total}")
    case("memory is flat over the rounds", rss[-1] - rss[2] < 2048, rss)
    case("no peer is left", until(3, lambda: c.peers() == 0) and sessions(c) == 0, c.peers())


def stops(nf, n):
    s = live(nf, 300, 200, 33000)
    nf.control.sock.close()
    assert until(5, lambda: nf.logged("event=control_detached"))
    nf.process.send_signal(signal.SIGTERM)
    code, seen = nf.process.wait(15), s.stop()
    case("SIGTERM without control plane: 200 live peers are told, exit code 0", code == 0 and seen["informed"] == 200, seen["informed"])

    nf = Nf(n + 1)
    s = live(nf, 301, 20, 34000)
    nf.process.send_signal(signal.SIGTERM)
    nf.control.wait_event(nfctl.STOP_REQUESTED)
    run("host", "ip", "neigh", "flush", "dev", "eth0")  # an earlier node had the same address
    run("host", "ping", "-c1", "-W1", "10.1.0.1")
    before = lan_packets()
    s.say("data")
    case("SIGTERM with one attached is an event to it, and the node forwards",
         until(3, lambda: lan_packets() - before == 20) and s.report()["goodbyes"] == 0, lan_packets() - before)
    nf.control.sock.close()
    code, seen = nf.process.wait(15), s.stop()
    case("a control plane that vanishes meanwhile: the node tells all peers by itself", code == 0 and seen["informed"] == 20, seen["informed"])

    nf = Nf(n + 2)
    s = live(nf, 302, 20, 35000)
    nf.process.send_signal(signal.SIGTERM)
    nf.control.wait_event(nfctl.STOP_REQUESTED)
    nf.process.send_signal(signal.SIGTERM)
    code, seen = nf.process.wait(15), s.stop()
    case("a second signal ends the wait: all peers are told, exit code 0", code == 0 and seen["informed"] == 20, seen["informed"])

    nf = Nf(n + 3)
    nf.process.send_signal(signal.SIGTERM)
    nf.control.wait_event(nfctl.STOP_REQUESTED)
    nf.control.request(nfctl.RELEASE, bytes(8))
    case("a release ends the node", nf.process.wait(15) == 0)


def main():
    nf = Nf(0)
    single_closes(nf)
    without_session(nf)
    received_goodbyes(nf)
    operator_close(nf)
    robustness(nf)
    rounds(nf)
    stops(nf, 0)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
