/* SPDX-License-Identifier: Apache-2.0 */
/* An image that was pushed, as files. */
#include "stored/stored.h"

#include <string.h>

#include "tests/fixtures/comparison.h"
#include "tests/fixtures/repo_fixture.h"

static void push_tree(struct repo_fixture *f, const char *ref)
{
    struct li_push_options options = push_options();
    struct li_push_result result;
    struct stack s = {0};
    struct plan plan;

    tar_file(stack_layer(&s), "dir/file", "what is in it");
    assert_done(stack_plan(&s, &f->err), &f->err);
    plan = plan_of(&s);
    assert_done(push_source(f->repo, ref, &plan.source, &options, &result, &f->err), &f->err);
    stack_free(&s);
}

static void expect_file(struct li_files *files)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_file file;
    char text[64];
    size_t len = sizeof(text);
    bool found = false;

    assert_done(li_files_find(files, "dir/file", &file, &found, &err), &err);
    assert_true(found);
    assert_done(li_files_read(files, &file, 0, text, &len, &err), &err);
    assert_int_equal(len, strlen("what is in it"));
    assert_memory_equal(text, "what is in it", len);
    assert_done(li_files_find(files, "dir/none", &file, &found, &err), &err);
    assert_false(found);
}

static void files_of_a_store(void **state)
{
    struct repo_fixture *f = *state;
    struct li_stored *stored = NULL;

    push_tree(f, "image:1");
    assert_done(li_stored_open(f->store, f->kms, &f->env, "image:1", &stored, &f->err), &f->err);
    /* It is not needed any more. */
    li_kms_free(f->kms);
    f->kms = NULL;
    expect_file(li_stored_files(stored));
    li_stored_free(stored);
}

static void files_of_a_manifest(void **state)
{
    const struct li_stored_options options = {
        .reading = {.memory = 8 * LI_CHUNK_SIZE, .workers = 2, .deadline = 10}};
    struct repo_fixture *f = *state;
    struct li_manifest manifest = {0};
    struct li_reader_stats stats;
    struct li_stored *stored = NULL;

    push_tree(f, "image:1");
    assert_done(open_manifest(f, "image:1", &manifest), &f->err);
    assert_done(li_stored_manifest(f->repo, &manifest, &options, &stored, &f->err), &f->err);
    expect_file(li_stored_files(stored));
    li_reader_stats(li_stored_reader(stored), &stats);
    assert_int_equal(stats.chunks_total, manifest.chunk_count);
    assert_true(stats.chunks_fetched > 0);
    li_stored_free(stored);
    li_manifest_free(&manifest);
}

static void what_is_not_there_is_said(void **state)
{
    static const struct image random = {2, {1, 2}};
    struct repo_fixture *f = *state;
    struct li_stored *stored = NULL;

    assert_fails(li_stored_open(f->store, f->kms, &f->env, "image:", &stored, &f->err), LI_EINVALID,
                 "image:", &f->err);
    assert_fails(li_stored_open(f->store, f->kms, &f->env, "image:1", &stored, &f->err),
                 LI_ENOTFOUND, "", &f->err);
    assert_done(push(f, "image:1", &random), &f->err);
    assert_fails(li_stored_open(f->store, f->kms, &f->env, "image:1", &stored, &f->err),
                 LI_ECORRUPT, "", &f->err);
    assert_null(stored);
    li_stored_free(stored);
}

static void the_systems_environment(void **state)
{
    struct li_env env = li_env_system();
    uint8_t one[16], other[16];
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    assert_done(env.random(one, sizeof(one), &err), &err);
    assert_done(env.random(other, sizeof(other), &err), &err);
    assert_memory_not_equal(one, other, sizeof(one));
    assert_true(env.now() > 1600000000);
    assert_in_range(env.threads, 1, LI_ENV_THREADS_MAX);
    assert_int_equal(*env.tmpdir, '/');
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(files_of_a_store),
        WITH_REPO(files_of_a_manifest),
        WITH_REPO(what_is_not_there_is_said),
        cmocka_unit_test(the_systems_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
