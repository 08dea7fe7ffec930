/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of sealed chunks: the repository, and decorators of it.
 *
 * A source gives the sealed bytes of a chunk by its name. It never opens a chunk, and cannot: it
 * never gets a key. Only the opener finds out whether the bytes are right (opener.h), and tells the
 * source. So a cache, a second level of caches, or a counter is one more source in front of
 * another, and holds or passes on sealed bytes only.
 *
 * Every function may be called from many threads at once. A decorator borrows its inner source.
 */
#ifndef LI_SEALED_SEALED_H
#define LI_SEALED_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "crypto/crypto.h"
#include "kms/kms.h"
#include "repo/repo.h"

struct li_sealed;

/* Which chunk. */
struct li_sealed_chunk {
    uint8_t
        root[LI_ID_SIZE]; /* where to look first: the root that the chunk's manifest was made in */
    uint8_t name[LI_NAME_SIZE];
    bool fresh; /* no copy will do, because one has failed its checks */
};

/* The result of a get(). */
struct li_sealed_object {
    struct li_buffer bytes;
    bool there;
    bool copy;                /* a cache had it: that it is bad says nothing about what is stored */
    uint8_t root[LI_ID_SIZE]; /* the root that has it, if THERE; of a copy, the chunk's */
};

/* The fate of a chunk that was asked for. */
enum li_sealed_health {
    LI_SEALED_UNKNOWN, /* it could not be examined: nothing is known about it */
    LI_SEALED_SOUND,   /* it passed all checks */
    LI_SEALED_MISSING, /* no root has it */
    LI_SEALED_DAMAGED, /* it fails a check, is too long, or is on a bad sector */
};

struct li_sealed_finding {
    enum li_sealed_health health;
    size_t bytes;             /* sealed bytes that were fetched */
    uint8_t root[LI_ID_SIZE]; /* that has it, if SOUND or DAMAGED */
};

struct li_sealed_operations {
    /* Fetches the sealed bytes of CHUNK, at most LI_SEAL_MAX_SIZE, into OUT. Its bytes are
     * replaced; the caller frees them, also on failure. That no root has the chunk is an answer:
     * THERE is false, and 0 is returned. On failure with THERE set, the object could not be read;
     * without, nothing is known about it. */
    int (*get)(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
               struct li_sealed_object *out, struct li_error *err);
    /* COUNT chunks will be asked for soon. A source that can use this hint starts work and does not
     * wait. A decorator passes on the chunks that it does not have. NULL: the hint is ignored. */
    void (*want)(struct li_sealed *sealed, const struct li_sealed_chunk *chunks, size_t count);
    /* The fate of OBJECT, which get() gave for CHUNK: after each get(), in the same thread, whether
     * it failed or not. A source counts it, traces it, keeps a copy of it, or drops its own copy. A
     * decorator passes on what its inner source gave. NULL: it is ignored. */
    void (*used)(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                 const struct li_sealed_object *object, const struct li_sealed_finding *finding);
    void (*free)(struct li_sealed *sealed);
};

struct li_sealed {
    const struct li_sealed_operations *ops;
    const char *address; /* of the store behind all sources; for messages, borrowed */
};

/* The operation above: 0 or a failure; a positive value becomes LI_EIO. It clears OUT first, but
 * keeps the memory of its bytes. */
int li_sealed_get(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                  struct li_sealed_object *out, struct li_error *err);

/* The operation above, if the source has it. CHUNKS are read during the call only. */
void li_sealed_want(struct li_sealed *sealed, const struct li_sealed_chunk *chunks, size_t count);

/* The operation above, if the source has it. For openers, and for decorators that pass it on. */
void li_sealed_used(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                    const struct li_sealed_object *object, const struct li_sealed_finding *finding);

/* Frees this source, but not its inner source. No call may be under way. */
void li_sealed_free(struct li_sealed *sealed); /* NULL is allowed */

/* ---- the sources ---- */

/* The store of REPO, which is borrowed and must outlive it. Each get() looks in the chunk's root,
 * then in newer ones. REPO may be a handle of li_repo_fork(), which makes the source cancellable.
 * LI_ENOMEM. */
int li_sealed_origin_new(struct li_repo *repo, struct li_sealed **out, struct li_error *err);

/* The same, but get() looks in the chunk's root only, and never lists the roots. For a push, which
 * stores a chunk into its own root wherever else it is. */
int li_sealed_root_new(struct li_repo *repo, struct li_sealed **out, struct li_error *err);

/* Counts the gets that it passes to INNER, which is borrowed and must outlive it. LI_ENOMEM. */
int li_sealed_counted_new(struct li_sealed *inner, struct li_sealed **out, struct li_error *err);

struct li_sealed_counts {
    uint64_t sound;  /* chunks that passed all checks; a chunk that is fetched twice counts twice */
    uint64_t bytes;  /* sealed bytes of these */
    uint64_t copies; /* chunks that a cache had, and that passed all checks; not in SOUND */
    uint64_t failures; /* chunks that did not pass, for any reason, but for copies */
};

/* The counts so far of COUNTED, which li_sealed_counted_new() made. Any thread. */
void li_sealed_counts(struct li_sealed *counted, struct li_sealed_counts *out);

#endif
