/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which chunks are read in order, and how far ahead to fetch. Shared by the files of the reader.
 * Not for other modules.
 *
 * The window grows with the number of chunks that were read one after the other, and stays narrow:
 * what is fetched in vain delays what is needed. Within a run of a file it is certain what follows.
 * Beyond its end, as when many small files are read in the order of the image, it is a guess, which
 * takes a longer sequence.
 */
#ifndef LI_READER_AHEAD_H
#define LI_READER_AHEAD_H

#include <pthread.h>
#include <stdint.h>

enum {
    LI_AHEAD_STREAMS = 8, /* readers in order that are told apart */
    LI_AHEAD_WINDOW = 4,  /* chunks fetched ahead for each of them */
    LI_AHEAD_GUESS = 4,   /* steps in order before anything is guessed */
};

struct li_ahead_stream {
    uint64_t next;  /* the chunk after the one that was read last */
    uint64_t steps; /* from a chunk to the next one, so far */
};

struct li_ahead {
    pthread_mutex_t lock;
    struct li_ahead_stream stream[LI_AHEAD_STREAMS]; /* most recently used first */
};

void li_ahead_init(struct li_ahead *ahead);
void li_ahead_free(struct li_ahead *ahead);

/* Notes that chunk INDEX is read, for bytes that go on to chunk LAST, INDEX or more. Returns the
 * last chunk to fetch now; INDEX for none. Any thread. */
uint64_t li_ahead_read(struct li_ahead *ahead, uint64_t index, uint64_t last);

#endif
