/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a repository. */
#include <stdlib.h>
#include <string.h>

#include "repo/internal.h"
#include "repo/keys.h"

int li_description_read(struct li_store *store, uint8_t id[LI_ID_SIZE], struct li_error *err)
{
    struct li_buffer text = {0};
    json_t *json = NULL;
    int rc;

    rc = li_store_get(store, li_key_description, LI_REPO_JSON_MAX, &text, err);
    if (rc < 0)
        goto out;
    rc = li_json_parse(&text, &json, err);
    if (rc == 0)
        rc = li_json_id(json, "repository", id, err);
    if (rc < 0)
        li_context(err, "%s/%s", store->address, li_key_description);
out:
    json_decref(json);
    li_buffer_free(&text);
    return rc;
}

int li_repo_new(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                const uint8_t id[LI_ID_SIZE], struct li_repo **out, struct li_error *err)
{
    struct li_repo *repo = calloc(1, sizeof(*repo));

    if (!repo)
        return li_fail_memory(err);
    repo->store = store;
    repo->kms = kms;
    repo->env = env;
    memcpy(repo->id, id, LI_ID_SIZE);
    li_roots_init(&repo->roots);
    li_identity_init(&repo->identity);
    li_salt_init(&repo->salt);
    *out = repo;
    return 0;
}

int li_repo_open(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                 struct li_repo **out, struct li_error *err)
{
    uint8_t id[LI_ID_SIZE];
    int rc = li_description_read(store, id, err);

    if (rc == LI_ENOTFOUND)
        li_fail(err, rc, "%s is not a repository; run: lambdaimg init %s", store->address,
                store->address);
    return rc < 0 ? rc : li_repo_new(store, kms, env, id, out, err);
}

int li_repo_adopt(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                  const uint8_t id[LI_ID_SIZE], struct li_repo **out, struct li_error *err)
{
    return li_repo_new(store, kms, env, id, out, err);
}

int li_repo_fork(struct li_repo *repo, struct li_repo **out, struct li_error *err)
{
    struct li_repo *fork = NULL;
    int rc = li_repo_new(repo->store, repo->kms, repo->env, repo->id, &fork, err);

    if (rc < 0)
        return rc;
    rc = li_store_fork(repo->store, &fork->fork, err);
    if (fork->fork)
        fork->store = fork->fork;
    if (rc < 0)
        li_repo_free(fork);
    else
        *out = fork;
    return rc;
}

void li_repo_cancel(struct li_repo *fork)
{
    if (fork)
        li_store_cancel(fork->fork);
}

void li_repo_free(struct li_repo *repo)
{
    if (!repo)
        return;
    li_roots_destroy(&repo->roots);
    li_identity_destroy(&repo->identity);
    li_salt_destroy(&repo->salt);
    li_store_free(repo->fork);
    free(repo);
}

struct li_store *li_repo_store(const struct li_repo *repo)
{
    return repo->store;
}

struct li_kms *li_repo_kms(const struct li_repo *repo)
{
    return repo->kms;
}

const struct li_env *li_repo_env(const struct li_repo *repo)
{
    return repo->env;
}

const uint8_t *li_repo_id(const struct li_repo *repo)
{
    return repo->id;
}

void li_repo_forget_kms(struct li_repo *repo)
{
    repo->kms = NULL;
    li_identity_forget_key(&repo->identity);
    li_salt_forget(&repo->salt);
}

int li_repo_need_kms(const struct li_repo *repo, struct li_error *err)
{
    return repo->kms ? 0 : li_fail(err, LI_EINVALID, "a key is needed for this");
}
