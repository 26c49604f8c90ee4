/* SPDX-License-Identifier: Apache-2.0 */
/* Why somebody was turned away: what is counted, and what /metrics calls it. */
#ifndef PORTAL_REFUSAL_H
#define PORTAL_REFUSAL_H

/* X(NAME, "label", "help") */
#define REFUSALS(X) \
	X(CONNECTIONS, "connections", "accepted beyond the number of connections") \
	X(SOURCE, "source_connections", "asked for beyond the connections of one source") \
	X(HANDSHAKES, "handshakes", "accepted beyond the unauthenticated connections") \
	X(SOURCE_HANDSHAKES, "source_handshakes", "accepted beyond the unauthenticated connections of one source") \
	X(HANDSHAKE_TIME, "handshake_time", "not joined in time") \
	X(HANDSHAKE_ABORTED, "handshake_aborted", "ended before a whole request was read, or no HTTP") \
	X(HEADER_BYTES, "header_bytes", "request headers too long") \
	X(UPGRADE, "upgrade", "no proper WebSocket upgrade") \
	X(NOT_FOUND, "not_found", "no such path, or not on this listener") \
	X(METHOD, "method", "a method other than GET") \
	X(BAD_TOKENS, "bad_tokens", "asked for too soon after bad tokens from the same source") \
	X(TOKEN, "token", "token missing or not good") \
	X(REQUEST, "request", "parameters that make no peer, or a broker's quota") \
	X(UNAVAILABLE, "unavailable", "asked for while the portal could not serve") \
	X(BINARY, "binary_frame", "closed for a binary frame") \
	X(FRAME_BYTES, "frame_bytes", "closed for a message that is too long") \
	X(UTF8, "bad_utf8", "closed for text that is no UTF-8") \
	X(RATE, "message_rate", "closed for too many messages") \
	X(CANDIDATES, "candidates", "not sent to one who has much to read yet") \
	X(SLOW, "slow_consumer", "closed for not reading what was sent")

#define REFUSAL_ENUM(name, label, help) REFUSAL_##name,
enum refusal { REFUSAL_NONE, REFUSALS(REFUSAL_ENUM) REFUSAL_KINDS };

#endif
