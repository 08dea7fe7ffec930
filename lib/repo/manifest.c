/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a reference to a manifest that can be trusted as far as the key can.
 *
 * Whoever can write into the store can put any object under any key. So the place of an object
 * proves nothing: the wrap opens only for the manifest ID that was asked for, the manifest's own ID
 * is compared with it, and the reference sealed inside is compared with the one that the user
 * named. This detects a pointer, a wrap or a manifest in the place of another.
 */
#include <string.h>

#include "repo/internal.h"
#include "repo/keys.h"
#include "repo/pointer.h"
#include "repo/wrapped.h"

/* Bytes of a manifest that is fetched without a look at its header: of up to 40,000 chunks, or
 * 20 GiB. */
enum { USUAL = 4 << 20 };

/* What is being opened; ROOT is the root where it was found. */
struct opening {
    struct li_repo *repo;
    const struct li_reference *reference;
    uint8_t id[LI_ID_SIZE];
    uint8_t root[LI_ID_SIZE];
};

static int resolve(struct opening *o, const uint8_t **hint, struct li_error *err)
{
    struct li_buffer raw = {0};
    struct li_pointer pointer;
    int rc;

    if (o->reference->pinned) {
        memcpy(o->id, o->reference->id, LI_ID_SIZE);
        *hint = NULL;
        return 0;
    }
    rc = li_pointer_read(o->repo->store, li_key_image(o->reference).text, &pointer, &raw, err);
    if (rc == LI_ENOTFOUND)
        rc = li_fail(err, rc, "there is no image %s:%s in %s", o->reference->name,
                     o->reference->tag, o->repo->store->address);
    if (rc == 0) {
        memcpy(o->id, pointer.manifest, LI_ID_SIZE);
        memcpy(o->root, pointer.root, LI_ID_SIZE);
        *hint = o->root;
    }
    li_buffer_free(&raw);
    return rc;
}

/* Fetches an object of more than USUAL bytes, but no more of it than its header allows. */
static int fetch_long(struct opening *o, const struct li_root_search *search, struct li_error *err)
{
    struct li_key key = li_key_root(search->root, search->rest);
    struct li_manifest_clear clear;
    int rc =
        li_store_get_range(o->repo->store, key.text, 0, LI_MANIFEST_HEADER_SIZE, search->out, err);

    if (rc == 0)
        rc = li_manifest_peek(search->out->data, search->out->len, &clear, err);
    if (rc == 0)
        rc = li_store_get(o->repo->store, key.text, li_manifest_longest(clear.chunk_count),
                          search->out, err);
    return li_as_failure(rc, err);
}

static int fetch(struct opening *o, struct li_buffer *sealed, struct li_error *err)
{
    struct li_key rest;
    struct li_root_search search = {.rest = rest.text, .limit = USUAL, .out = sealed};
    const uint8_t *hint = NULL;
    int rc = resolve(o, &hint, err);

    if (rc < 0)
        return rc;
    rest = li_key_manifest(o->id);
    rc = li_root_fetch(o->repo, hint, &search, err);
    if (rc == LI_ELIMIT && search.there) {
        li_error_clear(err);
        rc = fetch_long(o, &search, err);
    }
    if (rc == 0 && !search.there)
        return o->reference->pinned
                   ? li_fail(err, LI_ENOTFOUND, "there is no such manifest in %s",
                             o->repo->store->address)
                   : li_fail(err, LI_ECORRUPT, "its manifest is gone: no root of %s has %s",
                             o->repo->store->address, rest.text);
    if (rc == 0)
        memcpy(o->root, search.root, LI_ID_SIZE);
    return rc;
}

static int unwrap(const struct opening *o, struct li_secret *key, struct li_error *err)
{
    struct li_wrapped wrapped = li_wrapped_manifest(o->root, o->id);
    int rc = li_wrapped_open(o->repo, &wrapped, key, err);

    return rc < 0 ? li_context(err, "cannot unwrap the key of its manifest") : 0;
}

static bool is_asked_for(const struct li_reference *asked, const char *inside)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_reference got;

    if (li_reference_parse(inside, &got, &ignored) < 0 || got.pinned)
        return false;
    return strcmp(asked->name, got.name) == 0 &&
           (asked->pinned || strcmp(asked->tag, got.tag) == 0);
}

static int check(const struct opening *o, const struct li_manifest *manifest, struct li_error *err)
{
    bool follows;
    int rc;

    if (memcmp(manifest->id, o->id, LI_ID_SIZE) != 0)
        return li_fail(err, LI_ECORRUPT, "another manifest is stored in its place");
    if (!is_asked_for(o->reference, manifest->reference))
        return li_fail(err, LI_ECORRUPT,
                       "its manifest belongs to another image, %.300s; somebody replaced it",
                       manifest->reference);
    rc = li_root_follows(o->repo, manifest->root, o->root, &follows, err);
    if (rc == 0 && !follows)
        rc = li_fail(err, LI_ECORRUPT,
                     "its manifest is stored in a root that is older than the manifest");
    return rc;
}

static int open_manifest(struct opening *o, struct li_manifest *out, struct li_error *err)
{
    struct li_manifest manifest = {0};
    struct li_manifest_clear clear;
    struct li_buffer sealed = {0};
    struct li_secret key = {{0}};
    int rc;

    rc = fetch(o, &sealed, err);
    /* LI_EDENIED is reserved for the key: a refusal by the store says nothing about the key. */
    if (rc == LI_EDENIED)
        rc = err->code = LI_EIO;
    if (rc == 0)
        rc = li_manifest_peek(sealed.data, sealed.len, &clear, err);
    if (rc == 0 && memcmp(clear.id, o->id, LI_ID_SIZE) != 0)
        rc = li_fail(err, LI_ECORRUPT, "another manifest is stored in its place");
    if (rc == 0)
        rc = unwrap(o, &key, err);
    if (rc == 0)
        rc = li_manifest_decode(sealed.data, sealed.len, &key, &manifest, err);
    if (rc == 0)
        rc = check(o, &manifest, err);
    if (rc < 0)
        li_manifest_free(&manifest);
    else
        *out = manifest;
    li_secret_wipe(&key);
    li_buffer_free(&sealed);
    return rc;
}

int li_repo_manifest(struct li_repo *repo, const struct li_reference *reference,
                     struct li_manifest *out, struct li_error *err)
{
    struct opening o = {.repo = repo, .reference = reference};
    int rc = li_repo_need_kms(repo, err);

    return rc < 0 ? rc : open_manifest(&o, out, err);
}
