/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures are those of the push itself: there is no second way to find out what is new.
 */
#include "report/image.h"

#include <string.h>

#include "diff/view.h"
#include "push/name_list.h"
#include "push/push.h"

/* Bytes of the base that are kept in memory. */
enum { BASE_MEMORY = 32 << 20 };

/* Objects that a push writes besides chunks and wraps: manifest and pointer. */
enum { OBJECTS = 2 };

struct reporting {
    struct li_repo *repo;
    struct li_flattened *flattened;
    const struct li_image_report_options *options;
    struct li_costs *costs;
    struct li_image_report *report;
    /* The base, if there is one, and its files, if the image has new chunks. */
    struct li_manifest manifest;
    struct li_view *view;
};

/* A push wraps the manifest's key by each key of the KMS. */
static uint64_t count_wraps(const struct li_repo *repo)
{
    uint64_t count = 0;

    while (li_kms_member(li_repo_kms(repo), "manifest", count))
        count++;
    return count;
}

/* A dry run of a push of FLATTENED, for COSTS. */
static int run_dry(const struct reporting *r, struct li_flattened *flattened,
                   const struct li_manifest *about, struct li_costs *costs,
                   struct li_push_result *result, struct li_error *err)
{
    struct li_chunk_source source = li_flattened_source(flattened);
    const struct li_push_image image = {
        .reference = r->options->reference, .about = about, .source = &source};
    const struct li_push_options pushing = {.seal = r->options->seal,
                                            .dry_run = true,
                                            .confirm = li_flattened_confirm,
                                            .confirm_arg = flattened,
                                            .memo =
                                                flattened == r->flattened ? r->options->memo : NULL,
                                            .progress = r->options->progress,
                                            .report = li_costs_note,
                                            .report_arg = costs};
    int rc = li_push_image(r->repo, &image, &pushing, result, err);

    return rc < 0 ? rc : li_costs_settle(costs, err);
}

static int count_costs(struct reporting *r, struct li_error *err)
{
    struct li_manifest about = {0};
    struct li_push_result result;
    int rc = li_flattened_describe(r->flattened, &about, err);

    if (rc == 0)
        rc = run_dry(r, r->flattened, &about, r->costs, &result, err);
    if (rc == 0) {
        r->report->size = about.size;
        r->report->fresh = (struct li_report_sum){result.new_chunks, result.new_bytes};
        r->report->requests = result.new_chunks + count_wraps(r->repo) + OBJECTS;
        r->report->sent = result.new_bytes + result.metadata;
    }
    li_manifest_free(&about);
    return rc;
}

/* ---- the base -------------------------------------------------------------------------------- */

struct comparing {
    const struct reporting *r;
    const struct li_name_list *names; /* of the base, each once */
    struct li_report_base *base;
};

static int compare_name(void *arg, uint64_t index, const uint8_t *name)
{
    struct comparing *c = arg;

    if (li_costs_of(c->r->costs, index).kind == LI_COST_REPEATED)
        return 0;
    if (li_name_list_has(c->names, name))
        c->base->common++;
    else
        c->base->changed++;
    return 0;
}

/* Leaves each name once, and compares the image with them. */
static void compare_names(struct reporting *r, struct li_name_list *names)
{
    struct comparing c = {r, names, &r->report->base};
    size_t kept = 0;

    c.base->there = true;
    c.base->table = names->count;
    li_name_list_sort(names);
    for (size_t i = 0; i < names->count; i++)
        if (i == 0 || memcmp(names->name[i], names->name[kept - 1], LI_NAME_SIZE) != 0)
            memmove(names->name[kept++], names->name[i], LI_NAME_SIZE);
    names->count = kept;
    c.base->chunks = kept;
    li_costs_each_name(r->costs, compare_name, &c);
}

static int compare_base(struct reporting *r, const struct li_reference *reference,
                        struct li_error *err)
{
    const struct li_manifest *manifest = &r->manifest;
    struct li_name_list names = {0};
    int rc = li_repo_manifest(r->repo, reference, &r->manifest, err);

    for (size_t i = 0; rc == 0 && i < manifest->chunk_count; i++)
        rc = li_name_list_add(&names, manifest->chunks[i].name, err);
    if (rc == 0) {
        r->report->base.reference = *reference;
        memcpy(r->report->base.manifest, manifest->id, LI_ID_SIZE);
        compare_names(r, &names);
    }
    li_name_list_free(&names);
    return rc;
}

struct listing {
    struct li_name_list names;
    struct li_error *err;
};

static int list_name(void *arg, uint64_t index, const uint8_t *name)
{
    struct listing *l = arg;

    (void)index;
    return li_name_list_add(&l->names, name, l->err);
}

/* Only a dry run tells the names that the chunks of an image would have. */
static int compare_base_image(struct reporting *r, struct li_error *err)
{
    struct li_flattened *base = r->options->base_image;
    struct listing listing = {.err = err};
    struct li_costs *costs = NULL;
    struct li_manifest about = {0};
    struct li_push_result result;
    int rc = li_costs_new(li_flattened_source(base).count, &costs, err);

    if (rc == 0)
        rc = li_flattened_describe(base, &about, err);
    if (rc == 0)
        rc = run_dry(r, base, &about, costs, &result, err);
    if (rc == 0)
        rc = li_costs_each_name(costs, list_name, &listing);
    if (rc == 0) {
        r->report->base.flattened = true;
        compare_names(r, &listing.names);
    }
    li_name_list_free(&listing.names);
    li_manifest_free(&about);
    li_costs_free(costs);
    return rc < 0 ? li_context(err, "cannot read the image to compare with") : 0;
}

static int find_base(struct reporting *r, struct li_error *err)
{
    const struct li_image_report_options *options = r->options;
    struct li_reference latest;
    bool found = false;
    int rc;

    if (options->base_image)
        return compare_base_image(r, err);
    if (options->base)
        return compare_base(r, options->base, err);
    rc = li_repo_latest(r->repo, options->reference->name, &latest, &found, err);
    if (rc == 0 && found)
        rc = compare_base(r, &latest, err);
    return rc == LI_ENOTFOUND ? li_as_failure(rc, err) : rc;
}

/* Opens the files of the base. */
static int open_base(struct reporting *r, struct li_error *err)
{
    const struct li_view_options viewing = {.memory = BASE_MEMORY,
                                            .workers = li_repo_env(r->repo)->threads,
                                            .deadline = r->options->deadline,
                                            .files_only = true};
    struct li_chunk_source source;
    int rc;

    if (!r->report->base.there || r->report->fresh.chunks == 0)
        return 0;
    li_manifest_forget_config(&r->manifest);
    if (r->options->base_image) {
        source = li_flattened_source(r->options->base_image);
        rc = li_view_source(&source, &viewing, &r->view, err);
    } else {
        rc = li_view_stored(r->repo, &r->manifest, &viewing, &r->view, err);
    }
    return rc < 0 ? li_context(err, "cannot read the image to compare with") : 0;
}

static void close_base(struct reporting *r)
{
    li_view_free(r->view);
    li_manifest_free(&r->manifest);
}

int li_report_on_image(struct li_repo *repo, struct li_flattened *flattened,
                       const struct li_image_report_options *options, struct li_image_report *out,
                       struct li_error *err)
{
    struct li_image_report report = {.size = 0};
    struct reporting r = {
        .repo = repo, .flattened = flattened, .options = options, .report = &report};
    int rc = li_costs_new(li_flattened_source(flattened).count, &r.costs, err);

    if (rc == 0)
        rc = count_costs(&r, err);
    if (rc == 0)
        rc = find_base(&r, err);
    for (uint64_t i = 0; rc == 0 && i < li_costs_count(r.costs); i++)
        report.chunks[li_costs_of(r.costs, i).kind]++;
    if (rc == 0)
        rc = open_base(&r, err);
    if (rc == 0)
        rc = li_blame_image(flattened, r.costs, r.view ? li_view_files(r.view) : NULL,
                            options->memo, &report.blame, err);
    if (rc == 0)
        rc = li_waste_find(flattened, options->memo, &report.waste, err);
    /* The last two have read more of the layers. */
    if (rc == 0)
        rc = li_flattened_confirm(flattened, err);
    close_base(&r);
    li_costs_free(r.costs);
    if (rc < 0)
        li_image_report_free(&report);
    else
        *out = report;
    return rc;
}

void li_image_report_free(struct li_image_report *report)
{
    if (!report)
        return;
    li_blame_free(&report->blame);
    li_waste_free(&report->waste);
}
