/* SPDX-License-Identifier: Apache-2.0 */
/* The account, its sites, and its actors with their groups. */
#include <ctype.h>
#include <string.h>

#include "reading.h"

#define SITES_MAX            4096
#define ACTORS_MAX           65536
#define GROUPS_PER_ACTOR_MAX 256
#define MEMBERSHIPS_MAX      1000000

static bool read_slug(struct reading *r, const json_t *root)
{
	const char *slug = reading_text(r, root, "account_slug", 100);
	if (!slug)
		return !r->c.failed;
	for (const char *p = slug; *p; p++)
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_' && *p != '-')
			return cursor_fail(&r->c, "account_slug", "\"%s\" holds other than a-z, 0-9, _ and -", slug);
	r->cfg->world.account_slug = slug;
	return true;
}

static bool read_site(struct reading *r, const json_t *o, void *ret)
{
	struct portal_site *s = ret;
	return reading_object(r, o, KEYS_SITE) && (s->name = reading_name(r, o)) && reading_id(r, o, "site", s->name, &s->id) &&
	       names_add(r, &r->sites, s->name, (uint32_t)r->sites.n);
}

static bool read_sites(struct reading *r, const json_t *root)
{
	static const struct list_of what = {"sites", SITES_MAX, sizeof(struct portal_site), read_site};
	struct broker_world *w = &r->cfg->world;
	w->sites = reading_list(r, root, &what, &w->n_sites);
	return w->sites && names_unique(r, &r->sites, "sites") && ids_unique(r, "sites", &w->sites[0].id, w->n_sites, sizeof(*w->sites));
}

static bool read_email(struct reading *r, const json_t *o, const char **ret)
{
	const char *email = reading_text(r, o, "email", 254), *at = email ? strchr(email, '@') : NULL;
	if (email && (!at || at == email || !at[1] || strpbrk(email, " \t\r\n")))
		return cursor_fail(&r->c, "email", "\"%s\" is no address of mail", email);
	*ret = email;
	return !r->c.failed;
}

static bool read_group(struct reading *r, const json_t *element, void *ret)
{
	const char *name = reading_expand(r, NULL, element, NAME_MAX_BYTES);
	*(const char **)ret = name;
	return name && name_is_fit(r, NULL, name);
}

static bool read_groups(struct reading *r, const json_t *o, uint32_t actor)
{
	static const struct list_of what = {"groups", GROUPS_PER_ACTOR_MAX, sizeof(const char *), read_group};
	size_t n = 0;
	const char **groups = reading_list(r, o, &what, &n);
	for (size_t i = 0; groups && i < n; i++) {
		for (size_t k = 0; k < i; k++)
			if (strcmp(groups[i], groups[k]) == 0)
				return cursor_fail(&r->c, "groups", "names \"%s\" twice", groups[i]);
		if (!names_add(r, &r->groups, groups[i], actor))
			return false;
	}
	if (r->groups.n > MEMBERSHIPS_MAX)
		return cursor_fail(&r->c, "groups", "more than %d memberships in all", MEMBERSHIPS_MAX);
	return groups != NULL;
}

static bool read_actor(struct reading *r, const json_t *o, void *ret)
{
	struct broker_actor *a = ret;
	uint32_t index = (uint32_t)r->actors.n;
	return reading_object(r, o, KEYS_ACTOR) && (a->name = reading_name(r, o)) && reading_id(r, o, "actor", a->name, &a->id) &&
	       read_email(r, o, &a->email) && read_groups(r, o, index) && names_add(r, &r->actors, a->name, index);
}

static bool read_actors(struct reading *r, const json_t *root)
{
	static const struct list_of what = {"actors", ACTORS_MAX, sizeof(struct broker_actor), read_actor};
	struct broker_world *w = &r->cfg->world;
	w->actors = reading_list(r, root, &what, &w->n_actors);
	names_sort(&r->groups);
	return w->actors && names_unique(r, &r->actors, "actors") &&
	       ids_unique(r, "actors", &w->actors[0].id, w->n_actors, sizeof(*w->actors));
}

bool read_people(struct reading *r, const json_t *root)
{
	return read_slug(r, root) && read_sites(r, root) && read_actors(r, root);
}
