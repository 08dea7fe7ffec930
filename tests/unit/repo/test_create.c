/* SPDX-License-Identifier: Apache-2.0 */
/* Two who make a repository at one address, where the store cannot tell them apart. */
#include "tests/fixtures/repo_fixture.h"

static const struct image small = {4, {1, 0, 2, 0}};

#define STRANGER "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

static void write_description(struct repo_fixture *f, const char *id)
{
    char text[100];
    int len = snprintf(text, sizeof(text), "{\"format\":1,\"repository\":\"%s\"}\n", id);

    overwrite(f, "lambdaimg.json", text, (size_t)len);
}

static void write_strangers_root(struct repo_fixture *f)
{
    static const char text[] =
        "{\"created\":9999999999,\"format\":1,\"generation\":1,\"predecessor\":null,"
        "\"repository\":\"" STRANGER "\",\"salt\":\"" STRANGER "\",\"state\":\"active\"}\n";

    overwrite(f, "roots/" STRANGER "/root.json", text, sizeof(text) - 1);
}

/* Written long after, by one who had looked long before. */
static void a_description_that_comes_late(void **state)
{
    struct repo_fixture *f = *state;
    uint8_t id[LI_ID_SIZE];

    assert_done(push(f, "a", &small), &f->err);
    memcpy(id, li_repo_id(f->repo), LI_ID_SIZE);
    write_description(f, STRANGER);
    reopen(f);
    assert_fails(push(f, "b", &small), LI_EINVALID, "run again: lambdaimg init", &f->err);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_EEXISTS,
                 "had overwritten its description, which has been restored", &f->err);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_EEXISTS,
                 "there is a repository already", &f->err);
    assert_null(strstr(f->err.text, "overwritten"));
    reopen(f);
    assert_memory_equal(li_repo_id(f->repo), id, LI_ID_SIZE);
    expect_pushed(f, "a", &small);
    assert_done(push(f, "b", &small), &f->err);
}

/* The root of one who has lost, and died before it was taken away. */
static void a_root_of_another_is_passed_over(void **state)
{
    struct repo_fixture *f = *state;

    write_strangers_root(f);
    reopen(f);
    assert_done(push(f, "a", &small), &f->err);
    expect_pushed(f, "a", &small);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_EEXISTS,
                 "already", &f->err);
}

/* The same root, and the description's own has lost its root.json: the other does not get the
 * address. */
static void a_root_of_another_is_no_heir(void **state)
{
    struct repo_fixture *f = *state;
    uint8_t id[LI_ID_SIZE];
    char *own;

    assert_done(push(f, "a", &small), &f->err);
    own = root_key(f, "a", "root.json");
    assert_done(li_store_remove(f->directory, own, &f->err), &f->err);
    write_strangers_root(f);
    memcpy(id, li_repo_id(f->repo), LI_ID_SIZE);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_ECORRUPT,
                 "root.json is gone", &f->err);
    reopen(f);
    assert_memory_equal(li_repo_id(f->repo), id, LI_ID_SIZE);
    expect_pushed(f, "a", &small);
    free(own);
}

/* It is listed, and when it is read for the first time it is not there yet. */
static void a_root_that_was_made_a_moment_ago(void **state)
{
    struct repo_fixture *f = *state;

    assert_done(push(f, "a", &small), &f->err);
    reopen(f);
    li_fault_order(f->store, LI_FAULT_GET, 1, LI_FAULT_BEFORE, LI_ENOTFOUND);
    assert_done(push(f, "b", &small), &f->err);
    assert_true(li_fault_happened(f->store));
    li_fault_order(f->store, LI_FAULT_GET, 3, LI_FAULT_BEFORE, LI_ENOTFOUND);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_EEXISTS,
                 "already", &f->err);
    assert_true(li_fault_happened(f->store));
}

/* A root that does not say whose it is, as older versions made them, is the description's. */
static void a_root_of_nobody(void **state)
{
    struct repo_fixture *f = *state;
    char *first;

    assert_done(push(f, "a", &small), &f->err);
    first = root_key(f, "a", "root.json");
    write_roots(f, first, "active", NULL);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_EEXISTS,
                 "already", &f->err);
    reopen(f);
    expect_pushed(f, "a", &small);
    assert_done(push(f, "b", &small), &f->err);
    free(first);
}

/* A store in which, right before the first root is written, another makes a whole repository. */
static struct {
    struct li_store_operations operations;
    int (*put)(struct li_store *store, const char *key, const void *data, size_t len,
               struct li_error *err);
    struct repo_fixture *f;
    struct li_store *other; /* NULL: it has been made */
    int times;
} race;

static int copy_other(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct li_buffer object = {0};

    (void)arg, (void)size;
    assert_done(li_store_get(race.other, key, 100000, &object, err), err);
    (void)li_store_remove(race.f->directory, key, err);
    assert_int_equal(race.put(race.f->directory, key, object.data, object.len, err), 0);
    li_buffer_free(&object);
    return 0;
}

static int put_in_a_race(struct li_store *store, const char *key, const void *data, size_t len,
                         struct li_error *err)
{
    if (strstr(key, "/root.json") && race.times++ == 0)
        assert_done(li_store_list(race.other, "", copy_other, NULL, err), err);
    return race.put(store, key, data, len, err);
}

static int count_root(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    (void)size, (void)err;
    *(int *)arg += strstr(key, "/root.json") != NULL;
    return 0;
}

static void a_root_that_was_made_for_nothing(void **state)
{
    struct repo_fixture *f = *state;
    struct li_repo *other = NULL;
    int roots = 0;

    race.f = f;
    race.times = 0;
    race.other = open_repo_directory(f, "other");
    assert_done(li_repo_create(race.other, f->kms, &f->env, NULL, NULL, &f->err), &f->err);
    assert_done(li_repo_open(race.other, NULL, &f->env, &other, &f->err), &f->err);
    race.operations = *f->directory->ops;
    race.put = race.operations.put_if_absent;
    race.operations.put_if_absent = put_in_a_race;
    f->directory->ops = &race.operations;
    assert_fails(li_repo_create(f->directory, f->kms, &f->env, NULL, NULL, &f->err), LI_EEXISTS,
                 "already", &f->err);
    assert_done(li_store_list(f->directory, "roots/", count_root, &roots, &f->err), &f->err);
    assert_int_equal(roots, 1);
    reopen(f);
    assert_memory_equal(li_repo_id(f->repo), li_repo_id(other), LI_ID_SIZE);
    assert_done(push(f, "a", &small), &f->err);
    expect_pushed(f, "a", &small);
    li_repo_free(other);
    li_store_free(race.other);
}

/* Another makes the same repository right before this one writes its identity. The other's salt is
 * of use, and this one's only where the store may have taken this one's own identity for another's.
 */
static int put_after_another(struct li_store *store, const char *key, const void *data, size_t len,
                             struct li_error *err)
{
    struct repo_fixture *f = race.f;

    if (strncmp(key, "identities/", 11) == 0 && race.times++ == 0)
        assert_done(li_repo_create(store, f->kms, &f->env, NULL, NULL, err), err);
    return race.put(store, key, data, len, err);
}

static int count_key(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    (void)key, (void)size, (void)err;
    ++*(int *)arg;
    return 0;
}

static void expect_salts(struct repo_fixture *f, bool remote, int count)
{
    int salts = 0;

    race.f = f;
    race.times = 0;
    race.operations = *f->directory->ops;
    race.put = race.operations.put_if_absent;
    race.operations.put_if_absent = put_after_another;
    f->directory->ops = &race.operations;
    f->directory->remote = remote;
    assert_fails(li_repo_create(f->directory, f->kms, &f->env, NULL, NULL, &f->err), LI_EEXISTS,
                 "already", &f->err);
    assert_int_equal(race.times, 2);
    assert_done(li_store_list(f->directory, "salts/", count_key, &salts, &f->err), &f->err);
    assert_int_equal(salts, count);
    reopen(f);
    assert_done(push(f, "a", &small), &f->err);
    expect_pushed(f, "a", &small);
}

static void a_salt_of_no_use_is_removed(void **state)
{
    expect_salts(*state, false, 1);
}

static void a_salt_that_may_be_of_use_is_left(void **state)
{
    expect_salts(*state, true, 2);
}

/* It was there a moment ago, so that it is not there now is no answer. */
static void a_description_that_is_withheld(void **state)
{
    struct repo_fixture *f = *state;

    li_fault_order(f->store, LI_FAULT_GET, 2, LI_FAULT_BEFORE, LI_ENOTFOUND);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_ECORRUPT,
                 "ordered", &f->err);
}

/* What was made is read again, as the first push will read it. */
static void what_cannot_be_read_back_is_told(void **state)
{
    struct repo_fixture *f = *state;

    li_fault_order(f->store, LI_FAULT_GET, 9, LI_FAULT_BEFORE, LI_EIO);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_EIO,
                 "was made, but cannot be read back", &f->err);
}

/* The store's own owner exchanges what was just made for a repository of the same key. */
static int (*get_plainly)(struct li_store *store, const char *key, size_t limit,
                          struct li_buffer *out, struct li_error *err);

static int get_exchanged(struct li_store *store, const char *key, size_t limit,
                         struct li_buffer *out, struct li_error *err)
{
    if (race.other && race.times > 0 && strcmp(key, "lambdaimg.json") == 0 && race.times++ == 2) {
        assert_done(li_store_list(race.other, "", copy_other, NULL, err), err);
        race.other = NULL;
    }
    return get_plainly(store, key, limit, out, err);
}

static int put_and_count(struct li_store *store, const char *key, const void *data, size_t len,
                         struct li_error *err)
{
    race.times += strstr(key, "/root.json") != NULL;
    return race.put(store, key, data, len, err);
}

static void what_was_made_is_not_exchanged_unnoticed(void **state)
{
    struct repo_fixture *f = *state;
    struct li_store *other = open_repo_directory(f, "other");
    struct li_repo *made = NULL;

    race.f = f;
    race.times = 0;
    race.other = other;
    assert_done(li_repo_create(other, f->kms, &f->env, NULL, &made, &f->err), &f->err);
    assert_non_null(made);
    li_repo_free(made);
    made = NULL;
    race.operations = *f->directory->ops;
    race.put = race.operations.put_if_absent;
    get_plainly = race.operations.get;
    race.operations.put_if_absent = put_and_count;
    race.operations.get = get_exchanged;
    f->directory->ops = &race.operations;
    assert_fails(li_repo_create(f->directory, f->kms, &f->env, NULL, &made, &f->err), LI_EDENIED,
                 "another repository has been put in its place", &f->err);
    assert_null(race.other);
    assert_null(made);
    li_store_free(other);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup_store, teardown_repo)
#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(a_description_that_comes_late),
        WITH_REPO(a_root_of_another_is_passed_over),
        WITH_REPO(a_root_of_another_is_no_heir),
        WITH_REPO(a_root_that_was_made_a_moment_ago),
        WITH_REPO(a_description_that_is_withheld),
        WITH_REPO(a_root_of_nobody),
        WITH_STORE(a_salt_of_no_use_is_removed),
        WITH_STORE(a_salt_that_may_be_of_use_is_left),
        WITH_STORE(a_root_that_was_made_for_nothing),
        WITH_STORE(what_cannot_be_read_back_is_told),
        WITH_STORE(what_was_made_is_not_exchanged_unnoticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
