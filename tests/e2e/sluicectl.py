# SPDX-License-Identifier: Apache-2.0
"""The cases of test_sluicectl.sh, in TAP; the topology stands."""
import json
import os
import subprocess
import sys
import time

TAG, DIR, BUILD = os.environ["TAG"], os.environ["DIR"], os.environ["BUILD"]
CTL, CONFIG, RUN = f"{BUILD}/control-plane/ctl/sluicectl", f"{DIR}/node.json", f"{DIR}/run"
WG = f"{TAG}wg"  # its socket lies outside of the namespace: the name must be unique
results = []


def case(name, ok, detail=""):
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}", flush=True)
    if not ok:
        print("\n".join(f"# {line}" for line in str(detail).splitlines()), flush=True)


def ctl(*args, **env):
    """(exit code, stdout, stderr); the runtime directory comes from the environment unless an argument says it."""
    r = subprocess.run([CTL, *args], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=40,
                       env={"PATH": os.environ["PATH"], "SLUICE_RUNTIME_DIR": RUN, **env})
    return r.returncode, r.stdout, r.stderr


def as_json(*args):
    code, out, err = ctl(*args, "--json")
    return code, json.loads(out) if out else None, err


def until(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def start(host, log, *command):
    with open(f"{DIR}/{log}.log", "w") as out:
        return subprocess.Popen(["ip", "netns", "exec", f"{TAG}-{host}", *command], stdin=subprocess.DEVNULL,
                                stdout=out, stderr=subprocess.STDOUT)


def run(*command):
    return subprocess.run(["ip", "netns", "exec", f"{TAG}-peer", *command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=30)


def make_key(path):
    private = subprocess.check_output(["wg", "genkey"], text=True)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as f:
        f.write(private)
    return subprocess.check_output(["wg", "pubkey"], input=private, text=True).strip()


def write_config(peers, device="net_af_packet0,iface=wan0", text=None):
    doc = {"runtime_dir": RUN,
           "nf": {"workers": 1, "idle": "adaptive", "hugepages": False, "memory_mb": 256, "max_peers": 64,
                  "plugin_dir": f"{BUILD}/plugins", "host_port": False,
                  "ports": [{"name": "wan", "device": device}],
                  "interfaces": {"wan": {"port": "wan", "addresses": ["192.0.2.1/24", "2001:db8::1/64"]}},
                  "plugins": {"ip": {}, "wireguard": {"private_key_file": f"{DIR}/nf.key", "aead": "portable"}}},
           "peers": peers}
    with open(CONFIG, "w") as f:
        f.write(text or json.dumps(doc))


def meet(nf_key):
    """The peer forgets what session it had: its next packet starts a handshake."""
    run("wg", "set", WG, "peer", nf_key, "remove")
    run("wg", "set", WG, "peer", nf_key, "endpoint", "192.0.2.1:51820", "allowed-ips", "10.1.0.0/24")


def session():
    run("ping", "-c2", "-i0.2", "-W1", "10.1.0.9")
    assert until(20, lambda: as_json("peers", "go")[1]["peers"][0]["state"] == "up"), "no session"


def start_peer(private_file, nf_key):
    start("peer", "peer", "wireguard-go", "-f", WG)
    assert until(10, lambda: run("wg", "show", WG).returncode == 0), "wireguard-go did not start"
    run("wg", "set", WG, "private-key", private_file, "listen-port", "51820")
    meet(nf_key)
    for command in (f"addr add 10.8.0.2/32 dev {WG}", f"link set {WG} mtu 1420 up", f"route add 10.1.0.0/24 dev {WG}"):
        run("ip", *command.split())


def usage():
    code, out, _ = ctl("--version")
    case("--version", code == 0 and out.startswith("sluicectl "), out)
    code, out, _ = ctl("close", "--help")
    case("a command has its own help", code == 0 and "--linger MS" in out, out)
    code, out, err = ctl("frobnicate")
    case("wrong usage is exit code 2", code == 2 and "frobnicate" in err and not out, err)
    code, _, err = ctl("-c", f"{DIR}/absent.json", "status")
    case("a configuration file that is not there is exit code 2", code == 2 and "absent.json" in err, err)


def nobody():
    for command in (["status"], ["peers"], ["interfaces"], ["graph"], ["drops"], ["close", "x"], ["close", "--all"],
                    ["reload"]):
        code, out, err = ctl(*command)
        expected = f"sluicectl: no sluiced at {RUN}/sluiced: No such file or directory; is it running?\n"
        case(f"without a daemon, {' '.join(command)} says so", (code, out, err) == (4, "", expected), (code, out, err))


def function_alone():
    code, out, err = ctl("status")
    case("without sluiced, status asks sluice-nf and says so",
         code == 0 and "asking sluice-nf" in err and "without control plane" in out, (code, out, err))
    code, status, err = as_json("status")
    case("without sluiced, JSON says it in itself", code == 0 and status["via"] == "nf-view" and not err, (status, err))
    code, peers, _ = as_json("peers")
    case("an empty list of peers is one", code == 0 and peers["peers"] == [], peers)
    code, _, err = ctl("close", "go")
    case("without sluiced, close is exit code 4", code == 4 and "is it running?" in err, (code, err))


def looks(nf_key, key):
    code, status, err = as_json("status")
    case("status", code == 0 and not err and status["via"] == "sluiced" and status["public_key"] == nf_key and
         status["control_attached"] and status["peers"] == 3 and status["workers"] == 1 and status["uptime_s"] > 0, status)
    case("status names the same node in text", nf_key in ctl("status")[1])
    case("status tells which AEAD engine runs, and why", status["aead"] == "portable" and status["aead_why"] == "portable: forced by the configuration" and
         "aead        portable (portable: forced by the configuration)" in ctl("status")[1], status)
    code, got, _ = as_json("peers")
    by_name = {p["name"]: p for p in got["peers"]}
    go = by_name["go"]
    case("peers", code == 0 and sorted(by_name) == ["go", "gopher", "silent"] and go["public_key"] == key and
         go["allowed_ips"] == ["10.8.0.2/32", "fd08::2/128"] and go["state"] == "up" and
         go["endpoint"] == "192.0.2.2:51820" and go["handshakes"] >= 1 and 0 <= go["last_handshake_ago_s"] < 60 and
         go["rx_packets"] > 0 and go["static"] and not go["preshared_key"], go)
    silent = by_name["silent"]
    case("a peer never heard of has null for never and unknown", silent["state"] == "idle" and
         silent["endpoint"] is None and silent["last_handshake_ago_s"] is None and silent["keepalive_s"] == 25, silent)
    code, out, _ = ctl("peers", "go")
    case("one peer in text", code == 0 and out.startswith("peer go  up\n") and "192.0.2.2:51820 (roaming)" in out and
         "gopher" not in out and "\033" not in out, out)
    code, got, _ = as_json("interfaces")
    wan = got["interfaces"][0]
    case("interfaces", code == 0 and len(got["interfaces"]) == 1 and wan["name"] == "wan" and wan["link_up"] and
         wan["addresses"] == ["192.0.2.1/24", "2001:db8::1/64"] and wan["vlan"] is None and wan["rx_packets"] > 0, got)
    case("interfaces in text", "2001:db8::1/64" in ctl("interfaces")[1])


def graph_and_drops():
    code, out, _ = ctl("graph")
    case("graph is DOT", code == 0 and out.startswith("digraph") and out.rstrip().endswith("}") and "wg_decap" in out, out)
    case("graph in JSON is the same DOT", as_json("graph")[1]["dot"].startswith("digraph"))
    code, got, _ = as_json("graph", "--stats")
    busy = [n for n in got["nodes"] if n["packets"] > 0 and n["cycles_per_packet"] > 0]
    case("graph --stats", code == 0 and busy and all(n["worker"] == 0 for n in got["nodes"]), got)
    out = ctl("graph", "--stats")[1].splitlines()
    case("graph --stats is a table, a row a node", len(out) == len(got["nodes"]) + 1 and "cycles/packet" in out[0], out)
    some, every = as_json("drops")[1]["counters"], as_json("drops", "--all")[1]["counters"]
    nonzero = {f"{c['owner']}/{c['name']}" for c in some}
    case("drops names what is not zero", nonzero and all(c["value"] > 0 for c in some), some)
    case("drops --all has the others too", len(every) > len(some) and any(c["value"] == 0 for c in every), len(every))
    case("drops in text has the same names", all(n in ctl("drops")[1] for n in nonzero), ctl("drops")[1])


def closes(key):
    code, _, err = ctl("close", "nobody")
    case("a peer that is not there is exit code 1", code == 1 and 'there is no peer "nobody"' in err, (code, err))
    code, _, err = ctl("close", "g")
    case("a beginning that two peers share is refused by naming them",
         code == 1 and "go (" in err and "gopher (" in err, (code, err))
    code, got, _ = as_json("close", key[:20], "--linger", "800")
    case("close by a beginning of the key reports the goodbyes", code == 0 and got["name"] == "go" and
         got["outcome"] == "accepted" and got["goodbyes"] == 5 and not got["acked"] and got["reason"] == "operator" and
         0.7 < got["took_s"] < 10, (code, got))
    case("the peer is closed", as_json("peers", "go")[1]["peers"][0]["state"] == "closed")
    code, _, err = ctl("close", "go")
    case("closing it again is refused", code == 1 and "closed already" in err, (code, err))
    code, out, _ = ctl("close", "silent")
    case("a peer without session is closed, nobody to tell", code == 0 and "nobody to tell" in out, (code, out))


def reloads(peers):
    write_config(peers + [dict(peers[0], name="new", public_key=make_key(f"{DIR}/new.key"), allowed_ips=["10.8.9.0/24"])])
    code, got, err = as_json("reload")
    case("reload says that something changed", code == 0 and got["changed"] >= 1 and got["refused"] == 0, (code, got, err))
    names = {p["name"]: p["state"] for p in as_json("peers")[1]["peers"]}
    case("the new peer is there, the closed one is open again", "new" in names and names["go"] != "closed", names)
    write_config(peers, device="net_af_packet7,iface=wan0")
    code, got, err = as_json("reload")
    case("what cannot change is refused by name, with exit code 3",
         code == 3 and got["refused"] == len(got["refusals"]) == 1 and got["refusals"][0].startswith("nf.ports"), (code, got, err))
    code, out, _ = ctl("reload")
    case("what was refused is refused again as long as the file asks for it",
         code == 3 and "1 refused\n  refused nf.ports" in out, (code, out))
    write_config(peers, text='{"runtime_dir": "%s", "nf": 7}' % RUN)
    code, out, err = ctl("-c", CONFIG, "reload", SLUICE_RUNTIME_DIR="/nowhere")
    case("a wrong file is refused with its mistake, and -c finds the node nevertheless",
         code == 1 and "node.json: nf: " in err and not out, (code, out, err))
    write_config(peers)
    code, got, _ = as_json("reload")
    case("and nothing is when the file says again what runs", code == 0 and got["refused"] == 0, (code, got))


def reopen(nf_key):
    ctl("reload")
    meet(nf_key)
    session()


def close_all(nf_key):
    reopen(nf_key)
    code, got, err = as_json("close", "--all", "--pace", "500")
    case("close --all prints the sum of a peer with a session and two without",
         code == 0 and got["peers"] == 3 and got["accepted"] == 1 and got["no_session"] == 2 and got["goodbyes"] == 5 and
         got["took_s"] > 0.5, (code, got, err))


def function_dies(nf, nf_key):
    reopen(nf_key)
    waiting = subprocess.Popen([CTL, "-d", RUN, "close", "go", "--linger", "30000"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert until(10, lambda: as_json("peers", "go")[1]["peers"][0]["state"] == "closing"), "the close did not begin"
    nf.kill()
    out, err = waiting.communicate(timeout=20)
    case("a close that loses the network function says so at once, with exit code 1",
         waiting.returncode == 1 and "went away" in err and not out, (waiting.returncode, out, err))
    code, _, err = ctl("status")
    case("status of a node without network function is exit code 1",
         code == 1 and "not attached" in err, (code, err))


def main():
    nf_key, key = make_key(f"{DIR}/nf.key"), make_key(f"{DIR}/go.key")
    peers = [dict(name="go", public_key=key, allowed_ips=["10.8.0.2/32", "fd08::2/128"]),
             dict(name="gopher", public_key=make_key(f"{DIR}/a.key"), allowed_ips=["10.8.0.3/32"]),
             dict(name="silent", public_key=make_key(f"{DIR}/b.key"), allowed_ips=["10.8.0.4/32"], persistent_keepalive=25)]
    write_config(peers)
    usage()
    nobody()
    nf = start("nf", "nf", f"{BUILD}/nf/sluice-nf", "-c", CONFIG)
    assert until(30, lambda: "event=ready" in open(f"{DIR}/nf.log").read()), "sluice-nf is not ready"
    function_alone()
    start("nf", "sluiced", f"{BUILD}/control-plane/io/sluiced", "-c", CONFIG)
    assert until(20, lambda: (as_json("status")[1] or {}).get("peers") == 3), "sluiced is not ready"
    start_peer(f"{DIR}/go.key", nf_key)
    session()
    looks(nf_key, key)
    graph_and_drops()
    closes(key)
    reloads(peers)
    close_all(nf_key)
    function_dies(nf, nf_key)
    sys.exit(0 if all(results) else 1)


main()
