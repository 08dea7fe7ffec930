/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the mount share. Not for other modules. */
#ifndef LI_FUSE_INTERNAL_H
#define LI_FUSE_INTERNAL_H

#include <fuse_lowlevel.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "fuse/fuse.h"

/* The option that makes it, and the type that mount tables then show. */
#define LI_FUSE_SUBTYPE "subtype=lambdaimg"
#define LI_FUSE_TYPE "fuse.lambdaimg"

/* What an operation finds as its request's user data. Set before the session runs, but for the last
 * two, which the first request sets. */
struct li_served {
    const struct fuse_lowlevel_ops *operations; /* by which the mount answers */
    struct li_files *files;                     /* what they serve */
    const struct li_mount_options *options;
    bool no_open; /* the kernel can do without open and release */
    bool no_opendir;
};

/* The image as a tree of files: a struct li_served with FILES. */
extern const struct fuse_lowlevel_ops li_fuse_tree_operations;

/* What the mount serves that the request came to. */
struct li_served *li_request_served(fuse_req_t req);

/* Answers the request with the error: EIO, unless it is for want of memory or the asker's own. All
 * but that last is told to the mount as well. Any thread. */
void li_request_fail(fuse_req_t req, const struct li_error *err);

/* For operations' init: asks for CAPABILITY, a FUSE_CAP_ value, where the kernel has it. */
void li_request_want(struct fuse_conn_info *conn, unsigned capability);

/* The last that init does: settings of the connection that hold for whatever is served, then the
 * mount's READY. */
void li_request_begin(struct li_served *served, struct fuse_conn_info *conn);

/* What is mounted at a path, on top; all zero where nothing is. */
struct li_mounted {
    bool image;      /* an image of lambdaimg */
    char device[32]; /* "major:minor" */
};

/* Finds what is mounted at the absolute PATH. LI_EIO where that cannot be seen; then OUT is all
 * zero, too. */
int li_mounted_at(const char *path, struct li_mounted *out, struct li_error *err);

/* Says that the process which serves the mount of DEVICE, its loader, is there, for as long as the
 * descriptor that it returns is open; -1 where that cannot be said. The caller closes it. */
int li_loader_announce(const char *device);

/* Returns a descriptor that tells when the loader of the mount of DEVICE has ended; -1 where
 * nothing is to be waited for. */
int li_loader_watch(const char *device);

/* Waits for that, for PATIENCE seconds, and closes the descriptor of li_loader_watch(), which may
 * be -1. */
void li_loader_outwait(int fd, int patience);

/* The signals of a mount, taken by a thread of their own. */
struct li_signals {
    struct fuse_session *session;
    const struct li_mount_options *options;
    pthread_t loop;   /* the thread that runs the session's loop */
    pthread_t thread; /* the one that waits for signals */
    atomic_bool over; /* the loop has ended */
    sigset_t taken;
    sigset_t mask;           /* the caller's */
    struct sigaction action; /* the caller's, of the signal that wakes the loop */
};

/* Blocks the mount's signals: from here on they wait. */
void li_signals_block(struct li_signals *signals);

/* Starts the thread that takes them. The caller runs the loop. */
int li_signals_start(struct li_signals *signals, struct fuse_session *session,
                     const struct li_mount_options *options, struct li_error *err);

/* After the loop. */
void li_signals_stop(struct li_signals *signals);

/* Gives the signals back to the caller. */
void li_signals_restore(struct li_signals *signals);

#endif
