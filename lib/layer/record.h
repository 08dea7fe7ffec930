/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer's entries in compact form. After li_scan_layer() has visited them once, it visits them
 * again from here, without reading the tar. A layer's whiteouts are read before its entries, so
 * each layer except the lowest gains from this within one run; a record in a file serves the next
 * run.
 *
 * One thread fills and reads a record.
 */
#ifndef LI_LAYER_RECORD_H
#define LI_LAYER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/packed.h"
#include "layer/scan.h"

/* The most packed bytes of a record that lives while its layer is merged, and of all records that
 * are kept of a stack. An entry takes about 15 bytes. A layer whose record would be longer has
 * none. */
enum { LI_RECORD_PASSING_MAX = 16 << 20, LI_RECORD_KEPT_MAX = 64 << 20 };

/* Zero-initialise it. */
struct li_record {
    struct li_packed entries; /* in the tar's order, one piece each, see record.c */
    uint64_t length;          /* bytes of the layer's uncompressed tar */
    bool whole;               /* all entries are there */
    bool hopeless;            /* it would be too long, or an entry is broken */
    size_t taken;             /* packed bytes counted so far */
    /* How many packed bytes all kept records may still take, if the merge must leave the entries
     * here when it is done; or NULL. The owner's; counted down. */
    size_t *room;
};

/* Appends an entry. If it cannot be kept the record becomes hopeless, which is not a failure. */
void li_record_add(struct li_record *record, const struct li_entry *entry);

/* Ends the record, and packs what is not packed yet. */
void li_record_end(struct li_record *record);

/* Drops the entries and says that there will be none. */
void li_record_give_up(struct li_record *record);

/* Visits the entries of a record that is whole, as those of layer INDEX. LI_ECORRUPT if the bytes
 * are not a record of a layer of that length; a broken entry is not visited. */
int li_record_replay(const struct li_record *record, size_t index, int paths_only,
                     li_scan_visit *visit, void *arg, struct li_error *err);

/* Frees the entries and releases their share of the budget. The record is no longer whole. */
void li_record_drop(struct li_record *record);

#endif
