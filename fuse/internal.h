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

/* The user data of a request. It is set before the session runs, except for the last two fields,
 * which the first request sets. */
struct li_served {
    const struct fuse_lowlevel_ops *operations; /* the operations that answer requests */
    struct li_files *files;                     /* what they serve */
    const struct li_mount_options *options;
    bool no_open; /* the kernel can do without open and release */
    bool no_opendir;
};

/* The image as a tree of files: a struct li_served with FILES. */
extern const struct fuse_lowlevel_ops li_fuse_tree_operations;

/* Makes libfuse's session for SERVED. LI_EINVALID: the options. */
int li_fuse_session(struct li_served *served, struct fuse_session **out, struct li_error *err);

/* From now on libfuse's words are kept for li_fuse_fail(). */
void li_fuse_listen(void);

/* Fills in ERR with a step that failed, WHAT, and libfuse's last words; returns CODE. */
int li_fuse_fail(struct li_error *err, int code, const char *what);

/* The mount that the request belongs to. */
struct li_served *li_request_served(fuse_req_t req);

/* Answers the request with the error: EIO, unless memory ran out or the request itself was at
 * fault. Everything but such a fault is also reported to the mount. Any thread. */
void li_request_fail(fuse_req_t req, const struct li_error *err);

/* For operations' init: requests CAPABILITY, a FUSE_CAP_ value, if the kernel has it. */
void li_request_want(struct fuse_conn_info *conn, unsigned capability);

/* The last step of init: settings of the connection that apply to everything that is served, then
 * the mount's READY. */
void li_request_begin(struct li_served *served, struct fuse_conn_info *conn);

/* The topmost mount at a path; all zero if there is none. */
struct li_mounted {
    bool image;      /* it is an image of lambdaimg */
    char device[32]; /* "major:minor" */
};

/* Finds what is mounted at the absolute PATH. LI_EIO if the table of mounts cannot be read; OUT is
 * then all zero. */
int li_mounted_at(const char *path, struct li_mounted *out, struct li_error *err);

/* Announces that the loader, the process that serves the mount of DEVICE, is running, as long as
 * the returned descriptor is open; -1 if that is not possible. The caller closes it. */
int li_loader_announce(const char *device);

/* Loaders that can be waited for under one device number: the mount's own, and those of mounts that
 * had the number before it and have not ended yet. */
enum { LI_LOADER_NAMES = 8 };

/* Connections to loaders, which break when the loaders end; -1 where there is none. */
struct li_loader_watch {
    int fd[LI_LOADER_NAMES];
};

/* Connects to the loader of the mount of DEVICE; to none if it is NULL. */
void li_loader_watch(const char *device, struct li_loader_watch *out);

/* Waits until they have ended, at most PATIENCE seconds, and closes the connections. */
void li_loader_outwait(const struct li_loader_watch *watch, int patience);

/* The signals of a mount, received by a thread of their own. */
struct li_signals {
    struct fuse_session *session;
    const struct li_mount_options *options;
    pthread_t loop;   /* the thread that runs the session's loop */
    pthread_t thread; /* the one that waits for signals */
    atomic_bool over; /* the loop has ended */
    sigset_t taken;
    sigset_t mask;           /* the caller's */
    struct sigaction action; /* the caller's action for the signal that wakes the loop */
};

/* Blocks the mount's signals: from now on they wait. */
void li_signals_block(struct li_signals *signals);

/* Starts the thread that receives them. The caller runs the loop. */
int li_signals_start(struct li_signals *signals, struct fuse_session *session,
                     const struct li_mount_options *options, struct li_error *err);

/* Call it after the loop. */
void li_signals_stop(struct li_signals *signals);

/* Restores the caller's signals. */
void li_signals_restore(struct li_signals *signals);

#endif
