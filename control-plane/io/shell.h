/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shell around cp_core: one thread, one libwebsockets loop. Each source adopts its descriptors as raw
 * files, feeds the core, and shell_pump() carries out what the core decided. Functions return 0 or -errno
 * after logging what went wrong, unless noted.
 */
#ifndef CP_SHELL_H
#define CP_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libwebsockets.h>

#include "core.h"
#include "log.h"
#include "sluice_config.h"

struct shell;

/* A descriptor in the loop. Callbacks may call endpoint_close() on their own endpoint. */
struct endpoint {
	struct shell *shell;
	struct lws *wsi; /* NULL: closed */
	int fd;          /* -1: closed; the loop closes it */
	void (*readable)(struct endpoint *e);
	void (*writable)(struct endpoint *e); /* may be NULL */
	void (*closed)(struct endpoint *e);   /* after the descriptor was closed */
	bool dying;
};
/* loop.c; takes fd, also when it fails. */
int endpoint_adopt(struct shell *s, struct endpoint *e, int fd);
void endpoint_close(struct endpoint *e);
void endpoint_want_write(struct endpoint *e);

/* queue.c: messages that a socket did not take yet; bounded. */
struct queue {
	struct queued *head, **tail;
	size_t bytes;
};
void queue_init(struct queue *q);
void queue_clear(struct queue *q); /* wipes */
/* Sends at once if nothing waits; identity_fd < 0: none. False: the far end is gone or reads too slowly. */
bool queue_send(struct queue *q, struct endpoint *e, const void *data, size_t bytes, int identity_fd);
bool queue_flush(struct queue *q, struct endpoint *e);

/* nf_socket.c: nf-ctl and nf-punt */
void nf_connect(struct shell *s);
void nf_reset(struct shell *s);
void nf_send(struct shell *s, const void *data, size_t bytes, bool with_identity);
void nf_punt_send(struct shell *s, const void *data, size_t bytes);
void nf_fini(struct shell *s);

/* operators.c: the socket of sluicectl */
int operators_listen(struct shell *s);
void operators_send(struct shell *s, uint32_t conn, const void *data, size_t bytes);
void operators_fini(struct shell *s);

/* file.c: the configuration as the core wants it. False: ret_error says what is wrong and where. */
bool file_read(const char *path, struct cp_settings *settings, struct cp_wanted *ret_wanted, struct sluice_config **ret_cfg,
	       char ret_error[CONFIG_ERROR_BYTES]);

/* shell.c */
cp_time shell_now(struct shell *s); /* one sample per wake-up */
void shell_pump(struct shell *s);   /* after every input */

#define OPERATORS_MAX 16u

struct operator {
	struct endpoint endpoint;
	struct queue queue;
	uint32_t conn; /* 0: free */
};

struct shell {
	const char *path;
	char runtime_dir[80];
	struct cp_core *core;
	struct cp_settings settings;
	struct lws_context *context;
	struct lws_vhost *vhost;
	lws_sorted_usec_list_t timer;
	cp_time now;
	bool exit, pumping;
	int exit_code;
	int identity_fd; /* the NF's sealed memfd; never mapped here; -1: none */
	struct endpoint nf_ctl, nf_punt, signals, listener;
	struct queue nf_queue;
	struct operator operators[OPERATORS_MAX];
	uint32_t last_conn;
};

#endif
