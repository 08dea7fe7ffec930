/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key is a layer's digest, and not the archive that it came in: the config of an image names
 * its layers by digest, and a digest means one sequence of bytes, wherever it is stored. So once
 * this host has verified a layer, its entries and the digests of its chunks are facts.
 *
 * Which chunks a layer gives depends on what the layers above leave visible of it. The recipe of
 * each chunk includes this, so a change in one place affects the chunks in that place only.
 */
#include "memo/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/io.h"
#include "crypto/crypto.h"

static const uint8_t zero_chunk[LI_SHA256_SIZE];

/* The salt is also a key of HMAC over digests of 32 bytes (HKDF-Extract). A label with its counter
 * is shorter, so the two inputs are never equal. */
static int derive(const struct li_secret *salt, uint8_t context[LI_MEMO_CONTEXT_SIZE],
                  struct li_secret *mac_key, struct li_error *err)
{
    struct li_secret key, name;
    int rc = li_crypto_expand(salt, "lambdaimg memo", &key, err);

    if (rc == 0)
        rc = li_crypto_expand(&key, "lambdaimg memo context", &name, err);
    if (rc == 0)
        rc = li_crypto_expand(&key, "lambdaimg memo mac", mac_key, err);
    if (rc == 0)
        memcpy(context, name.bytes, LI_MEMO_CONTEXT_SIZE);
    li_secret_wipe(&key);
    li_secret_wipe(&name);
    return rc;
}

static int make_directory(const char *path, struct li_error *err)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return li_fail_errno(err, errno, "cannot make the directory %s", path);
    return 0;
}

/* Nobody else may see what images are made of. */
static int open_directory(struct li_memo *memo, const char *dir, struct li_error *err)
{
    char hex[2 * LI_MEMO_CONTEXT_SIZE + 1];
    char *path = NULL;
    int rc = li_make_private_directories(dir, err);

    li_hex_encode(memo->context, LI_MEMO_CONTEXT_SIZE, hex);
    if (rc == 0 && asprintf(&memo->root, "%s/memo", dir) < 0) {
        memo->root = NULL;
        rc = li_fail_memory(err);
    }
    if (rc == 0 && asprintf(&path, "%s/%s", memo->root, hex) < 0) {
        path = NULL;
        rc = li_fail_memory(err);
    }
    if (rc == 0)
        rc = make_directory(memo->root, err);
    if (rc == 0)
        rc = make_directory(path, err);
    if (rc == 0) {
        memo->dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (memo->dir < 0 || faccessat(memo->dir, ".", R_OK | W_OK | X_OK, AT_EACCESS) < 0)
            rc = li_fail_errno(err, errno, "cannot use the directory %s", path);
    }
    free(path);
    return rc;
}

int li_memo_open(const char *dir, const struct li_secret *salt, const char *made_by,
                 const struct li_env *env, struct li_memo **out, struct li_error *err)
{
    struct li_memo *memo = calloc(1, sizeof(*memo));
    int rc;

    if (!memo)
        return li_fail_memory(err);
    memo->env = env;
    memo->dir = -1;
    memo->room = LI_RECORD_KEPT_MAX;
    memo->mac_key = li_secret_alloc(sizeof(*memo->mac_key));
    rc = memo->mac_key ? derive(salt, memo->context, memo->mac_key, err) : li_fail_memory(err);
    if (rc == 0)
        rc = li_sha256(made_by, strlen(made_by), memo->made_by, err);
    if (rc == 0)
        rc = open_directory(memo, dir, err);
    if (rc < 0) {
        li_memo_free(memo);
        return rc;
    }
    *out = memo;
    return 0;
}

void li_memo_free(struct li_memo *memo)
{
    if (!memo)
        return;
    for (size_t i = 0; i < memo->count; i++) {
        li_buffer_free(&memo->layer[i].rows);
        li_buffer_free(&memo->layer[i].fresh);
        li_record_drop(&memo->record[i]);
    }
    free(memo->layer);
    free(memo->record);
    free(memo->root);
    if (memo->dir >= 0)
        close(memo->dir);
    li_secret_free(memo->mac_key);
    free(memo);
}

bool li_memo_fits(const struct li_memo *memo, const struct li_secret *salt)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_secret key = {{0}};
    uint8_t context[LI_MEMO_CONTEXT_SIZE];
    bool fits = derive(salt, context, &key, &ignored) == 0 &&
                li_equal_secret(key.bytes, memo->mac_key->bytes, sizeof(key.bytes));

    li_secret_wipe(&key);
    return fits;
}

/* An image may have a layer more than once, usually an empty one. */
static size_t first_of(const struct li_memo *memo, size_t index)
{
    size_t i = 0;

    while (memcmp(memo->layer[i].blob->diff_id, memo->layer[index].blob->diff_id, LI_SHA256_SIZE) !=
           0)
        i++;
    return i;
}

static int recall_layer(struct li_memo *memo, size_t index, struct li_error *err)
{
    struct li_memo_layer *layer = &memo->layer[index];
    int rc =
        li_memo_read_layer(memo, layer->blob->diff_id, &memo->record[index], &layer->rows, err);

    if (rc == 0 && memo->record[index].entries.blocks.len > memo->room) {
        li_record_drop(&memo->record[index]);
        layer->rows.len = 0;
        rc = LI_END;
    }
    memo->room -= memo->record[index].entries.blocks.len;
    layer->loaded = rc == 0;
    memo->record[index].room = rc == LI_END && layer->first == index ? &memo->room : NULL;
    return rc < 0 ? rc : 0;
}

int li_memo_recall(struct li_memo *memo, const struct li_image *image, struct li_record **records,
                   struct li_error *err)
{
    size_t count = li_image_layers(image);
    int rc = 0;

    memo->layer = calloc(count + 1, sizeof(*memo->layer));
    memo->record = calloc(count + 1, sizeof(*memo->record));
    if (!memo->layer || !memo->record)
        return li_fail_memory(err);
    memo->count = count;
    for (size_t i = 0; i < count && rc == 0; i++) {
        memo->layer[i].blob = li_image_layer(image, i);
        memo->layer[i].first = first_of(memo, i);
        rc = recall_layer(memo, i, err);
    }
    if (rc == 0)
        *records = memo->record;
    return rc;
}

static int by_recipe(const void *a, const void *b)
{
    return memcmp(a, b, LI_SHA256_SIZE);
}

static bool is_before(const void *row, const void *recipe)
{
    return by_recipe(row, recipe) < 0;
}

/* The row of RECIPE, or NULL. */
static const uint8_t *find_row(const struct li_buffer *rows, const uint8_t *recipe)
{
    size_t count = rows->len / LI_MEMO_ROW_SIZE;
    size_t at = li_array_lower_bound(rows->data, count, LI_MEMO_ROW_SIZE, is_before, recipe);
    const uint8_t *row = rows->data + at * LI_MEMO_ROW_SIZE;

    return at < count && memcmp(row, recipe, LI_SHA256_SIZE) == 0 ? row : NULL;
}

int li_memo_digest(const struct li_memo *memo, const struct li_chunk_source *source, uint64_t index,
                   uint8_t digest[LI_SHA256_SIZE], bool *zeros, struct li_error *err)
{
    uint8_t recipe[LI_SHA256_SIZE];
    const struct li_buffer *rows;
    const uint8_t *row;
    size_t layer = 0;
    int rc = source->recipe ? source->recipe(source->self, index, &layer, recipe, err) : LI_END;

    if (rc != 0)
        return rc;
    rows = &memo->layer[memo->layer[layer].first].rows;
    if (rows->len == 0)
        return LI_END;
    row = find_row(rows, recipe);
    if (!row)
        return LI_END;
    memcpy(digest, row + LI_SHA256_SIZE, LI_SHA256_SIZE);
    *zeros = memcmp(digest, zero_chunk, LI_SHA256_SIZE) == 0;
    return 0;
}

int li_memo_learn(struct li_memo *memo, const struct li_chunk_source *source, uint64_t index,
                  const uint8_t *digest, struct li_error *err)
{
    uint8_t row[LI_MEMO_ROW_SIZE];
    size_t layer = 0;
    int rc = source->recipe ? source->recipe(source->self, index, &layer, row, err) : LI_END;

    if (rc != 0)
        return rc < 0 ? rc : 0;
    memcpy(row + LI_SHA256_SIZE, digest ? digest : zero_chunk, LI_SHA256_SIZE);
    return li_buffer_append(&memo->layer[memo->layer[layer].first].fresh, row, sizeof(row), err);
}

/* FRESH and the other rows of ROWS, ascending. If that is too many, only FRESH. */
static int merge_rows(struct li_buffer *rows, const struct li_buffer *fresh, struct li_error *err)
{
    size_t kept = 0;
    int rc;

    if (rows->len + fresh->len > (size_t)LI_MEMO_MAX_ROWS * LI_MEMO_ROW_SIZE)
        rows->len = 0;
    if (fresh->len > (size_t)LI_MEMO_MAX_ROWS * LI_MEMO_ROW_SIZE)
        return li_fail(err, LI_ELIMIT, "a layer has more than %d chunks", LI_MEMO_MAX_ROWS);
    rc = li_buffer_append(rows, fresh->data, fresh->len, err);
    if (rc < 0 || rows->len == 0)
        return rc;
    qsort(rows->data, rows->len / LI_MEMO_ROW_SIZE, LI_MEMO_ROW_SIZE, by_recipe);
    for (size_t at = 0; at < rows->len; at += LI_MEMO_ROW_SIZE) {
        const uint8_t *row = rows->data + at;

        if (kept && by_recipe(rows->data + kept - LI_MEMO_ROW_SIZE, row) == 0)
            continue;
        memmove(rows->data + kept, row, LI_MEMO_ROW_SIZE);
        kept += LI_MEMO_ROW_SIZE;
    }
    rows->len = kept;
    return 0;
}

/* Writes the layer's file with what was learnt. The old file is read again, because its entries
 * were not kept, and another push may have learnt more. LI_END if there is nothing to write. */
static int save_layer(struct li_memo *memo, size_t index, struct li_error *err)
{
    const struct li_memo_layer *layer = &memo->layer[index];
    const struct li_record *record = &memo->record[index];
    struct li_record again = {0};
    struct li_buffer rows = {0};
    char name[LI_MEMO_NAME_MAX];
    int rc;

    if (layer->loaded && layer->fresh.len == 0) {
        li_hex_encode(layer->blob->diff_id, LI_SHA256_SIZE, name);
        li_memo_touch(memo, name);
        return LI_END;
    }
    rc = li_memo_read_layer(memo, layer->blob->diff_id, &again, &rows, err);
    if (rc == LI_END && record->whole)
        rc = 0;
    if (rc == 0)
        rc = merge_rows(&rows, &layer->fresh, err);
    if (rc == 0)
        rc = li_memo_write_layer(memo, layer->blob->diff_id, again.whole ? &again : record, &rows,
                                 err);
    li_record_drop(&again);
    li_buffer_free(&rows);
    return rc;
}

int li_memo_save(struct li_memo *memo, struct li_error *err)
{
    bool written = false;
    int rc = 0;

    for (size_t i = 0; i < memo->count && rc >= 0; i++) {
        if (memo->layer[i].first != i)
            continue;
        rc = save_layer(memo, i, err);
        written |= rc == 0;
    }
    if (written)
        li_memo_limit(memo, LI_MEMO_MAX);
    return rc < 0 ? rc : 0;
}
