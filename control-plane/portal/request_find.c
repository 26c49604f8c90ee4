/* SPDX-License-Identifier: Apache-2.0 */
#include "request_find.h"

#include <string.h>

#include "request_rows.h"

bool find_nth_gateway(const struct requests *on, size_t i, struct findable *ret)
{
	struct broker_gateway_row row;
	if (!broker_gateway_row(on->broker, i, &row))
		return false;
	*ret = (struct findable){row.device->id, row.device->name, row.site};
	return true;
}

bool find_nth_client(const struct requests *on, size_t i, struct findable *ret)
{
	struct broker_client_row row;
	if (!broker_client_row(on->broker, i, &row))
		return false;
	*ret = (struct findable){row.device->id, row.device->name, row.actor};
	return true;
}

bool find_nth_resource(const struct requests *on, size_t i, struct findable *ret)
{
	if (i >= on->world->n_resources)
		return false;
	const struct portal_resource *r = &on->world->resources[i].view;
	*ret = (struct findable){r->id, r->name ? r->name : "Internet Resource", NULL};
	return true;
}

bool find_nth_site(const struct requests *on, size_t i, struct findable *ret)
{
	if (i >= on->world->n_sites)
		return false;
	*ret = (struct findable){on->world->sites[i].id, on->world->sites[i].name, NULL};
	return true;
}

bool find_nth_actor(const struct requests *on, size_t i, struct findable *ret)
{
	if (i >= on->world->n_actors)
		return false;
	*ret = (struct findable){on->world->actors[i].id, on->world->actors[i].name, NULL};
	return true;
}

/* How well it fits: the larger the better, 0 not at all. */
enum fit { FIT_NONE, FIT_BEGINNING, FIT_NAME, FIT_ID };

struct wanted {
	const char *text;
	size_t bytes;
	bool is_id;
	struct portal_uuid id;
};

static enum fit fit_of(const struct wanted *w, const struct findable *f)
{
	char id[PORTAL_UUID_TEXT];
	if (w->is_id && memcmp(&w->id, &f->id, sizeof(w->id)) == 0)
		return FIT_ID;
	if (strcmp(w->text, f->name) == 0)
		return FIT_NAME;
	portal_uuid_format(&f->id, id);
	bool begins = strncmp(w->text, f->name, w->bytes) == 0 || strncmp(w->text, id, w->bytes) == 0;
	return begins ? FIT_BEGINNING : FIT_NONE;
}

/* Those that fit that well. */
static json_t *list_of(const struct requests *on, find_nth nth, const struct wanted *w, enum fit fit)
{
	struct findable f;
	json_t *list = json_array();
	for (size_t i = 0; list && json_array_size(list) < FIND_CANDIDATES && nth(on, i, &f); i++)
		if (fit_of(w, &f) == fit)
			json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "id", json_of_uuid(&f.id), "name",
							      json_of_text(f.name), "within", json_of_text(f.within)));
	return list;
}

enum find_outcome find(const struct requests *on, find_nth nth, const char *text, struct portal_uuid *ret_id,
		       size_t *ret_index, json_t **ret_candidates)
{
	struct wanted w = {.text = text, .bytes = strlen(text)};
	struct portal_uuid id = {{0}};
	enum fit best = FIT_NONE;
	struct findable f;
	size_t found = 0, index = 0;
	w.is_id = portal_uuid_parse(text, w.bytes, &w.id);
	for (size_t i = 0; best < FIT_ID && nth(on, i, &f); i++) {
		enum fit fit = fit_of(&w, &f);
		if (fit == FIT_NONE || fit < best)
			continue;
		found = fit > best ? 1 : found + 1;
		best = fit;
		id = f.id;
		index = i;
	}
	if (found > 1)
		*ret_candidates = list_of(on, nth, &w, best);
	if (found != 1)
		return found ? FIND_SEVERAL : FIND_NONE;
	*ret_id = id;
	*ret_index = index;
	return FIND_ONE;
}
