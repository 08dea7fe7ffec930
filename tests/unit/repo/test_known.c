/* SPDX-License-Identifier: Apache-2.0 */
/* What a host keeps of the repositories that it has used. */
#include "tests/fixtures/repo_fixture.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/workers.h"
#include "repo/known.h"
#include "tests/fixtures/tree.h"

#define STRANGER "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"

/* The fixture's repository; another, which somebody has put in its place; and where IDs are kept.
 */
struct fixture {
    struct repo_fixture *f;
    struct li_repo *stranger;
    char above[80], directory[96];
    struct li_known known;
};

static void begin(struct fixture *k, void **state)
{
    static const char text[] = "{\"format\":1,\"repository\":\"" STRANGER "\"}";
    struct repo_fixture *f = *state;

    *k = (struct fixture){.f = f};
    overwrite(f, "lambdaimg.json", text, sizeof(text) - 1);
    assert_done(li_repo_open(f->directory, f->kms, &f->env, &k->stranger, &f->err), &f->err);
    snprintf(k->above, sizeof(k->above), "%s/state", f->dir);
    snprintf(k->directory, sizeof(k->directory), "%s/repositories", k->above);
    k->known.directory = k->directory;
}

static void finish(struct fixture *k)
{
    li_repo_free(k->stranger);
}

/* Path of the only file that is kept. */
static void kept_file(const struct fixture *k, char path[400])
{
    DIR *dir = opendir(k->directory);
    unsigned files = 0;

    assert_non_null(dir);
    for (const struct dirent *at; (at = readdir(dir));)
        if (at->d_name[0] != '.') {
            files++;
            snprintf(path, 400, "%s/%s", k->directory, at->d_name);
        }
    closedir(dir);
    assert_int_equal(files, 1);
}

static void expect(struct fixture *k, const struct li_repo *repo, enum li_known_how want)
{
    struct li_known_found found = {.how = LI_KNOWN_GIVEN};

    assert_done(li_known_check(repo, &k->known, &found, &k->f->err), &k->f->err);
    assert_int_equal(found.how, want);
}

static void expect_refused(struct fixture *k, const struct li_repo *repo)
{
    struct li_known_found found;

    assert_fails(li_known_check(repo, &k->known, &found, &k->f->err), LI_EDENIED,
                 "may have put another in its place", &k->f->err);
}

static void the_first_is_kept_until_another_is_accepted(void **state)
{
    struct fixture k;

    begin(&k, state);
    expect(&k, k.f->repo, LI_KNOWN_NEW);
    expect(&k, k.f->repo, LI_KNOWN_KEPT);
    expect_refused(&k, k.stranger);
    k.known.accept = true;
    expect(&k, k.stranger, LI_KNOWN_NEW);
    k.known.accept = false;
    expect(&k, k.stranger, LI_KNOWN_KEPT);
    expect_refused(&k, k.f->repo);
    k.known.id = li_repo_id(k.f->repo);
    expect(&k, k.f->repo, LI_KNOWN_GIVEN);
    expect_refused(&k, k.stranger);
    finish(&k);
}

/* Whoever may write there could exchange what is kept. */
static void nobody_else_may_write_there(void **state)
{
    mode_t mask = umask(0);
    char path[400];
    struct fixture k;
    struct stat st;

    begin(&k, state);
    expect(&k, k.f->repo, LI_KNOWN_NEW);
    umask(mask);
    assert_int_equal(stat(k.above, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(stat(k.directory, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    kept_file(&k, path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    finish(&k);
}

static void expect_unreadable(struct fixture *k, int code, const char *words)
{
    struct li_known_found found;

    assert_fails(li_known_check(k->f->repo, &k->known, &found, &k->f->err), code, words,
                 &k->f->err);
    assert_non_null(strstr(k->f->err.text, ".json, where this host keeps the ID"));
}

/* It fails, and neither waits nor goes on as if nothing were known. */
static void what_cannot_be_read_is_not_passed_over(void **state)
{
    static char big[100000];
    char path[400];
    struct fixture k;
    FILE *file;

    begin(&k, state);
    expect(&k, k.f->repo, LI_KNOWN_NEW);
    kept_file(&k, path);
    memset(big, ' ', sizeof(big));
    file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(big, 1, sizeof(big), file), sizeof(big));
    assert_int_equal(fclose(file), 0);
    expect_unreadable(&k, LI_ELIMIT, "allowed here");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_unreadable(&k, LI_EINVALID, "not a regular file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    expect_unreadable(&k, LI_EINVALID, "not a regular file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink(path, path), 0);
    expect_unreadable(&k, LI_EIO, "cannot open it");
    assert_int_equal(unlink(path), 0);
    /* A link to nowhere keeps nothing, and is not written through. */
    assert_int_equal(symlink("nowhere", path), 0);
    expect(&k, k.f->repo, LI_KNOWN_NOT);
    assert_int_equal(unlink(path), 0);
    expect(&k, k.f->repo, LI_KNOWN_NEW);
    finish(&k);
}

/* Two processes use an address for the first time at once, and see different repositories. */
struct race {
    struct fixture *k;
    pthread_barrier_t both;
    int rc[2];
    struct li_known_found found[2];
};

static int use(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct race *race = arg;
    struct fixture *k = race->k;

    (void)team;
    pthread_barrier_wait(&race->both);
    race->rc[index] =
        li_known_check(index == 0 ? k->f->repo : k->stranger, &k->known, &race->found[index], err);
    return 0;
}

static void of_two_first_times_one_counts(void **state)
{
    struct fixture k;
    struct race race = {.k = &k};

    begin(&k, state);
    for (unsigned i = 0; i < 200; i++) {
        struct li_workers *team = NULL;
        unsigned won;
        char path[400];

        pthread_barrier_init(&race.both, NULL, 2);
        assert_done(li_workers_start(2, use, &race, &team, &k.f->err), &k.f->err);
        assert_done(li_workers_join(team, &k.f->err), &k.f->err);
        pthread_barrier_destroy(&race.both);
        won = race.rc[0] == 0 ? 0 : 1;
        assert_int_equal(race.rc[won], 0);
        assert_int_equal(race.found[won].how, LI_KNOWN_NEW);
        assert_int_equal(race.rc[1 - won], LI_EDENIED);
        expect(&k, won == 0 ? k.f->repo : k.stranger, LI_KNOWN_KEPT);
        kept_file(&k, path);
        assert_int_equal(unlink(path), 0);
    }
    finish(&k);
}

static void an_id_is_cut_off_an_address(void **state)
{
    static const struct {
        const char *text, *address; /* NULL: it has no ID */
    } cases[] = {
        {"dir:/a#" STRANGER, "dir:/a"},
        {"dir:/a#b#" STRANGER, "dir:/a#b"},
        {"dir:/a#" STRANGER "#" STRANGER, "dir:/a#" STRANGER},
        {"s3://bucket/p#" STRANGER, "s3://bucket/p"},
        {"#" STRANGER, ""},
        {"dir:/a", NULL},
        {"dir:/a#", NULL},
        {"dir:/a#b", NULL},
        {"dir:/a" STRANGER, NULL},
        {"dir:/a#" STRANGER "/", NULL},
        {"dir:/a#" STRANGER "e", NULL},
        {"dir:/a#EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t id[LI_ID_SIZE] = {0}, want[LI_ID_SIZE];
        char *address = strdup(cases[i].text);

        assert_non_null(address);
        memset(want, 0xee, sizeof(want));
        assert_int_equal(li_known_cut_id(address, id), cases[i].address != NULL);
        assert_string_equal(address, cases[i].address ? cases[i].address : cases[i].text);
        if (cases[i].address)
            assert_memory_equal(id, want, sizeof(id));
        free(address);
    }
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(the_first_is_kept_until_another_is_accepted),
        WITH_REPO(nobody_else_may_write_there),
        WITH_REPO(what_cannot_be_read_is_not_passed_over),
        WITH_REPO(of_two_first_times_one_counts),
        cmocka_unit_test(an_id_is_cut_off_an_address),
    };

    return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
