/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that do not do what they should, and objects that somebody else has put there: no wrap is
 * removed for them, and nothing is passed over in silence. */
#include "tests/fixtures/repo_fixture.h"
#include "tests/fixtures/repo_objects.h"

#include "repo/keys.h"
#include "repo/roots.h"
#include "repo/wrap.h"
#include "repo/wrapped.h"
#include "wraps/wraps.h"

static const struct image small = {2, {1, 2}};
static const struct li_wraps_selection everything = {.all = true, .salts = true};

/* A KMS that may be disabled, may not be allowed to unwrap, or may unwrap other keys. */
struct moody {
    struct li_kms kms;
    struct li_kms *inner;
    bool disabled, blind, lies;
};

static int moody_wrap(struct li_kms *kms, const struct li_kms_context *context,
                      const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    const struct moody *m = (const struct moody *)kms;

    return m->disabled ? li_fail(err, LI_EDENIED, "the key is disabled")
                       : li_kms_wrap(m->inner, context, key, blob, err);
}

static int moody_unwrap(struct li_kms *kms, const struct li_kms_context *context,
                        const uint8_t *blob, size_t len, struct li_secret *key,
                        struct li_error *err)
{
    const struct moody *m = (const struct moody *)kms;
    int rc;

    if (m->disabled || m->blind)
        return li_fail(err, LI_EDENIED, "the key is %s", m->disabled ? "disabled" : "blind");
    rc = li_kms_unwrap(m->inner, context, blob, len, key, err);
    key->bytes[0] ^= m->lies;
    return rc;
}

static const struct li_kms_operations moody_operations = {.wrap = moody_wrap,
                                                          .unwrap = moody_unwrap};

/* The key that the repository has, a new one, and a change of them. */
struct keys {
    struct moody old, new;
    struct li_wraps_change change;
    struct li_wraps wraps;
};

static struct moody moody(struct li_kms *inner)
{
    struct moody m = {.kms.ops = &moody_operations, .inner = inner};

    strcpy(m.kms.name, inner->name);
    return m;
}

static void make_keys(struct repo_fixture *f, struct keys *keys)
{
    *keys = (struct keys){.old = moody(f->kms), .new = moody(make_kms(f, "new"))};
}

/* CHANGE becomes the replacement of the old key. */
static void replace_old(struct keys *keys)
{
    keys->change = (struct li_wraps_change){.from = &keys->old.kms,
                                            .to = {&keys->new.kms},
                                            .to_count = 1,
                                            .remove = {keys->old.kms.name},
                                            .remove_key = {&keys->old.kms},
                                            .remove_count = 1,
                                            .replace = true,
                                            .whole = true};
}

static void add_new(struct repo_fixture *f, struct keys *keys)
{
    keys->change = (struct li_wraps_change){.from = f->kms, .to = {&keys->new.kms}, .to_count = 1};
}

static void remove_old(struct keys *keys)
{
    keys->change = (struct li_wraps_change){.remove = {keys->old.kms.name},
                                            .remove_key = {&keys->old.kms},
                                            .remove_count = 1,
                                            .whole = true};
}

static void free_keys(struct keys *keys)
{
    li_wraps_free(&keys->wraps);
    li_kms_free(keys->new.inner);
}

/* Lists, plans and applies the change, whose outcome stays in keys->wraps. */
static int make_change(struct repo_fixture *f, struct keys *keys)
{
    int rc;

    li_wraps_free(&keys->wraps);
    rc = li_wraps_list(f->repo, &everything, &keys->wraps, &f->err);
    if (rc == 0)
        rc = li_wraps_plan(f->repo, &keys->change, &keys->wraps, &f->err);
    return rc == 0 ? li_wraps_apply(f->repo, &keys->change, &keys->wraps, 1, &f->err) : rc;
}

/* The wrap of REF's manifest by KMS. */
static struct li_key wrap_of(struct repo_fixture *f, const char *ref, const struct li_kms *kms)
{
    struct li_manifest m = {0};
    struct li_key key;

    assert_done(open_manifest(f, ref, &m), &f->err);
    key = li_key_root(m.root, li_key_wrap(m.id, kms->name).text);
    li_manifest_free(&m);
    return key;
}

/* A valid wrap by KMS of another secret, for the manifest of REF. */
static void forge_wrap(struct repo_fixture *f, const char *ref, struct li_kms *kms)
{
    struct li_key at = wrap_of(f, ref, kms);
    struct li_secret mine = {{1}};
    struct li_kms_context context;
    struct li_buffer wrap = {0};
    struct li_manifest m = {0};

    assert_done(open_manifest(f, ref, &m), &f->err);
    context = li_wrap_context("manifest", li_repo_id(f->repo), m.id);
    assert_done(li_wrap_make(kms, &context, &mine, &wrap, &f->err), &f->err);
    overwrite(f, at.text, wrap.data, wrap.len);
    li_manifest_free(&m);
    li_buffer_free(&wrap);
}

static size_t count_failed(const struct li_wraps *wraps, enum li_wraps_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < wraps->count; i++)
        count += wraps->object[i].state == LI_WRAPS_FAILED && wraps->object[i].kind == kind;
    return count;
}

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
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(keys.wraps.failures, 0);
    assert_int_equal(count_objects(f, keys.new.kms.name), 3);
    assert_done(make_change(f, &keys), &f->err);
    free_keys(&keys);
}

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

/* ---- what is listed -------------------------------------------------------------------------- */

/* Of inits and first pushes that died, by a key that nobody has. */
static void what_nothing_refers_to_is_left_out(void **state)
{
    static const uint8_t nobodys[LI_ID_SIZE] = {9};
    struct repo_fixture *f = *state;
    struct keys keys;

    make_keys(f, &keys);
    overwrite(f, li_key_salt(nobodys).text, "x", 1);
    overwrite(f, li_key_salt_wrap(nobodys, "file-0000000000000000").text, "x", 1);
    overwrite(f, li_key_repository_key(nobodys, "file-0000000000000000").text, "x", 1);
    add_new(f, &keys);
    assert_done(make_change(f, &keys), &f->err);
    assert_int_equal(keys.wraps.count, 2);
    li_repo_forget_kms(f->repo);
    li_wraps_free(&keys.wraps);
    assert_done(li_wraps_list(f->repo, &everything, &keys.wraps, &f->err), &f->err);
    assert_int_equal(keys.wraps.count, 2);
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
        WITH_REPO(a_wrap_of_another_secret_keeps_the_old_one),
        WITH_REPO(adding_a_key_notices_it_too),
        WITH_REPO(a_wrap_of_the_same_secret_is_used),
        WITH_REPO(what_nothing_refers_to_is_left_out),
        WITH_REPO(each_reference_must_name_something),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
