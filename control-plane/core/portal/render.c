/* SPDX-License-Identifier: Apache-2.0 */
/* A client's init, most of which is the same for everybody who may reach the same: that part is rendered once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portal/write.h"

/* How the list stands in a frame where it is empty. No text has it: quotation marks are escaped there. */
static const char empty[] = "\"resources\":[]";
#define LIST_BYTES 2u /* of it, at its end */

int portal_render_resources(const struct portal_link *link, const struct portal_resources *list, struct portal_text *ret)
{
	struct portal_writer w = {.dialect = (uint8_t)link->dialect};
	const struct portal_field f = {.kind = PORTAL_K_LIST, .of = &portal_client_resource_list};
	json_t *value = portal_write_value(&w, &f, list);
	int err = value ? portal_write_dump(value, ret) : w.err;
	json_decref(value);
	return err;
}

/* "…[]…" becomes "…" + list + "…". */
static int splice(const struct portal_text *frame, size_t at, const struct portal_text *list, struct portal_text *ret)
{
	size_t bytes = frame->bytes - LIST_BYTES + list->bytes, behind = at + LIST_BYTES;
	char *text = malloc(bytes + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, frame->text, at);
	memcpy(text + at, list->text, list->bytes);
	memcpy(text + at + list->bytes, frame->text + behind, frame->bytes - behind + 1);
	*ret = (struct portal_text){.text = text, .bytes = bytes};
	return 0;
}

int portal_write_client_init(const struct portal_link *link, const struct portal_message *m, const struct portal_text *resources,
			     struct portal_text *ret)
{
	struct portal_message bare = *m;
	struct portal_text frame;
	if (m->type != PORTAL_CLIENT_INIT)
		return -EINVAL;
	bare.body.client_init.resources = (struct portal_resources){.n = 0};
	int err = portal_write(link, PORTAL_FROM_PORTAL, &bare, &frame);
	if (err)
		return err;
	const char *at = memmem(frame.text, frame.bytes, empty, sizeof(empty) - 1);
	err = at ? splice(&frame, (size_t)(at - frame.text) + sizeof(empty) - 1 - LIST_BYTES, resources, ret) : -EINVAL;
	portal_text_free(&frame);
	return err;
}
