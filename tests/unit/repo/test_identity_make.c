/* SPDX-License-Identifier: Apache-2.0 */
/* Who makes an identity: init, and whoever first pushes to a repository of an older version. */
#include "tests/fixtures/repo_fixture.h"

#include "base/workers.h"
#include "repo/identity.h"
#include "tests/fixtures/repo_objects.h"
#include "tests/fixtures/tree.h"

enum { MAKERS = 4, PAD = 512 };

static const struct image small = {4, {1, 0, 2, 3}};
static const struct image other = {3, {4, 5, 1}};

/* ---- a repository of an older version ---------------------------------------------------------
 */

/* One identity, its key wrapped, and a proof for each of ROOTS. */
static void expect_identity(struct repo_fixture *f, unsigned roots, uint32_t pad)
{
    struct li_root root;

    reopen(f);
    assert_true(identity_of(f).there);
    assert_int_equal(identity_of(f).policy.pad, pad);
    assert_int_equal(count_objects(f, "identities/"), 1);
    assert_int_equal(count_objects(f, "keys/"), 1);
    assert_int_equal(count_objects(f, "/proofs/"), roots);
    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
}

static void the_first_push_to_an_older_repository_makes_it(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = push_options();
    size_t files;

    assert_done(push(f, "a:1", &small), &f->err);
    make_older(f);
    files = tree_count(f->dir);
    assert_false(identity_of(f).there);
    expect_pushed(f, "a:1", &small);
    options.dry_run = true;
    assert_done(push_with(f->repo, "a:2", &other, &options, &f->result, &f->err), &f->err);
    assert_int_equal(tree_count(f->dir), files);
    assert_done(push(f, "a:2", &other), &f->err);
    assert_true(identity_of(f).there);
    expect_identity(f, 1, 0);
    expect_pushed(f, "a:1", &small);
    expect_pushed(f, "a:2", &other);
}

static void each_root_gets_a_proof_of_what_it_is(void **state)
{
    struct repo_fixture *f = *state;
    struct li_repo_key key;
    struct li_root first, second;
    bool there;
    char *at;

    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(li_root_active(f->repo, &first, &f->err), &f->err);
    at = root_key(f, "a:1", "root.json");
    write_roots(f, at, "retired", second_root);
    make_older(f);
    assert_done(push(f, "a:2", &other), &f->err);
    expect_identity(f, 2, 0);
    key = repository_key(f);
    assert_done(li_root_active(f->repo, &second, &f->err), &f->err);
    assert_int_equal(second.generation, 2);
    assert_done(li_proof_read(f->repo, &key, first.id, &first, &there, &f->err), &f->err);
    assert_true(there);
    assert_int_equal(first.state, LI_ROOT_RETIRED);
    /* So it stays retired, whatever is written. */
    write_roots(f, at, "active", NULL);
    assert_done(li_root_accepts(f->repo, first.id, &there, &f->err), &f->err);
    assert_false(there);
    free(at);
}

/* A root that comes back later would never again have a proof. */
static void none_is_made_while_a_root_is_lost(void **state)
{
    struct repo_fixture *f = *state;
    struct li_buffer description = {0};
    char *at;

    assert_done(push(f, "a:1", &small), &f->err);
    at = root_key(f, "a:1", "root.json");
    write_roots(f, at, "active", second_root);
    make_older(f);
    get_object(f->directory, at, &description);
    assert_int_equal(li_store_remove(f->directory, at, &f->err), 0);
    assert_done(push(f, "a:2", &other), &f->err);
    assert_false(identity_of(f).there);
    overwrite(f, at, description.data, description.len);
    reopen(f);
    assert_done(push(f, "a:2", &other), &f->err);
    expect_identity(f, 2, 0);
    li_buffer_free(&description);
    free(at);
}

static void who_cannot_push_makes_none(void **state)
{
    struct repo_fixture *f = *state;
    struct li_kms *mine = f->kms;
    size_t files;

    make_older(f);
    f->kms = make_kms(f, "other-key");
    reopen(f);
    files = tree_count(f->dir);
    assert_fails(push(f, "a:1", &small), LI_EDENIED, "salt", &f->err);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_EEXISTS,
                 "there is a repository already", &f->err);
    assert_int_equal(tree_count(f->dir), files);
    li_kms_free(f->kms);
    f->kms = mine;
    reopen(f);
    assert_false(identity_of(f).there);
}

static void an_older_repository_gets_one_with_a_policy(void **state)
{
    struct repo_fixture *f = *state;
    const struct li_repo_policy policy = {.pad = PAD}, later = {.pad = 0};
    bool made = false;

    make_older(f);
    assert_done(li_identity_ensure(f->repo, &policy, &made, &f->err), &f->err);
    assert_true(made);
    expect_identity(f, 1, PAD);
    reopen(f);
    assert_done(li_identity_ensure(f->repo, &later, &made, &f->err), &f->err);
    assert_false(made);
    expect_identity(f, 1, PAD);
}

/* Whether one was there before, only the host knows. */
static void making_a_repository_again_makes_none(void **state)
{
    struct repo_fixture *f = *state;
    size_t files;

    make_older(f);
    files = tree_count(f->dir);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_EEXISTS,
                 "there is a repository already", &f->err);
    assert_null(strstr(f->err.text, "identity"));
    assert_int_equal(tree_count(f->dir), files);
    assert_false(identity_of(f).there);
}

static void a_policy_out_of_range_makes_nothing(void **state)
{
    struct repo_fixture *f = *state;
    const struct li_repo_policy policy = {.pad = LI_SEAL_PAD_MAX + 1};

    assert_fails(li_repo_create(f->store, f->kms, &f->env, &policy, NULL, &f->err), LI_EINVALID,
                 "at most 65536", &f->err);
    assert_int_equal(count_objects(f, "identities/") + count_objects(f, "root.json"), 0);
    assert_done(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), &f->err);
    expect_identity(f, 1, LI_REPO_PAD);
}

/* ---- interrupted ----------------------------------------------------------------------------- */

/* Whichever operation of the first push fails, and however, the next one comes to the same end. */
static void an_interrupted_push_is_finished_by_the_next(void **state)
{
    static const enum li_fault_how hows[] = {LI_FAULT_BEFORE, LI_FAULT_AFTER, LI_FAULT_STOP};
    struct repo_fixture *f = *state;
    unsigned failures = 0;

    for (unsigned i = 0; i < 3; i++) {
        bool happened = true;

        for (unsigned n = 1; happened; n++) {
            int rc;

            make_older(f);
            li_fault_order(f->store, LI_FAULT_WRITE, n, hows[i], LI_ENETWORK);
            rc = push(f, "a:1", &small);
            happened = li_fault_happened(f->store);
            assert_int_equal(rc < 0, happened);
            failures += happened;
            li_fault_order(f->store, LI_FAULT_ANY, 0, LI_FAULT_BEFORE, 0);
            reopen(f);
            assert_done(push(f, "a:1", &small), &f->err);
            reopen(f);
            assert_true(identity_of(f).there);
            assert_int_equal(count_objects(f, "identities/"), 1);
            expect_pushed(f, "a:1", &small);
        }
    }
    assert_true(failures >= 3 * 5);
}

/* ---- several at once ------------------------------------------------------------------------- */

struct makers {
    struct repo_fixture *f;
    uint8_t key[MAKERS][LI_ID_SIZE];
};

static int make_in_thread(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct makers *m = arg;
    struct li_repo_identity identity;
    struct li_repo *repo = NULL;
    bool made = false;
    int rc = li_repo_open(m->f->store, m->f->kms, &m->f->env, &repo, err);

    (void)team;
    if (rc == 0)
        rc = li_identity_ensure(repo, NULL, &made, err);
    if (rc == 0)
        rc = li_repo_identity(repo, &identity, err);
    if (rc == 0)
        memcpy(m->key[index], identity.key, LI_ID_SIZE);
    li_repo_free(repo);
    return rc;
}

static void of_several_makers_one_wins_and_all_know(void **state)
{
    struct makers m = {.f = *state};
    struct li_workers *team = NULL;

    make_older(m.f);
    assert_done(li_workers_start(MAKERS, make_in_thread, &m, &team, &m.f->err), &m.f->err);
    assert_done(li_workers_join(team, &m.f->err), &m.f->err);
    for (unsigned i = 1; i < MAKERS; i++)
        assert_memory_equal(m.key[0], m.key[i], LI_ID_SIZE);
    expect_identity(m.f, 1, 0);
}

/* A store on which, right before the identity is written, another makes one. */
static struct {
    struct li_store_operations operations;
    const struct li_store_operations *own;
    struct repo_fixture *f;
    bool overwrites; /* it knows no conditions */
    unsigned times;
} race;

static int put_after_another(struct li_store *store, const char *key, const void *data, size_t len,
                             struct li_error *err)
{
    if (strncmp(key, "identities/", 11) != 0)
        return race.own->put_if_absent(store, key, data, len, err);
    if (race.times++ == 0) {
        struct makers m = {.f = race.f};

        assert_done(make_in_thread(&m, 0, NULL, err), err);
    }
    return race.overwrites ? race.own->replace(store, key, data, len, err)
                           : race.own->put_if_absent(store, key, data, len, err);
}

static void race_another(struct repo_fixture *f, bool remote, bool overwrites)
{
    bool made = false;

    make_older(f);
    race.f = f;
    race.own = f->directory->ops;
    race.operations = *race.own;
    race.operations.put_if_absent = put_after_another;
    race.overwrites = overwrites;
    race.times = 0;
    f->directory->ops = &race.operations;
    f->store->remote = remote;
    assert_done(li_identity_ensure(f->repo, NULL, &made, &f->err), &f->err);
    assert_true(made);
    assert_int_equal(race.times, 2);
    f->directory->ops = race.own;
    f->store->remote = false;
}

static void what_was_made_for_nothing_is_removed(void **state)
{
    struct repo_fixture *f = *state;

    race_another(f, false, false);
    expect_identity(f, 1, 0);
}

static void on_a_server_it_is_left_and_does_no_harm(void **state)
{
    struct repo_fixture *f = *state;

    race_another(f, true, false);
    assert_int_equal(count_objects(f, "keys/"), 2);
    assert_int_equal(count_objects(f, "/proofs/"), 2);
    assert_int_equal(count_objects(f, "identities/"), 1);
    reopen(f);
    assert_done(push(f, "a:1", &small), &f->err);
    expect_pushed(f, "a:1", &small);
}

/* The later identity brings its own key and proofs. */
static void a_server_without_conditions_may_exchange_it(void **state)
{
    struct repo_fixture *f = *state;
    struct li_repo_identity before;

    race_another(f, true, true);
    before = identity_of(f);
    reopen(f);
    assert_memory_equal(identity_of(f).key, before.key, LI_ID_SIZE);
    assert_done(push(f, "a:1", &small), &f->err);
    expect_pushed(f, "a:1", &small);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, setup_store, teardown_repo)
#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(the_first_push_to_an_older_repository_makes_it),
        WITH_REPO(each_root_gets_a_proof_of_what_it_is),
        WITH_REPO(none_is_made_while_a_root_is_lost),
        WITH_REPO(who_cannot_push_makes_none),
        WITH_REPO(an_older_repository_gets_one_with_a_policy),
        WITH_REPO(making_a_repository_again_makes_none),
        WITH_STORE(a_policy_out_of_range_makes_nothing),
        WITH_REPO(an_interrupted_push_is_finished_by_the_next),
        WITH_REPO(of_several_makers_one_wins_and_all_know),
        WITH_REPO(what_was_made_for_nothing_is_removed),
        WITH_REPO(on_a_server_it_is_left_and_does_no_harm),
        WITH_REPO(a_server_without_conditions_may_exchange_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
