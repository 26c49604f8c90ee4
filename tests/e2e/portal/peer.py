# SPDX-License-Identifier: Apache-2.0
"""What gateways, clients and relays of both generations have in common (portal §2): upgrade, join, refs, replies, heartbeats, reconnects."""
import asyncio
import base64
import json
import os
import random
import ssl
import time
from urllib.parse import quote_plus

from strict import Mistake
from tables import NAMES, read
from wire import Lost, Refused, open_websocket

complaints = []  # of all peers: what a stock one would have dropped or died of
JOIN_WITHIN = 5  # §2.3
ENDED = "the connection ended"  # instead of a reply
AGENTS = {
    ("gateway", "v1"): "Debian/12.0.0 connlib/1.4.17 (x86_64; 6.1.0-18-amd64)",
    ("client", "v1"): "Debian/12.0.0 connlib/1.5.4 (x86_64; 6.1.0-18-amd64)",
    ("gateway", "v2"): "Debian/12.0.0 gateway/1.5.3 (x86_64; 6.1.0-18-amd64)",
    ("client", "v2"): "Debian/12.0.0 headless-client/1.5.11 (x86_64; 6.1.0-18-amd64)",
    ("relay", "v1"): "relay/0.1.0",
}


class News:
    """One push: when, its event, its payload."""
    __slots__ = ("at", "event", "payload")

    def __init__(self, event, payload):
        self.at, self.event, self.payload = time.monotonic(), event, payload

    def matches(self, event, wanted):
        return self.event == event and (not wanted or all(self.payload.get(k) == v for k, v in wanted.items()))

    def __repr__(self):
        return f"{self.event} {str(self.payload)[:160]}"


def new_key():
    return base64.b64encode(os.urandom(32)).decode()


class Peer:
    role, join_payload = None, None

    def __init__(self, portal, token, external_id, generation="v1", name=None, key=None, token_in=None, source=None, agent=None,
                 ours=None, heartbeat=True):
        self.portal, self.token, self.external_id, self.generation = portal, token, external_id, generation
        self.name, self.key, self.source = name or external_id, key or new_key(), source
        self.token_in = token_in or ("query" if generation == "v1" else "header")
        self.agent, self.ours = agent or AGENTS[self.role, generation], ours
        self.say_as, self.heartbeats = NAMES[generation], heartbeat
        self.inbox, self.marked, self.waiters, self.sent = [], 0, [], []
        self.socket, self.next_ref, self.pending, self.init = None, 0, {}, None
        self.joined = self.persistent = False
        self.exited, self.ends, self.joins, self.dials, self.beat = None, [], 0, 0, None
        self.retry, self.retrying, self.over = 0, None, asyncio.Event()

    def __repr__(self):
        return f"{self.role} {self.name} ({self.generation})"

    def complain(self, what):
        complaints.append(f"{self}: {what}")

    # ── the upgrade (§1.1, §1.7) ──

    def parameters(self):
        return [("external_id", self.external_id), ("name", self.name), ("public_key", self.key)]

    def target(self):
        items = ([("token", self.token)] if self.token_in == "query" else []) + self.parameters()
        version = "/v2" if self.generation == "v2" and self.role != "relay" else ""
        return f"/{self.role}{version}/websocket?" + "&".join(f"{k}={quote_plus(v)}" for k, v in items)

    def headers(self):
        items = [("user-agent", self.agent)]
        if self.token_in == "header":
            items.append(("X-Authorization", f"Bearer {self.token}"))
        return items + ([("X-Sluice", self.ours)] if self.ours else [])

    async def open(self, target=None, headers=None):
        """The WebSocket alone. Refused or Lost."""
        self.joined, self.init, self.pending, self.over = False, None, {}, asyncio.Event()
        if self.generation == "v2":
            self.next_ref = 0  # §2.1: S counts on
        self.dials += 1
        self.socket = await open_websocket(
            self.portal.where, target or self.target(), self.headers() if headers is None else headers, *self.ears(self.dials),
            source=self.source, tls=self.portal.tls, host=self.portal.host)
        return self

    def ears(self, dial):
        """What hears the newest connection alone: of an older one nothing matters any more."""
        def only(hear):
            return lambda x: hear(x) if dial == self.dials else None
        return only(self.on_text), only(self.on_end), only(self.on_odd)

    async def connect(self, target=None, headers=None):
        """Joined, and has its init. Refused or Lost otherwise."""
        await self.open(target, headers)
        await self.join()
        self.retry, self.joins = 0, self.joins + 1
        if self.heartbeats:
            self.schedule_heartbeat()
        if self.generation == "v2" and self.role != "relay":
            self.say("set_snownet_capabilities", {"iceless": True})
        return self

    async def join(self):
        reply = self.say("phx_join", self.join_payload, reply=True)
        done, _ = await asyncio.wait([reply], timeout=JOIN_WITHIN)
        if not done or reply.result() == ENDED:
            self.socket.drop()
            raise Lost(f"{self}: the join was not answered")
        if reply.result() != "ok":
            self.exited = f"join refused: {reply.result()}"
            raise Lost(f"{self}: {self.exited}")
        if not await self.until(lambda: self.init is not None or self.socket.ended, JOIN_WITHIN) or self.init is None:
            raise Lost(f"{self}: no init")

    # ── what is sent ──

    def say(self, event, payload, reply=False, topic=None):
        """reply: returns a future of "ok", of the reason of an error, or ENDED."""
        ref, self.next_ref = self.next_ref, self.next_ref + 1
        future = asyncio.get_running_loop().create_future() if reply else None
        if reply:
            self.pending[ref] = event, future
        self.sent.append((time.monotonic(), event))
        self.socket.send(encode({"topic": topic or self.role, "event": event, "payload": payload, "ref": ref}))
        if self.beat and self.generation == "v1" and event != "heartbeat":
            self.schedule_heartbeat()  # §2.5: S restarts its timer with every frame
        return future

    async def ask(self, event, payload, seconds=5, topic=None):
        return await asyncio.wait_for(self.say(event, payload, True, topic), seconds)

    async def sync(self, seconds=10):
        """Whatever the portal had sent before this was called has been read."""
        return await self.ask("heartbeat", {}, seconds, "phoenix")

    def schedule_heartbeat(self):
        if self.beat:
            self.beat.cancel()
        self.beat = asyncio.get_running_loop().call_later(30 if self.generation == "v1" else 10, self.on_heartbeat)

    def on_heartbeat(self):
        if self.socket.ended is None:
            unanswered = sum(event == "heartbeat" for event, _ in self.pending.values())
            if self.generation == "v2" and unanswered > 3:
                self.complain("more than three heartbeats are unanswered")
            self.say("heartbeat", {}, True, "phoenix")
            self.schedule_heartbeat()

    # ── what comes ──

    def on_text(self, frame):
        try:
            message = read(frame, self.role, self.generation)
        except Mistake as e:
            self.complain(f"{e} in {frame[:300]}")
            return
        event, payload = message["event"], message["payload"]
        if event == "phx_reply":
            self.on_reply(message["ref"], payload)
            return
        if not self.joined:
            self.complain(f"{event} before the join was answered")
        elif self.init is None and event != "init":
            self.complain(f"{event} before init")
        if event == "init":
            self.init = payload
        handler = getattr(self, f"on_{self.common_name(event)}", None)
        if handler:
            handler(payload)
        self.inbox.append(News(event, payload))
        self.wake()

    def common_name(self, event):
        """on_authorize, on_created, on_failed of either generation."""
        for common in {"gateway": ("authorize",), "client": ("created", "failed"), "relay": ()}[self.role]:
            if self.say_as[common] == event:
                return common
        return event

    def on_reply(self, ref, payload):
        event, future = self.pending.pop(ref, (None, None))
        if event is None:
            self.complain(f"a reply to ref {ref}, which asked for none: {payload}")
            return
        if event == "phx_join":
            self.joined = True
        if not future.done():
            future.set_result("ok" if payload["status"] == "ok" else payload["response"]["reason"])

    def on_odd(self, frame):
        self.complain(f"a frame that the portal must not send: {frame}")  # §2.5: no pings

    def on_phx_close(self, _):
        if not getattr(self, "leaving", False):
            self.socket.drop()

    def on_end(self, how):
        self.ends.append((time.monotonic(), how))
        self.joined = False
        if self.beat:
            self.beat.cancel()
            self.beat = None
        for _, future in self.pending.values():
            if not future.done():
                future.set_result(ENDED)
        self.over.set()
        self.wake()
        if self.persistent and self.exited is None:
            self.retrying = asyncio.ensure_future(self.reconnect())

    # ── waiting ──

    def wake(self):
        waiters, self.waiters = self.waiters, []
        for w in waiters:
            if not w.done():
                w.set_result(None)

    async def until(self, condition, seconds):
        end = time.monotonic() + seconds
        while not condition():
            w = asyncio.get_running_loop().create_future()
            self.waiters.append(w)
            try:
                await asyncio.wait_for(w, max(0.001, end - time.monotonic()))
            except asyncio.TimeoutError:
                return bool(condition())
        return True

    def mark(self):
        self.marked = len(self.inbox)

    @property
    def news(self):
        return self.inbox[self.marked:]

    def events(self):
        return [n.event for n in self.news]

    def seen(self, event, **wanted):
        return [n for n in self.news if n.matches(event, wanted)]

    async def expect(self, event, seconds=5, **wanted):
        """The first such push since mark(), or None."""
        await self.until(lambda: self.seen(event, **wanted), seconds)
        return (self.seen(event, **wanted) or [None])[0]

    # ── the end, and again (§2.9, §2.10) ──

    async def ended(self, seconds=5):
        """How the connection ended, or None: it did not."""
        await self.until(lambda: self.socket.ended is not None, seconds)
        return self.socket.ended

    async def leave(self):
        """As our own peers do: leave, be told, close."""
        self.leaving = True
        status = await self.ask("phx_leave", {})
        closed = await self.expect("phx_close")
        return status if closed else "no phx_close"

    async def stop(self):
        """As stock peers: a FIN and nothing else."""
        self.persistent = False
        if self.retrying:
            self.retrying.cancel()
        if self.socket and self.socket.ended is None:
            self.socket.drop()
            await self.ended()

    def delay(self):
        """Until the next attempt, in seconds, by generation."""
        self.retry += 1
        if self.generation == "v1":
            return 0 if self.retry == 1 else min(60, 0.5 * 1.5 ** (self.retry - 2)) * random.uniform(0.5, 1.5)
        return min(60, 0.5 * 1.5 ** (self.retry - 1)) * random.uniform(1, 1.7)

    async def reconnect(self):
        while self.persistent and self.exited is None:
            await asyncio.sleep(self.delay())
            try:
                await self.connect()
                return
            except Refused as e:
                fatal = e.status == 401 if self.generation == "v2" else 400 <= e.status < 500
                if fatal:
                    self.exited = f"{e.status}"
                    self.wake()
            except (OSError, Lost, ssl.SSLError):
                pass


def encode(message):
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)
