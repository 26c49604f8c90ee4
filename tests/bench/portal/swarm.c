/* SPDX-License-Identifier: Apache-2.0 */
#include "swarm.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define EVENTS     512
#define BEAT_EVERY 15.0 /* s, of each peer */
#define RETRY      1.0  /* s, and up to as much again */

double swarm_clock(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct swarm *swarm_create(const struct swarm_config *config)
{
	struct swarm *s = calloc(1, sizeof(*s));
	s->config = *config;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->peers = calloc(config->n, sizeof(*s->peers));
	s->latency = malloc(SWARM_LATENCY_MAX * sizeof(*s->latency));
	for (unsigned int i = 0; i < config->n; i++)
		s->peers[i].ws.fd = -1;
	s->now = swarm_clock();
	return s;
}

void swarm_phase(struct swarm *s)
{
	s->attempts = s->refused = s->lost = s->flows = s->failed = 0;
	s->n_latency = 0;
}

static unsigned int number_of(const struct swarm *s, const struct peer *p)
{
	return s->config.first + (unsigned int)(p - s->peers);
}

static void took(struct swarm *s, double since)
{
	if (s->n_latency < SWARM_LATENCY_MAX)
		s->latency[s->n_latency++] = (float)(s->now - since);
}

static void dial(struct swarm *s, struct peer *p)
{
	uint32_t from = htonl(0x7f000101u + number_of(s, p) % s->config.n_sources);
	s->attempts++;
	p->at = s->now;
	if (!ws_dial(&p->ws, s->epoll, from, s->config.port, p))
		p->at = s->now + RETRY;
}

static void gone(struct swarm *s, struct peer *p, bool refused)
{
	s->n_ready -= p->ready;
	s->n_asking -= p->asking;
	s->lost += p->ready;
	s->refused += refused;
	p->ready = p->asking = false;
	ws_drop(&p->ws);
	p->at = s->now + RETRY + RETRY * (double)random() / (double)RAND_MAX;
}

void swarm_dial(struct swarm *s, bool drop)
{
	s->now = swarm_clock();
	for (unsigned int i = 0; i < s->config.n; i++) {
		struct peer *p = &s->peers[i];
		if (drop && p->ws.fd >= 0) {
			gone(s, p, false);
			s->lost--;
		}
		if (p->ws.fd < 0)
			dial(s, p);
	}
}

/* 32 bytes in base64 of which the first eight digits are the peer's number; '=' as %3D. */
static void upgrade(struct swarm *s, struct peer *p)
{
	char target[768];
	unsigned int number = number_of(s, p);
	const char *role = s->config.gateways ? "gateway" : "client";
	snprintf(target, sizeof(target), "/%s/websocket?token=%s&external_id=%s-%u&name=%s-%u&public_key=%s%08uAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%%3D", role,
		 s->config.tokens[number % s->config.n_tokens], role, number, role, number, s->config.gateways ? "G" : "C", number);
	if (!ws_upgrade(&p->ws, target, s->config.gateways ? "Debian/12.0.0 gateway/1.4.17 (x86_64; 6.1.0)" : "Debian/12.0.0 headless-client/1.5.4 (x86_64; 6.1.0)"))
		gone(s, p, false);
}

static bool say(struct swarm *s, struct peer *p, const char *event, const char *payload)
{
	char text[768];
	bool beat = event[0] == 'h';
	int n = snprintf(text, sizeof(text), "{\"topic\":\"%s\",\"event\":\"%s\",\"payload\":%s,\"ref\":%u}",
			 beat ? "phoenix" : s->config.gateways ? "gateway" : "client", event, payload, p->ref++);
	return ws_text(&p->ws, text, (size_t)n);
}

static void ask(struct swarm *s, struct peer *p)
{
	char payload[160];
	snprintf(payload, sizeof(payload), "{\"resource_id\":\"00000000-0000-8000-8000-%012x\",\"connected_gateway_ids\":[]}",
		 (number_of(s, p) * 7u + p->round++) % s->config.n_resources);
	p->at = s->now;
	p->asking = true;
	s->n_asking++;
	if (!(s->beats ? say(s, p, "heartbeat", "{}") : say(s, p, "create_flow", payload)))
		gone(s, p, false);
}

static void ask_more(struct swarm *s)
{
	for (unsigned int looked = 0; s->n_asking < s->outstanding && looked < s->config.n; looked++) {
		struct peer *p = &s->peers[s->next++ % s->config.n];
		if (p->ready && !p->asking)
			ask(s, p);
	}
}

static void answered(struct swarm *s, struct peer *p, bool ok)
{
	if (!p->asking)
		return;
	p->asking = false;
	s->n_asking--;
	s->flows += ok;
	s->failed += !ok;
	took(s, p->at);
}

/* The gateway's answer carries the request's reference; it is the only member of that name that is text. */
static void authorize(struct swarm *s, struct peer *p, char *text)
{
	char payload[640], *ref = strstr(text, "\"ref\":\""), *end = ref ? strchr(ref + 7, '"') : NULL;
	if (!end)
		return;
	*end = 0;
	snprintf(payload, sizeof(payload), "{\"ref\":\"%s\"}", ref + 7);
	s->flows++;
	if (!say(s, p, "flow_authorized", payload))
		gone(s, p, false);
}

static void heard(struct swarm *s, struct peer *p, const struct ws_frame *f)
{
	char *event = f->text ? memmem(f->data, f->bytes < 200 ? f->bytes : 200, "\"event\":\"", 9) : NULL;
	event = event ? event + 9 : f->data;
	if (strncmp(event, "phx_reply", 9) == 0 && p->ready && s->beats) {
		answered(s, p, true);
	} else if (strncmp(event, "init\"", 5) == 0 && !p->ready) {
		p->ready = true;
		p->init_bytes = f->bytes;
		s->n_ready++;
		took(s, p->at);
	} else if (strncmp(event, "authorize_flow", 14) == 0) {
		authorize(s, p, f->data);
	} else if (strncmp(event, "flow_crea", 9) == 0) { /* created, or creation_failed */
		answered(s, p, event[9] == 't' && event[10] == 'e');
	}
}

static void readable(struct swarm *s, struct peer *p)
{
	enum ws_read got;
	struct ws_frame f;
	while ((got = ws_read(&p->ws)) == WS_SOME) {
		enum ws_state was = p->ws.state;
		while (ws_next(&p->ws, &f))
			heard(s, p, &f);
		if (p->ws.fd < 0)
			return;
		if (p->ws.state == WS_CLOSED) {
			gone(s, p, true);
			return;
		}
		if (was == WS_UPGRADING && p->ws.state == WS_OPEN && !say(s, p, "phx_join", "null"))
			break;
	}
	if (got != WS_NOTHING)
		gone(s, p, false);
}

static void woken(struct swarm *s, struct peer *p, uint32_t events)
{
	if (p->ws.fd < 0)
		return;
	if (p->ws.state == WS_DIALLING && events & EPOLLOUT && !(events & (EPOLLERR | EPOLLHUP)))
		upgrade(s, p);
	else if (events & EPOLLOUT && !ws_flush(&p->ws))
		gone(s, p, false);
	if (p->ws.fd >= 0 && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		readable(s, p);
}

/* Each peer's heartbeat has its place in the interval; those that wait to dial again are looked at as well. */
static void beat(struct swarm *s)
{
	double each = BEAT_EVERY / s->config.n;
	if (s->now - s->beat_at > 1)
		s->beat_at = s->now - 1;
	for (; s->beat_at < s->now; s->beat_at += each) {
		struct peer *p = &s->peers[s->beat_next++ % s->config.n];
		if (p->ready && !p->asking && !say(s, p, "heartbeat", "{}"))
			gone(s, p, false);
	}
}

static void dial_again(struct swarm *s)
{
	for (unsigned int i = 0; i < s->config.n; i++)
		if (s->peers[i].ws.fd < 0 && s->attempts && s->peers[i].at <= s->now)
			dial(s, &s->peers[i]);
}

void swarm_ask(struct swarm *s, unsigned int outstanding, bool beats)
{
	s->outstanding = outstanding;
	s->beats = beats && outstanding;
	if (outstanding == 0)
		for (unsigned int i = 0; i < s->config.n; i++) {
			s->n_asking -= s->peers[i].asking;
			s->peers[i].asking = false;
		}
}

void swarm_turn(struct swarm *s, int ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(s->epoll, events, EVENTS, ms);
	s->now = swarm_clock();
	for (int i = 0; i < n; i++)
		woken(s, events[i].data.ptr, events[i].events);
	if (!s->beats)
		beat(s);
	if (s->n_ready < s->config.n)
		dial_again(s);
	ask_more(s);
}
