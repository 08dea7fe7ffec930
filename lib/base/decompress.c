/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearly all layers are gzip, and ISA-L is several times as fast as libarchive there, so gzip has
 * its own path. zstd and xz use libarchive's filters without its formats: it knows their frames,
 * including concatenated ones, and detects a cut-off stream. Its "raw" format is a file with
 * nothing around it.
 */
#include "base/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd_errors.h>

#include "base/gunzip.h"
#include "base/secret.h"

enum {
    INPUT_SIZE = 256 * 1024,
    FILTERS = 2, /* the decompression, and libarchive's own client above the source */
};

struct li_decompress {
    enum li_compression compression;
    li_decompress_source *source;
    void *arg;
    struct li_gunzip *gunzip; /* for gzip */
    struct archive *archive;  /* for zstd and xz */
    bool ended;
    struct li_error failure; /* of the source, below libarchive */
    uint8_t *input;
};

static la_ssize_t read_source(struct archive *a, void *arg, const void **data)
{
    struct li_decompress *d = arg;
    size_t got = 0;

    if (d->source(d->arg, d->input, INPUT_SIZE, &got, &d->failure) < 0) {
        archive_set_error(a, EIO, "%s", d->failure.text);
        return -1;
    }
    *data = d->input;
    return (la_ssize_t)got;
}

static int fail_archive(struct li_decompress *d, struct li_error *err)
{
    const char *why = archive_error_string(d->archive);

    if (d->failure.code < 0) {
        *err = d->failure;
        return err->code;
    }
    if (archive_errno(d->archive) == ENOMEM)
        return li_fail_memory(err);
    if (why && strstr(why, ZSTD_getErrorString(ZSTD_error_frameParameter_windowTooLarge)))
        return li_fail(err, LI_EUNSUPPORTED,
                       "its zstd frames need a window of more than 128 MiB; compress it again "
                       "with at most --long=27");
    return li_fail(err, LI_ECORRUPT, "%s", why ? why : "libarchive gives no reason");
}

/* Refuses filters that would start a program, which happens if libarchive was built without the
 * library. Also refuses data that looks compressed twice: libarchive would undo both, and cannot be
 * told to stop in a way that still distinguishes an error of the source from an empty stream. */
static int open_archive(struct li_decompress *d, struct li_error *err)
{
    struct archive *a = d->archive = archive_read_new();
    struct archive_entry *entry;
    int got;

    d->input = malloc(INPUT_SIZE);
    if (!a || !d->input)
        return li_fail_memory(err);
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    got = d->compression == LI_COMPRESSION_ZSTD ? archive_read_support_filter_zstd(a)
                                                : archive_read_support_filter_xz(a);
    if (got != ARCHIVE_OK)
        return li_fail(err, LI_EUNSUPPORTED, "this libarchive lacks zstd or xz");
    got = archive_read_open(a, d, NULL, read_source, NULL);
    if (got == ARCHIVE_OK && archive_filter_count(a) > FILTERS)
        return li_fail(err, LI_EUNSUPPORTED, "it is compressed twice");
    if (got == ARCHIVE_OK)
        got = archive_read_next_header(a, &entry);
    d->ended = got == ARCHIVE_EOF;
    return got == ARCHIVE_OK || got == ARCHIVE_EOF ? 0 : fail_archive(d, err);
}

/* Adds the kind of failure to the reason, because the inflaters give only the reason. */
static int explain(struct li_error *err)
{
    if (err->code != LI_ECORRUPT)
        return err->code;
    return li_context(err, "cannot decompress it, it is damaged or cut short");
}

int li_decompress_open(enum li_compression compression, li_decompress_source *source, void *arg,
                       struct li_decompress **out, struct li_error *err)
{
    struct li_decompress *d = calloc(1, sizeof(*d));
    int rc = 0;

    if (!d)
        return li_fail_memory(err);
    d->compression = compression;
    d->source = source;
    d->arg = arg;
    if (compression == LI_COMPRESSION_GZIP)
        rc = li_gunzip_new(source, arg, &d->gunzip, err);
    else if (compression != LI_COMPRESSION_NONE)
        rc = open_archive(d, err);
    if (rc == 0) {
        *out = d;
        return 0;
    }
    li_decompress_free(d);
    return explain(err);
}

static int read_archive(struct li_decompress *d, void *buf, size_t len, size_t *got,
                        struct li_error *err)
{
    la_ssize_t n = d->ended ? 0 : archive_read_data(d->archive, buf, len);

    if (n < 0)
        return fail_archive(d, err);
    d->ended = n == 0;
    *got = (size_t)n;
    return 0;
}

int li_decompress_read(struct li_decompress *d, void *buf, size_t len, size_t *got,
                       struct li_error *err)
{
    int rc;

    if (d->compression == LI_COMPRESSION_NONE)
        return d->source(d->arg, buf, len, got, err);
    if (d->gunzip)
        rc = li_gunzip_read(d->gunzip, buf, len, got, err);
    else
        rc = read_archive(d, buf, len, got, err);
    return rc < 0 ? explain(err) : 0;
}

void li_decompress_free(struct li_decompress *d)
{
    if (!d)
        return;
    li_gunzip_free(d->gunzip);
    archive_read_free(d->archive);
    li_wipe_free(d->input);
    free(d);
}
