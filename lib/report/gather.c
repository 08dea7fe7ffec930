/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists a repository and reads the tables of its manifests, several at a time: in a bucket each is
 * a request, and requests one after another would take hours where side by side they take minutes.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/workers.h"
#include "repo/objects.h"
#include "report/internal.h"

/* Bytes of tables in memory at once, unless a single one has more. */
enum { TABLES_MAX = 64 << 20 };

struct gathering {
    struct li_repo *repo;
    const struct li_progress *progress;
    struct li_report *report;
    struct li_records *records;
    struct li_repo_object *manifest; /* each ID once; in the order of report->push */
    size_t manifests, cap;
    atomic_size_t next;
    pthread_mutex_t lock; /* while manifests are read: guards REPORT, RECORDS, HELD and DONE */
    pthread_cond_t released;
    uint64_t held;        /* bytes of the tables in memory */
    uint64_t done, total; /* bytes of the tables that were read, and of all */
};

static int add_record(struct gathering *g, const uint8_t *name, uint32_t value,
                      struct li_error *err)
{
    uint8_t record[LI_RECORD_SIZE];

    memcpy(record, name, LI_RECORD_NAME);
    li_put_be32(record + LI_RECORD_NAME, value);
    return li_records_add(g->records, record, err);
}

/* ---- listing --------------------------------------------------------------------------------- */

static int note_chunk(struct gathering *g, const struct li_repo_object *object,
                      struct li_error *err)
{
    uint32_t age = (uint32_t)(LI_REPO_ROOTS_MAX - object->root);

    g->report->stored.chunks++;
    g->report->stored.bytes += object->size;
    return add_record(g, object->name,
                      LI_RECORD_OBJECT | age << LI_RECORD_OBJECT_SHIFT | (uint32_t)object->size,
                      err);
}

static int note_object(void *arg, const struct li_repo_object *object, struct li_error *err)
{
    struct gathering *g = arg;
    int rc;

    if (object->kind == LI_REPO_CHUNK && object->size > 0 && object->size <= LI_SEAL_MAX_SIZE)
        return note_chunk(g, object, err);
    g->report->others += object->size;
    if (object->kind != LI_REPO_MANIFEST)
        return 0;
    if (g->manifests == LI_REPORT_PUSHES_MAX)
        return li_fail(err, LI_ELIMIT, "the repository has more than %d manifests",
                       LI_REPORT_PUSHES_MAX);
    rc = li_array_reserve(&g->manifest, &g->cap, g->manifests + 1, sizeof(*object), err);
    if (rc == 0)
        g->manifest[g->manifests++] = *object;
    return rc;
}

/* Of manifests with one ID, that in the newest root comes first. */
static int compare_ids(const void *a, const void *b)
{
    const struct li_repo_object *x = a, *y = b;
    int order = memcmp(x->name, y->name, LI_ID_SIZE);

    if (order)
        return order;
    return x->root > y->root ? -1 : x->root < y->root;
}

static int compare_times(const void *a, const void *b)
{
    const struct li_repo_object *x = a, *y = b;

    if (x->modified != y->modified)
        return x->modified < y->modified ? -1 : 1;
    return memcmp(x->name, y->name, LI_ID_SIZE);
}

/* A manifest that was copied to newer roots is one push, at the time of the first. */
static void merge_copies(struct gathering *g)
{
    size_t kept = 0;

    for (size_t i = 0; i < g->manifests; i++) {
        struct li_repo_object *last = kept ? &g->manifest[kept - 1] : NULL;

        if (!last || memcmp(last->name, g->manifest[i].name, LI_ID_SIZE) != 0)
            g->manifest[kept++] = g->manifest[i];
        else if (g->manifest[i].modified < last->modified)
            last->modified = g->manifest[i].modified;
    }
    g->manifests = kept;
}

static int order_pushes(struct gathering *g, struct li_error *err)
{
    struct li_report *report = g->report;

    if (g->manifests)
        qsort(g->manifest, g->manifests, sizeof(*g->manifest), compare_ids);
    merge_copies(g);
    if (g->manifests)
        qsort(g->manifest, g->manifests, sizeof(*g->manifest), compare_times);
    report->push = calloc(g->manifests + 1, sizeof(*report->push));
    if (!report->push)
        return li_fail_memory(err);
    for (size_t i = 0; i < g->manifests; i++) {
        memcpy(report->push[i].id, g->manifest[i].name, LI_ID_SIZE);
        report->push[i].time = g->manifest[i].modified;
        g->total += li_manifest_table_end(g->manifest[i].size);
    }
    report->pushes = g->manifests;
    return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void hold(struct gathering *g, uint64_t bytes)
{
    pthread_mutex_lock(&g->lock);
    while (g->held > 0 && g->held + bytes > TABLES_MAX)
        pthread_cond_wait(&g->released, &g->lock);
    g->held += bytes;
    pthread_mutex_unlock(&g->lock);
}

/* With the lock held. */
static void release(struct gathering *g, uint64_t bytes)
{
    g->held -= bytes;
    g->done += bytes;
    if (g->progress)
        g->progress->report(g->progress->arg, g->done, g->total);
    pthread_cond_broadcast(&g->released);
}

/* With the lock held. */
static int take_table(struct gathering *g, size_t index, const struct li_manifest_clear *clear,
                      const uint8_t *entry, struct li_error *err)
{
    int rc = 0;

    for (uint32_t i = 0; i < clear->chunk_count && rc == 0; i++, entry += LI_MANIFEST_ENTRY_SIZE)
        rc = add_record(g, entry + 4, (uint32_t)index, err);
    g->report->push[index].table = clear->chunk_count;
    g->report->push[index].readable = true;
    return rc;
}

static int read_manifest(struct gathering *g, size_t index, struct li_error *err)
{
    uint64_t bytes = li_manifest_table_end(g->manifest[index].size);
    struct li_error why = LI_ERROR_INIT;
    struct li_manifest_clear clear;
    struct li_buffer raw = {0};
    const uint8_t *entries;
    int rc;

    hold(g, bytes);
    rc = li_repo_manifest_table(g->repo, &g->manifest[index], &raw, &clear, &entries, &why);
    pthread_mutex_lock(&g->lock);
    if (rc < 0)
        rc = li_report_unreadable(g->report, &why, err);
    else
        rc = take_table(g, index, &clear, entries, err);
    li_buffer_free(&raw);
    release(g, bytes);
    pthread_mutex_unlock(&g->lock);
    return rc;
}

static int read_manifests(void *arg, unsigned worker, struct li_workers *team, struct li_error *err)
{
    struct gathering *g = arg;
    int rc = 0;

    (void)worker;
    while (rc == 0 && !li_workers_stopped(team)) {
        size_t index = atomic_fetch_add(&g->next, 1);

        if (index >= g->manifests)
            break;
        rc = read_manifest(g, index, err);
    }
    return rc;
}

static int read_all(struct gathering *g, struct li_error *err)
{
    struct li_workers *team = NULL;
    int rc;

    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->released, NULL);
    rc = li_workers_start(li_repo_store(g->repo)->width, read_manifests, g, &team, err);
    if (rc == 0)
        rc = li_workers_join(team, err);
    pthread_cond_destroy(&g->released);
    pthread_mutex_destroy(&g->lock);
    return rc;
}

int li_report_gather(struct li_repo *repo, const struct li_report_options *options,
                     struct li_report *report, struct li_records *records, struct li_error *err)
{
    struct gathering g = {
        .repo = repo, .progress = options->progress, .report = report, .records = records};
    int rc = li_report_list_tags(repo, report, err);

    if (rc == 0)
        rc = li_repo_each_object(repo, note_object, &g, err);
    if (rc == 0)
        rc = order_pushes(&g, err);
    if (rc == 0)
        rc = li_report_match_tags(report, err);
    if (rc == 0)
        rc = read_all(&g, err);
    free(g.manifest);
    return rc;
}
