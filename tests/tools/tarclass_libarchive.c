/* SPDX-License-Identifier: Apache-2.0 */
/* By libarchive 3.6.2, of Debian 12. */
#include <stdio.h>
#include <string.h>

#include "tests/tools/tarclass.h"

enum {
    BLOCK = 512,
    AT_SIZE = 124,
    SIZE = 12,
    AT_SUM = 148,
    AT_TYPE = 156,
    AT_MAGIC = 257,
    AT_PREFIX = 345,
    PREFIX = 155,
    AT_RUNS = 386,
    AT_MORE = 482,
    AT_REAL_SIZE = 483,
    RUNS_END = 495,
};

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_odd(const struct tar_facts *facts, size_t at, size_t len)
{
    uint64_t value;

    return facts->header && !tar_facts_octal(facts->header, at, len, &value);
}

static bool has_magic(const struct tar_difference *d, const char *magic, size_t len)
{
    return d->facts.header && memcmp(d->facts.header + AT_MAGIC, magic, len) == 0;
}

/* ---- of whole entries, or of whole tars ---- */

/* What Go makes of it is compared by itself. */
static bool is_refused(const struct tar_difference *d)
{
    return d->own_error;
}

/* A number of GNU tar's old map, or the file's size behind it. */
static bool is_odd_map(const struct tar_facts *facts)
{
    bool odd = is_odd(facts, AT_REAL_SIZE, SIZE);

    for (size_t at = AT_RUNS; at < AT_MORE; at += SIZE)
        odd |= is_odd(facts, at, SIZE);
    return facts->header && facts->header[AT_TYPE] == 'S' && odd;
}

/* Of this entry or, where its end was found all the same, of the one before. */
static bool is_size(const struct tar_difference *d)
{
    struct tar_facts before = {0};

    if (d->before)
        tar_facts_read(d->tar, d->len, d->before->header, &before);
    return (d->own && (is_odd(&d->facts, AT_SIZE, SIZE) || is_odd_map(&d->facts))) ||
           is_odd(&before, AT_SIZE, SIZE);
}

/* Of the last entry of the tar. */
static bool is_cut_padding(const struct tar_difference *d)
{
    return !d->own_error && d->other_error && strstr(d->other_error, "Truncated") &&
           d->len % BLOCK != 0;
}

static bool is_special_alone(const struct tar_difference *d)
{
    return !d->own && !d->own_error && d->other_error && d->gap.specials > 0 && !d->gap.header;
}

static bool is_stray_size(const struct tar_difference *d)
{
    struct tar_facts before;
    uint64_t size = 0;

    if (!d->before || starts(d->before->text, "file "))
        return false;
    tar_facts_read(d->tar, d->len, d->before->header, &before);
    return before.header && (!tar_facts_octal(before.header, AT_SIZE, SIZE, &size) || size > 0 ||
                             tar_facts_has(&before, "size="));
}

static bool is_label(const struct tar_difference *d)
{
    return d->gap.label;
}

/* Bytes where only sparse files have something. Where the prefix reaches there, they are its. */
static bool has_sparse_junk(const struct tar_difference *d)
{
    bool some = false;

    if (!d->own || !d->facts.header || d->facts.header[AT_TYPE] == 'S' ||
        !has_magic(d, "ustar ", 6))
        return false;
    for (int i = AT_RUNS; i < RUNS_END; i++)
        some |= d->facts.header[i] != '\0';
    return some;
}

static bool is_sparse_junk(const struct tar_difference *d)
{
    return !d->other && has_sparse_junk(d);
}

static unsigned explain_sparse_junk(const struct tar_difference *d)
{
    return has_sparse_junk(d) ? TAR_CONTENTS : 0;
}

/* Records of a sparse file that do not add up to one. */
static bool is_half_sparse(const struct tar_difference *d)
{
    const struct tar_facts *f = &d->facts;
    bool map = tar_facts_has(f, "GNU.sparse.map=") || tar_facts_has(f, "GNU.sparse.offset=");
    bool version = tar_facts_has(f, "GNU.sparse.major=") || tar_facts_has(f, "GNU.sparse.minor=");

    if (tar_facts_is(f, "GNU.sparse.major", "1") && tar_facts_is(f, "GNU.sparse.minor", "0"))
        return false;
    return d->own && tar_facts_has(f, "GNU.sparse.") && (version || !map);
}

static bool is_odd_sparse(const struct tar_difference *d)
{
    return d->own && d->other_error && d->facts.header && strchr("7D", d->facts.header[AT_TYPE]) &&
           tar_facts_has(&d->facts, "GNU.sparse.");
}

/* Behind the digits. */
static bool is_checksum(const struct tar_difference *d)
{
    if (!d->own || !d->other_error || !d->facts.header)
        return false;
    for (int i = AT_SUM; i < AT_TYPE; i++)
        if (d->facts.header[i] != '\0' && !strchr("01234567 ", d->facts.header[i]))
            return true;
    return false;
}

static bool is_lost(const struct tar_difference *d)
{
    return d->gap.lost;
}

static bool is_odd_special(const struct tar_difference *d)
{
    return d->gap.odd_special;
}

/* ---- of what two entries differ in ---- */

static unsigned explain_numbers(const struct tar_difference *d)
{
    static const struct {
        unsigned what;
        uint16_t at, len;
    } fields[] = {{TAR_MODE, 100, 8},   {TAR_UID, 108, 8},    {TAR_GID, 116, 8},
                  {TAR_MTIME, 136, 12}, {TAR_DEVICE, 329, 8}, {TAR_DEVICE, 337, 8}};
    unsigned what = 0;

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (is_odd(&d->facts, fields[i].at, fields[i].len))
            what |= fields[i].what;
    return what;
}

static bool ends_in_slash(const struct tar_item *item)
{
    const char *path = strstr(item->text, " path=") + 1;

    return path[strcspn(path, " ") - 1] == '/';
}

/* Of type NUL a directory is right, of type 0 it is not. */
static unsigned explain_slash(const struct tar_difference *d)
{
    const char *not_file = starts(d->own->text, "file ") ? d->other->text : d->own->text;

    return starts(not_file, "dir ") && ends_in_slash(d->own) ? TAR_TYPE : 0;
}

static unsigned explain_negative_time(const struct tar_difference *d)
{
    return tar_facts_has(&d->facts, "mtime=-") ? TAR_MTIME : 0;
}

/* Attributes are sorted, so a name that comes twice comes in succession. */
static unsigned explain_repeated(const struct tar_difference *d)
{
    const char *before = "";
    size_t length = 1;

    for (const char *at = strstr(d->other->text, " SCHILY."); at; at = strstr(at + 1, " SCHILY.")) {
        size_t len = strcspn(at, "=") + 1;

        if (len == length && memcmp(at, before, len) == 0)
            return TAR_ATTRIBUTES;
        before = at;
        length = len;
    }
    return 0;
}

static unsigned explain_attributes(const struct tar_difference *d)
{
    return tar_facts_has(&d->facts, "RHT.") || tar_facts_has(&d->facts, "LIBARCHIVE.xattr.") ||
                   tar_facts_has(&d->facts, "SCHILY.xattr.=")
               ? TAR_ATTRIBUTES
               : 0;
}

static unsigned explain_order(const struct tar_difference *d)
{
    return d->facts.long_last ? TAR_PATH | TAR_TARGET : 0;
}

static unsigned explain_acl(const struct tar_difference *d)
{
    return tar_facts_has(&d->facts, "SCHILY.acl.access=") ? TAR_MODE : 0;
}

static unsigned explain_gnu_prefix(const struct tar_difference *d)
{
    return has_magic(d, "ustar  \0", 8) && d->facts.header[AT_PREFIX] != '\0' ? TAR_PATH : 0;
}

static unsigned explain_prefix_slash(const struct tar_difference *d)
{
    const char *prefix = d->facts.header ? (const char *)d->facts.header + AT_PREFIX : "";
    size_t len = strnlen(prefix, PREFIX);

    return len > 0 && prefix[len - 1] == '/' && has_magic(d, "ustar\0", 6) ? TAR_PATH : 0;
}

/* Neither of the two that Go knows. */
static unsigned explain_magic(const struct tar_difference *d)
{
    return has_magic(d, "ustar", 5) && !has_magic(d, "ustar  \0", 8) && !has_magic(d, "ustar\0", 6)
               ? TAR_PATH | TAR_DEVICE
               : 0;
}

/* Numbers in records whose value begins with SIGN. */
static unsigned explain_records(const struct tar_difference *d, const char *sign)
{
    static const struct {
        unsigned what;
        const char *key;
    } keys[] = {{TAR_UID, "uid="}, {TAR_GID, "gid="}, {TAR_MTIME, "mtime="}};
    unsigned what = 0;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char text[32];

        snprintf(text, sizeof(text), "%s%s", keys[i].key, sign);
        if (tar_facts_has(&d->facts, text))
            what |= keys[i].what;
    }
    return what;
}

static unsigned explain_plus(const struct tar_difference *d)
{
    return explain_records(d, "+");
}

static unsigned explain_empty_record(const struct tar_difference *d)
{
    return explain_records(d, "\n");
}

const struct tar_class tar_classes_libarchive[] = {
    {.name = "refused",
     .stop = true,
     .is = is_refused,
     .why = "lib/tar refuses it, as Go does or for a reason that is one of Go's classes"},
    {.name = "size",
     .stop = true,
     .is = is_size,
     .why = "a size with NULs in front, or a number of GNU tar's old map; libarchive reads 0, and "
            "may look for the next header too soon"},
    {.name = "cut-padding",
     .stop = true,
     .is = is_cut_padding,
     .why = "the tar ends within the padding of its last entry, whose contents are all there; "
            "libarchive refuses it"},
    {.name = "special-alone",
     .stop = true,
     .is = is_special_alone,
     .why = "a special header at the end, with no entry behind it; libarchive takes it for damage"},
    {.name = "stray-size",
     .stop = true,
     .is = is_stray_size,
     .why = "the entry before is a link, device or directory with a size; libarchive skips that "
            "much, or does not skip the data that is there"},
    {.name = "label",
     .stop = true,
     .is = is_label,
     .why = "a volume's label; libarchive takes its data for headers, and the end behind it for "
            "damage"},
    {.name = "sparse-junk",
     .stop = true,
     .is = is_sparse_junk,
     .explains = explain_sparse_junk,
     .why = "the header of an ordinary file has bytes where GNU tar's sparse files have their map; "
            "libarchive takes them for one"},
    {.name = "half-sparse",
     .stop = true,
     .is = is_half_sparse,
     .why = "records of a sparse file without its map or of a version that does not exist, which "
            "Go ignores; libarchive follows some of them"},
    {.name = "odd-sparse",
     .stop = true,
     .is = is_odd_sparse,
     .why = "a sparse file of the type 7 or D; libarchive refuses it"},
    {.name = "checksum",
     .stop = true,
     .is = is_checksum,
     .why = "a checksum with something behind its digits and a NUL, which libarchive refuses"},
    {.name = "lost",
     .stop = true,
     .is = is_lost,
     .why = "a global header between a special one and its entry; to Go the special one then means "
            "nothing, to libarchive it does"},
    {.name = "odd-special",
     .stop = true,
     .is = is_odd_special,
     .why =
         "a special header whose size has NULs in front, which libarchive reads as 0, or with an "
         "empty name, which it takes for the entry's"},
    {.name = "number",
     .explains = explain_numbers,
     .why = "a number with NULs in front; libarchive reads 0"},
    {.name = "slash",
     .stop = true,
     .explains = explain_slash,
     .why =
         "a file whose name ends in a slash is a directory if its type is NUL; libarchive goes by "
         "other rules, and may take its contents for headers"},
    {.name = "negative-time",
     .explains = explain_negative_time,
     .why = "a time before 1970 with a fraction; libarchive adds the fraction instead of "
            "subtracting it"},
    {.name = "attributes",
     .explains = explain_attributes,
     .why =
         "attributes in records of libarchive's own or of Red Hat's, which only libarchive lists, "
         "or without a name, which it leaves out"},
    {.name = "repeated",
     .explains = explain_repeated,
     .why = "an attribute whose record comes twice; libarchive lists both, where the second takes "
            "the place of the first"},
    {.name = "order",
     .explains = explain_order,
     .why =
         "a long name of GNU's behind PAX records, which counts; to libarchive the first of them "
         "counts"},
    {.name = "acl",
     .explains = explain_acl,
     .why = "an ACL; libarchive takes permission bits from it"},
    {.name = "gnu-prefix",
     .explains = explain_gnu_prefix,
     .why =
         "a prefix under GNU tar's magic, as Go up to 1.7 wrote it; libarchive does not read it"},
    {.name = "prefix-slash",
     .explains = explain_prefix_slash,
     .why = "a prefix that ends in a slash; libarchive does not add another, Go does"},
    {.name = "magic",
     .explains = explain_magic,
     .why = "a magic that is neither POSIX's nor GNU tar's; to Go the header is V7's, to "
            "libarchive it is POSIX's"},
    {.name = "plus",
     .explains = explain_plus,
     .why = "a number with a plus sign in a PAX record; libarchive reads 0"},
    {.name = "empty-record",
     .explains = explain_empty_record,
     .why = "a PAX record without a value, which leaves the header's as it is; libarchive reads 0"},
    {.name = NULL},
};
