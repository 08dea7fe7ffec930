/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the disk cache share. Not for other modules. */
#ifndef LI_DISKCACHE_INTERNAL_H
#define LI_DISKCACHE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "crypto/crypto.h"
#include "diskcache/diskcache.h"

enum {
    LI_SHARDS = 16,
    LI_USES_MOST = 3,   /* uses of a chunk that are counted */
    LI_FLIGHTS = 64,    /* fetches of this process that others may wait for */
    LI_SHARD_PATH = 96, /* bytes of "S/NAME", with its NUL */
};

/* A fetch under way, whose lock others wait for. */
struct li_flight {
    uint8_t name[LI_NAME_SIZE];
    int fd; /* -1: the place is free */
};

struct li_diskcache {
    int root; /* the directory sealed-1 */
    uint64_t size;
    atomic_uint_least64_t hits, misses, stored, unstored, damaged;
    atomic_uint number;               /* of the next temporary file */
    pthread_mutex_t shard[LI_SHARDS]; /* for threads of this process; .state is for processes */
    pthread_mutex_t lock;
    struct li_flight flights[LI_FLIGHTS]; /* under LOCK */
};

/* ---- evict.c: which chunks go ---------------------------------------------------------------- */

enum li_fate { LI_STAYS, LI_MOVES, LI_GOES };

/* A file of a shard. */
struct li_copy {
    char name[2 * LI_NAME_SIZE + 1];
    uint64_t size;
    int64_t since; /* nanoseconds: when it got its place in its queue */
    unsigned uses; /* since then, at most LI_USES_MOST */
    bool main;     /* in the main queue, not in the small one */
    enum li_fate fate;
    uint64_t place; /* if it MOVES: its place in the main queue, among those that move */
};

struct li_copies {
    struct li_copy *all;
    size_t count, cap;
    uint64_t bytes[2]; /* of the small queue and of the main one */
};

/* Decides the fates of COPIES such that at most BYTES stay; the small queue gets a tenth of LIMIT.
 * What GOES already is not counted. Sorts ALL by SINCE, and brings BYTES, MAIN and USES up to date.
 * LI_ENOMEM. */
int li_evict(struct li_copies *copies, uint64_t bytes, uint64_t limit, struct li_error *err);

/* ---- shard.c: a sixteenth of the cache ------------------------------------------------------- */

/* The shard of the chunk NAME, and "S/NAME" for it. */
unsigned li_shard_of(const uint8_t name[LI_NAME_SIZE]);
void li_shard_path(const uint8_t name[LI_NAME_SIZE], char path[LI_SHARD_PATH]);

/* Reads what is in SHARD. The caller frees OUT->all. */
int li_shard_scan(const struct li_diskcache *cache, unsigned shard, struct li_copies *out,
                  struct li_error *err);

/* The state of a shard, locked. */
struct li_shard {
    struct li_diskcache *cache;
    unsigned number;
    int state;
};

/* Locks SHARD among threads and processes. LI_END if another process has it for longer than a cache
 * is worth waiting for. */
int li_shard_lock(struct li_diskcache *cache, unsigned number, struct li_shard *out,
                  struct li_error *err);
void li_shard_unlock(struct li_shard *shard);

/* Whether NAME left the small queue lately, so that it belongs in the main one. */
bool li_shard_remembers(const struct li_shard *shard, const uint8_t name[LI_NAME_SIZE]);

/* Adds BYTES to the count of the shard, and removes chunks if they are over its share now. */
int li_shard_add(struct li_shard *shard, uint64_t bytes, struct li_error *err);

/* Removes some chunks, because the disk is full. */
int li_shard_shrink(struct li_shard *shard, struct li_error *err);

/* Removes chunks until at most BYTES are left. */
int li_shard_trim(struct li_shard *shard, uint64_t bytes, struct li_error *err);

/* ---- copy.c: one chunk ----------------------------------------------------------------------- */

/* How often the file with the status ST was used since it got its place. */
unsigned li_copy_uses(const struct stat *st);

/* Reads the copy of NAME into OUT, which it replaces, and counts the use. False if there is none
 * that can be read. */
bool li_copy_read(struct li_diskcache *cache, const uint8_t name[LI_NAME_SIZE],
                  struct li_buffer *out);

/* Adds a copy of NAME, or does not: the cache's trouble is nobody else's. */
void li_copy_add(struct li_diskcache *cache, const uint8_t name[LI_NAME_SIZE],
                 const struct li_buffer *bytes);

/* Removes the copy of NAME, which failed its check. */
void li_copy_drop(struct li_diskcache *cache, const uint8_t name[LI_NAME_SIZE]);

/* ---- flight.c: one fetch for all ------------------------------------------------------------- */

/* How long somebody has waited for a fetch. */
struct li_flight_turn {
    unsigned patience;      /* milliseconds: set by who waits, the rest is zero at first */
    unsigned count;         /* naps so far */
    unsigned long long end; /* of the waiting, by the monotonic clock */
    bool over;
};

/* Waits while another process fetches NAME, but no longer than TURN's patience. Returns true if the
 * caller should look for a copy again, and call this again if there is none; false if it should
 * fetch. */
bool li_flight_wait(struct li_diskcache *cache, const uint8_t name[LI_NAME_SIZE],
                    struct li_flight_turn *turn);

/* The fetch of NAME, if there is one, has ended: nobody waits for it any more. */
void li_flight_end(struct li_diskcache *cache, const uint8_t name[LI_NAME_SIZE]);

#endif
