/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the broker's view as JSON, the same for the operators' protocol and for `sluicectl portal … --json`. Each
 * returns a new reference, NULL when memory is short. Moments are Unix seconds and null for never, what is unknown is null.
 */
#ifndef PORTAL_REQUEST_ROWS_H
#define PORTAL_REQUEST_ROWS_H

#include <jansson.h>

#include "requests.h"

json_t *row_of_gateway(const struct broker_gateway_row *r);
json_t *row_of_client(const struct broker_client_row *r);
json_t *row_of_authorization(const struct broker_authorization_row *r);
json_t *row_of_relay(const struct broker_relay_row *r);
json_t *row_of_token(const struct request_token *t);
json_t *row_of_status(const struct request_about *about, const struct broker_summary *s, const struct broker *b,
		      int64_t unix_seconds);

json_t *json_of_uuid(const struct portal_uuid *u);
/* What a peer says of itself may be no UTF-8: then '?' stands for each byte that is not ASCII. NULL: null. */
json_t *json_of_text(const char *text);

/* One line for each member of each kind of row: {"gateway", "id", "help"}; ends with {NULL}. */
struct row_member {
	const char *row, *name, *help;
};
extern const struct row_member row_members[];

#endif
