/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths. The names still to be walked are a stack with the next name on top. A symbolic link pushes
 * the names of its target.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "compare/internal.h"

struct pile {
    char **name;
    size_t count, cap;
};

/* Whether a name must be walked. */
static bool counts(const char *name)
{
    return *name && strcmp(name, ".") != 0;
}

static int push(struct pile *pile, const char *name, size_t len, struct li_error *err)
{
    int rc = li_array_reserve(&pile->name, &pile->cap, pile->count + 1, sizeof(char *), err);

    if (rc < 0)
        return rc;
    pile->name[pile->count] = strndup(name, len);
    if (!pile->name[pile->count])
        return li_fail_memory(err);
    pile->count++;
    return 0;
}

/* Pushes all names in the first LEN bytes of a path; the first one ends on top. */
static int push_path(struct pile *pile, const char *path, size_t len, struct li_error *err)
{
    int rc = 0;

    while (rc == 0 && len > 0) {
        size_t end = len;

        while (len > 0 && path[len - 1] != '/')
            len--;
        if (end > len)
            rc = push(pile, path + len, end - len, err);
        len -= len > 0;
    }
    return rc;
}

static void free_pile(struct pile *pile)
{
    while (pile->count > 0)
        free(pile->name[--pile->count]);
    free(pile->name);
}

int li_route_clean(const char *path, char **out, struct li_error *err)
{
    char *copy = strdup(path), *clean = malloc(strlen(path) + 1), *end = clean, *rest = copy;
    int rc = 0;

    if (!copy || !clean) {
        rc = li_fail_memory(err);
        goto out;
    }
    *end = '\0';
    for (const char *name; (name = strsep(&rest, "/"));) {
        if (strcmp(name, "..") == 0) {
            if (end == clean) {
                rc = li_fail(err, LI_EINVALID, "%s leads out of the image", path);
                goto out;
            }
            end = strrchr(clean, '/');
            end = end ? end : clean;
            *end = '\0';
        } else if (counts(name)) {
            if (end > clean)
                *end++ = '/';
            end = stpcpy(end, name);
        }
    }
    *out = clean;
    clean = NULL;
out:
    free(clean);
    free(copy);
    return rc;
}

static int make(const struct li_route *route, struct li_object **at, const char *name,
                struct li_error *err)
{
    struct li_object *fresh;
    int rc = li_account_missing(route->account, err);

    if (rc < 0)
        return rc;
    fresh = li_object_directory();
    rc = fresh ? li_object_name(*at, name, fresh, route->account, err) : li_fail_memory(err);
    if (rc == 0)
        *at = fresh;
    else if (fresh)
        li_object_release(fresh);
    return rc;
}

/* Walks one name. */
static int step(struct pile *pile, const struct li_route *route, struct li_object **at,
                const char *name, struct li_error *err)
{
    const struct li_child *child;
    const char *target;

    if (!counts(name))
        return 0;
    if (strcmp(name, "..") == 0) {
        *at = (*at)->parent;
        return 0;
    }
    child = li_object_child(*at, name);
    if (!child)
        return route->manner == LI_ROUTE_MAKE ? make(route, at, name, err) : LI_END;
    if (li_object_is(child->object, S_IFDIR)) {
        *at = child->object;
        return 0;
    }
    if (!li_object_is(child->object, S_IFLNK))
        return route->manner == LI_ROUTE_MAKE
                   ? li_fail(err, LI_EINVALID, "%s is on the path, and is not a directory", name)
                   : LI_END;
    if (route->manner == LI_ROUTE_STRAIGHT)
        return LI_COMPARE_ROUTE_LINK;
    if (route->manner == LI_ROUTE_FIND && route->layer > 0 && child->replaced_in == route->layer)
        return LI_END;
    target = child->object->facts.target;
    if (*target == '/')
        *at = route->root;
    return push_path(pile, target, strlen(target), err);
}

int li_route_parent(const struct li_route *route, const char *path, struct li_route_end *out,
                    struct li_error *err)
{
    const char *slash = strrchr(path, '/');
    struct li_object *at = route->root;
    struct pile pile = {0};
    unsigned links = 0;
    int rc = push_path(&pile, path, slash ? (size_t)(slash - path) : 0, err);

    while (rc == 0 && pile.count > 0) {
        size_t before = --pile.count;
        char *next = pile.name[before];

        rc = li_account_step(route->account, err);
        if (rc == 0)
            rc = step(&pile, route, &at, next, err);
        free(next);
        if (pile.count > before && ++links > LI_COMPARE_LINKS_MAX)
            rc = li_fail(err, LI_EINVALID, "too many symbolic links");
    }
    free_pile(&pile);
    if (rc == 0)
        *out = (struct li_route_end){at, slash ? slash + 1 : path};
    return rc;
}
