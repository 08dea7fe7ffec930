/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mountfile IMAGE DIR [OPTIONS]: mounts a plain ext4 image file as `lambdaimg mount` mounts one
 * from a repository, so that the mount can be tested without a store. Prints "ready" when it is,
 * "report" at SIGUSR1, and each failure.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "fuse/fuse.h"

static void say(void *arg)
{
    puts(arg);
    fflush(stdout);
}

static void complain(void *arg, const struct li_error *err)
{
    (void)arg;
    fprintf(stderr, "mountfile: %s\n", err->text);
}

/* The file as blocks. */
struct image {
    struct li_blocks blocks;
    int fd;
};

static int read_image(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                      struct li_error *err)
{
    return li_pread_all(((const struct image *)blocks)->fd, buf, len, offset, err);
}

static const struct li_blocks_operations operations = {.read = read_image};

int main(int argc, char **argv)
{
    struct li_error err = LI_ERROR_INIT;
    char ready[] = "ready", report[] = "report";
    struct li_mount_options options = {.threads = 8,
                                       .ready = say,
                                       .ready_arg = ready,
                                       .report = say,
                                       .report_arg = report,
                                       .failed = complain};
    struct li_files *files = NULL;
    struct image image;
    struct stat st;
    char *directory = NULL;
    int rc;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: mountfile IMAGE DIR [OPTIONS]\n");
        return 2;
    }
    image.fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (image.fd < 0 || fstat(image.fd, &st) < 0) {
        perror(argv[1]);
        return 1;
    }
    image.blocks = (struct li_blocks){&operations, (uint64_t)st.st_size};
    options.source = argv[1];
    options.fuse_options = argv[3];
    rc = li_fuse_mountpoint(argv[2], &directory, &err);
    options.mountpoint = directory;
    if (rc == 0)
        rc = li_files_open(&image.blocks, &files, &err);
    if (rc == 0)
        rc = li_fuse_mount(files, &options, &err);
    if (rc < 0)
        complain(NULL, &err);
    li_files_free(files);
    free(directory);
    close(image.fd);
    return rc < 0;
}
