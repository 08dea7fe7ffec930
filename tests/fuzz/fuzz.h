/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share. Each is a libFuzzer program that takes bytes as one part of the
 * library would get them from outside. Where a checksum or a seal would stop nearly every input at
 * the door, the target makes it right first: what is behind the door is to be tested, too.
 */
#ifndef LI_TESTS_FUZZ_H
#define LI_TESTS_FUZZ_H

#include "tests/fixtures/stack.h"

#include <sys/mman.h>

#include "base/io.h"

#define HELPER static inline __attribute__((unused))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* MiB of memory that an input may take at once, beside 512 bytes for each of its own (cost.c): what
 * an image may take, unless a target defines it. */
enum { FUZZ_MEMORY = 300 };
extern const size_t fuzz_memory;

static const struct li_env fuzz_env = {unit_random, unit_now, "/tmp", 1};

/* Gives each tar header in the bytes, at whatever block, the checksum that it should have. */
HELPER void fuzz_fix_checksums(uint8_t *data, size_t size)
{
    for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK)
        if (memcmp(data + at + 257, "ustar", 5) == 0)
            tar_checksum(data + at);
}

HELPER uint8_t *fuzz_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    assert_non_null(copy);
    memcpy(copy, data, size);
    return copy;
}

/* Opens the bytes as an image, by a file that is only in memory. */
HELPER int fuzz_open_image(const uint8_t *data, size_t size, struct li_image **image,
                           struct li_error *err)
{
    const struct li_image_options options = {NULL, "linux/amd64"};
    int fd = memfd_create("image", MFD_CLOEXEC), rc;
    char path[64];

    assert_true(fd >= 0);
    assert_done(li_pwrite_all(fd, data, size, 0, err), err);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    rc = li_image_open(path, &options, &fuzz_env, image, err);
    close(fd);
    return rc;
}

/* A failed call has said why, and its text is one line of printable bytes. */
HELPER void fuzz_check_error(int rc, const struct li_error *err)
{
    assert_true(rc >= LI_ECANCELLED);
    if (rc >= 0)
        return;
    assert_int_equal(err->code, rc);
    assert_true(strlen(err->text) > 0 && strlen(err->text) < LI_ERROR_TEXT_MAX);
    for (const char *p = err->text; *p; p++)
        assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
}

#endif
