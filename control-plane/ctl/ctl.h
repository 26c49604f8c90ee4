/* SPDX-License-Identifier: Apache-2.0 */
/* What every command of sluicectl gets, and the commands: one file each. */
#ifndef CTL_H
#define CTL_H

#include <stdbool.h>
#include <stdio.h>

#include "args.h"
#include "link.h"

struct ctl {
	struct ctl_args args;
	struct link link;
	bool colour;
	FILE *out;
};

/* Each: an exit code, with link.error filled unless it is CTL_OK or CTL_PARTLY. */
enum ctl_exit show_status(struct ctl *ctl);
enum ctl_exit show_peers(struct ctl *ctl);
enum ctl_exit show_interfaces(struct ctl *ctl);
enum ctl_exit show_graph(struct ctl *ctl);
enum ctl_exit show_drops(struct ctl *ctl);
enum ctl_exit do_close(struct ctl *ctl);
enum ctl_exit do_close_all(struct ctl *ctl);
enum ctl_exit do_reload(struct ctl *ctl);

#endif
