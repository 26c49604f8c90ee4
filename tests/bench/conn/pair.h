/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two nodes with n connections between them, two addresses each: four pairs per connection. Time is virtual, the
 * network is a queue without delay; what the gateway's calls cost is measured in real time, the client's are free.
 */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include <stdint.h>

#include "conn/conn.h"

struct pair;

struct pair_cost {
	double busy_s;         /* of real time, in the gateway */
	uint64_t datagrams;    /* that it received and sent */
	uint64_t checks;       /* of these, checks that it sent */
	uint64_t answers;      /* checks that it answered */
	double virtual_s;
};

struct pair *pair_new(uint32_t n);
void pair_free(struct pair *p);
/* Until all are connected; returns how much virtual time that took, 0: they are not after 60 s. */
cp_time pair_connect(struct pair *p);
/* Lets virtual time pass. active: inner packets flow on every connection, so none becomes idle. */
struct pair_cost pair_run(struct pair *p, cp_time duration, int active);
uint32_t pair_count(const struct pair *p, enum conn_state state);
double pair_bytes_per_conn(const struct pair *p); /* of the gateway's memory, as malloc gave it out */
unsigned int pair_pairs(const struct pair *p);    /* live candidate pairs of the first connection */

#endif
