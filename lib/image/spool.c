/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipe cannot be read twice, and a compressed archive cannot be read from the middle. docker-save
 * puts its manifest last, so both would be necessary. Data from a pipe is decompressed on its way
 * to the temporary file, so that there is never more than one.
 */
#include "image/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/compression.h"
#include "base/decompress.h"
#include "base/io.h"
#include "base/secret.h"

enum { PIECE_SIZE = 1 << 17 };

static int check_form(const uint8_t *head, size_t len, struct li_error *err)
{
    const char *other = li_compression_unread(head, len);

    if (!other)
        return 0;
    return li_fail(err, LI_EUNSUPPORTED, "it is compressed by %s; gzip, zstd and xz can be read",
                   other);
}

int li_image_compressed(int fd, bool *out, struct li_error *err)
{
    uint8_t head[LI_COMPRESSION_HEAD];
    ssize_t n;

    do
        n = pread(fd, head, sizeof(head), 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return li_fail_errno(err, errno, "cannot read its first bytes");
    *out = li_compression_of(head, (size_t)n) != LI_COMPRESSION_NONE;
    return check_form(head, (size_t)n, err);
}

/* A file from its current position on, whose first bytes were read already. */
struct input {
    int fd;
    size_t head_len;
    uint8_t head[LI_COMPRESSION_HEAD];
};

static int read_some(int fd, void *buf, size_t len, size_t *got, struct li_error *err)
{
    ssize_t n;

    do
        n = read(fd, buf, len);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return li_fail_errno(err, errno, "reading the image");
    *got = (size_t)n;
    return 0;
}

static int read_head(struct input *in, struct li_error *err)
{
    size_t got = 1;
    int rc = 0;

    while (rc == 0 && got > 0 && in->head_len < sizeof(in->head)) {
        rc = read_some(in->fd, in->head + in->head_len, sizeof(in->head) - in->head_len, &got, err);
        if (rc == 0)
            in->head_len += got;
    }
    return rc;
}

static int read_input(void *arg, void *buf, size_t len, size_t *got, struct li_error *err)
{
    struct input *in = arg;
    size_t piece = in->head_len < len ? in->head_len : len;

    if (piece == 0)
        return read_some(in->fd, buf, len, got, err);
    memcpy(buf, in->head, piece);
    memmove(in->head, in->head + piece, in->head_len - piece);
    in->head_len -= piece;
    *got = piece;
    return 0;
}

static int copy_out(struct li_decompress *d, int to, const char *dir, struct li_error *err)
{
    uint8_t *buf = malloc(PIECE_SIZE);
    uint64_t done = 0;
    size_t got = 1;
    int rc = buf ? 0 : li_fail_memory(err);

    while (rc == 0 && (rc = li_decompress_read(d, buf, PIECE_SIZE, &got, err)) == 0 && got > 0) {
        if (done + got > LI_IMAGE_MAX_SPOOL)
            rc = li_fail(err, LI_ELIMIT, "it has more than %llu bytes when decompressed",
                         (unsigned long long)LI_IMAGE_MAX_SPOOL);
        else if ((rc = li_pwrite_all(to, buf, got, done, err)) < 0)
            li_context(err, "spooling the image to a temporary file in %s", dir);
        done += got;
    }
    li_wipe_free(buf);
    return rc;
}

int li_image_spool(int fd, const struct li_env *env, int *out, struct li_error *err)
{
    struct input in = {.fd = fd};
    struct li_decompress *d = NULL;
    int to = -1;
    int rc = read_head(&in, err);

    if (rc == 0)
        rc = check_form(in.head, in.head_len, err);
    if (rc == 0)
        rc = li_decompress_open(li_compression_of(in.head, in.head_len), read_input, &in, NULL, &d,
                                err);
    if (rc == 0)
        rc = li_temporary_file(env->tmpdir, &to, err);
    if (rc == 0)
        rc = copy_out(d, to, env->tmpdir, err);
    li_decompress_free(d);
    if (rc == 0)
        *out = to;
    else if (to >= 0)
        close(to);
    return rc;
}
