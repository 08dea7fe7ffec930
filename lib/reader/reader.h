/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: an image in a repository as bytes.
 *
 * It fetches, checks and caches the chunks that hold the bytes, and no others. It does not know
 * what the bytes mean: files/files.h reads ext4 on top of it. All functions except open and free
 * may be called from many threads at once.
 */
#ifndef LI_READER_READER_H
#define LI_READER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blocks.h"
#include "base/error.h"
#include "chunk/source.h"
#include "manifest/manifest.h"
#include "sealed/sealed.h"

struct li_reader;

struct li_reader_options {
    uint64_t memory;   /* bytes of plaintext kept */
    unsigned workers;  /* chunks fetched at once */
    unsigned deadline; /* seconds a read waits for each chunk */
};

struct li_reader_stats {
    uint64_t chunks_total;   /* chunks of the image that are stored */
    uint64_t chunks_fetched; /* successful fetches; a chunk that is fetched twice counts twice */
    uint64_t chunks_copied;  /* chunks that a cache of the source had; not in chunks_fetched */
    uint64_t bytes_fetched;  /* sealed bytes of these */
    uint64_t bytes_image;    /* length of the image */
    uint64_t failures;       /* fetches that failed */
};

/* Opens MANIFEST for reading, with its chunks from SOURCE. Both are borrowed and must outlive the
 * reader. Starts threads: call it after any fork. */
int li_reader_open(struct li_sealed *source, const struct li_manifest *manifest,
                   const struct li_reader_options *options, struct li_reader **out,
                   struct li_error *err);

/* Stops the reader: nothing is fetched any more, and reads get what is there or LI_ECANCELLED.
 * Waits up to SECONDS, which may be 0, for running fetches, and returns whether all have ended. Any
 * thread. */
bool li_reader_stop(struct li_reader *reader, unsigned seconds);

/* Waits for running fetches, however long they take. NULL is allowed. */
void li_reader_free(struct li_reader *reader);

/* The image's length in bytes, a multiple of LI_CHUNK_SIZE. */
uint64_t li_reader_size(const struct li_reader *reader);

/* The image's bytes. The reader owns them, and they are read-only. If a chunk cannot be fetched,
 * the error's part is its index plus 1. */
struct li_blocks *li_reader_blocks(struct li_reader *reader);

/* li_blocks_read() of these. */
int li_reader_read(struct li_reader *reader, uint64_t offset, size_t len, void *buf,
                   struct li_error *err);

/* Sets STATS to the counts so far. Any thread. */
void li_reader_stats(const struct li_reader *reader, struct li_reader_stats *stats);

/* An image as a source of chunks that are fetched and checked at every read: for pull. */
struct li_fetcher;

/* Opens MANIFEST, with its chunks from SOURCE. Both are borrowed and must outlive the fetcher.
 * WORKERS reads may run at once; more have to wait. LI_ENOMEM, LI_ECORRUPT (the manifest). */
int li_fetcher_new(struct li_sealed *source, const struct li_manifest *manifest, unsigned workers,
                   struct li_fetcher **out, struct li_error *err);
void li_fetcher_free(struct li_fetcher *fetcher); /* NULL is allowed */

/* The chunks. The fetcher owns them. If one cannot be fetched, the code is one of
 * li_as_failure()'s. */
struct li_chunk_source li_fetcher_source(struct li_fetcher *fetcher);

#endif
