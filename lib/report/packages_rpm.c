/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RPM's database in SQLite: a table Packages with a header of RPM in each row. librpm would read
 * it, too, but wants a file system and brings a hundred other libraries.
 *
 * SQLite gets the database as bytes in memory, and none of its means to do more than read: no
 * schema that it trusts, small limits, no virtual tables, and an end to the work that it does (the
 * advice of https://www.sqlite.org/security.html). It counts its instructions, and one instruction
 * can compute for hours. So the rows are read only if their column is stored, and not computed, and
 * their bytes are never more than those of the database.
 *
 * A header (https://rpm-software-management.github.io/rpm/manual/hregions.html), all numbers
 * big-endian:
 *
 *       0   4  index entries
 *       4   4  bytes of data
 *       8      the entries: tag, type, offset in the data, count, 4 bytes each
 *              the data
 */
#include <sqlite3.h>
#include <string.h>

#include "base/bytes.h"
#include "report/packages_internal.h"

enum {
    ENTRIES_MAX = 1 << 16, /* of a header; RPM's own limit */
    ENTRY_SIZE = 16,
    SCHEMA_WORK_MAX = 10,      /* thousands of SQLite's instructions, 10 a table or index */
    ROWS_WORK_MAX = 500,       /* the same, 3 a row */
    ROW_MAX = 32 << 20,        /* bytes of a header */
    DIRECTORIES_MAX = 1 << 18, /* of a header */
    TYPE_INT32 = 4,
    TYPE_STRING = 6,
    TYPE_STRINGS = 8,
    TYPE_STRINGS_I18N = 9,
};

enum tag {
    TAG_NAME = 1000,
    TAG_VERSION = 1001,
    TAG_RELEASE = 1002,
    TAG_DIRINDEXES = 1116,
    TAG_BASENAMES = 1117,
    TAG_DIRNAMES = 1118,
};

/* ---- a header -------------------------------------------------------------------------------- */

struct header {
    struct li_slice entries, data;
};

static uint32_t get_be32(const char *p)
{
    return __builtin_bswap32(li_get_le32((const uint8_t *)p));
}

static int open_header(const void *bytes, size_t len, struct header *out, struct li_error *err)
{
    const char *p = bytes;
    uint32_t entries, data;

    if (len < 8)
        return li_fail(err, LI_ECORRUPT, "a header of RPM is cut short");
    entries = get_be32(p);
    data = get_be32(p + 4);
    if (entries > ENTRIES_MAX || (uint64_t)entries * ENTRY_SIZE + data > len - 8)
        return li_fail(err, LI_ECORRUPT, "a header of RPM states lengths that it does not have");
    out->entries = (struct li_slice){p + 8, entries * (size_t)ENTRY_SIZE};
    out->data = (struct li_slice){p + 8 + out->entries.len, data};
    return 0;
}

/* The data of TAG from its beginning to the end of all data, and its COUNT. False if it is not
 * there or has another type. */
static bool find_tag(const struct header *h, enum tag tag, uint32_t type, struct li_slice *data,
                     uint32_t *count)
{
    for (size_t at = 0; at < h->entries.len; at += ENTRY_SIZE) {
        const char *entry = h->entries.data + at;
        uint32_t offset = get_be32(entry + 8);

        if (get_be32(entry) != (uint32_t)tag || get_be32(entry + 4) != type || offset > h->data.len)
            continue;
        *data = (struct li_slice){h->data.data + offset, h->data.len - offset};
        *count = get_be32(entry + 12);
        return true;
    }
    return false;
}

/* The next string, which ends with a NUL; false if there is none. */
static bool take_string(struct li_slice *data, struct li_slice *out)
{
    const char *end = data->len ? memchr(data->data, '\0', data->len) : NULL;

    if (!end)
        return false;
    *out = (struct li_slice){data->data, (size_t)(end - data->data)};
    data->data = end + 1;
    data->len -= out->len + 1;
    return true;
}

static struct li_slice string_of(const struct header *h, enum tag tag)
{
    struct li_slice data, text = {"", 0};
    uint32_t count;

    if (find_tag(h, tag, TYPE_STRING, &data, &count))
        (void)take_string(&data, &text);
    return text;
}

static int tell_package(const struct header *h, const struct li_package_sink *sink,
                        struct li_error *err)
{
    struct li_slice name = string_of(h, TAG_NAME), version = string_of(h, TAG_VERSION),
                    release = string_of(h, TAG_RELEASE);
    char whole[LI_PACKAGES_NAME_MAX + 1];

    if (name.len == 0)
        return li_fail(err, LI_ECORRUPT, "a header of RPM does not state a name");
    if (version.len + 1 + release.len > LI_PACKAGES_NAME_MAX)
        return li_fail(err, LI_ELIMIT, "a version is longer than %d bytes", LI_PACKAGES_NAME_MAX);
    memcpy(whole, version.data, version.len);
    whole[version.len] = '-';
    memcpy(whole + version.len + 1, release.data, release.len);
    return sink->package(
        sink->arg, name,
        (struct li_slice){whole, version.len + (release.len ? 1 + release.len : 0)}, err);
}

/* The directories' names as slices in DIRECTORIES, an array of them. */
static int list_directories(const struct header *h, struct li_buffer *directories,
                            struct li_error *err)
{
    struct li_slice data, name;
    uint32_t count;
    int rc = 0;

    if (!find_tag(h, TAG_DIRNAMES, TYPE_STRINGS, &data, &count))
        return 0;
    if (count > DIRECTORIES_MAX)
        return li_fail(err, LI_ELIMIT, "a header of RPM has more than %d directories",
                       DIRECTORIES_MAX);
    for (uint32_t i = 0; i < count && rc == 0 && take_string(&data, &name); i++)
        rc = li_buffer_append(directories, &name, sizeof(name), err);
    return rc;
}

static int tell_path(struct li_slice directory, struct li_slice name,
                     const struct li_package_sink *sink, struct li_error *err)
{
    char path[LI_TREE_PATH_MAX + 1];

    if (directory.len + name.len > sizeof(path))
        return 0;
    memcpy(path, directory.data, directory.len);
    memcpy(path + directory.len, name.data, name.len);
    return sink->file(sink->arg, (struct li_slice){path, directory.len + name.len}, err);
}

static int tell_files(const struct header *h, const struct li_buffer *directories,
                      const struct li_package_sink *sink, struct li_error *err)
{
    const struct li_slice *directory = (const struct li_slice *)(const void *)directories->data;
    size_t known = directories->len / sizeof(*directory);
    struct li_slice names, indexes, name;
    uint32_t files, count;
    int rc = 0;

    if (!find_tag(h, TAG_BASENAMES, TYPE_STRINGS, &names, &files) ||
        !find_tag(h, TAG_DIRINDEXES, TYPE_INT32, &indexes, &count))
        return 0;
    for (uint32_t i = 0; i < files && i < count && rc == 0; i++) {
        uint32_t index;

        if (indexes.len / 4 <= i || !take_string(&names, &name))
            return li_fail(err, LI_ECORRUPT, "a list of files of RPM is cut short");
        index = get_be32(indexes.data + 4 * (size_t)i);
        if (index >= known)
            return li_fail(err, LI_ECORRUPT, "a file of RPM is in a directory that is not listed");
        rc = tell_path(directory[index], name, sink, err);
    }
    return rc;
}

int li_package_parse_rpm(const void *data, size_t len, const struct li_package_sink *sink,
                         struct li_error *err)
{
    struct li_buffer directories = {0};
    struct header h;
    int rc = open_header(data, len, &h, err);

    if (rc == 0)
        rc = tell_package(&h, sink, err);
    if (rc == 0)
        rc = list_directories(&h, &directories, err);
    if (rc == 0)
        rc = tell_files(&h, &directories, sink, err);
    li_buffer_free(&directories);
    return rc;
}

/* ---- the database ---------------------------------------------------------------------------- */

static int count_work(void *arg)
{
    unsigned *left = arg;

    return *left == 0 || --*left == 0;
}

static int fail_sqlite(sqlite3 *db, struct li_error *err)
{
    if (sqlite3_errcode(db) == SQLITE_NOMEM)
        return li_fail_memory(err);
    return li_fail(err, LI_ECORRUPT, "SQLite cannot read it: %s", sqlite3_errmsg(db));
}

/* Nothing in the database may do anything but be read. */
static int restrict_database(sqlite3 *db, unsigned *work, struct li_error *err)
{
    static const int limits[][2] = {{SQLITE_LIMIT_LENGTH, ROW_MAX},
                                    {SQLITE_LIMIT_SQL_LENGTH, 1 << 16},
                                    {SQLITE_LIMIT_COLUMN, 100},
                                    {SQLITE_LIMIT_EXPR_DEPTH, 10},
                                    {SQLITE_LIMIT_COMPOUND_SELECT, 3},
                                    {SQLITE_LIMIT_VDBE_OP, 25000},
                                    {SQLITE_LIMIT_FUNCTION_ARG, 8},
                                    {SQLITE_LIMIT_ATTACHED, 0},
                                    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50},
                                    {SQLITE_LIMIT_VARIABLE_NUMBER, 10},
                                    {SQLITE_LIMIT_TRIGGER_DEPTH, 3}};

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        sqlite3_limit(db, limits[i][0], limits[i][1]);
    sqlite3_progress_handler(db, 1000, count_work, work);
    if (sqlite3_drop_modules(db, NULL) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL) != SQLITE_OK ||
        sqlite3_exec(db, "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY", NULL, NULL,
                     NULL) != SQLITE_OK)
        return fail_sqlite(db, err);
    return 0;
}

/* That the column that is read is stored in the table. This reads the schema. */
static int check_column(sqlite3 *db, struct li_error *err)
{
    enum { NAME = 1, HIDDEN = 6 }; /* columns of the answer */
    sqlite3_stmt *columns = NULL;
    bool computed = false;
    int rc = 0, got = SQLITE_ROW;

    if (sqlite3_prepare_v2(db, "PRAGMA table_xinfo(Packages)", -1, &columns, NULL) != SQLITE_OK)
        rc = fail_sqlite(db, err);
    while (rc == 0 && (got = sqlite3_step(columns)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(columns, NAME);

        if (name && sqlite3_stricmp(name, "blob") == 0)
            computed = sqlite3_column_int(columns, HIDDEN) != 0;
    }
    if (rc == 0 && got != SQLITE_DONE)
        rc = fail_sqlite(db, err);
    if (rc == 0 && computed)
        rc = li_fail(err, LI_ECORRUPT, "its headers are computed, and not stored");
    sqlite3_finalize(columns);
    return rc;
}

/* Rows can share their bytes, so a small database could have any number of large ones. LEFT is how
 * many bytes may follow. */
static int read_row(sqlite3_stmt *rows, size_t *left, const struct li_package_sink *sink,
                    struct li_error *err)
{
    const void *blob = sqlite3_column_blob(rows, 0);
    size_t len = blob ? (size_t)sqlite3_column_bytes(rows, 0) : 0;

    if (len > *left)
        return li_fail(err, LI_ECORRUPT, "its headers are longer than the database");
    *left -= len;
    return li_package_parse_rpm(blob ? blob : "", len, sink, err);
}

/* Rows can share the bytes before their headers, too, and SQLite reads these page by page. An
 * honest database has each page read once or a few times, and a page has 512 bytes or more. */
static int check_reads(sqlite3 *db, size_t len, struct li_error *err)
{
    int hits = 0, misses = 0, most;

    sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_HIT, &hits, &most, 0);
    sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_MISS, &misses, &most, 0);
    if ((uint64_t)hits + (uint64_t)misses <= 1000 + len / 128)
        return 0;
    return li_fail(err, LI_ECORRUPT, "its rows share pages");
}

static int read_rows(sqlite3 *db, size_t len, const struct li_package_sink *sink,
                     struct li_error *err)
{
    sqlite3_stmt *rows = NULL;
    size_t left = len;
    int rc = 0, got = SQLITE_ROW;

    if (sqlite3_prepare_v2(db, "SELECT blob FROM Packages", -1, &rows, NULL) != SQLITE_OK)
        rc = fail_sqlite(db, err);
    while (rc == 0 && (got = sqlite3_step(rows)) == SQLITE_ROW) {
        rc = read_row(rows, &left, sink, err);
        if (rc == 0)
            rc = check_reads(db, len, err);
    }
    if (rc == 0 && got != SQLITE_DONE)
        rc = fail_sqlite(db, err);
    sqlite3_finalize(rows);
    return rc;
}

int li_package_parse_rpmdb(void *data, size_t len, const struct li_package_sink *sink,
                           struct li_error *err)
{
    unsigned work = SCHEMA_WORK_MAX;
    sqlite3 *db = NULL;
    int rc = 0;

    if (len < 100 || memcmp(data, "SQLite format 3", 16) != 0)
        return li_fail(err, LI_ECORRUPT, "it is not a database of SQLite");
    /* A database that a log of changes belongs to; the log is not there, and what is here is whole
     * all the same. */
    ((uint8_t *)data)[18] = ((uint8_t *)data)[19] = 1;
    if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        rc = li_fail_memory(err);
    if (rc == 0)
        rc = restrict_database(db, &work, err);
    if (rc == 0 && sqlite3_deserialize(db, "main", data, (sqlite3_int64)len, (sqlite3_int64)len,
                                       SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
        rc = fail_sqlite(db, err);
    if (rc == 0)
        rc = check_column(db, err);
    work = ROWS_WORK_MAX;
    if (rc == 0)
        rc = read_rows(db, len, sink, err);
    sqlite3_close(db);
    return rc;
}
