# SPDX-License-Identifier: Apache-2.0
"""The cases of test_kill_nf.sh, in TAP; the topology stands."""
import os
import signal
import socket
import subprocess
import sys
import time

import nfctl
from lab import DIR, TAG, WireguardGo, case, flows, losses, note, pid_of, pings, run_cases, texts, udp, until, whole

RATE = 500  # datagrams per second of one flow; 1000 per second in all
ENDPOINT = ("192.0.2.2", 51820)
BOTH_WAYS = [dict(sender="host", source="10.1.0.2", receiver="peer", to="10.8.0.2", pps=RATE),
             dict(sender="peer", source="10.8.0.2", receiver="host", to="10.1.0.2", pps=RATE)]


def attach(key):
    """What a control plane does when it comes (back): it re-asserts everything, with the endpoint it knows."""
    control = nfctl.Control(f"{DIR}/nf")
    identity = control.hello()
    done = control.sync([dict(name="go", key=key, allowed=["10.8.0.2/32"], endpoint=ENDPOINT, initiate=True)])
    return control, identity, done


def control_plane_goes(control, key):
    before, handshakes = control.drops(), control.peers()["go"]["handshakes"]
    with flows(*BOTH_WAYS) as fs:
        until(3, lambda: len(fs[1].seen) > 300)
        for how in "between messages", "in the middle of a sync", "with its replies unread":
            if how == "in the middle of a sync":
                control.request(nfctl.SYNC_BEGIN, control.epoch.to_bytes(4, sys.byteorder) + bytes(4))
            if how == "with its replies unread":
                for _ in range(50):
                    control.send(nfctl.DROPS_GET, bytes(8))
            control.close()
            until(5, lambda: nfctl.Control(f"{DIR}/nf", "nf-view").request(nfctl.STATUS_GET) and
                  open(f"{DIR}/nf.log").read().rstrip().endswith(f"event=control_detached epoch={control.epoch}"))
            seen = [len(f.seen) for f in fs]
            going_on = until(3, lambda: all(len(f.seen) > n + 100 for f, n in zip(fs, seen)))
            control, _, done = attach(key)
            case(f"the control plane dies {how}: traffic goes on, and it finds its peer again", going_on and done[:2] == (1, 0),
                 (texts(fs), done))
    drops = losses(before, control.drops())
    case(f"three deaths of the control plane at {2 * RATE} packets per second: nothing is lost", whole(fs) and not drops,
         (texts(fs), drops))
    case("all of it took no handshake", control.peers()["go"]["handshakes"] == handshakes, control.peers())
    return control


def restart():
    log = open(f"{DIR}/nf.log", "w")
    process = subprocess.Popen(["ip", "netns", "exec", f"{TAG}-nf", sys.argv[1], "-c", f"{DIR}/nf.json"], stdin=subprocess.DEVNULL,
                               stdout=log, stderr=log)
    with open(f"{DIR}/nf.pid", "w") as f:
        f.write(str(process.pid))
    return process


def nf_is_killed(key, identity, direction, sender, source, receiver, to):
    """From its restart, a datagram every ten milliseconds; how long until the first one arrives."""
    old = pid_of("nf")
    os.kill(old, signal.SIGKILL)
    until(5, lambda: not os.path.exists(f"/proc/{old}/ns") or open(f"/proc/{old}/stat").read().split()[2] == "Z")
    sink, tx = udp(receiver, to, 6100, 0.01), udp(sender, source)
    process, began = restart(), time.monotonic()
    control = arrived = same = None
    while arrived is None and time.monotonic() - began < 12:
        if control is None and "event=ready" in open(f"{DIR}/nf.log").read():
            ready = time.monotonic() - began
            control, again, _ = attach(key)
            same = again == identity
        tx.sendto(b"x", (to, 6100))
        try:
            sink.recv(10)
            arrived = time.monotonic() - began
        except socket.timeout:
            pass
    note(f"ready after {ready:.2f} s, traffic {direction} after {arrived and f'{arrived:.2f}'} s")
    case("it comes back with the same identity", same)
    case(f"traffic {direction} flows at most 2 s after the restart", arrived is not None and arrived <= 2, arrived)
    case("and on in both directions", pings("host", "10.8.0.2")[0] and pings("peer", "10.1.0.2")[0], control.peers())
    sink.close()
    tx.close()
    return process, control


def main():
    go = WireguardGo("peer", "kl", addresses=["10.8.0.2/32"], routes=["10.1.0.0/24"])
    control, identity, _ = attach(go.key)
    go.peer(identity, "10.1.0.0/24", endpoint="192.0.2.1:51820")
    control.handshake(go.key)  # the first one may have come before it knew whom to answer
    case("the peer is reached, both ways", until(5, lambda: control.peers()["go"]["state"] == 2) and
         pings("host", "10.8.0.2")[0] and pings("peer", "10.1.0.2")[0], control.peers())
    control = control_plane_goes(control, go.key)
    control.close()
    process, control = nf_is_killed(go.key, identity, "to the peer", "host", "10.1.0.2", "peer", "10.8.0.2")
    control.close()
    process, control = nf_is_killed(go.key, identity, "from the peer", "peer", "10.8.0.2", "host", "10.1.0.2")
    control.close()
    process.send_signal(signal.SIGTERM)
    case("the last one stops cleanly", process.wait(15) == 0)


if __name__ == "__main__":
    run_cases(main)
