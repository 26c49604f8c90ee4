/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration file to what the core wants. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "shell.h"

static struct nf_addr addr_of(const struct config_addr *a)
{
	struct nf_addr r = {.family = a->family, .prefix_len = a->prefix_len, .port = a->port};
	memcpy(r.addr, a->addr, a->family == 4 ? 4 : 16);
	return r;
}

static bool peer_of(const struct config_peer *p, struct cp_wanted_peer *ret)
{
	struct nf_peer_upsert u = {
		.endpoint = addr_of(&p->endpoint),
		.flags = NF_PEER_STATIC | (p->has_psk ? NF_PEER_HAS_PSK : 0u) | (p->initiate ? NF_PEER_INITIATE : 0u),
		.keepalive_s = p->keepalive_s,
		.inner_mtu = p->mtu,
		.timers = p->timers,
		.endpoint_mode = p->endpoint_mode,
		.padding = p->padding,
		.allowed_count = p->n_allowed,
	};
	memcpy(u.public_key, p->public_key, NF_KEY_BYTES);
	memcpy(u.preshared_key, p->preshared_key, NF_KEY_BYTES);
	snprintf(u.name, sizeof(u.name), "%s", p->name);
	ret->allowed = calloc(p->n_allowed + 1u, sizeof(*ret->allowed));
	if (!ret->allowed)
		return false;
	for (uint16_t i = 0; i < p->n_allowed; i++)
		ret->allowed[i] = addr_of(&p->allowed[i]);
	ret->upsert = u;
	sodium_memzero(&u, sizeof(u));
	return true;
}

static bool wanted_of(const struct sluice_config *cfg, struct cp_wanted *ret)
{
	*ret = (struct cp_wanted){.peers = calloc(cfg->n_peers + 1u, sizeof(*ret->peers))};
	if (!ret->peers)
		return false;
	for (; ret->n < cfg->n_peers; ret->n++)
		if (!peer_of(&cfg->peers[ret->n], &ret->peers[ret->n])) {
			cp_wanted_free(ret);
			return false;
		}
	return true;
}

bool file_read(const char *path, struct cp_settings *settings, struct cp_wanted *ret_wanted, struct sluice_config **ret_cfg,
	       char ret_error[CONFIG_ERROR_BYTES])
{
	struct sluice_config *cfg = sluice_config_load(path, ret_error);
	if (!cfg)
		return false;
	if (!wanted_of(cfg, ret_wanted)) {
		snprintf(ret_error, CONFIG_ERROR_BYTES, "%s: out of memory", path);
		sluice_config_free(cfg);
		return false;
	}
	settings->linger_ms = cfg->control.linger_ms;
	settings->close_peers_per_s = cfg->control.close_peers_per_s;
	settings->stop_deadline_ms = cfg->control.stop_deadline_ms;
	*ret_cfg = cfg;
	return true;
}
