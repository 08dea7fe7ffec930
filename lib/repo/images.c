/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tags of a repository: listing and removing them. Removing a tag frees no space; objects that
 * nothing points at are left to the collector.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "repo/internal.h"
#include "repo/keys.h"
#include "repo/pointer.h"

struct tags {
    struct li_reference *tag;
    size_t count;
    size_t cap;
};

/* "images/NAME/TAG" as a reference; false if lambdaimg would not make it. */
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

static int add_tag(struct tags *tags, const struct li_reference *tag, struct li_error *err)
{
    int rc = li_array_reserve(&tags->tag, &tags->cap, tags->count + 1, sizeof(*tags->tag), err);

    if (rc == 0)
        tags->tag[tags->count++] = *tag;
    return rc;
}

static int note_tag(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct li_reference reference;

    (void)size;
    return parse_key(key, &reference) ? add_tag(arg, &reference, err) : 0;
}

static int compare(const void *a, const void *b)
{
    const struct li_reference *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : strcmp(x->tag, y->tag);
}

static bool is_before(const void *row, const void *key)
{
    return compare(row, key) < 0;
}

/* TAGS are sorted. */
static bool has_tag(const struct tags *tags, const struct li_reference *tag)
{
    size_t at = li_array_lower_bound(tags->tag, tags->count, sizeof(*tags->tag), is_before, tag);

    return at < tags->count && compare(&tags->tag[at], tag) == 0;
}

/* ---- reading them ---------------------------------------------------------------------------- */

struct reading {
    struct li_repo *repo;
    int (*visit)(void *arg, const struct li_repo_image *image, struct li_error *err);
    void *arg;
    struct li_buffer raw;
    struct li_error first; /* of the first tag that cannot be read */
    struct tags missing;   /* listed, but missing */
};

static int read_one(struct reading *r, const struct li_reference *tag, struct li_error *err)
{
    struct li_repo_image image = {.name = tag->name, .tag = tag->tag};
    struct li_pointer pointer;
    int rc = li_pointer_read(r->repo->store, li_key_image(tag).text, &pointer, &r->raw, err);

    if (rc == LI_ENOTFOUND)
        return add_tag(&r->missing, tag, err);
    if (rc < 0) {
        if (r->first.code == 0)
            r->first = *err;
        return 0;
    }
    memcpy(image.manifest, pointer.manifest, LI_ID_SIZE);
    memcpy(image.root, pointer.root, LI_ID_SIZE);
    return r->visit(r->arg, &image, err);
}

static int list_tags(struct li_repo *repo, struct tags *out, struct li_error *err)
{
    int rc = li_store_list(repo->store, "images/", note_tag, out, err);

    if (out->count)
        qsort(out->tag, out->count, sizeof(*out->tag), compare);
    return rc;
}

static int read_tags(struct reading *r, const struct tags *tags, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < tags->count && rc >= 0; i++)
        rc = read_one(r, &tags->tag[i], err);
    return rc;
}

/* A tag that was listed but missing was either removed by another process, and then it is no longer
 * listed; or it was put there again. A tag that is still listed and still missing is withheld by
 * the store. */
static int look_again(struct reading *r, struct li_error *err)
{
    struct tags before = r->missing, now = {0};
    int rc = list_tags(r->repo, &now, err);

    r->missing = (struct tags){0};
    for (size_t i = 0; i < before.count && rc >= 0; i++)
        if (has_tag(&now, &before.tag[i]))
            rc = read_one(r, &before.tag[i], err);
    if (r->missing.count && r->first.code == 0)
        li_fail(&r->first, LI_ECORRUPT,
                "%s/%s: it is listed, but is not there (%zu such image%s); push it again",
                r->repo->store->address, li_key_image(r->missing.tag).text, r->missing.count,
                li_text_s(r->missing.count));
    free(before.tag);
    free(now.tag);
    return rc;
}

int li_repo_each_image(struct li_repo *repo,
                       int (*visit)(void *arg, const struct li_repo_image *image,
                                    struct li_error *err),
                       void *arg, struct li_error *err)
{
    struct reading r = {.repo = repo, .visit = visit, .arg = arg, .first = LI_ERROR_INIT};
    struct tags tags = {0};
    int rc = list_tags(repo, &tags, err);

    if (rc >= 0)
        rc = read_tags(&r, &tags, err);
    if (rc >= 0 && r.missing.count)
        rc = look_again(&r, err);
    free(tags.tag);
    free(r.missing.tag);
    li_buffer_free(&r.raw);
    if (rc >= 0 && r.first.code < 0) {
        *err = r.first;
        rc = r.first.code;
    }
    return rc < 0 ? rc : 0;
}

int li_repo_remove(struct li_repo *repo, const struct li_reference *reference, struct li_error *err)
{
    int rc;

    if (reference->pinned)
        return li_fail(err, LI_EINVALID, "only a tag can be removed, not a manifest");
    rc = li_store_remove(repo->store, li_key_image(reference).text, err);
    if (rc == LI_END)
        return li_fail(err, LI_ENOTFOUND, "there is no image %s:%s in %s", reference->name,
                       reference->tag, repo->store->address);
    return rc < 0 ? rc : li_store_flush(repo->store, err);
}
