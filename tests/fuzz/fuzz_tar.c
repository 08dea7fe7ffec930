/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar reader by itself: it ends, looks at each byte a bounded number of times and at none
 * outside the tar, and its entries are what its header promises. The first byte says whether
 * checksums are put right.
 */
#include "fuzz.h"

#include "tests/fixtures/tar_reader.h"

static bool may_link(const struct li_tar_entry *e)
{
    return e->type == LI_TAR_HARD_LINK || e->type == LI_TAR_SYMLINK;
}

static void check_runs(const struct li_tar_entry *e)
{
    uint64_t end = 0, stored = 0;

    assert_true(e->run_count <= LI_TAR_RUNS_MAX);
    for (size_t i = 0; i < e->run_count; i++) {
        const struct li_tar_run *run = &e->runs[i];

        assert_true(run->length > 0 && run->offset >= end && run->offset <= e->size &&
                    run->length <= e->size - run->offset);
        end = run->offset + run->length;
        stored += run->length;
    }
    assert_int_equal(stored, e->sparse ? e->stored : 0);
    assert_true(e->sparse || e->run_count == 0);
    assert_true(e->sparse || e->size == e->stored);
}

static void check_records(const struct li_tar_entry *e)
{
    for (size_t i = 0; i < e->record_count; i++) {
        const struct li_tar_record *r = &e->records[i];

        assert_true(r->key_length > 0 && !memchr(r->key, '=', r->key_length) &&
                    !memchr(r->key, '\0', r->key_length));
        assert_int_equal(r->value[r->value_length], '\0');
        for (size_t j = 0; e->record_count < 200 && j < i; j++)
            assert_false(e->records[j].key_length == r->key_length &&
                         memcmp(e->records[j].key, r->key, r->key_length) == 0);
    }
}

static void check_entry(const struct li_tar_entry *e, uint64_t begin, uint64_t length)
{
    assert_true(e->type >= LI_TAR_FILE && e->type <= LI_TAR_FIFO);
    assert_true(strlen(e->path) <= LI_TAR_SPECIAL_MAX && strlen(e->link) <= LI_TAR_SPECIAL_MAX);
    assert_true(may_link(e) || !*e->link);
    assert_true(e->mode <= 07777 && e->mtime_nsec < 1000000000);
    assert_true(e->header % TAR_BLOCK == 0 && e->data % TAR_BLOCK == 0);
    assert_true(e->header >= begin && e->data >= e->header + TAR_BLOCK);
    assert_true(e->data <= length && e->stored <= length - e->data);
    assert_true(e->type == LI_TAR_FILE || (e->size == 0 && e->stored == 0 && !e->sparse));
    check_runs(e);
    check_records(e);
}

static void read_all(const struct li_buffer *tar)
{
    struct li_error err = LI_ERROR_INIT;
    struct tar_reading r;
    uint64_t begin = 0;
    int rc;

    tar_open(&r, tar);
    while ((rc = tar_next(&r, &err)) == 0 && r.entry) {
        check_entry(r.entry, begin, tar->len);
        begin = r.entry->data + r.entry->stored;
    }
    fuzz_check_error(rc, &err);
    if (rc < 0)
        assert_true(strlen(li_tar_failed_path(r.tar)) <= LI_TAR_SPECIAL_MAX);
    else
        assert_int_equal(tar_next(&r, &err), 0);
    assert_true(rc < 0 || !r.entry);
    assert_true(r.memory.looked <= 4 * (uint64_t)tar->len + 4 * TAR_BLOCK);
    tar_close(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct li_buffer tar = {0};

    if (size == 0)
        return 0;
    tar_append(&tar, data + 1, size - 1);
    if (data[0] & 1 && tar.len)
        fuzz_fix_checksums(tar.data, tar.len);
    read_all(&tar);
    li_buffer_free(&tar);
    return 0;
}
