/* SPDX-License-Identifier: Apache-2.0 */
/* What every store does. */
#include "tests/fixtures/store_fixture.h"

#include <time.h>

#include "base/workers.h"
#include "store/fault.h"

static void addresses(void **state)
{
    struct fixture *f = *state;
    struct li_store *store = NULL;
    struct li_error *err = &f->err;

    assert_fails(li_store_open("x", false, &unit_env, &store, err), LI_EINVALID, "dir:PATH", err);
    assert_fails(li_store_open("dir:", false, &unit_env, &store, err), LI_EINVALID, "dir:", err);
    assert_fails(li_store_open("s4://b/p", false, &unit_env, &store, err), LI_EINVALID, "s3://",
                 err);
    assert_fails(li_store_open("dir:/nonexistent/x", false, &unit_env, &store, err), LI_ENOTFOUND,
                 "/nonexistent/x", err);
    assert_null(store);
}

static void hostile_keys_are_refused(void **state)
{
    static const char *const keys[] = {"",       "../x",   "a/../b", "a//b", "/a",   "a/",  "a/.",
                                       ".tmp-x", "a/.tmp", "a b",    "a\nb", "a\\b", "a*b", "."};
    struct fixture *f = *state;
    char big[2001];
    bool present;

    memset(big, 'a', 2000);
    big[2000] = '\0';
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_fails(li_store_put_if_absent(f->store, keys[i], "", 0, &f->err), LI_EINVALID,
                     "not a valid key", &f->err);
        assert_fails(li_store_get(f->store, keys[i], 1, &f->out, &f->err), LI_EINVALID,
                     "not a valid key", &f->err);
        assert_fails(li_store_exists(f->store, &keys[i], 1, 9, &present, &f->err), LI_EINVALID,
                     "not a valid key", &f->err);
        assert_fails(li_store_remove(f->store, keys[i], &f->err), LI_EINVALID, "not a valid key",
                     &f->err);
        assert_fails(li_store_remove_many(f->store, &keys[i], 1, &f->err), LI_EINVALID,
                     "not a valid key", &f->err);
        assert_fails(li_store_copy(f->store, "a", keys[i], &f->err), LI_EINVALID, "not a valid key",
                     &f->err);
    }
    assert_fails(li_store_put_if_absent(f->store, big, "", 0, &f->err), LI_EINVALID,
                 "not a valid key", &f->err);
    assert_fails(li_store_list(f->store, "a", NULL, NULL, &f->err), LI_EINVALID,
                 "not a valid prefix", &f->err);
    assert_fails(li_store_list(f->store, "../", NULL, NULL, &f->err), LI_EINVALID,
                 "not a valid prefix", &f->err);
}

static void put_get_and_ranges(void **state)
{
    struct fixture *f = *state;

    put(f, "a/b/c", "0123456789");
    expect(f, "a/b/c", "0123456789");
    assert_int_equal(li_store_put_if_absent(f->store, "a/b/c", "x", 1, &f->err), LI_END);
    expect(f, "a/b/c", "0123456789");
    assert_fails(li_store_get(f->store, "a/b/c", 9, &f->out, &f->err), LI_ELIMIT, "a/b/c", &f->err);
    assert_done(li_store_get_range(f->store, "a/b/c", 8, 5, &f->out, &f->err), &f->err);
    assert_int_equal(f->out.len, 2);
    assert_memory_equal(f->out.data, "89", 2);
    assert_done(li_store_get_range(f->store, "a/b/c", 80, 5, &f->out, &f->err), &f->err);
    assert_int_equal(f->out.len, 0);
    assert_fails(li_store_get(f->store, "a/b", 9, &f->out, &f->err), LI_ENOTFOUND, "a/b", &f->err);
    assert_fails(li_store_get(f->store, "a/x/c", 9, &f->out, &f->err), LI_ENOTFOUND, "a/x/c",
                 &f->err);
    put(f, "empty", "");
    expect(f, "empty", "");
    assert_done(li_store_flush(f->store, &f->err), &f->err);
}

static void replace_and_replace_if(void **state)
{
    struct fixture *f = *state;

    assert_fails(li_store_replace_if(f->store, "p/q", unit_bytes(""), "x", 1, &f->err), LI_ECHANGED,
                 "p/q", &f->err);
    assert_done(li_store_replace(f->store, "p/q", "one", 3, &f->err), &f->err);
    assert_fails(li_store_replace_if(f->store, "p/q", unit_bytes("on"), "x", 1, &f->err),
                 LI_ECHANGED, "changed", &f->err);
    assert_fails(li_store_replace_if(f->store, "p/q", unit_bytes("onE"), "x", 1, &f->err),
                 LI_ECHANGED, "changed", &f->err);
    assert_done(li_store_replace_if(f->store, "p/q", unit_bytes("one"), "two", 3, &f->err),
                &f->err);
    expect(f, "p/q", "two");
    assert_done(li_store_replace(f->store, "p/q", "three", 5, &f->err), &f->err);
    expect(f, "p/q", "three");
}

static void exists_remove_and_copy(void **state)
{
    static const char *const keys[] = {"i/n/t", "i/n/u", "i/x/y", "i/n"};
    static const char *const odd[] = {"i/n/long", "i/n/none"};
    struct fixture *f = *state;
    bool present[4];

    put(f, "i/n/t", "T");
    assert_int_equal(li_store_copy(f->store, "i/n/t", "i/n/u", &f->err), 0);
    assert_int_equal(li_store_copy(f->store, "i/n/t", "i/n/u", &f->err), LI_END);
    assert_fails(li_store_copy(f->store, "i/n/z", "i/n/v", &f->err), LI_ENOTFOUND, "i/n/", &f->err);
    expect(f, "i/n/u", "T");
    assert_done(li_store_exists(f->store, keys, 4, 1, present, &f->err), &f->err);
    assert_true(present[0] && present[1] && !present[2] && !present[3]);
    put(f, "i/n/long", "TT");
    put(f, "i/n/none", "");
    assert_done(li_store_exists(f->store, odd, 2, 1, present, &f->err), &f->err);
    assert_true(!present[0] && !present[1]);
    assert_done(li_store_exists(f->store, odd, 2, 2, present, &f->err), &f->err);
    assert_true(present[0] && !present[1]);

    assert_int_equal(li_store_remove(f->store, "i/n/t", &f->err), 0);
    assert_int_equal(li_store_remove(f->store, "i/n/t", &f->err), LI_END);
    assert_int_equal(li_store_remove(f->store, "i/nope/t", &f->err), LI_END);
    expect(f, "i/n/u", "T");
    assert_int_equal(li_store_remove(f->store, "i/n/u", &f->err), 0);
    assert_done(li_store_flush(f->store, &f->err), &f->err);
}

enum { MANY = 1203, MAKERS = 8 };

struct many {
    struct li_store *store;
    char text[MANY][16];
    const char *key[MANY];
};

static int make_some(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct many *many = arg;
    int rc = 0;

    for (size_t i = index; i < MANY && rc == 0 && !li_workers_stopped(team); i += MAKERS)
        rc = li_store_put_if_absent(many->store, many->key[i], "x", 1, err);
    return rc;
}

static void make_many(struct fixture *f, struct many *many)
{
    struct li_workers *team = NULL;

    many->store = f->store;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(many->text[i], sizeof(many->text[i]), "m/%zu~:+=-._", i);
        many->key[i] = many->text[i];
    }
    assert_done(li_workers_start(MAKERS, make_some, many, &team, &f->err), &f->err);
    assert_done(li_workers_join(team, &f->err), &f->err);
}

static int count_all(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    (void)key, (void)size, (void)err;
    ++*(int *)arg;
    return 0;
}

static void remove_many(void **state)
{
    static const char *const mixed[] = {"none", "m/0~:+=-._", "m/none", "m/1~:+=-._", "other"};
    static const char *const refused[] = {"other", "m/../m"};
    struct many *many = calloc(1, sizeof(*many));
    struct fixture *f = *state;
    int left = 0;

    assert_non_null(many);
    make_many(f, many);
    put(f, "other", "o");
    assert_fails(li_store_remove_many(f->store, refused, 2, &f->err), LI_EINVALID, "m/../m",
                 &f->err);
    expect(f, "other", "o");
    assert_done(li_store_remove_many(f->store, many->key, 0, &f->err), &f->err);
    assert_int_equal(li_store_remove_many(f->store, mixed, 4, &f->err), 0);
    assert_done(li_store_list(f->store, "", count_all, &left, &f->err), &f->err);
    assert_int_equal(left, MANY - 2 + 1);
    assert_int_equal(li_store_remove_many(f->store, many->key, MANY, &f->err), 0);
    expect(f, "other", "o");
    left = 0;
    assert_done(li_store_list(f->store, "", count_all, &left, &f->err), &f->err);
    assert_int_equal(left, 1);
    assert_int_equal(li_store_remove_many(f->store, &mixed[4], 1, &f->err), 0);
    assert_int_equal(li_store_remove(f->store, "other", &f->err), LI_END);
    assert_done(li_store_flush(f->store, &f->err), &f->err);
    free(many);
}

/* Of a bucket, by keys that may only read; a directory has its own refusals. cmocka's skip() is a
 * failure in TAP. */
static void who_may_not_remove(void **state)
{
    static const char *const keys[] = {"d/a", "d/b"};
    struct li_aws_provider *provider = NULL;
    struct li_store *store = NULL;
    struct fixture *f = *state;

    if (!f->http)
        return;
    put(f, "d/a", "1");
    put(f, "d/b", "2");
    open_bucket(f, "S3_READ_KEY", "S3_READ_SECRET", &provider, &store);
    assert_fails(li_store_remove_many(store, keys, 2, &f->err), LI_EDENIED, "AccessDenied",
                 &f->err);
    expect(f, "d/a", "1");
    expect(f, "d/b", "2");
    li_store_free(store);
    li_aws_provider_free(provider);
}

static int count_keys(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    if (strcmp(key, "stop") == 0)
        return li_fail(err, LI_ELIMIT, "enough");
    *(uint64_t *)arg += strlen(key) * 100 + size;
    return 0;
}

static void listing(void **state)
{
    struct fixture *f = *state;
    uint64_t sum = 0;

    put(f, "a/b/c", "12");
    put(f, "a/d", "345");
    put(f, "e", "6");
    assert_done(li_store_list(f->store, "", count_keys, &sum, &f->err), &f->err);
    assert_int_equal(sum, 502 + 303 + 101);
    sum = 0;
    assert_done(li_store_list_shallow(f->store, "", count_keys, &sum, &f->err), &f->err);
    assert_int_equal(sum, 200 + 101);
    sum = 0;
    assert_done(li_store_list(f->store, "a/", count_keys, &sum, &f->err), &f->err);
    assert_int_equal(sum, 502 + 303);
    sum = 0;
    assert_done(li_store_list(f->store, "none/", count_keys, &sum, &f->err), &f->err);
    assert_int_equal(sum, 0);
    put(f, "stop", "");
    assert_fails(li_store_list(f->store, "", count_keys, &sum, &f->err), LI_ELIMIT, "enough",
                 &f->err);
}

static int note_object(void *arg, const struct li_store_object *object, struct li_error *err)
{
    (void)err;
    if (strcmp(object->key, "a/b/c") == 0)
        *(struct li_store_object *)arg = *object;
    return 0;
}

/* An object has the time at which it was written, by the clock of the store. */
static void listing_with_times(void **state)
{
    struct li_store_object seen = {.modified = LI_STORE_NO_TIME};
    struct fixture *f = *state;
    time_t before = time(NULL);

    put(f, "a/b/c", "12");
    put(f, "a/d", "345");
    assert_done(li_store_list_objects(f->store, "a/", note_object, &seen, &f->err), &f->err);
    assert_int_equal(seen.size, 2);
    assert_in_range(seen.modified / 1000000000, before - 120, time(NULL) + 120);
}

static int put_same(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct fixture *f = arg;
    uint8_t data[1000];
    char key[32];
    int rc = 0;

    (void)team;
    memset(data, (int)index, sizeof(data));
    for (int i = 0; i < 50 && rc >= 0; i++) {
        snprintf(key, sizeof(key), "k/%d", i);
        rc = li_store_put_if_absent(f->store, key, data, sizeof(data), err);
    }
    return rc < 0 ? rc : 0;
}

static void one_of_many_writers_wins(void **state)
{
    struct fixture *f = *state;
    struct li_workers *team = NULL;

    assert_done(li_workers_start(4, put_same, f, &team, &f->err), &f->err);
    assert_done(li_workers_join(team, &f->err), &f->err);
    for (int i = 0; i < 50; i++) {
        char key[32];

        snprintf(key, sizeof(key), "k/%d", i);
        assert_done(li_store_get(f->store, key, 1000, &f->out, &f->err), &f->err);
        assert_int_equal(f->out.len, 1000);
        for (size_t j = 1; j < 1000; j++)
            assert_int_equal(f->out.data[j], f->out.data[0]);
    }
}

static void faults_happen_as_ordered(void **state)
{
    static const char *const keys[] = {"c", "d"};
    struct fixture *f = *state;
    struct li_store *s = NULL;
    struct li_error *err = &f->err;

    assert_done(li_fault_new(f->store, &s, err), err);
    li_fault_order(s, LI_FAULT_PUT, 2, LI_FAULT_BEFORE, LI_EIO);
    assert_int_equal(li_store_put_if_absent(s, "a", "", 0, err), 0);
    assert_false(li_fault_happened(s));
    assert_fails(li_store_put_if_absent(s, "b", "", 0, err), LI_EIO, "ordered", err);
    assert_true(li_fault_happened(s));
    assert_int_equal(li_store_put_if_absent(s, "b", "", 0, err), 0);

    li_fault_order(s, LI_FAULT_ANY, 1, LI_FAULT_AFTER, LI_ENETWORK);
    assert_fails(li_store_put_if_absent(s, "c", "", 0, err), LI_ENETWORK, "ordered", err);
    assert_int_equal(li_store_put_if_absent(s, "c", "", 0, err), LI_END);

    li_fault_order(s, LI_FAULT_WRITE, 2, LI_FAULT_STOP, LI_ENETWORK);
    assert_int_equal(li_store_remove(s, "a", err), 0);
    assert_done(li_store_flush(s, err), err);
    assert_fails(li_store_remove(s, "b", err), LI_ENETWORK, "ordered", err);
    assert_fails(li_store_flush(s, err), LI_ENETWORK, "ordered", err);
    li_fault_order(s, LI_FAULT_ANY, 0, LI_FAULT_BEFORE, 0);
    assert_int_equal(li_store_remove(s, "b", err), 0);
    assert_int_equal(li_fault_count(s, LI_FAULT_REMOVE), 3);
    assert_int_equal(li_fault_count(s, LI_FAULT_FLUSH), 2);

    li_fault_order(s, LI_FAULT_REMOVE, 1, LI_FAULT_BEFORE, LI_ENETWORK);
    assert_fails(li_store_remove_many(s, keys, 2, err), LI_ENETWORK, "ordered", err);
    expect(f, "c", "");
    li_fault_order(s, LI_FAULT_WRITE, 1, LI_FAULT_AFTER, LI_ENETWORK);
    assert_fails(li_store_remove_many(s, keys, 2, err), LI_ENETWORK, "ordered", err);
    assert_int_equal(li_store_remove_many(s, keys, 2, err), 0);
    assert_int_equal(li_store_remove(s, "c", err), LI_END);
    li_store_free(s);
}

/* One operation of each kind, by number; -100 behind the last. */
static int operate(struct li_store *s, unsigned number, struct fixture *f)
{
    static const char *const keys[] = {"a", "b"};
    bool present[2];

    switch (number) {
    case 0:
        return li_store_get(s, "a", 9, &f->out, &f->err);
    case 1:
        return li_store_get_range(s, "a", 0, 1, &f->out, &f->err);
    case 2:
        return li_store_put_if_absent(s, "a", "", 0, &f->err);
    case 3:
        return li_store_replace(s, "a", "", 0, &f->err);
    case 4:
        return li_store_replace_if(s, "a", unit_bytes(""), "", 0, &f->err);
    case 5:
        return li_store_exists(s, keys, 2, 9, present, &f->err);
    case 6:
        return li_store_list(s, "", NULL, NULL, &f->err);
    case 7:
        return li_store_list_shallow(s, "", NULL, NULL, &f->err);
    case 8:
        return li_store_remove(s, "a", &f->err);
    case 9:
        return li_store_remove_many(s, keys, 2, &f->err);
    case 10:
        return li_store_copy(s, "a", "b", &f->err);
    case 11:
        return li_store_flush(s, &f->err);
    default:
        return -100;
    }
}

static void operations_give_their_own_answers_only(void **state)
{
    static const struct {
        int code;
        const char *own; /* operations that may answer so */
    } rows[] = {
        {LI_ENOTFOUND, "yy--------y-"}, {LI_EEXISTS, "------------"}, {LI_END, "--y-----y-y-"},
        {LI_ECHANGED, "----y-------"},  {7, "------------"},          {LI_EIO, "yyyyyyyyyyyy"},
        {LI_EDENIED, "yyyyyyyyyyyy"},
    };
    struct fixture *f = *state;
    struct li_store *s = NULL;
    unsigned n = 0;

    assert_done(li_fault_new(f->store, &s, &f->err), &f->err);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (n = 0; rows[i].own[n]; n++) {
            li_fault_order(s, LI_FAULT_ANY, 1, LI_FAULT_BEFORE, rows[i].code);
            assert_int_equal(operate(s, n, f), rows[i].own[n] == 'y' ? rows[i].code : LI_EIO);
            assert_true(li_fault_happened(s));
        }
    }
    assert_int_equal(operate(s, n, f), -100);
    li_store_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(operations_give_their_own_answers_only),
        WITH_STORE(addresses),
        WITH_STORE(hostile_keys_are_refused),
        WITH_STORE(put_get_and_ranges),
        WITH_STORE(replace_and_replace_if),
        WITH_STORE(exists_remove_and_copy),
        WITH_STORE(remove_many),
        WITH_STORE(who_may_not_remove),
        WITH_STORE(listing),
        WITH_STORE(listing_with_times),
        WITH_STORE(one_of_many_writers_wins),
        WITH_STORE(faults_happen_as_ordered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
