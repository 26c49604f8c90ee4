# SPDX-License-Identifier: Apache-2.0
"""The cases of test_closing.sh, in TAP; the topology stands."""
import base64
import json
import os
import signal
import struct
import subprocess
import sys
import time

import nfctl
from close import BUILD, DIR, TAG, Nf, Swarm, case, lan_packets, live, results, run, until

FILE, CTL = f"{DIR}/nf.json", f"{BUILD}/control-plane/ctl/sluicectl"
IDLE, CLOSING, CLOSED = 0, 3, 4
GATEWAY = ["192.0.2.254"]
numbers = iter(range(1000))


def configure(peers=(), gateways=GATEWAY, **nf):
    with open(FILE) as f:
        config = json.load(f)
    config["nf"].update(nf)
    config["nf"]["interfaces"]["wan"]["gateways"] = list(gateways)
    config["nf"]["plugins"] = {"ip": {}, "wireguard": {"private_key_file": f"{DIR}/key"}}
    config.update(log_level="debug", peers=list(peers), control={"linger_ms": 1000, "close_peers_per_s": 100})
    with open(FILE, "w") as f:
        json.dump(config, f)


def forwards(s):
    run("host", "ip", "neigh", "flush", "dev", "eth0")  # an earlier node had the same address
    run("host", "ping", "-c1", "-W1", "10.1.0.1")
    before = lan_packets()
    s.say("data")
    return until(3, lambda: lan_packets() - before == s.count)


def ended(process, seconds=15):
    """Exit code; None: it runs on."""
    until(seconds, lambda: process.poll() is not None)
    return process.poll()


class Node:
    """sluice-nf and sluiced; swarms' peers are in the file of both."""

    def __init__(self, *swarms):
        self.n = next(numbers)
        self.peers = [{"name": f"p{s.port}-{i}", "public_key": base64.b64encode(k).decode(), "allowed_ips": s.allowed(i)}
                      for s in swarms for i, k in enumerate(s.keys)]
        self.swarms = swarms
        configure(self.peers)
        self.nf = Nf(f"{self.n}", "nf-view")
        self.log = f"{DIR}/sluiced{self.n}.log"
        self.cp = subprocess.Popen(["ip", "netns", "exec", f"{TAG}-nf", f"{BUILD}/control-plane/io/sluiced", "-c", FILE], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(self.log, "w"))
        assert until(20, lambda: self.syncs() == 1), open(self.log).read()
        for s in swarms:
            s.more[3] = self.nf.key.hex()
            assert s.start(), "the swarm has no sessions"

    def syncs(self):
        return open(self.log).read().count("event=synced")

    def reload(self, process):
        before = self.syncs()
        process.send_signal(signal.SIGHUP)
        return until(10, lambda: self.syncs() > before)

    def state(self, name):
        return nfctl.Control.peers(self.nf.control).get(name, {}).get("state")

    def closes_of(self, name):
        return [l for l in open(self.nf.log) if f"event=peer_closed name={name} " in l]

    def ctl(self, *args):
        r = subprocess.run([CTL, "-d", f"{DIR}/run", *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=40)
        return r.returncode, r.stdout

    def stop(self):
        for process in self.cp, self.nf.process:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for s in self.swarms:
            s.process.kill()
        return ended(self.cp), ended(self.nf.process)


def unmet_swarm(seed, count, port):
    """Before there is a node: its key is filled in when it starts."""
    return Swarm(bytes(32), seed, count, port)


def no_release():
    """A control plane that stays attached and says nothing; one that hangs."""
    configure(stop_deadline_ms=1500)
    nf = Nf(next(numbers))
    s = live(nf, 1, 20, 20000)
    nf.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    signo, deadline = struct.unpack("=II", nf.control.wait_event(nfctl.STOP_REQUESTED))
    case("a signalled node tells its control plane until when it waits", (signo, deadline) == (15, 1500), (signo, deadline))
    case("it forwards meanwhile, and says no goodbye", forwards(s) and s.report()["goodbyes"] == 0)
    told = until(5, lambda: s.report()["goodbyes"] > 0)
    waited = time.monotonic() - began
    code, seen = ended(nf.process), s.stop()
    case("without a release it closes its peers by itself at its deadline: all are told, exit code 0",
         told and code == 0 and seen["informed"] == 20 and 1.4 < waited < 2.5, (code, seen["informed"], waited))
    case("and says why", nf.logged("the control plane did not release in time"))

    s = unmet_swarm(2, 20, 20100)
    node = Node(s)
    node.cp.send_signal(signal.SIGSTOP)
    node.nf.process.send_signal(signal.SIGTERM)
    code, seen = ended(node.nf.process), s.report()
    node.cp.send_signal(signal.SIGCONT)
    case("a sluiced that hangs does not keep it either: all are told, exit code 0", code == 0 and seen["informed"] == 20, (code, seen))
    case("sluiced outlives it", until(5, lambda: "network_function_lost" in open(node.log).read() or
                                      "event=nf_lost" in open(node.log).read()) and node.cp.poll() is None)
    case("and ends when it is told to", node.stop()[0] == 0)


def second_signal(first, second, count=200):
    """Both in the middle of PEER_CLOSE_ALL."""
    s = unmet_swarm(next(numbers) + 100, count, 21000 + 300 * next(numbers))
    node = Node(s)
    process = {"sluice-nf": node.nf.process, "sluiced": node.cp}
    name = f"{first}, then {second} while it closes"
    process[first].send_signal(signal.SIGTERM)
    assert until(5, lambda: s.report()["goodbyes"] > 0), "no goodbye"
    early = s.report()["informed"]
    process[second].send_signal(signal.SIGTERM)
    began = time.monotonic()
    signalled = [ended(process[p]) for p in dict.fromkeys((second, first))]
    took = time.monotonic() - began
    nf_code, seen = ended(node.nf.process), s.report()
    case(f"{name}: those that were signalled end with 0, and so does sluice-nf", signalled + [nf_code] == [0] * (len(signalled) + 1),
         (signalled, nf_code))
    case(f"{name}: every peer is told", early < count == seen["informed"], (early, {**seen, "first_at_ms": 0}))
    if first == second == "sluice-nf":
        case(f"{name}: sluiced outlives it", node.cp.poll() is None)
    node.stop()
    report = json.loads(node.cp.stdout.readline())
    outcomes = sum(report[k] for k in "acked sent accepted unreachable no_session failed".split())
    if first == second == "sluiced":
        case(f"{name}: sluiced ends at once and says so", took < 1 + 15 * (nf_code is None) and report["outcome"] == "interrupted", (took, report))
    else:
        case(f"{name}: the report is whole", report["outcome"] == "complete" and report["peers"] == outcomes == count, report)


def reload_while_removed():
    """The file loses a peer; while it lingers the file is read again, by either process."""
    s = unmet_swarm(10, 1, 30000)
    node = Node(s)
    name = node.peers[0]["name"]
    configure()
    node.reload(node.cp)
    case("a peer that left the file lingers", until(2, lambda: node.state(name) == CLOSING))
    ok = node.reload(node.cp) and node.reload(node.nf.process)
    case("two reloads later it still does", ok and node.state(name) == CLOSING, (ok, node.closes_of(name)))
    gone = until(5, lambda: node.nf.control.peers() == 0)
    closes = node.closes_of(name)
    case("its close ends as if there had been none: five goodbyes, one report, no peer",
         gone and len(closes) == 1 and "goodbyes=5" in closes[0] and s.report()["informed"] == 1, (gone, closes))
    node.reload(node.cp)
    case("nor does a later one bring it back", node.nf.control.peers() == 0)
    node.stop()


def reload_while_closed():
    """An operator closes a peer; while it lingers the file is read again, by either process."""
    s = unmet_swarm(11, 1, 30100)
    node = Node(s)
    name = node.peers[0]["name"]
    forwards(s)  # the neighbours are known
    waiting = subprocess.Popen([CTL, "-d", f"{DIR}/run", "close", name, "--linger", "4000", "--json"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, text=True)
    case("an operator's close lingers", until(5, lambda: node.state(name) == CLOSING))
    ok = node.reload(node.cp) and node.reload(node.nf.process)
    case("two reloads later it still does, and delivers", ok and forwards(s) and node.state(name) == CLOSING, ok)
    out, _ = waiting.communicate(timeout=20)
    r = json.loads(out)
    case("the operator gets the report of the whole close", waiting.returncode == 0 and r["outcome"] == "accepted" and
         r["goodbyes"] >= 5 and r["linger_rx_packets"] >= 1 and r["took_s"] >= 4, (waiting.returncode, r))
    case("it was reported once", len(node.closes_of(name)) == 1)
    case("afterwards the peer is closed, as the operator wanted", node.state(name) == CLOSED, node.state(name))
    case("until the next reload opens it", node.reload(node.cp) and node.state(name) == IDLE, node.state(name))
    node.stop()


def left(node, s, name):
    """A peer with a session says goodbye and is gone: no session, and nobody knows where it is."""
    s.say("bye")
    return until(5, lambda: node.state(name) == IDLE)


def again(node, *swarms):
    """All peers of the file are open, and have a session."""
    configure(node.peers)
    assert node.reload(node.cp)
    for s in swarms:
        s.process.kill()
        s.process.wait()
        assert s.start(), "the swarm has no sessions"


def cannot_be_told():
    away, cut = unmet_swarm(12, 1, 30200), unmet_swarm(13, 1, 30300)
    away.allowed = lambda i: ["10.66.9.1/32"]
    node = Node(away, cut)
    absent, unrouted = (p["name"] for p in node.peers)

    assert left(node, away, absent)
    code, out = node.ctl("close", absent, "--json")
    r = json.loads(out)
    case("a peer that had a session, and has none now, is unreachable: exit code 3",
         code == 3 and r["outcome"] == "unreachable" and r["goodbyes"] == 0 and not r["acked"] and 0.5 <= r["took_s"] < 2, (code, r))
    again(node, away)
    assert left(node, away, absent)
    code, out = node.ctl("close", absent)
    case("in words too", code == 3 and "unreachable: no session could carry a goodbye" in out and "goodbyes        0, not acked" in out,
         (code, out))

    configure(node.peers, gateways=[])
    assert node.reload(node.cp)
    code, out = node.ctl("close", unrouted, "--json")
    r = json.loads(out)
    case("a peer with a session to which no route leads has failed: exit code 3",
         code == 3 and r["outcome"] == "failed" and r["goodbyes"] == 0, (code, r))
    again(node, cut)
    configure(node.peers, gateways=[])
    assert node.reload(node.cp)
    code, out = node.ctl("close", unrouted)
    case("in words too", code == 3 and "failed: no goodbye left" in out, (code, out))

    for more in ["--json"], []:
        again(node, away, cut)
        assert left(node, away, absent)
        configure(node.peers, gateways=[])
        assert node.reload(node.cp)
        code, out = node.ctl("close", "--all", *more)
        if more:
            r = json.loads(out)
            case("closing all counts both: exit code 3", code == 3 and (r["peers"], r["unreachable"], r["failed"]) == (2, 1, 1), (code, r))
        else:
            case("in words too", code == 3 and "1  were unreachable" in out and "1  failed: no goodbye left" in out, (code, out))
    case("neither heard anything", away.report()["goodbyes"] == cut.report()["goodbyes"] == 0)
    again(node, away, cut)
    code, out = node.ctl("close", "--all", "--json")
    case("when both can be told the exit code is 0", code == 0 and json.loads(out)["accepted"] == 2, (code, out))
    node.stop()


def main():
    private = subprocess.check_output(["wg", "genkey"], text=True)
    with open(os.open(f"{DIR}/key", os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
        f.write(private)
    no_release()
    for first in "sluice-nf", "sluiced":
        for second in "sluice-nf", "sluiced":
            second_signal(first, second)
    reload_while_removed()
    reload_while_closed()
    cannot_be_told()
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
