/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots: the generations of a repository (D5).
 *
 * Roots are ordered by generation, then by creation time, then by ID, so that all agree on the
 * order even if two collectors made a successor at once or a clock was wrong. A push goes into the
 * newest active root. A reader looks in the root that a manifest names, and then in newer ones,
 * because live objects are copied forward and never back.
 *
 * The list of roots is kept (roots_kept.c). It is read again when something is found nowhere,
 * because a mount may outlive several generations.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hex.h"
#include "repo/internal.h"
#include "repo/keys.h"

bool li_root_is_of(const struct li_root *root, const uint8_t id[LI_ID_SIZE])
{
    return !root->owned || memcmp(root->repository, id, LI_ID_SIZE) == 0;
}

int li_root_read(struct li_store *store, const uint8_t id[LI_ID_SIZE], struct li_root *out,
                 bool *there, struct li_error *err)
{
    struct li_key key = li_key_root(id, "root.json");
    struct li_buffer text = {0};
    struct li_root root = {0};
    json_t *json = NULL;
    int rc;

    memcpy(root.id, id, LI_ID_SIZE);
    rc = li_store_get(store, key.text, LI_REPO_JSON_MAX, &text, err);
    *there = rc != LI_ENOTFOUND;
    if (rc == 0) {
        rc = li_json_parse(&text, &json, err);
        if (rc == 0)
            rc = li_root_from_json(json, &root, err);
        if (rc < 0)
            li_context(err, "%s/%s", store->address, key.text);
    }
    if (rc == 0)
        *out = root;
    json_decref(json);
    li_buffer_free(&text);
    return *there ? rc : 0;
}

int li_root_order(const struct li_root *x, const struct li_root *y)
{
    if (x->generation != y->generation)
        return x->generation < y->generation ? -1 : 1;
    if (x->created != y->created)
        return x->created < y->created ? -1 : 1;
    return memcmp(x->id, y->id, LI_ID_SIZE);
}

static int compare(const void *a, const void *b)
{
    return li_root_order(a, b);
}

/* Adds a root's ID. Other things beside the roots do not belong to this version. */
static int note_root(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct li_roots *roots = arg;
    const char *name = key + strlen("roots/");
    char hex[LI_HEX_ID_SIZE];
    uint8_t id[LI_ID_SIZE];
    int rc;

    (void)size;
    if (strlen(name) != LI_HEX_ID_SIZE || name[LI_HEX_ID_SIZE - 1] != '/')
        return 0;
    memcpy(hex, name, LI_HEX_ID_SIZE - 1);
    hex[LI_HEX_ID_SIZE - 1] = '\0';
    if (li_hex_decode(hex, id, LI_ID_SIZE) < 0)
        return 0;
    if (roots->count == LI_REPO_ROOTS_MAX)
        return li_fail(err, LI_ELIMIT, "the repository has more than %d roots", LI_REPO_ROOTS_MAX);
    rc = li_array_reserve(&roots->root, &roots->cap, roots->count + 1, sizeof(*roots->root), err);
    if (rc == 0)
        memcpy(roots->root[roots->count++].id, id, LI_ID_SIZE);
    return rc;
}

/* A proof is written before the description, and alone is nothing that could be lost. */
static int note_object(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    (void)size;
    if (strncmp(key + strlen("roots/") + LI_HEX_ID_SIZE, "proofs/", strlen("proofs/")) == 0)
        return 0;
    *(bool *)arg = true;
    return li_fail(err, LI_ECANCELLED, "one is enough");
}

/* Handles a root whose description was missing. If it is being made, or was removed, there is
 * nothing in it; or its description appeared a moment ago. Otherwise the description was lost. One
 * such root is enough to know, and a hostile store may have a thousand. */
static int look_into(struct li_store *store, const uint8_t id[LI_ID_SIZE], struct li_root *out,
                     bool *there, struct li_roots *roots, struct li_error *err)
{
    bool some = false;
    int rc =
        roots->lost ? 0 : li_store_list(store, li_key_root(id, "").text, note_object, &some, err);

    if (!some)
        return rc;
    rc = li_root_read(store, id, out, there, err);
    if (rc == 0 && !*there) {
        roots->lost = true;
        memcpy(roots->lost_id, id, LI_ID_SIZE);
    }
    return rc;
}

/* Takes the root ID from KNOWN, or reads it. */
static int find_root(struct li_store *store, const uint8_t id[LI_ID_SIZE],
                     const struct li_roots *known, struct li_root *out, bool *there,
                     struct li_error *err)
{
    size_t at = known ? li_roots_position(known, id) : 0;

    if (!known || at == known->count)
        return li_root_read(store, id, out, there, err);
    *out = known->root[at];
    *there = true;
    return 0;
}

static int read_roots(struct li_store *store, const struct li_roots *known, struct li_roots *roots,
                      struct li_error *err)
{
    size_t kept = 0;
    int rc = 0;

    for (size_t i = 0; i < roots->count && rc == 0; i++) {
        uint8_t id[LI_ID_SIZE];
        bool there = false;

        memcpy(id, roots->root[i].id, LI_ID_SIZE);
        rc = find_root(store, id, known, &roots->root[kept], &there, err);
        if (rc == 0 && !there)
            rc = look_into(store, id, &roots->root[kept], &there, roots, err);
        if (rc == 0 && there)
            kept++;
    }
    roots->count = kept;
    return rc;
}

int li_roots_load(struct li_store *store, const struct li_roots *known, struct li_roots *out,
                  struct li_error *err)
{
    struct li_roots roots = {0};
    int rc = li_store_list_shallow(store, "roots/", note_root, &roots, err);

    if (rc == 0)
        rc = read_roots(store, known, &roots, err);
    if (rc < 0) {
        li_roots_free(&roots);
        return rc;
    }
    if (roots.count)
        qsort(roots.root, roots.count, sizeof(*roots.root), compare);
    *out = roots;
    return 0;
}

void li_roots_free(struct li_roots *roots)
{
    free(roots->root);
    *roots = (struct li_roots){0};
}

size_t li_roots_position(const struct li_roots *roots, const uint8_t id[LI_ID_SIZE])
{
    size_t i = 0;

    while (i < roots->count && memcmp(roots->root[i].id, id, LI_ID_SIZE) != 0)
        i++;
    return i;
}

int li_roots_lost(const struct li_store *store, const struct li_roots *roots, struct li_error *err)
{
    return li_fail(err, LI_ECORRUPT,
                   "%s/%s is gone, though the root holds objects; restore it from a copy of the "
                   "repository",
                   store->address, li_key_root(roots->lost_id, "root.json").text);
}

int li_root_fetch_from(struct li_repo *repo, const uint8_t root[LI_ID_SIZE],
                       struct li_root_search *search, struct li_error *err)
{
    int rc = li_store_get(repo->store, li_key_root(root, search->rest).text, search->limit,
                          search->out, err);

    search->there = rc != LI_ENOTFOUND;
    if (search->there)
        memcpy(search->root, root, LI_ID_SIZE);
    return search->there ? rc : 0;
}

/* Looks into all roots newer than HINT, the newest first; if HINT is not one of them, into all. But
 * not into those of DONE: an object is copied forward before it is removed, so one that was missing
 * there, and in an older root before, is in none of them. */
static int fetch_newer(struct li_repo *repo, const struct li_roots *roots,
                       const struct li_roots *done, const uint8_t *hint,
                       struct li_root_search *search, struct li_error *err)
{
    size_t oldest = 0;
    int rc = 0;

    if (hint && li_roots_position(roots, hint) < roots->count)
        oldest = li_roots_position(roots, hint) + 1;
    for (size_t i = roots->count; i > oldest && rc == 0 && !search->there; i--)
        if (li_roots_position(done, roots->root[i - 1].id) == done->count)
            rc = li_root_fetch_from(repo, roots->root[i - 1].id, search, err);
    /* It may be in the root whose position in the order is not known. */
    if (rc == 0 && !search->there && roots->lost)
        rc = li_root_fetch_from(repo, roots->lost_id, search, err);
    return rc;
}

int li_root_fetch(struct li_repo *repo, const uint8_t *hint, struct li_root_search *search,
                  struct li_error *err)
{
    uint64_t began = li_roots_time(repo);
    struct li_roots known = {0}, now = {0};
    int rc = 0;

    search->there = false;
    if (hint)
        rc = li_root_fetch_from(repo, hint, search, err);
    if (rc < 0 || search->there)
        return rc;
    rc = li_roots_known(repo, &known, err);
    if (rc == 0)
        rc = fetch_newer(repo, &known, &now, hint, search, err);
    if (rc == 0 && !search->there)
        rc = li_roots_since(repo, began, &now, err);
    if (rc == 0 && !search->there)
        rc = fetch_newer(repo, &now, &known, hint, search, err);
    li_roots_free(&known);
    li_roots_free(&now);
    return rc;
}

/* A store that hides the description of BIRTH gets past this check, but gains nothing: the contents
 * of a manifest and its chunks are authenticated by a key and digests that the store does not have.
 * This check finds a manifest that was put back in its old place early, before a missing chunk
 * would show it. */
int li_root_follows(struct li_repo *repo, const uint8_t birth[LI_ID_SIZE],
                    const uint8_t root[LI_ID_SIZE], bool *follows, struct li_error *err)
{
    struct li_roots roots = {0};
    size_t at;
    int rc;

    if (memcmp(birth, root, LI_ID_SIZE) == 0) {
        *follows = true;
        return 0;
    }
    rc = li_roots_known(repo, &roots, err);
    if (rc < 0)
        return rc;
    at = li_roots_position(&roots, birth);
    *follows = at == roots.count || li_roots_position(&roots, root) > at;
    li_roots_free(&roots);
    return 0;
}
