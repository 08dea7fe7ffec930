/* SPDX-License-Identifier: Apache-2.0 */
/* What layers may cost the comparison: attributes are stored once, and all that is kept is charged.
 */
#include "tests/fixtures/comparison.h"

#include "compare/internal.h"

enum { DEEP = 2000, PATHS = LI_ACCOUNT_MISSING / DEEP + 2 };

/* ---- attributes ---- */

static struct li_attribute *make_list(const char *name, const char *value, const char *other)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_attribute *list = NULL;

    assert_done(li_attribute_add(&list, "user.first", "1", 1, &err), &err);
    assert_done(li_attribute_add(&list, name, value, strlen(value), &err), &err);
    if (other)
        assert_done(li_attribute_add(&list, name, other, strlen(other), &err), &err);
    return list;
}

/* Shares a list; returns what was charged for it. */
static size_t share(void **lists, struct li_attribute *list, struct li_account *account)
{
    struct li_error err = LI_ERROR_INIT;
    uint64_t before = account->kept;

    assert_done(li_attribute_share(lists, &list, account, &err), &err);
    return (size_t)(account->kept - before);
}

static void equal_lists_are_stored_once(void **state)
{
    struct li_account account = {0};
    struct li_attribute *unsure = make_list("user.name", "value", NULL);
    void *lists = NULL;

    (void)state;
    unsure->next->unsure = true;
    for (int i = 0; i < 2; i++) {
        bool first = i == 0;

        assert_int_equal(share(&lists, make_list("user.name", "value", NULL), &account) > 0, first);
        assert_int_equal(share(&lists, make_list("user.name", "valuf", NULL), &account) > 0, first);
        assert_int_equal(share(&lists, make_list("user.name", "val", NULL), &account) > 0, first);
        assert_int_equal(share(&lists, make_list("user.name", "", NULL), &account) > 0, first);
        assert_int_equal(share(&lists, make_list("user.namf", "value", NULL), &account) > 0, first);
        assert_int_equal(share(&lists, make_list("user.name", "value", "2"), &account) > 0, first);
        assert_int_equal(share(&lists, make_list("user.first", "value", NULL), &account) > 0,
                         first);
    }
    assert_true(share(&lists, unsure, &account) > 0);
    assert_int_equal(share(&lists, NULL, &account), 0);
    li_attribute_lists_free(lists);
}

/* What is not charged any more stays the caller's. */
static void lists_are_charged_before_they_are_kept(void **state)
{
    struct li_account account = {0};
    struct li_error err = LI_ERROR_INIT;
    struct li_attribute *list = make_list("user.name", "a value", NULL), *same = list;
    void *lists = NULL;
    size_t size = share(&lists, make_list("user.name", "a value", NULL), &account);

    (void)state;
    assert_true(size > strlen("user.first") + strlen("user.name") + strlen("a value"));
    li_attribute_lists_free(lists);
    lists = NULL;
    account.kept = LI_ACCOUNT_KEPT - size + 1;
    assert_fails(li_attribute_share(&lists, &list, &account, &err), LI_ELIMIT,
                 "take more than 128 MiB", &err);
    assert_ptr_equal(list, same);
    assert_null(lists);
    account.kept--;
    assert_int_equal(share(&lists, list, &account), size);
    assert_int_equal(account.kept, LI_ACCOUNT_KEPT);
    li_attribute_lists_free(lists);
}

/* ---- what a layer's entries take ---- */

/* LEN bytes, with a NUL behind them; no part is longer than a name may be. */
static char *long_path(size_t len)
{
    char *path = malloc(len + 1);

    assert_non_null(path);
    for (size_t i = 0; i < len; i++)
        path[i] = i % 200 == 100 ? '/' : 'p';
    path[len] = '\0';
    return path;
}

static void paths_are_charged_while_a_layer_is_applied(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_changes changes = {0};
    struct li_comparison c = {.strict = true};
    struct stack s = {0};
    char *path = long_path(LI_COMPARE_PATH + 1000), *target = long_path(LI_COMPARE_PATH);
    struct li_buffer *layer = stack_layer(&s);

    (void)state;
    tar_put(layer, &(struct tar_entry){.path = target});
    tar_put(layer, &(struct tar_entry){.path = path, .type = '1', .target = path});
    tar_put(layer, &(struct tar_entry){.path = "l", .type = '2', .target = target});
    assert_done(stack_open(&s, &err), &err);
    c.layers = s.layers;
    assert_done(li_changes_read(&c, 0, &changes, &err), &err);
    assert_int_equal(changes.count, 3);
    assert_int_equal(c.account.kept, 2 * 1000 + strlen(target) + 1);
    li_changes_free(&changes, &c.account);
    assert_int_equal(c.account.kept, strlen(target) + 1);
    free(path);
    free(target);
    stack_free(&s);
}

/* A path of 4,000 bytes can make two thousand directories. */
static void directories_on_paths_are_charged(void **state)
{
    char path[2 * DEEP + 20];
    struct stack s = {0};
    struct li_buffer *layer = stack_layer(&s);

    (void)state;
    for (unsigned i = 0; i < PATHS; i++) {
        int at = snprintf(path, sizeof(path), "%u", i);

        for (unsigned k = 0; k < DEEP; k++)
            at += snprintf(path + at, sizeof(path) - (size_t)at, "/d");
        tar_put(layer, &(struct tar_entry){.path = path});
    }
    expect_failed(&s, LI_ELIMIT, "lead through more than 262144 directories");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_lists_are_stored_once),
        cmocka_unit_test(lists_are_charged_before_they_are_kept),
        cmocka_unit_test(paths_are_charged_while_a_layer_is_applied),
        cmocka_unit_test(directories_on_paths_are_charged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
