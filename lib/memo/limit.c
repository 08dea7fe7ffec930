/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A memo is bounded. After a write, all files below DIR/memo are counted, including those under
 * other salts, and those that were used longest ago are removed. Two pushes that do this at once
 * may remove the same files; a file that another push is reading stays readable for it.
 */
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "memo/internal.h"

/* Seconds after which a temporary file has no living owner. */
enum { ABANDONED = LI_MEMO_DAY };

struct file {
    char *path;
    uint64_t size;
    int64_t used;
};

struct files {
    struct file *file;
    size_t count, cap;
    uint64_t total;
};

static bool add(struct files *f, const char *path, const struct stat *st)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (li_array_reserve(&f->file, &f->cap, f->count + 1, sizeof(*f->file), &ignored) < 0)
        return false;
    f->file[f->count] = (struct file){strdup(path), (uint64_t)st->st_size, st->st_mtime};
    f->total += (uint64_t)st->st_size;
    return f->file[f->count++].path != NULL;
}

static int by_use(const void *a, const void *b)
{
    const struct file *x = a, *y = b;

    return x->used < y->used ? -1 : x->used > y->used;
}

/* A file that cannot be counted for lack of memory is counted the next time. */
static void collect(const struct li_memo *memo, struct files *f)
{
    char *const roots[] = {memo->root, NULL};
    /* cppcheck-suppress nullPointer ; in any order */
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    bool room = true;
    FTSENT *e;

    while (tree && room && (e = fts_read(tree))) {
        if (e->fts_info != FTS_F)
            continue;
        if (e->fts_name[0] != '.')
            room = add(f, e->fts_path, e->fts_statp);
        else if (e->fts_statp->st_mtime < memo->env->now() - ABANDONED)
            unlink(e->fts_path);
    }
    if (tree)
        fts_close(tree);
}

void li_memo_limit(const struct li_memo *memo, uint64_t max)
{
    struct files f = {0};

    collect(memo, &f);
    if (f.total > max)
        qsort(f.file, f.count, sizeof(*f.file), by_use);
    for (size_t i = 0; i < f.count && f.total > max; i++) {
        if (f.file[i].path)
            unlink(f.file[i].path);
        f.total -= f.file[i].size;
    }
    for (size_t i = 0; i < f.count; i++)
        free(f.file[i].path);
    free(f.file);
}
