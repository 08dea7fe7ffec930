/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry of a record, a piece of what is packed, all numbers little-endian:
 *
 *      0  4  bytes of the entry, these included
 *      4  1  1: a hard link, 2: a symbolic link, 4: a sparse file, 8: its data is zeros
 *      5  4  bytes of its path
 *      9  2  mode
 *     11  4  user
 *     15  4  group
 *     19  8  seconds
 *     27  4  nanoseconds
 *     31  8  size
 *     39  8  where its data is, or the device's numbers
 *     47  4  bytes of what it links to
 *     51  2  extended attributes
 *     53  4  runs of data of a sparse file
 *     57  4  bytes of the name of an attribute that was left out
 *     61  4  bytes of a name in an ACL that was left out
 *     65     path, NUL, link, NUL, these two names, each with a NUL
 *            each attribute: 2 bytes with its name's length, 4 with its value's, name, NUL, value
 *            each run: offset and length, 8 bytes each
 *
 * Texts end with a NUL, so that they can be used in place. The bytes are never trusted, whoever has
 * written them: the checks of the scan of a tar on which later stages rely are repeated here.
 */
#include "layer/record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/bytes.h"

enum { FIXED_SIZE = 65, HARD_LINK = 1, SYMBOLIC_LINK = 2, SPARSE = 4, ZEROS = 8 };

void li_record_drop(struct li_record *record)
{
    if (record->room)
        *record->room += record->taken;
    record->taken = 0;
    li_packed_free(&record->entries);
    record->whole = false;
}

void li_record_give_up(struct li_record *record)
{
    li_record_drop(record);
    record->hopeless = true;
}

static const char *link_of(const struct li_entry *entry)
{
    return entry->hard_link ? entry->hard_link : entry->target;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static size_t size_of(const struct li_entry *entry)
{
    size_t size = FIXED_SIZE + strlen(entry->path) + 1 + strlen(or_empty(link_of(entry))) + 1 +
                  strlen(or_empty(entry->left_out)) + 1 + strlen(or_empty(entry->named_acl)) + 1;

    for (size_t i = 0; i < entry->xattr_count; i++)
        size += 6 + strlen(entry->xattrs[i].name) + 1 + entry->xattrs[i].size;
    return size + entry->run_count * 16;
}

static uint8_t *put_fixed(uint8_t *p, const struct li_entry *entry, size_t size)
{
    const struct li_inode *inode = &entry->inode;

    li_put_le32(p, (uint32_t)size);
    p[4] = (uint8_t)((entry->hard_link ? HARD_LINK : 0) | (entry->target ? SYMBOLIC_LINK : 0) |
                     (entry->sparse ? SPARSE : 0) | (entry->zeros ? ZEROS : 0));
    li_put_le32(p + 5, (uint32_t)strlen(entry->path));
    li_put_le16(p + 9, inode->mode);
    li_put_le32(p + 11, inode->uid);
    li_put_le32(p + 15, inode->gid);
    li_put_le64(p + 19, (uint64_t)inode->mtime);
    li_put_le32(p + 27, inode->mtime_nsec);
    li_put_le64(p + 31, inode->size);
    li_put_le64(p + 39, inode->data);
    li_put_le32(p + 47, (uint32_t)strlen(or_empty(link_of(entry))));
    li_put_le16(p + 51, (uint16_t)entry->xattr_count);
    li_put_le32(p + 53, (uint32_t)entry->run_count);
    li_put_le32(p + 57, (uint32_t)strlen(or_empty(entry->left_out)));
    li_put_le32(p + 61, (uint32_t)strlen(or_empty(entry->named_acl)));
    return p + FIXED_SIZE;
}

static uint8_t *put_text(uint8_t *p, const char *text)
{
    size_t size = strlen(text) + 1;

    memcpy(p, text, size);
    return p + size;
}

static void put_entry(uint8_t *p, const struct li_entry *entry, size_t size)
{
    p = put_fixed(p, entry, size);
    p = put_text(p, entry->path);
    p = put_text(p, or_empty(link_of(entry)));
    p = put_text(p, or_empty(entry->left_out));
    p = put_text(p, or_empty(entry->named_acl));
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const struct li_xattr *x = &entry->xattrs[i];

        li_put_le16(p, (uint16_t)strlen(x->name));
        li_put_le32(p + 2, x->size);
        p = put_text(p + 6, x->name);
        if (x->size)
            memcpy(p, x->value, x->size);
        p += x->size;
    }
    for (size_t i = 0; i < entry->run_count; i++, p += 16) {
        li_put_le64(p, entry->runs[i].offset);
        li_put_le64(p + 8, entry->runs[i].length);
    }
}

/* Counts what was packed since the last call; false if that is too much. */
static bool take_room(struct li_record *record)
{
    size_t grown = record->entries.blocks.len - record->taken;
    size_t room = record->room ? *record->room : LI_RECORD_PASSING_MAX - record->taken;

    if (grown > room)
        return false;
    if (record->room)
        *record->room -= grown;
    record->taken += grown;
    return true;
}

void li_record_add(struct li_record *record, const struct li_entry *entry)
{
    struct li_error ignored = LI_ERROR_INIT;
    uint8_t *piece;
    size_t size;

    if (record->hopeless)
        return;
    size = size_of(entry);
    if (li_packed_add(&record->entries, size, &piece, &ignored) < 0 || !take_room(record)) {
        li_record_give_up(record);
        return;
    }
    put_entry(piece, entry, size);
}

void li_record_end(struct li_record *record)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (!record->hopeless && (li_packed_end(&record->entries, &ignored) < 0 || !take_room(record)))
        li_record_give_up(record);
}

/* What one entry is read into, and the memory for its lists. */
struct replay {
    const struct li_record *record;
    size_t index; /* of the layer */
    int paths_only;
    li_scan_visit *visit;
    void *arg;
    struct li_entry entry;
    struct li_xattr *xattrs;
    size_t xattr_cap;
    struct li_sparse_run *runs;
    size_t run_cap;
};

/* LEN bytes without a NUL among them, followed by a NUL; else NULL. */
static const char *take_text(struct li_cursor *c, size_t len)
{
    const uint8_t *text = li_cursor_take(c, len);
    const uint8_t *end = li_cursor_take(c, 1);

    if (!text || !end || *end != 0 || memchr(text, 0, len))
        c->bad = true;
    return c->bad ? NULL : (const char *)text;
}

static int take_xattrs(struct replay *r, struct li_cursor *c, size_t count, struct li_error *err)
{
    int rc = 0;

    if (count > LI_SCAN_MAX_XATTRS)
        c->bad = true;
    else
        rc = li_array_reserve(&r->xattrs, &r->xattr_cap, count, sizeof(*r->xattrs), err);
    for (size_t i = 0; i < count && rc == 0 && !c->bad; i++) {
        size_t name = li_cursor_le16(c), size = li_cursor_le32(c);

        r->xattrs[i].name = take_text(c, name);
        r->xattrs[i].size = (uint32_t)size;
        r->xattrs[i].value = li_cursor_take(c, size);
        if (name == 0 || size > LI_SCAN_MAX_XATTR_VALUE)
            c->bad = true;
        if (i > 0 && !c->bad && strcmp(r->xattrs[i - 1].name, r->xattrs[i].name) >= 0)
            c->bad = true;
    }
    r->entry.xattrs = r->xattrs;
    r->entry.xattr_count = count;
    return rc;
}

/* Reads the runs, which must ascend, not overlap, and be within the file. */
static int take_runs(struct replay *r, struct li_cursor *c, size_t count, struct li_error *err)
{
    uint64_t end = 0, size = r->entry.inode.size;
    int rc = 0;

    if (count > LI_SCAN_MAX_RUNS)
        c->bad = true;
    else
        rc = li_array_reserve(&r->runs, &r->run_cap, count, sizeof(*r->runs), err);
    for (size_t i = 0; i < count && rc == 0 && !c->bad; i++) {
        uint64_t offset = li_cursor_le64(c), length = li_cursor_le64(c);

        if (offset < end || offset > size || length == 0 || length > size - offset)
            c->bad = true;
        end = offset + length;
        r->runs[i] = (struct li_sparse_run){offset, length};
    }
    r->entry.runs = r->runs;
    r->entry.run_count = count;
    return rc;
}

/* Whether the contents are within the layer. */
static bool fits(const struct replay *r)
{
    const struct li_inode *inode = &r->entry.inode;
    uint64_t stored = r->entry.sparse ? 0 : inode->size;

    for (size_t i = 0; i < r->entry.run_count; i++)
        stored += r->runs[i].length;
    return inode->data <= r->record->length && stored <= r->record->length - inode->data;
}

static bool is_sound(const struct replay *r)
{
    const struct li_entry *entry = &r->entry;
    const struct li_inode *inode = &entry->inode;

    if (entry->hard_link)
        return *entry->hard_link && !entry->target && !entry->sparse && !entry->zeros;
    if (inode->mtime_nsec > 999999999 || S_ISLNK(inode->mode) != (entry->target != NULL) ||
        (entry->zeros && !S_ISREG(inode->mode)))
        return false;
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        return fits(r);
    case S_IFLNK:
        return inode->size > 0 && inode->size <= LI_TREE_LINK_MAX &&
               strlen(entry->target) == inode->size;
    case S_IFCHR:
    case S_IFBLK:
        return inode->data >> 32 <= 0xfff && (inode->data & UINT32_MAX) <= 0xfffff;
    case S_IFDIR:
    case S_IFIFO:
        return true;
    default:
        return false;
    }
}

static int take_entry(struct replay *r, struct li_cursor *c, struct li_error *err)
{
    struct li_inode *inode = &r->entry.inode;
    unsigned kind = li_cursor_u8(c);
    size_t path_len = li_cursor_le32(c), link_len, xattrs, runs, left_out_len, named_acl_len;
    const char *link, *left_out, *named_acl;
    int rc = 0;

    r->entry = (struct li_entry){.sparse = kind & SPARSE, .zeros = kind & ZEROS};
    inode->layer = (uint16_t)r->index;
    inode->mode = li_cursor_le16(c);
    inode->uid = li_cursor_le32(c);
    inode->gid = li_cursor_le32(c);
    inode->mtime = (int64_t)li_cursor_le64(c);
    inode->mtime_nsec = li_cursor_le32(c);
    inode->size = li_cursor_le64(c);
    inode->data = li_cursor_le64(c);
    link_len = li_cursor_le32(c);
    xattrs = li_cursor_le16(c);
    runs = li_cursor_le32(c);
    left_out_len = li_cursor_le32(c);
    named_acl_len = li_cursor_le32(c);
    r->entry.path = take_text(c, path_len);
    link = take_text(c, link_len);
    left_out = take_text(c, left_out_len);
    named_acl = take_text(c, named_acl_len);
    if (c->bad || path_len == 0 || path_len > LI_SCAN_MAX_PATH || (runs > 0 && !r->entry.sparse))
        return li_fail(err, LI_ECORRUPT, "a record of a layer is broken");
    r->entry.hard_link = kind & HARD_LINK ? link : NULL;
    r->entry.target = kind & SYMBOLIC_LINK ? link : NULL;
    r->entry.left_out = left_out_len > 0 ? left_out : NULL;
    r->entry.named_acl = named_acl_len > 0 ? named_acl : NULL;
    if (r->paths_only)
        return 0;
    rc = take_xattrs(r, c, xattrs, err);
    if (rc == 0)
        rc = take_runs(r, c, runs, err);
    if (rc == 0 && (c->bad || c->left > 0 || !is_sound(r)))
        rc = li_fail(err, LI_ECORRUPT, "a record of a layer is broken");
    return rc;
}

static int replay_block(struct replay *r, struct li_cursor *pieces, struct li_error *err)
{
    char shown[LI_TREE_SHOWN_MAX];
    int rc = 0;

    while (rc == 0 && pieces->left > 0) {
        size_t size = li_cursor_le32(pieces);
        const uint8_t *at = size < FIXED_SIZE ? NULL : li_cursor_take(pieces, size - 4);
        struct li_cursor one = li_cursor(at, at ? size - 4 : 0);

        rc = take_entry(r, &one, err);
        if (rc < 0)
            break;
        rc = r->visit(r->arg, &r->entry, err);
        if (rc < 0)
            li_context(err, "%s", li_tree_show_path(r->entry.path, shown));
    }
    return rc;
}

int li_record_replay(const struct li_record *record, size_t index, int paths_only,
                     li_scan_visit *visit, void *arg, struct li_error *err)
{
    struct li_unpacking reading = li_unpacking_begin(&record->entries.blocks);
    struct replay r = {
        .record = record, .index = index, .paths_only = paths_only, .visit = visit, .arg = arg};
    int rc;

    while ((rc = li_unpacking_next(&reading, err)) == 0) {
        rc = replay_block(&r, &reading.pieces, err);
        if (rc != 0)
            break;
    }
    li_unpacking_end(&reading);
    free(r.xattrs);
    free(r.runs);
    return rc < 0 ? rc : 0;
}
