# SPDX-License-Identifier: Apache-2.0
"""The cases of test_wireguard_go.sh, in TAP; the topology stands."""
import hashlib
import os
import subprocess
import sys
import time

import nfctl

TAG, DIR = os.environ["TAG"], os.environ["DIR"]
WG = f"{TAG}wg"  # its socket lies outside of the namespace: the name must be unique
results = []


def case(name, ok, detail=""):
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)
    if not ok:
        print(f"# {detail}", flush=True)


def run(host, *command, timeout=30, **more):
    return subprocess.run(["ip", "netns", "exec", f"{TAG}-{host}", *command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=timeout, **more)


def start(host, *command):
    return subprocess.Popen(["ip", "netns", "exec", f"{TAG}-{host}", *command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def until(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def start_wireguard_go(nf_key):
    private = subprocess.check_output(["wg", "genkey"], text=True)
    with open(os.open(f"{DIR}/key", os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
        f.write(private)
    start("peer", "wireguard-go", "-f", WG)
    assert until(10, lambda: run("peer", "wg", "show", WG).returncode == 0), "wireguard-go did not start"
    run("peer", "wg", "set", WG, "private-key", f"{DIR}/key", "listen-port", "51820", "peer", nf_key, "endpoint",
        "192.0.2.1:51820", "allowed-ips", "10.1.0.0/24,fd01::/64")
    for command in (f"addr add 10.8.0.2/32 dev {WG}", f"addr add fd08::2/128 dev {WG} nodad", f"link set {WG} mtu 1420 up",
                    f"route add 10.1.0.0/24 dev {WG}", f"-6 route add fd01::/64 dev {WG}"):
        run("peer", "ip", *command.split())
    return subprocess.check_output(["wg", "pubkey"], input=private, text=True).strip()


def pings(host, to):
    r = run(host, "ping", "-c5", "-i0.1", "-W2", to)
    return "5 received" in r.stdout, r.stdout


RECEIVE = "import socket,hashlib,sys;s=socket.create_server(('',7000));c,_=s.accept();h=hashlib.sha256()\n" \
          "while d:=c.recv(65536): h.update(d)\nprint(h.hexdigest())"
SEND = "import socket,sys;c=socket.create_connection((sys.argv[1],7000));c.sendall(open(sys.argv[2],'rb').read())"


def tcp(sender, receiver, to):
    """40 MB of random bytes arrive whole: both ends' hashes agree."""
    data = os.urandom(40_000_000)
    with open(f"{DIR}/data", "wb") as f:
        f.write(data)
    there = subprocess.Popen(["ip", "netns", "exec", f"{TAG}-{receiver}", "python3", "-c", RECEIVE],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    until(5, lambda: ":7000" in run(receiver, "ss", "-ltn").stdout)
    run(sender, "python3", "-c", SEND, to, f"{DIR}/data", timeout=60)
    got = there.communicate(timeout=30)[0].strip()
    return got == hashlib.sha256(data).hexdigest(), got


def named_loss(drops):
    expected = ("ip/arp", "ip/nd_", "wireguard/handshake_taken", "wireguard/keepalive", "classify/multicast")
    return {k: v for k, (v, is_drop) in drops.items() if is_drop and v and not k.startswith(expected)}


def main():
    control = nfctl.Control(f"{DIR}/run")
    key = start_wireguard_go(control.hello())
    kept = control.sync([dict(name="go", key=key, allowed=["10.8.0.2/32", "fd08::2/128"], endpoint=("192.0.2.2", 51820))])
    case("a peer is created by a sync", kept[0] == 1, kept)
    case("a packet from the LAN starts a handshake and is delivered", *pings("host", "10.8.0.2"))
    case("the peer reaches the LAN over IPv4", *pings("peer", "10.1.0.2"))
    case("the peer reaches the LAN over IPv6", *pings("peer", "fd01::2"))
    case("the LAN reaches the peer over IPv6", *pings("host", "fd08::2"))
    loss = named_loss(control.drops())
    case("no packet was lost so far", not loss, loss)
    case("TCP flows from the peer to the LAN", *tcp("peer", "host", "10.1.0.2"))
    case("TCP flows from the LAN to the peer", *tcp("host", "peer", "10.8.0.2"))
    r = run("host", "ping", "-c1", "-W2", "-s", "1400", "-M", "do", "10.8.0.2")
    case("a packet larger than the inner MTU is answered with it", "mtu = 1420" in r.stdout + r.stderr, r.stdout + r.stderr)
    r = run("host", "ping", "-c1", "-W2", "-t", "1", "10.8.0.2")
    case("a packet at its last hop is answered with time exceeded", "Time to live exceeded" in r.stdout, r.stdout)
    r = run("host", "ping", "-c1", "-W2", "10.9.9.9")
    case("a packet for nobody is answered with unreachable", "Unreachable" in r.stdout, r.stdout)
    try:
        nfctl.Control(f"{DIR}/run").hello()
        case("a second control plane is refused", False)
    except nfctl.Refused as e:
        case("a second control plane is refused", "another control plane" in str(e), e)
    try:
        control.request(999)
        case("an unknown message is refused by name", False)
    except nfctl.Refused as e:
        case("an unknown message is refused by name", "type 999 is unknown" in str(e), e)
    if os.environ.get("STOP_BY") == "release":  # with a session alive: everything must still come down cleanly
        control.request(nfctl.RELEASE, bytes(8))
        sys.exit(0 if all(results) else 1)
    if os.environ.get("STOP_BY") == "signal":
        control.sock.close()
        os.kill(int(os.environ["NF_PID"]), 15)
        told = until(8, lambda: "event=peers_closed peers=1" in open(f"{DIR}/nf.log").read())
        log = open(f"{DIR}/nf.log").read()
        case("a live peer is told when the node stops without control plane", told and "accepted=1" in log, log[-400:])
        sys.exit(0 if all(results) else 1)
    report = control.close_peer(key)
    case("a peer close sends five goodbyes to a peer that does not acknowledge",
         report["goodbyes"] == 5 and report["outcome"] == 3 and not report["acked"], report)
    r = run("host", "ping", "-c1", "-W1", "10.8.0.2")
    case("nothing is forwarded to a closed peer", "1 received" not in r.stdout, r.stdout)
    control.sock.close()
    pid = int(os.environ["NF_PID"])
    os.kill(pid, 15)
    gone = until(8, lambda: "event=stopped" in open(f"{DIR}/nf.log").read())
    case("a network function without control plane stops by itself", gone)
    sys.exit(0 if all(results) else 1)


main()
