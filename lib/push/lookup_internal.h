/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the lookup. */
#ifndef LI_PUSH_LOOKUP_INTERNAL_H
#define LI_PUSH_LOOKUP_INTERNAL_H

#include <pthread.h>

#include "push/lookup.h"
#include "push/name_list.h"

/* Names in a page of a listing. */
enum { LI_LOOKUP_PAGE = 1000 };

/* Ends a listing that would cost more than it saves. */
enum { LI_LISTING_STOPPED = LI_ECANCELLED };

struct li_lookup {
    struct li_lookup_scope scope;
    struct li_store *store;
    bool gathers;      /* answers count for later chunks; else each chunk gets its own request */
    uint64_t expected; /* questions, as estimated beforehand */
    struct li_name_list manifest, kept;
    struct li_buffer rows; /* of the memo: the source of KEPT */
    pthread_mutex_t
        listing;     /* held while a listing is made; guards the fields below; taken before LOCK */
    bool too_long;   /* a listing would be too long */
    bool sampled;    /* PAGES was estimated */
    uint64_t pages;  /* pages of a listing */
    uint64_t wanted; /* questions that were asked, or would have been */
    pthread_mutex_t lock; /* guards the fields below; changes of COMPLETE need both locks */
    struct li_name_list listed;
    bool complete; /* LISTED has all chunks of the root */
};

/* lookup_manifest.c: fills MANIFEST with the names in the tag's manifest, or, if there is none, in
 * those of neighbouring tags. */
int li_lookup_read_manifests(struct li_lookup *lookup, struct li_error *err);

/* lookup_keep.c: fills ROWS and KEPT from the memo, if they can be used. */
int li_lookup_recall(struct li_lookup *lookup, struct li_error *err);

/* lookup_listing.c: counts COUNT questions, and fills LISTED if a listing is cheaper than all
 * questions so far. */
int li_lookup_maybe_list(struct li_lookup *lookup, size_t count, struct li_error *err);

#endif
