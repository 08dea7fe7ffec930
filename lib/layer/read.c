/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place that reads layers' bytes after a layer is ready. Two other places need no tags:
 * inflate.c reads compressed layers once and hashes them on that read, and layers.c looks at the
 * first bytes for the compression, where a wrong guess cannot pass the digests. The pass that
 * computes SHA-256 and all other passes read at different times, and the bytes may change in
 * between, because somebody writes the file, or a disk fails. So all read whole pieces, and compare
 * (tags.h): whoever first sees a change gets an error, and no byte is used that was not hashed.
 */
#include <string.h>

#include "base/io.h"
#include "layer/stack.h"

/* Larger reads cost less in the kernel; the bytes are still in the nearest caches when they are
 * compared. */
enum { READ_SIZE = 2 * LI_LAYER_PIECE };

static int fail_differing(const struct li_layers *layers, const struct layer *layer, uint64_t at,
                          struct li_error *err)
{
    if (layer->spool >= 0)
        return li_fail(err, LI_ECORRUPT,
                       "bytes near %llu of its temporary file in %s are not those that were "
                       "written; the disk or the memory may be failing, set TMPDIR to another one",
                       (unsigned long long)at, layers->env->tmpdir);
    return li_fail(err, LI_ECORRUPT,
                   "bytes near %llu of it were read twice and differ: the file was changed while "
                   "it was read, or the disk or the memory is failing; try again",
                   (unsigned long long)at);
}

static int read_pieces(struct li_layers *layers, struct layer *layer, uint8_t *buf, size_t len,
                       uint64_t offset, struct li_error *err)
{
    uint64_t wrong;
    int rc = 0;

    for (size_t n; rc == 0 && len > 0; buf += n, offset += n, len -= n) {
        n = len < READ_SIZE ? len : READ_SIZE;
        rc = li_pread_all(layer->fd, buf, n, layer->offset + offset, err);
        if (rc == 0 && !li_tags_agree(&layer->tags, &layers->key, offset, buf, n, &wrong))
            rc = fail_differing(layers, layer, wrong, err);
    }
    return rc;
}

/* If the file was changed, that is the reason for everything else. */
static int fail_reading(const struct layer *layer, struct li_error *err)
{
    struct li_error changed = LI_ERROR_INIT;

    if (err->code == LI_ECORRUPT && layer->spool < 0 &&
        li_file_untouched(layer->fd, &layer->before, &changed) < 0)
        *err = changed;
    return li_context(err, "layer %s", layer->blob->name);
}

int li_layer_read_pieces(struct li_layers *layers, struct layer *layer, uint8_t *buf, size_t len,
                         uint64_t offset, struct li_error *err)
{
    int rc = read_pieces(layers, layer, buf, len, offset, err);

    return rc < 0 ? fail_reading(layer, err) : 0;
}

/* Copies LEN bytes that are within a piece. */
static int copy_part(struct li_layers *layers, struct layer *layer, uint8_t *buf, size_t len,
                     uint64_t offset, struct li_error *err)
{
    size_t skip = (size_t)(offset % LI_LAYER_PIECE);
    uint64_t begin = offset - skip, left = layer->length - begin;
    size_t want = left < LI_LAYER_PIECE ? (size_t)left : LI_LAYER_PIECE;
    struct li_window *window = NULL;
    int rc = li_windows_take(layers->windows, (size_t)(layer - layers->layer), begin, &window, err);

    if (rc < 0)
        return rc;
    if (window->len == 0) {
        rc = li_layer_read_pieces(layers, layer, window->data, want, begin, err);
        window->len = rc == 0 ? want : 0;
    }
    if (rc == 0)
        memcpy(buf, window->data + skip, len);
    li_windows_give_back(layers->windows, window);
    return rc;
}

/* How many of LEN bytes from OFFSET on are whole pieces, which need no window. */
static size_t whole_pieces(const struct layer *layer, size_t len, uint64_t offset)
{
    if (offset % LI_LAYER_PIECE != 0)
        return 0;
    return offset + len == layer->length ? len : len - len % LI_LAYER_PIECE;
}

int li_layers_read(struct li_layers *layers, size_t index, void *buf, size_t len, uint64_t offset,
                   struct li_error *err)
{
    struct layer *layer = &layers->layer[layers->layer[index].first];
    uint8_t *to = buf;
    int rc = li_layer_open_bytes(layers, layer, err);

    if (rc < 0)
        return rc;
    if (offset > layer->length || len > layer->length - offset)
        return li_fail(err, LI_ECORRUPT, "layer %s ends in the middle of a file; it is cut short",
                       layer->blob->name);
    for (size_t n; rc == 0 && len > 0; to += n, offset += n, len -= n) {
        n = whole_pieces(layer, len, offset);
        if (n > 0) {
            rc = li_layer_read_pieces(layers, layer, to, n, offset, err);
            continue;
        }
        n = LI_LAYER_PIECE - (size_t)(offset % LI_LAYER_PIECE);
        if (n > len)
            n = len;
        rc = copy_part(layers, layer, to, n, offset, err);
    }
    return rc;
}
