/* SPDX-License-Identifier: Apache-2.0 */
/* A whole file in memory, of exactly its size, so that a sanitizer sees what reads beyond. */
#ifndef LI_TESTS_TARFILE_H
#define LI_TESTS_TARFILE_H

#include <stddef.h>
#include <stdint.h>

struct tar_file {
    uint8_t *data;
    size_t len; /* bytes */
};

/* Ends the program where it fails. */
void tar_file_read(const char *path, struct tar_file *out);
void tar_file_write(const char *path, const uint8_t *data, size_t len);
void tar_file_free(struct tar_file *file);

#endif
