/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever opens a manifest by themselves keeps it; else the stored has it, and its repository. */
#include "stored/stored.h"

#include <stdlib.h>

#include "diskcache/diskcache.h"
#include "sealed/sealed.h"

struct li_stored {
    struct li_repo *repo; /* that it has opened itself, with the manifest; or NULL */
    struct li_manifest manifest;
    struct li_sealed *origin, *cached; /* CACHED has a cache in front of ORIGIN, or is NULL */
    struct li_reader *reader;
    struct li_files *files;
};

static int open_files(struct li_stored *stored, struct li_repo *repo,
                      const struct li_manifest *manifest, const struct li_stored_options *options,
                      struct li_error *err)
{
    const struct li_reader_options *reading = &options->reading;
    int rc = li_sealed_origin_new(repo, &stored->origin, err);

    if (rc == 0 && options->cache)
        rc = li_sealed_diskcache_new(stored->origin, options->cache, reading->deadline,
                                     &stored->cached, err);
    if (rc == 0)
        rc = li_reader_open(stored->cached ? stored->cached : stored->origin, manifest, reading,
                            &stored->reader, err);
    return rc < 0 ? rc : li_files_open(li_reader_blocks(stored->reader), &stored->files, err);
}

/* Hands VIEW over, or frees it. */
static int finish(struct li_stored *stored, int rc, struct li_stored **out)
{
    if (rc < 0)
        li_stored_free(stored);
    else
        *out = stored;
    return rc;
}

int li_stored_manifest(struct li_repo *repo, const struct li_manifest *manifest,
                       const struct li_stored_options *options, struct li_stored **out,
                       struct li_error *err)
{
    struct li_stored *stored = calloc(1, sizeof(*stored));

    if (!stored)
        return li_fail_memory(err);
    return finish(stored, open_files(stored, repo, manifest, options, err), out);
}

int li_stored_open(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                   const char *image, struct li_stored **out, struct li_error *err)
{
    const struct li_stored_options options = {
        .reading = {.memory = 64 << 20, .workers = store->width, .deadline = 60}};
    struct li_stored *stored = calloc(1, sizeof(*stored));
    struct li_reference reference;
    int rc;

    if (!stored)
        return li_fail_memory(err);
    rc = li_reference_parse(image, &reference, err);
    if (rc == 0)
        rc = li_repo_open(store, kms, env, &stored->repo, err);
    if (rc == 0)
        rc = li_repo_manifest(stored->repo, &reference, &stored->manifest, err);
    li_manifest_forget_config(&stored->manifest);
    if (rc == 0) {
        li_repo_forget_kms(stored->repo);
        rc = open_files(stored, stored->repo, &stored->manifest, &options, err);
    }
    return finish(stored, rc, out);
}

struct li_files *li_stored_files(struct li_stored *stored)
{
    return stored->files;
}

struct li_reader *li_stored_reader(struct li_stored *stored)
{
    return stored->reader;
}

void li_stored_free(struct li_stored *stored)
{
    if (!stored)
        return;
    li_files_free(stored->files);
    li_reader_free(stored->reader);
    li_sealed_free(stored->cached);
    li_sealed_free(stored->origin);
    li_manifest_free(&stored->manifest);
    li_repo_free(stored->repo);
    free(stored);
}
