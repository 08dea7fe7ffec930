/* SPDX-License-Identifier: Apache-2.0 */
/*
 * randomstack SEED DIR: a stack of 1 to 6 layers, the same for a seed, as descriptions for mktar in
 * DIR/1, DIR/2 and so on. They have all kinds of entries, links of both kinds that lead anywhere,
 * paths through links, names that are hard to keep, whiteouts, what AUFS kept, and things in the
 * place of others; and all of them can be applied.
 *
 * A layer's whiteouts are thought of first, since they take effect first, and then stand anywhere
 * in it.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/randomline.h"
#include "tests/tools/randompath.h"
#include "tests/tools/sketch.h"

enum { LINES = 4000 };

static struct sketch tree, before;
static char *lines[LINES]; /* of this layer */
static size_t line_count, whiteout_count;
static bool keep_links; /* a whiteout leads through one */

/* ---- lines ---- */

static void end_line(const struct line *line)
{
    if (line_count == LINES)
        errx(1, "a layer is too long");
    lines[line_count] = strdup(line->text);
    if (!lines[line_count++])
        err(1, "randomstack");
}

/* ---- entries ---- */

static void make_target(char target[SKETCH_TARGET])
{
    const struct sketch_item *item = pick_item(&tree, chance(70) ? "d" : "dfl");
    const char *to = item && strlen(item->path) < 500 ? item->path : "";
    unsigned kind = pick(10);

    if (kind < 3)
        snprintf(target, SKETCH_TARGET, "/%.500s", to);
    else if (kind < 7)
        snprintf(target, SKETCH_TARGET, "%.*s%.500s", (int)(3 * pick(9)),
                 "../../../../../../../../", to);
    else if (kind < 8)
        snprintf(target, SKETCH_TARGET, "%.*s", 1 + (int)pick(5), "b1/a2");
    else if (kind < 9)
        snprintf(target, SKETCH_TARGET, "./%.500s/../%.500s/.", to, to);
    else
        snprintf(target, SKETCH_TARGET, "%0*u", 50 + (int)pick(200), 3U);
    if (!*target)
        strcpy(target, ".");
}

struct wish {
    char path[SKETCH_PATH]; /* as it is written */
    char real[SKETCH_PATH]; /* where it is */
};

/* Where an entry goes; false where it could not be applied there. */
static bool choose_place(struct wish *w)
{
    char directory[SKETCH_PATH], where[SKETCH_PATH], name[300];
    const struct sketch_item *old;

    make_directory_path(&tree, directory);
    make_name(name, sizeof(name));
    if (!sketch_directory(&tree, directory, true, where))
        return false;
    join(w->path, directory, name);
    join(w->real, where, name);
    if (strlen(w->real) > 900)
        return false;
    old = sketch_find(&tree, w->real);
    return !(old && old->type == 'l' && keep_links);
}

static void add_link(const struct wish *w)
{
    const struct sketch_item *item = pick_item(&tree, "flo");
    char path[SKETCH_PATH], where[SKETCH_PATH], target[SKETCH_TARGET], type;
    const struct sketch_item *by = pick_directory_link(&tree, where);
    struct line line = {.len = 0};

    if (!item)
        return;
    snprintf(path, sizeof(path), "%s", item->path);
    snprintf(target, sizeof(target), "%s", item->target);
    type = item->type;
    if (by && strncmp(path, where, strlen(where)) == 0 && path[strlen(where)] == '/' && *where)
        join(path, by->path, item->path + strlen(where) + 1);
    add(&line, "link ");
    add_path(&line, w->path, 'f');
    add(&line, " %s%s", chance(20) ? "./" : "", path);
    if (!sketch_put(&tree, w->real, type, target))
        return;
    end_line(&line);
}

/* A file that AUFS kept for links to it, and such a link. The numbers come again. */
static void add_plink(const struct wish *w)
{
    struct line kept = {.len = 0}, link = {.len = 0};
    unsigned number = pick(4);

    if (!sketch_put(&tree, w->real, 'f', ""))
        return;
    add(&kept, "file %s.wh..wh.plnk/7.%u mode=%o", chance(20) ? "./" : "", number, pick(010000));
    add_owner(&kept);
    add_time(&kept);
    add_content(&kept);
    add_attributes(&kept, 'f');
    end_line(&kept);
    add(&link, "link ");
    add_path(&link, w->path, 'f');
    add(&link, " %s.wh..wh.plnk/7.%u mode=0600", chance(20) ? "./" : "", number);
    end_line(&link);
}

static void add_entry(const struct wish *w)
{
    static const char types[] = "dddffffffflllcbp";
    char type = pick_of(types), target[SKETCH_TARGET] = "";
    struct line line = {.len = 0};

    if (type == '\0')
        type = 'f';
    add(&line, "%s ",
        type == 'd'   ? "dir"
        : type == 'f' ? "file"
        : type == 'l' ? "symlink"
        : type == 'c' ? "char"
        : type == 'b' ? "block"
                      : "fifo");
    add_path(&line, w->path, type);
    if (type == 'l') {
        make_target(target);
        add(&line, " %s", target);
    }
    if (type == 'c' || type == 'b')
        add(&line, " %u,%u", pick(4096), pick(2) ? pick(256) : pick(1 << 20));
    if (chance(type == 'l' ? 30 : 70))
        add(&line, " mode=%o", pick(010000));
    add_owner(&line);
    add_time(&line);
    if (type == 'f')
        add_content(&line);
    add_attributes(&line, type);
    if (!strchr("dfl", type))
        type = 'o';
    if (!sketch_put(&tree, w->real, type, target))
        return;
    end_line(&line);
}

static void add_entries(unsigned count)
{
    struct line root = {.len = 0};

    if (chance(50)) {
        add(&root, "dir ./ mode=%o", pick(010000));
        add_owner(&root);
        add_time(&root);
        add_attributes(&root, 'd');
        end_line(&root);
    }
    while (count-- > 0) {
        size_t had = line_count;
        struct wish w;

        before = tree;
        if (choose_place(&w)) {
            if (chance(5))
                add_plink(&w);
            else if (chance(15))
                add_link(&w);
            else
                add_entry(&w);
        }
        if (line_count == had)
            tree = before;
    }
}

/* A directory that needs an index. The sketch does not know of what is in it. */
static void add_many(void)
{
    unsigned count = 200 + pick(2500);
    struct line line = {.len = 0};

    for (unsigned i = 0; i < count; i++) {
        line.len = 0;
        add(&line, "file many/a-name-that-takes-some-room-in-its-directory-%u", i);
        end_line(&line);
    }
    sketch_put(&tree, "many", 'd', "");
}

/* ---- whiteouts ---- */

static void add_whiteout(const char *directory, const char *mark, const char *name)
{
    char path[SKETCH_PATH], last[700];
    struct line line = {.len = 0};

    snprintf(last, sizeof(last), "%s%s", mark, name);
    join(path, directory, last);
    add(&line, "file ");
    add_path(&line, path, 'f');
    end_line(&line);
    whiteout_count++;
}

static void split(const struct sketch_item *item, char directory[SKETCH_PATH], char name[600])
{
    char *slash;

    snprintf(directory, SKETCH_PATH, "%s", item->path);
    slash = strrchr(directory, '/');
    snprintf(name, 600, "%s", slash ? slash + 1 : directory);
    *(slash ? slash : directory) = '\0';
}

static void add_direct_whiteout(void)
{
    const struct sketch_item *item = pick_item(&tree, chance(60) ? "flo" : "d");
    char directory[SKETCH_PATH] = "", name[600] = "";
    unsigned kind = pick(10);

    if (!item)
        return;
    split(item, directory, name);
    if (kind < 6) {
        add_whiteout(directory, ".wh.", name);
        sketch_remove(&tree, item->path, true);
    } else if (kind < 8 && item->type == 'd') {
        snprintf(directory, sizeof(directory), "%s", item->path);
        add_whiteout(directory, ".wh..wh..opq", "");
        sketch_remove(&tree, directory, false);
    } else if (kind == 8) {
        add_whiteout(directory, ".wh.", "was-never-there");
    } else {
        add_whiteout(directory, chance(50) ? ".wh..wh.plnk" : ".wh..wh.aufs", "");
    }
}

/* A child of DIRECTORY that is no link and has none below it. */
static struct sketch_item *pick_child(const char *directory)
{
    for (int i = 0; i < 60; i++) {
        struct sketch_item *item = pick_item(&tree, "dfo");
        char parent[SKETCH_PATH], name[600];

        if (!item)
            return NULL;
        split(item, parent, name);
        if (strcmp(parent, directory) == 0 && !sketch_has_below(&tree, item->path, 'l'))
            return item;
    }
    return NULL;
}

/* One that a link leads to, or that is in the directory which takes the link's place. */
static void add_whiteout_through_link(void)
{
    char where[SKETCH_PATH], parent[SKETCH_PATH], name[600] = "x", link[SKETCH_PATH];
    const struct sketch_item *by = pick_directory_link(&tree, where), *child;
    struct line line = {.len = 0};
    bool opaque = chance(30);

    if (!by || strlen(by->path) > 700)
        return;
    snprintf(link, sizeof(link), "%s", by->path);
    child = pick_child(where);
    if (child)
        split(child, parent, name);
    if (chance(50)) {
        add_whiteout(link, opaque ? ".wh..wh..opq" : ".wh.", opaque ? "" : name);
        if (!sketch_put(&tree, link, 'd', ""))
            errx(1, "too many items");
        add(&line, "dir %s/ mode=0750", link);
        end_line(&line);
    } else if (!opaque || !sketch_has_below(&tree, where, 'l')) {
        add_whiteout(link, opaque ? ".wh..wh..opq" : ".wh.", opaque ? "" : name);
        if (opaque)
            sketch_remove(&tree, where, false);
        else if (child)
            sketch_remove(&tree, child->path, true);
        keep_links = true;
    }
}

/* ---- layers ---- */

/* Whiteouts, which were thought of first, go to any place in the layer. */
static void scatter(void)
{
    for (size_t i = 0; i < whiteout_count; i++) {
        size_t to = i + pick((unsigned)(line_count - i));
        char *line = lines[0];

        memmove(lines, lines + 1, to * sizeof(lines[0]));
        lines[to] = line;
    }
}

static void write_layer(const char *dir, unsigned number)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%u", dir, number);
    f = fopen(path, "w");
    if (!f)
        err(1, "%s", path);
    for (size_t i = 0; i < line_count; i++) {
        fprintf(f, "%s\n", lines[i]);
        free(lines[i]);
    }
    if (fclose(f) != 0)
        err(1, "%s", path);
}

static void make_layer(unsigned number)
{
    line_count = whiteout_count = 0;
    keep_links = false;
    for (unsigned i = number > 1 ? pick(7) : 0; i > 0; i--)
        add_direct_whiteout();
    if (number > 1 && chance(50))
        add_whiteout_through_link();
    if (number == 1 && chance(12))
        add_many();
    add_entries(3 + pick(number == 1 ? 60 : 30));
    if (line_count > 0)
        scatter();
}

int main(int argc, char **argv)
{
    unsigned layers;

    if (argc != 3)
        errx(2, "usage: randomstack SEED DIR");
    random_state = strtoull(argv[1], NULL, 10);
    layers = 1 + pick(6);
    for (unsigned i = 1; i <= layers; i++) {
        make_layer(i);
        write_layer(argv[2], i);
    }
    return 0;
}
