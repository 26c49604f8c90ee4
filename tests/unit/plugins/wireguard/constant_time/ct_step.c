/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ct_step SUBJECT TABLE: for what valgrind cannot run. Two children of this process, so with the same addresses, seal and
 * open bursts with different keys and data and equal lengths. They are stepped instruction by instruction; their
 * instruction addresses must be the same, and so must the registers that an instruction makes a memory address of.
 *
 * TABLE, made from the disassembly: first the address of main, then "ADDRESS REGISTER [REGISTER]" for each instruction of
 * this program with a memory operand; libraries are compared by instruction addresses alone.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subjects.h"

#define STEPS_MAX 4000000u

struct operand {
	unsigned long at;
	int base, index; /* offsets in struct user_regs_struct, -1: none */
};

static struct {
	struct operand *operands; /* by address */
	size_t n_operands;
	struct step {
		unsigned long at, sum;
	} *steps[2];
	size_t n_steps[2];
} t;

int main(int argc, char **argv);

static int register_of(const char *name)
{
	static const struct {
		const char *name;
		size_t at;
	} names[] = {
#define R(n) {#n, offsetof(struct user_regs_struct, n)}
		R(rax), R(rbx), R(rcx), R(rdx), R(rsi), R(rdi), R(rbp), R(rsp), R(r8), R(r9), R(r10), R(r11), R(r12), R(r13), R(r14), R(r15)};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return (int)names[i].at;
	return -1;
}

static bool read_table(const char *path)
{
	char line[128], base[8], index[8];
	unsigned long main_at, at;
	FILE *f = fopen(path, "r");
	if (!f || fscanf(f, "%lx ", &main_at) != 1)
		return false;
	t.operands = calloc(1000000, sizeof(*t.operands));
	while (t.operands && t.n_operands < 1000000 && fgets(line, sizeof(line), f)) {
		int n = sscanf(line, "%lx %7s %7s", &at, base, index);
		if (n >= 2)
			t.operands[t.n_operands++] = (struct operand){.at = at - main_at + (unsigned long)(uintptr_t)main,
								      .base = register_of(base),
								      .index = n == 3 ? register_of(index) : -1};
	}
	fclose(f);
	return t.n_operands > 0;
}

static int by_address(const void *key, const void *member)
{
	unsigned long a = *(const unsigned long *)key, b = ((const struct operand *)member)->at;
	return (a > b) - (a < b);
}

static unsigned long value(const struct user_regs_struct *r, int offset)
{
	unsigned long v = 0;
	if (offset >= 0)
		memcpy(&v, (const char *)r + offset, sizeof(v));
	return v;
}

static void note(unsigned int child, const struct user_regs_struct *r)
{
	unsigned long at = r->rip;
	const struct operand *o = bsearch(&at, t.operands, t.n_operands, sizeof(*o), by_address);
	unsigned long sum = o ? value(r, o->base) * 31 + value(r, o->index) : 0;
	t.steps[child][t.n_steps[child]++] = (struct step){at, sum};
}

static void run_child(const struct wg_aead_engine *e, uint64_t seed, unsigned int n)
{
	static struct subject_burst b;
	subject_fill(&b, seed);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	subject_seal(e, &b, n);
	subject_tamper(&b, n);
	subject_open(e, &b, n);
	raise(SIGSTOP);
	_exit(0);
}

/* From the first stop to the second. */
static bool trace(unsigned int child, const struct wg_aead_engine *e, uint64_t seed, unsigned int n)
{
	struct user_regs_struct r;
	int status;
	t.n_steps[child] = 0;
	pid_t pid = fork();
	if (pid == 0)
		run_child(e, seed, n);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return false;
	while (t.n_steps[child] < STEPS_MAX && ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == 0 && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP) {
		if (ptrace(PTRACE_GETREGS, pid, NULL, &r) != 0)
			return false;
		note(child, &r);
	}
	bool whole = WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP;
	ptrace(PTRACE_KILL, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	return whole;
}

static int compare(unsigned int n)
{
	size_t least = t.n_steps[0] < t.n_steps[1] ? t.n_steps[0] : t.n_steps[1], with_address = 0;
	for (size_t i = 0; i < least; i++) {
		with_address += t.steps[0][i].sum != 0;
		if (t.steps[0][i].at != t.steps[1][i].at) {
			printf("burst of %u: ways part at step %zu\n", n, i);
			return 1;
		}
		if (t.steps[0][i].sum != t.steps[1][i].sum) {
			printf("burst of %u: a memory address differs at step %zu, %lx\n", n, i,
			       t.steps[0][i].at - (unsigned long)(uintptr_t)main);
			return 1;
		}
	}
	printf("burst of %u: %zu instructions, %zu of them with an address, are the same\n", n, least, with_address);
	return t.n_steps[0] != t.n_steps[1];
}

int main(int argc, char **argv)
{
	static const unsigned int bursts[] = {1, 2, 3, 5, SUBJECT_PACKETS};
	static struct subject_burst warm;
	const struct wg_aead_engine *e = argc == 3 ? subject_find(argv[1]) : NULL;
	if (!e)
		return 2;
	t.steps[0] = calloc(STEPS_MAX, sizeof(struct step));
	t.steps[1] = calloc(STEPS_MAX, sizeof(struct step));
	if (!read_table(argv[2]) || !t.steps[0] || !t.steps[1])
		return 3;
	subject_fill(&warm, 1); /* whatever is done once is done now */
	for (unsigned int n = 1; n <= SUBJECT_PACKETS; n++) {
		subject_seal(e, &warm, n);
		subject_open(e, &warm, n);
	}
	for (unsigned int i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
		if (!trace(0, e, 11, bursts[i]) || !trace(1, e, 0xfeedface, bursts[i]))
			return 4;
		if (compare(bursts[i]) != 0)
			return 1;
	}
	return 0;
}
