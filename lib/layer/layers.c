/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every layer becomes plain tar bytes at a file descriptor, so that all later stages read at
 * offsets and need no state. A layer that is stored uncompressed is read in place and is ready at
 * once; its SHA-256 is computed beside all other work. A compressed layer is inflated once into an
 * unlinked spool file, and both hashes are computed on the way: to inflate twice, for the index and
 * for the contents, would cost more than to write and read pages that mostly stay in memory.
 *
 * A layer with a record is not touched at first: most repeated pushes need none of its bytes. When
 * one of its bytes is read, it is verified like the others.
 */
#include "layer/stack.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/decompress.h"
#include "base/io.h"
#include "base/secret.h"

/* Two for each thread: one that it copies from, and one that others leave it meanwhile. */
enum { WINDOWS = 2 };

/* How long a worker gives way before it checks again. */
enum { GIVE_WAY = 20 * 1000 * 1000, NANOSECONDS = 1000 * 1000 * 1000 };

static int open_layer(const struct li_blob *blob, struct layer *layer, struct li_error *err)
{
    uint8_t head[LI_COMPRESSION_HEAD];
    size_t len = blob->length < sizeof(head) ? (size_t)blob->length : sizeof(head);
    const char *other = NULL;
    int rc = li_pread_all(blob->fd, head, len, blob->offset, err);

    if (rc == 0)
        other = li_compression_unread(head, len);
    if (other)
        rc = li_fail(err, LI_EUNSUPPORTED, "it is compressed by %s; gzip, zstd and xz can be read",
                     other);
    if (rc < 0)
        return li_context(err, "layer %s", blob->name);
    layer->blob = blob;
    layer->spool = -1;
    layer->fd = blob->fd;
    layer->offset = blob->offset;
    layer->length = blob->length;
    layer->compression = li_compression_of(head, len);
    layer->before = li_file_state(blob->fd);
    layer->state = layer->compression == LI_COMPRESSION_NONE ? LAYER_READY : LAYER_PENDING;
    return 0;
}

/* Whether two layers are the same bytes of one file, and must have the same digests. */
static bool same_bytes(const struct layer *a, const struct layer *b)
{
    const struct li_blob *x = a->blob, *y = b->blob;

    return x->offset == y->offset && x->length == y->length &&
           a->before.st_ino == b->before.st_ino && a->before.st_dev == b->before.st_dev &&
           memcmp(x->diff_id, y->diff_id, sizeof(x->diff_id)) == 0 &&
           x->has_digest == y->has_digest && memcmp(x->digest, y->digest, sizeof(x->digest)) == 0;
}

/* Prepares layer INDEX to be read, unless a lower one is read in its place. */
static int find_first(struct li_layers *layers, size_t index, struct li_error *err)
{
    struct layer *layer = &layers->layer[index];
    size_t first = 0;

    while (first < index && !same_bytes(&layers->layer[first], layer))
        first++;
    layer->first = first;
    layers->different += first == index;
    if (first < index || layer->state == LAYER_PENDING)
        return 0;
    return li_tags_open(&layer->tags, layer->length, err);
}

/* Notes that a worker has to verify the layer; with the lock held if there are workers. */
static void want(struct li_layers *layers, struct layer *layer)
{
    layers->wanted += !layer->wanted;
    layer->wanted = true;
}

/* Whether the layer cannot be the recorded one, as far as this shows without reading it. */
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
    if (rc == 0)
        rc = li_universal_key_make(env, &layers->key, err);
    if (rc == 0)
        rc = li_windows_new(WINDOWS * (size_t)(threads ? threads : 1), &layers->windows, err);
    if (rc == 0)
        rc = li_budget_new(LI_DECOMPRESS_WINDOWS, &layers->budget, err);
    for (size_t i = 0; i < layers->count && rc == 0; i++) {
        rc = open_layer(li_image_layer(image, i), &layers->layer[i], err);
        if (rc == 0)
            rc = find_first(layers, i, err);
        if (rc == 0 && contradicts(&layers->layer[i], &layers->record[i]))
            li_record_drop(&layers->record[i]);
        if (rc == 0 && !layers->record[i].whole)
            want(layers, &layers->layer[layers->layer[i].first]);
    }
    if (threads > layers->count)
        threads = layers->count;
    if (rc == 0 && threads > 0)
        rc = li_workers_start((unsigned)threads, li_layers_verify, layers, &layers->team, err);
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
        li_tags_free(&layers->layer[i].tags);
        if (layers->own_record)
            li_record_drop(&layers->own_record[i]);
    }
    li_windows_free(layers->windows);
    li_budget_free(layers->budget);
    li_wipe(&layers->key, sizeof(layers->key));
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

bool li_layers_repeats(const struct li_layers *layers, size_t index)
{
    return layers->layer[index].first != index;
}

struct li_record *li_layers_record(struct li_layers *layers, size_t index)
{
    return &layers->record[index];
}

int li_layer_open_bytes(struct li_layers *layers, struct layer *layer, struct li_error *err)
{
    int rc = 0;

    if (atomic_load(&layer->open))
        return 0;
    pthread_mutex_lock(&layers->lock);
    if (!layer->wanted) {
        want(layers, layer);
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
    struct layer *layer = &layers->layer[layers->layer[index].first];
    int rc = li_layer_open_bytes(layers, layer, err);

    if (rc == 0)
        *length = layer->length;
    return rc;
}

typedef int check_file(int fd, const struct stat *before, struct li_error *err);

/* Checks with CHECK that the files of all wanted layers are unchanged; with the lock held. Layers
 * of an archive share one file. */
static int check_files(const struct li_layers *layers, check_file *check, struct li_error *err)
{
    int last = -1, rc = 0;

    for (size_t i = 0; i < layers->count && rc == 0; i++) {
        const struct layer *layer = &layers->layer[i];

        if (!layer->wanted || layer->blob->fd == last)
            continue;
        last = layer->blob->fd;
        rc = check(last, &layer->before, err);
        if (rc < 0)
            li_context(err, "layer %s", layer->blob->name);
    }
    return rc;
}

int li_layers_verified(struct li_layers *layers, struct li_error *err)
{
    int rc;

    pthread_mutex_lock(&layers->lock);
    while (layers->verified < layers->wanted && layers->first.code == 0)
        pthread_cond_wait(&layers->changed, &layers->lock);
    rc = layers->first.code;
    if (rc == 0 || rc == LI_ECORRUPT)
        rc = check_files(layers, rc == 0 ? li_file_unchanged : li_file_untouched, err);
    if (rc == 0 && layers->first.code != 0) {
        *err = layers->first;
        rc = err->code;
    }
    pthread_mutex_unlock(&layers->lock);
    return rc;
}

void li_layers_blame(struct li_layers *layers, struct li_error *err)
{
    struct li_error changed = LI_ERROR_INIT;

    if (err->code != LI_ECORRUPT)
        return;
    pthread_mutex_lock(&layers->lock);
    if (check_files(layers, li_file_untouched, &changed) < 0)
        *err = changed;
    pthread_mutex_unlock(&layers->lock);
}

bool li_layers_give_way(struct li_layers *layers, unsigned worker)
{
    struct timespec until;
    bool crowded;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += GIVE_WAY;
    until.tv_sec += until.tv_nsec / NANOSECONDS;
    until.tv_nsec %= NANOSECONDS;
    pthread_mutex_lock(&layers->lock);
    while ((crowded =
                worker > 0 && layers->busy > 0 && worker + layers->busy >= layers->env->threads) &&
           rc == 0)
        rc = pthread_cond_clockwait(&layers->changed, &layers->lock, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&layers->lock);
    return crowded;
}
