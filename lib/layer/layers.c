/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every layer becomes plain tar bytes at a file descriptor, so that all later stages read at
 * offsets and need no state. A layer that is stored uncompressed is read where it lies and is ready
 * at once; its SHA-256 is computed beside all other work. A compressed one is inflated once into an
 * unlinked spool file, with both hashes taken on the way: inflating twice, for the index and for
 * the contents, costs more than writing and reading pages that mostly stay in memory.
 *
 * Workers take layers lowest first, the order in which the merge wants them. A layer of which there
 * is a record is left alone: most pushes of what was pushed before need none of its bytes. It joins
 * the others when the first of them is read, and then it is verified like them.
 */
#include "layer/layer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/workers.h"
#include "layer/hash.h"
#include "layer/inflate.h"
#include "layer/record.h"

enum layer_state { LAYER_PENDING, LAYER_READY, LAYER_FAILED };

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
    struct li_error first; /* the first failure; under lock */
};

static int spool(struct li_layers *layers, struct layer *layer, struct li_workers *team,
                 struct li_error *err)
{
    struct li_inflated result;
    int fd = -1;
    int rc = li_temporary_file(layers->env->tmpdir, &fd, err);

    if (rc == 0)
        rc = li_inflate(layer->blob, layer->compression, LI_LAYERS_MAX_INFLATED, fd, team, &result,
                        err);
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

/* Of a layer that nobody has taken, or of one's own. */
static bool wants_hashing(const struct li_layers *layers, const struct layer *layer)
{
    return layer->compression == LI_COMPRESSION_NONE &&
           !layers->record[layer - layers->layer].checked;
}

/* The lowest layer that is to be verified and that nobody has taken, or NULL; with the lock held.
 * PLAIN: of those that only want hashing. */
static struct layer *find_layer(struct li_layers *layers, bool plain)
{
    for (size_t i = 0; i < layers->count; i++) {
        struct layer *layer = &layers->layer[i];

        if (!layer->wanted || layer->taken)
            continue;
        if (!plain || wants_hashing(layers, layer))
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
        if (found || layers->wanted == layers->count)
            break;
        pthread_cond_wait(&layers->changed, &layers->lock);
    }
    if (found)
        found->taken = true;
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
    struct layer *first; /* taken already; NULL once it was given */
};

static bool next_plain(void *arg, size_t *index, const struct li_blob **blob)
{
    struct hashing *h = arg;
    struct layer *layer = h->first;

    h->first = NULL;
    if (!layer) {
        pthread_mutex_lock(&h->layers->lock);
        layer = find_layer(h->layers, true);
        if (layer)
            layer->taken = true;
        pthread_mutex_unlock(&h->layers->lock);
    }
    if (!layer)
        return false;
    *index = (size_t)(layer - h->layers->layer);
    *blob = layer->blob;
    return true;
}

static int check_plain(void *arg, size_t index, const uint8_t digest[LI_SHA256_SIZE],
                       struct li_error *err)
{
    struct hashing *h = arg;
    int rc = li_layer_check(h->layers->layer[index].blob, digest, digest, err);

    if (rc < 0)
        return rc;
    h->layers->record[index].checked = true;
    count_verified(h->layers);
    return 0;
}

/* With others like it, where it only wants hashing. */
static int verify_layer(struct li_layers *layers, struct layer *layer, struct li_workers *team,
                        struct li_error *err)
{
    struct li_record *record = &layers->record[layer - layers->layer];
    const uint8_t *diff_id = layer->blob->diff_id;
    struct hashing hashing = {layers, layer};
    int rc;

    if (wants_hashing(layers, layer))
        return li_hash_layers(next_plain, check_plain, &hashing, team, err);
    if (layer->compression != LI_COMPRESSION_NONE) {
        rc = spool(layers, layer, team, err);
    } else {
        record->relied = true;
        rc = li_layer_check(layer->blob, diff_id, diff_id, err);
    }
    if (rc == 0)
        count_verified(layers);
    return rc;
}

static int prepare(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_layers *layers = arg;
    struct layer *layer;
    int rc = 0;

    (void)index;
    while (rc == 0 && !li_workers_stopped(team) && (layer = take_layer(layers)))
        rc = verify_layer(layers, layer, team, err);
    if (rc < 0) {
        pthread_mutex_lock(&layers->lock);
        if (layers->first.code == 0 || layers->first.code == LI_ECANCELLED)
            layers->first = *err;
        pthread_cond_broadcast(&layers->changed);
        pthread_mutex_unlock(&layers->lock);
    }
    return rc;
}

static int open_layer(const struct li_blob *blob, struct layer *layer, struct li_error *err)
{
    uint8_t head[LI_COMPRESSION_HEAD];
    size_t len = blob->length < sizeof(head) ? (size_t)blob->length : sizeof(head);
    int rc = li_pread_all(blob->fd, head, len, blob->offset, err);

    if (rc < 0)
        return li_context(err, "layer %s", blob->name);
    layer->blob = blob;
    layer->spool = -1;
    layer->fd = blob->fd;
    layer->offset = blob->offset;
    layer->length = blob->length;
    layer->compression = li_compression_of(head, len);
    layer->state = layer->compression == LI_COMPRESSION_NONE ? LAYER_READY : LAYER_PENDING;
    return 0;
}

/* Whether the layer cannot be the one that was recorded: so much can be seen without reading it. */
static bool contradicts(const struct layer *layer, const struct li_record *record)
{
    return layer->compression == LI_COMPRESSION_NONE && layer->length != record->length;
}

/* The rows for layers and their records. */
static int make_rows(struct li_layers *layers, struct li_record *records, struct li_error *err)
{
    size_t rows = layers->count ? layers->count : 1;

    layers->layer = calloc(rows, sizeof(*layers->layer));
    if (!records)
        records = layers->own_record = calloc(rows, sizeof(*records));
    layers->record = records;
    if (!layers->layer || !records) {
        layers->count = 0;
        return li_fail_memory(err);
    }
    for (size_t i = 0; i < layers->count; i++)
        layers->layer[i].spool = -1;
    return 0;
}

int li_layers_open(const struct li_image *image, const struct li_env *env, struct li_layers **out,
                   struct li_error *err)
{
    return li_layers_open_known(image, env, NULL, out, err);
}

int li_layers_open_known(const struct li_image *image, const struct li_env *env,
                         struct li_record *records, struct li_layers **out, struct li_error *err)
{
    struct li_layers *layers = calloc(1, sizeof(*layers));
    size_t threads = env->threads;
    int rc = 0;

    if (!layers)
        return li_fail_memory(err);
    pthread_mutex_init(&layers->lock, NULL);
    pthread_cond_init(&layers->changed, NULL);
    layers->env = env;
    layers->count = li_image_layers(image);
    rc = make_rows(layers, records, err);
    for (size_t i = 0; i < layers->count && rc == 0; i++) {
        rc = open_layer(li_image_layer(image, i), &layers->layer[i], err);
        if (rc == 0 && contradicts(&layers->layer[i], &layers->record[i]))
            li_record_drop(&layers->record[i]);
        layers->layer[i].wanted = !layers->record[i].whole;
        layers->wanted += layers->layer[i].wanted;
    }
    if (threads > layers->count)
        threads = layers->count;
    if (rc == 0 && threads > 0)
        rc = li_workers_start((unsigned)threads, prepare, layers, &layers->team, err);
    if (rc < 0) {
        li_layers_free(layers);
        return rc;
    }
    *out = layers;
    return 0;
}

void li_layers_free(struct li_layers *layers)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (!layers)
        return;
    if (layers->team)
        li_workers_stop(layers->team);
    pthread_mutex_lock(&layers->lock);
    layers->closing = true;
    pthread_cond_broadcast(&layers->changed);
    pthread_mutex_unlock(&layers->lock);
    li_workers_join(layers->team, &ignored);
    for (size_t i = 0; i < layers->count; i++) {
        if (layers->layer[i].spool >= 0)
            close(layers->layer[i].spool);
        if (layers->own_record)
            li_record_drop(&layers->own_record[i]);
    }
    free(layers->own_record);
    free(layers->layer);
    pthread_cond_destroy(&layers->changed);
    pthread_mutex_destroy(&layers->lock);
    free(layers);
}

size_t li_layers_count(const struct li_layers *layers)
{
    return layers->count;
}

const char *li_layers_name(const struct li_layers *layers, size_t index)
{
    return layers->layer[index].blob->name;
}

const uint8_t *li_layers_diff_id(const struct li_layers *layers, size_t index)
{
    return layers->layer[index].blob->diff_id;
}

const struct li_env *li_layers_env(const struct li_layers *layers)
{
    return layers->env;
}

struct li_record *li_layers_record(struct li_layers *layers, size_t index)
{
    return &layers->record[index];
}

/* Has the layer verified, if that is not on its way, and waits until it can be read. */
static int open_bytes(struct li_layers *layers, struct layer *layer, struct li_error *err)
{
    int rc = 0;

    if (atomic_load(&layer->open))
        return 0;
    pthread_mutex_lock(&layers->lock);
    if (!layer->wanted) {
        layer->wanted = true;
        layers->wanted++;
        pthread_cond_broadcast(&layers->changed);
    }
    while (layer->state == LAYER_PENDING && layers->first.code == 0)
        pthread_cond_wait(&layers->changed, &layers->lock);
    if (layers->first.code != 0) {
        *err = layers->first;
        rc = err->code;
    } else {
        atomic_store(&layer->open, true);
    }
    pthread_mutex_unlock(&layers->lock);
    return rc;
}

int li_layers_ready(struct li_layers *layers, size_t index, uint64_t *length, struct li_error *err)
{
    int rc = open_bytes(layers, &layers->layer[index], err);

    if (rc == 0)
        *length = layers->layer[index].length;
    return rc;
}

int li_layers_read(struct li_layers *layers, size_t index, void *buf, size_t len, uint64_t offset,
                   struct li_error *err)
{
    struct layer *layer = &layers->layer[index];
    int rc = open_bytes(layers, layer, err);

    if (rc < 0)
        return rc;
    if (offset > layer->length || len > layer->length - offset)
        return li_fail(err, LI_ECORRUPT, "layer %s ends in the middle of a file; it is cut short",
                       layer->blob->name);
    rc = li_pread_all(layer->fd, buf, len, layer->offset + offset, err);
    return rc < 0 ? li_context(err, "layer %s", layer->blob->name) : 0;
}

int li_layers_verified(struct li_layers *layers, struct li_error *err)
{
    int rc = 0;

    pthread_mutex_lock(&layers->lock);
    while (layers->verified < layers->wanted && layers->first.code == 0)
        pthread_cond_wait(&layers->changed, &layers->lock);
    if (layers->first.code != 0) {
        *err = layers->first;
        rc = err->code;
    }
    pthread_mutex_unlock(&layers->lock);
    return rc;
}
