/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libarchive parses the tar and its extensions; what it makes of them is checked here.
 *
 * Contents are skipped (input.c); of them only as much is looked at as tells that they are not all
 * zeros. Where a file's data lies follows from how far the format reader has consumed its input
 * when the header, and a sparse map that may follow it, is done.
 *
 * libarchive converts names by the locale unless it cannot, and then hands them over as they are.
 * In the C locale it cannot convert any name that is not ASCII, so this locale, set for the thread,
 * makes every name arrive as the tar has it, on every host. The warnings it gives then are the only
 * ones that are not errors here.
 *
 * Some of its weaknesses are made up for. Of a sparse map that does not fit the file it drops what
 * it does not like: so the map must have as many bytes as the tar, and the next header must come
 * where they end. And header.c looks for what else it does not tell.
 */
#include "layer/scan.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "layer/entry.h"
#include "layer/header.h"
#include "layer/input.h"
#include "layer/record.h"
#include "layer/xattr.h"
#include "layer/zeros.h"

enum { TAR_BLOCK = 512 };

struct scan {
    struct li_layer_input input;
    uint64_t end; /* of the last file's data, in the layer, up to a full block; 0: there is none */
    struct li_header header;
    struct li_sparse_run *runs;
    struct li_xattr_list xattrs;
    struct li_record *record; /* that is being filled, or NULL */
};

static int read_runs(struct scan *s, struct archive_entry *e, struct li_entry *entry,
                     struct li_error *err)
{
    int count = archive_entry_sparse_reset(e);
    uint64_t end = 0;
    size_t used = 0;
    la_int64_t offset, length;

    if (count <= 0)
        return 0;
    if (count > LI_SCAN_MAX_RUNS)
        return li_fail(err, LI_ELIMIT, "it has %d runs of data between holes, more than %d", count,
                       LI_SCAN_MAX_RUNS);
    s->runs = calloc((size_t)count, sizeof(*s->runs));
    if (!s->runs)
        return li_fail_memory(err);
    entry->sparse = true;
    while (archive_entry_sparse_next(e, &offset, &length) == ARCHIVE_OK && used < (size_t)count) {
        if (offset < 0 || length < 0 || (uint64_t)offset < end ||
            (uint64_t)offset > entry->inode.size ||
            (uint64_t)length > entry->inode.size - (uint64_t)offset)
            return li_fail(err, LI_ECORRUPT, "its sparse map is broken");
        end = (uint64_t)offset + (uint64_t)length;
        if (length > 0)
            s->runs[used++] = (struct li_sparse_run){(uint64_t)offset, (uint64_t)length};
    }
    entry->runs = s->runs;
    entry->run_count = used;
    return 0;
}

/* Whether STORED bytes from DATA on are what the header says. A map of PAX 1.0 lies between;
 * further blocks of an old GNU map do as well, and are not counted. */
static bool fits_header(const struct scan *s, uint64_t data, uint64_t stored)
{
    uint64_t between = s->header.type == 'S' ? 0 : data - s->header.end;

    return data >= s->header.end && between <= s->header.length &&
           stored == s->header.length - between;
}

static int find_zeros(const struct scan *s, uint64_t stored, struct li_entry *entry,
                      struct li_error *err)
{
    if (stored == 0)
        return 0;
    return li_layer_is_zero(s->input.layers, s->input.index, &s->input.part, entry->inode.data,
                            stored, &entry->zeros, err);
}

static int read_regular(struct scan *s, struct archive *a, struct archive_entry *e,
                        struct li_entry *entry, struct li_error *err)
{
    struct li_inode *inode = &entry->inode;
    la_int64_t size = archive_entry_size(e),
               data = archive_filter_bytes(a, 0) - LI_LAYER_INPUT_AHEAD;
    uint64_t stored = 0;
    int rc;

    if (size < 0 || data < 0)
        return li_fail(err, LI_ECORRUPT, "its size is negative");
    inode->size = (uint64_t)size;
    inode->data = (uint64_t)data;
    rc = read_runs(s, e, entry, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < entry->run_count; i++)
        stored += entry->runs[i].length;
    if (!entry->sparse)
        stored = inode->size;
    if (inode->data > s->input.length || stored > s->input.length - inode->data)
        return li_fail(err, LI_ECORRUPT, "its contents end with the layer; the tar is cut short");
    if (!fits_header(s, inode->data, stored))
        return li_fail(err, LI_ECORRUPT, "its size or its sparse map do not fit its contents");
    s->end = inode->data + (stored + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    return find_zeros(s, stored, entry, err);
}

static int read_type(struct scan *s, struct archive *a, struct archive_entry *e,
                     struct li_entry *entry, struct li_error *err)
{
    switch (archive_entry_filetype(e)) {
    case AE_IFREG:
        return read_regular(s, a, e, entry, err);
    case AE_IFLNK:
        return li_entry_link(e, entry, err);
    case AE_IFCHR:
    case AE_IFBLK:
        return li_entry_device(e, &entry->inode, err);
    case AE_IFDIR:
    case AE_IFIFO:
        return 0;
    default:
        return li_fail(err, LI_EUNSUPPORTED,
                       "it is no file, directory, link, device or FIFO (type %o)",
                       (unsigned)archive_entry_filetype(e));
    }
}

static int read_entry(struct scan *s, struct archive *a, struct archive_entry *e,
                      struct li_entry *entry, struct li_error *err)
{
    unsigned type = archive_entry_filetype(e), perm = archive_entry_perm(e) & 07777;
    uint64_t header = (uint64_t)archive_read_header_position(a) - LI_LAYER_INPUT_AHEAD;
    int rc = li_header_read(li_layer_input_look, &s->input, header, &s->header, err);

    if (rc < 0)
        return rc;
    entry->hard_link = archive_entry_hardlink(e);
    if (entry->hard_link)
        return 0;
    entry->inode.mode = (uint16_t)(type | perm);
    entry->inode.layer = (uint16_t)s->input.index;
    rc = li_entry_owner(e, &entry->inode, err);
    if (rc == 0)
        rc = li_entry_time(e, s->header.time_is_negative, &entry->inode, err);
    if (rc == 0)
        rc = read_type(s, a, e, entry, err);
    if (rc == 0)
        rc = li_xattr_read(e, &s->xattrs, &entry->inode.mode, err);
    entry->xattrs = s->xattrs.list;
    entry->xattr_count = s->xattrs.count;
    entry->left_out = s->xattrs.left_out;
    return rc;
}

/* An entry for a visit of paths is read whole only for the record. What is wrong with it is said
 * when it is visited itself. */
static void record_ahead(struct scan *s, struct archive *a, struct archive_entry *e,
                         struct li_entry *entry)
{
    struct li_error later = LI_ERROR_INIT;

    if (read_entry(s, a, e, entry, &later) < 0)
        li_record_give_up(s->record);
}

static int visit_entry(struct scan *s, struct archive *a, struct archive_entry *e, int paths_only,
                       li_scan_visit *visit, void *arg, struct li_error *err)
{
    struct li_entry entry = {.path = archive_entry_pathname(e)};
    char shown[LI_TREE_SHOWN_MAX];
    int rc = 0;

    if (!entry.path || !*entry.path)
        return li_fail(err, LI_ECORRUPT, "an entry has no name");
    if (strlen(entry.path) > LI_TREE_PATH_MAX)
        return li_fail(err, LI_ELIMIT, "an entry's path is longer than %d bytes", LI_TREE_PATH_MAX);
    if (!paths_only)
        rc = read_entry(s, a, e, &entry, err);
    else if (s->record && !s->record->hopeless)
        record_ahead(s, a, e, &entry);
    if (rc == 0 && s->record)
        li_record_add(s->record, &entry);
    if (rc == 0)
        rc = visit(arg, &entry, err);
    free(s->runs);
    s->runs = NULL;
    li_xattr_list_clear(&s->xattrs);
    return rc < 0 ? li_context(err, "%s", li_tree_show_path(entry.path, shown)) : 0;
}

/* Whether a header was read without loss: a failed conversion leaves the name as it was, which is
 * what is wanted. Some other warnings come with ARCHIVE_OK. That of an ACL may be of a name in it
 * that cannot be converted; whether it is more than that, header.c finds out. */
static bool is_sound(struct archive *a, int result)
{
    const char *text = archive_error_string(a);

    if (result == ARCHIVE_OK && !text)
        return true;
    return (result == ARCHIVE_OK || result == ARCHIVE_WARN) && text &&
           (strstr(text, "can't be converted from") || strstr(text, "SCHILY.acl."));
}

static int fail_reading(const struct scan *s, struct archive *a, struct li_error *err)
{
    const char *text = archive_error_string(a);

    if (s->input.err->code != 0)
        return s->input.err->code;
    if (archive_errno(a) == ENOMEM)
        return li_fail_memory(err);
    return li_fail(err, LI_ECORRUPT, "not a tar that can be read: %s",
                   text ? text : "it is damaged");
}

static int check_end(struct scan *s, struct archive *a, struct li_error *err)
{
    uint64_t end = s->end;

    s->end = 0;
    if (end == 0 || (uint64_t)archive_read_header_position(a) == end + LI_LAYER_INPUT_AHEAD)
        return 0;
    return li_fail(err, LI_ECORRUPT, "a file's size or its sparse map do not fit its contents");
}

static int read_headers(struct scan *s, struct archive *a, int paths_only, li_scan_visit *visit,
                        void *arg, struct li_error *err)
{
    struct archive_entry *e;
    int rc;

    for (;;) {
        int r = archive_read_next_header(a, &e);

        if (r != ARCHIVE_EOF && !is_sound(a, r))
            return fail_reading(s, a, err);
        rc = check_end(s, a, err);
        if (rc < 0 && paths_only) {
            li_record_give_up(s->record);
            li_error_clear(err);
            rc = 0;
        }
        if (rc < 0 || r == ARCHIVE_EOF)
            return rc;
        rc = visit_entry(s, a, e, paths_only, visit, arg, err);
        if (rc < 0)
            return rc;
    }
}

static int scan_archive(struct scan *s, int paths_only, li_scan_visit *visit, void *arg,
                        struct li_error *err)
{
    struct archive *a = archive_read_new();
    struct archive_entry *e;
    int rc;

    if (!a)
        return li_fail_memory(err);
    archive_read_support_format_tar(a);
    if (li_layer_input_attach(a, &s->input) != ARCHIVE_OK ||
        archive_read_next_header(a, &e) != ARCHIVE_OK)
        rc = fail_reading(s, a, err);
    else
        rc = read_headers(s, a, paths_only, visit, arg, err);
    archive_read_free(a);
    return rc;
}

static int scan(struct scan *s, int paths_only, li_scan_visit *visit, void *arg,
                struct li_error *err)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before;
    int rc;

    if (c == (locale_t)0)
        return li_fail_memory(err);
    before = uselocale(c);
    rc = scan_archive(s, paths_only, visit, arg, err);
    uselocale(before);
    freelocale(c);
    li_xattr_list_free(&s->xattrs);
    return rc;
}

/* Scans the layer's tar, and fills RECORD where that is not NULL. */
static int scan_tar(struct li_layers *layers, size_t index, uint64_t length,
                    struct li_record *record, int paths_only, li_scan_visit *visit, void *arg,
                    struct li_error *err)
{
    struct scan s = {.record = record};
    int rc = li_layer_input_open(layers, index, length, &s.input, err);

    if (rc == 0)
        rc = scan(&s, paths_only, visit, arg, err);
    li_layer_input_close(&s.input);
    return rc;
}

static int scan_and_record(struct li_layers *layers, size_t index, uint64_t length, int paths_only,
                           li_scan_visit *visit, void *arg, struct li_error *err)
{
    struct li_record *record = li_layers_record(layers, index);
    bool fill = !record->hopeless && (paths_only || record->room);
    int rc = 0;

    li_record_drop(record);
    if (length > 0)
        rc = scan_tar(layers, index, length, fill ? record : NULL, paths_only, visit, arg, err);
    if (rc == 0 && fill)
        li_record_end(record);
    record->length = length;
    record->whole = rc == 0 && fill && !record->hopeless;
    return rc;
}

int li_scan_layer(struct li_layers *layers, size_t index, int paths_only, li_scan_visit *visit,
                  void *arg, struct li_error *err)
{
    struct li_record *record = li_layers_record(layers, index);
    uint64_t length = 0;
    int rc;

    li_error_clear(err);
    if (record->whole) {
        rc = li_record_replay(record, index, paths_only, visit, arg, err);
    } else {
        /* What is wrong there names the layer. */
        rc = li_layers_ready(layers, index, &length, err);
        if (rc < 0)
            return rc;
        rc = scan_and_record(layers, index, length, paths_only, visit, arg, err);
    }
    return rc < 0 ? li_context(err, "layer %s", li_layers_name(layers, index)) : 0;
}
