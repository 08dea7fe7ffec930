/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reader of tars sees in one, as lines of text that can be compared, whichever reader it
 * was:
 *
 *     TYPE path=PATH mode=OCTAL uid=N gid=N mtime=SEC.NSEC
 *         [target=PATH] [device=MAJOR,MINOR] [size=BYTES [sha256=HEX]] [SCHILY.xattr.NAME=VALUE
 * ...]
 *
 * on one line each. TYPE is file, link, symlink, char, block, dir or fifo. Only links have a
 * target, only devices have numbers, and only files have a size. The digest is of all bytes, holes
 * included; it is left out where they are more than was asked for. Attributes are sorted. Spaces,
 * backslashes and bytes that are not printable ASCII are written \xNN. tardump.go writes the same
 * lines.
 *
 * These are tools of tests: where memory is short they end the program.
 */
#ifndef LI_TESTS_TARITEM_H
#define LI_TESTS_TARITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TAR_DATA_MAX = 16 << 20 }; /* bytes of a file that are read, as in tardump.go */

/* An entry. */
struct tar_item {
    char *text;
    uint64_t header; /* where in the tar its first header begins, as far as the reader tells */
    uint64_t next;   /* the first byte behind its contents and their padding; 0: not told */
};

struct tar_list {
    struct tar_item *items;
    size_t count, cap;
    char *error; /* why the reader stopped, in its own words; NULL: it came to the end */
};

/* An entry before it is a line. Texts may be NULL, which is the same as "". */
struct tar_look {
    const char *type;
    const char *path, *target;
    uint32_t mode;
    int64_t uid, gid, mtime;
    uint32_t mtime_nsec;
    int64_t major, minor;
    uint64_t size;
    const uint8_t *digest; /* of the contents; NULL: they are too many */
    struct tar_attribute {
        const char *name; /* without SCHILY.xattr. */
        size_t name_length;
        const void *value;
        size_t size;
    } * attributes; /* they are sorted in place */
    size_t attribute_count;
};

/* Adds the line of an entry; the caller sets the rest of the item that is returned. */
struct tar_item *tar_list_add(struct tar_list *list, const struct tar_look *look);

/* Adds a line that is a text already. It is copied. */
struct tar_item *tar_list_add_text(struct tar_list *list, const char *text);

/* Ends a list whose reader gave up. */
void tar_list_fail(struct tar_list *list, const char *error);

void tar_list_free(struct tar_list *list);

/* What lib/tar sees, and what libarchive sees, in LEN bytes. Of a file with more than MOST bytes
 * the contents are not read. LIST is empty before. */
void tar_list_own(const uint8_t *tar, size_t len, uint64_t most, struct tar_list *list);
void tar_list_archive(const uint8_t *tar, size_t len, uint64_t most, struct tar_list *list);

#endif
