/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A header block in its four forms, recognised by their magic as in Go's archive/tar (format.go and
 * reader.go, readHeader). Offsets are those of POSIX, GNU tar ("Basic Tar Format") and star
 * (STARFORMAT).
 */
#include "tar/header.h"

#include <string.h>

#include "tar/number.h"
#include "tar/tar.h"

struct field {
    const char *name;
    size_t at, length;
};

static const struct field mode = {"mode", 100, 8}, uid = {"uid", 108, 8}, gid = {"gid", 116, 8},
                          size = {"size", 124, 12}, mtime = {"mtime", 136, 12},
                          sum = {"checksum", 148, 8}, dev_major = {"devmajor", 329, 8},
                          dev_minor = {"devminor", 337, 8}, gnu_atime = {"atime", 345, 12},
                          gnu_ctime = {"ctime", 357, 12}, star_atime = {"atime", 476, 12},
                          star_ctime = {"ctime", 488, 12};

enum {
    NAME = 0,
    NAME_LENGTH = 100,
    TYPE = 156,
    LINK = 157,
    MAGIC = 257,
    PREFIX = 345,
    USTAR_PREFIX_LENGTH = 155,
    STAR_PREFIX_LENGTH = 131,
    STAR_TRAILER = 508,
};

bool li_tar_is_zero(const uint8_t *block)
{
    return block[0] == 0 && memcmp(block, block + 1, LI_TAR_BLOCK - 1) == 0;
}

/* Adds eight bytes at once: each of four lanes of 16 bits gets two of them, 128 in all. */
static unsigned sum_bytes(const uint8_t *bytes)
{
    static const uint64_t even = UINT64_C(0x00ff00ff00ff00ff);
    uint64_t lanes = 0, eight;

    for (size_t i = 0; i < LI_TAR_BLOCK; i += sizeof(eight)) {
        memcpy(&eight, bytes + i, sizeof(eight));
        lanes += (eight & even) + (eight >> 8 & even);
    }
    return (unsigned)((lanes & 0xffff) + (lanes >> 16 & 0xffff) + (lanes >> 32 & 0xffff) +
                      (lanes >> 48));
}

/* The checksum's own field counts as blanks. */
static int64_t sum_unsigned(const uint8_t *block)
{
    int64_t total = (int64_t)sum_bytes(block) + (int64_t)(' ' * sum.length);

    for (size_t i = 0; i < sum.length; i++)
        total -= block[sum.at + i];
    return total;
}

/* How much smaller the sum of signed bytes is. */
static int64_t sum_of_signs(const uint8_t *block)
{
    int64_t total = 0;

    for (size_t i = 0; i < LI_TAR_BLOCK; i++)
        if (block[i] >= 0x80 && i - sum.at >= sum.length)
            total += 0x100;
    return total;
}

bool li_tar_is_header(const uint8_t *block)
{
    int64_t stated, counted = sum_unsigned(block);

    return li_tar_octal(block + sum.at, sum.length, &stated) &&
           (stated == counted || stated == counted - sum_of_signs(block));
}

static enum li_tar_form form_of(const uint8_t *block)
{
    if (memcmp(block + MAGIC, "ustar ", 6) == 0 && memcmp(block + MAGIC + 6, " \0", 2) == 0)
        return LI_TAR_GNU;
    if (memcmp(block + MAGIC, "ustar\0", 6) != 0)
        return LI_TAR_V7;
    return memcmp(block + STAR_TRAILER, "tar\0", 4) == 0 ? LI_TAR_STAR : LI_TAR_USTAR;
}

/* ---- names ---- */

/* Copies the text that ends with a NUL or with its field; returns its length. */
static size_t take_text(const uint8_t *field, size_t len, char *to)
{
    size_t used = strnlen((const char *)field, len);

    memcpy(to, field, used);
    to[used] = '\0';
    return used;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* A field that begins with a NUL is not in use. */
static bool is_unused_or_number(const uint8_t *block, const struct field *f)
{
    int64_t ignored;

    return block[f->at] == 0 || li_tar_number(block + f->at, f->length, &ignored);
}

/* GNU's form has two times where POSIX has the prefix. Go up to 1.7, and so Docker up to 2016,
 * wrote a prefix there nevertheless: if the times are not numbers, and the bytes are ASCII, it is a
 * prefix. */
static size_t take_gnu_prefix(const uint8_t *block, char *to)
{
    size_t len;

    to[0] = '\0';
    if (is_unused_or_number(block, &gnu_atime) && is_unused_or_number(block, &gnu_ctime))
        return 0;
    len = take_text(block + PREFIX, USTAR_PREFIX_LENGTH, to);
    return is_ascii(to) ? len : 0;
}

static size_t take_prefix(const uint8_t *block, enum li_tar_form form, char *to)
{
    switch (form) {
    case LI_TAR_USTAR:
        return take_text(block + PREFIX, USTAR_PREFIX_LENGTH, to);
    case LI_TAR_STAR:
        return take_text(block + PREFIX, STAR_PREFIX_LENGTH, to);
    case LI_TAR_GNU:
        return take_gnu_prefix(block, to);
    case LI_TAR_V7:
        break;
    }
    return 0;
}

static void take_names(const uint8_t *block, struct li_tar_header *out)
{
    size_t prefix = take_prefix(block, out->form, out->name);

    if (prefix > 0)
        out->name[prefix++] = '/';
    take_text(block + NAME, NAME_LENGTH, out->name + prefix);
    take_text(block + LINK, LI_TAR_LINK_MAX, out->link);
}

/* ---- numbers ---- */

static void take_number(const uint8_t *block, const struct field *f, int64_t *out,
                        const char **wrong)
{
    if (!li_tar_number(block + f->at, f->length, out))
        *wrong = f->name;
}

static void take_numbers(const uint8_t *block, struct li_tar_header *out, const char **wrong)
{
    int64_t ignored;

    take_number(block, &mode, &out->mode, wrong);
    take_number(block, &uid, &out->uid, wrong);
    take_number(block, &gid, &out->gid, wrong);
    take_number(block, &size, &out->size, wrong);
    take_number(block, &mtime, &out->mtime, wrong);
    if (out->form == LI_TAR_V7)
        return;
    take_number(block, &dev_major, &out->dev_major, wrong);
    take_number(block, &dev_minor, &out->dev_minor, wrong);
    if (out->form == LI_TAR_STAR) {
        take_number(block, &star_atime, &ignored, wrong);
        take_number(block, &star_ctime, &ignored, wrong);
    }
}

int li_tar_header_read(const uint8_t *block, struct li_tar_header *out, struct li_error *err)
{
    const char *wrong = NULL;

    out->form = form_of(block);
    out->type = (char)block[TYPE];
    out->dev_major = out->dev_minor = 0;
    take_names(block, out);
    take_numbers(block, out, &wrong);
    if (!wrong)
        return 0;
    return li_fail(err, LI_ECORRUPT, "its header does not have a number in the field \"%s\"",
                   wrong);
}
