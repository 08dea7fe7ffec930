/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libarchive's filters, used without its formats: it knows the three compressions, their
 * concatenated members and frames, and what a cut-off stream is. The stored bytes are hashed as
 * they are handed to it, and whatever it leaves unread at the end is hashed too: the digest is of
 * the whole blob.
 */
#include "layer/inflate.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "layer/layer.h"

enum { BUFFER_SIZE = 256 * 1024 };

struct stream {
    const struct li_blob *blob;
    uint64_t done;
    struct li_sha256 *hash;
    uint8_t *buf;
    struct li_error *err; /* filled in by a failing read */
};

static int next_piece(struct stream *s, size_t *len, struct li_error *err)
{
    uint64_t left = s->blob->length - s->done;
    int rc;

    *len = left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
    rc = li_pread_all(s->blob->fd, s->buf, *len, s->blob->offset + s->done, err);
    if (rc == 0)
        rc = li_sha256_update(s->hash, s->buf, *len, err);
    s->done += *len;
    return rc;
}

static la_ssize_t read_piece(struct archive *a, void *arg, const void **data)
{
    struct stream *s = arg;
    size_t len;

    if (next_piece(s, &len, s->err) < 0) {
        archive_set_error(a, EIO, "%s", s->err->text);
        return -1;
    }
    *data = s->buf;
    return (la_ssize_t)len;
}

static int open_archive(struct stream *s, enum li_compression compression, struct archive **out,
                        struct li_error *err)
{
    struct archive *a = archive_read_new();
    struct archive_entry *entry;
    int r;

    if (!a)
        return li_fail_memory(err);
    *out = a;
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    if (compression == LI_COMPRESSION_GZIP)
        r = archive_read_support_filter_gzip(a);
    else if (compression == LI_COMPRESSION_ZSTD)
        r = archive_read_support_filter_zstd(a);
    else
        r = archive_read_support_filter_xz(a);
    if (r == ARCHIVE_OK)
        r = archive_read_open(a, s, NULL, read_piece, NULL);
    if (r == ARCHIVE_OK)
        r = archive_read_next_header(a, &entry);
    if (r == ARCHIVE_OK || r == ARCHIVE_EOF)
        return r == ARCHIVE_EOF ? LI_END : 0;
    if (s->err->code == 0)
        li_fail(err, LI_ECORRUPT, "cannot decompress: %s", archive_error_string(a));
    return err->code;
}

static int copy_out(struct archive *a, int fd, struct li_workers *team, struct li_sha256 *hash,
                    uint64_t *length, struct stream *s, struct li_error *err)
{
    uint8_t *buf = malloc(BUFFER_SIZE);
    int rc = buf ? 0 : li_fail_memory(err);

    while (rc == 0) {
        la_ssize_t n = archive_read_data(a, buf, BUFFER_SIZE);

        if (n < 0 && s->err->code == 0)
            li_fail(err, LI_ECORRUPT, "cannot decompress: %s", archive_error_string(a));
        if (n < 0)
            rc = err->code;
        if (n <= 0)
            break;
        if (li_workers_stopped(team))
            rc = li_fail(err, LI_ECANCELLED, "cancelled");
        if (rc == 0 && *length + (uint64_t)n > LI_LAYERS_MAX_INFLATED)
            rc = li_fail(err, LI_ELIMIT, "it has more than %llu bytes when decompressed",
                         (unsigned long long)LI_LAYERS_MAX_INFLATED);
        if (rc == 0)
            rc = li_sha256_update(hash, buf, (size_t)n, err);
        if (rc == 0 && (rc = li_pwrite_all(fd, buf, (size_t)n, *length, err)) < 0)
            li_context(err, "spooling the uncompressed layer");
        *length += (uint64_t)n;
    }
    free(buf);
    return rc;
}

int li_inflate(const struct li_blob *blob, enum li_compression compression, int fd,
               struct li_workers *team, struct li_inflated *out, struct li_error *err)
{
    struct stream s = {.blob = blob, .err = err};
    struct li_sha256 *plain = NULL;
    struct archive *a = NULL;
    uint64_t length = 0;
    size_t len;
    int rc;

    li_error_clear(err);
    s.buf = malloc(BUFFER_SIZE);
    rc = s.buf ? li_sha256_new(&s.hash, err) : li_fail_memory(err);
    if (rc == 0)
        rc = li_sha256_new(&plain, err);
    if (rc == 0)
        rc = open_archive(&s, compression, &a, err);
    if (rc == 0)
        rc = copy_out(a, fd, team, plain, &length, &s, err);
    if (rc == LI_END)
        rc = 0;
    while (rc == 0 && s.done < blob->length)
        rc = next_piece(&s, &len, err);
    if (rc == 0)
        rc = li_sha256_final(s.hash, out->stored_digest, err);
    if (rc == 0)
        rc = li_sha256_final(plain, out->plain_digest, err);
    if (rc == 0)
        out->length = length;
    archive_read_free(a);
    li_sha256_free(plain);
    li_sha256_free(s.hash);
    free(s.buf);
    return rc;
}
