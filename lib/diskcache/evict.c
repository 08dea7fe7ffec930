/* SPDX-License-Identifier: Apache-2.0 */
/*
 * S3-FIFO: a small queue for what came lately, and a main queue for what was used more than once.
 * The oldest of the small queue moves to the main one if it was used, else it goes. The oldest of
 * the main queue goes if it was not used since it got its place, else it gets the last place, and
 * one use less.
 */
#include <stdlib.h>
#include <string.h>

#include "diskcache/internal.h"

/* The oldest of a queue. The main queue is a ring: what moves is put at its end. */
struct queue {
    struct li_copy **entry;
    size_t first, count, cap;
};

struct eviction {
    struct li_copies *copies;
    struct queue small, main;
    uint64_t moved;
};

static int by_time(const void *a, const void *b)
{
    const struct li_copy *x = a, *y = b;

    if (x->since != y->since)
        return x->since < y->since ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void put(struct queue *queue, struct li_copy *copy)
{
    queue->entry[(queue->first + queue->count++) % queue->cap] = copy;
}

static struct li_copy *take(struct queue *queue)
{
    struct li_copy *copy = queue->entry[queue->first];

    queue->first = (queue->first + 1) % queue->cap;
    queue->count--;
    return copy;
}

static void go(struct eviction *e, struct li_copy *copy)
{
    copy->fate = LI_GOES;
    e->copies->bytes[copy->main] -= copy->size;
}

static void move(struct eviction *e, struct li_copy *copy, unsigned uses)
{
    e->copies->bytes[copy->main] -= copy->size;
    e->copies->bytes[true] += copy->size;
    copy->fate = LI_MOVES;
    copy->main = true;
    copy->uses = uses;
    copy->place = e->moved++;
    put(&e->main, copy);
}

static void pass_small(struct eviction *e)
{
    struct li_copy *copy = take(&e->small);

    if (copy->uses > 0)
        move(e, copy, 0);
    else
        go(e, copy);
}

static void pass_main(struct eviction *e)
{
    struct li_copy *copy = take(&e->main);

    if (copy->uses > 0)
        move(e, copy, copy->uses - 1);
    else
        go(e, copy);
}

static int fill_queues(struct eviction *e, struct li_error *err)
{
    struct li_copies *copies = e->copies;
    size_t cap = copies->count + 1;

    e->small = (struct queue){.entry = calloc(cap, sizeof(struct li_copy *)), .cap = cap};
    e->main = (struct queue){.entry = calloc(cap, sizeof(struct li_copy *)), .cap = cap};
    if (!e->small.entry || !e->main.entry)
        return li_fail_memory(err);
    for (size_t i = 0; i < copies->count; i++)
        if (copies->all[i].fate != LI_GOES)
            put(copies->all[i].main ? &e->main : &e->small, &copies->all[i]);
    return 0;
}

int li_evict(struct li_copies *copies, uint64_t bytes, uint64_t limit, struct li_error *err)
{
    struct eviction e = {.copies = copies};
    int rc;

    if (copies->count > 0)
        qsort(copies->all, copies->count, sizeof(copies->all[0]), by_time);
    rc = fill_queues(&e, err);
    while (rc == 0 && copies->bytes[false] + copies->bytes[true] > bytes) {
        if (e.small.count > 0 && (copies->bytes[false] > limit / 10 || e.main.count == 0))
            pass_small(&e);
        else
            pass_main(&e);
    }
    free(e.small.entry);
    free(e.main.entry);
    return rc;
}
