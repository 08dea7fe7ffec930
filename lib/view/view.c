/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever opens a manifest by themselves keeps it; else the view has it, and its repository. */
#include "view/view.h"

#include <stdlib.h>

#include "diskcache/diskcache.h"
#include "sealed/sealed.h"

struct li_view {
    struct li_repo *repo; /* that it has opened itself, with the manifest; or NULL */
    struct li_manifest manifest;
    struct li_sealed *origin, *cached; /* CACHED has a cache in front of ORIGIN, or is NULL */
    struct li_reader *reader;
    struct li_files *files;
};

static int open_files(struct li_view *view, struct li_repo *repo,
                      const struct li_manifest *manifest, const struct li_view_options *options,
                      struct li_error *err)
{
    const struct li_reader_options *reading = &options->reading;
    int rc = li_sealed_origin_new(repo, &view->origin, err);

    if (rc == 0 && options->cache)
        rc = li_sealed_diskcache_new(view->origin, options->cache, reading->deadline, &view->cached,
                                     err);
    if (rc == 0)
        rc = li_reader_open(view->cached ? view->cached : view->origin, manifest, reading,
                            &view->reader, err);
    return rc < 0 ? rc : li_files_open(li_reader_blocks(view->reader), &view->files, err);
}

/* Hands VIEW over, or frees it. */
static int finish(struct li_view *view, int rc, struct li_view **out)
{
    if (rc < 0)
        li_view_free(view);
    else
        *out = view;
    return rc;
}

int li_view_manifest(struct li_repo *repo, const struct li_manifest *manifest,
                     const struct li_view_options *options, struct li_view **out,
                     struct li_error *err)
{
    struct li_view *view = calloc(1, sizeof(*view));

    if (!view)
        return li_fail_memory(err);
    return finish(view, open_files(view, repo, manifest, options, err), out);
}

int li_view_open(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                 const char *image, struct li_view **out, struct li_error *err)
{
    const struct li_view_options options = {
        .reading = {.memory = 64 << 20, .workers = store->width, .deadline = 60}};
    struct li_view *view = calloc(1, sizeof(*view));
    struct li_reference reference;
    int rc;

    if (!view)
        return li_fail_memory(err);
    rc = li_reference_parse(image, &reference, err);
    if (rc == 0)
        rc = li_repo_open(store, kms, env, &view->repo, err);
    if (rc == 0)
        rc = li_repo_manifest(view->repo, &reference, &view->manifest, err);
    li_manifest_forget_config(&view->manifest);
    if (rc == 0) {
        li_repo_forget_kms(view->repo);
        rc = open_files(view, view->repo, &view->manifest, &options, err);
    }
    return finish(view, rc, out);
}

struct li_files *li_view_files(struct li_view *view)
{
    return view->files;
}

struct li_reader *li_view_reader(struct li_view *view)
{
    return view->reader;
}

void li_view_free(struct li_view *view)
{
    if (!view)
        return;
    li_files_free(view->files);
    li_reader_free(view->reader);
    li_sealed_free(view->cached);
    li_sealed_free(view->origin);
    li_manifest_free(&view->manifest);
    li_repo_free(view->repo);
    free(view);
}
