/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors in libwebsockets' loop. It closes what it adopted, so nothing else may. */
#include <errno.h>

#include "shell.h"

int endpoint_adopt(struct shell *s, struct endpoint *e, int fd)
{
	lws_sock_file_fd_type u = {.filefd = fd};
	e->shell = s;
	e->fd = fd;
	e->dying = false;
	lws_adopt_desc_t desc = {.vh = s->vhost, .type = LWS_ADOPT_RAW_FILE_DESC, .fd = u, .vh_prot_name = "raw", .opaque = e};
	e->wsi = lws_adopt_descriptor_vhost_via_info(&desc);
	if (e->wsi)
		return 0;
	e->fd = -1;
	return -ENOMEM;
}

void endpoint_close(struct endpoint *e)
{
	if (!e->wsi || e->dying)
		return;
	e->dying = true;
	lws_set_timeout(e->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void endpoint_want_write(struct endpoint *e)
{
	if (e->wsi && !e->dying)
		lws_callback_on_writable(e->wsi);
}
