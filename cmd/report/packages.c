/* SPDX-License-Identifier: Apache-2.0 */
/* The packages to blame, in all forms. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cmd/common/context.h"
#include "cmd/report/report.h"

enum { ROWS = 10 };

bool has_packages(const struct li_packages *packages)
{
    return packages->packages > 0 || packages->notes > 0;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void print_name(const struct li_package *package)
{
    printf("%s: ", li_package_kind_name(package->kind));
    print_path(stdout, package->name);
    if (*package->version)
        putchar(' ');
    print_path(stdout, package->version);
    putchar('\n');
}

void print_packages_text(const struct li_blame *blame,
                         void (*print_share)(const struct li_report_sum *sum, uint64_t whole))
{
    const struct li_packages *packages = &blame->packages;
    size_t shown = packages->packages < ROWS ? packages->packages : ROWS;
    uint64_t others = packages->packages - shown + packages->packages_left_out;

    if (has_packages(packages))
        printf("\n   CHUNKS       BYTES       %%  PACKAGE\n");
    for (size_t i = 0; i < shown; i++) {
        print_share(&packages->package[i].fresh, blame->fresh.bytes);
        print_name(&packages->package[i]);
    }
    if (packages->none.chunks && has_packages(packages)) {
        print_share(&packages->none, blame->fresh.bytes);
        puts("no package");
    }
    if (others)
        printf("and %llu more package%s\n", (unsigned long long)others, li_text_s(others));
    for (size_t i = 0; i < packages->notes; i++) {
        fputs("not read: ", stdout);
        print_path(stdout, packages->note[i]);
        putchar('\n');
    }
    if (packages->notes_left_out)
        printf("and %llu more\n", (unsigned long long)packages->notes_left_out);
}

/* ---- Markdown -------------------------------------------------------------------------------- */

static void print_markdown_table(const struct li_packages *packages)
{
    size_t rows = packages->packages < ROWS ? packages->packages : ROWS;
    uint64_t others = packages->packages - rows + packages->packages_left_out;
    char size[SIZE_TEXT];

    printf("\n| new chunks | bytes | package |\n|---:|---:|---|\n");
    for (size_t i = 0; i < rows; i++) {
        const struct li_package *package = &packages->package[i];

        printf("| %llu | %s | %s ", (unsigned long long)package->fresh.chunks,
               size_text(package->fresh.bytes, size), li_package_kind_name(package->kind));
        print_markdown_code(package->name);
        if (*package->version) {
            putchar(' ');
            print_markdown_code(package->version);
        }
        printf(" |\n");
    }
    if (packages->none.chunks)
        printf("| %llu | %s | no package |\n", (unsigned long long)packages->none.chunks,
               size_text(packages->none.bytes, size));
    if (others)
        printf("\nand %llu more package%s\n", (unsigned long long)others, li_text_s(others));
}

void print_packages_markdown(const struct li_blame *blame)
{
    const struct li_packages *packages = &blame->packages;

    if (packages->packages > 0)
        print_markdown_table(packages);
    if (packages->notes > 0)
        putchar('\n');
    for (size_t i = 0; i < packages->notes; i++) {
        fputs("- not read: ", stdout);
        print_markdown_code(packages->note[i]);
        putchar('\n');
    }
    if (packages->notes_left_out)
        printf("- and %llu more\n", (unsigned long long)packages->notes_left_out);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *package_json(const struct li_package *package)
{
    return json_pack("{s:s, s:o, s:o, s:I, s:o}", "kind", li_package_kind_name(package->kind),
                     "name", path_json(package->name), "version",
                     *package->version ? path_json(package->version) : json_null(), "files",
                     (json_int_t)package->files, "new", sum_json(&package->fresh));
}

static int fill_packages(const struct li_packages *packages, json_t *list, json_t *notes,
                         struct li_error *err)
{
    int rc = list && notes ? 0 : li_fail_memory(err);

    for (size_t i = 0; i < packages->packages && rc == 0; i++)
        rc = json_add(list, package_json(&packages->package[i]), err);
    for (size_t i = 0; i < packages->notes && rc == 0; i++)
        rc = json_add(notes, path_json(packages->note[i]), err);
    return rc;
}

int add_packages_json(const struct li_packages *packages, json_t *json, struct li_error *err)
{
    json_t *list = json_array(), *notes = json_array();
    json_t *rest = json_pack("{s:I, s:o}", "files", (json_int_t)packages->none_files, "new",
                             sum_json(&packages->none));
    int rc = fill_packages(packages, list, notes, err);

    if (json_object_set_new(json, "packages", list) != 0 && rc == 0)
        rc = li_fail_memory(err);
    if (json_object_set_new(json, "packages_not_read", notes) != 0 && rc == 0)
        rc = li_fail_memory(err);
    if (json_object_set_new(json, "no_package", rest) != 0 && rc == 0)
        rc = li_fail_memory(err);
    if (rc == 0 &&
        (json_object_set_new(json, "packages_left_out",
                             json_integer((json_int_t)packages->packages_left_out)) != 0 ||
         json_object_set_new(json, "packages_left_out_bytes",
                             json_integer((json_int_t)packages->packages_left_out_bytes)) != 0))
        rc = li_fail_memory(err);
    return rc;
}
