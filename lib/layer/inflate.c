/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads for each layer: this one reads, hashes the stored bytes and decompresses; the other
 * hashes and writes the output. Layers are inflated side by side, but one of them is often as large
 * as all others together, and with one thread its second half would keep one processor busy and the
 * rest idle.
 *
 * Pieces circulate: from `empty` to this thread, through `full` to the other, and back.
 */
#include "layer/inflate.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/decompress.h"
#include "base/io.h"
#include "base/secret.h"

enum { PIECES = 4, PIECE_SIZE = 4 * LI_LAYER_PIECE };

struct piece {
    size_t len;
    uint8_t data[PIECE_SIZE];
};

struct stored {
    const struct li_blob *blob;
    uint64_t done;
    struct li_sha256 *hash;
};

/* The other thread's. */
struct spool {
    const struct li_inflate *how;
    int fd;
    uint64_t length;
    struct li_sha256 *hash;
    struct li_queue *empty, *full;
    struct piece *pieces;
};

static int read_stored(void *arg, void *buf, size_t len, size_t *got, struct li_error *err)
{
    struct stored *s = arg;
    uint64_t left = s->blob->length - s->done;
    size_t piece = left < len ? (size_t)left : len;
    int rc = li_pread_all(s->blob->fd, buf, piece, s->blob->offset + s->done, err);

    if (rc == 0)
        rc = li_sha256_update(s->hash, buf, piece, err);
    if (rc == 0) {
        s->done += piece;
        *got = piece;
    }
    return rc;
}

/* Bytes that the decompressor left unread are hashed, too: the digest is of the whole blob. */
static int read_rest(struct stored *s, struct piece *scratch, struct li_error *err)
{
    size_t got = 1;
    int rc = 0;

    while (rc == 0 && got > 0)
        rc = read_stored(s, scratch->data, sizeof(scratch->data), &got, err);
    return rc;
}

/* What other programs should still have of the file system, however much a layer becomes. */
static uint64_t reserve_of(const struct statvfs *fs)
{
    const uint64_t most = 256 << 20;
    uint64_t part = (uint64_t)fs->f_blocks * fs->f_frsize / 64;

    return part < most ? part : most;
}

static int check_room(const struct spool *spool, struct li_error *err)
{
    struct statvfs fs;
    uint64_t left;

    if (fstatvfs(spool->fd, &fs) < 0)
        return 0;
    left = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (left >= reserve_of(&fs))
        return 0;
    return li_fail(err, LI_EIO,
                   "its uncompressed bytes are too many for the file system of %s, which has "
                   "%llu MiB left; set TMPDIR to a directory with more room",
                   spool->how->dir, (unsigned long long)left >> 20);
}

static int write_piece(struct spool *spool, const struct piece *piece, struct li_error *err)
{
    const struct li_inflate *how = spool->how;
    int rc = check_room(spool, err);

    if (rc == 0)
        rc = li_sha256_update(spool->hash, piece->data, piece->len, err);
    if (rc == 0)
        rc = li_tags_add(how->tags, how->key, piece->data, piece->len, err);
    if (rc == 0 && (rc = li_pwrite_all(spool->fd, piece->data, piece->len, spool->length, err)) < 0)
        li_context(err, "spooling the uncompressed layer to a temporary file in %s", how->dir);
    spool->length += piece->len;
    return rc;
}

static int write_pieces(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct spool *spool = arg;
    void *piece;
    int rc = 0;

    (void)index;
    (void)team;
    while (rc == 0 && li_queue_take(spool->full, &piece) == 0) {
        rc = write_piece(spool, piece, err);
        li_queue_put(spool->empty, piece, 0);
    }
    li_queue_close(spool->full);
    li_queue_close(spool->empty);
    return rc;
}

/* Fills a piece. Only the last one is shorter, because tags are of whole pieces of the layer. */
static int fill_piece(struct li_decompress *d, struct piece *piece, struct li_error *err)
{
    size_t got = 1;
    int rc = 0;

    piece->len = 0;
    while (rc == 0 && got > 0 && piece->len < sizeof(piece->data)) {
        rc = li_decompress_read(d, piece->data + piece->len, sizeof(piece->data) - piece->len, &got,
                                err);
        if (rc == 0)
            piece->len += got;
    }
    return rc;
}

/* LI_ECANCELLED if the other thread has failed, which has the reason. */
static int next_piece(struct spool *spool, struct li_decompress *d, struct li_error *err)
{
    void *item;
    struct piece *piece;
    int rc;

    if (li_queue_take(spool->empty, &item) != 0)
        return li_fail(err, LI_ECANCELLED, "cancelled");
    piece = item;
    rc = fill_piece(d, piece, err);
    if (rc < 0)
        return rc;
    if (atomic_fetch_add(spool->how->total, piece->len) + piece->len > LI_LAYERS_MAX_INFLATED)
        return li_fail(err, LI_ELIMIT, "the layers have more than %llu GiB when decompressed",
                       (unsigned long long)LI_LAYERS_MAX_INFLATED >> 30);
    if (piece->len == 0)
        return LI_END;
    if (li_queue_put(spool->full, piece, 0) < 0)
        return li_fail(err, LI_ECANCELLED, "cancelled");
    return 0;
}

static int decompress(struct stored *stored, struct spool *spool, struct li_workers *team,
                      struct li_error *err)
{
    struct li_decompress *d = NULL;
    int rc = li_decompress_open(spool->how->compression, read_stored, stored, spool->how->budget,
                                &d, err);

    while (rc == 0) {
        if (li_workers_stopped(team))
            rc = li_fail(err, LI_ECANCELLED, "cancelled");
        else
            rc = next_piece(spool, d, err);
    }
    li_decompress_free(d);
    return rc == LI_END ? 0 : rc;
}

static int open_spool(struct spool *spool, struct li_error *err)
{
    int rc = li_sha256_new(&spool->hash, err);

    if (rc == 0)
        rc = li_queue_new(PIECES, SIZE_MAX, &spool->empty, err);
    if (rc == 0)
        rc = li_queue_new(PIECES, SIZE_MAX, &spool->full, err);
    spool->pieces = malloc(PIECES * sizeof(*spool->pieces));
    if (rc == 0 && !spool->pieces)
        rc = li_fail_memory(err);
    for (size_t i = 0; i < PIECES && rc == 0; i++)
        li_queue_put(spool->empty, &spool->pieces[i], 0);
    return rc;
}

static void close_spool(struct spool *spool)
{
    li_sha256_free(spool->hash);
    li_queue_free(spool->empty);
    li_queue_free(spool->full);
    li_wipe_free(spool->pieces);
}

/* Runs both threads. The other thread's error wins if this one only noticed that it stopped. */
static int run(struct stored *stored, struct spool *spool, struct li_workers *team,
               struct li_error *err)
{
    struct li_error other = LI_ERROR_INIT;
    struct li_workers *writer = NULL;
    int rc = li_workers_start(1, write_pieces, spool, &writer, err);

    if (rc < 0)
        return rc;
    rc = decompress(stored, spool, team, err);
    li_queue_close(spool->full);
    if (li_workers_join(writer, &other) < 0 && (rc == 0 || rc == LI_ECANCELLED)) {
        *err = other;
        rc = err->code;
    }
    return rc;
}

int li_inflate(const struct li_inflate *how, int fd, struct li_workers *team,
               struct li_inflated *out, struct li_error *err)
{
    struct stored stored = {.blob = how->blob};
    struct spool spool = {.how = how, .fd = fd};
    int rc = li_sha256_new(&stored.hash, err);

    if (rc == 0)
        rc = open_spool(&spool, err);
    if (rc == 0)
        rc = run(&stored, &spool, team, err);
    if (rc == 0)
        rc = read_rest(&stored, spool.pieces, err);
    if (rc == 0)
        rc = li_sha256_final(stored.hash, out->stored_digest, err);
    if (rc == 0)
        rc = li_sha256_final(spool.hash, out->plain_digest, err);
    if (rc == 0)
        out->length = spool.length;
    close_spool(&spool);
    li_sha256_free(stored.hash);
    return rc;
}
