/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may reach what (portal §4.6, §6.3 c 1). An actor has a resource if a policy lists both and its conditions hold:
 * the client's connection comes from one of the policy's networks, and the policy has not ended. One that holds is
 * enough. Pure; what is asked costs the actor's and the resource's policies, not the world's.
 */
#ifndef CP_BROKER_ACCESS_H
#define CP_BROKER_ACCESS_H

#include "broker/facts.h"

enum broker_access {
	BROKER_NOT_FOUND = 1, /* no such resource or actor, or no policy has both */
	BROKER_FORBIDDEN,     /* no policy that has both holds */
	BROKER_GRANTED,
};

#define BROKER_VIOLATIONS 2
struct broker_verdict {
	enum broker_access access;
	int64_t expires_at; /* GRANTED: the end of the policy that ends last; PORTAL_NEVER */
	/* FORBIDDEN: what some policy wants and does not find, without repetition; static texts */
	const char *violated[BROKER_VIOLATIONS]; /* "remote_ip", "current_utc_datetime" */
	size_t n_violated;
};

/* `from`: the address of the client's connection, its port is of no matter. NULL or CP_NONE: not known, and then every
 * network will do: for clients that are away, to be looked at again when they come. A policy has ended from its
 * expires_at on. */
struct broker_verdict broker_access(const struct broker_facts *f, const struct portal_uuid *actor,
				    const struct portal_uuid *resource, const struct cp_addr *from, int64_t unix_now);

/* The resources that are granted, in the order of the file: what a client's init lists. `ret` has room for
 * broker_facts_world(f)->n_resources; returns how many. */
size_t broker_access_list(const struct broker_facts *f, const struct portal_uuid *actor, const struct cp_addr *from,
			  int64_t unix_now, const struct broker_resource **ret);

/* The moment (Unix seconds) after unix_now at which the next policy ends, PORTAL_NEVER. Until then what this header
 * says does not change by itself; then changes.h tells what did. */
int64_t broker_access_changes_at(const struct broker_facts *f, int64_t unix_now);

#endif
