/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that do not do what they should, and which objects are listed: no wrap is removed for them,
 * and nothing is passed over in silence. */
#include "tests/fixtures/repo_objects.h"
#include "tests/fixtures/wraps_fixture.h"

#include "repo/keys.h"
#include "repo/roots.h"

static const struct image small = {2, {1, 2}};

static const struct li_wraps_selection everything = {.all = true, .salts = true};

/* ---- keys ------------------------------------------------------------------------------------ */

/* Whether the salt's first wrap is by a key that is disabled, nobody knows. */
static void a_disabled_key_is_not_another_key(void **state)
{
    struct repo_fixture *f = *state;
    struct keys keys;

    make_keys(f, &keys);
    add_new(f, &keys);
    assert_done(make_change(f, &keys), &f->err);
    keys.old.disabled = true;
    remove_old(&keys);
    assert_fails(make_change(f, &keys), LI_EDENIED,
                 "1 of the objects cannot be changed, of which one is: cannot find out whether",
                 &f->err);
    assert_non_null(strstr(f->err.text, "the key is disabled"));
    assert_int_equal(count_failed(&keys.wraps, LI_WRAPS_SALT), 1);
    assert_int_equal(keys.wraps.failures, 1);
    assert_true(keys.wraps.ended);
    /* Wraps that have names went all the same. */
    assert_int_equal(count_objects(f, keys.old.kms.name), 0);
    keys.old.disabled = false;
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(keys.wraps.failures, 0);
    free_keys(&keys);
}

/* Also if it may only wrap, as a policy may say. */
static void nor_is_one_that_may_not_unwrap(void **state)
{
    struct repo_fixture *f = *state;
    struct keys keys;

    make_keys(f, &keys);
    add_new(f, &keys);
    assert_done(make_change(f, &keys), &f->err);
    keys.old.blind = true;
    replace_old(&keys);
    assert_fails(make_change(f, &keys), LI_EDENIED, "the key is blind", &f->err);
    assert_true(count_failed(&keys.wraps, LI_WRAPS_SALT) == 1);
    free_keys(&keys);
}

static void the_new_key_is_tried_before_anything_is_written(void **state)
{
    struct repo_fixture *f = *state;
    uint64_t before;
    struct keys keys;

    make_keys(f, &keys);
    replace_old(&keys);
    assert_done(push(f, "a:1", &small), &f->err);
    before = li_fault_count(f->store, LI_FAULT_WRITE) + li_fault_count(f->store, LI_FAULT_REMOVE);
    keys.new.lies = true;
    assert_fails(make_change(f, &keys), LI_ECORRUPT, "unwraps another key than it has wrapped",
                 &f->err);
    assert_non_null(strstr(f->err.text, "cannot be used, and nothing was changed"));
    assert_false(keys.wraps.ended);
    keys.new.lies = false;
    keys.new.blind = true;
    assert_int_equal(make_change(f, &keys), LI_EDENIED);
    assert_int_equal(li_fault_count(f->store, LI_FAULT_WRITE) +
                         li_fault_count(f->store, LI_FAULT_REMOVE),
                     before);
    expect_pushed(f, "a:1", &small);
    free_keys(&keys);
}

/* A key for emergencies may be out of reach for whoever adds it. */
static void a_key_that_only_wraps_can_be_added(void **state)
{
    struct repo_fixture *f = *state;
    struct keys keys;

    make_keys(f, &keys);
    add_new(f, &keys);
    assert_done(push(f, "a:1", &small), &f->err);
    keys.new.blind = true;
    assert_fails(make_change(f, &keys), LI_EDENIED, "--unproven adds a key", &f->err);
    assert_int_equal(count_objects(f, keys.new.kms.name), 0);
    keys.change.unproven = true;
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(keys.wraps.failures, 0);
    assert_int_equal(count_objects(f, keys.new.kms.name), 3);
    assert_int_equal(count_unproven(&keys.wraps), 0);
    /* Those that are there now are by somebody who has wrapped with that key. */
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(count_unproven(&keys.wraps), 3);
    free_keys(&keys);
}

/* A program may fail for one purpose only. */
static void each_purpose_is_tried(void **state)
{
    static const char *const purposes[] = {"manifest", "salt", "repository"};
    struct repo_fixture *f = *state;
    struct keys keys;

    make_keys(f, &keys);
    assert_done(push(f, "a:1", &small), &f->err);
    for (size_t i = 0; i < 3; i++)
        for (int replaces = 0; replaces < 2; replaces++) {
            if (replaces)
                replace_old(&keys);
            else
                add_new(f, &keys);
            keys.new.blind_for = purposes[i];
            assert_int_equal(make_change(f, &keys), LI_EDENIED);
            assert_non_null(strstr(f->err.text, "nothing was changed"));
            assert_int_equal(count_objects(f, keys.new.kms.name), 0);
        }
    /* And only for that one a wrap that is there is not compared. */
    add_new(f, &keys);
    keys.change.unproven = true;
    assert_done(make_change(f, &keys), &f->err);
    forge_wrap(f, "a:1", keys.new.inner);
    assert_fails(make_change(f, &keys), LI_ECORRUPT, "holds another secret", &f->err);
    free_keys(&keys);
}

/* ---- what is listed -------------------------------------------------------------------------- */

static size_t count_strays(const struct li_wraps *wraps, bool in_state)
{
    size_t count = 0;

    for (size_t i = 0; i < wraps->count; i++)
        count += in_state ? wraps->object[i].state == LI_WRAPS_STRAY : wraps->object[i].stray;
    return count;
}

/* Of inits and first pushes that died, by a key that nobody has. They stop nobody. */
static void what_nothing_refers_to_is_shown(void **state)
{
    static const uint8_t nobodys[LI_ID_SIZE] = {9};
    static const char wrap[] = "something that is long enough";
    struct repo_fixture *f = *state;
    struct keys keys;

    make_keys(f, &keys);
    overwrite(f, li_key_salt(nobodys).text, wrap, sizeof(wrap));
    overwrite(f, li_key_salt_wrap(nobodys, "file-0000000000000000").text, wrap, sizeof(wrap));
    overwrite(f, li_key_repository_key(nobodys, "file-0000000000000000").text, wrap, sizeof(wrap));
    add_new(f, &keys);
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(keys.wraps.count, 4);
    assert_int_equal(count_strays(&keys.wraps, true), 2);
    assert_int_equal(count_objects(f, keys.new.kms.name), 2);
    /* Also where they would lose their last wrap. */
    overwrite(f, li_key_repository_key(nobodys, keys.old.kms.name).text, wrap, sizeof(wrap));
    assert_int_equal(li_store_remove(f->directory,
                                     li_key_repository_key(nobodys, "file-0000000000000000").text,
                                     &f->err),
                     0);
    li_repo_forget_kms(f->repo);
    remove_old(&keys);
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(count_strays(&keys.wraps, false), 2);
    assert_int_equal(count_strays(&keys.wraps, true), 2);
    assert_int_equal(count_objects(f, keys.old.kms.name), 1);
    free_keys(&keys);
}

/* Whoever writes the store makes ROOT's description name another salt than its proof. */
static void hide_salt(struct repo_fixture *f, const struct li_root *root)
{
    struct li_root changed = *root;
    struct li_buffer text = {0};

    memset(changed.salt, 7, LI_ID_SIZE);
    assert_done(li_root_encode(&changed, &text, &f->err), &f->err);
    overwrite(f, li_key_root(root->id, "root.json").text, text.data, text.len);
    li_buffer_free(&text);
}

static void a_salt_that_the_root_hides_is_changed(void **state)
{
    struct repo_fixture *f = *state;
    struct li_root root;
    struct keys keys;

    make_keys(f, &keys);
    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    hide_salt(f, &root);
    add_new(f, &keys);
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(count_objects(f, li_key_salt_wrap(root.salt, keys.new.kms.name).text), 1);
    /* By the proof it is in use, so that it cannot be opened is a failure. */
    assert_int_equal(count_strays(&keys.wraps, false), 0);
    replace_old(&keys);
    li_repo_forget_kms(f->repo);
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(count_strays(&keys.wraps, false), 1);
    assert_int_equal(count_strays(&keys.wraps, true), 0);
    assert_int_equal(count_objects(f, li_key_salt(root.salt).text), 1);
    free_keys(&keys);
}

/* An empty object of any name is no wrap. */
static void what_cannot_be_a_wrap_does_not_count(void **state)
{
    struct repo_fixture *f = *state;
    struct keys keys;

    make_keys(f, &keys);
    assert_done(push(f, "a:1", &small), &f->err);
    remove_old(&keys);
    for (int i = 0; i < 2; i++) {
        overwrite(f, wrap_of(f, "a:1", &(struct li_kms){.name = "junk"}).text, "0123456789abcdef!",
                  i ? 17 : 16);
        assert_done(li_wraps_list(f->repo, &everything, &keys.wraps, &f->err), &f->err);
        assert_done(li_wraps_plan(f->repo, &keys.change, &keys.wraps, &f->err), &f->err);
        assert_int_equal(keys.wraps.object[0].kind, LI_WRAPS_MANIFEST);
        assert_int_equal(keys.wraps.object[0].state, i ? LI_WRAPS_CHANGE : LI_WRAPS_LAST);
        li_wraps_free(&keys.wraps);
    }
    free_keys(&keys);
}

/* Lists the wraps of A:1 and of OTHER. */
static int list_two(struct repo_fixture *f, const char *other, bool whole)
{
    const struct li_reference references[] = {reference("a:1"), reference(other)};
    const bool wholes[] = {false, whole};
    const struct li_wraps_selection selection = {
        .reference = references, .whole = wholes, .count = 2};
    struct li_wraps wraps = {0};
    int rc = li_wraps_list(f->repo, &selection, &wraps, &f->err);

    li_wraps_free(&wraps);
    return rc;
}

static void each_reference_must_name_something(void **state)
{
    static const char pin[] = "a@00000000000000000000000000000009";
    struct repo_fixture *f = *state;

    assert_done(push(f, "a:1", &small), &f->err);
    for (int i = 0; i < 2; i++) {
        assert_done(list_two(f, "a:1", true), &f->err);
        assert_fails(list_two(f, "b:1", true), LI_ENOTFOUND, "there is no image b", &f->err);
        assert_fails(list_two(f, "b:1", false), LI_ENOTFOUND, "there is no", &f->err);
        assert_int_equal(list_two(f, pin, false), LI_ENOTFOUND);
        /* The same without a key. */
        li_repo_forget_kms(f->repo);
    }
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(a_disabled_key_is_not_another_key),
        WITH_REPO(nor_is_one_that_may_not_unwrap),
        WITH_REPO(the_new_key_is_tried_before_anything_is_written),
        WITH_REPO(a_key_that_only_wraps_can_be_added),
        WITH_REPO(each_purpose_is_tried),
        WITH_REPO(what_nothing_refers_to_is_shown),
        WITH_REPO(a_salt_that_the_root_hides_is_changed),
        WITH_REPO(what_cannot_be_a_wrap_does_not_count),
        WITH_REPO(each_reference_must_name_something),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
