/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and opening a repository.
 *
 * A repository is made in three steps, each of which may be the last of a process that dies:
 * lambdaimg.json, which takes the place; a salt; and the first root, which makes it usable. Nobody
 * but the first to write lambdaimg.json chooses the repository's id, and the first root's id
 * follows from that, so of those who race, or finish what another began, exactly one makes the
 * root. A salt without a root is one that nothing was ever named by.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "repo/internal.h"

static const char description_key[] = "lambdaimg.json";

static int read_description(struct li_store *store, uint8_t id[LI_ID_SIZE], struct li_error *err)
{
    struct li_buffer text = {0};
    json_t *json = NULL;
    int rc;

    rc = li_store_get(store, description_key, LI_REPO_JSON_MAX, &text, err);
    if (rc < 0)
        goto out;
    rc = li_json_parse(&text, &json, err);
    if (rc == 0)
        rc = li_json_id(json, "repository", id, err);
    if (rc < 0)
        li_context(err, "%s/%s", store->address, description_key);
out:
    json_decref(json);
    li_buffer_free(&text);
    return rc;
}

static int write_description(struct li_store *store, const struct li_env *env,
                             uint8_t id[LI_ID_SIZE], struct li_error *err)
{
    struct li_buffer text = {0};
    char hex[LI_HEX_ID_SIZE];
    int rc;

    rc = env->random(id, LI_ID_SIZE, err);
    if (rc < 0)
        return rc;
    li_hex_encode(id, LI_ID_SIZE, hex);
    rc = li_json_encode(json_pack("{s:i, s:s}", "format", LI_REPO_FORMAT, "repository", hex), &text,
                        err);
    if (rc == 0)
        rc = li_store_put_if_absent(store, description_key, text.data, text.len, err);
    li_buffer_free(&text);
    return rc;
}

static int refuse_other(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    (void)size;
    *(bool *)arg = true;
    return li_fail(err, LI_EINVALID, "it is not empty, and no repository: it holds %s", key);
}

/* The repository's id, from its description, or from a new one. The listing may see what another
 * has just made and not the description, so a refusal is looked into once more. */
static int claim(struct li_store *store, const struct li_env *env, uint8_t id[LI_ID_SIZE],
                 struct li_error *err)
{
    struct li_error again = LI_ERROR_INIT;
    bool other = false;
    int rc = read_description(store, id, err), second;

    if (rc != LI_ENOTFOUND)
        return rc;
    rc = li_store_list_shallow(store, "", refuse_other, &other, err);
    if (rc == 0)
        rc = write_description(store, env, id, err);
    if (rc != LI_END && !other)
        return rc;
    second = read_description(store, id, &again);
    if (second < 0 && (rc == LI_END || second != LI_ENOTFOUND)) {
        *err = again;
        return li_as_failure(second, err);
    }
    return second < 0 ? rc : 0;
}

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

static int make_first_root(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                           const uint8_t repository[LI_ID_SIZE], struct li_error *err)
{
    struct li_root root = {.state = LI_ROOT_ACTIVE, .generation = 1, .created = env->now()};
    struct li_error ignored = LI_ERROR_INIT;
    struct li_buffer text = {0};
    int rc;

    rc = li_salt_create(store, kms, env, repository, root.salt, err);
    if (rc == 0)
        rc = first_root_id(repository, root.id, err);
    if (rc == 0)
        rc = li_root_encode(&root, &text, err);
    if (rc == 0)
        rc = li_store_flush(store, err);
    if (rc == 0)
        rc = li_store_put_if_absent(store, li_key_root(root.id, "root.json").text, text.data,
                                    text.len, err);
    if (rc == 0)
        rc = li_store_flush(store, err);
    if (rc == LI_END)
        (void)li_store_remove(store, li_key_salt(root.salt).text, &ignored);
    li_buffer_free(&text);
    return rc;
}

int li_repo_create(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                   struct li_error *err)
{
    struct li_roots roots = {0};
    uint8_t id[LI_ID_SIZE];
    int rc;

    rc = claim(store, env, id, err);
    if (rc == 0)
        rc = li_roots_load(store, &roots, err);
    if (rc == 0 && roots.count == 0 && roots.lost)
        rc = li_roots_lost(store, &roots, err);
    if (rc == 0)
        rc = roots.count > 0 ? LI_END : make_first_root(store, kms, env, id, err);
    if (rc == LI_END)
        rc = li_fail(err, LI_EEXISTS, "%s: there is a repository already", store->address);
    li_roots_free(&roots);
    return rc;
}

int li_repo_open(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                 struct li_repo **out, struct li_error *err)
{
    struct li_repo *repo = calloc(1, sizeof(*repo));
    int rc;

    if (!repo)
        return li_fail_memory(err);
    repo->store = store;
    repo->kms = kms;
    repo->env = env;
    pthread_mutex_init(&repo->lock, NULL);
    rc = read_description(store, repo->id, err);
    if (rc == LI_ENOTFOUND)
        li_fail(err, rc, "%s is no repository; run: lambdaimg init %s", store->address,
                store->address);
    if (rc < 0)
        li_repo_free(repo);
    else
        *out = repo;
    return rc;
}

void li_repo_free(struct li_repo *repo)
{
    if (!repo)
        return;
    li_roots_free(&repo->roots);
    pthread_mutex_destroy(&repo->lock);
    free(repo);
}

const uint8_t *li_repo_id(const struct li_repo *repo)
{
    return repo->id;
}

int li_repo_need_kms(const struct li_repo *repo, struct li_error *err)
{
    return repo->kms ? 0 : li_fail(err, LI_EINVALID, "a key is needed for this");
}
