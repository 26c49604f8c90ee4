#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What peers cost sluice-portal: bench_portal.py BUILD OUT.jsonl [--quick].

The portal has one core for itself, its peers (portal_swarm, a process for the gateways and some for the clients) share another.
They dial from several loopback addresses over plain WebSockets. Every figure is a row for people and a JSON line for programs."""
import json
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SITES, RESOURCES, MANY = 50, 200, 5000
PORT, SOURCES = 18081, 16
RUNS = 7


def uuid(n):
    return f"00000000-0000-8000-8000-{n:012x}"


class Report:
    def __init__(self, path):
        self.out = open(path, "w")
        model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
        self.cpu = model[1] if model else "unknown"
        print(f"cpu: {self.cpu}\n{'name':30} {'parameters':38} {'median':>11} {'min':>11} {'max':>11} {'unit':14} {'baseline':>10} {'ratio':>7}")

    def line(self, name, samples, unit, baseline=0.0, **parameters):
        median = statistics.median(samples)
        ratio = median / baseline if baseline else 0
        shown = " ".join(f"{k}={v}" for k, v in parameters.items())
        print(f"{name:30} {shown:38} {median:11.2f} {min(samples):11.2f} {max(samples):11.2f} {unit:14}" +
              (f" {baseline:10.2f} {ratio:7.2f}" if baseline else ""), flush=True)
        self.out.write(json.dumps({"name": name, **parameters, "median": median, "min": min(samples), "max": max(samples), "unit": unit,
                                   "baseline": baseline, "ratio": ratio, "cpu": self.cpu}) + "\n")
        return median


class Portal:
    def __init__(self, build, folder):
        self.program = f"{build}/control-plane/portal/sluice-portal"
        self.ctl_program = f"{build}/control-plane/ctl/sluicectl"
        self.folder, self.file, self.log = folder, f"{folder}/portal.json", f"{folder}/portal.log"

    def write(self, mark=""):
        """mark: part of the names of the many resources."""
        few = [{"id": uuid(i), "name": f"few {i}", "type": "cidr", "address": f"10.{i >> 8}.{i & 255}.0/24", "sites": [f"site {i % SITES}"]}
               for i in range(RESOURCES)]
        many = [{"id": uuid(1 << 20 | i), "name": f"many {mark}{i}", "type": "cidr", "address": f"172.{16 + (i >> 8)}.{i & 255}.0/24",
                 "sites": [f"site {i % SITES}"], "filters": [{"protocol": "tcp", "ports": [443]}]} for i in range(min(MANY, 4096))]
        many += [{"id": uuid(1 << 20 | i), "name": f"many {mark}{i}", "type": "dns", "address": f"host{i}.acme.example", "sites": [f"site {i % SITES}"]}
                 for i in range(4096, MANY)]
        file = {
            "database": f"{self.folder}/portal.db", "control_socket": f"{self.folder}/portal.sock", "account_slug": "bench",
            "listen": [{"address": f"127.0.0.1:{PORT}"}],
            "limits": {"handshakes": 30000, "handshakes_per_source": 0},
            "sites": [{"name": f"site {i}"} for i in range(SITES)],
            "actors": [{"name": "crowd"}, {"name": "one"}],
            "resources": few + many,
            "policies": [{"name": "crowd", "actors": ["crowd"], "resources": [r["name"] for r in few]},
                         {"name": "one", "actors": ["one"], "resources": [r["name"] for r in many]}],
            "relays": [{"name": "turn", "ipv4": "192.0.2.10:3478", "username": "u", "password": "p"}],
        }
        with open(os.open(self.file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as f:
            json.dump(file, f)

    def start(self):
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(f"{self.folder}/notify")
        notify.settimeout(30)
        self.process = subprocess.Popen(["taskset", "-c", "0", self.program, "-c", self.file], stdout=open(self.log, "w"), stderr=subprocess.STDOUT,
                                        env={**os.environ, "NOTIFY_SOCKET": f"{self.folder}/notify"})
        while b"READY=1" not in notify.recv(4096):
            pass

    def ctl(self, *arguments):
        done = subprocess.run([self.ctl_program, "portal", "-c", self.file, *arguments], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            sys.exit(f"sluicectl portal {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip()

    def tokens(self, name, *arguments):
        path = f"{self.folder}/{name}"
        with open(path, "w") as f:
            for a in arguments:
                f.write(self.ctl("token", "create", *a) + "\n")
        return path

    def resident(self):
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{self.process.pid}/status").read())[1]) * 1024

    def cpu(self):
        """Seconds it has run."""
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Swarm:
    def __init__(self, build, role, n, first, resources, tokens):
        self.process = subprocess.Popen(["taskset", "-c", "1", f"{build}/tests/bench/portal/portal_swarm", role, str(PORT), str(n), str(first), str(SOURCES),
                                         str(resources), tokens], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.n = n

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self):
        return json.loads(self.process.stdout.readline())

    def do(self, line):
        self.say(line)
        return self.hear()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def all_do(swarms, line):
    for s in swarms:
        s.say(line)
    return [s.hear() for s in swarms]


def joined(swarms, answers, what):
    missing = sum(s.n for s in swarms) - sum(a["ready"] for a in answers)
    if missing:
        sys.exit(f"{what}: {missing} peers did not join: {answers}")


def measure_join(report, portal, swarms, n):
    before, cpu = portal.resident(), portal.cpu()
    answers = all_do(swarms, "join 120")
    joined(swarms, answers, "join")
    seconds = max(a["seconds"] for a in answers)
    report.line("join_everybody", [seconds], "s", peers=n)
    report.line("join_cpu", [(portal.cpu() - cpu) / n * 1e6], "us/peer", peers=n)
    report.line("memory", [(portal.resident() - before) / n], "bytes/peer", peers=n)


def measure_beats(report, portal, clients, seconds, outstanding):
    rates, p50, cpu = [], [], []
    for _ in range(RUNS):
        used = portal.cpu()
        a = clients.do(f"beats {seconds} {outstanding}")
        rates.append(a["answered"] / a["seconds"])
        p50.append(a["p50_ms"])
        cpu.append((portal.cpu() - used) / max(1, a["answered"]) * 1e6)
    return (report.line("heartbeats", rates, "per s", outstanding=outstanding), report.line("heartbeat_p50", p50, "ms", outstanding=outstanding),
            report.line("heartbeat_cpu", cpu, "us", outstanding=outstanding))


def measure_flows(report, portal, clients, seconds, outstanding, beats):
    rates, p50, p99, cpu = [], [], [], []
    for _ in range(RUNS):
        used = portal.cpu()
        a = clients.do(f"flows {seconds} {outstanding}")
        if a["failed"]:
            sys.exit(f"{a['failed']} flows were refused")
        rates.append(a["answered"] / a["seconds"])
        p50.append(a["p50_ms"])
        p99.append(a["p99_ms"])
        cpu.append((portal.cpu() - used) / max(1, a["answered"]) * 1e6)
    report.line("flows", rates, "per s", beats[0], outstanding=outstanding)
    report.line("flow_p50", p50, "ms", beats[1], outstanding=outstanding)
    report.line("flow_p99", p99, "ms", outstanding=outstanding)
    report.line("flow_cpu", cpu, "us", beats[2], outstanding=outstanding)


def measure_rejoin(report, portal, swarms, n, runs):
    seconds, cpu, refused = [], [], []
    for _ in range(runs):
        used = portal.cpu()
        answers = all_do(swarms, "rejoin 180")
        joined(swarms, answers, "rejoin")
        seconds.append(max(a["seconds"] for a in answers))
        refused.append(sum(a["attempts"] for a in answers) - n)
        cpu.append((portal.cpu() - used) / n * 1e6)
    report.line("rejoin_everybody", seconds, "s", peers=n)
    report.line("rejoin_repeated", refused, "attempts", peers=n)
    report.line("rejoin_cpu", cpu, "us/peer", peers=n)


def measure_init(report, one):
    ms, size = [], 0
    for _ in range(RUNS):
        a = one.do("rejoin 60")
        joined([one], [a], "init")
        ms.append(a["p50_ms"])
        size = a["init_bytes"]
    report.line("init", ms, "ms", resources=MANY, bytes=size)


def measure_reload(report, portal, n):
    """Nothing changed; then the names of all resources of one client."""
    for name, marks in (("reload_same", [""] * RUNS), ("reload_renamed", [f"{i} " for i in range(RUNS)])):
        took, cpu = [], []
        for mark in marks:
            portal.write(mark)
            used, began = portal.cpu(), time.monotonic()
            portal.ctl("reload")
            took.append((time.monotonic() - began) * 1e3)
            cpu.append((portal.cpu() - used) * 1e3)
        report.line(name, took, "ms", resources=MANY + RESOURCES, peers=n)
        report.line(f"{name}_cpu", cpu, "ms", resources=MANY + RESOURCES, peers=n)


def main():
    build, out, quick = os.path.abspath(sys.argv[1]), sys.argv[2], "--quick" in sys.argv
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    gateways = 100 if quick else 1000
    clients = 1000 if quick else min(18000, limit - gateways - 200)
    print(f"hard limit on descriptors: {limit}; {gateways} gateways, {clients} clients, {SOURCES} addresses")
    with tempfile.TemporaryDirectory() as folder:
        report, portal = Report(out), Portal(build, folder)
        portal.write()
        portal.start()
        swarms = []
        try:
            sites = portal.tokens("sites", *[("--site", f"site {i}") for i in range(SITES)])
            crowd, alone = portal.tokens("crowd", ("--actor", "crowd")), portal.tokens("one", ("--actor", "one"))
            halves = [clients // 2, clients - clients // 2]
            swarms = [Swarm(build, "gateways", gateways, 0, RESOURCES, sites), Swarm(build, "clients", halves[0], 0, RESOURCES, crowd),
                      Swarm(build, "clients", halves[1], halves[0], RESOURCES, crowd)]
            n = gateways + clients
            measure_join(report, portal, swarms, n)
            seconds = 0.3 if quick else 2
            for outstanding in (1, 64):
                beats = measure_beats(report, portal, swarms[1], seconds, outstanding)
                measure_flows(report, portal, swarms[1], seconds, outstanding, beats)
            one = Swarm(build, "clients", 1, 1 << 20, RESOURCES, alone)
            swarms.append(one)
            one.do("join 30")
            measure_init(report, one)
            measure_reload(report, portal, n)
            measure_rejoin(report, portal, swarms[:3], n, 1 if quick else 3)
            report.line("memory_at_the_end", [portal.resident() / n], "bytes/peer", peers=n)
        finally:
            for s in swarms:
                s.process.kill()
            portal.process.send_signal(signal.SIGTERM)
            if portal.process.wait(timeout=30) != 0:
                sys.exit(f"the portal ended with {portal.process.returncode}: {open(portal.log).read()[-2000:]}")


main()
