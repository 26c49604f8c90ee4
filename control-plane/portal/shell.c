/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out what the broker decided; at the end of a turn it is stored, and then said. */
#include "shell.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "listen.h"
#include "operators.h"
#include "server.h"

#define UNSAID_BYTES (8u << 20) /* a thousand that join in one turn are told so in several */

cp_time shell_now(struct shell *s)
{
	if (!s->now) {
		struct timespec ts;
		clock_gettime(CLOCK_MONOTONIC, &ts);
		s->now = (cp_time)ts.tv_sec * CP_S + (cp_time)ts.tv_nsec;
	}
	return s->now;
}

static void log_broker(const struct broker_out *o)
{
	static const enum cp_log_level levels[] = {
		[BROKER_ERR] = CP_ERR, [BROKER_WARN] = CP_WARN, [BROKER_INFO] = CP_INFO, [BROKER_DEBUG] = CP_DEBUG};
	log_line(levels[o->level], o->event, o->event_text);
}

/* A record that memory is too short for would be missing after a restart, in which its owner would be somebody else. */
static void stored(struct shell *s, int rc)
{
	if (rc == 0)
		return;
	log_event(CP_ERR, "store_failed", "error=\"%s\"", strerror(-rc));
	s->exit = true;
	s->exit_code = 1;
}

/* What could not be written waits in the store; peers are served meanwhile, and /readyz says no. */
static void commit(struct shell *s)
{
	bool was_behind = s->store_is_behind;
	int rc = store_commit(s->store);
	s->store_is_behind = rc != 0;
	if (rc != 0 && !was_behind)
		log_event(CP_ERR, "store_behind", "error=\"%s\"", store_health(s->store)->error);
	if (rc == 0 && was_behind)
		log_event(CP_INFO, "store_caught_up", "rows=%llu", (unsigned long long)store_health(s->store)->rows);
}

static void store_and_say(struct shell *s)
{
	if (!s->store_is_behind && store_health(s->store)->waiting)
		commit(s);
	server_flush(s);
}

static void carry_out(struct shell *s, struct broker_out *o)
{
	switch (o->kind) {
	case BROKER_OUT_TEXT:
		server_text(s, o->conn, &o->text, o->may_be_lost);
		break;
	case BROKER_OUT_CLOSE:
		server_close(s, o->conn, o->close_code, o->why);
		break;
	case BROKER_OUT_STORE_DEVICE:
		stored(s, store_put_device(s->store, &o->device));
		break;
	case BROKER_OUT_STORE_AUTHORIZATION:
		stored(s, store_put_authorization(s->store, &o->authorization));
		break;
	case BROKER_OUT_FORGET_AUTHORIZATION:
		stored(s, store_forget_authorization(s->store, &o->authorization));
		break;
	case BROKER_OUT_EVENT:
		log_broker(o);
		break;
	}
}

void shell_pump(struct shell *s)
{
	struct broker_out out;
	if (s->pumping) /* an output led to an input: the outer call goes on with what it caused */
		return;
	s->pumping = true;
	while (broker_next(s->broker, &out)) {
		carry_out(s, &out);
		if (s->conns->unsaid_bytes > UNSAID_BYTES) {
			store_and_say(s);
			loop_lives(s);
		}
	}
	s->pumping = false;
	loop_arm(s);
}

void shell_tick(struct shell *s)
{
	broker_tick(s->broker, shell_now(s));
	shell_pump(s);
}

void shell_turn(struct shell *s)
{
	if (!s->store || !s->conns)
		return;
	store_and_say(s);
	server_admit(s);
	if (s->stop_at && (s->conns->n == 0 || shell_now(s) >= s->stop_at))
		s->exit = true;
}

void shell_second(struct shell *s)
{
	broker_clock(s->broker, time(NULL), shell_now(s));
	if (s->store_is_behind)
		commit(s);
	server_expire(s);
	server_admit(s);
	listeners_nudge(s);
	operators_nudge(s);
}

bool shell_is_ready(const struct shell *s)
{
	return s->started && !s->stop_at && !s->store_is_behind;
}

static void on_restart_needed(void *arg, const char *key)
{
	(void)arg;
	log_event(CP_WARN, "reload", "key=%s text=\"changes with the next start only\"", key);
}

static void warn(const struct portal_config *cfg)
{
	for (size_t i = 0; i < cfg->n_warnings; i++)
		log_event(CP_WARN, "config", "text=\"%s\"", cfg->warnings[i]);
}

static int apply(struct shell *s, struct portal_config *cfg)
{
	int rc = broker_configure(s->broker, &cfg->world, shell_now(s));
	if (rc != 0)
		return rc;
	portal_config_restart(s->begun, cfg, on_restart_needed, NULL);
	if (cfg->limits.header_bytes > s->begun->limits.header_bytes) /* libwebsockets has its own, smaller one */
		on_restart_needed(NULL, "limits.header_bytes");
	warn(cfg);
	limits_configure(&s->limits, &cfg->limits, s->descriptors);
	log_set_level(s->log_level >= 0 ? s->log_level : (int)cfg->log_level);
	if (s->cfg != s->begun)
		portal_config_free(s->cfg);
	s->cfg = cfg;
	listeners_renew(s);
	shell_pump(s);
	return 0;
}

int shell_reload(struct shell *s, char ret_error[PORTAL_CONFIG_ERROR_BYTES])
{
	if (s->stop_at) {
		snprintf(ret_error, PORTAL_CONFIG_ERROR_BYTES, "%s: the portal stops", s->path);
		return -EINVAL;
	}
	notify_reloading();
	struct portal_config *cfg = portal_config_load(s->path, ret_error);
	int rc = cfg ? apply(s, cfg) : -EINVAL;
	if (rc == -ENOMEM) {
		snprintf(ret_error, PORTAL_CONFIG_ERROR_BYTES, "%s: out of memory", s->path);
		portal_config_free(cfg);
	}
	if (rc == 0)
		log_event(CP_INFO, "reloaded", "file=%s", s->path);
	else
		log_event(CP_ERR, "reload_refused", "text=\"%s\"", ret_error);
	*(rc == 0 ? &s->reloads : &s->bad_reloads) += 1;
	notify_say("READY=1");
	return rc;
}

void shell_stop(struct shell *s)
{
	if (s->stop_at)
		return;
	s->stop_at = shell_now(s) + STOP_WITHIN;
	log_event(CP_INFO, "stopping", "connections=%u", s->conns->n);
	notify_say("STOPPING=1");
	listeners_stop(s);
	loop_hurry(s);
	broker_shutdown(s->broker, shell_now(s));
	shell_pump(s);
}
