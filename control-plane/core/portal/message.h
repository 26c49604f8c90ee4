/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The portal's language: typed messages ↔ Phoenix frames, both directions, three roles, two dialects (portal §2–§6.7).
 *
 *     text frame ── portal_read() ──> struct portal_message ── portal_write() ──> text frame
 *
 * Pure functions of their arguments; any thread, a message belongs to one at a time. What is read is as strict as
 * stock peers (frames from the portal) and as the stock portal (frames from a peer) are, so that what they would drop
 * is not acted on here; unknown members are ignored and counted. Beyond that:
 *   - a member may be given twice nowhere, not even an unknown one (§6.6);
 *   - text must not hold U+0000;
 *   - integers that do not fit 64 bits are bad syntax;
 *   - both spellings of a site (§4.5) are taken, in both dialects, but not both at once.
 *
 * Errors of reading are positive, say what is wrong by name (struct portal_error), and are a remote's doing:
 * nothing is logged, kept or asserted. -ENOMEM when memory is short, unless jansson takes that for bad JSON.
 */
#ifndef CP_PORTAL_MESSAGE_H
#define CP_PORTAL_MESSAGE_H

#include "portal/client.h"
#include "portal/gateway.h"

enum portal_role { PORTAL_GATEWAY = 1, PORTAL_CLIENT = 2, PORTAL_RELAY = 4 };
enum portal_dialect { PORTAL_V1 = 1, PORTAL_V2 = 2 }; /* by the path of the WebSocket alone (§6.2); relays: V1 */
enum portal_sender { PORTAL_FROM_PEER = 1, PORTAL_FROM_PORTAL = 2 };

/* What a frame is read or written as. */
struct portal_link {
	enum portal_role role;
	enum portal_dialect dialect;
};

enum portal_type {
	PORTAL_NOTHING,
	/* of the channel (§2) */
	PORTAL_JOIN,       /* phx_join; relay: body.join */
	PORTAL_HEARTBEAT,  /* topic "phoenix" */
	PORTAL_LEAVE,      /* phx_leave */
	PORTAL_REPLY,      /* phx_reply: body.reply */
	PORTAL_ERROR,      /* phx_error */
	PORTAL_CLOSE,      /* phx_close */
	PORTAL_DISCONNECT, /* body.disconnect; fatal to stock peers (§2.7) */
	/* → gateway */
	PORTAL_GATEWAY_INIT,
	PORTAL_AUTHORIZE_FLOW,
	PORTAL_REJECT_ACCESS,
	PORTAL_EXPIRY_UPDATED,   /* access_authorization_expiry_updated: body.authorization */
	PORTAL_RESOURCE_UPDATED, /* body.resource */
	PORTAL_REQUEST_CONNECTION,
	PORTAL_ALLOW_ACCESS,
	/* gateway → */
	PORTAL_FLOW_AUTHORIZED,
	PORTAL_CONNECTION_READY,
	/* → client */
	PORTAL_CLIENT_INIT,
	PORTAL_CONFIG_CHANGED,
	PORTAL_RESOURCE_UPSERTED, /* resource_created_or_updated: body.resource */
	PORTAL_RESOURCE_DELETED,
	PORTAL_FLOW_CREATED,
	PORTAL_FLOW_CREATION_FAILED,
	/* client → */
	PORTAL_CREATE_FLOW,
	PORTAL_NEW_GATEWAY_CANDIDATES,         /* body.unicast, and the next */
	PORTAL_INVALIDATED_GATEWAY_CANDIDATES,
	/* → gateway and client */
	PORTAL_CANDIDATES,             /* body.candidates, and the next */
	PORTAL_INVALIDATED_CANDIDATES,
	PORTAL_RELAYS_PRESENCE,
	/* gateway and client → */
	PORTAL_BROADCAST_CANDIDATES,             /* body.broadcast, and the next */
	PORTAL_BROADCAST_INVALIDATED_CANDIDATES,
	PORTAL_NO_RELAYS,
	PORTAL_CAPABILITIES,
	/* client →, tolerated without a look at the payload (§6.3 h) */
	PORTAL_REQUEST_DEVICE_ACCESS,
	PORTAL_RESOLVE_DEVICE_POOL_DOMAIN,
	PORTAL_NEW_CLIENT_CANDIDATES,
	PORTAL_INVALIDATED_CLIENT_CANDIDATES,
	/* → relay */
	PORTAL_RELAY_INIT,
	PORTAL_TYPES
};

/* Of a relay only: the secret its credentials are made of (§5.7). */
struct portal_join {
	const char *stamp_secret;
};

/* The portal's answer (§2.4). */
enum portal_status { PORTAL_OK = 1, PORTAL_REFUSED };
struct portal_reply {
	enum portal_status status;
	const char *reason; /* PORTAL_REFUSED: "unmatched topic", "unknown_message", … */
};

/* Why the peer must go (§2.7). Other reasons are bad payload. */
enum portal_disconnect_reason { PORTAL_TOKEN_EXPIRED = 1 };
struct portal_disconnect {
	enum portal_disconnect_reason reason;
};

#define PORTAL_ERROR_WHERE 96 /* characters, NUL included */
struct portal_error {
	char event[48];                 /* printable, cut; "frame": of the frame itself */
	char where[PORTAL_ERROR_WHERE]; /* "relays[1].addr"; "": the payload as a whole */
	const char *what;               /* "has no port"; static */
	/* What an answer needs, if it got that far. */
	bool has_ref;
	uint64_t ref;
};
#define PORTAL_ERROR_TEXT 320
/* "init: relays[1].addr: is missing"; returns its length. */
size_t portal_error_format(const struct portal_error *e, char ret[PORTAL_ERROR_TEXT]);

struct portal_memory;

struct portal_message {
	enum portal_type type;
	bool on_phoenix; /* topic "phoenix": heartbeats and replies to them; otherwise the role's own topic */
	bool has_ref;    /* from peers always, unless it was null; from the portal: of replies */
	uint64_t ref;
	/* What was read and is not in the body; of no meaning when written. */
	unsigned int n_ignored; /* members that nobody reads */
	unsigned int n_skipped; /* malformed resources that were left out of a list */
	struct portal_error ignored, skipped; /* the first of each */
	union {
		struct portal_join join;
		struct portal_reply reply;
		struct portal_disconnect disconnect;
		struct portal_gateway_init gateway_init;
		struct portal_authorize_flow authorize_flow;
		struct portal_flow_authorized flow_authorized;
		struct portal_reject_access reject_access;
		struct portal_authorization authorization;
		struct portal_resource resource;
		struct portal_candidates candidates;
		struct portal_broadcast broadcast;
		struct portal_unicast unicast;
		struct portal_relays_presence relays_presence;
		struct portal_request_connection request_connection;
		struct portal_connection_ready connection_ready;
		struct portal_allow_access allow_access;
		struct portal_capabilities capabilities;
		struct portal_client_init client_init;
		struct portal_config_changed config_changed;
		struct portal_resource_deleted resource_deleted;
		struct portal_create_flow create_flow;
		struct portal_flow_created flow_created;
		struct portal_flow_creation_failed flow_creation_failed;
	} body;
	struct portal_memory *memory; /* NULL in a message that was not read */
};

/* Outcomes of portal_read(). */
enum {
	PORTAL_E_TRUNCATED = 1, /* the JSON ends early, or is empty: stock peers reconnect (§2.11) */
	PORTAL_E_SYNTAX,        /* other bad JSON, a member twice: dropped; the portal closes the connection */
	PORTAL_E_FRAME,         /* JSON, but no frame: likewise */
	PORTAL_E_TOPIC,         /* for a topic that is neither this role's nor "phoenix": dropped */
	PORTAL_E_UNKNOWN,       /* an event that this role, dialect and direction do not have: dropped; the portal
	                           answers unknown_message */
	PORTAL_E_PAYLOAD,       /* a payload that is not as it must be: likewise */
};
/* Reads one text frame. 0: *ret is to be freed with portal_message_free(); otherwise it holds nothing. ret_error is
 * filled in whenever the outcome is positive; its what lives forever. */
int portal_read(const struct portal_link *link, enum portal_sender from, const char *text, size_t bytes,
		struct portal_message *ret, struct portal_error *ret_error);
/* Wipes and frees what was read. A message that was not read, or is zeroed, holds nothing. */
void portal_message_free(struct portal_message *m);

struct portal_text {
	char *text; /* NUL behind it */
	size_t bytes;
};
/* Writes one text frame; ret is to be freed with portal_text_free(). -EINVAL: the link has no such message in this
 * direction, text that is required is NULL, or is no UTF-8, or a value is none of its kind; -ENOMEM. */
int portal_write(const struct portal_link *link, enum portal_sender from, const struct portal_message *m,
		 struct portal_text *ret);
void portal_text_free(struct portal_text *t);

/* A client's resources as they stand in its init, rendered once for all clients that have the same; ret as of
 * portal_write(). */
int portal_render_resources(const struct portal_link *link, const struct portal_resources *list, struct portal_text *ret);
/* portal_write() of a client's init with such a list instead of m's own, which is not looked at. */
int portal_write_client_init(const struct portal_link *link, const struct portal_message *m, const struct portal_text *resources,
			     struct portal_text *ret);

/* The event's name, NULL if the link does not have it in this direction. */
const char *portal_event_name(const struct portal_link *link, enum portal_sender from, enum portal_type type);
/* "gateway", "client", "relay": the topic that is joined. */
const char *portal_topic(enum portal_role role);

/* Makes jansson wipe whatever it frees, in the whole process, so that no secret outlives its message. To be called
 * by main() before anything else calls jansson; memory that jansson handed out before must not be freed after. */
void portal_wipe_json(void);

/* All messages with their members, as the page docs/portal-messages.md. To be freed; NULL when memory is short. */
char *portal_describe(void);


#endif
