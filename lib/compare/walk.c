/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks both trees, directory by directory. The layers' tree leads, so the walk ends even if
 * directories of the stored image contain each other. Each stored name is listed and also looked
 * up, because a directory's index may differ from its list.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "compare/internal.h"
#include "files/names.h"

enum { LINKS_COUNTED = 65000 };

/* A directory to compare. The last one added is walked first, so the walk's path begins with its
 * parent's path. */
struct task {
    struct task *next;
    struct li_object *object;
    struct li_file file;
    size_t above; /* length of that path */
};

/* A stored inode and the object that it matches. */
struct pair {
    uint32_t ino;
    const struct li_object *object;
    size_t order;
};

struct walk {
    struct li_comparison *c;
    struct li_buffer path; /* its path; "" for the root */
    struct task *tasks;
    struct pair *pairs;
    size_t pair_count, pair_cap;
};

/* The first LEN bytes of the path, then NAME if it is not NULL. */
static int set_path(struct walk *w, size_t len, const char *name, struct li_error *err)
{
    int rc = 0;

    w->path.len = len;
    if (name)
        rc = li_buffer_append(&w->path, "/", 1, err);
    if (rc == 0 && name)
        rc = li_buffer_append(&w->path, name, strlen(name), err);
    if (rc == 0)
        rc = li_buffer_append(&w->path, "", 1, err);
    if (rc == 0)
        w->path.len--;
    return rc;
}

static const char *path_of(const struct walk *w)
{
    return (const char *)w->path.data;
}

/* ---- names that share an inode ---- */

static int note_pair(struct walk *w, uint32_t ino, const struct li_object *object,
                     struct li_error *err)
{
    int rc = li_array_reserve(&w->pairs, &w->pair_cap, w->pair_count + 1, sizeof(*w->pairs), err);

    if (rc < 0)
        return rc;
    w->pairs[w->pair_count] = (struct pair){ino, object, w->pair_count};
    w->pair_count++;
    return 0;
}

static int by_ino(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* PATH shares an inode with OTHER in one tree only: in the stored one if STORED is true. */
static int differ_in_inode(struct li_comparison *c, const char *path, const struct li_object *other,
                           bool stored, struct li_error *err)
{
    struct li_buffer found = {0};
    int rc = li_object_path(other, &found, err);
    const char *text = (const char *)found.data, *own = "one of its own";

    if (rc == 0)
        li_differ(c, path, "inode", stored ? text : own, stored ? own : text);
    li_buffer_free(&found);
    return rc;
}

/* Each object is matched with one inode, so an inode that matches two objects is shared by two
 * files of the layers. */
static int compare_sharing(struct walk *w, struct li_error *err)
{
    int rc = 0;

    if (w->pair_count > 1)
        qsort(w->pairs, w->pair_count, sizeof(*w->pairs), by_ino);
    for (size_t i = 1; i < w->pair_count && rc == 0; i++) {
        const struct pair *one = &w->pairs[i - 1], *two = &w->pairs[i];

        if (one->ino != two->ino)
            continue;
        rc = li_object_path(two->object, &w->path, err);
        if (rc == 0)
            rc = differ_in_inode(w->c, path_of(w), one->object, true, err);
    }
    return rc;
}

static int note_regular(struct li_comparison *c, struct li_object *object, struct li_error *err)
{
    int rc = li_array_reserve(&c->regular, &c->regular_cap, c->regular_count + 1,
                              sizeof(struct li_object *), err);

    if (rc == 0)
        c->regular[c->regular_count++] = object;
    return rc;
}

/* ---- the walk ---- */

static int add_task(struct walk *w, size_t above, struct li_object *object,
                    const struct li_file *file, struct li_error *err)
{
    struct task *task = calloc(1, sizeof(*task));

    if (!task)
        return li_fail_memory(err);
    task->object = object;
    task->file = *file;
    task->above = above;
    task->next = w->tasks;
    w->tasks = task;
    return 0;
}

/* Compares an object that is found in a directory for the first time. */
static int compare_found(struct walk *w, size_t above, struct li_object *object,
                         const struct li_file *file, struct li_error *err)
{
    struct stat st;
    int rc = note_pair(w, file->ino, object, err);

    if (rc == 0)
        rc = li_compare_metadata(w->c, path_of(w), object, file, err);
    if (rc < 0)
        return rc;
    object->ino = file->ino;
    li_files_stat(w->c->files, file, &st);
    if ((st.st_mode & S_IFMT) != (object->facts.mode & S_IFMT))
        return 0;
    if (S_ISREG(st.st_mode))
        return note_regular(w->c, object, err);
    return S_ISDIR(st.st_mode) ? add_task(w, above, object, file, err) : 0;
}

/* Compares the walk's path, which both sides have. ABOVE is the length of its directory's path. */
static int compare_path(struct walk *w, size_t above, struct li_object *directory,
                        const struct li_files_name *stored, const struct li_child *child,
                        struct li_error *err)
{
    struct li_object *object = child->object;
    struct li_file file;
    struct stat st;
    int rc = li_files_inode(w->c->files, stored->ino, &file, err);

    w->c->result.paths++;
    if (rc < 0)
        return rc;
    li_files_stat(w->c->files, &file, &st);
    if (stored->type != IFTODT(st.st_mode))
        li_differ(w->c, path_of(w), "type in its directory", li_type_name(DTTOIF(stored->type)),
                  li_type_name(object->facts.mode));
    if (object->ino == 0) {
        object->parent = directory;
        object->name = child->name;
        return compare_found(w, above, object, &file, err);
    }
    return object->ino == stored->ino ? 0 : differ_in_inode(w->c, path_of(w), object, false, err);
}

static int compare_lookup(struct walk *w, const struct li_file *directory,
                          const struct li_files_name *stored, struct li_error *err)
{
    uint32_t ino = 0;
    int rc = li_files_lookup(w->c->files, directory, stored->name, strlen(stored->name), &ino, err);

    if (rc == 0)
        li_differ_numbers(w->c, path_of(w), "inode that a look-up gives", ino, stored->ino);
    return rc;
}

static int differ_stored(struct walk *w, const struct li_files_name *stored, struct li_error *err)
{
    struct li_file file;
    struct stat st;
    int rc = li_files_inode(w->c->files, stored->ino, &file, err);

    if (rc < 0)
        return rc;
    li_files_stat(w->c->files, &file, &st);
    li_differ(w->c, path_of(w), "path", li_type_name(st.st_mode), "none");
    return 0;
}

/* A name in a directory on both sides; one of them may be NULL. */
struct name {
    const char *text;
    const struct li_files_name *stored;
    const struct li_child *child;
};

/* Compares NAME in the directory of TASK, whose path is the first ABOVE bytes of the walk's. */
static int compare_name(struct walk *w, const struct task *task, size_t above,
                        const struct name *name, struct li_error *err)
{
    int rc = set_path(w, above, name->text, err);

    if (rc < 0)
        return rc;
    if (!name->stored) {
        w->c->result.paths++;
        li_differ(w->c, path_of(w), "path", "none", li_type_name(name->child->object->facts.mode));
    } else if (!name->child) {
        rc = differ_stored(w, name->stored, err);
    } else {
        rc = compare_lookup(w, &task->file, name->stored, err);
        if (rc == 0)
            rc = compare_path(w, above, task->object, name->stored, name->child, err);
    }
    return rc < 0 ? li_context(err, "%s", path_of(w)) : 0;
}

/* Compares its link count, "." and "..". Above a limit ext4 does not count links, and has 1. */
static void compare_own_names(struct walk *w, const struct task *task,
                              const struct li_files_names *stored, struct li_child *const *children,
                              size_t count)
{
    const struct li_object *object = task->object;
    uint64_t links = 2;
    struct stat st;

    for (size_t i = 0; i < count; i++)
        links += li_object_is(children[i]->object, S_IFDIR);
    li_files_stat(w->c->files, &task->file, &st);
    li_differ_numbers(w->c, path_of(w), "links", st.st_nlink, links > LINKS_COUNTED ? 1 : links);
    li_differ_numbers(w->c, path_of(w), "inode of .", stored->self, object->ino);
    li_differ_numbers(w->c, path_of(w), "inode of ..", stored->parent, object->parent->ino);
}

static int compare_directory(struct walk *w, const struct task *task, struct li_error *err)
{
    struct li_files_names stored = {0};
    struct li_child **children = NULL;
    size_t count = 0, i = 0, j = 0, above = 0;
    int rc = set_path(w, task->above, task->object->name, err);

    if (rc == 0) {
        above = w->path.len;
        rc = li_files_names(w->c->files, &task->file, &stored, err);
        if (rc < 0)
            li_context(err, "%s", path_of(w));
    }
    if (rc == 0)
        rc = li_object_list(task->object, &children, &count, err);
    if (rc == 0)
        compare_own_names(w, task, &stored, children, count);
    while (rc == 0 && (i < stored.count || j < count)) {
        int order = i == stored.count ? 1
                    : j == count      ? -1
                                      : strcmp(stored.list[i].name, children[j]->name);
        struct name name = {order <= 0 ? stored.list[i].name : children[j]->name,
                            order <= 0 ? &stored.list[i] : NULL, order >= 0 ? children[j] : NULL};

        rc = compare_name(w, task, above, &name, err);
        i += order <= 0;
        j += order >= 0;
    }
    free(children);
    li_files_names_free(&stored);
    return rc;
}

static int compare_root(struct walk *w, struct li_error *err)
{
    struct li_file file;
    int rc = set_path(w, 0, NULL, err);

    w->c->result.paths++;
    if (rc == 0)
        rc = li_files_inode(w->c->files, LI_FILES_ROOT, &file, err);
    if (rc == 0)
        rc = compare_found(w, 0, w->c->root, &file, err);
    return rc < 0 ? li_context(err, "/") : 0;
}

int li_compare_trees(struct li_comparison *c, struct li_error *err)
{
    struct walk w = {.c = c};
    int rc = compare_root(&w, err);

    while (w.tasks) {
        struct task *task = w.tasks;

        w.tasks = task->next;
        if (rc == 0)
            rc = compare_directory(&w, task, err);
        free(task);
    }
    if (rc == 0)
        rc = compare_sharing(&w, err);
    free(w.pairs);
    li_buffer_free(&w.path);
    return rc;
}
