/* SPDX-License-Identifier: Apache-2.0 */
/* Names, paths, links and whiteouts. */
#include <stdio.h>
#include <string.h>

#include "tests/tools/costly.h"
#include "tests/tools/randomline.h"

static const char letters[] = "abcdefghijklmnop";

/* LEN bytes of "d/d/d/...", without a slash at the end. */
static const char *deep(char path[COSTLY_PATH + 1], size_t len)
{
    for (size_t i = 0; i < len; i++)
        path[i] = i % 2 ? '/' : 'd';
    path[len - (len % 2 == 0)] = '\0';
    return path;
}

/* ---- names ---- */

static void make_names(struct costly *c)
{
    unsigned many = pick(2);

    for (unsigned i = 0; costly_room(c, &c->lower); i++)
        costly_file(c, &c->lower, "%u/%0255u", many ? i / 100 : 0, i);
}

static void make_repeated(struct costly *c)
{
    unsigned names = 1 + pick(3);

    for (unsigned i = 0; costly_room(c, &c->lower); i++)
        costly_file(c, &c->lower, "same%c", letters[i % names]);
}

/* A directory with files, and a file in its place, in turn. */
static void make_replaced(struct costly *c)
{
    unsigned count = 1 + pick(1000);

    for (unsigned i = 0; costly_room(c, &c->lower); i++) {
        if (i % count == 0)
            costly_file(c, &c->lower, "d");
        if (i % count == 0)
            costly_directory(c, &c->lower, "d");
        costly_file(c, &c->lower, "d/%u", i);
    }
}

static void make_hard_links(struct costly *c)
{
    unsigned count = 64999 + pick(2);
    char path[64], target[64];

    costly_file(c, &c->lower, "file");
    snprintf(target, sizeof(target), "k%u/file", c->part);
    for (unsigned i = 0; i < count && costly_room(c, &c->lower); i++) {
        snprintf(path, sizeof(path), "k%u/%u", c->part, i);
        costly_put(c, &c->lower, &(struct costly_entry){path, target, '1', NULL});
    }
}

/* ---- paths ---- */

/* Each leads through directories of its own, which no entry makes. */
static void make_missing(struct costly *c)
{
    unsigned most = chance(60) ? 120 : 100000;
    char path[COSTLY_PATH + 1];

    deep(path, 4050);
    for (unsigned i = 0; i < most && costly_room(c, &c->lower); i++) {
        costly_file(c, &c->lower, "%u/%s/f", i, path);
        c->entries += 2026;
    }
}

/* The same, of names as long as can be. */
static void make_missing_names(struct costly *c)
{
    unsigned most = chance(60) ? 16000 : 1000000;

    for (unsigned i = 0; i < most && costly_room(c, &c->lower); i++) {
        costly_file(c, &c->lower,
                    "%0255u/%0255u/%0255u/%0255u/%0255u/%0255u/%0255u/%0255u/%0255u/%0255u/%0255u/"
                    "%0255u/%0255u/%0255u/%0255u/f",
                    i, i, i, i, i, i, i, i, i, i, i, i, i, i, i);
        c->entries += 15;
    }
}

/* Entries in two deep directories in turn, so that no path is as the one before. */
static void make_deep(struct costly *c)
{
    char path[COSTLY_PATH + 1];

    deep(path, 4050);
    c->entries += 4060;
    for (unsigned i = 0; costly_room(c, &c->lower); i++)
        costly_file(c, &c->lower, "%c/%s/%u", letters[i % 2], path, i);
}

/* A path as text, with much that is cleaned away. */
static void make_unclean(struct costly *c)
{
    static const char *const parts[] = {"./", "/", "a/../", "aa/bb/../../"};
    const char *part = pick_of(parts);
    struct li_buffer path = {0};

    while (path.len + 100 < COSTLY_SPECIAL)
        costly_text(&path, "%s", part);
    for (unsigned i = 0; costly_room(c, &c->lower); i++)
        costly_file(c, &c->lower, "%.*s%u", (int)path.len, (const char *)path.data, i);
    li_buffer_free(&path);
}

/* Each directory is an entry. */
static void make_tree(struct costly *c)
{
    char path[COSTLY_PATH + 1];

    for (unsigned i = 0; costly_room(c, &c->lower); i++)
        costly_directory(c, &c->lower, "%u/%s", i / 2020, deep(path, 1 + 2 * (i % 2020)));
}

/* ---- symbolic links ---- */

static void make_targets(struct costly *c)
{
    char target[COSTLY_PATH + 1];
    unsigned size = chance(70) ? COSTLY_PATH : 60 + pick(4000);

    for (unsigned i = 0; costly_room(c, &c->lower); i++) {
        snprintf(target, sizeof(target), "%0*u", (int)size, i);
        costly_link(c, &c->lower, target, "%u", i);
    }
}

/* Some dozens of links, each of which leads through all of a deep directory to the next one. */
static void make_chain(struct costly *c, const char *end)
{
    char path[COSTLY_PATH + 1], target[COSTLY_PATH + 100];
    int links = 20 + (int)pick(20);

    deep(path, 4030);
    costly_directory(c, &c->lower, "%s", path);
    c->entries += 2014;
    for (int i = 0; i < links; i++) {
        snprintf(target, sizeof(target), "/k%u/%s/%d", c->part, path, i + 1);
        costly_link(c, &c->lower, target, "%s/%d", path, i);
    }
    costly_directory(c, &c->lower, "%s/%d%s", path, links, end);
    snprintf(target, sizeof(target), "/k%u/%s/0", c->part, path);
    costly_link(c, &c->lower, target, "a");
    costly_link(c, &c->lower, target, "b");
}

static void make_chain_used(struct costly *c)
{
    unsigned most = chance(60) ? 200 : 1000000;

    make_chain(c, "");
    for (unsigned i = 0; i < most && costly_room(c, &c->lower); i++)
        costly_file(c, &c->lower, "%c/%u", letters[i % 2], i);
}

/* Hard links to a file that the chain leads to. */
static void make_chain_linked(struct costly *c)
{
    unsigned most = chance(60) ? 200 : 60000;
    char path[64], target[64];

    make_chain(c, "/x");
    costly_file(c, &c->lower, "a/file");
    snprintf(target, sizeof(target), "k%u/b/file", c->part);
    for (unsigned i = 0; i < most && costly_room(c, &c->lower); i++) {
        snprintf(path, sizeof(path), "k%u/l%u", c->part, i);
        costly_put(c, &c->lower, &(struct costly_entry){path, target, '1', NULL});
    }
}

/* ---- whiteouts ---- */

/* Their paths lead through a link, so each has to wait until all of the layer was read. */
static void make_waiting(struct costly *c)
{
    char path[COSTLY_PATH + 1];
    unsigned len = chance(50) ? 4050 : 1 + pick(4000), exists = pick(2);

    deep(path, len);
    costly_link(c, &c->lower, ".", "l");
    if (exists) {
        costly_directory(c, &c->lower, "%s", path);
        c->entries += len / 2;
    }
    for (unsigned i = 0; costly_room(c, &c->upper); i++)
        costly_file(c, &c->upper, "l/%s/.wh.%u", path, i);
}

/* Through the chain, of which each takes all links. */
static void make_waiting_chain(struct costly *c)
{
    unsigned most = chance(60) ? 100 : 1000000;

    make_chain(c, "");
    for (unsigned i = 0; i < most && costly_room(c, &c->upper); i++)
        costly_file(c, &c->upper, "%c/.wh.%u", letters[i % 2], i);
}

/* A layer that removes a directory and makes it again, and is named many times. */
static void make_removed(struct costly *c)
{
    unsigned count = 1 + pick(1000);

    c->uppers = 1 + pick(COSTLY_LAYERS - 1);
    if (chance(50))
        costly_file(c, &c->upper, ".wh.d");
    else
        costly_file(c, &c->upper, "d/.wh..wh..opq");
    for (unsigned i = 0; i < count && costly_room(c, &c->upper); i++)
        costly_file(c, &c->upper, "d/%u", i);
}

/* A layer that is named many times, and has a whiteout that has to wait. */
static void make_again(struct costly *c)
{
    unsigned count = pick(300);

    c->uppers = 1 + pick(COSTLY_LAYERS - 1);
    costly_link(c, &c->lower, ".", "l");
    costly_file(c, &c->upper, "l/.wh.x");
    for (unsigned i = 0; i < count && costly_room(c, &c->upper); i++)
        costly_file(c, &c->upper, "l/%u", i);
}

/* The same, with much to read and few entries. */
static void make_again_large(struct costly *c)
{
    struct li_buffer records = {0};
    char path[64], comment[4001];

    memset(comment, 'n', sizeof(comment) - 1);
    comment[sizeof(comment) - 1] = '\0';
    while (records.len + 5000 < COSTLY_SPECIAL)
        tar_record_text(&records, "comment", comment);
    c->uppers = chance(50) ? COSTLY_LAYERS - 1 : 1 + pick(200);
    for (unsigned i = 0; costly_room(c, &c->upper); i++) {
        snprintf(path, sizeof(path), "k%u/%u", c->part, i);
        costly_put(c, &c->upper, &(struct costly_entry){path, NULL, '0', &records});
    }
    li_buffer_free(&records);
}

const struct costly_kind costly_paths[] = {
    {"names that are long", make_names},
    {"one path again and again", make_repeated},
    {"directories that are replaced", make_replaced},
    {"hard links", make_hard_links},
    {"paths through directories that are missing", make_missing},
    {"paths through missing directories with long names", make_missing_names},
    {"paths that are deep", make_deep},
    {"paths that are not clean", make_unclean},
    {"directories that are deep", make_tree},
    {"links with long targets", make_targets},
    {"links to links, in paths", make_chain_used},
    {"links to links, in hard links", make_chain_linked},
    {"whiteouts that wait", make_waiting},
    {"whiteouts through links to links", make_waiting_chain},
    {"whiteouts again and again", make_removed},
    {"layers again and again", make_again},
    {"layers with large headers again and again", make_again_large},
    {NULL, NULL},
};
