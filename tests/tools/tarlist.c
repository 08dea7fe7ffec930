/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tarlist own|libarchive TAR...: what lib/tar or libarchive sees in each tar, in the lines of
 * taritem.h, with "tar NAME" before and "end" or "error TEXT" behind them. tardump TAR... does the
 * same by Go's archive/tar, so diff(1) shows where two readers differ.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "tests/tools/tarfile.h"
#include "tests/tools/taritem.h"

static void print(const char *name, const struct tar_list *list)
{
    printf("tar %s\n", name);
    for (size_t i = 0; i < list->count; i++)
        puts(list->items[i].text);
    if (list->error)
        printf("error %s\n", list->error);
    else
        puts("end");
}

int main(int argc, char **argv)
{
    bool own = argc > 1 && strcmp(argv[1], "own") == 0;

    if (!own && (argc < 2 || strcmp(argv[1], "libarchive") != 0))
        errx(2, "usage: tarlist own|libarchive TAR...");
    for (int i = 2; i < argc; i++) {
        struct tar_list list = {0};
        struct tar_file file;

        tar_file_read(argv[i], &file);
        (own ? tar_list_own : tar_list_archive)(file.data, file.len, TAR_DATA_MAX, &list);
        print(argv[i], &list);
        tar_list_free(&list);
        tar_file_free(&file);
    }
    if (fflush(stdout) != 0)
        err(1, "standard output");
    return 0;
}
