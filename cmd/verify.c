/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/about.h"
#include "cmd/context.h"

static const struct option_row options[] = {
    {"repair", 0, "IMAGE", "make chunks that fail again from the image that was pushed"},
    {"compression", 0, "CODEC", "of repaired chunks: zstd, zstd:LEVEL or none"},
    {"pad", 0, "N", "of repaired chunks: round sealed sizes up to multiples of N bytes"},
    {"image", 0, "TAG", "which image in IMAGE, where there are several"},
    {"platform", 0, "OS/ARCH", "which platform in IMAGE, where there are several"},
    {NULL, 0, NULL, NULL},
};

static int verify(const struct arguments *args, struct context *context,
                  const struct li_manifest *manifest, struct li_verify_result *result,
                  struct li_error *err)
{
    const char *path = option(args, "repair");
    struct flattened flattened = {0};
    struct li_seal_policy seal;
    struct li_chunk_source source;
    struct progress_bar bar;
    struct li_progress progress;
    int rc = seal_policy(args, &seal, err);

    if (rc == 0 && path) {
        rc = flatten(args, path, &context->env, &flattened, err);
        if (rc == 0)
            rc = confirm_layers(&flattened, err);
        if (rc < 0)
            li_context(err, "cannot repair from %s", image_text(path));
    }
    if (rc == 0) {
        if (path)
            source = li_ext4_source(flattened.ext4);
        progress = begin_progress(&bar, "verifying");
        rc = li_repo_verify(context->repo, manifest, path ? &source : NULL, &seal, &progress,
                            result, err);
        end_progress(&bar);
    }
    free_flattened(&flattened);
    return rc;
}

static int run(const struct arguments *args, struct li_error *err)
{
    struct li_verify_result result = {0};
    struct li_manifest manifest = {0};
    struct li_reference reference;
    struct context context = {0};
    char size[SIZE_TEXT];
    bool said_no;
    int rc = parse_reference(args->operand[0], &reference, err);

    if (rc == 0)
        rc = open_context(args, true, &context, err);
    if (rc == 0)
        rc = li_repo_manifest(context.repo, &reference, &manifest, err);
    if (rc == 0)
        rc = verify(args, &context, &manifest, &result, err);
    said_no = rc == LI_ECORRUPT && result.bad > result.mended;
    if (rc < 0)
        li_context(err, said_no ? "%s is damaged" : "cannot verify %s", args->operand[0]);
    if (said_no)
        tell(err);
    else if (rc == 0)
        printf("verified %s: %llu chunks, %s fetched, %llu mended\n", args->operand[0],
               (unsigned long long)result.chunks, size_text(result.bytes, size),
               (unsigned long long)result.mended);
    li_manifest_free(&manifest);
    close_context(&context);
    if (said_no)
        return EXIT_SAID_NO;
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_verify = {
    "verify", "REF", "fetch and check every chunk of an image; mend it from the original", 1, 1,
    options,  run,
};
