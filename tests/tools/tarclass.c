/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/tarclass.h"

#include <string.h>

enum { AT_TYPE = 156, AT_SIZE = 124, SIZE = 12, BLOCK = 512, SPECIALS_MAX = 32 };

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool fails_with(const struct tar_difference *d, const char *text)
{
    return d->own_error && strstr(d->own_error, text);
}

/* ---- Go ---- */

static bool is_label(const struct tar_difference *d)
{
    return d->other && starts(d->other->text, "label ");
}

static bool is_dump_directory(const struct tar_difference *d)
{
    return d->own && d->other && starts(d->other->text, "dumpdir ") &&
           starts(d->own->text, "dir ") &&
           strcmp(d->own->text + strlen("dir"), d->other->text + strlen("dumpdir")) == 0;
}

/* The last entry of the tar. */
static bool is_cut_padding(const struct tar_difference *d)
{
    return fails_with(d, "cut short") && d->len % BLOCK != 0 && d->other && d->other_ends;
}

static bool is_special_alone(const struct tar_difference *d)
{
    return fails_with(d, "cut short") && d->facts.specials > 0 && !d->facts.header && !d->other &&
           !d->other_error;
}

static bool is_special_limit(const struct tar_difference *d)
{
    return fails_with(d, "special headers") && d->facts.specials > SPECIALS_MAX;
}

static bool is_two_readings(const struct tar_difference *d)
{
    return fails_with(d, "can be read in two ways");
}

/* The entry before has a size although it is not a file, and lib/tar's next lies behind that. */
static bool is_link_data(const struct tar_difference *d)
{
    struct tar_facts before;
    uint64_t size = 0;

    if (!d->before || !d->other_error || starts(d->before->text, "file "))
        return false;
    tar_facts_read(d->tar, d->len, d->before->header, &before);
    if (!before.header || strchr("123456", before.header[AT_TYPE]) == NULL)
        return false;
    if (tar_facts_octal(before.header, AT_SIZE, SIZE, &size) && size == 0)
        return tar_facts_has(&before, " size=");
    return !d->own || d->own->header >= before.end + size;
}

static bool is_sparse(const struct tar_difference *d)
{
    return d->facts.header &&
           (d->facts.header[AT_TYPE] == 'S' || tar_facts_has(&d->facts, " GNU.sparse."));
}

/* Go fails when it reads such a file, or when it skips it, but then has listed it. */
static bool is_unread(const struct tar_difference *d)
{
    return (fails_with(d, "sparse map") || fails_with(d, "cut short")) && d->other &&
           starts(d->other->text, "file ") && !strstr(d->other->text, " sha256=") &&
           (is_sparse(d) || d->other_fails);
}

/* ---- libarchive ---- */

/* What Go's comparison has judged already. */
static bool is_refused(const struct tar_difference *d)
{
    return d->own_error;
}

/* The word of LINE that begins with KEY and its length, or NULL. */
static const char *find_word(const char *line, const char *key, size_t *len)
{
    const char *at = strstr(line, key);

    *len = at ? strcspn(at + 1, " ") + 1 : 0;
    return at;
}

static bool same_word(const struct tar_difference *d, const char *key)
{
    size_t x, y;
    const char *a = find_word(d->own->text, key, &x), *b = find_word(d->other->text, key, &y);

    return x == y && (!a || memcmp(a, b, x) == 0);
}

static bool is_odd(const struct tar_facts *facts, size_t at, size_t len)
{
    uint64_t value;

    return facts->header && !tar_facts_octal(facts->header, at, len, &value);
}

static const struct {
    const char *key;
    uint8_t len;
    uint16_t at;
} fields[] = {{" mode=", 8, 100},   {" uid=", 8, 108},    {" gid=", 8, 116},
              {" mtime=", 12, 136}, {" device=", 8, 329}, {" device=", 8, 337}};

/* All that differs is numbers that are not plain octal in the header. */
static bool is_number(const struct tar_difference *d)
{
    bool some = false;

    if (!d->own || !d->other || !same_word(d, " path=") || !same_word(d, " target=") ||
        !same_word(d, " size="))
        return false;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        bool odd = is_odd(&d->facts, fields[i].at, fields[i].len);

        if (!same_word(d, fields[i].key) && !odd && strcmp(fields[i].key, " device=") != 0)
            return false;
        some |= !same_word(d, fields[i].key) && odd;
    }
    return some;
}

static bool is_size(const struct tar_difference *d)
{
    return d->own && d->other && same_word(d, " path=") && !same_word(d, " size=") &&
           is_odd(&d->facts, AT_SIZE, SIZE);
}

const struct tar_class tar_classes[] = {
    {"volume-label", TAR_GO, TAR_SKIP, is_label,
     "GNU tar's label of a volume is not a file; no engine unpacks such a tar, GNU tar does"},
    {"dump-directory", TAR_GO, TAR_BOTH, is_dump_directory,
     "GNU tar's directories of incremental dumps are directories; no engine unpacks them, GNU tar "
     "does"},
    {"cut-padding", TAR_GO, TAR_STOP, is_cut_padding,
     "the tar ends within the padding of its last entry: it is cut short, and so refused"},
    {"special-alone", TAR_GO, TAR_STOP, is_special_alone,
     "the tar ends behind a special header, before its entry: it is cut short, and so refused"},
    {"special-limit", TAR_GO, TAR_STOP, is_special_limit,
     "more than 32 special headers before one entry are refused; no writer makes them"},
    {"two-readings", TAR_GO, TAR_STOP, is_two_readings,
     "a link, device or directory has a size; both with and without such data the tar can be read,"
     " and so it is refused"},
    {"link-data", TAR_GO, TAR_STOP, is_link_data,
     "a link, device or directory has data (pax -o linkdata): engines fail, we go on behind it"},
    {"unread", TAR_GO, TAR_STOP, is_unread,
     "a file's contents are not there or do not fit its map; tardump lists it all the same, since "
     "it"
     " does not read files that are so large"},
    {"refused", TAR_LIBARCHIVE, TAR_STOP, is_refused,
     "libarchive reads more than lib/tar, which refuses it as Go does, or for a reason above"},
    {"number", TAR_LIBARCHIVE, TAR_BOTH, is_number,
     "libarchive reads numbers with NULs in front, or what is not a number, as 0"},
    {"size", TAR_LIBARCHIVE, TAR_STOP, is_size,
     "the same of a file's size; what follows it is then found elsewhere"},
    {NULL, TAR_GO, TAR_STOP, NULL, NULL},
};
