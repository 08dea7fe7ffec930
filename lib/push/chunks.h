/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunks of a push. The files that share this header each do one step:
 *
 *     recall.c     names the chunks that the memo knows, without reading them, and looks them up
 *     chunks.c     readers, one for each processor: they read, hash and name the other chunks, look
 *                  them up without waiting, and seal new ones
 *     jobs.c       the queue
 *     writer.c     writers, as many as keep the store busy: they ask about chunks that are not
 *                  decided yet, and store new ones
 *     tally.c      counts and reports every chunk
 */
#ifndef LI_PUSH_CHUNKS_H
#define LI_PUSH_CHUNKS_H

#include "crypto/seal.h"
#include "push/internal.h"
#include "push/jobs.h"
#include "push/lookup.h"
#include "push/tally.h"
#include "sealed/opener.h"

/* What each worker has of its own, made when it is first needed. Zero-initialise it. */
struct li_push_tools {
    struct li_opener *opener; /* seals, too */
    struct li_buffer sealed;
};

struct li_chunk_push {
    struct li_push *push;
    struct li_repo *repo;     /* a fork, cancelled when the push has failed */
    struct li_sealed *origin; /* the push's root in that store */
    struct li_memo *memo;     /* or NULL */
    struct li_secret *salt;   /* of li_secret_alloc() */
    struct li_lookup *lookup;
    struct li_push_item *item; /* by index */
    struct li_jobs jobs;
    struct li_tally tally;
    struct li_push_tools *tools; /* of the readers */
    unsigned readers;
};

/* Seals PLAIN, the bytes of ITEM, into OUT. */
int li_push_seal(struct li_chunk_push *p, struct li_push_tools *tools,
                 const struct li_push_item *item, const uint8_t *plain, struct li_buffer *out,
                 struct li_error *err);
void li_push_tools_free(struct li_push_tools *tools);

/* ---- recall.c: does nothing without a memo --------------------------------------------------- */

/* Names all chunks that the memo knows, and looks them up together. Call it before the walk. For
 * stores in which a lookup is a request. */
int li_push_recall_together(struct li_chunk_push *p, struct li_error *err);

/* For the walk, as li_chunk_known: LI_END if chunk INDEX need not be read. ARG is a struct
 * li_chunk_push that has a memo. */
int li_push_recall(void *arg, unsigned worker, uint64_t index, struct li_error *err);

/* Teaches the memo the chunks that it did not know. Call it after the walk. */
int li_push_learn(struct li_chunk_push *p, struct li_error *err);

/* ---- writer.c -------------------------------------------------------------------------------- */

/* Does what is left to do for ITEM, whose bytes are PLAIN: asks whether it is stored, checks an
 * existing object, seals and stores. May wait for requests. */
int li_push_settle(struct li_chunk_push *p, struct li_push_tools *tools, struct li_push_item *item,
                   const uint8_t *plain, struct li_error *err);

/* A writer, as li_worker_run: ARG is a struct li_chunk_push. A writer that fails closes the queue.
 */
int li_push_write(void *arg, unsigned index, struct li_workers *team, struct li_error *err);

#endif
