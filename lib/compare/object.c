/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree as objects on the heap that refer to each other, with the children of each directory in
 * a balanced tree of tsearch(3). This is slower and larger than necessary, and deliberately unlike
 * the product's arrays. Removed objects are freed through a list of pending objects, because a
 * hostile tree is deeper than a stack.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "compare/internal.h"

struct li_object *li_object_new(void)
{
    return calloc(1, sizeof(struct li_object));
}

struct li_object *li_object_directory(void)
{
    struct li_object *object = li_object_new();

    if (object)
        object->facts.mode = S_IFDIR | 0755;
    return object;
}

void li_facts_free(struct li_facts *facts)
{
    free(facts->target);
    *facts = (struct li_facts){0};
}

bool li_object_is(const struct li_object *object, uint32_t type)
{
    return (object->facts.mode & S_IFMT) == type;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct li_child *)a)->name, ((const struct li_child *)b)->name);
}

/* ---- freeing ---- */

/* Takes one name from an object. Without any name it is pending. */
static void lose_name(struct li_object *object, struct li_object **pending)
{
    if (--object->names > 0)
        return;
    object->pending = *pending;
    *pending = object;
}

static void lose_child(const void *node, VISIT visit, void *arg)
{
    const struct li_child *child = *(struct li_child *const *)node;

    if (visit == postorder || visit == leaf)
        lose_name(child->object, arg);
}

static void lose_children(struct li_object *directory, struct li_object **pending)
{
    twalk_r(directory->children, lose_child, pending);
    tdestroy(directory->children, free);
    directory->children = NULL;
}

static void free_pending(struct li_object *pending)
{
    while (pending) {
        struct li_object *object = pending;

        pending = object->pending;
        lose_children(object, &pending);
        li_facts_free(&object->facts);
        free(object);
    }
}

void li_object_release(struct li_object *object)
{
    object->pending = NULL;
    free_pending(object);
}

/* ---- names ---- */

static struct li_child *new_child(const char *name)
{
    size_t size = strlen(name) + 1;
    struct li_child *child = calloc(1, sizeof(*child) + size);

    if (child)
        child->name = memcpy(child + 1, name, size);
    return child;
}

struct li_child *li_object_child(const struct li_object *directory, const char *name)
{
    const struct li_child key = {.name = name};
    struct li_child **found = tfind(&key, &directory->children, by_name);

    return found ? *found : NULL;
}

int li_object_name(struct li_object *directory, const char *name, struct li_object *object,
                   struct li_account *account, struct li_error *err)
{
    struct li_child *child, **at = NULL;
    struct li_object *pending = NULL;
    int rc = li_account_name(account, strlen(name), err);

    if (rc < 0)
        return rc;
    child = new_child(name);
    if (child)
        at = tsearch(child, &directory->children, by_name);
    if (!at) {
        free(child);
        return li_fail_memory(err);
    }
    object->names++;
    if (li_object_is(object, S_IFDIR))
        object->parent = directory;
    if (*at != child) {
        lose_name((*at)->object, &pending);
        free(child);
        child = *at;
    }
    child->object = object;
    free_pending(pending);
    return 0;
}

void li_object_unname(struct li_object *directory, const char *name)
{
    struct li_child *child = li_object_child(directory, name);
    struct li_object *pending = NULL;

    if (!child)
        return;
    tdelete(child, &directory->children, by_name);
    lose_name(child->object, &pending);
    free(child);
    free_pending(pending);
}

void li_object_empty(struct li_object *directory)
{
    struct li_object *pending = NULL;

    lose_children(directory, &pending);
    free_pending(pending);
}

int li_object_path(const struct li_object *object, struct li_buffer *out, struct li_error *err)
{
    size_t at = 1;
    int rc;

    for (const struct li_object *o = object; o->name; o = o->parent)
        at += strlen(o->name) + 1;
    rc = li_buffer_reserve(out, at, err);
    if (rc < 0)
        return rc;
    out->len = at;
    out->data[--at] = '\0';
    for (const struct li_object *o = object; o->name; o = o->parent) {
        size_t len = strlen(o->name);

        at -= len;
        memcpy(out->data + at, o->name, len);
        out->data[--at] = '/';
    }
    return 0;
}

/* ---- listing ---- */

struct listing {
    struct li_child **list;
    size_t count, cap;
    bool failed;
};

static void note_child(const void *node, VISIT visit, void *arg)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct listing *l = arg;

    if (visit != postorder && visit != leaf)
        return;
    if (li_array_reserve(&l->list, &l->cap, l->count + 1, sizeof(struct li_child *), &ignored) <
        0) {
        l->failed = true;
        return;
    }
    l->list[l->count++] = *(struct li_child *const *)node;
}

int li_object_list(const struct li_object *directory, struct li_child ***out, size_t *count,
                   struct li_error *err)
{
    struct listing l = {0};

    twalk_r(directory->children, note_child, &l);
    if (l.failed) {
        free(l.list);
        return li_fail_memory(err);
    }
    *out = l.list;
    *count = l.count;
    return 0;
}
