/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network address translators by their behaviour (RFC 4787): mapping and filtering that do not depend on the far end, on
 * its address, or on address and port; ports preserved or not; hairpinning or not; bindings that expire. IPv6 passes
 * through a firewall of the same filtering, is translated likewise, or does not pass.
 */
#ifndef SIM_NAT_H
#define SIM_NAT_H

#include <stdbool.h>

#include "net.h"

enum nat_behaviour { NAT_INDEPENDENT = 1, NAT_ADDRESS, NAT_ADDRESS_PORT };
enum nat_v6 { NAT_V6_NONE = 0, NAT_V6_FIREWALL, NAT_V6_TRANSLATE };

struct nat_settings {
	enum nat_behaviour mapping, filtering;
	enum nat_v6 v6;
	bool preserves_ports, hairpins, refreshed_inbound;
	cp_time expiry;
};

struct nat_binding;
struct nat {
	struct nat_settings s;
	struct nic outer, inner; /* the inner one is where its zone goes up */
	struct cp_addr own[2];   /* [0] IPv4, [1] IPv6: outer addresses, port 0; family CP_NONE: none */
	struct dice dice;
	struct nat_binding *bindings;
	uint64_t made, refused;
};

/* Joins inner to outer. name is borrowed. */
void nat_init(struct nat *n, const char *name, const struct nat_settings *s, struct zone *outer, struct zone *inner,
	      const struct cp_addr *own_v4, const struct cp_addr *own_v6, struct dice d);
void nat_fini(struct nat *n);
/* A forwarded port: stays, and lets everybody in. */
void nat_forward(struct nat *n, const struct cp_addr *inner, uint16_t port);
/* As after a restart of it: every binding that was made by itself is forgotten. */
void nat_restart(struct nat *n);

#endif
