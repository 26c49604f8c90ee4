/* SPDX-License-Identifier: Apache-2.0 */
/* A broker of rows that a test fills in; it notes what it was asked to do. */
#ifndef FAKE_BROKER_H
#define FAKE_BROKER_H

#include "broker/view.h"

#define FAKE_ROWS 8

struct broker {
	struct broker_gateway_row gateways[FAKE_ROWS];
	struct broker_client_row clients[FAKE_ROWS];
	struct broker_authorization_row authorizations[FAKE_ROWS];
	struct broker_relay_row relays[FAKE_ROWS];
	size_t n_gateways, n_clients, n_authorizations, n_relays;
	size_t many; /* clients[0], that often */
	char done[128]; /* "drain 2", "revoke 1 -" */
	cp_time done_at;
};

/* An id that ends in this number. */
struct portal_uuid fake_id(uint8_t number);

#endif
