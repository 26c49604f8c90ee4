# SPDX-License-Identifier: Apache-2.0
"""The cases of test_reload.sh, in TAP; the topology stands."""
import copy
import json
import os
import signal
import struct
import time

import nfctl
from lab import DIR, WireguardGo, case, flows, losses, pid_of, pings, run, run_cases, texts, until, whole

FILE = f"{DIR}/nf.json"
PPS = 1000


def log():
    with open(f"{DIR}/nf.log") as f:
        return f.read()


def write(document):
    """As an editor would: the old file or the new one, never half of it."""
    with open(f"{FILE}.new", "w") as f:
        f.write(document if isinstance(document, str) else json.dumps(document))
    os.rename(f"{FILE}.new", FILE)


def reload(control, document):
    """(changed, refused, text) of the reply."""
    write(document)
    reply = control.request(nfctl.RELOAD)[0]
    return *struct.unpack("=II", reply[:8]), reply[8:].split(b"\0")[0].decode()


def refusal(control, document):
    try:
        return f"accepted: {reload(control, document)}"
    except nfctl.Refused as e:
        return str(e)


def hang_up(event):
    """SIGHUP, and what it leads to is logged once more."""
    before = log().count(event)
    os.kill(pid_of("nf"), signal.SIGHUP)
    return until(20, lambda: log().count(event) > before)


def resolves(address):
    """Whether an address of the node answers ARP now; without a host port nothing answers ping."""
    run("peer", "ip", "neigh", "flush", "to", address)
    run("peer", "ping", "-c1", "-W1", address)
    return "lladdr" in run("peer", "ip", "neigh", "show", address).stdout


def answers(address):
    return until(10, lambda: resolves(address))


def changed(first):
    """Everything that can change at run time."""
    second = copy.deepcopy(first)
    second["log_level"] = "debug"
    second["nf"].update(idle_sleep_us=100, routes=[{"to": "203.0.113.0/24", "via": "10.1.0.2"}])
    second["nf"]["interfaces"]["wan"].update(addresses=["192.0.2.1/24", "192.0.2.9/24"], gateways=["192.0.2.2"], mtu=1480)
    second["nf"]["plugins"]["ip"] = {"icmp_per_s": 10}
    return second


CHANGED = ("log_level", "nf.idle_sleep_us", "nf.routes", "nf.interfaces.wan.addresses",
           "nf.interfaces.wan.gateways", "nf.interfaces.wan.mtu")


def unchangeable(second):
    third = copy.deepcopy(second)
    third["nf"].update(workers=2, max_peers=65, memory_mb=300, hugepages=True, host_port=True)
    third["nf"]["interfaces"]["lan"]["vlan"] = 7
    third["nf"]["ports"][0]["descriptors"] = 512
    third["nf"]["plugins"] = {"ip": {"icmp_per_s": 0}, "wireguard": {"listen_port": 51821}}
    return third


REFUSED = ("nf.workers: ", "nf.max_peers: ", "nf.memory_mb: ", "nf.hugepages: ", "nf.host_port: ", "nf.ports: ",
           "nf.interfaces.lan.vlan: ", "nf.plugins.ip", "icmp_per_s: must be between", "nf.plugins.wireguard",
           "listen_port: cannot change")


def under_traffic(control, first):
    second, third = changed(first), unchangeable(changed(first))
    case("an address that is not there yet does not answer", not resolves("192.0.2.9"))
    write(second)
    case("SIGHUP reloads", hang_up("event=reloaded"))
    case("every changed key is logged", all(f"event=reload_change key={k}\n" in log() for k in CHANGED), log()[-900:])
    case("the new address answers", answers("192.0.2.9"))

    n, refused, text = reload(control, third)
    case("what cannot change is refused by name, in the reply", all(r in text for r in REFUSED) and refused == 9,
         (n, refused, text))
    case("and in the log", all(f"event=reload_refused key={k}" in log() for k in ("nf.workers", "nf.ports", "nf.host_port")))
    case("what can change in the same file did not change back", answers("192.0.2.9"))

    answer = refusal(control, '{"nf": {"workrs": 1}}')
    case("a broken file is refused as file: path: what",
         answer.endswith(f'{FILE}: nf.workrs: unknown key, did you mean "workers"?'), answer)
    broken = copy.deepcopy(first)
    broken["nf"]["interfaces"]["wan"]["addresses"] = ["192.0.2.1/33"]
    answer = refusal(control, broken)
    case("a wrong value as well", answer.endswith(
        f'{FILE}: nf.interfaces.wan.addresses[0]: "192.0.2.1/33" is not an address with prefix length'), answer)
    os.unlink(FILE)
    case("a missing file is logged", hang_up("event=reload_failed") and f"{FILE}: No such file" in log(), log()[-500:])
    case("the old state stayed all the while", answers("192.0.2.9"))
    for _ in range(10):
        reload(control, first)
        time.sleep(0.1)  # spreads the reloads over the traffic; nothing waits for it
        reload(control, second)
    n, refused, text = reload(control, second)
    case("a file that did not change changes nothing", (n, refused, text) == (0, 0, ""), (n, refused, text))


def main():
    control = nfctl.Control(f"{DIR}/nf")
    key = control.hello()
    go = WireguardGo("peer", "go", addresses=["10.8.0.2/32"], routes=["10.1.0.0/24"])
    go.peer(key, "10.1.0.0/24", "192.0.2.1:51820")
    control.sync([dict(name="go", key=go.key, allowed=["10.8.0.2/32"], endpoint=("192.0.2.2", 51820))])
    case("a tunnel comes up", until(20, lambda: pings("host", "10.8.0.2")[0]))
    with open(FILE) as f:
        first = json.load(f)
    before = control.drops()
    with flows(("host", "10.1.0.2", "peer", "10.8.0.2", PPS), ("peer", "10.8.0.2", "host", "10.1.0.2", PPS)) as fs:
        under_traffic(control, first)
    case(f"not one packet was lost, at {PPS} a second each way", whole(fs), texts(fs))
    lost = losses(before, control.drops())
    lost.pop("ip/host_off", None)  # the pings whose ARP was wanted
    case("and none was dropped by name", not lost, lost)
    reload(control, first)
    case("an address that is taken away no longer answers", not resolves("192.0.2.9"))
    case("the tunnel still carries traffic", *pings("peer", "10.1.0.2"))
    go.stop()


run_cases(main)
