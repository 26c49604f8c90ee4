/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bench_aead compares, all behind the seam of the wireguard plugin's engines: libsodium's and OpenSSL's whole-packet
 * calls, ipsec-mb's jobs, bursts and direct calls where the build found it, and the plugin's engines.
 */
#ifndef BENCH_AEAD_CANDIDATES_H
#define BENCH_AEAD_CANDIDATES_H

#include "aead/aead.h"

#define CANDIDATES_MAX 12

enum family { LIBSODIUM, OPENSSL, IPSEC_MB, OURS };

struct candidate {
	const struct wg_aead_engine *engine;
	enum family family;
};

extern const struct wg_aead_engine bench_libsodium, bench_openssl, bench_ipsec_mb_jobs, bench_ipsec_mb_burst, bench_ipsec_mb_direct;

/* Those that run here, libsodium first. */
unsigned int candidates(struct candidate ret[CANDIDATES_MAX]);

#endif
