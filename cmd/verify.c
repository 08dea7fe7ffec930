/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "cmd/common/against.h"
#include "cmd/common/brokered.h"
#include "cmd/common/image.h"
#include "verify/verify.h"

static const struct option_row options[] = {
    {"repair", 0, "IMAGE", "replace chunks that fail, from the image that was pushed"},
    {"against", 0, "IMAGE", "compare all files with the layers of the image that was pushed"},
    {"compression", 0, "CODEC", "compress repaired chunks: zstd, zstd:LEVEL or none"},
    {"image", 0, "TAG", "which image in IMAGE to use, if several"},
    {"platform", 0, "OS/ARCH", "which platform in IMAGE to use, if several"},
    {NULL, 0, NULL, NULL},
};

/* The image that --repair names, made again, with confirmed layers. */
static int open_repair(const struct arguments *args, const struct context *context,
                       const struct li_manifest *manifest, struct li_flattened **out,
                       struct li_error *err)
{
    struct li_flatten_options making;
    int rc = image_options(args, option(args, "repair"), &making, err);

    if (rc == 0)
        rc = li_flatten_again(&making, manifest, &context->env, out, err);
    if (rc == 0) {
        print_notes(*out);
        rc = li_flattened_confirm(*out, err);
    }
    return rc < 0 ? li_context(err, "cannot repair from %s", image_text(making.path)) : 0;
}

static int verify(const struct arguments *args, struct context *context,
                  const struct li_manifest *manifest, struct li_verify_result *result,
                  struct li_error *err)
{
    struct li_flattened *flattened = NULL;
    struct li_seal_policy seal;
    struct li_chunk_source source;
    struct progress_bar bar;
    struct li_progress progress;
    int rc = seal_policy(args, &seal, err);

    if (rc == 0 && option(args, "repair"))
        rc = open_repair(args, context, manifest, &flattened, err);
    if (rc == 0) {
        if (flattened)
            source = li_flattened_source(flattened);
        progress = begin_progress(&bar, "verifying");
        rc = li_verify(context->repo, manifest,
                       &(struct li_verify_options){flattened ? &source : NULL, &seal, &progress},
                       result, err);
        end_progress(&bar);
    }
    li_flattened_free(flattened);
    return rc;
}

/* The original is read, and its layers are spooled. */
static int open_verified(const struct arguments *args, struct context *context,
                         struct li_error *err)
{
    const char *repair = option(args, "repair"), *against = option(args, "against");
    struct brokerage brokerage = {
        .key = WITH_KEY, .writable = repair != NULL, .wraps = repair != NULL};
    int rc = make_env(args, &context->env, err);

    if (rc == 0)
        rc = allow(&brokerage.allowed, repair, false, err);
    if (rc == 0)
        rc = allow(&brokerage.allowed, against, false, err);
    if (rc == 0 && (repair || against))
        rc = allow(&brokerage.allowed, context->env.tmpdir, true, err);
    if (rc == 0)
        rc = open_brokered(args, &brokerage, context, err);
    free_allowed(&brokerage.allowed);
    return rc;
}

/* Standard input can be read only once. */
static int check_options(const struct arguments *args, struct li_error *err)
{
    const char *repair = option(args, "repair"), *against = option(args, "against");

    if (repair && against && strcmp(repair, "-") == 0 && strcmp(against, "-") == 0)
        return li_fail(err, CMD_EUSAGE, "--repair and --against cannot both read standard input");
    return 0;
}

/* Prints the summary; returns an exit code. */
static int conclude(const struct arguments *args, const struct li_verify_result *result,
                    const struct li_compare_result *compared)
{
    const char *against = option(args, "against");
    struct li_error said = LI_ERROR_INIT;
    char size[SIZE_TEXT];

    if (compared->differences > 0) {
        li_fail(&said, LI_ECHANGED, "%s does not match the layers of %s: %llu difference%s%s",
                args->operand[0], image_text(against), (unsigned long long)compared->differences,
                li_text_s(compared->differences),
                compared->disagreements > 0 ? "; the two readers of these layers disagree, so this "
                                              "may be a misreading by libarchive"
                                            : "");
        fflush(stdout);
        fprintf(stderr, "lambdaimg: %s\n", said.text);
        return EXIT_SAID_NO;
    }
    printf("verified %s: %llu chunk%s, %s fetched, %llu mended", args->operand[0],
           (unsigned long long)result->chunks, li_text_s(result->chunks),
           size_text(result->bytes, size), (unsigned long long)result->mended);
    if (against) {
        printf("; %llu path%s with %s of contents %s as in ", (unsigned long long)compared->paths,
               li_text_s(compared->paths), size_text(compared->bytes, size),
               compared->paths == 1 ? "is" : "are");
        print_shown(stdout, image_text(against));
    }
    putchar('\n');
    return EXIT_DONE;
}

/* A repair needs the key until it is done, to find the root that accepts chunks. */
static int open_checked(const struct arguments *args, const struct li_reference *reference,
                        struct context *context, struct li_manifest *manifest, struct li_error *err)
{
    int rc = open_verified(args, context, err);

    if (rc == 0)
        rc = check_identity(context, err);
    if (rc == 0)
        rc = li_repo_manifest(context->repo, reference, manifest, err);
    li_manifest_forget_config(manifest);
    if (!option(args, "repair"))
        forget_key(context);
    return rc;
}

static int run(const struct arguments *args, struct li_error *err)
{
    struct li_compare_result compared = {0};
    struct li_verify_result result = {0};
    struct li_manifest manifest = {0};
    struct li_reference reference;
    struct context context = {0};
    int rc = parse_reference(args->operand[0], &reference, err);

    if (rc == 0)
        rc = check_options(args, err);
    if (rc == 0)
        rc = open_checked(args, &reference, &context, &manifest, err);
    if (rc == 0)
        rc = verify(args, &context, &manifest, &result, err);
    forget_key(&context);
    if (rc == 0 && option(args, "against"))
        rc = compare_with_original(args, &context, &manifest, &compared, err);
    if (rc < 0)
        li_context(err, "cannot verify %s", args->operand[0]);
    else
        rc = conclude(args, &result, &compared);
    li_manifest_free(&manifest);
    close_context(&context);
    return rc;
}

const struct command command_verify = {
    "verify", "REF", "check every chunk of an image; repair or compare it", 1, 1, options, run,
};
