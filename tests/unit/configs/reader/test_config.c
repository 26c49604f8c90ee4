/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluice_config.h"

#define KEY_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_B "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define PORTS "\"ports\":[{\"name\":\"p\",\"device\":\"net_null0\"}]"
#define WAN   "\"interfaces\":{\"wan\":{\"port\":\"p\",\"addresses\":[\"192.0.2.1/24\"]}}"
#define NF(x) "{\"nf\":{" x "}}"
#define WITH_PEERS(x) "{\"nf\":{" PORTS "," WAN "},\"peers\":[" x "]}"
#define WAN_WITH(x)                                                                                                    \
	NF(PORTS ",\"interfaces\":{\"wan\":{\"port\":\"p\",\"addresses\":[\"192.0.2.1/24\",\"2001:db8::1/64\"]," x "}}")

static struct sluice_config *parse(const char *text, char *error)
{
	return sluice_config_parse("f", text, strlen(text), error);
}

static const struct {
	const char *text, *error;
} mistakes[] = {
	{"", "f: line 1 column 0: '[' or '{' expected near end of file"},
	{"[]", "f: must be an object"},
	{"{}", "f: nf: is missing"},
	{"{\"nf\":1}", "f: nf: must be an object"},
	{"{\"nfx\":{}}", "f: nfx: unknown key, did you mean \"nf\"?"},
	{"{\"nf\":{},\"nf\":{}}", "f: line 1 column 13: duplicate object key near '\"nf\"'"},
	{"{\"runtime_dir\":\"run\",\"nf\":{}}", "f: runtime_dir: \"run\" is not an absolute path"},
	{"{\"log_level\":\"loud\"}", "f: log_level: \"loud\" is none of: error, warn, info, debug, trace"},
	{NF("\"workrs\":1"), "f: nf.workrs: unknown key, did you mean \"workers\"?"},
	{NF("\"workers\":0"), "f: nf.workers: 0 is not between 1 and 16"},
	{NF("\"workers\":\"two\""), "f: nf.workers: must be \"auto\", a number, or a list of CPUs"},
	{NF("\"workers\":[1,-1]"), "f: nf.workers[1]: is not a CPU number"},
	{NF("\"memory_mb\":\"64\""), "f: nf.memory_mb: must be an integer"},
	{NF("\"hugepages\":1"), "f: nf.hugepages: must be true or false"},
	{NF(""), "f: nf.ports: must list 1 to 7 ports"},
	{NF("\"ports\":[{}]"), "f: nf.ports[0].name: is missing"},
	{NF("\"ports\":[{\"name\":\"p\",\"device\":\"a,x\"},{\"name\":\"q\",\"device\":\"a,y\"}]"),
	 "f: nf.ports[1].device: \"a\" is taken by port \"p\""},
	{NF("\"ports\":[{\"name\":\"p\",\"device\":\"${SLUICE_NO_SUCH}\"}]"),
	 "f: nf.ports[0].device: environment variable SLUICE_NO_SUCH is not set"},
	{NF(PORTS), "f: nf.interfaces: is missing"},
	{NF(PORTS ",\"interfaces\":{}"), "f: nf.interfaces.wan: is missing"},
	{NF(PORTS ",\"interfaces\":{\"wan\":{\"port\":\"x\"}}"), "f: nf.interfaces.wan.port: there is no port \"x\""},
	{NF(PORTS ",\"interfaces\":{\"wan\":{\"port\":\"p\",\"addresses\":[\"10.0.0/24\"]}}"),
	 "f: nf.interfaces.wan.addresses[0]: \"10.0.0/24\" is not an address with prefix length"},
	{NF(PORTS ",\"interfaces\":{\"wan\":{\"port\":\"p\",\"addresses\":[\"10.0.0.255/24\"]}}"),
	 "f: nf.interfaces.wan.addresses[0]: \"10.0.0.255/24\" is the network's own or its broadcast address"},
	{NF(PORTS ",\"interfaces\":{\"wan\":{\"port\":\"p\",\"addresses\":[\"ff02::1/64\"]}}"),
	 "f: nf.interfaces.wan.addresses[0]: \"ff02::1/64\" is not a unicast address"},
	{WAN_WITH("\"vlan\":4095"), "f: nf.interfaces.wan.vlan: 4095 is not between 1 and 4094"},
	{WAN_WITH("\"mtu\":1000"), "f: nf.interfaces.wan.mtu: 1000 is less than the 1280 that IPv6 needs"},
	{WAN_WITH("\"gateways\":[\"198.51.100.1\"]"),
	 "f: nf.interfaces.wan.gateways[0]: \"198.51.100.1\" is on no network of this interface"},
	{WAN_WITH("\"gateways\":[\"192.0.2.2\",\"192.0.2.3\"]"),
	 "f: nf.interfaces.wan.gateways[1]: \"192.0.2.3\" is a second gateway of its family"},
	{NF(PORTS "," WAN ",\"routes\":[{\"to\":\"10.1.0.0/8\",\"via\":\"192.0.2.2\"}]"),
	 "f: nf.routes[0].to: \"10.1.0.0/8\" has bits set beyond its prefix length"},
	{NF(PORTS "," WAN ",\"host_port\":{\"name\":\"\"}"), "f: nf.host_port.name: \"\" is not an interface name"},
	{NF(PORTS "," WAN ",\"plugins\":{\"../x\":{}}"), "f: nf.plugins.../x: is not a plugin's name"},
	{WITH_PEERS("{}"), "f: peers[0].name: is missing"},
	{WITH_PEERS("{\"name\":\"a\",\"public_key\":\"AAAA\"}"),
	 "f: peers[0].public_key: is not the base64 text of 32 bytes"},
	{WITH_PEERS("{\"name\":\"a\",\"public_key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}"),
	 "f: peers[0].public_key: is all zeros"},
	{WITH_PEERS("{\"name\":\"a\",\"public_key\":\"" KEY_A "\"},{\"name\":\"a\",\"public_key\":\"" KEY_B "\"}"),
	 "f: peers[1].name: is also that of peer \"a\""},
	{WITH_PEERS("{\"name\":\"a\",\"public_key\":\"" KEY_A "\"},{\"name\":\"b\",\"public_key\":\"" KEY_A "\"}"),
	 "f: peers[1].public_key: is also that of peer \"a\""},
	{WITH_PEERS("{\"name\":\"a\",\"public_key\":\"" KEY_A "\",\"allowed_ips\":[\"10.0.0.0/8\"]},"
		    "{\"name\":\"b\",\"public_key\":\"" KEY_B "\",\"allowed_ips\":[\"10.0.0.0/8\"]}"),
	 "f: peers[1].allowed_ips: is also that of peer \"a\""},
	{WITH_PEERS("{\"name\":\"a\",\"public_key\":\"" KEY_A "\",\"endpoint\":\"192.0.2.7\"}"),
	 "f: peers[0].endpoint: \"192.0.2.7\" is not ADDRESS:PORT"},
	{WITH_PEERS("{\"name\":\"a\",\"public_key\":\"" KEY_A "\",\"endpoint\":\"192.0.2.7:0\"}"),
	 "f: peers[0].endpoint: \"192.0.2.7:0\" is not ADDRESS:PORT"},
	{WITH_PEERS("{\"name\":\"a\",\"public_key\":\"" KEY_A "\",\"preshared_key_file\":\"/no/such\"}"),
	 "f: peers[0].preshared_key_file: /no/such: No such file or directory"},
};

static void every_mistake_is_named_with_its_place(void **state)
{
	char error[CONFIG_ERROR_BYTES];
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		assert_null(parse(mistakes[i].text, error));
		assert_string_equal(error, mistakes[i].error);
	}
}

static void a_whole_file_arrives_in_its_fields(void **state)
{
	char error[CONFIG_ERROR_BYTES];
	(void)state;
	setenv("SLUICE_TEST_DEVICE", "0000:01:00.0", 1);
	struct sluice_config *c = parse(
		"{\"nf\":{\"workers\":2,\"idle\":\"poll\",\"ports\":[{\"name\":\"p\",\"device\":\"${SLUICE_TEST_DEVICE}\"}],"
		"\"interfaces\":{\"wan\":{\"port\":\"p\",\"vlan\":7,\"addresses\":[\"192.0.2.1/24\"],\"gateways\":[\"192.0.2.2\"]},"
		"\"lan\":{\"port\":\"p\",\"addresses\":[\"10.9.0.1/16\"]}},"
		"\"routes\":[{\"to\":\"10.0.0.0/8\",\"via\":\"10.9.0.2\"}]},"
		"\"peers\":[{\"name\":\"a\",\"public_key\":\"" KEY_A "\",\"endpoint\":\"[2001:db8::7]:1\","
		"\"allowed_ips\":[\"10.8.0.2/32\",\"::/0\"]}]}",
		error);
	assert_non_null(c);
	assert_string_equal(c->nf.ports[0].device, "0000:01:00.0");
	assert_int_equal(c->nf.worker_count, 2);
	assert_int_equal(c->nf.idle_sleep_us, 0);
	assert_int_equal(c->nf.wan.vlan, 7);
	assert_int_equal(c->nf.wan.gateway4.addr[3], 2);
	assert_true(c->nf.routes[0].lan);
	assert_int_equal(c->peers[0].endpoint.family, 6);
	assert_int_equal(c->peers[0].endpoint.port, 1);
	assert_int_equal(c->peers[0].n_allowed, 2);
	assert_int_equal(c->peers[0].mtu, 1420);
	assert_string_equal(c->nf.plugins[1].name, "wireguard");
	sluice_config_free(c);
}

struct diff {
	char changed[256], refused[256];
};

static void note(void *arg, const char *path, bool refused)
{
	struct diff *d = arg;
	strcat(refused ? d->refused : d->changed, path);
	strcat(refused ? d->refused : d->changed, " ");
}

static void a_diff_tells_what_can_change_at_run_time(void **state)
{
	char error[CONFIG_ERROR_BYTES];
	struct diff d = {{0}, {0}};
	(void)state;
	struct sluice_config *a = parse(NF(PORTS "," WAN), error);
	struct sluice_config *b = parse(NF("\"workers\":3,\"idle\":\"poll\"," PORTS "," WAN ",\"plugins\":{\"ip\":{}}"), error);
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(sluice_config_diff(a, b, note, &d), 3);
	assert_string_equal(d.changed, "nf.idle ");
	assert_string_equal(d.refused, "nf.workers nf.plugins ");
	sluice_config_free(a);
	sluice_config_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mistake_is_named_with_its_place),
		cmocka_unit_test(a_whole_file_arrives_in_its_fields),
		cmocka_unit_test(a_diff_tells_what_can_change_at_run_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
