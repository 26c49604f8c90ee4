# SPDX-License-Identifier: Apache-2.0
"""Frames that stock peers take (portal §3 to §5, §6.3), and each mistake of §2.1, §1.2, §6.6 and §6.7 that they do not take."""
import base64
import hashlib
import json
import struct

GONE = object()
SITE, RESOURCE, OTHER_ID = ("c2a8b1f3-4d55-4e2c-9037-88f1dab5e603", "d3b9c2a4-5e66-4f3d-a148-99a2ebc6f704",
                            "e4cad3b5-6f77-4a4e-b259-aab3fcd70805")
CLIENT_ID, GATEWAY_ID, RELAY_ID = ("8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701", "b1f7a0e2-3c44-4d1b-8f26-77e0c9a4d502",
                                   "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d")
KEY, PSK, OTHER_KEY = (base64.b64encode(bytes(range(n, n + 32))).decode() for n in (1, 2, 3))
OWN = {"ipv4": "100.72.3.44", "ipv6": "fd00:2021:1111::9:3c2c"}
ICE = {"client_ice_credentials": {"username": "pxcy", "password": "xencxidokfqyv7s7vonpi7"},
       "gateway_ice_credentials": {"username": "pf3b", "password": "ikulfnvhx7jggbm2nn42pa"}}
CIDR = {"id": RESOURCE, "type": "cidr", "name": "Lab", "address": "10.20.0.0/16",
        "filters": [{"protocol": "tcp", "port_range_start": 443, "port_range_end": 443}, {"protocol": "icmp"}]}
LISTED = {**CIDR, "address_description": None, "gateway_groups": [{"id": SITE, "name": "Main site"}]}
DNS = {**LISTED, "id": OTHER_ID, "type": "dns", "address": "*.acme.example", "ip_stack": "dual"}
INTERNET = {"id": CLIENT_ID, "type": "internet", "gateway_groups": LISTED["gateway_groups"]}
TURN = {"id": RELAY_ID, "type": "turn", "addr": "198.51.100.10:3478", "username": "u", "password": "p", "expires_at": 2145916800}
TURN6 = {**TURN, "addr": "[2001:db8::10]:3478"}
CANDIDATE = ["candidate:7effff7e3ad1c9b2 1 udp 2130706175 192.0.2.20 52625 typ host"]
FLOW_LOGS = {"api_url": "http://127.0.0.1:9/", "upload_interval_secs": 0, "upload_batch_size": 0}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(role, header=b'{"alg":"HS256"}', signature=b"x", **changes):
    names = ("account_id", "initiator_device_id", "responder_device_id", "policy_authorization_id", "policy_id", "resource_id", "resource_name",
             "initiator_actor_id", "initiator_actor_name", "authorized_at", "authorization_expires_at", "device_id", "actor_id", "actor_name")
    claims = {**{n: "x" for n in names}, "iat": 1, "exp": 2, "uploads_enabled": False, "role": role, **changes}
    claims = {k: v for k, v in claims.items() if v is not GONE}
    return ".".join(map(base64url, (header, json.dumps(claims).encode(), signature)))


def push(topic, event, payload):
    return {"topic": topic, "event": event, "ref": None, "payload": payload}


def reply(topic, ref, status="ok", response=None):
    return {"topic": topic, "event": "phx_reply", "ref": ref, "payload": {"status": status, "response": response or {}}}


def of(topic, **events):
    return {event: push(topic, event, payload) for event, payload in events.items()}


CONFIG = {"ipv4_masquerade_enabled": True, "ipv6_masquerade_enabled": True}
GATEWAY_INIT = {"interface": OWN, "config": CONFIG, "relays": [TURN, TURN6], "account_slug": "acme",
                "authorizations": [{"client_id": CLIENT_ID, "resource_id": RESOURCE, "expires_at": 1790000000}]}
AUTHORIZE = {"ref": "r", "resource": CIDR, "client": {"id": CLIENT_ID, "public_key": KEY, "preshared_key": PSK, **OWN}, **ICE,
             "expires_at": 1790000000}
CREATED = {"resource_id": RESOURCE, "gateway_id": GATEWAY_ID, "gateway_group_id": SITE, "gateway_public_key": KEY,
           "gateway_ipv4": OWN["ipv4"], "gateway_ipv6": OWN["ipv6"], "preshared_key": PSK, **ICE}
FAILED = {"resource_id": RESOURCE, "reason": "forbidden", "violated_properties": ["remote_ip"]}
INTERFACE = {**OWN, "upstream_dns": [{"protocol": "ip_port", "address": "9.9.9.9:53"}], "search_domain": "acme.example"}
CLIENT_INIT = {"interface": INTERFACE, "resources": [LISTED, DNS, INTERNET], "relays": [TURN]}
PRESENCE = {"disconnected_ids": [OTHER_ID], "connected": [TURN, TURN6]}
PAIR = {"client_id": CLIENT_ID, "resource_id": RESOURCE}
COMMON = {"relays_presence": PRESENCE, "phx_close": {}, "phx_error": {}}
TO_GATEWAY = {**COMMON, "ice_candidates": {"client_id": CLIENT_ID, "candidates": CANDIDATE}, "reject_access": PAIR,
              "invalidate_ice_candidates": {"client_id": CLIENT_ID, "candidates": CANDIDATE}, "resource_updated": CIDR,
              "access_authorization_expiry_updated": {**PAIR, "expires_at": 1790000000}}
TO_CLIENT = {**COMMON, "ice_candidates": {"gateway_id": GATEWAY_ID, "candidates": CANDIDATE}, "config_changed": {"interface": INTERFACE},
             "invalidate_ice_candidates": {"gateway_id": GATEWAY_ID, "candidates": CANDIDATE}, "resource_deleted": RESOURCE,
             "resource_created_or_updated": LISTED}
FRAMES = {
    ("gateway", "v1"): of("gateway", **TO_GATEWAY, init=GATEWAY_INIT, authorize_flow=AUTHORIZE),
    ("gateway", "v2"): of("gateway", **TO_GATEWAY, init={**GATEWAY_INIT, "flow_logs": FLOW_LOGS},
                          create_authorization={**AUTHORIZE, "flow_logs_ingest_token": token("responder"), "use_iceless": False}),
    ("client", "v1"): of("client", **TO_CLIENT, init=CLIENT_INIT, flow_created=CREATED, flow_creation_failed=FAILED),
    ("client", "v2"): of("client", **TO_CLIENT, init={**CLIENT_INIT, "flow_logs": FLOW_LOGS},
                         authorization_created={**CREATED, "flow_logs_ingest_token": token("initiator")},
                         authorization_creation_failed=FAILED),
    ("relay", "v1"): of("relay", init={}),
}
FRAMES["gateway", "v1"]["phx_reply"] = reply("gateway", 1)
FRAMES["gateway", "v2"]["phx_reply"] = reply("gateway", 1)

# ── mistakes: what, roles, event, path, value, how the complaint begins ──

G1, G2, C1, C2 = ("gateway", "v1"), ("gateway", "v2"), ("client", "v1"), ("client", "v2")
G, C = [G1, G2], [C1, C2]
P = "payload"


def both_generations(roles, first, second):
    """(roles of one generation, its event) of a message with two names."""
    return [([roles[0]], first), ([roles[1]], second)]


MISTAKES = [
    # §6.6, in its order
    ("a reply's ref as string", G, "phx_reply", ["ref"], "1", "frame.ref"),
    ("a reply's ref as float", G, "phx_reply", ["ref"], 1.0, "frame.ref"),
    ("a reply's negative ref", G, "phx_reply", ["ref"], -1, "frame.ref"),
    ("a reply without ref", G, "phx_reply", ["ref"], GONE, "phx_reply.ref"),
    ("an ok reply whose response is null", G, "phx_reply", [P, "response"], None, "phx_reply.response"),
    ("an ok reply whose response is not empty", G, "phx_reply", [P, "response"], {"a": 1}, "phx_reply.response"),
    ("an ok reply whose response is a list", G, "phx_reply", [P, "response"], [], "phx_reply.response"),
    ("an ok reply without response", G, "phx_reply", [P, "response"], GONE, "phx_reply.response"),
    ("an error reply without reason", G, "phx_reply", [P], {"status": "error", "response": {}}, "phx_reply.response.reason"),
    ("phx_close with a payload", G + C, "phx_close", [P], {"reason": "x"}, "phx_close"),
    ("phx_error with a payload", G + C, "phx_error", [P], None, "phx_error"),
    ("init without config", G, "init", [P, "config"], GONE, "init.config"),
    ("init without a member of config", G, "init", [P, "config", "ipv6_masquerade_enabled"], GONE, "init.config.ipv6_masquerade_enabled"),
    ("an address without prefix length", G, "resource_updated", [P, "address"], "10.20.0.0", "resource_updated.address"),
    ("an address with host bits", G, "resource_updated", [P, "address"], "10.20.0.1/16", "resource_updated.address"),
    ("an IPv6 address with host bits", G, "resource_updated", [P, "address"], "fd20::1/64", "resource_updated.address"),
    ("a client's address with host bits", C, "resource_created_or_updated", [P, "address"], "10.20.0.1/16", "resource_created_or_updated.address"),
    ("filters that are missing", G, "resource_updated", [P, "filters"], GONE, "resource_updated.filters"),
    ("filters that are null", G + C[:0], "resource_updated", [P, "filters"], None, "resource_updated.filters"),
    ("a client's filters that are null", C, "resource_created_or_updated", [P, "filters"], None, "resource_created_or_updated.filters"),
    ("a port that is null", G, "resource_updated", [P, "filters", 0, "port_range_start"], None, "resource_updated.filters[0].port_range_start"),
    ("a port out of range", G, "resource_updated", [P, "filters", 0, "port_range_end"], 65536, "resource_updated.filters[0].port_range_end"),
    ("a port as string", G, "resource_updated", [P, "filters", 0, "port_range_end"], "443", "resource_updated.filters[0].port_range_end"),
    ("an unknown protocol", G, "resource_updated", [P, "filters", 1, "protocol"], "sctp", "resource_updated.filters[1].protocol"),
    ("an unknown type of resource", G, "resource_updated", [P, "type"], "static_device_pool", "resource_updated.type"),
    ("a resource without type", C, "init", [P, "resources", 0, "type"], GONE, "init.resources[0].type"),
    ("a resource without sites", C, "init", [P, "resources", 0, "gateway_groups"], GONE, "init.resources[0].gateway_groups"),
    ("a resource with both spellings of its sites", C, "init", [P, "resources", 0, "sites"], [], "init.resources[0].sites"),
    ("an unknown ip_stack", C, "init", [P, "resources", 1, "ip_stack"], "ipv5", "init.resources[1].ip_stack"),
    ("an unknown type of relay", G + C, "init", [P, "relays", 0, "type"], "masque", "init.relays[0].type"),
    ("a relay's expiry as string", G + C, "init", [P, "relays", 0, "expires_at"], "2145916800", "init.relays[0].expires_at"),
    ("a relay's expiry as float", G + C, "init", [P, "relays", 0, "expires_at"], 2145916800.0, "init.relays[0].expires_at"),
    ("a relay's host name", G + C, "init", [P, "relays", 0, "addr"], "relay.example:3478", "init.relays[0].addr"),
    ("a relay without port", G + C, "init", [P, "relays", 0, "addr"], "198.51.100.10", "init.relays[0].addr"),
    ("a relay's IPv6 address without brackets", G + C, "init", [P, "relays", 0, "addr"], "2001:db8::1:3478", "init.relays[0].addr"),
    ("a relay's two entries apart", G, "init", [P, "relays"], [TURN, {**TURN, "id": OTHER_ID}, TURN6], "init.relays[0]"),
    ("three relays", G + C, "init", [P, "relays"], [TURN, {**TURN, "id": OTHER_ID}, {**TURN, "id": SITE}], "init.relays"),
    ("relays_presence without disconnected_ids", G + C, "relays_presence", [P, "disconnected_ids"], GONE, "relays_presence.disconnected_ids"),
    ("relays_presence without connected", G + C, "relays_presence", [P, "connected"], GONE, "relays_presence.connected"),
    ("relays that are null", G + C, "init", [P, "relays"], None, "init.relays"),
    ("resources that are null", C, "init", [P, "resources"], None, "init.resources"),
    ("authorizations that are null", G, "init", [P, "authorizations"], None, "init.authorizations"),
    ("upstream_dns that is null", C, "init", [P, "interface", "upstream_dns"], None, "init.interface.upstream_dns"),
    ("an upstream server without port", C, "init", [P, "interface", "upstream_dns", 0, "address"], "9.9.9.9", "init.interface.upstream_dns[0].address"),
    ("an upstream server of another protocol", C, "config_changed", [P, "interface", "upstream_dns", 0, "protocol"], "dot",
     "config_changed.interface.upstream_dns[0].protocol"),
    ("a search domain that is none", C, "init", [P, "interface", "search_domain"], "acme..example", "init.interface.search_domain"),
    ("resource_deleted as object", C, "resource_deleted", [P], {"id": RESOURCE}, "resource_deleted"),
    ("an expiry as float", G, "access_authorization_expiry_updated", [P, "expires_at"], 1.5, "access_authorization_expiry_updated.expires_at"),
    ("an expiry that is true", G, "access_authorization_expiry_updated", [P, "expires_at"], True, "access_authorization_expiry_updated.expires_at"),
    ("a UUID that is none", G, "reject_access", [P, "client_id"], "x", "reject_access.client_id"),
    ("candidates that are no array", G + C, "ice_candidates", [P, "candidates"], "x", "ice_candidates.candidates"),
    ("a tunnel address that is not one", G, "init", [P, "interface", "ipv4"], "100.96.0.1", "init.interface.ipv4"),
    ("an IPv6 tunnel address that is not one", C, "init", [P, "interface", "ipv6"], "fd00:2021:1111:8000::1", "init.interface.ipv6"),
    ("an unknown event", G + C, "init", ["event"], "news", "frame.event"),
    ("a push with a ref", G + C, "init", ["ref"], 4, "frame.ref"),
    ("a push on another topic", G + C, "init", ["topic"], "phoenix", "frame.topic"),
    ("a frame without topic", G + C, "init", ["topic"], GONE, "frame.topic"),
    ("a frame without payload", G + C, "init", [P], GONE, "frame.payload"),
    # §6.7
    ("init without flow_logs", [G2, C2], "init", [P, "flow_logs"], GONE, "init.flow_logs"),
    ("flow_logs without interval", [G2, C2], "init", [P, "flow_logs", "upload_interval_secs"], GONE, "init.flow_logs.upload_interval_secs"),
    ("a name of v1", [G2], "init", ["event"], "authorize_flow", "frame.event"),
    ("a name of v1 to a client", [C2], "init", ["event"], "flow_created", "frame.event"),
    ("a name of v2", [G1], "init", ["event"], "create_authorization", "frame.event"),
    ("a name of v2 to a client", [C1], "init", ["event"], "authorization_created", "frame.event"),
]

for roles, event in both_generations(G, "authorize_flow", "create_authorization"):
    MISTAKES += [
        (f"{event} without expires_at", roles, event, [P, "expires_at"], GONE, f"{event}.expires_at"),
        (f"{event} without ref", roles, event, [P, "ref"], GONE, f"{event}.ref"),
        (f"{event} with a key of 31 bytes", roles, event, [P, "client", "public_key"], base64.b64encode(bytes(31)).decode(), f"{event}.client.public_key"),
        (f"{event} with an unpadded PSK", roles, event, [P, "client", "preshared_key"], PSK.rstrip("="), f"{event}.client.preshared_key"),
        (f"{event} with a key in base64url", roles, event, [P, "client", "public_key"], "-" + KEY[1:], f"{event}.client.public_key"),
        (f"{event} with a password that ICE does not take", roles, event, [P, "client_ice_credentials", "password"], "short",
         f"{event}.client_ice_credentials.password"),
        (f"{event} without the client's address", roles, event, [P, "client", "ipv6"], GONE, f"{event}.client.ipv6"),
        (f"{event} without filters", roles, event, [P, "resource", "filters"], GONE, f"{event}.resource.filters"),
        (f"{event} that asks for no ICE", roles, event, [P, "use_iceless"], True, f"{event}.use_iceless"),
    ]
for roles, event in both_generations(C, "flow_created", "authorization_created"):
    MISTAKES += [(f"{event} without {k}", roles, event, [P, k], GONE, f"{event}.{k}") for k in CREATED]
    MISTAKES += [(f"{event} with both spellings of the site", roles, event, [P, "site_id"], SITE, f"{event}.site_id")]
for roles, event in both_generations(C, "flow_creation_failed", "authorization_creation_failed"):
    MISTAKES += [
        (f"{event} with null instead of an array", roles, event, [P, "violated_properties"], None, f"{event}.violated_properties"),
        (f"{event} without reason", roles, event, [P, "reason"], GONE, f"{event}.reason"),
    ]
for roles, event, own, other in (([G2], "create_authorization", "responder", "initiator"), ([C2], "authorization_created", "initiator", "responder")):
    at = f"{event}.flow_logs_ingest_token"
    for what, value, named in (
            ("is missing", GONE, at), ("has two parts", "a.b", at), ("has no signature", token(own, signature=b""), at),
            ("is of another algorithm", token(own, header=b'{"alg":"none"}'), f"{at}.header.alg"),
            ("has padding", token(own, signature=b"x") + "==", f"{at}.signature"), ("is of the other role", token(other), f"{at}.claims.role"),
            ("lacks a claim", token(own, policy_id=GONE), f"{at}.claims.policy_id"),
            ("lacks a claim of builds between", token(own, actor_name=GONE), f"{at}.claims.actor_name"),
            ("has a claim of another type", token(own, iat="1"), f"{at}.claims.iat"),
            ("allows uploads", token(own, uploads_enabled=True), f"{at}.claims.uploads_enabled")):
        MISTAKES.append((f"a token that {what}", roles, event, [P, "flow_logs_ingest_token"], value, named))

GOOD_TEXT = json.dumps(FRAMES[G1]["init"])
TEXTS = [
    ("a key twice", GOOD_TEXT[:-1] + ',"ref":null}', "json"),
    ("a key twice within", GOOD_TEXT.replace('"account_slug"', '"relays": [], "account_slug"'), "json"),
    ("JSON that ends early", GOOD_TEXT[:-1], "json"),
    ("an empty frame", "", "json"),
    ("a number that JSON does not have", GOOD_TEXT.replace("1790000000", "NaN"), "json"),
    ("half a surrogate pair", GOOD_TEXT.replace("acme", "\\ud800"), "json"),
    ("something behind the object", GOOD_TEXT + "{}", "json"),
    ("a nest that is too deep", GOOD_TEXT[:-1] + ',"x":' + "[" * 200 + "]" * 200 + "}", "json"),
    ("an array", "[null,null]", "frame"),
]

# ── the upgrade (§1.2) ──

SEC_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def accept_of(sec_key):
    return base64.b64encode(hashlib.sha1(sec_key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()


def answer(**changes):
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept_of(SEC_KEY), **changes}
    return [(k.replace("_", "-"), v) for k, v in headers.items() if v is not GONE]


UPGRADES = [
    ("the three headers", "HTTP/1.1", answer(), None),
    ("another case", "HTTP/1.1", answer(Upgrade="WebSocket", Connection="upgrade"), None),
    ("a list in Connection", "HTTP/1.1", answer(Connection="keep-alive, Upgrade"), "Connection"),
    ("Connection twice", "HTTP/1.1", answer() + [("Connection", "Upgrade")], "Connection"),
    ("no Upgrade", "HTTP/1.1", answer(Upgrade=GONE), "Upgrade"),
    ("another key's answer", "HTTP/1.1", answer(**{"Sec-WebSocket-Accept": accept_of("x")}), "Accept"),
    ("a subprotocol", "HTTP/1.1", answer(Sec_WebSocket_Protocol="phoenix"), "Protocol"),
    ("an extension", "HTTP/1.1", answer(Sec_WebSocket_Extensions="permessage-deflate"), "Extensions"),
    ("HTTP/1.0", "HTTP/1.0", answer(), "HTTP/1.0"),
]


def accepting(sec_key):
    return f"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept_of(sec_key)}\r\n\r\n".encode()


def server_frame(opcode, data, fin=True):
    return bytes([opcode | (0x80 if fin else 0), len(data)]) + data


WORD = "grüße".encode()
FRAGMENTS = server_frame(1, WORD[:3], False) + server_frame(0, WORD[3:4], False) + server_frame(0, WORD[4:])
PING = server_frame(9, b"")
CLOSE = server_frame(8, struct.pack("!H", 1012))
