/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers of a request out of libwebsockets, as texts in one piece of memory that is wiped, since there is a token among
 * them. During the callback only.
 */
#ifndef PORTAL_HEADERS_H
#define PORTAL_HEADERS_H

#include "server.h"

struct texts;

/* What the headers that the portal knows take, all together. */
size_t headers_bytes(struct conn *c);
/* Room for so much; NULL: memory is short. */
struct texts *texts_new(size_t bytes);
void texts_free(struct texts *t);

/* NULL: is not there. Valid until texts_free(). */
const char *headers_text(struct conn *c, struct texts *t, enum lws_token_indexes which);
/* By its name in lower case with its colon. */
const char *headers_custom(struct conn *c, struct texts *t, const char *name);
/* As it may have been before libwebsockets decoded it; "": there is none. */
const char *headers_query(struct conn *c, struct texts *t);

#endif
