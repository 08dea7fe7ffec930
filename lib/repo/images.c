/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tags of a repository: listing and removing them. Removing a tag frees no space; what nothing
 * points at is left to the collector.
 */
#include <stdlib.h>
#include <string.h>

#include "repo/internal.h"

struct tags {
    struct li_reference *tag;
    size_t count;
    size_t cap;
};

/* "images/NAME/TAG" as a reference; false where it is none that lambdaimg would make. */
static bool parse_key(const char *key, struct li_reference *out)
{
    struct li_error ignored = LI_ERROR_INIT;
    char text[LI_REFERENCE_NAME_MAX + LI_REFERENCE_TAG_MAX + 2];
    char *slash;

    key += strlen("images/");
    if (strlen(key) >= sizeof(text))
        return false;
    strcpy(text, key);
    slash = strchr(text, '/');
    if (!slash || strchr(slash + 1, '/'))
        return false;
    *slash = ':';
    for (char *p = text; p < slash; p++)
        if (*p == '~')
            *p = '/';
    return li_reference_parse(text, out, &ignored) == 0 && !out->pinned &&
           strcmp(out->tag, slash + 1) == 0;
}

static int note_tag(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct tags *tags = arg;
    struct li_reference reference;

    (void)size;
    if (!parse_key(key, &reference))
        return 0;
    if (tags->count == tags->cap) {
        size_t cap = tags->cap ? tags->cap * 2 : 64;
        struct li_reference *grown = realloc(tags->tag, cap * sizeof(*grown));

        if (!grown)
            return li_fail_memory(err);
        tags->tag = grown;
        tags->cap = cap;
    }
    tags->tag[tags->count++] = reference;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct li_reference *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : strcmp(x->tag, y->tag);
}

int li_repo_each_image(struct li_repo *repo,
                       int (*visit)(void *arg, const struct li_repo_image *image,
                                    struct li_error *err),
                       void *arg, struct li_error *err)
{
    struct li_error first = LI_ERROR_INIT;
    struct li_buffer raw = {0};
    struct tags tags = {0};
    int rc = li_store_list(repo->store, "images/", note_tag, &tags, err);

    if (tags.count)
        qsort(tags.tag, tags.count, sizeof(*tags.tag), compare);
    for (size_t i = 0; i < tags.count && rc >= 0; i++) {
        struct li_repo_image image = {.name = tags.tag[i].name, .tag = tags.tag[i].tag};
        struct li_pointer pointer;

        rc = li_pointer_read(repo->store, li_key_image(&tags.tag[i]).text, &pointer, &raw, err);
        /* What is not there was removed since the listing. */
        if (rc < 0) {
            if (rc != LI_ENOTFOUND && first.code == 0)
                first = *err;
            rc = 0;
            continue;
        }
        memcpy(image.manifest, pointer.manifest, LI_ID_SIZE);
        memcpy(image.root, pointer.root, LI_ID_SIZE);
        rc = visit(arg, &image, err);
    }
    free(tags.tag);
    li_buffer_free(&raw);
    if (rc >= 0 && first.code < 0) {
        *err = first;
        rc = first.code;
    }
    return rc < 0 ? rc : 0;
}

int li_repo_remove(struct li_repo *repo, const struct li_reference *reference, struct li_error *err)
{
    int rc;

    if (reference->pinned)
        return li_fail(err, LI_EINVALID, "a tag can be removed, a manifest cannot");
    rc = li_store_remove(repo->store, li_key_image(reference).text, err);
    if (rc == LI_END)
        return li_fail(err, LI_ENOTFOUND, "there is no image %s:%s in %s", reference->name,
                       reference->tag, repo->store->address);
    return rc < 0 ? rc : li_store_flush(repo->store, err);
}
