/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large directories. e2fsck checks the trees; lookups are done here as the kernel does them, since
 * libext2fs looks through all blocks and the reader shares an author with the writer.
 */
#include "tests/fixtures/comparison.h"
#include "tests/fixtures/ext4_image.h"

#include "base/bytes.h"

enum { BLOCK = 4096, LEAF_ROOM = BLOCK - 12 };

/* A directory's blocks, read with libext2fs. */
struct directory {
    uint8_t *data;
    size_t blocks;
    const uint32_t *seed;
};

static struct directory load(ext2_filsys fs, const char *path)
{
    ext2_ino_t ino = find_ino(fs, path);
    struct ext2_inode inode = small_inode(fs, ino);
    struct directory d = {.blocks = inode.i_size / BLOCK, .seed = fs->super->s_hash_seed};

    d.data = malloc(inode.i_size);
    assert_non_null(d.data);
    for (size_t i = 0; i < d.blocks; i++) {
        blk64_t block;

        assert_int_equal(ext2fs_bmap2(fs, ino, &inode, NULL, 0, i, NULL, &block), 0);
        assert_int_equal(io_channel_read_blk64(fs->io, block, 1, d.data + i * BLOCK), 0);
    }
    return d;
}

/* As the kernel has it: no hash is the one that means the end. */
static uint32_t hash_of(const uint32_t *seed, const char *name, size_t len)
{
    ext2_dirhash_t hash, minor;

    assert_int_equal(
        ext2fs_dirhash2(EXT2_HASH_HALF_MD4_UNSIGNED, name, (int)len, NULL, 0, seed, &hash, &minor),
        0);
    return hash == 0xfffffffe ? 0xfffffffc : hash;
}

static uint32_t search_leaf(const uint8_t *block, const char *name, size_t len)
{
    for (size_t at = 0; at < LEAF_ROOM; at += li_get_le16(block + at + 4)) {
        assert_true(li_get_le16(block + at + 4) >= 12);
        if (li_get_le32(block + at) && block[at + 6] == len &&
            memcmp(block + at + 8, name, len) == 0)
            return li_get_le32(block + at);
    }
    return 0;
}

/* The entries of an index block, and of which of them the hash is below. */
struct level {
    const uint8_t *entries;
    unsigned count;
    unsigned at;
};

static struct level search_index(const uint8_t *entries, uint32_t hash)
{
    struct level level = {.entries = entries, .count = li_get_le16(entries + 2)};

    assert_in_range(level.count, 1, li_get_le16(entries));
    while (level.at + 1 < level.count && li_get_le32(entries + 8 * (level.at + 1)) <= hash)
        level.at++;
    return level;
}

static const uint8_t *below(const struct directory *d, const struct level *level)
{
    uint32_t block = li_get_le32(level->entries + 8 * level->at + 4);

    assert_in_range(block, 1, d->blocks - 1);
    return d->data + (size_t)block * BLOCK;
}

/* The inode that the index leads to, or 0. */
static uint32_t find(const struct directory *d, const char *name, size_t len)
{
    unsigned depth = d->data[30];
    uint32_t hash = hash_of(d->seed, name, len), ino;
    struct level root, node = {0}, *last = depth ? &node : &root;

    assert_in_range(depth, 0, 1);
    root = search_index(d->data + 32, hash);
    if (depth)
        node = search_index(below(d, &root) + 8, hash);
    for (;;) {
        ino = search_leaf(below(d, last), name, len);
        if (ino)
            return ino;
        /* On to the next leaf, if that goes on with the hash. */
        if (last->at + 1 < last->count) {
            last->at++;
        } else if (depth && root.at + 1 < root.count) {
            root.at++;
            node = search_index(below(d, &root) + 8, 0);
            if (li_get_le32(root.entries + 8 * root.at) != (hash | 1))
                return 0;
            continue;
        } else {
            return 0;
        }
        if (li_get_le32(last->entries + 8 * last->at) != (hash | 1))
            return 0;
    }
}

/* A name of LEN bytes for number I. */
static void make_name(char *name, size_t len, unsigned i)
{
    for (size_t at = 0; at < len; at++, i /= 26)
        name[at] = (char)('a' + i % 26);
    name[len] = '\0';
}

static void put_file(struct li_buffer *tar, const char *path)
{
    tar_put(tar,
            &(struct tar_entry){.path = path, .form = strlen(path) > 100 ? TAR_GNU : TAR_SHORT});
}

/* "d" with COUNT files, whose names have LEN bytes. */
static ext2_filsys make_directory(struct stack *s, unsigned count, size_t len)
{
    struct li_buffer *tar = stack_layer(s);
    char path[300] = "d/";

    for (unsigned i = 0; i < count; i++) {
        make_name(path + 2, len, i);
        put_file(tar, path);
    }
    return open_ext4(s);
}

static void check_directory(unsigned count, size_t len, unsigned depth, size_t blocks)
{
    struct stack s = {0};
    ext2_filsys fs = make_directory(&s, count, len);
    struct directory d = load(fs, "d");
    char name[300];

    assert_int_equal(d.blocks, blocks);
    if (blocks > 1)
        assert_int_equal(d.data[30], depth);
    for (unsigned i = 0; i < count && blocks > 1; i++) {
        make_name(name, len, i);
        if (find(&d, name, len) == 0)
            fail_msg("%u names of %zu: %s is not found", count, len, name);
    }
    make_name(name, len, count);
    assert_true(blocks == 1 || find(&d, name, len) == 0);
    free(d.data);
    close_ext4(&s, fs);
}

/* Up to 338 names of 12 bytes lie beside "." and "..". An htree has at least a root and a leaf. */
static void test_small(void **state)
{
    (void)state;
    check_directory(1, 4, 0, 1);
    check_directory(338, 4, 0, 1);
    check_directory(339, 4, 0, 2);
    check_directory(340, 4, 0, 2);
    check_directory(341, 4, 0, 3);
    check_directory(680, 4, 0, 3);
}

/* A block that is filled to the last byte. */
static void test_full_block(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    struct directory d;
    char path[32] = "d/";
    ext2_filsys fs;

    (void)state;
    for (unsigned i = 0; i < 337; i++) {
        make_name(path + 2, 4, i);
        put_file(tar, path);
    }
    put_file(tar, "d/eight888");
    fs = open_ext4(&s);
    d = load(fs, "d");
    assert_int_equal(d.blocks, 1);
    assert_int_not_equal(search_leaf(d.data, "eight888", 8), 0);
    free(d.data);
    close_ext4(&s, fs);
}

/* A root has room for 507 leaves, or for nodes with room for 510. A leaf holds 15 long names. */
static void test_levels(void **state)
{
    (void)state;
    check_directory(507 * 15, 255, 0, 1 + 507);
    check_directory(507 * 15 + 1, 255, 1, 1 + 1 + 508);
    check_directory(510 * 15, 255, 1, 1 + 1 + 510);
    check_directory(510 * 15 + 1, 255, 1, 1 + 2 + 511);
    check_directory(20000, 255, 1, 1 + 3 + 1334);
}

static void test_many_short_names(void **state)
{
    (void)state;
    check_directory(20000, 8, 0, 1 + 79);
}

/* libext2fs finds them, too, without the index. */
static void test_with_libext2fs(void **state)
{
    struct stack s = {0};
    ext2_filsys fs = make_directory(&s, 20000, 20);
    ext2_ino_t dir = find_ino(fs, "d"), ino;
    struct directory d = load(fs, "d");
    char name[32];

    (void)state;
    for (unsigned i = 0; i < 20000; i += 101) {
        make_name(name, 20, i);
        assert_int_equal(ext2fs_lookup(fs, dir, name, 20, NULL, &ino), 0);
        assert_int_equal(find(&d, name, 20), ino);
    }
    assert_int_not_equal(ext2fs_lookup(fs, dir, "none", 4, NULL, &ino), 0);
    free(d.data);
    close_ext4(&s, fs);
}

struct hashed {
    unsigned number;
    uint32_t hash;
};

static int compare_hashes(const void *a, const void *b)
{
    const struct hashed *x = a, *y = b;

    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Two names with one hash, the last of one leaf and the first of the next. */
static void test_collisions(void **state)
{
    enum { NAMES = 300000, LEN = 255, PER_LEAF = 15 };
    struct hashed *list = calloc(NAMES, sizeof(*list));
    struct stack s = {0};
    ext2_filsys fs = make_directory(&s, 1, 8);
    unsigned pairs = 0;
    uint32_t seed[4];
    char name[LEN + 1], path[LEN + 3];

    (void)state;
    assert_non_null(list);
    memcpy(seed, fs->super->s_hash_seed, sizeof(seed));
    close_ext4(&s, fs);
    for (unsigned i = 0; i < NAMES; i++) {
        make_name(name, LEN, i);
        list[i] = (struct hashed){i, hash_of(seed, name, LEN)};
    }
    qsort(list, NAMES, sizeof(*list), compare_hashes);
    for (unsigned i = PER_LEAF; i + PER_LEAF < NAMES && pairs < 3; i++) {
        struct directory d;

        if (list[i].hash != list[i + 1].hash)
            continue;
        pairs++;
        stack_layer(&s);
        for (unsigned j = i + 1 - PER_LEAF; j <= i + PER_LEAF; j++) {
            make_name(name, LEN, list[j].number);
            snprintf(path, sizeof(path), "d/%s", name);
            put_file(&s.layer[0].tar, path);
        }
        fs = open_ext4(&s);
        d = load(fs, "d");
        assert_int_equal(d.blocks, 3);
        assert_int_equal(li_get_le32(d.data + 32 + 8), list[i].hash | 1);
        for (unsigned j = i + 1 - PER_LEAF; j <= i + PER_LEAF; j++) {
            make_name(name, LEN, list[j].number);
            assert_int_not_equal(find(&d, name, LEN), 0);
        }
        free(d.data);
        close_ext4(&s, fs);
    }
    assert_int_equal(pairs, 3);
    free(list);
}

/* These names have the hash that the kernel keeps for the end and changes to the one before. */
static void test_hash_of_the_end(void **state)
{
    static const char *const names[] = {"nuwwRn3", "n9fd_I3"};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    ext2_dirhash_t hash, minor;
    struct directory d;
    char path[32] = "d/";
    ext2_filsys fs;

    (void)state;
    for (unsigned i = 0; i < 340; i++) {
        make_name(path + 2, 4, i);
        put_file(tar, path);
    }
    put_file(tar, "d/nuwwRn3");
    put_file(tar, "d/n9fd_I3");
    fs = open_ext4(&s);
    d = load(fs, "d");
    assert_int_equal(d.blocks, 3);
    assert_int_equal(li_get_le32(d.data + 32 + 8), 0xfffffffc);
    for (int i = 0; i < 2; i++) {
        ext2fs_dirhash2(EXT2_HASH_HALF_MD4_UNSIGNED, names[i], 7, NULL, 0, d.seed, &hash, &minor);
        assert_int_equal(hash, 0xfffffffe);
        assert_int_not_equal(find(&d, names[i], 7), 0);
    }
    free(d.data);
    close_ext4(&s, fs);
}

/* The same by the reader, where the second of them begins a leaf: the index gives it the changed
 * hash, so the first is found by that only. e2fsck, which does not know of the change, is not
 * asked.
 */
static void test_reading_hash_of_the_end(void **state)
{
    static const char *const names[] = {"nuwwRn3", "n9fd_I3"};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    struct li_error err = LI_ERROR_INIT;
    struct li_files *files = NULL;
    struct li_file root, d;
    struct plan plan;
    char path[32] = "d/";
    uint32_t ino[2] = {0, 0}, other;

    (void)state;
    /* 12 bytes each; with 16 more the leaf is full. */
    for (unsigned i = 0; i < (LEAF_ROOM - 16) / 12; i++) {
        make_name(path + 2, 4, i);
        put_file(tar, path);
    }
    put_file(tar, "d/nuwwRn3");
    put_file(tar, "d/n9fd_I3");
    assert_done(stack_plan(&s, &err), &err);
    plan = plan_of(&s);
    assert_done(li_files_open(&plan.blocks, &files, &err), &err);
    assert_done(li_files_inode(files, LI_FILES_ROOT, &root, &err), &err);
    assert_done(li_files_lookup(files, &root, "d", 1, &other, &err), &err);
    assert_done(li_files_inode(files, other, &d, &err), &err);
    for (int i = 0; i < 2; i++)
        assert_done(li_files_lookup(files, &d, names[i], 7, &ino[i], &err), &err);
    assert_true(ino[0] && ino[1] && ino[0] != ino[1]);
    li_files_free(files);
    stack_free(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),           cmocka_unit_test(test_full_block),
        cmocka_unit_test(test_levels),          cmocka_unit_test(test_many_short_names),
        cmocka_unit_test(test_with_libext2fs),  cmocka_unit_test(test_collisions),
        cmocka_unit_test(test_hash_of_the_end), cmocka_unit_test(test_reading_hash_of_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
