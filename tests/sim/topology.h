/* SPDX-License-Identifier: Apache-2.0 */
/* A world thrown by dice: homes and carriers behind NATs of all kinds, hosts of one family or two, relays of both kinds. */
#ifndef SIM_TOPOLOGY_H
#define SIM_TOPOLOGY_H

#include "world.h"

#define TOPOLOGY_HOSTS_MAX 5u

struct topology {
	struct host *clients[3], *gateways[2];
	unsigned int n_clients, n_gateways;
	bool lossy; /* links lose datagrams: bounds are not what they are in good weather */
};
struct topology topology_throw(struct world *w);

#endif
