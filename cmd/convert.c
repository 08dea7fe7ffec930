/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cmd/common/confine.h"
#include "cmd/common/context.h"
#include "cmd/common/explain.h"
#include "cmd/common/image.h"

static const struct option_row options[] = {
    {"output", 'o', "FILE", "write the ext4 image to FILE"},
    {"explain", 0, NULL, "print where each file lies in the image; -o may be omitted"},
    {"json", 0, NULL, "print the explanation as JSON"},
    IMAGE_OPTIONS,
    {NULL, 0, NULL, NULL},
};

/* Writes the image to the file that -o names. Without -o, only confirms the layers. */
static int convert(const struct arguments *args, struct li_flattened *flattened,
                   struct li_error *err)
{
    struct progress_bar bar;
    struct li_progress progress;
    int rc;

    if (!option(args, "output"))
        return li_flattened_confirm(flattened, err);
    progress = begin_progress(&bar, "converting");
    rc = li_flattened_write(flattened, option(args, "output"), &progress, err);
    end_progress(&bar);
    return rc;
}

/* The image is read, layers are spooled, and the file is written; nothing else is. */
static int confine_conversion(const struct arguments *args, const struct li_env *env,
                              struct li_error *err)
{
    struct allowed allowed = {.count = 0};
    int rc = allow(&allowed, args->operand[0], false, err);

    if (rc == 0)
        rc = allow(&allowed, env->tmpdir, true, err);
    if (rc == 0)
        rc = allow_output(&allowed, option(args, "output"), err);
    if (rc == 0)
        rc = confine(args, &allowed, err);
    free_allowed(&allowed);
    return rc;
}

static int run(const struct arguments *args, struct li_error *err)
{
    struct li_flattened *flattened = NULL;
    struct li_flatten_options making;
    struct li_env env;
    int rc;

    if (!option(args, "output") && !flag(args, "explain"))
        return li_fail(err, CMD_EUSAGE, "no output file is given; name one with -o FILE");
    if (flag(args, "json") && !flag(args, "explain"))
        return li_fail(err, CMD_EUSAGE, "--json needs --explain");
    rc = image_options(args, args->operand[0], &making, err);
    if (rc == 0)
        rc = make_env(args, &env, err);
    if (rc == 0)
        rc = try_output(args, err);
    if (rc == 0)
        rc = confine_conversion(args, &env, err);
    if (rc == 0)
        rc = li_flatten(&making, &env, &flattened, err);
    if (rc == 0) {
        print_notes(flattened);
        rc = convert(args, flattened, err);
    }
    if (rc == 0 && flag(args, "explain"))
        rc = explain(flattened, flag(args, "json"), err);
    li_flattened_free(flattened);
    return rc < 0 ? li_context(err, "cannot convert %s", image_text(args->operand[0])) : EXIT_DONE;
}

const struct command command_convert = {
    "convert", "IMAGE", "flatten a container image into an ext4 image", 1, 1, options, run,
};
