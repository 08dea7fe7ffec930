/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer's entries and contents. Contents come from libarchive here, including holes of sparse
 * files, and not from offsets in the layer, so that the computation of those is checked too.
 *
 * libarchive forgets the target of an archive's first link if that is only in a PAX record and has
 * no ASCII letter. We put a link of our own before the layer to avoid this.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/acl_watch.h"
#include "base/secret.h"
#include "compare/internal.h"

enum { PIECE = 256 * 1024, HEADER = 512 };

struct li_layer_archive {
    struct li_layers *layers;
    size_t index;
    uint64_t length, at; /* bytes of the layer */
    struct archive *archive;
    struct li_error failure; /* of the layer's own bytes */
    bool primed, padded;
    bool in_headers; /* libarchive reads an entry's headers, and gets a block at a time */
    bool rules;      /* the entry's ACL has too many */
    struct li_acl_watch watch;
    size_t len;   /* of the piece that libarchive got last */
    bool has_acl; /* the piece has the keyword of one */
    uint8_t piece[PIECE];
};

static size_t prime(uint8_t *to)
{
    unsigned sum = 8 * ' ';

    memset(to, 0, HEADER);
    snprintf((char *)to, 100, "first");
    snprintf((char *)to + 157, 100, "link");
    to[156] = '2';
    snprintf((char *)to + 257, 6, "ustar");
    to[263] = to[264] = '0';
    for (int i = 0; i < HEADER; i++)
        sum += to[i];
    snprintf((char *)to + 148, 8, "%06o", sum);
    return HEADER;
}

/* The missing part of the layer's last block. */
static size_t pad(struct li_layer_archive *l)
{
    size_t len = l->padded ? 0 : (HEADER - l->length % HEADER) % HEADER;

    memset(l->piece, 0, len);
    l->padded = true;
    return len;
}

/* Whether the entry whose headers LEN more bytes belong to can be left to libarchive. */
static bool watch_rules(struct li_layer_archive *l, const uint8_t *data, size_t len)
{
    l->rules = !li_acl_watch_add(&l->watch, data, len);
    return !l->rules;
}

/* A piece of contents may end with the headers of many entries. Most have no ACL, and need not be
 * searched for each entry. */
static bool take_piece(struct li_layer_archive *l, size_t len)
{
    struct li_acl_watch whole = {0};

    l->len = len;
    l->at += len;
    li_acl_watch_add(&whole, l->piece, len);
    l->has_acl = li_acl_watch_seen(&whole);
    return !l->in_headers || watch_rules(l, l->piece, len);
}

static la_ssize_t give(struct archive *archive, void *arg, const void **data)
{
    struct li_layer_archive *l = arg;
    size_t len = l->in_headers ? HEADER : PIECE;

    *data = l->piece;
    if (!l->primed) {
        l->primed = true;
        return (la_ssize_t)prime(l->piece);
    }
    if (l->at == l->length)
        return (la_ssize_t)pad(l);
    if (len > l->length - l->at)
        len = (size_t)(l->length - l->at);
    if (li_layers_read(l->layers, l->index, l->piece, len, l->at, &l->failure) < 0 ||
        !take_piece(l, len)) {
        archive_set_error(archive, EIO, "the layer cannot be read");
        return ARCHIVE_FATAL;
    }
    return (la_ssize_t)len;
}

static la_int64_t pass(struct archive *archive, void *arg, la_int64_t request)
{
    struct li_layer_archive *l = arg;
    la_int64_t left = (la_int64_t)(l->length - l->at);

    (void)archive;
    if (!l->primed || request < 0)
        return 0;
    if (request > left)
        request = left;
    l->at += (uint64_t)request;
    return request;
}

static int fail(struct li_layer_archive *l, struct li_error *err)
{
    const char *text = archive_error_string(l->archive);

    if (l->failure.code < 0)
        *err = l->failure;
    else if (l->rules)
        li_fail(err, LI_ELIMIT, "an entry has an ACL of more than %d rules", LI_ACL_WATCH_RULES);
    else
        li_fail(err, LI_ECORRUPT, "%s", text ? text : "the tar is damaged");
    return li_context(err, "layer %s", li_layers_name(l->layers, l->index));
}

/* A warning is about names that the C locale cannot convert; they arrive unchanged. ARCHIVE_RETRY
 * is a failure, for instance of a block that is not a header. */
static bool is_read(int rc)
{
    return rc == ARCHIVE_OK || rc == ARCHIVE_WARN;
}

int li_compare_layer_open(struct li_layers *layers, size_t index, struct li_layer_archive **out,
                          struct li_error *err)
{
    struct li_layer_archive *l = calloc(1, sizeof(*l));
    struct archive_entry *primer;
    int rc;

    if (!l)
        return li_fail_memory(err);
    l->layers = layers;
    l->index = index;
    rc = li_layers_ready(layers, index, &l->length, err);
    if (rc == 0) {
        l->archive = archive_read_new();
        if (!l->archive)
            rc = li_fail_memory(err);
    }
    if (rc == 0 && (archive_read_support_format_tar(l->archive) != ARCHIVE_OK ||
                    archive_read_open2(l->archive, l, NULL, give, pass, NULL) != ARCHIVE_OK ||
                    archive_read_next_header(l->archive, &primer) != ARCHIVE_OK))
        rc = fail(l, err);
    if (rc < 0)
        li_compare_layer_close(l);
    else
        *out = l;
    return rc;
}

void li_compare_layer_close(struct li_layer_archive *layer)
{
    if (layer && layer->archive)
        archive_read_free(layer->archive);
    li_wipe_free(layer);
}

/* Watches what libarchive has of the next headers already: the end of the last piece. */
static bool begin_headers(struct li_layer_archive *l)
{
    uint64_t given = HEADER + l->at;
    uint64_t used = (uint64_t)archive_filter_bytes(l->archive, 0);
    size_t left = used < given ? (size_t)(given - used) : 0;

    if (left > l->len)
        left = l->len;
    if (!l->has_acl && left > LI_ACL_WATCH_KEYWORD)
        left = LI_ACL_WATCH_KEYWORD; /* of which only the beginning may be there */
    li_acl_watch_begin(&l->watch);
    return watch_rules(l, l->piece + l->len - left, left);
}

bool li_compare_layer_unread(const struct li_layer_archive *layer)
{
    return layer->failure.code < 0;
}

int li_compare_layer_next(struct li_layer_archive *layer, struct archive_entry **entry,
                          struct li_error *err)
{
    int rc;

    if (!begin_headers(layer))
        return fail(layer, err);
    layer->in_headers = true;
    rc = archive_read_next_header(layer->archive, entry);
    layer->in_headers = false;
    if (rc == ARCHIVE_EOF)
        return LI_END;
    return is_read(rc) ? 0 : fail(layer, err);
}

int li_compare_layer_data(struct li_layer_archive *layer, const uint8_t **data, size_t *len,
                          uint64_t *offset, struct li_error *err)
{
    const void *block;
    la_int64_t at;
    int rc = archive_read_data_block(layer->archive, &block, len, &at);

    if (rc == ARCHIVE_EOF)
        return LI_END;
    if (!is_read(rc) || at < 0)
        return fail(layer, err);
    *data = block;
    *offset = (uint64_t)at;
    return 0;
}
