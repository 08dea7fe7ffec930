/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository is made in these steps: its description (lambdaimg.json), which claims the address;
 * a salt; its identity (identity.h), with a proof of the first root; and that root, which makes the
 * repository usable. A process may die after each of them, and the next one continues from there.
 * The first to write the description chooses the repository's ID, from which that of the first root
 * is derived. The first to write the identity chooses the padding and the salt. So exactly one
 * process makes the root, however many race, or finish what another began. No chunk was ever named
 * with a salt that no root refers to.
 *
 * Some stores cannot refuse a second write. There two processes may each choose an ID, and the
 * description of one may replace that of the other at any time, even long after the other is done.
 * But each root says which repository it belongs to, and this decides: the address belongs to the
 * description's repository if that has a root, else to the oldest root's repository, whose
 * description is then written again. Each process checks this before it makes a root and after. One
 * that has lost removes its own root, into which nothing was pushed. If a root.json is gone but its
 * objects are still there, it may have been the description's, so nothing is made, and no
 * description is replaced.
 *
 * A gap remains: a description that is still being written at the last check. Its writer finds that
 * at its own next check and repairs it; if the writer dies before, the next lambdaimg init does.
 */
#include <string.h>

#include "base/hex.h"
#include "repo/identity.h"
#include "repo/internal.h"
#include "repo/keys.h"
#include "repo/salt.h"

enum { ROUNDS = 8 /* attempts before it gives up because of others */ };

struct making {
    struct li_store *store;
    struct li_kms *kms;
    const struct li_env *env;
    const struct li_repo_policy *policy; /* NULL: the default */
    uint8_t id[LI_ID_SIZE]; /* the ID of the repository that has the address, as last seen */
    bool restored;          /* its description was written again */
    bool made;              /* a root, of this one: */
    struct li_root root;
};

/* ---- the description ------------------------------------------------------------------------- */

static int encode_description(const uint8_t id[LI_ID_SIZE], struct li_buffer *out,
                              struct li_error *err)
{
    char hex[LI_HEX_ID_SIZE];

    li_hex_encode(id, LI_ID_SIZE, hex);
    return li_json_encode(json_pack("{s:i, s:s}", "format", LI_REPO_FORMAT, "repository", hex), out,
                          err);
}

static int write_description(struct making *m, struct li_error *err)
{
    struct li_buffer text = {0};
    int rc = m->env->random(m->id, LI_ID_SIZE, err);

    if (rc == 0)
        rc = encode_description(m->id, &text, err);
    if (rc == 0)
        rc = li_store_put_if_absent(m->store, li_key_description, text.data, text.len, err);
    li_buffer_free(&text);
    return rc;
}

/* Writes the description of ROOT's repository over that of another. LI_ECHANGED if that is gone. */
static int restore_description(struct making *m, const struct li_root *root, struct li_error *err)
{
    struct li_buffer old = {0}, text = {0};
    int rc = li_store_get(m->store, li_key_description, LI_REPO_JSON_MAX, &old, err);

    if (rc == 0)
        rc = encode_description(root->repository, &text, err);
    if (rc == 0)
        rc = li_store_replace_if(m->store, li_key_description, &old, text.data, text.len, err);
    if (rc == 0)
        m->restored = true;
    li_buffer_free(&old);
    li_buffer_free(&text);
    return rc;
}

static int refuse_other(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    (void)size;
    *(bool *)arg = true;
    return li_fail(err, LI_EINVALID, "it is not empty, and it is not a repository: it holds %s",
                   key);
}

/* The repository's ID, from its description, or a new one. The listing may show objects that
 * another process has just made, but not yet the description, so a refusal is checked once more. */
static int claim(struct making *m, struct li_error *err)
{
    struct li_error again = LI_ERROR_INIT;
    bool other = false;
    int rc = li_description_read(m->store, m->id, err), second;

    if (rc != LI_ENOTFOUND)
        return rc;
    rc = li_store_list_shallow(m->store, "", refuse_other, &other, err);
    if (rc == 0)
        rc = write_description(m, err);
    if (rc != LI_END && !other)
        return rc;
    second = li_description_read(m->store, m->id, &again);
    if (second < 0 && (rc == LI_END || second != LI_ENOTFOUND)) {
        *err = again;
        return li_as_failure(second, err);
    }
    return second < 0 ? rc : 0;
}

/* ---- the first root -------------------------------------------------------------------------- */

static int first_root_id(const uint8_t repository[LI_ID_SIZE], uint8_t root[LI_ID_SIZE],
                         struct li_error *err)
{
    static const char label[] = "lambdaimg first root";
    uint8_t input[sizeof(label) - 1 + LI_ID_SIZE];
    uint8_t digest[LI_DIGEST_SIZE];
    int rc;

    memcpy(input, label, sizeof(label) - 1);
    memcpy(input + sizeof(label) - 1, repository, LI_ID_SIZE);
    rc = li_sha256(input, sizeof(input), digest, err);
    if (rc == 0)
        memcpy(root, digest, LI_ID_SIZE);
    return rc;
}

/* A salt that another process's was preferred to is useless. It is left where the store may have
 * let more than one succeed, because without its salt nobody can push to a root. */
static void drop_salt(struct making *m, const uint8_t salt[LI_ID_SIZE], const struct li_root *root)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (!m->store->remote && memcmp(salt, root->salt, LI_ID_SIZE) != 0)
        (void)li_salt_discard(m->store, m->kms, salt, &ignored);
}

/* Makes the identity, with a proof of the first root as this process would make it. */
static int make_identity(struct making *m, struct li_repo *repo, struct li_root *root,
                         struct li_error *err)
{
    static const struct li_repo_policy usual = {.pad = LI_REPO_PAD};
    int rc = li_salt_create(m->store, m->kms, m->env, m->id, root->salt, err);

    root->state = LI_ROOT_ACTIVE;
    root->generation = 1;
    root->created = m->env->now();
    return rc < 0 ? rc : li_identity_make(repo, m->policy ? m->policy : &usual, root, 1, err);
}

/* The first root, as the identity proves it, whoever made that. */
static int plan_root(struct making *m, struct li_repo *repo, struct li_root *root,
                     struct li_error *err)
{
    struct li_repo_identity identity = {.there = false};
    struct li_repo_key key = {.id = {0}};
    uint8_t salt[LI_ID_SIZE];
    bool there = false;
    int rc = first_root_id(m->id, root->id, err);

    if (rc == 0)
        rc = li_repo_identity(repo, &identity, err);
    if (rc == 0 && !identity.there)
        rc = make_identity(m, repo, root, err);
    memcpy(salt, root->salt, LI_ID_SIZE);
    if (rc == 0)
        rc = li_identity_key(repo, &key, err);
    if (rc == 0)
        rc = li_proof_read(repo, &key, root->id, root, &there, err);
    if (rc == 0 && !there)
        rc = li_fail(err, LI_ECORRUPT, "%s/%s is gone; restore it from a copy of the repository",
                     m->store->address, li_key_proof(root->id, key.id).text);
    if (rc == 0 && !identity.there)
        drop_salt(m, salt, root);
    li_secret_wipe(&key.secret);
    return rc;
}

/* Of several processes that make the same root one succeeds, and all write the same. */
static int make_root(struct making *m, struct li_error *err)
{
    struct li_root root = {.owned = true};
    struct li_buffer text = {0};
    struct li_repo *repo = NULL;
    int rc = li_repo_new(m->store, m->kms, m->env, m->id, &repo, err);

    if (rc == 0)
        rc = plan_root(m, repo, &root, err);
    if (rc == 0)
        rc = li_root_encode(&root, &text, err);
    if (rc == 0)
        rc = li_store_flush(m->store, err);
    if (rc == 0)
        rc = li_store_put_if_absent(m->store, li_key_root(root.id, "root.json").text, text.data,
                                    text.len, err);
    m->made = rc == 0;
    if (rc == 0)
        rc = li_store_flush(m->store, err);
    li_repo_free(repo);
    li_buffer_free(&text);
    m->root = root;
    return rc == LI_END ? 0 : rc;
}

/* Removes the root that was made for a repository that has lost the address. */
static int withdraw(struct making *m, struct li_error *err)
{
    int rc = li_store_remove(m->store, li_key_root(m->root.id, "root.json").text, err);

    m->made = false;
    return rc < 0 ? rc : 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool has_own(const struct li_roots *roots, const uint8_t id[LI_ID_SIZE])
{
    for (size_t i = 0; i < roots->count; i++)
        if (li_root_is_of(&roots->root[i], id))
            return true;
    return false;
}

/* One look, and the action that follows. 0: there is a repository; LI_ECHANGED: look again. */
static int settle_once(struct making *m, struct li_error *err)
{
    struct li_roots roots = {0};
    int rc = li_as_failure(li_description_read(m->store, m->id, err), err);

    if (rc == 0)
        rc = li_roots_load(m->store, NULL, &roots, err);
    if (rc == 0 && roots.lost && !has_own(&roots, m->id))
        rc = li_roots_lost(m->store, &roots, err);
    if (rc == 0 && m->made && memcmp(m->root.repository, m->id, LI_ID_SIZE) != 0 &&
        has_own(&roots, m->id))
        rc = withdraw(m, err);
    else if (rc == 0 && roots.count == 0)
        rc = make_root(m, err);
    else if (rc == 0 && !has_own(&roots, m->id))
        rc = restore_description(m, &roots.root[0], err);
    else
        goto out;
    if (rc == 0)
        rc = li_fail(err, LI_ECHANGED,
                     "%s: other processes keep making a repository there; try again",
                     m->store->address);
out:
    li_roots_free(&roots);
    return rc;
}

static int settle(struct making *m, struct li_error *err)
{
    int rc = LI_ECHANGED;

    for (int i = 0; i < ROUNDS && rc == LI_ECHANGED; i++)
        rc = settle_once(m, err);
    return rc;
}

/* Whoever writes the store may exchange the repository meanwhile, even for one of the same key. */
static int check_id(const struct making *m, const struct li_repo *repo, struct li_error *err)
{
    if (memcmp(repo->id, m->root.repository, LI_ID_SIZE) == 0)
        return 0;
    return li_fail(err, LI_EDENIED, "%s: another repository has been put in its place",
                   m->store->address);
}

/* Reads it back as the first push will. */
static int read_back(const struct making *m, struct li_repo **out, struct li_error *err)
{
    struct li_secret salt = {{0}};
    struct li_repo *repo = NULL;
    struct li_root root;
    int rc = li_repo_open(m->store, m->kms, m->env, &repo, err);

    if (rc == 0)
        rc = check_id(m, repo, err);
    if (rc == 0)
        rc = li_root_active(repo, &root, err);
    if (rc == 0)
        rc = li_salt_open(repo, root.salt, &salt, err);
    li_secret_wipe(&salt);
    if (rc == 0 && out) {
        *out = repo;
        repo = NULL;
    }
    li_repo_free(repo);
    return rc < 0 ? li_context(err, "the repository was made, but cannot be read back") : 0;
}

/* No manifest is read back. */
static int try_keys(struct li_kms *kms, const struct li_kms_context *context, struct li_error *err)
{
    bool read_back = strcmp(context->purpose, "manifest") != 0;
    struct li_kms *member;
    int rc = 0;

    for (size_t i = 0; rc == 0 && (member = li_kms_member(kms, context->purpose, i)); i++)
        rc = li_kms_try(member, context, read_back, err);
    return rc;
}

int li_repo_try_kms(struct li_kms *kms, const struct li_env *env, struct li_error *err)
{
    static const char *const purpose[] = {"salt", "repository", "manifest"};
    struct li_kms_context context = {.purpose = NULL};
    int rc = env->random(context.repository, LI_ID_SIZE, err);

    if (rc == 0)
        rc = env->random(context.object, LI_ID_SIZE, err);
    for (size_t i = 0; i < sizeof(purpose) / sizeof(purpose[0]) && rc == 0; i++) {
        context.purpose = purpose[i];
        rc = try_keys(kms, &context, err);
    }
    return rc;
}

static int refuse(const struct making *m, struct li_error *err)
{
    return li_fail(err, LI_EEXISTS, "%s: there is a repository already%s", m->store->address,
                   m->restored ? "; another lambdaimg init had overwritten its description, which "
                                 "has been restored"
                               : "");
}

int li_repo_create(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                   const struct li_repo_policy *policy, struct li_repo **out, struct li_error *err)
{
    struct making m = {.store = store, .kms = kms, .env = env, .policy = policy};
    int rc = claim(&m, err);

    if (rc == 0)
        rc = settle(&m, err);
    /* An ID that is in use says nothing about the repository (D15). */
    if (rc < 0)
        return rc == LI_EEXISTS ? li_as_failure(rc, err) : rc;
    return m.made ? read_back(&m, out, err) : refuse(&m, err);
}
