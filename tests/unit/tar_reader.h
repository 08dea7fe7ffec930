/* SPDX-License-Identifier: Apache-2.0 */
/* A tar in memory, and a reader on it. */
#ifndef LI_TESTS_UNIT_TAR_READER_H
#define LI_TESTS_UNIT_TAR_READER_H

#include "tar.h"

#include "tar/tar.h"

/* Whoever looks gets a copy of what was asked for, and of no byte more, until the next look: so a
 * sanitizer sees what is read of another. */
struct tar_memory {
    const struct li_buffer *tar;
    uint8_t *copy;
    uint64_t looks, looked; /* how many, and at how many bytes */
    uint64_t fails_at;      /* the look that fails, from 1 on; 0: none */
};

HELPER int tar_memory_look(void *self, uint64_t offset, size_t len, const uint8_t **bytes,
                           struct li_error *err)
{
    struct tar_memory *m = self;

    assert_true(len <= LI_TAR_SPECIAL_MAX);
    assert_true(offset <= m->tar->len && len <= m->tar->len - offset);
    if (++m->looks == m->fails_at)
        return li_fail(err, LI_EIO, "the test fails this look");
    m->looked += len;
    free(m->copy);
    m->copy = malloc(len ? len : 1);
    assert_non_null(m->copy);
    memcpy(m->copy, m->tar->data + offset, len);
    *bytes = m->copy;
    return 0;
}

struct tar_reading {
    struct tar_memory memory;
    struct li_tar *tar;
    const struct li_tar_entry *entry;
};

/* TAR stays where it is, unchanged, until tar_close(). */
HELPER void tar_open(struct tar_reading *r, const struct li_buffer *tar)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_tar_source source = {&r->memory, tar->len, tar_memory_look};

    *r = (struct tar_reading){.memory = {.tar = tar}};
    assert_done(li_tar_new(&source, &r->tar, &err), &err);
}

HELPER int tar_next(struct tar_reading *r, struct li_error *err)
{
    return li_tar_next(r->tar, &r->entry, err);
}

HELPER void tar_close(struct tar_reading *r)
{
    li_tar_free(r->tar);
    free(r->memory.copy);
}

/* The next entry, which must come. */
HELPER const struct li_tar_entry *tar_expect(struct tar_reading *r)
{
    struct li_error err = LI_ERROR_INIT;

    assert_done(tar_next(r, &err), &err);
    assert_non_null(r->entry);
    return r->entry;
}

/* The end, twice. */
HELPER void tar_expect_end(struct tar_reading *r)
{
    for (int i = 0; i < 2; i++) {
        struct li_error err = LI_ERROR_INIT;

        assert_done(tar_next(r, &err), &err);
        assert_null(r->entry);
    }
    tar_close(r);
}

/* All paths of TAR, a blank between them, and the end. Frees the tar. */
HELPER void tar_expect_paths(struct li_buffer *tar, const char *want)
{
    struct li_buffer paths = {0};
    struct li_error err = LI_ERROR_INIT;
    struct tar_reading r;

    tar_open(&r, tar);
    for (;;) {
        assert_done(tar_next(&r, &err), &err);
        if (!r.entry)
            break;
        tar_append(&paths, " ", paths.len > 0);
        tar_append(&paths, r.entry->path, strlen(r.entry->path));
    }
    tar_append(&paths, "", 1);
    assert_string_equal((char *)paths.data, want);
    li_buffer_free(&paths);
    tar_close(&r);
    li_buffer_free(tar);
}

/* Reading TAR fails so, with PATH as the failed entry's. Frees the tar. */
HELPER void tar_expect_failure(struct li_buffer *tar, int code, const char *words, const char *path)
{
    struct li_error err = LI_ERROR_INIT;
    struct tar_reading r;
    int rc;

    tar_open(&r, tar);
    while ((rc = tar_next(&r, &err)) == 0)
        if (!r.entry)
            fail_msg("no error with \"%s\"", words);
    assert_fails(rc, code, words, &err);
    assert_string_equal(li_tar_failed_path(r.tar), path);
    tar_close(&r);
    li_buffer_free(tar);
}

#endif
