/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks that vanish while a push checks them. */
#include "tests/fixtures/repo_fixture.h"

static const struct image second = {5, {3, 2, 4, 0, 0}};

/* A store from which a chunk is removed right after it was looked up. It lists nothing until the
 * chunk is stored again. */
static struct {
    const struct li_store_operations *own;
    struct li_store_operations operations;
    const char *key;
    bool gone;
} fading;

static int exists_and_fades(struct li_store *store, const char *const *keys, size_t count,
                            uint64_t longest, bool *present, struct li_error *err)
{
    int rc = fading.own->exists(store, keys, count, longest, present, err);

    for (size_t i = 0; rc == 0 && i < count && !fading.gone; i++)
        if (strcmp(keys[i], fading.key) == 0) {
            assert_int_equal(fading.own->remove(store, fading.key, err), 0);
            fading.gone = true;
        }
    return rc;
}

static int list_nothing(struct li_store *store, const char *prefix, bool deep,
                        li_store_visit_object *visit, void *arg, struct li_error *err)
{
    bool there = false;
    int rc = fading.own->exists(store, &fading.key, 1, SIZE_MAX, &there, err);

    if (rc == 0 && fading.gone && !there)
        rc = li_fail(err, LI_EDENIED, "nobody may list");
    return rc < 0 ? rc : fading.own->list(store, prefix, deep, visit, arg, err);
}

static void a_chunk_that_vanishes_is_stored_again(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = push_options();
    char *key;

    assert_done(push(f, "b", &second), &f->err);
    key = chunk_key(f, "b", 1);
    fading.own = f->directory->ops;
    fading.operations = *fading.own;
    fading.operations.exists = exists_and_fades;
    fading.operations.list = list_nothing;
    fading.key = key;
    fading.gone = false;
    f->directory->ops = &fading.operations;
    options.check_existing = true;
    assert_done(push_with(f->repo, "c", &second, &options, &f->result, &f->err), &f->err);
    f->directory->ops = fading.own;
    assert_true(fading.gone);
    assert_int_equal(f->result.mended, 1);
    assert_int_equal(f->result.new_chunks, 0);
    expect_pushed(f, "b", &second);
    expect_pushed(f, "c", &second);
    free(key);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(a_chunk_that_vanishes_is_stored_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
