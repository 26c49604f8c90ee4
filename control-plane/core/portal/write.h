/* SPDX-License-Identifier: Apache-2.0 */
/* Writing by table, inside the codec. */
#ifndef CP_PORTAL_WRITE_H
#define CP_PORTAL_WRITE_H

#include <jansson.h>

#include "portal/message.h"
#include "portal/table.h"

struct portal_writer {
	uint8_t dialect;
	int err; /* the first failure: -EINVAL, -ENOMEM */
};

/* Returns owned; NULL: w->err says why. */
json_t *portal_write_value(struct portal_writer *w, const struct portal_field *f, const void *at);
json_t *portal_write_scalar(struct portal_writer *w, const struct portal_field *f, const void *at);
/* 0 or -ENOMEM. */
int portal_write_dump(const json_t *value, struct portal_text *ret);
/* NULL. */
json_t *portal_write_fail(struct portal_writer *w, int err);

#endif
