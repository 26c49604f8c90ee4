/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram in a few words. */
#include <string.h>

#include "stun/stun.h"
#include "trace.h"
#include "wg_wire.h"

static const char *method_name(uint16_t type)
{
	switch (STUN_METHOD(type)) {
	case STUN_BINDING:
		return "Binding";
	case STUN_ALLOCATE:
		return "Allocate";
	case STUN_REFRESH:
		return "Refresh";
	case STUN_CHANNEL_BIND:
		return "ChannelBind";
	default:
		return "STUN";
	}
}

static void describe_check(const struct stun_message *m, bool brief, char *ret)
{
	if (brief)
		snprintf(ret, TRACE_TEXT, "%scheck", m->use_candidate ? "nominating " : "");
	else
		snprintf(ret, TRACE_TEXT, "check %.*s%s", m->username.bytes, m->username.p, m->use_candidate ? " USE-CANDIDATE" : "");
}

static void describe_request(const struct stun_message *m, bool brief, char *ret)
{
	const char *name = method_name(m->type);
	if (m->has_priority)
		describe_check(m, brief, ret);
	else if (m->has_channel && !brief)
		snprintf(ret, TRACE_TEXT, "%s 0x%04x", name, m->channel);
	else
		snprintf(ret, TRACE_TEXT, "%s%s%s", name, m->has_lifetime && m->lifetime_s == 0 ? " 0" : "",
			 m->nonce.p && !m->has_channel ? " (nonce)" : "");
}

static void describe_stun(const struct stun_message *m, bool brief, char *ret)
{
	const char *name = method_name(m->type);
	bool of_ice = m->type == (STUN_BINDING | STUN_SUCCESS) && m->integrity_at;
	switch (m->type & STUN_CLASS) {
	case STUN_REQUEST:
		describe_request(m, brief, ret);
		return;
	case STUN_SUCCESS:
		snprintf(ret, TRACE_TEXT, "%s ok", of_ice ? "check" : name);
		return;
	case STUN_ERROR:
		snprintf(ret, TRACE_TEXT, "%s %u%s", name, m->error_code, m->integrity_at ? "" : " (unsigned)");
		return;
	default:
		snprintf(ret, TRACE_TEXT, "%s indication", name);
	}
}

void describe(const uint8_t *data, size_t bytes, bool brief, char ret[TRACE_TEXT])
{
	struct stun_message m;
	struct stun_channel_data c;
	char inner[TRACE_TEXT];
	if (stun_channel_parse(data, bytes, &c)) {
		describe(c.payload, c.bytes, brief, inner);
		if (brief)
			snprintf(ret, TRACE_TEXT, "[%.80s]", inner);
		else
			snprintf(ret, TRACE_TEXT, "[0x%04x] %.80s", c.channel, inner);
	} else if (stun_looks_like(data, bytes) && stun_parse(data, bytes, &m) == 0)
		describe_stun(&m, brief, ret);
	else
		snprintf(ret, TRACE_TEXT, "%s", wg_describe(data, bytes));
}
