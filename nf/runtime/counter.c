/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nf/worker.h>

#include "runtime.h"

static struct {
	uint16_t n;
	struct {
		char owner[NF_NAME_BYTES], name[NF_NAME_BYTES], help[NF_TEXT_BYTES];
		uint32_t kind;
		uint64_t shared; /* writer: any thread but workers, atomic */
	} at[NF_COUNTER_MAX];
} table;

void counters_init(void)
{
	nf_counter_register("drop", "unnamed", NF_COUNTER_DROP, "a node forgot to name its reason: a bug");
}

uint16_t nf_counter_register(const char *owner, const char *name, uint32_t kind, const char *help)
{
	if (table.n == NF_COUNTER_MAX) {
		nf_log(NF_ERR, "counters_exhausted", "owner=%s name=%s", owner, name);
		abort(); /* start-up only, and our own mistake */
	}
	uint16_t id = table.n++;
	snprintf(table.at[id].owner, NF_NAME_BYTES, "%s", owner);
	snprintf(table.at[id].name, NF_NAME_BYTES, "%s", name);
	snprintf(table.at[id].help, NF_TEXT_BYTES, "%s", help);
	table.at[id].kind = kind;
	return id;
}

void nf_count_shared(uint16_t id, uint64_t n)
{
	__atomic_fetch_add(&table.at[id].shared, n, __ATOMIC_RELAXED);
}

uint64_t nf_counter_value(uint16_t id)
{
	uint64_t sum = __atomic_load_n(&table.at[id].shared, __ATOMIC_RELAXED);
	for (uint32_t w = 0; w < nf_worker_count(); w++)
		sum += __atomic_load_n(&worker_at(w)->counters[id], __ATOMIC_RELAXED);
	return sum;
}

uint16_t counter_count(void)
{
	return table.n;
}

uint64_t counter_drops(void)
{
	uint64_t sum = 0;
	for (uint16_t id = 0; id < table.n; id++)
		if (table.at[id].kind == NF_COUNTER_DROP)
			sum += nf_counter_value(id);
	return sum;
}

void counter_info(uint16_t id, struct nf_counter_info *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->owner, table.at[id].owner, NF_NAME_BYTES);
	memcpy(ret->name, table.at[id].name, NF_NAME_BYTES);
	memcpy(ret->help, table.at[id].help, NF_TEXT_BYTES);
	ret->kind = table.at[id].kind;
	ret->value = nf_counter_value(id);
}
