/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cmd/common/brokered.h"
#include "reader/reader.h"

static const struct option_row options[] = {
    {"output", 'o', "FILE", "write the ext4 image to FILE"},
    CACHE_OPTIONS,
    {NULL, 0, NULL, NULL},
};

static int pull(const struct arguments *args, struct context *context, struct li_sealed *source,
                const struct li_manifest *manifest, struct li_error *err)
{
    struct li_fetcher *fetcher = NULL;
    struct li_chunk_file file = {.path = option(args, "output")};
    struct li_chunk_source chunks;
    struct progress_bar bar;
    struct li_progress progress;
    unsigned threads = fetching_threads(context);
    int rc = li_fetcher_new(source, manifest, threads, &fetcher, err);

    if (rc < 0)
        return rc;
    chunks = li_fetcher_source(fetcher);
    progress = begin_progress(&bar, "pulling");
    file.threads = threads;
    file.progress = &progress;
    rc = li_chunk_write_file(&chunks, &file, err);
    end_progress(&bar);
    li_fetcher_free(fetcher);
    return rc;
}

/* The same with CACHE, which may be NULL, in front of the store. */
static int pull_through(const struct arguments *args, struct context *context,
                        struct li_diskcache *cache, const struct li_manifest *manifest,
                        struct li_error *err)
{
    struct li_sealed *origin = NULL, *source = NULL;
    int rc = li_sealed_origin_new(context->repo, &origin, err);

    if (rc == 0 && cache)
        rc = li_sealed_diskcache_new(origin, cache, 0, &source, err);
    if (rc == 0)
        rc = pull(args, context, source ? source : origin, manifest, err);
    li_sealed_free(source);
    li_sealed_free(origin);
    return rc;
}

/* The file is written, and the cache is used; nothing else is. */
static int open_source(const struct arguments *args, struct context *context,
                       struct li_diskcache **cache, struct li_error *err)
{
    struct brokerage brokerage = {.key = WITH_KEY};
    char *kept = NULL;
    int rc = allow_output(&brokerage.allowed, option(args, "output"), err);

    if (rc == 0)
        rc = open_cache(args, &kept, cache, err);
    if (rc == 0)
        rc = allow(&brokerage.allowed, kept, true, err);
    if (rc == 0)
        rc = open_brokered(args, &brokerage, context, err);
    free_allowed(&brokerage.allowed);
    free(kept);
    return rc;
}

static int run(const struct arguments *args, struct li_error *err)
{
    struct li_manifest manifest = {0};
    struct li_reference reference;
    struct context context = {0};
    struct li_diskcache *cache = NULL;
    int rc;

    if (!option(args, "output"))
        return li_fail(err, CMD_EUSAGE, "no output file is given; name one with -o FILE");
    rc = parse_reference(args->operand[0], &reference, err);
    if (rc == 0)
        rc = try_output(args, err);
    if (rc == 0)
        rc = open_source(args, &context, &cache, err);
    if (rc == 0)
        rc = open_manifest(&context, &reference, &manifest, err);
    li_manifest_forget_config(&manifest);
    if (rc == 0)
        rc = pull_through(args, &context, cache, &manifest, err);
    if (rc < 0)
        li_context(err, "cannot pull %s", args->operand[0]);
    li_manifest_free(&manifest);
    li_diskcache_free(cache);
    close_context(&context);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_pull = {
    "pull", "REF -o FILE", "fetch a whole image, and check every chunk", 1, 1, options, run,
};
