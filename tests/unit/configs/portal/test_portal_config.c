/* SPDX-License-Identifier: Apache-2.0 */
/* configs/portal: a whole file, its defaults, and every mistake by its exact text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "rig.h"
#include "written.h"

#define MISTAKES(list) assert_mistakes(list, sizeof(list) / sizeof((list)[0]))

static const struct portal_network *network_of(const struct portal_config *cfg, size_t resource);
static char *write_file(const char *text, mode_t mode);
static void assert_address(const struct cp_addr *a, const char *text);

static void the_smallest_file_has_defaults_for_the_rest(void **state)
{
	(void)state;
	struct portal_config *cfg = rig_good("{" LISTEN "}");
	assert_string_equal(cfg->path, "f");
	assert_int_equal(cfg->log_level, PORTAL_LOG_INFO);
	assert_string_equal(cfg->database, "/var/lib/sluice-portal/portal.db");
	assert_string_equal(cfg->control_socket, "/run/sluice-portal/control.sock");
	assert_string_equal(cfg->world.account_slug, "default");
	assert_int_equal(cfg->n_listen, 1);
	assert_address(&cfg->listen[0].addr, "127.0.0.1:8081");
	assert_null(cfg->listen[0].certificate_file);
	assert_int_equal(cfg->n_http + cfg->n_proxies + cfg->n_warnings, 0);
	assert_memory_equal(&cfg->limits, &portal_config_limits_default, sizeof(cfg->limits));
	assert_memory_equal(&cfg->world.timing, &broker_timing_default, sizeof(cfg->world.timing));
	assert_memory_equal(&cfg->world.quota, &broker_quota_default, sizeof(cfg->world.quota));
	assert_int_equal(cfg->world.n_sites + cfg->world.n_actors + cfg->world.n_resources + cfg->world.n_policies, 0);
	assert_int_equal(cfg->world.n_relays + cfg->world.n_dns, 0);
	assert_null(cfg->world.search_domain);
	portal_config_free(cfg);
	portal_config_free(NULL);
}

static void the_server_s_part_arrives_in_its_fields(void **state)
{
	(void)state;
	setenv("SLUICE_TEST_STATE", "/srv/state", 1);
	struct portal_config *cfg = rig_good(
		"{'log_level':'debug','database':'${SLUICE_TEST_STATE}/p.db','control_socket':'/run/x.sock','account_slug':'acme_1',"
		"'listen':[{'address':'[::]:8443','certificate_file':'/etc/c.pem','key_file':'/etc/k.pem'},{'address':'0.0.0.0:8081'}],"
		"'http':{'listen':['0.0.0.0:8081','127.0.0.1:9000'],'trusted_proxies':['10.0.0.0/8']},"
		"'limits':{'connections':7,'frame_bytes':65536,'bad_tokens_per_s':0},"
		"'timing':{'rescue_after_ms':1500,'move_per_s':9,'authorization_s':3600},'quota':{'relays':3}}");
	assert_int_equal(cfg->log_level, PORTAL_LOG_DEBUG);
	assert_string_equal(cfg->database, "/srv/state/p.db");
	assert_string_equal(cfg->control_socket, "/run/x.sock");
	assert_string_equal(cfg->world.account_slug, "acme_1");
	assert_address(&cfg->listen[0].addr, "[::]:8443");
	assert_string_equal(cfg->listen[0].certificate_file, "/etc/c.pem");
	assert_string_equal(cfg->listen[0].key_file, "/etc/k.pem");
	assert_address(&cfg->listen[1].addr, "0.0.0.0:8081");
	assert_address(&cfg->http[0], "0.0.0.0:8081"); /* beside the peers */
	assert_address(&cfg->http[1], "127.0.0.1:9000");
	assert_int_equal(cfg->proxies[0].prefix_bits, 8);
	assert_int_equal(cfg->limits.connections, 7);
	assert_int_equal(cfg->limits.frame_bytes, 65536);
	assert_int_equal(cfg->limits.bad_tokens_per_s, 0);
	assert_int_equal(cfg->limits.handshakes, portal_config_limits_default.handshakes);
	assert_int_equal(cfg->world.timing.rescue_after, 1500 * CP_MS);
	assert_int_equal(cfg->world.timing.move_per_s, 9);
	assert_int_equal(cfg->world.timing.authorization_seconds, 3600);
	assert_int_equal(cfg->world.timing.idle_after, broker_timing_default.idle_after);
	assert_int_equal(cfg->world.quota.relays, 3);
	portal_config_free(cfg);
}

static void resources_arrive_as_peers_parse_them(void **state)
{
	(void)state;
	struct portal_config *cfg = rig_good(FILE_OF(
		"'sites':[{'name':'a'},{'name':'b','id':'0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'}],'resources':["
		"{'name':'lan','type':'cidr','address':'10.20.0.0/16','sites':['b','a'],'description':'the lab',"
		"'filters':[{'protocol':'icmp'},{'protocol':'tcp','ports':[22,'8000-8100','443']},{'protocol':'udp'}]},"
		"{'name':'v4','type':'ip','address':'10.20.0.7','sites':['a']},{'name':'v6','type':'ip','address':'2001:db8::7','sites':['a']},"
		"{'name':'git','type':'dns','address':'*.git.example','sites':['a'],'ip_stack':'ipv6_only'},"
		"{'name':'net','type':'internet','sites':['a']}]"));
	const struct broker_resource *r = cfg->world.resources;
	assert_int_equal(cfg->world.n_resources, 5);
	assert_int_equal(r[0].view.type, PORTAL_RESOURCE_CIDR);
	assert_string_equal(r[0].view.name, "lan");
	assert_string_equal(r[0].view.description, "the lab");
	assert_int_equal(r[0].view.sites.n, 2);
	assert_string_equal(r[0].view.sites.list[1].name, "b");
	assert_int_equal(r[0].view.sites.list[1].id.bytes[0], 0x0a);
	assert_true(r[0].view.has_filters);
	const struct portal_filter want[] = {
		{PORTAL_ICMP, false, 0, 0}, {PORTAL_TCP, true, 22, 22}, {PORTAL_TCP, true, 8000, 8100}, {PORTAL_TCP, true, 443, 443},
		{PORTAL_UDP, false, 0, 0},
	};
	assert_int_equal(r[0].view.filters.n, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct portal_filter *f = &r[0].view.filters.list[i];
		assert_int_equal(f->protocol, want[i].protocol);
		assert_int_equal(f->has_ports, want[i].has_ports);
		assert_int_equal(f->port_first, want[i].port_first);
		assert_int_equal(f->port_last, want[i].port_last);
	}
	assert_int_equal(r[1].view.type, PORTAL_RESOURCE_CIDR);
	assert_int_equal(network_of(cfg, 1)->prefix_bits, 32);
	assert_int_equal(network_of(cfg, 2)->prefix_bits, 128);
	assert_int_equal(r[3].view.type, PORTAL_RESOURCE_DNS);
	assert_string_equal(r[3].view.pattern, "*.git.example");
	assert_true(r[3].view.has_ip_stack);
	assert_int_equal(r[3].view.ip_stack, PORTAL_IPV6_ONLY);
	assert_int_equal(r[4].view.type, PORTAL_RESOURCE_INTERNET);
	assert_true(r[4].view.has_can_be_disabled && r[4].view.can_be_disabled);
	assert_null(world_mistake(&cfg->world));
	portal_config_free(cfg);
}

static void policies_grant_to_actors_and_to_members_of_groups(void **state)
{
	(void)state;
	struct portal_config *cfg = rig_good(
		FILE_OF(SITE ",'actors':[{'name':'c','groups':['g']},{'name':'b','email':'b@x.example'},{'name':'a','groups':['g','h']}],"
			     "'resources':[{'name':'z','type':'internet','sites':['hq']},{'name':'y','type':'dns','address':'y','sites':['hq']}],"
			     "'policies':[{'name':'one','actors':['a'],'groups':['g','h'],'resources':['y','z']},"
			     "{'name':'two','actors':['b'],'resources':['z'],'networks':['192.0.2.0/24','2001:db8::/32'],"
			     "'expires_at':'2027-01-31T12:00:00Z'}]"));
	const struct broker_policy *p = cfg->world.policies;
	assert_int_equal(cfg->world.n_policies, 2);
	assert_int_equal(p[0].n_actors, 2); /* a once, though thrice named */
	assert_int_equal(p[0].actors[0], 0);
	assert_int_equal(p[0].actors[1], 2);
	assert_int_equal(p[0].n_resources, 2);
	assert_int_equal(p[0].resources[0], 0);
	assert_int_equal(p[0].n_networks, 0);
	assert_true(p[0].expires_at == PORTAL_NEVER);
	assert_int_equal(p[1].n_actors, 1);
	assert_int_equal(p[1].actors[0], 1);
	assert_int_equal(p[1].n_networks, 2);
	assert_int_equal(p[1].networks[1].prefix_bits, 32);
	assert_int_equal(p[1].expires_at, 1801396800);
	assert_string_equal(cfg->world.actors[1].email, "b@x.example");
	assert_null(cfg->world.actors[0].email);
	portal_config_free(cfg);
}

static void relays_have_static_credentials_or_a_secret(void **state)
{
	(void)state;
	char *file = write_file("from a file\n", 0600), text[1024];
	snprintf(text, sizeof(text),
		 RELAY("{'name':'one','ipv4':'192.0.2.1:3478','ipv6':'2001:db8::1','username':'u','password':'p'},"
		       "{'name':'two','ipv4':'192.0.2.2','rest_secret_file':'%s'},"
		       "{'name':'three','ipv4':'192.0.2.3:5000','any_port':true,'username':'u','password_file':'%s'}"),
		 file, file);
	struct portal_config *cfg = rig_good(text);
	const struct broker_relay *r = cfg->world.relays;
	assert_int_equal(cfg->world.n_relays, 3);
	assert_address(&r[0].ipv4, "192.0.2.1:3478");
	assert_address(&r[0].ipv6, "[2001:db8::1]:3478");
	assert_string_equal(r[0].username, "u");
	assert_string_equal(r[0].password, "p");
	assert_null(r[0].rest_secret);
	assert_string_equal(r[1].rest_secret, "from a file");
	assert_int_equal(r[1].ipv6.family, CP_NONE);
	assert_null(r[1].username);
	assert_string_equal(r[2].password, "from a file");
	assert_int_equal(r[2].ipv4.port, 5000);
	portal_config_free(cfg);
	unlink(file);
	free(file);
}

static void resolvers_have_a_port(void **state)
{
	(void)state;
	struct portal_config *cfg =
		rig_good(FILE_OF("'dns':{'upstream':['9.9.9.9','[2620:fe::fe]:5353'],'search_domain':'acme.example'}"));
	assert_address(&cfg->world.dns[0], "9.9.9.9:53");
	assert_address(&cfg->world.dns[1], "[2620:fe::fe]:5353");
	assert_string_equal(cfg->world.search_domain, "acme.example");
	portal_config_free(cfg);
}

static void an_id_follows_from_kind_and_name_unless_it_is_given(void **state)
{
	(void)state;
	char text[PORTAL_UUID_TEXT];
	struct portal_uuid u = portal_config_id("site", "hq");
	portal_uuid_format(&u, text);
	/* SHA-256 of "site", NUL and "hq", with version 8 and variant 2 in it */
	assert_string_equal(text, "688e6746-0740-8f3d-a1c1-bbd5bd4e06e3");
	struct portal_config *cfg = rig_good(FILE_OF("'sites':[{'name':'hq'},{'name':'x','id':'{0A1B2C3D-4e5f-4a6b-8c7d-9e0f1a2b3c4d}'}],"
						     "'actors':[{'name':'hq'}]"));
	assert_memory_equal(&cfg->world.sites[0].id, &u, sizeof(u));
	portal_uuid_format(&cfg->world.sites[1].id, text);
	assert_string_equal(text, "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d");
	assert_memory_not_equal(&cfg->world.actors[0].id, &u, sizeof(u));
	portal_config_free(cfg);
}

static const struct mistake server_mistakes[] = {
	{"", "f: line 1 column 0: '[' or '{' expected near end of file"},
	{"[]", "f: must be an object"},
	{"{}", "f: listen: is missing: where peers connect"},
	{"{'listen':[],'listen':[]}", "f: line 1 column 21: duplicate object key near '\"listen\"'"},
	{"{'lisen':[]}", "f: lisen: unknown key, did you mean \"listen\"?"},
	{"{'extraordinary':1}", "f: extraordinary: unknown key"},
	{"{'listen':{}}", "f: listen: must be an array"},
	{"{'listen':[1]}", "f: listen[0]: must be an object"},
	{"{'listen':[{}]}", "f: listen[0].address: is missing: ADDRESS:PORT"},
	{"{'listen':[{'address':''}]}", "f: listen[0].address: is empty"},
	{"{'listen':[{'adress':'127.0.0.1:1'}]}", "f: listen[0].adress: unknown key, did you mean \"address\"?"},
	{"{'listen':[{'address':'127.0.0.1'}]}", "f: listen[0].address: \"127.0.0.1\" is not ADDRESS:PORT"},
	{"{'listen':[{'address':'127.0.0.1:0'}]}", "f: listen[0].address: \"127.0.0.1:0\" is not ADDRESS:PORT"},
	{"{'listen':[{'address':'127.0.0.1:65536'}]}", "f: listen[0].address: \"127.0.0.1:65536\" is not ADDRESS:PORT"},
	{"{'listen':[{'address':'portal:8081'}]}", "f: listen[0].address: \"portal:8081\" is not ADDRESS:PORT"},
	{"{'listen':[{'address':'${SLUICE_NO_SUCH}'}]}", "f: listen[0].address: environment variable SLUICE_NO_SUCH is not set"},
	{"{'listen':[{'address':'127.0.0.1:1','key_file':'/k'}]}", "f: listen[0].certificate_file: is missing beside key_file"},
	{"{'listen':[{'address':'127.0.0.1:1','certificate_file':'/c'}]}", "f: listen[0].key_file: is missing beside certificate_file"},
	{"{'listen':[{'address':'127.0.0.1:1','key_file':'k'}]}", "f: listen[0].key_file: \"k\" is not an absolute path"},
	{"{'listen':[{'address':'127.0.0.1:1'},{'address':'127.0.0.1:1'}]}", "f: listen[1]: is listened on already"},
	{"{'listen':[{'address':'127.0.0.1:1','certificate_file':'/c','key_file':'/k'}],'http':{'listen':['127.0.0.1:1']}}",
	 "f: http.listen[0]: is listened on already"},
	{FILE_OF("'http':{'listen':['127.0.0.1:1','127.0.0.1:1']}"), "f: http.listen[1]: is listened on already"},
	{FILE_OF("'http':{'listen':[1]}"), "f: http.listen[0]: must be a string"},
	{FILE_OF("'http':{'listen':['x']}"), "f: http.listen[0]: \"x\" is not ADDRESS:PORT"},
	{FILE_OF("'http':[]"), "f: http: must be an object"},
	{FILE_OF("'http':{'metrics':true}"), "f: http.metrics: unknown key"},
	{FILE_OF("'http':{'trusted_proxies':['10.0.0.1/8']}"),
	 "f: http.trusted_proxies[0]: \"10.0.0.1/8\" has bits set beyond its prefix length"},
	{FILE_OF("'log_level':'loud'"), "f: log_level: \"loud\" is none of: error, warn, info, debug"},
	{FILE_OF("'database':'p.db'"), "f: database: \"p.db\" is not an absolute path"},
	{FILE_OF("'database':1"), "f: database: must be a string"},
	{FILE_OF("'control_socket':'/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaa'"),
	 "f: control_socket: is longer than 107 characters"},
	{FILE_OF("'account_slug':'Acme'"), "f: account_slug: \"Acme\" holds other than a-z, 0-9, _ and -"},
	{FILE_OF("'limits':{'connections':0}"), "f: limits.connections: 0 is not between 1 and 1000000"},
	{FILE_OF("'limits':{'header_bytes':8191}"), "f: limits.header_bytes: 8191 is not between 8192 and 65536"},
	{FILE_OF("'limits':{'messages_burst':99}"), "f: limits.messages_burst: 99 is less than messages_per_s, 100"},
	{FILE_OF("'limits':{'conections':1}"), "f: limits.conections: unknown key, did you mean \"connections\"?"},
	{FILE_OF("'timing':{'idle_after_ms':36999}"), "f: timing.idle_after_ms: 36999 is not between 37000 and 3600000"},
	{FILE_OF("'timing':{'rescue_after_ms':1.5}"), "f: timing.rescue_after_ms: must be an integer"},
	{FILE_OF("'quota':{'relays':0}"), "f: quota.relays: 0 is not between 1 and 10000"},
	{FILE_OF("'dns':{'upstream':['dns.example']}"), "f: dns.upstream[0]: \"dns.example\" is not ADDRESS:PORT"},
	{FILE_OF("'dns':{'upstream':['9.9.9.9','100.100.111.1']}"),
	 "f: dns.upstream[1]: \"100.100.111.1\" lies in 100.64.0.0/10, which belongs to the tunnels"},
	{FILE_OF("'dns':{'upstream':['[fd00:2021:1111:8000::1]:53']}"),
	 "f: dns.upstream[0]: \"[fd00:2021:1111:8000::1]:53\" lies in fd00:2021:1111::/48, which belongs to the tunnels"},
	{FILE_OF("'dns':{'upstream':['224.0.0.251']}"), "f: dns.upstream[0]: \"224.0.0.251\" is not a unicast address"},
	{FILE_OF("'dns':{'search_domain':'.acme.example'}"), "f: dns.search_domain: \".acme.example\" has an empty label"},
	{FILE_OF("'dns':{'search_domain':'*.acme.example'}"),
	 "f: dns.search_domain: \"*.acme.example\" holds a character that is no letter, digit, - or _"},
};

static void mistakes_of_the_server_s_part_are_named_with_their_place(void **state)
{
	(void)state;
	MISTAKES(server_mistakes);
}

static const struct mistake people_mistakes[] = {
	{FILE_OF("'sites':[{}]"), "f: sites[0].name: is missing"},
	{FILE_OF("'sites':[{'name':''}]"), "f: sites[0].name: is empty"},
	{FILE_OF("'sites':[{'name':' x'}]"), "f: sites[0].name: begins or ends with a space"},
	{FILE_OF("'sites':[{'name':'a\\nb'}]"), "f: sites[0].name: holds a control character"},
	{FILE_OF("'sites':[{'name':'a'},{'name':'b'},{'name':'a'}]"), "f: sites[2].name: is also that of sites[0]"},
	{FILE_OF("'sites':[{'name':'a','id':'7'}]"), "f: sites[0].id: \"7\" is no UUID"},
	{FILE_OF("'sites':[{'name':'a','id':'00000000-0000-0000-0000-000000000000'}]"),
	 "f: sites[0].id: \"00000000-0000-0000-0000-000000000000\" is no UUID"},
	{FILE_OF("'sites':[{'name':'a','id':'0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'},{'name':'b','id':'0A1B2C3D4E5F4A6B8C7D9E0F1A2B3C4D'}]"),
	 "f: sites[1].id: is also that of sites[0]"},
	{FILE_OF("'actors':[{'name':'a'},{'name':'a'}]"), "f: actors[1].name: is also that of actors[0]"},
	{FILE_OF("'actors':[{'name':'a','email':'a'}]"), "f: actors[0].email: \"a\" is no address of mail"},
	{FILE_OF("'actors':[{'name':'a','groups':'g'}]"), "f: actors[0].groups: must be an array"},
	{FILE_OF("'actors':[{'name':'a','groups':['g','g']}]"), "f: actors[0].groups: names \"g\" twice"},
	{FILE_OF("'actors':[{'name':'a','groups':['']}]"), "f: actors[0].groups[0]: is empty"},
	{FILE_OF("'actors':[{'name':'a','group':[]}]"), "f: actors[0].group: unknown key, did you mean \"groups\"?"},
};

static void mistakes_of_sites_and_actors_are_named_with_their_place(void **state)
{
	(void)state;
	MISTAKES(people_mistakes);
}

static const struct mistake resource_mistakes[] = {
	{FILE_OF("'resources':[{'name':'r'}]"), "f: resources[0].type: is missing: cidr, ip, dns or internet"},
	{RESOURCE("'type':'net'"), "f: resources[0].type: \"net\" is none of: cidr, ip, dns, internet"},
	{RESOURCE("'type':'cidr'"), "f: resources[0].address: is missing"},
	{RESOURCE("'type':'cidr','address':'10.0.0.0'"), "f: resources[0].address: \"10.0.0.0\" is not an address with prefix length"},
	{RESOURCE("'type':'cidr','address':'10.0.0.0/33'"), "f: resources[0].address: \"10.0.0.0/33\" is not an address with prefix length"},
	{RESOURCE("'type':'cidr','address':'10.20.0.1/16'"), "f: resources[0].address: \"10.20.0.1/16\" has bits set beyond its prefix length"},
	{RESOURCE("'type':'cidr','address':'0.0.0.0/0'"), "f: resources[0].address: \"0.0.0.0/0\" is everything: that is type \"internet\""},
	{RESOURCE("'type':'cidr','address':'::/0'"), "f: resources[0].address: \"::/0\" is everything: that is type \"internet\""},
	{RESOURCE("'type':'cidr','address':'100.64.0.0/10'"),
	 "f: resources[0].address: \"100.64.0.0/10\" lies in 100.64.0.0/10, which belongs to the tunnels"},
	{RESOURCE("'type':'cidr','address':'100.127.255.0/24'"),
	 "f: resources[0].address: \"100.127.255.0/24\" lies in 100.64.0.0/10, which belongs to the tunnels"},
	{RESOURCE("'type':'cidr','address':'fd00:2021:1111:7::/64'"),
	 "f: resources[0].address: \"fd00:2021:1111:7::/64\" lies in fd00:2021:1111::/48, which belongs to the tunnels"},
	{RESOURCE("'type':'ip','address':'100.64.0.1'"),
	 "f: resources[0].address: \"100.64.0.1\" lies in 100.64.0.0/10, which belongs to the tunnels"},
	{RESOURCE("'type':'ip','address':'10.0.0.1/32'"), "f: resources[0].address: \"10.0.0.1/32\" is not an IP address"},
	{RESOURCE("'type':'ip','address':'ff02::1'"), "f: resources[0].address: \"ff02::1\" is not a unicast address"},
	{RESOURCE("'type':'ip','address':'10.0.0.1','ip_stack':'dual'"),
	 "f: resources[0].ip_stack: is nothing that a resource of type \"ip\" has"},
	{RESOURCE("'type':'internet','address':'0.0.0.0/0'"),
	 "f: resources[0].address: is nothing that a resource of type \"internet\" has"},
	{RESOURCE("'type':'internet','filters':[]"), "f: resources[0].filters: is nothing that a resource of type \"internet\" has"},
	{RESOURCE("'type':'dns','address':'10.0.0.1'"),
	 "f: resources[0].address: \"10.0.0.1\" is no name: networks are of type \"cidr\", addresses of type \"ip\""},
	{RESOURCE("'type':'dns','address':'a**.example'"),
	 "f: resources[0].address: \"a**.example\" has ** beside other characters of a label"},
	{RESOURCE("'type':'dns','address':'a','ip_stack':'both'"),
	 "f: resources[0].ip_stack: \"both\" is none of: dual, ipv4_only, ipv6_only"},
	{FILE_OF(SITE ",'resources':[{'name':'r','type':'internet'}]"),
	 "f: resources[0].sites: is missing: a resource is in one site at least"},
	{FILE_OF(SITE ",'resources':[{'name':'r','type':'internet','sites':['hq','lab']}]"), "f: resources[0].sites[1]: there is no site \"lab\""},
	{FILE_OF("'sites':[{'name':'b'},{'name':'a'}],'resources':[{'name':'r','type':'internet','sites':['a','b','a']}]"),
	 "f: resources[0].sites[2]: is there already"},
	{FILE_OF(SITE ",'resources':[{'name':'r','type':'internet','sites':['hq']},{'name':'s','type':'internet','sites':['hq']}]"),
	 "f: resources[1].type: resources[0] is the internet already"},
	{FILE_OF(SITE ",'resources':[{'name':'r','type':'internet','sites':['hq']},{'name':'r','type':'dns','address':'a','sites':['hq']}]"),
	 "f: resources[1].name: is also that of resources[0]"},
	{FILE_OF(SITE ",'resources':[{'name':'r','id':'0a1b2c3d4e5f4a6b8c7d9e0f1a2b3c4d','type':'internet','sites':['hq']},"
		      "{'name':'s','id':'0a1b2c3d4e5f4a6b8c7d9e0f1a2b3c4d','type':'dns','address':'a','sites':['hq']}]"),
	 "f: resources[1].id: is also that of resources[0]"},
	{RESOURCE("'type':'dns','address':'a','filters':[{}]"), "f: resources[0].filters[0].protocol: is missing: tcp, udp or icmp"},
	{RESOURCE("'type':'dns','address':'a','filters':[{'protocol':'sctp'}]"),
	 "f: resources[0].filters[0].protocol: \"sctp\" is none of: tcp, udp, icmp"},
	{RESOURCE("'type':'dns','address':'a','filters':[{'protocol':'icmp','ports':[1]}]"),
	 "f: resources[0].filters[0].ports: is nothing that icmp has"},
	{RESOURCE("'type':'dns','address':'a','filters':[{'protocol':'tcp','ports':[]}]"),
	 "f: resources[0].filters[0].ports: is empty: without it all ports are permitted"},
	{RESOURCE("'type':'dns','address':'a','filters':[{'protocol':'tcp','ports':[80,65536]}]"),
	 "f: resources[0].filters[0].ports[1]: \"65536\" is no port, nor a range such as \"8000-8100\""},
	{RESOURCE("'type':'dns','address':'a','filters':[{'protocol':'tcp','ports':[-1]}]"),
	 "f: resources[0].filters[0].ports[0]: \"-1\" is no port, nor a range such as \"8000-8100\""},
	{RESOURCE("'type':'dns','address':'a','filters':[{'protocol':'tcp','ports':['1-2-3']}]"),
	 "f: resources[0].filters[0].ports[0]: \"1-2-3\" is no port, nor a range such as \"8000-8100\""},
	{RESOURCE("'type':'dns','address':'a','filters':[{'protocol':'tcp','ports':['9-8']}]"),
	 "f: resources[0].filters[0].ports[0]: \"9-8\" ends before it begins"},
	{RESOURCE("'type':'dns','address':'a','filters':[{'protocol':'tcp','ports':[true]}]"),
	 "f: resources[0].filters[0].ports[0]: is no port, nor a range such as \"8000-8100\""},
};

static void mistakes_of_resources_are_named_with_their_place(void **state)
{
	(void)state;
	MISTAKES(resource_mistakes);
}

static const struct mistake policy_mistakes[] = {
	{POLICY("{}"), "f: policies[0].name: is missing"},
	{POLICY("{'name':'p','resources':['r']}"), "f: policies[0].actors: is missing, and groups too"},
	{POLICY("{'name':'p','actors':['ann']}"), "f: policies[0].resources: is missing"},
	{POLICY("{'name':'p','actors':['ann','eve'],'resources':['r']}"), "f: policies[0].actors[1]: there is no actor \"eve\""},
	{POLICY("{'name':'p','actors':['ann','ann'],'resources':['r']}"), "f: policies[0].actors[1]: is there already"},
	{POLICY("{'name':'p','groups':['nil'],'resources':['r']}"), "f: policies[0].groups[0]: no actor is in a group \"nil\""},
	{POLICY("{'name':'p','groups':['all'],'resources':['s']}"), "f: policies[0].resources[0]: there is no resource \"s\""},
	{POLICY("{'name':'p','groups':['all'],'resources':['r'],'networks':['192.0.2.1']}"),
	 "f: policies[0].networks[0]: \"192.0.2.1\" is not an address with prefix length"},
	{POLICY("{'name':'p','groups':['all'],'resources':['r'],'networks':[]}"),
	 "f: policies[0].networks: is empty: without it every network may"},
	{POLICY("{'name':'p','groups':['all'],'resources':['r'],'expires_at':'2027-02-29T00:00:00Z'}"),
	 "f: policies[0].expires_at: \"2027-02-29T00:00:00Z\" is no time such as 2027-01-31T12:00:00Z"},
	{POLICY("{'name':'p','groups':['all'],'resources':['r'],'expires_at':1790000000}"), "f: policies[0].expires_at: must be a string"},
	{POLICY("{'name':'p','groups':['all'],'resources':['r']},{'name':'p','groups':['all'],'resources':['r']}"),
	 "f: policies[1].name: is also that of policies[0]"},
};

static void mistakes_of_policies_are_named_with_their_place(void **state)
{
	(void)state;
	MISTAKES(policy_mistakes);
}

static const struct mistake relay_mistakes[] = {
	{RELAY("{'name':'t','username':'u','password':'p'}"), "f: relays[0].ipv4: is missing, and ipv6 too"},
	{RELAY("{'name':'t','ipv4':'turn.example:3478','username':'u','password':'p'}"),
	 "f: relays[0].ipv4: \"turn.example:3478\" is not ADDRESS:PORT"},
	{RELAY("{'name':'t','ipv4':'[2001:db8::1]:3478','username':'u','password':'p'}"),
	 "f: relays[0].ipv4: \"[2001:db8::1]:3478\" is of the other family"},
	{RELAY("{'name':'t','ipv6':'192.0.2.1','username':'u','password':'p'}"), "f: relays[0].ipv6: \"192.0.2.1\" is of the other family"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1:3479','username':'u','password':'p'}"),
	 "f: relays[0].ipv4: port 3479: stock peers take relays at port 3478 only; \"any_port\": true allows it"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1','any_port':'yes'}"), "f: relays[0].any_port: must be true or false"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1'}"), "f: relays[0].username: is missing, and rest_secret too"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1','username':'u'}"), "f: relays[0].password: is missing"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1','username':'u','rest_secret':'s'}"),
	 "f: relays[0].rest_secret: given beside username or password"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1','username':'u','password':'p','password_file':'/p'}"),
	 "f: relays[0].password_file: given beside password"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1','rest_secret_file':'/no/such'}"),
	 "f: relays[0].rest_secret_file: /no/such: No such file or directory"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1','rest_secret_file':'/tmp'}"), "f: relays[0].rest_secret_file: /tmp: is no file"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1','rest_secret_file':'x'}"), "f: relays[0].rest_secret_file: \"x\" is not an absolute path"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1','rest_secret':''}"), "f: relays[0].rest_secret: is empty"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1','rest_secret':'s'},{'name':'u','ipv4':'192.0.2.1','rest_secret':'s'}"),
	 "f: relays[1].ipv4: is also that of relays[0]"},
	{RELAY("{'name':'t','ipv6':'2001:db8::1','rest_secret':'s'},{'name':'u','ipv6':'2001:db8::1','rest_secret':'s'}"),
	 "f: relays[1].ipv6: is also that of relays[0]"},
	{RELAY("{'name':'t','ipv4':'192.0.2.1','rest_secret':'s'},{'name':'t','ipv4':'192.0.2.2','rest_secret':'s'}"),
	 "f: relays[1].name: is also that of relays[0]"},
};

static void mistakes_of_relays_are_named_with_their_place(void **state)
{
	(void)state;
	MISTAKES(relay_mistakes);
}

static void a_secret_s_file_is_private_and_a_text(void **state)
{
	static const struct {
		const char *content;
		mode_t mode;
		const char *error;
	} cases[] = {
		{"s", 0644, "mode 0644 is wider than 0640"}, {"s", 0660, "mode 0660 is wider than 0640"},
		{"s", 0440, NULL},			     {"\n", 0600, "is empty"},
		{"", 0600, "is empty"},			     {"two\r\n\n", 0600, NULL},
		{"\xff", 0600, "is no text of at most 256 bytes"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *file = write_file(cases[i].content, cases[i].mode), text[512], want[512], error[PORTAL_CONFIG_ERROR_BYTES];
		snprintf(text, sizeof(text), RELAY("{'name':'t','ipv4':'192.0.2.1','rest_secret_file':'%s'}"), file);
		struct portal_config *cfg = rig_parse(text, error);
		snprintf(want, sizeof(want), "f: relays[0].rest_secret_file: %s: %s", file, cases[i].error ? cases[i].error : "");
		if (cases[i].error)
			assert_string_equal(error, want);
		else if (!cfg)
			fail_msg("%s", error);
		portal_config_free(cfg);
		unlink(file);
		free(file);
	}
}

static void what_is_right_and_hardly_meant_is_warned_of(void **state)
{
	(void)state;
	struct portal_config *cfg = rig_good("{'listen':[{'address':'0.0.0.0:80'}," /* and none of the next: it has TLS */
					     "{'address':'0.0.0.0:443','certificate_file':'/c','key_file':'/k'}]," SITE ",'resources':["
					     "{'name':'r','type':'cidr','address':'0.0.0.0/1','sites':['hq']},"
					     "{'name':'s','type':'cidr','address':'fd00::/8','sites':['hq']},"
					     "{'name':'t','type':'cidr','address':'100.0.0.0/11','sites':['hq']}]}");
	assert_int_equal(cfg->n_warnings, 3);
	assert_string_equal(cfg->warnings[0], "f: listen[0].address: stock peers cannot be told of plain port 80");
	assert_string_equal(cfg->warnings[1],
			    "f: resources[0].address: \"0.0.0.0/1\" holds 100.64.0.0/10 too, which belongs to the tunnels");
	assert_string_equal(cfg->warnings[2],
			    "f: resources[1].address: \"fd00::/8\" holds fd00:2021:1111::/48 too, which belongs to the tunnels");
	portal_config_free(cfg);
}

static void a_file_with_secrets_that_others_may_read_is_warned_of(void **state)
{
	static const char secret[] = "{\"listen\":[{\"address\":\"127.0.0.1:1\"}],\"relays\":[{\"name\":\"t\",\"ipv4\":\"192.0.2.1\",\"rest_secret\":\"s\"}]}";
	static const char none[] = "{\"listen\":[{\"address\":\"127.0.0.1:1\"}]}";
	static const struct {
		const char *text;
		mode_t mode;
		size_t warnings;
	} cases[] = {{secret, 0644, 1}, {secret, 0600, 0}, {none, 0644, 0}};
	char error[PORTAL_CONFIG_ERROR_BYTES], want[512];
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *file = write_file(cases[i].text, cases[i].mode);
		struct portal_config *cfg = portal_config_load(file, error);
		assert_non_null(cfg);
		assert_int_equal(cfg->n_warnings, cases[i].warnings);
		snprintf(want, sizeof(want), "%s: holds secrets of relays, and its mode 0644 lets others read them", file);
		if (cases[i].warnings)
			assert_string_equal(cfg->warnings[0], want);
		portal_config_free(cfg);
		unlink(file);
		free(file);
	}
	assert_null(portal_config_load("/no/such", error));
	assert_string_equal(error, "/no/such: No such file or directory");
	assert_null(portal_config_load("/tmp", error));
	assert_string_equal(error, "/tmp: is no file of at most 64 MiB");
}

static void the_control_socket_is_found_in_a_file_that_is_wrong(void **state)
{
	char socket[PORTAL_CONFIG_SOCKET_BYTES], error[PORTAL_CONFIG_ERROR_BYTES], want[512];
	char *file = write_file("{\"control_socket\":\"/run/mine.sock\",\"sites\":7}", 0600);
	(void)state;
	assert_int_equal(portal_config_control_socket(file, socket, error), 0);
	assert_string_equal(socket, "/run/mine.sock");
	unlink(file);
	assert_int_equal(portal_config_control_socket(file, socket, error), -1);
	snprintf(want, sizeof(want), "%s: No such file or directory", file);
	assert_string_equal(error, want);
	free(file);
	file = write_file("{}", 0600);
	assert_int_equal(portal_config_control_socket(file, socket, error), 0);
	assert_string_equal(socket, "/run/sluice-portal/control.sock");
	unlink(file);
	free(file);
	file = write_file("{\"control_socket\":1}", 0600);
	assert_int_equal(portal_config_control_socket(file, socket, error), -1);
	snprintf(want, sizeof(want), "%s: control_socket: must be a string", file);
	assert_string_equal(error, want);
	unlink(file);
	free(file);
	file = write_file("{", 0600);
	assert_int_equal(portal_config_control_socket(file, socket, error), -1);
	snprintf(want, sizeof(want), "%s: line 1 column 1: string or '}' expected near end of file", file);
	assert_string_equal(error, want);
	unlink(file);
	free(file);
}

static void note(void *arg, const char *key)
{
	strcat(strcat(arg, key), " ");
}

static void what_needs_a_new_process_is_named(void **state)
{
	static const struct {
		const char *text, *keys;
	} cases[] = {
		{"{" LISTEN ",'database':'/a','control_socket':'/b','http':{'listen':['127.0.0.1:1']}}", ""},
		{"{" LISTEN ",'database':'/x','control_socket':'/b','http':{'listen':['127.0.0.1:1']}}", "database "},
		{"{" LISTEN ",'database':'/a','control_socket':'/y','http':{'listen':['127.0.0.1:2']}}", "control_socket http.listen "},
		{"{" LISTEN ",'database':'/a','control_socket':'/b'}", "http.listen "},
		{"{'listen':[{'address':'127.0.0.1:8082'}],'database':'/a','control_socket':'/b','http':{'listen':['127.0.0.1:1']}}", "listen "},
		{"{'listen':[{'address':'127.0.0.1:8081','certificate_file':'/c','key_file':'/k'}],'database':'/a','control_socket':'/b',"
		 "'http':{'listen':['127.0.0.1:1']}}",
		 "listen "},
		{"{" LISTEN ",'database':'/a','control_socket':'/b','http':{'listen':['127.0.0.1:1'],'trusted_proxies':['::/0']},"
		 "'limits':{'connections':1},'log_level':'debug'," SITE "}",
		 ""},
	};
	(void)state;
	struct portal_config *from = rig_good(cases[0].text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct portal_config *to = rig_good(cases[i].text);
		char keys[128] = "";
		unsigned int n = portal_config_restart(from, to, note, keys), words = 0;
		assert_string_equal(keys, cases[i].keys);
		for (const char *p = keys; *p; p++)
			words += *p == ' ';
		assert_int_equal(n, words);
		portal_config_free(to);
	}
	portal_config_free(from);
}

static void five_thousand_resources_are_read_at_once(void **state)
{
	size_t room = 4 << 20, at = 0;
	char *text = malloc(room);
	struct timespec begin, end;
	(void)state;
	assert_non_null(text);
	at += (size_t)snprintf(text + at, room - at, "{" LISTEN "," SITE ",'actors':[");
	for (unsigned int i = 0; i < 20000; i++)
		at += (size_t)snprintf(text + at, room - at, "%s{'name':'actor %u','groups':['g%u','all']}", i ? "," : "", i, i % 50);
	at += (size_t)snprintf(text + at, room - at, "],'resources':[");
	for (unsigned int i = 0; i < 5000; i++)
		at += (size_t)snprintf(text + at, room - at,
				       "%s{'name':'resource %u','type':'cidr','address':'10.%u.%u.0/24','sites':['hq'],"
				       "'filters':[{'protocol':'tcp','ports':[80,'443-444']}]}",
				       i ? "," : "", i, i / 256, i % 256);
	at += (size_t)snprintf(text + at, room - at, "],'policies':[{'name':'everything','groups':['all'],'resources':[");
	for (unsigned int i = 0; i < 5000; i++)
		at += (size_t)snprintf(text + at, room - at, "%s'resource %u'", i ? "," : "", 4999 - i);
	snprintf(text + at, room - at, "]}]}");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	struct portal_config *cfg = rig_good(text);
	clock_gettime(CLOCK_MONOTONIC, &end);
	double ms = (double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
	print_message("# 5000 resources, 20000 actors, %zu KiB: read in %.0f ms\n", at >> 10, ms);
	assert_int_equal(cfg->world.n_resources, 5000);
	assert_int_equal(cfg->world.policies[0].n_resources, 5000);
	assert_int_equal(cfg->world.policies[0].n_actors, 20000);
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(cfg->world.policies[0].resources[i], i);
	assert_true(ms < 5000); /* beside sanitizers */
	portal_config_free(cfg);
	free(text);
}

static void what_the_environment_says_is_utf_8(void **state)
{
	char error[PORTAL_CONFIG_ERROR_BYTES];
	(void)state;
	setenv("SLUICE_TEST_TEXT", "caf\xc3\xa9", 1);
	struct portal_config *cfg = rig_good(FILE_OF("'sites':[{'name':'${SLUICE_TEST_TEXT}'}]"));
	assert_string_equal(cfg->world.sites[0].name, "caf\xc3\xa9");
	portal_config_free(cfg);
	setenv("SLUICE_TEST_TEXT", "caf\xe9", 1);
	assert_null(rig_parse(FILE_OF("'sites':[{'name':'${SLUICE_TEST_TEXT}'}]"), error));
	assert_string_equal(error, "f: sites[0].name: is no UTF-8");
}

static void lists_have_an_end(void **state)
{
	char text[4096] = "{'listen':[", error[PORTAL_CONFIG_ERROR_BYTES];
	(void)state;
	for (unsigned int i = 0; i < PORTAL_CONFIG_LISTEN_MAX + 1; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s{'address':'127.0.0.1:%u'}", i ? "," : "", i + 1);
	strcat(text, "]}");
	assert_null(rig_parse(text, error));
	assert_string_equal(error, "f: listen: more than 16");
}

static void policies_together_have_an_end(void **state)
{
	size_t room = 8 << 20, at = 0;
	char *text = malloc(room), error[PORTAL_CONFIG_ERROR_BYTES];
	(void)state;
	assert_non_null(text);
	at += (size_t)snprintf(text + at, room - at, "{" LISTEN "," SITE ",'resources':[{'name':'r','type':'internet','sites':['hq']}],'actors':[");
	for (unsigned int i = 0; i < 40000; i++)
		at += (size_t)snprintf(text + at, room - at, "%s{'name':'a%u','groups':['all']}", i ? "," : "", i);
	at += (size_t)snprintf(text + at, room - at, "],'policies':[");
	for (unsigned int i = 0; i < 100; i++)
		at += (size_t)snprintf(text + at, room - at, "%s{'name':'p%u','groups':['all'],'resources':['r']}", i ? "," : "", i);
	snprintf(text + at, room - at, "]}");
	assert_null(rig_parse(text, error));
	assert_string_equal(error, "f: policies[99]: policies name more than 4000000 actors and resources in all");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest_file_has_defaults_for_the_rest),
		cmocka_unit_test(the_server_s_part_arrives_in_its_fields),
		cmocka_unit_test(resources_arrive_as_peers_parse_them),
		cmocka_unit_test(policies_grant_to_actors_and_to_members_of_groups),
		cmocka_unit_test(relays_have_static_credentials_or_a_secret),
		cmocka_unit_test(resolvers_have_a_port),
		cmocka_unit_test(an_id_follows_from_kind_and_name_unless_it_is_given),
		cmocka_unit_test(mistakes_of_the_server_s_part_are_named_with_their_place),
		cmocka_unit_test(mistakes_of_sites_and_actors_are_named_with_their_place),
		cmocka_unit_test(mistakes_of_resources_are_named_with_their_place),
		cmocka_unit_test(mistakes_of_policies_are_named_with_their_place),
		cmocka_unit_test(mistakes_of_relays_are_named_with_their_place),
		cmocka_unit_test(a_secret_s_file_is_private_and_a_text),
		cmocka_unit_test(what_is_right_and_hardly_meant_is_warned_of),
		cmocka_unit_test(a_file_with_secrets_that_others_may_read_is_warned_of),
		cmocka_unit_test(the_control_socket_is_found_in_a_file_that_is_wrong),
		cmocka_unit_test(what_needs_a_new_process_is_named),
		cmocka_unit_test(five_thousand_resources_are_read_at_once),
		cmocka_unit_test(what_the_environment_says_is_utf_8),
		cmocka_unit_test(lists_have_an_end),
		cmocka_unit_test(policies_together_have_an_end),
	};
	return cmocka_run_group_tests_name("portal_config", tests, NULL, NULL);
}

static const struct portal_network *network_of(const struct portal_config *cfg, size_t resource)
{
	return &cfg->world.resources[resource].view.network;
}

static char *write_file(const char *text, mode_t mode)
{
	char path[] = "/tmp/sluice-config-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return strdup(path);
}

static void assert_address(const struct cp_addr *a, const char *text)
{
	char got[CP_ADDR_TEXT];
	cp_addr_format(a, got);
	assert_string_equal(got, text);
}
