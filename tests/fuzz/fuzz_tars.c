/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lib/tar sees in a tar is what libarchive sees, or the difference is of a class of
 * tests/tools/tarclass_libarchive.c.
 */
#include "fuzz.h"

#include "tests/tools/tarclass.h"

enum { FUZZ_DATA_MAX = 1 << 18, AT_SUM = 148 };

/* Of a header without a magic the checksum tells: six digits, a NUL and a space. */
static bool is_header(const uint8_t *block)
{
    for (int i = 0; i < 6; i++)
        if (block[AT_SUM + i] < '0' || block[AT_SUM + i] > '7')
            return false;
    return block[AT_SUM + 6] == '\0' && block[AT_SUM + 7] == ' ';
}

static void fix_checksums(uint8_t *tar, size_t len)
{
    fuzz_fix_checksums(tar, len);
    for (size_t at = 0; at + TAR_BLOCK <= len; at += TAR_BLOCK)
        if (is_header(tar + at))
            tar_checksum(tar + at);
}

static void differ(void *arg, const struct tar_class *class, const struct tar_difference *d)
{
    (void)arg;
    if (class)
        return;
    fprintf(stderr, "a difference of no class\n    lib/tar: %s\n    libarchive: %s\n",
            d->own         ? d->own->text
            : d->own_error ? d->own_error
                           : "the end",
            d->other         ? d->other->text
            : d->other_error ? d->other_error
                             : "the end");
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tar_list own = {0}, other = {0};
    uint8_t *tar = fuzz_copy(data, size);

    fix_checksums(tar, size);
    tar_list_own(tar, size, FUZZ_DATA_MAX, &own);
    tar_list_archive(tar, size, FUZZ_DATA_MAX, &other);
    tar_compare(tar, size, &own, &other, tar_classes_libarchive, differ, NULL);
    tar_list_free(&own);
    tar_list_free(&other);
    free(tar);
    return 0;
}
