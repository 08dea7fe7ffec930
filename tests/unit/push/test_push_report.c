/* SPDX-License-Identifier: Apache-2.0 */
/* What a push tells of each chunk. */
#include "tests/fixtures/repo_fixture.h"

#include <stdatomic.h>

#include "push/tally.h"

/* What was told last of each index. */
static struct {
    unsigned told[IMAGE_MAX]; /* times */
    struct li_push_chunk chunk[IMAGE_MAX];
    uint8_t name[IMAGE_MAX][LI_NAME_SIZE];
    atomic_int inside; /* who is being told at this moment */
    int refuse;        /* what to return, or 0 */
} told;

static int note(void *arg, const struct li_push_chunk *chunk, struct li_error *err)
{
    if (atomic_fetch_add(&told.inside, 1) != 0 || arg != &told || chunk->index >= IMAGE_MAX)
        abort(); /* cmocka's checks are for its own thread */
    told.told[chunk->index]++;
    told.chunk[chunk->index] = *chunk;
    memcpy(told.name[chunk->index], chunk->name, LI_NAME_SIZE);
    atomic_fetch_sub(&told.inside, 1);
    return told.refuse ? li_fail(err, told.refuse, "no room for the report") : 0;
}

static struct li_push_options reporting(void)
{
    struct li_push_options options = push_options();

    memset(&told, 0, sizeof(told));
    options.report = note;
    options.report_arg = &told;
    return options;
}

static void expect_chunk(uint32_t index, enum li_push_fate fate, enum li_push_way way)
{
    assert_int_equal(told.told[index], 1);
    assert_int_equal(told.chunk[index].index, index);
    assert_int_equal(told.chunk[index].fate, fate);
    assert_int_equal(told.chunk[index].way, way);
    assert_int_equal(told.chunk[index].sealed > 0, fate == LI_PUSH_NEW || fate == LI_PUSH_MENDED);
}

/* Of two chunks that are the same, either may be met first. */
static void expect_pair(uint32_t a, uint32_t b, enum li_push_fate fate, enum li_push_way way)
{
    bool first = told.chunk[b].fate == LI_PUSH_REPEATED;

    expect_chunk(first ? a : b, fate, way);
    expect_chunk(first ? b : a, LI_PUSH_REPEATED, LI_PUSH_UNASKED);
    assert_memory_equal(told.name[a], told.name[b], LI_NAME_SIZE);
}

static const struct image image = {6, {1, 0, 2, 3, 0, 1}};

static void each_chunk_is_told_of_once(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = reporting();
    struct li_manifest m = {0};
    uint64_t bytes = 0;

    assert_done(push_with(f->repo, "a:1", &image, &options, &f->result, &f->err), &f->err);
    expect_pair(0, 5, LI_PUSH_NEW, LI_PUSH_ASKED);
    expect_chunk(2, LI_PUSH_NEW, LI_PUSH_ASKED);
    expect_chunk(3, LI_PUSH_NEW, LI_PUSH_ASKED);
    assert_int_equal(told.told[1] + told.told[4], 0);
    for (unsigned i = 0; i < image.count; i++)
        bytes += told.chunk[i].sealed;
    assert_int_equal(bytes, f->result.new_bytes);
    assert_done(open_manifest(f, "a:1", &m), &f->err);
    for (size_t i = 0; i < m.chunk_count; i++)
        assert_memory_equal(told.name[m.chunks[i].index], m.chunks[i].name, LI_NAME_SIZE);
    li_manifest_free(&m);
}

static void known_chunks_are_told_of_with_their_way(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options;

    assert_done(push(f, "a:1", &image), &f->err);
    options = reporting();
    assert_done(push_with(f->repo, "a:1", &image, &options, &f->result, &f->err), &f->err);
    expect_chunk(2, LI_PUSH_KNOWN, LI_PUSH_ASKED);
    f->store->remote = true;
    options = reporting();
    assert_done(push_with(f->repo, "a:1", &image, &options, &f->result, &f->err), &f->err);
    expect_pair(0, 5, LI_PUSH_KNOWN, LI_PUSH_MANIFEST);
    expect_chunk(2, LI_PUSH_KNOWN, LI_PUSH_MANIFEST);
    assert_false(told.chunk[2].recalled);
}

static void a_dry_run_tells_what_would_be(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = reporting();

    options.dry_run = true;
    assert_done(push_with(f->repo, "a:1", &image, &options, &f->result, &f->err), &f->err);
    expect_pair(0, 5, LI_PUSH_NEW, LI_PUSH_ASKED);
    expect_chunk(2, LI_PUSH_NEW, LI_PUSH_ASKED);
}

/* One is damaged, which only a check finds; one is of a length that no chunk has. */
static void mended_chunks_are_told_of(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options;
    char *damaged, *empty;

    assert_done(push(f, "a:1", &image), &f->err);
    damaged = chunk_key(f, "a:1", 1);
    empty = chunk_key(f, "a:1", 2);
    for (int remote = 0; remote < 2; remote++) {
        overwrite(f, damaged, "not a chunk", 11);
        overwrite(f, empty, "", 0);
        f->store->remote = remote;
        options = reporting();
        options.check_existing = true;
        assert_done(push_with(f->repo, "a:1", &image, &options, &f->result, &f->err), &f->err);
        expect_pair(0, 5, LI_PUSH_KNOWN, LI_PUSH_ASKED);
        expect_chunk(2, LI_PUSH_MENDED, LI_PUSH_ASKED);
        expect_chunk(3, LI_PUSH_MENDED, LI_PUSH_ASKED);
        assert_int_equal(f->result.mended, 2);
    }
    expect_pushed(f, "a:1", &image);
    free(damaged);
    free(empty);
}

struct retirement {
    struct repo_fixture *f;
    char *root;
};

static int retire(void *arg, struct li_error *err)
{
    struct retirement *r = arg;

    (void)err;
    if (r->root)
        write_roots(r->f, r->root, "retired", second_root);
    free(r->root);
    r->root = NULL;
    return 0;
}

static void a_push_that_starts_again_tells_again(void **state)
{
    struct repo_fixture *f = *state;
    static const struct image before = {1, {9}};
    struct li_push_options options = reporting();
    struct retirement r = {.f = f};

    assert_done(push(f, "a:1", &before), &f->err);
    r.root = root_key(f, "a:1", "root.json");
    options.confirm = retire;
    options.confirm_arg = &r;
    assert_done(push_with(f->repo, "b:1", &image, &options, &f->result, &f->err), &f->err);
    assert_int_equal(f->result.new_chunks, 3);
    for (unsigned i = 0; i < image.count; i++) {
        assert_int_equal(told.told[i], image.seed[i] ? 2 : 0);
        told.told[i] /= 2;
    }
    expect_pair(0, 5, LI_PUSH_NEW, LI_PUSH_ASKED);
    expect_chunk(2, LI_PUSH_NEW, LI_PUSH_ASKED);
}

static void a_report_that_fails_ends_the_push(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = reporting();
    struct li_manifest m = {0};

    told.refuse = LI_EIO;
    assert_fails(push_with(f->repo, "a:1", &image, &options, &f->result, &f->err), LI_EIO,
                 "no room for the report", &f->err);
    assert_int_equal(open_manifest(f, "a:1", &m), LI_ENOTFOUND);
}

/* What each fate and way adds to the result. */
static void all_is_counted(void **state)
{
    static const enum li_push_fate fates[] = {LI_PUSH_NEW, LI_PUSH_KNOWN, LI_PUSH_REPEATED,
                                              LI_PUSH_MENDED};
    struct li_push_options options = reporting();
    struct li_push_result result = {.chunks = 0};
    struct li_push_item item[4] = {{.way = LI_PUSH_LISTING},
                                   {.way = LI_PUSH_KEPT},
                                   {.way = LI_PUSH_UNASKED},
                                   {.way = LI_PUSH_ASKED}};
    struct li_error err = LI_ERROR_INIT;
    struct li_tally tally;

    (void)state;
    li_tally_init(&tally, item, &options, &result);
    for (uint32_t i = 0; i < 4; i++) {
        struct li_push_chunk chunk = {
            .fate = fates[i], .recalled = i == 1, .sealed = i % 3 ? 0 : 100 + i};

        item[i].chunk.index = i;
        item[i].chunk.name[0] = (uint8_t)(i == 2 ? 1 : i);
        assert_int_equal(li_tally_meet(&tally, &item[i], &err), i == 2 ? LI_END : 0);
        assert_done(li_tally_settle(&tally, &item[i], chunk, &err), &err);
        expect_chunk(i, fates[i], item[i].way);
        assert_int_equal(told.chunk[i].recalled, i == 1);
    }
    li_tally_free(&tally);
    assert_int_equal(result.chunks, 4);
    assert_int_equal(result.new_chunks, 1);
    assert_int_equal(result.new_bytes, 100);
    assert_int_equal(result.known_chunks, 3);
    assert_int_equal(result.memo_chunks, 1);
    assert_int_equal(result.mended, 1);
    assert_int_equal(result.ways.listing, 1);
    assert_int_equal(result.ways.kept, 1);
    assert_int_equal(result.ways.asked, 1);
    assert_int_equal(result.ways.manifest, 0);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(each_chunk_is_told_of_once),
        WITH_REPO(known_chunks_are_told_of_with_their_way),
        WITH_REPO(a_dry_run_tells_what_would_be),
        WITH_REPO(mended_chunks_are_told_of),
        WITH_REPO(a_push_that_starts_again_tells_again),
        WITH_REPO(a_report_that_fails_ends_the_push),
        cmocka_unit_test(all_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
