/* SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

#include <malloc.h>
#include <string.h>

#include "chance.h"

/* In the end everybody reaches what it may, if there is a gateway for it. */
static bool has_gateway(struct sim *s, uint32_t resource)
{
	for (uint32_t i = 0; i < s->n_peers; i++)
		if (s->peers[i].role == PORTAL_GATEWAY && s->peers[i].joined && (s->file.at[resource] & s->file.sites & (1u << s->peers[i].owner)))
			return true;
	return false;
}

static bool is_well(struct peer *p, uint32_t r)
{
	enum carries c = client_reaches(p, r);
	if (!p->channel || !p->joined || !p->wants[r].listed || !p->joined->line.told[r] || !has_gateway(p->sim, r))
		return true;
	return c == CARRIES || (c == PROHIBITS && p->is_older); /* those are not told (§4.5) */
}

static bool all_are_well(struct sim *s)
{
	for (uint32_t i = 0; i < s->n_peers; i++)
		for (uint32_t r = 0; s->peers[i].role == PORTAL_CLIENT && r < RESOURCES; r++)
			if (!is_well(&s->peers[i], r))
				return false;
	return true;
}

static void check_content(struct sim *s)
{
	for (uint32_t i = 0; i < s->n_peers; i++) {
		struct peer *p = &s->peers[i];
		if (!p->channel && !s->tokens[p->token - 1].is_gone && s->tokens[p->token - 1].expires_at > sim_unix(s))
			sim_violation(s, "%s is not there in the end", p->name);
		for (uint32_t r = 0; p->role == PORTAL_CLIENT && r < RESOURCES; r++)
			if (!is_well(p, r))
				sim_violation(s, "in the end %s does not reach %u: %d", p->name, r, client_reaches(p, r));
	}
}

static uint32_t stored(const struct sim *s)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->store.n_auths; i++)
		n += !s->store.left_out[i];
	return n;
}

/* Nobody is there any more, and every authorization is over. */
static void check_empty(struct sim *s)
{
	for (uint32_t i = 0; i < s->n_peers; i++)
		peer_kill(&s->peers[i], true);
	clock_run(&s->clock, s->clock.now + 10 * CP_S);
	clock_run(&s->clock, s->clock.now + 15ull * 24 * 3600 * CP_S);
	if (s->violation[0])
		return;
	struct broker_summary b = broker_summary(s->shell.broker);
	if (b.authorizations || b.requests || b.clients_online || b.gateways_online || b.relays_online || stored(s))
		sim_violation(s, "in the end there are %u authorizations, %u stored, %u requests, %u + %u peers", b.authorizations,
			      stored(s), b.requests, b.clients_online, b.gateways_online);
}

static void everybody_sends(struct sim *s)
{
	for (uint32_t i = 0; i < s->n_peers; i++)
		for (uint32_t r = 0; s->peers[i].role == PORTAL_CLIENT && r < RESOURCES; r++)
			client_packet(&s->peers[i], r);
}

static void happy_end(struct sim *s, struct chance *c)
{
	chance_end(c);
	clock_run(&s->clock, s->clock.now + 5 * CP_S);
	chance_mend(c);
	clock_run(&s->clock, s->clock.now + 20 * CP_S); /* newer peers that never joined give up after 15 s */
	chance_mend(c);
	for (int i = 0; i < 30; i++) { /* what a gateway left unanswered before takes 15 s, a dead tunnel up to 20 */
		clock_run(&s->clock, s->clock.now + CP_S);
		everybody_sends(s);
	}
	for (int i = 0; i < 4 && !all_are_well(s); i++) { /* an access may have ended just now */
		everybody_sends(s);
		clock_run(&s->clock, s->clock.now + 2 * CP_S);
	}
	check_content(s);
	check_empty(s);
}

struct random_result random_life(uint64_t seed, FILE *log)
{
	struct sim *s = sim_new(seed, log);
	struct chance c;
	struct random_result r = {0};
	chance_begin(&c, s);
	clock_run(&s->clock, s->clock.now + 10 * CP_S + dice_below(&s->dice, 32) * CP_S);
	if (dice_below(&s->dice, 2) && !s->violation[0])
		happy_end(s, &c);
	memcpy(r.violation, s->violation, sizeof(r.violation));
	memcpy(r.counts, s->oracle.counts, sizeof(r.counts));
	r.hash = s->hash;
	r.inputs = s->shell.inputs;
	r.outputs = s->shell.outputs;
	r.starts = s->shell.starts;
	sim_free(s);
	return r;
}

long random_growth(uint64_t seed, unsigned int times, char ret_violation[200])
{
	struct sim *s = sim_new(seed, NULL);
	size_t second = 0;
	s->is_calm = true;
	shell_start(s);
	for (unsigned int i = 0; i < times; i++) {
		for (uint32_t p = 0; p < s->n_peers; p++)
			peer_start(&s->peers[p]);
		clock_run(&s->clock, s->clock.now + 5 * CP_S);
		everybody_sends(s);
		clock_run(&s->clock, s->clock.now + 5 * CP_S);
		check_empty(s);
		if (i == 1)
			second = mallinfo2().uordblks;
	}
	long more = (long)(mallinfo2().uordblks - second);
	memcpy(ret_violation, s->violation, sizeof(s->violation));
	sim_free(s);
	return more;
}
