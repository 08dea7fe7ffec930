/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listing of all manifests of a root takes one request for a thousand objects, and shows wraps,
 * too. So one image is listed by itself, and for more than one everything is listed.
 *
 * All is held at once, because a store lists in any order. A listing that goes on for ever ends at
 * a limit (D6o).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hex.h"
#include "repo/keys.h"
#include "repo/pointer.h"
#include "repo/roots.h"
#include "repo/wrap.h"
#include "wraps/internal.h"

enum { LISTED_MAX = 1 << 20 /* objects and wraps */ };

/* One object or wrap as it was listed. NAME is "" for the object itself, or a salt's wrap that has
 * no name. */
struct entry {
    enum li_wraps_kind kind;
    uint8_t root[LI_ID_SIZE];
    uint8_t id[LI_ID_SIZE];
    char name[LI_KMS_WRAP_NAME_MAX];
    bool broken; /* no wrap has this size */
};

struct listing {
    struct li_repo *repo;
    const struct li_wraps_selection *selection;
    enum li_wraps_kind kind; /* of what is being listed */
    const uint8_t *root;
    size_t prefix; /* bytes of a key before the ID */
    struct entry *entry;
    size_t count, cap;
    uint8_t (*wanted)[LI_ID_SIZE]; /* IDs of manifests, sorted */
    size_t wanted_count, wanted_cap;
    bool *named;           /* for each reference of the selection, whether it names something */
    struct li_roots roots; /* where manifests or salts are listed */
};

static int compare_ids(const void *one, const void *other)
{
    return memcmp(one, other, LI_ID_SIZE);
}

static int compare_entries(const void *x, const void *y)
{
    const struct entry *one = x, *other = y;
    int order = one->kind == other->kind ? 0 : one->kind < other->kind ? -1 : 1;

    if (order == 0)
        order = memcmp(one->root, other->root, LI_ID_SIZE);
    if (order == 0)
        order = memcmp(one->id, other->id, LI_ID_SIZE);
    return order ? order : strcmp(one->name, other->name);
}

/* ---- listing --------------------------------------------------------------------------------- */

/* "ID" or "ID.wraps/NAME"; false if lambdaimg would not make it. */
static bool parse_rest(const char *rest, struct entry *out)
{
    static const char infix[] = ".wraps/";
    char id[LI_HEX_ID_SIZE];

    if (strlen(rest) < LI_HEX_ID_SIZE - 1)
        return false;
    memcpy(id, rest, LI_HEX_ID_SIZE - 1);
    id[LI_HEX_ID_SIZE - 1] = '\0';
    if (li_hex_decode(id, out->id, LI_ID_SIZE) < 0)
        return false;
    rest += LI_HEX_ID_SIZE - 1;
    out->name[0] = '\0';
    if (!*rest)
        return true;
    if (strncmp(rest, infix, strlen(infix)) != 0 || !li_kms_is_name(rest + strlen(infix)))
        return false;
    strcpy(out->name, rest + strlen(infix));
    return true;
}

static bool is_wanted(const struct listing *l, const struct entry *entry)
{
    if (entry->kind != LI_WRAPS_MANIFEST || l->selection->all)
        return true;
    return l->wanted_count &&
           bsearch(entry->id, l->wanted, l->wanted_count, LI_ID_SIZE, compare_ids);
}

static int note(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct listing *l = arg;
    struct entry entry = {.kind = l->kind,
                          .broken = size <= LI_REPO_WRAP_LEAST || size > LI_REPO_WRAP_MAX};
    int rc;

    if (l->root)
        memcpy(entry.root, l->root, LI_ID_SIZE);
    if (!parse_rest(key + l->prefix, &entry) || !is_wanted(l, &entry))
        return 0;
    if (l->count == LISTED_MAX)
        return li_fail(err, LI_ELIMIT, "there are more than %d wraps", LISTED_MAX);
    rc = li_array_reserve(&l->entry, &l->cap, l->count + 1, sizeof(*l->entry), err);
    if (rc == 0)
        l->entry[l->count++] = entry;
    return rc;
}

static int list_prefix(struct listing *l, const char *prefix, size_t before_id,
                       struct li_error *err)
{
    l->prefix = before_id;
    return li_store_list(li_repo_store(l->repo), prefix, note, l, err);
}

static int list_root(struct listing *l, const uint8_t root[LI_ID_SIZE], struct li_error *err)
{
    struct li_key all = li_key_root(root, "manifests/"), one;

    l->kind = LI_WRAPS_MANIFEST;
    l->root = root;
    if (l->selection->all || l->wanted_count > 1)
        return list_prefix(l, all.text, strlen(all.text), err);
    one = li_key_root(root, li_key_wrap(l->wanted[0], "").text);
    return list_prefix(l, one.text, strlen(all.text), err);
}

/* The manifests and the salt of a root without a description would be passed over, and readers
 * still read them. */
static int load_roots(struct listing *l, struct li_error *err)
{
    int rc;

    if (!l->selection->all && !l->selection->salts && l->wanted_count == 0)
        return 0;
    rc = li_roots_load(li_repo_store(l->repo), NULL, &l->roots, err);
    return rc == 0 && l->roots.lost ? li_roots_lost(li_repo_store(l->repo), &l->roots, err) : rc;
}

static int list_manifests(struct listing *l, struct li_error *err)
{
    int rc = 0;

    if (!l->selection->all && l->wanted_count == 0)
        return 0;
    for (size_t i = 0; rc == 0 && i < l->roots.count; i++)
        if (li_root_is_of(&l->roots.root[i], li_repo_id(l->repo)))
            rc = list_root(l, l->roots.root[i].id, err);
    return rc;
}

static int list_salts(struct listing *l, struct li_error *err)
{
    l->kind = LI_WRAPS_SALT;
    l->root = NULL;
    return l->selection->salts ? list_prefix(l, "salts/", strlen("salts/"), err) : 0;
}

static int list_repository_keys(struct listing *l, struct li_error *err)
{
    l->kind = LI_WRAPS_REPOSITORY;
    l->root = NULL;
    return list_prefix(l, "keys/", strlen("keys/"), err);
}

/* ---- which manifests ------------------------------------------------------------------------- */

static int want(struct listing *l, const uint8_t id[LI_ID_SIZE], struct li_error *err)
{
    int rc = li_array_reserve(&l->wanted, &l->wanted_cap, l->wanted_count + 1, LI_ID_SIZE, err);

    if (rc == 0)
        memcpy(l->wanted[l->wanted_count++], id, LI_ID_SIZE);
    return rc;
}

/* A pointer is not proven, and a wrap for another key must not be made of the image that whoever
 * writes the store chooses. So whoever has a key opens the manifest, which says what it is. */
static int want_proven(struct listing *l, const struct li_reference *reference,
                       struct li_error *err)
{
    struct li_manifest manifest = {0};
    int rc = li_repo_manifest(l->repo, reference, &manifest, err);

    if (rc == 0)
        rc = want(l, manifest.id, err);
    li_manifest_free(&manifest);
    return rc;
}

static int want_reference(struct listing *l, const struct li_reference *reference,
                          struct li_error *err)
{
    struct li_store *store = li_repo_store(l->repo);
    struct li_buffer raw = {0};
    struct li_pointer pointer;
    int rc;

    if (li_repo_kms(l->repo))
        return want_proven(l, reference, err);
    if (reference->pinned)
        return want(l, reference->id, err);
    rc = li_pointer_read(store, li_key_image(reference).text, &pointer, &raw, err);
    if (rc == LI_ENOTFOUND)
        rc = li_fail(err, rc, "there is no image %s:%s in %s", reference->name, reference->tag,
                     store->address);
    if (rc == 0)
        rc = want(l, pointer.manifest, err);
    li_buffer_free(&raw);
    return rc;
}

static int want_tag(void *arg, const struct li_repo_image *image, struct li_error *err)
{
    struct listing *l = arg;
    const struct li_wraps_selection *selection = l->selection;

    for (size_t i = 0; i < selection->count; i++) {
        struct li_reference reference = selection->reference[i];

        if (!selection->whole[i] || strcmp(reference.name, image->name) != 0)
            continue;
        l->named[i] = true;
        snprintf(reference.tag, sizeof(reference.tag), "%s", image->tag);
        return li_repo_kms(l->repo) ? want_proven(l, &reference, err)
                                    : want(l, image->manifest, err);
    }
    return 0;
}

static int refuse_absent(const struct listing *l, const struct li_reference *reference,
                         struct li_error *err)
{
    char id[LI_HEX_ID_SIZE];

    if (!reference->pinned)
        return li_fail(err, LI_ENOTFOUND, "there is no image %s in %s", reference->name,
                       li_repo_store(l->repo)->address);
    li_hex_encode(reference->id, LI_ID_SIZE, id);
    return li_fail(err, LI_ENOTFOUND, "there is no image %s@%s in %s", reference->name, id,
                   li_repo_store(l->repo)->address);
}

static int want_selected(struct listing *l, struct li_error *err)
{
    const struct li_wraps_selection *selection = l->selection;
    bool some_whole = false;
    int rc = 0;

    l->named = calloc(selection->count + 1, sizeof(*l->named));
    if (!l->named)
        return li_fail_memory(err);
    for (size_t i = 0; rc == 0 && i < selection->count; i++) {
        some_whole = some_whole || selection->whole[i];
        if (!selection->whole[i])
            rc = want_reference(l, &selection->reference[i], err);
    }
    if (rc == 0 && some_whole)
        rc = li_repo_each_image(l->repo, want_tag, l, err);
    for (size_t i = 0; rc == 0 && i < selection->count; i++)
        if (selection->whole[i] && !l->named[i])
            rc = refuse_absent(l, &selection->reference[i], err);
    if (l->wanted_count)
        qsort(l->wanted, l->wanted_count, LI_ID_SIZE, compare_ids);
    return rc;
}

static bool is_listed(const struct listing *l, const uint8_t id[LI_ID_SIZE])
{
    for (size_t i = 0; i < l->count; i++)
        if (l->entry[i].kind == LI_WRAPS_MANIFEST && memcmp(l->entry[i].id, id, LI_ID_SIZE) == 0)
            return true;
    return false;
}

/* Without a key, nothing has shown that the manifest of a pin is there. */
static int check_pins(const struct listing *l, struct li_error *err)
{
    const struct li_wraps_selection *selection = l->selection;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < selection->count; i++)
        if (selection->reference[i].pinned && !is_listed(l, selection->reference[i].id))
            rc = refuse_absent(l, &selection->reference[i], err);
    return rc;
}

/* ---- objects of entries ---------------------------------------------------------------------- */

static bool is_same(const struct li_wraps_object *object, const struct entry *entry)
{
    return object->kind == entry->kind && memcmp(object->root, entry->root, LI_ID_SIZE) == 0 &&
           memcmp(object->id, entry->id, LI_ID_SIZE) == 0;
}

static void add_entry(struct li_wraps *out, const struct entry *entry)
{
    struct li_wraps_object *object = out->object + out->count - 1;

    if (out->count == 0 || !is_same(object, entry)) {
        object = &out->object[out->count++];
        *object = (struct li_wraps_object){.kind = entry->kind, .name = out->name_count};
        memcpy(object->root, entry->root, LI_ID_SIZE);
        memcpy(object->id, entry->id, LI_ID_SIZE);
    }
    if (*entry->name) {
        out->broken[out->name_count] = entry->broken;
        strcpy(out->name[out->name_count++], entry->name);
        object->names++;
    } else if (entry->kind == LI_WRAPS_SALT) {
        object->unnamed = true;
        object->unnamed_broken = entry->broken;
    }
}

static int make_objects(struct listing *l, struct li_wraps *out, struct li_error *err)
{
    struct li_wraps wraps = {.object = calloc(l->count + 1, sizeof(*wraps.object)),
                             .name = calloc(l->count + 1, sizeof(*wraps.name)),
                             .broken = calloc(l->count + 1, sizeof(*wraps.broken))};

    if (!wraps.object || !wraps.name || !wraps.broken) {
        li_wraps_free(&wraps);
        return li_fail_memory(err);
    }
    if (l->count)
        qsort(l->entry, l->count, sizeof(*l->entry), compare_entries);
    for (size_t i = 0; i < l->count; i++)
        add_entry(&wraps, &l->entry[i]);
    *out = wraps;
    return 0;
}

int li_wraps_list(struct li_repo *repo, const struct li_wraps_selection *selection,
                  struct li_wraps *out, struct li_error *err)
{
    struct listing l = {.repo = repo, .selection = selection};
    struct li_wraps wraps = {.count = 0};
    int rc = want_selected(&l, err);

    if (rc == 0)
        rc = load_roots(&l, err);
    if (rc == 0)
        rc = list_manifests(&l, err);
    if (rc == 0)
        rc = check_pins(&l, err);
    if (rc == 0)
        rc = list_salts(&l, err);
    if (rc == 0)
        rc = list_repository_keys(&l, err);
    if (rc == 0)
        rc = make_objects(&l, &wraps, err);
    if (rc == 0)
        rc = li_wraps_mark_strays(repo, &l.roots, &wraps, err);
    if (rc == 0)
        *out = wraps;
    else
        li_wraps_free(&wraps);
    li_roots_free(&l.roots);
    free(l.named);
    free(l.entry);
    free(l.wanted);
    return rc;
}

void li_wraps_free(struct li_wraps *wraps)
{
    free(wraps->object);
    free(wraps->name);
    free(wraps->broken);
    *wraps = (struct li_wraps){.count = 0};
}
