/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks two trees side by side. A path has at most LI_DIFF_PATH_MAX bytes, so the recursion is
 * bounded, and each directory is entered once, so the walk ends even in a broken image.
 *
 * A file with several names is compared under each of them, but its contents are read, and its cost
 * is told, under the first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "diff/internal.h"
#include "files/names.h"

struct walk {
    struct li_diff_side old, new;
    li_diff_visit *visit;
    void *arg;
    struct li_buffer path; /* with its NUL; "" for the root */
    uint8_t *bytes;        /* for struct li_diff_pair */
    struct li_diff_result result;
};

/* What lies at the walk's path; a file that is not there is NULL. */
struct both {
    const struct li_file *old, *new;
};

static int walk_directories(struct walk *w, const struct both *both, struct li_error *err);

static bool is_directory(const struct li_diff_side *side, const struct li_file *file)
{
    struct stat st;

    if (!file)
        return false;
    li_files_stat(side->files, file, &st);
    return S_ISDIR(st.st_mode);
}

static const char *path_of(const struct walk *w)
{
    return w->path.len > 1 ? (const char *)w->path.data : "/";
}

static int tell(struct walk *w, struct li_diff_entry *entry, struct li_error *err)
{
    w->result.added += entry->kind == LI_DIFF_ADDED;
    w->result.changed += entry->kind == LI_DIFF_CHANGED;
    w->result.removed += entry->kind == LI_DIFF_REMOVED;
    entry->path = path_of(w);
    return w->visit(w->arg, entry, err);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* A file at the walk's path. */
struct seen {
    struct stat st;
    struct li_diff_link alone, *link; /* of a file with one name, the first */
    bool first;                       /* it was not seen under another name */
};

static int see(struct li_diff_side *side, const struct li_file *file, struct seen *out,
               struct li_error *err)
{
    *out = (struct seen){.first = true};
    out->link = &out->alone;
    li_files_stat(side->files, file, &out->st);
    if (S_ISDIR(out->st.st_mode) || out->st.st_nlink < 2)
        return 0;
    return li_diff_link(side, file->ino, &out->link, &out->first, err);
}

/* Sets COST to what a file takes of chunks that only SIDE has, the first time that it is seen, and
 * adds that to the side's sum. */
static int add_cost(struct li_diff_side *side, const struct li_file *file, const struct seen *seen,
                    bool same, struct li_diff_cost *cost, struct li_error *err)
{
    int rc;

    *cost = (struct li_diff_cost){0, 0};
    if (!seen->first || !S_ISREG(seen->st.st_mode))
        return 0;
    rc = li_diff_measure(side, file, cost, err);
    if (rc == 0)
        *(same ? &side->sum->same : &side->sum->changed) += cost->bytes;
    return rc;
}

static void describe(const struct seen *seen, struct li_diff_entry *entry)
{
    entry->mode = seen->st.st_mode;
    entry->size = S_ISREG(seen->st.st_mode) ? (uint64_t)seen->st.st_size : 0;
}

static int compare_one(struct walk *w, struct li_diff_side *side, const struct li_file *file,
                       struct li_error *err)
{
    struct li_diff_entry entry = {.kind = side == &w->old ? LI_DIFF_REMOVED : LI_DIFF_ADDED};
    struct seen seen;
    int rc = see(side, file, &seen, err);

    describe(&seen, &entry);
    if (rc == 0)
        rc = add_cost(side, file, &seen, false, &entry.cost, err);
    return rc < 0 ? rc : tell(w, &entry, err);
}

/* Whether a file was seen under another name, where the other image had nothing, or a file other
 * than INO. */
static bool was_elsewhere(const struct seen *seen, uint32_t ino)
{
    return !seen->first && seen->link->other != ino;
}

/* Compares which names two files have, and their contents. If the new file was compared with the
 * same old one before, under another name, its contents are not read again. */
static int compare_links(const struct li_diff_pair *pair, const struct seen *old,
                         const struct seen *new, unsigned *what, struct li_error *err)
{
    bool known = !new->first &&new->link->other == pair->old->ino;
    int rc = 0;

    if (S_ISDIR(new->st.st_mode))
        return 0;
    if (old->st.st_nlink != new->st.st_nlink || was_elsewhere(old, pair->new->ino) ||
        was_elsewhere(new, pair->old->ino))
        *what |= LI_DIFF_LINKS;
    old->link->other = pair->new->ino;
    new->link->other = pair->old->ino;
    if (!S_ISREG(new->st.st_mode))
        return 0;
    if (!known)
        rc = li_diff_contents(pair, &new->link->same, err);
    *what |= new->link->same ? 0 : LI_DIFF_CONTENTS;
    return rc;
}

static int compare_both(struct walk *w, const struct both *both, struct li_error *err)
{
    struct li_diff_entry entry = {.kind = LI_DIFF_CHANGED};
    const struct li_diff_pair pair = {&w->old, &w->new, both->old, both->new, w->bytes};
    struct li_diff_cost gone;
    struct seen old, new;
    bool same = false;
    int rc = see(&w->old, both->old, &old, err);

    if (rc == 0)
        rc = see(&w->new, both->new, &new, err);
    if (rc == 0)
        rc = li_diff_metadata(&pair, &entry.what, err);
    if (rc == 0 && !(entry.what & LI_DIFF_TYPE))
        rc = compare_links(&pair, &old, &new, &entry.what, err);
    if (rc < 0)
        return rc;
    describe(&new, &entry);
    same = !(entry.what & (LI_DIFF_TYPE | LI_DIFF_CONTENTS));
    rc = add_cost(&w->old, both->old, &old, same, &gone, err);
    if (rc == 0)
        rc = add_cost(&w->new, both->new, &new, same, &entry.cost, err);
    return rc == 0 && entry.what ? tell(w, &entry, err) : rc;
}

/* Compares what lies at the walk's path, and below it. */
static int compare(struct walk *w, const struct both *both, struct li_error *err)
{
    struct both below = {is_directory(&w->old, both->old) ? both->old : NULL,
                         is_directory(&w->new, both->new) ? both->new : NULL};
    int rc;

    w->result.paths++;
    if (both->old && both->new)
        rc = compare_both(w, both, err);
    else
        rc = compare_one(w, both->old ? &w->old : &w->new, both->old ? both->old : both->new, err);
    if (rc == 0 && below.old)
        rc = li_diff_enter(&w->old, below.old->ino, err);
    if (rc == 0 && below.new)
        rc = li_diff_enter(&w->new, below.new->ino, err);
    if (rc < 0)
        return li_context(err, "%s", path_of(w));
    return below.old || below.new ? walk_directories(w, &below, err) : 0;
}

/* ---- directories ----------------------------------------------------------------------------- */

static int set_path(struct walk *w, size_t len, const char *name, struct li_error *err)
{
    size_t more = strlen(name);
    int rc;

    if (len + 1 + more > LI_DIFF_PATH_MAX)
        return li_fail(err, LI_ELIMIT, "a path has more than %d bytes", LI_DIFF_PATH_MAX);
    w->path.len = len;
    rc = li_buffer_append(&w->path, "/", 1, err);
    return rc < 0 ? rc : li_buffer_append(&w->path, name, more + 1, err);
}

/* Compares one name; an inode number is 0 where there is none. */
static int compare_name(struct walk *w, uint32_t old_ino, uint32_t new_ino, struct li_error *err)
{
    struct li_file old, new;
    const struct both both = {old_ino ? &old : NULL, new_ino ? &new : NULL};
    int rc = 0;

    if (old_ino)
        rc = li_files_inode(w->old.files, old_ino, &old, err);
    if (rc == 0 && new_ino)
        rc = li_files_inode(w->new.files, new_ino, &new, err);
    if (rc < 0)
        return li_context(err, "%s", path_of(w));
    return compare(w, &both, err);
}

static int compare_names(struct walk *w, const struct li_files_names *old,
                         const struct li_files_names *new, struct li_error *err)
{
    size_t above = w->path.len - 1, i = 0, k = 0;
    int rc = 0;

    while (rc == 0 && (i < old->count || k < new->count)) {
        int order = i == old->count   ? 1
                    : k == new->count ? -1
                                      : strcmp(old->list[i].name, new->list[k].name);

        rc = set_path(w, above, order <= 0 ? old->list[i].name : new->list[k].name, err);
        if (rc == 0)
            rc = compare_name(w, order <= 0 ? old->list[i].ino : 0,
                              order >= 0 ? new->list[k].ino : 0, err);
        i += order <= 0;
        k += order >= 0;
    }
    return rc;
}

static int walk_directories(struct walk *w, const struct both *both, struct li_error *err)
{
    struct li_files_names old = {0}, new = {0};
    int rc = 0;

    if (both->old)
        rc = li_files_names(w->old.files, both->old, &old, err);
    if (rc == 0 && both->new)
        rc = li_files_names(w->new.files, both->new, &new, err);
    if (rc < 0)
        li_context(err, "%s", path_of(w));
    else
        rc = compare_names(w, &old, &new, err);
    li_files_names_free(&old);
    li_files_names_free(&new);
    return rc;
}

static void set_rest(struct li_diff_chunks *sum)
{
    uint64_t files = sum->changed + sum->same;

    sum->rest = sum->bytes > files ? sum->bytes - files : 0;
}

int li_diff(const struct li_view *old_view, const struct li_view *new_view, li_diff_visit *visit,
            void *arg, struct li_diff_result *result, struct li_error *err)
{
    struct walk w = {
        .old = {.view = old_view}, .new = {.view = new_view}, .visit = visit, .arg = arg};
    int rc = 0;

    w.old.sum = &w.result.gone;
    w.new.sum = &w.result.fresh;
    w.bytes = malloc(2 * LI_CHUNK_SIZE);
    if (!w.bytes)
        rc = li_fail_memory(err);
    if (rc == 0)
        rc = li_diff_sides(&w.old, &w.new, &w.result, err);
    if (rc == 0)
        rc = li_buffer_append(&w.path, "", 1, err);
    if (rc == 0)
        rc = compare_name(&w, LI_FILES_ROOT, LI_FILES_ROOT, err);
    if (rc == 0) {
        set_rest(&w.result.fresh);
        set_rest(&w.result.gone);
        *result = w.result;
    }
    li_diff_side_free(&w.old);
    li_diff_side_free(&w.new);
    li_buffer_free(&w.path);
    li_wipe_free(w.bytes);
    return rc;
}
