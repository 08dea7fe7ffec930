/* SPDX-License-Identifier: Apache-2.0 */
/* Records of layers in the memo: what is damaged, and what is too long. */
#include "tests/fixtures/memo_fixture.h"

static void expect_ignored(struct fixture *f, const uint8_t first[CHUNKS_MAX][LI_SHA256_SIZE])
{
    write_and_push(f);
    assert_true(f->unknown > 0);
    assert_memory_equal(first, f->digest, sizeof(f->digest));
    push_once(f);
    assert_int_equal(f->unknown, 0);
}

/* Each byte of a record counts, and each byte behind it. */
static void a_damaged_record_is_none(void **state)
{
    struct fixture *f = *state;
    uint8_t first[CHUNKS_MAX][LI_SHA256_SIZE];
    struct li_buffer rows = {0};
    struct li_record record = {0};
    uint8_t diff_id[LI_SHA256_SIZE];
    uint64_t size;
    char *path;

    make_layers(f);
    write_and_push(f);
    memcpy(first, f->digest, sizeof(first));
    path = file_of(f, 2);
    size = size_of(path);
    assert_done(li_sha256(f->stack.layer[2].tar.data, f->stack.layer[2].tar.len, diff_id, &f->err),
                &f->err);
    assert_done(li_memo_open(f->dir, &f->salt, f->made_by, &f->env, &f->memo, &f->err), &f->err);
    for (uint64_t i = 0; i < size; i++) {
        change_byte(path, i);
        assert_int_equal(li_memo_read_layer(f->memo, diff_id, &record, &rows, &f->err), LI_END);
        assert_false(record.whole);
        assert_int_equal(rows.len, 0);
        change_byte(path, i);
    }
    assert_int_equal(li_memo_read_layer(f->memo, diff_id, &record, &rows, &f->err), 0);
    assert_true(record.whole && rows.len > 0);
    end_push(f);
    for (uint64_t left = size; left > 0; left = left > 40 ? left - 40 : 0) {
        assert_int_equal(truncate(path, (off_t)(left - 1)), 0);
        expect_ignored(f, first);
    }
    assert_int_equal(truncate(path, (off_t)(size + 1)), 0);
    expect_ignored(f, first);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    write_image(f);
    assert_done(begin_push(f), &f->err);
    cut(f);
    assert_memory_equal(first, f->digest, sizeof(first));
    li_record_drop(&record);
    li_buffer_free(&rows);
    free(path);
}

static int count_visit(void *arg, const struct li_entry *entry, struct li_error *err)
{
    size_t *sum = arg;

    (void)err;
    *sum += strlen(entry->path) + (entry->target ? strlen(entry->target) : 0) +
            (entry->left_out ? strlen(entry->left_out) : 0) +
            (entry->named_acl ? strlen(entry->named_acl) : 0) + (entry->zeros ? 1000 : 0) +
            (size_t)(entry->inode.mtime == -62135596800 ? 7000 : 0);
    for (size_t i = 0; i < entry->xattr_count; i++)
        for (size_t j = 0; j < entry->xattrs[i].size; j++)
            *sum += entry->xattrs[i].value[j];
    for (size_t i = 0; i < entry->run_count; i++)
        *sum += entry->runs[i].length;
    return 0;
}

/* Replaces a record's entries by these bytes. */
static void repack(struct li_record *record, const uint8_t *entries, size_t len)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t *piece;

    li_packed_free(&record->entries);
    assert_done(li_packed_add(&record->entries, len, &piece, &err), &err);
    memcpy(piece, entries, len);
    assert_done(li_packed_end(&record->entries, &err), &err);
}

/* The entries of a record that has one block of them. */
static struct li_buffer unpack(const struct li_record *record)
{
    struct li_unpacking reading = li_unpacking_begin(&record->entries.blocks);
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer out = {0};

    assert_int_equal(li_unpacking_next(&reading, &err), 0);
    assert_done(li_buffer_append(&out, reading.pieces.next, reading.pieces.left, &err), &err);
    assert_int_equal(li_unpacking_next(&reading, &err), LI_END);
    li_unpacking_end(&reading);
    return out;
}

/* How many of the records that differ from PLAIN by one bit are refused. */
static size_t refused_flips(struct li_buffer *plain, struct li_record *record, size_t *visited)
{
    size_t refused = 0;

    for (size_t i = 0; i < 8 * plain->len; i++) {
        const uint8_t bit = (uint8_t)(1U << i % 8);
        struct li_error err = LI_ERROR_INIT;
        int rc;

        plain->data[i / 8] ^= bit;
        repack(record, plain->data, plain->len);
        rc = li_record_replay(record, 0, 0, count_visit, visited, &err);
        assert_true(rc == 0 || rc == LI_ECORRUPT);
        refused += rc < 0;
        plain->data[i / 8] ^= bit;
    }
    return refused;
}

/* Without the check of its MAC, the reader of entries stays within them all the same. */
static void entries_are_not_believed(void **state)
{
    static const struct li_sparse_run runs[] = {{0, 5}, {10, 7}};
    static const struct li_xattr xattrs[] = {{"user.a", (const uint8_t *)"value", 5},
                                             {"user.b", (const uint8_t *)"", 0}};
    static const struct li_entry entries[] = {
        {.path = "dir/",
         .left_out = "com.apple.macl",
         .named_acl = "user:lisa",
         .inode = {.mode = S_IFDIR | 0755, .mtime = -62135596800},
         .xattrs = xattrs,
         .xattr_count = 2},
        {.path = "dir/sparse",
         .inode = {.mode = S_IFREG | 0644, .size = 100, .data = 512},
         .sparse = true,
         .zeros = true,
         .runs = runs,
         .run_count = 2},
        {.path = "link", .target = "dir", .inode = {.mode = S_IFLNK | 0777, .size = 3}},
        {.path = "hard", .hard_link = "dir/sparse"},
    };
    struct fixture *f = *state;
    struct li_record record = {.length = 2048}, other = {.length = 2048};
    size_t want = 0, got = 0, refused = 0;
    struct li_buffer plain;

    for (size_t i = 0; i < 4; i++)
        li_record_add(&record, &entries[i]);
    li_record_end(&record);
    assert_false(record.hopeless);
    for (size_t i = 0; i < 4; i++)
        assert_done(count_visit(&want, &entries[i], &f->err), &f->err);
    assert_done(li_record_replay(&record, 0, 0, count_visit, &got, &f->err), &f->err);
    assert_int_equal(got, want);
    plain = unpack(&record);
    assert_true(refused_flips(&plain, &other, &got) > plain.len);
    for (size_t len = 1; len < plain.len; len++) {
        struct li_error err = LI_ERROR_INIT;

        repack(&other, plain.data, len);
        refused += li_record_replay(&other, 0, 0, count_visit, &got, &err) == LI_ECORRUPT;
    }
    assert_int_equal(refused, plain.len - 1 - 3);
    record.length = 512 + 11;
    assert_fails(li_record_replay(&record, 0, 0, count_visit, &got, &f->err), LI_ECORRUPT,
                 "a record of a layer is broken", &f->err);
    li_record_drop(&record);
    li_record_drop(&other);
    li_buffer_free(&plain);
}

static void a_record_that_is_too_long_is_none(void **state)
{
    struct fixture *f = *state;
    size_t room = LI_RECORD_PASSING_MAX + 3 * LI_SCAN_MAX_PATH, all = room;
    struct li_record record = {0}, kept = {.room = &room}, other = {.room = &room};
    char *target = (char *)tar_bytes(1, LI_SCAN_MAX_PATH + 1);
    struct li_entry entry = {.path = "hard", .hard_link = target};

    (void)f;
    /* What cannot be packed. */
    for (size_t i = 0; i < LI_SCAN_MAX_PATH; i++)
        target[i] |= target[i] == 0;
    target[LI_SCAN_MAX_PATH] = '\0';
    for (int i = 0; i < LI_RECORD_PASSING_MAX / LI_SCAN_MAX_PATH; i++) {
        assert_false(record.hopeless);
        li_record_add(&record, &entry);
        li_record_add(&kept, &entry);
    }
    li_record_end(&record);
    assert_true(record.hopeless && !record.entries.blocks.data && !record.entries.open.data);
    li_record_end(&kept);
    assert_false(kept.hopeless);
    assert_int_equal(room, all - kept.entries.blocks.len);
    /* What is kept of one layer is no longer there for another, until that gives up. */
    for (int i = 0; i < 3; i++) {
        assert_false(other.hopeless);
        li_record_add(&other, &entry);
    }
    li_record_end(&other);
    assert_true(other.hopeless && !other.entries.blocks.data);
    assert_int_equal(room, all - kept.entries.blocks.len);
    li_record_drop(&kept);
    assert_int_equal(room, all);
    free(target);
}

/* A million entries are kept of a layer, where the limit was reached by fewer when they were kept
 * as they are. */
static void a_record_of_many_entries_is_small(void **state)
{
    enum { MANY = 1000000 };
    size_t room = LI_RECORD_KEPT_MAX, seen = 0, sum = 0;
    struct li_record record = {.room = &room};
    struct fixture *f = *state;
    char path[64];

    for (uint32_t i = 0; i < MANY; i++) {
        struct li_entry entry = {.path = path, .inode = {.mode = S_IFREG | 0644, .uid = 1000}};

        snprintf(path, sizeof(path), "directory-%u/file-%08x", i / 1000, i * 2654435761U);
        entry.inode.mtime = 1700000000 + i % 1000;
        entry.inode.size = i % 5000;
        entry.inode.data = 1024 * (uint64_t)i;
        sum += strlen(path);
        li_record_add(&record, &entry);
    }
    li_record_end(&record);
    record.length = 1025 * (uint64_t)MANY + 5000;
    assert_false(record.hopeless);
    assert_true(record.entries.blocks.len < 30 * (size_t)MANY);
    assert_null(record.entries.open.data);
    assert_done(li_record_replay(&record, 0, 0, count_visit, &seen, &f->err), &f->err);
    assert_int_equal(seen, sum);
    li_record_drop(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MEMO(a_damaged_record_is_none),
        WITH_MEMO(entries_are_not_believed),
        WITH_MEMO(a_record_that_is_too_long_is_none),
        WITH_MEMO(a_record_of_many_entries_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
