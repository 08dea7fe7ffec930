/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by layers.c, read.c and verify.c, the workers that verify layers. */
#ifndef LI_LAYER_STACK_H
#define LI_LAYER_STACK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/budget.h"
#include "base/compression.h"
#include "base/universal_hash.h"
#include "base/workers.h"
#include "layer/layer.h"
#include "layer/record.h"
#include "layer/state.h"
#include "layer/tags.h"
#include "layer/windows.h"

enum layer_state { LAYER_PENDING, LAYER_READY };

struct layer {
    const struct li_blob *blob;
    size_t first;    /* the lowest layer of the same bytes, which is read in place of this one */
    int fd;          /* of the uncompressed bytes */
    int spool;       /* the same if we must close it, or -1 */
    uint64_t offset; /* of the uncompressed bytes in fd */
    uint64_t length;
    struct li_tags tags;
    struct stat before; /* the blob's file as it was when the stack was opened */
    enum li_compression compression;
    enum layer_state state; /* under lock */
    bool wanted, taken;     /* under lock: to be verified; a worker does so already */
    atomic_bool open;       /* wanted and ready: everything above is constant from then on */
};

struct li_layers {
    const struct li_env *env;
    size_t count;
    size_t different; /* layers without those that have the same bytes as a lower one */
    struct layer *layer;
    struct li_record *record;
    struct li_record *own_record; /* the same if we must free it, or NULL */
    struct li_workers *team;
    struct li_universal_key key; /* of all tags */
    struct li_windows *windows;
    struct li_budget *budget; /* of what layers are decompressed with */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closing;                   /* under lock */
    atomic_uint_least64_t inflated; /* bytes that were written to spool files */
    size_t wanted;                  /* layers; under lock */
    size_t verified;                /* layers whose digests match; under lock */
    unsigned busy;                  /* workers that are verifying a layer; under lock */
    struct li_error first;          /* the first failure; under lock */
};

/* Has the layer verified, unless that is under way, and waits until it can be read. */
int li_layer_open_bytes(struct li_layers *layers, struct layer *layer, struct li_error *err);

/* Reads LEN bytes from OFFSET on of a layer that is ready. They must be whole pieces, except the
 * last piece of the layer. LI_ECORRUPT if they differ from an earlier read, LI_EIO. */
int li_layer_read_pieces(struct li_layers *layers, struct layer *layer, uint8_t *buf, size_t len,
                         uint64_t offset, struct li_error *err);

/* The function of a worker: verifies layers that are wanted, until there can be no more. */
li_worker_run li_layers_verify;

#endif
