/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An external merge sort. A repository may have hundreds of millions of pairs of a chunk and an
 * image, more than fit in memory. A full array is sorted and becomes a run in the file; in the end
 * a heap of all runs gives the least record. Each run is read through a buffer of its own, so that
 * the file is read in long pieces.
 */
#include "report/records.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/io.h"

enum { PIECE = 12800 /* records read from a run at once: 250 KiB */ };

typedef uint8_t record[LI_RECORD_SIZE];

struct run {
    uint64_t offset; /* of the records that are not read yet, in the file */
    uint64_t left;   /* records not read yet */
    record *piece;   /* NULL: the run is in memory, all of it */
    record *next;
    size_t ready; /* records from NEXT on */
};

struct li_records {
    const char *tmpdir;
    size_t most; /* records in memory */
    record *array;
    size_t count, cap;
    int fd; /* of the runs; -1: none was written */
    uint64_t written;
    struct run *run;
    size_t runs, runs_cap;
    size_t *heap; /* runs that have a record, the one with the least first */
    size_t heaped;
    bool taken; /* the first record of the heap was given to the caller */
};

int li_records_new(const char *tmpdir, size_t memory, struct li_records **out, struct li_error *err)
{
    struct li_records *records = calloc(1, sizeof(*records));

    if (!records)
        return li_fail_memory(err);
    records->tmpdir = tmpdir;
    records->most = memory / LI_RECORD_SIZE + 1;
    records->fd = -1;
    *out = records;
    return 0;
}

void li_records_free(struct li_records *records)
{
    if (!records)
        return;
    for (size_t i = 0; i < records->runs; i++)
        free(records->run[i].piece);
    if (records->fd >= 0)
        close(records->fd);
    free(records->run);
    free(records->heap);
    free(records->array);
    free(records);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, LI_RECORD_SIZE);
}

static int add_run(struct li_records *r, struct run run, struct li_error *err)
{
    int rc = li_array_reserve(&r->run, &r->runs_cap, r->runs + 1, sizeof(*r->run), err);

    if (rc == 0)
        r->run[r->runs++] = run;
    return rc;
}

/* Moves the records in memory to the file. */
static int write_run(struct li_records *r, struct li_error *err)
{
    size_t size = r->count * LI_RECORD_SIZE;
    int rc = r->fd >= 0 ? 0 : li_temporary_file(r->tmpdir, &r->fd, err);

    if (rc == 0 && r->runs == LI_RECORDS_RUNS_MAX)
        return li_fail(err, LI_ELIMIT, "there are too many chunks to be counted");
    qsort(r->array, r->count, LI_RECORD_SIZE, compare);
    if (rc == 0)
        rc = li_pwrite_all(r->fd, r->array, size, r->written, err);
    if (rc == 0)
        rc = add_run(r, (struct run){.offset = r->written, .left = r->count}, err);
    if (rc < 0)
        return li_context(err, "sorting chunks in a temporary file in %s", r->tmpdir);
    r->written += size;
    r->count = 0;
    return 0;
}

int li_records_add(struct li_records *r, const uint8_t *bytes, struct li_error *err)
{
    int rc = 0;

    if (r->count == r->most)
        rc = write_run(r, err);
    if (rc == 0)
        rc = li_array_reserve(&r->array, &r->cap, r->count + 1, LI_RECORD_SIZE, err);
    if (rc == 0)
        memcpy(r->array[r->count++], bytes, LI_RECORD_SIZE);
    return rc;
}

/* ---- merging --------------------------------------------------------------------------------- */

/* Reads the next piece of RUN, if nothing of the last is left. */
static int fill(struct li_records *r, struct run *run, struct li_error *err)
{
    size_t count = run->left < PIECE ? (size_t)run->left : PIECE;
    int rc;

    if (run->ready > 0 || count == 0)
        return 0;
    if (!run->piece && !(run->piece = calloc(PIECE, LI_RECORD_SIZE)))
        return li_fail_memory(err);
    rc = li_pread_all(r->fd, run->piece, count * LI_RECORD_SIZE, run->offset, err);
    if (rc < 0)
        return li_context(err, "reading a temporary file in %s", r->tmpdir);
    run->offset += count * LI_RECORD_SIZE;
    run->left -= count;
    run->next = run->piece;
    run->ready = count;
    return 0;
}

static bool is_less(const struct li_records *r, size_t a, size_t b)
{
    return memcmp(r->run[r->heap[a]].next, r->run[r->heap[b]].next, LI_RECORD_SIZE) < 0;
}

/* Moves the entry AT of the heap down to its place. */
static void sink(struct li_records *r, size_t at)
{
    for (;;) {
        size_t least = at, child = 2 * at + 1, moved = r->heap[at];

        if (child < r->heaped && is_less(r, child, least))
            least = child;
        if (child + 1 < r->heaped && is_less(r, child + 1, least))
            least = child + 1;
        if (least == at)
            return;
        r->heap[at] = r->heap[least];
        r->heap[least] = moved;
        at = least;
    }
}

static int start_runs(struct li_records *r, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < r->runs && rc == 0; i++) {
        rc = fill(r, &r->run[i], err);
        if (rc == 0 && r->run[i].ready > 0)
            r->heap[r->heaped++] = i;
    }
    for (size_t i = r->heaped; i > 0 && rc == 0; i--)
        sink(r, i - 1);
    return rc;
}

int li_records_sort(struct li_records *r, struct li_error *err)
{
    int rc = 0;

    if (r->fd >= 0) {
        rc = r->count ? write_run(r, err) : 0;
        free(r->array);
        r->array = NULL;
        r->cap = 0;
    } else if (r->count) {
        qsort(r->array, r->count, LI_RECORD_SIZE, compare);
        rc = add_run(r, (struct run){.next = r->array, .ready = r->count}, err);
    }
    r->heap = malloc((r->runs + 1) * sizeof(*r->heap));
    if (rc == 0 && !r->heap)
        rc = li_fail_memory(err);
    return rc == 0 ? start_runs(r, err) : rc;
}

/* Steps over the record that the caller has had. */
static int step(struct li_records *r, struct li_error *err)
{
    struct run *run = &r->run[r->heap[0]];
    int rc;

    run->next++;
    run->ready--;
    rc = fill(r, run, err);
    if (rc == 0 && run->ready == 0)
        r->heap[0] = r->heap[--r->heaped];
    if (rc == 0 && r->heaped)
        sink(r, 0);
    return rc;
}

int li_records_next(struct li_records *r, const uint8_t **bytes, struct li_error *err)
{
    int rc = r->taken ? step(r, err) : 0;

    r->taken = rc == 0 && r->heaped > 0;
    if (rc < 0)
        return rc;
    if (!r->taken)
        return LI_END;
    *bytes = *r->run[r->heap[0]].next;
    return 0;
}
