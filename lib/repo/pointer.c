/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pointers: what a tag means at the moment. A pointer is the only kind of object that changes under
 * its key. Every change is conditional on the earlier contents, so of two pushes to one tag the
 * later wins, and never overwrites something that it has not seen.
 */
#include "repo/pointer.h"

#include "base/hex.h"
#include "repo/internal.h"
#include "repo/keys.h"

/* How often a writer gives way to others before it gives up. */
enum { MAX_ATTEMPTS = 100 };

int li_pointer_encode(const struct li_pointer *pointer, struct li_buffer *out, struct li_error *err)
{
    char manifest[LI_HEX_ID_SIZE], root[LI_HEX_ID_SIZE];

    li_hex_encode(pointer->manifest, LI_ID_SIZE, manifest);
    li_hex_encode(pointer->root, LI_ID_SIZE, root);
    return li_json_encode(
        json_pack("{s:i, s:s, s:s}", "format", LI_REPO_FORMAT, "manifest", manifest, "root", root),
        out, err);
}

int li_pointer_read(struct li_store *store, const char *key, struct li_pointer *out,
                    struct li_buffer *raw, struct li_error *err)
{
    struct li_pointer pointer = {{0}, {0}};
    json_t *json = NULL;
    int rc;

    rc = li_store_get(store, key, LI_REPO_JSON_MAX, raw, err);
    if (rc < 0)
        return rc;
    rc = li_json_parse(raw, &json, err);
    if (rc == 0)
        rc = li_json_id(json, "manifest", pointer.manifest, err);
    if (rc == 0)
        rc = li_json_id(json, "root", pointer.root, err);
    if (rc < 0)
        li_context(err, "%s/%s", store->address, key);
    else
        *out = pointer;
    json_decref(json);
    return rc;
}

/* LI_ECHANGED if another was faster. A pointer that cannot be parsed is replaced, too, so that a
 * push repairs it. */
static int write_once(struct li_store *store, const char *key, const struct li_buffer *text,
                      struct li_error *err)
{
    struct li_buffer old = {0};
    int rc = li_store_get(store, key, LI_REPO_JSON_MAX, &old, err);

    if (rc == LI_ENOTFOUND)
        rc = li_store_put_if_absent(store, key, text->data, text->len, err);
    else if (rc == 0)
        rc = li_store_replace_if(store, key, &old, text->data, text->len, err);
    if (rc == LI_END)
        rc = li_fail(err, LI_ECHANGED, "%s/%s: other processes keep writing it; try again",
                     store->address, key);
    li_buffer_free(&old);
    return rc;
}

int li_pointer_write(struct li_store *store, const char *key, const struct li_pointer *pointer,
                     struct li_error *err)
{
    struct li_buffer text = {0};
    int rc = li_pointer_encode(pointer, &text, err);

    if (rc == 0)
        rc = LI_ECHANGED;
    for (int i = 0; i < MAX_ATTEMPTS && rc == LI_ECHANGED; i++)
        rc = write_once(store, key, &text, err);
    if (rc == 0)
        rc = li_store_flush(store, err);
    li_buffer_free(&text);
    return rc;
}
