/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a repository for a process that parses: another process opens it (D18a). */
#ifndef LI_CMD_BROKERED_H
#define LI_CMD_BROKERED_H

#include "cmd/common/confine.h"
#include "cmd/common/context.h"

/* What a command can ask its broker for; commands add numbers of their own. */
enum { BROKER_STOP_WATCHING = 1, BROKER_OWN };

/* What the broker opens and allows, and what the parser, this process, keeps. */
struct brokerage {
    enum { WITHOUT_KEY, KEY_IF_IT_OPENS, WITH_KEY } key; /* whether to open the KMS, too */
    bool any_key;  /* of several keys of the user's one is enough, whatever the command takes */
    bool writable; /* the parser may write to the store */
    bool wraps;    /* and have secrets wrapped */
    /* In the broker: what is asked for from BROKER_OWN on; see li_broker_service.extra. May be
     * NULL. */
    int (*own)(void *arg, unsigned number, int *fd, struct li_error *err);
    /* In the broker: the parser has ended, however that came about. May be NULL. */
    void (*over)(void *arg);
    void *own_arg;
    const char *const *spec; /* keys besides the KMS, for context.key */
    size_t specs;
    struct allowed allowed; /* files that the parser may open */
};

/* Starts a broker that opens the store and the key, confines this process, and opens the repository
 * through the broker. With KEY_IF_IT_OPENS, OUT may have no KMS, and then says why. Call it
 * before the process has threads, and once. */
int open_brokered(const struct arguments *args, const struct brokerage *brokerage,
                  struct context *out, struct li_error *err);

/* The same, with the key, for a command that flattens the image of its first operand, and has a
 * memo. OUTPUTS is what else it may open, and may be NULL. */
int open_for_image(const struct arguments *args, bool writable, const struct allowed *outputs,
                   struct context *context, struct li_error *err);

#endif
