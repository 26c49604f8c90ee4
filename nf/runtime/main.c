/* SPDX-License-Identifier: Apache-2.0 */
/* sluice-nf: the command line, signals, and the management loop between coming up and going down. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <nf/worker.h>

#include "runtime.h"

enum { EXIT_FAILED = 1, EXIT_CONFIG = 2 };

static int usage(FILE *f, int code)
{
	fprintf(f, "usage: sluice-nf -c FILE [--check]\n"
		   "  -c, --config FILE  configuration of this node\n"
		   "      --check        read the file, say what is wrong with it, and exit\n"
		   "      --version      print the version\n"
		   "exit codes: 0 stopped cleanly, 1 failed, 2 wrong usage or configuration\n");
	return code;
}

static void on_signal(void *arg, uint32_t events)
{
	int fd = (int)(intptr_t)arg;
	struct signalfd_siginfo info;
	struct nf_reload_done done;
	(void)events;
	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP) {
			stop_signal((int)info.ssi_signo);
			continue;
		}
		if (reload_run(&done) == 0)
			nf_event(NF_MSG_RELOADED, &done, sizeof(done), NULL, 0);
	}
}

/* Blocked before EAL makes its threads, so that every thread leaves them to the signalfd. */
static int signals_block(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	return pthread_sigmask(SIG_BLOCK, set, NULL);
}

static int signals_watch(const sigset_t *set)
{
	int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : mgmt_fd_add(fd, EPOLLIN, on_signal, (void *)(intptr_t)fd);
}

static int run(const struct sluice_config *cfg)
{
	int rc = workers_start();
	if (rc == 0)
		rc = handshake_start();
	if (rc == 0)
		rc = plugins_start(cfg);
	if (rc != 0)
		return EXIT_FAILED;
	stop_init(cfg->nf.stop_deadline_ms);
	nf_log(NF_INFO, "ready", "version=%s workers=%u ports=%u", SLUICE_VERSION, nf_worker_count(), nf_port_count());
	return mgmt_run();
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"check", no_argument, NULL, 'k'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'v'},
						{0}};
	const char *path = NULL;
	bool check = false;
	int opt;
	while ((opt = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (opt == 'c')
			path = optarg;
		else if (opt == 'k')
			check = true;
		else if (opt == 'v')
			return puts("sluice-nf " SLUICE_VERSION) < 0;
		else
			return usage(opt == 'h' ? stdout : stderr, opt == 'h' ? 0 : EXIT_CONFIG);
	}
	if (!path || optind != argc)
		return usage(stderr, EXIT_CONFIG);
	char error[CONFIG_ERROR_BYTES];
	struct sluice_config *cfg = sluice_config_load(path, error);
	if (!cfg) {
		fprintf(stderr, "sluice-nf: %s\n", error);
		return EXIT_CONFIG;
	}
	for (uint32_t i = 0; i < cfg->n_warnings; i++)
		nf_log(NF_WARN, "config", "text=\"%s\"", cfg->warnings[i]);
	if (check) {
		int rc = plugins_check(cfg);
		if (rc == 0)
			printf("%s: ok\n", path);
		sluice_config_free(cfg);
		return rc == 0 ? 0 : EXIT_CONFIG;
	}
	sigset_t signals;
	signals_block(&signals);
	nf_log_set_level((enum nf_log_level)cfg->log_level);
	if (getrandom(nf_boot_id, sizeof(nf_boot_id), 0) != sizeof(nf_boot_id))
		return EXIT_FAILED;
	reload_init(path, cfg);
	bool is_up = nf_bring_up(cfg) == 0 && signals_watch(&signals) == 0;
	int code = is_up ? run(cfg) : plugins_are_misconfigured() ? EXIT_CONFIG : EXIT_FAILED;
	nf_tear_down();
	reload_fini();
	return code;
}
