/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of files. They are read in the order of the layers, by windows that the layers check at
 * the least cost, however small the files are.
 *
 * The memo keeps a layer's digests as rows of its kind of set: the digest, and where in the layer
 * the file begins. Which files of a layer are compared depends on the image, so each image may add
 * some.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "report/waste_internal.h"

enum { WINDOW = 1 << 20, STEP = 64 << 10 /* see li_layers_read() */ };

struct digesting {
    const struct li_tree *tree;
    struct li_layers *layers;
    uint8_t *window; /* LEN bytes of LAYER from AT on; LEN 0: none */
    size_t layer, len;
    uint64_t at, end; /* END: of the layer */
};

/* Makes the window begin at or before OFFSET of LAYER, and end behind it. */
static int move_window(struct digesting *d, size_t layer, uint64_t offset, struct li_error *err)
{
    int rc = 0;

    if (d->len && d->layer == layer && offset >= d->at && offset < d->at + d->len)
        return 0;
    d->len = 0;
    d->layer = layer;
    d->at = offset / STEP * STEP;
    rc = li_layers_ready(d->layers, layer, &d->end, err);
    if (rc == 0 && offset >= d->end)
        rc = li_fail(err, LI_ECORRUPT, "a file begins behind the end of its layer");
    if (rc != 0)
        return li_as_failure(rc, err);
    d->len = d->end - d->at < WINDOW ? (size_t)(d->end - d->at) : WINDOW;
    rc = li_layers_read(d->layers, layer, d->window, d->len, d->at, err);
    if (rc != 0)
        d->len = 0;
    return li_as_failure(rc, err);
}

static int hash_file(struct digesting *d, struct li_waste_candidate *c, struct li_error *err)
{
    const struct li_inode *inode = li_tree_inode(d->tree, c->inode);
    uint64_t at = inode->data, left = inode->size;
    struct li_sha256 *hash = NULL;
    int rc = li_sha256_new(&hash, err);

    while (rc == 0 && left > 0) {
        size_t skip, len;

        rc = move_window(d, inode->layer, at, err);
        if (rc < 0)
            break;
        skip = (size_t)(at - d->at);
        len = d->len - skip < left ? d->len - skip : (size_t)left;
        rc = li_sha256_update(hash, d->window + skip, len, err);
        at += len;
        left -= len;
    }
    if (rc == 0)
        rc = li_sha256_final(hash, c->digest, err);
    li_sha256_free(hash);
    c->known = rc == 0;
    return rc;
}

/* ---- the memo -------------------------------------------------------------------------------- */

static int name_set(const struct li_tree *tree, size_t layer, uint8_t set[LI_SHA256_SIZE],
                    struct li_error *err)
{
    static const char label[] = "lambdaimg digests of files";
    uint8_t input[sizeof(label) + LI_DIGEST_SIZE];

    memcpy(input, label, sizeof(label));
    memcpy(input + sizeof(label), li_layers_diff_id(li_tree_layers(tree), layer), LI_DIGEST_SIZE);
    return li_sha256(input, sizeof(input), set, err);
}

static const uint8_t *offset_of(const uint8_t *row)
{
    return row + LI_SHA256_SIZE;
}

static int compare_rows(const void *a, const void *b)
{
    uint64_t x = li_get_le64(offset_of(a)), y = li_get_le64(offset_of(b));

    return (x > y) - (x < y);
}

static bool is_before(const void *row, const void *key)
{
    return li_get_le64(offset_of(row)) < *(const uint64_t *)key;
}

/* Takes what ROWS, sorted, say of the COUNT candidates of one layer. */
static void take_rows(const struct li_tree *tree, const struct li_buffer *rows,
                      struct li_waste_candidate *candidate, size_t count)
{
    size_t known = rows->len / LI_MEMO_NAME_ROW;

    for (size_t i = 0; i < count; i++) {
        uint64_t data = li_tree_inode(tree, candidate[i].inode)->data;
        size_t at = li_array_lower_bound(rows->data, known, LI_MEMO_NAME_ROW, is_before, &data);
        const uint8_t *row = rows->data + at * LI_MEMO_NAME_ROW;

        if (at == known || li_get_le64(offset_of(row)) != data)
            continue;
        memcpy(candidate[i].digest, row, LI_SHA256_SIZE);
        candidate[i].known = true;
    }
}

static int add_row(const struct li_tree *tree, const struct li_waste_candidate *c,
                   struct li_buffer *rows, struct li_error *err)
{
    uint8_t row[LI_MEMO_NAME_ROW];

    if (rows->len / LI_MEMO_NAME_ROW >= LI_MEMO_NAMES_MAX)
        return 0;
    memcpy(row, c->digest, LI_SHA256_SIZE);
    li_put_le64(row + LI_SHA256_SIZE, li_tree_inode(tree, c->inode)->data);
    return li_buffer_append(rows, row, sizeof(row), err);
}

/* Reads what is not known of the COUNT candidates, all of one layer, and adds it to ROWS. */
static int hash_unknown(struct digesting *d, struct li_waste_candidate *candidate, size_t count,
                        struct li_buffer *rows, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++) {
        if (candidate[i].known)
            continue;
        rc = hash_file(d, &candidate[i], err);
        if (rc == 0)
            rc = add_row(d->tree, &candidate[i], rows, err);
    }
    return rc;
}

/* The COUNT candidates are of one layer. What was read is kept only when it is known that the layer
 * is what its diff ID says. A memo that cannot be written costs time only. */
static int digest_layer(struct digesting *d, struct li_memo *memo,
                        struct li_waste_candidate *candidate, size_t count, struct li_error *err)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_buffer rows = {0};
    uint8_t set[LI_SHA256_SIZE];
    size_t before;
    int rc = name_set(d->tree, li_tree_inode(d->tree, candidate->inode)->layer, set, err);

    if (rc == 0 && memo)
        rc = li_memo_read_names(memo, set, &rows, err);
    if (rc > 0)
        rc = 0;
    before = rows.len;
    if (before)
        qsort(rows.data, before / LI_MEMO_NAME_ROW, LI_MEMO_NAME_ROW, compare_rows);
    if (rc == 0)
        take_rows(d->tree, &rows, candidate, count);
    if (rc == 0)
        rc = hash_unknown(d, candidate, count, &rows, err);
    if (rc == 0 && memo && rows.len > before && (rc = li_layers_verified(d->layers, err)) == 0)
        (void)li_memo_write_names(memo, set, &rows, &ignored);
    li_buffer_free(&rows);
    return rc;
}

static int compare_places(const void *a, const void *b, void *arg)
{
    const struct li_tree *tree = arg;
    const struct li_inode *x = li_tree_inode(tree, ((const struct li_waste_candidate *)a)->inode);
    const struct li_inode *y = li_tree_inode(tree, ((const struct li_waste_candidate *)b)->inode);

    if (x->layer != y->layer)
        return x->layer < y->layer ? -1 : 1;
    return (x->data > y->data) - (x->data < y->data);
}

int li_waste_digest(const struct li_tree *tree, struct li_memo *memo,
                    struct li_waste_candidate *candidate, size_t count, struct li_error *err)
{
    struct digesting d = {.tree = tree, .layers = li_tree_layers(tree), .window = malloc(WINDOW)};
    int rc = d.window ? 0 : li_fail_memory(err);

    if (count > 1)
        qsort_r(candidate, count, sizeof(*candidate), compare_places, (void *)(uintptr_t)tree);
    for (size_t i = 0, end; i < count && rc == 0; i = end) {
        uint16_t layer = li_tree_inode(tree, candidate[i].inode)->layer;

        for (end = i; end < count && li_tree_inode(tree, candidate[end].inode)->layer == layer;)
            end++;
        rc = digest_layer(&d, memo, candidate + i, end - i, err);
    }
    free(d.window);
    return rc;
}
