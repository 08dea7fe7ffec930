/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary directories for unit tests, and looking into and removing trees. */
#ifndef LI_TESTS_TREE_H
#define LI_TESTS_TREE_H

#include "unit.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int tree_remove_entry(const char *path, const struct stat *st, int type,
                                    struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline void tree_remove(const char *dir)
{
    assert_int_equal(nftw(dir, tree_remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* A new directory, in 64 bytes at DIR. */
static inline void tree_make(char dir[64])
{
    strcpy(dir, "/tmp/unit-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

/* DIR and NAME joined; the caller frees it. */
static inline char *tree_path(const char *dir, const char *name)
{
    size_t len = strlen(dir) + strlen(name) + 2;
    char *path = malloc(len);

    assert_non_null(path);
    snprintf(path, len, "%s/%s", dir, name);
    return path;
}

static inline void tree_write(const char *dir, const char *name, const void *data, size_t len)
{
    char *path = tree_path(dir, name);
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    free(path);
}

static inline bool tree_has(const char *dir, const char *name)
{
    char *path = tree_path(dir, name);
    bool has = access(path, F_OK) == 0;

    free(path);
    return has;
}

/* Files and directories below a directory, itself included. nftw() has no argument to pass. */
static size_t tree_counted __attribute__((unused));

static inline int tree_count_entry(const char *path, const struct stat *st, int type,
                                   struct FTW *ftw)
{
    (void)path, (void)st, (void)type, (void)ftw;
    tree_counted++;
    return 0;
}

static inline size_t tree_count(const char *dir)
{
    tree_counted = 0;
    assert_int_equal(nftw(dir, tree_count_entry, 16, FTW_PHYS), 0);
    return tree_counted;
}

#endif
