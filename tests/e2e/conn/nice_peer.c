/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nice_peer: one libnice agent (RFC 5245, trickling, one stream, one component), driven like conn_peer.
 *
 *   nice_peer controlling|controlled UFRAG PWD [--regular] [--address IP]...
 *
 * --regular: regular instead of aggressive nomination. Commands on stdin, a line each:
 *   stun IP PORT   relay IP PORT USER PASSWORD   gather   remote UFRAG PWD   candidate TEXT   raw TEXT   stats   quit
 * Events on stdout, JSON: ready, candidate, gathered, state, selected, raw (a line from the far end), stats.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include <agent.h>
#pragma GCC diagnostic pop

#define RAW_HEADER 32u /* of a WireGuard data message with the index of nobody: what conn_peer calls raw */

static struct {
	GMainLoop *loop;
	NiceAgent *agent;
	guint stream;
	char *line;
	guint64 received, received_bytes;
} me;

static void say(const char *event, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void say(const char *event, const char *format, ...)
{
	va_list args;
	printf("{\"t\": %.6f, \"event\": \"%s\"", (double)g_get_monotonic_time() / 1e6, event);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	puts("}");
	fflush(stdout);
}

static void say_text(const char *event, const char *key, const char *text)
{
	char *escaped = g_strescape(text, NULL);
	say(event, ", \"%s\": \"%s\"", key, escaped);
	g_free(escaped);
}

/* --- what libnice tells --- */

static void candidate_out(NiceAgent *agent, NiceCandidate *c, gpointer unused)
{
	char *sdp = nice_agent_generate_local_candidate_sdp(agent, c);
	if (c->transport == NICE_CANDIDATE_TRANSPORT_UDP && strncmp(sdp, "a=", 2) == 0)
		say_text("candidate", "text", sdp + 2);
	g_free(sdp);
}

static void gathered(NiceAgent *agent, guint stream, gpointer unused)
{
	say("gathered", "%s", "");
}

static void state_changed(NiceAgent *agent, guint stream, guint component, guint state, gpointer unused)
{
	say_text("state", "state", nice_component_state_to_string(state));
}

static void put_address(const NiceAddress *a, char *ret, gsize room)
{
	char ip[NICE_ADDRESS_STRING_LEN];
	nice_address_to_string(a, ip);
	g_snprintf(ret, (gulong)room, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, nice_address_get_port(a));
}

static void selected(NiceAgent *agent, guint stream, guint component, NiceCandidate *local, NiceCandidate *remote, gpointer unused)
{
	static const char *const kinds[] = {"host", "srflx", "prflx", "relay"};
	char from[80], to[80];
	put_address(&local->addr, from, sizeof(from));
	put_address(&remote->addr, to, sizeof(to));
	say("selected", ", \"local\": \"%s\", \"remote\": \"%s\", \"from\": \"%s\", \"to\": \"%s\"", kinds[local->type], kinds[remote->type],
	    from, to);
}

static void received(NiceAgent *agent, guint stream, guint component, guint bytes, gchar *data, gpointer unused)
{
	me.received++;
	me.received_bytes += bytes;
	if (bytes <= RAW_HEADER || memcmp(data, "\4\0\0\0\xff\xff\xff\xff", 8) != 0)
		return;
	char *text = g_strndup(data + RAW_HEADER, bytes - RAW_HEADER);
	say_text("raw", "text", text);
	g_free(text);
}

/* --- what it is told --- */

static void candidate_in(const char *text)
{
	char *sdp = g_strconcat("a=", text, NULL);
	NiceCandidate *c = nice_agent_parse_remote_candidate_sdp(me.agent, me.stream, sdp);
	GSList one = {.data = c, .next = NULL};
	g_free(sdp);
	if (!c || nice_agent_set_remote_candidates(me.agent, me.stream, 1, &one) < 0)
		say_text("refused", "candidate", text);
	if (c)
		nice_candidate_free(c);
}

static void raw_send(const char *text)
{
	char data[RAW_HEADER + 512] = "\4\0\0\0\xff\xff\xff\xff";
	gsize n = strlen(text);
	if (n > 512)
		return;
	memcpy(data + RAW_HEADER, text, n);
	if (nice_agent_send(me.agent, me.stream, 1, (guint)(RAW_HEADER + n), data) < 0)
		say("not_sent", "%s", "");
}

static void relay_set(char **w)
{
	if (!nice_agent_set_relay_info(me.agent, me.stream, 1, w[1], (guint)atoi(w[2]), w[3], w[4], NICE_RELAY_TYPE_TURN_UDP))
		say("refused", ", \"relay\": \"%s\"", w[1]);
}

static void command(const char *line)
{
	char **w = g_strsplit(line, " ", 0);
	guint n = g_strv_length(w);
	if (strcmp(w[0], "stun") == 0 && n == 3)
		g_object_set(me.agent, "stun-server", w[1], "stun-server-port", (guint)atoi(w[2]), NULL);
	else if (strcmp(w[0], "relay") == 0 && n == 5)
		relay_set(w);
	else if (strcmp(w[0], "gather") == 0)
		nice_agent_gather_candidates(me.agent, me.stream);
	else if (strcmp(w[0], "remote") == 0 && n == 3)
		nice_agent_set_remote_credentials(me.agent, me.stream, w[1], w[2]);
	else if (strcmp(w[0], "candidate") == 0 && n > 2)
		candidate_in(line + strlen("candidate "));
	else if (strcmp(w[0], "raw") == 0 && n > 1)
		raw_send(line + strlen("raw "));
	else if (strcmp(w[0], "stats") == 0)
		say("stats", ", \"received\": %" G_GUINT64_FORMAT ", \"received_bytes\": %" G_GUINT64_FORMAT, me.received, me.received_bytes);
	else
		say_text("refused", "command", line);
	g_strfreev(w);
}

static gboolean commands_read(GIOChannel *channel, GIOCondition condition, gpointer unused)
{
	char *line = NULL;
	gsize end;
	GIOStatus status;
	while ((status = g_io_channel_read_line(channel, &line, NULL, &end, NULL)) == G_IO_STATUS_NORMAL) {
		line[end] = 0;
		gboolean quit = strcmp(line, "quit") == 0;
		if (!quit && *line)
			command(line);
		g_free(line);
		if (quit)
			break;
	}
	if (status == G_IO_STATUS_AGAIN)
		return G_SOURCE_CONTINUE;
	g_main_loop_quit(me.loop);
	return G_SOURCE_REMOVE;
}

static void add_address(const char *text)
{
	NiceAddress a;
	nice_address_init(&a);
	if (nice_address_set_from_string(&a, text))
		nice_agent_add_local_address(me.agent, &a);
}

static void begin(int argc, char **argv)
{
	NiceAgentOption options = NICE_AGENT_OPTION_ICE_TRICKLE;
	for (int i = 4; i < argc; i++)
		if (strcmp(argv[i], "--regular") == 0)
			options |= NICE_AGENT_OPTION_REGULAR_NOMINATION;
	me.loop = g_main_loop_new(NULL, FALSE);
	me.agent = nice_agent_new_full(NULL, NICE_COMPATIBILITY_RFC5245, options);
	g_object_set(me.agent, "controlling-mode", strcmp(argv[1], "controlling") == 0, "upnp", FALSE, "ice-tcp", FALSE, NULL);
	for (int i = 4; i + 1 < argc; i++)
		if (strcmp(argv[i], "--address") == 0)
			add_address(argv[i + 1]);
	g_signal_connect(me.agent, "new-candidate-full", G_CALLBACK(candidate_out), NULL);
	g_signal_connect(me.agent, "candidate-gathering-done", G_CALLBACK(gathered), NULL);
	g_signal_connect(me.agent, "component-state-changed", G_CALLBACK(state_changed), NULL);
	g_signal_connect(me.agent, "new-selected-pair-full", G_CALLBACK(selected), NULL);
	me.stream = nice_agent_add_stream(me.agent, 1);
	nice_agent_set_local_credentials(me.agent, me.stream, argv[2], argv[3]);
	nice_agent_attach_recv(me.agent, me.stream, 1, NULL, received, NULL);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: nice_peer controlling|controlled UFRAG PWD [--regular] [--address IP]...\n");
		return 2;
	}
	begin(argc, argv);
	GIOChannel *in = g_io_channel_unix_new(STDIN_FILENO);
	g_io_channel_set_flags(in, G_IO_FLAG_NONBLOCK, NULL);
	g_io_add_watch(in, G_IO_IN | G_IO_HUP, commands_read, NULL);
	say("ready", "%s", "");
	g_main_loop_run(me.loop);
	g_object_unref(me.agent);
	g_io_channel_unref(in);
	g_main_loop_unref(me.loop);
	return 0;
}
