/* SPDX-License-Identifier: Apache-2.0 */
/* How grave a line of the log is. */
#ifndef CP_LEVEL_H
#define CP_LEVEL_H

enum cp_log_level { CP_ERR, CP_WARN, CP_INFO, CP_DEBUG };

#endif
