/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts chunk by chunk: all that is known about a chunk comes together, so nothing has to be
 * looked up and only one chunk is held at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "report/internal.h"

/* A chunk. */
struct group {
    uint8_t name[LI_RECORD_NAME];
    uint32_t *push; /* that have it, oldest first */
    size_t pushes, cap;
    size_t objects;
    uint64_t size;   /* bytes of the first object, which is in the newest root; 0: there is none */
    uint64_t copies; /* bytes of the others */
};

static uint32_t value_of(const uint8_t *record)
{
    const uint8_t *p = record + LI_RECORD_NAME;

    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A chunk that recurs within an image has a record for each time. */
static int add_push(struct group *g, uint32_t push, struct li_error *err)
{
    int rc = 0;

    if (g->pushes && g->push[g->pushes - 1] == push)
        return 0;
    rc = li_array_reserve(&g->push, &g->cap, g->pushes + 1, sizeof(*g->push), err);
    if (rc == 0)
        g->push[g->pushes++] = push;
    return rc;
}

static int add_record(struct group *g, const uint8_t *record, struct li_error *err)
{
    uint32_t value = value_of(record);
    uint32_t size = value & ((UINT32_C(1) << LI_RECORD_OBJECT_SHIFT) - 1);

    if (!(value & LI_RECORD_OBJECT))
        return add_push(g, value, err);
    if (g->objects++ == 0)
        g->size = size;
    else
        g->copies += size;
    return 0;
}

static void add(struct li_report_sum *sum, uint64_t chunks, uint64_t bytes)
{
    sum->chunks += chunks;
    sum->bytes += bytes;
}

static void count_shared(struct li_report *report, uint64_t names, uint64_t size)
{
    for (size_t i = 0; i < report->names; i++)
        for (size_t k = 0; k < report->names && (names >> i & 1); k++)
            if (names >> k & 1)
                add(&report->name[i].shared[k], 1, size);
}

/* To what the chunk's objects belong: TAGS have it, or only pushes whose tags have moved on. */
static void count_objects(struct li_report *report, const struct group *g, uint64_t tags)
{
    struct li_report_sum *to = tags ? &report->used : g->pushes ? &report->unused : &report->stray;

    report->missing += tags > 0 && g->objects == 0;
    if (g->objects == 0)
        return;
    add(to, 1, g->size);
    add(&report->stray, g->objects - 1, g->copies);
}

static void count_group(struct li_report *report, const struct group *g)
{
    uint64_t tags = 0, names = 0;

    for (size_t i = 0; i < g->pushes; i++) {
        struct li_report_push *push = &report->push[g->push[i]];

        add(&push->all, 1, g->size);
        push->missing += g->objects == 0;
        if (i == 0)
            add(&push->fresh, 1, g->size);
        tags += push->tags;
        names |= push->names;
    }
    for (size_t i = 0; i < g->pushes && tags == 1; i++)
        if (report->push[g->push[i]].tags)
            add(&report->push[g->push[i]].unique, 1, g->size);
    count_shared(report, names, g->size);
    count_objects(report, g, tags);
}

static int count_all(struct li_report *report, struct li_records *records, struct li_error *err)
{
    struct group g = {.pushes = 0};
    const uint8_t *record;
    bool begun = false;
    int rc;

    while ((rc = li_records_next(records, &record, err)) == 0) {
        if (begun && memcmp(record, g.name, LI_RECORD_NAME) != 0) {
            count_group(report, &g);
            g = (struct group){.push = g.push, .cap = g.cap};
        }
        begun = true;
        memcpy(g.name, record, LI_RECORD_NAME);
        rc = add_record(&g, record, err);
        if (rc < 0)
            break;
    }
    if (rc == LI_END && begun)
        count_group(report, &g);
    free(g.push);
    return rc < 0 ? rc : 0;
}

static void count_apart(struct li_report *report)
{
    for (size_t i = 0; i < report->pushes; i++)
        if (report->push[i].tags)
            add(&report->apart, report->push[i].all.chunks, report->push[i].all.bytes);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median_of(double *part, size_t count)
{
    if (count == 0)
        return 0;
    qsort(part, count, sizeof(*part), compare);
    return (part[(count - 1) / 2] + part[count / 2]) / 2;
}

static int spread_of(struct li_report *report, struct li_error *err)
{
    double *part = malloc((report->pushes + 1) * sizeof(*part)), sum = 0;
    struct li_report_spread *s = &report->spread;
    size_t count = 0;

    if (!part)
        return li_fail_memory(err);
    for (size_t i = 0; i < report->pushes; i++) {
        const struct li_report_push *push = &report->push[i];

        s->pushes += push->all.chunks > 0;
        s->nothing += push->all.chunks > 0 && push->fresh.chunks == 0;
        if (push->fresh.chunks > 0)
            part[count++] = (double)push->fresh.chunks / (double)push->all.chunks;
    }
    for (size_t i = 0; i < count; i++)
        sum += part[i];
    s->mean = count ? sum / (double)count : 0;
    s->median = median_of(part, count);
    free(part);
    return 0;
}

int li_report_figures(struct li_report *report, struct li_records *records, struct li_error *err)
{
    int rc = count_all(report, records, err);

    if (rc < 0)
        return rc;
    count_apart(report);
    return spread_of(report, err);
}
