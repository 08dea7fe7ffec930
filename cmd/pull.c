/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cmd/common/brokered.h"
#include "reader/reader.h"

static const struct option_row options[] = {
    {"output", 'o', "FILE", "write the ext4 image to FILE"},
    {NULL, 0, NULL, NULL},
};

static int pull(const struct arguments *args, struct context *context,
                const struct li_manifest *manifest, struct li_error *err)
{
    struct li_sealed *origin = NULL;
    struct li_fetcher *fetcher = NULL;
    struct li_chunk_file file = {.path = option(args, "output")};
    struct li_chunk_source source;
    struct progress_bar bar;
    struct li_progress progress;
    unsigned threads = fetching_threads(context);
    int rc = li_sealed_origin_new(context->repo, &origin, err);

    if (rc == 0)
        rc = li_fetcher_new(origin, manifest, threads, &fetcher, err);
    if (rc == 0) {
        source = li_fetcher_source(fetcher);
        progress = begin_progress(&bar, "pulling");
        file.threads = threads;
        file.progress = &progress;
        rc = li_chunk_write_file(&source, &file, err);
        end_progress(&bar);
    }
    li_fetcher_free(fetcher);
    li_sealed_free(origin);
    return rc;
}

/* The file is written; nothing else is. */
static int open_source(const struct arguments *args, struct context *context, struct li_error *err)
{
    struct li_confine_path path = {NULL, true};
    const struct brokerage brokerage = {.key = WITH_KEY, .paths = &path, .count = 1};
    char *directory = NULL;
    int rc = output_directory(args, &directory, err);

    path.path = directory;
    if (rc == 0)
        rc = open_brokered(args, &brokerage, context, err);
    free(directory);
    return rc;
}

static int run(const struct arguments *args, struct li_error *err)
{
    struct li_manifest manifest = {0};
    struct li_reference reference;
    struct context context = {0};
    int rc;

    if (!option(args, "output"))
        return li_fail(err, CMD_EUSAGE, "no output file is given; name one with -o FILE");
    rc = parse_reference(args->operand[0], &reference, err);
    if (rc == 0)
        rc = try_output(args, err);
    if (rc == 0)
        rc = open_source(args, &context, err);
    if (rc == 0)
        rc = open_manifest(&context, &reference, &manifest, err);
    li_manifest_forget_config(&manifest);
    if (rc == 0)
        rc = pull(args, &context, &manifest, err);
    if (rc < 0)
        li_context(err, "cannot pull %s", args->operand[0]);
    li_manifest_free(&manifest);
    close_context(&context);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_pull = {
    "pull", "REF -o FILE", "fetch a whole image, and check every chunk", 1, 1, options, run,
};
