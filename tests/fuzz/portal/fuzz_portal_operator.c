/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of an operator, against a portal whose names are as long and as much alike as they can be. Whatever it is, it
 * is answered; every answer is a JSON object that fits a datagram, and the last one, and no other, says that it is.
 */
#include <errno.h>

#include <jansson.h>

#include "requests.h"
#include "tests/fuzz/target.h"
#include "tests/unit/control-plane/portal/fake_broker.h"

#define UNIX         1790000000
#define LIKES        60
#define DATAGRAM_MAX 65536

struct portal {
	struct broker broker;
	struct broker_device device;
	struct broker_world world;
	struct portal_site sites[LIKES];
	struct requests requests;
	char name[1021], owner[256];
};

static void about(void *arg, struct request_about *ret)
{
	static const uint64_t refused[64];
	(void)arg;
	*ret = (struct request_about){.version = "1", .config = "c", .database = "d", .refused = refused, .store_error = ""};
}

static int token_create(void *arg, const struct request_token_wanted *w, char ret_text[BROKER_TOKEN_MAX + 1],
			uint64_t *ret_number, char ret_error[REQUEST_ERROR_BYTES])
{
	(void)arg;
	(void)ret_error;
	assert(w->owner_name && w->expires_at > UNIX);
	assert(!w->text || (strlen(w->text) >= REQUEST_TOKEN_MIN && strlen(w->text) <= BROKER_TOKEN_MAX));
	assert(!w->description || strlen(w->description) <= REQUEST_TEXT_MAX);
	strcpy(ret_text, w->text ? w->text : "t");
	*ret_number = 1;
	return 0;
}

static bool token_next(void *arg, uint64_t after, struct request_token *ret)
{
	struct portal *p = arg;
	*ret = (struct request_token){.number = after + 1, .role = PORTAL_CLIENT, .owner_name = p->owner, .description = p->owner};
	return after < 3;
}

static int token_revoke(void *arg, uint64_t number, char ret_error[REQUEST_ERROR_BYTES])
{
	(void)arg;
	(void)ret_error;
	assert(number > 0);
	return number == 7 ? 0 : -ENOENT;
}

static int reload(void *arg, const struct request_reload *said, char ret_error[REQUEST_ERROR_BYTES])
{
	struct portal *p = arg;
	(void)ret_error;
	for (int i = 0; i < 1000; i++)
		said->warning(said->arg, p->owner);
	said->later(said->arg, "listen");
	return 0;
}

/* Four bytes a character, the most that a name may have; owners have quotes, which are written as two. */
static void make(struct portal *p)
{
	for (size_t i = 0; i < 255; i++)
		memcpy(p->name + 4 * i, "\xf0\x9f\x98\x80", 4);
	memset(p->owner, '"', 255);
	p->device = (struct broker_device){.id = fake_id(1), .owner = fake_id(2), .name = p->name, .external_id = p->owner};
	p->broker.clients[0] = (struct broker_client_row){.device = &p->device, .actor = p->owner};
	p->broker.many = LIKES;
	for (size_t i = 0; i < FAKE_ROWS; i++)
		p->broker.gateways[i] = (struct broker_gateway_row){.device = &p->device, .site = p->owner};
	p->broker.n_gateways = 2;
	for (size_t i = 0; i < LIKES; i++)
		p->sites[i] = (struct portal_site){fake_id((uint8_t)i), i ? p->owner : "lab"};
	p->world = (struct broker_world){.sites = p->sites, .n_sites = LIKES};
	p->requests = (struct requests){&p->broker, &p->world, p, about, token_create, token_next, token_revoke, reload};
}

/* True: it was the last. */
static bool check(const struct request_answer *a)
{
	json_t *o = json_loadb(a->text, a->bytes, JSON_REJECT_DUPLICATES, NULL);
	assert(json_is_object(o) && a->bytes < DATAGRAM_MAX);
	json_t *row = json_object_get(o, "row"), *result = json_object_get(o, "result"), *error = json_object_get(o, "error");
	bool end = json_is_true(json_object_get(o, "end"));
	assert(!!row + !!result + !!error == 1 && end == !row);
	json_decref(o);
	return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct portal *p = calloc(1, sizeof(*p));
	struct request r = {0};
	struct request_answer a;
	char *text = copy_of(data, size);
	bool end = false;
	assert(p);
	make(p);
	request_begin(&r, &p->requests, text, size, UNIX, 1);
	while (request_next(&r, &p->requests, &a)) {
		assert(!end);
		end = check(&a);
		request_answer_free(&a);
	}
	assert(end && !request_is_open(&r));
	free(text);
	free(p);
	return 0;
}
