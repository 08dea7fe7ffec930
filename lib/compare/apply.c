/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applies a layer's changes to the tree of the layers below (OCI image-spec, layer.md, "Applying
 * Changesets").
 *
 * Whiteouts come first and so affect lower layers only. They take two rounds: first those whose
 * path has no link, then the others, through links that are left and that the layer itself does not
 * replace. Everything else follows in the layer's order. Until the layer is done, files that AUFS
 * kept as targets of hard links are in a directory of their own, which no path leads to.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compare/internal.h"

/* The things that a layer's changes are applied to. */
struct upon {
    struct li_object *root;
    struct li_object *targets;
    struct li_account *account;
};

static bool hides(const struct li_change *change)
{
    return change->kind == LI_CHANGE_WHITEOUT || change->kind == LI_CHANGE_OPAQUE;
}

/* Removes what is at the clean path PATH, or, for its opaque mark, what is in it. */
static int hide(const struct upon *upon, const struct li_change *change,
                enum li_route_manner manner, uint32_t layer, struct li_error *err)
{
    const struct li_route route = {upon->root, manner, layer, upon->account};
    struct li_route_end end;
    int rc = li_route_parent(&route, change->path, &end, err);

    if (rc == 0 && change->kind == LI_CHANGE_OPAQUE)
        li_object_empty(end.directory);
    else if (rc == 0)
        li_object_unname(end.directory, end.name);
    return rc == LI_END ? 0 : rc;
}

/* The link that an entry replaces, if it is a link. */
static int note_replaced(const struct upon *upon, const struct li_change *change, uint32_t layer,
                         struct li_error *err)
{
    const struct li_route route = {upon->root, LI_ROUTE_FIND, layer, upon->account};
    struct li_route_end end;
    struct li_child *child;
    int rc = li_route_parent(&route, change->path, &end, err);

    if (rc == 0) {
        child = li_object_child(end.directory, end.name);
        if (child)
            child->replaced_in = layer;
    }
    if (rc == LI_ENOMEM || rc == LI_ELIMIT)
        return rc;
    /* A bad path is found again when the entry is placed. */
    li_error_clear(err);
    return 0;
}

static int apply_whiteouts(const struct upon *upon, struct li_changes *changes, uint32_t layer,
                           struct li_error *err)
{
    bool again = false;
    int rc = 0;

    for (size_t i = 0; i < changes->count && rc == 0; i++) {
        struct li_change *change = &changes->list[i];

        if (!hides(change))
            continue;
        rc = hide(upon, change, LI_ROUTE_STRAIGHT, layer, err);
        if (rc == LI_COMPARE_ROUTE_LINK) {
            change->through_link = again = true;
            rc = 0;
        }
    }
    for (size_t i = 0; again && i < changes->count && rc == 0; i++)
        if (changes->list[i].kind == LI_CHANGE_ENTRY)
            rc = note_replaced(upon, &changes->list[i], layer, err);
    for (size_t i = 0; again && i < changes->count && rc == 0; i++)
        if (changes->list[i].through_link)
            rc = hide(upon, &changes->list[i], LI_ROUTE_FIND, layer, err);
    return rc;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int find_linked(const struct upon *upon, const char *path, struct li_object **out,
                       struct li_error *err)
{
    const struct li_route route = {upon->root, LI_ROUTE_FIND, 0, upon->account};
    struct li_route_end end = {upon->targets, last_name(path)};
    struct li_child *child = NULL;
    int rc = li_change_is_target(path) ? 0 : li_route_parent(&route, path, &end, err);

    if (rc < 0)
        return rc;
    if (rc == 0)
        child = li_object_child(end.directory, end.name);
    if (!child || li_object_is(child->object, S_IFDIR))
        return li_fail(err, LI_ECORRUPT, "a hard link to /%s, which is not a file", path);
    *out = child->object;
    return 0;
}

/* A directory stays, with its contents, and gets new metadata. */
static void describe(struct li_object *directory, struct li_object *by)
{
    li_facts_free(&directory->facts);
    directory->facts = by->facts;
    by->facts = (struct li_facts){0};
}

static int place(const struct upon *upon, struct li_change *change, struct li_error *err)
{
    const struct li_route route = {upon->root, LI_ROUTE_MAKE, 0, upon->account};
    struct li_object *object = change->object;
    struct li_route_end end;
    struct li_child *old;
    int rc = change->link ? find_linked(upon, change->link, &object, err) : 0;

    if (rc == 0)
        rc = li_route_parent(&route, change->path, &end, err);
    if (rc < 0)
        return rc;
    old = li_object_child(end.directory, end.name);
    if (old && old->object == object)
        return 0;
    if (old && li_object_is(old->object, S_IFDIR) && li_object_is(object, S_IFDIR)) {
        describe(old->object, object);
        return 0;
    }
    rc = li_object_name(end.directory, end.name, object, upon->account, err);
    if (rc == 0)
        change->object = NULL;
    return rc;
}

static int keep_target(const struct upon *upon, struct li_change *change, struct li_error *err)
{
    int rc =
        li_object_name(upon->targets, last_name(change->path), change->object, upon->account, err);

    if (rc == 0)
        change->object = NULL;
    return rc;
}

static int apply_change(const struct upon *upon, struct li_change *change, struct li_error *err)
{
    if (change->kind == LI_CHANGE_TARGET)
        return keep_target(upon, change, err);
    if (change->kind != LI_CHANGE_ENTRY)
        return 0;
    if (*change->path)
        return place(upon, change, err);
    if (!change->object || !li_object_is(change->object, S_IFDIR))
        return li_fail(err, LI_ECORRUPT, "the root is not a directory");
    describe(upon->root, change->object);
    return 0;
}

int li_changes_apply(struct li_object *root, struct li_changes *changes, uint32_t layer,
                     struct li_account *account, struct li_error *err)
{
    const struct upon upon = {root, li_object_directory(), account};
    int rc = upon.targets ? 0 : li_fail_memory(err);

    if (rc == 0 && layer > 0)
        rc = apply_whiteouts(&upon, changes, layer, err);
    for (size_t i = 0; i < changes->count && rc == 0; i++) {
        rc = apply_change(&upon, &changes->list[i], err);
        if (rc < 0)
            li_context(err, "/%s", changes->list[i].path);
    }
    if (upon.targets)
        li_object_release(upon.targets);
    return rc;
}
