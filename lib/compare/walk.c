/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both trees, directory by directory. The layers' tree leads, so a stored image whose directories
 * contain each other ends with it. Each stored name is looked up, besides being listed, since a
 * directory's index could say something else than its list.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compare/internal.h"

/* A directory that is to be compared. */
struct task {
    struct task *next;
    struct li_object *object;
    struct li_file file;
    char path[]; /* "" for the root */
};

struct stored_name {
    char *name;
    uint32_t ino;
};

struct stored_names {
    struct stored_name *list;
    size_t count, cap;
};

/* A stored inode and what it was found to be. */
struct pair {
    uint32_t ino;
    const struct li_object *object;
};

struct walk {
    struct li_comparison *c;
    struct task *tasks;
    struct pair *pairs;
    size_t pair_count, pair_cap;
};

/* ---- stored names ---- */

static int visit_name(void *arg, const char *name, size_t len, uint32_t ino, unsigned type,
                      uint64_t next, struct li_error *err)
{
    struct stored_names *names = arg;
    char *copy;

    (void)type, (void)next;
    if ((len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.'))
        return 0;
    if (names->count == names->cap) {
        size_t cap = names->cap ? 2 * names->cap : 64;
        struct stored_name *more = realloc(names->list, cap * sizeof(*more));

        if (!more)
            return li_fail_memory(err);
        names->list = more;
        names->cap = cap;
    }
    copy = strndup(name, len);
    if (!copy)
        return li_fail_memory(err);
    names->list[names->count++] = (struct stored_name){copy, ino};
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct stored_name *)a)->name, ((const struct stored_name *)b)->name);
}

static int list_stored(struct li_files *files, const struct li_file *directory,
                       struct stored_names *out, struct li_error *err)
{
    int rc = li_files_list(files, directory, 0, visit_name, out, err);

    if (out->count > 1)
        qsort(out->list, out->count, sizeof(*out->list), by_name);
    return rc;
}

static void free_names(struct stored_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i].name);
    free(names->list);
}

/* ---- what shares an inode ---- */

static int note_pair(struct walk *w, uint32_t ino, const struct li_object *object,
                     struct li_error *err)
{
    if (w->pair_count == w->pair_cap) {
        size_t cap = w->pair_cap ? 2 * w->pair_cap : 256;
        struct pair *more = realloc(w->pairs, cap * sizeof(*more));

        if (!more)
            return li_fail_memory(err);
        w->pairs = more;
        w->pair_cap = cap;
    }
    w->pairs[w->pair_count++] = (struct pair){ino, object};
    return 0;
}

static int by_ino(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return strcmp(x->object->path, y->object->path);
}

/* Every object was found once, so an inode that was found twice is two of the layers' files. */
static void compare_sharing(struct walk *w)
{
    if (w->pair_count > 1)
        qsort(w->pairs, w->pair_count, sizeof(*w->pairs), by_ino);
    for (size_t i = 1; i < w->pair_count; i++) {
        const struct pair *one = &w->pairs[i - 1], *two = &w->pairs[i];

        if (one->ino == two->ino)
            li_differ(w->c, two->object->path, "inode", one->object->path, "one of its own");
    }
}

static int note_regular(struct li_comparison *c, struct li_object *object, struct li_error *err)
{
    if (c->regular_count == c->regular_cap) {
        size_t cap = c->regular_cap ? 2 * c->regular_cap : 256;
        struct li_object **more = realloc(c->regular, cap * sizeof(struct li_object *));

        if (!more)
            return li_fail_memory(err);
        c->regular = more;
        c->regular_cap = cap;
    }
    c->regular[c->regular_count++] = object;
    return 0;
}

/* ---- the walk ---- */

static int add_task(struct walk *w, const char *path, struct li_object *object,
                    const struct li_file *file, struct li_error *err)
{
    size_t size = strlen(path) + 1;
    struct task *task = calloc(1, sizeof(*task) + size);

    if (!task)
        return li_fail_memory(err);
    task->object = object;
    task->file = *file;
    memcpy(task->path, path, size);
    task->next = w->tasks;
    w->tasks = task;
    return 0;
}

/* A path that both have. */
static int compare_path(struct walk *w, const char *path, struct li_object *object, uint32_t ino,
                        struct li_error *err)
{
    struct li_comparison *c = w->c;
    struct li_file file;
    struct stat st;
    int rc;

    c->result.paths++;
    if (object->ino != 0) {
        if (object->ino != ino)
            li_differ(c, path, "inode", "one of its own", object->path);
        return 0;
    }
    rc = li_files_inode(c->files, ino, &file, err);
    if (rc < 0)
        return li_context(err, "%s", path);
    object->ino = ino;
    object->path = strdup(path);
    rc = object->path ? note_pair(w, ino, object, err) : li_fail_memory(err);
    if (rc == 0)
        rc = li_compare_metadata(c, path, object, &file, err);
    if (rc < 0)
        return li_context(err, "%s", path);
    li_files_stat(c->files, &file, &st);
    if ((st.st_mode & S_IFMT) != (object->facts.mode & S_IFMT))
        return 0;
    if (S_ISREG(st.st_mode))
        return note_regular(c, object, err);
    return S_ISDIR(st.st_mode) ? add_task(w, path, object, &file, err) : 0;
}

static int compare_lookup(struct li_comparison *c, const struct li_file *directory,
                          const char *path, const struct stored_name *stored, struct li_error *err)
{
    uint32_t ino = 0;
    int rc = li_files_lookup(c->files, directory, stored->name, strlen(stored->name), &ino, err);

    if (rc == LI_ENOTFOUND) {
        li_error_clear(err);
        rc = 0;
    }
    if (rc == 0)
        li_differ_numbers(c, path, "inode that a look-up gives", ino, stored->ino);
    return rc;
}

/* One name of a directory; one side may be NULL. */
static int compare_name(struct walk *w, const struct task *task, const char *name,
                        const struct stored_name *stored, const struct li_child *child,
                        struct li_error *err)
{
    struct li_file file;
    struct stat st;
    char *path;
    int rc = 0;

    if (asprintf(&path, "%s/%s", task->path, name) < 0)
        return li_fail_memory(err);
    if (stored && child) {
        rc = compare_lookup(w->c, &task->file, path, stored, err);
        if (rc == 0)
            rc = compare_path(w, path, child->object, stored->ino, err);
    } else if (child) {
        w->c->result.paths++;
        li_differ(w->c, path, "path", "none", li_type_name(child->object->facts.mode));
    } else if (stored) {
        rc = li_files_inode(w->c->files, stored->ino, &file, err);
        if (rc == 0) {
            li_files_stat(w->c->files, &file, &st);
            li_differ(w->c, path, "path", li_type_name(st.st_mode), "none");
        }
    }
    free(path);
    return rc;
}

static void compare_links(struct li_comparison *c, const struct task *task,
                          struct li_child *const *children, size_t count)
{
    uint64_t links = 2;
    struct stat st;

    for (size_t i = 0; i < count; i++)
        links += li_object_is(children[i]->object, S_IFDIR);
    li_files_stat(c->files, &task->file, &st);
    li_differ_numbers(c, task->path, "links", st.st_nlink, links);
}

static int compare_directory(struct walk *w, const struct task *task, struct li_error *err)
{
    struct stored_names stored = {0};
    struct li_child **children = NULL;
    size_t count = 0, i = 0, j = 0;
    int rc = list_stored(w->c->files, &task->file, &stored, err);

    if (rc == 0)
        rc = li_object_list(task->object, &children, &count, err);
    if (rc == 0)
        compare_links(w->c, task, children, count);
    while (rc == 0 && (i < stored.count || j < count)) {
        int order = i == stored.count ? 1
                    : j == count      ? -1
                                      : strcmp(stored.list[i].name, children[j]->name);

        rc =
            compare_name(w, task, order <= 0 ? stored.list[i].name : children[j]->name,
                         order <= 0 ? &stored.list[i] : NULL, order >= 0 ? children[j] : NULL, err);
        i += order <= 0;
        j += order >= 0;
    }
    free(children);
    free_names(&stored);
    return rc;
}

int li_compare_trees(struct li_comparison *c, struct li_error *err)
{
    struct walk w = {.c = c};
    int rc = compare_path(&w, "", c->root, LI_FILES_ROOT, err);

    while (w.tasks) {
        struct task *task = w.tasks;

        w.tasks = task->next;
        if (rc == 0)
            rc = compare_directory(&w, task, err);
        free(task);
    }
    if (rc == 0)
        compare_sharing(&w);
    free(w.pairs);
    return rc;
}
