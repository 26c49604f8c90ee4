/* SPDX-License-Identifier: Apache-2.0 */
/* What a file that says nothing of it means. */
#include "broker/world.h"

const struct broker_timing broker_timing_default = {
	.rescue_after = 2 * CP_S,
	.rescue_not_before = 60 * CP_S,
	.move_within = 2 * CP_S,
	.move_per_s = 200,
	.answer_within = 15 * CP_S,
	.idle_after = 40 * CP_S,
	.relay_gone_after = 3 * CP_S,
	.relay_repeat_after = CP_S,
	.authorization_seconds = 14 * 24 * 3600,
};

const struct broker_quota broker_quota_default = {
	.gateways_per_site = 1000,
	.clients_per_actor = 20000,
	.requests_per_client = 1000,
	.authorizations_per_client = 10000,
	.relays = 100,
};
