# SPDX-License-Identifier: Apache-2.0
"""The cases of test_host_port.sh, in TAP; the topology stands."""
import contextlib
import json
import os
import signal
import subprocess

import nfctl
from lab import DIR, TAG, WireguardGo, case, flows, note, pings, run, run_cases, tcp, texts, udp, until, whole

BUILD = os.environ["SLUICE_BUILD"]
CONFIG = {
    "runtime_dir": f"{DIR}/nf",
    "nf": {"workers": 1, "idle": "adaptive", "hugepages": False, "memory_mb": 256, "max_peers": 64,
           "plugin_dir": f"{BUILD}/plugins", "host_port": {"name": "up0"},
           "ports": [{"name": "wan", "device": "net_af_packet0,iface=wan0,framecnt=4096"},
                     {"name": "lan", "device": "net_af_packet1,iface=lan0,framecnt=4096"}],
           "interfaces": {"wan": {"port": "wan", "addresses": ["192.0.2.1/24", "2001:db8::1/64"],
                                  "gateways": ["192.0.2.2", "2001:db8::2"]},
                          "lan": {"port": "lan", "addresses": ["10.1.0.1/24"]}}}}
RESERVED = "/proc/sys/net/ipv4/ip_local_reserved_ports"


def write():
    with open(f"{DIR}/nf.json", "w") as f:
        json.dump(CONFIG, f)


def start_nf():
    write()
    log = open(f"{DIR}/nf.log", "a")
    p = subprocess.Popen(["ip", "netns", "exec", f"{TAG}-nf", f"{BUILD}/nf/sluice-nf", "-c", f"{DIR}/nf.json"],
                         stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    case("the network function starts with a host port", until(30, lambda: "event=ready" in open(f"{DIR}/nf.log").read()))
    return p


def addresses():
    return run("nf", "ip", "-br", "addr", "show", "dev", "up0").stdout


def refused_address(nf):
    """The kernel has no IPv6 for a while: what it refuses then it gets with the next reload, though the file is the same."""
    refusals = lambda: open(f"{DIR}/nf.log").read().count("event=host_port_failed")
    ipv6 = lambda off: run("nf", "sh", "-c", f"echo {off} > /proc/sys/net/ipv6/conf/up0/disable_ipv6")
    ipv6(1)
    CONFIG["nf"]["interfaces"]["wan"]["addresses"] = ["192.0.2.1/24", "2001:db8::1/64", "2001:db8::7/64", "192.0.2.9/24"]
    write()
    nf.send_signal(signal.SIGHUP)
    case("an address that the kernel refuses is an error, and keeps no other from it",
         until(5, lambda: "192.0.2.9/32" in addresses() and refusals() == 1) and "2001:db8::7" not in addresses(), addresses())
    ipv6(0)
    nf.send_signal(signal.SIGHUP)
    case("the next reload tries again", until(5, lambda: "2001:db8::7/128" in addresses()) and refusals() == 1, addresses())
    case("and gives back what the kernel lost since", "2001:db8::1/128" in addresses(), addresses())
    case("it answers", *pings("router", "2001:db8::7"))


def main():
    run("nf", "sh", "-c", f"echo 4000-4010 > {RESERVED}")
    nf = start_nf()
    held = addresses()
    case("the kernel owns the node's addresses, as host addresses",
         all(a in held for a in ("192.0.2.1/32", "2001:db8::1/128", "10.1.0.1/32")), held)
    case("the tunnel's port is kept from programs, beside what was kept before",
         run("nf", "cat", RESERVED).stdout.strip() == "4000-4010,51820", run("nf", "cat", RESERVED).stdout)
    case("the device is up, with no neighbours", "NOARP" in run("nf", "ip", "link", "show", "up0").stdout)
    case("the node answers ping from its link", *pings("router", "192.0.2.1"))
    case("and over IPv6", *pings("router", "2001:db8::1"))
    case("the node answers ping from its LAN", *pings("host", "10.1.0.1"))
    there, here = udp("nf", "192.0.2.1", 5005), udp("router", "192.0.2.2")
    here.sendto(b"?", ("192.0.2.1", 5005))
    there.sendto(bytes(3000), there.recvfrom(10)[1])
    case("what the kernel sends in fragments arrives whole", len(here.recv(4000)) == 3000)
    # reassembled on the way, it fits the port's buffers but not the TAP, whose driver would stop there
    run("router", "ping", "-c5", "-i0.1", "-W1", "-s", "1600", "192.0.2.1")
    with contextlib.closing(nfctl.Control(f"{DIR}/nf", "nf-view")) as view:
        dropped = [view.drops()[k][0] for k in ("ip/host_too_big", "tx/queue_full")]
    case("what is larger than the TAP takes is dropped by name", dropped == [5, 0], dropped)
    case("the node reaches the world beyond its gateway", *pings("nf", "198.51.100.2"))
    case("and over IPv6", *pings("nf", "2001:db8:1::2"))
    r = run("nf", "ping", "-c1", "-W6", "192.0.2.99")
    case("a neighbour that is not there is reported to the kernel's program", "Unreachable" in r.stdout, r.stdout)

    control = nfctl.Control(f"{DIR}/nf")
    key = control.hello()
    go = WireguardGo("router", "go", addresses=["10.8.0.2/32"], routes=["10.1.0.0/24"])
    go.peer(key, "10.1.0.0/24", "192.0.2.1:51820")
    control.sync([dict(name="go", key=go.key, allowed=["10.8.0.2/32"], endpoint=("192.0.2.2", 51820))])
    case("a tunnel comes up", *pings("host", "10.8.0.2"))
    with flows(("host", "10.1.0.2", "router", "10.8.0.2", 500), ("router", "10.8.0.2", "host", "10.1.0.2", 500)) as fs:
        for name, arguments in {"the world reaches a server of this host": ("world", "nf", "192.0.2.1", 20),
                                "and over IPv6": ("world", "nf", "2001:db8::1", 20),
                                "a program of this host reaches the world": ("nf", "world", "198.51.100.2", 20),
                                "and a host of the LAN": ("nf", "host", "10.1.0.2", 20)}.items():
            ok, detail = tcp(*arguments)
            note(f"{name}: {detail}")
            case(f"{name}: TCP, whole by its hash", ok, detail)
    case("the tunnel lost nothing meanwhile, at 500 packets a second each way", whole(fs), texts(fs))

    CONFIG["nf"]["interfaces"]["wan"]["addresses"] = ["192.0.2.1/24", "2001:db8::1/64", "192.0.2.7/24"]
    write()
    nf.send_signal(signal.SIGHUP)
    case("a reload that adds an address gives it to the kernel", until(5, lambda: "192.0.2.7/32" in addresses()), addresses())
    case("and it answers", *pings("router", "192.0.2.7"))
    CONFIG["nf"]["interfaces"]["wan"]["addresses"].pop()
    write()
    nf.send_signal(signal.SIGHUP)
    case("one that removes it takes it away", until(5, lambda: "192.0.2.7/32" not in addresses()), addresses())
    CONFIG["nf"]["interfaces"]["wan"].update(addresses=["192.0.2.8/24", "192.0.2.1/24", "2001:db8::1/64"], mtu=1400)
    write()
    nf.send_signal(signal.SIGHUP)
    case("a reload gives wan's MTU to the kernel",
         until(5, lambda: "mtu 1400 " in run("nf", "ip", "link", "show", "up0").stdout))
    case("and its new first address to the kernel's programs",
         until(5, lambda: "src 192.0.2.8" in run("nf", "ip", "route", "get", "198.51.100.2").stdout))
    CONFIG["nf"]["interfaces"]["wan"].update(addresses=["192.0.2.1/24", "2001:db8::1/64"])
    write()
    nf.send_signal(signal.SIGHUP)
    case("and back when that goes, with the world still in reach", until(5, lambda: "192.0.2.8" not in addresses()) and
         pings("nf", "198.51.100.2")[0], run("nf", "ip", "route").stdout)

    refused_address(nf)

    go.stop()
    control.close()
    nf.send_signal(signal.SIGTERM)
    case("it stops with exit code 0", until(15, lambda: nf.poll() == 0), nf.poll())
    case("the device is gone, and the reserved ports are as before",
         run("nf", "ip", "link", "show", "up0").returncode != 0 and run("nf", "cat", RESERVED).stdout.strip() == "4000-4010",
         run("nf", "cat", RESERVED).stdout)


run_cases(main)
