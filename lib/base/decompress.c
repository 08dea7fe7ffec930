/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each compression has a decoder of its own, which gives only the reason of a failure. This file
 * adds the kind of failure, and refuses data that was compressed twice: container engines undo one
 * compression, so what comes out cannot be a tar.
 */
#include "base/decompress.h"

#include <stdlib.h>
#include <string.h>

#include "base/gunzip.h"
#include "base/secret.h"
#include "base/unxz.h"
#include "base/unzstd.h"

struct li_decompress {
    enum li_compression compression;
    li_decompress_source *source;
    void *arg;
    struct li_gunzip *gunzip; /* one of these, or none */
    struct li_unzstd *unzstd;
    struct li_unxz *unxz;
    /* The first bytes of the output, from the opening. */
    size_t head_at, head_len;
    uint8_t head[LI_COMPRESSION_HEAD];
};

/* Adds the kind of failure to the reason, because the decoders give only the reason. */
static int explain(struct li_error *err)
{
    if (err->code != LI_ECORRUPT)
        return err->code;
    return li_context(err, "cannot decompress it, it is damaged or cut short");
}

static int decode(struct li_decompress *d, void *buf, size_t len, size_t *got, struct li_error *err)
{
    switch (d->compression) {
    case LI_COMPRESSION_GZIP:
        return li_gunzip_read(d->gunzip, buf, len, got, err);
    case LI_COMPRESSION_ZSTD:
        return li_unzstd_read(d->unzstd, buf, len, got, err);
    case LI_COMPRESSION_XZ:
        return li_unxz_read(d->unxz, buf, len, got, err);
    default:
        return d->source(d->arg, buf, len, got, err);
    }
}

static int open_decoder(struct li_decompress *d, struct li_budget *budget, struct li_error *err)
{
    switch (d->compression) {
    case LI_COMPRESSION_GZIP:
        return li_gunzip_new(d->source, d->arg, &d->gunzip, err);
    case LI_COMPRESSION_ZSTD:
        return li_unzstd_new(d->source, d->arg, budget, &d->unzstd, err);
    case LI_COMPRESSION_XZ:
        return li_unxz_new(d->source, d->arg, budget, &d->unxz, err);
    default:
        return 0;
    }
}

/* Reads the first bytes of zstd's and xz's output, which must not be of these again. */
static int read_head(struct li_decompress *d, struct li_error *err)
{
    size_t got = 1;
    int rc = 0;

    if (d->compression != LI_COMPRESSION_ZSTD && d->compression != LI_COMPRESSION_XZ)
        return 0;
    while (rc == 0 && got > 0 && d->head_len < sizeof(d->head)) {
        rc = decode(d, d->head + d->head_len, sizeof(d->head) - d->head_len, &got, err);
        d->head_len += rc == 0 ? got : 0;
    }
    if (rc < 0)
        return rc;
    switch (li_compression_of(d->head, d->head_len)) {
    case LI_COMPRESSION_ZSTD:
    case LI_COMPRESSION_XZ:
        return li_fail(err, LI_EUNSUPPORTED, "it is compressed twice");
    default:
        return 0;
    }
}

int li_decompress_open(enum li_compression compression, li_decompress_source *source, void *arg,
                       struct li_budget *budget, struct li_decompress **out, struct li_error *err)
{
    struct li_decompress *d = calloc(1, sizeof(*d));
    int rc;

    if (!d)
        return li_fail_memory(err);
    d->compression = compression;
    d->source = source;
    d->arg = arg;
    rc = open_decoder(d, budget, err);
    if (rc == 0)
        rc = read_head(d, err);
    if (rc == 0) {
        *out = d;
        return 0;
    }
    li_decompress_free(d);
    return explain(err);
}

int li_decompress_read(struct li_decompress *d, void *buf, size_t len, size_t *got,
                       struct li_error *err)
{
    size_t left = d->head_len - d->head_at;
    int rc;

    if (left > 0) {
        *got = left < len ? left : len;
        memcpy(buf, d->head + d->head_at, *got);
        d->head_at += *got;
        return 0;
    }
    rc = decode(d, buf, len, got, err);
    return rc < 0 && d->compression != LI_COMPRESSION_NONE ? explain(err) : rc;
}

void li_decompress_free(struct li_decompress *d)
{
    if (!d)
        return;
    li_gunzip_free(d->gunzip);
    li_unzstd_free(d->unzstd);
    li_unxz_free(d->unxz);
    li_wipe_free(d);
}
