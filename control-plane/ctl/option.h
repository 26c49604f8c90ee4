/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a command line, "--name", "--name=value", "--name value" or "-n", between its words. Pure. */
#ifndef CTL_OPTION_H
#define CTL_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARGS_ERROR_BYTES 160

/* The first member of a row of whoever has options. */
struct option_name {
	const char *name;
	char letter; /* 0: none */
	bool takes_value;
};
struct option_table {
	const void *rows;
	size_t n, row_bytes;
};

/* Reads argv[*i], which is an option, and its value if that is the next argument, which *i is moved to. Returns the number of the row;
 * -1: ret_error says what is wrong. *ret_value: borrowed from argv; NULL: takes none. */
int option_read(const struct option_table *t, int argc, char *const *argv, int *i, const char **ret_value, char ret_error[ARGS_ERROR_BYTES]);

/* -1, with the text in ret_error. */
int option_fail(char ret_error[ARGS_ERROR_BYTES], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A number from min to max, decimal digits only. */
bool option_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret);

#endif
