/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one configuration file of a node, which both processes read: JSON text in, checked values out.
 * No sockets, no clock, no logging; any thread. Every string may contain ${VAR}, replaced from the
 * environment. docs/configuration.md is the reference of the keys.
 *
 * On a mistake sluice_config_load() fails with a text "FILE: path.to.key: what is wrong".
 */
#ifndef SLUICE_CONFIG_H
#define SLUICE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_NAME_BYTES 32
#define CONFIG_WORKER_MAX 16
#define CONFIG_PORT_MAX   7
#define CONFIG_ADDR_MAX   32
#define CONFIG_ERROR_BYTES 512
#define CONFIG_RUNTIME_DIR "/run/sluice" /* unless the file says otherwise */

struct json_t;

/* An address, a prefix, or an address with port; IPv4 in the first four bytes, network byte order. */
struct config_addr {
	uint8_t family; /* 0: none, 4, 6 */
	uint8_t prefix_len;
	uint16_t port; /* host byte order */
	uint8_t addr[16];
};

struct config_port {
	char name[CONFIG_NAME_BYTES];
	char device[256];     /* EAL device string */
	uint16_t rx_queues;   /* 0: as many as fit */
	uint16_t tx_queues;   /* 0: as many as fit */
	uint16_t descriptors; /* per queue; 0: 1024 */
	uint16_t mtu;         /* 0: the device's */
};

struct config_interface {
	bool in_use;
	uint16_t port; /* index into ports */
	uint16_t vlan; /* 0: untagged */
	uint16_t mtu;  /* 0: the port's */
	uint16_t n_addresses;
	struct config_addr addresses[CONFIG_ADDR_MAX];
	struct config_addr gateway4, gateway6;
};

struct config_route {
	struct config_addr to, via;
	bool lan; /* by which interface: the one whose prefix covers `via` */
};

struct config_plugin {
	char name[CONFIG_NAME_BYTES];
	const struct json_t *options; /* borrowed from the configuration; may be NULL */
};

struct config_nf {
	bool workers_auto;     /* one per CPU of the affinity mask, less one for everything else if there are several */
	uint16_t worker_count; /* asked for by number or list; 0 with workers_auto */
	bool workers_listed;   /* worker_cpus holds worker_count CPUs */
	uint16_t worker_cpus[CONFIG_WORKER_MAX];
	uint32_t idle_sleep_us; /* 0: poll */
	bool hugepages;
	uint32_t memory_mb;
	uint32_t max_peers;
	uint32_t stop_deadline_ms;
	char plugin_dir[256]; /* empty: the one of the installation */
	bool host_port;
	char host_name[16];
	uint16_t n_ports, n_routes, n_plugins;
	struct config_port ports[CONFIG_PORT_MAX];
	struct config_interface wan, lan;
	struct config_route *routes;
	struct config_plugin *plugins; /* in load order of the file */
};

struct config_peer {
	char name[CONFIG_NAME_BYTES];
	uint8_t public_key[32];
	uint8_t preshared_key[32];
	bool has_psk;
	bool initiate;
	struct config_addr endpoint;
	uint16_t keepalive_s;
	uint16_t mtu;
	uint8_t timers;        /* 0 paper, 1 stock */
	uint8_t endpoint_mode; /* 0 roaming, 1 pinned */
	uint8_t padding;       /* 0 to 16, 1 none */
	uint16_t n_allowed;
	struct config_addr *allowed;
};

struct config_control {
	uint32_t linger_ms;
	uint32_t close_peers_per_s;
	uint32_t stop_deadline_ms;
};

struct sluice_config {
	char path[256];
	char runtime_dir[80]; /* sockets live here: sun_path is short */
	int log_level;        /* 0 error … 4 trace */
	struct config_nf nf;
	struct config_control control;
	uint32_t n_peers;
	struct config_peer *peers;
	uint32_t n_warnings;
	char **warnings;
	struct json_t *document; /* owned; what borrowed options point into */
};

/* Returns owned, or NULL with ret_error filled. */
struct sluice_config *sluice_config_load(const char *path, char ret_error[CONFIG_ERROR_BYTES]);
/* The same from text; `path` names it in errors. */
struct sluice_config *sluice_config_parse(const char *path, const char *text, size_t bytes,
					  char ret_error[CONFIG_ERROR_BYTES]);
/* runtime_dir alone, so that an operator's tools work while the rest of the file is wrong; 0, or -1 with ret_error. */
int sluice_config_runtime_dir(const char *path, char *ret, size_t bytes, char ret_error[CONFIG_ERROR_BYTES]);
/* Wipes the secrets. NULL is fine. */
void sluice_config_free(struct sluice_config *cfg);

/*
 * What differs in the part that sluice-nf uses, one call per key path; `refused`: it cannot change at
 * run time. Changeable: log_level, idle, interface addresses, gateways and MTU, routes, plugin options
 * (the plugin decides). Returns how many were found.
 */
unsigned int sluice_config_diff(const struct sluice_config *from, const struct sluice_config *to,
				void (*found)(void *arg, const char *path, bool refused), void *arg);
/* For the next diff, which must be against what runs: what was refused in `next` keeps its value of `old`. */
void sluice_config_keep_refused(struct sluice_config *next, const struct sluice_config *old);

#endif
