/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What randomstack knows of the tree that its layers make: only paths, types and where links lead,
 * and only so far as that its next entry can be applied. It is no third opinion on what is right.
 *
 * Paths have no leading slash, "" is the root, and names are as mktar reads them, \xNN for a byte.
 */
#ifndef LI_TESTS_SKETCH_H
#define LI_TESTS_SKETCH_H

#include <stdbool.h>
#include <stddef.h>

enum { SKETCH_PATH = 2000, SKETCH_TARGET = 1100, SKETCH_ITEMS = 600 };

struct sketch_item {
    char path[SKETCH_PATH];
    char target[SKETCH_TARGET]; /* of a symbolic link */
    char type;                  /* d f l o (something else) */
};

struct sketch {
    struct sketch_item item[SKETCH_ITEMS];
    size_t count;
};

struct sketch_item *sketch_find(struct sketch *s, const char *path);

/* Adds an item in the place of what is there; a directory keeps its children where it replaces one.
 * False where there is no room. */
bool sketch_put(struct sketch *s, const char *path, char type, const char *target);

/* Removes what is at PATH and below it; WITH_SELF false leaves the directory itself. */
void sketch_remove(struct sketch *s, const char *path, bool with_self);

/* Whether something of TYPE lies below PATH. */
bool sketch_has_below(struct sketch *s, const char *path, char type);

/* Where PATH is when all links in it are followed, its last name too where it is a link. With MAKE
 * missing directories are made. False where there is no such directory. */
bool sketch_directory(struct sketch *s, const char *path, bool make, char out[SKETCH_PATH]);

#endif
