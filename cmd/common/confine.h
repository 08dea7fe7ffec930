/* SPDX-License-Identifier: Apache-2.0 */
/* Confinement of the process that parses: --confine. */
#ifndef LI_CMD_CONFINE_H
#define LI_CMD_CONFINE_H

#include "cmd/common/command.h"
#include "confine/confine.h"

enum { ALLOWED_MAX = 12 };

/* Files and directories that what parses may open. Zero-initialise it. */
struct allowed {
    struct li_confine_path path[ALLOWED_MAX]; /* their texts are copies */
    size_t count;
};

/* Adds PATH, unless it is NULL or "-". With WRITABLE, what is below it may be made and changed.
 * LI_ENOMEM, LI_ELIMIT. */
int allow(struct allowed *allowed, const char *path, bool writable, struct li_error *err);

/* Adds the directory in which the file PATH is made or replaced, unless PATH is NULL. The same. */
int allow_output(struct allowed *allowed, const char *path, struct li_error *err);
void free_allowed(struct allowed *allowed);

/* Loads what libraries would load later: confine() does so, and whoever forks before it saves that
 * the other process does it again. */
void load_early(void);

/* Whether --confine or LAMBDAIMG_CONFINE says something that there is: CMD_EUSAGE. */
int check_confine(const struct arguments *args, struct li_error *err);

/* Confines this process, before it starts threads, to ALLOWED and what is open, as --confine or
 * LAMBDAIMG_CONFINE demands. Before, it wipes and unsets the environment's variables of credentials
 * and proxies. LI_EUNSUPPORTED if it is to be confined and the kernel cannot;
 * CMD_EUSAGE. */
int confine(const struct arguments *args, const struct allowed *allowed, struct li_error *err);

#endif
