/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tags of a repository: listing and removing them. Removing a tag frees no space; objects that
 * nothing points at are left to the collector.
 *
 * All tags are held at once, because they are shown in order and a store lists them in any. So they
 * are held as text, and a listing that goes on for ever ends at a limit (D6o).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "repo/internal.h"
#include "repo/keys.h"
#include "repo/pointer.h"

enum { LISTED_MAX = 64 << 20 /* bytes that the keys below images/ may take in memory */ };

struct tags {
    struct li_buffer text; /* "NAME:TAG\0" for each tag */
    size_t weight;         /* of all keys that were listed */
    const char **tag;      /* into the text, sorted */
    size_t count;
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

/* Keys that are not tags count, too: they need not end either. */
static int note_tag(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    char text[LI_REFERENCE_NAME_MAX + LI_REFERENCE_TAG_MAX + 2];
    struct li_reference reference;
    struct tags *tags = arg;
    int len, rc;

    (void)size;
    tags->weight += strlen(key) + sizeof(*tags->tag);
    if (tags->weight > LISTED_MAX)
        return li_fail(err, LI_ELIMIT, "the names of the images take more than %d MiB",
                       LISTED_MAX >> 20);
    if (!parse_key(key, &reference))
        return 0;
    len = snprintf(text, sizeof(text), "%s:%s", reference.name, reference.tag);
    rc = li_buffer_append(&tags->text, text, (size_t)len + 1, err);
    tags->count += rc == 0;
    return rc;
}

/* Names, and then the tags of one name, in the order of their bytes. */
static int order_of(const char *x, const char *y)
{
    const char *end_x = strrchr(x, ':'), *end_y = strrchr(y, ':');
    size_t len_x = (size_t)(end_x - x), len_y = (size_t)(end_y - y);
    int order = memcmp(x, y, len_x < len_y ? len_x : len_y);

    if (order == 0 && len_x != len_y)
        order = len_x < len_y ? -1 : 1;
    return order ? order : strcmp(end_x, end_y);
}

static int compare(const void *a, const void *b)
{
    return order_of(*(const char *const *)a, *(const char *const *)b);
}

static int sort_tags(struct tags *tags, struct li_error *err)
{
    const char *at = (const char *)tags->text.data;

    tags->tag = malloc((tags->count + 1) * sizeof(*tags->tag));
    if (!tags->tag)
        return li_fail_memory(err);
    for (size_t i = 0; i < tags->count; i++, at += strlen(at) + 1)
        tags->tag[i] = at;
    if (tags->count)
        qsort(tags->tag, tags->count, sizeof(*tags->tag), compare);
    return 0;
}

static bool is_before(const void *row, const void *key)
{
    return order_of(*(const char *const *)row, key) < 0;
}

/* TAGS are sorted. */
static bool has_tag(const struct tags *tags, const char *tag)
{
    size_t at = li_array_lower_bound(tags->tag, tags->count, sizeof(*tags->tag), is_before, tag);

    return at < tags->count && strcmp(tags->tag[at], tag) == 0;
}

static void free_tags(struct tags *tags)
{
    free(tags->tag);
    li_buffer_free(&tags->text);
}

/* ---- reading them ---------------------------------------------------------------------------- */

struct reading {
    struct li_repo *repo;
    const struct li_repo_tag_visitor *visitor;
    struct li_buffer raw;
    struct li_error first; /* of the first tag that cannot be read, if the visitor is not told */
    const char **missing;  /* listed, but missing; sorted */
    size_t missing_count;
};

/* A store that does not answer would be waited for once for each tag. */
static bool is_final(int rc)
{
    return rc == LI_ENETWORK || rc == LI_ECANCELLED || rc == LI_ENOMEM;
}

/* The tag TEXT cannot be read for the reason in ERR. */
static int note_unread(struct reading *r, const char *text, struct li_error *err)
{
    struct li_error why = *err;

    li_error_clear(err);
    if (r->visitor->unread)
        return r->visitor->unread(r->visitor->arg, text, &why, err);
    if (r->first.code == 0)
        r->first = why;
    return 0;
}

static int read_one(struct reading *r, const char *text, struct li_error *err)
{
    struct li_repo_image image = {0};
    struct li_reference tag;
    struct li_pointer pointer;
    int rc = li_reference_parse(text, &tag, err);

    if (rc < 0)
        return rc;
    rc = li_pointer_read(r->repo->store, li_key_image(&tag).text, &pointer, &r->raw, err);
    if (rc == LI_ENOTFOUND) {
        r->missing[r->missing_count++] = text;
        return 0;
    }
    if (rc < 0)
        return is_final(rc) ? rc : note_unread(r, text, err);
    image.name = tag.name;
    image.tag = tag.tag;
    memcpy(image.manifest, pointer.manifest, LI_ID_SIZE);
    memcpy(image.root, pointer.root, LI_ID_SIZE);
    return r->visitor->image(r->visitor->arg, &image, err);
}

static int list_tags(struct li_repo *repo, struct tags *out, struct li_error *err)
{
    int rc = li_store_list(repo->store, "images/", note_tag, out, err);

    return rc < 0 ? rc : sort_tags(out, err);
}

static int read_tags(struct reading *r, const struct tags *tags, struct li_error *err)
{
    int rc = 0;

    r->missing = malloc((tags->count + 1) * sizeof(*r->missing));
    if (!r->missing)
        return li_fail_memory(err);
    for (size_t i = 0; i < tags->count && rc >= 0; i++)
        rc = read_one(r, tags->tag[i], err);
    return rc;
}

/* Sets WHY to the reason why the tag TEXT, one of COUNT, is missing. */
static void say_missing(const struct reading *r, const char *text, size_t count,
                        struct li_error *why)
{
    struct li_reference tag;

    if (li_reference_parse(text, &tag, why) == 0)
        li_fail(why, LI_ECORRUPT,
                "%s/%s: it is listed, but is not there (%zu such image%s); push it again",
                r->repo->store->address, li_key_image(&tag).text, count, li_text_s(count));
}

static int tell_missing(struct reading *r, struct li_error *err)
{
    int rc = 0;

    if (!r->visitor->unread && r->missing_count && r->first.code == 0)
        say_missing(r, r->missing[0], r->missing_count, &r->first);
    for (size_t i = 0; i < r->missing_count && rc >= 0 && r->visitor->unread; i++) {
        struct li_error why = LI_ERROR_INIT;

        say_missing(r, r->missing[i], 1, &why);
        rc = r->visitor->unread(r->visitor->arg, r->missing[i], &why, err);
    }
    return rc;
}

/* A tag that was listed but missing was either removed by another process, and then it is no longer
 * listed; or it was put there again. A tag that is still listed and still missing is withheld by
 * the store. */
static int look_again(struct reading *r, struct li_error *err)
{
    size_t before = r->missing_count;
    struct tags now = {0};
    int rc = list_tags(r->repo, &now, err);

    r->missing_count = 0; /* it never overtakes I */
    for (size_t i = 0; i < before && rc >= 0; i++)
        if (has_tag(&now, r->missing[i]))
            rc = read_one(r, r->missing[i], err);
    if (rc >= 0)
        rc = tell_missing(r, err);
    free_tags(&now);
    return rc;
}

int li_repo_each_tag(struct li_repo *repo, const struct li_repo_tag_visitor *visitor,
                     struct li_error *err)
{
    struct reading r = {.repo = repo, .visitor = visitor, .first = LI_ERROR_INIT};
    struct tags tags = {0};
    int rc = list_tags(repo, &tags, err);

    if (rc >= 0)
        rc = read_tags(&r, &tags, err);
    if (rc >= 0 && r.missing_count)
        rc = look_again(&r, err);
    free(r.missing);
    free_tags(&tags);
    li_buffer_free(&r.raw);
    if (rc >= 0 && r.first.code < 0) {
        *err = r.first;
        rc = r.first.code;
    }
    return rc < 0 ? rc : 0;
}

int li_repo_each_image(struct li_repo *repo,
                       int (*visit)(void *arg, const struct li_repo_image *image,
                                    struct li_error *err),
                       void *arg, struct li_error *err)
{
    const struct li_repo_tag_visitor visitor = {.arg = arg, .image = visit};

    return li_repo_each_tag(repo, &visitor, err);
}

/* ---- the last tag ---------------------------------------------------------------------------- */

struct latest {
    struct li_reference *tag;
    bool found;
    int64_t modified;
};

static int note_latest(void *arg, const struct li_store_object *object, struct li_error *err)
{
    struct latest *latest = arg;
    struct li_reference tag;

    (void)err;
    if (!parse_key(object->key, &tag))
        return 0;
    if (latest->found &&
        (object->modified < latest->modified ||
         (object->modified == latest->modified && strverscmp(tag.tag, latest->tag->tag) < 0)))
        return 0;
    *latest->tag = tag;
    latest->modified = object->modified;
    latest->found = true;
    return 0;
}

int li_repo_latest(struct li_repo *repo, const char *name, struct li_reference *out, bool *found,
                   struct li_error *err)
{
    struct li_reference any = {.tag = "x"}, tag;
    struct latest latest = {.tag = &tag};
    struct li_key prefix;
    int rc;

    snprintf(any.name, sizeof(any.name), "%s", name);
    prefix = li_key_image(&any);
    strrchr(prefix.text, '/')[1] = '\0';
    rc = li_store_list_objects(repo->store, prefix.text, note_latest, &latest, err);
    if (rc < 0)
        return rc;
    *found = latest.found;
    if (latest.found)
        *out = tag;
    return 0;
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
