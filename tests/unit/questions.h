/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image with one of everything, whose metadata goes over several chunks, in a repository; and
 * all that a mount asks of an image, with the answers as bytes.
 */
#ifndef LI_TESTS_UNIT_QUESTIONS_H
#define LI_TESTS_UNIT_QUESTIONS_H

#include "repo_fixture.h"
#include "stack.h"

#include <dirent.h>
#include <sys/stat.h>

#include "files/files.h"
#include "reader/reader.h"

enum {
    NAMES = 2600, /* of 200 bytes: a directory, and inode tables, that go over a chunk */
    NAME_LEN = 200,
    NAMES_ASKED = 13,
    OBJECTS_MAX = 40,
    PART_OF_A_LISTING = 1000,
};

enum request {
    LOOKUP,
    LOOKUP_ABSENT,
    GETATTR,
    LIST,
    LIST_PART, /* and leave it */
    READLINK,
    LISTXATTR,
    GETXATTR,
    GETXATTR_ABSENT,
    READ,
    SEEK,
    REQUESTS
};

struct object {
    struct li_file parent;
    struct li_file file;
    char name[NAME_LEN + 1];
    struct li_buffer answer[REQUESTS]; /* of the whole image */
};

static struct {
    struct repo_fixture *f;
    struct li_manifest manifest;
    struct li_sealed *origin;
    struct li_reader *reader; /* the one that the files are read by at the moment */
    struct li_files *files;
    struct object object[OBJECTS_MAX];
    size_t objects;
    int code; /* what blocks return instead of bytes; 0: bytes */
} t;

/* ---- the image ------------------------------------------------------------------------------- */

HELPER void name_of(char out[NAME_LEN + 1], unsigned number)
{
    memset(out, 'a' + (int)(number % 26), NAME_LEN);
    out[NAME_LEN] = '\0';
    snprintf(out + NAME_LEN - 6, 7, "%06u", number);
}

HELPER void put_names(struct li_buffer *tar)
{
    char path[NAME_LEN + 10] = "names/";

    tar_dir(tar, "names");
    for (unsigned i = 0; i < NAMES; i++) {
        name_of(path + 6, i);
        tar_file(tar, path, i % 40 ? "" : "x");
    }
}

/* Every second block is a hole, so that the extents need blocks of their own. */
HELPER void put_sparse(struct li_buffer *tar, const char *path)
{
    enum { BLOCKS = 96, BLOCK = 4096 };
    uint8_t *data = tar_bytes(3, (size_t)BLOCKS * BLOCK);

    for (size_t i = 1; i < BLOCKS; i += 2)
        memset(data + i * BLOCK, 0, BLOCK);
    tar_put(tar, &(struct tar_entry){
                     .path = path, .data = data, .length = (uint64_t)BLOCKS * BLOCK, .mode = 0644});
    free(data);
}

HELPER void put_attributes(struct li_buffer *tar)
{
    struct li_buffer pax = {0};
    uint8_t *big = tar_bytes(4, 900);

    tar_record(&pax, "SCHILY.xattr.user.small", "v", 1);
    tar_put(tar, &(struct tar_entry){.path = "d/inside", .data = "i", .mode = 0644, .pax = &pax});
    tar_record(&pax, "SCHILY.xattr.user.big", big, 900);
    tar_put(tar, &(struct tar_entry){.path = "d/outside", .data = "o", .mode = 0644, .pax = &pax});
    pax.len = 0;
    tar_record_text(&pax, "SCHILY.acl.access",
                    "user::rw-,user:1000:---,group::r--,mask::r--,other::r--");
    tar_put(tar, &(struct tar_entry){.path = "d/denied", .data = "d", .mode = 0644, .pax = &pax});
    free(big);
    li_buffer_free(&pax);
}

HELPER void make_layer(struct li_buffer *tar)
{
    char target[1500];

    put_names(tar);
    tar_dir(tar, "d");
    put_attributes(tar);
    put_sparse(tar, "d/sparse");
    tar_random_file(tar, "d/big", 5, 3 * LI_CHUNK_SIZE + 12345);
    tar_file(tar, "d/empty", "");
    tar_symlink(tar, "d/short", "big");
    memset(target, 't', sizeof(target));
    target[sizeof(target) - 1] = '\0';
    tar_symlink(tar, "d/long", target);
    tar_link(tar, "d/link", "d/inside");
    tar_put(tar, &(struct tar_entry){.path = "d/null", .type = '3', .major = 1, .minor = 3});
}

HELPER void push_image(void)
{
    struct li_push_options options = push_options();
    struct li_error *err = &t.f->err;
    struct li_chunk_source source;
    struct stack s = {0};

    make_layer(stack_layer(&s));
    assert_done(stack_plan(&s, err), err);
    source = li_ext4_source(s.ext4);
    assert_done(push_source(t.f->repo, "a:1", &source, &options, &t.f->result, err), err);
    stack_free(&s);
    assert_done(open_image(t.f, "a:1", &t.manifest), err);
}

/* ---- reading it ------------------------------------------------------------------------------ */

HELPER int read_blocks(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                       struct li_error *err)
{
    (void)blocks;
    if (t.code < 0)
        return li_fail(err, t.code, "of another room");
    return t.code ? t.code : li_reader_read(t.reader, offset, len, buf, err);
}

static const struct li_blocks_operations operations = {.read = read_blocks};

/* One that has fetched nothing yet, for the same files. */
HELPER void new_reader(void)
{
    struct li_reader_options options = {.memory = 4 * LI_CHUNK_SIZE, .workers = 2, .deadline = 600};
    struct li_error err = LI_ERROR_INIT;

    li_reader_free(t.reader);
    t.reader = NULL;
    if (!t.origin)
        assert_done(li_sealed_origin_new(t.f->repo, &t.origin, &err), &err);
    assert_done(li_reader_open(t.origin, &t.manifest, &options, &t.reader, &err), &err);
}

HELPER void add(struct li_buffer *answer, const void *data, size_t len)
{
    struct li_error err = LI_ERROR_INIT;

    assert_done(li_buffer_append(answer, data, len, &err), &err);
}

struct listing {
    struct li_buffer *answer;
    unsigned left; /* entries until it is left */
};

HELPER int add_entry(void *arg, const struct li_files_entry *entry, struct li_error *err)
{
    struct listing *listing = arg;

    (void)err;
    add(listing->answer, entry->name, entry->len);
    add(listing->answer, &entry->ino, sizeof(entry->ino));
    add(listing->answer, &entry->type, sizeof(entry->type));
    add(listing->answer, &entry->next, sizeof(entry->next));
    return --listing->left == 0;
}

HELPER int list(const struct li_file *file, unsigned most, struct li_buffer *answer,
                struct li_error *err)
{
    struct listing listing = {answer, most};
    int rc = li_files_list(t.files, file, 0, add_entry, &listing, err);

    assert_true(rc <= 0 || (rc == 1 && listing.left == 0));
    return rc > 0 ? 0 : rc;
}

HELPER int get_attribute(const struct li_file *file, const char *name, struct li_buffer *answer,
                         struct li_error *err)
{
    struct li_buffer value = {0};
    bool found = false;
    int rc = li_files_getxattr(t.files, file, name, &value, &found, err);

    if (rc == 0)
        add(answer, &found, sizeof(found));
    if (rc == 0 && found)
        add(answer, value.data, value.len);
    li_buffer_free(&value);
    return rc;
}

HELPER int get_attributes(const struct li_file *file, struct li_buffer *answer,
                          struct li_error *err)
{
    static const char *const names[] = {"user.small", "user.big", "system.posix_acl_access"};
    int rc = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && rc == 0; i++)
        rc = get_attribute(file, names[i], answer, err);
    return rc;
}

HELPER int read_file(const struct li_file *file, struct li_buffer *answer, struct li_error *err)
{
    enum { PIECE = 100000 };
    static uint8_t piece[PIECE];
    size_t got = PIECE;
    int rc = 0;

    for (uint64_t at = 0; rc == 0 && got == PIECE; at += got) {
        rc = li_files_read(t.files, file, at, piece, &got, err);
        if (rc == 0)
            add(answer, piece, got);
    }
    return rc;
}

HELPER int seek(const struct li_file *file, struct li_buffer *answer, struct li_error *err)
{
    static const uint64_t offsets[] = {0, 4096, 5000, 300000, 1u << 30};
    int rc = 0;

    for (size_t i = 0; i < 2 * sizeof(offsets) / sizeof(offsets[0]) && rc == 0; i++) {
        uint64_t found = 0;

        rc = li_files_seek(t.files, file, offsets[i / 2], i % 2 ? SEEK_DATA : SEEK_HOLE, &found,
                           err);
        add(answer, &found, sizeof(found));
    }
    return rc;
}

HELPER int look_up(const struct li_file *directory, const char *name, struct li_buffer *answer,
                   struct li_error *err)
{
    uint32_t ino = 0;
    int rc = li_files_lookup(t.files, directory, name, strlen(name), &ino, err);

    if (rc == 0)
        add(answer, &ino, sizeof(ino));
    return rc;
}

HELPER int ask_type(const struct li_file *file, enum request request, struct li_buffer *answer,
                    struct li_error *err)
{
    char target[LI_FILES_LINK_MAX + 1] = "";
    struct stat st;
    int rc = 0;

    li_files_stat(t.files, file, &st);
    if (request == GETATTR)
        add(answer, &st, sizeof(st));
    else if (S_ISDIR(st.st_mode) && request == LIST)
        rc = list(file, UINT32_MAX, answer, err);
    else if (S_ISDIR(st.st_mode) && request == LIST_PART)
        rc = list(file, PART_OF_A_LISTING, answer, err);
    else if (S_ISLNK(st.st_mode) && request == READLINK)
        rc = li_files_readlink(t.files, file, target, err);
    else if (S_ISREG(st.st_mode) && request == READ)
        rc = read_file(file, answer, err);
    else if (S_ISREG(st.st_mode) && request == SEEK)
        rc = seek(file, answer, err);
    add(answer, target, strlen(target));
    return rc;
}

/* As the mount does: the inode is read for each request. */
HELPER int ask(const struct object *object, enum request request, struct li_buffer *answer,
               struct li_error *err)
{
    bool parent = request == LOOKUP || request == LOOKUP_ABSENT, used = false;
    struct li_file file;
    int rc = li_files_find_inode(t.files, parent ? object->parent.ino : object->file.ino, &file,
                                 &used, err);

    answer->len = 0;
    if (rc < 0)
        return rc;
    assert_true(used);
    switch (request) {
    case LOOKUP:
        return look_up(&file, object->name, answer, err);
    case LOOKUP_ABSENT:
        return look_up(&file, "absent", answer, err);
    case LISTXATTR:
        return li_files_listxattr(t.files, &file, answer, err);
    case GETXATTR:
        return get_attributes(&file, answer, err);
    case GETXATTR_ABSENT:
        return get_attribute(&file, "user.absent", answer, err);
    default:
        return ask_type(&file, request, answer, err);
    }
}

HELPER struct li_file find(const char *path)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_file file;

    assert_done(li_files_inode(t.files, LI_FILES_ROOT, &file, &err), &err);
    while (*path) {
        size_t len = strcspn(path, "/");
        uint32_t ino = 0;

        assert_done(li_files_lookup(t.files, &file, path, len, &ino, &err), &err);
        assert_done(li_files_inode(t.files, ino, &file, &err), &err);
        path += len + (path[len] == '/');
    }
    return file;
}

HELPER void add_object(const char *parent, const char *name)
{
    struct object *object = &t.object[t.objects++];
    char path[NAME_LEN + 20];

    assert_true(t.objects <= OBJECTS_MAX);
    snprintf(path, sizeof(path), "%s%s%s", parent, *parent ? "/" : "", name);
    snprintf(object->name, sizeof(object->name), "%s", name);
    object->parent = find(parent);
    object->file = find(path);
}

HELPER void choose_objects(void)
{
    static const char *const names[] = {"inside", "outside", "denied", "sparse", "big",
                                        "empty",  "short",   "long",   "link",   "null"};
    char name[NAME_LEN + 1];

    add_object("", "names");
    add_object("", "d");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        add_object("d", names[i]);
    for (unsigned i = 0; i < NAMES_ASKED; i++) {
        name_of(name, i * ((NAMES - 1) / (NAMES_ASKED - 1)));
        add_object("names", name);
    }
}

/* The answers of the whole image. */
HELPER void ask_all(void)
{
    struct li_error err = LI_ERROR_INIT;

    for (size_t i = 0; i < t.objects; i++)
        for (enum request r = 0; r < REQUESTS; r++)
            assert_done(ask(&t.object[i], r, &t.object[i].answer[r], &err), &err);
}

#endif
