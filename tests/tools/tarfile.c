/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/tarfile.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

void tar_file_read(const char *path, struct tar_file *out)
{
    struct li_error error = LI_ERROR_INIT;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        err(1, "%s", path);
    out->len = (size_t)st.st_size;
    out->data = malloc(out->len ? out->len : 1);
    if (!out->data)
        err(1, "%s", path);
    if (li_pread_all(fd, out->data, out->len, 0, &error) < 0)
        errx(1, "%s: %s", path, error.text);
    close(fd);
}

void tar_file_write(const char *path, const uint8_t *data, size_t len)
{
    struct li_error error = LI_ERROR_INIT;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0)
        err(1, "%s", path);
    if (li_pwrite_all(fd, data, len, 0, &error) < 0)
        errx(1, "%s: %s", path, error.text);
    close(fd);
}

void tar_file_free(struct tar_file *file)
{
    free(file->data);
}
