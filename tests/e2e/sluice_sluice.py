# SPDX-License-Identifier: Apache-2.0
"""The cases of test_sluice_sluice.sh, in TAP; the topology stands."""
import time

import nfctl
from lab import DIR, case, flows, losses, note, pings, run_cases, stop_nfs, tcp, texts, udp, until, whole

RATE = 250  # datagrams per second of one flow; eight flows: 2000 per second in all
A, B = nfctl.Control(f"{DIR}/a"), nfctl.Control(f"{DIR}/b")
key_a, key_b = A.hello(), B.hello()
USER, SERVER = {4: "10.1.0.2", 6: "fd01::2"}, {4: "10.2.0.2", 6: "fd02::2"}
LAN_A, LAN_B = ["10.1.0.0/24", "fd01::/64"], ["10.2.0.0/24", "fd02::/64"]
WAN_A, WAN_B = {4: ("192.0.2.1", 51820), 6: ("2001:db8::1", 51820)}, {4: ("192.0.2.2", 51820), 6: ("2001:db8::2", 51820)}


def eight_flows(pps=RATE):
    """Two of each family and direction, of different sizes; each has ports of its own, so that workers share the flows."""
    return [dict(sender=s, source=a[f], receiver=r, to=b[f], pps=pps, bytes_=n)
            for f in (4, 6) for n in (100, 1300) for s, a, r, b in (("user", USER, "server", SERVER), ("server", SERVER, "user", USER))]


def named():
    """Everything that any part of both network functions dropped, ports included."""
    counts = {}
    for who, control in ("a", A), ("b", B):
        counts.update({f"{who}:{k}": v for k, v in control.drops().items()})
        for name, i in control.interfaces().items():
            counts[f"{who}:{name}/rx_missed"] = (i["rx_missed"], True)
            counts[f"{who}:{name}/tx_errors"] = (i["tx_errors"], True)
    return counts


def drops_between(before, after):
    grew = {}
    for who in "a:", "b:":
        part = lambda c: {k[2:]: v for k, v in c.items() if k.startswith(who)}
        grew.update({who + k: v for k, v in losses(part(before), part(after)).items()})
    return grew


def forget():
    for control, key in (A, key_b), (B, key_a):
        if control.peers():
            control.remove(key)


def fresh(family, a_initiates=True, b_initiates=False, **more):
    forget()
    # the responder first: it must know whom it answers
    who = [(B, dict(name="a", key=key_a, allowed=LAN_A, endpoint=WAN_A[family] if b_initiates else None, initiate=b_initiates)),
           (A, dict(name="b", key=key_b, allowed=LAN_B, endpoint=WAN_B[family] if a_initiates else None, initiate=a_initiates))]
    for control, peer in who:
        control.upsert(**peer, **more)
    return until(7, lambda: A.peers()["b"]["state"] == B.peers()["a"]["state"] == 2)


def reached():
    said = [pings(*way, 2) for f in (4, 6) for way in (("user", SERVER[f]), ("server", USER[f]))]
    for ok, text in said:
        if not ok:
            note(text.replace("\n", " "))
    return all(ok for ok, _ in said)


def warm_up():
    """Neighbours are resolved and the session stands in both directions, so that a measurement has no first packets."""
    return until(8, reached)


def measured(seconds, specs):
    before = named()
    with flows(*specs) as fs:
        time.sleep(seconds)  # this is the measurement, not a wait
    return fs, sum(f.lost for f in fs), drops_between(before, named())


def control_run():
    for family in 4, 6:
        case(f"a session over IPv{family} stands", fresh(family) and warm_up(), (A.peers(), B.peers()))
        handed = A.interfaces()["wan"]["rss"]
        fs, lost, drops = measured(4, eight_flows())
        case(f"eight flows of {RATE} packets per second over outer IPv{family}: nothing is lost or named as dropped",
             whole(fs) and not drops and handed == 0, (texts(fs), drops))


def worker_shares():
    """Both workers saw packets: the flows were handed over."""
    for who, control in ("a", A), ("b", B):
        stats = b"".join(p[8:] for p in control.request(nfctl.GRAPH_GET, b"\1" + bytes(7))).decode()
        note(f"{who}: " + " ".join(line for line in stats.splitlines() if '"handoff_rx"' in line or "wg_" in line)[:600])
        case(f"packets were handed from one worker of {who} to the other", any(
            '"handoff' in line and '"objs": 0' not in line for line in stats.splitlines()), stats[:500])


def lossy_run(name, inject, repair, specs=None):
    """With a fault, what is missing at the far ends is what the drops say, to the packet."""
    inject()
    fs, lost, drops = measured(2, specs or eight_flows())
    repair()
    case(f"{name}: {lost} packets lost, and every one of them has a name",
         lost > 0 and lost == sum(drops.values()) and not any(f.backwards or f.duplicates for f in fs), (texts(fs), drops))
    note(f"{lost} lost: {drops}")
    return drops


def faults():
    fresh(4)
    warm_up()
    whole_b = dict(name="a", key=key_a, allowed=LAN_A)
    drops = lossy_run("packets from an address that is not the peer's", lambda: B.upsert(**{**whole_b, "allowed": LAN_A[1:]}),
                      lambda: B.upsert(**whole_b))
    case("they are counted as such", drops.get("b:wireguard/source_not_allowed", 0) > 0 and
         drops.get("b:wireguard/no_peer", 0) > 0, drops)
    whole_a = dict(name="b", key=key_b, allowed=LAN_B)
    drops = lossy_run("packets larger than the peer's MTU", lambda: A.upsert(**whole_a, mtu=1280),
                      lambda: A.upsert(**whole_a))
    case("they are counted as too big, or as needing a fragment",
         set(drops) <= {"a:wireguard/too_big", "a:wireguard/fragment_needed_v4"}, drops)


def session_lost():
    """The far end forgets the peer: what arrives meanwhile belongs to no session."""
    before = named()
    with flows(*eight_flows()[:1]) as fs:
        until(2, lambda: len(fs[0].seen) > 100)
        B.remove(key_a)
        until(2, lambda: B.drop("wireguard/no_session_index") > before["b:wireguard/no_session_index"][0] + 50)
    drops = drops_between(before, named())
    lost = sum(f.lost for f in fs)
    case(f"the far end forgets the session: {lost} packets lost, and every one of them has a name",
         lost >= 50 and lost == sum(drops.values()), (texts(fs), drops))


def both_at_once():
    """Both ends initiate at the same moment, again and again: each time both must end up with a session that works."""
    case("both initiate at once: a session stands", fresh(4, True, True) and warm_up(), (A.peers(), B.peers()))
    failed = []
    for i in range(25):
        before = A.peers()["b"]["handshakes"], B.peers()["a"]["handshakes"]
        A.handshake(key_b)
        B.handshake(key_a)
        until(2, lambda: A.peers()["b"]["handshakes"] > before[0] and B.peers()["a"]["handshakes"] > before[1])
        if not pings("user", SERVER[4], 1)[0] or not pings("server", USER[6], 1)[0]:
            failed.append(i)
    case("handshakes that cross leave a session that works, 25 times", not failed, (failed, A.drops()["wireguard/no_session_index"]))


def rekey_under_traffic():
    """Handshakes by both ends in turn while eight flows run: keypairs change, nothing is lost."""
    fresh(4)
    warm_up()
    counts = lambda: (A.peers()["b"]["handshakes"], B.peers()["a"]["handshakes"])
    before, first = named(), counts()
    with flows(*eight_flows()) as fs:
        for i in range(12):
            had = counts()
            A.handshake(key_b) if i % 2 else B.handshake(key_a)
            until(4, lambda: all(now > old for now, old in zip(counts(), had)))
            seen = [len(f.seen) for f in fs]  # the next only when the keypair before the last is no longer on its way
            until(4, lambda: all(len(f.seen) >= n + 30 for f, n in zip(fs, seen)))
    drops = drops_between(before, named())
    case("twelve handshakes under traffic lose nothing", sum(f.lost for f in fs) == 0 and not drops and
         counts()[0] >= first[0] + 12, (texts(fs), drops, counts()))


def first_packets():
    """What waits for a session leaves in the order in which it came, also with two workers."""
    wrong = []
    fresh(4)
    warm_up()  # neighbours are known: they are not what the packets wait for
    for i in range(10):
        forget()
        B.upsert("a", key_a, LAN_A)
        A.upsert("b", key_b, LAN_B, endpoint=WAN_B[4])
        sink, source = udp("server", SERVER[4], 6200), udp("user", USER[4])
        for n in range(12):
            source.sendto(bytes([n]), (SERVER[4], 6200))
        got = [sink.recv(10)[0] for _ in range(12)]
        if got != list(range(12)):
            wrong.append(got)
        sink.close()
        source.close()
    case("twelve packets that wait for a session arrive in order, ten times", not wrong, wrong)


def main():
    for c in A, B:
        c.sync([])
    for part in (control_run, worker_shares, faults, session_lost, first_packets, both_at_once, rekey_under_traffic):
        began = time.monotonic()
        part()
        note(f"{part.__name__}: {time.monotonic() - began:.1f} s")
    fresh(4)
    ok, detail = tcp("user", "server", SERVER[4], 50)
    note(detail)
    case("50 MiB of TCP arrive whole", ok, detail)
    ok, detail = tcp("server", "user", USER[6], 50)
    case("50 MiB of TCP arrive whole the other way", ok, detail)
    stop_nfs(a=A, b=B)


if __name__ == "__main__":
    run_cases(main)
