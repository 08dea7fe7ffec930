/* SPDX-License-Identifier: Apache-2.0 */
/* Listings of whole roots, for who wants to know what a repository has and who has no key. */
#include "repo/objects.h"

#include <string.h>

#include "repo/internal.h"
#include "repo/keys.h"

struct listing {
    struct li_repo_object object; /* its root is set */
    size_t prefix;                /* bytes of a key before the part below the root */
    li_repo_visit_object *visit;
    void *arg;
};

static int note(void *arg, const struct li_store_object *stored, struct li_error *err)
{
    struct listing *l = arg;
    struct li_repo_object *object = &l->object;
    const char *rest = stored->key + l->prefix;

    object->kind = li_key_chunk_name(rest, object->name)    ? LI_REPO_CHUNK
                   : li_key_manifest_id(rest, object->name) ? LI_REPO_MANIFEST
                                                            : LI_REPO_OTHER;
    object->size = stored->size;
    object->modified = stored->modified;
    return l->visit(l->arg, object, err);
}

int li_repo_each_object(struct li_repo *repo, li_repo_visit_object *visit, void *arg,
                        struct li_error *err)
{
    struct listing l = {.visit = visit, .arg = arg};
    struct li_roots roots = {0};
    int rc = li_roots_now(repo, &roots, err);

    if (rc == 0 && roots.lost)
        rc = li_roots_lost(repo->store, &roots, err);
    for (size_t i = 0; i < roots.count && rc == 0; i++) {
        struct li_key prefix = li_key_root(roots.root[i].id, "");

        l.object.root = i;
        memcpy(l.object.root_id, roots.root[i].id, LI_ID_SIZE);
        l.prefix = strlen(prefix.text);
        rc = li_store_list_objects(repo->store, prefix.text, note, &l, err);
    }
    li_roots_free(&roots);
    return rc;
}

int li_repo_manifest_table(struct li_repo *repo, const struct li_repo_object *manifest,
                           struct li_buffer *raw, struct li_manifest_clear *clear,
                           const uint8_t **entries, struct li_error *err)
{
    struct li_key rest = li_key_manifest(manifest->name);
    struct li_key key = li_key_root(manifest->root_id, rest.text);
    int rc = li_store_get_range(repo->store, key.text, 0, li_manifest_table_end(manifest->size),
                                raw, err);

    if (rc == 0) {
        rc = li_manifest_table(raw->data, raw->len, clear, entries, err);
        if (rc == 0 && memcmp(clear->id, manifest->name, LI_ID_SIZE) != 0)
            rc = li_fail(err, LI_ECORRUPT, "another manifest is stored in its place");
        if (rc < 0)
            li_context(err, "%s/%s", repo->store->address, key.text);
    }
    return li_as_failure(rc, err);
}
