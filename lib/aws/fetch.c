/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/fetch.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "aws/json.h"
#include "aws/sign.h"
#include "base/io.h"
#include "http/attempts.h"

enum { ATTEMPTS = 3 };

/* Unlike a call, a request for credentials has few attempts and ignores Retry-After, because
 * credentials are needed soon or not at all. One thread at a time asks these services, and rarely;
 * so no state is kept between requests. */
struct fetching {
    struct li_attempts attempts;
    const struct li_http_request *request;
    int rc;
};

static enum li_verdict attempt_once(void *arg, struct li_error *err)
{
    struct fetching *f = arg;
    int status;

    f->rc = li_attempts_send(&f->attempts, f->request, err);
    status = f->attempts.response.status;
    if (f->rc == 0 && !li_retry_is_passing(status))
        return LI_VERDICT_ANSWERED;
    if (f->rc == 0)
        f->rc = li_fail(err, LI_ENETWORK, "it answered with status %d", status);
    return f->rc == LI_ENETWORK ? LI_VERDICT_LATER : LI_VERDICT_REFUSED;
}

int li_aws_fetch(const struct li_aws_search *search, const struct li_aws_fetch *fetch,
                 struct li_http_response *out, struct li_error *err)
{
    const struct li_http_request request = {
        .method = fetch->method,
        .url = fetch->url,
        .headers = fetch->headers,
        .header_count = fetch->header_count,
        .body = fetch->body,
        .body_len = fetch->body_len,
        .limit = LI_AWS_REPLY_MAX,
        .connect = fetch->wait,
        .stall = fetch->wait,
        .total = 2 * fetch->wait,
        .no_proxy = fetch->near,
        .secret = true,
    };
    struct fetching f = {.attempts = {.http = search->http,
                                      .env = search->env,
                                      .most = fetch->wait == LI_AWS_WAIT_PROBE ? 1 : ATTEMPTS},
                         .request = &request};
    enum li_verdict verdict;
    int rc = li_attempts_run(&f.attempts, attempt_once, &f, &verdict, err);

    li_http_response_free(out);
    *out = f.attempts.response;
    return rc < 0 ? rc : f.rc;
}

int li_aws_fetch_json(const struct li_aws_search *search, const struct li_aws_fetch *fetch,
                      int *status, json_t **out, struct li_error *err)
{
    struct li_http_response response = {0};
    int rc = li_aws_fetch(search, fetch, &response, err);

    if (rc == 0) {
        *status = response.status;
        rc = li_aws_json_parse("the answer", response.body.data, response.body.len, out, err);
        /* An error that is not JSON, for instance a proxy's, is best described by its status. */
        if (rc < 0 && response.status != 200)
            rc = li_fail(err, LI_EDENIED, "it answered with status %d", response.status);
    }
    li_http_response_free(&response);
    return rc;
}

int li_aws_form(struct li_buffer *out, const char *const *pairs, struct li_error *err)
{
    bool first = true;
    int rc = 0;

    for (; rc == 0 && pairs[0]; pairs += 2) {
        if (!pairs[1])
            continue;
        if (!first)
            rc = li_buffer_append(out, "&", 1, err);
        first = false;
        if (rc == 0)
            rc = li_aws_encode(out, pairs[0], false, err);
        if (rc == 0)
            rc = li_buffer_append(out, "=", 1, err);
        if (rc == 0)
            rc = li_aws_encode(out, pairs[1], false, err);
    }
    return rc;
}

int li_aws_read_token(const struct li_aws_search *search, const char *path, struct li_buffer *out,
                      struct li_error *err)
{
    char *expanded = NULL;
    int rc = li_aws_expand_path(search->settings, path, &expanded, err);

    out->wiped = true;
    if (rc == 0)
        rc = li_read_file(expanded, LI_AWS_REPLY_MAX, out, err);
    if (rc == 0) {
        while (out->len > 0 && isspace(out->data[out->len - 1]))
            out->len--;
        if (out->len == 0 || memchr(out->data, '\0', out->len))
            rc = li_fail(err, LI_ECORRUPT, "there is no token in %s", expanded);
    }
    if (rc == 0)
        rc = li_buffer_append(out, "", 1, err);
    free(expanded);
    return rc;
}
