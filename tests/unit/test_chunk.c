/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdatomic.h>

#include "base/io.h"
#include "chunk/source.h"
#include "tree.h"

enum { CHUNKS = 9 };

/* Chunks 0, 3 and 6 are zeros, 1, 4 and 7 are said to be; the others hold their index. */
static int read_thirds(void *self, uint64_t index, uint8_t *buf, struct li_error *err)
{
    uint64_t *bad = self;

    if (bad && index == *bad)
        return li_fail(err, LI_EIO, "chunk %d cannot be read", (int)index);
    if (index % 3 == 1)
        return LI_END;
    memset(buf, 0, LI_CHUNK_SIZE);
    if (index % 3 == 2)
        buf[LI_CHUNK_SIZE - 1] = (uint8_t)index;
    return 0;
}

static void note_progress(void *arg, uint64_t done, uint64_t total)
{
    if (done <= total)
        atomic_fetch_add((atomic_int *)arg, 1);
}

static int refuse(void *arg, struct li_error *err)
{
    (void)arg;
    return li_fail(err, LI_EINVALID, "refused");
}

static void sources_become_sparse_files(void **state)
{
    struct li_chunk_source source = {.count = CHUNKS, .read = read_thirds};
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer out = {0};
    char dir[64];
    atomic_int reports = 0;
    struct li_progress progress = {note_progress, &reports};
    uint64_t bad = 5;
    struct stat st;
    char *path;

    (void)state;
    tree_make(dir);
    path = tree_path(dir, "image");
    assert_done(li_chunk_write_file(&source, path, 3, NULL, NULL, &progress, &err), &err);
    assert_int_equal(reports, CHUNKS);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, CHUNKS * LI_CHUNK_SIZE);
    assert_true(st.st_blocks <= 4 * LI_CHUNK_SIZE / 512);
    assert_done(li_read_file(path, CHUNKS * LI_CHUNK_SIZE, &out, &err), &err);
    for (uint64_t i = 0; i < out.len; i++)
        if (out.data[i] !=
            (i % (3 * LI_CHUNK_SIZE) == 3 * LI_CHUNK_SIZE - 1 ? i / LI_CHUNK_SIZE : 0))
            fail_msg("byte %llu is wrong", (unsigned long long)i);
    unlink(path);

    assert_fails(li_chunk_write_file(&source, path, 3, refuse, NULL, NULL, &err), LI_EINVALID,
                 "refused", &err);
    source.self = &bad;
    assert_fails(li_chunk_write_file(&source, path, 3, NULL, NULL, NULL, &err), LI_EIO, "chunk 5",
                 &err);
    assert_false(tree_has(dir, "image"));
    free(path);
    li_buffer_free(&out);
    tree_remove(dir);
}

static void zero_chunks_are_recognised(void **state)
{
    uint8_t *buf = calloc(1, LI_CHUNK_SIZE);
    static const size_t places[] = {0, 7, 8, 9, LI_CHUNK_SIZE / 2, LI_CHUNK_SIZE - 1};

    (void)state;
    assert_non_null(buf);
    assert_true(li_chunk_is_zero(buf));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        buf[places[i]] = 1;
        assert_false(li_chunk_is_zero(buf));
        buf[places[i]] = 0;
    }
    free(buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_become_sparse_files),
        cmocka_unit_test(zero_chunks_are_recognised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
