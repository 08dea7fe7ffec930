/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store withholds is a failure, never an answer (D15). Each chunk of an image in turn is
 * removed, cut short, changed, and exchanged for another's, and all that a mount may ask is asked.
 * Each answer is the one of the whole image, or there is none; and once the chunk is back all are
 * right again, by the reader that failed.
 */
#include "tests/fixtures/questions.h"

enum damage { REMOVED, CUT, CHANGED, EXCHANGED, DAMAGES };

static unsigned failures[REQUESTS]; /* of each kind, so far */
static struct li_blocks blocks = {.ops = &question_blocks};

static int set_up(void **state)
{
    struct li_error err = LI_ERROR_INIT;

    setup_repo((void **)&questions.f);
    (void)state;
    push_image();
    assert_in_range(questions.manifest.chunk_count, 8, 24);
    new_reader();
    blocks.size = li_reader_size(questions.reader);
    assert_done(li_files_open(&blocks, &questions.files, &err), &err);
    choose_objects();
    ask_all();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < questions.objects; i++)
        for (enum request r = 0; r < REQUESTS; r++)
            li_buffer_free(&questions.object[i].answer[r]);
    li_files_free(questions.files);
    li_reader_free(questions.reader);
    li_sealed_free(questions.origin);
    li_manifest_free(&questions.manifest);
    return teardown_repo((void **)&questions.f);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static void get_object(const char *key, struct li_buffer *object)
{
    assert_done(
        li_store_get(questions.f->directory, key, LI_STORE_OBJECT_MAX, object, &questions.f->err),
        &questions.f->err);
}

static void spoil(size_t position, enum damage damage)
{
    char *key = chunk_key(questions.f, "a:1", position);
    char *other = chunk_key(questions.f, "a:1", (position + 1) % questions.manifest.chunk_count);
    struct li_buffer object = {0};

    get_object(damage == EXCHANGED ? other : key, &object);
    assert_true(object.len > 100);
    if (damage == CHANGED)
        object.data[object.len / 2] ^= 16;
    if (damage == REMOVED)
        assert_done(li_store_remove(questions.f->directory, key, &questions.f->err),
                    &questions.f->err);
    else
        overwrite(questions.f, key, object.data, damage == CUT ? object.len / 2 : object.len);
    li_buffer_free(&object);
    free(key);
    free(other);
}

/* What a failure may be: one of the image's, whatever the store said. */
static void expect_failure(int rc, const struct li_error *err, uint64_t part)
{
    if (rc != LI_ECORRUPT && rc != LI_EIO)
        fail_msg("%d: %s", rc, err->text);
    assert_int_equal(err->code, rc);
    assert_int_equal(err->part, part);
}

/* What was listed before a failure is the beginning of the right listing. */
static void expect_beginning(const struct li_buffer *got, const struct li_buffer *want)
{
    assert_true(got->len <= want->len);
    if (got->len)
        assert_memory_equal(got->data, want->data, got->len);
}

static void expect_same(const struct li_buffer *got, const struct li_buffer *want)
{
    assert_int_equal(got->len, want->len);
    expect_beginning(got, want);
}

/* Asks everything; returns how many requests failed, none of which may where WHOLE. */
static unsigned ask_again(bool whole, uint64_t part)
{
    struct li_buffer answer = {0};
    unsigned failed = 0;

    for (size_t i = 0; i < questions.objects; i++) {
        for (enum request r = 0; r < REQUESTS; r++) {
            const struct li_buffer *want = &questions.object[i].answer[r];
            struct li_error err = LI_ERROR_INIT;
            int rc = ask(&questions.object[i], r, &answer, &err);

            if (rc == 0) {
                expect_same(&answer, want);
                continue;
            }
            if (whole)
                fail_msg("%s: request %d: %s", questions.object[i].name, (int)r, err.text);
            expect_failure(rc, &err, part);
            expect_beginning(&answer, want);
            failures[r]++;
            failed++;
        }
    }
    li_buffer_free(&answer);
    return failed;
}

static void lose_each_chunk(enum damage damage)
{
    for (size_t i = 0; i < questions.manifest.chunk_count; i++) {
        char *key = chunk_key(questions.f, "a:1", i);
        struct li_buffer whole = {0};
        unsigned failed;

        get_object(key, &whole);
        spoil(i, damage);
        new_reader();
        failed = ask_again(false, questions.manifest.chunks[i].index + (uint64_t)1);
        assert_int_not_equal(failed, 0);
        overwrite(questions.f, key, whole.data, whole.len);
        assert_int_equal(ask_again(true, 0), 0);
        li_buffer_free(&whole);
        free(key);
    }
    for (enum request r = 0; r < REQUESTS; r++)
        assert_int_not_equal(failures[r], 0);
    memset(failures, 0, sizeof(failures));
}

static void a_removed_chunk_is_a_failure(void **state)
{
    (void)state;
    lose_each_chunk(REMOVED);
}

static void a_chunk_that_is_cut_short_is_a_failure(void **state)
{
    (void)state;
    lose_each_chunk(CUT);
}

static void a_changed_chunk_is_a_failure(void **state)
{
    (void)state;
    lose_each_chunk(CHANGED);
}

static void the_chunk_of_another_is_a_failure(void **state)
{
    (void)state;
    lose_each_chunk(EXCHANGED);
}

static void an_image_without_its_superblock_does_not_open(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_files *files = NULL;
    struct li_buffer whole = {0};
    char *key = chunk_key(questions.f, "a:1", 0);

    (void)state;
    get_object(key, &whole);
    for (enum damage damage = 0; damage < DAMAGES; damage++) {
        spoil(0, damage);
        new_reader();
        blocks.size = li_reader_size(questions.reader);
        expect_failure(li_files_open(&blocks, &files, &err), &err, 1);
        overwrite(questions.f, key, whole.data, whole.len);
        assert_done(li_files_open(&blocks, &files, &err), &err);
        li_files_free(files);
    }
    li_buffer_free(&whole);
    free(key);
}

/* Else nothing could be lost. */
static void the_image_has_what_is_asked_for(void **state)
{
    static const size_t least[REQUESTS] = {
        [LOOKUP] = 4,     [LOOKUP_ABSENT] = 4,  [GETATTR] = sizeof(struct stat),
        [LIST] = 500000,  [LIST_PART] = 100000, [READLINK] = 1499,
        [LISTXATTR] = 20, [GETXATTR] = 900,     [GETXATTR_ABSENT] = 1,
        [READ] = 1500000, [SEEK] = 80,
    };
    size_t most[REQUESTS] = {0}, acls = 0;

    (void)state;
    for (size_t i = 0; i < questions.objects; i++) {
        for (enum request r = 0; r < REQUESTS; r++)
            if (questions.object[i].answer[r].len > most[r])
                most[r] = questions.object[i].answer[r].len;
        /* Of three names the last is there, with a version and five entries. */
        acls += questions.object[i].answer[GETXATTR].len == 3 + 4 + 5 * 8;
    }
    for (enum request r = 0; r < REQUESTS; r++)
        assert_in_range(most[r], least[r], SIZE_MAX);
    assert_int_equal(acls, 1);
}

/* Whatever is below may say whatever it likes. */
static void no_code_of_below_is_an_answer(void **state)
{
    static const int codes[] = {LI_ENOTFOUND, LI_EEXISTS, LI_ECHANGED, LI_EINVALID, LI_EUNSUPPORTED,
                                LI_ELIMIT,    LI_EIO,     LI_END,      2,           -1000};
    struct li_buffer answer = {0};

    (void)state;
    for (size_t c = 0; c < sizeof(codes) / sizeof(codes[0]); c++) {
        questions.code = codes[c];
        for (size_t i = 0; i < questions.objects; i++) {
            for (enum request r = 0; r < REQUESTS; r++) {
                struct li_error err = LI_ERROR_INIT;

                expect_failure(ask(&questions.object[i], r, &answer, &err), &err, 0);
                assert_int_equal(answer.len, 0);
            }
        }
    }
    questions.code = 0;
    assert_int_equal(ask_again(true, 0), 0);
    li_buffer_free(&answer);
}

/* What callers act on keeps its name: whether to try again, and whether it was called off. */
static void what_means_the_same_everywhere_is_kept(void **state)
{
    static const int codes[] = {LI_ENETWORK, LI_ENOMEM, LI_ECANCELLED, LI_EDENIED, LI_ECORRUPT};
    struct li_buffer answer = {0};

    (void)state;
    for (size_t c = 0; c < sizeof(codes) / sizeof(codes[0]); c++) {
        struct li_error err = LI_ERROR_INIT;

        questions.code = codes[c];
        assert_fails(ask(&questions.object[0], LOOKUP, &answer, &err), codes[c], "of another room",
                     &err);
    }
    questions.code = 0;
    li_buffer_free(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_image_has_what_is_asked_for),
        cmocka_unit_test(a_removed_chunk_is_a_failure),
        cmocka_unit_test(a_chunk_that_is_cut_short_is_a_failure),
        cmocka_unit_test(a_changed_chunk_is_a_failure),
        cmocka_unit_test(the_chunk_of_another_is_a_failure),
        cmocka_unit_test(an_image_without_its_superblock_does_not_open),
        cmocka_unit_test(no_code_of_below_is_an_answer),
        cmocka_unit_test(what_means_the_same_everywhere_is_kept),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
