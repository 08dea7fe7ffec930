/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents, in the order of the layers, which is about the order of the stored image too. So each
 * chunk is fetched once or twice, and neither side is read at random. Holes of sparse files are
 * skipped if the stored file has a hole as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "compare/internal.h"

enum { PIECE = 256 * 1024 };

/* A file whose contents are compared. */
struct file {
    struct li_comparison *c;
    const char *path;
    struct li_file stored;
    uint64_t at;  /* bytes compared so far */
    uint64_t end; /* the smaller of the two sizes */
    bool differs;
    uint8_t *piece;
};

static int by_entry(const void *a, const void *b)
{
    const struct li_facts *x = &(*(struct li_object *const *)a)->facts;
    const struct li_facts *y = &(*(struct li_object *const *)b)->facts;

    if (x->layer != y->layer)
        return x->layer < y->layer ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void differ_at(struct file *f, uint64_t offset, uint8_t stored, uint8_t layers)
{
    char what[64], s[8], l[8];

    snprintf(what, sizeof(what), "byte %llu", (unsigned long long)offset);
    snprintf(s, sizeof(s), "%02x", stored);
    snprintf(l, sizeof(l), "%02x", layers);
    li_differ(f->c, f->path, what, s, l);
    f->differs = true;
}

/* Compares the next LEN bytes with DATA, or with zeros if it is NULL. */
static int compare_bytes(struct file *f, const uint8_t *data, uint64_t len, struct li_error *err)
{
    int rc = 0;

    while (rc == 0 && len > 0 && f->at < f->end && !f->differs) {
        size_t want = len < PIECE ? (size_t)len : PIECE, got;

        if (want > f->end - f->at)
            want = (size_t)(f->end - f->at);
        got = want;
        rc = li_files_read(f->c->files, &f->stored, f->at, f->piece, &got, err);
        if (rc < 0)
            break;
        if (got != want)
            rc = li_fail(err, LI_ECORRUPT, "it ends before its size");
        for (size_t i = 0; rc == 0 && i < got && !f->differs; i++)
            if (f->piece[i] != (data ? data[i] : 0))
                differ_at(f, f->at + i, f->piece[i], data ? data[i] : 0);
        f->at += got;
        f->c->result.bytes += got;
        len -= got;
        if (data)
            data += got;
    }
    return rc;
}

/* Compares with zeros up to TO. */
static int compare_hole(struct file *f, uint64_t to, struct li_error *err)
{
    int rc = 0;

    while (rc == 0 && f->at < to && f->at < f->end && !f->differs) {
        uint64_t data = 0;

        rc = li_files_seek(f->c->files, &f->stored, f->at, SEEK_DATA, &data, err);
        if (rc < 0)
            return rc;
        /* LI_FILES_NOWHERE is after everything. */
        f->at = data < to ? data : to;
        if (data < to)
            rc = compare_bytes(f, NULL, to - data < PIECE ? to - data : PIECE, err);
    }
    return rc;
}

static int compare_data(struct file *f, struct li_layer_archive *layer, struct li_error *err)
{
    int rc;

    for (;;) {
        const uint8_t *data = NULL;
        uint64_t offset = 0;
        size_t len = 0;

        rc = li_compare_layer_data(layer, &data, &len, &offset, err);
        if (rc != 0 || f->differs)
            break;
        if (offset < f->at && f->at < f->end)
            return li_fail(err, LI_ECORRUPT, "its data overlaps in the layer");
        rc = compare_hole(f, offset, err);
        if (rc == 0)
            rc = compare_bytes(f, data, len, err);
        if (rc < 0)
            break;
    }
    return rc < 0 ? rc : compare_hole(f, f->end, err);
}

static int compare_file(struct li_comparison *c, const struct li_object *object,
                        struct li_layer_archive *layer, uint8_t *piece, struct li_error *err)
{
    struct file f = {.c = c, .end = object->facts.size, .piece = piece};
    struct li_buffer path = {0};
    struct stat st;
    int rc = li_object_path(object, &path, err);

    if (rc < 0)
        return rc;
    f.path = (const char *)path.data;
    rc = li_files_inode(c->files, object->ino, &f.stored, err);
    if (rc == 0) {
        li_files_stat(c->files, &f.stored, &st);
        if (f.end > (uint64_t)st.st_size)
            f.end = (uint64_t)st.st_size;
        rc = compare_data(&f, layer, err);
    }
    if (rc < 0)
        li_context(err, "%s", f.path);
    li_buffer_free(&path);
    return rc < 0 ? rc : 0;
}

/* Compares the files FIRST to LAST - 1, which are all of one layer. */
static int compare_layer(struct li_comparison *c, size_t first, size_t last, uint8_t *piece,
                         struct li_error *err)
{
    struct li_layer_archive *layer = NULL;
    int rc = li_compare_layer_open(c->layers, c->regular[first]->facts.layer, &layer, err);

    for (uint64_t number = 0; rc == 0 && first < last; number++) {
        struct archive_entry *entry;

        rc = li_compare_layer_next(layer, &entry, err);
        if (rc == LI_END)
            rc = li_fail(err, LI_ECORRUPT, "a layer changed while it was read");
        if (rc == 0 && c->regular[first]->facts.number == number)
            rc = compare_file(c, c->regular[first++], layer, piece, err);
    }
    li_compare_layer_close(layer);
    return rc;
}

int li_compare_contents(struct li_comparison *c, struct li_error *err)
{
    uint8_t *piece = malloc(PIECE);
    size_t last;
    int rc = piece ? 0 : li_fail_memory(err);

    if (c->regular_count > 1)
        qsort(c->regular, c->regular_count, sizeof(struct li_object *), by_entry);
    for (size_t first = 0; rc == 0 && first < c->regular_count; first = last) {
        last = first + 1;
        while (last < c->regular_count &&
               c->regular[last]->facts.layer == c->regular[first]->facts.layer)
            last++;
        rc = compare_layer(c, first, last, piece, err);
    }
    li_wipe_free(piece);
    return rc;
}
