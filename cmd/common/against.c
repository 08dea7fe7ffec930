/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify --against: the stored image and the one it was pushed from. Texts of a difference are as
 * the images have them, and shown with escapes.
 */
#include "cmd/common/against.h"

#include "cmd/common/image.h"
#include "compare/stored.h"

/* What was printed of each. */
struct printed {
    unsigned differences, disagreements;
};

enum { SHOWN = 20 };

static void print_text(const char *text)
{
    char shown[ESCAPED];

    for (; *text; text++) {
        escape_byte(*text, shown);
        fputs(shown, stdout);
    }
}

static void print_difference(void *arg, const char *path, const char *what, const char *stored,
                             const char *layers)
{
    struct printed *printed = arg;

    if (printed->differences++ >= SHOWN)
        return;
    print_text(path);
    printf(": ");
    print_text(what);
    printf(": stored ");
    print_text(stored);
    printf(", layers ");
    print_text(layers);
    putchar('\n');
}

static void print_disagreement(void *arg, const char *layer, const char *path, const char *what,
                               const char *ours, const char *libarchives)
{
    struct printed *printed = arg;

    if (printed->disagreements++ >= SHOWN)
        return;
    print_text(path);
    printf(": the two readers of the layer ");
    print_text(layer);
    printf(" disagree: ");
    print_text(what);
    printf(": lambdaimg ");
    print_text(ours);
    printf(", libarchive ");
    print_text(libarchives);
    putchar('\n');
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
    };
    int rc = li_compare_stored(&what, print_note, &reports, result, err);

    return rc < 0 ? li_context(err, "cannot compare with %s", image_text(path)) : 0;
}
