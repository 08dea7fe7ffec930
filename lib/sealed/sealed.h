/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of sealed chunks: the repository, and decorators of it.
 *
 * A source gives the sealed bytes of a chunk by its name. It never opens one, and cannot: no key
 * reaches it. Whether the bytes are right only the opener finds out (opener.h), which tells the
 * source. So a cache, a second level of caches or a counter is one more source in front of another,
 * and what it holds or passes on is sealed.
 *
 * Every function may be called from many threads at once. A decorator borrows what it stands
 * before.
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
    uint8_t root[LI_ID_SIZE]; /* looked in first: the root that the chunk's manifest was born in */
    uint8_t name[LI_NAME_SIZE];
};

/* What was found of it. */
struct li_sealed_object {
    struct li_buffer bytes;
    bool there;
    uint8_t root[LI_ID_SIZE]; /* that has it, where it is there */
};

/* What became of a chunk that was asked for. */
enum li_sealed_health {
    LI_SEALED_UNKNOWN, /* it could not be looked at: nothing is known about it */
    LI_SEALED_SOUND,   /* it passed all checks */
    LI_SEALED_MISSING, /* no root has it */
    LI_SEALED_DAMAGED, /* it fails a check, is too long, or lies on a bad sector */
};

struct li_sealed_finding {
    enum li_sealed_health health;
    size_t bytes;             /* sealed, that were fetched */
    uint8_t root[LI_ID_SIZE]; /* that has it, where it is SOUND or DAMAGED */
};

struct li_sealed_operations {
    /* Fetches the sealed bytes of CHUNK, at most LI_SEAL_MAX_SIZE, into OUT, whose bytes are
     * replaced, and freed by the caller also on failure. That no root has the chunk is an answer:
     * THERE is false, and 0 is returned. Where it fails with THERE set, the object could not be
     * read; else nothing is known about it. */
    int (*get)(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
               struct li_sealed_object *out, struct li_error *err);
    /* COUNT chunks will be asked for soon. A source that can make use of that begins, and does not
     * wait; it need not. A decorator passes on what it does not have. NULL: nothing is done. */
    void (*want)(struct li_sealed *sealed, const struct li_sealed_chunk *chunks, size_t count);
    /* What became of CHUNK, after each get(), in the same thread and whether it failed or not: what
     * counts, traces, or must drop what it holds, learns it here. A decorator passes it on. NULL:
     * nobody wants to know. */
    void (*used)(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                 const struct li_sealed_finding *finding);
    void (*free)(struct li_sealed *sealed);
};

struct li_sealed {
    const struct li_sealed_operations *ops;
    const char *address; /* of the store that has the chunks at last; for messages, borrowed */
};

/* The operation above: 0 or a failure, since a positive value becomes LI_EIO. It clears OUT first,
 * but for the memory that its bytes have. */
int li_sealed_get(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                  struct li_sealed_object *out, struct li_error *err);

/* The operation above, where the source has it; CHUNKS are read during the call only. */
void li_sealed_want(struct li_sealed *sealed, const struct li_sealed_chunk *chunks, size_t count);

/* The operation above, where the source has it. For openers, and decorators that pass it on. */
void li_sealed_used(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                    const struct li_sealed_finding *finding);

/* Frees this source, and none that it stands before. No call may be under way. */
void li_sealed_free(struct li_sealed *sealed); /* NULL is allowed */

/* ---- the sources there are ---- */

/* The store of REPO, which is borrowed and must outlive it: each get() looks in the chunk's root,
 * then in newer ones. A handle of li_repo_fork() will do, and so may be called off. LI_ENOMEM. */
int li_sealed_origin_new(struct li_repo *repo, struct li_sealed **out, struct li_error *err);

/* Counts what passes by it to INNER, which is borrowed and must outlive it. LI_ENOMEM. */
int li_sealed_counted_new(struct li_sealed *inner, struct li_sealed **out, struct li_error *err);

struct li_sealed_counts {
    uint64_t sound;    /* chunks that passed all checks; one that is fetched twice counts twice */
    uint64_t bytes;    /* sealed bytes of these */
    uint64_t failures; /* chunks that did not, for whatever reason */
};

/* What COUNTED, of li_sealed_counted_new(), has counted so far. Any thread. */
void li_sealed_counts(struct li_sealed *counted, struct li_sealed_counts *out);

#endif
