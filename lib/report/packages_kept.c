/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of databases that the memo keeps, so that a layer is not read again for them. For each
 * layer there is one set of rows in the memo. Its bytes are records, one after the other, and zeros
 * up to a whole row:
 *
 *       0   8  where the file begins in the layer
 *       8   4  its length, not 0
 *      12      its bytes
 *
 * Numbers are little-endian. The memo authenticates a set, but its records are checked all the
 * same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "report/packages_internal.h"

/* Bytes of a file that is kept, and of all of a layer: what a set can hold. */
enum { FILE_MAX = 4 << 20, LAYER_MAX = 16 << 20, HEAD = 12 };

struct row {
    uint64_t offset; /* in the layer */
    size_t at;       /* its record */
};

/* What is added in this run is not looked for in it, because few files are read twice. */
struct kept_layer {
    bool loaded, changed;
    struct li_buffer records;
    struct row *row; /* of the records that were loaded, by offset */
    size_t rows, cap;
};

struct li_package_kept {
    struct li_layers *layers;
    struct li_memo *memo;
    struct kept_layer *layer;
    size_t count;
};

int li_package_kept_new(struct li_layers *layers, struct li_memo *memo,
                        struct li_package_kept **out, struct li_error *err)
{
    struct li_package_kept *kept = calloc(1, sizeof(*kept));

    if (kept)
        *kept = (struct li_package_kept){layers, memo, NULL, li_layers_count(layers)};
    if (kept)
        kept->layer = calloc(kept->count + 1, sizeof(*kept->layer));
    if (!kept || !kept->layer) {
        free(kept);
        return li_fail_memory(err);
    }
    *out = kept;
    return 0;
}

void li_package_kept_free(struct li_package_kept *kept)
{
    if (!kept)
        return;
    for (size_t i = 0; i < kept->count; i++) {
        li_buffer_free(&kept->layer[i].records);
        free(kept->layer[i].row);
    }
    free(kept->layer);
    free(kept);
}

static int name_set(const struct li_package_kept *kept, size_t layer, uint8_t set[LI_SHA256_SIZE],
                    struct li_error *err)
{
    static const char label[] = "lambdaimg databases of packages";
    uint8_t input[sizeof(label) + LI_DIGEST_SIZE];

    memcpy(input, label, sizeof(label));
    memcpy(input + sizeof(label), li_layers_diff_id(kept->layers, layer), LI_DIGEST_SIZE);
    return li_sha256(input, sizeof(input), set, err);
}

/* The length of the record at AT, or 0 if the records end there. */
static size_t record_at(const struct li_buffer *records, size_t at)
{
    uint32_t len;

    if (records->len - at < HEAD)
        return 0;
    len = li_get_le32(records->data + at + 8);
    return len > 0 && len <= records->len - at - HEAD ? HEAD + len : 0;
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Lists the records. The zeros behind the last one make room for more. */
static int list_records(struct kept_layer *layer, struct li_error *err)
{
    size_t at = 0, len;
    int rc = 0;

    while (rc == 0 && (len = record_at(&layer->records, at)) > 0) {
        rc = li_array_reserve(&layer->row, &layer->cap, layer->rows + 1, sizeof(*layer->row), err);
        if (rc == 0)
            layer->row[layer->rows++] = (struct row){li_get_le64(layer->records.data + at), at};
        at += len;
    }
    layer->records.len = rc == 0 ? at : 0;
    if (layer->rows > 1)
        qsort(layer->row, layer->rows, sizeof(*layer->row), compare_rows);
    return rc;
}

static int load(struct li_package_kept *kept, size_t index, struct li_error *err)
{
    struct kept_layer *layer = &kept->layer[index];
    uint8_t set[LI_SHA256_SIZE];
    int rc = name_set(kept, index, set, err);

    layer->loaded = true;
    if (rc == 0)
        rc = li_memo_read_names(kept->memo, set, &layer->records, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    return list_records(layer, err);
}

static bool is_before(const void *row, const void *key)
{
    return ((const struct row *)row)->offset < *(const uint64_t *)key;
}

/* The bytes of the file of SIZE bytes that begins at OFFSET, or NULL. */
static const uint8_t *find(const struct kept_layer *layer, uint64_t offset, uint64_t size)
{
    size_t i =
        li_array_lower_bound(layer->row, layer->rows, sizeof(*layer->row), is_before, &offset);
    const uint8_t *record;

    if (i == layer->rows || layer->row[i].offset != offset)
        return NULL;
    record = layer->records.data + layer->row[i].at;
    return li_get_le32(record + 8) == size ? record + HEAD : NULL;
}

int li_package_kept_find(struct li_package_kept *kept, const struct li_inode *inode, uint8_t *to,
                         bool *found, struct li_error *err)
{
    struct kept_layer *layer = &kept->layer[inode->layer];
    const uint8_t *bytes;
    int rc = 0;

    *found = false;
    if (inode->size > FILE_MAX || inode->size == 0)
        return 0;
    if (!layer->loaded)
        rc = load(kept, inode->layer, err);
    bytes = rc == 0 ? find(layer, inode->data, inode->size) : NULL;
    if (bytes) {
        memcpy(to, bytes, inode->size);
        *found = true;
    }
    return rc;
}

int li_package_kept_add(struct li_package_kept *kept, const struct li_inode *inode,
                        const uint8_t *bytes, struct li_error *err)
{
    struct kept_layer *layer = &kept->layer[inode->layer];
    uint8_t head[HEAD];
    int rc;

    if (inode->size > FILE_MAX || inode->size == 0 || inode->sparse != LI_TREE_NONE ||
        layer->records.len + HEAD + inode->size > LAYER_MAX)
        return 0;
    li_put_le64(head, inode->data);
    li_put_le32(head + 8, (uint32_t)inode->size);
    rc = li_buffer_append(&layer->records, head, HEAD, err);
    if (rc == 0)
        rc = li_buffer_append(&layer->records, bytes, inode->size, err);
    layer->changed = true;
    return rc;
}

static int save_layer(struct li_package_kept *kept, size_t index, struct li_error *err)
{
    static const uint8_t zeros[LI_MEMO_NAME_ROW];
    struct li_buffer *records = &kept->layer[index].records;
    struct li_error ignored = LI_ERROR_INIT;
    uint8_t set[LI_SHA256_SIZE];
    size_t over = records->len % LI_MEMO_NAME_ROW;
    int rc = name_set(kept, index, set, err);

    if (rc == 0 && over)
        rc = li_buffer_append(records, zeros, LI_MEMO_NAME_ROW - over, err);
    if (rc == 0)
        (void)li_memo_write_names(kept->memo, set, records, &ignored);
    return rc;
}

int li_package_kept_save(struct li_package_kept *kept, struct li_error *err)
{
    bool changed = false;
    int rc = 0;

    for (size_t i = 0; i < kept->count; i++)
        changed |= kept->layer[i].changed;
    if (changed)
        rc = li_layers_verified(kept->layers, err);
    for (size_t i = 0; i < kept->count && rc == 0; i++)
        if (kept->layer[i].changed)
            rc = save_layer(kept, i, err);
    return rc > 0 ? li_as_failure(rc, err) : rc;
}
