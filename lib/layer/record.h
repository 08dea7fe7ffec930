/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer's entries, kept in few bytes: what li_scan_layer() visited once, it visits again from
 * here, without a look at the tar. A layer's whiteouts are read before its entries, so each layer
 * but the lowest gains by it within one run; kept in a file, it gains in the next.
 *
 * A record is filled and read by one thread.
 */
#ifndef LI_LAYER_RECORD_H
#define LI_LAYER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/packed.h"
#include "layer/scan.h"

/* Packed bytes of a record that lives as long as its layer is merged, and of all that are kept of a
 * stack; an entry takes about 15. A layer whose record would be longer has none. */
enum { LI_RECORD_PASSING_MAX = 16 << 20, LI_RECORD_KEPT_MAX = 64 << 20 };

/* Zero-initialise it. */
struct li_record {
    struct li_packed entries; /* in the tar's order, a piece each, see record.c */
    uint64_t length;          /* bytes of the layer's uncompressed tar */
    bool whole;               /* all entries are there */
    bool hopeless;            /* it would be too long, or an entry is broken */
    size_t taken;             /* packed bytes that were counted */
    /* Where the merge shall leave the entries here when it is through with them: how many bytes all
     * such records may still take packed, which is the owner's and counted down; or NULL. */
    size_t *room;
};

/* Appends an entry. What cannot be kept leaves the record hopeless, which is no failure. */
void li_record_add(struct li_record *record, const struct li_entry *entry);

/* There are no more entries: packs what is not packed yet. */
void li_record_end(struct li_record *record);

/* Drops the entries and says that there will be none. */
void li_record_give_up(struct li_record *record);

/* Visits the entries of a record that is whole, as those of layer INDEX. LI_ECORRUPT, without a
 * visit of what is broken, where the bytes are no record of a layer of that length. */
int li_record_replay(const struct li_record *record, size_t index, int paths_only,
                     li_scan_visit *visit, void *arg, struct li_error *err);

/* Frees the entries, and gives their room back: the record is no longer whole. */
void li_record_drop(struct li_record *record);

#endif
