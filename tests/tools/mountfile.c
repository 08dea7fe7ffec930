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

static int read_image(void *self, uint64_t offset, size_t len, void *buf, struct li_error *err)
{
    return li_pread_all(*(const int *)self, buf, len, offset, err);
}

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
    struct li_blocks blocks;
    struct stat st;
    char *directory = NULL;
    int fd, rc;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: mountfile IMAGE DIR [OPTIONS]\n");
        return 2;
    }
    fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        perror(argv[1]);
        return 1;
    }
    blocks = (struct li_blocks){&fd, (uint64_t)st.st_size, read_image};
    options.source = argv[1];
    options.fuse_options = argv[3];
    rc = li_fuse_mountpoint(argv[2], &directory, &err);
    options.mountpoint = directory;
    if (rc == 0)
        rc = li_files_open(&blocks, &files, &err);
    if (rc == 0)
        rc = li_fuse_mount(files, &options, &err);
    if (rc < 0)
        complain(NULL, &err);
    li_files_free(files);
    free(directory);
    close(fd);
    return rc < 0;
}
