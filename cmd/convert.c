/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/common/explain.h"

static const struct option_row options[] = {
    {"output", 'o', "FILE", "where the ext4 image goes"},
    {"explain", 0, NULL, "say where each file lies in the image; -o may be left out"},
    {"json", 0, NULL, "explain in a machine-readable way"},
    {"size", 0, "SIZE", "the file system's size, as in 10G (default: what --free says)"},
    {"free", 0, "ROOM",
     "its free space: a size, or a percentage of what is used (default: 25%, 64M "
     "at least)"},
    {"image", 0, "TAG", "which image, where there are several: a tag or a digest"},
    {"platform", 0, "OS/ARCH", "which platform, where there are several (default: this host's)"},
    {NULL, 0, NULL, NULL},
};

/* The image in the file that -o names, or nothing, but that the layers are what they should be. */
static int convert(const struct arguments *args, struct flattened *flattened, unsigned threads,
                   struct li_error *err)
{
    struct li_chunk_source source = li_ext4_source(flattened->ext4);
    struct progress_bar bar;
    struct li_progress progress;
    int rc;

    if (!option(args, "output"))
        return confirm_layers(flattened, err);
    progress = begin_progress(&bar, "converting");
    rc = li_chunk_write_file(&source, option(args, "output"), threads, confirm_layers, flattened,
                             &progress, err);
    end_progress(&bar);
    return rc;
}

static int run(const struct arguments *args, struct li_error *err)
{
    struct flattened flattened = {0};
    struct image_form form = {.layout = LI_LAYOUT_LATEST};
    struct li_env env;
    int rc;

    if (!option(args, "output") && !flag(args, "explain"))
        return li_fail(err, CMD_EUSAGE, "say where the image goes, by -o FILE");
    if (flag(args, "json") && !flag(args, "explain"))
        return li_fail(err, CMD_EUSAGE, "--json is for --explain");
    rc = parse_room(args, &form.room, err);
    if (rc == 0)
        rc = make_env(args, &env, err);
    if (rc == 0)
        rc = try_output(args, err);
    if (rc == 0)
        rc = flatten(args, args->operand[0], &form, &env, NULL, &flattened, err);
    if (rc == 0)
        rc = convert(args, &flattened, env.threads, err);
    if (rc == 0 && flag(args, "explain"))
        rc = explain(&flattened, flag(args, "json"), err);
    free_flattened(&flattened);
    return rc < 0 ? li_context(err, "cannot convert %s", image_text(args->operand[0])) : EXIT_DONE;
}

const struct command command_convert = {
    "convert", "IMAGE", "flatten a container image into an ext4 image", 1, 1, options, run,
};
