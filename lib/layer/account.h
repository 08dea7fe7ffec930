/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image may cost beyond what it weighs. An entry takes some bytes of memory and some time,
 * and these are in proportion to the layers. Other things are not: a few bytes of a compressed
 * layer can be many attributes, or a path that leads through thousands of directories. They are
 * charged to one account of the image, before memory is taken or work is done.
 *
 * An account belongs to the thread that builds the tree. Zero-initialise it. All functions return
 * LI_ELIMIT, with the limit in the text, if there is not enough left.
 */
#ifndef LI_LAYER_ACCOUNT_H
#define LI_LAYER_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    /* Bytes of what is kept beside entries and their names: targets of symbolic links, extended
     * attributes, runs of sparse files, paths of whiteouts that have to wait, and names as far as
     * they are longer than LI_ACCOUNT_NAME; and entries of layers that are the same as lower ones.
     */
    LI_ACCOUNT_KEPT = 128 << 20,
    LI_ACCOUNT_NAME = 40,
    /* Names that are looked up to follow paths: so many, and more for each entry. 25 million take
     * about a second. */
    LI_ACCOUNT_STEPS = 32 << 20,
    LI_ACCOUNT_ENTRY_STEPS = 256,
    /* Directories that paths lead through, and no layer mentions: so many, and one more for each
     * entry. */
    LI_ACCOUNT_MISSING = 1 << 18,
    /* Entries of layers that are the same bytes as a lower one. A few bytes name such a layer, but
     * all of its entries are applied again. They add nothing to the limits above. */
    LI_ACCOUNT_REPEATED = 1 << 19,
    LI_ACCOUNT_REPEATED_PATH = 64,    /* bytes of a path that count as one more entry */
    LI_ACCOUNT_REPEATED_BYTES = 8192, /* of the layer: headers are read again, too */
    LI_ACCOUNT_REPEATED_COST = 120,   /* bytes that are kept for each */
};

struct li_account {
    uint64_t entries, kept, steps, missing, repeated;
};

/* Notes that an entry of a layer is visited. */
void li_account_entry(struct li_account *account);

/* Charges BYTES that are kept. */
int li_account_keep(struct li_account *account, size_t bytes, struct li_error *err);

/* Gives back BYTES that were charged and are not kept any more. */
void li_account_release(struct li_account *account, size_t bytes);

/* Charges a name of LEN bytes. */
int li_account_name(struct li_account *account, size_t len, struct li_error *err);

/* Charges an entry of a layer that is the same as a lower one, with a path of LEN bytes. */
int li_account_repeat(struct li_account *account, size_t len, struct li_error *err);

/* Charges a layer of LENGTH bytes, uncompressed, that is the same as a lower one. */
int li_account_repeat_layer(struct li_account *account, uint64_t length, struct li_error *err);

/* Charges one name that is looked up. */
int li_account_step(struct li_account *account, struct li_error *err);

/* Charges one directory that no layer has mentioned so far. */
int li_account_missing(struct li_account *account, struct li_error *err);

#endif
