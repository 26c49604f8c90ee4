# SPDX-License-Identifier: Apache-2.0
"""The cases of test_bad_input.sh, in TAP."""
import array
import base64
import copy
import errno
import json
import os
import random
import signal
import socket
import struct
import subprocess

import nfctl
from lab import DIR, case, note, run_cases, until

BUILD = os.path.abspath(os.environ["SLUICE_BUILD"])
NF = f"{BUILD}/nf/sluice-nf"
SOURCE = os.path.abspath(f"{os.path.dirname(__file__)}/../..")
KEY = base64.b64encode(bytes(range(32))).decode()
GOOD = {
    "runtime_dir": f"{DIR}/run",
    "nf": {"workers": 1, "hugepages": False, "memory_mb": 256, "max_peers": 16, "host_port": False, "plugin_dir": f"{BUILD}/plugins",
           "ports": [{"name": "wan", "device": "net_null0"}, {"name": "lan", "device": "net_null1"}],
           "interfaces": {"wan": {"port": "wan", "addresses": ["192.0.2.1/24", "2001:db8::1/64"], "gateways": ["192.0.2.254"]},
                          "lan": {"port": "lan", "addresses": ["10.1.0.1/24"]}},
           "routes": [{"to": "10.7.0.0/16", "via": "10.1.0.254"}],
           "plugins": {"ip": {}, "wireguard": {"listen_port": 51820}}},
    "control": {"mode": "static"},
    "peers": [{"name": "one", "public_key": KEY, "endpoint": "192.0.2.7:51820", "allowed_ips": ["10.8.0.1/32"]}],
}
OTHER = base64.b64encode(bytes(range(1, 33))).decode()
TWO = {"name": "two", "public_key": OTHER, "allowed_ips": ["10.8.0.2/32"]}
REMOVED = object()

# where, the mistake, the path that the message names, a part of what it says
MISTAKES = [
    ("colour", 1, "colour", "unknown key"),
    ("runtime_dri", "/x", "runtime_dri", 'did you mean "runtime_dir"'),
    ("runtime_dir", "relative", "runtime_dir", "absolute"),
    ("runtime_dir", 7, "runtime_dir", "must be a string"),
    ("runtime_dir", "${NOT_SET_ANYWHERE}", "runtime_dir", "NOT_SET_ANYWHERE is not set"),
    ("runtime_dir", "/" + "x" * 400, "runtime_dir", "longer than"),
    ("log_level", "loud", "log_level", "none of"),
    ("nf", REMOVED, "nf", "missing"),
    ("nf", [], "nf", "must be an object"),
    ("nf.workers", 0, "nf.workers", "between"),
    ("nf.workers", "two", "nf.workers", "auto"),
    ("nf.workers", [], "nf.workers", "1 to"),
    ("nf.workers", [0, -1], "nf.workers[1]", "CPU"),
    ("nf.idle", "sleepy", "nf.idle", "none of"),
    ("nf.idle_sleep_us", 0, "nf.idle_sleep_us", "between"),
    ("nf.hugepages", "no", "nf.hugepages", "true or false"),
    ("nf.memory_mb", 1, "nf.memory_mb", "between"),
    ("nf.memory_mb", 1.5, "nf.memory_mb", "integer"),
    ("nf.max_peers", 0, "nf.max_peers", "between"),
    ("nf.stop_deadline_ms", -1, "nf.stop_deadline_ms", "between"),
    ("nf.plugin_dir", False, "nf.plugin_dir", "must be a string"),
    ("nf.ports", REMOVED, "nf.ports", "must list"),
    ("nf.ports", [], "nf.ports", "must list"),
    ("nf.ports", ["wan"], "nf.ports[0]", "must be an object"),
    ("nf.ports.0.name", REMOVED, "nf.ports[0].name", "missing"),
    ("nf.ports.0.device", REMOVED, "nf.ports[0].device", "missing"),
    ("nf.ports.1.name", "wan", "nf.ports[1].name", "taken"),
    ("nf.ports.1.device", "net_null0", "nf.ports[1].device", "taken"),
    ("nf.ports.0.rx_queues", 0, "nf.ports[0].rx_queues", "between"),
    ("nf.ports.0.descriptors", 7, "nf.ports[0].descriptors", "between"),
    ("nf.ports.0.mtu", 100, "nf.ports[0].mtu", "between"),
    ("nf.ports.0.speed", 1, "nf.ports[0].speed", "unknown key"),
    ("nf.interfaces", REMOVED, "nf.interfaces", "missing"),
    ("nf.interfaces.wan", REMOVED, "nf.interfaces.wan", "missing"),
    ("nf.interfaces.dmz", {}, "nf.interfaces.dmz", "unknown key"),
    ("nf.interfaces.wan.port", "eth9", "nf.interfaces.wan.port", "no port"),
    ("nf.interfaces.wan.vlan", 4095, "nf.interfaces.wan.vlan", "between"),
    ("nf.interfaces.lan.port", "wan", "nf.interfaces.lan", "same port and VLAN"),
    ("nf.interfaces.wan.addresses", [], "nf.interfaces.wan.addresses", "must list"),
    ("nf.interfaces.wan.addresses", ["192.0.2.1"], "nf.interfaces.wan.addresses[0]", "prefix length"),
    ("nf.interfaces.wan.addresses", ["192.0.2.0/24"], "nf.interfaces.wan.addresses[0]", "network's own"),
    ("nf.interfaces.wan.addresses", ["192.0.2.1/33"], "nf.interfaces.wan.addresses[0]", "prefix length"),
    ("nf.interfaces.wan.addresses", ["224.0.0.1/24"], "nf.interfaces.wan.addresses[0]", "unicast"),
    ("nf.interfaces.wan.addresses", ["192.0.2.1/24", "192.0.2.1/24"], "nf.interfaces.wan.addresses[1]", "already"),
    ("nf.interfaces.lan.addresses", ["192.0.2.1/24"], "nf.interfaces.lan", "one of wan's"),
    ("nf.interfaces.wan.gateways", ["10.0.0.1"], "nf.interfaces.wan.gateways[0]", "no network"),
    ("nf.interfaces.wan.gateways", ["192.0.2.254", "192.0.2.253"], "nf.interfaces.wan.gateways[1]", "second gateway"),
    ("nf.interfaces.wan.mtu", 1000, "nf.interfaces.wan.mtu", "1280"),
    ("nf.routes.0.to", "10.7.0.1/16", "nf.routes[0].to", "beyond its prefix"),
    ("nf.routes.0.via", "10.99.0.1", "nf.routes[0].via", "no network"),
    ("nf.routes.0.via", "2001:db8::9", "nf.routes[0].via", "another family"),
    ("nf.routes.0.via", REMOVED, "nf.routes[0].via", "missing"),
    ("nf.host_port", 3, "nf.host_port", "true, false, or an object"),
    ("nf.host_port", {"name": "a/b"}, "nf.host_port.name", "not an interface name"),
    ("nf.plugins.wireguard", 5, "nf.plugins.wireguard", "must be an object"),
    ("nf.plugins.a/b", {}, "nf.plugins.a/b", "not a plugin's name"),
    ("nf.plugins.wireguard.listen_port", 70000, "nf.plugins.wireguard.listen_port", "between 1 and 65535"),
    ("nf.plugins.wireguard.listen_port", [1, 2, 3, 4, 5], "nf.plugins.wireguard.listen_port", "one to four"),
    ("nf.plugins.wireguard.aead", "fastest", "nf.plugins.wireguard.aead", "auto, avx512, avx2 or portable"),
    ("nf.plugins.wireguard.aead", 2, "nf.plugins.wireguard.aead", "auto, avx512, avx2 or portable"),
    ("nf.plugins.wireguard.private_key_file", 1, "nf.plugins.wireguard.private_key_file", "path"),
    ("nf.plugins.wireguard.colour", 1, "nf.plugins.wireguard.colour", "unknown key"),
    ("nf.plugins.ip.colour", 1, "nf.plugins.ip.colour", "unknown key"),
    ("nf.plugins.missing", {}, "nf.plugins.missing", "cannot open shared object"),
    ("control.mode", "portal", "control.mode", "none of"),
    ("control.linger_ms", 99999, "control.linger_ms", "between"),
    ("peers", {}, "peers", "must be an array"),
    ("peers.0", 1, "peers[0]", "must be an object"),
    ("peers.0.name", "", "peers[0].name", "missing"),
    ("peers.0.public_key", REMOVED, "peers[0].public_key", "missing"),
    ("peers.0.public_key", "c2hvcnQ=", "peers[0].public_key", "base64 text of 32 bytes"),
    ("peers.0.public_key", base64.b64encode(bytes(32)).decode(), "peers[0].public_key", "all zeros"),
    ("peers.0.preshared_key", "x", "peers[0].preshared_key", "base64"),
    ("peers.0.preshared_key_file", "/nonexistent", "peers[0].preshared_key_file", "No such file"),
    ("peers.0.endpoint", "192.0.2.7", "peers[0].endpoint", "ADDRESS:PORT"),
    ("peers.0.endpoint", "2001:db8::7:51820", "peers[0].endpoint", "ADDRESS:PORT"),
    ("peers.0.endpoint", "192.0.2.7:0", "peers[0].endpoint", "ADDRESS:PORT"),
    ("peers.0.allowed_ips", ["10.8.0.1/24"], "peers[0].allowed_ips[0]", "beyond its prefix"),
    ("peers.0.allowed_ips", "10.8.0.1/32", "peers[0].allowed_ips", "must be an array"),
    ("peers.0.mtu", 100, "peers[0].mtu", "between"),
    ("peers.0.timers", "fast", "peers[0].timers", "none of"),
    ("peers.0.keepalive", 1, "peers[0].keepalive", "unknown key"),
    ("peers.0.persistent_keepalive", 70000, "peers[0].persistent_keepalive", "between"),
    ("peers.0.initiate", 1, "peers[0].initiate", "true or false"),
    ("peers.+", dict(TWO, name="one"), "peers[1].name", 'also that of peer "one"'),
    ("peers.+", dict(TWO, public_key=KEY), "peers[1].public_key", 'also that of peer "one"'),
    ("peers.+", dict(TWO, allowed_ips=["10.8.0.1/32"]), "peers[1].allowed_ips", 'also that of peer "one"'),
]


def changed(where, value):
    config = copy.deepcopy(GOOD)
    at = config
    *path, last = where.split(".")
    for step in path:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if last == "+":
        at.append(value)
    elif value is REMOVED:
        del at[last]
    elif isinstance(at, list):
        at[int(last)] = value
    else:
        at[last] = value
    return config


def write(config, name="nf.json"):
    path = f"{DIR}/{name}"
    with open(path, "w") as f:
        f.write(config if isinstance(config, str) else json.dumps(config))
    return path


def nf(*arguments, timeout=30):
    return subprocess.run([NF, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout)


def files():
    r = nf("-c", write(GOOD), "--check")
    case("a file without a mistake is fine", r.returncode == 0 and r.stdout.endswith(": ok\n"), r)
    wrong = []
    for where, value, path, says in MISTAKES:
        file = write(changed(where, value))
        r = nf("-c", file, "--check")
        if r.returncode != 2 or f"{file}: {path}: " not in r.stderr or says not in r.stderr:
            wrong.append((where, r.returncode, r.stderr.strip()))
    case(f"each of {len(MISTAKES)} mistakes is named with file, path and reason, and is exit code 2", not wrong,
         "\n# ".join(map(str, wrong)))
    for name, text, says in (("no JSON", "{", "line 1"), ("a key twice", '{"nf": {}, "nf": {}}', "duplicate"), ("no object", "[]", "must be an object")):
        r = nf("-c", write(text), "--check")
        case(f"a file with {name} is refused", r.returncode == 2 and says in r.stderr, r)
    r = nf("-c", f"{DIR}/nowhere.json", "--check")
    case("a file that is not there is refused", r.returncode == 2 and "nowhere.json: No such file" in r.stderr, r)
    for arguments in ([], ["-x"], ["-c"], ["-c", write(GOOD), "more"]):
        r = nf(*arguments)
        case(f"wrong usage ({' '.join(arguments[:1]) or 'nothing'}, {len(arguments)}) is exit code 2", r.returncode == 2 and "usage:" in r.stderr, r)


def secrets():
    """Files that hold a key: what --check cannot know without opening them is refused at the start, in the same form."""
    key = f"{DIR}/private"
    for name, text, mode, says in (("is readable by others", KEY, 0o644, "0600"), ("is no key", "hello", 0o600, "base64"), ("is not there", None, 0, "No such file")):
        if os.path.exists(key):
            os.unlink(key)
        if text is not None:
            with open(os.open(key, os.O_CREAT | os.O_WRONLY, mode), "w") as f:
                f.write(text)
            os.chmod(key, mode)
        file = write(changed("nf.plugins.wireguard.private_key_file", key))
        r = nf("-c", file)
        case(f"a private key file that {name} is exit code 2", r.returncode == 2 and
             f"{file}: nf.plugins.wireguard.private_key_file: " in r.stderr and says in r.stderr, r)


ALIEN = """
#include <nf/plugin.h>
const struct nf_plugin nf_plugin = {.abi = %s, .size = %s, .name = "alien", .version = "1"};
"""


def plugins():
    os.mkdir(f"{DIR}/plugins")
    for name in "ip", "wireguard":
        os.symlink(f"{BUILD}/plugins/sluice_{name}.so", f"{DIR}/plugins/sluice_{name}.so")
    config = changed("nf.plugins.alien", {})
    config["nf"]["plugin_dir"] = f"{DIR}/plugins"
    for what, abi, size in (("another ABI", "NF_ABI + 41", "sizeof(struct nf_plugin)"), ("another size", "NF_ABI", "sizeof(struct nf_plugin) - 8")):
        with open(f"{DIR}/alien.c", "w") as f:
            f.write(ALIEN % (abi, size))
        subprocess.run(["gcc", "-shared", "-fPIC", f"-I{SOURCE}/nf/include", "-o", f"{DIR}/plugins/sluice_alien.so", f"{DIR}/alien.c"], check=True)
        file = write(config)
        r = nf("-c", file)
        case(f"a plugin of {what} is refused by name", r.returncode == 2 and f"{file}: nf.plugins.alien: has plugin ABI" in r.stderr, r)
    open(f"{DIR}/plugins/sluice_alien.so", "w").close()
    r = nf("-c", write(config))
    case("a plugin that is no shared object is refused by name", r.returncode == 2 and "nf.plugins.alien: " in r.stderr, r)
    with open(f"{DIR}/alien.c", "w") as f:
        f.write("int nothing;")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", f"{DIR}/plugins/sluice_alien.so", f"{DIR}/alien.c"], check=True)
    r = nf("-c", write(config))
    case("a shared object that is no plugin is refused by name", r.returncode == 2 and "nf.plugins.alien: exports no nf_plugin" in r.stderr, r)


def ports():
    for what, device in (("driver", "net_bogus0"), ("interface", "net_af_packet9,iface=nope0"), ("PCI device", "0000:ff:1f.7")):
        r = nf("-c", write(changed("nf.ports.0.device", device)))
        case(f"a port whose {what} does not exist ends the start with exit code 1 and its name",
             r.returncode == 1 and device.split(",")[0] in r.stderr + r.stdout, (r.returncode, r.stderr[-600:]))


class Node:
    def __init__(self):
        self.log = open(f"{DIR}/nf.log", "w")
        self.process = subprocess.Popen([NF, "-c", write(GOOD)], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until(30, lambda: "event=ready" in self.text() or self.process.poll() is not None)

    def text(self):
        return open(f"{DIR}/nf.log", errors="replace").read()

    def fds(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def is_well(self):
        view = nfctl.Control(GOOD["runtime_dir"], "nf-view")
        ok = self.process.poll() is None and len(view.request(nfctl.STATUS_GET)[0]) > 100
        view.close()
        return ok


def message(kind, body, claims=None):
    return nfctl.HDR.pack(kind, 0, 1, 0, 0, len(body) if claims is None else claims, 0) + body


def refused(control, data, status, says):
    """The NF answers with this status and text, and goes on."""
    control.sock.send(data)
    (_, _, _, _, got, _, _), reply = control.receive()
    text = reply.split(b"\0")[0].decode(errors="replace")
    return got == -status and says in text, (got, text)


def sockets(node):
    run_dir = GOOD["runtime_dir"]
    ctl, view, punt = (nfctl.Control(run_dir, s) for s in ("nf-ctl", "nf-view", "nf-punt"))
    EPERM, EBADMSG, EPROTO, EOPNOTSUPP, EPROTONOSUPPORT, EINVAL, ENOENT, EBUSY, ESTALE, ENOSPC, EHOSTUNREACH = 1, 74, 71, 95, 93, 22, 2, 16, 116, 28, 113
    hello = lambda abi=2, identity=0: message(nfctl.HELLO, struct.pack("=II16sII", abi, 1, bytes(16), identity, 0))
    for kind, name in ((nfctl.SYNC_BEGIN, "SYNC_BEGIN"), (nfctl.PEER_CLOSE_ALL, "PEER_CLOSE_ALL"), (nfctl.STATUS_GET, "STATUS_GET"), (nfctl.RELEASE, "RELEASE")):
        case(f"{name} before HELLO is refused", *refused(ctl, message(kind, bytes(64)), EPROTO, f"{name} before HELLO"))
    case("HELLO of another ABI is refused", *refused(ctl, hello(abi=99), EPROTONOSUPPORT, "ABI 99"))
    case("HELLO without the identity it announces is refused", *refused(ctl, hello(identity=1), EBADMSG, "no descriptor"))
    key = ctl.hello()
    second = nfctl.Control(run_dir)
    case("a second control plane is refused", *refused(second, hello(), EBUSY, "another control plane"))
    case("and stays one without a say", *refused(second, message(nfctl.RELEASE, bytes(8)), EPROTO, "before HELLO"))
    second.close()
    for n in 1, 10, 23:
        case(f"a message of {n} bytes is refused", *refused(ctl, bytes(n), EBADMSG, "has no header"))
    case("an unknown type is refused", *refused(ctl, message(999, bytes(8)), EOPNOTSUPP, "type 999 is unknown"))
    case("type 0 is refused", *refused(ctl, message(0, bytes(8)), EOPNOTSUPP, "type 0 is unknown"))
    case("a body that is too short is refused", *refused(ctl, message(nfctl.PEER_UPSERT, bytes(10)), EBADMSG, "at least"))
    case("a body longer than its header says is refused", *refused(ctl, message(nfctl.STATUS_GET, bytes(100), 8), EBADMSG, "header says 8"))
    case("a body shorter than its header says is refused", *refused(ctl, message(nfctl.STATUS_GET, bytes(8), 4000), EBADMSG, "header says 4000"))
    case("a message that is too large is refused", *refused(ctl, message(nfctl.STASH_PUT, bytes(60000)), EBADMSG, "larger than"))
    case("so is one whose header hides it", *refused(ctl, message(nfctl.STASH_PUT, bytes(60000), 32769 - 24), EBADMSG, "larger than"))
    case("an event is no request", *refused(ctl, message(nfctl.PEER_EVENT, bytes(200)), EPERM, "PEER_EVENT is not for socket nf-ctl"))
    case("INJECT is not for the ctl socket", *refused(ctl, message(nfctl.INJECT, bytes(200)), EPERM, "INJECT is not for socket nf-ctl"))
    for kind, name in ((nfctl.HELLO, "HELLO"), (nfctl.PEER_UPSERT, "PEER_UPSERT"), (nfctl.RELEASE, "RELEASE"), (nfctl.RELOAD, "RELOAD"), (nfctl.STASH_GET, "STASH_GET")):
        case(f"{name} is not for the view socket", *refused(view, message(kind, bytes(200)), EPERM, f"{name} is not for socket nf-view"))
    for data in hello(), message(nfctl.STATUS_GET, bytes(8)), bytes(5), message(nfctl.INJECT, bytes(3)), message(nfctl.INJECT, bytes(500)):
        punt.sock.send(data)
    case("nothing of this harms the punt socket", node.is_well())
    sync = lambda epoch: struct.pack("=II", epoch, 1)
    case("a sync of another epoch is refused", *refused(ctl, message(nfctl.SYNC_BEGIN, sync(ctl.epoch + 1)), ESTALE, "epoch"))
    case("SYNC_END without SYNC_BEGIN is refused", *refused(ctl, message(nfctl.SYNC_END, sync(ctl.epoch)), EPROTO, "without SYNC_BEGIN"))
    peers(ctl, key)
    case("a record longer than the stash takes is refused",
         *refused(ctl, message(nfctl.STASH_PUT, struct.pack("=32sHHI", bytes(32), 1, 0, 20000) + bytes(20000)), EINVAL, "20000 bytes is not one"))
    for c in view, punt:
        c.close()
    return ctl


def peers(ctl, own_key):
    def upsert(**change):
        f = dict(key=base64.b64decode(KEY), endpoint=nfctl.addr("192.0.2.7", 51820), name=b"one", mtu=1420, timers=0, mode=0, padding=0, count=1,
                 tail=nfctl.addr("10.8.0.1/32"))
        f.update(change)
        return message(nfctl.PEER_UPSERT, f["key"] + bytes(32) + f["endpoint"] + struct.pack("=32sIHHBBBBHH", f["name"], 1, 0, f["mtu"], f["timers"],
                       f["mode"], f["padding"], 0, 0, f["count"]) + f["tail"])
    bad_addr = lambda family, prefix=32, port=0: nfctl.ADDR.pack(bytes(16), port, family, prefix, 0)
    EBADMSG, EINVAL, ENOENT, ENOSPC, EHOSTUNREACH = 74, 22, 2, 28, 113
    for what, change, status, says in (
            ("promises more prefixes than it has", dict(count=3), EBADMSG, "are not 3 prefixes"),
            ("has more prefixes than it promises", dict(count=0), EBADMSG, "are not 0 prefixes"),
            ("has a prefix of no family", dict(tail=bad_addr(5)), EINVAL, "prefix 0 is malformed"),
            ("has a prefix that is too long", dict(tail=bad_addr(4, 33)), EINVAL, "prefix 0 is malformed"),
            ("has an endpoint of no family", dict(endpoint=bad_addr(5, 0, 51820)), EINVAL, "endpoint is malformed"),
            ("has an endpoint without a port", dict(endpoint=nfctl.addr("192.0.2.7", 0)), EINVAL, "endpoint is malformed"),
            ("has a name without an end", dict(name=b"x" * 32), EINVAL, "name does not end"),
            ("has an unknown profile", dict(timers=9), EINVAL, "out of range"),
            ("has an MTU that is too small", dict(mtu=100), EINVAL, "out of range"),
            ("has this node's own key", dict(key=base64.b64decode(own_key)), EINVAL, "own key")):
        case(f"a peer that {what} is refused", *refused(ctl, upsert(**change), status, says))
    case("none of them has left anything behind", ctl.peers() == {}, ctl.peers())
    for kind, name in ((nfctl.PEER_REMOVE, "PEER_REMOVE"), (nfctl.PEER_HANDSHAKE, "PEER_HANDSHAKE")):
        case(f"{name} of nobody is refused", *refused(ctl, message(kind, bytes(32)), ENOENT, "no peer of this key"))
    case("PEER_CLOSE of nobody is refused", *refused(ctl, message(nfctl.PEER_CLOSE, bytes(40)), ENOENT, "no peer of this key"))
    ctl.upsert("quiet", KEY, ["10.8.0.1/32"])
    case("a handshake with a peer of unknown endpoint is refused",
         *refused(ctl, message(nfctl.PEER_HANDSHAKE, base64.b64decode(KEY)), EHOSTUNREACH, "endpoint is unknown"))
    case("a goodbye longer than there is room for is refused", *refused(
        ctl, message(nfctl.PEER_CLOSE, base64.b64decode(KEY) + struct.pack("=HHI", 1, 300, 0) + bytes(300)), errno.EMSGSIZE, "the most is"))
    for i in range(1, 16):
        ctl.upsert(f"p{i}", base64.b64encode(bytes([i]) * 32).decode(), [])
    case("a peer beyond max_peers is refused", *refused(ctl, upsert(key=b"\x77" * 32), ENOSPC, "max_peers is 16"))
    ctl.sync([])


def descriptors(node):
    """Descriptors that nobody asked for are closed, however many come along."""
    view = nfctl.Control(GOOD["runtime_dir"], "nf-view")
    view.request(nfctl.STATUS_GET)
    before = node.fds()
    for count in (1, 2, 3, 8) * 5:
        fds = array.array("i", [0] * count)
        view.sock.sendmsg([message(nfctl.STATUS_GET, bytes(8))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        view.receive()
    case("descriptors that came uninvited are closed", until(2, lambda: node.fds() == before) and node.fds() == before, (before, node.fds()))
    view.close()


def identities():
    """A node that has an identity keeps it; what is no sealed memfd of 32 bytes was never one."""
    control = nfctl.Control(GOOD["runtime_dir"])
    fd = os.memfd_create("x")
    os.write(fd, bytes(32))
    body = message(nfctl.HELLO, struct.pack("=II16sII", 2, 1, bytes(16), 1, 0))
    control.sock.sendmsg([body], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    (_, _, _, _, status, _, _), reply = control.receive()
    case("an identity that could still change is refused", status == -1 and b"identity was not accepted" in reply, (status, reply[:100]))
    os.close(fd)
    control.close()


def crowd(node):
    many = []
    for _ in range(40):
        c = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        c.connect(f"{GOOD['runtime_dir']}/nf-view")
        many.append(c)
    until(5, lambda: "connections are open" in node.text())
    case("connections beyond the limit are refused by name", "connections are open" in node.text())
    for c in many:
        c.close()
    case("the others are served again", until(5, node.is_well))


def noise(node, ctl):
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    known = [*range(1, 8), *range(16, 21), *range(32, 37), *range(64, 69), 96, 97]
    socks = [nfctl.Control(GOOD["runtime_dir"], s).sock for s in ("nf-view", "nf-punt")] + [ctl.sock]
    for s in socks:
        s.setblocking(False)
    for i in range(6000):
        kind = rng.choice([k for k in known if k not in (nfctl.RELOAD, nfctl.RELEASE)]) if rng.random() < 0.9 else rng.randrange(65536)
        body = rng.randbytes(rng.choice((0, 1, 8, 32, 40, 44, 128, 152, 400, rng.randrange(3000))))
        data = message(kind, body) if rng.random() < 0.9 else rng.randbytes(rng.randrange(1, 200))
        try:
            rng.choice(socks).send(data)
        except BlockingIOError:
            pass
        for s in socks:
            try:
                while s.recv(65536):
                    pass
            except (BlockingIOError, ConnectionResetError):
                pass
    case("6000 random messages on all sockets leave the node well", node.is_well(), f"seed {seed}")
    note(f"seed {seed}")


def main():
    files()
    secrets()
    plugins()
    ports()
    node = Node()
    case("the node is ready", node.is_well(), node.text()[-800:])
    identities()
    ctl = sockets(node)
    descriptors(node)
    crowd(node)
    again = nf("-c", write(GOOD))
    case("a second node in the same runtime directory is refused", again.returncode == 1 and "another sluice-nf runs here" in again.stderr + again.stdout, again)
    noise(node, ctl)
    node.process.send_signal(signal.SIGTERM)
    ctl.close()
    code = node.process.wait(20)
    case("after all of it the node stops cleanly", code == 0 and "ERROR: " not in node.text(), (code, node.text()[-1500:]))


if __name__ == "__main__":
    run_cases(main)
