/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin ABI. A plugin is a shared object with one exported const `struct nf_plugin nf_plugin`.
 * All functions run on the management thread. tests/unit/nf/test_abi.c pins sizes and offsets: changing
 * one bumps NF_ABI in the same commit.
 *
 * Life: dlopen (node constructors run) → init: validate options, register handlers, counters, arcs,
 * matches, allocate → graphs are created → start: workers are about to run → … → quiesce: begin to
 * stop (say goodbye) → quiesced() polled until true or the deadline → workers stop → fini: wipe, free.
 * Loaded in order of depends_on, unwound in reverse.
 */
#ifndef NF_PLUGIN_H
#define NF_PLUGIN_H

#include <stdbool.h>
#include <stdint.h>

#include <nf/ctl.h>

#define NF_ABI 1u

struct json_t;

struct nf_plugin_error {
	char text[256]; /* "listen_port: 70000 is not a port"; the runtime puts file and path before it */
};

/* What the runtime tells a plugin that depends on the node's size. */
struct nf_limits {
	uint32_t max_peers;
	uint32_t workers;
	int socket_id; /* NUMA node of the workers, or SOCKET_ID_ANY */
	const char *runtime_dir;
};

struct nf_plugin {
	uint32_t abi;  /* NF_ABI */
	uint32_t size; /* sizeof(struct nf_plugin) */
	const char *name;
	const char *version;
	const char *const *depends_on; /* NULL-terminated; may be NULL */

	/* 0 or -errno with err filled. options: the plugin's object in the file, borrowed; may be NULL. */
	int (*init)(const struct json_t *options, const struct nf_limits *limits, struct nf_plugin_error *err);
	int (*start)(struct nf_plugin_error *err);
	void (*quiesce)(uint64_t deadline_ns);
	bool (*quiesced)(void);
	void (*fini)(void);

	/*
	 * A changed file: check first (changes nothing), then apply; an option that cannot change is refused by name.
	 * Before init (sluice-nf --check) the check sees to the options alone.
	 */
	int (*reload_check)(const struct json_t *options, struct nf_plugin_error *err);
	void (*reload_apply)(const struct json_t *options);
	/* Addresses or routes changed: nf_net() is new. */
	void (*net_changed)(void);

	/* Sync (ctl.h). Counts what was kept and swept into done; may be NULL. */
	void (*sweep)(uint32_t epoch, struct nf_sync_done *done);
	/* Adds to the node's status; may be NULL. */
	void (*status)(struct nf_status *status);
	/* Identity (wireguard): HELLO asks; fd is the far end's memfd or -1 (borrowed), ret_fd to send or -1. */
	int (*identity)(int fd, struct nf_hello_ack *ack, int *ret_fd);

	const struct nf_handler *handlers; /* ends with type 0; may be NULL */
};

extern const struct nf_plugin nf_plugin;

#endif
