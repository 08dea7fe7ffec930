/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupted commands leave salts that no root has, and keys that no identity names, which nobody
 * needs, and perhaps nobody opens. They must not keep an operator from changing keys. But root.json
 * and identity prove nothing without a key: whoever writes the store can make what is in use look
 * like a leftover. So leftovers are changed like all others, and only their failures are forgiven,
 * and shown.
 */
#include <stdlib.h>
#include <string.h>

#include "repo/identity.h"
#include "wraps/internal.h"

struct used {
    struct li_root *root; /* as root.json describes each, and then as its proof does */
    size_t count;
    uint8_t key[LI_ID_SIZE];
    bool has_key;
};

static bool is_used(const struct used *used, const struct li_wraps_object *object)
{
    if (object->kind == LI_WRAPS_MANIFEST)
        return true;
    if (object->kind == LI_WRAPS_REPOSITORY)
        return used->has_key && memcmp(used->key, object->id, LI_ID_SIZE) == 0;
    for (size_t i = 0; i < used->count; i++)
        if (memcmp(used->root[i].salt, object->id, LI_ID_SIZE) == 0)
            return true;
    return false;
}

/* The ID of the key that the identity names, where nobody can find out whether that is true. */
static int read_key(struct li_repo *repo, struct used *used, struct li_error *err)
{
    struct li_store *store = li_repo_store(repo);
    struct li_key at = li_key_identity(li_repo_id(repo));
    struct li_buffer object = {0};
    int rc = li_store_get(store, at.text, LI_AUTHENTIC_MAX, &object, err);

    used->has_key = rc != LI_ENOTFOUND;
    if (rc == 0)
        rc = li_authentic_key(&object, used->key, err);
    if (used->has_key && rc < 0)
        li_context(err, "%s/%s", store->address, at.text);
    li_buffer_free(&object);
    return used->has_key ? li_as_failure(rc, err) : 0;
}

/* Adds the root ID as its proof describes it. A root whose proof proves nothing takes no push. */
static int add_proven(struct li_repo *repo, const struct li_repo_key *key,
                      const uint8_t id[LI_ID_SIZE], struct used *used, struct li_error *err)
{
    bool there = false;
    int rc = li_proof_read(repo, key, id, &used->root[used->count], &there, err);

    if (rc == 0 && there)
        used->count++;
    if (rc == LI_ECORRUPT || rc == LI_ELIMIT || rc == LI_EUNSUPPORTED) {
        li_error_clear(err);
        rc = 0;
    }
    return rc;
}

static int add_proofs(struct li_repo *repo, struct used *used, struct li_error *err)
{
    struct li_repo_identity identity = {.there = false};
    struct li_repo_key key = {.id = {0}};
    size_t roots = used->count;
    int rc = li_repo_identity(repo, &identity, err);

    used->has_key = identity.there;
    memcpy(used->key, identity.key, LI_ID_SIZE);
    if (rc == 0 && identity.there && roots)
        rc = li_identity_key(repo, &key, err);
    for (size_t i = 0; rc == 0 && identity.there && i < roots; i++)
        rc = add_proven(repo, &key, used->root[i].id, used, err);
    li_secret_wipe(&key.secret);
    return rc;
}

int li_wraps_mark_strays(struct li_repo *repo, const struct li_roots *roots, struct li_wraps *wraps,
                         struct li_error *err)
{
    struct used used = {.root = calloc(2 * roots->count + 1, sizeof(*used.root))};
    int rc;

    if (!used.root)
        return li_fail_memory(err);
    for (size_t i = 0; i < roots->count; i++)
        if (li_root_is_of(&roots->root[i], li_repo_id(repo)))
            used.root[used.count++] = roots->root[i];
    rc = li_repo_kms(repo) ? add_proofs(repo, &used, err) : read_key(repo, &used, err);
    for (size_t i = 0; rc == 0 && i < wraps->count; i++)
        wraps->object[i].stray = !is_used(&used, &wraps->object[i]);
    free(used.root);
    return rc;
}
