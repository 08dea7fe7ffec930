/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents of regular files, run by run. What lies at the same place of the same chunk is the
 * same, and is not read.
 */
#include <string.h>

#include "diff/internal.h"

static uint64_t size_of(const struct li_diff_side *side, const struct li_file *file)
{
    struct stat st;

    li_files_stat(side->files, file, &st);
    return (uint64_t)st.st_size;
}

/* Cuts LENGTH bytes at PLACE where their chunk ends. */
static uint64_t in_chunk(uint64_t place, uint64_t length)
{
    uint64_t room = LI_CHUNK_SIZE - place % LI_CHUNK_SIZE;

    return length < room ? length : room;
}

/* ---- costs ----------------------------------------------------------------------------------- */

int li_diff_measure(const struct li_diff_side *side, const struct li_file *file,
                    struct li_diff_cost *out, struct li_error *err)
{
    uint64_t size = size_of(side, file), offset = 0, last = UINT64_MAX;
    struct li_files_run run;

    *out = (struct li_diff_cost){0, 0};
    while (offset < size) {
        int rc = li_files_run(side->files, file, offset, &run, err);

        if (rc < 0)
            return rc;
        if (run.place != LI_FILES_NOWHERE) {
            uint64_t chunk = run.place / LI_CHUNK_SIZE;

            run.length = in_chunk(run.place, run.length);
            out->bytes += side->only[chunk] ? run.length : 0;
            out->chunks += side->only[chunk] && chunk != last;
            last = chunk;
        }
        offset += run.length;
    }
    return 0;
}

/* ---- comparison ------------------------------------------------------------------------------ */

static bool is_same_place(const struct li_diff_pair *pair, uint64_t old, uint64_t new)
{
    const uint8_t *a, *b;

    if (old == LI_FILES_NOWHERE || new == LI_FILES_NOWHERE)
        return old == new;
    a = li_view_digest(pair->old_side->view, old / LI_CHUNK_SIZE);
    b = li_view_digest(pair->new_side->view, new / LI_CHUNK_SIZE);
    if (!a || !b)
        return a == b;
    return old % LI_CHUNK_SIZE == new % LI_CHUNK_SIZE &&memcmp(a, b, LI_DIGEST_SIZE) == 0;
}

static int read_both(const struct li_diff_pair *pair, uint64_t offset, size_t len, bool *same,
                     struct li_error *err)
{
    uint8_t *old = pair->bytes, *new = pair->bytes + LI_CHUNK_SIZE;
    size_t old_len = len, new_len = len;
    int rc = li_files_read(pair->old_side->files, pair->old, offset, old, &old_len, err);

    if (rc == 0)
        rc = li_files_read(pair->new_side->files, pair->new, offset, new, &new_len, err);
    if (rc == 0)
        *same = old_len == new_len && memcmp(old, new, old_len) == 0;
    return rc;
}

/* Compares what begins at OFFSET, as far as it lies in one run in one chunk on both sides, and sets
 * *LEN to that. */
static int compare_run(const struct li_diff_pair *pair, uint64_t offset, uint64_t *len, bool *same,
                       struct li_error *err)
{
    struct li_files_run old, new;
    int rc = li_files_run(pair->old_side->files, pair->old, offset, &old, err);

    if (rc == 0)
        rc = li_files_run(pair->new_side->files, pair->new, offset, &new, err);
    if (rc < 0)
        return rc;
    if (old.place != LI_FILES_NOWHERE)
        old.length = in_chunk(old.place, old.length);
    if (new.place != LI_FILES_NOWHERE)
        new.length = in_chunk(new.place, new.length);
    *len = old.length < new.length ? old.length : new.length;
    if (is_same_place(pair, old.place, new.place))
        return 0;
    return read_both(pair, offset, (size_t)*len, same, err);
}

int li_diff_contents(const struct li_diff_pair *pair, bool *same, struct li_error *err)
{
    uint64_t size = size_of(pair->old_side, pair->old), len = 0;
    int rc = 0;

    *same = size == size_of(pair->new_side, pair->new);
    for (uint64_t offset = 0; rc == 0 && *same && offset < size; offset += len)
        rc = compare_run(pair, offset, &len, same, err);
    return rc;
}
