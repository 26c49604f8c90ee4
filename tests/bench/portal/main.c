/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portal_swarm gateways|clients PORT N FIRST SOURCES RESOURCES TOKENS_FILE
 *
 * Peers of a portal, driven by lines on standard input; each is answered by one JSON line when it is done:
 *   join SECONDS | rejoin SECONDS     until all have their init, or the time is over; rejoin resets all first
 *   flows SECONDS OUTSTANDING | beats SECONDS OUTSTANDING
 *   idle SECONDS                      beats and answers
 * End of input ends it.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "swarm.h"

#define TOKENS_MAX 4096

static int ascending(const void *a, const void *b)
{
	const float *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static double quantile(const struct swarm *s, double q)
{
	return s->n_latency ? (double)s->latency[(unsigned int)(q * (s->n_latency - 1))] * 1e3 : 0;
}

static void tell(struct swarm *s, double seconds)
{
	size_t init = 0;
	for (unsigned int i = 0; i < s->config.n; i++)
		init = s->peers[i].init_bytes > init ? s->peers[i].init_bytes : init;
	qsort(s->latency, s->n_latency, sizeof(*s->latency), ascending);
	printf("{\"ready\":%u,\"seconds\":%.4f,\"attempts\":%llu,\"refused\":%llu,\"lost\":%llu,\"answered\":%llu,\"failed\":%llu,"
	       "\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"max_ms\":%.4f,\"init_bytes\":%zu}\n",
	       s->n_ready, seconds, (unsigned long long)s->attempts, (unsigned long long)s->refused, (unsigned long long)s->lost,
	       (unsigned long long)s->flows, (unsigned long long)s->failed, quantile(s, 0.5), quantile(s, 0.99), quantile(s, 1), init);
	fflush(stdout);
}

static void obey(struct swarm *s, const char *word, double seconds, unsigned int outstanding)
{
	double began = swarm_clock();
	bool joins = strcmp(word, "join") == 0 || strcmp(word, "rejoin") == 0;
	swarm_phase(s);
	if (joins)
		swarm_dial(s, word[0] == 'r');
	else
		swarm_ask(s, outstanding, strcmp(word, "beats") == 0);
	while (swarm_clock() - began < seconds && !(joins && s->n_ready == s->config.n))
		swarm_turn(s, 5);
	double took = swarm_clock() - began;
	swarm_ask(s, 0, false);
	tell(s, took);
}

static bool command(struct swarm *s)
{
	char line[128], word[32];
	double seconds;
	unsigned int outstanding = 0;
	if (!fgets(line, sizeof(line), stdin))
		return false;
	if (sscanf(line, "%31s %lf %u", word, &seconds, &outstanding) >= 2)
		obey(s, word, seconds, outstanding);
	return true;
}

static unsigned int read_tokens(const char *path, char **ret)
{
	char line[8192];
	unsigned int n = 0;
	FILE *f = fopen(path, "r");
	while (f && n < TOKENS_MAX && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		ret[n++] = strdup(line);
	}
	if (f)
		fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	static char *tokens[TOKENS_MAX];
	struct rlimit files;
	if (argc != 8) {
		fprintf(stderr, "usage: portal_swarm gateways|clients PORT N FIRST SOURCES RESOURCES TOKENS_FILE\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	struct swarm_config config = {
		.gateways = strcmp(argv[1], "gateways") == 0, .port = (uint16_t)atoi(argv[2]), .n = (unsigned int)atoi(argv[3]),
		.first = (unsigned int)atoi(argv[4]), .n_sources = (unsigned int)atoi(argv[5]), .n_resources = (unsigned int)atoi(argv[6]),
		.tokens = tokens, .n_tokens = read_tokens(argv[7], tokens),
	};
	if (config.n == 0 || config.n_sources == 0 || config.n_resources == 0 || config.n_tokens == 0) {
		fprintf(stderr, "portal_swarm: no peers, sources, resources or tokens\n");
		return 2;
	}
	struct swarm *s = swarm_create(&config);
	setvbuf(stdin, NULL, _IONBF, 0); /* a line that stdio has read would not wake poll() */
	for (;;) {
		struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
		if (poll(&in, 1, 0) > 0 && !command(s))
			return 0;
		swarm_turn(s, 5);
	}
}
