/* SPDX-License-Identifier: Apache-2.0 */
/* Roots that retire, and what is copied forward from one to the next. */
#include "tests/fixtures/repo_fixture.h"

#include "base/hex.h"

static const struct image small = {4, {1, 0, 2, 0}};
static const struct image other = {3, {3, 4, 1}};

struct retirement {
    struct repo_fixture *f;
    char *first;
    unsigned asked;
};

static int retire(void *arg, struct li_error *err)
{
    struct retirement *r = arg;

    (void)err;
    if (r->asked++ == 0)
        write_roots(r->f, r->first, "retired", second_root);
    return 0;
}

static void a_root_retired_under_a_push_is_left(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = push_options();
    struct retirement r = {.f = f};
    struct li_manifest m = {0};
    char hex[2 * LI_ID_SIZE + 1];

    assert_done(push(f, "a:1", &small), &f->err);
    r.first = root_key(f, "a:1", "root.json");
    options.confirm = retire;
    options.confirm_arg = &r;
    assert_done(push_with(f->repo, "b:1", &other, &options, &f->result, &f->err), &f->err);
    /* Before each chunk that is stored, two and then three, and before each manifest. */
    assert_int_equal(r.asked, 3 + 4);
    assert_int_equal(f->result.new_chunks, 3);
    assert_done(open_manifest(f, "b:1", &m), &f->err);
    li_hex_encode(m.root, LI_ID_SIZE, hex);
    assert_string_equal(hex, second_root);
    li_manifest_free(&m);
    expect_pushed(f, "b:1", &other);
    expect_pushed(f, "a:1", &small);

    write_roots(f, r.first, "expired", NULL);
    expect_pushed(f, "a:1", &small);
    free(r.first);
}

static void no_active_root_takes_no_push(void **state)
{
    struct repo_fixture *f = *state;
    char *first;

    assert_done(push(f, "a:1", &small), &f->err);
    first = root_key(f, "a:1", "root.json");
    write_roots(f, first, "retired", NULL);
    assert_fails(push(f, "a:2", &small), LI_EINVALID, "active", &f->err);
    overwrite(f, first, "{\"format\":1,\"state\":\"weird\"}", 28);
    assert_fails(push(f, "a:2", &small), LI_ECORRUPT, "state", &f->err);
    free(first);
}

static int copy_forward(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct repo_fixture *f = arg;
    char to[300];
    int rc;

    (void)size;
    if (strstr(key, "root.json"))
        return 0;
    snprintf(to, sizeof(to), "roots/%s/%s", second_root,
             key + strlen("roots/") + 2 * LI_ID_SIZE + 1);
    rc = li_store_copy(f->directory, key, to, err);
    return rc < 0 ? rc : li_store_remove(f->directory, key, err);
}

/* The handle has listed the roots before the second one was there. */
static void what_was_copied_forward_is_found(void **state)
{
    struct repo_fixture *f = *state;
    char *first, prefix[100];

    assert_done(push(f, "a:1", &small), &f->err);
    expect_pushed(f, "a:1", &small);
    first = root_key(f, "a:1", "root.json");
    write_roots(f, first, "expired", second_root);
    snprintf(prefix, sizeof(prefix), "%.*s", (int)(strlen(first) - strlen("root.json")), first);
    assert_done(li_store_list(f->directory, prefix, copy_forward, f, &f->err), &f->err);
    expect_pushed(f, "a:1", &small);
    assert_int_equal(li_store_remove(f->directory, first, &f->err), 0);
    reopen(f);
    expect_pushed(f, "a:1", &small);
    free(first);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(a_root_retired_under_a_push_is_left),
        WITH_REPO(no_active_root_takes_no_push),
        WITH_REPO(what_was_copied_forward_is_found),
    };

    return cmocka_run_group_tests_name("roots", tests, NULL, NULL);
}
