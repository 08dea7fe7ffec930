/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounting and unmounting, without serving. The process that does it may be another than the one
 * that serves: an ordinary user's mount is made by fusermount3, which has rights that the process
 * that parses has given up (D18).
 *
 * libfuse unmounts lazily, so a busy mount leaves the tree of names at once and its users get
 * errors. libfuse may be mistaken only if the connection was aborted, because it then believes that
 * the mount is gone already; hence the second look.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fuse/internal.h"

struct li_fuse_attached {
    struct li_served served; /* nothing is: libfuse wants it */
    struct fuse_session *session;
    struct li_mounted mounted;
    char *path;
};

int li_fuse_mountpoint(const char *directory, char **out, struct li_error *err)
{
    char *path = realpath(directory, NULL);
    struct statvfs fs;
    struct stat st;
    int rc = 0;

    /* The kernel may remember what a dead loader said about the directory, but not about the file
     * system. */
    if ((!path || statvfs(path, &fs) < 0) && errno == ENOTCONN)
        rc = li_fail(err, LI_EIO,
                     "a loader that died is still mounted there; run lambdaimg umount %s first",
                     directory);
    else if (!path || stat(path, &st) < 0)
        rc = li_fail_errno(err, errno, "it cannot be found");
    else if (!S_ISDIR(st.st_mode))
        rc = li_fail(err, LI_EINVALID, "it is not a directory");
    if (rc < 0)
        free(path);
    else
        *out = path;
    return rc;
}

/* A second mount would hide the first, and a signal to either would unmount both, because only the
 * path identifies them. */
static int check_vacant(const char *path, struct li_error *err)
{
    struct li_mounted there;
    int rc = li_mounted_at(path, &there, err);

    if (rc == 0 && there.image)
        rc = li_fail(err, LI_EINVALID,
                     "an image is mounted there already; run lambdaimg umount first, or take "
                     "another directory");
    return rc;
}

static void free_attached(struct li_fuse_attached *attached)
{
    if (attached->session)
        fuse_session_destroy(attached->session);
    free(attached->path);
    free(attached);
}

static int mount_session(struct li_fuse_attached *attached, const struct li_mount_options *options,
                         struct li_error *err)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (fuse_session_mount(attached->session, attached->path) < 0)
        return li_fuse_fail(err, LI_EIO,
                            geteuid() == 0 ? "it could not be mounted"
                                           : "fusermount3 could not mount it");
    (void)li_mounted_at(attached->path, &attached->mounted, &ignored);
    if (options->presence && attached->mounted.image)
        *options->presence = li_loader_announce(attached->mounted.device);
    return 0;
}

int li_fuse_attach(const struct li_mount_options *options, struct li_fuse_attached **out,
                   struct li_error *err)
{
    struct li_fuse_attached *attached = calloc(1, sizeof(*attached));
    int rc;

    if (!attached)
        return li_fail_memory(err);
    li_fuse_listen();
    attached->served =
        (struct li_served){.operations = &li_fuse_tree_operations, .options = options};
    attached->path = strdup(options->mountpoint);
    rc = attached->path ? check_vacant(attached->path, err) : li_fail_memory(err);
    if (rc == 0)
        rc = li_fuse_session(&attached->served, &attached->session, err);
    attached->served.options = NULL;
    if (rc == 0)
        rc = mount_session(attached, options, err);
    if (rc == 0)
        *out = attached;
    else
        free_attached(attached);
    return rc;
}

int li_fuse_device(const struct li_fuse_attached *attached)
{
    return fuse_session_fd(attached->session);
}

void li_fuse_detach(struct li_fuse_attached *attached)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_mounted after;

    if (!attached)
        return;
    fuse_session_unmount(attached->session);
    (void)li_mounted_at(attached->path, &after, &ignored);
    if (after.image && strcmp(attached->mounted.device, after.device) == 0)
        li_fuse_unmount(attached->path, true, &ignored);
    free_attached(attached);
}
