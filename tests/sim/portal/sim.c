/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void sim_violation(struct sim *s, const char *fmt, ...)
{
	if (s->violation[0])
		return;
	va_list ap;
	va_start(ap, fmt);
	int n = snprintf(s->violation, sizeof(s->violation), "at %.3f s: ", (double)s->clock.now / 1e9);
	vsnprintf(s->violation + n, sizeof(s->violation) - (size_t)n, fmt, ap);
	va_end(ap);
	sim_log(s, "!! %s", s->violation);
	s->clock.halted = true;
}

void sim_log(const struct sim *s, const char *fmt, ...)
{
	if (!s->log)
		return;
	va_list ap;
	va_start(ap, fmt);
	fprintf(s->log, "%10.4f ", (double)s->clock.now / 1e9);
	vfprintf(s->log, fmt, ap);
	fputc('\n', s->log);
	va_end(ap);
}

struct uuid_text uuid_text(const struct portal_uuid *id)
{
	struct uuid_text t = {.text = ""};
	portal_uuid_format(id, t.text);
	return t;
}

uint32_t sim_token(struct sim *s, enum portal_role role, uint32_t owner, int64_t expires_at)
{
	if (s->n_tokens == TOKENS)
		return TOKENS;
	s->tokens[s->n_tokens++] = (struct token){.role = role, .owner = owner, .expires_at = expires_at};
	return s->n_tokens;
}

struct peer *sim_peer_of(struct sim *s, const struct portal_uuid *device)
{
	const struct broker_device *d = store_find_device(&s->store, device);
	for (uint32_t i = 0; d && i < s->n_peers; i++)
		if (s->peers[i].role == d->role && strcmp(s->peers[i].name, d->external_id) == 0)
			return &s->peers[i];
	return NULL;
}

void sim_file(struct sim *s)
{
	file_write(&s->file, &s->text);
	memset(s->told, 0, sizeof(s->told));
	memset(s->sites, 0, sizeof(s->sites));
	for (size_t i = 0; i < s->text.world.n_resources; i++) {
		const struct portal_resource *v = &s->text.resources[i].view;
		uint32_t r = resource_index(&v->id);
		s->told[r] = resource_digest(v);
		s->sites[r] = sites_digest(&v->sites);
	}
}

static void populate(struct sim *s)
{
	uint32_t gateways = 2 + dice_below(&s->dice, GATEWAYS - 1), clients = 1 + dice_below(&s->dice, CLIENTS);
	for (uint32_t i = 0; i < gateways; i++)
		peer_init(&s->peers[s->n_peers++], s, PORTAL_GATEWAY, dice_below(&s->dice, SITES), i);
	for (uint32_t i = 0; i < clients; i++)
		peer_init(&s->peers[s->n_peers++], s, PORTAL_CLIENT, dice_below(&s->dice, ACTORS), i);
	for (uint32_t i = 0; i < RELAYS; i++)
		peer_init(&s->peers[s->n_peers++], s, PORTAL_RELAY, i, i);
}

struct sim *sim_new(uint64_t seed, FILE *log)
{
	struct sim *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->dice.state = seed;
	s->log = log;
	clock_init(&s->clock);
	file_random(&s->file, &s->dice, sim_unix(s));
	sim_file(s);
	populate(s);
	return s;
}

void sim_free(struct sim *s)
{
	for (uint32_t i = 0; i < s->n_peers; i++)
		portal_channel_free(s->peers[i].channel);
	broker_free(s->shell.broker);
	clock_fini(&s->clock);
	wires_free(s);
	free(s);
}
