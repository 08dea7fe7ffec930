/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers that compute the digests of layers. They take layers lowest first, the order in which
 * the merge needs them. A layer that is stored uncompressed is only hashed, two layers at a time. A
 * compressed layer is inflated into a spool file, and both its digests are computed on the way.
 */
#include "layer/stack.h"

#include <unistd.h>

#include "base/io.h"
#include "layer/hash.h"
#include "layer/inflate.h"

static int spool(struct li_layers *layers, struct layer *layer, struct li_workers *team,
                 struct li_error *err)
{
    struct li_inflate how = {.blob = layer->blob,
                             .compression = layer->compression,
                             .total = &layers->inflated,
                             .dir = layers->env->tmpdir,
                             .key = &layers->key,
                             .tags = &layer->tags,
                             .budget = layers->budget};
    struct li_inflated result;
    int fd = -1;
    int rc = li_temporary_file(layers->env->tmpdir, &fd, err);

    if (rc == 0)
        rc = li_inflate(&how, fd, team, &result, err);
    if (rc < 0 && rc != LI_ECANCELLED)
        li_context(err, "layer %s", layer->blob->name);
    if (rc == 0)
        rc = li_layer_check(layer->blob, result.stored_digest, result.plain_digest, err);
    if (rc == 0) {
        pthread_mutex_lock(&layers->lock);
        layer->fd = layer->spool = fd;
        layer->offset = 0;
        layer->length = result.length;
        layer->state = LAYER_READY;
        pthread_mutex_unlock(&layers->lock);
        fd = -1;
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

/* The lowest layer that must be verified and is not taken yet, or NULL; with the lock held. PLAIN:
 * only layers that just need hashing. */
static struct layer *find_layer(struct li_layers *layers, bool plain)
{
    for (size_t i = 0; i < layers->count; i++) {
        struct layer *layer = &layers->layer[i];

        if (!layer->wanted || layer->taken)
            continue;
        if (!plain || layer->compression == LI_COMPRESSION_NONE)
            return layer;
    }
    return NULL;
}

/* The next layer, or NULL at the end. Waits for one to be wanted. */
static struct layer *take_layer(struct li_layers *layers)
{
    struct layer *found = NULL;

    pthread_mutex_lock(&layers->lock);
    while (!layers->closing && layers->first.code == 0) {
        found = find_layer(layers, false);
        if (found || layers->wanted == layers->different)
            break;
        pthread_cond_wait(&layers->changed, &layers->lock);
    }
    if (found) {
        found->taken = true;
        layers->busy++;
    }
    pthread_mutex_unlock(&layers->lock);
    return found;
}

static void count_verified(struct li_layers *layers)
{
    pthread_mutex_lock(&layers->lock);
    layers->verified++;
    pthread_cond_broadcast(&layers->changed);
    pthread_mutex_unlock(&layers->lock);
}

struct hashing {
    struct li_layers *layers;
    struct layer *first; /* taken already; NULL after it was given */
};

static struct layer *next_plain(void *arg)
{
    struct hashing *h = arg;
    struct layer *layer = h->first;

    h->first = NULL;
    if (layer)
        return layer;
    pthread_mutex_lock(&h->layers->lock);
    layer = find_layer(h->layers, true);
    if (layer)
        layer->taken = true;
    pthread_mutex_unlock(&h->layers->lock);
    return layer;
}

static int check_plain(void *arg, struct layer *layer, const uint8_t digest[LI_SHA256_SIZE],
                       struct li_error *err)
{
    struct hashing *h = arg;
    int rc = li_layer_check(layer->blob, digest, digest, err);

    if (rc == 0)
        count_verified(h->layers);
    return rc;
}

/* Hashes it together with others, if it needs no more than that. */
static int verify_layer(struct li_layers *layers, struct layer *layer, struct li_workers *team,
                        struct li_error *err)
{
    struct hashing hashing = {layers, layer};
    int rc;

    if (layer->compression == LI_COMPRESSION_NONE)
        return li_hash_layers(layers, next_plain, check_plain, &hashing, team, err);
    rc = spool(layers, layer, team, err);
    if (rc == 0)
        count_verified(layers);
    return rc;
}

int li_layers_verify(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_layers *layers = arg;
    struct layer *layer;
    int rc = 0;

    (void)index;
    while (rc == 0 && !li_workers_stopped(team) && (layer = take_layer(layers))) {
        rc = verify_layer(layers, layer, team, err);
        pthread_mutex_lock(&layers->lock);
        layers->busy--;
        if (rc < 0 && (layers->first.code == 0 || layers->first.code == LI_ECANCELLED))
            layers->first = *err;
        pthread_cond_broadcast(&layers->changed);
        pthread_mutex_unlock(&layers->lock);
    }
    return rc;
}
