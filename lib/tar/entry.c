/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of several headers counts follows Go's archive/tar (reader.go, next and mergePAX): PAX
 * records win over the header's own fields, a GNU long name over both, and the name of a sparse
 * file in PAX over all. A record without a value leaves the field as it is.
 */
#include "tar/entry.h"

#include <string.h>

#include "tar/number.h"

/* ---- PAX records in place of fields ---- */

static int broken_record(const char *name, struct li_error *err)
{
    return li_fail(err, LI_ECORRUPT, "its PAX record \"%s\" is not a number", name);
}

static int merge_number(const struct li_tar_pax *pax, enum li_tar_key key, const char *name,
                        int64_t *out, struct li_error *err)
{
    const struct li_tar_record *r = pax->known[key];

    if (!r || li_tar_decimal(r->value, r->value_length, out))
        return 0;
    return broken_record(name, err);
}

static int merge_time(const struct li_tar_pax *pax, enum li_tar_key key, const char *name,
                      int64_t *seconds, uint32_t *nanoseconds, struct li_error *err)
{
    const struct li_tar_record *r = pax->known[key];

    if (!r || li_tar_time(r->value, r->value_length, seconds, nanoseconds))
        return 0;
    return broken_record(name, err);
}

static int merge_numbers(struct li_tar *tar, int64_t *size, struct li_error *err)
{
    struct li_tar_entry *e = &tar->entry;
    const struct li_tar_pax *pax = &tar->pax;
    int64_t ignored;
    uint32_t ignored_nsec;
    int rc = merge_number(pax, LI_TAR_PAX_UID, "uid", &e->uid, err);

    if (rc == 0)
        rc = merge_number(pax, LI_TAR_PAX_GID, "gid", &e->gid, err);
    if (rc == 0)
        rc = merge_number(pax, LI_TAR_PAX_SIZE, "size", size, err);
    if (rc == 0)
        rc = merge_time(pax, LI_TAR_PAX_MTIME, "mtime", &e->mtime, &e->mtime_nsec, err);
    if (rc == 0)
        rc = merge_time(pax, LI_TAR_PAX_ATIME, "atime", &ignored, &ignored_nsec, err);
    if (rc == 0)
        rc = merge_time(pax, LI_TAR_PAX_CTIME, "ctime", &ignored, &ignored_nsec, err);
    return rc;
}

/* A record's value is followed by a NUL, and names have no other NUL. */
static void merge_names(struct li_tar *tar)
{
    const struct li_tar_record *path = tar->pax.known[LI_TAR_PAX_PATH];
    const struct li_tar_record *link = tar->pax.known[LI_TAR_PAX_LINKPATH];

    tar->entry.path = path ? path->value : tar->header.name;
    tar->entry.link = link ? link->value : tar->header.link;
    if (tar->long_name.len > 0)
        tar->entry.path = (const char *)tar->long_name.data;
    if (tar->long_link.len > 0)
        tar->entry.link = (const char *)tar->long_link.data;
}

/* ---- types ---- */

/* In old tars, only a slash marks a directory. */
static bool ends_with_slash(const char *path)
{
    size_t len = strlen(path);

    return len > 0 && path[len - 1] == '/';
}

static int refuse_type(char type, struct li_error *err)
{
    if (type == 'M')
        return li_fail(err, LI_EUNSUPPORTED,
                       "it is a part of a file from a tar of several volumes");
    return li_fail(
        err, LI_EUNSUPPORTED,
        "its type, byte %u of the tar format, is not known; no container engine unpacks it",
        (unsigned)(unsigned char)type);
}

/* GNU dump directories, 'D', are directories that list their files as data. */
static int take_type(struct li_tar *tar, struct li_error *err)
{
    static const char flags[] = "01234567SDV";
    static const enum li_tar_type types[] = {
        LI_TAR_FILE,         LI_TAR_HARD_LINK, LI_TAR_SYMLINK, LI_TAR_CHARACTER,
        LI_TAR_BLOCK_DEVICE, LI_TAR_DIRECTORY, LI_TAR_FIFO,    LI_TAR_FILE,
        LI_TAR_FILE,         LI_TAR_DIRECTORY, LI_TAR_FILE};
    const char *flag;

    if (tar->header.type == '\0')
        tar->header.type = ends_with_slash(tar->entry.path) ? '5' : '0';
    flag = strchr(flags, tar->header.type);
    if (!flag)
        return refuse_type(tar->header.type, err);
    tar->entry.type = types[flag - flags];
    return 0;
}

static bool is_header_only(char type)
{
    return type >= '1' && type <= '6';
}

/* ---- data ---- */

static int negative_size(struct li_error *err)
{
    return li_fail(err, LI_ECORRUPT, "its size is negative");
}

/* Like Go, use the header's own size, even if a record states another. Do this before a slash makes
 * an old file a directory, which has no data. */
static int check_own_size(const struct li_tar_header *h, struct li_error *err)
{
    return h->size < 0 && !is_header_only(h->type) ? negative_size(err) : 0;
}

/* The size of a file that is sparse by PAX. Its records may state it under either key. */
static int sparse_size(const struct li_tar_pax *pax, int64_t *size, struct li_error *err)
{
    enum li_tar_key key =
        pax->known[LI_TAR_PAX_SPARSE_SIZE] ? LI_TAR_PAX_SPARSE_SIZE : LI_TAR_PAX_SPARSE_REALSIZE;

    return merge_number(pax, key, "GNU.sparse.realsize", size, err);
}

static int read_pax_map(struct li_tar *tar, enum li_tar_sparse form, uint64_t *used,
                        struct li_error *err)
{
    const struct li_tar_record *name = tar->pax.known[LI_TAR_PAX_SPARSE_NAME];

    if (name)
        tar->entry.path = name->value;
    if (form == LI_TAR_SPARSE_1)
        return li_tar_map_data(&tar->map, &tar->source, tar->entry.data, tar->entry.stored, used,
                               err);
    return li_tar_map_records(&tar->map, &tar->pax, err);
}

/* For a sparse file: its map and its size. The map's bytes are subtracted from the stored data. */
static int read_map(struct li_tar *tar, enum li_tar_sparse form, int64_t *size,
                    struct li_error *err)
{
    struct li_tar_entry *e = &tar->entry;
    uint64_t used = 0;
    int rc;

    if (tar->header.type != 'S') {
        rc = read_pax_map(tar, form, &used, err);
        e->data += used;
        e->stored -= used;
        return rc == 0 ? sparse_size(&tar->pax, size, err) : rc;
    }
    if (tar->header.form != LI_TAR_GNU || !li_tar_old_size(tar->block, size))
        return li_fail(err, LI_ECORRUPT, "it is a GNU sparse file without a GNU sparse map");
    rc = li_tar_map_old(&tar->map, &tar->source, tar->block, e->data, &used, err);
    e->data += used;
    return rc;
}

static int take_map(struct li_tar *tar, enum li_tar_sparse form, struct li_error *err)
{
    struct li_tar_entry *e = &tar->entry;
    int64_t size = (int64_t)e->stored;
    int rc = read_map(tar, form, &size, err);

    if (rc < 0)
        return rc;
    if (size < 0 || tar->map.end > (uint64_t)size || tar->map.stored != e->stored)
        return li_fail(err, LI_ECORRUPT, "its size or its sparse map does not match its contents");
    e->sparse = true;
    e->size = (uint64_t)size;
    e->runs = tar->map.runs;
    e->run_count = tar->map.count;
    return 0;
}

static int take_data(struct li_tar *tar, enum li_tar_sparse form, int64_t size,
                     struct li_error *err)
{
    struct li_tar_entry *e = &tar->entry;
    int rc;

    if (size < 0)
        return negative_size(err);
    e->size = e->stored = (uint64_t)size;
    /* Call it before the map is read, which may be in the data. */
    rc = li_tar_walk_skip(&tar->walk, &tar->source, e->data, e->stored, err);
    if (rc == 0 && (form != LI_TAR_DENSE || tar->header.type == 'S'))
        rc = take_map(tar, form, err);
    if (rc == 0)
        rc = li_tar_walk_skip(&tar->walk, &tar->source, e->data, e->stored, err);
    return rc;
}

/* Clears fields that have a meaning only for other types. */
static void clear_meaningless(struct li_tar_entry *e)
{
    if (e->type != LI_TAR_HARD_LINK && e->type != LI_TAR_SYMLINK)
        e->link = "";
    if (e->type != LI_TAR_CHARACTER && e->type != LI_TAR_BLOCK_DEVICE)
        e->dev_major = e->dev_minor = 0;
    if (e->type == LI_TAR_FILE)
        return;
    e->size = e->stored = 0;
    e->sparse = false;
    e->runs = NULL;
    e->run_count = 0;
}

static int finish(struct li_tar *tar, int64_t size, struct li_error *err)
{
    enum li_tar_sparse form = li_tar_sparse_form(&tar->pax);
    int rc = 0;

    if (!is_header_only(tar->header.type))
        rc = take_data(tar, form, size, err);
    else if (form != LI_TAR_DENSE)
        rc = li_fail(err, LI_ECORRUPT, "it has a sparse map, which only a file can have");
    else
        li_tar_walk_header_only(&tar->walk, &tar->source, tar->entry.data, size);
    clear_meaningless(&tar->entry);
    return rc;
}

int li_tar_entry_make(struct li_tar *tar, uint64_t behind, bool *label, struct li_error *err)
{
    const struct li_tar_header *h = &tar->header;
    struct li_tar_entry *e = &tar->entry;
    int64_t size = h->size;
    int rc;

    e->mode = (uint32_t)(h->mode & 07777);
    e->uid = h->uid;
    e->gid = h->gid;
    e->mtime = h->mtime;
    e->dev_major = h->dev_major;
    e->dev_minor = h->dev_minor;
    e->data = behind;
    e->records = tar->pax.records.list;
    e->record_count = tar->pax.records.count;
    merge_names(tar);
    rc = check_own_size(h, err);
    if (rc == 0)
        rc = take_type(tar, err);
    if (rc == 0)
        rc = merge_numbers(tar, &size, err);
    *label = h->type == 'V';
    return rc < 0 ? rc : finish(tar, size, err);
}
