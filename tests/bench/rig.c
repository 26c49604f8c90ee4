/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node under test: two ring ports, one interface each. Peers come in by the message that the control
 * plane sends; their sessions by the function that installs what a handshake has agreed on.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <rte_malloc.h>

#include <nf/clock.h>

#include "bench.h"
#include "runtime.h"
#include "sluice_config.h"

struct bench_rig rig;

/* What the plugin exports, by the names of wg.h. */
static struct {
	struct wg_peer *(*peer_by_key)(const uint8_t key[WG_KEY_BYTES]);
	void (*peer_set_endpoint)(struct wg_peer *p, const struct wg_endpoint *e);
	void (*peer_install)(struct wg_peer *p, const struct wg_session_keys *keys, uint64_t now);
	void (*peer_confirm)(struct wg_peer *p, uint32_t local_index, uint64_t now);
} api;

static struct sluice_config *config;

static const char *const template =
	"{\"runtime_dir\": \"%s/run\", \"log_level\": \"warn\", \"nf\": {\"workers\": %u, \"hugepages\": %s, \"memory_mb\": 1024, \"max_peers\": %u,"
	" \"idle\": \"poll\", \"host_port\": false, \"plugin_dir\": \"" BENCH_PLUGIN_DIR "\","
	" \"plugins\": {\"ip\": {}, \"wireguard\": {\"private_key_file\": \"%s/key\", \"aead\": \"%s\"}},"
	" \"ports\": [{\"name\": \"wan\", \"device\": \"net_ring_wan\", \"rx_queues\": %u, \"tx_queues\": %u},"
	"            {\"name\": \"lan\", \"device\": \"net_ring_lan\", \"rx_queues\": %u, \"tx_queues\": %u}],"
	" \"interfaces\": {\"wan\": {\"port\": \"wan\", \"addresses\": [\"192.0.2.1/24\"], \"gateways\": [\"192.0.2.254\"]},"
	"                  \"lan\": {\"port\": \"lan\", \"addresses\": [\"172.16.0.1/24\"]}}}}";

static int write_private(const char *dir, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -errno;
}

static int bind_api(void)
{
	void *so = dlopen(BENCH_PLUGIN_DIR "/sluice_wireguard.so", RTLD_NOW | RTLD_NOLOAD);
	if (!so)
		return -ENOENT;
	rig.wg = dlsym(so, "wg");
	*(void **)&api.peer_by_key = dlsym(so, "peer_by_key");
	*(void **)&api.peer_set_endpoint = dlsym(so, "peer_set_endpoint");
	*(void **)&api.peer_install = dlsym(so, "peer_install");
	*(void **)&api.peer_confirm = dlsym(so, "peer_confirm");
	return rig.wg && api.peer_by_key && api.peer_set_endpoint && api.peer_install && api.peer_confirm ? 0 : -ENOSYS;
}

int rig_bring_up(const char *dir, uint32_t workers, bool hugepages, const char *engine)
{
	char text[4096], path[256], error[CONFIG_ERROR_BYTES];
	rig.workers = workers;
	rig.hugepages = hugepages;
	snprintf(text, sizeof(text), template, dir, workers, hugepages ? "true" : "false", BENCH_PEERS_MAX, dir, engine, workers, workers, workers,
		 workers);
	snprintf(path, sizeof(path), "%s/nf.json", dir);
	int rc = write_private(dir, "nf.json", text);
	rc = rc ? rc : write_private(dir, "key", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH0A=\n");
	if (rc != 0)
		return rc;
	config = sluice_config_load(path, error);
	if (!config) {
		fprintf(stderr, "bench: %s\n", error);
		return -EINVAL;
	}
	nf_log_set_level(NF_WARN);
	reload_init(path, config);
	rc = nf_bring_up(config);
	rc = rc ? rc : handshake_start();
	rc = rc ? rc : plugins_start(config);
	rc = rc ? rc : bind_api();
	rig.peers = calloc(BENCH_PEERS_MAX, sizeof(*rig.peers));
	rig.keypairs = calloc(BENCH_PEERS_MAX, sizeof(*rig.keypairs));
	rig.counters = calloc(BENCH_PEERS_MAX, sizeof(*rig.counters));
	return rc ? rc : rig.peers && rig.keypairs && rig.counters ? 0 : -ENOMEM;
}

uint32_t rig_inner_of(uint32_t peer)
{
	return htonl((100u << 24 | 64u << 16) + 1 + peer); /* 100.64.0.0/11 */
}

void rig_endpoint_of(uint32_t peer, struct wg_endpoint *ret)
{
	uint32_t remote = htonl((198u << 24 | 18u << 16) + 1 + peer), local = htonl(RIG_WAN_ADDR);
	*ret = (struct wg_endpoint){.family = 4, .remote_port = (uint16_t)(20000 + peer % 10000), .local_port = RIG_PORT};
	memcpy(ret->remote, &remote, 4);
	memcpy(ret->local, &local, 4);
}

static const struct nf_handler *handler_of(uint16_t type)
{
	for (unsigned int i = 0; plugin_at(i); i++)
		for (const struct nf_handler *h = plugin_at(i)->handlers; h && h->type; h++)
			if (h->type == type)
				return h;
	return NULL;
}

/* An IPv4 and an IPv6 address, as a portal gives to every client. */
static int create_peer(uint32_t i)
{
	struct nf_msg_hdr hdr = {.type = NF_MSG_PEER_UPSERT};
	struct nf_peer_upsert u = {.inner_mtu = 1420, .padding = NF_PADDING_16, .endpoint_mode = NF_ENDPOINT_ROAMING, .allowed_count = 2};
	struct nf_addr allowed[2] = {{.family = 4, .prefix_len = 32},
				     {.family = 6, .prefix_len = 128, .addr = {0xfd, 0, 0x20, 0x21, 0x11, 0x11}}};
	uint32_t v4 = rig_inner_of(i);
	memcpy(allowed[0].addr, &v4, 4);
	memcpy(allowed[1].addr + 12, &v4, 4);
	if (getrandom(u.public_key, sizeof(u.public_key), 0) != sizeof(u.public_key))
		return -EIO;
	snprintf(u.name, sizeof(u.name), "bench-%u", i);
	struct nf_request req = {.hdr = &hdr, .body = &u, .tail = allowed, .tail_bytes = sizeof(allowed)};
	int rc = handler_of(NF_MSG_PEER_UPSERT)->fn(&req);
	rig.peers[i] = rc == 0 ? api.peer_by_key(u.public_key) : NULL;
	return rig.peers[i] ? 0 : rc ? rc : -ENOENT;
}

/* Timers are armed and fire, but start nothing: there is nobody to shake hands with. */
static void start_nothing(struct nf_timer *t, uint64_t now)
{
	(void)t;
	(void)now;
}

/* Both directions have one key, so that the rig can make what the node opens; the index is the slot, under a random upper part. */
static void install_session(uint32_t i)
{
	struct wg_session_keys keys = {.remote_index = i};
	struct wg_endpoint e;
	uint64_t now = nf_clock_ns();
	uint32_t slots = (BENCH_PEERS_MAX * 4u), mask = 1;
	while (mask < slots)
		mask *= 2;
	rig_endpoint_of(i, &e);
	rig.peers[i]->timer.fn = start_nothing;
	api.peer_set_endpoint(rig.peers[i], &e);
	if (getrandom(keys.send, sizeof(keys.send), 0) != sizeof(keys.send) || getrandom(&keys.local_index, 4, 0) != 4)
		abort(); /* start-up */
	memcpy(keys.receive, keys.send, sizeof(keys.receive));
	keys.local_index = (keys.local_index & ~(mask - 1)) | i * 5u;
	api.peer_install(rig.peers[i], &keys, now);
	api.peer_confirm(rig.peers[i], keys.local_index, now);
	rig.keypairs[i] = rig.peers[i]->current;
	rig.keypairs[i]->send_until_ns = rig.keypairs[i]->receive_until_ns = UINT64_MAX;
}

static size_t heap_bytes(void)
{
	struct rte_malloc_socket_stats s;
	struct mallinfo2 m = mallinfo2();
	size_t bytes = m.uordblks + m.hblkhd;
	return rte_malloc_get_socket_stats(0, &s) == 0 ? bytes + s.heap_allocsz_bytes : bytes;
}

int rig_add_peers(uint32_t up_to)
{
	uint32_t from = rig.n_peers, n = up_to - from;
	size_t before = heap_bytes();
	for (uint32_t i = from; i < up_to; i++) {
		int rc = create_peer(i);
		if (rc != 0)
			return rc;
	}
	size_t created = heap_bytes();
	for (uint32_t i = from; i < up_to; i++)
		install_session(i);
	rig.n_peers = up_to;
	rig.bytes_without = (double)(created - before) / n;
	rig.bytes_with = (double)(heap_bytes() - before) / n;
	return 0;
}
