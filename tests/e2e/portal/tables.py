# SPDX-License-Identifier: Apache-2.0
"""
What the portal may send to peers of both generations: the columns "Req" of portal §3 to §5, §6.7 for the second one, and what §6.3
has a portal keep to: one spelling of sites, filters always, never ICE-less.
"""
import base64

from strict import (R, O, ON, array, boolean, both, by_type, domain, endpoint, exactly, extended, fail, key, matching, network, one_of,
                    parse, port, read_frame, record, text, tunnel4, tunnel6, unsigned, uuid)

GENERATIONS = ("v1", "v2")

# ── common ──

ice_username, ice_password = matching("[a-z2-7]{4}", "ICE user name"), matching("[a-z2-7]{22}", "ICE password")
ice = record(username=R(ice_username), password=R(ice_password))
ranged = record(port_range_start=O(port), port_range_end=O(port))


def ordered(v, path):
    if v.get("port_range_start", 0) > v.get("port_range_end", 65535):
        fail(path, "the range of ports is empty")


def protocol_filter(v, path):
    record(protocol=R(one_of("tcp", "udp", "icmp")))(v, path)
    if v["protocol"] != "icmp":
        both(ranged, ordered)(v, path)


filters = array(protocol_filter)
relay = by_type(turn=record(id=R(uuid), addr=R(endpoint), username=R(text), password=R(text), expires_at=R(unsigned)),
                stun=record(id=R(uuid), addr=R(endpoint)))


def adjacent(v, path):
    """§5.1: the two entries of a relay stand beside each other, one of each family."""
    for i, r in enumerate(v):
        same = [j for j, other in enumerate(v) if other["id"] == r["id"]]
        if len(same) > 2 or same[-1] - same[0] > 1 or len({v[j]["addr"][0] == "[" for j in same}) != len(same):
            fail(f"{path}[{i}]", "the entries of one relay are not a pair")


def two(v, path):
    """§5.4: as many as a peer gets, unless it says that it has none."""
    if len({r["id"] for r in v}) > 2:
        fail(path, "more relays than two")


relays = both(array(relay), adjacent)
chosen = both(relays, two)
presence = record(disconnected_ids=R(array(uuid)), connected=R(relays))
candidates_of_gateway = record(gateway_id=R(uuid), candidates=R(array(text)))
candidates_of_client = record(client_id=R(uuid), candidates=R(array(text)))
flow_logs = record(api_url=R(text), upload_interval_secs=R(unsigned), upload_batch_size=R(unsigned))
no_iceless = O(exactly(False))

# ── §6.7: the token that v2 peers parse without verifying it; the claims of both ages of it ──

claims = record(**{name: R(text) for name in (
    "account_id", "initiator_device_id", "responder_device_id", "policy_authorization_id", "policy_id", "resource_id", "resource_name",
    "initiator_actor_id", "initiator_actor_name", "authorized_at", "authorization_expires_at", "device_id", "actor_id", "actor_name")},
    iat=R(unsigned), exp=R(unsigned), uploads_enabled=R(exactly(False)), role=R(one_of("initiator", "responder")),
    **{name: ON(text) for name in (
        "resource_address", "initiator_actor_email", "initiator_auth_provider_id", "initiator_client_version", "initiator_device_os_name",
        "initiator_device_os_version", "initiator_device_serial", "initiator_device_uuid", "initiator_device_identifier_for_vendor",
        "initiator_device_firebase_installation_id")})


def base64url(part, path):
    try:
        if "=" in part:
            fail(path, "has padding")
        return base64.b64decode(part + "=" * (-len(part) % 4), b"-_", validate=True)
    except ValueError as e:
        fail(path, e)


def ingest_token(role):
    def check(v, path):
        text(v, path)
        parts = v.split(".")
        if len(parts) != 3 or not base64url(parts[2], f"{path}.signature"):
            fail(path, "three parts with a signature are wanted")
        record(alg=R(one_of("HS256")))(parse(base64url(parts[0], f"{path}.header").decode()), f"{path}.header")
        body = parse(base64url(parts[1], f"{path}.claims").decode())
        claims(body, f"{path}.claims")
        if body["role"] != role:
            fail(f"{path}.claims.role", f"{body['role']} is not {role}")
    return check


# ── gateways (§3) ──

# §3.5: name and address as a pattern; an internet resource needs nothing but its id
gateway_resource = by_type(
    cidr=record(id=R(uuid), name=R(text), address=R(network), filters=R(filters)),
    dns=record(id=R(uuid), name=R(text), address=R(text), filters=R(filters)),
    internet=record(id=R(uuid)))
authorization = record(client_id=R(uuid), resource_id=R(uuid), expires_at=R(unsigned))
gateway_init = record(
    interface=R(record(ipv4=R(tunnel4), ipv6=R(tunnel6))),
    config=R(record(ipv4_masquerade_enabled=R(boolean), ipv6_masquerade_enabled=R(boolean))),
    relays=O(chosen), account_slug=ON(text), authorizations=R(array(authorization)))
authorize = record(
    ref=R(text), resource=R(gateway_resource),
    client=R(record(id=R(uuid), public_key=R(key), preshared_key=R(key), ipv4=R(tunnel4), ipv6=R(tunnel6))),
    client_ice_credentials=R(ice), gateway_ice_credentials=R(ice), expires_at=R(unsigned), use_iceless=no_iceless)
GATEWAY = {
    "ice_candidates": candidates_of_client,
    "invalidate_ice_candidates": candidates_of_client,
    "reject_access": record(client_id=R(uuid), resource_id=R(uuid)),
    "access_authorization_expiry_updated": authorization,
    "resource_updated": gateway_resource,
}

# ── clients (§4) ──

sites = array(record(id=R(uuid), name=R(text)))


def some_site(v, path):
    sites(v, path)
    if not v:
        fail(path, "a resource without site cannot be reached")


def one_spelling(*newer):
    def check(v, path):
        for name in newer:
            if isinstance(v, dict) and name in v:
                fail(f"{path}.{name}", "is a spelling that S does not know, and both are too many")
    return check


described = record(id=R(uuid), name=R(text), address=R(text), address_description=ON(text), filters=R(filters), gateway_groups=R(some_site))
client_resource = both(one_spelling("sites"), by_type(
    cidr=extended(described, address=R(network)),
    dns=extended(described, ip_stack=ON(one_of("dual", "ipv4_only", "ipv6_only"))),
    internet=record(id=R(uuid), gateway_groups=R(some_site), name=O(text))))
interface = record(
    ipv4=R(tunnel4), ipv6=R(tunnel6), search_domain=ON(domain),
    upstream_dns=O(array(record(protocol=R(one_of("ip_port")), address=R(endpoint)))),
    upstream_do53=O(array(record(ip=R(text)))), upstream_doh=O(array(record(url=R(text)))))
client_init = record(interface=R(interface), resources=O(array(client_resource)), relays=O(chosen), authorizations=O(array(authorization)))
created = both(one_spelling("site_id"), record(
    resource_id=R(uuid), gateway_id=R(uuid), gateway_group_id=R(uuid), gateway_public_key=R(key), gateway_ipv4=R(tunnel4),
    gateway_ipv6=R(tunnel6), preshared_key=R(key), client_ice_credentials=R(ice), gateway_ice_credentials=R(ice), use_iceless=no_iceless))
creation_failed = record(resource_id=R(uuid), reason=R(one_of("offline", "not_found", "forbidden", "version_mismatch")),
                         violated_properties=O(array(text)))
CLIENT = {
    "ice_candidates": candidates_of_gateway,
    "invalidate_ice_candidates": candidates_of_gateway,
    "config_changed": record(interface=R(interface)),
    "resource_created_or_updated": client_resource,
    "resource_deleted": uuid,
}
CHANNEL = {"phx_error": exactly({}), "phx_close": exactly({})}


def with_token(role):
    return record(flow_logs_ingest_token=R(ingest_token(role)))


EVENTS = {
    ("relay", "v1"): {**CHANNEL, "init": exactly({})},
    ("gateway", "v1"): {**CHANNEL, **GATEWAY, "relays_presence": presence, "init": gateway_init, "authorize_flow": authorize},
    ("client", "v1"): {**CHANNEL, **CLIENT, "relays_presence": presence, "init": client_init, "flow_created": created,
                       "flow_creation_failed": creation_failed},
    ("gateway", "v2"): {**CHANNEL, **GATEWAY, "relays_presence": presence, "init": extended(gateway_init, flow_logs=R(flow_logs)),
                        "create_authorization": both(authorize, with_token("responder"))},
    ("client", "v2"): {**CHANNEL, **CLIENT, "relays_presence": presence, "init": extended(client_init, flow_logs=R(flow_logs)),
                       "authorization_created": both(created, with_token("initiator")),
                       "authorization_creation_failed": creation_failed},
}
NAMES = {  # §6.2: what each generation calls it
    "v1": {"authorize": "authorize_flow", "authorized": "flow_authorized", "request": "create_flow", "created": "flow_created",
           "failed": "flow_creation_failed"},
    "v2": {"authorize": "create_authorization", "authorized": "authorization_created", "request": "request_authorization",
           "created": "authorization_created", "failed": "authorization_creation_failed"},
}


def read(frame, role, generation):
    """A frame of the portal as such a peer reads it: dict, or Mistake."""
    return read_frame(frame, EVENTS[role, generation], role)
