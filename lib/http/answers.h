/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that come twice.
 *
 * HTTP/1.1 matches answers to requests only by their order on the connection. If something on the
 * way sends an answer twice, the second copy is taken for the answer to the next request, and an
 * object that never reached the server would count as stored. S3 and similar servers give each
 * answer an ID, x-amz-request-id, so a repeated answer is recognised by it. For one thread at a
 * time.
 */
#ifndef LI_HTTP_ANSWERS_H
#define LI_HTTP_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#define LI_ANSWERS_ID "x-amz-request-id"

enum { LI_ANSWERS_KEPT = 1024 };

/* Zero-initialise it. */
struct li_answers {
    uint64_t seen[LI_ANSWERS_KEPT]; /* hashes of the latest IDs, in a ring */
    unsigned count, next;
    bool meaningless; /* the server gives all answers the same ID */
};

/* Notes ID, and says whether an earlier answer had it. ALONE: this is the first answer of its
 * connection, so it cannot be a copy; if it has a known ID, IDs mean nothing on this server. */
bool li_answers_repeat(struct li_answers *answers, const char *id, bool alone);

#endif
