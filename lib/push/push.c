/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A push (D5): chunks, then the manifest and the wrap of its key, then the pointer, each made
 * durable before what points at it is written. Whatever kills it in between leaves objects that
 * nothing points at.
 *
 * To a server the wrap goes before all else that is stored, because it is small: with the first
 * small object the store finds out which conditions count. With chunks that would be half a MiB
 * sent in vain, by each of 32 writers.
 *
 * The collector retires a root without asking anyone. A push that finds, after its manifest is
 * stored, that its root is active no more, cannot know whether the collector saw the manifest; it
 * redoes itself into the root that is active now. One that still finds it active was seen, or will
 * be: a collector lists manifests after it has written the new state.
 */
#include "push/push.h"

#include <stdio.h>
#include <string.h>

#include "push/chunks.h"
#include "push/server.h"
#include "repo/keys.h"
#include "repo/pointer.h"
#include "repo/roots.h"
#include "repo/salt.h"
#include "repo/wrap.h"

/* Roots that may be retired under one push before it gives up. */
enum { MAX_ATTEMPTS = 3 };

/* The root was retired meanwhile. */
enum { PUSH_AGAIN = 2 };

struct push {
    struct li_repo *repo;
    const struct li_push_image *image;
    const struct li_push_options *options;
    struct li_root root;
    struct li_push_chunks chunks;
    struct li_secret key; /* the manifest's */
    bool wrapped;         /* the wrap of it is stored */
    struct li_push_result result;
};

/* Stores an object of this push's manifest, or only counts it. */
static int put_metadata(struct push *p, struct li_store *store, const char *rest,
                        const struct li_buffer *object, struct li_error *err)
{
    int rc = 0;

    if (!p->options->dry_run)
        rc = li_store_put_if_absent(store, li_key_root(p->root.id, rest).text, object->data,
                                    object->len, err);
    if (rc == LI_END)
        rc = li_fail(err, LI_EEXISTS, "a random manifest id that is taken; randomness is broken");
    if (rc == 0)
        p->result.metadata += object->len;
    return rc;
}

/* What the manifest borrows from p->image->about and p->chunks stays theirs. */
static int encode_manifest(struct push *p, struct li_buffer *out, struct li_error *err)
{
    char reference[LI_REFERENCE_NAME_MAX + LI_REFERENCE_TAG_MAX + 2];
    struct li_manifest manifest = *p->image->about;
    uint8_t nonce[LI_GCM_NONCE_SIZE];
    int rc = li_repo_env(p->repo)->random(nonce, sizeof(nonce), err);

    if (rc < 0)
        return rc;
    snprintf(reference, sizeof(reference), "%s:%s", p->image->reference->name,
             p->image->reference->tag);
    memcpy(manifest.id, p->result.manifest, LI_ID_SIZE);
    memcpy(manifest.root, p->root.id, LI_ID_SIZE);
    manifest.reference = reference;
    manifest.created = li_repo_env(p->repo)->now();
    manifest.chunks = p->chunks.chunk;
    manifest.chunk_count = p->chunks.count;
    return li_manifest_encode(&manifest, &p->key, nonce, out, err);
}

static int choose_key(struct push *p, struct li_error *err)
{
    int rc = li_repo_env(p->repo)->random(p->result.manifest, LI_ID_SIZE, err);

    p->wrapped = false;
    return rc < 0 ? rc : li_repo_env(p->repo)->random(p->key.bytes, sizeof(p->key.bytes), err);
}

/* May come from a writer of chunks, as the first that one of them stores. */
static int store_wrap(void *arg, struct li_store *store, struct li_error *err)
{
    struct push *p = arg;
    struct li_kms *kms = li_repo_kms(p->repo);
    struct li_kms_context context =
        li_wrap_context("manifest", li_repo_id(p->repo), p->result.manifest);
    struct li_buffer wrap = {0};
    int rc = li_wrap_make(kms, &context, &p->key, &wrap, err);

    if (rc == 0)
        rc = put_metadata(p, store, li_key_wrap(p->result.manifest, kms->name).text, &wrap, err);
    p->wrapped = rc == 0;
    li_buffer_free(&wrap);
    return rc;
}

static int store_manifest(struct push *p, struct li_error *err)
{
    struct li_buffer manifest = {0};
    int rc = p->wrapped ? 0 : store_wrap(p, li_repo_store(p->repo), err);

    if (rc == 0)
        rc = encode_manifest(p, &manifest, err);
    if (rc == 0)
        rc = put_metadata(p, li_repo_store(p->repo), li_key_manifest(p->result.manifest).text,
                          &manifest, err);
    li_buffer_free(&manifest);
    return rc;
}

static int store_pointer(struct push *p, struct li_error *err)
{
    struct li_buffer text = {0};
    struct li_pointer pointer;
    int rc;

    memcpy(pointer.manifest, p->result.manifest, LI_ID_SIZE);
    memcpy(pointer.root, p->root.id, LI_ID_SIZE);
    rc = li_pointer_encode(&pointer, &text, err);
    if (rc == 0)
        p->result.metadata += text.len;
    li_buffer_free(&text);
    if (rc == 0 && !p->options->dry_run)
        rc = li_pointer_write(li_repo_store(p->repo), li_key_image(p->image->reference).text,
                              &pointer, err);
    return rc;
}

static int flush(struct push *p, struct li_error *err)
{
    return p->options->dry_run ? 0 : li_store_flush(li_repo_store(p->repo), err);
}

static int check_root(struct push *p, struct li_error *err)
{
    struct li_root now;
    bool there = false;
    int rc = li_root_read(li_repo_store(p->repo), p->root.id, &now, &there, err);

    if (rc == 0 && (!there || now.state != LI_ROOT_ACTIVE))
        return PUSH_AGAIN;
    return rc;
}

static int push_once(struct push *p, struct li_error *err)
{
    int rc;

    memset(&p->result, 0, sizeof(p->result));
    p->chunks = (struct li_push_chunks){.first = li_repo_store(p->repo)->remote ? store_wrap : NULL,
                                        .first_arg = p};
    rc = li_root_active(p->repo, &p->root, err);
    if (rc == 0)
        rc = choose_key(p, err);
    if (rc == 0)
        rc = li_push_store_chunks(p->repo, &p->root, p->image, p->options, &p->chunks, &p->result,
                                  err);
    if (rc == 0 && p->options->confirm)
        rc = p->options->confirm(p->options->confirm_arg, err);
    if (rc == 0)
        rc = flush(p, err);
    if (rc == 0)
        rc = store_manifest(p, err);
    if (rc == 0)
        rc = flush(p, err);
    if (rc == 0)
        rc = check_root(p, err);
    if (rc == 0)
        rc = store_pointer(p, err);
    li_secret_wipe(&p->key);
    li_push_chunks_free(&p->chunks);
    return rc;
}

static int check_arguments(const struct push *p, struct li_error *err)
{
    int rc = li_repo_need_kms(p->repo, err);

    if (rc < 0)
        return rc;
    if (p->image->reference->pinned)
        return li_fail(err, LI_EINVALID, "an image is pushed to a tag, not to a manifest's id");
    if (p->image->source->count > LI_CHUNK_MAX_COUNT)
        return li_fail(err, LI_ELIMIT, "an image of %llu chunks; %d is the most",
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
    li_secret_wipe(&salt);
    return rc;
}

int li_push_image(struct li_repo *repo, const struct li_push_image *image,
                  const struct li_push_options *options, struct li_push_result *result,
                  struct li_error *err)
{
    struct push p = {.repo = repo, .image = image, .options = options};
    struct li_server_known known = {.lacks = 0};
    struct li_error ignored = LI_ERROR_INIT;
    int rc = check_arguments(&p, err);

    if (rc == 0 && !options->dry_run)
        rc = li_server_recall(repo, options->memo, &known, err);
    if (rc == 0)
        rc = PUSH_AGAIN;
    for (int i = 0; i < MAX_ATTEMPTS && rc == PUSH_AGAIN; i++)
        rc = push_once(&p, err);
    if (rc == PUSH_AGAIN)
        rc = li_fail(err, LI_ECHANGED, "%s: its roots were retired %d times during the push",
                     li_repo_store(repo)->address, MAX_ATTEMPTS);
    /* What cannot be kept costs the next push some requests. What a push that failed has found out
     * is true as well. */
    if (!options->dry_run)
        (void)li_server_keep(repo, options->memo, &known, &ignored);
    if (rc == 0)
        *result = p.result;
    return rc;
}
