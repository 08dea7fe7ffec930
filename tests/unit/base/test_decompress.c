/* SPDX-License-Identifier: Apache-2.0 */
/* Decompression, whatever the pieces in which input comes and output is taken. */
#include "tests/fixtures/stack.h"

#include <fcntl.h>

#include "base/bytes.h"
#include "base/decompress.h"
#include "base/deflate.h"
#include "base/io.h"
#include "layer/inflate.h"

enum { LENGTH = 1000000 };

struct input {
    const uint8_t *data;
    size_t len;
    size_t piece;  /* at most, bytes */
    bool fails;    /* where it would end */
    unsigned ends; /* how often it was asked for more than there is */
};

static int read_input(void *arg, void *buf, size_t len, size_t *got, struct li_error *err)
{
    struct input *in = arg;
    size_t n = in->len < in->piece ? in->len : in->piece;

    if (n > len)
        n = len;
    if (n == 0) {
        in->ends++;
        if (in->fails)
            return li_fail(err, LI_ENETWORK, "the wire is cut");
    }
    memcpy(buf, in->data, n);
    in->data += n;
    in->len -= n;
    *got = n;
    return 0;
}

/* Appends what comes out, in pieces of up to PIECE bytes. */
static int decompress(enum li_compression compression, struct input *in, size_t piece,
                      struct li_buffer *out, struct li_error *err)
{
    struct li_decompress *d = NULL;
    int rc = li_decompress_open(compression, read_input, in, NULL, &d, err);
    size_t got = 1;

    while (rc == 0 && got > 0) {
        assert_done(li_buffer_reserve(out, out->len + piece, err), err);
        rc = li_decompress_read(d, out->data + out->len, piece, &got, err);
        assert_true(rc < 0 || got <= piece);
        out->len += rc == 0 ? got : 0;
    }
    if (rc == 0) {
        assert_done(li_decompress_read(d, out->data, 1, &got, err), err);
        assert_int_equal(got, 0);
    }
    li_decompress_free(d);
    return rc;
}

struct form {
    enum li_compression compression;
    int (*filter)(struct archive *);
};

static const struct form forms[] = {
    {LI_COMPRESSION_GZIP, archive_write_add_filter_gzip},
    {LI_COMPRESSION_ZSTD, archive_write_add_filter_zstd},
    {LI_COMPRESSION_XZ, archive_write_add_filter_xz},
};

enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

/* Half of it can be compressed. */
static struct stack make_sample(void)
{
    struct stack s = {0};

    tar_random_file(stack_layer(&s), "f", 7, LENGTH / 2);
    tar_pad(&s.layer[0].tar, 1);
    while (s.layer[0].tar.len < LENGTH)
        tar_append(&s.layer[0].tar, "over and over again, ", 21);
    return s;
}

static void any_pieces_give_the_same(void **state)
{
    static const size_t pieces[] = {1, 7, 4096, 100003, 2 * LENGTH};
    struct stack s = make_sample();

    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        const struct li_buffer *stored = &s.layer[0].stored, *plain = &s.layer[0].tar;

        stack_compress(&s, forms[i].filter);
        for (size_t j = 0; j < 25; j++) {
            struct input in = {stored->data, stored->len, pieces[j / 5], false, 0};
            struct li_error err = LI_ERROR_INIT;
            struct li_buffer out = {0};

            assert_done(decompress(forms[i].compression, &in, pieces[j % 5], &out, &err), &err);
            assert_int_equal(out.len, plain->len);
            assert_memory_equal(out.data, plain->data, plain->len);
            assert_true(in.ends <= 1);
            li_buffer_free(&out);
        }
    }
    stack_free(&s);
}

/* gzip is undone once, whatever it gives. libarchive would undo its own twice. */
static void no_form_is_undone_twice(void **state)
{
    struct stack once = make_sample();

    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        const struct li_buffer *inner = &once.layer[0].stored;
        struct stack twice = {0};
        struct li_error err = LI_ERROR_INIT;
        struct li_buffer out = {0};
        struct input in = {.piece = 4096};
        int rc;

        stack_compress(&once, forms[i].filter);
        tar_append(stack_layer(&twice), inner->data, inner->len);
        twice.layer[0].no_end = true;
        stack_compress(&twice, forms[i].filter);
        in.data = twice.layer[0].stored.data;
        in.len = twice.layer[0].stored.len;
        rc = decompress(forms[i].compression, &in, 100003, &out, &err);
        if (forms[i].compression == LI_COMPRESSION_GZIP) {
            assert_done(rc, &err);
            assert_int_equal(out.len, inner->len);
            assert_memory_equal(out.data, inner->data, inner->len);
        } else {
            assert_fails(rc, LI_EUNSUPPORTED, "compressed twice", &err);
        }
        li_buffer_free(&out);
        stack_free(&twice);
    }
    stack_free(&once);
}

/* An error of the source is not taken for damage. */
static void errors_of_the_source_stay(void **state)
{
    struct stack s = make_sample();

    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        const struct li_buffer *stored = &s.layer[0].stored;

        stack_compress(&s, forms[i].filter);
        for (size_t len = 0; len < stored->len; len += len < 40 ? 1 : 90001) {
            struct input in = {stored->data, len, 1000, true, 0};
            struct li_error err = LI_ERROR_INIT;
            struct li_buffer out = {0};
            int rc = decompress(forms[i].compression, &in, 4096, &out, &err);

            if (rc != LI_ENETWORK)
                fail_msg("form %zu, after %zu bytes: %d, \"%s\"", i, len, rc, err.text);
            assert_string_equal(err.text, "the wire is cut");
            assert_int_equal(in.ends, 1);
            li_buffer_free(&out);
        }
    }
    stack_free(&s);
}

/* A bit of it changed: an error or the same, where it is of a header's fields that say nothing of
 * the contents, or where a copy comes from another place with the same bytes. */
static void damaged_gzip_is_told(void **state)
{
    struct stack s = {0};
    struct li_buffer *stored;

    (void)state;
    tar_entries(stack_layer(&s), "a=1 b=2 c/ c/d=3");
    stack_compress(&s, archive_write_add_filter_gzip);
    stored = &s.layer[0].stored;
    for (size_t bit = 0; bit < 8 * stored->len; bit++) {
        struct input in = {stored->data, stored->len, 100, false, 0};
        struct li_error err = LI_ERROR_INIT;
        struct li_buffer out = {0};
        int rc;

        stored->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        rc = decompress(LI_COMPRESSION_GZIP, &in, 5000, &out, &err);
        stored->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (rc == 0) {
            assert_true(bit < 8 * (stored->len - 8));
            assert_int_equal(out.len, s.layer[0].tar.len);
            assert_memory_equal(out.data, s.layer[0].tar.data, out.len);
        } else {
            assert_true(bit < 8 * 4 || bit >= 8 * 10);
            assert_fails(rc, LI_ECORRUPT, "cannot decompress it", &err);
        }
        li_buffer_free(&out);
    }
    stack_free(&s);
}

/* ---- as much as is allowed ---- */

enum { BOMB = 3 * 1000 * 1000 };

static struct stack make_bomb(void)
{
    struct stack s = {0};
    uint8_t *zeros = calloc(1, BOMB);

    assert_non_null(zeros);
    tar_append(stack_layer(&s), zeros, BOMB);
    s.layer[0].no_end = true;
    stack_compress(&s, archive_write_add_filter_gzip);
    assert_true(s.layer[0].stored.len < BOMB / 200);
    free(zeros);
    return s;
}

struct job {
    struct li_blob blob;
    int fd;                      /* where it goes */
    atomic_uint_least64_t total; /* bytes of this and all other layers */
    struct li_tags tags;
    struct li_inflated got;
};

static struct li_universal_key key;

static int inflate_job(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct job *job = arg;
    struct li_inflate how = {.blob = &job->blob,
                             .compression = LI_COMPRESSION_GZIP,
                             .total = &job->total,
                             .dir = "/dev",
                             .key = &key,
                             .tags = &job->tags};

    (void)index;
    li_tags_free(&job->tags);
    return li_inflate(&how, job->fd, team, &job->got, err);
}

static int run_job(struct job *job, struct li_error *err)
{
    struct li_workers *team = NULL;

    assert_done(li_workers_start(1, inflate_job, job, &team, err), err);
    return li_workers_join(team, err);
}

static void a_layer_grows_to_its_limit_only(void **state)
{
    struct stack s = make_bomb();
    struct li_error err = LI_ERROR_INIT;
    struct job job = {.blob = {.name = "bomb", .length = s.layer[0].stored.len},
                      .total = LI_LAYERS_MAX_INFLATED - BOMB};
    uint8_t digest[LI_SHA256_SIZE];
    uint64_t wrong;

    (void)state;
    assert_done(li_universal_key_make(&unit_env, &key, &err), &err);
    assert_done(li_temporary_file("/tmp", &job.blob.fd, &err), &err);
    assert_done(li_pwrite_all(job.blob.fd, s.layer[0].stored.data, s.layer[0].stored.len, 0, &err),
                &err);
    assert_done(li_temporary_file("/tmp", &job.fd, &err), &err);
    assert_done(run_job(&job, &err), &err);
    assert_int_equal(job.got.length, BOMB);
    assert_int_equal(lseek(job.fd, 0, SEEK_END), BOMB);
    assert_done(li_sha256(s.layer[0].tar.data, BOMB, digest, &err), &err);
    assert_memory_equal(job.got.plain_digest, digest, sizeof(digest));
    assert_int_equal(job.tags.count, (BOMB + LI_LAYER_PIECE - 1) / LI_LAYER_PIECE);
    assert_true(li_tags_agree(&job.tags, &key, 0, s.layer[0].tar.data, BOMB, &wrong));
    s.layer[0].tar.data[BOMB - 1] ^= 1;
    assert_false(li_tags_agree(&job.tags, &key, 0, s.layer[0].tar.data, BOMB, &wrong));
    assert_int_equal(wrong, BOMB / LI_LAYER_PIECE * LI_LAYER_PIECE);
    job.total = LI_LAYERS_MAX_INFLATED - BOMB + 1;
    assert_fails(run_job(&job, &err), LI_ELIMIT, "more than 1024 GiB when decompressed", &err);
    li_tags_free(&job.tags);
    close(job.fd);
    close(job.blob.fd);
    stack_free(&s);
}

/* The other thread's failure is told, and not its echo. */
static void a_spool_that_cannot_be_written_is_told(void **state)
{
    struct stack s = make_bomb();
    struct li_error err = LI_ERROR_INIT;
    struct job job = {.blob = {.name = "bomb", .length = s.layer[0].stored.len},
                      .fd = open("/dev/full", O_WRONLY | O_CLOEXEC)};

    (void)state;
    assert_true(job.fd >= 0);
    assert_done(li_temporary_file("/tmp", &job.blob.fd, &err), &err);
    assert_done(li_pwrite_all(job.blob.fd, s.layer[0].stored.data, s.layer[0].stored.len, 0, &err),
                &err);
    assert_fails(run_job(&job, &err), LI_EIO,
                 "spooling the uncompressed layer to a temporary file in /dev: writing", &err);
    li_tags_free(&job.tags);
    close(job.fd);
    close(job.blob.fd);
    stack_free(&s);
}

/* ---- a member of more than 4 GiB ---- */

struct bits {
    struct li_buffer out;
    uint64_t held;
    unsigned count;
};

static void put_bits(struct bits *b, uint64_t value, unsigned count)
{
    b->held |= value << b->count;
    b->count += count;
    while (b->count >= 8) {
        uint8_t byte = (uint8_t)b->held;

        tar_append(&b->out, &byte, 1);
        b->held >>= 8;
        b->count -= 8;
    }
}

/* Zeros, 1 and COUNT times 258 of them: a literal, and copies of what is one byte before. */
static void put_zeros(struct bits *b, uint64_t count)
{
    put_bits(b, 1 | 1 << 1, 3); /* the last block, with the fixed codes */
    put_bits(b, 0x0c, 8);       /* 00110000, the first bit lowest: literal 0 */
    for (uint64_t i = 0; i < count; i++)
        put_bits(b, 0xa3, 13); /* 11000101 00000: 258 bytes at distance 1 */
    put_bits(b, 0, 7);         /* the end of the block */
    put_bits(b, 0, 7);         /* to a whole byte */
}

static uint32_t crc_of_zeros(uint64_t len)
{
    static const uint8_t zeros[1 << 16];
    uint32_t crc = 0;

    for (; len > sizeof(zeros); len -= sizeof(zeros))
        crc = li_crc32(crc, zeros, sizeof(zeros));
    return li_crc32(crc, zeros, (size_t)len);
}

/* Lengths that are counted in 32 bits go around; distances still hold. */
static void more_than_four_gibibytes_come_out(void **state)
{
    const uint64_t count = getenv("SOAK") ? 20 * 1000 * 1000 : 20 * 1000, length = 1 + 258 * count;
    struct bits b = {0};
    struct li_error err = LI_ERROR_INIT;
    struct li_decompress *d = NULL;
    struct input in = {.piece = 1 << 20};
    uint8_t trailer[8], *buf = malloc(1 << 20);
    uint64_t total = 0;
    size_t got = 1;

    (void)state;
    assert_non_null(buf);
    tar_append(&b.out, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
    put_zeros(&b, count);
    li_put_le32(trailer, crc_of_zeros(length));
    li_put_le32(trailer + 4, (uint32_t)length);
    tar_append(&b.out, trailer, sizeof(trailer));
    in.data = b.out.data;
    in.len = b.out.len;
    assert_done(li_decompress_open(LI_COMPRESSION_GZIP, read_input, &in, NULL, &d, &err), &err);
    while (got > 0) {
        assert_done(li_decompress_read(d, buf, 1 << 20, &got, &err), &err);
        total += got;
    }
    assert_int_equal(total, length);
    li_decompress_free(d);
    li_buffer_free(&b.out);
    free(buf);
}

/* A frame says what window it needs before anything else. */
static void long_windows_are_told(void **state)
{
    /* Magic number, no size, a window of 2^28 bytes; an empty last block. */
    static const uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 18 << 3, 1, 0, 0};
    struct input in = {.data = frame, .len = sizeof(frame), .piece = 100};
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer out = {0};

    (void)state;
    assert_fails(decompress(LI_COMPRESSION_ZSTD, &in, 100, &out, &err), LI_EUNSUPPORTED,
                 "window of more than 128 MiB", &err);
    li_buffer_free(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_pieces_give_the_same),
        cmocka_unit_test(no_form_is_undone_twice),
        cmocka_unit_test(errors_of_the_source_stay),
        cmocka_unit_test(damaged_gzip_is_told),
        cmocka_unit_test(a_layer_grows_to_its_limit_only),
        cmocka_unit_test(a_spool_that_cannot_be_written_is_told),
        cmocka_unit_test(more_than_four_gibibytes_come_out),
        cmocka_unit_test(long_windows_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
