/* SPDX-License-Identifier: Apache-2.0 */
/* Wraps that somebody else has made, or damaged: they are compared with others that open the same
 * object, and never with themselves. */
#include "tests/fixtures/repo_objects.h"
#include "tests/fixtures/wraps_fixture.h"

#include "repo/keys.h"
#include "repo/roots.h"

static const struct image small = {2, {1, 2}};

/* ---- wraps that are there already ------------------------------------------------------------ */

static void a_wrap_of_another_secret_keeps_the_old_one(void **state)
{
    struct repo_fixture *f = *state;
    struct li_key old;
    struct keys keys;

    make_keys(f, &keys);
    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(push(f, "b:1", &small), &f->err);
    old = wrap_of(f, "a:1", f->kms);
    forge_wrap(f, "a:1", keys.new.inner);
    replace_old(&keys);
    assert_fails(make_change(f, &keys), LI_ECORRUPT,
                 "holds another secret than the wrap that opens the manifest now", &f->err);
    assert_int_equal(keys.wraps.failures, 1);
    assert_int_equal(count_objects(f, old.text), 1);
    assert_int_equal(count_objects(f, keys.old.kms.name), 1);
    expect_pushed(f, "a:1", &small);
    /* And once it is removed. */
    assert_int_equal(li_store_remove(f->directory, wrap_of(f, "a:1", keys.new.inner).text, &f->err),
                     0);
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(count_objects(f, keys.old.kms.name), 0);
    free_keys(&keys);
}

static void adding_a_key_notices_it_too(void **state)
{
    struct repo_fixture *f = *state;
    struct keys keys;

    make_keys(f, &keys);
    assert_done(push(f, "a:1", &small), &f->err);
    add_new(f, &keys);
    assert_done(make_change(f, &keys), &f->err);
    assert_done(make_change(f, &keys), &f->err);
    forge_wrap(f, "a:1", keys.new.inner);
    assert_fails(make_change(f, &keys), LI_ECORRUPT, "holds another secret", &f->err);
    assert_int_equal(count_failed(&keys.wraps, LI_WRAPS_MANIFEST), 1);
    overwrite(f, wrap_of(f, "a:1", keys.new.inner).text, "nonsense", 8);
    assert_fails(make_change(f, &keys), LI_ECORRUPT, "1 of the objects cannot", &f->err);
    free_keys(&keys);
}

/* REPO has KEYS from then on. */
static void use(struct repo_fixture *f, struct li_kms *keys)
{
    f->kms = keys;
    reopen(f);
}

/* The order in which the pages tell hosts to name the two keys. */
static void a_forged_wrap_is_not_compared_with_itself(void **state)
{
    struct repo_fixture *f = *state;
    struct li_kms *own = f->kms, *third = make_kms(f, "third"), *set = NULL;
    struct keys keys;

    make_keys(f, &keys);
    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(li_kms_set_new(&set, &f->err), &f->err);
    assert_done(li_kms_set_add(set, keys.new.inner, LI_KMS_FOR_ALL, &f->err), &f->err);
    assert_done(li_kms_set_add(set, own, LI_KMS_FOR_ALL, &f->err), &f->err);
    add_new(f, &keys);
    assert_done(make_change(f, &keys), &f->err);
    forge_wrap(f, "a:1", keys.new.inner);
    use(f, set);
    assert_fails(make_change(f, &keys), LI_ECORRUPT, "holds another secret", &f->err);
    /* Nor is it what a third key gets. */
    keys.change.to[0] = third;
    assert_fails(make_change(f, &keys), LI_ECORRUPT, "holds another secret", &f->err);
    assert_int_equal(count_failed(&keys.wraps, LI_WRAPS_MANIFEST), 1);
    assert_int_equal(count_objects(f, third->name), 2);
    use(f, own);
    expect_pushed(f, "a:1", &small);
    use(f, set);
    keys.new.inner = NULL;
    li_kms_free(third);
    free_keys(&keys);
}

/* With the new key alone nothing can be compared, and that is said. */
static void a_wrap_that_nothing_can_be_compared_with(void **state)
{
    struct repo_fixture *f = *state;
    struct li_kms *own = f->kms;
    struct keys keys;

    make_keys(f, &keys);
    assert_done(push(f, "a:1", &small), &f->err);
    add_new(f, &keys);
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(count_unproven(&keys.wraps), 0);
    use(f, keys.new.inner);
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(count_unproven(&keys.wraps), 3);
    use(f, own);
    free_keys(&keys);
}

/* ---- a salt's wrap without a name ------------------------------------------------------------ */

/* Whose it is, nobody knows then, and the old key must not be destroyed. */
static void a_salt_that_cannot_be_read_is_not_another_keys(void **state)
{
    static const char *const contents[] = {"nonsense", ""};
    struct repo_fixture *f = *state;
    struct li_root root;
    struct keys keys;

    make_keys(f, &keys);
    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    for (int i = 0; i < 2; i++) {
        overwrite(f, li_key_salt(root.salt).text, contents[i], strlen(contents[i]));
        replace_old(&keys);
        assert_fails(make_change(f, &keys), LI_ECORRUPT, "1 of the objects cannot be changed",
                     &f->err);
        assert_int_equal(count_failed(&keys.wraps, LI_WRAPS_SALT), 1);
        remove_old(&keys);
        keys.change.force = true;
        assert_int_equal(make_change(f, &keys), LI_ECORRUPT);
        assert_int_equal(count_failed(&keys.wraps, LI_WRAPS_SALT), 1);
    }
    free_keys(&keys);
}

/* A salt that the new key holds in that place is not the old one's, whether that can be used or
 * not. */
static void where_the_new_key_is_the_old_one_is_not_asked(void **state)
{
    struct repo_fixture *f = *state;
    struct keys keys;

    make_keys(f, &keys);
    assert_done(push(f, "a:1", &small), &f->err);
    keys.change = (struct li_wraps_change){.from = &keys.new.kms,
                                           .to = {f->kms},
                                           .to_count = 1,
                                           .remove = {keys.new.kms.name},
                                           .remove_key = {&keys.new.kms},
                                           .remove_count = 1,
                                           .replace = true,
                                           .whole = true};
    keys.new.disabled = true;
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(keys.wraps.failures, 0);
    free_keys(&keys);
}

/* A run that was stopped has left it. */
static void a_wrap_of_the_same_secret_is_used(void **state)
{
    struct repo_fixture *f = *state;
    struct keys keys;

    make_keys(f, &keys);
    assert_done(push(f, "a:1", &small), &f->err);
    add_new(f, &keys);
    assert_done(make_change(f, &keys), &f->err);
    replace_old(&keys);
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(count_objects(f, keys.old.kms.name), 0);
    assert_int_equal(count_objects(f, keys.new.kms.name), 3);
    free_keys(&keys);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(a_wrap_of_another_secret_keeps_the_old_one),
        WITH_REPO(adding_a_key_notices_it_too),
        WITH_REPO(a_forged_wrap_is_not_compared_with_itself),
        WITH_REPO(a_wrap_that_nothing_can_be_compared_with),
        WITH_REPO(a_salt_that_cannot_be_read_is_not_another_keys),
        WITH_REPO(where_the_new_key_is_the_old_one_is_not_asked),
        WITH_REPO(a_wrap_of_the_same_secret_is_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
