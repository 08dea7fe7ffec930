/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What manifests say about a root's chunks. Most pushes bring little that is new, so the manifest
 * that the tag points at now names most of their chunks, for two requests. Only a manifest in the
 * same root counts: the chunks it names were durable in that root before it was (I4).
 */
#include <string.h>

#include "push/lookup_internal.h"
#include "repo/keys.h"
#include "repo/pointer.h"

enum { NEIGHBOURS = 2 /* other tags to read */ };

/* The table of names is in the clear, so no key is needed. Whoever could forge it could as well
 * delete the chunks that it names. */
static int take_names(struct li_lookup *l, const uint8_t id[LI_ID_SIZE],
                      const struct li_buffer *manifest, struct li_error *err)
{
    struct li_manifest_clear clear;
    const uint8_t *entry;
    int rc = li_manifest_table(manifest->data, manifest->len, &clear, &entry, err);

    if (rc < 0 || memcmp(clear.id, id, LI_ID_SIZE) != 0)
        return 0;
    for (uint32_t i = 0; i < clear.chunk_count && rc == 0; i++, entry += LI_MANIFEST_ENTRY_SIZE)
        rc = li_name_list_add(&l->manifest, entry + 4, err);
    return rc;
}

/* Only a manifest in the same root shows what is in that root. A missing or unreadable one shows
 * nothing. */
static int read_manifest(struct li_lookup *l, const char *pointer_key, struct li_error *err)
{
    struct li_buffer raw = {0}, manifest = {0};
    struct li_pointer pointer;
    int rc = li_pointer_read(l->store, pointer_key, &pointer, &raw, err);

    if (rc == 0)
        rc = li_store_get(
            l->store, li_key_root(l->scope.root->id, li_key_manifest(pointer.manifest).text).text,
            LI_STORE_OBJECT_MAX, &manifest, err);
    if (rc == 0)
        rc = take_names(l, pointer.manifest, &manifest, err);
    li_buffer_free(&raw);
    li_buffer_free(&manifest);
    if (rc < 0 && rc != LI_ENOMEM && rc != LI_ENETWORK && rc != LI_ECANCELLED) {
        li_error_clear(err);
        rc = 0;
    }
    return rc;
}

/* The tags of one name just before and just after another, in the order of versions. */
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
    return ++n->seen < LI_LOOKUP_PAGE ? 0 : li_fail(err, LI_LISTING_STOPPED, "a page is enough");
}

static int read_neighbours(struct li_lookup *l, struct li_error *err)
{
    struct neighbours n = {.key = li_key_image(l->scope.reference)};
    struct li_key prefix = n.key;
    int rc;

    strrchr(prefix.text, '/')[1] = '\0';
    rc = li_store_list(l->store, prefix.text, note_tag, &n, err);
    if (rc == LI_LISTING_STOPPED && n.seen == LI_LOOKUP_PAGE) {
        li_error_clear(err);
        rc = 0;
    }
    for (size_t i = 0; i < NEIGHBOURS && rc == 0; i++)
        if (*n.near[i].text)
            rc = read_manifest(l, n.near[i].text, err);
    return rc;
}

int li_lookup_read_manifests(struct li_lookup *l, struct li_error *err)
{
    int rc = read_manifest(l, li_key_image(l->scope.reference).text, err);

    if (rc == 0 && l->manifest.count == 0)
        rc = read_neighbours(l, err);
    li_name_list_sort(&l->manifest);
    return rc;
}
