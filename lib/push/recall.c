/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the memo knows about an image's chunks. If it knows a chunk's digest, it names the chunk,
 * which is read only if it is not stored yet. In a directory each chunk is looked up at its turn.
 * If a lookup is a request, all chunks with known names are looked up together, before the first
 * chunk is read.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "push/chunks.h"

/* The digest and the name of a chunk, from the memo; RECALLED stays false if it has neither. */
static int recall_name(struct li_chunk_push *p, uint64_t index, struct li_error *err)
{
    struct li_push_item *item = &p->item[index];
    bool zeros = false;
    int rc =
        li_memo_digest(p->memo, p->push->image->source, index, item->chunk.digest, &zeros, err);

    if (rc != 0)
        return rc < 0 ? rc : 0;
    item->recalled = true;
    return zeros ? 0 : li_push_item_name(item, index, p->salt, err);
}

struct names {
    struct li_chunk_push *push;
    atomic_uint_fast64_t next;
};

static int recall_names(void *arg, unsigned worker, struct li_workers *team, struct li_error *err)
{
    struct names *names = arg;
    int rc = 0;

    (void)worker;
    while (rc == 0 && !li_workers_stopped(team)) {
        uint64_t index = atomic_fetch_add(&names->next, 1);

        if (index >= names->push->push->image->source->count)
            break;
        rc = recall_name(names->push, index, err);
    }
    return rc;
}

/* Looks up all chunks that have a name at once. */
static int ask_for_named(struct li_chunk_push *p, struct li_error *err)
{
    uint64_t chunks = p->push->image->source->count;
    struct li_push_item **named = calloc(chunks + 1, sizeof(struct li_push_item *));
    size_t count = 0;
    int rc;

    if (!named)
        return li_fail_memory(err);
    for (uint64_t i = 0; i < chunks; i++)
        if (p->item[i].named)
            named[count++] = &p->item[i];
    rc = li_lookup_ask(p->lookup, named, count, err);
    free(named);
    return rc;
}

int li_push_recall_together(struct li_chunk_push *p, struct li_error *err)
{
    struct names names = {.push = p};
    struct li_workers *team = NULL;
    int rc;

    if (!p->memo)
        return 0;
    rc = li_workers_start(p->readers, recall_names, &names, &team, err);
    if (rc == 0)
        rc = li_workers_join(team, err);
    return rc < 0 ? rc : ask_for_named(p, err);
}

/* In a directory. A chunk that is not there is looked up again after it was read, because another
 * push may have stored it by then. */
static int recall_one(struct li_chunk_push *p, uint64_t index, struct li_error *err)
{
    struct li_push_item *item = &p->item[index];
    int rc = recall_name(p, index, err);

    if (rc == 0 && item->named)
        rc = li_lookup_glance(p->lookup, item, err);
    if (item->stored == LI_STORED_NO) {
        item->stored = LI_STORED_UNKNOWN;
        item->way = LI_PUSH_UNASKED;
    }
    return rc;
}

int li_push_recall(void *arg, unsigned worker, uint64_t index, struct li_error *err)
{
    struct li_chunk_push *p = arg;
    struct li_push_item *item = &p->item[index];
    struct li_push_chunk chunk = {.fate = LI_PUSH_KNOWN, .recalled = true};
    int rc = li_repo_store(p->repo)->remote ? 0 : recall_one(p, index, err);

    (void)worker;
    if (rc < 0)
        return rc;
    if (item->stored != LI_STORED_YES) {
        /* Zeros are not stored; a chunk that was read is named again. */
        rc = item->recalled && !item->named ? LI_END : 0;
        item->named = false;
        return rc;
    }
    rc = li_tally_meet(&p->tally, item, err);
    if (rc == LI_END)
        chunk.fate = LI_PUSH_REPEATED;
    if (rc >= 0)
        rc = li_tally_settle(&p->tally, item, chunk, err);
    return rc < 0 ? rc : LI_END;
}

int li_push_learn(struct li_chunk_push *p, struct li_error *err)
{
    const struct li_chunk_source *source = p->push->image->source;
    int rc = 0;

    for (uint64_t i = 0; p->memo && i < source->count && rc == 0; i++) {
        const struct li_push_item *item = &p->item[i];

        if (!item->recalled)
            rc = li_memo_learn(p->memo, source, i, item->named ? item->chunk.digest : NULL, err);
    }
    return rc;
}
