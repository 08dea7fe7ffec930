/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listing of a root's chunks, and whether it is worth its price.
 *
 * Names are practically random, so the first thousand of a listing, which is in the order of names,
 * show how many there are. A page counts as PAGE_COST questions: pages come one after another and
 * questions side by side, and on AWS one page costs as much as twelve questions. The number of
 * questions is not always known in advance. So they are counted, including earlier ones, and when
 * they have cost as much as the listing would, it is made: in all this never costs more than twice
 * the better choice (the ski-rental problem).
 */
#include <string.h>

#include "push/lookup_internal.h"
#include "repo/keys.h"

enum {
    PAGE_COST = 10,   /* questions */
    LISTED = 1 << 20, /* the most names of a root to list, 32 MiB; as many keys that are no names */
};

struct listing {
    struct li_lookup *lookup;
    struct li_name_list names;
    uint64_t last; /* the greatest of the names' first eight bytes */
    size_t prefix; /* bytes of a key before "chunks/ab/NAME" */
    size_t others; /* keys that are not a chunk's */
    bool stopped;  /* by note_name() */
};

static int stop(struct listing *l, struct li_error *err)
{
    l->stopped = true;
    return li_fail(err, LI_LISTING_STOPPED, "the listing is longer than it is worth");
}

static bool is_worth(const struct li_lookup *p)
{
    uint64_t questions = p->wanted > p->expected ? p->wanted : p->expected;

    return !p->complete && !p->too_long && questions >= PAGE_COST * p->pages;
}

/* A key that is not a chunk's is not ours. An object that cannot be a sealed chunk counts as
 * absent. */
static int note_name(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct listing *l = arg;
    struct li_lookup *p = l->lookup;
    uint8_t name[LI_NAME_SIZE];
    uint64_t start = 0;
    int rc;

    if (size == 0 || size > LI_SEAL_MAX_SIZE || !li_key_chunk_name(key + l->prefix, name))
        return l->others++ < LISTED ? 0 : stop(l, err);
    if (l->names.count == LISTED)
        return stop(l, err);
    for (size_t i = 0; i < sizeof(start); i++)
        start = start << 8 | name[i];
    if (start > l->last)
        l->last = start;
    rc = li_name_list_add(&l->names, name, err);
    if (rc < 0 || p->sampled || l->names.count != LI_LOOKUP_PAGE)
        return rc;
    p->sampled = true;
    p->pages = UINT64_MAX / (l->last | 1) + 1;
    p->too_long = p->pages > LISTED / LI_LOOKUP_PAGE;
    return is_worth(p) ? 0 : stop(l, err);
}

/* With the listing lock held. */
static int list(struct li_lookup *p, struct li_error *err)
{
    struct li_key prefix = li_key_root(p->scope.root->id, "chunks/");
    struct listing l = {.lookup = p, .prefix = strlen(li_key_root(p->scope.root->id, "").text)};
    int rc = li_store_list(p->store, prefix.text, note_name, &l, err);

    if (rc == LI_LISTING_STOPPED && l.stopped)
        li_error_clear(err);
    else if (rc < 0) {
        li_name_list_free(&l.names);
        return rc;
    }
    p->too_long |= l.names.count == LISTED || l.others > LISTED;
    li_name_list_sort(&l.names);
    pthread_mutex_lock(&p->lock);
    li_name_list_free(&p->listed);
    p->listed = l.names;
    p->complete = rc == 0;
    pthread_mutex_unlock(&p->lock);
    return 0;
}

int li_lookup_maybe_list(struct li_lookup *p, size_t count, struct li_error *err)
{
    int rc = 0;

    pthread_mutex_lock(&p->listing);
    p->wanted += count;
    if (is_worth(p))
        rc = list(p, err);
    pthread_mutex_unlock(&p->listing);
    return rc;
}
