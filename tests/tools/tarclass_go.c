/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/tools/tarclass.h"

enum { AT_SIZE = 124, SIZE = 12, AT_TYPE = 156, SPECIALS_MAX = 32 };

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool fails_with(const struct tar_difference *d, const char *text)
{
    return d->own_error && strstr(d->own_error, text);
}

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

static bool is_special_limit(const struct tar_difference *d)
{
    return fails_with(d, "special headers") && d->facts.specials > SPECIALS_MAX;
}

static bool is_nul_in_name(const struct tar_difference *d)
{
    return fails_with(d, "GNU.sparse.name\" has a NUL") &&
           tar_facts_has(&d->facts, "GNU.sparse.name=");
}

/* Both places are named in the message, and lib/tar's own unit tests are of when it comes. */
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
    /* The NUL, too: of such, a name that ends in a slash makes a directory. */
    if (!before.header || !memchr("123456", before.header[AT_TYPE], sizeof("123456")))
        return false;
    if (!tar_facts_octal(before.header, AT_SIZE, SIZE, &size) || tar_facts_has(&before, "size="))
        size = 1;
    return size > 0 && (!d->own || d->own->header >= before.end + size);
}

static bool is_sparse(const struct tar_difference *d)
{
    return d->facts.header &&
           (d->facts.header[AT_TYPE] == 'S' || tar_facts_has(&d->facts, "GNU.sparse."));
}

/* Go fails when it reads such a file, or when it skips it, but then has listed it. */
static bool is_unread(const struct tar_difference *d)
{
    return (fails_with(d, "sparse map") || fails_with(d, "cut short")) && d->other &&
           starts(d->other->text, "file ") && !strstr(d->other->text, " sha256=") &&
           (is_sparse(d) || d->other_fails);
}

const struct tar_class tar_classes_go[] = {
    {.name = "volume-label",
     .skip = true,
     .is = is_label,
     .why =
         "GNU tar's label of a volume is not a file; engines refuse such a tar, GNU tar does not"},
    {.name = "dump-directory",
     .is = is_dump_directory,
     .why = "the directories of GNU tar's incremental dumps are directories; engines refuse such a "
            "tar, GNU tar does not"},
    {.name = "special-limit",
     .stop = true,
     .is = is_special_limit,
     .why = "more than 32 special headers before one entry are refused; no writer makes them"},
    {.name = "nul-in-name",
     .stop = true,
     .is = is_nul_in_name,
     .why =
         "the name of a sparse file has a NUL, which the name of no file can have; it is refused"},
    {.name = "two-readings",
     .stop = true,
     .is = is_two_readings,
     .why = "a link, device or directory has a size, and with the data that it states as well as "
            "without the tar can be read; it is refused"},
    {.name = "link-data",
     .stop = true,
     .is = is_link_data,
     .why =
         "a link, device or directory has data (pax -o linkdata); engines refuse such a tar, pax "
         "does not"},
    {.name = "unread",
     .stop = true,
     .is = is_unread,
     .why = "the contents of a file are not all there, or do not fit its sparse map; tardump does "
            "not read files of that size, and so lists it"},
    {.name = NULL},
};
