/* SPDX-License-Identifier: Apache-2.0 */
/* The names that randomstack chooses, and paths to what its sketch has. */
#ifndef LI_TESTS_RANDOMPATH_H
#define LI_TESTS_RANDOMPATH_H

#include <stddef.h>

#include "tests/tools/randomline.h"
#include "tests/tools/sketch.h"

/* A name of at most SIZE - 1 bytes, now and then one that is hard to keep. */
void make_name(char *name, size_t size);

/* An item of one of TYPES; NULL where none was found. */
struct sketch_item *pick_item(struct sketch *tree, const char *types);

/* A link that leads to a directory, and that directory; NULL where none was found. */
struct sketch_item *pick_directory_link(struct sketch *tree, char where[SKETCH_PATH]);

/* A directory's path, which may lead through links and may not be there yet. */
void make_directory_path(struct sketch *tree, char path[SKETCH_PATH]);

/* NAME in DIRECTORY; "" is the root. */
void join(char out[SKETCH_PATH], const char *directory, const char *name);

/* Adds a path to LINE as a tar may have it. */
void add_path(struct line *line, const char *path, char type);

#endif
