/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tar reader says what the entries are; this file decides which of them ext4 can hold.
 *
 * Contents are skipped, except for the few bytes that show that they are not all zeros.
 */
#include "layer/scan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "layer/entry.h"
#include "layer/input.h"
#include "layer/record.h"
#include "layer/xattr.h"
#include "layer/zeros.h"
#include "tar/tar.h"

/* The visitor of the entries. */
struct visitor {
    int paths_only;
    li_scan_visit *visit;
    void *arg;
};

struct scan {
    struct li_layer_input input;
    struct li_tar *tar;
    struct li_buffer runs; /* struct li_sparse_run, of the current entry */
    struct li_xattr_list xattrs;
    struct li_record *record; /* to be filled, or NULL */
};

static int read_runs(struct scan *s, const struct li_tar_entry *e, struct li_entry *entry,
                     struct li_error *err)
{
    int rc = 0;

    s->runs.len = 0;
    for (size_t i = 0; i < e->run_count && rc == 0; i++) {
        struct li_sparse_run run = {e->runs[i].offset, e->runs[i].length};

        rc = li_buffer_append(&s->runs, &run, sizeof(run), err);
    }
    entry->sparse = e->sparse;
    entry->runs = (const struct li_sparse_run *)(const void *)s->runs.data;
    entry->run_count = e->run_count;
    return rc;
}

static int find_zeros(const struct scan *s, uint64_t stored, struct li_entry *entry,
                      struct li_error *err)
{
    if (stored == 0)
        return 0;
    return li_layer_is_zero(&s->input.part, entry->inode.data, stored, &entry->zeros, err);
}

static int read_regular(struct scan *s, const struct li_tar_entry *e, struct li_entry *entry,
                        struct li_error *err)
{
    int rc = read_runs(s, e, entry, err);

    entry->inode.size = e->size;
    entry->inode.data = e->data;
    return rc == 0 ? find_zeros(s, e->stored, entry, err) : rc;
}

static uint16_t type_of(enum li_tar_type type)
{
    switch (type) {
    case LI_TAR_SYMLINK:
        return S_IFLNK;
    case LI_TAR_CHARACTER:
        return S_IFCHR;
    case LI_TAR_BLOCK_DEVICE:
        return S_IFBLK;
    case LI_TAR_DIRECTORY:
        return S_IFDIR;
    case LI_TAR_FIFO:
        return S_IFIFO;
    case LI_TAR_FILE:
    case LI_TAR_HARD_LINK:
        break;
    }
    return S_IFREG;
}

static int read_type(struct scan *s, const struct li_tar_entry *e, struct li_entry *entry,
                     struct li_error *err)
{
    switch (entry->inode.mode & S_IFMT) {
    case S_IFREG:
        return read_regular(s, e, entry, err);
    case S_IFLNK:
        return li_entry_link(e, entry, err);
    case S_IFCHR:
    case S_IFBLK:
        return li_entry_device(e, &entry->inode, err);
    default:
        return 0;
    }
}

static int read_entry(struct scan *s, const struct li_tar_entry *e, struct li_entry *entry,
                      struct li_error *err)
{
    int rc;

    if (e->type == LI_TAR_HARD_LINK) {
        entry->hard_link = e->link;
        return 0;
    }
    entry->inode.mode = (uint16_t)(type_of(e->type) | e->mode);
    entry->inode.layer = (uint16_t)s->input.part.index;
    entry->inode.mtime = e->mtime;
    entry->inode.mtime_nsec = e->mtime_nsec;
    rc = li_entry_owner(e, &entry->inode, err);
    if (rc == 0)
        rc = read_type(s, e, entry, err);
    if (rc == 0)
        rc = li_xattr_read(e, &s->xattrs, &entry->inode.mode, err);
    entry->xattrs = s->xattrs.list;
    entry->xattr_count = s->xattrs.count;
    entry->left_out = s->xattrs.left_out;
    entry->named_acl = s->xattrs.named_acl;
    return rc;
}

/* When only paths are visited, an entry is read whole only for the record. Its faults are reported
 * when the entry itself is visited. */
static void record_ahead(struct scan *s, const struct li_tar_entry *e, struct li_entry *entry)
{
    struct li_error later = LI_ERROR_INIT;

    if (read_entry(s, e, entry, &later) < 0)
        li_record_give_up(s->record);
}

/* A directory without a name is the root. Such tars of "/" come from writers that drop the slash.
 */
static int read_path(const struct li_tar_entry *e, const char **out, struct li_error *err)
{
    *out = e->type == LI_TAR_DIRECTORY && !*e->path ? "." : e->path;
    if (!**out)
        return li_fail(err, LI_ECORRUPT, "an entry has no name");
    if (strlen(*out) > LI_SCAN_MAX_PATH)
        return li_fail(err, LI_ELIMIT, "an entry's path is longer than %d bytes", LI_SCAN_MAX_PATH);
    return 0;
}

static int visit_entry(struct scan *s, const struct li_tar_entry *e, const struct visitor *visitor,
                       struct li_error *err)
{
    struct li_entry entry = {0};
    char shown[LI_TREE_SHOWN_MAX];
    int rc = read_path(e, &entry.path, err);

    if (rc < 0)
        return rc;
    if (!visitor->paths_only)
        rc = read_entry(s, e, &entry, err);
    else if (s->record && !s->record->hopeless)
        record_ahead(s, e, &entry);
    if (rc == 0 && s->record)
        li_record_add(s->record, &entry);
    if (rc == 0)
        rc = visitor->visit(visitor->arg, &entry, err);
    li_xattr_list_clear(&s->xattrs);
    return rc < 0 ? li_context(err, "%s", li_tree_show_path(entry.path, shown)) : 0;
}

static int fail_reading(const struct scan *s, struct li_error *err)
{
    const char *path = li_tar_failed_path(s->tar);
    char shown[LI_TREE_SHOWN_MAX];

    return *path ? li_context(err, "%s", li_tree_show_path(path, shown)) : err->code;
}

static int read_entries(struct scan *s, const struct visitor *visitor, struct li_error *err)
{
    const struct li_tar_entry *e;
    int rc;

    for (;;) {
        rc = li_tar_next(s->tar, &e, err);
        if (rc < 0)
            return fail_reading(s, err);
        if (!e)
            return 0;
        rc = visit_entry(s, e, visitor, err);
        if (rc < 0)
            return rc;
    }
}

/* Scans the layer's tar, and fills RECORD if that is not NULL. */
static int scan_tar(struct li_layers *layers, size_t index, uint64_t length,
                    struct li_record *record, const struct visitor *visitor, struct li_error *err)
{
    struct scan s = {.record = record};
    int rc = li_layer_input_open(layers, index, length, &s.input, err);
    struct li_tar_source source = li_layer_input_source(&s.input);

    if (rc == 0)
        rc = li_tar_new(&source, &s.tar, err);
    if (rc == 0)
        rc = read_entries(&s, visitor, err);
    li_tar_free(s.tar);
    li_layer_input_close(&s.input);
    li_xattr_list_free(&s.xattrs);
    li_buffer_free(&s.runs);
    return rc;
}

static int scan_and_record(struct li_layers *layers, size_t index, uint64_t length,
                           const struct visitor *visitor, struct li_error *err)
{
    struct li_record *record = li_layers_record(layers, index);
    bool fill = !record->hopeless && (visitor->paths_only || record->room);
    int rc = 0;

    li_record_drop(record);
    if (length > 0)
        rc = scan_tar(layers, index, length, fill ? record : NULL, visitor, err);
    if (rc == 0 && fill)
        li_record_end(record);
    record->length = length;
    record->whole = rc == 0 && fill && !record->hopeless;
    return rc;
}

int li_scan_layer(struct li_layers *layers, size_t index, int paths_only, li_scan_visit *visit,
                  void *arg, struct li_error *err)
{
    const struct visitor visitor = {paths_only, visit, arg};
    struct li_record *record = li_layers_record(layers, index);
    uint64_t length = 0;
    int rc;

    li_error_clear(err);
    if (record->whole) {
        rc = li_record_replay(record, index, paths_only, visit, arg, err);
    } else {
        /* An error there names the layer itself. */
        rc = li_layers_ready(layers, index, &length, err);
        if (rc < 0)
            return rc;
        rc = scan_and_record(layers, index, length, &visitor, err);
    }
    return rc < 0 ? li_context(err, "layer %s", li_layers_name(layers, index)) : 0;
}
