/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out what the core decided; one timer is armed with its deadline. */
#include "shell.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static cp_time clock_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (cp_time)ts.tv_sec * 1000000000ull + (cp_time)ts.tv_nsec;
}

/* Sampled when the loop wakes up; inputs of one wake-up share it. */
cp_time shell_now(struct shell *s)
{
	if (!s->now)
		s->now = clock_now();
	return s->now;
}

static void read_file(struct shell *s)
{
	char error[CONFIG_ERROR_BYTES];
	struct cp_wanted wanted = {0};
	struct cp_settings settings = s->settings;
	struct sluice_config *cfg;
	if (!file_read(s->path, &settings, &wanted, &cfg, error)) {
		cp_core_file_refused(s->core, error, shell_now(s));
		return;
	}
	log_set_level(cfg->log_level);
	sluice_config_free(cfg);
	s->settings = settings;
	cp_core_file_read(s->core, &settings, &wanted, shell_now(s));
	cp_wanted_free(&wanted);
}

static void carry_out(struct shell *s, const struct cp_out *o)
{
	switch (o->kind) {
	case CP_OUT_NF_CONNECT:
		nf_connect(s);
		break;
	case CP_OUT_NF_RESET:
		nf_reset(s);
		break;
	case CP_OUT_NF_SEND:
		nf_send(s, o->data, o->bytes, o->with_identity);
		break;
	case CP_OUT_PUNT_SEND:
		nf_punt_send(s, o->data, o->bytes);
		break;
	case CP_OUT_OPERATOR_SEND:
		operators_send(s, o->conn, o->data, o->bytes);
		break;
	case CP_OUT_READ_FILE:
		read_file(s);
		break;
	case CP_OUT_LOG:
		log_line(o->level, o->event, o->text);
		break;
	case CP_OUT_PORTAL: /* never said: a static node opens no paths */
		break;
	case CP_OUT_REPORT:
		puts(o->text);
		fflush(stdout);
		log_line(CP_INFO, "report", o->text);
		break;
	case CP_OUT_EXIT:
		s->exit = true;
		s->exit_code = o->code;
		break;
	}
}

static void on_timer(lws_sorted_usec_list_t *sul)
{
	struct shell *s = lws_container_of(sul, struct shell, timer);
	s->now = 0;
	cp_core_tick(s->core, shell_now(s));
	shell_pump(s);
}

static void arm(struct shell *s)
{
	struct cp_deadline d = cp_core_deadline(s->core);
	cp_time now = clock_now();
	if (!d.at)
		lws_sul_cancel(&s->timer);
	else /* one microsecond late rather than early: the tick must find it due */
		lws_sul_schedule(s->context, 0, &s->timer, on_timer,
				 d.at > now ? (lws_usec_t)((d.at - now) / 1000 + 1) : 1);
}

void shell_pump(struct shell *s)
{
	struct cp_out out;
	if (s->pumping) /* an output led to an input: the outer call goes on with what it caused */
		return;
	s->pumping = true;
	while (cp_core_next(s->core, &out))
		carry_out(s, &out);
	s->pumping = false;
	arm(s);
}
