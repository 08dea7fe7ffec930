/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every request needs, whatever the mount serves: the connection's settings, and replies to
 * failures.
 */
#include <errno.h>

#include "fuse/internal.h"

enum { BACKGROUND_MAX = 64 };

struct li_served *li_request_served(fuse_req_t req)
{
    return fuse_req_userdata(req);
}

static int errno_of(const struct li_error *err)
{
    switch (err->code) {
    case LI_EINVALID:
        return EINVAL;
    case LI_ENOMEM:
        return ENOMEM;
    default:
        return EIO;
    }
}

void li_request_fail(fuse_req_t req, const struct li_error *err)
{
    const struct li_mount_options *options = li_request_served(req)->options;

    if (options->failed && err->code != LI_EINVALID && err->code != LI_ECANCELLED)
        options->failed(options->failed_arg, err);
    fuse_reply_err(req, errno_of(err));
}

void li_request_want(struct fuse_conn_info *conn, unsigned capability)
{
    conn->want |= conn->capable & capability;
}

void li_request_begin(struct li_served *served, struct fuse_conn_info *conn)
{
    li_request_want(conn, FUSE_CAP_ASYNC_READ);
    conn->want &= ~(unsigned)FUSE_CAP_AUTO_INVAL_DATA;
    conn->max_background = BACKGROUND_MAX;
    conn->congestion_threshold = BACKGROUND_MAX * 3 / 4;
    served->no_open = conn->capable & FUSE_CAP_NO_OPEN_SUPPORT;
    served->no_opendir = conn->capable & FUSE_CAP_NO_OPENDIR_SUPPORT;
    if (served->options->ready)
        served->options->ready(served->options->ready_arg);
}
