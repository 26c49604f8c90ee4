/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_nf.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cp_wanted fake_wanted(uint32_t first, uint32_t n)
{
	struct cp_wanted w = {.n = n, .peers = calloc(n + 1u, sizeof(*w.peers))};
	for (uint32_t i = 0; i < n; i++) {
		struct nf_peer_upsert *u = &w.peers[i].upsert;
		u->public_key[0] = (uint8_t)(first + i);
		snprintf(u->name, sizeof(u->name), "p%u", first + i);
		u->flags = NF_PEER_STATIC;
		u->allowed_count = 1;
		w.peers[i].allowed = calloc(1, sizeof(struct nf_addr));
		w.peers[i].allowed->family = 4;
		w.peers[i].allowed->prefix_len = 32;
		w.peers[i].allowed->addr[3] = (uint8_t)(first + i);
	}
	return w;
}

void fake_init(struct fake *f, const struct cp_settings *settings, uint32_t peers)
{
	struct cp_wanted w = fake_wanted(1, peers);
	memset(f, 0, sizeof(*f));
	f->now = 1;
	f->there = true;
	f->boot = 1;
	f->exit_code = -1;
	f->stash = calloc(FAKE_STASH, sizeof(*f->stash));
	f->core = cp_core_new(settings, &w, f->now);
	assert(f->core);
}

static void forget_queue(struct fake *f)
{
	for (; f->q_head != f->q_tail; f->q_head++)
		free(f->queue[f->q_head % 512].bytes);
}

void fake_fini(struct fake *f)
{
	cp_core_free(f->core);
	forget_queue(f);
	free(f->stash);
}

struct fake_peer *fake_peer(struct fake *f, uint8_t id)
{
	for (uint32_t i = 0; i < f->n_peers; i++)
		if (f->peers[i].upsert.public_key[0] == id)
			return &f->peers[i];
	return NULL;
}

static void enqueue(struct fake *f, struct nf_msg_hdr hdr, const void *body, size_t bytes)
{
	assert(f->q_tail - f->q_head < 512);
	size_t at = f->q_tail++ % 512;
	hdr.body_bytes = (uint32_t)bytes;
	f->queue[at].bytes = malloc(sizeof(hdr) + bytes);
	assert(f->queue[at].bytes);
	memcpy(f->queue[at].bytes, &hdr, sizeof(hdr));
	memcpy(f->queue[at].bytes + sizeof(hdr), body, bytes);
	f->queue[at].n = sizeof(hdr) + bytes;
}

void fake_event(struct fake *f, uint16_t type, const void *body, size_t bytes)
{
	enqueue(f, (struct nf_msg_hdr){.type = type, .flags = NF_MSG_EVENT}, body, bytes);
	fake_run(f);
}

static void refuse(struct fake *f, const struct nf_msg_hdr *in, int status)
{
	struct nf_error e = {"refused by the fake"};
	enqueue(f, (struct nf_msg_hdr){.type = in->type, .seq = in->seq, .flags = NF_MSG_REPLY, .status = status}, &e, sizeof(e));
}

static void reply(struct fake *f, const struct nf_msg_hdr *in, uint16_t flags, const void *body, size_t bytes)
{
	enqueue(f, (struct nf_msg_hdr){.type = in->type, .seq = in->seq, .flags = NF_MSG_REPLY | flags}, body, bytes);
}

static void list_peers(struct fake *f, const struct nf_msg_hdr *in)
{
	struct nf_empty none = {0};
	for (uint32_t i = 0; i < f->n_peers; i++) {
		struct nf_peer_info info = {.state = f->peers[i].closed ? NF_PEER_STATE_CLOSED : NF_PEER_STATE_IDLE,
					    .endpoint = f->peers[i].upsert.endpoint};
		memcpy(info.public_key, f->peers[i].upsert.public_key, NF_KEY_BYTES);
		reply(f, in, i + 1 < f->n_peers ? NF_MSG_MORE : 0, &info, sizeof(info));
	}
	if (f->n_peers == 0)
		reply(f, in, 0, &none, sizeof(none));
}

static void upsert(struct fake *f, const struct nf_msg_hdr *in, const struct nf_peer_upsert *u)
{
	struct nf_empty none = {0};
	struct fake_peer *p = fake_peer(f, u->public_key[0]);
	f->upserts++;
	if (f->refuse_upserts) {
		refuse(f, in, -ENOSPC);
		return;
	}
	if (!p)
		p = &f->peers[f->n_peers++];
	p->upsert = *u;
	p->epoch = f->epoch;
	p->closed = p->closed && !u->reopen;
	p->moved = u->flags & NF_PEER_MOVE;
	p->initiated = u->flags & NF_PEER_INITIATE;
	reply(f, in, 0, &none, sizeof(none));
}

static void sweep(struct fake *f, const struct nf_msg_hdr *in)
{
	struct nf_sync_done done = {0};
	uint32_t kept = 0;
	for (uint32_t i = 0; i < f->n_peers; i++)
		if (f->peers[i].epoch == f->epoch)
			f->peers[kept++] = f->peers[i];
	done.peers_swept = f->n_peers - kept;
	f->n_peers = kept;
	f->syncs++;
	reply(f, in, 0, &done, sizeof(done));
}

static void list_interfaces(struct fake *f, const struct nf_msg_hdr *in)
{
	struct {
		struct nf_interface_info info;
		struct nf_addr addr;
	} lan = {.info = {.name = "lan", .address_count = 1}, .addr = {.family = 4, .prefix_len = 24, .addr = {10, 0, 0, 1}}};
	struct nf_addr own = {.family = 4, .prefix_len = 24, .addr = {192, 0, 2, 1}};
	reply(f, in, f->has_wan ? NF_MSG_MORE : 0, &lan, sizeof(lan));
	memcpy(lan.info.name, "wan", 4);
	lan.addr = own;
	if (f->has_wan)
		reply(f, in, 0, &lan, sizeof(lan));
}

static bool same_record(const struct nf_stash *a, const struct nf_stash *b)
{
	return a->kind == b->kind && a->part == b->part && memcmp(a->key, b->key, NF_KEY_BYTES) == 0;
}

static void put_stash(struct fake *f, const struct nf_stash *s, const uint8_t *data)
{
	uint32_t i = 0;
	while (i < f->n_stash && !same_record(&f->stash[i].head, s))
		i++;
	assert(i < FAKE_STASH && s->data_bytes <= sizeof(f->stash[i].data));
	f->n_stash += i == f->n_stash;
	f->stash[i].head = *s;
	memcpy(f->stash[i].data, data, s->data_bytes);
}

static void delete_stash(struct fake *f, const struct nf_stash *s)
{
	for (uint32_t i = 0; i < f->n_stash; i++)
		if (same_record(&f->stash[i].head, s))
			f->stash[i] = f->stash[--f->n_stash];
}

static void list_stash(struct fake *f, const struct nf_msg_hdr *in)
{
	struct nf_empty none = {0};
	f->stash_gets++;
	for (uint32_t i = 0; i < f->n_stash; i++)
		reply(f, in, i + 1 < f->n_stash ? NF_MSG_MORE : 0, &f->stash[i], sizeof(f->stash[i].head) + f->stash[i].head.data_bytes);
	if (f->n_stash == 0)
		reply(f, in, 0, &none, sizeof(none));
}

/* One of the file stays, closed; one of the portal goes. */
static void drop_peer(struct fake *f, const uint8_t *key)
{
	for (uint32_t i = 0; i < f->n_peers; i++)
		if (memcmp(f->peers[i].upsert.public_key, key, NF_KEY_BYTES) == 0 && !(f->peers[i].upsert.flags & NF_PEER_STATIC))
			f->peers[i] = f->peers[--f->n_peers];
}

static void answer(struct fake *f, const struct nf_msg_hdr *in, const uint8_t *body)
{
	struct nf_empty none = {0};
	struct nf_hello_ack ack = {.abi = NF_WIRE_ABI, .peers = f->n_peers};
	struct nf_reload_done reloaded = {.changed = 2, .refused = 1};
	switch (in->type) {
	case NF_MSG_HELLO:
		f->hellos_said++;
		ack.boot_id[0] = f->boot;
		ack.epoch = ++f->epoch;
		reply(f, in, 0, &ack, sizeof(ack));
		break;
	case NF_MSG_PEERS_GET:
		list_peers(f, in);
		break;
	case NF_MSG_PEER_UPSERT:
		upsert(f, in, (const struct nf_peer_upsert *)body);
		break;
	case NF_MSG_SYNC_END:
		sweep(f, in);
		break;
	case NF_MSG_RELOAD:
		reply(f, in, 0, &reloaded, sizeof(reloaded));
		break;
	case NF_MSG_RELEASE:
		f->releases++;
		f->release_within_ms = ((const struct nf_stop *)body)->deadline_ms;
		reply(f, in, 0, &none, sizeof(none));
		break;
	case NF_MSG_PEER_CLOSE_ALL:
		f->close_alls++;
		reply(f, in, 0, &none, sizeof(none));
		break;
	case NF_MSG_INTERFACES_GET:
		list_interfaces(f, in);
		break;
	case NF_MSG_STASH_GET:
		list_stash(f, in);
		break;
	case NF_MSG_STASH_PUT:
		put_stash(f, (const struct nf_stash *)body, body + sizeof(struct nf_stash));
		reply(f, in, 0, &none, sizeof(none));
		break;
	case NF_MSG_STASH_DELETE:
		delete_stash(f, (const struct nf_stash *)body);
		reply(f, in, 0, &none, sizeof(none));
		break;
	case NF_MSG_PEER_HANDSHAKE:
		f->handshakes++;
		reply(f, in, 0, &none, sizeof(none));
		break;
	case NF_MSG_PEER_REMOVE:
	case NF_MSG_PEER_CLOSE:
		*(in->type == NF_MSG_PEER_REMOVE ? &f->removes : &f->closes) += 1;
		drop_peer(f, body); /* both begin with the key */
		reply(f, in, 0, &none, sizeof(none));
		break;
	default:
		reply(f, in, 0, &none, sizeof(none));
	}
}

static void inject(struct fake *f, const struct cp_out *o)
{
	struct nf_inject i;
	memcpy(&i, (const uint8_t *)o->data + sizeof(struct nf_msg_hdr), sizeof(i));
	if (i.kind == NF_PUNT_STUN && f->injected)
		f->injected(f, &i, (const uint8_t *)o->data + sizeof(struct nf_msg_hdr) + sizeof(i));
}

static void to_nf(struct fake *f, const struct cp_out *o)
{
	struct nf_msg_hdr hdr;
	if (!f->connected)
		return;
	memcpy(&hdr, o->data, sizeof(hdr));
	assert(hdr.body_bytes == o->bytes - sizeof(hdr));
	f->in_flight++;
	if (f->in_flight > f->most_in_flight)
		f->most_in_flight = f->in_flight;
	if (!f->holds_replies && hdr.type != f->holds_after)
		answer(f, &hdr, (const uint8_t *)o->data + sizeof(hdr));
}

static void carry_out(struct fake *f, const struct cp_out *o)
{
	switch (o->kind) {
	case CP_OUT_NF_CONNECT:
		f->connected = f->there;
		if (f->there)
			cp_core_nf_up(f->core, f->now);
		else
			cp_core_nf_down(f->core, f->now);
		break;
	case CP_OUT_NF_RESET:
		f->resets++;
		fake_vanish(f);
		break;
	case CP_OUT_NF_SEND:
		to_nf(f, o);
		break;
	case CP_OUT_PUNT_SEND:
		inject(f, o);
		break;
	case CP_OUT_PORTAL:
		assert(f->n_words < FAKE_WORDS);
		memcpy(&f->words[f->n_words++], o->data, sizeof(f->words[0]));
		break;
	case CP_OUT_OPERATOR_SEND:
		f->operator_messages++;
		f->syncs_when_told = f->syncs;
		memcpy(&f->to_operator, o->data, sizeof(f->to_operator));
		memcpy(f->operator_body, (const uint8_t *)o->data + sizeof(f->to_operator),
		       o->bytes - sizeof(f->to_operator) < 512 ? o->bytes - sizeof(f->to_operator) : 512);
		break;
	case CP_OUT_READ_FILE:
		f->files_wanted++;
		break;
	case CP_OUT_LOG:
		snprintf(f->last_log, sizeof(f->last_log), "%s %s", o->event, o->text);
		break;
	case CP_OUT_REPORT:
		snprintf(f->report, sizeof(f->report), "%s", o->text);
		break;
	case CP_OUT_EXIT:
		f->exit_code = o->code;
		break;
	}
}

void fake_run(struct fake *f)
{
	struct cp_out o;
	bool more = true;
	while (more) {
		more = false;
		while (cp_core_next(f->core, &o)) {
			carry_out(f, &o);
			more = true;
		}
		if (f->q_head != f->q_tail && f->connected) {
			size_t at = f->q_head++ % 512;
			f->in_flight = f->in_flight ? f->in_flight - 1 : 0;
			cp_core_nf_in(f->core, f->queue[at].bytes, f->queue[at].n, false, f->now);
			free(f->queue[at].bytes);
			more = true;
		}
	}
}

void fake_advance(struct fake *f, uint64_t ns)
{
	cp_time end = f->now + ns;
	for (;;) {
		struct cp_deadline d = cp_core_deadline(f->core);
		if (!d.at || d.at > end)
			break;
		f->now = d.at > f->now ? d.at : f->now;
		cp_core_tick(f->core, f->now);
		fake_run(f);
		d = cp_core_deadline(f->core);
		assert(!d.at || d.at > f->now); /* a tick leaves nothing due */
	}
	f->now = end;
}

void fake_unplug(struct fake *f)
{
	f->connected = false;
	forget_queue(f);
	f->in_flight = 0;
}

void fake_vanish(struct fake *f)
{
	fake_unplug(f);
	cp_core_nf_down(f->core, f->now);
}

void fake_restart(struct fake *f)
{
	f->n_peers = 0;
	f->boot++;
	f->epoch = 0;
	fake_vanish(f);
	fake_run(f);
}

void fake_operator(struct fake *f, uint32_t conn, uint16_t type, const void *body, size_t bytes)
{
	uint8_t msg[1024];
	struct nf_msg_hdr hdr = {.type = type, .seq = 77, .body_bytes = (uint32_t)bytes};
	memcpy(msg, &hdr, sizeof(hdr));
	memcpy(msg + sizeof(hdr), body, bytes);
	cp_core_operator_in(f->core, conn, msg, sizeof(hdr) + bytes, f->now);
	fake_run(f);
}
