/* SPDX-License-Identifier: Apache-2.0 */
/* Pushes, also those that fail or race, and the checking and mending of chunks. */
#include "tests/fixtures/repo_fixture.h"

#include "base/workers.h"
#include "tests/fixtures/tree.h"
#include "verify/verify.h"

static const struct image first = {6, {1, 0, 2, 0, 1, 3}};
static const struct image second = {5, {3, 2, 4, 0, 0}};

static void all_chunks_come_back(void **state)
{
    struct repo_fixture *f = *state;

    assert_done(push(f, "a", &first), &f->err);
    assert_int_equal(f->result.chunks, 4);
    assert_int_equal(f->result.new_chunks, 3);
    assert_int_equal(f->result.known_chunks, 1);
    assert_true(f->result.new_bytes > 3 * LI_SEAL_HEADER_SIZE);
    assert_true(f->result.metadata > LI_MANIFEST_HEADER_SIZE);
    expect_pushed(f, "a", &first);
}

static void a_second_push_stores_no_chunk(void **state)
{
    struct repo_fixture *f = *state;
    struct li_manifest m = {0}, again = {0};

    assert_done(push(f, "a", &first), &f->err);
    assert_done(open_manifest(f, "a", &m), &f->err);
    assert_done(push(f, "a", &first), &f->err);
    assert_done(open_manifest(f, "a", &again), &f->err);
    assert_int_equal(f->result.new_chunks, 0);
    assert_int_equal(f->result.new_bytes, 0);
    assert_int_equal(f->result.known_chunks, 4);
    assert_memory_equal(f->result.manifest, again.id, LI_ID_SIZE);
    assert_memory_not_equal(m.id, again.id, LI_ID_SIZE);
    li_manifest_free(&m);
    li_manifest_free(&again);

    assert_done(push(f, "b", &second), &f->err);
    assert_int_equal(f->result.new_chunks, 1);
    assert_int_equal(f->result.known_chunks, 2);
    expect_pushed(f, "a", &first);
    expect_pushed(f, "b", &second);
}

static void an_image_of_zeros_has_no_chunks(void **state)
{
    static const struct image zeros = {3, {0, 0, 0}}, nothing = {0, {0}};
    struct repo_fixture *f = *state;

    assert_done(push(f, "zeros", &zeros), &f->err);
    assert_int_equal(f->result.chunks, 0);
    expect_pushed(f, "zeros", &zeros);
    assert_done(push(f, "nothing", &nothing), &f->err);
    expect_pushed(f, "nothing", &nothing);
}

static void a_dry_run_changes_no_file(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = push_options();
    struct li_push_result dry;
    uint64_t writes;
    size_t files;

    assert_done(push(f, "a", &first), &f->err);
    options.dry_run = true;
    options.check_existing = true;
    writes = li_fault_count(f->store, LI_FAULT_WRITE);
    files = tree_count(f->dir);
    assert_done(push_with(f->repo, "b", &second, &options, &dry, &f->err), &f->err);
    assert_int_equal(tree_count(f->dir), files);
    assert_int_equal(li_fault_count(f->store, LI_FAULT_WRITE), writes);
    assert_done(push(f, "b", &second), &f->err);
    assert_int_equal(dry.new_chunks, f->result.new_chunks);
    assert_int_equal(dry.new_bytes, f->result.new_bytes);
    assert_int_equal(dry.known_chunks, f->result.known_chunks);
    assert_int_equal(dry.metadata, f->result.metadata);
}

static int refuse(void *arg, struct li_error *err)
{
    (void)arg;
    return li_fail(err, LI_EINVALID, "the image has changed meanwhile");
}

static void what_is_not_confirmed_is_not_pointed_at(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = push_options();
    struct li_manifest m = {0};

    options.confirm = refuse;
    assert_fails(push_with(f->repo, "a", &first, &options, &f->result, &f->err), LI_EINVALID,
                 "the image has changed", &f->err);
    assert_int_equal(open_manifest(f, "a", &m), LI_ENOTFOUND);
}

static void an_empty_chunk_is_mended(void **state)
{
    struct repo_fixture *f = *state;
    char *key;

    assert_done(push(f, "a", &first), &f->err);
    key = chunk_key(f, "a", 1);
    overwrite(f, key, "", 0);
    assert_done(push(f, "a", &first), &f->err);
    assert_int_equal(f->result.mended, 1);
    assert_int_equal(f->result.new_chunks, 0);
    assert_int_equal(f->result.known_chunks, 4);
    expect_pushed(f, "a", &first);
    free(key);
}

static void arguments_are_checked(void **state)
{
    struct repo_fixture *f = *state;

    assert_fails(push(f, "a@00000000000000000000000000000000", &first), LI_EINVALID,
                 "not to a manifest", &f->err);
}

struct pusher {
    struct repo_fixture *f;
    struct li_repo *repo[4];
};

static int push_in_thread(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    /* Each shares chunks with its neighbours; all write one tag, and one of their own. */
    const struct image image = {4, {10 + index, 0, 11 + index, 12 + index}};
    struct pusher *p = arg;
    struct li_push_options options = push_options();
    struct li_push_result result;
    char ref[16];
    int rc;

    (void)team;
    snprintf(ref, sizeof(ref), "own:%u", index);
    rc = push_with(p->repo[index], ref, &image, &options, &result, err);
    return rc < 0 ? rc : push_with(p->repo[index], "shared:x", &image, &options, &result, err);
}

static int count_chunks(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    (void)size, (void)err;
    *(unsigned *)arg += strstr(key, "/chunks/") != NULL;
    return 0;
}

static void many_may_push_at_once(void **state)
{
    struct repo_fixture *f = *state;
    struct pusher p = {.f = f};
    struct li_workers *team = NULL;
    struct li_manifest m = {0};
    unsigned chunks = 0;

    for (unsigned i = 0; i < 4; i++)
        assert_done(li_repo_open(f->store, f->kms, &f->env, &p.repo[i], &f->err), &f->err);
    assert_done(li_workers_start(4, push_in_thread, &p, &team, &f->err), &f->err);
    assert_done(li_workers_join(team, &f->err), &f->err);
    for (unsigned i = 0; i < 4; i++) {
        const struct image image = {4, {10 + i, 0, 11 + i, 12 + i}};
        char ref[16];

        snprintf(ref, sizeof(ref), "own:%u", i);
        expect_pushed(f, ref, &image);
        li_repo_free(p.repo[i]);
    }
    assert_done(open_manifest(f, "shared:x", &m), &f->err);
    assert_done(li_verify(f->repo, &m, &(struct li_verify_options){0},
                          &(struct li_verify_result){0}, &f->err),
                &f->err);
    li_manifest_free(&m);
    assert_done(li_store_list(f->directory, "roots/", count_chunks, &chunks, &f->err), &f->err);
    assert_int_equal(chunks, 6);
}

static void verify_whole(struct repo_fixture *f, const char *ref, unsigned chunks)
{
    struct li_verify_result result;
    struct li_manifest m = {0};

    assert_done(open_manifest(f, ref, &m), &f->err);
    assert_done(li_verify(f->repo, &m, &(struct li_verify_options){0}, &result, &f->err), &f->err);
    assert_int_equal(result.chunks, chunks);
    assert_int_equal(result.bad, 0);
    assert_true(result.bytes > 0);
    li_manifest_free(&m);
}

/* One push of its own content that fails at the N-th operation; whether it came that far. */
static bool push_with_fault(struct repo_fixture *f, unsigned n, enum li_fault_how how)
{
    uint32_t base = 1000 * (n + 1000 * (uint32_t)how);
    const struct image image = {4, {base, 0, base + 1, 2}};
    struct li_manifest m = {0};
    char ref[32];
    bool happened;
    int rc;

    snprintf(ref, sizeof(ref), "b:%u.%u", (unsigned)how, n);
    li_fault_order(f->store, LI_FAULT_ANY, n, how, LI_ENETWORK);
    rc = push(f, ref, &image);
    happened = li_fault_happened(f->store);
    if (happened)
        assert_fails(rc, LI_ENETWORK, "ordered", &f->err);
    else
        assert_done(rc, &f->err);
    li_fault_order(f->store, LI_FAULT_ANY, 0, how, 0);

    reopen(f);
    verify_whole(f, "a", 4);
    rc = open_manifest(f, ref, &m);
    li_manifest_free(&m);
    if (rc == 0)
        expect_pushed(f, ref, &image);
    else
        assert_int_equal(rc, LI_ENOTFOUND);
    assert_done(push(f, ref, &image), &f->err);
    expect_pushed(f, ref, &image);
    return happened;
}

/* Whatever a push dies of, what was there before is whole, a tag is absent or whole, and the next
 * push succeeds. */
static void a_push_may_fail_anywhere(void **state)
{
    static const enum li_fault_how hows[] = {LI_FAULT_BEFORE, LI_FAULT_AFTER, LI_FAULT_STOP};
    struct repo_fixture *f = *state;

    assert_done(push(f, "a", &first), &f->err);
    for (unsigned i = 0; i < 3; i++) {
        unsigned n = 1;

        while (push_with_fault(f, n, hows[i]))
            n++;
        assert_true(n > 15);
    }
}

/* More chunks than fit in the queue, and a store that takes none of them: nobody may wait. */
static void a_store_that_refuses_chunks_stops_the_push(void **state)
{
    struct repo_fixture *f = *state;
    struct image image = {.count = IMAGE_MAX};

    for (uint32_t i = 0; i < IMAGE_MAX; i++)
        image.seed[i] = i + 1;
    for (unsigned n = 1; n < 10; n += 4) {
        li_fault_order(f->store, LI_FAULT_PUT, n, LI_FAULT_STOP, LI_EIO);
        assert_fails(push(f, "a", &image), LI_EIO, "ordered", &f->err);
    }
}

enum damage { FLIPPED, SHORTENED, LENGTHENED, EMPTIED, MISSING, DAMAGES };

static void damage_chunk(struct repo_fixture *f, const char *ref, size_t position,
                         enum damage damage)
{
    struct li_buffer sealed = {0};
    char *key = chunk_key(f, ref, position);

    assert_done(li_store_get(f->directory, key, LI_SEAL_MAX_SIZE, &sealed, &f->err), &f->err);
    sealed.data[sealed.len / 2] ^= damage == FLIPPED;
    if (damage == LENGTHENED)
        assert_done(li_buffer_reserve(&sealed, LI_SEAL_MAX_SIZE + 1, &f->err), &f->err);
    if (damage == MISSING)
        assert_int_equal(li_store_remove(f->directory, key, &f->err), 0);
    else
        overwrite(f, key, sealed.data,
                  damage == SHORTENED    ? sealed.len - 1
                  : damage == LENGTHENED ? LI_SEAL_MAX_SIZE + 1
                  : damage == EMPTIED    ? 0
                                         : sealed.len);
    li_buffer_free(&sealed);
    free(key);
}

static void damaged_chunks_are_found_and_mended(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = push_options();
    struct li_chunk_source right = image_source(&second), wrong = image_source(&first);
    struct li_verify_result result;
    struct li_manifest m = {0};

    assert_done(push(f, "b", &second), &f->err);
    assert_done(open_manifest(f, "b", &m), &f->err);
    for (unsigned i = 0; i < DAMAGES; i++) {
        damage_chunk(f, "b", 1, (enum damage)i);
        assert_fails(li_verify(f->repo, &m, &(struct li_verify_options){0}, &result, &f->err),
                     LI_ECORRUPT,
                     i == MISSING ? "is missing; 1 of 3 chunks are bad; run: lambdaimg verify "
                                    "--repair IMAGE b:latest"
                                  : "fails its checks; 1 of 3 chunks are bad; run",
                     &f->err);
        assert_non_null(strstr(f->err.text, "chunk 1 ("));
        assert_int_equal(result.bad, 1);
        assert_int_equal(result.mended, 0);

        assert_fails(li_verify(f->repo, &m,
                               &(struct li_verify_options){&wrong, &options.seal, NULL}, &result,
                               &f->err),
                     LI_EINVALID, "is not the one that was pushed as b:latest", &f->err);
        assert_done(li_verify(f->repo, &m, &(struct li_verify_options){&right, &options.seal, NULL},
                              &result, &f->err),
                    &f->err);
        assert_int_equal(result.bad, 1);
        assert_int_equal(result.mended, 1);
        verify_whole(f, "b", 3);
    }
    li_manifest_free(&m);
    expect_pushed(f, "b", &second);
}

static void a_push_can_mend_what_is_there(void **state)
{
    struct repo_fixture *f = *state;
    struct li_push_options options = push_options();

    assert_done(push(f, "b", &second), &f->err);
    options.check_existing = true;
    for (unsigned i = 0; i < DAMAGES; i++) {
        damage_chunk(f, "b", 2, (enum damage)i);
        assert_done(push_with(f->repo, "c", &second, &options, &f->result, &f->err), &f->err);
        assert_int_equal(f->result.chunks, 3);
        assert_int_equal(f->result.mended, i != MISSING);
        assert_int_equal(f->result.new_chunks, i == MISSING);
        assert_int_equal(f->result.known_chunks, i == MISSING ? 2 : 3);
        verify_whole(f, "b", 3);
    }
    assert_done(push_with(f->repo, "c", &second, &options, &f->result, &f->err), &f->err);
    assert_int_equal(f->result.mended, 0);
}

/* A store out of reach says nothing about the chunks. */
static void failing_reads_are_not_damage(void **state)
{
    struct repo_fixture *f = *state;
    struct li_chunk_source source = image_source(&second);
    struct li_push_options options = push_options();
    struct li_verify_result result;
    struct li_manifest m = {0};
    uint64_t writes;

    assert_done(push(f, "b", &second), &f->err);
    assert_done(open_manifest(f, "b", &m), &f->err);
    writes = li_fault_count(f->store, LI_FAULT_WRITE);
    li_fault_order(f->store, LI_FAULT_GET, 2, LI_FAULT_STOP, LI_ENETWORK);
    assert_fails(li_verify(f->repo, &m, &(struct li_verify_options){&source, &options.seal, NULL},
                           &result, &f->err),
                 LI_ENETWORK, "ordered", &f->err);
    assert_int_equal(li_fault_count(f->store, LI_FAULT_WRITE), writes);
    li_manifest_free(&m);
}

/* What fails before a chunk was looked at has looked at none. */
static void a_failed_check_has_a_result(void **state)
{
    struct repo_fixture *f = *state;
    struct li_chunk_source source = image_source(&second);
    struct li_push_options options = push_options();
    struct li_verify_result result;
    struct li_manifest m = {0};

    assert_done(push(f, "b", &second), &f->err);
    assert_done(open_manifest(f, "b", &m), &f->err);
    memset(&result, 0xff, sizeof(result));
    li_fault_order(f->store, LI_FAULT_GET, 1, LI_FAULT_STOP, LI_ENETWORK);
    assert_fails(li_verify(f->repo, &m, &(struct li_verify_options){&source, &options.seal, NULL},
                           &result, &f->err),
                 LI_ENETWORK, "ordered", &f->err);
    assert_int_equal(result.chunks, 0);
    assert_int_equal(result.bytes, 0);
    assert_int_equal(result.bad, 0);
    assert_int_equal(result.mended, 0);
    li_manifest_free(&m);
}

static void note_progress(void *arg, uint64_t done, uint64_t total)
{
    uint64_t *last = arg;

    *last = done == total ? total : *last;
}

static void verify_reports_progress(void **state)
{
    struct repo_fixture *f = *state;
    struct li_verify_result result;
    struct li_manifest m = {0};
    uint64_t last = 0;
    struct li_progress progress = {note_progress, &last};

    assert_done(push(f, "b", &second), &f->err);
    assert_done(open_manifest(f, "b", &m), &f->err);
    assert_done(li_verify(f->repo, &m, &(struct li_verify_options){.progress = &progress}, &result,
                          &f->err),
                &f->err);
    assert_int_equal(last, 3 * LI_CHUNK_SIZE);
    li_manifest_free(&m);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(all_chunks_come_back),
        WITH_REPO(a_second_push_stores_no_chunk),
        WITH_REPO(an_image_of_zeros_has_no_chunks),
        WITH_REPO(a_dry_run_changes_no_file),
        WITH_REPO(what_is_not_confirmed_is_not_pointed_at),
        WITH_REPO(arguments_are_checked),
        WITH_REPO(an_empty_chunk_is_mended),
        WITH_REPO(many_may_push_at_once),
        WITH_REPO(a_push_may_fail_anywhere),
        WITH_REPO(a_store_that_refuses_chunks_stops_the_push),
        WITH_REPO(damaged_chunks_are_found_and_mended),
        WITH_REPO(a_push_can_mend_what_is_there),
        WITH_REPO(failing_reads_are_not_damage),
        WITH_REPO(a_failed_check_has_a_result),
        WITH_REPO(verify_reports_progress),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
