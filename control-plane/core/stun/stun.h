/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STUN messages (RFC 8489, and of RFC 8656 and RFC 8445 the attributes that TURN and ICE add), and
 * ChannelData framing (RFC 8656 §12.4).
 *
 *   0                   1                   2                   3
 *  +-+-+-------------------------------+-------------------------------+
 *  |0 0|   message type (14 bits)      |  length of what follows       |
 *  +---+-------------------------------+-------------------------------+
 *  |                     magic cookie 0x2112A442                       |
 *  |                     transaction id (96 bits)                      |
 *  +-------------------------------+-----------------------------------+
 *  | attribute type | length | value, padded to 4 bytes | …
 *
 * Reading: stun_parse() checks the whole frame and every attribute that has a meaning here, once, and leaves
 * a view whose pointers borrow the datagram. It does not judge credentials: stun_integrity_holds() does.
 * Writing: a struct stun_writer fills a buffer of the caller; one that is too small is remembered and
 * stun_finish() returns 0.
 *
 * No state, no allocation; any thread.
 */
#ifndef CP_STUN_H
#define CP_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define STUN_HEADER_BYTES    20u
#define STUN_COOKIE          0x2112A442u
#define STUN_FINGERPRINT_XOR 0x5354554Eu
#define STUN_TXID_BYTES      12u
#define STUN_MESSAGE_MAX     1280u /* larger ones are refused: nothing that is sent here comes near */
#define STUN_UNKNOWN_MAX     8u    /* remembered comprehension-required attributes that have no meaning here */

/* method | class: 0x0000 request, 0x0010 indication, 0x0100 success, 0x0110 error */
enum stun_type {
	STUN_BINDING = 0x0001,
	STUN_ALLOCATE = 0x0003,
	STUN_REFRESH = 0x0004,
	STUN_SEND = 0x0006,
	STUN_DATA = 0x0007,
	STUN_CREATE_PERMISSION = 0x0008,
	STUN_CHANNEL_BIND = 0x0009,
	STUN_CLASS = 0x0110, /* mask */
	STUN_REQUEST = 0x0000,
	STUN_INDICATION = 0x0010,
	STUN_SUCCESS = 0x0100,
	STUN_ERROR = 0x0110,
};
#define STUN_METHOD(type) ((type) & 0x3eefu)

enum stun_attribute {
	STUN_MAPPED_ADDRESS = 0x0001,
	STUN_USERNAME = 0x0006,
	STUN_MESSAGE_INTEGRITY = 0x0008,
	STUN_ERROR_CODE = 0x0009,
	STUN_UNKNOWN_ATTRIBUTES = 0x000a,
	STUN_CHANNEL_NUMBER = 0x000c,
	STUN_LIFETIME = 0x000d,
	STUN_XOR_PEER_ADDRESS = 0x0012,
	STUN_REALM = 0x0014,
	STUN_NONCE = 0x0015,
	STUN_XOR_RELAYED_ADDRESS = 0x0016,
	STUN_REQUESTED_ADDRESS_FAMILY = 0x0017,
	STUN_REQUESTED_TRANSPORT = 0x0019,
	STUN_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_PRIORITY = 0x0024,
	STUN_USE_CANDIDATE = 0x0025,
	STUN_ADDITIONAL_ADDRESS_FAMILY = 0x8000, /* the number stock relays know, and RFC 8656's draft had */
	STUN_SOFTWARE = 0x8022,
	STUN_FINGERPRINT = 0x8028,
	STUN_ICE_CONTROLLED = 0x8029,
	STUN_ICE_CONTROLLING = 0x802a,
	STUN_ADDITIONAL_ADDRESS_FAMILY_RFC = 0x8032, /* RFC 8656 calls number 0x8000 so; third-party servers use this */
};

/* Outcomes of stun_parse(). STUN_E_NOT_STUN: not for us, try something else. Others: STUN, and wrong. */
enum {
	STUN_E_NOT_STUN = 1,  /* first bits, cookie, or the length is not the datagram's */
	STUN_E_TRUNCATED,     /* an attribute reaches beyond the end */
	STUN_E_BAD_LENGTH,    /* an attribute of fixed size has another */
	STUN_E_BAD_ADDRESS,   /* unknown family, or too short for it */
	STUN_E_BAD_STRING,    /* too long, or not UTF-8 */
	STUN_E_BAD_ERROR_CODE,
	STUN_E_TOO_LARGE,     /* beyond STUN_MESSAGE_MAX */
};
const char *stun_strerror(int outcome);

struct stun_text {
	const char *p; /* borrows the datagram; not terminated; NULL: absent */
	uint16_t bytes;
};

/* A message as read. Of a repeated attribute the first counts; what follows MESSAGE-INTEGRITY, FINGERPRINT aside, does not. */
struct stun_message {
	const uint8_t *raw; /* borrows the datagram */
	uint16_t bytes;
	uint16_t type;
	uint8_t txid[STUN_TXID_BYTES];
	struct stun_text username, realm, nonce, software, reason; /* reason: of ERROR-CODE */
	struct cp_addr mapped;      /* XOR-MAPPED-ADDRESS; family CP_NONE: absent, as below */
	struct cp_addr peer;        /* XOR-PEER-ADDRESS */
	struct cp_addr relayed[2];  /* XOR-RELAYED-ADDRESS: [0] IPv4, [1] IPv6 */
	uint64_t tie_breaker;       /* of ICE-CONTROLLING or ICE-CONTROLLED */
	uint32_t priority;
	uint32_t lifetime_s;
	uint16_t error_code;        /* 300..699; 0: absent */
	uint16_t channel;
	uint16_t integrity_at;      /* offset of the MESSAGE-INTEGRITY attribute; 0: absent */
	uint16_t fingerprint_at;    /* offset of the FINGERPRINT attribute; 0: absent */
	uint16_t refused[STUN_UNKNOWN_MAX]; /* listed by UNKNOWN-ATTRIBUTES of an error */
	uint16_t unknown[STUN_UNKNOWN_MAX]; /* comprehension-required and without a meaning here */
	uint8_t n_refused, n_unknown;
	bool has_priority, has_lifetime, has_channel, use_candidate, controlling, controlled;
};

/* Is it worth stun_parse()? The first two bits and the cookie. */
bool stun_looks_like(const void *datagram, size_t bytes);
/* 0 or STUN_E_*; on STUN_E_* *ret is unspecified. */
int stun_parse(const void *datagram, size_t bytes, struct stun_message *ret);
/* HMAC-SHA1 in constant time; false: absent or wrong. Short-term key: the password; long-term: stun_long_term_key(). */
bool stun_integrity_holds(const struct stun_message *m, const void *key, size_t key_bytes);
/* False: absent or wrong. */
bool stun_fingerprint_holds(const struct stun_message *m);
/* USERNAME "local:remote"; false: there is none, or a part is empty. */
bool stun_username_split(const struct stun_message *m, struct stun_text *ret_local, struct stun_text *ret_remote);
/* MD5(username ":" realm ":" password), RFC 8489 §9.2.2. The caller wipes it. */
void stun_long_term_key(const char *username, const char *realm, const char *password, uint8_t ret[16]);

struct stun_writer {
	uint8_t *p; /* borrowed */
	uint16_t room, bytes;
	bool overflow;
};

void stun_begin(struct stun_writer *w, void *buffer, size_t room, uint16_t type, const uint8_t txid[STUN_TXID_BYTES]);
void stun_put(struct stun_writer *w, uint16_t attribute, const void *value, size_t bytes);
void stun_put_u32(struct stun_writer *w, uint16_t attribute, uint32_t value);
void stun_put_u64(struct stun_writer *w, uint16_t attribute, uint64_t value);
void stun_put_text(struct stun_writer *w, uint16_t attribute, const char *text);
/* XOR-MAPPED-, XOR-PEER-, XOR-RELAYED-ADDRESS. */
void stun_put_address(struct stun_writer *w, uint16_t attribute, const struct cp_addr *a);
void stun_put_error(struct stun_writer *w, uint16_t code, const char *reason);
/* Over all that was put so far. */
void stun_put_integrity(struct stun_writer *w, const void *key, size_t key_bytes);
void stun_put_fingerprint(struct stun_writer *w);
/* Bytes of the message; 0: the buffer was too small. */
uint16_t stun_finish(struct stun_writer *w);

/* ChannelData: u16 channel, u16 length, payload; over UDP without padding (connectivity §2.9). */
#define STUN_CHANNEL_HEADER 4u
#define STUN_CHANNEL_FIRST  0x4000u
#define STUN_CHANNEL_LAST   0x4fffu /* what is bound here; third-party servers know up to 0x7fff */
struct stun_channel_data {
	uint16_t channel;
	uint16_t bytes;
	const uint8_t *payload; /* borrows the datagram */
};
/* False: no ChannelData, or its length is not that of the datagram. Channels 0x4000..0x7fff. */
bool stun_channel_parse(const void *datagram, size_t bytes, struct stun_channel_data *ret);
void stun_channel_header(uint8_t ret[STUN_CHANNEL_HEADER], uint16_t channel, uint16_t payload_bytes);

#endif
