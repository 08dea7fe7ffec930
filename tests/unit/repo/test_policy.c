/* SPDX-License-Identifier: Apache-2.0 */
/* All that writes chunks pads them as the repository's policy says. */
#include "tests/fixtures/repo_fixture.h"

#include "repo/identity.h"
#include "tests/fixtures/repo_objects.h"
#include "verify/verify.h"

enum { PAD = 512 };

static const struct image small = {4, {1, 0, 2, 3}};
static const struct image other = {3, {4, 5, 1}};

static int check_size(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    unsigned *pad = arg;

    (void)err;
    if (strstr(key, "/chunks/"))
        assert_int_equal(size % *pad, 0);
    return 0;
}

static void expect_padded(struct repo_fixture *f, unsigned pad)
{
    assert_done(li_store_list(f->directory, "", check_size, &pad, &f->err), &f->err);
}

static void all_pushes_pad_as_the_policy_says(void **state)
{
    struct repo_fixture *f = *state;
    const struct li_repo_policy policy = {.pad = PAD};
    struct li_push_options options = push_options();

    assert_done(li_repo_create(f->store, f->kms, &f->env, &policy, NULL, &f->err), &f->err);
    reopen(f);
    assert_done(push(f, "a:1", &small), &f->err);
    expect_padded(f, PAD);
    assert_int_equal(f->result.new_bytes % PAD, 0);
    /* A push cannot choose. */
    options.seal.pad = 7;
    assert_done(push_with(f->repo, "a:2", &other, &options, &f->result, &f->err), &f->err);
    expect_padded(f, PAD);
    expect_pushed(f, "a:1", &small);
    expect_pushed(f, "a:2", &other);
}

/* A chunk of another size is valid, and is what a later push refers to. */
static void a_chunk_that_was_stored_before_the_policy_stays(void **state)
{
    struct repo_fixture *f = *state;
    const struct li_repo_policy policy = {.pad = PAD};
    struct li_chunk_source source = image_source(&small);
    struct li_push_options options = push_options();
    struct li_verify_options verify = {.seal = &options.seal};
    struct li_verify_result result;
    struct li_manifest m = {0};
    struct li_buffer object = {0};
    bool made = false;
    char *chunk;

    make_older(f);
    assert_done(push_with(f->repo, "a:1", &small, &options, &f->result, &f->err), &f->err);
    make_older(f);
    assert_done(li_identity_ensure(f->repo, &policy, &made, &f->err), &f->err);
    assert_true(made);
    reopen(f);
    assert_done(push(f, "a:2", &small), &f->err);
    assert_int_equal(f->result.new_chunks, 0);
    assert_done(open_manifest(f, "a:2", &m), &f->err);
    assert_done(li_verify(f->repo, &m, &verify, &result, &f->err), &f->err);
    /* What is mended is padded. */
    chunk = chunk_key(f, "a:2", 0);
    overwrite(f, chunk, "x", 1);
    verify.repair = &source;
    options.seal.pad = 7;
    assert_done(li_verify(f->repo, &m, &verify, &result, &f->err), &f->err);
    assert_int_equal(result.mended, 1);
    get_object(f->directory, chunk, &object);
    assert_int_equal(object.len % PAD, 0);
    li_buffer_free(&object);
    li_manifest_free(&m);
    free(chunk);
}

static void the_same_chunk_is_the_same_bytes(void **state)
{
    struct repo_fixture *f = *state;
    struct li_buffer first = {0}, second = {0};
    char *chunk;

    assert_done(push(f, "a:1", &small), &f->err);
    chunk = chunk_key(f, "a:1", 1);
    get_object(f->directory, chunk, &first);
    assert_int_equal(first.len % LI_REPO_PAD, 0);
    assert_int_equal(li_store_remove(f->directory, chunk, &f->err), 0);
    reopen(f);
    assert_done(push(f, "a:2", &small), &f->err);
    get_object(f->directory, chunk, &second);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    li_buffer_free(&first);
    li_buffer_free(&second);
    free(chunk);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup_store, teardown_repo)
#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(all_pushes_pad_as_the_policy_says),
        WITH_REPO(a_chunk_that_was_stored_before_the_policy_stays),
        WITH_REPO(the_same_chunk_is_the_same_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
