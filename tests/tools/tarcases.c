/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tarcases DIR: writes the tars of tarcases.h as DIR/NAME.tar, and to DIR/own, DIR/go and
 * DIR/classes what tarlist, tardump and tarcheck -v must say of them, in the order of DIR/names.
 * Errors are not told from each other.
 */
#include "tests/tools/tarcases.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

#include "tests/tools/tarfile.h"

struct tar_header tar_case_header(const char *name, char type)
{
    struct tar_header h = {.mode = 0644, .type = type, .magic = TAR_USTAR};

    snprintf(h.name, sizeof(h.name), "%s", name);
    return h;
}

void tar_case_file(struct li_buffer *tar, struct tar_header header, const char *text)
{
    header.size = (int64_t)strlen(text);
    tar_put_header(tar, &header);
    tar_append(tar, text, strlen(text));
    tar_pad(tar);
}

void tar_case_next(struct li_buffer *tar)
{
    tar_case_file(tar, tar_case_header("next", '0'), "two\n");
}

void tar_case_put_records(struct li_buffer *tar, const char *const *records)
{
    struct li_buffer all = {0};

    for (; *records; records += 2)
        tar_record_text(&all, records[0], records[1]);
    tar_put_special(tar, 'x', all.data, all.len);
    li_buffer_free(&all);
}

static FILE *create(const char *dir, const char *name)
{
    char path[4096];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    out = fopen(path, "w");
    if (!out)
        err(1, "%s", path);
    return out;
}

static void put_lines(FILE *out, const char *name, const char *lines)
{
    size_t len = strlen(lines);

    fprintf(out, "tar %s.tar\n%s", name, lines);
    if (len < 6 || strcmp(lines + len - 6, "error\n") != 0)
        fprintf(out, "end\n");
}

static void write_cases(const struct tar_case *c, const char *dir, FILE *lists[4])
{
    static const uint8_t end[2 * TAR_BLOCK];
    struct li_buffer tar = {0};

    for (; c->name; c++) {
        char path[4096];

        tar.len = 0;
        c->make(&tar);
        tar_append(&tar, end, sizeof(end));
        snprintf(path, sizeof(path), "%s/%s.tar", dir, c->name);
        tar_file_write(path, tar.data, tar.len);
        fprintf(lists[0], "%s.tar\n", c->name);
        put_lines(lists[1], c->name, c->lines);
        put_lines(lists[2], c->name, c->go ? c->go : c->lines);
        fprintf(lists[3], "%s.tar: %s\n", c->name, c->classes);
    }
    li_buffer_free(&tar);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"names", "own", "go", "classes"};
    FILE *lists[4];

    if (argc != 2)
        errx(2, "usage: tarcases DIR");
    for (int i = 0; i < 4; i++)
        lists[i] = create(argv[1], names[i]);
    write_cases(tar_cases_formats, argv[1], lists);
    write_cases(tar_cases_sizes, argv[1], lists);
    write_cases(tar_cases_sparse, argv[1], lists);
    for (int i = 0; i < 4; i++)
        if (fclose(lists[i]) != 0)
            err(1, "%s", names[i]);
    return 0;
}
