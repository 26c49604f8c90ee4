/* SPDX-License-Identifier: Apache-2.0 */
/* Relays that do not register themselves, and the resolvers of clients. */
#include <string.h>

#include "reading.h"

#define RELAYS_MAX     256
#define DNS_MAX        16
#define RELAY_PORT     3478
#define USERNAME_MAX   508 /* RFC 8489 §14.3 */
#define PASSWORD_MAX   256

static bool read_relay_address(struct reading *r, const json_t *o, const char *key, uint8_t family, bool any_port, struct cp_addr *ret)
{
	const char *text = reading_text(r, o, key, 64);
	if (!text)
		return !r->c.failed;
	if (!parse_server(&r->c, key, text, RELAY_PORT, ret))
		return false;
	if (ret->family != family)
		return cursor_fail(&r->c, key, "\"%s\" is of the other family", text);
	/* portal §6.1 4: they tell a relay's packets by this source port. */
	if (ret->port != RELAY_PORT && !any_port)
		return cursor_fail(&r->c, key, "port %u: stock peers take relays at port 3478 only; \"any_port\": true allows it", ret->port);
	return true;
}

static bool read_credentials(struct reading *r, const json_t *o, struct broker_relay *relay)
{
	relay->username = reading_text(r, o, "username", USERNAME_MAX);
	relay->password = read_secret(r, o, "password", PASSWORD_MAX);
	relay->rest_secret = read_secret(r, o, "rest_secret", PASSWORD_MAX);
	if (r->c.failed)
		return false;
	if (relay->rest_secret && (relay->username || relay->password))
		return cursor_fail(&r->c, "rest_secret", "given beside username or password");
	if (!relay->rest_secret && !relay->username)
		return cursor_fail(&r->c, "username", "is missing, and rest_secret too");
	if (!relay->rest_secret && !relay->password)
		return cursor_fail(&r->c, "password", "is missing");
	return true;
}

static bool read_relay(struct reading *r, const json_t *o, void *ret)
{
	struct broker_relay *relay = ret;
	const char *name;
	if (!reading_object(r, o, KEYS_RELAY) || !(name = reading_name(r, o)) || !reading_id(r, o, "relay", name, &relay->id))
		return false;
	bool any_port = cursor_bool(&r->c, o, "any_port", false);
	if (!read_relay_address(r, o, "ipv4", CP_V4, any_port, &relay->ipv4) ||
	    !read_relay_address(r, o, "ipv6", CP_V6, any_port, &relay->ipv6))
		return false;
	if (!relay->ipv4.family && !relay->ipv6.family)
		return cursor_fail(&r->c, "ipv4", "is missing, and ipv6 too");
	return read_credentials(r, o, relay) && names_add(r, &r->relays, name, (uint32_t)r->relays.n);
}

static bool none_at_one_address(struct reading *r)
{
	const struct broker_relay *list = r->cfg->world.relays;
	for (size_t i = 0; i < r->cfg->world.n_relays; i++)
		for (size_t k = 0; k < i; k++) {
			bool v4 = list[i].ipv4.family && cp_addr_equal(&list[i].ipv4, &list[k].ipv4);
			if (!v4 && !(list[i].ipv6.family && cp_addr_equal(&list[i].ipv6, &list[k].ipv6)))
				continue;
			cursor_enter(&r->c, "relays");
			cursor_enter_index(&r->c, i);
			return cursor_fail(&r->c, v4 ? "ipv4" : "ipv6", "is also that of relays[%zu]", k);
		}
	return true;
}

bool read_relays(struct reading *r, const json_t *root)
{
	static const struct list_of what = {"relays", RELAYS_MAX, sizeof(struct broker_relay), read_relay};
	struct broker_world *w = &r->cfg->world;
	w->relays = reading_list(r, root, &what, &w->n_relays);
	return w->relays && names_unique(r, &r->relays, "relays") &&
	       ids_unique(r, "relays", &w->relays[0].id, w->n_relays, sizeof(*w->relays)) && none_at_one_address(r);
}

static bool read_resolver(struct reading *r, const json_t *element, void *ret)
{
	char text[64];
	const char *range;
	struct cp_addr *a = ret;
	if (!cursor_expand(&r->c, NULL, element, text, sizeof(text)) || !parse_server(&r->c, NULL, text, 53, a))
		return false;
	if (address_is_reserved(a, a->family == CP_V4 ? 32 : 128, &range))
		return cursor_fail(&r->c, NULL, "\"%s\" lies in %s, which belongs to the tunnels", text, range);
	return true;
}

bool read_dns(struct reading *r, const json_t *root)
{
	static const struct list_of what = {"upstream", DNS_MAX, sizeof(struct cp_addr), read_resolver};
	struct broker_world *w = &r->cfg->world;
	const json_t *o;
	size_t mark;
	if (!reading_enter(r, root, KEYS_DNS, &o, &mark))
		return false;
	w->dns = reading_list(r, o, &what, &w->n_dns);
	w->search_domain = reading_text(r, o, "search_domain", 300);
	const char *mistake = w->search_domain ? domain_mistake(w->search_domain) : NULL;
	if (mistake)
		return cursor_fail(&r->c, "search_domain", "\"%s\" %s", w->search_domain, mistake);
	cursor_leave(&r->c, mark);
	return !r->c.failed;
}
