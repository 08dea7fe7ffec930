/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/randompath.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

void make_name(char *name, size_t size)
{
    static const char *const odd[] = {
        "with\\x20space",
        "new\\x0aline",
        "\\xff\\xfe\\x80",
        "\\xc3\\xa9t\\xc3\\xa9",
        "...",
        "-dash",
        ".wh",
        ".whiteout",
        "x.wh.y",
        "back\\x5cslash",
        "per%%cent",
        "~",
        "\\x01",
        "A",
        "a",
    };

    if (chance(15))
        snprintf(name, size, "%s", pick_of(odd));
    else if (chance(3))
        snprintf(name, size, "%0*u", 200 + (int)pick(56), pick(1000));
    else
        snprintf(name, size, "%c%u", 'a' + (char)pick(6), pick(8));
}

struct sketch_item *pick_item(struct sketch *tree, const char *types)
{
    for (int i = 0; i < 60 && tree->count > 0; i++) {
        struct sketch_item *item = &tree->item[pick((unsigned)tree->count)];

        if (strchr(types, item->type))
            return item;
    }
    return NULL;
}

struct sketch_item *pick_directory_link(struct sketch *tree, char where[SKETCH_PATH])
{
    for (int i = 0; i < 30; i++) {
        struct sketch_item *item = pick_item(tree, "l");

        if (item && sketch_directory(tree, item->path, false, where))
            return item;
    }
    return NULL;
}

void make_directory_path(struct sketch *tree, char path[SKETCH_PATH])
{
    const struct sketch_item *item = pick_item(tree, "d");
    char where[SKETCH_PATH], name[300];

    snprintf(path, SKETCH_PATH, "%s", item && !chance(15) ? item->path : "");
    if (chance(25)) {
        item = pick_directory_link(tree, where);
        if (item)
            snprintf(path, SKETCH_PATH, "%s", item->path);
    }
    if (chance(8) && strlen(path) < 1000) {
        make_name(name, sizeof(name));
        snprintf(path + strlen(path), SKETCH_PATH - strlen(path), "%s%s", *path ? "/" : "", name);
    }
}

void join(char out[SKETCH_PATH], const char *directory, const char *name)
{
    size_t len = strlen(directory), more = strlen(name);

    if (len + more + 2 > SKETCH_PATH)
        errx(1, "a path is too long");
    memcpy(out, directory, len);
    if (len)
        out[len++] = '/';
    memcpy(out + len, name, more + 1);
}

void add_path(struct line *line, const char *path, char type)
{
    static const char *const starts[] = {"./", "/", ".//", "none/../", "././"};

    if (chance(20))
        add(line, "%s", pick_of(starts));
    add(line, "%s%s", path, type == 'd' && (chance(60) || !*path) ? "/" : "");
}
