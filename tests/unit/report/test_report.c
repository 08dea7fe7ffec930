/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a repository: what is whose, what was new when, and what cannot be read. */
#include "tests/fixtures/repo_objects.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "report/report.h"
#include "tests/fixtures/repo_objects.h"

static const struct image small = {6, {0, 1, 2, 2, 0, 3}}, next = {4, {1, 2, 4, 0}},
                          other = {3, {2, 9, 8}};

static struct li_report reported(struct repo_fixture *f, size_t memory)
{
    const struct li_report_options options = {.memory = memory};
    struct li_report report = {.first = LI_ERROR_INIT};

    assert_done(li_report_repository(f->repo, &options, &report, &f->err), &f->err);
    return report;
}

static void set_time(struct repo_fixture *f, const char *key, time_t when)
{
    const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
    char path[400];

    snprintf(path, sizeof(path), "%s/repo/%s", f->dir, key);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Pushes at a time of its own, since a file system may give two pushes one time. */
static void push_at(struct repo_fixture *f, const char *ref, const struct image *image, time_t when)
{
    char rest[100] = "manifests/", *key;

    assert_done(push(f, ref, image), &f->err);
    li_hex_encode(f->result.manifest, LI_ID_SIZE, rest + strlen(rest));
    key = root_key(f, ref, rest);
    set_time(f, key, when);
    free(key);
}

static const struct li_report_push *push_of(const struct li_report *report, const char *ref)
{
    for (size_t i = 0; i < report->images; i++)
        if (strcmp(report->image[i].reference, ref) == 0)
            return &report->push[report->image[i].push];
    fail_msg("no image %s", ref);
    return NULL;
}

static size_t stored_size(struct repo_fixture *f, const char *ref, size_t position)
{
    char *key = chunk_key(f, ref, position);
    struct li_buffer object = {0};
    size_t size;

    assert_done(li_store_get(f->directory, key, LI_STORE_OBJECT_MAX, &object, &f->err), &f->err);
    size = object.len;
    li_buffer_free(&object);
    free(key);
    return size;
}

#define expect_sum(sum, want_chunks, want_bytes)                                                   \
    do {                                                                                           \
        assert_int_equal((sum).chunks, want_chunks);                                               \
        assert_int_equal((sum).bytes, want_bytes);                                                 \
    } while (0)

static void an_empty_repository(void **state)
{
    struct li_report report = reported(*state, 0);

    assert_int_equal(report.images + report.pushes + report.names + report.stored.chunks, 0);
    assert_int_equal(report.unreadable, 0);
    li_report_free(&report);
}

/* a:1 has the chunks 1 2 3; a:2 has 1 2 4; b:1 has 2 9 8. */
static void counts(struct repo_fixture *f, size_t memory)
{
    struct li_report report = reported(f, memory);
    uint64_t one = stored_size(f, "a:1", 0), two = stored_size(f, "a:1", 1);
    uint64_t three = stored_size(f, "a:1", 3), four = stored_size(f, "a:2", 2);
    uint64_t nine = stored_size(f, "b:1", 1), eight = stored_size(f, "b:1", 2);

    assert_int_equal(report.images, 3);
    assert_int_equal(report.pushes, 3);
    assert_int_equal(report.unreadable, 0);
    assert_int_equal(report.missing, 0);
    expect_sum(report.stored, 6, one + two + three + four + nine + eight);
    expect_sum(report.used, 6, report.stored.bytes);
    expect_sum(report.unused, 0, 0);
    expect_sum(report.stray, 0, 0);
    expect_sum(report.apart, 9, report.stored.bytes + one + 2 * two);
    assert_true(report.others > 3 * 64);

    assert_int_equal(push_of(&report, "a:1")->table, 4);
    expect_sum(push_of(&report, "a:1")->all, 3, one + two + three);
    expect_sum(push_of(&report, "a:1")->fresh, 3, one + two + three);
    expect_sum(push_of(&report, "a:1")->unique, 1, three);
    expect_sum(push_of(&report, "a:2")->all, 3, one + two + four);
    expect_sum(push_of(&report, "a:2")->fresh, 1, four);
    expect_sum(push_of(&report, "a:2")->unique, 1, four);
    expect_sum(push_of(&report, "b:1")->fresh, 2, nine + eight);
    expect_sum(push_of(&report, "b:1")->unique, 2, nine + eight);

    assert_int_equal(report.names, 2);
    assert_string_equal(report.name[0].name, "a");
    assert_int_equal(report.name[0].tags, 2);
    expect_sum(report.name[0].shared[0], 4, one + two + three + four);
    expect_sum(report.name[0].shared[1], 1, two);
    expect_sum(report.name[1].shared[0], 1, two);
    expect_sum(report.name[1].shared[1], 3, two + nine + eight);
    li_report_free(&report);
}

static void chunks_are_counted_once(void **state)
{
    struct repo_fixture *f = *state;

    push_at(f, "a:1", &small, 1000);
    push_at(f, "a:2", &next, 2000);
    push_at(f, "b:1", &other, 3000);
    counts(f, 0);
    counts(f, 1); /* in a file */
}

/* The older push has what the newer one would have brought, whatever their tags are called. */
static void new_is_what_no_earlier_push_has(void **state)
{
    struct repo_fixture *f = *state;
    struct li_report report;

    push_at(f, "a:2", &next, 2000);
    push_at(f, "b:1", &next, 3000);
    push_at(f, "a:1", &small, 1000);
    report = reported(f, 0);
    assert_int_equal(push_of(&report, "a:1")->fresh.chunks, 3);
    assert_int_equal(push_of(&report, "a:2")->fresh.chunks, 1);
    assert_int_equal(push_of(&report, "b:1")->fresh.chunks, 0);
    assert_int_equal(push_of(&report, "a:1")->time, 1000 * INT64_C(1000000000));
    assert_int_equal(report.spread.pushes, 3);
    assert_int_equal(report.spread.nothing, 1);
    assert_true(report.spread.mean > 0.666 && report.spread.mean < 0.667);
    assert_true(report.spread.median > 0.666 && report.spread.median < 0.667);
    li_report_free(&report);
}

/* A removed tag leaves its push, whose chunks nobody uses. Two tags of one image free nothing
 * alone. */
static void tags_decide_what_is_used(void **state)
{
    struct repo_fixture *f = *state;
    struct li_reference removed = reference("a:1");
    struct li_report report;

    push_at(f, "a:1", &small, 1000);
    push_at(f, "a:2", &next, 2000);
    push_at(f, "b:1", &next, 3000);
    assert_done(li_repo_remove(f->repo, &removed, &f->err), &f->err);
    report = reported(f, 0);
    assert_int_equal(report.images, 2);
    assert_int_equal(report.pushes, 3);
    assert_int_equal(report.used.chunks, 3);
    assert_int_equal(report.unused.chunks, 1);
    assert_int_equal(report.push[0].tags, 0);
    assert_int_equal(report.push[0].unique.chunks, 0);
    assert_int_equal(push_of(&report, "a:2")->unique.chunks, 0);
    assert_int_equal(report.apart.chunks, 6);
    li_report_free(&report);
}

static void what_is_lost_or_strange(void **state)
{
    static const char hex[] = "ab00000000000000000000000000000000000000000000000000000000000000";
    struct repo_fixture *f = *state;
    struct li_report report;
    char *key, rest[100];

    push_at(f, "a:1", &small, 1000);
    push_at(f, "a:2", &next, 2000);
    key = chunk_key(f, "a:1", 0);
    assert_int_equal(li_store_remove(f->directory, key, &f->err), 0);
    free(key);
    /* An empty object is not a chunk. */
    key = chunk_key(f, "a:2", 2);
    overwrite(f, key, "", 0);
    free(key);
    snprintf(rest, sizeof(rest), "chunks/ab/%s", hex);
    key = root_key(f, "a:1", rest);
    overwrite(f, key, "stray", 5);
    free(key);
    report = reported(f, 0);
    assert_int_equal(report.unreadable, 0);
    assert_int_equal(report.missing, 2);
    assert_int_equal(push_of(&report, "a:1")->missing, 1);
    assert_int_equal(push_of(&report, "a:2")->missing, 2);
    expect_sum(report.stray, 1, 5);
    assert_int_equal(report.stored.chunks, report.used.chunks + 1);
    assert_int_equal(report.stored.bytes, report.used.bytes + 5);
    li_report_free(&report);
}
/* A manifest that is damaged, is another, or is gone does not hide the others. */
static void what_cannot_be_read(void **state)
{
    struct repo_fixture *f = *state;
    char *broken, *swapped, *gone, rest[3][100];
    struct li_report report;

    for (int i = 0; i < 3; i++) {
        char ref[] = "a:1";

        ref[2] = (char)('1' + i);
        push_at(f, ref, &small, 1000 + i);
        strcpy(rest[i], "manifests/");
        li_hex_encode(f->result.manifest, LI_ID_SIZE, rest[i] + strlen(rest[i]));
    }
    push_at(f, "b:1", &other, 3000);
    broken = root_key(f, "a:1", rest[0]);
    swapped = root_key(f, "a:2", rest[1]);
    gone = root_key(f, "a:3", rest[2]);
    put_from(f, f->directory, gone, swapped);
    assert_int_equal(li_store_remove(f->directory, gone, &f->err), 0);
    overwrite(f, broken, "LIMGMNFT\1\0\0\0\5", 13);
    report = reported(f, 0);
    assert_int_equal(report.unreadable, 3);
    assert_int_equal(report.first.code, LI_ECORRUPT);
    assert_int_equal(report.images, 4);
    assert_int_equal(report.image[2].push, SIZE_MAX);
    assert_false(push_of(&report, "a:1")->readable);
    assert_false(push_of(&report, "a:2")->readable);
    assert_true(push_of(&report, "b:1")->readable);
    assert_int_equal(push_of(&report, "b:1")->all.chunks, 3);
    li_report_free(&report);
    free(broken);
    free(swapped);
    free(gone);
}

static int copy_forward(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct repo_fixture *f = arg;
    char to[300];

    (void)size;
    if (strstr(key, "root.json"))
        return 0;
    snprintf(to, sizeof(to), "roots/%s/%s", second_root,
             key + strlen("roots/") + 2 * LI_ID_SIZE + 1);
    return li_store_copy(f->directory, key, to, err);
}

/* A manifest in two roots is one push; the older copy of a chunk is stray. */
static void copies_in_another_root(void **state)
{
    struct repo_fixture *f = *state;
    struct li_report report;
    char *first, prefix[100];

    push_at(f, "a:1", &small, 1000);
    first = root_key(f, "a:1", "root.json");
    write_roots(f, first, "retired", second_root);
    snprintf(prefix, sizeof(prefix), "%.*s", (int)(strlen(first) - strlen("root.json")), first);
    assert_done(li_store_list(f->directory, prefix, copy_forward, f, &f->err), &f->err);
    reopen(f);
    report = reported(f, 0);
    assert_int_equal(report.pushes, 1);
    assert_int_equal(report.push[0].time, 1000 * INT64_C(1000000000));
    assert_int_equal(report.stored.chunks, 6);
    assert_int_equal(report.used.chunks, 3);
    assert_int_equal(report.stray.chunks, 3);
    assert_int_equal(report.stray.bytes, report.used.bytes);
    li_report_free(&report);
    free(first);
}

/* A store that does not answer is a failure, and not a report of nothing. */
static void a_store_that_does_not_answer(void **state)
{
    const struct li_report_options options = {.memory = 0};
    struct repo_fixture *f = *state;
    struct li_report report;
    const enum li_fault_kind kinds[] = {LI_FAULT_LIST, LI_FAULT_GET};

    push_at(f, "a:1", &small, 1000);
    for (size_t k = 0; k < 2; k++)
        for (unsigned at = 1; at <= 3; at++) {
            li_fault_order(f->store, kinds[k], at, LI_FAULT_BEFORE, LI_ENETWORK);
            assert_int_equal(li_report_repository(f->repo, &options, &report, &f->err),
                             LI_ENETWORK);
            assert_true(li_fault_happened(f->store));
        }
}

/* A store whose listings are followed by a push of another process. */
static struct {
    struct li_repo *other; /* a handle of the other process */
    const struct li_store_operations *inner;
    struct li_store_operations ops;
    unsigned pushes;
} racing;

static int list_and_push(struct li_store *store, const char *prefix, bool deep,
                         li_store_visit_object *visit, void *arg, struct li_error *err)
{
    const struct li_push_options options = push_options();
    const struct image image = {1, {100 + racing.pushes}};
    int rc = racing.inner->list(store, prefix, deep, visit, arg, err);
    struct li_error why = LI_ERROR_INIT;
    struct li_push_result result;
    char ref[20];

    snprintf(ref, sizeof(ref), "r:%u", racing.pushes++);
    assert_done(push_with(racing.other, ref, &image, &options, &result, &why), &why);
    return rc;
}

/* Its manifest is there before its tag, so the report must not look for them in that order. */
static void a_push_during_the_report(void **state)
{
    struct repo_fixture *f = *state;
    struct li_report report;

    push_at(f, "a:1", &small, 1000);
    assert_done(li_repo_open(f->directory, f->kms, &f->env, &racing.other, &f->err), &f->err);
    racing.inner = f->store->ops;
    racing.ops = *f->store->ops;
    racing.ops.list = list_and_push;
    racing.pushes = 0;
    f->store->ops = &racing.ops;
    report = reported(f, 0);
    f->store->ops = racing.inner;
    li_repo_free(racing.other);
    assert_in_range(racing.pushes, 2, 100);
    assert_int_equal(report.unreadable, 0);
    li_report_free(&report);
}

/* Each is listed, and counts. */
static void pointers_that_cannot_be_read(void **state)
{
    struct repo_fixture *f = *state;
    struct li_report report;

    for (int i = 1; i <= 4; i++) {
        char ref[] = "a:1";

        ref[2] = (char)('0' + i);
        push_at(f, ref, &small, 1000 + i);
    }
    overwrite(f, "images/a/1", "x", 1);
    overwrite(f, "images/a/3", "x", 1);
    report = reported(f, 0);
    assert_int_equal(report.unreadable, 2);
    assert_int_equal(report.first.code, LI_ECORRUPT);
    assert_int_equal(report.images, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(report.image[i].pointed, i % 2);
    assert_true(push_of(&report, "a:2")->readable);
    assert_int_equal(report.name[0].tags, 4);
    li_report_free(&report);
}

/* The order of bytes would put the second name between two tags of the first. */
static void names_with_a_port(void **state)
{
    static const char *const refs[] = {"a:1", "a:6", "a:5000/b:1", "a:5000/b:2"};
    struct repo_fixture *f = *state;
    struct li_report report;

    for (int i = 3; i >= 0; i--)
        push_at(f, refs[i], i < 2 ? &small : &other, 1000 + i);
    report = reported(f, 0);
    assert_int_equal(report.images, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(report.image[i].reference, refs[i]);
    assert_int_equal(report.names, 2);
    assert_int_equal(report.name[0].tags, 2);
    assert_int_equal(report.name[1].tags, 2);
    li_report_free(&report);
}

/* Of tags that were pushed at the same time, the last in the order of versions. */
static void the_last_tag_of_a_name(void **state)
{
    struct repo_fixture *f = *state;
    struct li_reference latest;
    bool found = true;

    assert_done(li_repo_latest(f->repo, "a", &latest, &found, &f->err), &f->err);
    assert_false(found);
    push_at(f, "a:9", &small, 1000);
    push_at(f, "a:10", &small, 1000);
    push_at(f, "a/b:1", &next, 1000);
    push_at(f, "ab:1", &other, 1000);
    set_time(f, "images/a/9", 2000);
    set_time(f, "images/a/10", 2000);
    set_time(f, "images/a~b/1", 3000);
    overwrite(f, "images/a/not/a/tag", "x", 1);
    assert_done(li_repo_latest(f->repo, "a", &latest, &found, &f->err), &f->err);
    assert_true(found);
    assert_string_equal(latest.tag, "10");
    set_time(f, "images/a/9", 2001);
    assert_done(li_repo_latest(f->repo, "a", &latest, &found, &f->err), &f->err);
    assert_string_equal(latest.tag, "9");
    assert_done(li_repo_latest(f->repo, "a/b", &latest, &found, &f->err), &f->err);
    assert_string_equal(latest.name, "a/b");
    li_fault_order(f->store, LI_FAULT_LIST, 1, LI_FAULT_BEFORE, LI_ENETWORK);
    assert_int_equal(li_repo_latest(f->repo, "a", &latest, &found, &f->err), LI_ENETWORK);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(an_empty_repository),
        WITH_REPO(chunks_are_counted_once),
        WITH_REPO(new_is_what_no_earlier_push_has),
        WITH_REPO(tags_decide_what_is_used),
        WITH_REPO(what_is_lost_or_strange),
        WITH_REPO(what_cannot_be_read),
        WITH_REPO(copies_in_another_root),
        WITH_REPO(a_store_that_does_not_answer),
        WITH_REPO(a_push_during_the_report),
        WITH_REPO(pointers_that_cannot_be_read),
        WITH_REPO(names_with_a_port),
        WITH_REPO(the_last_tag_of_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
