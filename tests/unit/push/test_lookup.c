/* SPDX-License-Identifier: Apache-2.0 */
/* How a push learns what a store has, where each question to it is a request: a directory that says
 * it is remote, behind a fault store that counts. */
#include "tests/fixtures/repo_fixture.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "tests/fixtures/tree.h"

static int64_t hours;

static int64_t clock_now(void)
{
    return unit_now() + hours * 60 * 60;
}

static int setup_remote(void **state)
{
    struct repo_fixture *f;

    setup_repo(state);
    f = *state;
    hours = 0;
    f->env.now = clock_now;
    f->store->remote = true;
    f->store->identity = strdup("here");
    assert_non_null(f->store->identity);
    return 0;
}

/* COUNT chunks of seeds from FIRST on. */
static struct image image_of(unsigned count, uint32_t first)
{
    struct image image = {.count = count};

    for (unsigned i = 0; i < count; i++)
        image.seed[i] = first + i;
    return image;
}

/* Pushes IMAGE by a memo in DIR. */
static int push_by_memo(struct repo_fixture *f, const char *ref, const struct image *image)
{
    struct li_push_options options = push_options();
    struct li_memo *memo = NULL;
    char *dir = tree_path(f->dir, "cache");
    int rc = li_push_memo(f->repo, dir, "unit", &memo, &f->err);

    options.memo = memo;
    if (rc == 0)
        rc = push_with(f->repo, ref, image, &options, &f->result, &f->err);
    li_memo_free(memo);
    free(dir);
    return rc;
}

static void expect_ways(struct repo_fixture *f, uint64_t manifest, uint64_t kept, uint64_t listing,
                        uint64_t asked)
{
    assert_int_equal(f->result.ways.manifest, manifest);
    assert_int_equal(f->result.ways.kept, kept);
    assert_int_equal(f->result.ways.listing, listing);
    assert_int_equal(f->result.ways.asked, asked);
}

static void the_first_push_asks_for_no_chunk(void **state)
{
    struct repo_fixture *f = *state;
    struct image image = image_of(30, 1);
    uint64_t asked = li_fault_count(f->store, LI_FAULT_EXISTS);

    assert_done(push(f, "a:1", &image), &f->err);
    assert_int_equal(f->result.new_chunks, 30);
    expect_ways(f, 0, 0, 30, 0);
    assert_int_equal(li_fault_count(f->store, LI_FAULT_EXISTS), asked);
    expect_pushed(f, "a:1", &image);
}

static void an_unchanged_push_goes_by_the_manifest(void **state)
{
    struct repo_fixture *f = *state;
    struct image image = image_of(30, 1);
    uint64_t asked, listed;

    assert_done(push(f, "a:1", &image), &f->err);
    asked = li_fault_count(f->store, LI_FAULT_EXISTS);
    listed = li_fault_count(f->store, LI_FAULT_LIST);
    assert_done(push(f, "a:1", &image), &f->err);
    assert_int_equal(f->result.new_chunks, 0);
    assert_int_equal(f->result.known_chunks, 30);
    expect_ways(f, 30, 0, 0, 0);
    assert_int_equal(li_fault_count(f->store, LI_FAULT_EXISTS), asked);
    /* That of the roots. */
    assert_int_equal(li_fault_count(f->store, LI_FAULT_LIST), listed + 1);
    expect_pushed(f, "a:1", &image);
}

static void a_new_tag_goes_by_those_beside_it(void **state)
{
    struct repo_fixture *f = *state;
    struct image old = image_of(12, 1), young = image_of(12, 20), both = image_of(24, 1);

    char *junk = tree_path(f->dir, "repo/images/a/9a");

    for (unsigned i = 12; i < 24; i++)
        both.seed[i] = young.seed[i - 12];
    assert_done(push(f, "a:9", &old), &f->err);
    assert_done(push(f, "a:11", &young), &f->err);
    tree_write(f->dir, "repo/images/a/0 is no tag", "x", 1);
    tree_write(f->dir, "repo/images/a/9a", "x", 1);
    assert_done(push(f, "a:10", &both), &f->err);
    expect_ways(f, 12, 0, 3, 9);
    assert_int_equal(unlink(junk), 0);
    assert_done(li_store_remove(f->directory, "images/a/10", &f->err), &f->err);
    assert_done(push(f, "a:10", &both), &f->err);
    expect_ways(f, 24, 0, 0, 0);
    expect_pushed(f, "a:10", &both);
    assert_done(push(f, "b:10", &both), &f->err);
    expect_ways(f, 0, 0, 24, 0);
    free(junk);
}

static void few_are_asked_for_and_many_listed(void **state)
{
    struct repo_fixture *f = *state;
    struct image one = image_of(1, 1), few = image_of(5, 1), many = image_of(40, 1);

    assert_done(push(f, "other:1", &many), &f->err);
    assert_done(push(f, "a:1", &one), &f->err);
    assert_done(push(f, "a:1", &few), &f->err);
    expect_ways(f, 1, 0, 0, 4);
    assert_int_equal(f->result.known_chunks, 5);
    /* Nine questions cost as little as a page, and nobody knows of a tenth. */
    assert_done(push(f, "a:1", &many), &f->err);
    expect_ways(f, 5, 0, 26, 9);
    assert_int_equal(f->result.new_chunks, 0);
    expect_pushed(f, "a:1", &many);
}

static void a_manifest_of_another_root_says_nothing(void **state)
{
    struct repo_fixture *f = *state;
    struct image image = image_of(12, 1);
    char *first;

    assert_done(push_by_memo(f, "a:1", &image), &f->err);
    first = root_key(f, "a:1", "root.json");
    write_roots(f, first, "retired", second_root);
    assert_done(push_by_memo(f, "a:1", &image), &f->err);
    assert_int_equal(f->result.new_chunks, 12);
    expect_ways(f, 0, 0, 12, 0);
    expect_pushed(f, "a:1", &image);
    free(first);
}

static void a_broken_manifest_says_nothing(void **state)
{
    struct repo_fixture *f = *state;
    struct image image = image_of(12, 1);
    char hex[2 * LI_ID_SIZE + 1], rest[80], *key;
    struct li_buffer manifest = {0};

    assert_done(push(f, "a:1", &image), &f->err);
    li_hex_encode(f->result.manifest, LI_ID_SIZE, hex);
    snprintf(rest, sizeof(rest), "manifests/%s", hex);
    key = root_key(f, "a:1", rest);
    assert_done(li_store_get(f->directory, key, 1 << 20, &manifest, &f->err), &f->err);
    for (size_t len = 0; len < LI_MANIFEST_HEADER_SIZE + 12 * LI_MANIFEST_ENTRY_SIZE; len += 31) {
        char *image_key = strdup("images/a/1");
        struct li_buffer pointer = {0};

        assert_done(li_store_get(f->directory, image_key, 4096, &pointer, &f->err), &f->err);
        overwrite(f, key, manifest.data, len);
        assert_done(push(f, "a:1", &image), &f->err);
        expect_ways(f, 0, 0, 12, 0);
        assert_int_equal(f->result.known_chunks, 12);
        overwrite(f, image_key, pointer.data, pointer.len);
        li_buffer_free(&pointer);
        free(image_key);
    }
    li_buffer_free(&manifest);
    free(key);
}

/* ---- what the host keeps --------------------------------------------------------------------- */

static void what_was_found_is_kept_for_a_while(void **state)
{
    struct repo_fixture *f = *state;
    struct image image = image_of(20, 1);

    assert_done(push_by_memo(f, "a:1", &image), &f->err);
    assert_done(push_by_memo(f, "b:1", &image), &f->err);
    expect_ways(f, 0, 20, 0, 0);
    assert_done(push(f, "c:1", &image), &f->err);
    expect_ways(f, 0, 0, 20, 0);
    /* Going by what is kept makes it no younger. */
    hours = 11;
    assert_done(push_by_memo(f, "d:1", &image), &f->err);
    expect_ways(f, 0, 20, 0, 0);
    hours = 12;
    assert_done(push_by_memo(f, "e:1", &image), &f->err);
    expect_ways(f, 0, 0, 20, 0);
    /* But looking does; and what a clock wrote that was ahead does not count. */
    assert_done(push_by_memo(f, "f:1", &image), &f->err);
    expect_ways(f, 0, 20, 0, 0);
    hours = 10;
    assert_done(push_by_memo(f, "g:1", &image), &f->err);
    expect_ways(f, 0, 0, 20, 0);
    expect_pushed(f, "g:1", &image);
}

static void what_is_kept_is_of_one_store(void **state)
{
    struct repo_fixture *f = *state;
    struct image image = image_of(20, 1);

    assert_done(push_by_memo(f, "a:1", &image), &f->err);
    free(f->store->identity);
    f->store->identity = strdup("a copy elsewhere");
    assert_non_null(f->store->identity);
    assert_done(push_by_memo(f, "b:1", &image), &f->err);
    expect_ways(f, 0, 0, 20, 0);
}

static int spoil(const char *path, const struct stat *st, int type, struct FTW *at)
{
    FILE *file;

    (void)at;
    if (type != FTW_F || !strstr(path, ".names"))
        return 0;
    file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)st->st_size / 2, SEEK_SET), 0);
    assert_int_equal(fputc('!', file), '!');
    assert_int_equal(fclose(file), 0);
    hours++;
    return 0;
}

static void what_is_kept_and_damaged_is_not_believed(void **state)
{
    struct repo_fixture *f = *state;
    struct image image = image_of(20, 1);

    assert_done(push_by_memo(f, "a:1", &image), &f->err);
    assert_int_equal(nftw(f->dir, spoil, 8, FTW_PHYS), 0);
    assert_int_equal(hours, 1);
    assert_done(push_by_memo(f, "b:1", &image), &f->err);
    expect_ways(f, 0, 0, 20, 0);
    assert_done(push_by_memo(f, "c:1", &image), &f->err);
    expect_ways(f, 0, 20, 0, 0);
}

static void a_dry_run_keeps_nothing(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = push_options();
    struct image image = image_of(20, 1);
    struct li_memo *memo = NULL;
    char *dir = tree_path(f->dir, "cache");

    assert_done(push(f, "a:1", &image), &f->err);
    assert_done(li_push_memo(f->repo, dir, "unit", &memo, &f->err), &f->err);
    options.memo = memo;
    options.dry_run = true;
    assert_done(push_with(f->repo, "b:1", &image, &options, &f->result, &f->err), &f->err);
    assert_int_equal(f->result.known_chunks, 20);
    assert_int_equal(nftw(f->dir, spoil, 8, FTW_PHYS), 0);
    assert_int_equal(hours, 0);
    li_memo_free(memo);
    free(dir);
}

/* ---- who deletes behind its back ------------------------------------------------------------- */

static void checking_asks_for_every_chunk(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = push_options();
    struct image image = image_of(12, 1);
    char *key;

    assert_done(push_by_memo(f, "a:1", &image), &f->err);
    key = chunk_key(f, "a:1", 3);
    assert_done(li_store_remove(f->directory, key, &f->err), &f->err);
    options.check_existing = true;
    assert_done(push_with(f->repo, "a:1", &image, &options, &f->result, &f->err), &f->err);
    assert_int_equal(f->result.new_chunks, 1);
    expect_ways(f, 0, 0, 0, 12);
    expect_pushed(f, "a:1", &image);
    free(key);
}

/* Of lengths that no chunk has, as broken copies have them: pushed once more by either way. */
static void mend_by(struct repo_fixture *f, unsigned count, const char *ref, uint64_t listing,
                    uint64_t asked)
{
    static uint8_t large[LI_SEAL_MAX_SIZE + 1];
    struct image image = image_of(count, 1);
    char *empty, *over;

    assert_done(push(f, "a:1", &image), &f->err);
    empty = chunk_key(f, "a:1", 1);
    over = chunk_key(f, "a:1", 2);
    overwrite(f, empty, "", 0);
    overwrite(f, over, large, sizeof(large));
    assert_done(push(f, ref, &image), &f->err);
    expect_ways(f, 0, 0, listing, asked);
    assert_int_equal(f->result.mended, 2);
    assert_int_equal(f->result.new_chunks, 0);
    expect_pushed(f, ref, &image);
    expect_pushed(f, "a:1", &image);
    free(empty);
    free(over);
}

static void chunks_of_impossible_lengths_are_absent(void **state)
{
    mend_by(*state, 5, "b:1", 0, 5);
    mend_by(*state, 30, "c:1", 30, 0);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Each operation of a push fails in turn: it ends in an error or in an image that is whole. */
static void a_push_that_fails_leaves_no_lie(void **state)
{
    struct repo_fixture *f = *state;
    struct image before = image_of(3, 1), image = image_of(25, 1);
    struct li_manifest m = {0};
    unsigned failed = 0;

    assert_done(push_by_memo(f, "a:1", &before), &f->err);
    for (uint64_t n = 1;; n++) {
        int rc;

        li_fault_order(f->store, LI_FAULT_ANY, n, LI_FAULT_STOP, LI_ENETWORK);
        rc = push_by_memo(f, "a:1", &image);
        li_fault_order(f->store, LI_FAULT_ANY, 0, LI_FAULT_STOP, 0);
        if (rc == 0)
            break;
        failed++;
        li_error_clear(&f->err);
        /* The last thing that can fail is to make the pointer durable. */
        assert_done(open_manifest(f, "a:1", &m), &f->err);
        expect_pushed(f, "a:1", m.chunk_count == before.count ? &before : &image);
        li_manifest_free(&m);
    }
    assert_true(failed > 10);
    expect_pushed(f, "a:1", &image);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_remote, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(the_first_push_asks_for_no_chunk),
        WITH_REPO(an_unchanged_push_goes_by_the_manifest),
        WITH_REPO(a_new_tag_goes_by_those_beside_it),
        WITH_REPO(few_are_asked_for_and_many_listed),
        WITH_REPO(a_manifest_of_another_root_says_nothing),
        WITH_REPO(a_broken_manifest_says_nothing),
        WITH_REPO(what_was_found_is_kept_for_a_while),
        WITH_REPO(what_is_kept_is_of_one_store),
        WITH_REPO(what_is_kept_and_damaged_is_not_believed),
        WITH_REPO(a_dry_run_keeps_nothing),
        WITH_REPO(checking_asks_for_every_chunk),
        WITH_REPO(chunks_of_impossible_lengths_are_absent),
        WITH_REPO(a_push_that_fails_leaves_no_lie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
