/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include "base/array.h"
#include "base/base64.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "base/sha256_lanes.h"
#include "tests/fixtures/wipes.h"

/* What was overwritten last. */
static const void *cleansed;
static size_t cleansed_len;

void see_wipe(void *data, size_t len)
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
            assert_true(cleansed_len >= cap);
        } else {
            assert_null(cleansed);
        }
    }
    assert_int_equal(secret.len, open.len);
    assert_memory_equal(secret.data, open.data, open.len);
    li_buffer_free(&open);
    li_buffer_wipe_free(&secret);
}

static void borrowed_memory_is_used_and_not_freed(void **state)
{
    char memory[8] = "........";
    struct li_buffer b = {.data = (uint8_t *)memory, .cap = sizeof(memory), .borrowed = true};
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    assert_done(li_buffer_append(&b, "abcd", 4, &err), &err);
    assert_done(li_buffer_append(&b, "efgh", 4, &err), &err);
    assert_ptr_equal(b.data, memory);
    assert_memory_equal(memory, "abcdefgh", 8);
    assert_done(li_buffer_append(&b, "i", 1, &err), &err);
    assert_ptr_not_equal(b.data, memory);
    assert_memory_equal(b.data, "abcdefghi", 9);
    assert_false(b.borrowed);
    li_buffer_free(&b);
    b = (struct li_buffer){.data = (uint8_t *)memory, .cap = sizeof(memory), .borrowed = true};
    li_buffer_free(&b);
    assert_null(b.data);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(array_grows_by_doubling),
        cmocka_unit_test(array_grows_to_what_is_wanted),
        cmocka_unit_test(lower_bound_is_the_first_that_is_not_before),
        cmocka_unit_test(buffer_of_secrets_leaves_none_behind),
        cmocka_unit_test(borrowed_memory_is_used_and_not_freed),
        cmocka_unit_test(hashes_leave_no_state_behind),
        cmocka_unit_test(cursor_stops_at_the_end),
        cmocka_unit_test(base64_of_the_standard),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(hex_is_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
