/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashing two layers at once costs hardly more of a processor than hashing one (base/sha256.h). So
 * a worker that has one layer takes a second, and replaces each that ends.
 */
#include "layer/hash.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/secret.h"

static int check_digest(const struct li_blob *blob, const char *what, const uint8_t *want,
                        const uint8_t *got, struct li_error *err)
{
    char want_text[2 * LI_SHA256_SIZE + 1], got_text[2 * LI_SHA256_SIZE + 1];

    if (memcmp(want, got, LI_SHA256_SIZE) == 0)
        return 0;
    li_hex_encode(want, LI_SHA256_SIZE, want_text);
    li_hex_encode(got, LI_SHA256_SIZE, got_text);
    return li_fail(err, LI_ECORRUPT,
                   "layer %s: its %s is sha256:%s, but the image says sha256:%s; the image is "
                   "damaged, save or copy it again",
                   blob->name, what, got_text, want_text);
}

int li_layer_check(const struct li_blob *blob, const uint8_t stored[LI_SHA256_SIZE],
                   const uint8_t plain[LI_SHA256_SIZE], struct li_error *err)
{
    int rc = 0;

    if (blob->has_digest)
        rc = check_digest(blob, "digest", blob->digest, stored, err);
    if (rc == 0)
        rc = check_digest(blob, "diff ID (the digest of the uncompressed tar)", blob->diff_id,
                          plain, err);
    return rc;
}

/* Larger reads cost less in the kernel; two of these still fit in the nearest caches. */
enum { LANES = 2, READ_SIZE = 2 * LI_LAYER_PIECE };

struct lane {
    struct layer *layer; /* NULL: idle */
    uint64_t done;       /* bytes hashed, and bytes in buf to be hashed next */
    size_t len;          /* of buf */
    uint8_t *buf;
    struct li_sha256 *hash;
};

static int open_lane(struct lane *lane, struct li_error *err)
{
    lane->buf = malloc(READ_SIZE);
    return lane->buf ? li_sha256_new(&lane->hash, err) : li_fail_memory(err);
}

static void close_lane(struct lane *lane)
{
    li_wipe_free(lane->buf);
    li_sha256_free(lane->hash);
}

static int read_part(struct li_layers *layers, struct lane *lane, struct li_error *err)
{
    uint64_t left = lane->layer ? lane->layer->length - lane->done : 0;
    int rc = 0;

    lane->len = left < READ_SIZE ? (size_t)left : READ_SIZE;
    if (lane->len > 0)
        rc = li_layer_read_pieces(layers, lane->layer, lane->buf, lane->len, lane->done, err);
    if (rc == 0)
        lane->done += lane->len;
    return rc;
}

/* What both have is hashed together, then the rest of one of them. */
static int hash_parts(struct lane *a, struct lane *b, struct li_error *err)
{
    size_t both = a->len < b->len ? a->len : b->len;
    int rc = 0;

    if (both > 0)
        rc = li_sha256_update_two(a->hash, a->buf, b->hash, b->buf, both, err);
    if (rc == 0)
        rc = li_sha256_update(a->hash, a->buf + both, a->len - both, err);
    if (rc == 0)
        rc = li_sha256_update(b->hash, b->buf + both, b->len - both, err);
    return rc;
}

static int end_layer(struct lane *lane, li_hash_done *done, void *arg, struct li_error *err)
{
    struct layer *layer = lane->layer;
    uint8_t digest[LI_SHA256_SIZE];
    int rc;

    if (!layer || lane->done < layer->length)
        return 0;
    lane->layer = NULL;
    rc = li_sha256_final(lane->hash, digest, err);
    return rc < 0 ? rc : done(arg, layer, digest, err);
}

static bool begin_layer(struct lane *lane, li_hash_next *next, void *arg)
{
    if (!lane->layer && (lane->layer = next(arg)))
        lane->done = 0;
    return lane->layer != NULL;
}

/* A part of each layer. */
static int hash_next_parts(struct li_layers *layers, struct lane lane[LANES], struct li_error *err)
{
    int rc = read_part(layers, &lane[0], err);

    if (rc == 0)
        rc = read_part(layers, &lane[1], err);
    return rc < 0 ? rc : hash_parts(&lane[0], &lane[1], err);
}

struct run {
    struct li_layers *layers;
    li_hash_next *next;
    li_hash_done *done;
    void *arg;
};

static int run(const struct run *r, struct lane lane[LANES], struct li_workers *team,
               struct li_error *err)
{
    int rc = 0;

    while (rc == 0) {
        bool first = begin_layer(&lane[0], r->next, r->arg);
        bool second = begin_layer(&lane[1], r->next, r->arg);

        if (!first && !second)
            break;
        if (li_workers_stopped(team))
            return li_fail(err, LI_ECANCELLED, "cancelled");
        rc = hash_next_parts(r->layers, lane, err);
        for (int i = 0; i < LANES && rc == 0; i++)
            rc = end_layer(&lane[i], r->done, r->arg, err);
    }
    return rc;
}

int li_hash_layers(struct li_layers *layers, li_hash_next *next, li_hash_done *done, void *arg,
                   struct li_workers *team, struct li_error *err)
{
    struct run r = {layers, next, done, arg};
    struct lane lane[LANES] = {{0}};
    int rc = open_lane(&lane[0], err);

    if (rc == 0)
        rc = open_lane(&lane[1], err);
    if (rc == 0)
        rc = run(&r, lane, team, err);
    close_lane(&lane[0]);
    close_lane(&lane[1]);
    return rc;
}
