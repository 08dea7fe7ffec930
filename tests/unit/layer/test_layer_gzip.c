/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers in gzip (RFC 1952), written by hand around what a compressor made: each field of a header,
 * members one after another, and what is wrong with them.
 */
#include "tests/fixtures/stack.h"

#include "base/bytes.h"

enum { HEADER = 10, TRAILER = 8 };
enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16 };

/* One layer with a file of LENGTH bytes, and its deflate data with nothing around it. */
struct sample {
    struct stack s;
    struct li_buffer body;
    uint8_t trailer[TRAILER];
};

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

static void make(struct sample *sample, uint64_t length)
{
    struct li_buffer *tar, *stored;

    *sample = (struct sample){0};
    tar = stack_layer(&sample->s);
    stored = &sample->s.layer[0].stored;
    tar_random_file(tar, "f", 7, length);
    stack_compress(&sample->s, archive_write_add_filter_gzip);
    assert_int_equal(stored->data[3], 0);
    tar_append(&sample->body, stored->data + HEADER, stored->len - HEADER - TRAILER);
    memcpy(sample->trailer, stored->data + stored->len - TRAILER, TRAILER);
    assert_int_equal(li_get_le32(sample->trailer), crc32_of(tar->data, tar->len));
    assert_int_equal(li_get_le32(sample->trailer + 4), tar->len);
    stored->len = 0;
}

static void unmake(struct sample *sample)
{
    stack_free(&sample->s);
    li_buffer_free(&sample->body);
}

static void put_header(struct sample *sample, uint8_t flags, const void *fields, size_t len)
{
    const uint8_t header[HEADER] = {0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3};

    tar_append(&sample->s.layer[0].stored, header, sizeof(header));
    tar_append(&sample->s.layer[0].stored, fields, len);
}

static void put_rest(struct sample *sample)
{
    tar_append(&sample->s.layer[0].stored, sample->body.data, sample->body.len);
    tar_append(&sample->s.layer[0].stored, sample->trailer, TRAILER);
}

static void put_member(struct sample *sample)
{
    put_header(sample, 0, "", 0);
    put_rest(sample);
}

static void put_empty_member(struct sample *sample)
{
    static const uint8_t rest[] = {3, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    put_header(sample, 0, "", 0);
    tar_append(&sample->s.layer[0].stored, rest, sizeof(rest));
}

/* What is stored now is the layer, or is told from it: CODE is 0 or the error. */
static void expect(struct sample *sample, int code, const char *what)
{
    struct li_error err = LI_ERROR_INIT;
    int rc = stack_plan(&sample->s, &err);

    if (rc != code)
        fail_msg("%s: %d, not %d: \"%s\"", what, rc, code, err.text);
    stack_close(&sample->s);
    sample->s.layer[0].stored.len = 0;
}

static void test_fields(void **state)
{
    struct sample sample;
    uint8_t extra[2 + 65535] = {0xff, 0xff};
    char *name = calloc(1, 600001);

    (void)state;
    assert_non_null(name);
    make(&sample, 1000);
    put_header(&sample, FNAME, "layer.tar", 10);
    put_rest(&sample);
    expect(&sample, 0, "name");
    put_header(&sample, FNAME | FCOMMENT, "\0\0", 2);
    put_rest(&sample);
    expect(&sample, 0, "empty name and comment");
    put_header(&sample, FEXTRA | FNAME | FCOMMENT, "\3\0abcn\0c", 9);
    put_rest(&sample);
    expect(&sample, 0, "all fields");
    put_header(&sample, FEXTRA, "\0\0", 2);
    put_rest(&sample);
    expect(&sample, 0, "empty extra field");
    put_header(&sample, FEXTRA, extra, sizeof(extra));
    put_rest(&sample);
    expect(&sample, 0, "the longest extra field");
    memset(name, 'n', 600000);
    put_header(&sample, FNAME, name, 600001);
    put_rest(&sample);
    expect(&sample, 0, "a name longer than buffers are");
    put_header(&sample, 1, "", 0);
    put_rest(&sample);
    expect(&sample, 0, "a text, as it says");
    free(name);
    unmake(&sample);
}

static void test_header_crc(void **state)
{
    uint8_t fields[] = {'n', 0, 0, 0};
    struct sample sample;
    struct li_buffer *stored;
    uint32_t crc;

    (void)state;
    make(&sample, 1000);
    stored = &sample.s.layer[0].stored;
    put_header(&sample, FNAME | FHCRC, fields, sizeof(fields));
    crc = crc32_of(stored->data, HEADER + 2);
    stored->data[HEADER + 2] = (uint8_t)crc;
    stored->data[HEADER + 3] = (uint8_t)(crc >> 8);
    put_rest(&sample);
    expect(&sample, 0, "header CRC");
    put_header(&sample, FNAME | FHCRC, fields, sizeof(fields));
    put_rest(&sample);
    expect(&sample, LI_ECORRUPT, "wrong header CRC");
    unmake(&sample);
}

static void test_wrong_headers(void **state)
{
    struct sample sample;

    (void)state;
    make(&sample, 1000);
    for (uint8_t flag = 0x20; flag; flag = (uint8_t)(flag << 1)) {
        put_header(&sample, flag, "", 0);
        put_rest(&sample);
        expect(&sample, LI_ECORRUPT, "reserved flag");
    }
    put_member(&sample);
    sample.s.layer[0].stored.data[2] = 7;
    expect(&sample, LI_ECORRUPT, "another method");
    unmake(&sample);
}

static void test_wrong_trailers(void **state)
{
    struct sample sample;

    (void)state;
    make(&sample, 1000);
    for (size_t i = 0; i < TRAILER; i++) {
        put_member(&sample);
        sample.s.layer[0].stored.data[sample.s.layer[0].stored.len - 1 - i] ^= 1;
        expect(&sample, LI_ECORRUPT, i < 4 ? "wrong length" : "wrong CRC");
    }
    unmake(&sample);
}

static void test_members(void **state)
{
    struct sample sample;

    (void)state;
    make(&sample, 700000);
    put_empty_member(&sample);
    put_empty_member(&sample);
    put_member(&sample);
    put_empty_member(&sample);
    expect(&sample, 0, "empty members");
    for (int i = 0; i < 50000; i++)
        put_empty_member(&sample);
    put_member(&sample);
    expect(&sample, 0, "very many empty members");
    put_member(&sample);
    put_member(&sample);
    expect(&sample, LI_ECORRUPT, "the layer twice");
    put_empty_member(&sample);
    expect(&sample, LI_ECORRUPT, "nothing but an empty member");
    unmake(&sample);
}

/* gzip(1) leaves alone what is behind the last member, too. */
static void test_bytes_behind(void **state)
{
    static const char *const behind[] = {"x",
                                         "\x1f",
                                         "\x1f\x8b",
                                         "\x1f\x8b\x07",
                                         "\x1f\x8b\x08 bcdef",
                                         "garbage that is longer than a header and a trailer"};
    static const uint8_t zeros[100000];
    struct sample sample;

    (void)state;
    make(&sample, 1000);
    for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
        put_member(&sample);
        tar_append(&sample.s.layer[0].stored, behind[i], strlen(behind[i]));
        expect(&sample, 0, behind[i]);
    }
    for (size_t len = 1; len <= sizeof(zeros); len *= 10) {
        put_member(&sample);
        tar_append(&sample.s.layer[0].stored, zeros, len);
        expect(&sample, 0, "zeros behind");
    }
    unmake(&sample);
}

static void test_cut(void **state)
{
    struct sample sample;
    size_t whole;

    (void)state;
    make(&sample, 300);
    put_header(&sample, FEXTRA | FNAME | FCOMMENT, "\3\0abcn\0c", 9);
    put_rest(&sample);
    whole = sample.s.layer[0].stored.len;
    expect(&sample, 0, "whole");
    for (size_t len = 3; len < whole; len++) {
        put_header(&sample, FEXTRA | FNAME | FCOMMENT, "\3\0abcn\0c", 9);
        put_rest(&sample);
        sample.s.layer[0].stored.len = len;
        expect(&sample, LI_ECORRUPT, "cut short");
    }
    unmake(&sample);
}

/* A second member, cut where it is known to be one. */
static void test_second_cut(void **state)
{
    struct sample sample;
    size_t first;

    (void)state;
    make(&sample, 300);
    put_member(&sample);
    first = sample.s.layer[0].stored.len;
    put_empty_member(&sample);
    for (size_t len = first + 4; len < first + HEADER + 2 + TRAILER; len++) {
        put_member(&sample);
        put_empty_member(&sample);
        sample.s.layer[0].stored.len = len;
        expect(&sample, LI_ECORRUPT, "the second member cut short");
    }
    unmake(&sample);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),        cmocka_unit_test(test_header_crc),
        cmocka_unit_test(test_wrong_headers), cmocka_unit_test(test_wrong_trailers),
        cmocka_unit_test(test_members),       cmocka_unit_test(test_bytes_behind),
        cmocka_unit_test(test_cut),           cmocka_unit_test(test_second_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
