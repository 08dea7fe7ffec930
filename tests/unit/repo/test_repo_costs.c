/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile store may cost whoever reads it: a thousand roots, and listings that never end. */
#include "tests/fixtures/repo_fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "base/hex.h"
#include "repo/roots.h"

enum { ROOTS = 60, ENDLESS = 1 << 24, PATIENCE = 60 };

static const struct image small = {4, {1, 0, 2, 3}};

/* Looks for REST from the second root on. */
static struct li_root_search fetch_object(struct repo_fixture *f, struct li_buffer *out,
                                          const char *rest)
{
    struct li_root_search search = {.rest = rest, .limit = 1000, .out = out};
    struct li_error err = LI_ERROR_INIT;
    uint8_t hint[LI_ID_SIZE];

    assert_int_equal(li_hex_decode(second_root, hint, LI_ID_SIZE), 0);
    assert_done(li_root_fetch(f->repo, hint, &search, &err), &err);
    return search;
}

/* A root of generation NUMBER + 2, newer than the second. */
static void add_root(struct repo_fixture *f, unsigned number)
{
    char key[100], json[300];

    snprintf(key, sizeof(key), "roots/%032x/root.json", number);
    snprintf(json, sizeof(json),
             "{\"created\":5,\"format\":1,\"generation\":%u,\"salt\":\"%s\",\"state\":\"retired\"}",
             number + 2, second_root);
    overwrite(f, key, json, strlen(json));
}

static void add_roots(struct repo_fixture *f)
{
    char *first;

    assert_done(push(f, "a:1", &small), &f->err);
    first = root_key(f, "a:1", "root.json");
    write_roots(f, first, "retired", second_root);
    free(first);
    for (unsigned i = 1; i <= ROOTS; i++)
        add_root(f, i);
    reopen(f);
}

/* The operations since the last call. */
static uint64_t spent(struct repo_fixture *f, enum li_fault_kind kind)
{
    static uint64_t before[LI_FAULT_KINDS];
    uint64_t now = li_fault_count(f->store, kind), more = now - before[kind];

    before[kind] = now;
    return more;
}

/* ---- roots ----------------------------------------------------------------------------------- */

static void a_miss_does_not_read_known_roots(void **state)
{
    struct repo_fixture *f = *state;
    struct li_buffer out = {0};
    struct li_root_search search;

    add_roots(f);
    spent(f, LI_FAULT_GET), spent(f, LI_FAULT_LIST);
    assert_false(fetch_object(f, &out, "none").there);
    /* The hint; the descriptions of all roots; a look into each newer one. */
    assert_int_equal(spent(f, LI_FAULT_GET), 1 + (ROOTS + 2) + ROOTS);
    assert_int_equal(spent(f, LI_FAULT_LIST), 1);
    assert_false(fetch_object(f, &out, "none").there);
    assert_int_equal(spent(f, LI_FAULT_GET), 1 + ROOTS);
    assert_int_equal(spent(f, LI_FAULT_LIST), 1);
    /* One that is new is read, and looked into. */
    add_root(f, ROOTS + 1);
    overwrite(f, "roots/0000000000000000000000000000003d/late", "x", 1);
    search = fetch_object(f, &out, "late");
    assert_true(search.there);
    assert_int_equal(search.root[LI_ID_SIZE - 1], 0x3d);
    assert_int_equal(spent(f, LI_FAULT_GET), 1 + ROOTS + 2);
    li_buffer_free(&out);
}

/* Roots that hold objects and have no description are not looked into one by one. */
static void lost_roots_cost_one_look(void **state)
{
    struct repo_fixture *f = *state;
    struct li_buffer out = {0};
    char key[100];

    assert_done(push(f, "a:1", &small), &f->err);
    for (unsigned i = 1; i <= ROOTS; i++) {
        snprintf(key, sizeof(key), "roots/%032x/chunks/x", i);
        overwrite(f, key, "x", 1);
    }
    reopen(f);
    spent(f, LI_FAULT_LIST);
    assert_false(fetch_object(f, &out, "none").there);
    assert_int_equal(spent(f, LI_FAULT_LIST), 2);
    li_buffer_free(&out);
}

/* A store whose listing of roots waits. */
static struct {
    const struct li_store_operations *own;
    struct li_store_operations operations;
    sem_t begun, go_on;
} slow;

static void await(sem_t *semaphore)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE;
    assert_int_equal(sem_timedwait(semaphore, &until), 0);
}

static int list_slowly(struct li_store *store, const char *prefix, bool deep,
                       li_store_visit_object *visit, void *arg, struct li_error *err)
{
    sem_post(&slow.begun);
    sem_wait(&slow.go_on);
    return slow.own->list(store, prefix, deep, visit, arg, err);
}

static void *miss(void *arg)
{
    struct li_buffer out = {0};

    assert_false(fetch_object(arg, &out, "none").there);
    li_buffer_free(&out);
    return NULL;
}

/* While somebody lists the roots again, others find what is in those that are known. */
static void nobody_waits_for_a_listing_without_need(void **state)
{
    struct repo_fixture *f = *state;
    struct li_buffer out = {0};
    pthread_t thread;

    add_roots(f);
    overwrite(f, "roots/00000000000000000000000000000001/here", "x", 1);
    assert_true(fetch_object(f, &out, "here").there);
    slow.own = f->directory->ops;
    slow.operations = *slow.own;
    slow.operations.list = list_slowly;
    sem_init(&slow.begun, 0, 0);
    sem_init(&slow.go_on, 0, 0);
    f->directory->ops = &slow.operations;
    assert_int_equal(pthread_create(&thread, NULL, miss, f), 0);
    await(&slow.begun);
    alarm(PATIENCE);
    assert_true(fetch_object(f, &out, "here").there);
    alarm(0);
    sem_post(&slow.go_on);
    pthread_join(thread, NULL);
    f->directory->ops = slow.own;
    sem_destroy(&slow.begun);
    sem_destroy(&slow.go_on);
    li_buffer_free(&out);
}

/* A listing that fails fails those that wait for it, and nobody else. */
static void a_listing_that_fails_is_not_remembered(void **state)
{
    struct repo_fixture *f = *state;
    struct li_buffer out = {0};
    struct li_root_search search = {.rest = "none", .limit = 1000, .out = &out};

    add_roots(f);
    for (int i = 0; i < 2; i++) {
        li_fault_order(f->store, LI_FAULT_LIST, 1, LI_FAULT_BEFORE, LI_ENETWORK);
        assert_int_equal(li_root_fetch(f->repo, NULL, &search, &f->err), LI_ENETWORK);
        assert_false(fetch_object(f, &out, "none").there);
    }
    li_buffer_free(&out);
}

/* ---- tags ------------------------------------------------------------------------------------ */

static struct {
    const struct li_store_operations *own;
    struct li_store_operations operations;
    const char *prefix; /* of a key, before its number */
    unsigned listed;
} endless;

static int list_endlessly(struct li_store *store, const char *prefix, bool deep,
                          li_store_visit_object *visit, void *arg, struct li_error *err)
{
    char key[400];
    const struct li_store_object object = {key, 10, LI_STORE_NO_TIME};
    int rc = 0;

    (void)store, (void)prefix, (void)deep;
    for (endless.listed = 0; rc >= 0 && endless.listed < ENDLESS; endless.listed++) {
        snprintf(key, sizeof(key), "%s%08u", endless.prefix, endless.listed);
        rc = visit(arg, &object, err);
    }
    return rc;
}

static int count_image(void *arg, const struct li_repo_image *image, struct li_error *err)
{
    (void)image, (void)err;
    ++*(unsigned *)arg;
    return 0;
}

/* Each key is charged with its length and a pointer. */
static void expect_an_end(struct repo_fixture *f, const char *prefix)
{
    unsigned count = 0;

    endless.own = f->directory->ops;
    endless.operations = *endless.own;
    endless.operations.list = list_endlessly;
    endless.prefix = prefix;
    f->directory->ops = &endless.operations;
    assert_fails(li_repo_each_image(f->repo, count_image, &count, &f->err), LI_ELIMIT,
                 "the names of the images take more than 64 MiB", &f->err);
    f->directory->ops = endless.own;
    assert_int_equal(count, 0);
    assert_in_range(endless.listed, 100000, (64 << 20) / (strlen(prefix) + 16) + 1);
}

static void endless_listings_end(void **state)
{
    static const char tag[] = "images/team~application~with~a~long~name~that~takes~room~since~short"
                              "~ones~take~the~test~more~time/and-a-tag-of-some-length-as-well-";
    static const char junk[] = "images/this/is/not/a/tag/and/takes/room/nevertheless/because/it/has"
                               "/been/listed/and/somebody/has/to/look/at/it/to/say/so/";

    expect_an_end(*state, tag);
    expect_an_end(*state, junk);
}

/* Nobody waits for a store that is down once for each of its tags. */
static void a_store_that_is_down_is_asked_once(void **state)
{
    struct repo_fixture *f = *state;
    unsigned count = 0;

    for (int i = 0; i < 5; i++) {
        char ref[] = "a:0";

        ref[2] = (char)('0' + i);
        assert_done(push(f, ref, &small), &f->err);
    }
    spent(f, LI_FAULT_GET);
    li_fault_order(f->store, LI_FAULT_GET, 2, LI_FAULT_STOP, LI_ENETWORK);
    assert_int_equal(li_repo_each_image(f->repo, count_image, &count, &f->err), LI_ENETWORK);
    assert_int_equal(count, 1);
    assert_int_equal(spent(f, LI_FAULT_GET), 2);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(a_miss_does_not_read_known_roots),
        WITH_REPO(lost_roots_cost_one_look),
        WITH_REPO(nobody_waits_for_a_listing_without_need),
        WITH_REPO(a_listing_that_fails_is_not_remembered),
        WITH_REPO(endless_listings_end),
        WITH_REPO(a_store_that_is_down_is_asked_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
