/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's options for a mount. libfuse parses them here, too, so that we find an option in every
 * spelling that libfuse understands.
 */
#include <stdbool.h>
#include <string.h>

#include "fuse/internal.h"

static const struct {
    const char *option; /* as fuse_opt.h matches it */
    const char *reason;
} refused[] = {
    {"subtype=", "lambdaimg umount recognises an image by this type"},
    {"blkdev", "an image is not on a device, and lambdaimg umount would not recognise it"},
    {"max_read=", "FUSE and the kernel agree on the size of requests"},
};

enum { REFUSED = sizeof(refused) / sizeof(refused[0]) };

static int note_refused(void *data, const char *arg, int key, struct fuse_args *rest)
{
    (void)arg, (void)rest;
    if (key >= 0 && key < REFUSED)
        *(int *)data = key;
    return 1;
}

/* Whether the last character escapes what follows, which would be the comma before the "ro" that we
 * append. */
static bool escapes_next(const char *options)
{
    size_t len = strlen(options), from = len;

    while (from > 0 && options[from - 1] == '\\')
        from--;
    return (len - from) % 2 != 0;
}

int li_fuse_check_options(const char *options, struct li_error *err)
{
    struct fuse_opt looked_for[REFUSED + 1] = {{NULL, 0, 0}};
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    int found = -1, rc = 0;

    if (escapes_next(options))
        return li_fail(err, LI_EINVALID,
                       "a single backslash at the end cannot be given: write it twice");
    for (int i = 0; i < REFUSED; i++)
        looked_for[i] = (struct fuse_opt)FUSE_OPT_KEY(refused[i].option, i);
    if (fuse_opt_add_arg(&args, "lambdaimg") || fuse_opt_add_arg(&args, "-o") ||
        fuse_opt_add_arg(&args, options) ||
        fuse_opt_parse(&args, &found, looked_for, note_refused) < 0)
        rc = li_fail_memory(err);
    else if (found >= 0)
        rc = li_fail(err, LI_EINVALID, "%.*s cannot be given: %s",
                     (int)strcspn(refused[found].option, "="), refused[found].option,
                     refused[found].reason);
    fuse_opt_free_args(&args);
    return rc;
}
