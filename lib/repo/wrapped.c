/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening what has several wraps. Keys come from the user, and wraps from a store that may hold
 * anything, so a wrap decides nothing: each key is tried, and the first that opens the secret is
 * right, because the wrap is bound to its place.
 *
 * One damaged wrap, or one service that is down, must not matter where another key opens the
 * secret. So failures are collected. Only what would fail again for each key ends the search.
 */
#include "repo/wrapped.h"

#include <stdio.h>
#include <string.h>

#include "repo/internal.h"
#include "repo/wrap.h"

enum { TRIES_MAX = 8 /* of keys on wraps of other names */ };

/* Not the secret, but no reason to stop. */
enum { GO_ON = 2 };

struct li_wrapped li_wrapped_manifest(const uint8_t root[LI_ID_SIZE], const uint8_t id[LI_ID_SIZE])
{
    struct li_wrapped wrapped = {.purpose = "manifest",
                                 .what = "its manifest",
                                 .secret = "the key of its manifest",
                                 .wraps = li_key_root(root, li_key_wrap(id, "").text)};

    memcpy(wrapped.object, id, LI_ID_SIZE);
    return wrapped;
}

struct li_wrapped li_wrapped_salt(const uint8_t id[LI_ID_SIZE])
{
    struct li_wrapped wrapped = {.purpose = "salt",
                                 .what = "its salt",
                                 .secret = "its salt",
                                 .unnamed = li_key_salt(id),
                                 .wraps = li_key_salt_wrap(id, "")};

    memcpy(wrapped.object, id, LI_ID_SIZE);
    return wrapped;
}

struct li_wrapped li_wrapped_repository(const uint8_t id[LI_ID_SIZE])
{
    struct li_wrapped wrapped = {.purpose = "repository",
                                 .what = "the repository's key",
                                 .secret = "the repository's key",
                                 .wraps = li_key_repository_key(id, "")};

    memcpy(wrapped.object, id, LI_ID_SIZE);
    return wrapped;
}

struct li_key li_wrapped_at(const struct li_wrapped *wrapped, const char *name)
{
    struct li_key key = wrapped->wraps;
    size_t len = strlen(key.text);

    snprintf(key.text + len, sizeof(key.text) - len, "%s", name);
    return key;
}

/* ---- what was tried -------------------------------------------------------------------------- */

struct opening {
    struct li_repo *repo;
    struct li_kms *kms;
    const struct li_wrapped *wrapped;
    struct li_kms_context context;
    struct li_secret *secret;
    size_t keys, failures;
    struct li_error worst;        /* the failure that says most about what to do */
    char said[LI_ERROR_TEXT_MAX]; /* what each key said */
};

static struct li_kms *member(const struct opening *o, size_t index)
{
    return li_kms_member(o->kms, o->wrapped->purpose, index);
}

/* What may pass goes before what is broken, and that before a key that does not fit. */
static int weight(int code)
{
    return code == LI_ENETWORK ? 4 : code == LI_EIO ? 3 : code == LI_EDENIED ? 1 : 2;
}

static void add_said(struct opening *o, const char *name, const char *text)
{
    size_t len = strlen(o->said);

    snprintf(o->said + len, sizeof(o->said) - len, "%s%s%s%s", len ? "; " : "", name,
             *name ? ": " : "", text);
}

static void note(struct opening *o, const struct li_kms *kms, const struct li_error *err)
{
    if (o->failures++ == 0 || weight(err->code) > weight(o->worst.code))
        o->worst = *err;
    add_said(o, kms->name, err->text);
}

static bool is_final(int rc)
{
    return rc == LI_ECANCELLED || rc == LI_ENOMEM;
}

/* ---- one wrap -------------------------------------------------------------------------------- */

/* If the store refuses a wrap, this user may not have the key. */
static int fetch(struct opening *o, const struct li_key *at, struct li_buffer *object, bool *there,
                 struct li_error *err)
{
    int rc = li_store_get(o->repo->store, at->text, LI_REPO_WRAP_MAX, object, err);

    *there = rc != LI_ENOTFOUND;
    if (rc == LI_ELIMIT)
        rc = err->code = LI_ECORRUPT;
    return *there ? rc : 0;
}

static int unwrap(struct opening *o, struct li_kms *kms, const struct li_buffer *object,
                  struct li_error *err)
{
    const uint8_t *blob;
    size_t len;
    int rc = li_wrap_decode(object->data, object->len, &blob, &len, err);

    if (rc == 0)
        rc = li_kms_unwrap(kms, &o->context, blob, len, o->secret, err);
    /* A key that the KMS does not have counts as one that the secret was not wrapped for. */
    if (rc == LI_ENOTFOUND)
        rc = err->code = LI_EDENIED;
    return rc;
}

/* Tries KMS on OBJECT, which is at AT. Returns 0 if it opens it. */
static int try_key(struct opening *o, struct li_kms *kms, const struct li_key *at,
                   const struct li_buffer *object, struct li_error *err)
{
    int rc = unwrap(o, kms, object, err);

    if (rc == 0 || is_final(rc))
        return rc;
    li_context(err, "%s/%s", o->repo->store->address, at->text);
    note(o, kms, err);
    return GO_ON;
}

/* A store that does not answer would be waited for once for each wrap. */
static int note_fetch(struct opening *o, const struct li_kms *kms, const struct li_error *err)
{
    if (is_final(err->code) || err->code == LI_ENETWORK)
        return err->code;
    note(o, kms, err);
    return GO_ON;
}

static int try_named(struct opening *o, struct li_kms *kms, struct li_error *err)
{
    struct li_key at = li_wrapped_at(o->wrapped, kms->name);
    struct li_buffer object = {0};
    bool there = false;
    int rc;

    if (!*kms->name) {
        (void)li_kms_unwrap(kms, &o->context, NULL, 0, o->secret, err);
        /* That there is no key file says nothing about the image (D15). */
        if (err->code == LI_ENOTFOUND)
            err->code = LI_EDENIED;
        note(o, kms, err);
        return GO_ON;
    }
    rc = fetch(o, &at, &object, &there, err);
    if (rc < 0)
        rc = note_fetch(o, kms, err);
    else if (there)
        rc = try_key(o, kms, &at, &object, err);
    else if (!*o->wrapped->unnamed.text)
        add_said(o, kms->name, "there is no wrap by this key");
    li_buffer_free(&object);
    return rc == 0 && there ? 0 : rc < 0 ? rc : GO_ON;
}

static int try_unnamed(struct opening *o, bool *there, struct li_error *err)
{
    const struct li_key *at = &o->wrapped->unnamed;
    struct li_buffer object = {0};
    struct li_kms *kms;
    int rc = fetch(o, at, &object, there, err);

    if (rc < 0)
        rc = note_fetch(o, member(o, 0), err);
    else
        rc = GO_ON;
    for (size_t i = 0; *there && object.len && rc == GO_ON && (kms = member(o, i)); i++)
        if (*kms->name)
            rc = try_key(o, kms, at, &object, err);
    li_buffer_free(&object);
    return rc;
}

/* ---- wraps of other names -------------------------------------------------------------------- */

/* The wraps that are there. */
struct names {
    size_t prefix; /* bytes of their keys before the name */
    size_t count;
    char name[LI_REPO_WRAPS_MAX][LI_KMS_WRAP_NAME_MAX];
};

static int note_name(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct names *names = arg;
    const char *name = key + names->prefix;

    (void)size, (void)err;
    if (li_kms_is_name(name) && names->count < LI_REPO_WRAPS_MAX)
        strcpy(names->name[names->count++], name);
    return 0;
}

static bool is_members(const struct opening *o, const char *name)
{
    struct li_kms *kms;

    for (size_t i = 0; (kms = member(o, i)); i++)
        if (strcmp(kms->name, name) == 0)
            return true;
    return false;
}

static bool is_same_kind(const char *one, const char *other)
{
    size_t len = strcspn(one, "-");

    return len > 0 && len == strcspn(other, "-") && strncmp(one, other, len) == 0;
}

/* Tries the keys of its kind on the wrap NAME. Failures say nothing: the wrap is most likely that
 * of another key. */
static int try_other(struct opening *o, const char *name, size_t *tries, struct li_error *err)
{
    struct li_key at = li_wrapped_at(o->wrapped, name);
    struct li_buffer object = {0};
    struct li_kms *kms;
    bool there = false;
    int rc = GO_ON;

    for (size_t i = 0; rc == GO_ON && *tries < TRIES_MAX && (kms = member(o, i)); i++) {
        if (!is_same_kind(kms->name, name))
            continue;
        ++*tries;
        rc = object.len ? 0 : fetch(o, &at, &object, &there, err);
        if (rc == 0 && object.len)
            rc = unwrap(o, kms, &object, err);
        /* Who does not answer would be waited for once for each wrap. */
        if (rc == LI_ENETWORK)
            *tries = TRIES_MAX;
        if (rc < 0 && !is_final(rc))
            rc = GO_ON;
        else if (rc == 0 && !object.len)
            rc = GO_ON;
    }
    li_buffer_free(&object);
    return rc;
}

static int try_others(struct opening *o, struct names *names, struct li_error *err)
{
    size_t tries = 0;
    int rc;

    names->prefix = strlen(o->wrapped->wraps.text);
    rc = li_store_list(o->repo->store, o->wrapped->wraps.text, note_name, names, err);
    if (rc < 0)
        return note_fetch(o, member(o, 0), err);
    rc = GO_ON;
    for (size_t i = 0; rc == GO_ON && i < names->count; i++)
        if (!is_members(o, names->name[i]))
            rc = try_other(o, names->name[i], &tries, err);
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void join_names(const struct names *names, char text[LI_ERROR_TEXT_MAX])
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < names->count && len < LI_ERROR_TEXT_MAX - LI_KMS_WRAP_NAME_MAX; i++)
        len += (size_t)snprintf(text + len, LI_ERROR_TEXT_MAX - len, "%s%s", i ? ", " : "",
                                names->name[i]);
}

/* No key had a wrap to try: the secret was wrapped for others, or all wraps were lost. */
static int no_wrap(const struct opening *o, const struct names *names, struct li_error *err)
{
    char others[LI_ERROR_TEXT_MAX];

    if (names->count == 0 && *o->wrapped->unnamed.text)
        return li_fail(err, LI_ECORRUPT, "%s/%s is gone", o->repo->store->address,
                       o->wrapped->unnamed.text);
    if (names->count == 0)
        return li_fail(err, LI_ECORRUPT,
                       "%s is gone: there is nothing in %s/%s; restore it from a copy of the "
                       "repository",
                       o->wrapped->secret, o->repo->store->address, o->wrapped->wraps.text);
    join_names(names, others);
    if (o->keys == 1)
        return li_fail(err, LI_EDENIED,
                       "%s was not wrapped for this key (%s); it was pushed with another: %s",
                       o->wrapped->what, member(o, 0)->name, others);
    return li_fail(err, LI_EDENIED,
                   "%s was not wrapped for any of these keys; it was pushed with another: %s",
                   o->wrapped->what, others);
}

static int report(struct opening *o, const struct names *names, struct li_error *err)
{
    if (o->failures == 0)
        return no_wrap(o, names, err);
    *err = o->worst;
    if (o->keys > 1)
        li_fail(err, o->worst.code, "none of the keys opens it: %s", o->said);
    return err->code;
}

int li_wrapped_open_by(struct li_repo *repo, struct li_kms *keys, const struct li_wrapped *wrapped,
                       struct li_secret *secret, struct li_error *err)
{
    struct opening o = {.repo = repo, .kms = keys, .wrapped = wrapped, .secret = secret};
    struct names names = {.count = 0};
    bool there = false;
    struct li_kms *kms;
    int rc = GO_ON;

    o.context = li_wrap_context(wrapped->purpose, repo->id, wrapped->object);
    while (member(&o, o.keys))
        o.keys++;
    if (o.keys == 0)
        return li_fail(err, LI_EINVALID, "no key is given for the %s", wrapped->purpose);
    if (*wrapped->unnamed.text)
        rc = try_unnamed(&o, &there, err);
    for (size_t i = 0; rc == GO_ON && (kms = member(&o, i)); i++)
        rc = try_named(&o, kms, err);
    if (rc == GO_ON)
        rc = try_others(&o, &names, err);
    if (rc == GO_ON)
        rc = report(&o, &names, err);
    if (rc == 0)
        li_error_clear(err);
    return rc;
}

int li_wrapped_open(struct li_repo *repo, const struct li_wrapped *wrapped,
                    struct li_secret *secret, struct li_error *err)
{
    return li_wrapped_open_by(repo, repo->kms, wrapped, secret, err);
}
