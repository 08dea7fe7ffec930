/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/array.h"
#include "base/base64.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "base/repeats.h"
#include "base/sha256.h"
#include "base/sha256_lanes.h"
#include "base/text.h"
#include "base/workers.h"
#include "tests/fixtures/wipes.h"

/* What was overwritten last. */
static const void *cleansed;
static size_t cleansed_len;

static void see_wipe(void *data, size_t len)
{
    memset(data, 0, len);
    cleansed = data;
    cleansed_len = len;
}

static void array_grows_by_doubling(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    uint32_t *list = NULL;
    size_t cap = 0, moves = 0;

    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        size_t before = cap;

        assert_done(li_array_reserve(&list, &cap, (size_t)i + 1, sizeof(*list), &err), &err);
        assert_true(cap > i);
        moves += cap != before;
        list[i] = i;
    }
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(list[i], i);
    assert_true(moves < 20);
    assert_true(cap < 200000);
    free(list);
}

static void array_grows_to_what_is_wanted(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_error *list = NULL; /* a row of an odd size */
    const void *before;
    size_t cap = 0;

    (void)state;
    assert_done(li_array_reserve(&list, &cap, 1000, sizeof(*list), &err), &err);
    assert_int_equal(cap, 1000);
    memset(list, 7, 1000 * sizeof(*list));
    assert_done(li_array_reserve(&list, &cap, 1000, sizeof(*list), &err), &err);
    assert_int_equal(cap, 1000);
    before = list;
    assert_fails(li_array_reserve(&list, &cap, SIZE_MAX / 2, sizeof(*list), &err), LI_ENOMEM,
                 "memory", &err);
    assert_ptr_equal(list, before);
    assert_int_equal(cap, 1000);
    free(list);
}

static bool is_less(const void *row, const void *key)
{
    return *(const int *)row < *(const int *)key;
}

static void lower_bound_is_the_first_that_is_not_before(void **state)
{
    static const int rows[] = {2, 3, 3, 3, 5, 8, 8, 9};
    enum { COUNT = sizeof(rows) / sizeof(rows[0]) };

    (void)state;
    for (size_t count = 0; count <= COUNT; count++)
        for (int key = 0; key <= 10; key++) {
            size_t want = 0;

            while (want < count && rows[want] < key)
                want++;
            assert_int_equal(li_array_lower_bound(rows, count, sizeof(rows[0]), is_less, &key),
                             want);
        }
}

static void buffer_of_secrets_leaves_none_behind(void **state)
{
    static const char part[100] = "secret";
    struct li_buffer open = {0}, secret = {.wiped = true};
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        const void *data = secret.data;
        size_t cap = secret.cap;

        cleansed = NULL;
        assert_done(li_buffer_append(&open, part, sizeof(part), &err), &err);
        assert_null(cleansed);
        assert_done(li_buffer_append(&secret, part, sizeof(part), &err), &err);
        if (secret.cap != cap && cap > 0) {
            assert_ptr_equal(cleansed, data);
            assert_int_equal(cleansed_len, cap);
        } else {
            assert_null(cleansed);
        }
    }
    assert_int_equal(secret.len, open.len);
    assert_memory_equal(secret.data, open.data, open.len);
    li_buffer_free(&open);
    li_buffer_wipe_free(&secret);
}

static void error_reads_from_outside_in(void **state)
{
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    assert_int_equal(li_fail_errno(&err, ENOENT, "cannot open %s", "a\x1b[2Jb"), LI_ENOTFOUND);
    assert_int_equal(li_context(&err, "cannot push %s", "x"), LI_ENOTFOUND);
    assert_string_equal(err.text, "cannot push x: cannot open a?[2Jb: No such file or directory");
    assert_int_equal(err.sys, ENOENT);
}

/* Whatever a room below calls it, and whether or not it said why. */
static void an_answer_of_below_is_a_failure_here(void **state)
{
    static const struct {
        int rc, want;
    } rows[] = {
        {LI_ENOTFOUND, LI_ECORRUPT},
        {LI_ELIMIT, LI_ECORRUPT},
        {LI_ECORRUPT, LI_ECORRUPT},
        {LI_EUNSUPPORTED, LI_EIO},
        {LI_EINVALID, LI_EIO},
        {LI_EEXISTS, LI_EIO},
        {LI_ECHANGED, LI_EIO},
        {LI_EIO, LI_EIO},
        {-99, LI_EIO},
        {LI_END, LI_EIO},
        {7, LI_EIO},
        {LI_EDENIED, LI_EDENIED},
        {LI_ENETWORK, LI_ENETWORK},
        {LI_ENOMEM, LI_ENOMEM},
        {LI_ECANCELLED, LI_ECANCELLED},
        {0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct li_error err = LI_ERROR_INIT;

        if (rows[i].rc < 0)
            li_fail(&err, rows[i].rc, "why");
        assert_int_equal(li_as_failure(rows[i].rc, &err), rows[i].want);
        assert_int_equal(err.code, rows[i].want);
        if (rows[i].rc < 0)
            assert_string_equal(err.text, "why");
        else
            assert_int_equal(*err.text == '\0', rows[i].rc == 0);
    }
}

/* A failure of the given part, or text. */
static bool tell(struct li_repeats *repeats, uint64_t part, const char *text, int64_t now)
{
    struct li_error err = LI_ERROR_INIT;
    uint64_t untold = 0;

    li_fail(&err, LI_EIO, "%s", text);
    err.part = part;
    return li_repeats_tell(repeats, &err, now, &untold);
}

static void a_failure_is_told_once_in_a_while(void **state)
{
    struct li_repeats repeats = LI_REPEATS_INIT;
    struct li_error err = LI_ERROR_INIT;
    uint64_t untold = 99;

    (void)state;
    assert_true(tell(&repeats, 0, "one", 1000));
    assert_false(tell(&repeats, 0, "one", 1000 + LI_REPEATS_WHILE - 1));
    assert_true(tell(&repeats, 0, "two", 1000));
    assert_true(tell(&repeats, 5, "one", 1000));
    assert_false(tell(&repeats, 5, "of the same part", 1001));
    assert_int_equal(li_repeats_untold(&repeats), 1);
    li_fail(&err, LI_EIO, "one");
    assert_true(li_repeats_tell(&repeats, &err, 1000 + LI_REPEATS_WHILE, &untold));
    assert_int_equal(untold, 1);
    assert_int_equal(li_repeats_untold(&repeats), 0);
    assert_true(tell(&repeats, 6, "one", 1001));
    /* The clock was set back. */
    assert_true(tell(&repeats, 0, "one", 10));
}

static void failures_of_all_kinds_are_told_a_bounded_number_of_times(void **state)
{
    struct li_repeats repeats = LI_REPEATS_INIT;
    unsigned told = 0;

    (void)state;
    for (uint64_t part = 1; part <= 1000; part++)
        told += tell(&repeats, part, "lost", 1000 + (int64_t)part / 100);
    assert_int_equal(told, LI_REPEATS_MAX);
    assert_int_equal(li_repeats_untold(&repeats), 1000 - LI_REPEATS_MAX);
    assert_true(tell(&repeats, 1000, "lost", 1000 + LI_REPEATS_WHILE));
}

/* Of a stream, and of two messages at hand, where the state is ours. */
static void hashes_leave_no_state_behind(void **state)
{
    static const char message[] = "secret";
    uint8_t digest[2][LI_SHA256_SIZE];
    struct li_error err = LI_ERROR_INIT;
    struct li_sha256 *hash = NULL;
    const void *was;

    (void)state;
    assert_done(li_sha256_new(&hash, &err), &err);
    assert_done(li_sha256_update(hash, message, sizeof(message), &err), &err);
    cleansed = NULL;
    was = hash;
    li_sha256_free(hash);
    assert_ptr_equal(cleansed, was);
    cleansed = NULL;
    assert_done(li_sha256_two(message, digest[0], message, digest[1], sizeof(message), &err), &err);
    assert_memory_equal(digest[0], digest[1], LI_SHA256_SIZE);
    if (li_sha256_lanes_here())
        assert_true(cleansed != NULL && cleansed_len > 2 * LI_SHA256_BLOCK);
}

/* What a terminal could take for a command, in ASCII or not, and what is no text at all. */
static void error_shows_visible_characters_only(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"plain ~", "plain ~"},
        {"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x90\x8b",
         "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x90\x8b"},
        {"\xc2\xa0 \xc2\x9f", "\xc2\xa0 ??"},
        {"a\xc2\x9b"
         "2Jb",
         "a??2Jb"},
        {"a\x9b"
         "2Jb",
         "a?2Jb"},
        {"\x7f\n\t", "???"},
        {"\xc0\x9b\xe0\x80\x9b\xed\xa0\x80", "????????"},
        {"\xf4\x90\x80\x80\xff", "?????"},
        {"cut \xe2\x82", "cut ??"},
        /* Right to left, and isolated: each can make "gpj.exe" read as "exe.jpg". */
        {"\xe2\x80\xae\xe2\x80\xaa \xe2\x81\xa6\xe2\x81\xa9", "?????? ??????"},
        {"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c\xe2\x80\x8b\xe2\x80\x8d", "??????????????"},
        {"\xc2\xad\xef\xbb\xbf\xe2\x80\xa8\xe2\x80\xa9\xe1\xa0\x8e", "??????????????"},
        {"\xef\xbf\xbe\xf4\x8f\xbf\xbf\xf3\xa0\x81\x81", "???????????"},
        {"\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\x9f\xef\xbf\xbd",
         "\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\x9f\xef\xbf\xbd"},
    };
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        li_fail(&err, LI_EIO, "%s", cases[i].text);
        assert_string_equal(err.text, cases[i].shown);
    }
}

static void only_one_is_no_plural(void **state)
{
    (void)state;
    assert_string_equal(li_text_s(0), "s");
    assert_string_equal(li_text_s(1), "");
    assert_string_equal(li_text_s(2), "s");
    assert_string_equal(li_text_s(UINT64_MAX), "s");
}

static void error_survives_long_texts(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    char word[800];

    (void)state;
    memset(word, 'w', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    li_fail(&err, LI_EIO, "%s", word);
    li_context(&err, "%s", word);
    assert_int_equal(strlen(err.text), LI_ERROR_TEXT_MAX - 1);
    assert_non_null(strstr(err.text, "w...: ...ww"));

    li_fail_errno(&err, ENOENT, "%s%s", word, word);
    li_context(&err, "cannot push %s%s", word, word);
    assert_int_equal(strncmp(err.text, "cannot push www", 15), 0);
    assert_string_equal(err.text + strlen(err.text) - 31, "w...: No such file or directory");
}

static void cursor_stops_at_the_end(void **state)
{
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7};
    struct li_cursor c = li_cursor(data, sizeof(data));

    (void)state;
    assert_int_equal(li_cursor_le32(&c), 0x04030201);
    assert_int_equal(li_cursor_le32(&c), 0);
    assert_true(c.bad);
    assert_int_equal(li_cursor_u8(&c), 0);
}

/* Those of RFC 4648, section 10. */
static void base64_of_the_standard(void **state)
{
    static const char *const text[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                       "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    char encoded[9];
    uint8_t bytes[6];
    size_t len;

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        li_base64_encode((const uint8_t *)"foobar", i, encoded);
        assert_string_equal(encoded, text[i]);
        assert_int_equal(strlen(encoded), LI_BASE64_LENGTH(i));
        assert_int_equal(li_base64_decode(text[i], strlen(text[i]), bytes, 6, &len), 0);
        assert_int_equal(len, i);
        assert_memory_equal(bytes, "foobar", i);
        if (i > 0)
            assert_int_equal(li_base64_decode(text[i], strlen(text[i]), bytes, i - 1, &len),
                             LI_ELIMIT);
    }
}

static void base64_is_strict(void **state)
{
    static const char *const text[] = {
        "Z",      "Zg",   "Zg=",  "Zh==",     "Zm9=",  "=Zg=", "====",     "Z===",  "Zg==Zg==",
        "Zm9v\n", "Zm 9", "Zm-v", "Zm9v====", "Zm9\0", "Zm=v", "Zm9vZg=a", " Zg==", "Zm_v"};
    uint8_t bytes[16], all[256], again[256];
    char encoded[LI_BASE64_LENGTH(256) + 1];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
        assert_int_equal(li_base64_decode(text[i], strlen(text[i]), bytes, 16, &len), LI_EINVALID);
    assert_int_equal(li_base64_decode("Zm\0v", 4, bytes, 16, &len), LI_EINVALID);
    for (size_t i = 0; i < 256; i++)
        all[i] = (uint8_t)(i * 167);
    for (size_t n = 0; n <= 256; n++) {
        li_base64_encode(all, n, encoded);
        assert_int_equal(li_base64_decode(encoded, strlen(encoded), again, n, &len), 0);
        assert_int_equal(len, n);
        assert_memory_equal(again, all, n);
    }
}

static void hex_is_strict(void **state)
{
    uint8_t bytes[2];
    char text[5];

    (void)state;
    assert_int_equal(li_hex_decode("0aff", bytes, 2), 0);
    li_hex_encode(bytes, 2, text);
    assert_string_equal(text, "0aff");
    assert_int_equal(li_hex_decode("0aFF", bytes, 2), LI_EINVALID);
    assert_int_equal(li_hex_decode("0af", bytes, 2), LI_EINVALID);
    assert_int_equal(li_hex_decode("0aff0", bytes, 2), LI_EINVALID);
}

static int count_or_fail(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    atomic_int *count = arg;

    if (index == 1)
        return li_fail(err, LI_EIO, "worker 1 failed");
    while (!li_workers_stopped(team))
        usleep(100);
    atomic_fetch_add(count, 1);
    return li_fail(err, LI_ECANCELLED, "cancelled");
}

static void workers_tell_the_reason_not_its_echo(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_workers *team = NULL;
    atomic_int count = 0;

    (void)state;
    assert_done(li_workers_start(4, count_or_fail, &count, &team, &err), &err);
    assert_fails(li_workers_join(team, &err), LI_EIO, "worker 1 failed", &err);
    assert_int_equal(count, 3);
}

static int consume(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_queue *queue = arg;
    void *item;

    (void)index, (void)team, (void)err;
    while (li_queue_take(queue, &item) == 0)
        atomic_fetch_add((atomic_int *)item, 1);
    return 0;
}

static void queue_loses_nothing(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_workers *team = NULL;
    struct li_queue *queue = NULL;
    atomic_int count = 0;

    (void)state;
    assert_done(li_queue_new(3, SIZE_MAX, &queue, &err), &err);
    assert_done(li_workers_start(3, consume, queue, &team, &err), &err);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(li_queue_put(queue, &count, 1), 0);
    li_queue_close(queue);
    assert_int_equal(li_queue_put(queue, &count, 1), LI_ECANCELLED);
    assert_done(li_workers_join(team, &err), &err);
    assert_int_equal(count, 1000);
    li_queue_free(queue);
}

struct weighed {
    struct li_queue *queue;
    atomic_size_t waiting; /* taken out of the producer's hands and not yet taken by the test */
    atomic_int ended;      /* what the last put returned */
};

static int produce(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct weighed *w = arg;
    int rc = 0;

    (void)index, (void)team, (void)err;
    while (rc == 0) {
        atomic_fetch_add(&w->waiting, 1);
        rc = li_queue_put(w->queue, w, 40);
    }
    atomic_store(&w->ended, rc);
    return 0;
}

/* Of 100 there are 3 times 40 in it when it is full, and a fourth is in the producer's hands. */
static void queue_is_bounded_by_weight(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_workers *team = NULL;
    struct weighed w = {.ended = 0};
    void *item;

    (void)state;
    assert_done(li_queue_new(1000, 100, &w.queue, &err), &err);
    assert_done(li_workers_start(1, produce, &w, &team, &err), &err);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(li_queue_take(w.queue, &item), 0);
        assert_ptr_equal(item, &w);
        assert_true(atomic_fetch_sub(&w.waiting, 1) <= 5);
    }
    while (atomic_load(&w.waiting) < 4)
        sched_yield();
    li_queue_close(w.queue);
    assert_done(li_workers_join(team, &err), &err);
    assert_int_equal(w.ended, LI_ECANCELLED);
    for (int i = 0; i < 3; i++)
        assert_int_equal(li_queue_take(w.queue, &item), 0);
    assert_int_equal(li_queue_take(w.queue, &item), LI_END);
    li_queue_free(w.queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(array_grows_by_doubling),
        cmocka_unit_test(array_grows_to_what_is_wanted),
        cmocka_unit_test(lower_bound_is_the_first_that_is_not_before),
        cmocka_unit_test(buffer_of_secrets_leaves_none_behind),
        cmocka_unit_test(hashes_leave_no_state_behind),
        cmocka_unit_test(error_reads_from_outside_in),
        cmocka_unit_test(an_answer_of_below_is_a_failure_here),
        cmocka_unit_test(a_failure_is_told_once_in_a_while),
        cmocka_unit_test(failures_of_all_kinds_are_told_a_bounded_number_of_times),
        cmocka_unit_test(error_shows_visible_characters_only),
        cmocka_unit_test(only_one_is_no_plural),
        cmocka_unit_test(error_survives_long_texts),
        cmocka_unit_test(cursor_stops_at_the_end),
        cmocka_unit_test(base64_of_the_standard),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(hex_is_strict),
        cmocka_unit_test(workers_tell_the_reason_not_its_echo),
        cmocka_unit_test(queue_loses_nothing),
        cmocka_unit_test(queue_is_bounded_by_weight),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
