/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/report/stored.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* ---- which images ---------------------------------------------------------------------------- */

static int find_stored(const struct li_report *report, const char *name,
                       const struct li_report_push **out, struct li_error *err)
{
    for (size_t i = 0; i < report->images; i++) {
        size_t push = report->image[i].push;

        if (strcmp(report->image[i].reference, name) != 0)
            continue;
        if (push == SIZE_MAX || !report->push[push].readable)
            return li_fail(err, LI_ECORRUPT, "its manifest cannot be read");
        *out = &report->push[push];
        return 0;
    }
    return li_fail(err, LI_ENOTFOUND, "there is no such image, and no such file");
}

/* The tag of the image's name whose manifest was pushed last before that of the image; NULL if
 * there is none. */
static const char *find_earlier(const struct li_report *report, const struct stored_report *r)
{
    size_t len = (size_t)(strrchr(r->name, ':') + 1 - r->name), own, latest = 0;
    const char *found = NULL;

    own = (size_t)(r->push - report->push);
    for (size_t i = 0; i < report->images; i++) {
        const struct li_report_image *image = &report->image[i];

        if (strncmp(image->reference, r->name, len) != 0 || strchr(image->reference + len, ':') ||
            image->push >= own || !report->push[image->push].readable ||
            (found && image->push < latest))
            continue;
        found = image->reference;
        latest = image->push;
    }
    return found;
}

/* A name that the report has is one of the repository, also if a file is called the same. */
static int set_stored(const char *name, struct diff_operand *out, struct li_error *err)
{
    out->text = name;
    return li_reference_parse(name, &out->reference, err);
}

/* What is compared, if there is anything to compare the image with. */
static int choose_operands(const struct arguments *args, const struct li_report *report,
                           struct stored_report *r, struct li_error *err)
{
    const char *asked = option(args, "to"), *text = asked ? asked : find_earlier(report, r);
    int rc;

    if (!text)
        return 0;
    r->base_name = strdup(text);
    if (!r->base_name)
        return li_fail_memory(err);
    rc = set_stored(r->name, &r->image, err);
    if (rc < 0)
        return rc;
    return asked ? diff_operand_parse(args, r->base_name, &r->base, err)
                 : set_stored(r->base_name, &r->base, err);
}

/* ---- the comparison -------------------------------------------------------------------------- */

/* A tag is read again to open its manifest. Figures of one and files of another do not fit. */
static int check_same(const struct stored_report *r, struct li_error *err)
{
    if (memcmp(r->image.manifest.id, r->push->id, LI_ID_SIZE) == 0)
        return 0;
    return li_fail(err, LI_ECHANGED, "another image was pushed to %s meanwhile; try again",
                   r->name);
}

/* Opens both manifests. That the key does not open them is an answer. */
static int open_manifests(struct context *context, struct stored_report *r, struct li_error *err)
{
    int rc;

    if (r->keyless.code != 0)
        return 0;
    rc = diff_operand_manifest(context, &r->image, err);
    if (rc == 0)
        rc = check_same(r, err);
    if (rc == 0)
        rc = diff_operand_manifest(context, &r->base, err);
    forget_key(context);
    r->compared = rc == 0;
    if (rc != LI_EDENIED)
        return rc;
    r->keyless = *err;
    li_error_clear(err);
    return 0;
}

static int collect(void *arg, const struct li_diff_entry *entry, struct li_error *err)
{
    struct stored_report *r = arg;
    bool contents = entry->what & (LI_DIFF_CONTENTS | LI_DIFF_TYPE);
    int rc;

    if (entry->cost.bytes == 0 || entry->kind == LI_DIFF_REMOVED ||
        (entry->kind == LI_DIFF_CHANGED && !contents))
        return 0;
    rc = li_array_reserve(&r->file, &r->cap, r->files + 1, sizeof(*r->file), err);
    if (rc < 0)
        return rc;
    r->file[r->files] =
        (struct stored_file){strdup(entry->path), entry->kind, entry->size, entry->cost};
    return r->file[r->files].path ? (int)(r->files++, 0) : li_fail_memory(err);
}

/* The most bytes first; of files with as many, by path. */
static int compare_files(const void *a, const void *b)
{
    const struct stored_file *x = a, *y = b;

    if (x->cost.bytes != y->cost.bytes)
        return x->cost.bytes < y->cost.bytes ? 1 : -1;
    return strcmp(x->path, y->path);
}

static int compare(const struct arguments *args, struct context *context, struct stored_report *r,
                   struct li_error *err)
{
    int rc = diff_operand_open(args, context, &r->base, err);

    if (rc == 0)
        rc = diff_operand_open(args, context, &r->image, err);
    if (rc == 0)
        rc = li_diff(r->base.view, r->image.view, collect, r, &r->result, err);
    if (r->files)
        qsort(r->file, r->files, sizeof(*r->file), compare_files);
    return rc;
}

int open_stored_report(const struct arguments *args, struct context *context,
                       const struct li_report *report, const struct li_reference *reference,
                       struct stored_report *out, struct li_error *err)
{
    int rc;

    out->address = context->store->address;
    rc = find_stored(report, reference_text(reference, out->name), &out->push, err);
    if (rc == 0)
        rc = choose_operands(args, report, out, err);
    if (!out->base_name)
        li_error_clear(&out->keyless);
    if (rc < 0 || !out->base_name)
        return rc;
    rc = open_manifests(context, out, err);
    if (rc == 0 && out->compared)
        rc = compare(args, context, out, err);
    return rc < 0 ? li_context(err, "cannot compare it with %s", image_text(out->base_name)) : 0;
}

void close_stored_report(struct stored_report *r)
{
    diff_operand_close(&r->base);
    diff_operand_close(&r->image);
    for (size_t i = 0; i < r->files; i++)
        free(r->file[i].path);
    free(r->file);
    free(r->base_name);
}
