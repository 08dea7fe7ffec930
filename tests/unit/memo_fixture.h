/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One push after the other of one stack of layers, with a memo: what is known of each chunk, and
 * the files that are left behind.
 */
#ifndef LI_TESTS_UNIT_MEMO_FIXTURE_H
#define LI_TESTS_UNIT_MEMO_FIXTURE_H

#include "stack.h"
#include "tree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "layer/record.h"
#include "memo/internal.h"

enum { CHUNKS_MAX = 300, BIG = 700 * 1024 };

struct fixture {
    char dir[64];
    struct li_secret salt;
    const char *made_by;
    struct li_env env;
    struct stack stack;
    struct li_memo *memo;
    struct li_chunk_source source;
    uint8_t digest[CHUNKS_MAX][LI_SHA256_SIZE]; /* zeros: the chunk is all zeros */
    unsigned known, unknown;                    /* chunks of data */
    unsigned zeros;                             /* of those that are known */
    struct li_error err;
};

/* Late enough for any file of this test to have settled. */
HELPER int64_t later(void)
{
    return time(NULL) + 100;
}

HELPER int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    tree_make(f->dir);
    f->env = unit_env;
    f->env.now = later;
    f->made_by = "unit";
    memset(f->salt.bytes, 7, sizeof(f->salt.bytes));
    *state = f;
    return 0;
}

HELPER void end_push(struct fixture *f)
{
    stack_close(&f->stack);
    li_memo_free(f->memo);
    f->memo = NULL;
}

HELPER int teardown(void **state)
{
    struct fixture *f = *state;

    end_push(f);
    stack_free(&f->stack);
    tree_remove(f->dir);
    free(f);
    return 0;
}

/* Three layers: big files and small ones, and something that replaces one of each. */
HELPER void make_layers(struct fixture *f)
{
    /* With a chunk of zeros between two others. */
    static uint8_t gap[3 * LI_CHUNK_SIZE];
    struct li_buffer *tar = stack_layer(&f->stack);

    gap[0] = gap[sizeof(gap) - 1] = 1;
    tar_random_file(tar, "a", 1, BIG);
    tar_random_file(tar, "b", 2, BIG);
    tar_put(tar,
            &(struct tar_entry){.path = "gap", .data = gap, .length = sizeof(gap), .mode = 0644});
    tar_entries(tar, "d/ d/one=1 d/two=2 d/link>one d/hard*d/one");
    tar = stack_layer(&f->stack);
    tar_random_file(tar, "e", 3, BIG);
    tar_entries(tar, "d/three=3 .wh.b");
    tar = stack_layer(&f->stack);
    tar_entries(tar, "d/four=4");
}

HELPER char *image_path(const struct fixture *f)
{
    return tree_path(f->dir, "image.tar");
}

HELPER void write_image(struct fixture *f)
{
    struct li_buffer tar = {0};

    stack_pack(&f->stack, &tar);
    tree_write(f->dir, "image.tar", tar.data, tar.len);
    li_buffer_free(&tar);
}

HELPER int begin_push(struct fixture *f)
{
    const struct li_image_options options = {NULL, "linux/amd64"};
    struct stack *s = &f->stack;
    struct li_record *records = NULL;
    char *path = image_path(f);
    int rc = li_image_open(path, &options, &f->env, &s->image, &f->err);

    free(path);
    if (rc == 0)
        rc = li_memo_open(f->dir, &f->salt, f->made_by, &f->env, &f->memo, &f->err);
    if (rc == 0)
        rc = li_memo_recall(f->memo, s->image, &records, &f->err);
    if (rc == 0)
        rc = li_layers_open_known(s->image, &f->env, records, &s->layers, &f->err);
    if (rc == 0)
        rc = li_tree_build(s->layers, LI_LAYOUT_LATEST, &s->tree, &f->err);
    if (rc == 0)
        rc = li_ext4_plan(s->tree, NULL, &s->ext4, &f->err);
    if (rc == 0)
        f->source = li_ext4_source(s->ext4);
    return rc;
}

HELPER void read_chunk(struct fixture *f, uint64_t index, uint8_t *buf)
{
    const uint8_t *digest = f->digest[index];
    bool zeros = false;

    assert_done(li_chunk_read(&f->source, index, buf, &zeros, &f->err), &f->err);
    if (!zeros && !li_chunk_is_zero(buf))
        assert_done(li_sha256(buf, LI_CHUNK_SIZE, f->digest[index], &f->err), &f->err);
    else
        digest = NULL;
    assert_done(li_memo_learn(f->memo, &f->source, index, digest, &f->err), &f->err);
}

/* The digests of all chunks: from the memo, or by reading. */
HELPER void cut(struct fixture *f)
{
    uint8_t *buf = malloc(LI_CHUNK_SIZE), recipe[LI_SHA256_SIZE];
    bool zeros;

    assert_non_null(buf);
    assert_true(f->source.count <= CHUNKS_MAX);
    memset(f->digest, 0, sizeof(f->digest));
    f->known = f->unknown = f->zeros = 0;
    for (uint64_t i = 0; i < f->source.count; i++) {
        size_t layer;
        bool data = f->source.recipe(f->source.self, i, &layer, recipe, &f->err) == 0;
        int rc = li_memo_digest(f->memo, &f->source, i, f->digest[i], &zeros, &f->err);

        assert_done(rc, &f->err);
        f->known += rc == 0;
        f->zeros += rc == 0 && zeros;
        f->unknown += data && rc == LI_END;
        if (rc == LI_END)
            read_chunk(f, i, buf);
    }
    free(buf);
}

/* A push from its begin to its end, with what layers there are. */
HELPER void push(struct fixture *f)
{
    assert_done(begin_push(f), &f->err);
    cut(f);
    assert_done(li_layers_verified(f->stack.layers, &f->err), &f->err);
    assert_done(li_memo_save(f->memo, &f->err), &f->err);
    end_push(f);
}

HELPER void write_and_push(struct fixture *f)
{
    write_image(f);
    push(f);
}

/* The file of the layer INDEX; the caller frees it. */
HELPER char *file_of(const struct fixture *f, size_t index)
{
    const struct li_buffer *tar = &f->stack.layer[index].tar;
    char hex[2 * LI_SHA256_SIZE + 1], context[2 * LI_MEMO_CONTEXT_SIZE + 1];
    struct li_error err = LI_ERROR_INIT;
    struct li_memo *memo = NULL;
    char *path;

    assert_done(li_memo_open(f->dir, &f->salt, f->made_by, &f->env, &memo, &err), &err);
    li_hex_encode(memo->context, sizeof(memo->context), context);
    li_memo_free(memo);
    stack_sha256(tar->data, tar->len, hex);
    path = malloc(strlen(f->dir) + sizeof("/memo/") + sizeof(context) + sizeof(hex));
    assert_non_null(path);
    sprintf(path, "%s/memo/%s/%s", f->dir, context, hex);
    return path;
}

HELPER bool exists(char *path)
{
    bool is = access(path, F_OK) == 0;

    free(path);
    return is;
}

HELPER void change_byte(const char *path, uint64_t at)
{
    struct li_error err = LI_ERROR_INIT;
    int fd = open(path, O_RDWR);
    uint8_t byte;

    assert_true(fd >= 0);
    assert_done(li_pread_all(fd, &byte, 1, at, &err), &err);
    byte ^= 0x40;
    assert_done(li_pwrite_all(fd, &byte, 1, at, &err), &err);
    close(fd);
}

HELPER uint64_t size_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

/* Where in the image's file the bytes of "a" of make_layers() lie. */
HELPER uint64_t place_of_a(const struct fixture *f)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t *want = tar_bytes(1, BIG), *got;
    char *path = image_path(f);
    struct li_buffer all = {0};
    uint64_t at;

    assert_done(li_read_file(path, SIZE_MAX / 2, &all, &err), &err);
    got = memmem(all.data, all.len, want, BIG);
    assert_non_null(got);
    at = (uint64_t)(got - all.data);
    free(want);
    free(path);
    li_buffer_free(&all);
    return at;
}

#define WITH_MEMO(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
