/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/context.h"

static const struct option_row options[] = {
    {"output", 'o', "FILE", "where the ext4 image goes"},
    {"size", 0, "SIZE", "the file system's size, as in 10G (default: what --free says)"},
    {"free", 0, "ROOM",
     "its free space: a size, or a percentage of what is used (default: 25%, 64M "
     "at least)"},
    {"image", 0, "TAG", "which image, where there are several: a tag or a digest"},
    {"platform", 0, "OS/ARCH", "which platform, where there are several (default: this host's)"},
    {NULL, 0, NULL, NULL},
};

static int run(const struct arguments *args, struct li_error *err)
{
    struct flattened flattened = {0};
    struct progress_bar bar;
    struct li_chunk_source source;
    struct li_progress progress;
    struct li_ext4_room room;
    struct li_env env;
    int rc;

    if (!option(args, "output"))
        return li_fail(err, CMD_EUSAGE, "say where the image goes, by -o FILE");
    rc = parse_room(args, &room, err);
    if (rc == 0)
        rc = make_env(args, &env, err);
    if (rc == 0)
        rc = flatten(args, args->operand[0], &room, &env, &flattened, err);
    if (rc == 0) {
        source = li_ext4_source(flattened.ext4);
        progress = begin_progress(&bar, "converting");
        rc = li_chunk_write_file(&source, option(args, "output"), env.threads, confirm_layers,
                                 &flattened, &progress, err);
        end_progress(&bar);
    }
    free_flattened(&flattened);
    return rc < 0 ? li_context(err, "cannot convert %s", image_text(args->operand[0])) : EXIT_DONE;
}

const struct command command_convert = {
    "convert", "IMAGE -o FILE", "flatten a container image into an ext4 image", 1, 1, options, run,
};
