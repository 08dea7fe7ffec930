/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the entries that the two readers of tars list for a layer: libarchive, which merges the
 * layers here, and lib/tar, which makes images. If they disagree, a later difference may be
 * libarchive's misreading and not a fault of the image; this report tells the two apart.
 *
 * Only lists are compared. Two known changes by libarchive are ignored: the sign of a time within
 * the second before 1970, and the mode of an entry with an ACL, which it puts there.
 */
#include <archive_entry.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/secret.h"
#include "compare/internal.h"
#include "tar/tar.h"

enum { WINDOW = 256 * 1024, WINDOW_MAX = LI_TAR_SPECIAL_MAX, TEXT = 1100 };

_Static_assert((int)WINDOW <= (int)WINDOW_MAX, "a window has room");

struct readers {
    struct li_comparison *c;
    size_t layer;
    uint64_t length;
    uint8_t *window;
    uint64_t at; /* offset of the window in the layer */
    size_t held;
    struct li_tar *ours;
    struct li_layer_archive *theirs;
    bool unread;     /* the layer's bytes could not be read for lib/tar */
    char last[TEXT]; /* the path of the last entry that both listed */
};

/* A part of the layer for lib/tar, from the window if it has it. */
static int look(void *self, uint64_t offset, size_t len, const uint8_t **bytes,
                struct li_error *err)
{
    struct readers *r = self;
    uint64_t left = r->length - offset;
    int rc = 0;

    if (offset < r->at || offset - r->at > r->held || len > r->held - (offset - r->at)) {
        r->held = len > WINDOW ? len : WINDOW;
        if (r->held > left)
            r->held = (size_t)left;
        r->at = offset;
        rc = li_layers_read(r->c->layers, r->layer, r->window, r->held, offset, err);
        if (rc < 0)
            r->held = 0;
        r->unread = rc < 0;
    }
    *bytes = r->window + (offset - r->at);
    return rc;
}

static uint32_t type_of(const struct li_tar_entry *e)
{
    static const uint32_t types[] = {
        [LI_TAR_FILE] = S_IFREG,      [LI_TAR_HARD_LINK] = 0,          [LI_TAR_SYMLINK] = S_IFLNK,
        [LI_TAR_CHARACTER] = S_IFCHR, [LI_TAR_BLOCK_DEVICE] = S_IFBLK, [LI_TAR_DIRECTORY] = S_IFDIR,
        [LI_TAR_FIFO] = S_IFIFO,
    };

    return types[e->type];
}

static const char *type_text(uint32_t type)
{
    return type ? li_type_name(type) : "hard link";
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* One difference between the two entries, as two texts. */
struct view {
    const char *what;
    char ours[TEXT], theirs[TEXT];
};

static bool see_texts(struct view *v, const char *what, const char *ours, const char *theirs)
{
    if (strcmp(ours, theirs) == 0)
        return false;
    v->what = what;
    snprintf(v->ours, TEXT, "%s", ours);
    snprintf(v->theirs, TEXT, "%s", theirs);
    return true;
}

static bool see_numbers(struct view *v, const char *what, int64_t ours, int64_t theirs)
{
    if (ours == theirs)
        return false;
    v->what = what;
    snprintf(v->ours, TEXT, "%" PRId64, ours);
    snprintf(v->theirs, TEXT, "%" PRId64, theirs);
    return true;
}

static bool see_modes(struct view *v, unsigned ours, unsigned theirs)
{
    char one[16], other[16];

    snprintf(one, sizeof(one), "%04o", ours & 07777);
    snprintf(other, sizeof(other), "%04o", theirs & 07777);
    return see_texts(v, "mode", one, other);
}

static bool see_times(struct view *v, const struct li_tar_entry *e, struct archive_entry *a)
{
    struct li_facts facts = {0};

    li_change_time(a, &facts);
    if (e->mtime == -1 && facts.mtime == 0 && e->mtime_nsec + facts.mtime_nsec == 1000000000)
        return false;
    return see_numbers(v, "mtime", e->mtime, facts.mtime) ||
           see_numbers(v, "nanoseconds of the mtime", e->mtime_nsec, facts.mtime_nsec);
}

static bool has_acl(const struct li_tar_entry *e)
{
    static const char begin[] = "SCHILY.acl.";
    const size_t len = sizeof(begin) - 1;

    for (size_t i = 0; i < e->record_count; i++)
        if (e->records[i].key_length > len && memcmp(e->records[i].key, begin, len) == 0)
            return true;
    return false;
}

static bool see_inodes(struct view *v, const struct li_tar_entry *e, struct archive_entry *a)
{
    bool device = e->type == LI_TAR_CHARACTER || e->type == LI_TAR_BLOCK_DEVICE;

    if (!has_acl(e) && see_modes(v, e->mode, archive_entry_perm(a)))
        return true;
    if (see_numbers(v, "uid", e->uid, archive_entry_uid(a)) ||
        see_numbers(v, "gid", e->gid, archive_entry_gid(a)) || see_times(v, e, a))
        return true;
    if (e->type == LI_TAR_FILE && see_numbers(v, "size", (int64_t)e->size, archive_entry_size(a)))
        return true;
    return device && (see_numbers(v, "major", e->dev_major, (int64_t)archive_entry_rdevmajor(a)) ||
                      see_numbers(v, "minor", e->dev_minor, (int64_t)archive_entry_rdevminor(a)));
}

/* Whether these are two different entries: then later ones cannot be compared any more. */
static bool see_others(struct view *v, const struct li_tar_entry *e, struct archive_entry *a)
{
    const char *hard = archive_entry_hardlink(a);
    uint32_t type = hard ? 0 : archive_entry_filetype(a);

    return see_texts(v, "path", e->path, or_empty(archive_entry_pathname(a))) ||
           see_texts(v, "type", type_text(type_of(e)), type_text(type)) ||
           see_texts(v, "target", e->link, or_empty(hard ? hard : archive_entry_symlink(a)));
}

static void disagree(struct readers *r, const char *path, const struct view *v)
{
    r->c->result.disagreements++;
    r->c->reports->disagrees(r->c->reports->arg, li_layers_name(r->c->layers, r->layer), path,
                             v->what, v->ours, v->theirs);
}

static const char *state_text(int rc, bool ended, const struct li_error *err)
{
    if (rc < 0)
        return err->text;
    return ended ? "is at the end" : "reads it";
}

/* One of the readers fails, or is at the end. If neither has an entry, the last one is named. */
static void disagree_on_end(struct readers *r, const struct li_tar_entry *e,
                            struct archive_entry *a, const char *ours, const char *theirs)
{
    const char *path = e ? e->path : a ? or_empty(archive_entry_pathname(a)) : r->last;
    struct view v = {0};

    see_texts(&v, e || a ? "entry" : "what is behind it", ours, theirs);
    disagree(r, path, &v);
}

/* What went wrong outside of the readers, or NULL: if the bytes could not be read, or memory ran
 * out, neither reader has said anything about the layer. */
static const struct li_error *outside(const struct readers *r, const struct li_error *ours,
                                      const struct li_error *theirs)
{
    if (r->unread || ours->code == LI_ENOMEM)
        return ours;
    if (li_compare_layer_unread(r->theirs) || theirs->code == LI_ENOMEM)
        return theirs;
    return NULL;
}

/* The next entry of each reader. LI_END if both are at the end, or the rest of the layer cannot be
 * compared. */
static int compare_next(struct readers *r, struct li_error *err)
{
    struct li_error ours = LI_ERROR_INIT, theirs = LI_ERROR_INIT;
    const struct li_error *failure;
    const struct li_tar_entry *e = NULL;
    struct archive_entry *a = NULL;
    int one = li_tar_next(r->ours, &e, &ours);
    int other = li_compare_layer_next(r->theirs, &a, &theirs);
    struct view v;

    if (other != 0)
        a = NULL;
    failure = outside(r, &ours, &theirs);
    if (failure) {
        *err = *failure;
        return err->code;
    }
    if ((one < 0) != (other < 0) || (one == 0 && !e) != (other == LI_END))
        disagree_on_end(r, e, a, state_text(one, !e, &ours),
                        state_text(other, other == LI_END, &theirs));
    if (!e || !a)
        return LI_END;
    snprintf(r->last, TEXT, "%s", e->path);
    if (see_others(&v, e, a)) {
        disagree(r, e->path, &v);
        return LI_END;
    }
    if (e->type != LI_TAR_HARD_LINK && see_inodes(&v, e, a))
        disagree(r, e->path, &v);
    return 0;
}

static int open_readers(struct readers *r, struct li_error *err)
{
    const struct li_tar_source source = {r, r->length, look};
    int rc;

    r->window = malloc(WINDOW_MAX);
    if (!r->window)
        return li_fail_memory(err);
    rc = li_tar_new(&source, &r->ours, err);
    return rc < 0 ? rc : li_compare_layer_open(r->c->layers, r->layer, &r->theirs, err);
}

int li_compare_readers(struct li_comparison *c, size_t layer, struct li_error *err)
{
    struct readers r = {.c = c, .layer = layer};
    int rc = li_layers_ready(c->layers, layer, &r.length, err);

    if (rc == 0)
        rc = open_readers(&r, err);
    while (rc == 0)
        rc = compare_next(&r, err);
    li_compare_layer_close(r.theirs);
    li_tar_free(r.ours);
    li_wipe_free(r.window);
    return rc < 0 ? rc : 0;
}
