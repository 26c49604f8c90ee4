/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the portal written with ' for ", and what is said of them. */
#ifndef PORTAL_CONFIG_RIG_H
#define PORTAL_CONFIG_RIG_H

#include "portal_config.h"

#define LISTEN  "'listen':[{'address':'127.0.0.1:8081'}]"
#define FILE_OF(x) "{" LISTEN "," x "}"
#define SITE    "'sites':[{'name':'hq'}]"
#define RESOURCE(x) FILE_OF(SITE ",'resources':[{'name':'r','sites':['hq']," x "}]")
#define POLICY(x) \
	FILE_OF(SITE ",'actors':[{'name':'ann','groups':['all','ops']},{'name':'bob','groups':['all']}]," \
		     "'resources':[{'name':'r','sites':['hq'],'type':'internet'}],'policies':[" x "]")
#define RELAY(x) FILE_OF("'relays':[" x "]")

/* NULL with the error; a text without double quotes. */
struct portal_config *rig_parse(const char *text, char error[PORTAL_CONFIG_ERROR_BYTES]);
/* Fails the test when it is refused. */
struct portal_config *rig_good(const char *text);

struct mistake {
	const char *text, *error;
};
void assert_mistakes(const struct mistake *list, size_t n);

#endif
