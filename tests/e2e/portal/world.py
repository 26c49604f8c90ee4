# SPDX-License-Identifier: Apache-2.0
"""The portal's file as tests change it: sites, actors, resources, policies, relays, by name; ids that tests know beforehand."""
import time
import uuid


def id_of(kind, name):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{name}"))


def filters(*texts):
    """For the file: "tcp", "udp/53", "tcp/8000-8080", "icmp"."""
    parts = [t.partition("/") for t in texts]
    return [{"protocol": protocol, **({"ports": [ports]} if ports else {})} for protocol, _, ports in parts]


def told(*texts):
    """The same as peers are told of it (portal §3.5)."""
    result = []
    for protocol, _, ports in (t.partition("/") for t in texts):
        low, _, high = ports.partition("-")
        result.append({"protocol": protocol, **({"port_range_start": int(low), "port_range_end": int(high or low)} if ports else {})})
    return result


def moment(unix_seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_seconds))


class World:
    """Attributes are plain lists and dicts: a test changes them and writes the file anew."""

    def __init__(self):
        self.sites, self.actors, self.resources, self.policies, self.relays = [], [], [], [], []
        self.dns, self.search_domain, self.timing, self.limits, self.listen = [], None, {}, {}, []
        self.quota, self.more = {}, {}

    def site(self, name):
        self.sites.append({"id": id_of("site", name), "name": name})
        return self.sites[-1]["id"]

    def actor(self, name, **more):
        self.actors.append({"id": id_of("actor", name), "name": name, **more})
        return name

    def resource(self, name, address, *sites, type="cidr", filter=(), **more):
        entry = {"id": id_of("resource", name), "name": name, "type": type, "sites": list(sites), **more}
        if type != "internet":
            entry |= {"address": address, "filters": filters(*filter)}
        self.resources.append(entry)
        return entry["id"]

    def policy(self, name, actors, resources, **more):
        self.policies.append({"id": id_of("policy", name), "name": name, "actors": list(actors), "resources": list(resources), **more})
        return self.policies[-1]

    def relay(self, name, ipv4=None, ipv6=None, **credentials):
        self.relays.append({"id": id_of("relay", name), "name": name, **({"ipv4": ipv4} if ipv4 else {}),
                            **({"ipv6": ipv6} if ipv6 else {}), **credentials})
        return self.relays[-1]["id"]

    def find(self, kind, name):
        return next(e for e in getattr(self, kind) if e["name"] == name)

    def without(self, kind, name):
        setattr(self, kind, [e for e in getattr(self, kind) if e["name"] != name])

    def file(self, portal):
        listen = [{"address": f"{portal.where[0]}:{portal.where[1]}"}] + self.listen
        doc = {"account_slug": "acme", "database": portal.database, "control_socket": portal.control, "listen": listen,
               "http": {"listen": [f"{portal.http_at[0]}:{portal.http_at[1]}"]}, "sites": self.sites, "actors": self.actors,
               "resources": self.resources, "policies": self.policies, "relays": self.relays, "timing": self.timing,
               "limits": self.limits, "quota": self.quota, **self.more}
        if self.dns or self.search_domain:
            doc["dns"] = {"upstream": self.dns, **({"search_domain": self.search_domain} if self.search_domain else {})}
        return doc


def small(**timing):
    """One site, two actors; Ann may use everything, Bob one resource."""
    w = World()
    w.timing = timing
    w.site("main")
    w.site("empty")
    w.actor("ann")
    w.actor("bob")
    w.resource("lab", "10.20.0.0/16", "main", filter=("tcp/443", "icmp"))
    w.resource("six", "fd20::/64", "main")
    w.resource("git", "*.acme.example", "main", type="dns", description="https://git.acme.example")
    w.resource("lonely", "10.30.0.0/16", "empty")
    w.resource("far", "10.40.0.0/16", "main")
    w.policy("ann", ["ann"], ["lab", "six", "git", "lonely"])
    w.policy("bob", ["bob"], ["lab"])
    w.policy("elsewhere", ["ann"], ["far"], networks=["192.0.2.0/24"])
    w.relay("static", "198.51.100.10:3478", "[2001:db8::10]:3478", username="user", password="static-relay-password")
    w.dns, w.search_domain = ["9.9.9.9:53", "[2620:fe::fe]:53"], "acme.example"
    return w
