/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount: the file tree of an image under a directory, read-only, through FUSE.
 *
 * It sees the file tree only (files/files.h) and knows nothing about repositories. Like the library
 * it never prints: it reports through callbacks. Unlike the library it uses the process's signals
 * and libfuse's log. A process has only one of each, so there is one mount at a time.
 */
#ifndef LI_FUSE_FUSE_H
#define LI_FUSE_FUSE_H

#include <stdbool.h>

#include "base/error.h"
#include "files/files.h"

struct li_mount_options {
    const char *mountpoint;   /* of li_fuse_mountpoint() */
    const char *fuse_options; /* further -o options of mount.fuse(8) that li_fuse_check_options()
                                 accepts, or NULL */
    const char *source;       /* shown in the mount table: the reference */
    unsigned threads;         /* requests answered at once, 1 or more */
    /* Called once, when the kernel has accepted the file system. Requests are answered as soon as
     * it returns. */
    void (*ready)(void *arg);
    void *ready_arg;
    /* Called at SIGUSR1, from a thread of its own and not from a signal handler. */
    void (*report)(void *arg);
    void *report_arg;
    /* Called when a signal ends the mount, also from that thread. Requests that wait for something
     * should stop waiting, because the mount ends when all have been answered. */
    void (*ending)(void *arg);
    void *ending_arg;
    /* Called for each request that is answered with EIO or ENOMEM, from any thread, unless it was
     * cancelled (LI_ECANCELLED). Each of the four callbacks may be NULL. */
    void (*failed)(void *arg, const struct li_error *err);
    void *failed_arg;
    /* Receives a descriptor, or -1 if there is none; may be NULL. li_fuse_unmount() in another
     * process waits until the caller has closed it. */
    int *presence;
    /* Mount and unmount in another process: ATTACH sets *DEVICE to the descriptor of the mount,
     * which li_fuse_mount() closes; DETACH makes sure that it is unmounted, or
     * fails. NULL: this process does both. */
    int (*attach)(void *arg, int *device, struct li_error *err);
    int (*detach)(void *arg, struct li_error *err);
    void *attach_arg;
};

/* Finds the absolute path of DIRECTORY, because the callbacks above may change the working
 * directory. The caller frees *OUT. LI_ENOTFOUND; LI_EINVALID if it is not a directory; LI_EIO,
 * also if the process of an image that is mounted there has died. */
int li_fuse_mountpoint(const char *directory, char **out, struct li_error *err);

/* Whether OPTIONS, separated by commas as in mount.fuse(8), are allowed. LI_EINVALID, with the
 * reason, for options that would break what the functions here rely on. li_fuse_mount() finds
 * options that libfuse does not know. */
int li_fuse_check_options(const char *options, struct li_error *err);

/* Mounts FILES and answers requests until the file system is unmounted, or SIGTERM, SIGINT or
 * SIGHUP arrives; then unmounts it, lazily if it is busy, and returns 0. A directory on which an
 * image is mounted already is refused. While the mount runs, it takes SIGUSR1, SIGUSR2 and the
 * three above: other threads must block them. Root's mount is open to all users, and devices and
 * set-user-ID bits have an effect only with the options dev and suid. Others get fusermount3's
 * mount. LI_EINVALID (the mount point, the
 * options), LI_EDENIED, LI_EIO. */
int li_fuse_mount(struct li_files *files, const struct li_mount_options *options,
                  struct li_error *err);

/* What li_fuse_mount() does in its own process, for one that only mounts: mounts, and announces the
 * loader (PRESENCE). OPTIONS are read during the call only; their callbacks are not called. Until
 * its device is served, whoever uses the file system waits. LI_EINVALID, LI_EDENIED, LI_EIO. */
struct li_fuse_attached;
int li_fuse_attach(const struct li_mount_options *options, struct li_fuse_attached **out,
                   struct li_error *err);

/* The device, for ATTACH. It stays open until li_fuse_detach(). */
int li_fuse_device(const struct li_fuse_attached *attached);

/* Unmounts it, lazily if it is busy, unless that was done already. NULL is allowed. */
void li_fuse_detach(struct li_fuse_attached *attached);

/* Unmounts the image at MOUNTPOINT, even if its process was killed, and waits up to 10 seconds for
 * that process to finish. LAZY also detaches a busy mount, and does not wait. LI_ENOTFOUND if no
 * image is mounted there: other file systems are not touched. */
int li_fuse_unmount(const char *mountpoint, bool lazy, struct li_error *err);

#endif
