# SPDX-License-Identifier: Apache-2.0
"""The cases of test_portal_upgrade.sh: portal §1: request targets, tokens, refusals, TLS; the read-only HTTP beside it."""
import os
import shutil
import ssl
import warnings
from urllib.parse import quote

from harness import begin, id_of, no_complaint, run, small
from lab import case
from peer import new_key
from program import make_certificates
from roles import Client, Gateway, Relay
from wire import Lost, Refused, dial, open_websocket, request

LAB = id_of("resource", "lab")
REFUSED = (400, 422)  # §1.8: a bad request, in either age


async def outcome(p, target=None, headers=None):
    """101, or the status of the refusal, or 0: closed without a word; what was joined is gone again."""
    try:
        await p.open(target, headers)
    except Refused as e:
        return e.status, e
    except Lost as e:
        return 0, e
    await p.join()
    await p.stop()
    return 101, None


def percent(text, lower=False):
    """Every byte as %XX, whether it needs that or not."""
    return "".join(f"%{b:02x}" if lower else f"%{b:02X}" for b in text.encode())


async def spellings(s):
    """§1.1: what a server must decode."""
    token = await s.token("actor", "ann")
    p = await s.make(Client, "actor", "ann", "id with + / = ü", "v1", name="Jo's laptop + ü")
    ipv4 = (await p.connect()).ipv4
    await p.stop()

    def target(encode, space, **more):
        items = {"token": token, "external_id": p.external_id, "name": p.name, "public_key": p.key, **more}
        return "/client/websocket?" + "&".join(f"{k}={encode(v).replace('%20', space)}" for k, v in items.items())
    plain = lambda v: quote(v, safe="")  # noqa: E731
    for what, t in (("a space as +", target(plain, "+")), ("a space as %20", target(plain, "%20")),
                    ("everything percent-encoded", target(percent, "%20")),
                    ("everything percent-encoded in lower case", target(lambda v: percent(v, True), "%20")),
                    ("parameters nobody knows", target(plain, "+", device_serial="PF3", device_uuid="x", vsn2="y")),
                    ("an empty parameter", target(plain, "+") + "&&x&=")):
        await p.open(t)
        await p.join()
        case(f"target with {what}: it is the same client", p.ipv4 == ipv4, p.init)
        await p.stop()
    listed = (await s.portal.json("clients"))["clients"]
    case("name and identity are what was meant", [(c["name"], c["external_id"]) for c in listed] == [(p.name, p.external_id)], listed)


async def token_forms(s):
    """§1.7, both forms on both paths."""
    right, wrong = await s.token("site", "main"), "slp_g_" + "A" * 43
    for generation in ("v1", "v2"):
        for place in ("query", "header"):
            p = await s.make(Gateway, "site", "main", f"gw {generation} {place}", generation, token_in=place)
            case(f"{generation}: the token in the {place} is taken", (await outcome(p))[0] == 101)
            p.token = wrong
            status, e = await outcome(p)
            case(f"{generation}: a wrong one in the {place} is 401", status == 401, status)
            case(f"{generation}: {place}: the refusal says so to programs", e and "invalid_token" in e.body.decode(), e)
    p.token, p.token_in = wrong, "query"
    case("the header prevails over the parameter",
         (await outcome(p, headers=[("user-agent", p.agent), ("X-Authorization", f"Bearer {right}")]))[0] == 101)
    p.token = right
    case("also when it is wrong", (await outcome(p, headers=[("user-agent", p.agent), ("X-Authorization", f"Bearer {wrong}")]))[0] == 401)
    p.token_in = "none"
    status, e = await outcome(p)
    case("no token is 401, missing_token", status == 401 and "missing_token" in e.body.decode(), e)
    case("the header Authorization is not one", (await outcome(p, headers=[("user-agent", p.agent), ("Authorization", f"Bearer {right}")]))[0] == 401)
    for kind, owner, cls in (("site", "main", Client), ("actor", "ann", Gateway), ("relay", None, Client)):
        p = cls(s.portal, await s.token(kind, owner), "wrong kind")
        case(f"a token of {kind} does not open /{cls.role}", (await outcome(p))[0] == 401)
    p = Relay(s.portal, right, "ab" * 32, "198.51.100.1")
    case("nor one of a site /relay", (await outcome(p))[0] == 401)
    long = "x" * 3900
    with open(f"{s.portal.database}.token", "w") as f:
        f.write(long + "\n")
    await s.portal.ctl("token", "create", "--site", "main", "--text-from", f.name)
    for place in ("query", "header"):
        p = Gateway(s.portal, long, "gw long", "v2", token_in=place)
        case(f"a token of {len(long)} characters in the {place} is taken", (await outcome(p))[0] == 101)


async def parameters(s):
    """§1.8: what is refused with 4xx other than 401."""
    token, key = await s.token("actor", "ann"), quote(new_key(), safe="")
    base = {"token": token, "external_id": "x", "name": "x", "public_key": key}
    agent = [("user-agent", "Debian/12.0.0 connlib/1.5.4 (x86_64; 6.1)")]

    async def status(headers=agent, path="/client/websocket", **changes):
        items = {k: v for k, v in {**base, **changes}.items() if v is not None}
        p = Client(s.portal, token, "x")
        return (await outcome(p, path + "?" + "&".join(f"{k}={v}" for k, v in items.items()), headers))[0]
    case("these parameters are taken", await status() == 101)
    for what, changes in (
            ("no external_id", dict(external_id=None)), ("an empty external_id", dict(external_id="")),
            ("no public_key", dict(public_key=None)), ("a key of 31 bytes", dict(public_key="A" * 42 + "%3D%3D")),
            ("a key without padding", dict(public_key=key.replace("%3D", ""))), ("a key that is none", dict(public_key="*" * 43 + "%3D")),
            ("an empty name", dict(name="")), ("a name of 256 characters", dict(name="n" * 256)),
            ("a name that is no UTF-8", dict(name="%FF%FE"))):
        got = await status(**changes)
        case(f"{what} is refused", got in REFUSED, got)
    for what, changes in (("half a percent escape", dict(external_id="%4")), ("a NUL in its identity", dict(external_id="a%00b"))):
        got = await status(**changes)
        case(f"{what}, which is no HTTP, is refused or closed", got == 0 or 400 <= got < 500 and got != 401, got)
    case("a name of 255 characters is taken", await status(name=quote("ü" * 255)) == 101)
    for what, ua in (("no User-Agent", []), ("one without component", [("user-agent", "Debian/12.0.0 curl (x)")]),
                     ("one whose version is none", [("user-agent", "Debian/12.0.0 connlib/1.5 (x)")])):
        got = await status(headers=ua)
        case(f"{what} is refused", got in REFUSED, got)
    for ua in ("Alpine Linux/3.20.1 connlib/1.4.17 (x86_64)", "Debian/12.0.0 headless-client/1.5.4 connlib/1.5.4 (x86_64; 6.1.0)",
               "Debian/Unknown gui-client/1.5.10-rc.1"):
        case(f'"{ua}" is taken', await status(headers=[("user-agent", ua)]) == 101)
    for path in ("/", "/client", "/client/websocket/", "/client/v3/websocket", "/admin/websocket", "/client/websocket/x"):
        got = await status(path=path)
        case(f"{path} is 404", got == 404, got)


async def plain_http(s):
    """What is no upgrade gets an answer, and the port of peers serves nothing else."""
    async def first_line(data):
        raw = await dial(s.portal.where)
        raw.transport.write(data)
        await raw.until(lambda d: b"\r\n" in d, 5)
        raw.transport.abort()
        return bytes(raw.data).split(b"\r\n")[0].decode()
    for what, data in (("a plain GET", b"GET /client/websocket HTTP/1.1\r\nHost: x\r\n\r\n"),
                       ("GET /metrics", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
                       ("a POST", b"POST /client/websocket HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")):
        got = await first_line(data)
        case(f"{what} to the peers' port is refused", got.split(" ")[1:2] and got.split(" ")[1][0] == "4", got)
    p = await s.make(Client, "actor", "ann", "offers", "v1")
    got = (await outcome(p, headers=p.headers() + [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]))[0]
    case("who offers an extension gets none", got == 101, got)
    got = (await outcome(p, headers=p.headers() + [("Sec-WebSocket-Protocol", "phoenix")]))[0]
    case("who offers a subprotocol is refused, or gets none", got in (101, 400), got)


async def only_read(s):
    status, body = await s.portal.http("/healthz")
    case("/healthz is 200", status == 200, body)
    status, body = await s.portal.http("/readyz")
    case("/readyz of a portal that knew nobody is 200", status == 200, body)
    status, body = await s.portal.http("/metrics")
    names = [line.split(" ")[0].split("{")[0] for line in body.split("\n") if line and line[0] != "#"]
    case("/metrics is Prometheus text with names of its own", status == 200 and len(names) > 20 and
         all(n.startswith(("sluice_portal_", "process_")) for n in names), names[:40])
    case("each has its help and type", all(f"# HELP {n} " in body and f"# TYPE {n} " in body for n in set(names)), body[:500])
    g = await s.gateway("named gateway with a long name")
    _, body = await s.portal.http("/metrics")
    case("and no label of a peer", g.name not in body and g.ipv4 not in body)
    for path, method, expected in (("/", "GET", 404), ("/healthz", "POST", 405), ("/nothing", "GET", 404)):
        status, _ = await s.portal.http(path, method)
        case(f"{method} {path} is {expected}", status == expected, status)
    await s.stop()


async def tls(s):
    """The same portal on a second port."""
    raw = await dial(s.portal.where_tls)
    raw.transport.write(request("/client/websocket", "x", "dGhlIHNhbXBsZSBub25jZQ==", []))
    await raw.until(lambda d: False, 1)
    case("plain HTTP to the TLS port gets nothing of the portal", b"101" not in raw.data, bytes(raw.data))
    raw.transport.abort()
    try:
        await open_websocket(s.portal.where_tls, "/client/websocket", [], print, print, print, tls=ssl.create_default_context(), host="portal.test")
        case("a peer that does not trust the certificate stays away", False)
    except ssl.SSLError:
        case("a peer that does not trust the certificate stays away", True)
    for data in (os.urandom(3000), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(40)):
        raw = await dial(s.portal.where_tls)
        raw.transport.write(data + os.urandom(600))
        case("what is no handshake is closed", await raw.until(lambda d: False, 15) is False and raw.ended, bytes(raw.data))
    s.portal.tls, plain, s.portal.where = ssl.create_default_context(cafile=s.portal.ca), s.portal.where, s.portal.where_tls
    for cg, gg in (("v1", "v2"), ("v2", "v1")):
        g, c = await s.gateway(f"tls {gg}", gg), await s.client(f"tls {cg}", cg)
        kind, _ = await c.flow(LAB)
        big = ["candidate:" + "x" * 1000] * 60  # as much as is forwarded: several records, several reads
        c.mark()
        g.say("broadcast_ice_candidates", {"client_ids": [g.asked[-1]["client"]["id"]], "candidates": big})
        got = await c.expect("ice_candidates")
        case(f"over TLS: a flow of a {cg} client and a {gg} gateway", kind == "created" and got and got.payload["candidates"] == big)
        version = c.socket.raw.transport.get_extra_info("cipher")
        case("with TLS 1.2 or 1.3", version and version[1] in ("TLSv1.2", "TLSv1.3"), version)
    old = ssl.create_default_context(cafile=s.portal.ca)
    with warnings.catch_warnings(action="ignore"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    try:
        await dial(s.portal.where, tls=old, name="portal.test")
        case("and with nothing older", False)
    except (ssl.SSLError, OSError):
        case("and with nothing older", True)
    await renewed(s, g, c)
    s.portal.tls, s.portal.where = None, plain
    await s.stop()


async def renewed(s, g, c):
    """Certificates that changed on the disk are taken by a reload; one that cannot be used is refused."""
    files, ca = make_certificates("renewed")
    old = s.portal.world.listen[0]
    shutil.copy(files["certificate_file"], old["certificate_file"])
    code, _, err = await s.portal.ctl("reload")
    case("a certificate without its key is named in the log, all else is taken", code == 0 and
         f"event=certificate_refused file={old['certificate_file']}" in s.portal.text(), (code, err, s.portal.tail()))
    later = await s.client("before renewal", "v1")
    case("and the old one goes on", later.init is not None)
    shutil.copy(files["key_file"], old["key_file"])
    code, _, err = await s.portal.ctl("reload")
    try:
        await s.client("distrusts", "v1")
        case("a renewed one is shown to newcomers", False)
    except ssl.SSLError:
        s.portal.tls = ssl.create_default_context(cafile=ca)
        case("a renewed one is shown to newcomers", code == 0 and (await s.client("trusts", "v2")).init is not None, err)
    case("and those who are there stay", g.socket.ended is None and await g.sync() == "ok" and await c.sync() == "ok" and await later.sync() == "ok")


async def main():
    w = small()
    files, ca = make_certificates()
    w.listen = [{"address": "127.0.0.1:8443", **files}]
    s = await begin(w)
    s.portal.where_tls, s.portal.ca = ("127.0.0.1", 8443), ca
    await spellings(s)
    await token_forms(s)
    await parameters(s)
    await plain_http(s)
    no_complaint("the upgrade")
    await only_read(s)
    await tls(s)
    no_complaint("TLS")


run(main)
