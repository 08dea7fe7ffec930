/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to services that give credentials. They are small, and either end soon or are given up.
 */
#ifndef LI_AWS_FETCH_H
#define LI_AWS_FETCH_H

#include <jansson.h>

#include "aws/internal.h"
#include "base/buffer.h"
#include "http/http.h"

/* How long to wait, in seconds: for a near service that may not exist, for a near one, and for a
 * far one. */
enum { LI_AWS_WAIT_PROBE = 1, LI_AWS_WAIT_NEAR = 5, LI_AWS_WAIT_FAR = 30 };

struct li_aws_fetch {
    enum li_http_method method;
    const char *url;
    const struct li_http_header *headers;
    size_t header_count;
    const void *body;
    size_t body_len;
    unsigned wait; /* seconds */
    bool near;     /* never through a proxy */
};

/* Sends a request. If the network or the server fails in a way that may pass, it sends again after
 * a pause, three times in all; a probe is sent once. Any other status is success. The caller frees
 * OUT, also on failure. LI_ENETWORK, and the errors of li_http_send(). The caller says who was
 * asked, because a URL may be secret. */
int li_aws_fetch(const struct li_aws_search *search, const struct li_aws_fetch *fetch,
                 struct li_http_response *out, struct li_error *err);

/* Appends "NAME=VALUE&..." to OUT. PAIRS holds names and values up to a NULL. Characters that a
 * query cannot hold are escaped. A pair whose value is NULL is left out. */
int li_aws_form(struct li_buffer *out, const char *const *pairs, struct li_error *err);

/* Parses the answer's body as one JSON object; li_aws_json_free() frees it. */
int li_aws_fetch_json(const struct li_aws_search *search, const struct li_aws_fetch *fetch,
                      int *status, json_t **out, struct li_error *err);

/* Reads a token: the trimmed text of the file at PATH. The caller wipes and frees it. */
int li_aws_read_token(const struct li_aws_search *search, const char *path, struct li_buffer *out,
                      struct li_error *err);

#endif
