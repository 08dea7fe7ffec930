/* SPDX-License-Identifier: Apache-2.0 */
/* What a host remembers of a repository's server. */
#include "tests/fixtures/unit.h"

#include "push/server.h"
#include "repo/internal.h"
#include "tests/fixtures/tree.h"

static int days; /* since unit_now() */

static int64_t some_day(void)
{
    return unit_now() + (int64_t)days * 24 * 60 * 60;
}

/* A store of which there is nothing but what its server lacks. */
struct lacking {
    struct li_store store;
    unsigned lacks, expected;
};

static unsigned lacks(struct li_store *store)
{
    return ((struct lacking *)store)->lacks;
}

static void expect(struct li_store *store, unsigned what)
{
    ((struct lacking *)store)->expected = what;
    ((struct lacking *)store)->lacks |= what;
}

static const struct li_store_operations operations = {.lacks = lacks, .expect = expect};

struct fixture {
    char dir[64], identity[32];
    struct li_env env;
    struct lacking server;
    struct li_repo repo;
    struct li_memo *memo;
    struct li_server_known known;
    struct li_error err;
};

static int setup(void **state)
{
    static const struct li_secret salt = {{3}};
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    days = 0;
    tree_make(f->dir);
    f->env = unit_env;
    f->env.now = some_day;
    strcpy(f->identity, "one");
    f->server.store = (struct li_store){.ops = &operations, .identity = f->identity};
    f->repo = (struct li_repo){.store = &f->server.store, .env = &f->env};
    assert_done(li_memo_open(f->dir, &salt, "unit", &f->env, &f->memo, &f->err), &f->err);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    li_memo_free(f->memo);
    tree_remove(f->dir);
    free(f);
    return 0;
}

/* A push begins: what it is told of the server. */
static unsigned recall(struct fixture *f)
{
    f->server.lacks = f->server.expected = 0;
    assert_done(li_server_recall(&f->repo, f->memo, &f->known, &f->err), &f->err);
    assert_int_equal(f->known.lacks, f->server.expected);
    return f->server.expected;
}

/* It ends, and has found this. */
static void keep(struct fixture *f, unsigned what)
{
    f->server.lacks |= what;
    assert_done(li_server_keep(&f->repo, f->memo, &f->known, &f->err), &f->err);
}

static void what_was_found_is_expected(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(recall(f), 0);
    keep(f, 0);
    assert_int_equal(recall(f), 0);
    keep(f, LI_STORE_LACKS_IF_ABSENT);
    assert_int_equal(recall(f), LI_STORE_LACKS_IF_ABSENT);
    keep(f, LI_STORE_LACKS_IF_MATCH);
    assert_int_equal(recall(f), LI_STORE_LACKS_IF_ABSENT | LI_STORE_LACKS_IF_MATCH);
}

/* Each thing from when it was found itself, however often it was expected since. */
static void a_server_is_tried_again(void **state)
{
    struct fixture *f = *state;

    (void)recall(f);
    keep(f, LI_STORE_LACKS_IF_ABSENT);
    days = 5;
    (void)recall(f);
    keep(f, LI_STORE_LACKS_IF_MATCH);
    days = 6;
    assert_int_equal(recall(f), LI_STORE_LACKS_IF_ABSENT | LI_STORE_LACKS_IF_MATCH);
    keep(f, 0);
    days = 7;
    assert_int_equal(recall(f), LI_STORE_LACKS_IF_MATCH);
    days = 12;
    assert_int_equal(recall(f), 0);
    days = -1;
    assert_int_equal(recall(f), 0);
}

static void others_are_others(void **state)
{
    struct fixture *f = *state;

    (void)recall(f);
    keep(f, LI_STORE_LACKS_IF_ABSENT);
    strcpy(f->identity, "another");
    assert_int_equal(recall(f), 0);
    strcpy(f->identity, "one");
    f->repo.id[0] = 1;
    assert_int_equal(recall(f), 0);
    f->repo.id[0] = 0;
    assert_int_equal(recall(f), LI_STORE_LACKS_IF_ABSENT);
    f->server.store.identity = NULL;
    assert_int_equal(recall(f), 0);
    keep(f, LI_STORE_LACKS_IF_MATCH);
}

/* Without a memo, and with rows that mean nothing. */
static void nothing_is_known(void **state)
{
    struct fixture *f = *state;
    struct li_memo *memo = f->memo;

    f->memo = NULL;
    assert_int_equal(recall(f), 0);
    keep(f, LI_STORE_LACKS_IF_ABSENT);
    f->memo = memo;
    assert_int_equal(recall(f), 0);
    keep(f, 0x80);
    assert_int_equal(recall(f), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_was_found_is_expected),
        TEST(a_server_is_tried_again),
        TEST(others_are_others),
        TEST(nothing_is_known),
    };

    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
