/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As lib/compare reads a layer: in the C locale, in which every name arrives as the tar has it, and
 * with an entry of our own in front, since libarchive forgets some targets of an archive's first
 * link.
 */
#include <archive.h>
#include <archive_entry.h>
#include <err.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "tests/tools/taritem.h"

enum { BLOCK = 512 };

static void prime(uint8_t *to)
{
    unsigned sum = 8 * ' ';

    snprintf((char *)to, 100, "first");
    snprintf((char *)to + 157, 100, "link");
    to[156] = '2';
    memcpy(to + 257, "ustar\00000", 8);
    for (int i = 0; i < BLOCK; i++)
        sum += to[i];
    snprintf((char *)to + 148, 8, "%06o", sum);
}

static const char *name_type(struct archive_entry *e)
{
    if (archive_entry_hardlink(e))
        return "link";
    switch (archive_entry_filetype(e)) {
    case AE_IFREG:
        return "file";
    case AE_IFLNK:
        return "symlink";
    case AE_IFCHR:
        return "char";
    case AE_IFBLK:
        return "block";
    case AE_IFDIR:
        return "dir";
    case AE_IFIFO:
        return "fifo";
    default:
        return "unknown";
    }
}

/* False where the contents cannot be read. */
static bool read_contents(struct archive *a, uint8_t *out, uint64_t size)
{
    const void *block;
    la_int64_t at;
    size_t len;
    int rc;

    while ((rc = archive_read_data_block(a, &block, &len, &at)) >= ARCHIVE_WARN) {
        if (rc == ARCHIVE_EOF)
            return true;
        if (at < 0 || (uint64_t)at > size || len > size - (uint64_t)at)
            return false;
        if (len > 0)
            memcpy(out + at, block, len);
    }
    return false;
}

static bool hash_contents(struct archive *a, uint64_t size, uint8_t digest[LI_SHA256_SIZE])
{
    struct li_error error = LI_ERROR_INIT;
    uint8_t *contents = calloc(1, (size_t)size + 1);
    bool whole;

    if (!contents)
        err(1, "calloc");
    whole = read_contents(a, contents, size);
    if (whole && li_sha256(contents, (size_t)size, digest, &error) < 0)
        errx(1, "%s", error.text);
    free(contents);
    return whole;
}

static struct tar_attribute *read_attributes(struct archive_entry *e, size_t *count)
{
    int total = archive_entry_xattr_reset(e);
    struct tar_attribute *list = calloc((size_t)total + 1, sizeof(*list));

    if (!list)
        err(1, "calloc");
    for (*count = 0; *count < (size_t)total; ++*count) {
        struct tar_attribute *to = &list[*count];

        if (archive_entry_xattr_next(e, &to->name, &to->value, &to->size) != ARCHIVE_OK)
            break;
        to->name_length = strlen(to->name);
    }
    return list;
}

/* False where the contents cannot be read; nothing is added then. */
static bool add_entry(struct archive *a, struct archive_entry *e, uint64_t most,
                      struct tar_list *list)
{
    uint8_t digest[LI_SHA256_SIZE];
    struct tar_look look = {
        .type = name_type(e),
        .path = archive_entry_pathname(e),
        .target = archive_entry_hardlink(e),
        .mode = archive_entry_perm(e) & 07777,
        .uid = archive_entry_uid(e),
        .gid = archive_entry_gid(e),
        .mtime = archive_entry_mtime(e),
        .mtime_nsec = (uint32_t)archive_entry_mtime_nsec(e),
        .major = (int64_t)archive_entry_rdevmajor(e),
        .minor = (int64_t)archive_entry_rdevminor(e),
        .size = (uint64_t)archive_entry_size(e),
    };

    if (!look.target)
        look.target = archive_entry_symlink(e);
    if (strcmp(look.type, "file") == 0 && look.size <= most) {
        if (!hash_contents(a, look.size, digest))
            return false;
        look.digest = digest;
    }
    look.attributes = read_attributes(e, &look.attribute_count);
    tar_list_add(list, &look)->header = (uint64_t)archive_read_header_position(a) - BLOCK;
    free(look.attributes);
    return true;
}

/* A warning is of names that the C locale cannot convert. ARCHIVE_RETRY is of a damaged header, of
 * which there is no entry. */
static void read_entries(struct archive *a, uint64_t most, struct tar_list *list)
{
    struct archive_entry *e;
    const char *text;
    int rc;

    while ((rc = archive_read_next_header(a, &e)) != ARCHIVE_EOF) {
        if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
            break;
        if (!add_entry(a, e, most, list))
            break;
    }
    if (rc == ARCHIVE_EOF)
        return;
    text = archive_error_string(a);
    tar_list_fail(list, text ? text : "the tar is damaged");
}

void tar_list_archive(const uint8_t *tar, size_t len, uint64_t most, struct tar_list *list)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), before = uselocale(c);
    uint8_t *copy = calloc(1, BLOCK + len);
    struct archive *a = archive_read_new();
    struct archive_entry *first;

    if (!copy || !a || c == (locale_t)0)
        err(1, "libarchive");
    prime(copy);
    if (len > 0)
        memcpy(copy + BLOCK, tar, len);
    if (archive_read_support_format_tar(a) != ARCHIVE_OK ||
        archive_read_open_memory(a, copy, BLOCK + len) != ARCHIVE_OK ||
        archive_read_next_header(a, &first) != ARCHIVE_OK)
        errx(1, "libarchive: %s", archive_error_string(a));
    read_entries(a, most, list);
    archive_read_free(a);
    free(copy);
    uselocale(before);
    freelocale(c);
}
