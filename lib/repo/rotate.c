/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new root with a new salt, so that whoever had the old salt learns nothing about what is pushed
 * from then on.
 *
 * Nothing that is stored is changed: the root before stays active, so nothing is removed from it
 * (D5c), and pushes that run end in it. It is made in the order of an init: the salt, the proof,
 * and last the description, before which the root counts for nothing. Two that are made at once
 * differ in their random IDs, and all agree on which of them is the newer.
 */
#include <string.h>

#include "repo/identity.h"
#include "repo/internal.h"
#include "repo/keys.h"
#include "repo/salt.h"
#include "repo/wrap.h"

static int check_room(struct li_repo *repo, const struct li_root *before, struct li_error *err)
{
    struct li_roots roots = {0};
    int rc = li_roots_now(repo, &roots, err);

    if (rc == 0 && (roots.count >= LI_REPO_ROTATED_MAX || before->generation == INT32_MAX))
        rc = li_fail(err, LI_ELIMIT,
                     "%s has %zu roots, and a reader may look for a chunk in each; make a new "
                     "repository with lambdaimg init, and push the images into it",
                     repo->store->address, roots.count);
    li_roots_free(&roots);
    return rc;
}

int li_root_rotate_check(struct li_repo *repo, struct li_root *before, struct li_error *err)
{
    struct li_repo_identity identity = {.there = false};
    int rc = li_repo_identity(repo, &identity, err);

    if (rc == 0 && !identity.there)
        rc = li_fail(err, LI_EINVALID,
                     "%s was made by an older version, and has no identity; the next push makes it",
                     repo->store->address);
    if (rc == 0)
        rc = li_root_active(repo, before, err);
    return rc == 0 ? check_room(repo, before, err) : rc;
}

static int plan_root(struct li_repo *repo, struct li_root *out, struct li_error *err)
{
    struct li_root before;
    int rc = li_root_rotate_check(repo, &before, err);

    if (rc < 0)
        return rc;
    *out = (struct li_root){.state = LI_ROOT_ACTIVE,
                            .generation = before.generation + 1,
                            .created = repo->env->now(),
                            .owned = true};
    memcpy(out->repository, repo->id, LI_ID_SIZE);
    return repo->env->random(out->id, LI_ID_SIZE, err);
}

/* A salt that nobody can unwrap would end all pushes. */
static int try_keys(struct li_repo *repo, const struct li_root *root, struct li_error *err)
{
    const struct li_kms_context context = li_wrap_context("salt", repo->id, root->id);
    struct li_kms *kms;
    int rc = 0;

    for (size_t i = 0; rc == 0 && (kms = li_kms_member(repo->kms, "salt", i)); i++) {
        rc = li_as_failure(li_kms_try(kms, &context, true, err), err);
        if (rc < 0)
            li_context(err, "the key %s cannot be used for a salt, and nothing was changed",
                       kms->name);
    }
    return rc;
}

/* Makes the salt, and reads it back as the first push will. */
static int make_salt(struct li_repo *repo, struct li_root *root, struct li_error *err)
{
    struct li_secret salt = {{0}};
    int rc = li_salt_create(repo->store, repo->kms, repo->env, repo->id, root->salt, err);

    if (rc == 0)
        rc = li_salt_open(repo, root->salt, &salt, err);
    li_secret_wipe(&salt);
    return rc;
}

static int write_proof(struct li_repo *repo, const struct li_root *root, struct li_error *err)
{
    struct li_repo_key key = {.id = {0}};
    int rc = li_identity_key(repo, &key, err);

    if (rc == 0)
        rc = li_proof_write(repo, &key, root, err);
    li_secret_wipe(&key.secret);
    return rc < 0 ? rc : li_store_flush(repo->store, err);
}

static int write_description(struct li_repo *repo, const struct li_root *root, struct li_error *err)
{
    struct li_buffer text = {0};
    int rc = li_root_encode(root, &text, err);

    if (rc == 0)
        rc = li_store_put_if_absent(repo->store, li_key_root(root->id, "root.json").text, text.data,
                                    text.len, err);
    if (rc == LI_END)
        rc = li_fail(err, LI_EEXISTS,
                     "a new random root ID is in use already; the source of randomness is broken");
    li_buffer_free(&text);
    return rc < 0 ? rc : li_store_flush(repo->store, err);
}

int li_root_rotate(struct li_repo *repo, struct li_root *out, struct li_error *err)
{
    struct li_root root;
    int rc = plan_root(repo, &root, err);

    if (rc == 0)
        rc = try_keys(repo, &root, err);
    if (rc == 0)
        rc = make_salt(repo, &root, err);
    if (rc == 0)
        rc = write_proof(repo, &root, err);
    if (rc == 0)
        rc = write_description(repo, &root, err);
    if (rc == 0)
        *out = root;
    return rc;
}
