/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores: objects under keys. A directory, a bucket, and decorators of these.
 *
 * A key is one or more components of [A-Za-z0-9._~:+=-] separated by '/', none of them "." or "..",
 * none beginning with ".tmp", 1 to LI_STORE_KEY_MAX bytes in all. An object appears whole or not at
 * all. Every function may be called from many threads at once. OUT buffers are replaced and belong
 * to the caller, who frees them also on failure.
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

/* Requests to a server, by kind. A request for a part of an object, or for the reason of a refusal,
 * counts under its own method. */
enum li_store_request {
    LI_STORE_GET,
    LI_STORE_HEAD,
    LI_STORE_PUT, /* copies included */
    LI_STORE_LIST,
    LI_STORE_DELETE,
    LI_STORE_REQUESTS
};

/* Conditions that a server was found not to honour, as flags: If-None-Match and If-Match on writes.
 */
enum { LI_STORE_LACKS_IF_ABSENT = 1, LI_STORE_LACKS_IF_MATCH = 2 };

/* The requests of a store since it was opened. */
struct li_store_stats {
    uint64_t requests[LI_STORE_REQUESTS]; /* each attempt counts */
    uint64_t repeated;                    /* attempts after the first, of all kinds */
    uint64_t sent, received;              /* bytes of bodies, including those of failed attempts */
};

/* Called for each key of a listing, in no order. A negative return ends the listing with it. */
typedef int li_store_visit(void *arg, const char *key, uint64_t size, struct li_error *err);

/* The time of an object whose store does not say when it was written. */
#define LI_STORE_NO_TIME INT64_MIN

/* What a listing says of an object, valid during the visit only. */
struct li_store_object {
    const char *key;
    uint64_t size;    /* bytes */
    int64_t modified; /* when it was written by the store's clock, in nanoseconds since 1970, or
                         LI_STORE_NO_TIME. A copy of the store may have the time of the copy */
};

/* As li_store_visit, for who wants to know more. */
typedef int li_store_visit_object(void *arg, const struct li_store_object *object,
                                  struct li_error *err);

struct li_store_operations {
    /* The whole object, at most LIMIT bytes (LI_ELIMIT). LI_ENOTFOUND if it does not exist. */
    int (*get)(struct li_store *store, const char *key, size_t limit, struct li_buffer *out,
               struct li_error *err);
    /* LEN bytes from OFFSET, or fewer if the object ends before. */
    int (*get_range)(struct li_store *store, const char *key, uint64_t offset, size_t len,
                     struct li_buffer *out, struct li_error *err);
    /* Writes the object if it does not exist. Returns LI_END, and changes nothing, if it does. */
    int (*put_if_absent)(struct li_store *store, const char *key, const void *data, size_t len,
                         struct li_error *err);
    /* Writes the object whether it exists or not: only for repairing a chunk. */
    int (*replace)(struct li_store *store, const char *key, const void *data, size_t len,
                   struct li_error *err);
    /* Writes the object if it still holds exactly EXPECTED; LI_ECHANGED if it does not, or is gone.
     * For pointers and root states. */
    int (*replace_if)(struct li_store *store, const char *key, const struct li_buffer *expected,
                      const void *data, size_t len, struct li_error *err);
    /* Sets present[i] for each of COUNT keys. An object that is empty, or has more than MOST bytes,
     * cannot be the right one, and counts as absent. */
    int (*exists)(struct li_store *store, const char *const *keys, size_t count, uint64_t most,
                  bool *present, struct li_error *err);
    /* Visits all keys that begin with PREFIX, which is "" or ends with '/'. If others have stored
     * objects under keys that break the rules above, these are visited, too. If DEEP is false, keys
     * with a further '/' are cut after it and visited once, with size 0 and no time, like in a
     * directory listing. */
    int (*list)(struct li_store *store, const char *prefix, bool deep, li_store_visit_object *visit,
                void *arg, struct li_error *err);
    /* Removes the object; LI_END if it does not exist. */
    int (*remove)(struct li_store *store, const char *key, struct li_error *err);
    /* Removes COUNT objects, in any order. A missing object is not an error. A call that failed has
     * removed some of them, and may be repeated with all. */
    int (*remove_many)(struct li_store *store, const char *const *keys, size_t count,
                       struct li_error *err);
    /* Copies FROM to TO if TO does not exist (LI_END otherwise). If the store can do so, the bytes
     * do not pass through this process. LI_ENOTFOUND if FROM does not exist. */
    int (*copy)(struct li_store *store, const char *from, const char *to, struct li_error *err);
    /* Returns when everything that was put before is durable. */
    int (*flush)(struct li_store *store, struct li_error *err);
    /* See li_store_fork() and li_store_cancel(). NULL if no call waits for long. */
    int (*fork)(struct li_store *store, struct li_store **out, struct li_error *err);
    void (*cancel)(struct li_store *store);
    /* NULL if there is no server. */
    unsigned (*lacks)(struct li_store *store);
    void (*expect)(struct li_store *store, unsigned lacks);
    void (*stats)(struct li_store *store, struct li_store_stats *out);
    void (*free)(struct li_store *store);
};

struct li_store {
    const struct li_store_operations *ops;
    char *address;  /* for messages: "dir:/srv/images" */
    unsigned width; /* how many callers at a time keep the store busy; at least 1 */
    /* Each question is a request to a server, so it is better to ask many questions together. */
    bool remote;
    struct li_store_activity *activity; /* the store's; NULL: no operation can hang */
    bool explains;  /* its errors name the address and the key, as those of another store do */
    char *identity; /* tells the store from all others, now and later; NULL if not REMOTE */
};

/* Opens the store at ADDRESS: "dir:PATH"; for a bucket see s3.h. CREATE makes a directory that does
 * not exist. ENV must outlive it. LI_ENOTFOUND, LI_EINVALID (the address), LI_EDENIED. */
int li_store_open(const char *address, bool create, const struct li_env *env, struct li_store **out,
                  struct li_error *err);

/* For an implementation: the time of an object, or LI_STORE_NO_TIME if it cannot be expressed. */
int64_t li_store_time(int64_t seconds, int64_t nanoseconds);

/* The operations above. They check KEY, and put STORE's address and KEY into errors. They return
 * only the codes listed above as answers: LI_ENOTFOUND only from get(), get_range() and for
 * copy()'s FROM; LI_ECHANGED only from replace_if(); LI_END only from put_if_absent(), remove() and
 * copy(). Such a code from any other operation becomes LI_EIO. */
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
int li_store_list_objects(struct li_store *store, const char *prefix, li_store_visit_object *visit,
                          void *arg, struct li_error *err);
/* list() with DEEP false. */
int li_store_list_shallow(struct li_store *store, const char *prefix, li_store_visit *visit,
                          void *arg, struct li_error *err);
int li_store_remove(struct li_store *store, const char *key, struct li_error *err);
int li_store_remove_many(struct li_store *store, const char *const *keys, size_t count,
                         struct li_error *err);
int li_store_copy(struct li_store *store, const char *from, const char *to, struct li_error *err);
int li_store_flush(struct li_store *store, struct li_error *err);

/* Makes another handle on the store, for work that may be cancelled as a whole. The handles differ
 * only in li_store_cancel(). STORE must outlive it. *OUT is NULL if no call of the store waits for
 * long; use STORE itself then. */
int li_store_fork(struct li_store *store, struct li_store **out, struct li_error *err);

/* Cancels all calls of the handle FORK, which may be NULL, now and in future. Each ends with
 * LI_ECANCELLED at once, and may or may not have changed something. Other handles continue. Any
 * thread. */
void li_store_cancel(struct li_store *fork);

void li_store_stats(struct li_store *store, struct li_store_stats *out);

/* What the server was found to lack, or is expected to lack; 0 if there is no server. Any thread.
 */
unsigned li_store_lacks(struct li_store *store);

/* Says that the server lacked LACKS when another process looked. Unless the store knows better, it
 * does not try these conditions, and writes without them, as if it had just found this. Writes stay
 * correct if the server does honour them, but take more requests. */
void li_store_expect(struct li_store *store, unsigned lacks);

/* Sets *RUNNING to the number of operations under way, and *STEPS to a number that grows as long as
 * they make progress. A step is the end of an operation, an entry of a listing, or 256 KiB. Both
 * are 0 for a server: its operations end by themselves, because requests can be given up. Any
 * thread. */
void li_store_activity(struct li_store *store, uint64_t *running, uint64_t *steps);

void li_store_free(struct li_store *store); /* NULL is allowed */

#endif
