/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store in a directory: "dir:PATH". A key is a path below it. This header is for store.c and
 * for the files of this store.
 */
#ifndef LI_STORE_DIRECTORY_H
#define LI_STORE_DIRECTORY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/env.h"
#include "store/activity.h"
#include "store/store.h"

/* The prefix of names that are not objects: temporary files, and the lock of replace_if(). */
#define LI_DIRECTORY_TEMPORARY ".tmp"

enum { LI_DIRECTORY_STEP = 1 << 18 /* bytes that are read or written in one step */ };

struct li_directory {
    struct li_store store; /* first, so that the pointers can be converted */
    struct li_store_activity activity;
    const struct li_env *env;
    int root;
    /* Set if files without a name cannot be used, because the file system lacks them or /proc is
     * missing. */
    atomic_bool named_only;
    atomic_uint counter; /* of temporary names */
    pthread_mutex_t flushing;
    bool swept; /* under flushing */
    pthread_mutex_t lock;
    char **changed; /* directories that need an fsync, sorted; under lock, like the fields below */
    size_t changed_count;
    size_t changed_cap;
};

/* Opens the store at PATH; see li_store_open(). */
int li_directory_open(const char *path, bool create, const struct li_env *env,
                      struct li_store **out, struct li_error *err);

/* Opens the directory that holds KEY, without following symbolic links; MAKE creates missing ones.
 * The caller closes *FD. *NAME is the last part of KEY. LI_ENOTFOUND if a directory is missing;
 * with MAKE, if one was removed at the same moment. */
int li_directory_parent(struct li_directory *d, const char *key, bool make, int *fd,
                        const char **name, struct li_error *err);

/* The regular file NAME in PARENT, open for reading, and its size. */
int li_directory_file(int parent, const char *name, int *fd, uint64_t *size, struct li_error *err);

/* Notes that the directory of KEY, and those above it, must be durable before flush() returns. Call
 * it after the change. */
int li_directory_changed(struct li_directory *d, const char *key, struct li_error *err);

/* A file that becomes an object. Begin with {-1, ""}, and close it in every case. */
struct li_directory_temporary {
    int fd;
    char name[48]; /* in the root; "" if it has none */
};

/* Opens one to be linked into PARENT, without a name if possible. LI_ENOTFOUND if PARENT was
 * removed. */
int li_directory_temporary_open(struct li_directory *d, int parent,
                                struct li_directory_temporary *t, struct li_error *err);

/* Opens one with a name, to be renamed later. */
int li_directory_temporary_open_named(struct li_directory *d, struct li_directory_temporary *t,
                                      struct li_error *err);

/* Write the bytes, or those of the file FROM, which has SIZE bytes, and make them durable. */
int li_directory_temporary_fill(struct li_directory *d, const struct li_directory_temporary *t,
                                const void *data, size_t len, struct li_error *err);
int li_directory_temporary_copy(struct li_directory *d, const struct li_directory_temporary *t,
                                int from, uint64_t size, struct li_error *err);

/* Gives the finished file its name; LI_END if the name is taken. */
int li_directory_temporary_link(struct li_directory *d, struct li_directory_temporary *t,
                                int parent, const char *name, struct li_error *err);

/* Renames one that was opened with a name, and replaces an existing file. */
int li_directory_temporary_rename(struct li_directory *d, struct li_directory_temporary *t,
                                  int parent, const char *name, struct li_error *err);

/* Closes it. Without a final name, the file is gone then. */
void li_directory_temporary_close(struct li_directory *d, struct li_directory_temporary *t);

/* The operations, as in store.h. */
int li_directory_put_if_absent(struct li_store *store, const char *key, const void *data,
                               size_t len, struct li_error *err);
int li_directory_replace(struct li_store *store, const char *key, const void *data, size_t len,
                         struct li_error *err);
int li_directory_replace_if(struct li_store *store, const char *key,
                            const struct li_buffer *expected, const void *data, size_t len,
                            struct li_error *err);
int li_directory_remove(struct li_store *store, const char *key, struct li_error *err);
int li_directory_copy(struct li_store *store, const char *from, const char *to,
                      struct li_error *err);
int li_directory_list(struct li_store *store, const char *prefix, bool deep,
                      li_store_visit_object *visit, void *arg, struct li_error *err);
int li_directory_flush(struct li_store *store, struct li_error *err);

#endif
