/* SPDX-License-Identifier: Apache-2.0 */
/* What layers.c and the workers that verify layers, verify.c, share. */
#ifndef LI_LAYER_STACK_H
#define LI_LAYER_STACK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/compression.h"
#include "base/workers.h"
#include "layer/layer.h"
#include "layer/record.h"

enum layer_state { LAYER_PENDING, LAYER_READY };

struct layer {
    const struct li_blob *blob;
    int fd;          /* of the uncompressed bytes */
    int spool;       /* the same where it is ours to close, or -1 */
    uint64_t offset; /* of the uncompressed bytes in fd */
    uint64_t length;
    enum li_compression compression;
    enum layer_state state; /* under lock */
    bool wanted, taken;     /* under lock: is to be verified; by a worker already */
    atomic_bool open;       /* wanted and ready: all above is constant from then on */
};

struct li_layers {
    const struct li_env *env;
    size_t count;
    struct layer *layer;
    struct li_record *record;
    struct li_record *own_record; /* the same where it is ours to free, or NULL */
    struct li_workers *team;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closing;          /* under lock */
    size_t wanted;         /* layers; under lock */
    size_t verified;       /* layers whose digests hold; under lock */
    unsigned busy;         /* workers that verify one; under lock */
    struct li_error first; /* the first failure; under lock */
};

/* What a worker runs: verifies layers that are wanted, until there can be no more. */
li_worker_run li_layers_verify;

#endif
