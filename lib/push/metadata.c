/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects that make an image of chunks: the wrap of the manifest's key, the manifest and the
 * pointer.
 *
 * To a server the wrap is sent before all other objects, because it is small: with the first small
 * object the store finds out which conditions the server honours. With chunks, each of 32 writers
 * would send half a MiB in vain.
 */
#include <stdio.h>
#include <string.h>

#include "push/internal.h"
#include "repo/keys.h"
#include "repo/pointer.h"
#include "repo/wrapped.h"

/* Stores an object of this push's manifest in STORE, or only counts it. LI_END if there is one. */
static int put_metadata(struct li_push *p, struct li_store *store, const struct li_key *at,
                        const struct li_buffer *object, struct li_error *err)
{
    int rc = 0;

    if (!p->options->dry_run)
        rc = li_store_put_if_absent(store, at->text, object->data, object->len, err);
    if (rc == 0)
        p->result.metadata += object->len;
    return rc;
}

/* The manifest borrows from p->image->about and p->chunk, which still own it. */
static int encode_manifest(struct li_push *p, struct li_buffer *out, struct li_error *err)
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
    manifest.chunks = p->chunk;
    manifest.chunk_count = p->chunk_count;
    return li_manifest_encode(&manifest, p->key, nonce, out, err);
}

int li_push_choose_key(struct li_push *p, struct li_error *err)
{
    int rc = li_repo_env(p->repo)->random(p->result.manifest, LI_ID_SIZE, err);

    p->wrapped = false;
    p->key = li_secret_alloc(sizeof(*p->key));
    if (rc == 0 && !p->key)
        rc = li_fail_memory(err);
    return rc < 0 ? rc : li_repo_env(p->repo)->random(p->key->bytes, sizeof(p->key->bytes), err);
}

/* Where wraps of a push go. */
struct destination {
    struct li_push *push;
    struct li_store *store;
};

static int put_wrap(void *arg, const struct li_key *at, const struct li_buffer *object,
                    struct li_error *err)
{
    const struct destination *to = arg;

    return put_metadata(to->push, to->store, at, object, err);
}

/* Runs once; the gate is held, or there is only one thread. */
static int store_wraps(struct li_push *p, struct li_store *store, struct li_error *err)
{
    struct li_wrapped wrapped = li_wrapped_manifest(p->root.id, p->result.manifest);
    struct destination to = {p, store};
    const struct li_wrapping wrapping = {li_repo_kms(p->repo), li_repo_id(p->repo), &wrapped,
                                         put_wrap, &to};
    int rc = p->wrapped ? 0 : li_wrapped_make(&wrapping, p->key, err);

    p->wrapped = rc == 0;
    return rc;
}

/* The other threads wait meanwhile: an image that must not be kept leaves no object behind whose
 * data was not checked. Readers continue, so a push that brings nothing new never waits here. The
 * object's bytes were read before, so this asks about what they were read from. */
int li_push_may_store(struct li_push *p, struct li_store *store, struct li_error *err)
{
    int rc = 0;

    pthread_mutex_lock(&p->gate);
    if (p->options->confirm)
        rc = p->options->confirm(p->options->confirm_arg, err);
    if (rc == 0 && store->remote)
        rc = store_wraps(p, store, err);
    pthread_mutex_unlock(&p->gate);
    return rc;
}

int li_push_store_manifest(struct li_push *p, struct li_error *err)
{
    struct li_key at = li_key_root(p->root.id, li_key_manifest(p->result.manifest).text);
    struct li_buffer manifest = {0};
    int rc = store_wraps(p, li_repo_store(p->repo), err);

    if (rc == 0)
        rc = encode_manifest(p, &manifest, err);
    if (rc == 0)
        rc = put_metadata(p, li_repo_store(p->repo), &at, &manifest, err);
    if (rc == LI_END)
        rc = li_fail(
            err, LI_EEXISTS,
            "a new random manifest ID is in use already; the source of randomness is broken");
    li_buffer_free(&manifest);
    return rc;
}

int li_push_store_pointer(struct li_push *p, struct li_error *err)
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
