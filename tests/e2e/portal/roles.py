# SPDX-License-Identifier: Apache-2.0
"""Gateways (portal §3), clients (§4) and relays (§5.7): what they remember, and what they complain of."""
from peer import Peer, new_key

CANDIDATES = ["candidate:7effff7e3ad1c9b2 1 udp 2130706175 192.0.2.20 52625 typ host",
              "candidate:64ffff641b7f02aa 1 udp 1694498559 203.0.113.9 52625 typ srflx raddr 0.0.0.0 rport 0"]
ICE = ("client_ice_credentials", "gateway_ice_credentials", "preshared_key")


class WithRelays(Peer):
    """§5.3: what a peer makes of relay lists."""

    def __init__(self, *a, **k):
        super().__init__(*a, **k)
        self.relays = {}

    def take_relays(self, entries):
        for r in entries:
            old = self.relays.get(r["id"], [])
            fresh = [o for o in old if o["username"] == r["username"] and o["password"] == r["password"] and o["addr"] != r["addr"]]
            self.relays[r["id"]] = fresh + [r]

    def on_relays_presence(self, payload):
        for gone in payload["disconnected_ids"]:
            self.relays.pop(gone, None)
        self.take_relays(payload["connected"])

    def relay_addresses(self):
        return sorted(r["addr"] for entries in self.relays.values() for r in entries)


class Gateway(WithRelays):
    role = "gateway"

    def __init__(self, *a, answers=True, announces=0, **k):  # announces: so many messages for each client
        super().__init__(*a, **k)
        self.answers, self.announces = answers, announces
        self.access, self.clients, self.credentials, self.asked = {}, {}, {}, []

    @property
    def ipv4(self):
        return self.init["interface"]["ipv4"]

    def on_init(self, payload):
        """§3.1: access that is not listed is gone."""
        self.take_relays(payload.get("relays", []))
        self.access = {(a["client_id"], a["resource_id"]): a["expires_at"] for a in payload["authorizations"]}

    def on_authorize(self, p):
        client = p["client"]
        mine = tuple(str(p[k]) if k in p else client[k] for k in ICE)
        pair = client["id"], client["public_key"], self.key
        if self.credentials.setdefault(pair, mine) != mine:
            self.complain(f"credentials of {client['id']} changed though no key did (§3.3)")
        if any(old[0] == pair[0] and old != pair and set(mine) & set(known) for old, known in self.credentials.items()):
            self.complain(f"credentials of {client['id']} stayed though a key changed (§3.3)")
        self.clients[client["id"]] = client
        self.access[client["id"], p["resource"]["id"]] = p["expires_at"]
        self.asked.append(p)
        if self.answers:
            self.answer(p)

    def answer(self, p):
        """§3.2 4 and 5; the reply's future."""
        future = self.say(self.say_as["authorized"], {"ref": p["ref"]}, reply=True)
        for _ in range(self.announces):
            self.say("broadcast_ice_candidates", {"client_ids": [p["client"]["id"]], "candidates": CANDIDATES})
        return future

    def on_reject_access(self, p):
        self.access.pop((p["client_id"], p["resource_id"]), None)
        if not any(c == p["client_id"] for c, _ in self.access):
            self.clients.pop(p["client_id"], None)

    def on_access_authorization_expiry_updated(self, p):
        if self.generation == "v1" and (p["client_id"], p["resource_id"]) in self.access:
            self.access[p["client_id"], p["resource_id"]] = p["expires_at"]

    def on_ice_candidates(self, p):
        if p["client_id"] not in self.clients:
            self.complain(f"candidates of {p['client_id']}, who was not announced (§6.4 2)")

    on_invalidate_ice_candidates = on_ice_candidates

    def new_process(self):
        """§2.9: a key pair of its own each time; nothing is remembered."""
        self.key = new_key()
        self.access, self.clients = {}, {}


class Client(WithRelays):
    role = "client"

    def __init__(self, *a, busy=False, **k):
        super().__init__(*a, **k)
        self.resources, self.wanted, self.mapped, self.gateways, self.used = {}, {}, {}, {}, set()
        self.busy = busy  # has packets for every resource it used: asks again at once

    @property
    def ipv4(self):
        return self.init["interface"]["ipv4"]

    def on_init(self, payload):
        self.take_relays(payload.get("relays", []))
        self.wanted.clear()  # §2.9: requests in flight are not remembered by the portal
        listed = {r["id"]: r for r in payload.get("resources", [])}
        for gone in set(self.resources) - set(listed):
            self.forget(gone)
        if len(listed) != len(payload.get("resources", [])):
            self.complain("a resource is listed twice")
        self.resources = listed

    def on_resource_created_or_updated(self, r):
        old = self.resources.get(r["id"])
        if old and {s["id"]: s["name"] for s in old["gateway_groups"]} != {s["id"]: s["name"] for s in r["gateway_groups"]}:
            self.complain(f"{r['id']} changed its sites without being deleted first (§4.3)")
        if old and any(old.get(k) != r.get(k) for k in ("type", "address", "ip_stack")):
            self.forget(r["id"])
        self.resources[r["id"]] = r
        if self.busy and r["id"] in self.used and r["id"] not in self.mapped and r["id"] not in self.wanted:
            self.request(r["id"])

    def on_resource_deleted(self, id_):
        if id_ not in self.resources:
            self.complain(f"resource_deleted of {id_}, which it does not have")
        self.forget(id_)
        self.resources.pop(id_, None)

    def forget(self, id_):
        self.wanted.pop(id_, None)
        gateway = self.mapped.pop(id_, None)
        if gateway and gateway not in self.mapped.values():
            self.gateways.pop(gateway, None)

    def request(self, resource, connected=None):
        self.used.add(resource)
        self.wanted[resource] = self.wanted.get(resource, 0) + 1
        self.say(self.say_as["request"], {"resource_id": resource,
                                          "connected_gateway_ids": sorted(self.gateways) if connected is None else connected})

    async def flow(self, resource, connected=None, seconds=5):
        """The answer to a request of its own: (event without generation, payload), or None."""
        self.mark()
        self.request(resource, connected)
        names = self.say_as["created"], self.say_as["failed"]
        await self.until(lambda: any(self.seen(n, resource_id=resource) for n in names), seconds)
        found = [n for n in self.news if n.event in names and n.payload["resource_id"] == resource]
        return (self.common_name(found[0].event), found[0].payload) if found else None

    def on_created(self, p):
        id_ = p["resource_id"]
        if id_ not in self.resources:
            self.complain(f"a flow for {id_}, which it does not have")
        if not self.wanted.get(id_):
            self.complain(f"a flow for {id_} that it did not ask for, or a second answer")
        elif self.mapped.get(id_, p["gateway_id"]) != p["gateway_id"]:
            self.complain(f"{id_} is mapped to {self.mapped[id_]} and now to {p['gateway_id']}: clients before 1.5.5 panic (§4.5)")
        self.answered(id_)
        self.mapped[id_] = p["gateway_id"]
        self.gateways[p["gateway_id"]] = p

    def on_failed(self, p):
        if not self.wanted.get(p["resource_id"]):
            self.complain(f"a refusal for {p['resource_id']} that it did not ask for, or a second answer")
        self.answered(p["resource_id"])
        if p["reason"] == "offline":
            self.lose(self.mapped.get(p["resource_id"]))

    def answered(self, id_):
        left = self.wanted.pop(id_, 0) - 1
        if left > 0:
            self.wanted[id_] = left

    def lose(self, gateway):
        """A goodbye or a time-out of the data plane: the portal learns nothing."""
        self.gateways.pop(gateway, None)
        self.mapped = {r: g for r, g in self.mapped.items() if g != gateway}

    def on_ice_candidates(self, p):
        if p["gateway_id"] not in self.gateways:
            self.complain(f"candidates of {p['gateway_id']}, which it has no connection to (§6.4 3)")

    on_invalidate_ice_candidates = on_ice_candidates

    def tell_candidates(self, gateway, candidates=CANDIDATES, gone=False):
        """§6.3 d: by generation."""
        if self.generation == "v1":
            self.say("broadcast_invalidated_ice_candidates" if gone else "broadcast_ice_candidates",
                     {"gateway_ids": [gateway], "candidates": candidates})
        else:
            self.say("invalidate_gateway_ice_candidates" if gone else "new_gateway_ice_candidates",
                     {"gateway_id": gateway, "candidates": candidates})

    def new_process(self):
        self.key = new_key()
        self.mapped, self.gateways, self.wanted = {}, {}, {}


class Relay(Peer):
    role = "relay"

    def __init__(self, portal, token, secret, ipv4=None, ipv6=None, port=3478, **k):
        super().__init__(portal, token, k.pop("external_id", "relay"), **k)
        self.join_payload, self.addresses, self.port = {"stamp_secret": secret}, (ipv4, ipv6), port

    def parameters(self):
        given = [("name", self.name)] + [(k, v) for k, v in zip(("ipv4", "ipv6"), self.addresses) if v]
        return given + [("port", str(self.port))]
