/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tardump TAR... | tarcheck: compares what lib/tar sees in each tar with what Go's archive/tar
 * sees, as tardump lists it, and with what libarchive sees. Prints each difference that is of no
 * class, and at the end how many there are of each. Exit status 1: there is one of no class.
 *
 * tarcheck -v also names the classes of each tar; tarcheck -l prints all classes and their reasons.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/tarclass.h"
#include "tests/tools/tarfile.h"

enum { READERS = 2, CLASSES_MAX = 100 };

struct check {
    const char *name; /* of the tar */
    const char *reader;
    bool verbose;
    unsigned long tars, same[READERS], unnamed;
    unsigned long counts[CLASSES_MAX];
};

static const char *const reader_names[] = {"Go", "libarchive"};

static const char *tell(const struct tar_item *item, const char *error)
{
    return item ? item->text : error ? error : "the end";
}

static void differ(void *arg, const struct tar_class *class, const struct tar_difference *d)
{
    struct check *check = arg;

    if (class)
        check->counts[class - tar_classes]++;
    else
        check->unnamed++;
    if (class && !check->verbose)
        return;
    printf("%s: %s\n", check->name, class ? class->name : "a difference of no class");
    printf("    lib/tar: %s\n", tell(d->own, d->own_error));
    printf("    %s: %s\n", check->reader, tell(d->other, d->other_error));
}

static void check_tar(struct check *check, const struct tar_list *by_go)
{
    struct tar_list own = {0}, by_libarchive = {0};
    const struct tar_list *others[READERS] = {by_go, &by_libarchive};
    struct tar_file file;

    tar_file_read(check->name, &file);
    tar_list_own(file.data, file.len, &own);
    tar_list_archive(file.data, file.len, &by_libarchive);
    check->tars++;
    for (int i = 0; i < READERS; i++) {
        check->reader = reader_names[i];
        check->same[i] +=
            tar_compare(file.data, file.len, &own, others[i], (enum tar_reader)i, differ, check);
    }
    tar_list_free(&own);
    tar_list_free(&by_libarchive);
    tar_file_free(&file);
}

/* The lines of tardump, a tar each time that one ends. */
static void check_all(struct check *check)
{
    struct tar_list list = {0};
    char *line = NULL, *name = NULL;
    size_t cap = 0;
    ssize_t len;

    while ((len = getline(&line, &cap, stdin)) > 0) {
        line[len - 1] = '\0';
        if (strncmp(line, "tar ", 4) == 0) {
            check->name = name = strdup(line + 4);
        } else if (strncmp(line, "error ", 6) == 0 || strcmp(line, "end") == 0) {
            if (line[1] == 'r')
                tar_list_fail(&list, line + 6);
            check_tar(check, &list);
            tar_list_free(&list);
            free(name);
            name = NULL;
        } else {
            tar_list_add_text(&list, line);
        }
    }
    if (name)
        errx(1, "%s: the list is cut short", name);
    free(line);
}

static void print_classes(void)
{
    for (const struct tar_class *c = tar_classes; c->name; c++)
        printf("%s, %s: %s\n", c->name, reader_names[c->reader], c->why);
}

static void print_counts(const struct check *check)
{
    printf("tars: %lu\n", check->tars);
    for (int i = 0; i < READERS; i++)
        printf("same as %s: %lu\n", reader_names[i], check->same[i]);
    for (const struct tar_class *c = tar_classes; c->name; c++)
        if (check->counts[c - tar_classes] > 0)
            printf("%s, %s: %lu\n", c->name, reader_names[c->reader],
                   check->counts[c - tar_classes]);
    printf("of no class: %lu\n", check->unnamed);
}

int main(int argc, char **argv)
{
    struct check check = {.verbose = argc > 1 && strcmp(argv[1], "-v") == 0};

    if (argc > 1 && strcmp(argv[1], "-l") == 0) {
        print_classes();
    } else if (argc > 1 && !check.verbose) {
        errx(2, "usage: tardump TAR... | tarcheck [-v]; tarcheck -l");
    } else {
        check_all(&check);
        print_counts(&check);
    }
    if (fflush(stdout) != 0)
        err(1, "standard output");
    return check.unnamed > 0;
}
