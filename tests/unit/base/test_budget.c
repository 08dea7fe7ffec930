/* SPDX-License-Identifier: Apache-2.0 */
/* A budget that threads share, and the windows that are decompressed with. */
#include "tests/fixtures/stack.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/decompress.h"

enum { TOTAL = 10, TAKERS = 8, ROUNDS = 2000, MOMENT = 50 * 1000, PATIENCE = 120 };

/* ---- the budget ---- */

struct taker {
    struct li_budget *budget;
    atomic_uint *taken; /* by all, together */
    unsigned share;
    bool over;
};

static void *take_often(void *arg)
{
    struct taker *t = arg;

    for (int i = 0; i < ROUNDS; i++) {
        li_budget_take(t->budget, t->share);
        t->over |= atomic_fetch_add(t->taken, t->share) + t->share > TOTAL;
        atomic_fetch_sub(t->taken, t->share);
        li_budget_give(t->budget, t->share);
    }
    return NULL;
}

/* Shares of all sizes, of all that there is too: nobody gets what is not there, and all end. */
static void shares_are_never_more_than_the_total(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_budget *budget = NULL;
    struct taker taker[TAKERS];
    pthread_t thread[TAKERS];
    atomic_uint taken = 0;

    (void)state;
    assert_done(li_budget_new(TOTAL, &budget, &err), &err);
    for (unsigned i = 0; i < TAKERS; i++) {
        taker[i] = (struct taker){budget, &taken, i == 0 ? TOTAL : 1 + i, false};
        assert_int_equal(pthread_create(&thread[i], NULL, take_often, &taker[i]), 0);
    }
    for (unsigned i = 0; i < TAKERS; i++) {
        pthread_join(thread[i], NULL);
        assert_false(taker[i].over);
    }
    li_budget_take(budget, TOTAL);
    li_budget_give(budget, TOTAL);
    li_budget_free(budget);
}

/* ---- windows ---- */

/* A frame with a window of 128 MiB, and one byte in it. */
static const uint8_t wide[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 17 << 3, 1 | 1 << 3, 0, 0, 'x'};
/* The same with a window of 1 KiB. */
static const uint8_t narrow[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 0, 1 | 1 << 3, 0, 0, 'y'};

struct input {
    const uint8_t *data;
    size_t len;
};

static int read_input(void *arg, void *buf, size_t len, size_t *got, struct li_error *err)
{
    struct input *in = arg;
    size_t n = in->len < len ? in->len : len;

    (void)err;
    memcpy(buf, in->data, n);
    in->data += n;
    in->len -= n;
    *got = n;
    return 0;
}

struct reader {
    struct li_budget *budget;
    struct input input;
    enum li_compression compression;
    struct li_decompress *d;
    struct li_error err;
    atomic_bool opened;
    int rc;
};

static void *open_reader(void *arg)
{
    struct reader *r = arg;

    r->rc = li_decompress_open(r->compression, read_input, &r->input, r->budget, &r->d, &r->err);
    atomic_store(&r->opened, true);
    return NULL;
}

/* Opens FIRST, and SECOND beside it. Returns whether that was open before the first was freed. */
static bool open_beside(struct reader *first, struct reader *second)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_budget *budget = NULL;
    pthread_t thread;
    bool beside;

    assert_done(li_budget_new(LI_DECOMPRESS_WINDOWS, &budget, &err), &err);
    first->budget = second->budget = budget;
    open_reader(first);
    assert_done(first->rc, &first->err);
    assert_int_equal(pthread_create(&thread, NULL, open_reader, second), 0);
    usleep(MOMENT);
    beside = atomic_load(&second->opened);
    li_decompress_free(first->d);
    pthread_join(thread, NULL);
    assert_done(second->rc, &second->err);
    li_decompress_free(second->d);
    li_budget_free(budget);
    return beside;
}

static void large_windows_are_used_one_at_a_time(void **state)
{
    struct reader one = {.input = {wide, sizeof(wide)}, .compression = LI_COMPRESSION_ZSTD};
    struct reader two = {.input = {wide, sizeof(wide)}, .compression = LI_COMPRESSION_ZSTD};

    (void)state;
    assert_false(open_beside(&one, &two));
}

static void windows_grow_from_frame_to_frame(void **state)
{
    uint8_t both[sizeof(narrow) + sizeof(wide) + sizeof(narrow)], out[8];
    struct reader one;
    size_t got = 1, total = 0;

    (void)state;
    memcpy(both, narrow, sizeof(narrow));
    memcpy(both + sizeof(narrow), wide, sizeof(wide));
    memcpy(both + sizeof(narrow) + sizeof(wide), narrow, sizeof(narrow));
    one = (struct reader){.input = {both, sizeof(both)}, .compression = LI_COMPRESSION_ZSTD};
    open_reader(&one);
    assert_done(one.rc, &one.err);
    while (got > 0) {
        assert_done(li_decompress_read(one.d, out + total, sizeof(out) - total, &got, &one.err),
                    &one.err);
        total += got;
    }
    assert_int_equal(total, 3);
    assert_memory_equal(out, "yxy", 3);
    li_decompress_free(one.d);
}

/* ---- xz ---- */

static uint32_t crc32_of(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* What xz makes of a tar, with another size of dictionary in the header of its block: 12 bytes of
 * the stream's header, then the block's: its size, flags, the filter, one byte of properties and
 * the dictionary's size (xz-file-format, 3.1 and 5.3.1). */
static void set_dictionary(struct li_buffer *xz, uint8_t code)
{
    uint8_t *header = xz->data + 12;
    size_t len = (header[0] + 1u) * 4;

    assert_int_equal(header[2], 0x21);
    assert_int_equal(header[3], 1);
    header[4] = code;
    li_put_le32(header + len - 4, crc32_of(header, len - 4));
}

enum { DICTIONARY_64 = 28, DICTIONARY_96, DICTIONARY_128, DICTIONARY_192 };

static struct stack make_xz(uint8_t code)
{
    struct stack s = {0};

    tar_entries(stack_layer(&s), "a=1 b=2");
    stack_compress(&s, archive_write_add_filter_xz);
    set_dictionary(&s.layer[0].stored, code);
    return s;
}

static struct reader reader_of(const struct stack *s)
{
    return (struct reader){.input = {s->layer[0].stored.data, s->layer[0].stored.len},
                           .compression = LI_COMPRESSION_XZ};
}

static void dictionaries_of_xz_are_charged(void **state)
{
    struct stack usual = make_xz(DICTIONARY_64), large = make_xz(DICTIONARY_128);
    struct reader one = reader_of(&usual), two = reader_of(&large);

    (void)state;
    assert_false(open_beside(&one, &two));
    one = reader_of(&large), two = reader_of(&usual);
    assert_false(open_beside(&one, &two));
    stack_free(&usual);
    stack_free(&large);
}

static void larger_dictionaries_are_told(void **state)
{
    struct stack s = make_xz(DICTIONARY_192);
    struct reader r = reader_of(&s);

    (void)state;
    open_reader(&r);
    assert_fails(r.rc, LI_EUNSUPPORTED, "a dictionary of xz of more than 128 MiB", &r.err);
    stack_free(&s);
}

static void *read_all(void *arg)
{
    struct reader *r = arg;
    uint8_t out[4096];
    size_t got = 1;

    open_reader(r);
    while (r->rc == 0 && got > 0)
        r->rc = li_decompress_read(r->d, out, sizeof(out), &got, &r->err);
    li_decompress_free(r->d);
    return NULL;
}

/* Each needs more at its second frame or stream, when the others hold what they have. */
static void streams_that_grow_do_not_lock_each_other_out(void **state)
{
    struct stack s = make_xz(DICTIONARY_64), large = make_xz(DICTIONARY_128);
    struct li_error err = LI_ERROR_INIT;
    struct li_budget *budget = NULL;
    struct li_buffer frames = {0}, streams = {0};
    struct reader reader[TAKERS];
    pthread_t thread[TAKERS];

    (void)state;
    tar_append(&frames, narrow, sizeof(narrow));
    tar_append(&frames, wide, sizeof(wide));
    tar_append(&streams, s.layer[0].stored.data, s.layer[0].stored.len);
    tar_append(&streams, large.layer[0].stored.data, large.layer[0].stored.len);
    assert_done(li_budget_new(LI_DECOMPRESS_WINDOWS, &budget, &err), &err);
    alarm(PATIENCE);
    for (unsigned i = 0; i < TAKERS; i++) {
        const struct li_buffer *from = i % 2 ? &frames : &streams;

        reader[i] = (struct reader){
            .budget = budget,
            .input = {from->data, from->len},
            .compression = i % 2 ? LI_COMPRESSION_ZSTD : LI_COMPRESSION_XZ,
        };
        assert_int_equal(pthread_create(&thread[i], NULL, read_all, &reader[i]), 0);
    }
    for (unsigned i = 0; i < TAKERS; i++) {
        pthread_join(thread[i], NULL);
        assert_done(reader[i].rc, &reader[i].err);
    }
    alarm(0);
    li_budget_free(budget);
    li_buffer_free(&frames);
    li_buffer_free(&streams);
    stack_free(&s);
    stack_free(&large);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_never_more_than_the_total),
        cmocka_unit_test(large_windows_are_used_one_at_a_time),
        cmocka_unit_test(windows_grow_from_frame_to_frame),
        cmocka_unit_test(dictionaries_of_xz_are_charged),
        cmocka_unit_test(larger_dictionaries_are_told),
        cmocka_unit_test(streams_that_grow_do_not_lock_each_other_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
