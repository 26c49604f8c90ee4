/* SPDX-License-Identifier: Apache-2.0 */
/* The page for Prometheus: the broker's table, and what the shell counts. Nothing in it is of one peer. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/view.h"
#include "server.h"

struct page {
	FILE *to;
};

static void named(struct page *p, const char *name, const char *type, const char *help)
{
	fprintf(p->to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(struct page *p, const char *name, const char *help, uint64_t value)
{
	named(p, name, "gauge", help);
	fprintf(p->to, "%s %llu\n", name, (unsigned long long)value);
}

static void counter(struct page *p, const char *name, const char *help, uint64_t value)
{
	named(p, name, "counter", help);
	fprintf(p->to, "%s %llu\n", name, (unsigned long long)value);
}

static void broker_counters(struct page *p, const struct broker *b)
{
#define COUNT(kind, metric, help) counter(p, "sluice_portal_" metric "_total", help, broker_count(b, BROKER_COUNT_##kind));
	BROKER_COUNTERS(COUNT)
#undef COUNT
}

static void broker_gauges(struct page *p, const struct broker *b)
{
	struct broker_summary s = broker_summary(b);
	gauge(p, "sluice_portal_gateways", "gateways that ever registered", s.gateways);
	gauge(p, "sluice_portal_gateways_online", "gateways that are joined", s.gateways_online);
	gauge(p, "sluice_portal_clients", "clients that ever registered", s.clients);
	gauge(p, "sluice_portal_clients_online", "clients that are joined", s.clients_online);
	gauge(p, "sluice_portal_relays_online", "registered relays that are joined", s.relays_online);
	gauge(p, "sluice_portal_authorizations", "live authorizations", s.authorizations);
	gauge(p, "sluice_portal_requests_pending", "flows that no gateway has answered yet", s.requests);
	gauge(p, "sluice_portal_requests_busiest_second", "the most flows asked for in one second of the last minute",
	      s.busiest_second);
}

static void refusals(struct page *p, const struct limits *l)
{
	named(p, "sluice_portal_refusals_total", "counter", "who was turned away, by reason");
#define REFUSED(kind, label, help) \
	fprintf(p->to, "sluice_portal_refusals_total{reason=\"%s\"} %llu\n", label, (unsigned long long)l->refused[REFUSAL_##kind]);
	REFUSALS(REFUSED)
#undef REFUSED
}

static void connections(struct page *p, const struct shell *s)
{
	gauge(p, "sluice_portal_connections", "sockets, of all kinds and phases", s->limits.connections);
	gauge(p, "sluice_portal_connections_max", "how many there may be", s->limits.connections_max);
	gauge(p, "sluice_portal_websockets", "open WebSockets", s->conns->n_open);
	gauge(p, "sluice_portal_handshakes", "connections that have not joined", s->limits.handshakes);
	gauge(p, "sluice_portal_queue_bytes", "what peers have not been sent yet", s->conns->queued_bytes);
	refusals(p, &s->limits);
}

static void stored(struct page *p, const struct shell *s)
{
	const struct store_health *h = store_health(s->store);
	counter(p, "sluice_portal_store_commits_total", "transactions of the database", h->commits);
	counter(p, "sluice_portal_store_failures_total", "transactions that failed and are tried again", h->failures);
	counter(p, "sluice_portal_store_rows_total", "rows written or deleted", h->rows);
	counter(p, "sluice_portal_store_refused_rows_total", "rows left out for contradicting others", h->refused);
	gauge(p, "sluice_portal_store_waiting_rows", "rows that are not in the database yet", h->waiting);
	counter(p, "sluice_portal_reloads_total", "files that were read again", s->reloads);
	counter(p, "sluice_portal_reload_failures_total", "files that were refused", s->bad_reloads);
}

static uint64_t resident_bytes(void)
{
	unsigned long long size, resident;
	FILE *f = fopen("/proc/self/statm", "re");
	int n = f ? fscanf(f, "%llu %llu", &size, &resident) : 0;
	if (f)
		fclose(f);
	return n == 2 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

char *metrics_page(const struct shell *s, size_t *ret_bytes)
{
	char *text = NULL;
	struct page p = {.to = open_memstream(&text, ret_bytes)};
	if (!p.to)
		return NULL;
	broker_counters(&p, s->broker);
	broker_gauges(&p, s->broker);
	connections(&p, s);
	stored(&p, s);
	gauge(&p, "process_resident_memory_bytes", "memory that is in use", resident_bytes());
	gauge(&p, "process_start_time_seconds", "when the portal started", (uint64_t)s->started_at);
	if (fclose(p.to) == 0)
		return text;
	free(text);
	return NULL;
}
