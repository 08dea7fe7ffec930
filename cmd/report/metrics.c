/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of reports as OpenMetrics. Labels are names and tags of images, which hold nothing
 * that would have to be escaped.
 */
#include <string.h>

#include "cmd/report/report.h"

/* The lines before the samples of a metric. */
static void put_head(FILE *to, const char *name, const char *help)
{
    size_t len = strlen(name);

    fprintf(to, "# TYPE lambdaimg_%s gauge\n", name);
    if (len > 6 && strcmp(name + len - 6, "_bytes") == 0)
        fprintf(to, "# UNIT lambdaimg_%s bytes\n", name);
    fprintf(to, "# HELP lambdaimg_%s %s\n", name, help);
}

/* ---- an image -------------------------------------------------------------------------------- */

/* The tag is left out, so that a service finds the same series for each build. */
static void put_figure(FILE *to, const struct image_report *image, const char *name,
                       const char *help, uint64_t value)
{
    put_head(to, name, help);
    fprintf(to, "lambdaimg_%s{image=\"%s\"} %llu\n", name, image->reference.name,
            (unsigned long long)value);
}

void put_image_metrics(FILE *to, const struct image_report *image)
{
    const struct li_image_report *report = &image->report;
    const uint64_t *chunks = report->chunks;
    uint64_t used = chunks[LI_COST_KNOWN] + chunks[LI_COST_REPEATED] + chunks[LI_COST_NEW];

    put_figure(to, image, "new_bytes", "Bytes of new chunks as they would be stored.",
               report->fresh.bytes);
    put_figure(to, image, "new_chunks", "Chunks that are not in the repository.",
               chunks[LI_COST_NEW]);
    put_figure(to, image, "known_chunks", "Chunks that are in the repository.",
               chunks[LI_COST_KNOWN]);
    put_figure(to, image, "repeated_chunks", "Chunks that the image has several times.",
               chunks[LI_COST_REPEATED]);
    put_figure(to, image, "size_bytes", "Bytes of all chunks that are not zeros.",
               used * LI_CHUNK_SIZE);
    put_figure(to, image, "push_bytes", "Bytes that a push would write.", report->sent);
    put_figure(to, image, "waste_bytes", "Bytes of files that nobody needs.", report->waste.bytes);
    put_figure(to, image, "push_requests", "Objects that a push would write.", report->requests);
}

/* ---- a repository ---------------------------------------------------------------------------- */

static void put_total(FILE *to, const char *name, const char *help, uint64_t value)
{
    put_head(to, name, help);
    fprintf(to, "lambdaimg_%s %llu\n", name, (unsigned long long)value);
}

/* A sample for each tag whose manifest could be read. */
static void put_images(FILE *to, const struct li_report *report, const char *name, const char *help,
                       bool unique)
{
    put_head(to, name, help);
    for (size_t i = 0; i < report->images; i++) {
        const struct li_report_image *image = &report->image[i];
        const struct li_report_push *push =
            image->push == SIZE_MAX ? NULL : &report->push[image->push];

        if (push && push->readable)
            fprintf(to, "lambdaimg_%s{image=\"%s\"} %llu\n", name, image->reference,
                    (unsigned long long)(unique ? push->unique.bytes : push->all.bytes));
    }
}

static void put_factor(FILE *to, const struct li_report *report)
{
    if (report->used.bytes == 0)
        return;
    put_head(to, "dedup_factor", "What the images would take alone, by what they take together.");
    fprintf(to, "lambdaimg_dedup_factor %.6f\n",
            (double)report->apart.bytes / (double)report->used.bytes);
}

void put_repository_metrics(FILE *to, const struct li_report *report)
{
    put_total(to, "stored_chunks", "Chunks in the store.", report->stored.chunks);
    put_total(to, "stored_bytes", "Their bytes.", report->stored.bytes);
    put_total(to, "used_bytes", "Bytes of chunks that a tag has.", report->used.bytes);
    put_total(to, "unused_bytes", "Bytes of chunks that only pushes without a tag have.",
              report->unused.bytes);
    put_total(to, "stray_bytes", "Bytes of chunks that no push has, and of copies.",
              report->stray.bytes);
    put_total(to, "other_bytes", "Bytes of manifests and the like.", report->others);
    put_total(to, "missing_chunks", "Chunks that a tag has and the store has not.",
              report->missing);
    put_total(to, "images", "Tags.", report->images);
    put_total(to, "pushes", "Manifests.", report->pushes);
    put_total(to, "unreadable", "Images and manifests that cannot be read.", report->unreadable);
    put_factor(to, report);
    put_images(to, report, "image_bytes", "Bytes of the image's chunks.", false);
    put_images(to, report, "image_unique_bytes", "Bytes of its chunks that no other tag has.",
               true);
}
