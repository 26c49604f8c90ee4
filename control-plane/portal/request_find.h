/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom or what does the operator mean? An id in any spelling of a UUID, else a name, else the beginning of one name or
 * id and of no other. Pure but for memory.
 */
#ifndef PORTAL_REQUEST_FIND_H
#define PORTAL_REQUEST_FIND_H

#include <jansson.h>

#include "requests.h"

#define FIND_CANDIDATES 16 /* an answer names no more of those that it could be */

struct findable {
	struct portal_uuid id;
	const char *name;   /* borrowed until the next one */
	const char *within; /* its site or actor; NULL: is in none */
};
/* Number i; false: there are no more. */
typedef bool (*find_nth)(const struct requests *on, size_t i, struct findable *ret);

bool find_nth_gateway(const struct requests *on, size_t i, struct findable *ret);
bool find_nth_client(const struct requests *on, size_t i, struct findable *ret);
bool find_nth_resource(const struct requests *on, size_t i, struct findable *ret);
bool find_nth_site(const struct requests *on, size_t i, struct findable *ret);
bool find_nth_actor(const struct requests *on, size_t i, struct findable *ret);

enum find_outcome { FIND_ONE, FIND_NONE, FIND_SEVERAL };
/* FIND_ONE: its id and number. FIND_SEVERAL: ret_candidates is a new list of {"id", "name", "within"}, or NULL when
 * memory is short. */
enum find_outcome find(const struct requests *on, find_nth nth, const char *wanted, struct portal_uuid *ret_id,
		       size_t *ret_index, json_t **ret_candidates);

#endif
