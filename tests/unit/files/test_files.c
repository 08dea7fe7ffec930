/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ext4 reader against images that mke2fs, e2fsck, tune2fs and debugfs have made: what it reads
 * must be the tree they were made from.
 */
#include "tests/fixtures/images.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"

enum { SPARSE_EXTENTS = 1500, NAMES = 1800 };

static void make_tree(void)
{
    static char data[300000];
    struct timespec old[2] = {{100, 0}, {-86400 * 3650, 0}};
    struct li_error err = LI_ERROR_INIT;

    run("mkdir -p tree/d/e/f && mkdir -m 1777 tree/tmp");
    assert_done(unit_random(data, sizeof(data), &err), &err);
    write_in_top("tree/empty", "", 0);
    write_in_top("tree/d/small", "hello\n", 6);
    write_in_top("tree/d/large", data, sizeof(data));
    assert_int_equal(utimensat(AT_FDCWD, path_of("tree/d/small"), old, 0), 0);
    assert_int_equal(link(path_of("tree/d/small"), path_of("tree/d/e/hard")), 0);
    assert_int_equal(chmod(path_of("tree/d/large"), 06751), 0);
    assert_int_equal(mkfifo(path_of("tree/fifo"), 0600), 0);
    make_socket("tree/socket");
    make_sparse("tree/sparse", SPARSE_EXTENTS);
    make_names("tree/many", NAMES);
    make_links();
    make_attributes();
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(top))
        return -1;
    make_tree();
    return 0;
}

/* ---- comparing ---- */

static void compare_stat(const struct li_files *files, const struct li_file *file, const char *path)
{
    struct stat want, got;

    assert_int_equal(lstat(path, &want), 0);
    li_files_stat(files, file, &got);
    assert_int_equal(got.st_mode, want.st_mode);
    assert_int_equal(got.st_uid, want.st_uid);
    assert_int_equal(got.st_gid, want.st_gid);
    /* mke2fs gives the root the time at which it ran. */
    if (file->ino != LI_FILES_ROOT)
        assert_int_equal(got.st_mtim.tv_sec, want.st_mtim.tv_sec);
    assert_int_equal(got.st_ino, file->ino);
    if (!S_ISDIR(want.st_mode)) {
        assert_int_equal(got.st_nlink, want.st_nlink);
        assert_int_equal(got.st_size, want.st_size);
    }
}

static void compare_content(struct li_files *files, const struct li_file *file, const char *path)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer want = {0};
    uint8_t *got;
    size_t n;

    assert_done(li_read_file(path, 64 << 20, &want, &err), &err);
    got = malloc(want.len + 100);
    assert_non_null(got);
    n = want.len + 100;
    assert_done(li_files_read(files, file, 0, got, &n, &err), &err);
    assert_int_equal(n, want.len);
    assert_int_equal(n ? memcmp(got, want.data, n) : 0, 0);
    /* Pieces that fit no block. */
    for (uint64_t at = 0; at < want.len; at += 1 + want.len / 7) {
        n = 5001;
        assert_done(li_files_read(files, file, at, got, &n, &err), &err);
        assert_int_equal(n, want.len - at < 5001 ? want.len - at : 5001);
        assert_int_equal(memcmp(got, want.data + at, n), 0);
    }
    free(got);
    li_buffer_free(&want);
}

static void compare_link(struct li_files *files, const struct li_file *file, const char *path)
{
    struct li_error err = LI_ERROR_INIT;
    char want[4097], got[LI_FILES_LINK_MAX + 1];
    ssize_t len = readlink(path, want, sizeof(want) - 1);

    assert_true(len > 0);
    want[len] = '\0';
    assert_done(li_files_readlink(files, file, got, &err), &err);
    assert_string_equal(got, want);
}

static void compare_attributes(struct li_files *files, const struct li_file *file, const char *path)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer list = {0}, value = {0};
    char names[4096], want[4096];
    ssize_t len = llistxattr(path, names, sizeof(names));
    bool found = false;

    assert_done(li_files_listxattr(files, file, &list, &err), &err);
    assert_int_equal(list.len, len < 0 ? 0 : len);
    for (const char *name = names; name < names + len; name += strlen(name) + 1) {
        ssize_t n = lgetxattr(path, name, want, sizeof(want));

        assert_true(n >= 0);
        assert_non_null(memmem(list.data, list.len, name, strlen(name) + 1));
        assert_done(li_files_getxattr(files, file, name, &value, &found, &err), &err);
        assert_true(found);
        assert_int_equal(value.len, n);
        assert_int_equal(n ? memcmp(value.data, want, (size_t)n) : 0, 0);
    }
    assert_done(li_files_getxattr(files, file, "user.absent", &value, &found, &err), &err);
    assert_false(found);
    li_buffer_free(&list);
    li_buffer_free(&value);
}

struct listing {
    struct li_files *files;
    struct li_file directory;
    const char *path;
    unsigned entries;
    uint64_t next;
};

static void compare_tree(struct li_files *files, const struct li_file *file, const char *path);

static int compare_entry(void *arg, const struct li_files_entry *entry, struct li_error *err)
{
    struct listing *listing = arg;
    struct li_file file;
    char path[PATH_MAX];
    uint32_t found = 0;

    listing->entries++;
    assert_true(entry->next > listing->next);
    listing->next = entry->next;
    assert_done(
        li_files_lookup(listing->files, &listing->directory, entry->name, entry->len, &found, err),
        err);
    assert_int_equal(found, entry->ino);
    if (entry->name[0] == '.' || (entry->len == 10 && memcmp(entry->name, "lost+found", 10) == 0))
        return 0;
    assert_done(li_files_inode(listing->files, entry->ino, &file, err), err);
    assert_int_equal(entry->type, (li_get_le16(file.raw) & S_IFMT) >> 12);
    snprintf(path, sizeof(path), "%s/%.*s", listing->path, (int)entry->len, entry->name);
    compare_tree(listing->files, &file, path);
    return 0;
}

static unsigned count_entries(const char *path)
{
    DIR *dir = opendir(path);
    unsigned count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void compare_tree(struct li_files *files, const struct li_file *file, const char *path)
{
    struct li_error err = LI_ERROR_INIT;
    struct stat st;

    compare_stat(files, file, path);
    compare_attributes(files, file, path);
    li_files_stat(files, file, &st);
    if (S_ISREG(st.st_mode)) {
        compare_content(files, file, path);
    } else if (S_ISLNK(st.st_mode)) {
        compare_link(files, file, path);
    } else if (S_ISDIR(st.st_mode)) {
        struct listing listing = {.files = files, .directory = *file, .path = path};

        assert_done(li_files_list(files, file, 0, compare_entry, &listing, &err), &err);
        assert_int_equal(listing.entries,
                         count_entries(path) + (file->ino == LI_FILES_ROOT ? 1 : 0));
        assert_in_range(listing.next, 1, st.st_size);
    }
}

static void compare_image(const char *name)
{
    struct image image;
    struct li_files *files = open_image(name, &image);
    struct li_file root = find(files, "");

    compare_tree(files, &root, path_of("tree"));
    close_image(files, &image);
}

/* ---- tests ---- */

static void the_tree_reads_back(void **state)
{
    (void)state;
    make_image("a.ext4", "tree", "-b 4096 -O 64bit,metadata_csum");
    compare_image("a.ext4");
    make_image("b.ext4", "tree", "-b 1024 -O ^64bit,^metadata_csum,^has_journal");
    compare_image("b.ext4");
    make_image("c.ext4", "tree", "-b 2048 -I 128 -O ^flex_bg");
    compare_image("c.ext4");
    run("e2fsck -fyD b.ext4 >log 2>&1 || test $? = 1");
    compare_image("b.ext4");
    run("rm b.ext4 c.ext4");
}

static void seeks_find_data_and_holes(void **state)
{
    struct image image;
    struct li_files *files = open_image("a.ext4", &image);
    struct li_file file = find(files, "sparse");
    struct li_error err = LI_ERROR_INIT;
    uint64_t end = (uint64_t)SPARSE_EXTENTS * SPARSE_STEP + 100, found = 0;

    (void)state;
    for (uint64_t at = 0; at < end - 4196; at += SPARSE_STEP) {
        assert_done(li_files_seek(files, &file, at, SEEK_HOLE, &found, &err), &err);
        assert_int_equal(found, at + 4096);
        assert_done(li_files_seek(files, &file, at + 7, SEEK_DATA, &found, &err), &err);
        assert_int_equal(found, at + 7);
        if (at + SPARSE_STEP < end - 4196) {
            assert_done(li_files_seek(files, &file, at + 4099, SEEK_DATA, &found, &err), &err);
            assert_int_equal(found, at + SPARSE_STEP);
        }
    }
    assert_done(li_files_seek(files, &file, end - 50, SEEK_DATA, &found, &err), &err);
    assert_true(found == LI_FILES_NOWHERE);
    found = 0;
    assert_done(li_files_seek(files, &file, end, SEEK_HOLE, &found, &err), &err);
    assert_true(found == LI_FILES_NOWHERE);
    file = find(files, "d/small");
    assert_done(li_files_seek(files, &file, 0, SEEK_HOLE, &found, &err), &err);
    assert_int_equal(found, 6);
    close_image(files, &image);
}

/* The runs of a file follow one another, and lie where they say. */
static void check_runs(struct li_files *files, const struct image *image, const char *path)
{
    struct li_file file = find(files, path);
    struct li_error err = LI_ERROR_INIT;
    struct li_files_run run;
    struct stat st;
    char buf[4096];

    li_files_stat(files, &file, &st);
    for (uint64_t at = 0; at < (uint64_t)st.st_size; at += run.length) {
        size_t got = sizeof(buf);

        assert_done(li_files_run(files, &file, at, &run, &err), &err);
        assert_in_range(run.length, 1, (uint64_t)st.st_size - at);
        if (got > run.length)
            got = (size_t)run.length;
        assert_done(li_files_read(files, &file, at, buf, &got, &err), &err);
        for (size_t i = 0; run.place == LI_FILES_NOWHERE && i < got; i++)
            assert_int_equal(buf[i], 0);
        if (run.place != LI_FILES_NOWHERE)
            assert_memory_equal(image->data + run.place, buf, got);
    }
    assert_fails(li_files_run(files, &file, (uint64_t)st.st_size, &run, &err), LI_EINVALID,
                 "ends before byte", &err);
}

static void runs_lie_where_they_say(void **state)
{
    struct image image;
    struct li_files *files = open_image("a.ext4", &image);
    struct li_file file = find(files, "d");
    struct li_error err = LI_ERROR_INIT;
    struct li_files_run run;

    (void)state;
    check_runs(files, &image, "sparse");
    check_runs(files, &image, "d/large");
    check_runs(files, &image, "d/small");
    assert_fails(li_files_run(files, &file, 0, &run, &err), LI_EINVALID, "not a regular file",
                 &err);
    close_image(files, &image);
}

static void unwritten_blocks_are_zeros(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_files *files;
    struct li_file file;
    struct image image;
    uint64_t found = 0;
    char buf[8192];
    size_t got = sizeof(buf);

    (void)state;
    run("cp a.ext4 u.ext4 && debugfs -w -R 'fallocate /empty 0 3' u.ext4 >log 2>&1 && "
        "debugfs -w -R 'sif /empty size 10000' u.ext4 >log 2>&1");
    files = open_image("u.ext4", &image);
    file = find(files, "empty");
    memset(buf, 'x', sizeof(buf));
    assert_done(li_files_read(files, &file, 5000, buf, &got, &err), &err);
    assert_int_equal(got, 5000);
    for (size_t i = 0; i < got; i++)
        assert_int_equal(buf[i], 0);
    assert_done(li_files_seek(files, &file, 0, SEEK_DATA, &found, &err), &err);
    assert_true(found == LI_FILES_NOWHERE);
    close_image(files, &image);
    run("rm u.ext4");
}

/* What debugfs writes into an inode without asking a kernel. */
static void inodes_hold_the_whole_range(void **state)
{
    static const struct {
        const char *low, *extra;
        int64_t seconds;
        long nanoseconds;
    } times[] = {
        {"0x80000000", "0", -2147483648, 0},
        {"0xfffffff6", "0xee6b27fc", -10, 999999999},
        {"0x80000000", "1", 2147483648, 0},
        {"0x7fffffff", "0xee6b27ff", 15032385535, 999999999},
    };
    struct li_files *files;
    struct image image;
    struct stat st;

    (void)state;
    run("cp a.ext4 t.ext4");
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        run("printf 'write /dev/null t%zu\\nsif t%zu mtime_lo %s\\nsif t%zu mtime_extra %s\\n' "
            "| debugfs -w t.ext4 >log 2>&1",
            i, i, times[i].low, i, times[i].extra);
    run("printf 'sif d/small uid 70000\\nsif d/small gid 4000000000\\nmknod c c 5 1\\n"
        "mknod b b 300 60000\\n' | debugfs -w t.ext4 >log 2>&1");
    files = open_image("t.ext4", &image);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char name[] = {'t', (char)('0' + i), '\0'};
        struct li_file file = find(files, name);

        li_files_stat(files, &file, &st);
        assert_int_equal(st.st_mtim.tv_sec, times[i].seconds);
        assert_int_equal(st.st_mtim.tv_nsec, times[i].nanoseconds);
    }
    li_files_stat(files, &(struct li_file[]){find(files, "d/small")}[0], &st);
    assert_int_equal(st.st_uid, 70000);
    assert_int_equal(st.st_gid, 4000000000);
    li_files_stat(files, &(struct li_file[]){find(files, "c")}[0], &st);
    assert_int_equal(st.st_rdev, makedev(5, 1));
    assert_true(S_ISCHR(st.st_mode));
    li_files_stat(files, &(struct li_file[]){find(files, "b")}[0], &st);
    assert_int_equal(st.st_rdev, makedev(300, 60000));
    assert_true(S_ISBLK(st.st_mode));
    close_image(files, &image);
    run("rm t.ext4");
}

static void what_fills_a_block_reads_back(void **state)
{
    struct image image;
    struct li_files *files;
    struct li_file file;
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer value = {0};
    char target[LI_FILES_LINK_MAX + 1], got[LI_FILES_LINK_MAX + 1];
    bool found = false;

    (void)state;
    memset(target, 'y', LI_FILES_LINK_MAX);
    target[LI_FILES_LINK_MAX] = '\0';
    run("mkdir full && touch full/file && head -c 4096 /dev/zero | tr '\\0' v >value");
    assert_int_equal(symlink(target, path_of("full/link")), 0);
    make_image("e.ext4", "full", "-b 4096 -O ea_inode");
    run("debugfs -w -R 'ea_set -f value /file user.huge' e.ext4 >log 2>&1 && "
        "debugfs -R 'ea_list /file' e.ext4 2>log | grep -q 'user.huge (4096)'");
    files = open_image("e.ext4", &image);
    file = find(files, "link");
    assert_done(li_files_readlink(files, &file, got, &err), &err);
    assert_string_equal(got, target);
    file = find(files, "file");
    assert_done(li_files_getxattr(files, &file, "user.huge", &value, &found, &err), &err);
    assert_true(found);
    assert_int_equal(value.len, 4096);
    for (size_t i = 0; i < value.len; i++)
        assert_int_equal(value.data[i], 'v');
    li_buffer_free(&value);
    close_image(files, &image);
    run("rm -r e.ext4 full value");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_reads_back),
        cmocka_unit_test(seeks_find_data_and_holes),
        cmocka_unit_test(runs_lie_where_they_say),
        cmocka_unit_test(unwritten_blocks_are_zeros),
        cmocka_unit_test(inodes_hold_the_whole_range),
        cmocka_unit_test(what_fills_a_block_reads_back),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
