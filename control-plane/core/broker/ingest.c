/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ingest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "portal/base64.h"

#define CLAIMS_TEXT 2600 /* base64 makes 3470 of it */
#define NAME_TEXT   320  /* as JSON: of a name in visible ASCII 255 characters and some quotes */
#define TIME_TEXT   32

/* {"alg":"HS256","typ":"JWT"} */
static const char header[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";

/* RFC 8259 §7. What does not fit is left out, so that no character is cut in two. */
static void quote(const char *name, char ret[NAME_TEXT])
{
	size_t n = 0, good = 0;
	for (const unsigned char *p = (const unsigned char *)name; *p && n + 7 < NAME_TEXT; p++) {
		if ((*p & 0xc0) != 0x80)
			good = n;
		if (*p < 0x20 || *p == '"' || *p == '\\')
			n += (size_t)snprintf(ret + n, NAME_TEXT - n, "\\u%04x", *p);
		else
			ret[n++] = (char)*p;
		if (!p[1])
			good = n;
	}
	ret[good] = 0;
}

/* Days since 1970 to year, month, day of the Gregorian calendar: years begin in March, so that leap days come last. */
static void format_time(int64_t unix_seconds, char ret[TIME_TEXT])
{
	int64_t days = unix_seconds / 86400 + 719468, era = days / 146097;
	unsigned int of_day = (unsigned int)(unix_seconds % 86400), of_era = (unsigned int)(days % 146097);
	unsigned int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned int of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
	unsigned int day = of_year - (153 * month + 2) / 5 + 1;
	int64_t y = (int64_t)year + era * 400 + (month >= 10);
	snprintf(ret, TIME_TEXT, "%04" PRId64 "-%02u-%02uT%02u:%02u:%02uZ", y % 10000, month < 10 ? month + 3 : month - 9, day,
		 of_day / 3600, of_day / 60 % 60, of_day % 60);
}

static int64_t sane(int64_t unix_seconds)
{
	const int64_t latest = 253402300799; /* of the year 9999 */
	return unix_seconds < 0 ? 0 : unix_seconds > latest ? latest : unix_seconds;
}

#define IDS 6

/* Both copies name the same one (RFC 9562 §5.8). */
static struct portal_uuid name_authorization(const struct broker_ingest *i)
{
	const struct portal_uuid key[3] = {i->client, i->gateway, i->resource};
	uint8_t hash[CP_SHA256_BYTES];
	struct portal_uuid u;
	cp_sha256(key, sizeof(key), hash);
	memcpy(&u, hash, sizeof(u));
	u.bytes[6] = (uint8_t)(0x80 | (u.bytes[6] & 0x0f));
	u.bytes[8] = (uint8_t)(0x80 | (u.bytes[8] & 0x3f));
	return u;
}

static size_t format_claims(const struct broker_ingest *i, char ret[CLAIMS_TEXT])
{
	char id[IDS][PORTAL_UUID_TEXT], account[NAME_TEXT], actor[NAME_TEXT], resource[NAME_TEXT], from[TIME_TEXT], until[TIME_TEXT];
	const struct portal_uuid authorization = name_authorization(i), no_policy = {{0}};
	const struct portal_uuid *ids[IDS] = {&i->client, &i->gateway, &authorization, &no_policy, &i->resource, &i->actor};
	for (size_t k = 0; k < IDS; k++)
		portal_uuid_format(ids[k], id[k]);
	quote(i->account ? i->account : "", account);
	quote(i->actor_name ? i->actor_name : "", actor);
	quote(i->resource_name ? i->resource_name : "", resource);
	format_time(sane(i->issued_at), from);
	format_time(sane(i->expires_at), until);
	int n = snprintf(ret, CLAIMS_TEXT,
			 "{\"account_id\":\"%s\",\"iat\":%" PRId64 ",\"exp\":%" PRId64 ",\"uploads_enabled\":false,\"role\":\"%s\","
			 "\"initiator_device_id\":\"%s\",\"responder_device_id\":\"%s\",\"policy_authorization_id\":\"%s\","
			 "\"policy_id\":\"%s\",\"resource_id\":\"%s\",\"resource_name\":\"%s\",\"initiator_actor_id\":\"%s\","
			 "\"initiator_actor_name\":\"%s\",\"authorized_at\":\"%s\",\"authorization_expires_at\":\"%s\","
			 "\"device_id\":\"%s\",\"actor_id\":\"%s\",\"actor_name\":\"%s\"}",
			 account, sane(i->issued_at), sane(i->expires_at), i->role == PORTAL_GATEWAY ? "responder" : "initiator", id[0],
			 id[1], id[2], id[3], id[4], resource, id[5], actor, from, until, id[0], id[5], actor);
	return n < CLAIMS_TEXT ? (size_t)n : CLAIMS_TEXT - 1;
}

/* RFC 4648 §5, without padding. */
static size_t encode(const void *data, size_t bytes, char *ret)
{
	size_t n = portal_base64_encode(data, bytes, ret);
	for (size_t i = 0; i < n; i++)
		ret[i] = ret[i] == '+' ? '-' : ret[i] == '/' ? '_' : ret[i];
	return n;
}

void broker_ingest(const struct broker_ingest *i, const uint8_t secret[32], char ret[BROKER_INGEST_TEXT])
{
	char claims[CLAIMS_TEXT];
	uint8_t signature[CP_SHA256_BYTES];
	size_t n = sizeof(header) - 1;
	memcpy(ret, header, n);
	n += encode(claims, format_claims(i, claims), ret + n);
	const struct cp_span signed_part = {ret, n};
	cp_hmac_sha256(secret, 32, &signed_part, 1, signature);
	ret[n++] = '.';
	n += encode(signature, sizeof(signature), ret + n);
	ret[n] = 0;
}
