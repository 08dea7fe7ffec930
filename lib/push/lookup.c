/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests cost time and money. So names are looked up where many are together: in manifests, in
 * what this host has met recently, and for the rest in a listing of the root's chunks, or with a
 * request for each.
 *
 * Listings and requests show one moment. If another push stores a chunk later, "absent" is out of
 * date. That costs a refused put, and nothing else.
 */
#include "push/lookup.h"

#include <stdlib.h>

#include "push/lookup_internal.h"
#include "repo/keys.h"

enum { BATCH = 256 /* names that are looked up at a time */ };

static int gather(struct li_lookup *l, struct li_error *err)
{
    int rc = li_lookup_read_manifests(l, err);

    if (rc == 0 && l->scope.memo)
        rc = li_lookup_recall(l, err);
    /* If nothing is known, all chunks will need a request. */
    if (l->manifest.count == 0 && l->kept.count == 0)
        l->expected = l->scope.chunks;
    return rc;
}

int li_lookup_open(const struct li_lookup_scope *scope, struct li_lookup **out,
                   struct li_error *err)
{
    struct li_lookup *l = calloc(1, sizeof(*l));
    int rc;

    if (!l)
        return li_fail_memory(err);
    l->scope = *scope;
    l->store = li_repo_store(scope->repo);
    l->gathers = l->store->remote && !scope->nothing_known;
    l->pages = 1;
    pthread_mutex_init(&l->listing, NULL);
    pthread_mutex_init(&l->lock, NULL);
    rc = l->gathers ? gather(l, err) : 0;
    if (rc < 0)
        li_lookup_free(l);
    else
        *out = l;
    return rc;
}

void li_lookup_free(struct li_lookup *l)
{
    if (!l)
        return;
    li_name_list_free(&l->manifest);
    li_name_list_free(&l->kept);
    li_name_list_free(&l->listed);
    li_buffer_free(&l->rows);
    pthread_mutex_destroy(&l->listing);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static void set(struct li_push_item *item, enum li_push_stored stored, enum li_push_way way)
{
    item->stored = stored;
    item->way = way;
}

/* Answers from what is known; false if nothing is. Under lock. */
static bool answer(const struct li_lookup *l, struct li_push_item *item)
{
    const uint8_t *name = item->chunk.name;

    if (li_name_list_has(&l->manifest, name))
        set(item, LI_STORED_YES, LI_PUSH_MANIFEST);
    else if (li_name_list_has(&l->kept, name))
        set(item, LI_STORED_YES, LI_PUSH_KEPT);
    else if (li_name_list_has(&l->listed, name))
        set(item, LI_STORED_YES, LI_PUSH_LISTING);
    else if (l->complete)
        set(item, LI_STORED_NO, LI_PUSH_LISTING);
    else
        return false;
    return true;
}

/* Answers what it can, and moves the others to the front; returns the number of these. */
static size_t answer_all(struct li_lookup *l, struct li_push_item **items, size_t count)
{
    size_t left = 0;

    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < count; i++)
        if (!answer(l, items[i]))
            items[left++] = items[i];
    pthread_mutex_unlock(&l->lock);
    return left;
}

static int ask_batch(struct li_lookup *l, struct li_push_item **items, size_t count,
                     struct li_error *err)
{
    struct li_key *key = calloc(count, sizeof(*key));
    const char *text[BATCH] = {NULL};
    bool there[BATCH] = {false};
    int rc;

    if (!key)
        return li_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        key[i] = li_key_chunk_in(l->scope.root->id, items[i]->chunk.name);
        text[i] = key[i].text;
    }
    rc = li_store_exists(l->store, text, count, LI_SEAL_MAX_SIZE, there, err);
    for (size_t i = 0; i < count && rc == 0; i++)
        set(items[i], there[i] ? LI_STORED_YES : LI_STORED_NO, LI_PUSH_ASKED);
    free(key);
    return rc;
}

int li_lookup_ask(struct li_lookup *l, struct li_push_item **items, size_t count,
                  struct li_error *err)
{
    int rc = 0;

    if (l->gathers)
        count = answer_all(l, items, count);
    if (l->gathers && count) {
        rc = li_lookup_maybe_list(l, count, err);
        if (rc == 0)
            count = answer_all(l, items, count);
    }
    for (size_t at = 0, n; at < count && rc == 0; at += n) {
        n = count - at < BATCH ? count - at : BATCH;
        rc = ask_batch(l, items + at, n, err);
    }
    return rc;
}

int li_lookup_glance(struct li_lookup *l, struct li_push_item *item, struct li_error *err)
{
    if (item->stored != LI_STORED_UNKNOWN)
        return 0;
    if (!l->store->remote)
        return li_lookup_ask(l, &item, 1, err);
    (void)answer_all(l, &item, 1);
    return 0;
}
