/* SPDX-License-Identifier: Apache-2.0 */
/* The waste of an image, in all forms. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cmd/common/context.h"
#include "cmd/report/report.h"

enum { ROWS = 10 };

static const char *const meanings[LI_WASTE_KINDS] = {[LI_WASTE_HIDDEN] = "that a later layer hides",
                                                     [LI_WASTE_LEFT] = "that a build left behind",
                                                     [LI_WASTE_REPEATED] =
                                                         "with the contents of another"};

/* ---- text ------------------------------------------------------------------------------------ */

static void print_sums(const struct li_waste *waste)
{
    char size[SIZE_TEXT], whole[SIZE_TEXT];

    printf("\nwaste    %s of %s of files (%.1f %%)\n", size_text(waste->bytes, size),
           size_text(waste->whole, whole), percent(waste->bytes, waste->whole));
    for (int i = 0; i < LI_WASTE_KINDS; i++)
        if (waste->of[i].files)
            printf("%-8s %9llu file%s %11s  %s\n", li_waste_kind_name((enum li_waste_kind)i),
                   (unsigned long long)waste->of[i].files, waste->of[i].files == 1 ? " " : "s",
                   size_text(waste->of[i].bytes, size), meanings[i]);
}

void print_waste_text(const struct li_waste *waste)
{
    size_t shown = waste->files < ROWS ? waste->files : ROWS;
    uint64_t others = waste->files - shown + waste->files_left_out;

    if (waste->files == 0)
        return;
    print_sums(waste);
    printf("\n      BYTES  LAYER  WASTE\n");
    for (size_t i = 0; i < shown; i++) {
        const struct li_waste_file *file = &waste->file[i];
        char size[SIZE_TEXT];

        printf("%11s %6zu  %s: ", size_text(file->size, size), file->layer,
               li_waste_kind_name(file->kind));
        print_path(stdout, file->path);
        putchar('\n');
    }
    if (others)
        printf("and %llu more file%s\n", (unsigned long long)others, li_text_s(others));
}

/* ---- Markdown -------------------------------------------------------------------------------- */

void print_waste_markdown(const struct li_waste *waste)
{
    size_t rows = waste->files < ROWS ? waste->files : ROWS;
    uint64_t others = waste->files - rows + waste->files_left_out;
    char size[SIZE_TEXT], whole[SIZE_TEXT];

    if (waste->files == 0)
        return;
    printf("\n%s of %s of files are waste (%.1f %%).\n", size_text(waste->bytes, size),
           size_text(waste->whole, whole), percent(waste->bytes, waste->whole));
    printf("\n| bytes | waste | file |\n|---:|---|---|\n");
    for (size_t i = 0; i < rows; i++) {
        printf("| %s | %s | ", size_text(waste->file[i].size, size),
               li_waste_kind_name(waste->file[i].kind));
        print_markdown_code(waste->file[i].path);
        printf(" |\n");
    }
    if (others)
        printf("\nand %llu more file%s\n", (unsigned long long)others, li_text_s(others));
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *kind_json(const struct li_waste_sum *sum)
{
    return json_pack("{s:I, s:I}", "files", (json_int_t)sum->files, "bytes",
                     (json_int_t)sum->bytes);
}

json_t *waste_json(const struct li_waste *waste)
{
    struct li_error ignored = LI_ERROR_INIT;
    json_t *list = json_array();
    int rc = list ? 0 : LI_ENOMEM;

    for (size_t i = 0; i < waste->files && rc == 0; i++) {
        const struct li_waste_file *file = &waste->file[i];

        rc = json_add(list,
                      json_pack("{s:o, s:s, s:I, s:I}", "path", path_json(file->path), "kind",
                                li_waste_kind_name(file->kind), "layer", (json_int_t)file->layer,
                                "size", (json_int_t)file->size),
                      &ignored);
    }
    if (rc < 0) {
        json_decref(list);
        return NULL;
    }
    return json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:I}", "bytes", (json_int_t)waste->bytes, "whole",
        (json_int_t)waste->whole, "hidden", kind_json(&waste->of[LI_WASTE_HIDDEN]), "left",
        kind_json(&waste->of[LI_WASTE_LEFT]), "repeated", kind_json(&waste->of[LI_WASTE_REPEATED]),
        "files", list, "files_left_out", (json_int_t)waste->files_left_out, "files_left_out_bytes",
        (json_int_t)waste->files_left_out_bytes);
}
