/* SPDX-License-Identifier: Apache-2.0 */
/* The report on an image as JSON: lambdaimg-report(5). */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "cmd/common/context.h"
#include "cmd/report/report.h"

static json_t *base_json(const struct image_report *r)
{
    const struct li_report_base *base = &r->report.base;
    char id[2 * LI_ID_SIZE + 1], name[REFERENCE_TEXT];

    if (!base->there)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "reference",
                     base->flattened ? json_null() : json_string(base_text(r, name)), "image",
                     base->flattened ? path_json(base_text(r, name)) : json_null(), "manifest",
                     base->flattened ? json_null() : json_string(id_text(base->manifest, id)),
                     "chunks", (json_int_t)base->chunks, "common", (json_int_t)base->common,
                     "changed", (json_int_t)base->changed);
}

static json_t *layer_json(const struct li_blame_layer *layer)
{
    char digest[72] = "sha256:";
    json_t *line = layer->created_by ? path_json(layer->created_by) : json_null();

    li_hex_encode(layer->diff_id, LI_DIGEST_SIZE, digest + 7);
    return json_pack("{s:s, s:o, s:o}", "diff_id", digest, "created_by", line, "new",
                     sum_json(&layer->fresh));
}

static int layers_json(const struct li_blame *blame, json_t *list, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < blame->layers && rc == 0; i++)
        rc = json_add(list, layer_json(&blame->layer[i]), err);
    return rc;
}

static int directories_json(const struct li_blame *blame, json_t *list, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < blame->directories && rc == 0; i++) {
        const struct li_blame_directory *row = &blame->directory[i];

        rc = json_add(list,
                      json_pack("{s:o, s:I, s:I}", "path", path_json(row->path), "files",
                                (json_int_t)row->files, "bytes", (json_int_t)row->bytes),
                      err);
    }
    return rc;
}

static json_t *change_json(enum li_blame_change change)
{
    if (change == LI_BLAME_UNKNOWN)
        return json_null();
    return json_string(change == LI_BLAME_SAME ? "same" : "changed");
}

static int files_json(const struct li_blame *blame, json_t *list, struct li_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < blame->files && rc == 0; i++) {
        const struct li_blame_file *file = &blame->file[i];

        rc = json_add(list,
                      json_pack("{s:o, s:I, s:I, s:o, s:o, s:I}", "path", path_json(file->path),
                                "layer", (json_int_t)file->layer, "size", (json_int_t)file->size,
                                "new", sum_json(&file->fresh), "change", change_json(file->change),
                                "dragged", (json_int_t)file->dragged),
                      err);
    }
    return rc;
}

static int blame_json(const struct li_blame *blame, json_t *json, struct li_error *err)
{
    static const struct {
        const char *member;
        int (*fill)(const struct li_blame *blame, json_t *list, struct li_error *err);
    } lists[] = {{"layers", layers_json}, {"directories", directories_json}, {"files", files_json}};
    int rc = 0;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && rc == 0; i++) {
        json_t *list = json_array();

        if (!list || json_object_set_new(json, lists[i].member, list) != 0)
            rc = li_fail_memory(err);
        else
            rc = lists[i].fill(blame, list, err);
    }
    return rc < 0 ? rc : add_packages_json(&blame->packages, json, err);
}

static json_t *head_json(const struct image_report *r)
{
    const struct li_image_report *report = &r->report;
    char name[REFERENCE_TEXT];

    return json_pack(
        "{s:i, s:s, s:o, s:o, s:s, s:I, s:{s:I, s:I, s:I, s:I}, s:o, s:{s:I, s:I}, s:o, s:o, s:I, "
        "s:I}",
        "format", REPORT_FORMAT, "kind", "image", "repository", path_json(r->address), "image",
        path_json(image_text(r->path)), "reference", reference_text(&r->reference, name), "size",
        (json_int_t)report->size, "chunks", "zeros", (json_int_t)report->chunks[LI_COST_ZEROS],
        "known", (json_int_t)report->chunks[LI_COST_KNOWN], "repeated",
        (json_int_t)report->chunks[LI_COST_REPEATED], "new",
        (json_int_t)report->chunks[LI_COST_NEW], "new", sum_json(&report->fresh), "push",
        "requests", (json_int_t)report->requests, "bytes", (json_int_t)report->sent, "base",
        base_json(r), "metadata", sum_json(&report->blame.metadata), "files_left_out",
        (json_int_t)report->blame.files_left_out, "files_left_out_bytes",
        (json_int_t)report->blame.files_left_out_bytes);
}

int print_image_json(const struct image_report *r, const struct verdicts *verdicts,
                     struct li_error *err)
{
    json_t *json = head_json(r);
    int rc = json ? blame_json(&r->report.blame, json, err) : li_fail_memory(err);

    if (rc == 0 && json_object_set_new(json, "waste", waste_json(&r->report.waste)) != 0)
        rc = li_fail_memory(err);
    if (rc == 0 && json_object_set_new(json, "budgets", verdicts_json(verdicts)) != 0)
        rc = li_fail_memory(err);

    if (rc == 0)
        return print_json(json, err);
    json_decref(json);
    return rc;
}
