/* SPDX-License-Identifier: Apache-2.0 */
/* Objects with several wraps, and keys that open some of them. */
#include "tests/fixtures/repo_fixture.h"
#include "tests/fixtures/repo_objects.h"

#include "base/hex.h"
#include "repo/keys.h"
#include "repo/roots.h"
#include "repo/salt.h"
#include "repo/wrapped.h"
#include "tests/fixtures/tree.h"

static const struct image small = {2, {1, 2}};

/* A set of the keys of the names in NAMES, which ends with NULL. */
static struct li_kms *set_of(struct repo_fixture *f, const char *const *names)
{
    struct li_kms *set = NULL;

    assert_done(li_kms_set_new(&set, &f->err), &f->err);
    for (; *names; names++) {
        char path[128];
        struct li_kms *kms = NULL;
        const struct li_kms_options options = {.env = &f->env};

        snprintf(path, sizeof(path), "file:%s/%s", f->dir, *names);
        assert_true(li_kms_create(path, &options, &f->err) >= 0);
        assert_done(li_kms_open(path, &options, &kms, &f->err), &f->err);
        assert_done(li_kms_set_add(set, kms, LI_KMS_FOR_ALL, &f->err), &f->err);
    }
    return set;
}

static void use(struct repo_fixture *f, struct li_kms *kms)
{
    li_repo_free(f->repo);
    f->repo = NULL;
    li_kms_free(f->kms);
    f->kms = kms;
    if (kms)
        reopen(f);
}

#define USE(f, ...) use(f, set_of(f, (const char *const[]){__VA_ARGS__, NULL}))

static uint8_t salt_id[LI_ID_SIZE];

/* Keeps the ID of the salt, for keys that do not open the repository. */
static void keep_salt(struct repo_fixture *f)
{
    struct li_root root;

    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    memcpy(salt_id, root.salt, LI_ID_SIZE);
}

/* A repository whose keys are "one" and "two". */
static void make_for_two(struct repo_fixture *f)
{
    li_kms_free(f->kms);
    f->kms = set_of(f, (const char *const[]){"one", "two", NULL});
    assert_done(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), &f->err);
    reopen(f);
    keep_salt(f);
    assert_done(push(f, "a:1", &small), &f->err);
}

static int open_image(struct repo_fixture *f)
{
    struct li_manifest m = {0};
    int rc = open_manifest(f, "a:1", &m);

    li_manifest_free(&m);
    return rc;
}

static int open_salt(struct repo_fixture *f)
{
    struct li_secret salt = {{0}};
    int rc = li_salt_open(f->repo, salt_id, &salt, &f->err);

    li_secret_wipe(&salt);
    return rc;
}

/* The key in the store of the wrap of a:1 by the key NAME. */
static char *wrap_of(struct repo_fixture *f, const char *name)
{
    struct li_kms *set = set_of(f, (const char *const[]){name, NULL});
    char rest[200], id[2 * LI_ID_SIZE + 1];
    char *key;

    li_hex_encode(f->result.manifest, LI_ID_SIZE, id);
    snprintf(rest, sizeof(rest), "manifests/%s.wraps/%s", id, set->name);
    key = root_key(f, "a:1", rest);
    li_kms_free(set);
    return key;
}

static void each_key_opens_what_was_pushed_for_both(void **state)
{
    struct repo_fixture *f = *state;

    make_for_two(f);
    expect_pushed(f, "a:1", &small);
    USE(f, "one");
    expect_pushed(f, "a:1", &small);
    assert_done(open_salt(f), &f->err);
    USE(f, "two");
    expect_pushed(f, "a:1", &small);
    assert_done(open_salt(f), &f->err);
    USE(f, "three", "two");
    expect_pushed(f, "a:1", &small);
    assert_done(open_salt(f), &f->err);
    USE(f, "three");
    assert_fails(open_image(f), LI_EDENIED, "was not wrapped for this key (file-", &f->err);
    assert_fails(open_salt(f), LI_EDENIED, "which may have a key of its own", &f->err);
    USE(f, "three", "four");
    assert_fails(open_image(f), LI_EDENIED, "was not wrapped for any of these keys", &f->err);
    assert_fails(open_salt(f), LI_EDENIED, "none of the keys opens it: file-", &f->err);
}

static void a_key_given_twice_is_one(void **state)
{
    struct repo_fixture *f = *state;

    li_kms_free(f->kms);
    f->kms = set_of(f, (const char *const[]){"one", "one", "one", NULL});
    assert_non_null(li_kms_member(f->kms, "salt", 0));
    assert_null(li_kms_member(f->kms, "salt", 1));
    assert_done(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), &f->err);
    reopen(f);
    assert_done(push(f, "a:1", &small), &f->err);
    expect_pushed(f, "a:1", &small);
}

static void one_good_wrap_is_enough(void **state)
{
    struct repo_fixture *f = *state;
    char *one, *two;

    make_for_two(f);
    one = wrap_of(f, "one");
    two = wrap_of(f, "two");
    overwrite(f, one, "nonsense", 8);
    expect_pushed(f, "a:1", &small);
    assert_done(li_store_remove(f->directory, one, &f->err), &f->err);
    expect_pushed(f, "a:1", &small);
    overwrite(f, two, "nonsense", 8);
    assert_fails(open_image(f), LI_ECORRUPT, "there is no wrap by this key; file-", &f->err);
    assert_non_null(strstr(f->err.text, "this is not a wrapped key that lambdaimg made"));
    assert_done(li_store_remove(f->directory, two, &f->err), &f->err);
    assert_fails(open_image(f), LI_ECORRUPT, "the key of its manifest is gone", &f->err);
    free(one);
    free(two);
}

/* A wrap that lies under the name of another key. */
static void a_wrap_of_another_name_is_tried(void **state)
{
    struct repo_fixture *f = *state;
    char *one, *two;

    make_for_two(f);
    one = wrap_of(f, "one");
    two = wrap_of(f, "two");
    put_from(f, f->directory, one, two);
    assert_done(li_store_remove(f->directory, one, &f->err), &f->err);
    USE(f, "one");
    expect_pushed(f, "a:1", &small);
    USE(f, "two");
    assert_fails(open_image(f), LI_EDENIED, "does not fit this key", &f->err);
    free(one);
    free(two);
}

static void a_key_that_is_closed_says_why(void **state)
{
    struct repo_fixture *f = *state;
    struct li_error why = LI_ERROR_INIT;
    struct li_kms *set, *closed = NULL;

    make_for_two(f);
    li_fail(&why, LI_ENETWORK, "the region is away");
    set = set_of(f, (const char *const[]){"two", NULL});
    assert_done(li_kms_closed(&why, &closed, &f->err), &f->err);
    assert_done(li_kms_set_add(set, closed, LI_KMS_FOR_ALL, &f->err), &f->err);
    use(f, set);
    expect_pushed(f, "a:1", &small);
    assert_done(open_salt(f), &f->err);
    /* A push would leave it out. */
    assert_fails(push(f, "a:1", &small), LI_ENETWORK, "the region is away", &f->err);

    set = set_of(f, (const char *const[]){"three", NULL});
    assert_done(li_kms_closed(&why, &closed, &f->err), &f->err);
    assert_done(li_kms_set_add(set, closed, LI_KMS_FOR_ALL, &f->err), &f->err);
    use(f, set);
    assert_fails(open_image(f), LI_ENETWORK, "the region is away", &f->err);
    assert_fails(open_salt(f), LI_ENETWORK, "does not fit this key", &f->err);
}

/* "salts/ID" is there for released programs, and is not needed. */
static void a_salt_without_its_first_wrap(void **state)
{
    struct repo_fixture *f = *state;
    struct li_root root;

    make_for_two(f);
    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    assert_done(li_store_remove(f->directory, li_key_salt(root.salt).text, &f->err), &f->err);
    assert_done(open_salt(f), &f->err);
    USE(f, "one");
    assert_fails(open_salt(f), LI_EDENIED, "its salt was not wrapped for this key", &f->err);
}

static void salts_may_have_keys_of_their_own(void **state)
{
    struct repo_fixture *f = *state;
    const struct li_kms_options options = {.env = &f->env};
    struct li_kms *set = NULL, *kms = NULL;
    char spec[128];

    assert_done(li_kms_set_new(&set, &f->err), &f->err);
    assert_null(li_kms_member(set, "salt", 0));
    for (int i = 0; i < 4; i++) {
        snprintf(spec, sizeof(spec), "file:%s/%d", f->dir, i);
        assert_done(li_kms_create(spec, &options, &f->err), &f->err);
        assert_done(li_kms_open(spec, &options, &kms, &f->err), &f->err);
        assert_done(li_kms_set_add(set, kms, i < 2 ? LI_KMS_FOR_SALTS : LI_KMS_FOR_OTHERS, &f->err),
                    &f->err);
        if (i == 2)
            assert_string_equal(set->name, kms->name);
    }
    li_kms_free(f->kms);
    f->kms = set;
    assert_done(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), &f->err);
    reopen(f);
    keep_salt(f);
    assert_done(push(f, "a:1", &small), &f->err);
    for (int i = 0; i < 4; i++) {
        snprintf(spec, sizeof(spec), "%d", i);
        USE(f, spec);
        assert_int_equal(open_salt(f), i < 2 ? 0 : LI_EDENIED);
        assert_int_equal(open_image(f), i < 2 ? LI_EDENIED : 0);
    }
}

static void a_set_has_a_limit(void **state)
{
    struct repo_fixture *f = *state;
    const struct li_kms_options options = {.env = &f->env};
    struct li_kms *set = NULL, *kms = NULL;
    char spec[128];

    assert_done(li_kms_set_new(&set, &f->err), &f->err);
    for (int i = 0; i <= LI_KMS_SET_MAX; i++) {
        int rc;

        snprintf(spec, sizeof(spec), "file:%s/%d", f->dir, i);
        assert_done(li_kms_create(spec, &options, &f->err), &f->err);
        assert_done(li_kms_open(spec, &options, &kms, &f->err), &f->err);
        rc = li_kms_set_add(set, kms, LI_KMS_FOR_ALL, &f->err);
        assert_int_equal(rc, i < LI_KMS_SET_MAX ? 0 : LI_ELIMIT);
    }
    li_kms_free(kms);
    li_kms_free(set);
}

static void expect_specs(const char *text, const char *const *want)
{
    struct li_kms_specs specs = {.count = 0};
    struct li_error err = LI_ERROR_INIT;
    size_t i = 0;

    assert_done(li_kms_specs_add(&specs, text, &err), &err);
    for (; want[i]; i++)
        assert_string_equal(specs.spec[i], want[i]);
    assert_int_equal(specs.count, i);
    li_kms_specs_free(&specs);
}

static void specs_in_one_text(void **state)
{
    struct li_kms_specs specs = {.count = 0};
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    expect_specs("file:/a", (const char *const[]){"file:/a", NULL});
    expect_specs("file:/a,exec:b c,file:d",
                 (const char *const[]){"file:/a", "exec:b c", "file:d", NULL});
    expect_specs("file:/a,b,/c,", (const char *const[]){"file:/a,b,/c,", NULL});
    expect_specs("file:/a,b,file:c", (const char *const[]){"file:/a,b", "file:c", NULL});
    assert_fails(li_kms_specs_add(&specs, "/a,file:b", &err), LI_EINVALID, "not file:PATH", &err);
    for (int i = 0; i < LI_KMS_SET_MAX; i++)
        assert_done(li_kms_specs_add(&specs, "file:/a", &err), &err);
    assert_fails(li_kms_specs_add(&specs, "file:/a", &err), LI_ELIMIT, "16 keys", &err);
    li_kms_specs_free(&specs);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup_store, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(each_key_opens_what_was_pushed_for_both),
        WITH_STORE(a_key_given_twice_is_one),
        WITH_STORE(one_good_wrap_is_enough),
        WITH_STORE(a_wrap_of_another_name_is_tried),
        WITH_STORE(a_key_that_is_closed_says_why),
        WITH_STORE(a_salt_without_its_first_wrap),
        WITH_STORE(salts_may_have_keys_of_their_own),
        WITH_STORE(a_set_has_a_limit),
        cmocka_unit_test(specs_in_one_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
