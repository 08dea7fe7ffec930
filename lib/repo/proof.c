/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs of roots, and which root accepts pushes.
 *
 * Anybody who writes to the store can write a root.json. So a push goes only into a root with a
 * proof, and takes its salt and its place in the order from the proof. Of the two states the more
 * advanced one counts: a collector without the key can retire a root in root.json, and a root that
 * was retired when its proof was made stays so. Roots without a proof are passed over, so that a
 * forged one stops nobody.
 *
 * In a repository without an identity, roots are what they say they are.
 */
#include <string.h>

#include "base/hex.h"
#include "repo/identity.h"
#include "repo/internal.h"
#include "repo/keys.h"

static const char label[] = "lambdaimg root";

int li_proof_write(struct li_repo *repo, const struct li_repo_key *key, const struct li_root *root,
                   struct li_error *err)
{
    struct li_key at = li_key_proof(root->id, key->id);
    struct li_root owned = *root;
    struct li_buffer object = {0};
    char id[LI_HEX_ID_SIZE];
    json_t *json;
    int rc;

    owned.owned = true;
    memcpy(owned.repository, repo->id, LI_ID_SIZE);
    li_hex_encode(root->id, LI_ID_SIZE, id);
    json = li_root_to_json(&owned);
    if (json && json_object_set_new(json, "root", json_string(id)) != 0) {
        json_decref(json);
        json = NULL;
    }
    rc = li_authentic_encode(key, label, json, &object, err);
    if (rc == 0)
        rc = li_store_put_if_absent(repo->store, at.text, object.data, object.len, err);
    if (rc == LI_END)
        rc = li_fail(err, LI_EEXISTS, "%s/%s: it is there already", repo->store->address, at.text);
    li_buffer_free(&object);
    return rc;
}

static int parse(const struct li_repo *repo, const json_t *json, struct li_root *root,
                 struct li_error *err)
{
    uint8_t id[LI_ID_SIZE];
    int rc = li_root_from_json(json, root, err);

    if (rc == 0)
        rc = li_json_id(json, "root", id, err);
    if (rc == 0 && (memcmp(id, root->id, LI_ID_SIZE) != 0 || !root->owned ||
                    memcmp(root->repository, repo->id, LI_ID_SIZE) != 0))
        rc = li_fail(err, LI_ECORRUPT, "it belongs to another root or repository");
    return rc;
}

int li_proof_read(struct li_repo *repo, const struct li_repo_key *key, const uint8_t id[LI_ID_SIZE],
                  struct li_root *out, bool *there, struct li_error *err)
{
    struct li_key at = li_key_proof(id, key->id);
    struct li_root root = {.owned = false};
    struct li_buffer object = {0};
    json_t *json = NULL;
    int rc = li_store_get(repo->store, at.text, LI_AUTHENTIC_MAX, &object, err);

    memcpy(root.id, id, LI_ID_SIZE);
    *there = rc != LI_ENOTFOUND;
    if (rc == 0) {
        rc = li_authentic_decode(key, label, &object, &json, err);
        if (rc == 0)
            rc = parse(repo, json, &root, err);
        if (rc < 0)
            li_context(err, "%s/%s", repo->store->address, at.text);
    }
    if (rc == 0)
        *out = root;
    json_decref(json);
    li_buffer_free(&object);
    return *there ? rc : 0;
}

/* ---- which root accepts pushes --------------------------------------------------------------- */

/* What is used to look at roots. */
struct looking {
    struct li_repo *repo;
    bool proven; /* the repository has an identity, and this is its key: */
    struct li_repo_key key;
    struct li_error why; /* why a root was passed over; its code is 0 if none was */
};

static int look(struct li_repo *repo, struct looking *out, struct li_error *err)
{
    struct li_repo_identity identity = {.there = false};
    int rc = li_repo_identity(repo, &identity, err);

    *out = (struct looking){.repo = repo, .why = LI_ERROR_INIT};
    out->proven = rc == 0 && identity.there;
    return out->proven ? li_identity_key(repo, &out->key, err) : rc;
}

/* Turns ROOT, which says that it is active, into what it is. *ACTIVE is false if it proves nothing,
 * or is not active. A proof that could not be read says nothing about the root. */
static int prove(struct looking *l, struct li_root *root, bool *active, struct li_error *err)
{
    struct li_root proven = {.state = LI_ROOT_EXPIRED};
    bool there = false;
    int rc;

    *active = true;
    if (!l->proven)
        return 0;
    rc = li_proof_read(l->repo, &l->key, root->id, &proven, &there, err);
    *active = rc == 0 && there && proven.state == LI_ROOT_ACTIVE;
    if (*active)
        *root = proven;
    if (rc == 0 && !there)
        li_fail(&l->why, LI_ECORRUPT, "%s/%s is gone", l->repo->store->address,
                li_key_proof(root->id, l->key.id).text);
    if (rc == LI_ECORRUPT || rc == LI_ELIMIT || rc == LI_EUNSUPPORTED) {
        l->why = *err;
        li_error_clear(err);
        return 0;
    }
    return rc;
}

static int none_active(const struct looking *l, const struct li_roots *roots, struct li_error *err)
{
    const char *address = l->repo->store->address;

    if (l->why.code < 0) {
        *err = l->why;
        err->code = LI_ECORRUPT;
        return li_context(err,
                          "%s: no active root proves that it belongs to the repository; "
                          "restore what is wrong from a copy of the repository",
                          address);
    }
    if (roots->lost)
        return li_roots_lost(l->repo->store, roots, err);
    return roots->count
               ? li_fail(err, LI_EINVALID, "%s: no root of the repository is active", address)
               : li_fail(err, LI_EINVALID,
                         "%s: the repository was not completely made; run again: lambdaimg init %s",
                         address, address);
}

/* The newest, by what they prove. */
static int choose(struct looking *l, const struct li_roots *roots, struct li_root *out,
                  struct li_error *err)
{
    bool found = false, active;
    int rc = 0;

    for (size_t i = 0; i < roots->count && rc == 0; i++) {
        struct li_root root = roots->root[i];

        if (root.state != LI_ROOT_ACTIVE)
            continue;
        rc = prove(l, &root, &active, err);
        if (rc == 0 && active && (!found || li_root_order(&root, out) > 0)) {
            *out = root;
            found = true;
        }
    }
    return rc == 0 && !found ? none_active(l, roots, err) : rc;
}

int li_root_active(struct li_repo *repo, struct li_root *out, struct li_error *err)
{
    struct li_roots roots = {0};
    struct looking looking;
    struct li_root root;
    int rc = look(repo, &looking, err);

    if (rc == 0)
        rc = li_roots_now(repo, &roots, err);
    if (rc == 0)
        rc = choose(&looking, &roots, &root, err);
    if (rc == 0)
        *out = root;
    li_secret_wipe(&looking.key.secret);
    li_roots_free(&roots);
    return rc;
}

int li_root_accepts(struct li_repo *repo, const uint8_t id[LI_ID_SIZE], bool *accepts,
                    struct li_error *err)
{
    struct looking looking;
    struct li_root root;
    bool there = false;
    int rc = look(repo, &looking, err);

    *accepts = false;
    if (rc == 0)
        rc = li_root_read(repo->store, id, &root, &there, err);
    if (rc == 0 && there && root.state == LI_ROOT_ACTIVE)
        rc = prove(&looking, &root, accepts, err);
    li_secret_wipe(&looking.key.secret);
    return rc;
}
