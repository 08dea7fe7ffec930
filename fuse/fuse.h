/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount: the file tree of an image under a directory, read-only, by FUSE.
 *
 * It sees the file tree only (files/files.h) and knows nothing of repositories. Like the library
 * it never prints: what is to be told goes through the callbacks. Unlike the library it takes part
 * in the process's signals and in libfuse's log, of which there is one each in a process, so there
 * is one mount at a time.
 */
#ifndef LI_FUSE_FUSE_H
#define LI_FUSE_FUSE_H

#include <stdbool.h>

#include "base/error.h"
#include "files/files.h"

struct li_mount_options {
    const char *mountpoint;   /* of li_fuse_mountpoint() */
    const char *fuse_options; /* more of mount.fuse(8)'s -o options, which
                                 li_fuse_check_options() accepts, or NULL */
    const char *source;       /* shown in the mount table: the reference */
    unsigned threads;         /* requests answered at once, 1 or more */
    /* Called once, when the kernel has taken up the file system; requests are answered as soon as
     * it returns. */
    void (*ready)(void *arg);
    void *ready_arg;
    /* Called at SIGUSR1, from a thread of its own and not from a signal handler. */
    void (*report)(void *arg);
    void *report_arg;
    /* Called when a signal ends the mount, from that thread too: requests that wait for something
     * should wait no more, for the mount goes when all have been answered. */
    void (*ending)(void *arg);
    void *ending_arg;
    /* Called for each request that is answered with EIO or ENOMEM, from any thread, unless it was
     * cancelled (LI_ECANCELLED). Each of the four callbacks may be NULL. */
    void (*failed)(void *arg, const struct li_error *err);
    void *failed_arg;
    /* NULL, or where to put a descriptor, -1 where there is none: li_fuse_unmount() in another
     * process waits until the caller has closed it. */
    int *presence;
};

/* Finds the absolute path of DIRECTORY, which holds when the working directory changes, as the
 * callbacks above may do; the caller frees *OUT. LI_ENOTFOUND; LI_EINVALID where it is no
 * directory; LI_EIO, also where the process of an image that is mounted there has died. */
int li_fuse_mountpoint(const char *directory, char **out, struct li_error *err);

/* Whether OPTIONS, separated by commas as mount.fuse(8) has them, may be given: LI_EINVALID, with
 * the reason, for those that would break what the functions here rely on. Whether libfuse knows the
 * others, li_fuse_mount() finds out. */
int li_fuse_check_options(const char *options, struct li_error *err);

/* Mounts FILES and answers requests until the file system is unmounted, or SIGTERM, SIGINT or
 * SIGHUP arrives; then unmounts it, lazily where it is busy, and returns 0. A directory on which an
 * image is mounted already is refused. SIGUSR1, SIGUSR2 and
 * the three above are the mount's own while it runs: other threads must have them blocked. Root
 * gets the mount that a loop device would give (devices, set-user-ID, open to all); others get
 * fusermount3's. LI_EINVALID (the mount point, the options), LI_EDENIED, LI_EIO. */
int li_fuse_mount(struct li_files *files, const struct li_mount_options *options,
                  struct li_error *err);

/* Unmounts the image at MOUNTPOINT, also one whose process was killed, and waits up to 10 seconds
 * for that process to have done its last. With LAZY one that is busy is detached too, and nothing
 * is waited for. LI_ENOTFOUND where no image is mounted there: other file systems are left alone.
 */
int li_fuse_unmount(const char *mountpoint, bool lazy, struct li_error *err);

#endif
