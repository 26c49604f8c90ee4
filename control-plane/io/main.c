/* SPDX-License-Identifier: Apache-2.0 */
/* sluiced: reads the file, opens its sockets, runs the loop until the core says that it is over. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "shell.h"

enum { EXIT_FAILED = 1, EXIT_CONFIG = 2 };

static int usage(FILE *f, int code)
{
	fprintf(f, "usage: sluiced -c FILE [--check]\n"
		   "  -c, --config FILE  configuration of this node, the file that sluice-nf reads too\n"
		   "      --check        read the file, say what is wrong with it, and exit\n"
		   "      --version      print the version\n"
		   "SIGHUP reads the file again; SIGTERM closes every peer, prints a report and ends.\n"
		   "exit codes: 0 stopped cleanly, 1 failed, 2 wrong usage or configuration\n");
	return code;
}

static int on_file(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct endpoint *e = lws_get_opaque_user_data(wsi);
	(void)user;
	(void)in;
	(void)len;
	if (!e)
		return 0;
	e->shell->now = 0;
	if (reason == LWS_CALLBACK_RAW_RX_FILE && !e->dying)
		e->readable(e);
	else if (reason == LWS_CALLBACK_RAW_WRITEABLE_FILE && !e->dying && e->writable)
		e->writable(e);
	if (reason == LWS_CALLBACK_RAW_CLOSE_FILE) {
		e->wsi = NULL;
		e->fd = -1;
		if (e->closed)
			e->closed(e);
		return 0;
	}
	return e->dying ? -1 : 0;
}

static void on_signal(struct endpoint *e)
{
	struct shell *s = e->shell;
	struct signalfd_siginfo info;
	while (read(e->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			cp_core_reload(s->core, shell_now(s));
		else
			cp_core_stop(s->core, (int)info.ssi_signo, shell_now(s));
		shell_pump(s);
	}
}

static int watch_signals(struct shell *s)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -errno;
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->signals.readable = on_signal;
	return fd < 0 ? -errno : endpoint_adopt(s, &s->signals, fd);
}

static void on_library_log(int level, const char *line)
{
	log_event(level & LLL_ERR ? CP_ERR : CP_WARN, "websockets", "text=\"%.*s\"", (int)strcspn(line, "\n"), line);
}

static int open_loop(struct shell *s)
{
	static const struct lws_protocols protocols[] = {{.name = "raw", .callback = on_file}, {0}};
	struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols, .gid = (gid_t)-1,
						 .uid = (uid_t)-1, .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS};
	lws_set_log_level(LLL_ERR | LLL_WARN, on_library_log);
	s->context = lws_create_context(&info);
	s->vhost = s->context ? lws_create_vhost(s->context, &info) : NULL;
	return s->vhost ? 0 : -ENOMEM;
}

static int serve(struct shell *s)
{
	if (open_loop(s) != 0 || watch_signals(s) != 0 || operators_listen(s) != 0)
		return EXIT_FAILED;
	log_event(CP_INFO, "ready", "version=%s", SLUICE_VERSION);
	cp_core_tick(s->core, shell_now(s));
	shell_pump(s);
	while (!s->exit) {
		s->now = 0;
		if (lws_service(s->context, 0) < 0)
			return EXIT_FAILED;
	}
	return s->exit_code;
}

static int run(struct shell *s, struct cp_wanted *wanted)
{
	s->settings.pid = (uint32_t)getpid();
	if (getrandom(s->settings.boot_id, sizeof(s->settings.boot_id), 0) != sizeof(s->settings.boot_id))
		return EXIT_FAILED;
	queue_init(&s->nf_queue);
	s->core = cp_core_new(&s->settings, wanted, shell_now(s));
	if (!s->core)
		return EXIT_FAILED;
	int code = serve(s);
	operators_fini(s);
	nf_fini(s);
	s->exit = true;
	if (s->context)
		lws_context_destroy(s->context);
	cp_core_free(s->core);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"check", no_argument, NULL, 'k'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'v'},
						{0}};
	static struct shell shell = {.identity_fd = -1};
	char error[CONFIG_ERROR_BYTES];
	struct cp_wanted wanted = {0};
	struct sluice_config *cfg;
	bool check = false;
	int opt;
	while ((opt = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (opt == 'c')
			shell.path = optarg;
		else if (opt == 'k')
			check = true;
		else if (opt == 'v')
			return puts("sluiced " SLUICE_VERSION) < 0;
		else
			return usage(opt == 'h' ? stdout : stderr, opt == 'h' ? 0 : EXIT_CONFIG);
	}
	if (!shell.path || optind != argc)
		return usage(stderr, EXIT_CONFIG);
	if (!file_read(shell.path, &shell.settings, &wanted, &cfg, error)) {
		fprintf(stderr, "sluiced: %s\n", error);
		return EXIT_CONFIG;
	}
	snprintf(shell.runtime_dir, sizeof(shell.runtime_dir), "%s", cfg->runtime_dir);
	log_set_level(cfg->log_level);
	for (uint32_t i = 0; i < cfg->n_warnings; i++)
		log_event(CP_WARN, "config", "text=\"%s\"", cfg->warnings[i]);
	sluice_config_free(cfg);
	int code = check ? printf("%s: ok\n", shell.path) < 0 : run(&shell, &wanted);
	cp_wanted_free(&wanted);
	return code;
}
