/* SPDX-License-Identifier: Apache-2.0 */
/* One request under way, between the files of the HTTP client. */
#ifndef LI_HTTP_TRANSFER_H
#define LI_HTTP_TRANSFER_H

#include <curl/curl.h>
#include <pthread.h>

#include "http/answers.h"
#include "http/http.h"

struct li_transfer {
    struct li_transfer *next;
    const struct li_http_request *request;
    struct li_answers *answers; /* the network thread's */
    CURL *easy;
    struct curl_slist *headers;
    struct li_http_response response;
    size_t header_bytes; /* all lines, also of interim answers */
    bool over;           /* the body is over its limit */
    bool headed;         /* the answer's headers have come to their end */
    char message[CURL_ERROR_SIZE];
    struct li_error error;
    pthread_cond_t settled;
    bool done; /* under the client's lock, as rc */
    int rc;
};

/* Makes *TRANSFER for REQUEST; ANSWERS is what its client remembers of others.
 * li_transfer_release() it also on failure. */
int li_transfer_prepare(struct li_transfer *transfer, const struct li_http_request *request,
                        const char *ca_bundle, CURLSH *share, struct li_answers *answers,
                        struct li_error *err);

/* What came of it: 0 with the response filled in, or an error, which is put into `error`. */
int li_transfer_result(struct li_transfer *transfer, CURLcode code);

/* Frees what it holds, and wipes its headers; its response with it, unless that was moved away. */
void li_transfer_release(struct li_transfer *transfer);

#endif
