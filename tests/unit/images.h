/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the ext4 reader share: a directory of their own, a tree in it, and images that
 * mke2fs makes of the tree.
 */
#ifndef LI_TESTS_UNIT_IMAGES_H
#define LI_TESTS_UNIT_IMAGES_H

#include "unit.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/io.h"
#include "files/files.h"

enum { SPARSE_STEP = 8192 };

static char top[] = "/tmp/unit-files-XXXXXX";

/* Runs a shell command in the test's directory. */
static inline void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void run(const char *fmt, ...)
{
    char command[2048];
    int len = snprintf(command, sizeof(command), "cd %s && PATH=$PATH:/sbin:/usr/sbin && ", top);
    int status;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(command + len, sizeof(command) - (size_t)len, fmt, ap);
    va_end(ap);
    status = system(command);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("%s: status %d", command, status);
}

static inline char *path_of(const char *name)
{
    static char path[2][PATH_MAX];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", top, name);
    return path[turn];
}

static inline void write_file(const char *name, const void *data, size_t len)
{
    FILE *f = fopen(path_of(name), "w");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* ---- images ---- */

/* An image in memory that counts what is read of it, in an allocation of its exact size so that a
 * sanitizer sees what goes over. */
struct image {
    struct li_blocks blocks;
    uint8_t *data;
    uint64_t size;
    uint64_t bytes;
};

static inline int image_read(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                             struct li_error *err)
{
    struct image *image = (struct image *)blocks;

    if (offset > image->size || len > image->size - offset)
        return li_fail(err, LI_EIO, "a read outside the image");
    memcpy(buf, image->data + offset, len);
    image->bytes += len;
    return 0;
}

static inline void load_image(const char *name, struct image *image)
{
    int fd = open(path_of(name), O_RDONLY);
    struct li_error err = LI_ERROR_INIT;
    struct stat st;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    image->size = (uint64_t)st.st_size;
    image->bytes = 0;
    image->data = malloc(image->size);
    assert_non_null(image->data);
    assert_done(li_pread_all(fd, image->data, image->size, 0, &err), &err);
    close(fd);
}

static inline struct li_blocks *image_blocks(struct image *image)
{
    static const struct li_blocks_operations operations = {.read = image_read};

    image->blocks = (struct li_blocks){&operations, image->size};
    return &image->blocks;
}

static inline struct li_files *open_image(const char *name, struct image *image)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_files *files = NULL;

    load_image(name, image);
    assert_done(li_files_open(image_blocks(image), &files, &err), &err);
    return files;
}

static inline void close_image(struct li_files *files, struct image *image)
{
    li_files_free(files);
    free(image->data);
}

static inline struct li_file find(struct li_files *files, const char *path)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_file file;

    assert_done(li_files_inode(files, LI_FILES_ROOT, &file, &err), &err);
    while (*path) {
        size_t len = strcspn(path, "/");
        uint32_t ino = 0;

        assert_done(li_files_lookup(files, &file, path, len, &ino, &err), &err);
        assert_done(li_files_inode(files, ino, &file, &err), &err);
        path += len + (path[len] == '/');
    }
    return file;
}

static inline void make_image(const char *name, const char *tree, const char *options)
{
    run("mke2fs -q -F -t ext4 -E root_owner=$(stat -c %%u:%%g %s) %s -d %s %s 24M >log 2>&1", tree,
        options, tree, name);
}

/* ---- the tree ---- */

static inline void make_links(void)
{
    static const int lengths[] = {1, 59, 60, 61, 1023};
    char target[4096];
    char name[64];

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        memset(target, 'x', sizeof(target));
        target[lengths[i]] = '\0';
        snprintf(name, sizeof(name), "tree/link%d", lengths[i]);
        assert_int_equal(symlink(target, path_of(name)), 0);
    }
}

static inline void make_sparse(const char *name, unsigned extents)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT, 0644);
    struct li_error err = LI_ERROR_INIT;
    char block[4096];

    assert_true(fd >= 0);
    for (unsigned i = 0; i < extents; i++) {
        memset(block, 1 + i % 250, sizeof(block));
        assert_done(li_pwrite_all(fd, block, sizeof(block), (uint64_t)i * SPARSE_STEP, &err), &err);
    }
    assert_int_equal(ftruncate(fd, (off_t)extents * SPARSE_STEP + 100), 0);
    close(fd);
}

/* Signed and unsigned characters hash differently, and long names fill an index. */
#define NAME_FORMAT "name-\xc3\xa9\xff-%u-of-the-many-that-are-in-the-largest-directory-of-the-tree"

static inline void make_names(const char *directory, unsigned count)
{
    char name[128];

    assert_int_equal(mkdir(path_of(directory), 0755), 0);
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%s/" NAME_FORMAT, directory, i);
        write_file(name, "", 0);
    }
}

static inline void make_attributes(void)
{
    static const uint8_t acl[] = {2,    0,   0,   0,   1,  0, 6, 0, 255, 255, 255, 255, 2,  0, 4, 0,
                                  0xe8, 3,   0,   0,   4,  0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0,
                                  255,  255, 255, 255, 32, 0, 4, 0, 255, 255, 255, 255};
    char big[900];
    bool attributes, acls;

    write_file("tree/attributes", "a", 1);
    write_file("tree/acl", "a", 1);
    memset(big, 'b', sizeof(big));
    attributes = setxattr(path_of("tree/attributes"), "user.small", "v", 1, 0) == 0;
    acls = setxattr(path_of("tree/acl"), "system.posix_acl_access", acl, sizeof(acl), 0) == 0;
    if (attributes) {
        assert_int_equal(setxattr(path_of("tree/attributes"), "user.empty", "", 0, 0), 0);
        assert_int_equal(setxattr(path_of("tree/attributes"), "user.big", big, sizeof(big), 0), 0);
        assert_int_equal(setxattr(path_of("tree/d"), "user.d", "directory", 9, 0), 0);
    }
    if (!attributes || !acls)
        print_message("/tmp keeps no extended attributes or ACLs: not compared\n");
}

static inline void make_socket(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path_of(name));
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

static inline int tear_down(void **state)
{
    (void)state;
    run("rm -rf %s", top);
    return 0;
}

#endif
