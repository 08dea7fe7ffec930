/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that come twice.
 *
 * HTTP/1.1 knows only by their order which answer on a connection is to which request. Where
 * something on the way sends one twice, the second is taken for the answer to the next request: an
 * object that never came to the server would count as stored. S3 and its like give each answer an
 * id, x-amz-request-id, so one that comes again is known by it. For one thread at a time.
 */
#ifndef LI_HTTP_ANSWERS_H
#define LI_HTTP_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#define LI_ANSWERS_ID "x-amz-request-id"

enum { LI_ANSWERS_KEPT = 1024 };

/* Zero-initialise it. */
struct li_answers {
    uint64_t seen[LI_ANSWERS_KEPT]; /* hashes of the last ids, in a ring */
    unsigned count, next;
    bool meaningless; /* a server that gives all answers the same id */
};

/* Notes ID, and says whether an answer had it before. ALONE: this is the first answer of its
 * connection, which can be no other's; one that has an id of before shows that ids say nothing. */
bool li_answers_repeat(struct li_answers *answers, const char *id, bool alone);

#endif
