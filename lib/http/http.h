/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP client on libcurl. Its own thread moves the bytes of all requests, over connections and
 * TLS sessions that are kept and shared, and multiplexed if the server speaks HTTP/2. Callers on
 * any thread hand in a request and wait for its answer.
 *
 * The number of requests in flight is bounded. The bound shrinks when servers ask for fewer
 * requests (429 and 503) and when answers do not come in time (see window.h). TLS is always
 * verified. Redirects are answers like any other, and are not followed. Proxies come from the
 * environment, as in curl(1). Nothing is retried here: see attempts.h.
 *
 * Requests and pauses that belong together form a group, and are cancelled together: work that has
 * failed for good need not wait for its remaining requests.
 */
#ifndef LI_HTTP_HTTP_H
#define LI_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

struct li_http;

struct li_http_options {
    const char *ca_bundle; /* a file of certificates in PEM to trust; NULL: the system's */
    unsigned in_flight;    /* most requests at a time; 0: LI_HTTP_IN_FLIGHT */
};

enum {
    LI_HTTP_IN_FLIGHT = 32,
    LI_HTTP_HEADERS_MAX =
        1 << 16, /* bytes of an answer's headers, including those of interim answers */
    LI_HTTP_ERROR_MAX = 1 << 16, /* bytes kept of the body of an answer with status 300 or above */
    /* Seconds, if a request says 0. */
    LI_HTTP_CONNECT = 10,
    LI_HTTP_STALL = 30,
    LI_HTTP_TOTAL = 300,
    /* Bytes a second of both bodies of a request, below which there is no progress (D6p). */
    LI_HTTP_RATE = 1024,
};

enum li_http_method { LI_HTTP_GET, LI_HTTP_HEAD, LI_HTTP_PUT, LI_HTTP_POST, LI_HTTP_DELETE };

struct li_http_header {
    const char *name, *value; /* no line breaks in either */
};

/* Zero-initialise it, except the parent. It must exist until everything in it has returned. */
struct li_http_group {
    const struct li_http_group *parent; /* cancelling that group cancels this one; NULL: none */
    bool cancelled;                     /* the client's; see li_http_cancel() */
};

/* Everything is borrowed until li_http_send() returns. */
struct li_http_request {
    enum li_http_method method;
    const char *url; /* http: or https: */
    const struct li_http_header *headers;
    size_t header_count;
    const void *body; /* of PUT and POST */
    size_t body_len;
    size_t limit; /* bytes of an answer's body below status 300 */
    /* Seconds without a connection, seconds without progress, and seconds in all. */
    unsigned connect, stall, total;
    bool no_proxy; /* never through a proxy, whatever the environment says */
    bool secret;   /* the answer is secret: memory that its buffers outgrow is overwritten */
    const struct li_http_group *group; /* NULL: none */
};

/* Zero-initialise it; li_http_response_free() returns it to that state. */
struct li_http_response {
    int status;
    struct li_buffer headers; /* "name\0value\0" pairs; see li_http_header() */
    struct li_buffer body;    /* cut at LI_HTTP_ERROR_MAX for status 300 and above */
    bool framed;              /* the server stated the end of the body, so the body is whole */
    /* After LI_ENETWORK: the server did not accept a connection in time, or closed it before any
     * byte of an answer. */
    bool unreached;
    /* Milliseconds without progress at the end of the request, with the time that it took to
     * connect. Set after LI_ENETWORK, too. */
    uint64_t silent;
};

/* Starts a client. LI_ENOMEM, LI_EUNSUPPORTED (libcurl), LI_EIO (no thread). */
int li_http_new(const struct li_http_options *options, struct li_http **out, struct li_error *err);

/* Sends REQUEST and waits for the answer, which replaces *OUT; any status is success. LI_ENETWORK
 * for failures that may pass: no connection, a reset, a body that ends early, a timeout; then only
 * `unreached` and `silent` of OUT are set. LI_EDENIED: the server's certificate does not verify.
 * LI_ELIMIT: the body is over the limit, which concerns the object. LI_EIO: the headers are over
 * theirs, which concerns the server. LI_EINVALID: the URL or a header. LI_ECANCELLED: after
 * li_http_stop(), or li_http_cancel() of its group; the server may or may not have done what it was
 * asked. Any thread.
 */
int li_http_send(struct li_http *http, const struct li_http_request *request,
                 struct li_http_response *out, struct li_error *err);

/* Waits MILLISECONDS. LI_ECANCELLED, and less time, if the client is stopped or GROUP, which may be
 * NULL, is cancelled. Any thread. */
int li_http_pause(struct li_http *http, const struct li_http_group *group, unsigned milliseconds,
                  struct li_error *err);

/* Milliseconds of a monotonic clock. */
uint64_t li_http_milliseconds(void);

/* Ends everything in GROUP, and in groups whose parent it is, with LI_ECANCELLED: what runs and
 * what is still to come. It does not wait. Any thread. */
void li_http_cancel(struct li_http *http, struct li_http_group *group);

/* Ends everything, running or still to come, with LI_ECANCELLED. Any thread. */
void li_http_stop(struct li_http *http);

/* Stops and frees the client. No other thread may use it any more. NULL is allowed. */
void li_http_free(struct li_http *http);

/* The value of the answer's first header NAME (in any case), or NULL. The response owns it. */
const char *li_http_header(const struct li_http_response *response, const char *name);

/* Wipes and frees. NULL is allowed. */
void li_http_response_free(struct li_http_response *response);

const char *li_http_method_text(enum li_http_method method); /* "GET" */

#endif
