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
    return fails_with(d, "without the entry") && d->facts.specials > 0 && !d->facts.header &&
           !d->other && !d->other_error;
}

static bool is_special_limit(const struct tar_difference *d)
{
    return fails_with(d, "special headers") && d->facts.specials > SPECIALS_MAX;
}

static bool is_two_readings(const struct tar_difference *d)
{
    return fails_with(d, "can be read in two ways");
}

/* The entry before has a size that it should not have. */
static bool is_link_data(const struct tar_difference *d)
{
    struct tar_facts before;
    uint64_t size;

    if (!d->before || !d->other_error)
        return false;
    tar_facts_read(d->tar, d->len, d->before->header, &before);
    return before.header && before.header[AT_TYPE] >= '1' && before.header[AT_TYPE] <= '6' &&
           (!tar_facts_octal(before.header, AT_SIZE, SIZE, &size) || size > 0 ||
            tar_facts_has(&before, "size="));
}

/* Contents that tardump does not read. */
static bool is_large_sparse(const struct tar_difference *d)
{
    return fails_with(d, "sparse map") && d->other && starts(d->other->text, "file ") &&
           !strstr(d->other->text, " sha256=");
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
    {"large-sparse", TAR_GO, TAR_STOP, is_large_sparse,
     "the map does not fit the data, which Go notices when it reads the file; tardump does not read"
     " one that is so large"},
    {NULL, TAR_GO, TAR_STOP, NULL, NULL},
};
