/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text for people. Pure; every function fills `ret` and returns it. */
#ifndef CTL_FORMAT_H
#define CTL_FORMAT_H

#include <stdint.h>

#include <nf/wire.h>

#define FMT_BYTES     64 /* enough for each of these */
#define FMT_KEY_BYTES 45

/* 1.53 s, 12 min 5 s, 3 h 20 min, 2 d 4 h; below a second 350 ms; UINT64_MAX: never. */
char *fmt_duration(char ret[FMT_BYTES], uint64_t ns);
/* 3 s ago, just now, never. */
char *fmt_ago(char ret[FMT_BYTES], uint64_t ns);
/* 512 B, 1.21 MiB. */
char *fmt_size(char ret[FMT_BYTES], uint64_t bytes);
/* 1 234 567. */
char *fmt_count(char ret[FMT_BYTES], uint64_t n);
char *fmt_key(char ret[FMT_KEY_BYTES], const uint8_t key[NF_KEY_BYTES]);
/* 192.0.2.1, 192.0.2.0/24 when prefix is asked for, 192.0.2.1:51820 or [fd00::1]:51820 with a port. */
char *fmt_addr(char ret[FMT_BYTES], const struct nf_addr *a);
char *fmt_prefix(char ret[FMT_BYTES], const struct nf_addr *a);
char *fmt_endpoint(char ret[FMT_BYTES], const struct nf_addr *a);
char *fmt_mac(char ret[FMT_BYTES], const uint8_t mac[6]);
/* A name that came over the wire: ended within its field, and harmless to a terminal. */
char *fmt_name(char ret[NF_NAME_BYTES], const char name[NF_NAME_BYTES]);
/* Any text of bounded length, in place: control characters but line feeds become '?'. */
char *fmt_harmless(char *text);
/* UTF-8 for one line, in place: also line feeds, the control characters above ASCII, and those that turn the direction of
 * writing or break lines, become '?', one for each byte. */
char *fmt_line(char *text);
/* "2027-01-31 18:00" of UTC; Unix seconds. */
char *fmt_moment(char ret[FMT_BYTES], int64_t unix_seconds);

const char *fmt_peer_state(uint32_t state);
const char *fmt_outcome(uint16_t outcome);
const char *fmt_reason(uint16_t reason);

#endif
