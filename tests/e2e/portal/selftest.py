# SPDX-License-Identifier: Apache-2.0
"""The cases of test_portal_peers.sh: the peers see what stock peers see."""
import asyncio
import copy
import glob
import json
import os

import good
import peer
import tables
from lab import case, finish, run_cases, skip
from roles import Client, Gateway
from strict import Mistake
from wire import Refused, check_upgrade, open_websocket


def mistake(frame, role, generation):
    """The text of what is wrong, or None."""
    try:
        tables.read(frame if isinstance(frame, str) else json.dumps(frame), role, generation)
        return None
    except Mistake as e:
        return str(e)


def recorded():
    """What an independent portal sent to stock peers, who took it."""
    count, wrong = 0, []
    paths = sorted(glob.glob(f"{os.environ['SLUICE_SHARED']}/transcripts/*/*.jsonl"))
    if not paths:
        skip("recorded_frames_of_a_portal_are_taken", "no recorded transcripts")
        return
    for path in paths:
        folder = path.split("/")[-2]
        for line in open(path):
            entry = json.loads(line)
            if entry["dir"] != ">" or "event" not in entry["frame"]:
                continue
            generation = {"v1": "v1", "v2": "v2"}.get(folder) or ("v2" if entry["role"] == "gateway" else "v1")
            what = mistake(entry["frame"], entry["role"], "v1" if entry["role"] == "relay" else generation)
            count += 1
            if what:
                wrong.append(f"{path}: {what}")
    case(f"{count} recorded frames of a portal are taken", count > 100 and not wrong, wrong[:5])


def good_frames():
    for (role, generation), frames in good.FRAMES.items():
        wrong = {name: mistake(f, role, generation) for name, f in frames.items()}
        case(f"good frames are taken: {role} {generation}", frames and not any(wrong.values()), wrong)


def changed(frame, path, value):
    """A copy in which what the path names has the value, or is gone."""
    frame = copy.deepcopy(frame)
    at = frame
    for step in path[:-1]:
        at = at[step]
    if value is good.GONE:
        del at[path[-1]]
    elif callable(value):
        at[path[-1]] = value(at[path[-1]])
    else:
        at[path[-1]] = value
    return frame


def each_mistake():
    for what, roles, event, path, value, named in good.MISTAKES:
        for role, generation in roles:
            frame = good.FRAMES[role, generation][event]
            got = mistake(changed(frame, path, value), role, generation)
            case(f"{role} {generation}: {what} is seen", got and got.startswith(named), got)


def each_text():
    for what, text, named in good.TEXTS:
        got = mistake(text, "gateway", "v1")
        case(f"{what} is seen", got and got.startswith(named), got)


def unknown_fields():
    for key, frames in good.FRAMES.items():
        more = {name: changed(f, ["payload"], lambda p: {**p, "news": [1]} if isinstance(p, dict) and p else p) for name, f in frames.items()}
        wrong = {name: mistake({**f, "join_ref": 3}, *key) for name, f in more.items() if f["event"] not in ("phx_close", "phx_error")}
        case(f"unknown members do no harm: {key}", not any(wrong.values()), wrong)


def upgrades():
    for what, version, headers, wrong in good.UPGRADES:
        got = check_upgrade(version, 101, headers, good.SEC_KEY)
        case(f"an answer with {what} is {'refused' if wrong else 'taken'}", (wrong in got) if wrong else got is None, got)


class Socket:
    """Instead of a connection: what is said is kept."""
    ended = None

    def __init__(self):
        self.said = []

    def send(self, text):
        self.said.append(json.loads(text))

    def drop(self):
        self.ended = "eof"


def fresh(cls, generation):
    p = cls(None, "token", "x", generation)
    p.socket, p.joined = Socket(), True
    peer.complaints.clear()
    return p


def hears(p, *frames):
    for f in frames:
        p.on_text(json.dumps(f))
    return list(peer.complaints)


async def behaviour():
    g = good.FRAMES
    for generation in ("v1", "v2"):
        gateway, client = g["gateway", generation], g["client", generation]
        names = tables.NAMES[generation]
        p = fresh(Gateway, generation)
        case(f"{generation}: a gateway answers what it is asked, without complaint",
             not hears(p, gateway["init"], gateway[names["authorize"]], gateway["ice_candidates"])
             and [s["event"] for s in p.socket.said] == [names["authorized"]], peer.complaints)
        p = fresh(Gateway, generation)
        case(f"{generation}: candidates before the request are complained of", "not announced" in str(hears(p, gateway["init"], gateway["ice_candidates"])))
        p = fresh(Gateway, generation)
        other = changed(gateway[names["authorize"]], ["payload", "client", "preshared_key"], good.OTHER_KEY)
        case(f"{generation}: another PSK for the same keys is complained of",
             "though no key did" in str(hears(p, gateway["init"], gateway[names["authorize"]], other)))
        p = fresh(Gateway, generation)
        other = changed(gateway[names["authorize"]], ["payload", "client", "public_key"], good.OTHER_KEY)
        case(f"{generation}: the same PSK for another key is complained of",
             "stayed though" in str(hears(p, gateway["init"], gateway[names["authorize"]], other)))
        p = fresh(Gateway, generation)
        case(f"{generation}: a push before init is complained of", "before init" in str(hears(p, gateway["relays_presence"])))
        p = fresh(Gateway, generation)
        p.joined = False
        case(f"{generation}: init before the join's reply is complained of", "before the join" in str(hears(p, gateway["init"])))
        p = fresh(Client, generation)
        hears(p, client["init"])
        p.request(good.RESOURCE)
        case(f"{generation}: an answer to a request is taken", not hears(p, client[names["created"]]), peer.complaints)
        case(f"{generation}: a second one is complained of", "second answer" in str(hears(p, client[names["created"]])))
        peer.complaints.clear()
        p.request(good.RESOURCE)
        moved = changed(client[names["created"]], ["payload", "gateway_id"], good.OTHER_ID)
        case(f"{generation}: another gateway for a mapped resource is complained of", "panic" in str(hears(p, moved)))
        p = fresh(Client, generation)
        case(f"{generation}: candidates before the answer are complained of",
             "no connection to" in str(hears(p, client["init"], client["ice_candidates"])))
        p = fresh(Client, generation)
        elsewhere = changed(client["resource_created_or_updated"], ["payload", "gateway_groups", 0, "id"], good.OTHER_ID)
        case(f"{generation}: a resource that changes its site without a delete is complained of",
             "without being deleted" in str(hears(p, client["init"], elsewhere)))
        p = fresh(Client, generation)
        case(f"{generation}: after a delete it may", not hears(p, client["init"], client["resource_deleted"], elsewhere))
        p = fresh(Client, generation)
        case(f"{generation}: a reply to nothing is complained of",
             "asked for none" in str(hears(p, client["init"], good.reply("client", 77))))


async def with_server(answer, use):
    """A server that reads a request and writes answer(key); use(port) talks to it."""
    async def serve(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        sec_key = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        writer.write(answer(sec_key))
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        return await use(server.sockets[0].getsockname()[:2])
    finally:
        server.close()


async def frames():
    """Fragments are put together, a close frame is told from the end of TCP, a ping is odd."""
    texts, ends, odd = [], [], []

    async def use(where):
        s = await open_websocket(where, "/x", [], texts.append, ends.append, odd.append)
        while not ends:
            await asyncio.sleep(0.01)
        return s
    await with_server(lambda k: good.accepting(k) + good.FRAGMENTS + good.PING + good.CLOSE, use)
    case("fragments become one message", texts == ["grüße"], texts)
    case("a ping is odd, a close frame has its code", len(odd) == 1 and ends == ["close 1012"], (odd, ends))
    ends.clear()
    await with_server(good.accepting, use)
    case("the end of TCP is one", ends == ["eof"], ends)
    try:
        await with_server(lambda k: b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\nno no", use)
        case("a refusal is raised", False)
    except Refused as e:
        case("a refusal is raised", e.status == 401 and e.body == b"no no", e)


def main():
    recorded()
    good_frames()
    each_mistake()
    each_text()
    unknown_fields()
    upgrades()
    asyncio.run(behaviour())
    asyncio.run(frames())
    finish()


run_cases(main)
