/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the look-up. */
#ifndef LI_PUSH_LOOKUP_INTERNAL_H
#define LI_PUSH_LOOKUP_INTERNAL_H

#include <pthread.h>

#include "push/lookup.h"
#include "push/name_list.h"

/* Names in a page of a listing. */
enum { LI_LOOKUP_PAGE = 1000 };

/* Ends a listing that is longer than it is worth. */
enum { LI_LISTING_STOPPED = LI_ECANCELLED };

struct li_lookup {
    struct li_lookup_scope scope;
    struct li_store *store;
    bool gathers;      /* answers that count for later ones; else each chunk is asked for */
    uint64_t expected; /* questions, by a guess beforehand */
    struct li_name_list manifest, kept;
    struct li_buffer rows;   /* of the memo: what KEPT is from */
    pthread_mutex_t listing; /* held while one is made, and over these; taken before the other */
    bool too_long;           /* a listing would be */
    bool sampled;            /* PAGES was estimated */
    uint64_t pages;          /* that a listing has */
    uint64_t wanted;         /* questions that were asked or would have been */
    pthread_mutex_t lock;    /* over these, and with the other over changes of COMPLETE */
    struct li_name_list listed;
    bool complete; /* LISTED has all that there is */
};

/* lookup_manifest.c: fills MANIFEST with the names of the tag's manifest or, where there is none,
 * of those of its neighbours. */
int li_lookup_read_manifests(struct li_lookup *lookup, struct li_error *err);

/* lookup_keep.c: fills ROWS and KEPT from the memo, as far as it is of use. */
int li_lookup_recall(struct li_lookup *lookup, struct li_error *err);

/* lookup_listing.c: counts COUNT questions, and fills LISTED where that is cheaper than all so far.
 */
int li_lookup_maybe_list(struct li_lookup *lookup, size_t count, struct li_error *err);

#endif
