/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk cache: chunks that were fetched before, in a directory that all processes of a user on
 * this host share.
 *
 *     DIR/sealed-1/S/NAME      the sealed bytes of a chunk; S is the name's first digit
 *     DIR/sealed-1/S/.state    how much is in this sixteenth, and which chunks it had lately
 *     DIR/sealed-1/.fetching   locks of the chunks that are being fetched
 *
 * It holds what the store holds, so it needs no key, and its reader checks each chunk anew. It can
 * be wrong, full, slow or gone: that costs time, and never a read. There is no daemon, no journal
 * and no sync. A file appears whole; what a crash damages fails its check and is dropped.
 *
 * Chunks leave by S3-FIFO (Yang et al., SOSP 2023). One that was not asked for again soon after it
 * came goes first, so an image that is read once does not push out what many mounts use. The queues
 * need no index: a file's modification time says since when it has its place; that it may not be
 * written, that it is in the main queue; and the seconds by which its access time is later, how
 * often it was used since.
 *
 * Every function may be called from many threads at once, except open and free.
 */
#ifndef LI_DISKCACHE_DISKCACHE_H
#define LI_DISKCACHE_DISKCACHE_H

#include <stdint.h>

#include "base/error.h"
#include "sealed/sealed.h"

enum {
    LI_DISKCACHE_LEAST = 64 << 20, /* bytes that a cache of a user should have at least */
};

struct li_diskcache;

/* Opens the cache in DIRECTORY, which is made, with mode 0700, if it does not exist. SIZE is how
 * many bytes the chunks may take; caches of other processes in the same directory may have other
 * sizes, and each keeps to its own. LI_EDENIED if others may write to the directory, or it belongs
 * to another user: they could replace directories by links. LI_ENOTFOUND if a part of the path is
 * not a directory, LI_EIO, LI_ENOMEM. */
int li_diskcache_open(const char *directory, uint64_t size, struct li_diskcache **out,
                      struct li_error *err);
void li_diskcache_free(struct li_diskcache *cache); /* NULL is allowed */

/* The SIZE it was opened with. */
uint64_t li_diskcache_size(const struct li_diskcache *cache);

/* INNER with CACHE in front of it. Both are borrowed, and must outlive it. What it gets from CACHE
 * is marked as a copy, and INNER hears nothing about it. Of several processes that miss the same
 * chunk, one fetches it, and the others wait for that, up to 3 seconds, and up to a quarter of
 * DEADLINE, the seconds within which a chunk must come; 0: there is no such limit. LI_ENOMEM. */
int li_sealed_diskcache_new(struct li_sealed *inner, struct li_diskcache *cache, unsigned deadline,
                            struct li_sealed **out, struct li_error *err);

/* What this process did with the cache so far. */
struct li_diskcache_counts {
    uint64_t hits;     /* chunks that were there */
    uint64_t misses;   /* chunks that were not */
    uint64_t stored;   /* chunks that were added */
    uint64_t unstored; /* chunks that could not be added: the disk is full, read-only or slow */
    uint64_t damaged;  /* copies that were dropped because they failed a check */
};

void li_diskcache_counts(const struct li_diskcache *cache, struct li_diskcache_counts *out);

/* What is in the cache now. */
struct li_diskcache_usage {
    uint64_t bytes;
    uint64_t chunks;
    uint64_t main_bytes; /* of these, in the main queue */
    uint64_t main_chunks;
};

int li_diskcache_usage(struct li_diskcache *cache, struct li_diskcache_usage *out,
                       struct li_error *err);

/* Removes chunks until at most BYTES are left, those first that would go first anyway. Files that
 * were left behind half-written go as well. */
int li_diskcache_trim(struct li_diskcache *cache, uint64_t bytes, struct li_error *err);

#endif
