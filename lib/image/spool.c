/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipe cannot be read twice, and a compressed archive cannot be read from the middle; docker-save
 * puts its manifest last, so both are needed. What comes by a pipe is decompressed on its way to
 * the temporary file, so that there is never more than one.
 *
 * libarchive's "raw" format is a file with nothing around it: it leaves the filters, which know
 * compression by its first bytes and pass through what is not compressed. Filters that would start
 * a program, where libarchive was built without the library, are refused.
 */
#include "image/spool.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <unistd.h>

#include "base/compression.h"
#include "base/io.h"

enum { READ_SIZE = 1 << 17 };

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
    return 0;
}

static int fail_filter(struct archive *a, struct li_error *err)
{
    const char *why = archive_error_string(a);
    int sys = archive_errno(a);

    if (sys == ENOMEM)
        return li_fail_memory(err);
    if (sys == EIO)
        return li_fail_errno(err, sys, "reading the image");
    return li_fail(err, LI_ECORRUPT, "cannot decompress the image, it is damaged or cut short: %s",
                   why ? why : "no reason known");
}

static int open_filters(struct archive *a, int fd, struct li_error *err)
{
    if (archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
        archive_read_support_filter_xz(a) != ARCHIVE_OK)
        return li_fail(err, LI_EUNSUPPORTED, "this libarchive lacks gzip, zstd or xz");
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    if (archive_read_open_fd(a, fd, READ_SIZE) != ARCHIVE_OK)
        return fail_filter(a, err);
    return 0;
}

static int copy_out(struct archive *a, int to, struct li_error *err)
{
    struct archive_entry *entry;
    int got = archive_read_next_header(a, &entry);

    while (got != ARCHIVE_EOF) {
        const void *data;
        size_t len;
        la_int64_t offset;
        int rc;

        if (got != ARCHIVE_OK)
            return fail_filter(a, err);
        got = archive_read_data_block(a, &data, &len, &offset);
        if (got != ARCHIVE_OK)
            continue;
        if ((uint64_t)offset + len > LI_IMAGE_MAX_SPOOL)
            return li_fail(err, LI_ELIMIT, "it has more than %llu bytes when decompressed",
                           (unsigned long long)LI_IMAGE_MAX_SPOOL);
        rc = li_pwrite_all(to, data, len, (uint64_t)offset, err);
        if (rc < 0)
            return li_context(err, "spooling the image to a temporary file");
    }
    return 0;
}

int li_image_spool(int fd, const struct li_env *env, int *out, struct li_error *err)
{
    struct archive *a = archive_read_new();
    int to = -1;
    int rc;

    if (!a)
        return li_fail_memory(err);
    rc = open_filters(a, fd, err);
    if (rc == 0)
        rc = li_temporary_file(env->tmpdir, &to, err);
    if (rc == 0)
        rc = copy_out(a, to, err);
    archive_read_free(a);
    if (rc == 0)
        *out = to;
    else if (to >= 0)
        close(to);
    return rc;
}
