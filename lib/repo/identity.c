/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity of a repository.
 *
 * It is made in this order, each step durable before the next: a new key, wrapped; a proof for each
 * root; the identity. A process that dies before the last step leaves objects under a key that no
 * identity names, and they count for nothing. So does the work of whoever comes second.
 *
 * It is read once for each handle, because it never changes.
 */
#include "repo/identity.h"

#include <string.h>

#include "base/hex.h"
#include "repo/internal.h"
#include "repo/keys.h"
#include "repo/salt.h"
#include "repo/wrapped.h"

static const char label[] = "lambdaimg identity";

/* ---- reading --------------------------------------------------------------------------------- */

static int unwrap(struct li_repo *repo, struct li_repo_key *key, struct li_error *err)
{
    struct li_wrapped wrapped = li_wrapped_repository(key->id);

    return li_wrapped_open(repo, &wrapped, &key->secret, err);
}

static int check_policy(const struct li_repo_policy *policy, struct li_error *err)
{
    return policy->pad <= LI_SEAL_PAD_MAX
               ? 0
               : li_fail(err, LI_EINVALID,
                         "chunks can be padded to a multiple of at most %d, not %u",
                         LI_SEAL_PAD_MAX, policy->pad);
}

static int parse(const struct li_repo *repo, const json_t *json, struct li_repo_policy *policy,
                 struct li_error *err)
{
    const json_t *pad = json_object_get(json, "pad");
    uint8_t id[LI_ID_SIZE];
    int rc = li_json_id(json, "repository", id, err);

    if (rc < 0)
        return rc;
    if (memcmp(id, repo->id, LI_ID_SIZE) != 0)
        return li_fail(err, LI_ECORRUPT, "it belongs to another repository");
    if (!json_is_integer(pad) || json_integer_value(pad) < 0 ||
        json_integer_value(pad) > LI_SEAL_PAD_MAX)
        return li_fail(err, LI_ECORRUPT, "\"pad\" is not a number from 0 to %d", LI_SEAL_PAD_MAX);
    policy->pad = (uint32_t)json_integer_value(pad);
    return 0;
}

/* Fetches the identity, and opens its key into KEY. */
static int fetch(struct li_repo *repo, struct li_repo_key *key, struct li_repo_identity *out,
                 struct li_error *err)
{
    struct li_key at = li_key_identity(repo->id);
    struct li_buffer object = {0};
    json_t *json = NULL;
    int rc = li_store_get(repo->store, at.text, LI_AUTHENTIC_MAX, &object, err);

    out->there = rc != LI_ENOTFOUND;
    if (rc < 0)
        goto out;
    rc = li_authentic_key(&object, key->id, err);
    if (rc == 0)
        rc = unwrap(repo, key, err);
    if (rc == 0)
        rc = li_authentic_decode(key, label, &object, &json, err);
    if (rc == 0)
        rc = parse(repo, json, &out->policy, err);
    memcpy(out->key, key->id, LI_ID_SIZE);
    if (rc < 0)
        li_context(err, "%s/%s", repo->store->address, at.text);
out:
    json_decref(json);
    li_buffer_free(&object);
    /* That something in it is missing or too long is no answer to whether there is one. */
    if (out->there && (rc == LI_ENOTFOUND || rc == LI_ELIMIT))
        rc = err->code = LI_ECORRUPT;
    return out->there ? rc : 0;
}

/* The lock is held, also while the store and the KMS are asked: whoever waits needs the answer. */
static int need(struct li_repo *repo, struct li_error *err)
{
    struct li_identity_kept *kept = &repo->identity;
    struct li_repo_identity found = {.there = false};
    int rc;

    if (kept->asked)
        return 0;
    rc = li_repo_need_kms(repo, err);
    if (rc < 0)
        return rc;
    kept->key = li_secret_alloc(sizeof(*kept->key));
    rc = kept->key ? fetch(repo, kept->key, &found, err) : li_fail_memory(err);
    if (rc < 0 || !found.there) {
        li_secret_free(kept->key);
        kept->key = NULL;
    }
    if (rc < 0)
        return li_context(err, "cannot check the repository's identity");
    kept->identity = found;
    kept->asked = true;
    return 0;
}

int li_repo_identity(struct li_repo *repo, struct li_repo_identity *out, struct li_error *err)
{
    int rc;

    pthread_mutex_lock(&repo->identity.lock);
    rc = need(repo, err);
    if (rc == 0)
        *out = repo->identity.identity;
    pthread_mutex_unlock(&repo->identity.lock);
    return rc;
}

int li_identity_key(struct li_repo *repo, struct li_repo_key *out, struct li_error *err)
{
    int rc;

    pthread_mutex_lock(&repo->identity.lock);
    rc = need(repo, err);
    if (rc == 0 && !repo->identity.key)
        rc = li_fail(err, LI_EINVALID, "the repository's key is needed for this");
    if (rc == 0)
        *out = *repo->identity.key;
    pthread_mutex_unlock(&repo->identity.lock);
    return rc;
}

/* ---- keeping --------------------------------------------------------------------------------- */

void li_identity_init(struct li_identity_kept *kept)
{
    pthread_mutex_init(&kept->lock, NULL);
}

void li_identity_forget_key(struct li_identity_kept *kept)
{
    li_secret_free(kept->key);
    kept->key = NULL;
}

void li_identity_destroy(struct li_identity_kept *kept)
{
    li_identity_forget_key(kept);
    pthread_mutex_destroy(&kept->lock);
}

/* It may be another than was read before. */
static int read_again(struct li_repo *repo, struct li_error *err)
{
    struct li_repo_identity found = {.there = false};
    int rc;

    pthread_mutex_lock(&repo->identity.lock);
    li_identity_forget_key(&repo->identity);
    repo->identity.asked = false;
    pthread_mutex_unlock(&repo->identity.lock);
    rc = li_repo_identity(repo, &found, err);
    if (rc == 0 && !found.there)
        rc = li_fail(err, LI_ECORRUPT, "%s/%s was made, and is gone", repo->store->address,
                     li_key_identity(repo->id).text);
    return rc;
}

/* ---- making ---------------------------------------------------------------------------------- */

static int new_key(struct li_repo *repo, struct li_repo_key *out, struct li_error *err)
{
    int rc = repo->env->random(out->id, LI_ID_SIZE, err);

    return rc < 0 ? rc : repo->env->random(out->secret.bytes, sizeof(out->secret.bytes), err);
}

static int store_wraps(struct li_repo *repo, const struct li_repo_key *key, struct li_error *err)
{
    struct li_wrapped wrapped = li_wrapped_repository(key->id);
    const struct li_wrapping wrapping = {repo->kms, repo->id, &wrapped, li_wrapped_put,
                                         repo->store};

    return li_wrapped_make(&wrapping, &key->secret, err);
}

/* LI_END if there is one already. */
static int store_identity(struct li_repo *repo, const struct li_repo_key *key,
                          const struct li_repo_policy *policy, struct li_error *err)
{
    char id[LI_HEX_ID_SIZE];
    struct li_buffer object = {0};
    int rc;

    li_hex_encode(repo->id, LI_ID_SIZE, id);
    rc = li_authentic_encode(key, label,
                             json_pack("{s:i, s:I, s:s}", "format", LI_REPO_FORMAT, "pad",
                                       (json_int_t)policy->pad, "repository", id),
                             &object, err);
    if (rc == 0)
        rc = li_store_put_if_absent(repo->store, li_key_identity(repo->id).text, object.data,
                                    object.len, err);
    li_buffer_free(&object);
    return rc;
}

/* A server may have written the identity and say that another was there; then all is left. */
static void remove_useless(struct li_repo *repo, const struct li_repo_key *key,
                           const struct li_root *roots, size_t count)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_kms *kms;

    if (repo->store->remote)
        return;
    for (size_t i = 0; i < count; i++)
        (void)li_store_remove(repo->store, li_key_proof(roots[i].id, key->id).text, &ignored);
    for (size_t i = 0; (kms = li_kms_member(repo->kms, "repository", i)); i++)
        (void)li_store_remove(repo->store, li_key_repository_key(key->id, kms->name).text,
                              &ignored);
}

int li_identity_make(struct li_repo *repo, const struct li_repo_policy *policy,
                     const struct li_root *roots, size_t count, struct li_error *err)
{
    struct li_repo_key key = {.id = {0}};
    int rc = li_repo_need_kms(repo, err);

    if (rc == 0)
        rc = check_policy(policy, err);
    if (rc == 0)
        rc = new_key(repo, &key, err);
    if (rc == 0)
        rc = store_wraps(repo, &key, err);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = li_proof_write(repo, &key, &roots[i], err);
    if (rc == 0)
        rc = li_store_flush(repo->store, err);
    if (rc == 0)
        rc = store_identity(repo, &key, policy, err);
    if (rc == LI_END)
        remove_useless(repo, &key, roots, count);
    li_secret_wipe(&key.secret);
    if (rc >= 0)
        rc = li_store_flush(repo->store, err);
    return rc == 0 ? read_again(repo, err) : rc;
}

/* Whoever cannot open the salt must not choose for whom the repository's key is wrapped. */
static int may_make(struct li_repo *repo, struct li_error *err)
{
    struct li_secret salt = {{0}};
    struct li_root root;
    int rc = li_root_active(repo, &root, err);

    if (rc == 0)
        rc = li_salt_open(repo, root.salt, &salt, err);
    li_secret_wipe(&salt);
    return rc;
}

int li_identity_ensure(struct li_repo *repo, const struct li_repo_policy *policy, bool *made,
                       struct li_error *err)
{
    static const struct li_repo_policy none = {.pad = 0};
    struct li_repo_identity found = {.there = false};
    struct li_roots roots = {0};
    int rc = li_repo_identity(repo, &found, err);

    *made = false;
    if (rc < 0 || found.there)
        return rc;
    rc = may_make(repo, err);
    if (rc == 0)
        rc = li_roots_now(repo, &roots, err);
    if (rc == 0 && !roots.lost) {
        rc = li_identity_make(repo, policy ? policy : &none, roots.root, roots.count, err);
        if (rc < 0)
            li_context(err, "cannot make the repository's identity");
        *made = rc == 0;
    }
    li_roots_free(&roots);
    return rc;
}
