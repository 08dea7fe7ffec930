/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical text of a file tree, one line an entry, sorted by path, so that diff(1) compares
 * trees that were read in quite different ways:
 *
 *     PATH TYPE MODE UID:GID [size=BYTES|rdev=MAJOR,MINOR] links=N mtime=SEC.NSEC
 *         [target=TEXT] [sha256=HEX] [same-as=PATH] [NAME=HEX ...]
 *
 * TYPE is one of d f l c b p s. The size of a directory is left out, since it says something of the
 * file system and nothing of the tree. same-as is the lowest path of a group of hard links, and
 * stands at all but that. Bytes of names and targets that are not printable ASCII, spaces and
 * backslashes are written \xNN. Errors end the program: these are tools of tests.
 */
#ifndef LI_TESTS_LISTING_H
#define LI_TESTS_LISTING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct listing_attr {
    char *name;
    unsigned char *value;
    size_t size;
};

struct listing_entry {
    char *path; /* relative to the root, which is "." */
    char *target;
    struct listing_attr *attrs;
    size_t attr_count;
    uint64_t ino;
    uint64_t size;
    int64_t mtime;
    uint32_t mtime_nsec;
    uint32_t mode; /* type and permissions */
    uint32_t uid;
    uint32_t gid;
    uint32_t links;
    uint32_t major;
    uint32_t minor;
    unsigned char sha256[32]; /* of a regular file */
};

struct listing {
    struct listing_entry *entries;
    size_t count;
    size_t cap;
};

/* A new entry, all zeros but its path DIR/NAME, which is copied. It is valid until the next one. */
struct listing_entry *listing_add(struct listing *listing, const char *dir, const char *name);

/* Adds an attribute; NAME and VALUE are copied. */
void listing_attribute(struct listing_entry *entry, const char *name, const void *value,
                       size_t size);

/* SHA-256 of what READ gives until it returns 0. */
void listing_sha256(ssize_t (*read)(void *arg, void *buf, size_t len), void *arg,
                    unsigned char digest[32]);

/* Sorts and prints all entries to standard output. */
void listing_print(struct listing *listing);

void listing_free(struct listing *listing);

#endif
