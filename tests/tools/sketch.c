/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/sketch.h"

#include <stdio.h>
#include <string.h>

struct sketch_item *sketch_find(struct sketch *s, const char *path)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->item[i].path, path) == 0)
            return &s->item[i];
    return NULL;
}

static bool is_below(const char *path, const char *directory)
{
    size_t len = strlen(directory);

    if (len == 0)
        return *path != '\0';
    return strncmp(path, directory, len) == 0 && path[len] == '/';
}

bool sketch_has_below(struct sketch *s, const char *path, char type)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->item[i].type == type && is_below(s->item[i].path, path))
            return true;
    return false;
}

void sketch_remove(struct sketch *s, const char *path, bool with_self)
{
    char gone[SKETCH_PATH];
    size_t kept = 0;

    /* PATH may be an item's own. */
    snprintf(gone, sizeof(gone), "%s", path);
    for (size_t i = 0; i < s->count; i++) {
        const char *p = s->item[i].path;

        if (is_below(p, gone) || (with_self && strcmp(p, gone) == 0))
            continue;
        if (kept != i)
            s->item[kept] = s->item[i];
        kept++;
    }
    s->count = kept;
}

bool sketch_put(struct sketch *s, const char *path, char type, const char *target)
{
    const struct sketch_item *old = sketch_find(s, path);
    struct sketch_item *item;

    if (old && old->type == 'd' && type == 'd')
        return true;
    if (old)
        sketch_remove(s, path, true);
    if (s->count == SKETCH_ITEMS)
        return false;
    item = &s->item[s->count++];
    snprintf(item->path, sizeof(item->path), "%s", path);
    snprintf(item->target, sizeof(item->target), "%s", target);
    item->type = type;
    return true;
}

/* The name goes behind the path. False where it gets too long. */
static bool enter(char path[SKETCH_PATH], const char *name, size_t len)
{
    size_t have = strlen(path);

    if (have + len + 2 > SKETCH_PATH)
        return false;
    if (have)
        path[have++] = '/';
    memcpy(path + have, name, len);
    path[have + len] = '\0';
    return true;
}

static void leave(char *path)
{
    char *slash = strrchr(path, '/');

    *(slash ? slash : path) = '\0';
}

bool sketch_directory(struct sketch *s, const char *path, bool make, char out[SKETCH_PATH])
{
    char rest[4 * SKETCH_PATH], joined[4 * SKETCH_PATH];
    unsigned links = 0;

    snprintf(rest, sizeof(rest), "%s", path);
    *out = '\0';
    for (char *next = rest; *next;) {
        size_t len = strcspn(next, "/");
        const struct sketch_item *item;
        const char *name = next;

        next += len + (next[len] == '/');
        if (len == 0 || (len == 1 && *name == '.'))
            continue;
        if (len == 2 && strncmp(name, "..", 2) == 0) {
            leave(out);
            continue;
        }
        if (!enter(out, name, len))
            return false;
        item = sketch_find(s, out);
        if (!item && (!make || !sketch_put(s, out, 'd', "")))
            return false;
        if (!item || item->type == 'd')
            continue;
        if (item->type != 'l' || ++links > 30)
            return false;
        if ((size_t)snprintf(joined, sizeof(joined), "%s/%s", item->target, next) >= sizeof(joined))
            return false;
        leave(out);
        if (*item->target == '/')
            *out = '\0';
        memcpy(rest, joined, sizeof(rest));
        next = rest;
    }
    return true;
}
