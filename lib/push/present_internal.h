/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the presence oracle. */
#ifndef LI_PUSH_PRESENT_INTERNAL_H
#define LI_PUSH_PRESENT_INTERNAL_H

#include <pthread.h>

#include "push/name_list.h"
#include "push/present.h"

struct li_present {
    struct li_repo *repo;
    const struct li_root *root;
    const struct li_memo *memo;
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
    struct li_push_ways ways;
};

/* Fills ROWS and KEPT from the memo, as far as it is of use. */
int li_present_recall(struct li_present *present, struct li_error *err);

#endif
