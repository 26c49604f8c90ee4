/* SPDX-License-Identifier: Apache-2.0 */
/* The "nf" object: workers, memory, ports, interfaces, routes, host port, plugins. */
#include <stdlib.h>
#include <string.h>

#include "cursor.h"

static bool read_worker_list(struct cursor *c, const json_t *list, struct config_nf *nf)
{
	size_t i;
	json_t *cpu;
	size_t mark = cursor_enter(c, "workers");
	if (json_array_size(list) == 0 || json_array_size(list) > CONFIG_WORKER_MAX)
		return cursor_fail(c, NULL, "must name 1 to %d CPUs", CONFIG_WORKER_MAX);
	json_array_foreach(list, i, cpu) {
		size_t inner = cursor_enter_index(c, i);
		if (!json_is_integer(cpu) || json_integer_value(cpu) < 0 || json_integer_value(cpu) > 1023)
			return cursor_fail(c, NULL, "is not a CPU number");
		nf->worker_cpus[i] = (uint16_t)json_integer_value(cpu);
		cursor_leave(c, inner);
	}
	nf->worker_count = (uint16_t)json_array_size(list);
	nf->workers_listed = true;
	cursor_leave(c, mark);
	return true;
}

static bool read_workers(struct cursor *c, const json_t *o, struct config_nf *nf)
{
	const json_t *w = json_object_get(o, "workers");
	if (!w || (json_is_string(w) && strcmp(json_string_value(w), "auto") == 0)) {
		nf->workers_auto = true;
		return true;
	}
	if (json_is_array(w))
		return read_worker_list(c, w, nf);
	if (!json_is_integer(w))
		return cursor_fail(c, "workers", "must be \"auto\", a number, or a list of CPUs");
	nf->worker_count = (uint16_t)cursor_uint(c, o, "workers", 1, CONFIG_WORKER_MAX, 1);
	return !c->failed;
}

static bool read_port(struct cursor *c, const json_t *o, struct config_nf *nf, struct config_port *p)
{
	static const char *const known[] = {"name", "device", "rx_queues", "tx_queues", "descriptors", "mtu", NULL};
	if (!json_is_object(o))
		return cursor_fail(c, NULL, "must be an object");
	if (!cursor_known(c, o, known))
		return false;
	if (!cursor_string(c, o, "name", p->name, sizeof(p->name)) || !p->name[0])
		return cursor_fail(c, "name", "is missing");
	if (!cursor_string(c, o, "device", p->device, sizeof(p->device)) || !p->device[0])
		return cursor_fail(c, "device", "is missing: an EAL device string");
	for (const struct config_port *q = nf->ports; q < p; q++) {
		if (strcmp(q->name, p->name) == 0)
			return cursor_fail(c, "name", "\"%s\" is taken by another port", p->name);
		size_t n = strcspn(p->device, ",");
		if (n == strcspn(q->device, ",") && strncmp(q->device, p->device, n) == 0)
			return cursor_fail(c, "device", "\"%.*s\" is taken by port \"%s\"", (int)n, p->device, q->name);
	}
	p->rx_queues = (uint16_t)cursor_uint(c, o, "rx_queues", 1, CONFIG_WORKER_MAX, 0);
	p->tx_queues = (uint16_t)cursor_uint(c, o, "tx_queues", 1, CONFIG_WORKER_MAX, 0);
	p->descriptors = (uint16_t)cursor_uint(c, o, "descriptors", 64, 16384, 0);
	p->mtu = (uint16_t)cursor_uint(c, o, "mtu", 576, 9600, 0);
	return !c->failed;
}

static bool read_ports(struct cursor *c, const json_t *o, struct config_nf *nf)
{
	const json_t *list = cursor_member(c, o, "ports", JSON_ARRAY);
	size_t mark = cursor_enter(c, "ports"), i;
	json_t *port;
	if (!list || json_array_size(list) == 0 || json_array_size(list) > CONFIG_PORT_MAX)
		return cursor_fail(c, NULL, "must list 1 to %d ports", CONFIG_PORT_MAX);
	json_array_foreach(list, i, port) {
		size_t inner = cursor_enter_index(c, i);
		if (!read_port(c, port, nf, &nf->ports[i]))
			return false;
		nf->n_ports++;
		cursor_leave(c, inner);
	}
	cursor_leave(c, mark);
	return true;
}

static bool read_addresses(struct cursor *c, const json_t *o, struct config_interface *ifc)
{
	const json_t *list = cursor_member(c, o, "addresses", JSON_ARRAY);
	size_t mark = cursor_enter(c, "addresses"), i;
	json_t *value;
	char text[64];
	if (!list || json_array_size(list) == 0 || json_array_size(list) > CONFIG_ADDR_MAX)
		return cursor_fail(c, NULL, "must list 1 to %d addresses", CONFIG_ADDR_MAX);
	json_array_foreach(list, i, value) {
		struct config_addr *a = &ifc->addresses[i];
		size_t inner = cursor_enter_index(c, i);
		if (!cursor_expand(c, NULL, value, text, sizeof(text)) || !parse_interface_address(c, NULL, text, a))
			return false;
		for (size_t k = 0; k < i; k++)
			if (addr_same(&ifc->addresses[k], a))
				return cursor_fail(c, NULL, "\"%s\" is there already", text);
		ifc->n_addresses++;
		cursor_leave(c, inner);
	}
	cursor_leave(c, mark);
	return true;
}

static bool on_link(const struct config_interface *ifc, const struct config_addr *a)
{
	for (uint16_t i = 0; i < ifc->n_addresses; i++)
		if (addr_covers(&ifc->addresses[i], a))
			return true;
	return a->family == 6 && a->addr[0] == 0xfe && (a->addr[1] & 0xc0) == 0x80;
}

static bool read_gateways(struct cursor *c, const json_t *o, struct config_interface *ifc)
{
	const json_t *list = cursor_member(c, o, "gateways", JSON_ARRAY);
	size_t mark = cursor_enter(c, "gateways"), i;
	json_t *value;
	char text[64];
	struct config_addr a;
	json_array_foreach(list, i, value) {
		size_t inner = cursor_enter_index(c, i);
		if (!cursor_expand(c, NULL, value, text, sizeof(text)) || !parse_address(c, NULL, text, &a))
			return false;
		struct config_addr *slot = a.family == 4 ? &ifc->gateway4 : &ifc->gateway6;
		if (slot->family)
			return cursor_fail(c, NULL, "\"%s\" is a second gateway of its family", text);
		if (!on_link(ifc, &a))
			return cursor_fail(c, NULL, "\"%s\" is on no network of this interface", text);
		*slot = a;
		cursor_leave(c, inner);
	}
	cursor_leave(c, mark);
	return !c->failed;
}

static bool has_family(const struct config_interface *ifc, uint8_t family)
{
	for (uint16_t i = 0; i < ifc->n_addresses; i++)
		if (ifc->addresses[i].family == family)
			return true;
	return false;
}

static bool read_interface(struct cursor *c, const json_t *all, const char *name, struct config_nf *nf,
			   struct config_interface *ifc)
{
	static const char *const known[] = {"port", "vlan", "addresses", "gateways", "mtu", NULL};
	const json_t *o = cursor_member(c, all, name, JSON_OBJECT);
	char port[CONFIG_NAME_BYTES];
	if (!o)
		return !c->failed;
	size_t mark = cursor_enter(c, name);
	if (!cursor_known(c, o, known))
		return false;
	if (!cursor_string(c, o, "port", port, sizeof(port)))
		return cursor_fail(c, "port", "is missing: the name of a port");
	while (ifc->port < nf->n_ports && strcmp(nf->ports[ifc->port].name, port) != 0)
		ifc->port++;
	if (ifc->port == nf->n_ports)
		return cursor_fail(c, "port", "there is no port \"%s\"", port);
	ifc->in_use = true;
	ifc->vlan = (uint16_t)cursor_uint(c, o, "vlan", 1, 4094, 0);
	ifc->mtu = (uint16_t)cursor_uint(c, o, "mtu", 576, 9600, 0);
	if (!read_addresses(c, o, ifc) || !read_gateways(c, o, ifc))
		return false;
	uint16_t port_mtu = nf->ports[ifc->port].mtu;
	if (ifc->mtu && port_mtu && ifc->mtu > port_mtu)
		return cursor_fail(c, "mtu", "%u is more than the port's %u", ifc->mtu, port_mtu);
	if (ifc->mtu && ifc->mtu < 1280 && has_family(ifc, 6))
		return cursor_fail(c, "mtu", "%u is less than the 1280 that IPv6 needs", ifc->mtu);
	cursor_leave(c, mark);
	return !c->failed;
}

static bool read_interfaces(struct cursor *c, const json_t *o, struct config_nf *nf)
{
	static const char *const known[] = {"wan", "lan", NULL};
	const json_t *all = cursor_member(c, o, "interfaces", JSON_OBJECT);
	if (!all)
		return cursor_fail(c, "interfaces", "is missing");
	size_t mark = cursor_enter(c, "interfaces");
	if (!cursor_known(c, all, known) || !read_interface(c, all, "wan", nf, &nf->wan) ||
	    !read_interface(c, all, "lan", nf, &nf->lan))
		return false;
	if (!nf->wan.in_use)
		return cursor_fail(c, "wan", "is missing");
	if (nf->lan.in_use && nf->lan.port == nf->wan.port && nf->lan.vlan == nf->wan.vlan)
		return cursor_fail(c, "lan", "has the same port and VLAN as wan");
	for (uint16_t i = 0; nf->lan.in_use && i < nf->lan.n_addresses; i++)
		for (uint16_t k = 0; k < nf->wan.n_addresses; k++)
			if (addr_same(&nf->lan.addresses[i], &nf->wan.addresses[k]))
				return cursor_fail(c, "lan", "addresses[%u] is one of wan's", i);
	cursor_leave(c, mark);
	return true;
}

static bool read_route(struct cursor *c, const json_t *o, struct config_nf *nf, struct config_route *r)
{
	static const char *const known[] = {"to", "via", NULL};
	char text[64];
	if (!json_is_object(o))
		return cursor_fail(c, NULL, "must be an object");
	if (!cursor_known(c, o, known))
		return false;
	if (!cursor_string(c, o, "to", text, sizeof(text)))
		return cursor_fail(c, "to", "is missing: a prefix");
	if (!parse_prefix(c, "to", text, &r->to))
		return false;
	if (!cursor_string(c, o, "via", text, sizeof(text)))
		return cursor_fail(c, "via", "is missing: a router's address");
	if (!parse_address(c, "via", text, &r->via))
		return false;
	if (r->via.family != r->to.family)
		return cursor_fail(c, "via", "is of another family than \"to\"");
	r->lan = nf->lan.in_use && on_link(&nf->lan, &r->via);
	if (!r->lan && !on_link(&nf->wan, &r->via))
		return cursor_fail(c, "via", "\"%s\" is on no network of an interface", text);
	return true;
}

static bool read_routes(struct cursor *c, const json_t *o, struct config_nf *nf)
{
	const json_t *list = cursor_member(c, o, "routes", JSON_ARRAY);
	size_t mark = cursor_enter(c, "routes"), i;
	json_t *route;
	if (list && json_array_size(list) > 1024)
		return cursor_fail(c, NULL, "more than 1024 routes");
	nf->routes = calloc(list ? json_array_size(list) + 1 : 1, sizeof(*nf->routes));
	if (!nf->routes)
		return cursor_fail(c, NULL, "out of memory");
	json_array_foreach(list, i, route) {
		size_t inner = cursor_enter_index(c, i);
		if (!read_route(c, route, nf, &nf->routes[i]))
			return false;
		nf->n_routes++;
		cursor_leave(c, inner);
	}
	cursor_leave(c, mark);
	return !c->failed;
}

static bool read_host_port(struct cursor *c, const json_t *o, struct config_nf *nf)
{
	static const char *const known[] = {"name", NULL};
	const json_t *h = json_object_get(o, "host_port");
	strcpy(nf->host_name, "sluice0");
	nf->host_port = !json_is_false(h);
	if (!h || json_is_boolean(h))
		return true;
	if (!json_is_object(h))
		return cursor_fail(c, "host_port", "must be true, false, or an object");
	size_t mark = cursor_enter(c, "host_port");
	if (!cursor_known(c, h, known))
		return false;
	cursor_string(c, h, "name", nf->host_name, sizeof(nf->host_name));
	if (!c->failed && (!nf->host_name[0] || strpbrk(nf->host_name, "/ ,")))
		return cursor_fail(c, "name", "\"%s\" is not an interface name", nf->host_name);
	cursor_leave(c, mark);
	return !c->failed;
}

static bool read_plugins(struct cursor *c, const json_t *o, struct config_nf *nf)
{
	static const char *const standard[] = {"ip", "wireguard"};
	const json_t *all = cursor_member(c, o, "plugins", JSON_OBJECT);
	size_t n = all ? json_object_size(all) : 2;
	const char *name;
	json_t *options;
	nf->plugins = calloc(n + 1, sizeof(*nf->plugins));
	if (!nf->plugins || c->failed)
		return cursor_fail(c, "plugins", "out of memory");
	if (!all) {
		for (nf->n_plugins = 0; nf->n_plugins < 2; nf->n_plugins++)
			strcpy(nf->plugins[nf->n_plugins].name, standard[nf->n_plugins]);
		return true;
	}
	size_t mark = cursor_enter(c, "plugins");
	json_object_foreach((json_t *)(uintptr_t)all, name, options) {
		struct config_plugin *p = &nf->plugins[nf->n_plugins];
		if (!json_is_object(options))
			return cursor_fail(c, name, "must be an object with the plugin's options");
		if (strlen(name) >= sizeof(p->name) || strpbrk(name, "/."))
			return cursor_fail(c, name, "is not a plugin's name");
		strcpy(p->name, name);
		p->options = options;
		nf->n_plugins++;
	}
	cursor_leave(c, mark);
	return true;
}

bool read_nf(struct cursor *c, const json_t *root, struct sluice_config *cfg)
{
	static const char *const known[] = {"workers",    "idle",	"idle_sleep_us", "hugepages", "memory_mb",
					    "max_peers",  "plugin_dir", "stop_deadline_ms", "ports", "interfaces",
					    "routes",	  "host_port",	"plugins",	 NULL};
	static const char *const idle[] = {"adaptive", "poll", NULL};
	struct config_nf *nf = &cfg->nf;
	const json_t *o = cursor_member(c, root, "nf", JSON_OBJECT);
	if (!o)
		return cursor_fail(c, "nf", "is missing");
	size_t mark = cursor_enter(c, "nf");
	if (!cursor_known(c, o, known) || !read_workers(c, o, nf))
		return false;
	uint32_t sleep_us = cursor_uint(c, o, "idle_sleep_us", 1, 10000, 200);
	nf->idle_sleep_us = cursor_choice(c, o, "idle", idle, 0) == 0 ? sleep_us : 0;
	nf->hugepages = cursor_bool(c, o, "hugepages", true);
	nf->memory_mb = cursor_uint(c, o, "memory_mb", 64, 65536, 512);
	nf->max_peers = cursor_uint(c, o, "max_peers", 1, 1000000, 16384);
	nf->stop_deadline_ms = cursor_uint(c, o, "stop_deadline_ms", 100, 600000, 8000);
	cursor_string(c, o, "plugin_dir", nf->plugin_dir, sizeof(nf->plugin_dir));
	bool ok = !c->failed && read_ports(c, o, nf) && read_interfaces(c, o, nf) && read_routes(c, o, nf) &&
		  read_host_port(c, o, nf) && read_plugins(c, o, nf);
	if (ok)
		cursor_leave(c, mark);
	return ok;
}
