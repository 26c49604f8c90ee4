# SPDX-License-Identifier: Apache-2.0
"""How strict stock peers read (portal §2.1, §2.4, §6.6): JSON, frames, and a small language for the tables of fields."""
import base64
import functools
import ipaddress
import json
import re

NEVER = 2145916800
DEEPEST = 127  # levels of nesting that the stock parser follows
TUNNEL4, TUNNEL6 = ipaddress.ip_network("100.64.0.0/11"), ipaddress.ip_network("fd00:2021:1111::/107")


class Mistake(Exception):
    """A stock peer would drop this; the text names message and field."""


def fail(path, what):
    raise Mistake(f"{path}: {what}")


# ── JSON ──

def unique(pairs):
    value = dict(pairs)
    if len(value) != len(pairs):
        fail("json", f"a key twice among {sorted(k for k, _ in pairs)}")
    return value


def depth(value):
    level, deepest = [value], 0
    while level:
        deepest += 1
        level = [x for v in level if isinstance(v, (dict, list)) for x in (v.values() if isinstance(v, dict) else v)]
    return deepest


def no_constant(text):
    fail("json", f"{text} is no JSON")


def parse(text):
    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=no_constant)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError) as e:
        fail("json", e)
    if text.count("[") + text.count("{") > DEEPEST and depth(value) > DEEPEST:
        fail("json", "nested too deeply")
    return value


# ── types: a function of value and path that raises Mistake ──

def text(v, path):
    if not isinstance(v, str):
        fail(path, f"a string is wanted, not {v!r:.60}")


def boolean(v, path):
    if not isinstance(v, bool):
        fail(path, f"true or false is wanted, not {v!r:.60}")


def unsigned(v, path):
    if type(v) is not int or not 0 <= v < 1 << 63:
        fail(path, f"an unsigned integer is wanted, not {v!r:.60}")


def port(v, path):
    unsigned(v, path)
    if v > 65535:
        fail(path, f"{v} is no port")


def matching(pattern, what):
    compiled = re.compile(pattern)

    def check(v, path):
        text(v, path)
        if not compiled.fullmatch(v):
            fail(path, f"{v!r:.80} is no {what}")
    return check


uuid = matching("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID in lower case with hyphens")
label = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
domain_labels = matching(rf"{label}(\.{label})*\.?", "domain name")


def domain(v, path):
    domain_labels(v, path)
    if len(v) > 253:
        fail(path, "a domain name this long is none")


@functools.lru_cache(1 << 16)
def is_key(v):
    try:
        raw = base64.b64decode(v, validate=True)
        return len(raw) == 32 and base64.b64encode(raw).decode() == v
    except ValueError:
        return False


def key(v, path):
    text(v, path)
    if not is_key(v):
        fail(path, f"{v!r:.80} are not 32 bytes in padded base64")


def address_in(network):
    @functools.lru_cache(1 << 16)
    def lies_there(v):
        try:
            return ipaddress.ip_address(v) in network
        except ValueError:
            return False

    def check(v, path):
        text(v, path)
        if not lies_there(v):
            fail(path, f"{v!r:.80} is no address of {network}")
    return check


tunnel4, tunnel6 = address_in(TUNNEL4), address_in(TUNNEL6)


def network(v, path):
    text(v, path)
    try:
        if "/" not in v:
            fail(path, f"{v} has no prefix length")
        ipaddress.ip_network(v)  # strict: no host bits
    except ValueError as e:
        fail(path, e)


@functools.lru_cache(1 << 12)
def is_endpoint(v):
    m = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\]:(\d{1,5})|([0-9.]+):(\d{1,5})", v)
    try:
        return m and ipaddress.ip_address(m[1] or m[3]).version == (6 if m[1] else 4) and 0 < int(m[2] or m[4]) < 65536
    except ValueError:
        return False


def endpoint(v, path):
    """ip:port or [ip6]:port."""
    text(v, path)
    if not is_endpoint(v):
        fail(path, f"{v!r:.80} is no literal address with a port")


def array(of):
    def check(v, path):
        if not isinstance(v, list):
            fail(path, f"an array is wanted, not {v!r:.60}")
        for i, x in enumerate(v):
            of(x, f"{path}[{i}]")
    return check


def one_of(*values):
    def check(v, path):
        if v not in values or isinstance(v, bool) != isinstance(values[0], bool):
            fail(path, f"{v!r:.60} is none of {values}")
    return check


def exactly(value):
    def check(v, path):
        if v != value or type(v) is not type(value):
            fail(path, f"exactly {value!r} is wanted, not {v!r:.80}")
    return check


def anything(v, path):
    pass


class Field:
    def __init__(self, type_, may_miss, may_be_null):
        self.type, self.may_miss, self.may_be_null = type_, may_miss, may_be_null

    def __call__(self, v, path):
        if v is not None:
            self.type(v, path)
        elif not self.may_be_null:
            fail(path, "must not be null")


def R(type_):  # the key must be there and not null
    return Field(type_, False, False)


def RN(type_):  # the key must be there
    return Field(type_, False, True)


def O(type_):  # may be missing, not null  # noqa: E743
    return Field(type_, True, False)


def ON(type_):
    return Field(type_, True, True)


def record(**fields):
    """An object; what is not named is ignored."""
    def check(v, path):
        if not isinstance(v, dict):
            fail(path, f"an object is wanted, not {v!r:.60}")
        for name, field in fields.items():
            if name in v:
                field(v[name], f"{path}.{name}")
            elif not field.may_miss:
                fail(f"{path}.{name}", "is missing")
    check.fields = fields
    return check


def extended(base, **fields):
    return record(**{**base.fields, **fields})


def both(*checks):
    def check(v, path):
        for c in checks:
            c(v, path)
    return check


def by_type(**kinds):
    """An object whose "type" says which table it has to follow."""
    def check(v, path):
        record(type=R(one_of(*kinds)))(v, path)
        kinds[v["type"]](v, path)
    return check


# ── frames (§2.1) ──

envelope = record(topic=R(text), event=R(text), payload=RN(anything), ref=ON(unsigned))


def read_frame(frame, events, topic):
    """The frame as a dict, or Mistake. events: name to type of payload; topic: of role messages."""
    message = parse(frame)
    envelope(message, "frame")
    name = message["event"]
    if name == "phx_reply":
        read_reply(message)
        return message
    if message["topic"] != topic:
        fail("frame.topic", f"{message['topic']!r:.60} is not {topic}")
    if message.get("ref") is not None:
        fail("frame.ref", "a push has none")
    if name not in events:
        fail("frame.event", f"{name!r:.60} is not known to a peer of this kind")
    events[name](message["payload"], name)
    return message


def read_reply(message):
    if message.get("ref") is None:
        fail("phx_reply.ref", "is missing")
    record(status=R(one_of("ok", "error")), response=R(anything))(message["payload"], "phx_reply")
    if message["payload"]["status"] == "ok":
        exactly({})(message["payload"]["response"], "phx_reply.response")
    else:
        record(reason=R(text))(message["payload"]["response"], "phx_reply.response")
