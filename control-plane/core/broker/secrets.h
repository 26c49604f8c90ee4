/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client and a gateway need to trust each other (portal §3.3): a preshared key, and ICE credentials for both
 * sides. Functions of ids, keys and seeds, so that they change exactly when a key does. Pure; any thread.
 */
#ifndef CP_BROKER_SECRETS_H
#define CP_BROKER_SECRETS_H

#include "broker/record.h"

/* To be wiped. */
struct broker_secrets {
	struct portal_key preshared_key;
	char client_username[5], client_password[23], gateway_username[5], gateway_password[23];
};

void broker_secrets(const struct broker_device *client, const struct broker_device *gateway, struct broker_secrets *ret);

#endif
