/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A push (D5): chunks, then the manifest and the wrap of its key, then the pointer. Each is durable
 * before anything that points at it is written. If the push is killed in between, it leaves objects
 * that nothing points at.
 *
 * The collector retires a root without asking anyone. If a push finds, after its manifest is
 * stored, that its root is no longer active, it cannot know whether the collector saw the manifest.
 * So it starts again in the root that is active now. If the root is still active, the manifest was
 * seen, or will be: a collector lists manifests after it has written the new state.
 */
#include "push/push.h"

#include <string.h>

#include "push/internal.h"
#include "push/server.h"
#include "repo/identity.h"
#include "repo/salt.h"

/* How many roots may be retired during one push before it gives up. */
enum { MAX_ATTEMPTS = 3 };

/* The root was retired meanwhile. */
enum { PUSH_AGAIN = 2 };

static int flush(struct li_push *p, struct li_error *err)
{
    return p->options->dry_run ? 0 : li_store_flush(li_repo_store(p->repo), err);
}

static int check_root(struct li_push *p, struct li_error *err)
{
    bool accepts = false;
    int rc = li_root_accepts(p->repo, p->root.id, &accepts, err);

    return rc == 0 && !accepts ? PUSH_AGAIN : rc;
}

/* A repository that an older version made gets its identity, except in a dry run. All pushes pad as
 * the repository's policy says. */
static int follow_policy(struct li_push *p, struct li_error *err)
{
    struct li_repo_identity identity = {.there = false};
    bool made;
    int rc = p->options->dry_run ? 0 : li_identity_ensure(p->repo, NULL, &made, err);

    if (rc == 0)
        rc = li_repo_identity(p->repo, &identity, err);
    if (rc == 0)
        p->seal.pad = identity.policy.pad;
    return rc;
}

static int push_once(struct li_push *p, struct li_error *err)
{
    int rc;

    memset(&p->result, 0, sizeof(p->result));
    rc = li_root_active(p->repo, &p->root, err);
    if (rc == 0)
        rc = li_push_choose_key(p, err);
    if (rc == 0)
        rc = li_push_chunks(p, err);
    if (rc == 0 && p->options->confirm)
        rc = p->options->confirm(p->options->confirm_arg, err);
    if (rc == 0)
        rc = flush(p, err);
    if (rc == 0)
        rc = li_push_store_manifest(p, err);
    if (rc == 0)
        rc = flush(p, err);
    if (rc == 0)
        rc = check_root(p, err);
    if (rc == 0)
        rc = li_push_store_pointer(p, err);
    li_secret_free(p->key);
    p->key = NULL;
    li_push_chunks_free(p);
    return rc;
}

static int check_arguments(const struct li_push *p, struct li_error *err)
{
    int rc = li_repo_need_kms(p->repo, err);

    if (rc < 0)
        return rc;
    if (p->image->reference->pinned)
        return li_fail(err, LI_EINVALID, "an image is pushed to a tag, not to a manifest's ID");
    if (p->image->source->count > LI_CHUNK_MAX_COUNT)
        return li_fail(err, LI_ELIMIT, "the image has %llu chunks; at most %d are allowed",
                       (unsigned long long)p->image->source->count, LI_CHUNK_MAX_COUNT);
    if (p->image->about->size != p->image->source->count * LI_CHUNK_SIZE)
        return li_fail(err, LI_EINVALID, "an image of %llu bytes cannot have %llu chunks",
                       (unsigned long long)p->image->about->size,
                       (unsigned long long)p->image->source->count);
    return 0;
}

int li_push_memo(struct li_repo *repo, const char *dir, const char *made_by, struct li_memo **out,
                 struct li_error *err)
{
    struct li_secret salt = {{0}};
    struct li_root root;
    int rc = li_repo_need_kms(repo, err);

    if (rc == 0)
        rc = li_root_active(repo, &root, err);
    if (rc == 0)
        rc = li_salt_open(repo, root.salt, &salt, err);
    if (rc == 0)
        rc = li_memo_open(dir, &salt, made_by, li_repo_env(repo), out, err);
    if (rc == 0)
        li_salt_keep(repo, root.salt, &salt);
    li_secret_wipe(&salt);
    return rc;
}

int li_push_image(struct li_repo *repo, const struct li_push_image *image,
                  const struct li_push_options *options, struct li_push_result *result,
                  struct li_error *err)
{
    struct li_push p = {.repo = repo, .image = image, .options = options, .seal = options->seal};
    struct li_server_known known = {.lacks = 0};
    struct li_error ignored = LI_ERROR_INIT;
    int rc = check_arguments(&p, err);

    pthread_mutex_init(&p.gate, NULL);
    if (rc == 0 && !options->dry_run)
        rc = li_server_recall(repo, options->memo, &known, err);
    if (rc == 0)
        rc = follow_policy(&p, err);
    if (rc == 0)
        rc = PUSH_AGAIN;
    for (int i = 0; i < MAX_ATTEMPTS && rc == PUSH_AGAIN; i++)
        rc = push_once(&p, err);
    pthread_mutex_destroy(&p.gate);
    if (rc == PUSH_AGAIN)
        rc = li_fail(err, LI_ECHANGED, "%s: its roots were retired %d times during the push",
                     li_repo_store(repo)->address, MAX_ATTEMPTS);
    /* If this cannot be kept, it costs the next push some requests. The findings of a failed push
     * are true as well. */
    if (!options->dry_run)
        (void)li_server_keep(repo, options->memo, &known, &ignored);
    if (rc == 0)
        *result = p.result;
    return rc;
}
