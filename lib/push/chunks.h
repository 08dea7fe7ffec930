/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two halves of the chunks of a push: naming them, and storing them. */
#ifndef LI_PUSH_CHUNKS_H
#define LI_PUSH_CHUNKS_H

#include <pthread.h>

#include "base/workers.h"
#include "push/names.h"
#include "push/present.h"
#include "push/push.h"
#include "repo/roots.h"

/* What reading the chunks of a source for a push gave. FIRST is the caller's, and may be NULL: it
 * is called before the first object is stored, in STORE, and once at most. */
struct li_push_chunks {
    int (*first)(void *arg, struct li_store *store, struct li_error *err);
    void *first_arg;
    struct li_manifest_chunk *chunk; /* ascending by index */
    size_t count;
    size_t cap; /* allocated, and to be wiped */
};

/* Names all chunks of IMAGE and stores those that ROOT does not have. Counts in RESULT. */
int li_push_store_chunks(struct li_repo *repo, const struct li_root *root,
                         const struct li_push_image *image, const struct li_push_options *options,
                         struct li_push_chunks *out, struct li_push_result *result,
                         struct li_error *err);
void li_push_chunks_free(struct li_push_chunks *chunks);

/* Nothing is stored before the layers' digests hold, and hashing them is the work of one thread for
 * each layer: the queue is deep enough for the readers to seal on meanwhile. Its chunks, and their
 * bytes, at most. */
enum { LI_PUSH_QUEUE = 4096, LI_PUSH_QUEUE_BYTES = 96 << 20 };

/* Buffers of chunks that were stored, kept for others. */
enum { LI_PUSH_SPARES = 32 };

/* What each worker has for itself, made when it is first needed. */
struct li_push_tools {
    struct li_sealer *sealer;
    uint8_t *plain; /* of a stored chunk that is checked */
    struct li_buffer fetched;
};

/* What is known about a chunk before it is read. */
enum li_push_foreknown {
    LI_PUSH_UNASKED,
    LI_PUSH_ZEROS,
    LI_PUSH_STORED,
    LI_PUSH_ABSENT,
};

struct li_chunk_push {
    struct li_repo *repo; /* a fork, called off when the push has failed */
    const struct li_root *root;
    const struct li_push_options *options;
    const struct li_chunk_source *source;
    const struct li_push_chunks *given; /* its FIRST */
    bool begun;                         /* FIRST was called; under gate */
    struct li_memo *memo;               /* or NULL */
    struct li_present *present;         /* NULL where the store is asked for each chunk */
    struct li_secret salt;
    struct li_push_tools *reader_tools, *writer_tools;
    unsigned readers, writers;
    struct li_queue *queue;
    struct li_manifest_chunk *chunk; /* by index; where all zero, FILLED is false */
    bool *filled;
    bool *recalled;                    /* by index: the memo knows it */
    enum li_push_foreknown *foreknown; /* by index */
    pthread_mutex_t gate;
    pthread_mutex_t lock;
    pthread_cond_t room;                    /* the queue has some */
    size_t queued;                          /* bytes in it; under lock */
    bool closed;                            /* nobody takes from it any more; under lock */
    struct li_buffer spare[LI_PUSH_SPARES]; /* under lock */
    unsigned spares;                        /* under lock */
    struct li_names names;                  /* under lock */
    struct li_push_result *result;          /* under lock */
};

/* What a reader does with a chunk that it has met for the first time; PLAIN stays its own. These
 * count it in the result, now or when it is stored. */

/* Not stored: seals it, and leaves it to the writers. */
int li_push_new_chunk(struct li_chunk_push *p, struct li_push_tools *tools,
                      const struct li_manifest_chunk *chunk, const uint8_t *plain,
                      struct li_error *err);
/* Nobody knows: leaves it to the writers to ask, and to seal it. CHUNK must stay. */
int li_push_unsure_chunk(struct li_chunk_push *p, const struct li_manifest_chunk *chunk,
                         const uint8_t *plain, struct li_error *err);
/* Asks the store for it, and does what is to be done. */
int li_push_look_up_chunk(struct li_chunk_push *p, struct li_push_tools *tools,
                          const struct li_manifest_chunk *chunk, const uint8_t *plain,
                          struct li_error *err);

void li_push_count_known(struct li_chunk_push *p, bool mended);

/* A writer: ARG is a struct li_chunk_push. One that fails closes the queue. */
int li_push_write_jobs(void *arg, unsigned index, struct li_workers *team, struct li_error *err);

/* Drops what is left in the queue of writers that have ended, and what they kept. */
void li_push_drop_jobs(struct li_chunk_push *p);

#endif
