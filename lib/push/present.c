/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests cost time and money, so names are looked up where many are in one place: in the manifest
 * that the tag points at now, for most pushes bring little that is new; in what this host has met
 * lately; and for the rest, in a listing of the root's chunks, or by a question for each.
 *
 * Names are as good as random, so the first thousand of a listing, which comes in their order, tell
 * how many there are. A page counts as PAGE_COST questions: pages come one after another and
 * questions side by side, and on AWS one costs as much as twelve of the other. How many questions
 * there will be is not always known in advance; so they are counted, those that were asked before
 * too, and when they come to as much as the listing, it is made: all together that is never more
 * than twice the better of the two (the ski-rental problem).
 *
 * A listing and the questions are of one moment. That another push stores a chunk later makes an
 * answer "absent" stale, which costs a put that is refused, and nothing else.
 */
#include "push/present_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "repo/keys.h"
#include "repo/pointer.h"

enum {
    PAGE = 1000,      /* names in a page of a listing */
    PAGE_COST = 10,   /* questions */
    LISTED = 1 << 20, /* names of a root that are listed at most: 32 MiB */
    BATCH = 256,      /* names that are asked for at a time */
    NEIGHBOURS = 2,   /* other tags that are looked at */
};

/* Ends a listing that is longer than it is worth. */
enum { LISTING_STOPPED = LI_ECANCELLED };

/* ---- the manifest that is there -------------------------------------------------------------- */

/* The table of names lies in the clear, so no key is needed. Whoever could forge it, could as well
 * delete the chunks that it names. */
static int take_names(struct li_present *p, const uint8_t id[LI_ID_SIZE],
                      const struct li_buffer *manifest, struct li_error *err)
{
    struct li_manifest_clear clear;
    int rc = li_manifest_peek(manifest->data, manifest->len, &clear, err);

    if (rc < 0 || memcmp(clear.id, id, LI_ID_SIZE) != 0 ||
        (manifest->len - LI_MANIFEST_HEADER_SIZE) / LI_MANIFEST_ENTRY_SIZE < clear.chunk_count)
        return 0;
    for (uint32_t i = 0; i < clear.chunk_count && rc == 0; i++)
        rc = li_name_list_add(
            &p->manifest,
            manifest->data + LI_MANIFEST_HEADER_SIZE + (size_t)i * LI_MANIFEST_ENTRY_SIZE + 4, err);
    return rc;
}

/* Only a manifest in the root itself says what is in that; one that is not there or that cannot be
 * read says nothing. */
static int read_manifest(struct li_present *p, const char *pointer_key, struct li_error *err)
{
    struct li_buffer raw = {0}, manifest = {0};
    struct li_pointer pointer;
    int rc = li_pointer_read(li_repo_store(p->repo), pointer_key, &pointer, &raw, err);

    if (rc == 0)
        rc = li_store_get(li_repo_store(p->repo),
                          li_key_root(p->root->id, li_key_manifest(pointer.manifest).text).text,
                          LI_STORE_OBJECT_MAX, &manifest, err);
    if (rc == 0)
        rc = take_names(p, pointer.manifest, &manifest, err);
    li_buffer_free(&raw);
    li_buffer_free(&manifest);
    if (rc < 0 && rc != LI_ENOMEM && rc != LI_ENETWORK && rc != LI_ECANCELLED) {
        li_error_clear(err);
        rc = 0;
    }
    return rc;
}

/* The tags of one name that come right before and right after another, as versions are ordered. */
struct neighbours {
    struct li_key key, near[NEIGHBOURS]; /* "" for none */
    unsigned seen;
};

static int note_tag(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct neighbours *n = arg;
    int order = strverscmp(key, n->key.text);
    char *before = n->near[0].text, *after = n->near[1].text;

    (void)size;
    if (strlen(key) <= LI_STORE_KEY_MAX && order < 0 && (!*before || strverscmp(key, before) > 0))
        strcpy(before, key);
    else if (strlen(key) <= LI_STORE_KEY_MAX && order > 0 &&
             (!*after || strverscmp(key, after) < 0))
        strcpy(after, key);
    return ++n->seen < PAGE ? 0 : li_fail(err, LISTING_STOPPED, "a page is enough");
}

static int read_neighbours(struct li_present *p, const struct li_reference *reference,
                           struct li_error *err)
{
    struct neighbours n = {.key = li_key_image(reference)};
    struct li_key prefix = n.key;
    int rc;

    strrchr(prefix.text, '/')[1] = '\0';
    rc = li_store_list(li_repo_store(p->repo), prefix.text, note_tag, &n, err);
    if (rc == LISTING_STOPPED && n.seen == PAGE) {
        li_error_clear(err);
        rc = 0;
    }
    for (size_t i = 0; i < NEIGHBOURS && rc == 0; i++)
        if (*n.near[i].text)
            rc = read_manifest(p, n.near[i].text, err);
    return rc;
}

/* ---- what is known --------------------------------------------------------------------------- */

static enum li_presence look(struct li_present *p, const uint8_t *name)
{
    if (li_name_list_has(&p->manifest, name)) {
        p->ways.manifest++;
        return LI_PRESENT_STORED;
    }
    if (li_name_list_has(&p->kept, name)) {
        p->ways.kept++;
        return LI_PRESENT_STORED;
    }
    if (li_name_list_has(&p->listed, name)) {
        p->ways.listing++;
        return LI_PRESENT_STORED;
    }
    if (!p->complete)
        return LI_PRESENT_UNKNOWN;
    p->ways.listing++;
    return LI_PRESENT_ABSENT;
}

enum li_presence li_present_look(struct li_present *p, const uint8_t name[LI_NAME_SIZE])
{
    enum li_presence presence;

    pthread_mutex_lock(&p->lock);
    presence = look(p, name);
    pthread_mutex_unlock(&p->lock);
    return presence;
}

int li_present_open(struct li_repo *repo, const struct li_root *root,
                    const struct li_reference *reference, const struct li_memo *memo,
                    uint64_t chunks, struct li_present **out, struct li_error *err)
{
    struct li_present *p = calloc(1, sizeof(*p));
    int rc;

    if (!p)
        return li_fail_memory(err);
    p->repo = repo;
    p->root = root;
    p->memo = memo;
    p->pages = 1;
    pthread_mutex_init(&p->listing, NULL);
    pthread_mutex_init(&p->lock, NULL);
    rc = read_manifest(p, li_key_image(reference).text, err);
    if (rc == 0 && p->manifest.count == 0)
        rc = read_neighbours(p, reference, err);
    li_name_list_sort(&p->manifest);
    if (rc == 0 && memo)
        rc = li_present_recall(p, err);
    /* Where nothing is known, all will have to be asked for. */
    if (p->manifest.count == 0 && p->kept.count == 0)
        p->expected = chunks;
    if (rc < 0)
        li_present_free(p);
    else
        *out = p;
    return rc;
}

void li_present_free(struct li_present *p)
{
    if (!p)
        return;
    li_name_list_free(&p->manifest);
    li_name_list_free(&p->kept);
    li_name_list_free(&p->listed);
    li_buffer_free(&p->rows);
    pthread_mutex_destroy(&p->listing);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void li_present_ways(struct li_present *p, struct li_push_ways *out)
{
    pthread_mutex_lock(&p->lock);
    *out = p->ways;
    pthread_mutex_unlock(&p->lock);
}

/* ---- a listing ------------------------------------------------------------------------------- */

struct listing {
    struct li_present *present;
    struct li_name_list names;
    uint64_t last; /* the greatest of the names' first eight bytes */
    size_t prefix; /* bytes of a key before "ab/NAME" */
    bool stopped;  /* by note_name() */
};

/* A key that is no chunk's is none of ours; what cannot be a sealed chunk is as good as absent. */
static bool name_of(const char *key, size_t prefix, uint8_t name[LI_NAME_SIZE])
{
    const char *hex = key + prefix + 3;

    return strlen(key) == prefix + 3 + 2 * (size_t)LI_NAME_SIZE &&
           memcmp(key + prefix, hex, 2) == 0 && key[prefix + 2] == '/' &&
           li_hex_decode(hex, name, LI_NAME_SIZE) == 0;
}

static int stop(struct listing *l, struct li_error *err)
{
    l->stopped = true;
    return li_fail(err, LISTING_STOPPED, "the listing is longer than it is worth");
}

static bool is_worth(const struct li_present *p)
{
    uint64_t questions = p->wanted > p->expected ? p->wanted : p->expected;

    return !p->complete && !p->too_long && questions >= PAGE_COST * p->pages;
}

static int note_name(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct listing *l = arg;
    struct li_present *p = l->present;
    uint8_t name[LI_NAME_SIZE];
    uint64_t start = 0;
    int rc;

    if (size == 0 || size > LI_SEAL_MAX_SIZE || !name_of(key, l->prefix, name))
        return 0;
    if (l->names.count == LISTED)
        return stop(l, err);
    for (size_t i = 0; i < sizeof(start); i++)
        start = start << 8 | name[i];
    if (start > l->last)
        l->last = start;
    rc = li_name_list_add(&l->names, name, err);
    if (rc < 0 || p->sampled || l->names.count != PAGE)
        return rc;
    p->sampled = true;
    p->pages = UINT64_MAX / (l->last | 1) + 1;
    p->too_long = p->pages > LISTED / PAGE;
    return is_worth(p) ? 0 : stop(l, err);
}

/* Under the listing's lock. */
static int list(struct li_present *p, struct li_error *err)
{
    struct li_key prefix = li_key_root(p->root->id, "chunks/");
    struct listing l = {.present = p, .prefix = strlen(prefix.text)};
    int rc = li_store_list(li_repo_store(p->repo), prefix.text, note_name, &l, err);

    if (rc == LISTING_STOPPED && l.stopped)
        li_error_clear(err);
    else if (rc < 0) {
        li_name_list_free(&l.names);
        return rc;
    }
    p->too_long |= l.names.count == LISTED;
    li_name_list_sort(&l.names);
    pthread_mutex_lock(&p->lock);
    li_name_list_free(&p->listed);
    p->listed = l.names;
    p->complete = rc == 0;
    pthread_mutex_unlock(&p->lock);
    return 0;
}

/* Counts COUNT questions, and makes the listing where it is cheaper than all so far. */
static int maybe_list(struct li_present *p, size_t count, struct li_error *err)
{
    int rc = 0;

    pthread_mutex_lock(&p->listing);
    p->wanted += count;
    if (is_worth(p))
        rc = list(p, err);
    pthread_mutex_unlock(&p->listing);
    return rc;
}

/* ---- questions ------------------------------------------------------------------------------- */

/* Answers what it can, and sets OPEN to the numbers of the others; returns how many these are. */
static size_t answer(struct li_present *p, const struct li_manifest_chunk *const *chunks,
                     size_t *open, size_t count, bool *stored)
{
    size_t left = 0;

    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < count; i++) {
        enum li_presence presence = look(p, chunks[open[i]]->name);

        if (presence == LI_PRESENT_UNKNOWN)
            open[left++] = open[i];
        else
            stored[open[i]] = presence == LI_PRESENT_STORED;
    }
    pthread_mutex_unlock(&p->lock);
    return left;
}

static int ask_batch(struct li_present *p, const struct li_manifest_chunk *const *chunks,
                     const size_t *open, size_t count, bool *stored, struct li_error *err)
{
    struct li_key *key = calloc(count, sizeof(*key));
    const char *text[BATCH] = {NULL};
    bool there[BATCH] = {false};
    int rc;

    if (!key)
        return li_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        key[i] = li_key_chunk_in(p->root->id, chunks[open[i]]->name);
        text[i] = key[i].text;
    }
    rc = li_store_exists(li_repo_store(p->repo), text, count, LI_SEAL_MAX_SIZE, there, err);
    for (size_t i = 0; i < count && rc == 0; i++)
        stored[open[i]] = there[i];
    free(key);
    pthread_mutex_lock(&p->lock);
    p->ways.asked += rc == 0 ? count : 0;
    pthread_mutex_unlock(&p->lock);
    return rc;
}

int li_present_ask(struct li_present *p, const struct li_manifest_chunk *const *chunks,
                   size_t count, bool *stored, struct li_error *err)
{
    size_t *open = malloc((count + 1) * sizeof(*open));
    int rc = 0;

    if (!open)
        return li_fail_memory(err);
    for (size_t i = 0; i < count; i++)
        open[i] = i;
    count = answer(p, chunks, open, count, stored);
    if (count)
        rc = maybe_list(p, count, err);
    if (count && rc == 0)
        count = answer(p, chunks, open, count, stored);
    for (size_t at = 0, n; at < count && rc == 0; at += n) {
        n = count - at < BATCH ? count - at : BATCH;
        rc = ask_batch(p, chunks, open + at, n, stored, err);
    }
    free(open);
    return rc;
}
