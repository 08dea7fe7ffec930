/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cmd/common/command.h"
#include "fuse/fuse.h"

static const struct option_row options[] = {
    {"lazy", 'l', NULL, "detach now, and end when the last user is gone"},
    {NULL, 0, NULL, NULL},
};

static int run(const struct arguments *args, struct li_error *err)
{
    /* A mount whose loader is dead cannot be examined; then the path is used as it is. */
    char *real = realpath(args->operand[0], NULL);
    int rc = li_fuse_unmount(real ? real : args->operand[0], flag(args, "lazy"), err);

    if (rc < 0)
        li_context(err, "cannot unmount");
    free(real);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_umount = {
    "umount", "DIR", "unmount an image", 1, 1, options, run,
};
