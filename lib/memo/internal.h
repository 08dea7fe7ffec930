/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of lib/memo. */
#ifndef LI_MEMO_INTERNAL_H
#define LI_MEMO_INTERNAL_H

#include "base/hex.h"
#include "base/sha256.h"
#include "memo/memo.h"

enum {
    LI_MEMO_ROW_SIZE = 2 * LI_SHA256_SIZE,     /* recipe, digest */
    LI_MEMO_MAX_ROWS = 1 << 20,                /* of one layer */
    LI_MEMO_NAME_MAX = 2 * LI_SHA256_SIZE + 8, /* "HEX.names" */
    LI_MEMO_CONTEXT_SIZE = 8,
    LI_MEMO_DAY = 24 * 60 * 60, /* seconds */
};

/* A layer of the image. */
struct li_memo_layer {
    const struct li_blob *blob; /* the image's */
    size_t first;               /* the lowest layer with that diff ID, whose rows are used */
    bool loaded;                /* it has a file */
    struct li_buffer rows;      /* from the file: ascending by recipe */
    struct li_buffer fresh;     /* learnt in this push, in no order */
};

struct li_memo {
    const struct li_env *env;
    char *root; /* DIR/memo */
    int dir;    /* DIR/memo/CONTEXT */
    uint8_t context[LI_MEMO_CONTEXT_SIZE];
    struct li_secret *mac_key; /* of li_secret_alloc() */
    uint8_t made_by[LI_SHA256_SIZE];
    struct li_memo_layer *layer;
    struct li_record *record; /* by layer */
    size_t room;              /* packed bytes that their entries may still take */
    size_t count;
};

/* Reads the file of a layer. LI_END if it does not exist, or cannot be trusted. RECORD and ROWS are
 * replaced. */
int li_memo_read_layer(const struct li_memo *memo, const uint8_t diff_id[LI_SHA256_SIZE],
                       struct li_record *record, struct li_buffer *rows, struct li_error *err);

/* Writes the file of a layer, in place of an older one. Errors: those of the file system;
 * LI_ELIMIT. */
int li_memo_write_layer(const struct li_memo *memo, const uint8_t diff_id[LI_SHA256_SIZE],
                        const struct li_record *record, const struct li_buffer *rows,
                        struct li_error *err);

/* file.c: small steps that all files share. */

/* Opens NAME in the memo for reading; LI_END if it is not a regular file that can be read. */
int li_memo_open_file(const struct li_memo *memo, const char *name, int *fd, uint64_t *size);

/* Writes COUNT pieces of bytes, one after the other, as the file NAME: whole or not at all. */
struct li_memo_piece {
    const void *data;
    size_t len;
};
int li_memo_write_file(const struct li_memo *memo, const char *name,
                       const struct li_memo_piece *pieces, size_t count, struct li_error *err);

/* Notes, at most once a day, that NAME was used. */
void li_memo_touch(const struct li_memo *memo, const char *name);

/* limit.c: removes the files that were used longest ago until all have at most MAX bytes, and files
 * that killed pushes left behind. */
void li_memo_limit(const struct li_memo *memo, uint64_t max);

#endif
