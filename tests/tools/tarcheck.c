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

enum { CLASSES_MAX = 40 };

/* A reader that lib/tar is compared with. */
struct reader {
    const char *name;
    const struct tar_class *classes;
    unsigned long same, unnamed, counts[CLASSES_MAX];
};

struct check {
    struct reader go, libarchive;
    const char *tar; /* the one at hand */
    unsigned long tars;
    bool verbose;
};

/* What the comparison with one reader is told with. */
struct telling {
    struct check *check;
    struct reader *reader;
};

static const char *tell(const struct tar_item *item, const char *error)
{
    return item ? item->text : error ? error : "the end";
}

static void differ(void *arg, const struct tar_class *class, const struct tar_difference *d)
{
    const struct telling *t = arg;

    if (class)
        t->reader->counts[class - t->reader->classes]++;
    else
        t->reader->unnamed++;
    if (class && !t->check->verbose)
        return;
    printf("%s: not as %s: %s\n", t->check->tar, t->reader->name,
           class ? class->name : "a difference of no class");
    printf("    lib/tar: %s\n", tell(d->own, d->own_error));
    printf("    %s: %s\n", t->reader->name, tell(d->other, d->other_error));
}

static void compare(struct check *check, struct reader *reader, const struct tar_file *file,
                    const struct tar_list *own, const struct tar_list *other)
{
    struct telling t = {check, reader};

    reader->same += tar_compare(file->data, file->len, own, other, reader->classes, differ, &t);
}

static void check_tar(struct check *check, const struct tar_list *by_go)
{
    struct tar_list own = {0}, by_libarchive = {0};
    struct tar_file file;

    tar_file_read(check->tar, &file);
    tar_list_own(file.data, file.len, TAR_DATA_MAX, &own);
    tar_list_archive(file.data, file.len, TAR_DATA_MAX, &by_libarchive);
    check->tars++;
    compare(check, &check->go, &file, &own, by_go);
    compare(check, &check->libarchive, &file, &own, &by_libarchive);
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
            check->tar = name = strdup(line + 4);
            if (!name)
                err(1, "tarcheck");
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

static void print_classes(const struct reader *reader)
{
    printf("Where lib/tar may differ from %s:\n", reader->name);
    for (const struct tar_class *c = reader->classes; c->name; c++)
        printf("    %s: %s\n", c->name, c->why);
}

static void print_counts(const struct reader *reader)
{
    printf("same as %s: %lu\n", reader->name, reader->same);
    for (const struct tar_class *c = reader->classes; c->name; c++)
        if (reader->counts[c - reader->classes] > 0)
            printf("    %s: %lu\n", c->name, reader->counts[c - reader->classes]);
    printf("    of no class: %lu\n", reader->unnamed);
}

/* There must be a count for each class. */
static void check_classes(const struct reader *reader)
{
    size_t n = 0;

    while (reader->classes[n].name)
        n++;
    if (n > CLASSES_MAX)
        errx(1, "%s: %zu classes, and room for the counts of %d", reader->name, n, CLASSES_MAX);
}

int main(int argc, char **argv)
{
    struct check check = {
        .go = {.name = "Go", .classes = tar_classes_go},
        .libarchive = {.name = "libarchive", .classes = tar_classes_libarchive},
        .verbose = argc > 1 && strcmp(argv[1], "-v") == 0,
    };

    check_classes(&check.go);
    check_classes(&check.libarchive);
    if (argc > 1 && strcmp(argv[1], "-l") == 0) {
        print_classes(&check.go);
        print_classes(&check.libarchive);
    } else if (argc > 1 && !check.verbose) {
        errx(2, "usage: tardump TAR... | tarcheck [-v]; tarcheck -l");
    } else {
        check_all(&check);
        printf("tars: %lu\n", check.tars);
        print_counts(&check.go);
        print_counts(&check.libarchive);
    }
    if (fflush(stdout) != 0)
        err(1, "standard output");
    return check.go.unnamed + check.libarchive.unnamed > 0;
}
