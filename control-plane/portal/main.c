/* SPDX-License-Identifier: Apache-2.0 */
/* sluice-portal: reads the file and the database, opens its sockets, and runs until it is told to stop. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>

#include "listen.h"
#include "operators.h"
#include "server.h"

enum { EXIT_FAILED = 1, EXIT_CONFIG = 2 };
/* Connections that are left when time to stop is over: libwebsockets would take seconds to close twenty thousand. */
#define LEFT_TO_THE_KERNEL 256

static int usage(FILE *f, int code)
{
	fprintf(f, "usage: sluice-portal -c FILE [--check] [--log-level error|warn|info|debug]\n"
		   "  -c, --config FILE      configuration (docs/portal-configuration.md)\n"
		   "      --check            read the file, say what is wrong with it, and exit\n"
		   "      --log-level LEVEL  instead of the file's; names and addresses appear at debug only\n"
		   "      --version          print the version\n"
		   "SIGHUP reads the file again; SIGTERM sends every peer away and ends.\n"
		   "exit codes: 0 stopped cleanly, 1 failed, 2 wrong usage or configuration\n");
	return code;
}

static int level_of(const char *name)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	for (int i = 0; i < 4; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

/* Each connection is a descriptor: as many as the system lets us have, but not a thousand million, for libwebsockets has a
 * table of all that there could be. */
static uint32_t raise_descriptors(void)
{
	const rlim_t most = (rlim_t)1 << CONN_SLOT_BITS;
	struct rlimit rl;
	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 1024 - FD_RESERVE;
	rl.rlim_cur = rl.rlim_max < most ? rl.rlim_max : most;
	setrlimit(RLIMIT_NOFILE, &rl);
	getrlimit(RLIMIT_NOFILE, &rl);
	rlim_t n = rl.rlim_cur < most ? rl.rlim_cur : most;
	return n > 2 * FD_RESERVE ? (uint32_t)n - FD_RESERVE : FD_RESERVE;
}

static int restore_device(void *arg, const struct broker_device *d)
{
	int rc = broker_restore_device(arg, d);
	if (rc == -EINVAL)
		log_event(CP_WARN, "device_left_out", "why=\"the configuration has no such owner any more, or another is the same\"");
	return rc == -EINVAL ? 0 : rc;
}

/* One that ended while no portal ran is of no use to anybody: gateways end it by themselves. One that the file no longer
 * grants is kept until then, so that its gateway can be told even after another start. */
static int restore_authorization(void *arg, const struct broker_authorization *a)
{
	struct shell *s = arg;
	int rc = broker_restore_authorization(s->broker, a);
	if (rc == -EINVAL && a->expires_at <= time(NULL))
		rc = store_forget_authorization(s->store, a);
	return rc == -EINVAL ? 0 : rc;
}

static int make_broker(struct shell *s)
{
	uint8_t seed[32], secret[16];
	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed) || getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return -EIO;
	limits_init(&s->limits, secret);
	limits_configure(&s->limits, &s->cfg->limits, s->descriptors);
	s->broker = broker_create(&s->cfg->world, seed, time(NULL), shell_now(s));
	explicit_bzero(seed, sizeof(seed));
	return s->broker ? 0 : -ENOMEM;
}

static int restore(struct shell *s)
{
	char error[STORE_ERROR_BYTES];
	int rc = store_open(s->cfg->database, &s->store, error);
	if (rc != 0) {
		log_event(CP_ERR, "store_failed", "text=\"%s\"", error);
		return rc;
	}
	rc = store_each_device(s->store, restore_device, s->broker);
	rc = rc ? rc : store_each_authorization(s->store, restore_authorization, s);
	if (rc != 0)
		log_event(CP_ERR, "store_failed", "error=\"%s\"", strerror(-rc));
	return rc;
}

static int start(struct shell *s)
{
	s->conns = conns_new(s->descriptors + FD_RESERVE);
	int rc = s->conns ? loop_open(s) : -ENOMEM;
	rc = rc ? rc : make_broker(s);
	rc = rc ? rc : restore(s);
	rc = rc ? rc : signals_watch(s);
	rc = rc ? rc : operators_open(s);
	rc = rc ? rc : listeners_open(s);
	return rc;
}

static void end(struct shell *s)
{
	operators_close(s);
	if (s->conns && s->conns->n > LEFT_TO_THE_KERNEL) {
		store_close(s->store);
		return;
	}
	listeners_close(s);
	endpoint_close(&s->signals);
	if (s->loop)
		loop_close(s);
	operators_free(s);
	broker_free(s->broker);
	s->broker = NULL;
	store_close(s->store);
	conns_free(s->conns);
	limits_fini(&s->limits);
}

/* Seeds, tokens and keys are in memory: neither a core file nor a debugger of the same user is to have them. */
static void keep_secrets(void)
{
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		log_event(CP_WARN, "secrets", "error=\"%s\" text=\"a core file would hold them\"", strerror(errno));
}

static int run(struct shell *s)
{
	keep_secrets();
	s->started_at = time(NULL);
	s->descriptors = raise_descriptors();
	/* twenty thousand connections come and go: memory that is free again goes back to the system */
	mallopt(M_TRIM_THRESHOLD, 4 << 20);
	int code = EXIT_FAILED;
	if (start(s) == 0) {
		s->started = true;
		log_event(CP_INFO, "ready", "version=%s connections_max=%u", SLUICE_VERSION, s->limits.connections_max);
		notify_say("READY=1");
		shell_pump(s);
		loop_run(s);
		code = s->exit_code;
		log_event(CP_INFO, "stopped", "connections_left=%u", s->conns->n);
	}
	end(s);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"check", no_argument, NULL, 'k'},
						{"log-level", required_argument, NULL, 'l'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'v'},
						{0}};
	static struct shell shell = {.log_level = -1, .signals = {.fd = -1}};
	char error[PORTAL_CONFIG_ERROR_BYTES];
	bool check = false;
	int opt;
	portal_wipe_json();
	while ((opt = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (opt == 'c')
			shell.path = optarg;
		else if (opt == 'k')
			check = true;
		else if (opt == 'v')
			return puts("sluice-portal " SLUICE_VERSION) < 0;
		else if (opt != 'l' || (shell.log_level = level_of(optarg)) < 0)
			return usage(opt == 'h' ? stdout : stderr, opt == 'h' ? 0 : EXIT_CONFIG);
	}
	if (!shell.path || optind != argc)
		return usage(stderr, EXIT_CONFIG);
	shell.cfg = shell.begun = portal_config_load(shell.path, error);
	if (!shell.cfg) {
		fprintf(stderr, "sluice-portal: %s\n", error);
		return EXIT_CONFIG;
	}
	log_set_level(shell.log_level >= 0 ? shell.log_level : (int)shell.cfg->log_level);
	for (size_t i = 0; i < shell.cfg->n_warnings; i++)
		log_event(CP_WARN, "config", "text=\"%s\"", shell.cfg->warnings[i]);
	int code = check ? printf("%s: ok\n", shell.path) < 0 : run(&shell);
	if (shell.cfg != shell.begun)
		portal_config_free(shell.cfg);
	portal_config_free(shell.begun);
	return code;
}
