/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify --against: compares the stored image with its original. Texts of a difference come from
 * the images, and are shown with escapes.
 */
#include "cmd/common/against.h"

#include "cmd/common/image.h"
#include "compare/stored.h"

/* How many of each were printed. */
struct printed {
    unsigned differences, disagreements;
};

enum { SHOWN = 20 };

static void print_difference(void *arg, const char *path, const char *what, const char *stored,
                             const char *layers)
{
    struct printed *printed = arg;

    if (printed->differences++ >= SHOWN)
        return;
    print_escaped(stdout, path);
    printf(": ");
    print_escaped(stdout, what);
    printf(": stored ");
    print_escaped(stdout, stored);
    printf(", layers ");
    print_escaped(stdout, layers);
    putchar('\n');
}

static void print_disagreement(void *arg, const char *layer, const char *path, const char *what,
                               const char *ours, const char *libarchives)
{
    struct printed *printed = arg;

    if (printed->disagreements++ >= SHOWN)
        return;
    print_escaped(stdout, path);
    printf(": the two readers of the layer ");
    print_escaped(stdout, layer);
    printf(" disagree: ");
    print_escaped(stdout, what);
    printf(": lambdaimg ");
    print_escaped(stdout, ours);
    printf(", libarchive ");
    print_escaped(stdout, libarchives);
    putchar('\n');
}

static void print_original_note(void *arg, const char *text)
{
    (void)arg;
    print_note(text);
}

int compare_with_original(const struct arguments *args, struct context *context,
                          const struct li_manifest *manifest, struct li_compare_result *result,
                          struct li_error *err)
{
    const char *path = option(args, "against");
    struct printed printed = {0};
    const struct li_compare_reports reports = {&printed, print_difference, print_disagreement};
    const struct li_compare_stored what = {
        .repo = context->repo,
        .manifest = manifest,
        .path = path,
        .image = {option(args, "image"), option(args, "platform")},
        .env = &context->env,
        .note = print_original_note,
    };
    int rc = li_compare_stored(&what, &reports, result, err);

    return rc < 0 ? li_context(err, "cannot compare with %s", image_text(path)) : 0;
}
