/* SPDX-License-Identifier: Apache-2.0 */
/* The universal hash, the table of tags, and the windows that readers of layers share. */
#include "tests/fixtures/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "layer/tags.h"
#include "layer/windows.h"

enum { PIECE = LI_LAYER_PIECE, PIECES = 9, SHORT = 777, LENGTH = PIECES * PIECE + SHORT };
enum { THREADS = 8, ROUNDS = 50 };

static struct li_universal_key key;

static int setup(void **state)
{
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    assert_done(li_universal_key_make(&unit_env, &key, &err), &err);
    return 0;
}

static uint8_t *make_bytes(void)
{
    uint8_t *bytes = malloc(LENGTH);
    struct li_error err = LI_ERROR_INIT;

    assert_non_null(bytes);
    assert_int_equal(unit_random(bytes, LENGTH, &err), 0);
    return bytes;
}

/* ---- the hash ---- */

/* What the header says, as slowly as it can be written down: numbers modulo 2^61 - 1 by doubling.
 */
static uint64_t product_modulo(uint64_t a, uint64_t b)
{
    const uint64_t prime = (UINT64_C(1) << 61) - 1;
    uint64_t result = 0;

    for (; b > 0; b >>= 1, a = a * 2 % prime)
        if (b & 1)
            result = (result + a) % prime;
    return result;
}

static uint32_t word_at(const uint8_t *data, size_t len, size_t at)
{
    uint8_t bytes[4] = {0};
    uint32_t word;

    for (size_t i = 0; i < 4 && at + i < len; i++)
        bytes[i] = data[at + i];
    memcpy(&word, bytes, 4);
    return word;
}

static uint64_t nh(const uint8_t *data, size_t len, size_t block, size_t shift)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < LI_UNIVERSAL_BLOCK / 4; i += 2) {
        uint32_t a = word_at(data, len, block + i * 4) + key.nh[i + shift];
        uint32_t b = word_at(data, len, block + i * 4 + 4) + key.nh[i + 1 + shift];

        sum += (uint64_t)a * b;
    }
    return sum;
}

static uint64_t slow_hash(const uint8_t *data, size_t len)
{
    const uint64_t prime = (UINT64_C(1) << 61) - 1, mask = (UINT64_C(1) << 43) - 1;
    uint64_t result = 0;
    size_t n = 0;

    for (size_t block = 0; block < len; block += LI_UNIVERSAL_BLOCK) {
        uint64_t first = nh(data, len, block, 0), second = nh(data, len, block, 8);

        result += product_modulo(key.linear[n++], first & mask);
        result += product_modulo(key.linear[n++], (first >> 43 | second << 21) & mask);
        result += product_modulo(key.linear[n++], second >> 22);
        result %= prime;
    }
    return result + 1;
}

static void check_hash(const uint8_t *data, size_t len)
{
    uint64_t want = slow_hash(data, len);

    assert_true(li_universal_hash(&key, data, len) == want);
    assert_true(li_universal_hash_plain(&key, data, len) == want);
}

static void the_hash_is_the_one_that_was_proven(void **state)
{
    static const size_t lengths[] = {0,    1,    7,    8,     15,        16,   4095,
                                     4096, 4097, 8191, 65535, PIECE - 1, PIECE};
    uint8_t *bytes = make_bytes();

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
        check_hash(bytes + i % 3, lengths[i]);
    memset(bytes, 0xff, PIECE);
    check_hash(bytes, PIECE);
    memset(bytes, 0, PIECE);
    check_hash(bytes, PIECE);
    free(bytes);
}

static void a_key_is_within_its_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(key.linear) / sizeof(*key.linear); i++)
        assert_true(key.linear[i] < (UINT64_C(1) << 61) - 1);
    assert_true(key.nh[0] != key.nh[1]);
}

static void each_bit_counts(void **state)
{
    uint8_t *bytes = make_bytes();
    uint64_t hash = li_universal_hash(&key, bytes, PIECE);

    (void)state;
    for (size_t bit = 0; bit < (size_t)PIECE * 8; bit += 61) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(li_universal_hash(&key, bytes, PIECE) != hash);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(li_universal_hash(&key, bytes, PIECE) == hash);
    free(bytes);
}

static void another_key_gives_another_hash(void **state)
{
    struct li_universal_key other = key;
    uint8_t *bytes = make_bytes();
    uint64_t hash = li_universal_hash(&key, bytes, PIECE);

    (void)state;
    other.nh[1031] ^= 1;
    assert_true(li_universal_hash(&other, bytes, PIECE) != hash);
    other = key;
    other.linear[47] ^= 1;
    assert_true(li_universal_hash(&other, bytes, PIECE) != hash);
    free(bytes);
}

static int no_random(void *buf, size_t len, struct li_error *err)
{
    (void)buf;
    (void)len;
    return li_fail(err, LI_EIO, "no randomness");
}

static void without_randomness_there_is_no_key(void **state)
{
    struct li_env env = unit_env;
    struct li_universal_key none;
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    env.random = no_random;
    assert_fails(li_universal_key_make(&env, &none, &err), LI_EIO, "no randomness", &err);
}

/* ---- the table ---- */

static void whoever_reads_later_compares(void **state)
{
    uint8_t *bytes = make_bytes();
    struct li_error err = LI_ERROR_INIT;
    struct li_tags tags = {0};
    uint64_t wrong = 0;

    (void)state;
    assert_done(li_tags_open(&tags, LENGTH, &err), &err);
    assert_int_equal(tags.count, PIECES + 1);
    assert_true(li_tags_agree(&tags, &key, 2 * PIECE, bytes + 2 * PIECE, 3 * PIECE, &wrong));
    assert_true(tags.tag[1] == 0 && tags.tag[2] != 0 && tags.tag[4] != 0 && tags.tag[5] == 0);
    assert_true(li_tags_agree(&tags, &key, 0, bytes, LENGTH, &wrong));
    for (size_t i = 0; i <= PIECES; i++) {
        size_t at = i * PIECE + (i == PIECES ? SHORT - 1 : i * 7000);

        bytes[at] ^= 0x80;
        assert_false(li_tags_agree(&tags, &key, 0, bytes, LENGTH, &wrong));
        assert_int_equal(wrong, i * PIECE);
        bytes[at] ^= 0x80;
    }
    assert_true(li_tags_agree(&tags, &key, PIECES * PIECE, bytes + PIECES * PIECE, SHORT, &wrong));
    li_tags_free(&tags);
    free(bytes);
}

static void nothing_agrees_behind_the_end(void **state)
{
    uint8_t *bytes = make_bytes();
    struct li_error err = LI_ERROR_INIT;
    struct li_tags tags = {0};
    uint64_t wrong = 0;

    (void)state;
    assert_done(li_tags_open(&tags, 0, &err), &err);
    assert_true(li_tags_agree(&tags, &key, 0, bytes, 0, &wrong));
    assert_false(li_tags_agree(&tags, &key, 0, bytes, 1, &wrong));
    li_tags_free(&tags);
    assert_done(li_tags_open(&tags, PIECE, &err), &err);
    assert_int_equal(tags.count, 1);
    assert_true(li_tags_agree(&tags, &key, 0, bytes, PIECE, &wrong));
    assert_false(li_tags_agree(&tags, &key, PIECE, bytes, 1, &wrong));
    assert_int_equal(wrong, PIECE);
    li_tags_free(&tags);
    free(bytes);
}

static void tags_that_are_added_are_those_of_the_bytes(void **state)
{
    uint8_t *bytes = make_bytes();
    struct li_error err = LI_ERROR_INIT;
    struct li_tags tags = {0};
    uint64_t wrong = 0;

    (void)state;
    for (size_t at = 0, n; at < LENGTH; at += n) {
        n = LENGTH - at < 4 * PIECE ? LENGTH - at : 4 * PIECE;
        assert_done(li_tags_add(&tags, &key, bytes + at, n, &err), &err);
    }
    assert_int_equal(tags.count, PIECES + 1);
    assert_true(li_tags_agree(&tags, &key, 0, bytes, LENGTH, &wrong));
    bytes[LENGTH - 1] ^= 1;
    assert_false(li_tags_agree(&tags, &key, 0, bytes, LENGTH, &wrong));
    li_tags_free(&tags);
    /* More than the first room has. */
    for (size_t i = 0; i < 3000; i++)
        assert_done(li_tags_add(&tags, &key, bytes + i % PIECES * PIECE, PIECE, &err), &err);
    assert_int_equal(tags.count, 3000);
    for (size_t i = 0; i < 3000; i++)
        assert_true(
            li_tags_agree(&tags, &key, i * PIECE, bytes + i % PIECES * PIECE, PIECE, &wrong));
    li_tags_free(&tags);
    free(bytes);
}

struct race {
    struct li_tags tags;
    pthread_barrier_t start;
    uint8_t *bytes[2]; /* which differ in each piece */
    atomic_uint agreed[2][PIECES];
};

struct racer {
    struct race *race;
    unsigned side;
};

static void *take_part(void *arg)
{
    struct racer *r = arg;
    uint64_t wrong;

    pthread_barrier_wait(&r->race->start);
    for (size_t i = 0; i < PIECES; i++)
        if (li_tags_agree(&r->race->tags, &key, i * PIECE, r->race->bytes[r->side] + i * PIECE,
                          PIECE, &wrong))
            atomic_fetch_add(&r->race->agreed[r->side][i], 1);
    return NULL;
}

/* Half of the threads read other bytes: of each piece, one half of them agrees, and all of it. */
static void of_two_that_differ_only_one_goes_on(void **state)
{
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct race race = {.bytes = {make_bytes(), make_bytes()}};
        struct racer racer[THREADS];
        pthread_t thread[THREADS];

        pthread_barrier_init(&race.start, NULL, THREADS);
        assert_done(li_tags_open(&race.tags, PIECES * PIECE, &err), &err);
        for (unsigned i = 0; i < THREADS; i++) {
            racer[i] = (struct racer){&race, i % 2};
            assert_int_equal(pthread_create(&thread[i], NULL, take_part, &racer[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++)
            pthread_join(thread[i], NULL);
        for (size_t i = 0; i < PIECES; i++) {
            unsigned a = atomic_load(&race.agreed[0][i]), b = atomic_load(&race.agreed[1][i]);

            assert_true((a == THREADS / 2 && b == 0) || (a == 0 && b == THREADS / 2));
        }
        li_tags_free(&race.tags);
        pthread_barrier_destroy(&race.start);
        free(race.bytes[0]);
        free(race.bytes[1]);
    }
}

/* ---- windows ---- */

static struct li_window *take(struct li_windows *w, size_t layer, uint64_t offset)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_window *window = NULL;

    assert_done(li_windows_take(w, layer, offset, &window, &err), &err);
    return window;
}

static void a_window_keeps_its_piece(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_windows *w = NULL;
    struct li_window *a, *b;

    (void)state;
    assert_done(li_windows_new(2, &w, &err), &err);
    a = take(w, 1, PIECE);
    assert_int_equal(a->len, 0);
    a->len = PIECE;
    memset(a->data, 1, PIECE);
    li_windows_give_back(w, a);
    /* Another layer, another place: neither is what the first one has. */
    b = take(w, 2, PIECE);
    assert_ptr_not_equal(a, b);
    assert_int_equal(b->len, 0);
    b->len = PIECE;
    li_windows_give_back(w, b);
    assert_ptr_equal(take(w, 1, PIECE), a);
    assert_int_equal(a->len, PIECE);
    assert_int_equal(a->data[PIECE - 1], 1);
    li_windows_give_back(w, a);
    /* Now the other one was used longest ago. */
    assert_ptr_equal(take(w, 1, 2 * PIECE), b);
    assert_int_equal(b->len, 0);
    /* Nothing was read into it: it has nothing. */
    li_windows_give_back(w, b);
    assert_ptr_equal(take(w, 1, 2 * PIECE), b);
    assert_int_equal(b->len, 0);
    li_windows_give_back(w, b);
    li_windows_free(w);
    li_windows_free(NULL);
}

struct waiting {
    struct li_windows *windows;
    atomic_bool done;
};

static void *wait_for_one(void *arg)
{
    struct waiting *waiting = arg;
    struct li_window *window = take(waiting->windows, 0, PIECE);

    atomic_store(&waiting->done, true);
    li_windows_give_back(waiting->windows, window);
    return NULL;
}

static void whoever_finds_none_idle_waits(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct waiting waiting = {0};
    struct li_window *window;
    pthread_t thread;

    (void)state;
    assert_done(li_windows_new(1, &waiting.windows, &err), &err);
    window = take(waiting.windows, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_one, &waiting), 0);
    usleep(10000);
    assert_false(atomic_load(&waiting.done));
    li_windows_give_back(waiting.windows, window);
    pthread_join(thread, NULL);
    assert_true(atomic_load(&waiting.done));
    li_windows_free(waiting.windows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_the_one_that_was_proven),
        cmocka_unit_test(a_key_is_within_its_range),
        cmocka_unit_test(each_bit_counts),
        cmocka_unit_test(another_key_gives_another_hash),
        cmocka_unit_test(without_randomness_there_is_no_key),
        cmocka_unit_test(whoever_reads_later_compares),
        cmocka_unit_test(nothing_agrees_behind_the_end),
        cmocka_unit_test(tags_that_are_added_are_those_of_the_bytes),
        cmocka_unit_test(of_two_that_differ_only_one_goes_on),
        cmocka_unit_test(a_window_keeps_its_piece),
        cmocka_unit_test(whoever_finds_none_idle_waits),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
