/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host has recently met of a root, kept in the memo from push to push.
 *
 * Its key includes the identity of the store, and not only the IDs of repository and root: a copy
 * of a repository has the same IDs, but may lack chunks that were pushed to the original later.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "push/lookup_internal.h"

static int set_of(const struct li_lookup *p, uint8_t set[LI_SHA256_SIZE], struct li_error *err)
{
    struct li_buffer text = {0};
    int rc = li_buffer_append(&text, li_repo_id(p->scope.repo), LI_ID_SIZE, err);

    if (rc == 0)
        rc = li_buffer_append(&text, p->scope.root->id, LI_ID_SIZE, err);
    if (rc == 0)
        rc = li_buffer_append(&text, p->store->identity, strlen(p->store->identity), err);
    if (rc == 0)
        rc = li_sha256(text.data, text.len, set, err);
    li_buffer_free(&text);
    return rc;
}

/* A time in the future was written by another clock. */
static bool is_fresh(const struct li_lookup *p, const uint8_t *row)
{
    int64_t now = li_repo_env(p->scope.repo)->now(),
            found = (int64_t)li_get_le64(row + LI_NAME_SIZE);

    return found <= now && found > now - LI_LOOKUP_LIFETIME;
}

int li_lookup_recall(struct li_lookup *p, struct li_error *err)
{
    uint8_t set[LI_SHA256_SIZE];
    int rc = p->store->identity ? set_of(p, set, err) : LI_END;

    if (rc == 0)
        rc = li_memo_read_names(p->scope.memo, set, &p->rows, err);
    for (size_t at = 0; at < p->rows.len && rc == 0; at += LI_MEMO_NAME_ROW)
        if (is_fresh(p, p->rows.data + at))
            rc = li_name_list_add(&p->kept, p->rows.data + at, err);
    li_name_list_sort(&p->kept);
    return rc < 0 ? rc : 0;
}

static int add_row(struct li_buffer *rows, const uint8_t *name, int64_t found, struct li_error *err)
{
    uint8_t row[LI_MEMO_NAME_ROW];

    memcpy(row, name, LI_NAME_SIZE);
    li_put_le64(row + LI_NAME_SIZE, (uint64_t)found);
    return li_buffer_append(rows, row, sizeof(row), err);
}

/* The names that this push has found itself, or stored. Names that it knows only from an earlier
 * list were not seen again, and keep their age. */
static int collect(const struct li_lookup *p, const struct li_manifest_chunk *chunks, size_t count,
                   struct li_name_list *names, struct li_error *err)
{
    const struct li_name_list *found[] = {&p->manifest, &p->listed};
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++)
        if (!li_name_list_has(&p->kept, chunks[i].name))
            rc = li_name_list_add(names, chunks[i].name, err);
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < found[k]->count && rc == 0; i++)
            rc = li_name_list_add(names, found[k]->name[i], err);
    li_name_list_sort(names);
    return rc;
}

/* Each name once, with the later time if both have it, and no more than may be kept. */
static int merge(const struct li_lookup *p, const struct li_name_list *names,
                 struct li_buffer *rows, struct li_error *err)
{
    int64_t now = li_repo_env(p->scope.repo)->now();
    const uint8_t *last = NULL;
    int rc = 0;

    for (size_t i = 0; i < names->count && rc == 0; i++) {
        if (last && memcmp(last, names->name[i], LI_NAME_SIZE) == 0)
            continue;
        last = names->name[i];
        if (rows->len < (size_t)LI_MEMO_NAMES_MAX * LI_MEMO_NAME_ROW)
            rc = add_row(rows, last, now, err);
    }
    for (size_t at = 0; at < p->rows.len && rc == 0; at += LI_MEMO_NAME_ROW) {
        const uint8_t *row = p->rows.data + at;

        if (is_fresh(p, row) && !li_name_list_has(names, row) &&
            rows->len < (size_t)LI_MEMO_NAMES_MAX * LI_MEMO_NAME_ROW)
            rc = li_buffer_append(rows, row, LI_MEMO_NAME_ROW, err);
    }
    return rc;
}

int li_lookup_keep(struct li_lookup *p, const struct li_manifest_chunk *chunks, size_t count,
                   struct li_error *err)
{
    struct li_name_list names = {0};
    struct li_buffer rows = {0};
    uint8_t set[LI_SHA256_SIZE];
    int rc;

    if (!p->scope.memo || !p->store->identity)
        return 0;
    rc = set_of(p, set, err);
    if (rc == 0)
        rc = collect(p, chunks, count, &names, err);
    if (rc == 0)
        rc = merge(p, &names, &rows, err);
    if (rc == 0)
        rc = li_memo_write_names(p->scope.memo, set, &rows, err);
    li_name_list_free(&names);
    li_buffer_free(&rows);
    return rc;
}
