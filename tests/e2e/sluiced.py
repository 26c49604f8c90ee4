# SPDX-License-Identifier: Apache-2.0
"""The cases of test_sluiced.sh, in TAP; the topology stands."""
import base64
import json
import os
import signal
import subprocess
import time

import nfctl
from lab import DIR, TAG, case, flows, note, run, run_cases, texts, until, whole

BUILD = os.environ["SLUICE_BUILD"]


class Node:
    """sluice-nf and sluiced of one host, with one file."""

    def __init__(self, host, wan, lan, key_file=None):
        self.host, self.file, self.dir = host, f"{DIR}/{host}.json", f"{DIR}/{host}"
        options = {"listen_port": 51820}
        if key_file:
            options["private_key_file"] = key_file
        self.config = {
            "runtime_dir": self.dir, "log_level": "debug",
            "nf": {"workers": 1, "idle": "adaptive", "hugepages": False, "memory_mb": 256, "max_peers": 64,
                   "plugin_dir": f"{BUILD}/plugins", "host_port": False,
                   "ports": [{"name": "wan", "device": "net_af_packet0,iface=wan0,framecnt=4096"},
                             {"name": "lan", "device": "net_af_packet1,iface=lan0,framecnt=4096"}],
                   "interfaces": {"wan": {"port": "wan", "addresses": [wan]}, "lan": {"port": "lan", "addresses": [lan]}},
                   "plugins": {"ip": {}, "wireguard": options}},
            "peers": []}
        self.write()
        self.nf = self.cp = None

    def write(self, peers=None):
        if peers is not None:
            self.config["peers"] = peers
        with open(self.file, "w") as f:
            json.dump(self.config, f)

    def spawn(self, program, log, stdout=None):
        out = open(f"{DIR}/{self.host}-{log}.log", "a")
        return subprocess.Popen(["ip", "netns", "exec", f"{TAG}-{self.host}", f"{BUILD}/{program}", "-c", self.file],
                                stdin=subprocess.DEVNULL, stdout=stdout or out, stderr=out)

    def log(self, which):
        return open(f"{DIR}/{self.host}-{which}.log").read()

    def count(self, which, text):
        return self.log(which).count(text)

    def start_nf(self):
        before = self.count("nf", "event=ready") if self.nf else 0
        self.nf = self.spawn("nf/sluice-nf", "nf")
        return until(30, lambda: self.count("nf", "event=ready") > before)

    def start_cp(self):
        before = self.count("cp", "event=synced") if self.cp else 0
        self.cp = self.spawn("control-plane/io/sluiced", "cp", subprocess.PIPE)
        return until(20, lambda: self.count("cp", "event=synced") > before)

    def start(self):
        return self.start_nf() and self.start_cp()

    def operator(self):
        return nfctl.Control(self.dir, "sluiced")

    def view(self):
        c = nfctl.Control(self.dir, "nf-view")
        c.sock.settimeout(20)
        return c

    def key(self):
        c = self.view()
        body = c.request(nfctl.STATUS_GET)[0]
        c.close()
        return base64.b64encode(body[56:88]).decode()

    def reload(self, process):
        before = self.count("cp", "event=synced")
        process.send_signal(signal.SIGHUP)
        return until(10, lambda: self.count("cp", "event=synced") > before)


def peer(name, key, allowed, endpoint=None, **more):
    return {"name": name, "public_key": key, "allowed_ips": [allowed], **({"endpoint": endpoint} if endpoint else {}), **more}


BOTH_WAYS = ("user", "10.1.0.2", "server", "10.2.0.2", 1000), ("server", "10.2.0.2", "user", "10.1.0.2", 1000)


def under_traffic(name, action):
    """1000 packets a second each way while something happens: none is lost."""
    with flows(*BOTH_WAYS) as fs:
        until(5, lambda: all(len(f.seen) > 100 for f in fs))
        ok = action()
        until(5, lambda: all(len(f.seen) > 1500 for f in fs))
    case(name, ok and whole(fs), texts(fs))


def pings(count=1):
    return run("user", "ping", f"-c{count}", "-i0.2", "-W1", "10.2.0.2").returncode == 0


def killed(process):
    process.kill()
    process.wait()
    return True


def back_within(node, seconds, name):
    """From the moment the network function is ready to the first packet that comes through."""
    with flows(*BOTH_WAYS) as fs:
        ok = node.start_nf()
        ready = time.monotonic()
        seen = [len(f.seen) for f in fs]
        ok = ok and until(seconds, lambda: all(len(f.seen) > n for f, n in zip(fs, seen)))
        took = time.monotonic() - ready
    note(f"{name}: {took * 1000:.0f} ms")
    case(name, ok, f"{took:.2f} s; {texts(fs)}")


def orders_of_stopping(a, b, name, stop):
    """Every peer told, by the far end's own word; both processes end with 0."""
    case(f"{name}: traffic flows before", until(20, pings))
    goodbyes = b.count("cp", "event=peer_event name=a event=2")
    stop()
    ended = until(15, lambda: a.nf.poll() is not None and a.cp.poll() is not None)
    report = a.cp.stdout.read().decode() if ended else ""
    case(f"{name}: both end with exit code 0", ended and a.nf.returncode == 0 and a.cp.returncode == 0,
         f"{a.nf.poll()} {a.cp.poll()}")
    told = until(5, lambda: b.count("cp", "event=peer_event name=a event=2") > goodbyes)
    case(f"{name}: the peer was told", told, report)
    return report


def main():
    secret = f"{DIR}/b.secret"
    with open(os.open(secret, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
        f.write(subprocess.check_output(["wg", "genkey"], text=True))
    a, b = Node("a", "192.0.2.1/24", "10.1.0.1/24"), Node("b", "192.0.2.2/24", "10.2.0.1/24", secret)
    case("both nodes start, in any order", a.start_nf() and a.start_cp() and b.start())
    key = a.key()
    to_b = peer("b", b.key(), "10.2.0.0/24", "192.0.2.2:51820")
    to_a = peer("a", key, "10.1.0.0/24", "192.0.2.1:51820")
    a.write([to_b])
    b.write([to_a])
    case("a changed file brings peers, by SIGHUP to either process", a.reload(a.cp) and b.reload(b.nf))
    case("traffic flows", until(20, pings))

    picture = subprocess.run([f"{BUILD}/control-plane/ctl/sluicectl", "-d", a.dir, "graph"], capture_output=True, text=True).stdout
    documented = open(f"{os.path.dirname(os.path.abspath(__file__))}/../../docs/graph.dot").read()
    case("the picture of the documentation is the graph that runs", picture == documented, "sluicectl graph > docs/graph.dot")

    under_traffic("kill -9 of sluiced loses no packet, and it reconciles on return", lambda: killed(a.cp) and a.start_cp())
    case("it found the peer as it was", "peers=1 refused=0 kept=1 swept=0" in a.log("cp").splitlines()[-1] or
         a.count("cp", "refused=0 kept=1 swept=0") >= 2, a.log("cp")[-600:])
    a.write([to_b, peer("other", base64.b64encode(b"x" * 32).decode(), "10.77.0.0/16")])
    under_traffic("a reload that adds a peer loses no packet", lambda: a.reload(a.cp))
    a.write([to_b])
    under_traffic("a reload that removes it loses no packet", lambda: a.reload(a.nf))
    case("it is gone", until(5, lambda: a.view().peers() and len(a.view().peers()) == 1))

    killed(a.nf)
    back_within(a, 2, "kill -9 of sluice-nf: traffic is back within two seconds of its restart")
    case("its identity is the same", a.key() == key)
    killed(b.nf)
    killed(b.cp)
    b.cp = b.spawn("control-plane/io/sluiced", "cp", subprocess.PIPE)
    back_within(b, 20, "kill -9 of both: back by themselves with a private_key_file")

    o = a.operator()
    report = o.close_peer(to_b["public_key"])
    case("an operator closes a peer, which acknowledges", report["acked"] == 1 and report["goodbyes"] == 1, report)
    case("nothing is forwarded to it", not pings())
    killed(a.cp)
    case("it stays closed over a restart of sluiced", a.start_cp() and not pings() and [p["state"] for p in a.view().peers().values()] == [4])
    case("a reload opens it again", a.reload(a.cp) and until(20, pings))
    second = subprocess.run(["ip", "netns", "exec", f"{TAG}-a", f"{BUILD}/control-plane/io/sluiced", "-c", a.file],
                            capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
    case("a second sluiced is refused by name", second.returncode == 1 and "another sluiced runs here" in second.stderr,
         second.stderr)
    good = open(a.file).read()
    with open(a.file, "w") as f:
        f.write(good.replace('"public_key"', '"publik_key"'))
    a.cp.send_signal(signal.SIGHUP)
    case("a wrong file is named and changes nothing",
         until(5, lambda: "peers[0].publik_key" in a.log("cp").splitlines()[-1]) and pings(), a.log("cp")[-300:])
    with open(a.file, "w") as f:
        f.write(good)

    text = orders_of_stopping(a, b, "control plane first", lambda: a.cp.send_signal(signal.SIGTERM))
    report = json.loads(text or "{}")
    case("its report is one JSON object", report.get("outcome") == "complete" and report.get("acked") == 1, text)

    def both():
        a.nf.send_signal(signal.SIGTERM)
        a.cp.send_signal(signal.SIGTERM)

    def nf_first():
        a.nf.send_signal(signal.SIGTERM)
        until(10, lambda: a.nf.poll() is not None)
        case("the control plane outlives a network function that was stopped", a.cp.poll() is None)
        a.cp.send_signal(signal.SIGTERM)

    a.config["nf"]["plugins"]["wireguard"]["private_key_file"] = f"{DIR}/a.secret"
    with open(os.open(f"{DIR}/a.secret", os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
        f.write(subprocess.check_output(["wg", "genkey"], text=True))
    a.write()
    case("a node with another identity starts", a.start())
    b.write([peer("a", a.key(), "10.1.0.0/24", "192.0.2.1:51820")])
    case("and its peer is told", b.reload(b.cp))
    orders_of_stopping(a, b, "network function first", nf_first)
    case("it starts again", a.start())
    orders_of_stopping(a, b, "both at once", both)

    case("it starts again after both", a.start())
    goodbyes = b.count("cp", "event=peer_event name=a event=2")
    case("traffic flows before the last stop", until(20, pings))
    detached = a.count("nf", "event=control_detached")
    killed(a.cp)
    until(5, lambda: a.count("nf", "event=control_detached") > detached)
    a.nf.send_signal(signal.SIGTERM)
    case("without control plane the network function tells its peers and ends with 0",
         until(10, lambda: a.nf.poll() == 0) and until(5, lambda: b.count("cp", "event=peer_event name=a event=2") > goodbyes))
    b.cp.send_signal(signal.SIGTERM)
    case("the other node ends too", until(10, lambda: b.nf.poll() == 0 and b.cp.poll() == 0))


run_cases(main)
