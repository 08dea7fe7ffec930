/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to services that give credentials: small, and over soon or given up. */
#ifndef LI_AWS_FETCH_H
#define LI_AWS_FETCH_H

#include <jansson.h>

#include "aws/internal.h"
#include "base/buffer.h"
#include "http/http.h"

/* How long to wait, in seconds: to what is near and may not be there, near, and far away. */
enum { LI_AWS_WAIT_PROBE = 1, LI_AWS_WAIT_NEAR = 5, LI_AWS_WAIT_FAR = 30 };

struct li_aws_fetch {
    enum li_http_method method;
    const char *url;
    const struct li_http_header *headers;
    size_t header_count;
    const void *body;
    size_t body_len;
    unsigned wait; /* seconds */
    bool near;     /* never by a proxy */
};

/* Sends it, and again after a pause where network or server fail in passing, three times in all;
 * what is only probed for is asked once. Any other status is success. OUT is freed by the caller,
 * also on failure. LI_ENETWORK, and the errors of li_http_send(); who was asked is the caller's to
 * say, since a URL may be a secret. */
int li_aws_fetch(const struct li_aws_search *search, const struct li_aws_fetch *fetch,
                 struct li_http_response *out, struct li_error *err);

/* Appends "NAME=VALUE&..." of PAIRS, names and values up to a NULL, to OUT, with what cannot stand
 * in a query escaped. A pair whose value is NULL is left out. */
int li_aws_form(struct li_buffer *out, const char *const *pairs, struct li_error *err);

/* The answer's body as one JSON object; li_aws_json_free() frees it. */
int li_aws_fetch_json(const struct li_aws_search *search, const struct li_aws_fetch *fetch,
                      int *status, json_t **out, struct li_error *err);

/* The trimmed text in the file at PATH, which the caller wipes and frees: a token. */
int li_aws_read_token(const struct li_aws_search *search, const char *path, struct li_buffer *out,
                      struct li_error *err);

#endif
