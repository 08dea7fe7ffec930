/* SPDX-License-Identifier: Apache-2.0 */
/* The memo: what it knows of layers, when it does not, and what it does to the reading of them. */
#include "tests/fixtures/memo_fixture.h"

static void a_second_push_knows_every_chunk(void **state)
{
    struct fixture *f = *state;
    uint8_t first[CHUNKS_MAX][LI_SHA256_SIZE];

    make_layers(f);
    write_and_push(f);
    assert_int_equal(f->known, 0);
    assert_true(f->unknown > 4);
    memcpy(first, f->digest, sizeof(first));
    for (int i = 0; i < 2; i++) {
        unsigned all = f->known + f->unknown;

        push_once(f);
        assert_int_equal(f->unknown, 0);
        assert_int_equal(f->known, all);
        assert_int_equal(f->zeros, 1);
        assert_memory_equal(first, f->digest, sizeof(first));
    }
}

/* The same layers in another archive. */
static void layers_are_known_by_what_they_hold(void **state)
{
    struct fixture *f = *state;
    char *path;

    make_layers(f);
    write_and_push(f);
    path = image_path(f);
    assert_int_equal(unlink(path), 0);
    free(path);
    tar_entries(stack_layer(&f->stack), "new=file");
    write_and_push(f);
    assert_int_equal(f->unknown, 1);
}

static void nothing_is_known_under_another_salt(void **state)
{
    struct fixture *f = *state;

    make_layers(f);
    write_and_push(f);
    f->salt.bytes[31] ^= 1;
    push_once(f);
    assert_int_equal(f->known, 0);
    f->salt.bytes[31] ^= 1;
    push_once(f);
    assert_int_equal(f->unknown, 0);
    assert_done(begin_push(f), &f->err);
    assert_true(li_memo_fits(f->memo, &f->salt));
    f->salt.bytes[0] ^= 1;
    assert_false(li_memo_fits(f->memo, &f->salt));
}

static void nothing_is_known_of_another_version(void **state)
{
    struct fixture *f = *state;

    make_layers(f);
    write_and_push(f);
    f->made_by = "unit 2";
    push_once(f);
    assert_int_equal(f->known, 0);
    push_once(f);
    assert_int_equal(f->unknown, 0);
}

/* What hides one file costs the chunks that this file has a part of. */
static void a_hidden_file_costs_its_own_chunks(void **state)
{
    struct fixture *f = *state;
    unsigned all;

    make_layers(f);
    write_and_push(f);
    all = f->unknown;
    tar_entries(stack_layer(&f->stack), "d/.wh.two");
    write_and_push(f);
    assert_true(f->unknown >= 1 && f->unknown <= 3);
    assert_true(f->known >= all - 3);
    push_once(f);
    assert_int_equal(f->unknown, 0);
}

/* Bytes that are not needed are not looked at; those that are, are checked before anything else. */
static void a_known_layer_is_read_when_it_is_needed(void **state)
{
    struct fixture *f = *state;
    uint8_t buf[16];
    char *path;

    make_layers(f);
    write_and_push(f);
    path = image_path(f);
    change_byte(path, offset_of_a(f) + 5);
    push_once(f);
    assert_int_equal(f->unknown, 0);
    assert_done(begin_push(f), &f->err);
    assert_done(li_layers_verified(f->stack.layers, &f->err), &f->err);
    assert_done(li_layers_read(f->stack.layers, 1, buf, sizeof(buf), 0, &f->err), &f->err);
    assert_done(li_layers_verified(f->stack.layers, &f->err), &f->err);
    assert_done(li_layers_read(f->stack.layers, 0, buf, sizeof(buf), 0, &f->err), &f->err);
    assert_fails(li_layers_verified(f->stack.layers, &f->err), LI_ECORRUPT, "diff ID", &f->err);
    free(path);
}

/* So much can be seen of a layer that is not read. */
static void a_layer_of_another_length_is_not_the_known_one(void **state)
{
    struct fixture *f = *state;
    int rc;

    make_layers(f);
    write_and_push(f);
    f->stack.layer[1].stored.len = 0;
    assert_done(li_buffer_append(&f->stack.layer[1].stored, f->stack.layer[1].tar.data,
                                 f->stack.layer[1].tar.len - 512, &f->err),
                &f->err);
    write_image(f);
    rc = begin_push(f);
    if (rc == 0)
        rc = li_layers_verified(f->stack.layers, &f->err);
    assert_fails(rc, LI_ECORRUPT, "diff ID", &f->err);
}

static void a_known_layer_is_inflated_when_it_is_needed(void **state)
{
    struct fixture *f = *state;
    uint8_t *want = tar_bytes(1, BIG), *got = malloc(BIG);
    char elsewhere[] = "/nonexistent";
    uint64_t length = 0;

    assert_true(want && got);
    make_layers(f);
    stack_compress(&f->stack, archive_write_add_filter_zstd);
    write_and_push(f);
    f->env.tmpdir = elsewhere;
    push_once(f);
    assert_int_equal(f->unknown, 0);
    f->env.tmpdir = unit_env.tmpdir;
    assert_done(begin_push(f), &f->err);
    assert_done(li_layers_read(f->stack.layers, 0, got, BIG, 512, &f->err), &f->err);
    assert_memory_equal(want, got, BIG);
    assert_done(li_layers_ready(f->stack.layers, 0, &length, &f->err), &f->err);
    assert_int_equal(length, f->stack.layer[0].tar.len);
    assert_done(li_layers_verified(f->stack.layers, &f->err), &f->err);
    end_push(f);
    f->env.tmpdir = elsewhere;
    assert_done(begin_push(f), &f->err);
    assert_true(li_layers_read(f->stack.layers, 0, got, BIG, 512, &f->err) < 0);
    free(want);
    free(got);
}

static void an_image_may_have_a_layer_twice(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        struct li_buffer *tar = stack_layer(&f->stack);

        tar_random_file(tar, "a", 1, BIG);
        tar_entries(tar, "d/one=1");
        tar_entries(stack_layer(&f->stack), ".wh.a .wh.d");
    }
    tar_entries(stack_layer(&f->stack), "e=1");
    f->stack.count = 3;
    write_and_push(f);
    push_once(f);
    assert_int_equal(f->unknown, 0);
    f->stack.count = 5;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MEMO(a_second_push_knows_every_chunk),
        WITH_MEMO(layers_are_known_by_what_they_hold),
        WITH_MEMO(nothing_is_known_under_another_salt),
        WITH_MEMO(nothing_is_known_of_another_version),
        WITH_MEMO(a_hidden_file_costs_its_own_chunks),
        WITH_MEMO(a_known_layer_is_read_when_it_is_needed),
        WITH_MEMO(a_layer_of_another_length_is_not_the_known_one),
        WITH_MEMO(a_known_layer_is_inflated_when_it_is_needed),
        WITH_MEMO(an_image_may_have_a_layer_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
