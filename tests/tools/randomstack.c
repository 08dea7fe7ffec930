/* SPDX-License-Identifier: Apache-2.0 */
/*
 * randomstack SEED DIR: a stack of 1 to 6 layers, the same for a seed, as descriptions for mktar in
 * DIR/1, DIR/2 and so on. They have all kinds of entries, links of both kinds that lead anywhere,
 * paths through links, names that are hard to keep, whiteouts, and things in the place of others;
 * and all of them can be applied.
 *
 * A layer's whiteouts are thought of first, since they take effect first, and then stand anywhere
 * in it.
 */
#include "tests/tools/sketch.h"

#include <err.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 4000, LINE = 12000 };

static uint64_t state;
static struct sketch tree, before;
static char *lines[LINES]; /* of this layer */
static size_t line_count, whiteout_count;
static bool keep_links; /* a whiteout leads through one */

/* 0 to LIMIT - 1 (splitmix64) */
static unsigned pick(unsigned limit)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (unsigned)((z ^ (z >> 31)) % limit);
}

static bool chance(unsigned percent)
{
    return pick(100) < percent;
}

#define pick_of(list) (list)[pick(sizeof(list) / sizeof((list)[0]))]

/* ---- lines ---- */

struct line {
    char text[LINE];
    size_t len;
};

static void add(struct line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct line *line, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    line->len += (size_t)vsnprintf(line->text + line->len, LINE - line->len, fmt, ap);
    va_end(ap);
    if (line->len >= LINE)
        errx(1, "a line is too long");
}

static void end_line(const struct line *line)
{
    if (line_count == LINES)
        errx(1, "a layer is too long");
    lines[line_count] = strdup(line->text);
    if (!lines[line_count++])
        err(1, "randomstack");
}

/* ---- names and paths ---- */

static void make_name(char *name, size_t size)
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

static struct sketch_item *pick_item(const char *types)
{
    for (int i = 0; i < 60 && tree.count > 0; i++) {
        struct sketch_item *item = &tree.item[pick((unsigned)tree.count)];

        if (strchr(types, item->type))
            return item;
    }
    return NULL;
}

/* A link that leads to a directory, and that directory. */
static struct sketch_item *pick_directory_link(char where[SKETCH_PATH])
{
    for (int i = 0; i < 30; i++) {
        struct sketch_item *item = pick_item("l");

        if (item && sketch_directory(&tree, item->path, false, where))
            return item;
    }
    return NULL;
}

/* A directory's path, which may lead through links and may not be there yet. */
static void make_directory_path(char path[SKETCH_PATH])
{
    const struct sketch_item *item = pick_item("d");
    char where[SKETCH_PATH], name[300];

    snprintf(path, SKETCH_PATH, "%s", item && !chance(15) ? item->path : "");
    if (chance(25)) {
        item = pick_directory_link(where);
        if (item)
            snprintf(path, SKETCH_PATH, "%s", item->path);
    }
    if (chance(8) && strlen(path) < 1000) {
        make_name(name, sizeof(name));
        snprintf(path + strlen(path), SKETCH_PATH - strlen(path), "%s%s", *path ? "/" : "", name);
    }
}

static void join(char out[SKETCH_PATH], const char *directory, const char *name)
{
    size_t len = strlen(directory), more = strlen(name);

    if (len + more + 2 > SKETCH_PATH)
        errx(1, "a path is too long");
    memcpy(out, directory, len);
    if (len)
        out[len++] = '/';
    memcpy(out + len, name, more + 1);
}

/* The path as a tar may have it. */
static void add_path(struct line *line, const char *path, char type)
{
    static const char *const starts[] = {"./", "/", ".//", "none/../", "././"};

    if (chance(20))
        add(line, "%s", pick_of(starts));
    add(line, "%s%s", path, type == 'd' && (chance(60) || !*path) ? "/" : "");
}

/* ---- what entries say ---- */

static void add_time(struct line *line)
{
    static const char *const odd[] = {
        "0",
        "-1",
        "-1.25",
        "-0.5",
        "1.000000001",
        "-2147483648",
        "15032385535.999999999",
        "4294967296.5",
        "2147483648",
        "1700000000.123456789",
        "-1000000.75",
    };

    if (chance(30))
        add(line, " mtime=%s", pick_of(odd));
    else if (chance(80))
        add(line, " mtime=%u", 1500000000 + pick(1000));
}

static void add_owner(struct line *line)
{
    static const unsigned owners[] = {0, 1, 1000, 65535, 65536, 2097151, 2097152, 4294967294};

    if (chance(30))
        add(line, " uid=%u gid=%u", pick_of(owners), pick_of(owners));
}

static void add_acl(struct line *line, char type)
{
    static const char *const acls[] = {
        "\\x02\\x00\\x00\\x00\\x01\\x00\\x06\\x00\\xff\\xff\\xff\\xff\\x02\\x00\\x04\\x00\\xe8\\x03"
        "\\x00\\x00\\x04\\x00\\x04\\x00\\xff\\xff\\xff\\xff\\x10\\x00\\x05\\x00\\xff\\xff\\xff\\xff"
        "\\x20\\x00\\x00\\x00\\xff\\xff\\xff\\xff",
        "\\x02\\x00\\x00\\x00\\x01\\x00\\x07\\x00\\xff\\xff\\xff\\xff\\x04\\x00\\x01\\x00\\xff\\xff"
        "\\xff\\xff\\x20\\x00\\x05\\x00\\xff\\xff\\xff\\xff",
        "\\x02\\x00\\x00\\x00",
    };
    static const char *const texts[] = {
        "user::rw-,user:x:r--:7,group::r-x,mask::rwx,other::--x",
        "user::r-x,group::r--,other::---",
        "user::rwx,group::r-x,group:x:-wx:70000,mask::r-x,other::r--,user:y:rwx:3",
    };
    const char *which = type == 'd' && chance(50) ? "default" : "access";

    if (chance(50))
        add(line, " xattr.system.posix_acl_%s=%s", which, pick_of(acls));
    else
        add(line, " pax.SCHILY.acl.%s=%s", which, pick_of(texts));
}

static void add_attributes(struct line *line, char type)
{
    static const char *const values[] = {"v", "", "\\x00\\x01\\xff", "some-longer-value"};

    if (chance(80))
        return;
    if (strchr("fd", type)) {
        if (chance(60))
            add(line, " xattr.user.a%u=%s", pick(4), pick_of(values));
        if (chance(10))
            add(line, " xattr.user.large=%0*u", 1 + (int)pick(3500), 7U);
        if (chance(20))
            add(line, " pax.LIBARCHIVE.xattr.user.base64=aGVsbG8=");
        if (chance(30))
            add_acl(line, type);
    }
    if (chance(40))
        add(line, " xattr.trusted.t%u=%s", pick(3), pick_of(values));
    if (chance(20))
        add(line, " xattr.security.note=%s", pick_of(values));
}

static void add_content(struct line *line)
{
    static const unsigned around[] = {4096, 262144, 524288, 1048576};
    unsigned size = pick(3000);

    if (chance(10)) {
        unsigned a = pick(9000), b = 1 + pick(6000), hole = 1 + pick(900000);
        unsigned end = a + b + hole + 100;

        add(line, " size=%u fill=%u pax.GNU.sparse.size=%u pax.GNU.sparse.numblocks=2", b + 100,
            1 + pick(5), end + pick(5000));
        add(line, " pax.GNU.sparse.map=%u,%u,%u,100", a, b, a + b + hole);
        return;
    }
    if (chance(30))
        size = around[pick(chance(70) ? 2 : 4)] * (1 + pick(2)) + pick(3) - 1;
    if (chance(15))
        size = 0;
    add(line, " size=%u", size);
    if (!chance(10))
        add(line, " fill=%u", 1 + pick(1000));
}

static void make_target(char target[SKETCH_TARGET])
{
    const struct sketch_item *item = pick_item(chance(70) ? "d" : "dfl");
    const char *to = item && strlen(item->path) < 500 ? item->path : "";
    unsigned kind = pick(10);

    if (kind < 3)
        snprintf(target, SKETCH_TARGET, "/%s", to);
    else if (kind < 7)
        snprintf(target, SKETCH_TARGET, "%.*s%s", (int)(3 * pick(9)), "../../../../../../../../",
                 to);
    else if (kind < 8)
        snprintf(target, SKETCH_TARGET, "%.*s", 1 + (int)pick(5), "b1/a2");
    else if (kind < 9)
        snprintf(target, SKETCH_TARGET, "./%s/../%s/.", to, to);
    else
        snprintf(target, SKETCH_TARGET, "%0*u", 50 + (int)pick(200), 3U);
    if (!*target)
        strcpy(target, ".");
}

/* ---- entries ---- */

struct wish {
    char path[SKETCH_PATH]; /* as it is written */
    char real[SKETCH_PATH]; /* where it is */
};

/* Where an entry goes; false where it could not be applied there. */
static bool choose_place(struct wish *w)
{
    char directory[SKETCH_PATH], where[SKETCH_PATH], name[300];
    const struct sketch_item *old;

    make_directory_path(directory);
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
    const struct sketch_item *item = pick_item("flo");
    char path[SKETCH_PATH], where[SKETCH_PATH], target[SKETCH_TARGET], type;
    const struct sketch_item *by = pick_directory_link(where);
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
    if (type != 'l' && chance(70))
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
            if (chance(15))
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
    const struct sketch_item *item = pick_item(chance(60) ? "flo" : "d");
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
        struct sketch_item *item = pick_item("dfo");
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
    const struct sketch_item *by = pick_directory_link(where), *child;
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
    state = strtoull(argv[1], NULL, 10);
    layers = 1 + pick(6);
    for (unsigned i = 1; i <= layers; i++) {
        make_layer(i);
        write_layer(argv[2], i);
    }
    return 0;
}
