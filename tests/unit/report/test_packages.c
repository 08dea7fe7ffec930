/* SPDX-License-Identifier: Apache-2.0 */
/* What each parser of a database of packages makes of good bytes, and of broken ones. packages.t
 * has the databases in images. */
#include "tests/fixtures/unit.h"

#include <sqlite3.h>

#include "base/bytes.h"
#include "report/packages_internal.h"

/* "name version\n" for each package, and " path\n" for each file. */
static int told_package(void *arg, struct li_slice name, struct li_slice version,
                        struct li_error *err)
{
    struct li_buffer *told = arg;
    char line[600];
    int len = snprintf(line, sizeof(line), "%.*s %.*s\n", (int)name.len, name.data,
                       (int)version.len, version.data);

    return li_buffer_append(told, line, (size_t)len, err);
}

static int told_file(void *arg, struct li_slice path, struct li_error *err)
{
    struct li_buffer *told = arg;
    int rc = li_buffer_append(told, " ", 1, err);

    if (rc == 0)
        rc = li_buffer_append(told, path.data, path.len, err);
    return rc < 0 ? rc : li_buffer_append(told, "\n", 1, err);
}

/* What PARSE says of the LEN bytes at DATA; the caller frees it. RC is the result that it must
 * have, and WHY is in its error. The bytes are exactly allocated, for the sanitizer. */
static char *parse_bytes(li_package_parser *parse, const void *data, size_t len, int rc,
                         const char *why)
{
    struct li_buffer told = {0};
    const struct li_package_sink sink = {told_package, told_file, &told};
    struct li_error err = LI_ERROR_INIT;
    void *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    memcpy(copy, data, len);
    if (rc == 0)
        assert_done(parse(copy, len, &sink, &err), &err);
    else
        assert_fails(parse(copy, len, &sink, &err), rc, why, &err);
    assert_done(li_buffer_append(&told, "", 1, &err), &err);
    free(copy);
    return (char *)told.data;
}

static void expect(li_package_parser *parse, const char *text, const char *want)
{
    char *told = parse_bytes(parse, text, strlen(text), 0, NULL);

    assert_string_equal(told, want);
    free(told);
}

static void expect_failure(li_package_parser *parse, const char *text, int rc, const char *why)
{
    free(parse_bytes(parse, text, strlen(text), rc, why));
}

static void status_of_dpkg(void **state)
{
    (void)state;
    expect(li_package_parse_status,
           "Package: a\nStatus: install ok installed\nversion:  1.0-1 \nDescription: x\n"
           " Package: not\n\nPackage: b\r\nVersion: 2\r\nArchitecture: amd64\r\n"
           "Multi-Arch: same\r\n\r\n\n\nPackage: c\nArchitecture: all\nMulti-Arch: foreign",
           "a 1.0-1\nb:amd64 2\nc \n");
    expect(li_package_parse_status, "", "");
    expect(li_package_parse_status, "\n\nVersion: 1\n\nPackage:\n", "");
    expect(li_package_parse_status, "Packages: a\nPackage", "");
}

static void a_name_that_is_too_long(void **state)
{
    char text[600];

    (void)state;
    snprintf(text, sizeof(text), "Package: %0400d\nArchitecture: x\n", 1);
    expect_failure(li_package_parse_status, text, LI_ELIMIT, "longer than 255");
}

static void lists_of_dpkg(void **state)
{
    (void)state;
    expect(li_package_parse_list, "/.\n/usr\n\n/usr/a b", " /.\n /usr\n /usr/a b\n");
    expect(li_package_parse_sums, "0123  usr/a\n4567 usr/b\n89  usr/c  d\n  e",
           " usr/a\n usr/c  d\n e\n");
}

static void installed_of_apk(void **state)
{
    (void)state;
    expect(li_package_parse_apk,
           "C:Q1\nP:musl\nV:1.2\nF:lib\nR:ld.so\na:0:0:755\nZ:Q1\nF:usr/lib\nR:libc.so\n\n"
           "P:empty\nV:1\n\nF:x\nR:nobody's\n\nP:last\nV:3\nR:root",
           "musl 1.2\n lib/ld.so\n usr/lib/libc.so\nempty 1\nlast 3\n /root\n");
    expect_failure(li_package_parse_apk, "P:a\nbroken\n", LI_ECORRUPT, "letter and a colon");
}

static void packages_of_python(void **state)
{
    (void)state;
    expect(li_package_parse_metadata, "Metadata-Version: 2.1\nName: foo\nVersion: 1\n\nName: b\n",
           "foo 1\n");
    expect_failure(li_package_parse_metadata, "\nName: foo\n", LI_ECORRUPT, "does not state");
    expect(li_package_parse_record,
           "foo/a.py,sha256=x,5\r\n\"b,\"\"c\"\".py\",,\n../../bin/foo,,\n,,\nd",
           " foo/a.py\n b,\"c\".py\n ../../bin/foo\n d\n");
    expect(li_package_parse_record, "\"a\nb\",,\n", " a\nb\n");
    expect_failure(li_package_parse_record, "\"a,,\n", LI_ECORRUPT, "not closed");
    expect_failure(li_package_parse_record, "\"a\"\"", LI_ECORRUPT, "not closed");
}

static void packages_of_npm(void **state)
{
    (void)state;
    expect(li_package_parse_npm, "{\"name\": \"@x/y\", \"version\": \"1\", \"a\": [1]}",
           "@x/y 1\n");
    expect(li_package_parse_npm, "{\"name\": \"x\", \"version\": 1}", "x \n");
    expect_failure(li_package_parse_npm, "{\"version\": \"1\"}", LI_ECORRUPT, "does not state");
    expect_failure(li_package_parse_npm, "[]", LI_ECORRUPT, "does not state");
    expect_failure(li_package_parse_npm, "{\"name\"", LI_ECORRUPT, "not valid JSON");
}

/* ---- RPM ------------------------------------------------------------------------------------- */

struct entry {
    uint32_t tag, type, count;
    const char *data;
    size_t len;
};

static const struct entry good[] = {
    {1000, 6, 1, "bash", 5},
    {1001, 6, 1, "5.1", 4},
    {1002, 6, 1, "9.el9", 6},
    {1116, 4, 3, "\0\0\0\0\0\0\0\1\0\0\0\1", 12},
    {1117, 8, 3, "bash\0one\0two", 13},
    {1118, 8, 2, "/usr/bin/\0/usr/share/", 22},
};

static void put_number(struct li_buffer *out, uint32_t number)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t bytes[4];

    li_put_be32(bytes, number);
    assert_done(li_buffer_append(out, bytes, sizeof(bytes), &err), &err);
}

static void make_header(const struct entry *entry, uint32_t count, struct li_buffer *out)
{
    struct li_error err = LI_ERROR_INIT;
    uint32_t at = 0;

    out->len = 0;
    for (uint32_t i = 0; i < count; i++)
        at += (uint32_t)entry[i].len;
    put_number(out, count);
    put_number(out, at);
    at = 0;
    for (uint32_t i = 0; i < count; i++) {
        put_number(out, entry[i].tag);
        put_number(out, entry[i].type);
        put_number(out, at);
        put_number(out, entry[i].count);
        at += (uint32_t)entry[i].len;
    }
    for (uint32_t i = 0; i < count; i++)
        assert_done(li_buffer_append(out, entry[i].data, entry[i].len, &err), &err);
}

static const char bash[] = "bash 5.1-9.el9\n /usr/bin/bash\n /usr/share/one\n /usr/share/two\n";

static void a_header_of_rpm(void **state)
{
    struct li_buffer header = {0};
    char *told;

    (void)state;
    make_header(good, 6, &header);
    told = parse_bytes(li_package_parse_rpm, header.data, header.len, 0, NULL);
    assert_string_equal(told, bash);
    free(told);
    for (size_t len = 0; len < header.len; len++)
        free(parse_bytes(li_package_parse_rpm, header.data, len, LI_ECORRUPT, "header of RPM"));
    make_header(good + 1, 5, &header);
    free(parse_bytes(li_package_parse_rpm, header.data, header.len, LI_ECORRUPT, "state a name"));
    li_buffer_free(&header);
}

static void a_header_with_one_wrong_entry(void **state)
{
    static const struct {
        size_t entry;
        struct entry wrong;
        const char *why;
    } cases[] = {
        {3, {1116, 4, 3, "\0\0\0\0\0\0\0\2\0\0\0\1", 12}, "not listed"},
        {4, {1117, 8, 9, "bash\0one\0two", 13}, NULL},
        {5, {1118, 8, 1, "/usr/bin/", 10}, "not listed"},
        {3, {1116, 4, 0x40000000, "\0\0\0\0", 4}, "not listed"},
    };
    struct li_buffer header = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct entry entries[6];

        memcpy(entries, good, sizeof(entries));
        entries[cases[i].entry] = cases[i].wrong;
        make_header(entries, 6, &header);
        free(parse_bytes(li_package_parse_rpm, header.data, header.len,
                         cases[i].why ? LI_ECORRUPT : 0, cases[i].why));
    }
    li_buffer_free(&header);
}

static void a_header_with_too_many_directories(void **state)
{
    enum { MANY = (1 << 18) + 1 };
    struct li_buffer header = {0};
    struct entry entries[6];
    char *names = calloc(1, MANY);

    (void)state;
    assert_non_null(names);
    memcpy(entries, good, sizeof(entries));
    entries[5] = (struct entry){1118, 8, MANY, names, MANY};
    make_header(entries, 6, &header);
    free(parse_bytes(li_package_parse_rpm, header.data, header.len, LI_ELIMIT, "directories"));
    li_buffer_free(&header);
    free(names);
}

static void run_sql(sqlite3 *db, const char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A database that SQL makes; HEADER is the parameter of the last statement. */
static unsigned char *make_database(const char *sql, const struct li_buffer *header,
                                    sqlite3_int64 *len)
{
    sqlite3_stmt *insert = NULL;
    unsigned char *bytes;
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    run_sql(db, sql);
    if (header) {
        assert_int_equal(
            sqlite3_prepare_v2(db, "INSERT INTO Packages VALUES (1, ?)", -1, &insert, NULL),
            SQLITE_OK);
        assert_int_equal(
            sqlite3_bind_blob(insert, 1, header->data, (int)header->len, SQLITE_STATIC), SQLITE_OK);
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_finalize(insert);
    }
    bytes = sqlite3_serialize(db, "main", len, 0);
    assert_non_null(bytes);
    sqlite3_close(db);
    return bytes;
}

static int parse_rpmdb(const void *data, size_t len, const struct li_package_sink *sink,
                       struct li_error *err)
{
    return li_package_parse_rpmdb((void *)(uintptr_t)data, len, sink, err);
}

static void a_database_of_rpm(void **state)
{
    struct li_buffer header = {0};
    sqlite3_int64 len;
    unsigned char *bytes;
    char *told;

    (void)state;
    make_header(good, 6, &header);
    bytes = make_database("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)",
                          &header, &len);
    for (int wal = 0; wal < 2; wal++) {
        bytes[18] = bytes[19] = (unsigned char)(1 + wal);
        told = parse_bytes(parse_rpmdb, bytes, (size_t)len, 0, NULL);
        assert_string_equal(told, bash);
        free(told);
    }
    free(parse_bytes(parse_rpmdb, bytes, 99, LI_ECORRUPT, "not a database"));
    free(parse_bytes(parse_rpmdb, bytes, 4096, LI_ECORRUPT, "SQLite cannot read it"));
    sqlite3_free(bytes);
    li_buffer_free(&header);
}

/* Each could have SQLite compute for ever, or run code that trusts the database. */
static void databases_that_do_more(void **state)
{
    static const struct {
        const char *sql, *why;
    } cases[] = {
        {"CREATE VIEW Packages AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
         "SELECT x AS blob FROM c",
         "SQLite cannot read it"},
        {"CREATE TABLE Others (blob BLOB)", "SQLite cannot read it"},
        {"CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob AS (zeroblob(1 << 29)) VIRTUAL);"
         "INSERT INTO Packages VALUES (1)",
         "computed"},
        {"CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, x, "
         "BLOB AS (instr(zeroblob(200000), zeroblob(100000) || x'01')));"
         "INSERT INTO Packages VALUES (1, 2)",
         "computed"},
        {"PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES ('table', 'Packages', "
         "'Packages', 0, 'CREATE VIRTUAL TABLE Packages USING fts5(blob)')",
         "no such module"},
        {"PRAGMA writable_schema = ON; INSERT INTO sqlite_master VALUES ('table', 'Packages', "
         "'Packages', 0, 'CREATE VIRTUAL TABLE Packages USING rtree(blob, x, y)')",
         "no such module"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sqlite3_int64 len;
        unsigned char *bytes = make_database(cases[i].sql, NULL, &len);

        free(parse_bytes(parse_rpmdb, bytes, (size_t)len, LI_ECORRUPT, cases[i].why));
        sqlite3_free(bytes);
    }
}

/* SQLite's work on a schema is quadratic in its tables, because their names can be made to collide.
 */
static void a_database_of_many_tables(void **state)
{
    static const char sql[] =
        "CREATE TABLE Packages (blob); PRAGMA writable_schema = ON;"
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000) "
        "INSERT INTO sqlite_master SELECT 'table', 't' || x, 't' || x, 2, "
        "'CREATE TABLE t' || x || ' (x)' FROM c";
    sqlite3_int64 len;
    unsigned char *bytes;

    (void)state;
    bytes = make_database(sql, NULL, &len);
    free(parse_bytes(parse_rpmdb, bytes, (size_t)len, LI_ECORRUPT, "interrupted"));
    sqlite3_free(bytes);
}

/* Three entries of a page of the table point to the same row, whose bytes are in further pages. */
static void a_database_whose_rows_share_bytes(void **state)
{
    enum { PAGE = 4096, CELLS = PAGE + 3, POINTERS = PAGE + 8 };
    struct li_error err = LI_ERROR_INIT;
    static const char zeros[100000];
    struct li_buffer header = {0};
    sqlite3_int64 len;
    unsigned char *bytes;

    (void)state;
    make_header(good, 6, &header);
    assert_done(li_buffer_append(&header, zeros, sizeof(zeros), &err), &err);
    bytes = make_database("PRAGMA page_size = 4096; "
                          "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)",
                          &header, &len);
    free(parse_bytes(parse_rpmdb, bytes, (size_t)len, 0, NULL));
    assert_int_equal(bytes[CELLS + 1], 1);
    bytes[CELLS + 1] = 3;
    memcpy(bytes + POINTERS + 2, bytes + POINTERS, 2);
    memcpy(bytes + POINTERS + 4, bytes + POINTERS, 2);
    free(parse_bytes(parse_rpmdb, bytes, (size_t)len, LI_ECORRUPT, "longer than the database"));
    sqlite3_free(bytes);
    li_buffer_free(&header);
}

/* The same with bytes before the header: SQLite has to go through them for each row. */
static void a_database_whose_rows_share_pages(void **state)
{
    enum { PAGE = 4096, CELLS = PAGE + 4, POINTERS = PAGE + 8, ROWS = 200 };
    struct li_buffer header = {0};
    sqlite3_int64 len;
    unsigned char *bytes;

    (void)state;
    make_header(good, 6, &header);
    bytes = make_database("PRAGMA page_size = 4096; CREATE TABLE Packages (x, blob BLOB);"
                          "CREATE TRIGGER t AFTER INSERT ON Packages BEGIN "
                          "UPDATE Packages SET x = zeroblob(100000); END",
                          &header, &len);
    free(parse_bytes(parse_rpmdb, bytes, (size_t)len, 0, NULL));
    assert_int_equal(bytes[CELLS], 1);
    bytes[CELLS] = ROWS;
    for (int i = 1; i < ROWS; i++)
        memcpy(bytes + POINTERS + 2 * (size_t)i, bytes + POINTERS, 2);
    free(parse_bytes(parse_rpmdb, bytes, (size_t)len, LI_ECORRUPT, "share pages"));
    sqlite3_free(bytes);
    li_buffer_free(&header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_of_dpkg),
        cmocka_unit_test(a_name_that_is_too_long),
        cmocka_unit_test(lists_of_dpkg),
        cmocka_unit_test(installed_of_apk),
        cmocka_unit_test(packages_of_python),
        cmocka_unit_test(packages_of_npm),
        cmocka_unit_test(a_header_of_rpm),
        cmocka_unit_test(a_header_with_one_wrong_entry),
        cmocka_unit_test(a_database_of_rpm),
        cmocka_unit_test(databases_that_do_more),
        cmocka_unit_test(a_header_with_too_many_directories),
        cmocka_unit_test(a_database_of_many_tables),
        cmocka_unit_test(a_database_whose_rows_share_bytes),
        cmocka_unit_test(a_database_whose_rows_share_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
