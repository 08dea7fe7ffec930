/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever may write the store changes wraps, moves them, and makes some of their own: of manifests,
 * salts and the repository's key alike. */
#include "tests/fixtures/repo_fixture.h"
#include "tests/fixtures/repo_objects.h"

#include "repo/keys.h"
#include "repo/roots.h"
#include "repo/wrap.h"
#include "repo/wrapped.h"

static const struct image small = {2, {1, 2}};

enum { MANIFEST, SALT, REPOSITORY, KINDS };

/* The objects of a repository that have wraps, and where the wraps are. */
struct objects {
    struct li_wrapped place[KINDS];
    struct li_key at[KINDS];
};

static struct objects objects_of(struct repo_fixture *f, const char *ref)
{
    struct li_repo_identity identity = {.there = false};
    struct li_manifest m = {0};
    struct li_root root;
    struct objects o;

    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    assert_done(li_repo_identity(f->repo, &identity, &f->err), &f->err);
    assert_done(open_manifest(f, ref, &m), &f->err);
    o.place[MANIFEST] = li_wrapped_manifest(m.root, m.id);
    o.place[SALT] = li_wrapped_salt(root.salt);
    o.place[REPOSITORY] = li_wrapped_repository(identity.key);
    for (int i = 0; i < KINDS; i++)
        o.at[i] = li_wrapped_place(&o.place[i], f->kms->name, 0);
    li_manifest_free(&m);
    return o;
}

static int open_wrapped(struct repo_fixture *f, const struct li_wrapped *wrapped)
{
    struct li_secret secret = {{0}};
    int rc = li_wrapped_open(f->repo, wrapped, &secret, &f->err);

    li_secret_wipe(&secret);
    return rc;
}

/* The object KIND of O does not open, and the message says which wrap is wrong, and how. */
static void expect_refused(struct repo_fixture *f, const struct objects *o, int kind)
{
    assert_fails(open_wrapped(f, &o->place[kind]), LI_EDENIED, "it was moved or changed", &f->err);
    assert_non_null(strstr(f->err.text, o->at[kind].text));
}

static void each_byte_counts(void **state)
{
    struct repo_fixture *f = *state;
    struct li_buffer wrap = {0};
    struct objects o;

    assert_done(push(f, "a:1", &small), &f->err);
    o = objects_of(f, "a:1");
    for (int kind = 0; kind < KINDS; kind++) {
        get_object(f->directory, o.at[kind].text, &wrap);
        for (size_t i = 0; i < wrap.len; i++) {
            int rc;

            wrap.data[i] ^= 0x01;
            overwrite(f, o.at[kind].text, wrap.data, wrap.len);
            rc = open_wrapped(f, &o.place[kind]);
            assert_true(rc == LI_EDENIED || rc == LI_ECORRUPT || rc == LI_EUNSUPPORTED);
            assert_non_null(strstr(f->err.text, o.at[kind].text));
            wrap.data[i] ^= 0x01;
            overwrite(f, o.at[kind].text, wrap.data, i);
            assert_int_equal(open_wrapped(f, &o.place[kind]), LI_ECORRUPT);
        }
        overwrite(f, o.at[kind].text, wrap.data, wrap.len);
        assert_done(open_wrapped(f, &o.place[kind]), &f->err);
    }
    li_buffer_free(&wrap);
}

/* Puts each wrap of FROM, in STORE, in the place of the same kind of TO. */
static void exchange_all(struct repo_fixture *f, struct li_store *store, const struct objects *from,
                         const struct objects *to)
{
    struct li_buffer kept = {0};

    for (int kind = 0; kind < KINDS; kind++) {
        if (store == f->directory && strcmp(from->at[kind].text, to->at[kind].text) == 0)
            continue;
        get_object(f->directory, to->at[kind].text, &kept);
        put_from(f, store, from->at[kind].text, to->at[kind].text);
        expect_refused(f, to, kind);
        overwrite(f, to->at[kind].text, kept.data, kept.len);
        assert_done(open_wrapped(f, &to->place[kind]), &f->err);
    }
    li_buffer_free(&kept);
}

/* Of another manifest, and of that manifest and the salt of another root. */
static void wraps_of_other_objects_do_not_open(void **state)
{
    struct repo_fixture *f = *state;
    struct objects first, second, third;
    struct li_root root;

    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(push(f, "b:1", &small), &f->err);
    first = objects_of(f, "a:1");
    second = objects_of(f, "b:1");
    assert_string_not_equal(first.at[MANIFEST].text, second.at[MANIFEST].text);
    assert_done(li_root_rotate(f->repo, &root, &f->err), &f->err);
    assert_done(push(f, "c:1", &small), &f->err);
    third = objects_of(f, "c:1");
    assert_string_not_equal(first.at[SALT].text, third.at[SALT].text);
    exchange_all(f, f->directory, &first, &second);
    exchange_all(f, f->directory, &first, &third);
    exchange_all(f, f->directory, &third, &first);
}

static void wraps_of_another_repository_do_not_open(void **state)
{
    struct repo_fixture *f = *state, other;
    struct objects ours, theirs;

    assert_done(push(f, "a:1", &small), &f->err);
    ours = objects_of(f, "a:1");
    open_another(f, "other", &other);
    assert_done(push(&other, "a:1", &small), &other.err);
    theirs = objects_of(&other, "a:1");
    exchange_all(f, other.directory, &theirs, &ours);
    close_another(&other);
}

/* Wraps SECRET by KMS for KIND of O, with one part of the context changed. */
static void forge(struct repo_fixture *f, struct li_kms *kms, const struct objects *o, int kind,
                  int change)
{
    static const char *const other_purpose[KINDS] = {"salt", "repository", "manifest"};
    struct li_kms_context context =
        li_wrap_context(o->place[kind].purpose, li_repo_id(f->repo), o->place[kind].object);
    struct li_secret mine = {{1}};
    struct li_buffer wrap = {0};

    if (change == 1)
        context.purpose = other_purpose[kind];
    if (change == 2)
        context.repository[15] ^= 1;
    if (change == 3)
        context.object[0] ^= 1;
    assert_done(li_wrap_make(kms, &context, &mine, &wrap, &f->err), &f->err);
    overwrite(f, o->at[kind].text, wrap.data, wrap.len);
    li_buffer_free(&wrap);
}

static void each_part_of_the_context_counts(void **state)
{
    struct repo_fixture *f = *state;
    struct objects o;

    assert_done(push(f, "a:1", &small), &f->err);
    o = objects_of(f, "a:1");
    for (int kind = 0; kind < KINDS; kind++) {
        for (int change = 1; change <= 3; change++) {
            forge(f, f->kms, &o, kind, change);
            expect_refused(f, &o, kind);
        }
        /* With none of them changed it opens: the test would notice. */
        forge(f, f->kms, &o, kind, 0);
        assert_done(open_wrapped(f, &o.place[kind]), &f->err);
    }
}

/* The right context, and a key of their own. */
static void wraps_by_an_attackers_key_do_not_open(void **state)
{
    struct repo_fixture *f = *state;
    struct li_kms *theirs = make_kms(f, "theirs");
    struct objects o;

    assert_done(push(f, "a:1", &small), &f->err);
    o = objects_of(f, "a:1");
    for (int kind = 0; kind < KINDS; kind++) {
        forge(f, theirs, &o, kind, 0);
        expect_refused(f, &o, kind);
    }
    li_kms_free(theirs);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(each_byte_counts),
        WITH_REPO(wraps_of_other_objects_do_not_open),
        WITH_REPO(wraps_of_another_repository_do_not_open),
        WITH_REPO(each_part_of_the_context_counts),
        WITH_REPO(wraps_by_an_attackers_key_do_not_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
