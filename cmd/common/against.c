/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify --against: the stored image and the one it was pushed from. Texts of a difference are as
 * the images have them, and shown with escapes.
 */
#include "cmd/common/against.h"

#include "reader/reader.h"

/* What was printed of each. */
struct printed {
    unsigned differences, disagreements;
};

enum { SHOWN = 20, READER_MEMORY = 64 << 20, READER_DEADLINE = 120 };

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
    struct li_image_options choice = {option(args, "image"), option(args, "platform")};
    struct li_reader_options reading = {READER_MEMORY, context->env.threads, READER_DEADLINE};
    struct li_layers *layers = NULL;
    struct li_reader *reader = NULL;
    struct li_image *image = NULL;
    struct li_files *files = NULL;
    struct li_blocks blocks;
    struct printed printed = {0};
    const struct li_compare_reports reports = {&printed, print_difference, print_disagreement};
    int rc = li_layout_check(manifest->layout, err);

    if (rc == 0)
        rc = li_image_open(option(args, "against"), &choice, &context->env, &image, err);
    if (rc == 0) {
        print_image_notes(image);
        rc = li_layers_open(image, &context->env, &layers, err);
    }
    if (rc == 0)
        rc = li_reader_open(context->repo, manifest, &reading, &reader, err);
    if (rc == 0) {
        blocks = li_reader_blocks(reader);
        rc = li_files_open(&blocks, &files, err);
    }
    if (rc == 0)
        rc = li_compare(&(struct li_compare_sides){files, layers, manifest->layout}, &reports,
                        result, err);
    if (rc < 0)
        li_context(err, "cannot compare with %s", image_text(option(args, "against")));
    li_files_free(files);
    li_reader_free(reader);
    li_layers_free(layers);
    li_image_free(image);
    return rc;
}
