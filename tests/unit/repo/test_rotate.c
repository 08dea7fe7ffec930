/* SPDX-License-Identifier: Apache-2.0 */
/* A new root with a new salt: what is pushed from then on, and what was pushed before. */
#include "tests/fixtures/repo_fixture.h"
#include "tests/fixtures/repo_objects.h"
#include "tests/fixtures/tree.h"

#include "repo/keys.h"
#include "repo/roots.h"
#include "repo/salt.h"

static const struct image small = {3, {1, 2, 3}};

static void pushes_share_nothing_with_what_was_there(void **state)
{
    struct repo_fixture *f = *state;
    struct li_root before, after;
    struct li_root active;

    assert_done(push(f, "a:1", &small), &f->err);
    assert_int_equal(f->result.new_chunks, 3);
    assert_done(li_root_active(f->repo, &before, &f->err), &f->err);
    assert_done(li_root_rotate(f->repo, &after, &f->err), &f->err);
    assert_int_equal(after.generation, before.generation + 1);
    assert_memory_not_equal(after.salt, before.salt, LI_ID_SIZE);
    assert_memory_not_equal(after.id, before.id, LI_ID_SIZE);
    reopen(f);
    assert_done(li_root_active(f->repo, &active, &f->err), &f->err);
    assert_memory_equal(active.id, after.id, LI_ID_SIZE);
    assert_memory_equal(active.salt, after.salt, LI_ID_SIZE);
    assert_done(push(f, "a:2", &small), &f->err);
    assert_int_equal(f->result.new_chunks, 3);
    assert_done(push(f, "a:3", &small), &f->err);
    assert_int_equal(f->result.new_chunks, 0);
    expect_pushed(f, "a:1", &small);
    expect_pushed(f, "a:2", &small);
    /* The root before is as it was. */
    assert_int_equal(count_objects(f, "root.json"), 2);
    assert_int_equal(count_objects(f, "/chunks/"), 6);
}

/* The handle that rotates knows the new root, too. */
static void the_same_handle_pushes_there(void **state)
{
    struct repo_fixture *f = *state;
    struct li_root after;
    struct li_manifest m = {0};

    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(li_root_rotate(f->repo, &after, &f->err), &f->err);
    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(open_manifest(f, "a:1", &m), &f->err);
    assert_memory_equal(m.root, after.id, LI_ID_SIZE);
    li_manifest_free(&m);
}

static void two_keys_open_the_new_salt(void **state)
{
    struct repo_fixture *f = *state;
    struct li_kms *own = f->kms, *other = make_kms(f, "other"), *set = NULL;
    struct li_secret salt;
    struct li_root after;

    assert_done(li_kms_set_new(&set, &f->err), &f->err);
    assert_done(li_kms_set_add(set, own, LI_KMS_FOR_ALL, &f->err), &f->err);
    assert_done(li_kms_set_add(set, other, LI_KMS_FOR_ALL, &f->err), &f->err);
    f->kms = set;
    reopen(f);
    assert_done(li_root_rotate(f->repo, &after, &f->err), &f->err);
    f->kms = other;
    reopen(f);
    assert_done(li_salt_open(f->repo, after.salt, &salt, &f->err), &f->err);
    li_secret_wipe(&salt);
    f->kms = set;
    reopen(f);
}

/* Whichever operation fails, and however, all is as before or as after, and the next one works. */
static void stopped_at_each_step(void **state)
{
    static const enum li_fault_how hows[] = {LI_FAULT_BEFORE, LI_FAULT_AFTER, LI_FAULT_STOP};
    struct repo_fixture *f = *state;
    unsigned failures = 0;

    assert_done(push(f, "a:1", &small), &f->err);
    for (unsigned i = 0; i < 3; i++) {
        bool happened = true;

        for (unsigned n = 1; happened; n++) {
            struct li_root after;
            int rc;

            li_fault_order(f->store, LI_FAULT_WRITE, n, hows[i], LI_ENETWORK);
            rc = li_root_rotate(f->repo, &after, &f->err);
            happened = li_fault_happened(f->store);
            assert_int_equal(rc < 0, happened);
            failures += happened;
            li_fault_order(f->store, LI_FAULT_ANY, 0, LI_FAULT_BEFORE, 0);
            reopen(f);
            expect_pushed(f, "a:1", &small);
            assert_done(push(f, "b:1", &small), &f->err);
            expect_pushed(f, "b:1", &small);
        }
    }
    assert_true(failures >= 3 * 3);
    assert_done(push(f, "c:1", &small), &f->err);
    expect_pushed(f, "c:1", &small);
}

static void there_is_a_limit(void **state)
{
    struct repo_fixture *f = *state;
    struct li_root after;
    int rc = 0;

    for (unsigned i = 1; i < LI_REPO_ROTATED_MAX; i++)
        assert_done(li_root_rotate(f->repo, &after, &f->err), &f->err);
    rc = li_root_rotate(f->repo, &after, &f->err);
    assert_fails(rc, LI_ELIMIT, "has 100 roots", &f->err);
    assert_fails(li_root_rotate_check(f->repo, &after, &f->err), LI_ELIMIT, "has 100 roots",
                 &f->err);
    assert_done(push(f, "a:1", &small), &f->err);
}

static void an_older_repository_has_no_proofs_to_give(void **state)
{
    struct repo_fixture *f = *state;
    struct li_root after;
    size_t files;

    make_older(f);
    files = tree_count(f->dir);
    assert_fails(li_root_rotate(f->repo, &after, &f->err), LI_EINVALID,
                 "has no identity; the next push makes it", &f->err);
    assert_int_equal(tree_count(f->dir), files);
}

/* A KMS that wraps, and does not unwrap. */
static int blind_wrap(struct li_kms *kms, const struct li_kms_context *context,
                      const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    (void)kms, (void)context, (void)key;
    blob->len = 0;
    return li_buffer_append(blob, "blob", 4, err);
}

static int blind_unwrap(struct li_kms *kms, const struct li_kms_context *context,
                        const uint8_t *blob, size_t len, struct li_secret *key,
                        struct li_error *err)
{
    (void)kms, (void)context, (void)blob, (void)len, (void)key;
    return li_fail(err, LI_EDENIED, "the key is blind");
}

static void blind_free(struct li_kms *kms)
{
    (void)kms;
}

static void a_key_that_does_not_unwrap_is_found_out_before(void **state)
{
    static const struct li_kms_operations operations = {
        .wrap = blind_wrap, .unwrap = blind_unwrap, .free = blind_free};
    static struct li_kms blind = {.ops = &operations, .name = "blind"};
    struct repo_fixture *f = *state;
    struct li_kms *own = f->kms, *set = NULL;
    struct li_root after;
    size_t files;

    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(li_kms_set_new(&set, &f->err), &f->err);
    assert_done(li_kms_set_add(set, own, LI_KMS_FOR_OTHERS, &f->err), &f->err);
    assert_done(li_kms_set_add(set, &blind, LI_KMS_FOR_SALTS, &f->err), &f->err);
    f->kms = set;
    reopen(f);
    files = tree_count(f->dir);
    assert_fails(li_root_rotate(f->repo, &after, &f->err), LI_EDENIED,
                 "the key blind cannot be used for a salt, and nothing was changed", &f->err);
    assert_int_equal(tree_count(f->dir), files);
}

/* A handle that was opened before another one rotated, and then rotates itself. */
static void all_handles_agree(void **state)
{
    struct repo_fixture *f = *state;
    struct li_root one, other, active, again;
    struct li_repo *second = NULL;

    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(li_repo_open(f->directory, f->kms, &f->env, &second, &f->err), &f->err);
    assert_done(li_root_rotate(f->repo, &one, &f->err), &f->err);
    assert_done(li_root_rotate(second, &other, &f->err), &f->err);
    assert_done(li_root_active(f->repo, &active, &f->err), &f->err);
    assert_done(li_root_active(second, &again, &f->err), &f->err);
    assert_memory_equal(active.id, again.id, LI_ID_SIZE);
    assert_memory_equal(active.id, other.id, LI_ID_SIZE);
    li_repo_free(second);
    assert_done(push(f, "a:2", &small), &f->err);
    expect_pushed(f, "a:1", &small);
    expect_pushed(f, "a:2", &small);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(pushes_share_nothing_with_what_was_there),
        WITH_REPO(the_same_handle_pushes_there),
        WITH_REPO(two_keys_open_the_new_salt),
        WITH_REPO(stopped_at_each_step),
        WITH_REPO(there_is_a_limit),
        WITH_REPO(a_key_that_does_not_unwrap_is_found_out_before),
        WITH_REPO(all_handles_agree),
        WITH_REPO(an_older_repository_has_no_proofs_to_give),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
