/* SPDX-License-Identifier: Apache-2.0 */
/* One request under way. Shared by the files of the HTTP client. */
#ifndef LI_HTTP_TRANSFER_H
#define LI_HTTP_TRANSFER_H

#include <pthread.h>

#include "http/answers.h"
#include "http/connections.h"
#include "http/curl.h"
#include "http/http.h"
#include "http/meter.h"

struct li_transfer {
    struct li_transfer *next;
    const struct li_http_request *request;
    struct li_answers *answers; /* used by the network thread only, like those below */
    struct li_connections *connections;
    struct li_meter meter; /* the network thread looks at it */
    bool stalled;          /* it was ended because it made no progress */
    CURL *easy;
    struct curl_slist *headers;
    struct li_http_response response;
    size_t header_bytes; /* all lines, including those of interim answers */
    bool over;           /* the body is over its limit */
    bool headed;         /* the answer's headers are complete */
    char message[CURL_ERROR_SIZE];
    struct li_error error;
    pthread_cond_t settled;
    bool done; /* under the client's lock, like rc */
    int rc;
};

/* Makes *TRANSFER for REQUEST. ANSWERS is what the client remembers of other answers. The caller
 * frees it with li_transfer_release(), also on failure. */
int li_transfer_prepare(struct li_transfer *transfer, const struct li_http_request *request,
                        const char *ca_bundle, CURLSH *share, struct li_answers *answers,
                        struct li_error *err);

/* The transfer goes to the network, over CONNECTIONS. */
void li_transfer_begin(struct li_transfer *transfer, struct li_connections *connections);

/* The result: 0 with the response filled in, or an error, which is put into `error`. */
int li_transfer_result(struct li_transfer *transfer, CURLcode code);

/* Frees what it holds, and wipes its headers. Frees its response, too, unless that was moved away.
 */
void li_transfer_release(struct li_transfer *transfer);

#endif
