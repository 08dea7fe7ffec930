/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP client on libcurl. One thread of its own moves the bytes of all requests, over
 * connections and TLS sessions that are kept and shared, multiplexed where the server speaks
 * HTTP/2; callers on any thread hand a request in and wait for its answer.
 *
 * Requests in flight are bounded, and the bound shrinks while servers ask for less (429 and 503)
 * and where answers do not come in time (see window.h). TLS is always verified. Redirects are
 * answers like any other, and are not followed. Proxies are those of the environment, as curl(1)
 * reads them. Nothing is retried here: see attempts.h.
 *
 * Requests and pauses that belong together are a group, and end together where it is called off:
 * who has failed for good need not wait for what was to follow.
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
    unsigned in_flight;    /* requests at a time, at most; 0: LI_HTTP_IN_FLIGHT */
};

enum {
    LI_HTTP_IN_FLIGHT = 32,
    LI_HTTP_HEADERS_MAX = 1 << 16, /* bytes of an answer's headers, with interim answers' */
    LI_HTTP_ERROR_MAX = 1 << 16,   /* bytes kept of the body of an answer over 299 */
    /* Seconds, where a request says 0. */
    LI_HTTP_CONNECT = 10,
    LI_HTTP_STALL = 30,
    LI_HTTP_TOTAL = 300,
};

enum li_http_method { LI_HTTP_GET, LI_HTTP_HEAD, LI_HTTP_PUT, LI_HTTP_POST, LI_HTTP_DELETE };

struct li_http_header {
    const char *name, *value; /* no line breaks in either */
};

/* Zero-initialise it, but for the parent. It must stay until all that is in it has returned. */
struct li_http_group {
    const struct li_http_group *parent; /* it is called off with that one; NULL: none */
    bool cancelled;                     /* the client's; see li_http_cancel() */
};

/* All is borrowed until li_http_send() returns. */
struct li_http_request {
    enum li_http_method method;
    const char *url; /* http: or https: */
    const struct li_http_header *headers;
    size_t header_count;
    const void *body; /* of PUT and POST */
    size_t body_len;
    size_t limit; /* bytes of an answer's body below status 300 */
    /* Seconds without a connection, without a byte in either direction, and in all. */
    unsigned connect, stall, total;
    bool no_proxy;                     /* straight to the server, whatever the environment says */
    bool secret;                       /* the answer is: what its buffers outgrow is overwritten */
    const struct li_http_group *group; /* NULL: none */
};

/* Zero-initialise it; li_http_response_free() returns it to that. */
struct li_http_response {
    int status;
    struct li_buffer headers; /* "name\0value\0" pairs; see li_http_header() */
    struct li_buffer body;    /* over status 299 cut at LI_HTTP_ERROR_MAX */
    bool framed;              /* the server said where the body ends, so it is whole */
    /* After LI_ENETWORK: the server let nobody in, in time, or hung up before any byte of an
     * answer. */
    bool unreached;
};

/* Starts a client. LI_ENOMEM, LI_EUNSUPPORTED (libcurl), LI_EIO (no thread). */
int li_http_new(const struct li_http_options *options, struct li_http **out, struct li_error *err);

/* Sends REQUEST and waits for the answer, which replaces *OUT; any status is success. LI_ENETWORK
 * is what may pass: no connection, a reset, a body that ends early, a time-out; of OUT only
 * `unreached` is set then. LI_EDENIED: the server's certificate does not verify. LI_ELIMIT: the
 * body is over the limit, which is about what was asked for; LI_EIO: the headers are over theirs,
 * which is about the server. LI_EINVALID: the URL or a header. LI_ECANCELLED: after li_http_stop(),
 * or li_http_cancel() of its group: whether the server did what it was asked for is not known then.
 * Any thread. */
int li_http_send(struct li_http *http, const struct li_http_request *request,
                 struct li_http_response *out, struct li_error *err);

/* Waits MILLISECONDS, or less where the client is stopped or GROUP, which may be NULL, is called
 * off: then LI_ECANCELLED. Any thread. */
int li_http_pause(struct li_http *http, const struct li_http_group *group, unsigned milliseconds,
                  struct li_error *err);

/* Of a clock that only goes forward. */
uint64_t li_http_milliseconds(void);

/* Ends all of GROUP, and of groups whose parent it is, that runs and that is to come, with
 * LI_ECANCELLED; it does not wait for that. Any thread. */
void li_http_cancel(struct li_http *http, struct li_http_group *group);

/* Ends all that runs, and all that is to come, with LI_ECANCELLED. Any thread. */
void li_http_stop(struct li_http *http);

/* Stops and frees the client, which no other thread may use any more. NULL is allowed. */
void li_http_free(struct li_http *http);

/* The value of the answer's first header NAME (in any case), or NULL. The response's. */
const char *li_http_header(const struct li_http_response *response, const char *name);

/* Wipes and frees. NULL is allowed. */
void li_http_response_free(struct li_http_response *response);

const char *li_http_method_text(enum li_http_method method); /* "GET" */

#endif
