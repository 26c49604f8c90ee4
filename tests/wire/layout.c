/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"

#include <nf/wire.h>

#define STRUCTS(X)                                                                                           \
	X(nf_msg_hdr, NF_FIELDS_MSG_HDR)                                                                     \
	X(nf_addr, NF_FIELDS_ADDR)                                                                           \
	X(nf_error, NF_FIELDS_ERROR)                                                                         \
	NF_BODIES(X)

/* Every byte of a message is a field with a name: the compiler adds none between or behind them. */
#define BYTES_OF(t, n, d, text) +sizeof(t d)
#define IS_PACKED(tag, FIELDS)                                                                               \
	_Static_assert(sizeof(struct tag) == 0 FIELDS(BYTES_OF), "struct " #tag " has padding without a name");
STRUCTS(IS_PACKED)

#define FIELD(t, n, d, text) {.type = #t, .name = #n, .dim = #d, .doc = text, .size = sizeof(t d)},
#define FIELD_TABLE(tag, FIELDS) static const struct layout_field fields_of_##tag[] = {FIELDS(FIELD)};
STRUCTS(FIELD_TABLE)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define STRUCT_ROW(tag, FIELDS) {#tag, sizeof(struct tag), fields_of_##tag, COUNT(fields_of_##tag)},
const struct layout_struct layout_structs[] = {STRUCTS(STRUCT_ROW)};
const size_t layout_n_structs = COUNT(layout_structs);

#define MESSAGE_ROW(NAME, number, req, rep, dir, doc) {#NAME, #req, #rep, #dir, doc, number},
const struct layout_message layout_messages[] = {NF_MESSAGES(MESSAGE_ROW)};
const size_t layout_n_messages = COUNT(layout_messages);

/* The enums of wire.h are no X-macros; test_layout.c holds this list against the header's text. */
#define VALUES(V)                                                                                            \
	V(nf_msg_flag, NF_MSG_REPLY) V(nf_msg_flag, NF_MSG_MORE) V(nf_msg_flag, NF_MSG_EVENT)                \
	V(nf_identity_source, NF_IDENTITY_GENERATED) V(nf_identity_source, NF_IDENTITY_HANDED)               \
	V(nf_identity_source, NF_IDENTITY_KEPT) V(nf_identity_source, NF_IDENTITY_FILE)                      \
	V(nf_stash_kind, NF_STASH_PEER) V(nf_stash_kind, NF_STASH_RELAY)                                     \
	V(nf_stash_kind, NF_STASH_LOCAL)                                                                     \
	V(nf_peer_timers, NF_TIMERS_PAPER) V(nf_peer_timers, NF_TIMERS_STOCK)                                \
	V(nf_peer_endpoint, NF_ENDPOINT_ROAMING) V(nf_peer_endpoint, NF_ENDPOINT_PINNED)                     \
	V(nf_peer_padding, NF_PADDING_16) V(nf_peer_padding, NF_PADDING_NONE)                                \
	V(nf_peer_flag, NF_PEER_STATIC) V(nf_peer_flag, NF_PEER_HAS_PSK)                                     \
	V(nf_peer_flag, NF_PEER_INITIATE) V(nf_peer_flag, NF_PEER_MOVE)                                      \
	V(nf_close_reason, NF_CLOSE_OPERATOR) V(nf_close_reason, NF_CLOSE_DRAIN)                             \
	V(nf_close_reason, NF_CLOSE_REMOVED) V(nf_close_reason, NF_CLOSE_REVOKED)                            \
	V(nf_close_reason, NF_CLOSE_RECEIVED) V(nf_close_reason, NF_CLOSE_STOP)                              \
	V(nf_close_outcome, NF_CLOSED_ACKED) V(nf_close_outcome, NF_CLOSED_SENT)                             \
	V(nf_close_outcome, NF_CLOSED_ACCEPTED) V(nf_close_outcome, NF_CLOSED_UNREACHABLE)                   \
	V(nf_close_outcome, NF_CLOSED_NO_SESSION) V(nf_close_outcome, NF_CLOSED_FAILED)                      \
	V(nf_peer_event, NF_PEER_SESSION) V(nf_peer_event, NF_PEER_GOODBYE)                                  \
	V(nf_peer_event, NF_PEER_EXPIRED) V(nf_peer_event, NF_PEER_GAVE_UP)                                  \
	V(nf_peer_event, NF_PEER_ROAMED) V(nf_peer_event, NF_PEER_FAILED)                                    \
	V(nf_peer_state, NF_PEER_STATE_IDLE) V(nf_peer_state, NF_PEER_STATE_HANDSHAKE)                       \
	V(nf_peer_state, NF_PEER_STATE_UP) V(nf_peer_state, NF_PEER_STATE_CLOSING)                           \
	V(nf_peer_state, NF_PEER_STATE_CLOSED)                                                               \
	V(nf_counter_kind, NF_COUNTER_DROP) V(nf_counter_kind, NF_COUNTER_EVENT)                             \
	V(nf_punt_kind, NF_PUNT_CONTROL) V(nf_punt_kind, NF_PUNT_STUN)                                       \
	V(nf_msg_dir, NF_DIR_CTL) V(nf_msg_dir, NF_DIR_VIEW) V(nf_msg_dir, NF_DIR_EVENT)                     \
	V(nf_msg_dir, NF_DIR_PUNT) V(nf_msg_dir, NF_DIR_INJECT)

#define VALUE_ROW(of, name) {#of, #name, name},
const struct layout_value layout_values[] = {VALUES(VALUE_ROW)};
const size_t layout_n_values = COUNT(layout_values);

void layout_write(FILE *f)
{
	fprintf(f, "abi %u max_bytes %u\n", NF_WIRE_ABI, NF_MSG_MAX_BYTES);
	for (size_t i = 0; i < layout_n_structs; i++) {
		const struct layout_struct *s = &layout_structs[i];
		size_t offset = 0; /* the sum of what came before: IS_PACKED */
		fprintf(f, "struct %s %zu\n", s->name, s->size);
		for (size_t k = 0; k < s->n_fields; offset += s->fields[k++].size)
			fprintf(f, "  %zu+%zu %s%s %s\n", offset, s->fields[k].size, s->fields[k].type, s->fields[k].dim,
				s->fields[k].name);
	}
	for (size_t i = 0; i < layout_n_values; i++)
		fprintf(f, "enum %s %s %ld\n", layout_values[i].of, layout_values[i].name, layout_values[i].value);
	for (size_t i = 0; i < layout_n_messages; i++) {
		const struct layout_message *m = &layout_messages[i];
		fprintf(f, "message %u %s %s %s %s\n", m->number, m->name, m->request, m->reply, m->direction);
	}
}
