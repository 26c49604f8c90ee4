/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_broker.h"

#include <errno.h>
#include <stdio.h>

struct portal_uuid fake_id(uint8_t number)
{
	return (struct portal_uuid){{0xab, 0xcd, 0xef, 0x01, [15] = number}};
}

#define ROW(kind) \
	bool broker_##kind##_row(const struct broker *b, size_t index, struct broker_##kind##_row *ret) \
	{ \
		if (index >= b->n_##kind##s) \
			return false; \
		*ret = b->kind##s[index]; \
		return true; \
	}
ROW(gateway)
ROW(authorization)
ROW(relay)

bool broker_client_row(const struct broker *b, size_t index, struct broker_client_row *ret)
{
	if (index >= (b->many ? b->many : b->n_clients))
		return false;
	*ret = b->clients[b->many ? 0 : index];
	return true;
}

const char *broker_gateway_state_name(enum broker_gateway_state s)
{
	static const char *const names[] = {"offline", "online", "cordoned", "draining", "missing", "rescuing"};
	return names[s];
}

uint64_t broker_count(const struct broker *b, enum broker_counter c)
{
	return c == BROKER_COUNT_MOVED ? 77 : 0;
}

struct broker_summary broker_summary(const struct broker *b)
{
	return (struct broker_summary){.gateways = (uint32_t)b->n_gateways, .gateways_online = 1, .ready = true};
}

static int note(struct broker *b, const char *what, const struct portal_uuid *id, cp_time now)
{
	snprintf(b->done, sizeof(b->done), "%s %u", what, id->bytes[15]);
	b->done_at = now;
	return 0;
}

int broker_cordon(struct broker *b, const struct portal_uuid *gateway, cp_time now)
{
	return note(b, "cordon", gateway, now);
}

int broker_uncordon(struct broker *b, const struct portal_uuid *gateway, cp_time now)
{
	return note(b, "uncordon", gateway, now);
}

/* There is none any more, if its number is 9. */
int broker_drain(struct broker *b, const struct portal_uuid *gateway, cp_time now)
{
	if (gateway->bytes[15] == 9)
		return -ENOENT;
	for (size_t i = 0; i < b->n_gateways; i++)
		if (b->gateways[i].device->id.bytes[15] == gateway->bytes[15])
			b->gateways[i].state = BROKER_DRAINING;
	return note(b, "drain", gateway, now);
}

size_t broker_revoke(struct broker *b, const struct portal_uuid *client, const struct portal_uuid *resource, cp_time now)
{
	snprintf(b->done, sizeof(b->done), "revoke %d %d", client ? client->bytes[15] : -1, resource ? resource->bytes[15] : -1);
	b->done_at = now;
	return 5;
}

size_t broker_token_gone(struct broker *b, uint64_t token, cp_time now)
{
	snprintf(b->done, sizeof(b->done), "token_gone %u", (unsigned int)token);
	b->done_at = now;
	return 3;
}
