/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores: objects under keys. A directory, a bucket, and decorators of these.
 *
 * A key is one or more components of [A-Za-z0-9._~:+=-] separated by '/', none of them "." or "..",
 * none beginning with ".tmp", 1 to LI_STORE_KEY_MAX bytes in all. An object appears whole or not at
 * all. Every function may be called from many threads at once; OUT buffers are replaced, belong to
 * the caller, and are freed by it also on failure.
 */
#ifndef LI_STORE_STORE_H
#define LI_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/env.h"
#include "base/error.h"

enum {
    LI_STORE_KEY_MAX = 1024,
    LI_STORE_OBJECT_MAX = 1 << 29, /* bytes of the largest object that may be fetched whole */
};

struct li_store;

/* Requests to a server, by kind; what stores a part of an object or asks why it was refused counts
 * as what it was sent as. */
enum li_store_request {
    LI_STORE_GET,
    LI_STORE_HEAD,
    LI_STORE_PUT, /* copies included */
    LI_STORE_LIST,
    LI_STORE_DELETE,
    LI_STORE_REQUESTS
};

/* What a store has found its server not to do, as flags: If-None-Match and If-Match on writes. */
enum { LI_STORE_LACKS_IF_ABSENT = 1, LI_STORE_LACKS_IF_MATCH = 2 };

/* What a store has asked of its server since it was opened. */
struct li_store_stats {
    uint64_t requests[LI_STORE_REQUESTS]; /* each attempt counts */
    uint64_t repeated;                    /* attempts after the first, of all of these */
    uint64_t sent, received;              /* bytes of bodies, those of failed attempts included */
};

/* Called for each key of a listing, in no order. A negative return ends the listing with it. */
typedef int li_store_visit(void *arg, const char *key, uint64_t size, struct li_error *err);

struct li_store_operations {
    /* The whole object, at most LIMIT bytes (LI_ELIMIT). LI_ENOTFOUND where there is none. */
    int (*get)(struct li_store *store, const char *key, size_t limit, struct li_buffer *out,
               struct li_error *err);
    /* LEN bytes from OFFSET, or fewer where the object ends before. */
    int (*get_range)(struct li_store *store, const char *key, uint64_t offset, size_t len,
                     struct li_buffer *out, struct li_error *err);
    /* Writes the object where there is none; returns LI_END, and changes nothing, where there is.
     */
    int (*put_if_absent)(struct li_store *store, const char *key, const void *data, size_t len,
                         struct li_error *err);
    /* Writes the object over what is there, or anew: only for repairing a chunk. */
    int (*replace)(struct li_store *store, const char *key, const void *data, size_t len,
                   struct li_error *err);
    /* Writes the object over one that still holds exactly EXPECTED; LI_ECHANGED where it does not,
     * or is gone. For pointers and root states. */
    int (*replace_if)(struct li_store *store, const char *key, const struct li_buffer *expected,
                      const void *data, size_t len, struct li_error *err);
    /* Sets present[i] for each of COUNT keys. What has no bytes, or more than MOST, is not the
     * object that is looked for, and counts as absent. */
    int (*exists)(struct li_store *store, const char *const *keys, size_t count, uint64_t most,
                  bool *present, struct li_error *err);
    /* Visits all keys that begin with PREFIX, which is "" or ends with '/'; also such as follow no
     * rule above, where others have put them there. Where DEEP is false, keys with a further '/'
     * are cut after it and visited once, with size 0, as a directory's listing shows them. */
    int (*list)(struct li_store *store, const char *prefix, bool deep, li_store_visit *visit,
                void *arg, struct li_error *err);
    /* Removes the object; LI_END where there is none. */
    int (*remove)(struct li_store *store, const char *key, struct li_error *err);
    /* Removes COUNT objects, in any order; one that is not there is no error. Whoever fails has
     * removed some of them, and may be called again with all. */
    int (*remove_many)(struct li_store *store, const char *const *keys, size_t count,
                       struct li_error *err);
    /* Copies FROM to TO where there is no TO (LI_END otherwise), without its bytes passing here
     * where the store can do that. LI_ENOTFOUND where there is no FROM. */
    int (*copy)(struct li_store *store, const char *from, const char *to, struct li_error *err);
    /* Returns when all that was put before is durable. */
    int (*flush)(struct li_store *store, struct li_error *err);
    /* See li_store_fork() and li_store_cancel(). NULL where no call waits for long. */
    int (*fork)(struct li_store *store, struct li_store **out, struct li_error *err);
    void (*cancel)(struct li_store *store);
    /* NULL where there is no server. */
    unsigned (*lacks)(struct li_store *store);
    void (*expect)(struct li_store *store, unsigned lacks);
    void (*stats)(struct li_store *store, struct li_store_stats *out);
    void (*free)(struct li_store *store);
};

struct li_store {
    const struct li_store_operations *ops;
    char *address;  /* for messages: "dir:/srv/images" */
    unsigned width; /* callers at a time that it takes to keep the store busy; at least 1 */
    /* Each question is a request to a server: who has many asks for what answers them together. */
    bool remote;
    char *identity; /* no other store has it, today or tomorrow; NULL where not REMOTE */
};

/* Opens the store at ADDRESS: "dir:PATH"; for one in a bucket see s3.h. With CREATE a directory
 * that does not exist is made. ENV must outlive it. LI_ENOTFOUND, LI_EINVALID (the address),
 * LI_EDENIED. */
int li_store_open(const char *address, bool create, const struct li_env *env, struct li_store **out,
                  struct li_error *err);

/* The operations above, with STORE's address and KEY put into errors, and KEY checked. They answer
 * with what is said above and nothing else: LI_ENOTFOUND is of get(), get_range() and of copy()'s
 * FROM, LI_ECHANGED of replace_if(), LI_END of put_if_absent(), remove() and copy(). What is
 * returned so by another, whatever it was about, is LI_EIO. */
int li_store_get(struct li_store *store, const char *key, size_t limit, struct li_buffer *out,
                 struct li_error *err);
int li_store_get_range(struct li_store *store, const char *key, uint64_t offset, size_t len,
                       struct li_buffer *out, struct li_error *err);
int li_store_put_if_absent(struct li_store *store, const char *key, const void *data, size_t len,
                           struct li_error *err);
int li_store_replace(struct li_store *store, const char *key, const void *data, size_t len,
                     struct li_error *err);
int li_store_replace_if(struct li_store *store, const char *key, const struct li_buffer *expected,
                        const void *data, size_t len, struct li_error *err);
int li_store_exists(struct li_store *store, const char *const *keys, size_t count, uint64_t most,
                    bool *present, struct li_error *err);
int li_store_list(struct li_store *store, const char *prefix, li_store_visit *visit, void *arg,
                  struct li_error *err);
/* list() with DEEP false. */
int li_store_list_shallow(struct li_store *store, const char *prefix, li_store_visit *visit,
                          void *arg, struct li_error *err);
int li_store_remove(struct li_store *store, const char *key, struct li_error *err);
int li_store_remove_many(struct li_store *store, const char *const *keys, size_t count,
                         struct li_error *err);
int li_store_copy(struct li_store *store, const char *from, const char *to, struct li_error *err);
int li_store_flush(struct li_store *store, struct li_error *err);

/* Makes another handle on the store, for work that may be called off as a whole: all is the same by
 * it but li_store_cancel(). STORE must outlive it. *OUT is NULL where no call of the store waits
 * for long, so that STORE itself will do. */
int li_store_fork(struct li_store *store, struct li_store **out, struct li_error *err);

/* Calls off what is under way by the handle FORK, which may be NULL, and all that would follow:
 * each call ends with LI_ECANCELLED at once, and whether it changed anything is not known. Other
 * handles go on. Any thread. */
void li_store_cancel(struct li_store *fork);

void li_store_stats(struct li_store *store, struct li_store_stats *out);

/* What the server was found to lack, or is expected to; 0 where there is none. Any thread. */
unsigned li_store_lacks(struct li_store *store);

/* The server lacked LACKS when another looked: what is not known better is not tried again, and
 * written without, as where that was found just now. What a server does have is written no worse
 * so, only with more requests. */
void li_store_expect(struct li_store *store, unsigned lacks);

void li_store_free(struct li_store *store); /* NULL is allowed */

#endif
