/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a value that was computed from secrets becomes public: the verdict on a tag, and nothing else. Tests that
 * track secrets through memcheck build the engines with WG_AEAD_MEMCHECK; otherwise this is nothing.
 */
#ifndef WG_AEAD_DECLASSIFY_H
#define WG_AEAD_DECLASSIFY_H

#ifdef WG_AEAD_MEMCHECK
#include <valgrind/memcheck.h>
#define wg_aead_declassify(p, bytes) VALGRIND_MAKE_MEM_DEFINED(p, bytes)
#else
#define wg_aead_declassify(p, bytes) ((void)(p), (void)(bytes))
#endif

#endif
