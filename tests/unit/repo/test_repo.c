/* SPDX-License-Identifier: Apache-2.0 */
/* Making and opening repositories; pointers, wraps and manifests in the wrong place. */
#include "tests/fixtures/repo_fixture.h"

#include "base/hex.h"
#include "base/workers.h"
#include "tests/fixtures/repo_objects.h"
#include "tests/fixtures/tree.h"

static const struct image small = {4, {1, 0, 2, 0}};
static const struct image other = {3, {3, 4, 1}};

static void create_once_and_open(void **state)
{
    struct repo_fixture *f = *state;
    struct li_repo *again = NULL;

    assert_fails(li_repo_open(f->store, f->kms, &f->env, &f->repo, &f->err), LI_ENOTFOUND,
                 "lambdaimg init dir:", &f->err);
    assert_null(f->repo);
    assert_done(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), &f->err);
    reopen(f);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_EEXISTS,
                 "already", &f->err);
    assert_done(li_repo_open(f->store, NULL, &f->env, &again, &f->err), &f->err);
    assert_memory_equal(li_repo_id(again), li_repo_id(f->repo), LI_ID_SIZE);
    assert_fails(push_with(again, "a", &small, &(struct li_push_options){0}, &f->result, &f->err),
                 LI_EINVALID, "key", &f->err);
    li_repo_free(again);
}

static void other_directories_are_left_alone(void **state)
{
    struct repo_fixture *f = *state;

    tree_write(f->dir, "repo/My Thesis.txt", "x", 1);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_EINVALID,
                 "it holds My Thesis.txt", &f->err);
    /* repo, the thesis and the key. */
    assert_int_equal(tree_count(f->dir), 4);
}

/* Whichever operation fails, and however, a second call makes the repository whole. */
static void interrupted_creation_is_finished(void **state)
{
    static const enum li_fault_how hows[] = {LI_FAULT_BEFORE, LI_FAULT_AFTER, LI_FAULT_STOP};
    struct repo_fixture *f = *state;
    unsigned failures = 0;

    for (unsigned i = 0; i < 3; i++) {
        bool happened = true;

        for (unsigned n = 1; happened; n++) {
            struct li_store *directory, *store = NULL;
            char name[32];
            int first, second;

            snprintf(name, sizeof(name), "r%u-%u", i, n);
            directory = open_repo_directory(f, name);
            assert_done(li_fault_new(directory, &store, &f->err), &f->err);
            li_fault_order(store, LI_FAULT_ANY, n, hows[i], LI_ENETWORK);
            first = li_repo_create(store, f->kms, &f->env, NULL, NULL, &f->err);
            happened = li_fault_happened(store);
            assert_int_equal(first < 0, happened);
            failures += happened;
            li_fault_order(store, LI_FAULT_ANY, 0, LI_FAULT_BEFORE, 0);
            second = li_repo_create(store, f->kms, &f->env, NULL, NULL, &f->err);
            assert_true(second == 0 || second == LI_EEXISTS);
            assert_done(li_repo_open(store, f->kms, &f->env, &f->repo, &f->err), &f->err);
            assert_done(push(f, "a", &small), &f->err);
            expect_pushed(f, "a", &small);
            li_repo_free(f->repo);
            f->repo = NULL;
            li_store_free(store);
            li_store_free(directory);
        }
    }
    assert_true(failures >= 3 * 5);
}

static void unfinished_creation_refuses_pushes(void **state)
{
    struct repo_fixture *f = *state;

    li_fault_order(f->store, LI_FAULT_PUT, 2, LI_FAULT_BEFORE, LI_EIO);
    assert_int_equal(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_EIO);
    reopen(f);
    assert_fails(push(f, "a", &small), LI_EINVALID, "run again: lambdaimg init", &f->err);
}

struct creators {
    struct repo_fixture *f;
    int result[4];
};

static int create_in_thread(void *arg, unsigned index, struct li_workers *team,
                            struct li_error *err)
{
    struct creators *c = arg;

    (void)team;
    c->result[index] = li_repo_create(c->f->store, c->f->kms, &c->f->env, NULL, NULL, err);
    return 0;
}

static void of_racing_creations_one_wins(void **state)
{
    struct creators c = {.f = *state};
    struct li_workers *team = NULL;
    struct li_error *err = &c.f->err;
    unsigned won = 0, lost = 0;

    assert_done(li_workers_start(4, create_in_thread, &c, &team, err), err);
    assert_done(li_workers_join(team, err), err);
    for (unsigned i = 0; i < 4; i++) {
        won += c.result[i] == 0;
        lost += c.result[i] == LI_EEXISTS;
    }
    assert_int_equal(won, 1);
    assert_int_equal(lost, 3);
    reopen(c.f);
    assert_done(push(c.f, "a", &small), err);
    expect_pushed(c.f, "a", &small);
}

static void hostile_descriptions(void **state)
{
    struct repo_fixture *f = *state;
    struct li_repo *repo = NULL;
    char *big = malloc(100000);
    static const struct {
        const char *text;
        int code;
        const char *words;
    } cases[] = {
        {"", LI_ECORRUPT, "JSON"},
        {"[]", LI_ECORRUPT, "format"},
        {"{\"format\":\"1\"}", LI_ECORRUPT, "format"},
        {"{\"format\":2}", LI_EUNSUPPORTED, "newer lambdaimg"},
        {"{\"format\":1}", LI_ECORRUPT, "repository"},
        {"{\"format\":1,\"repository\":\"../../etc\"}", LI_ECORRUPT, "repository"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        overwrite(f, "lambdaimg.json", cases[i].text, strlen(cases[i].text));
        assert_fails(li_repo_open(f->store, f->kms, &f->env, &repo, &f->err), cases[i].code,
                     cases[i].words, &f->err);
    }
    assert_non_null(big);
    memset(big, ' ', 100000);
    overwrite(f, "lambdaimg.json", big, 100000);
    assert_fails(li_repo_open(f->store, f->kms, &f->env, &repo, &f->err), LI_ELIMIT, "100000",
                 &f->err);
    free(big);
}

static int collect(void *arg, const struct li_repo_image *image, struct li_error *err)
{
    char *text = arg;

    (void)err;
    sprintf(text + strlen(text), "%s:%s ", image->name, image->tag);
    return 0;
}

static void images_are_listed_and_removed(void **state)
{
    struct repo_fixture *f = *state;
    struct li_reference ref = reference("b:1");
    struct li_manifest m = {0};
    char text[200] = "", pin[64];

    assert_done(li_repo_each_image(f->repo, collect, text, &f->err), &f->err);
    assert_string_equal(text, "");
    assert_done(push(f, "b:2", &small), &f->err);
    assert_done(push(f, "b:1", &small), &f->err);
    assert_done(push(f, "host:5000/a/x:latest", &small), &f->err);
    assert_done(push(f, "a", &small), &f->err);
    overwrite(f, "images/no-tag", "x", 1);
    assert_done(li_repo_each_image(f->repo, collect, text, &f->err), &f->err);
    assert_string_equal(text, "a:latest b:1 b:2 host:5000/a/x:latest ");
    overwrite(f, "images/a/latest", "x", 1);
    text[0] = '\0';
    assert_fails(li_repo_each_image(f->repo, collect, text, &f->err), LI_ECORRUPT, "a/l", &f->err);
    assert_string_equal(text, "b:1 b:2 host:5000/a/x:latest ");

    assert_done(open_manifest(f, "b:1", &m), &f->err);
    assert_done(li_repo_remove(f->repo, &ref, &f->err), &f->err);
    assert_fails(li_repo_remove(f->repo, &ref, &f->err), LI_ENOTFOUND, "b:1", &f->err);
    strcpy(pin, "b@");
    li_hex_encode(m.id, LI_ID_SIZE, pin + 2);
    li_manifest_free(&m);
    ref = reference(pin);
    assert_fails(li_repo_remove(f->repo, &ref, &f->err), LI_EINVALID, "tag", &f->err);
    /* Its manifest is still there for who knows its id, under its own name only. */
    expect_pushed(f, pin, &small);
    pin[0] = 'a';
    assert_fails(open_manifest(f, pin, &m), LI_ECORRUPT, "another image, b:1", &f->err);
    assert_fails(open_manifest(f, "b:1", &m), LI_ENOTFOUND, "no image b:1", &f->err);
    assert_fails(open_manifest(f, "b@00000000000000000000000000000000", &m), LI_ENOTFOUND,
                 "no such manifest", &f->err);
}

static void swapped_pointers_are_found_out(void **state)
{
    struct repo_fixture *f = *state;
    struct li_manifest m = {0};

    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(push(f, "b:1", &other), &f->err);
    put_from(f, f->directory, "images/b/1", "images/a/1");
    assert_fails(open_manifest(f, "a:1", &m), LI_ECORRUPT, "another image, b:1", &f->err);
    overwrite(f, "images/a/1", "{\"format\":3}", 12);
    assert_fails(open_manifest(f, "a:1", &m), LI_EUNSUPPORTED, "newer", &f->err);
    overwrite(f, "images/a/1", "junk", 4);
    assert_fails(open_manifest(f, "a:1", &m), LI_ECORRUPT, "images/a/1", &f->err);
    assert_done(push(f, "a:1", &small), &f->err);
    expect_pushed(f, "a:1", &small);
}

/* "roots/ID/manifests/ID" and what follows, of REF. */
static char *manifest_key(struct repo_fixture *f, const char *ref, const char *more)
{
    char rest[200], hex[2 * LI_ID_SIZE + 1];
    struct li_manifest m = {0};

    assert_done(open_manifest(f, ref, &m), &f->err);
    li_hex_encode(m.id, LI_ID_SIZE, hex);
    li_manifest_free(&m);
    snprintf(rest, sizeof(rest), "manifests/%s%s", hex, more);
    return root_key(f, ref, rest);
}

static void swapped_wraps_and_manifests_are_found_out(void **state)
{
    struct repo_fixture *f = *state;
    char *a, *b, *wrap_a, *wrap_b, more[100];
    struct li_manifest m = {0};

    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(push(f, "b:1", &other), &f->err);
    snprintf(more, sizeof(more), ".wraps/%s", f->kms->name);
    a = manifest_key(f, "a:1", "");
    b = manifest_key(f, "b:1", "");
    wrap_a = manifest_key(f, "a:1", more);
    wrap_b = manifest_key(f, "b:1", more);

    put_from(f, f->directory, wrap_b, wrap_a);
    assert_fails(open_manifest(f, "a:1", &m), LI_EDENIED, "cannot unwrap", &f->err);
    put_from(f, f->directory, b, a);
    assert_fails(open_manifest(f, "a:1", &m), LI_ECORRUPT, "another manifest", &f->err);
    assert_int_equal(li_store_remove(f->directory, a, &f->err), 0);
    assert_fails(open_manifest(f, "a:1", &m), LI_ECORRUPT, "manifest is gone", &f->err);
    overwrite(f, b, "short", 5);
    assert_int_equal(open_manifest(f, "b:1", &m), LI_ECORRUPT);
    free(a);
    free(b);
    free(wrap_a);
    free(wrap_b);
}

/* The header says how long a manifest may be, and no more is read of what is longer. */
static void a_manifest_is_as_long_as_it_says(void **state)
{
    enum { LONG = 100 << 20 };
    struct repo_fixture *f = *state;
    struct li_buffer object = {0};
    struct li_manifest m = {0};
    char *key;

    assert_done(push(f, "a:1", &small), &f->err);
    key = manifest_key(f, "a:1", "");
    assert_done(li_store_get(f->directory, key, LONG, &object, &f->err), &f->err);
    object.data = realloc(object.data, LONG);
    assert_non_null(object.data);
    memset(object.data + object.len, 0, LONG - object.len);
    overwrite(f, key, object.data, LONG);
    assert_fails(open_manifest(f, "a:1", &m), LI_ECORRUPT, "allowed here", &f->err);
    /* Longer than is usual, and not longer than it may be: it is read, and is not what was sealed.
     */
    overwrite(f, key, object.data, 60 << 20);
    assert_fails(open_manifest(f, "a:1", &m), LI_ECORRUPT, "damaged or changed", &f->err);
    /* A header that allows more does not belong to what was sealed either. */
    object.data[12] = 100;
    overwrite(f, key, object.data, 60 << 20);
    assert_fails(open_manifest(f, "a:1", &m), LI_ECORRUPT, "damaged or changed", &f->err);
    object.data[14] = 0xff;
    overwrite(f, key, object.data, 60 << 20);
    assert_fails(open_manifest(f, "a:1", &m), LI_ECORRUPT, "are allowed", &f->err);
    object.data[0] = 'x';
    overwrite(f, key, object.data, 60 << 20);
    assert_fails(open_manifest(f, "a:1", &m), LI_ECORRUPT, "not a manifest", &f->err);
    li_buffer_free(&object);
    free(key);
}

static void another_key_opens_nothing(void **state)
{
    struct repo_fixture *f = *state;
    struct li_kms *mine = f->kms;
    struct li_manifest m = {0};

    assert_done(push(f, "a:1", &small), &f->err);
    f->kms = make_kms(f, "other-key");
    reopen(f);
    assert_fails(open_manifest(f, "a:1", &m), LI_EDENIED, "not wrapped for this key", &f->err);
    assert_fails(push(f, "a:2", &small), LI_EDENIED, "was not wrapped for this key", &f->err);
    li_kms_free(f->kms);
    f->kms = mine;
    reopen(f);
    expect_pushed(f, "a:1", &small);
}

static void salts_make_all_names_differ(void **state)
{
    struct repo_fixture *f = *state;
    struct li_store *directory = open_repo_directory(f, "second");
    struct li_repo *first = f->repo, *second = NULL;
    struct li_manifest a = {0}, b = {0};

    assert_done(li_repo_create(directory, f->kms, &f->env, NULL, NULL, &f->err), &f->err);
    assert_done(li_repo_open(directory, f->kms, &f->env, &second, &f->err), &f->err);
    assert_done(push(f, "a", &other), &f->err);
    assert_done(open_manifest(f, "a", &a), &f->err);
    f->repo = second;
    assert_done(push(f, "a", &other), &f->err);
    assert_done(open_manifest(f, "a", &b), &f->err);
    f->repo = first;
    assert_int_equal(a.chunk_count, b.chunk_count);
    for (size_t i = 0; i < a.chunk_count; i++) {
        assert_memory_equal(a.chunks[i].digest, b.chunks[i].digest, LI_DIGEST_SIZE);
        assert_memory_not_equal(a.chunks[i].name, b.chunks[i].name, LI_NAME_SIZE);
        assert_memory_not_equal(a.chunks[i].prk.bytes, b.chunks[i].prk.bytes, LI_SECRET_SIZE);
    }
    li_manifest_free(&a);
    li_manifest_free(&b);
    li_repo_free(second);
    li_store_free(directory);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup_store, teardown_repo)
#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(create_once_and_open),
        WITH_STORE(other_directories_are_left_alone),
        WITH_STORE(interrupted_creation_is_finished),
        WITH_STORE(unfinished_creation_refuses_pushes),
        WITH_STORE(of_racing_creations_one_wins),
        WITH_REPO(hostile_descriptions),
        WITH_REPO(images_are_listed_and_removed),
        WITH_REPO(swapped_pointers_are_found_out),
        WITH_REPO(swapped_wraps_and_manifests_are_found_out),
        WITH_REPO(a_manifest_is_as_long_as_it_says),
        WITH_REPO(another_key_opens_nothing),
        WITH_REPO(salts_make_all_names_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
