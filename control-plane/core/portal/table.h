/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables from which messages are read, written and described: one row per message, one per member of an object.
 * All of them are constants. A member is found in its struct by its offset.
 */
#ifndef CP_PORTAL_TABLE_H
#define CP_PORTAL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portal/message.h"

enum portal_kind {
	PORTAL_K_TEXT,    /* const char * */
	PORTAL_K_UUID,    /* struct portal_uuid */
	PORTAL_K_KEY,     /* struct portal_key */
	PORTAL_K_IP,      /* struct cp_addr, and the next three */
	PORTAL_K_IPV4,
	PORTAL_K_IPV6,
	PORTAL_K_SOCKET,
	PORTAL_K_NETWORK, /* struct portal_network */
	PORTAL_K_DOMAIN,  /* const char * */
	PORTAL_K_BOOL,    /* bool */
	PORTAL_K_TIME,    /* int64_t, seconds; null: PORTAL_NEVER */
	PORTAL_K_UINT,    /* uint64_t */
	PORTAL_K_U16,     /* uint16_t */
	PORTAL_K_NAME,    /* an enum; of: struct portal_names */
	PORTAL_K_OBJECT,  /* of: struct portal_object */
	PORTAL_K_LIST,    /* a pointer and a size_t; of: struct portal_list */
	PORTAL_K_TOKEN,   /* const char *: a JSON web token (§6.7) */
	PORTAL_K_EMPTY,   /* exactly {}; nothing is stored, nor of the next */
	PORTAL_K_NULL,    /* anything; null is written */
	PORTAL_K_ANY,     /* anything; {} is written */
};

/* What stock peers demand (§3). */
enum portal_need {
	PORTAL_R,  /* must be there, not null */
	PORTAL_RN, /* must be there, may be null */
	PORTAL_O,  /* may be missing, not null */
	PORTAL_ON, /* may be missing or null */
	PORTAL_L,  /* may be anything; what is not as it should be counts as missing */
};

struct portal_field {
	const char *name, *also; /* also: another spelling */
	uint8_t kind;            /* enum portal_kind */
	uint8_t need;            /* enum portal_need */
	uint8_t dialects;        /* enum portal_dialect, or-ed; 0: all */
	bool unstored;           /* checked, not kept */
	uint16_t at;             /* offset */
	uint16_t has_at;         /* offset of a bool + 1: was it there? 0: nobody wants to know */
	uint16_t missing;        /* U16: the value of one that is missing */
	const void *of;
};

struct portal_fields {
	const struct portal_field *list;
	size_t n;
};

struct portal_variant {
	const char *name;
	int value;
	struct portal_fields fields;
};

/* Fields that all have, and, if it is tagged, those of the variant that the tag names. */
struct portal_object {
	const char *name; /* for the description */
	struct portal_fields fields;
	const char *tag;
	uint16_t tag_at; /* offset of an enum */
	const struct portal_variant *variants;
	size_t n_variants;
	bool other_is_fine; /* an unknown tag: the enum stays 0, the rest unread */
};

struct portal_list {
	uint8_t kind; /* TEXT, UUID, IP, OBJECT */
	uint16_t bytes;
	const void *of;
	bool skips; /* elements that are malformed are left out; objects of unknown type, too, but uncounted */
};

struct portal_name {
	const char *name;
	int value;
};
struct portal_names {
	const struct portal_name *list;
	size_t n;
	bool other_is_fine; /* an unknown name: 0 */
};

struct portal_row {
	enum portal_type type;
	const char *event;         /* older dialect; NULL: it does not have it */
	const char *newer;         /* newer dialect; NULL: it does not have it */
	uint8_t roles;             /* enum portal_role, or-ed */
	uint8_t from;              /* enum portal_sender */
	bool on_phoenix;           /* only on topic "phoenix" */
	struct portal_field payload; /* at: in portal_message.body */
};

extern const struct portal_row portal_rows[];
extern const size_t portal_n_rows;
extern const struct portal_object portal_claims, portal_older_claims; /* of an ingest token */
extern const struct portal_object portal_token_header;

extern const struct portal_object portal_gateway_init_object, portal_authorize_flow_object, portal_flow_authorized_object,
	portal_reject_access_object, portal_authorization_object, portal_gateway_resource_object, portal_client_resource_object,
	portal_from_client_object, portal_from_gateway_object, portal_to_clients_object, portal_to_gateways_object,
	portal_to_gateway_object, portal_relays_presence_object, portal_request_connection_object,
	portal_connection_ready_object, portal_allow_access_object, portal_client_init_object, portal_config_changed_object,
	portal_create_flow_object, portal_flow_created_object, portal_flow_failed_object, portal_join_object,
	portal_reply_object, portal_disconnect_object, portal_capabilities_object, portal_interface_object,
	portal_ice_object;
extern const struct portal_list portal_relay_list, portal_authorization_list, portal_uuid_list, portal_text_list,
	portal_candidate_list, portal_address_list, portal_client_resource_list;

#define PORTAL_FIELDS(array)                           \
	{                                              \
		array, sizeof(array) / sizeof(*(array)) \
	}
#define PORTAL_FIELD(member_name, k, n, type, member, ...) \
	{.name = member_name, .kind = PORTAL_K_##k, .need = PORTAL_##n, .at = offsetof(struct type, member), ##__VA_ARGS__}
#define PORTAL_HAS(type, member) .has_at = offsetof(struct type, member) + 1

#endif
