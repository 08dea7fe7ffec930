/* SPDX-License-Identifier: Apache-2.0 */
/* The memo: what it knows of layers, when it does not, and what it does to the reading of them. */
#include "stack.h"
#include "tree.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "layer/record.h"
#include "memo/internal.h"

enum { CHUNKS_MAX = 300, BIG = 700 * 1024 };

/* One push after the other of one stack of layers. */
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
static int64_t later(void)
{
    return time(NULL) + 100;
}

static int setup(void **state)
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

static void end_push(struct fixture *f)
{
    stack_close(&f->stack);
    li_memo_free(f->memo);
    f->memo = NULL;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    end_push(f);
    stack_free(&f->stack);
    tree_remove(f->dir);
    free(f);
    return 0;
}

/* Three layers: big files and small ones, and something that replaces one of each. */
static void make_layers(struct fixture *f)
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

static char *image_path(const struct fixture *f)
{
    return tree_path(f->dir, "image.tar");
}

static void write_image(struct fixture *f)
{
    struct li_buffer tar = {0};

    stack_pack(&f->stack, &tar);
    tree_write(f->dir, "image.tar", tar.data, tar.len);
    li_buffer_free(&tar);
}

static int begin_push(struct fixture *f)
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
        rc = li_tree_build(s->layers, &s->tree, &f->err);
    if (rc == 0)
        rc = li_ext4_plan(s->tree, NULL, &s->ext4, &f->err);
    if (rc == 0)
        f->source = li_ext4_source(s->ext4);
    return rc;
}

static void read_chunk(struct fixture *f, uint64_t index, uint8_t *buf)
{
    const uint8_t *digest = f->digest[index];
    int rc = f->source.read(f->source.self, index, buf, &f->err);

    assert_done(rc, &f->err);
    if (rc == 0 && !li_chunk_is_zero(buf))
        assert_done(li_sha256(buf, LI_CHUNK_SIZE, f->digest[index], &f->err), &f->err);
    else
        digest = NULL;
    assert_done(li_memo_learn(f->memo, &f->source, index, digest, &f->err), &f->err);
}

/* The digests of all chunks: from the memo, or by reading. */
static void cut(struct fixture *f)
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
static void push(struct fixture *f)
{
    assert_done(begin_push(f), &f->err);
    cut(f);
    assert_done(li_layers_verified(f->stack.layers, &f->err), &f->err);
    assert_done(li_memo_unchanged(f->memo, &f->err), &f->err);
    assert_done(li_memo_save(f->memo, &f->err), &f->err);
    end_push(f);
}

static void write_and_push(struct fixture *f)
{
    write_image(f);
    push(f);
}

/* The file of the layer INDEX, or with STAMP its stamp; the caller frees it. */
static char *file_of(const struct fixture *f, size_t index, bool stamp)
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
    assert_true(asprintf(&path, "%s/memo/%s/%s%s", f->dir, context, hex, stamp ? ".at" : "") > 0);
    return path;
}

static bool exists(char *path)
{
    bool is = access(path, F_OK) == 0;

    free(path);
    return is;
}

static void change_byte(const char *path, uint64_t at)
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

static uint64_t size_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

/* Where in the image's file the bytes of "a" of make_layers() lie. */
static uint64_t place_of_a(const struct fixture *f)
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

        push(f);
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
    push(f);
    assert_int_equal(f->known, 0);
    f->salt.bytes[31] ^= 1;
    push(f);
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
    push(f);
    assert_int_equal(f->known, 0);
    push(f);
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
    push(f);
    assert_int_equal(f->unknown, 0);
}

static void expect_ignored(struct fixture *f, const uint8_t first[CHUNKS_MAX][LI_SHA256_SIZE])
{
    write_and_push(f);
    assert_true(f->unknown > 0);
    assert_memory_equal(first, f->digest, sizeof(f->digest));
    push(f);
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
    path = file_of(f, 2, false);
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
    *sum += strlen(entry->path) + (entry->target ? strlen(entry->target) : 0);
    for (size_t i = 0; i < entry->xattr_count; i++)
        for (size_t j = 0; j < entry->xattrs[i].size; j++)
            *sum += entry->xattrs[i].value[j];
    for (size_t i = 0; i < entry->run_count; i++)
        *sum += entry->runs[i].length;
    return 0;
}

/* Without the check of its MAC, the reader of entries stays within them all the same. */
static void entries_are_not_believed(void **state)
{
    static const struct li_sparse_run runs[] = {{0, 5}, {10, 7}};
    static const struct li_xattr xattrs[] = {{"user.a", (const uint8_t *)"value", 5},
                                             {"user.b", (const uint8_t *)"", 0}};
    const struct li_entry entries[] = {
        {.path = "dir/", .inode = {.mode = S_IFDIR | 0755}, .xattrs = xattrs, .xattr_count = 2},
        {.path = "dir/sparse",
         .inode = {.mode = S_IFREG | 0644, .size = 100, .data = 512},
         .sparse = 1,
         .runs = runs,
         .run_count = 2},
        {.path = "link", .target = "dir", .inode = {.mode = S_IFLNK | 0777, .size = 3}},
        {.path = "hard", .hard_link = "dir/sparse"},
    };
    struct fixture *f = *state;
    struct li_record record = {.length = 2048}, cut_off;
    size_t want = 0, got = 0, refused = 0;

    for (size_t i = 0; i < 4; i++)
        li_record_add(&record, &entries[i]);
    assert_false(record.hopeless);
    for (size_t i = 0; i < 4; i++)
        assert_done(count_visit(&want, &entries[i], &f->err), &f->err);
    assert_done(li_record_replay(&record, 0, 0, count_visit, &got, &f->err), &f->err);
    assert_int_equal(got, want);
    for (size_t i = 0; i < record.entries.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            int rc;

            record.entries.data[i] ^= (uint8_t)(1U << bit);
            rc = li_record_replay(&record, 0, 0, count_visit, &got, &f->err);
            assert_true(rc == 0 || rc == LI_ECORRUPT);
            refused += rc < 0;
            record.entries.data[i] ^= (uint8_t)(1U << bit);
        }
    }
    assert_true(refused > record.entries.len);
    refused = 0;
    for (size_t len = 1; len < record.entries.len; len++) {
        struct li_error err = LI_ERROR_INIT;

        /* On the heap and as long as it is said to be, so that a step too far is seen. */
        cut_off = (struct li_record){.length = record.length};
        cut_off.entries.data = malloc(len);
        assert_non_null(cut_off.entries.data);
        memcpy(cut_off.entries.data, record.entries.data, len);
        cut_off.entries.len = len;
        refused += li_record_replay(&cut_off, 0, 0, count_visit, &got, &err) == LI_ECORRUPT;
        free(cut_off.entries.data);
    }
    assert_int_equal(refused, record.entries.len - 1 - 3);
    record.length = 512 + 11;
    assert_fails(li_record_replay(&record, 0, 0, count_visit, &got, &f->err), LI_ECORRUPT,
                 "a record of a layer is broken", &f->err);
    li_record_drop(&record);
}

static void a_record_that_is_too_long_is_none(void **state)
{
    struct fixture *f = *state;
    size_t room = LI_RECORD_PASSING_MAX + 3 * LI_TREE_PATH_MAX, all = room;
    struct li_record record = {0}, kept = {.room = &room}, other = {.room = &room};
    char *target = calloc(1, LI_TREE_PATH_MAX + 1);
    struct li_entry entry = {.path = "hard", .hard_link = target};

    (void)f;
    assert_non_null(target);
    memset(target, 'x', LI_TREE_PATH_MAX);
    for (int i = 0; i < LI_RECORD_PASSING_MAX / LI_TREE_PATH_MAX; i++) {
        assert_false(record.hopeless);
        li_record_add(&record, &entry);
        li_record_add(&kept, &entry);
    }
    assert_true(record.hopeless && !record.entries.data);
    assert_false(kept.hopeless);
    assert_int_equal(room, all - kept.entries.len);
    /* What is kept of one layer is no longer there for another, until that gives up. */
    li_record_add(&other, &entry);
    assert_false(other.hopeless);
    li_record_add(&other, &entry);
    li_record_add(&other, &entry);
    assert_true(other.hopeless && !other.entries.data);
    assert_int_equal(room, all - kept.entries.len);
    li_record_drop(&kept);
    free(target);
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
    change_byte(path, place_of_a(f) + 5);
    push(f);
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
    push(f);
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
    push(f);
    assert_int_equal(f->unknown, 0);
    f->stack.count = 5;
}

/* A layer that has to be read, in a file that is as it was when the layer was checked. */
static void bytes_that_lie_where_they_lay_are_not_hashed_again(void **state)
{
    struct timespec times[2] = {{0, UTIME_OMIT}, {0, 0}};
    struct fixture *f = *state;
    uint8_t byte;
    char *path = image_path(f);
    struct stat st;

    make_layers(f);
    write_and_push(f);
    assert_true(exists(file_of(f, 0, true)));
    assert_done(begin_push(f), &f->err);
    assert_true(li_layers_record(f->stack.layers, 0)->checked);
    assert_done(li_layers_read(f->stack.layers, 0, &byte, 1, 0, &f->err), &f->err);
    assert_done(li_layers_verified(f->stack.layers, &f->err), &f->err);
    assert_true(li_layers_record(f->stack.layers, 0)->relied);
    assert_done(li_memo_unchanged(f->memo, &f->err), &f->err);
    /* The change of a byte that keeps size and time of modification. */
    assert_int_equal(stat(path, &st), 0);
    usleep(20000);
    change_byte(path, place_of_a(f));
    times[1] = st.st_mtim;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_fails(li_memo_unchanged(f->memo, &f->err), LI_ECORRUPT, "was changed while it was read",
                 &f->err);
    end_push(f);
    assert_done(begin_push(f), &f->err);
    assert_false(li_layers_record(f->stack.layers, 0)->checked);
    assert_done(li_layers_read(f->stack.layers, 0, &byte, 1, 0, &f->err), &f->err);
    assert_fails(li_layers_verified(f->stack.layers, &f->err), LI_ECORRUPT, "diff ID", &f->err);
    free(path);
}

static void a_file_that_was_just_written_gets_no_stamp(void **state)
{
    struct fixture *f = *state;

    f->env.now = unit_now;
    make_layers(f);
    write_and_push(f);
    assert_true(exists(file_of(f, 0, false)));
    assert_false(exists(file_of(f, 0, true)));
}

static void a_damaged_stamp_is_none(void **state)
{
    struct fixture *f = *state;
    char *path;

    make_layers(f);
    write_and_push(f);
    path = file_of(f, 0, true);
    for (uint64_t i = 0, size = size_of(path); i < size; i++) {
        change_byte(path, i);
        assert_done(begin_push(f), &f->err);
        assert_false(li_layers_record(f->stack.layers, 0)->checked);
        end_push(f);
        change_byte(path, i);
    }
    free(path);
}

static void set_age(const char *path, int64_t days)
{
    struct timespec times[2] = {{later() - days * LI_MEMO_DAY, 0},
                                {later() - days * LI_MEMO_DAY, 0}};

    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void what_was_used_longest_ago_goes_first(void **state)
{
    struct fixture *f = *state;
    char *path[3], *left, *fresh;
    uint64_t size = 0;

    make_layers(f);
    write_and_push(f);
    for (size_t i = 0; i < 3; i++) {
        path[i] = file_of(f, i, false);
        free(f->stack.layer[i].stored.data);
        f->stack.layer[i].stored = (struct li_buffer){0};
        left = file_of(f, i, true);
        assert_int_equal(unlink(left), 0);
        free(left);
        size += size_of(path[i]);
    }
    set_age(path[0], 9);
    set_age(path[1], 11);
    set_age(path[2], 10);
    left = tree_path(path[0], "");
    strcpy(strrchr(left, '/') - 64, ".tmp-1");
    fresh = strdup(left);
    assert_non_null(fresh);
    fresh[strlen(fresh) - 1] = '2';
    close(open(left, O_CREAT | O_WRONLY, 0600));
    close(open(fresh, O_CREAT | O_WRONLY, 0600));
    set_age(left, 2);
    set_age(fresh, 0);
    assert_done(li_memo_open(f->dir, &f->salt, f->made_by, &f->env, &f->memo, &f->err), &f->err);
    li_memo_limit(f->memo, size);
    assert_false(exists(left));
    assert_true(exists(fresh));
    assert_true(exists(strdup(path[1])));
    li_memo_limit(f->memo, size - 1);
    assert_false(exists(strdup(path[1])));
    assert_true(exists(strdup(path[2])));
    li_memo_limit(f->memo, size_of(path[0]));
    assert_false(exists(strdup(path[2])));
    assert_true(exists(strdup(path[0])));
    li_memo_free(f->memo);
    f->memo = NULL;
    /* Use makes young again. */
    push(f);
    set_age(path[0], 9);
    push(f);
    {
        struct stat st;

        assert_int_equal(stat(path[0], &st), 0);
        assert_true(st.st_mtime > later() - LI_MEMO_DAY);
    }
    for (size_t i = 0; i < 3; i++)
        free(path[i]);
}

static void only_its_owner_sees_it(void **state)
{
    struct fixture *f = *state;
    char *path, *memo = tree_path(f->dir, "memo");
    mode_t mask = umask(0);
    struct stat st;

    make_layers(f);
    write_and_push(f);
    umask(mask);
    path = file_of(f, 0, false);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(memo, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    *strrchr(path, '/') = '\0';
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    free(path);
    free(memo);
}

#define WITH_MEMO(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MEMO(a_second_push_knows_every_chunk),
        WITH_MEMO(layers_are_known_by_what_they_hold),
        WITH_MEMO(nothing_is_known_under_another_salt),
        WITH_MEMO(nothing_is_known_of_another_version),
        WITH_MEMO(a_hidden_file_costs_its_own_chunks),
        WITH_MEMO(a_damaged_record_is_none),
        WITH_MEMO(entries_are_not_believed),
        WITH_MEMO(a_record_that_is_too_long_is_none),
        WITH_MEMO(a_known_layer_is_read_when_it_is_needed),
        WITH_MEMO(a_layer_of_another_length_is_not_the_known_one),
        WITH_MEMO(a_known_layer_is_inflated_when_it_is_needed),
        WITH_MEMO(an_image_may_have_a_layer_twice),
        WITH_MEMO(bytes_that_lie_where_they_lay_are_not_hashed_again),
        WITH_MEMO(a_file_that_was_just_written_gets_no_stamp),
        WITH_MEMO(a_damaged_stamp_is_none),
        WITH_MEMO(what_was_used_longest_ago_goes_first),
        WITH_MEMO(only_its_owner_sees_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
