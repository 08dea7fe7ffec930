/* SPDX-License-Identifier: Apache-2.0 */
/* How a report on an image that is stored is told. */
#include <string.h>

#include "base/text.h"
#include "cmd/report/stored.h"

enum { FILES_SHOWN = 10, FILES_LISTED = LI_BLAME_FILES };

/* ---- text ------------------------------------------------------------------------------------ */

static void print_row(const char *label, const struct li_report_sum *sum,
                      const struct li_report_sum *all, const char *what)
{
    char size[SIZE_TEXT];

    printf("%-8s %9llu chunk%s %11s  %5.1f %%  %s\n", label, (unsigned long long)sum->chunks,
           sum->chunks == 1 ? " " : "s", size_text(sum->bytes, size),
           percent(sum->bytes, all->bytes), what);
}

static void print_figures(const struct stored_report *r)
{
    const struct li_report_push *push = r->push;
    const struct li_report_sum others = {push->all.chunks - push->unique.chunks,
                                         push->all.bytes - push->unique.bytes};
    char id[2 * LI_ID_SIZE + 1], when[TIME_TEXT];

    printf("%s in ", r->name);
    print_shown(stdout, r->address);
    printf(", manifest %s, pushed %s\n\n", id_text(push->id, id),
           store_time_text(push->time, when));
    print_row("all", &push->all, &push->all, "as stored");
    print_row("unique", &push->unique, &push->all, "that no other tag has");
    print_row("shared", &others, &push->all, "that another tag has");
    print_row("new", &push->fresh, &push->all, "that no earlier push had");
    if (push->missing)
        printf("missing  %9llu chunk%s that %s not in the store\n",
               (unsigned long long)push->missing, li_text_s(push->missing),
               push->missing == 1 ? "is" : "are");
}

static void print_files(const struct stored_report *r)
{
    const struct li_diff_chunks *fresh = &r->result.fresh;
    size_t shown = r->files < FILES_SHOWN ? r->files : FILES_SHOWN;
    char size[SIZE_TEXT], same[SIZE_TEXT], rest[SIZE_TEXT];

    printf("\n   CHUNKS       BYTES       %%  FILE (before compression)\n");
    for (size_t i = 0; i < shown; i++) {
        const struct stored_file *file = &r->file[i];

        printf("%9llu %11s %6.1f%%  ", (unsigned long long)file->cost.chunks,
               size_text(file->cost.bytes, size), percent(file->cost.bytes, fresh->bytes));
        print_path(stdout, file->path);
        puts(file->kind == LI_DIFF_ADDED ? " (added)" : " (changed)");
    }
    if (r->files > shown)
        printf("and %zu more file%s\n", r->files - shown, li_text_s(r->files - shown));
    printf("the rest: %s of files that are the same, in their chunks; %s of metadata and room\n",
           size_text(fresh->same, same), size_text(fresh->rest, rest));
}

void print_stored_text(const struct stored_report *r)
{
    const struct li_diff_result *result = &r->result;
    uint64_t before = result->common + result->gone.chunks;

    print_figures(r);
    if (!r->base_name) {
        printf("\nthere is no earlier image of that name to compare it with\n");
        return;
    }
    if (!r->compared)
        return;
    printf("\ncompared with ");
    print_shown(stdout, image_text(r->base_name));
    printf(": %llu of its %llu chunk%s remain, %llu other%s come in\n",
           (unsigned long long)result->common, (unsigned long long)before, li_text_s(before),
           (unsigned long long)result->fresh.chunks, li_text_s(result->fresh.chunks));
    if (result->fresh.chunks)
        print_files(r);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *base_json(const struct stored_report *r)
{
    const struct li_diff_result *result = &r->result;
    char id[2 * LI_ID_SIZE + 1];
    bool stored = !r->base.flattens;

    if (!r->compared)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "reference",
                     stored ? json_string(r->base_name) : json_null(), "image",
                     stored ? json_null() : path_json(image_text(r->base_name)), "manifest",
                     stored ? json_string(id_text(r->base.manifest.id, id)) : json_null(), "chunks",
                     (json_int_t)(result->common + result->gone.chunks), "common",
                     (json_int_t)result->common, "changed", (json_int_t)result->fresh.chunks);
}

static int files_json(const struct stored_report *r, json_t *list, struct li_error *err)
{
    int rc = list ? 0 : li_fail_memory(err);

    for (size_t i = 0; i < r->files && i < FILES_LISTED && rc == 0; i++) {
        const struct stored_file *file = &r->file[i];

        rc = json_add(list,
                      json_pack("{s:o, s:I, s:s, s:{s:I, s:I}}", "path", path_json(file->path),
                                "size", (json_int_t)file->size, "change",
                                file->kind == LI_DIFF_ADDED ? "added" : "changed", "new", "chunks",
                                (json_int_t)file->cost.chunks, "bytes",
                                (json_int_t)file->cost.bytes),
                      err);
    }
    return rc;
}

int print_stored_json(const struct stored_report *r, struct li_error *err)
{
    const struct li_report_push *push = r->push;
    json_t *list = json_array();
    char id[2 * LI_ID_SIZE + 1];
    int rc = files_json(r, list, err);

    if (rc < 0) {
        json_decref(list);
        return rc;
    }
    return print_json(json_pack("{s:i, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}",
                                "format", REPORT_FORMAT, "kind", "stored", "repository",
                                path_json(r->address), "reference", r->name, "manifest",
                                id_text(push->id, id), "pushed", time_json(push->time), "all",
                                sum_json(&push->all), "unique", sum_json(&push->unique), "new",
                                sum_json(&push->fresh), "missing", (json_int_t)push->missing,
                                "base", base_json(r), "files", list, "keyless",
                                r->keyless.code ? path_json(r->keyless.text) : json_null()),
                      err);
}
