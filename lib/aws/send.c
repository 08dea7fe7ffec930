/* SPDX-License-Identifier: Apache-2.0 */
/* One request of a call, with the current credentials, clock and destination. */
#include "aws/sending.h"

enum {
    TOTAL = 120,        /* seconds for a request without a body */
    BODY_MAX = 1 << 29, /* bytes of a body that get time by the least rate */
};

static unsigned patience(const struct li_aws_call *call)
{
    size_t bytes = call->body_len > call->limit ? call->body_len : call->limit;

    if (bytes > BODY_MAX)
        bytes = BODY_MAX;
    return TOTAL + (unsigned)(bytes / LI_HTTP_RATE);
}

static int send_signed(struct li_aws_sending *s, const struct li_aws_call *call,
                       struct li_error *err)
{
    const struct li_aws_client_options *options = &s->client->options;
    const struct li_aws_request request = {.method = call->method,
                                           .endpoint = &s->destination.endpoint,
                                           .path = call->path,
                                           .query = call->query,
                                           .query_count = call->query_count,
                                           .headers = call->headers,
                                           .header_count = call->header_count,
                                           .body = call->body,
                                           .body_len = call->body_len,
                                           .digest = call->digest,
                                           .region = s->destination.region,
                                           .service = options->service};
    struct li_aws_signed ready = {0};
    int rc = li_aws_sign(&request, options->provider ? &s->credentials : NULL, s->now + s->skew,
                         &ready, err);

    if (rc == 0) {
        const struct li_http_request http = {.method = call->method,
                                             .url = ready.url,
                                             .headers = ready.headers,
                                             .header_count = ready.header_count,
                                             .body = call->body,
                                             .body_len = call->body_len,
                                             .limit = call->limit,
                                             .stall = options->stall,
                                             .total = patience(call),
                                             .secret = call->secret,
                                             .group = call->group};

        rc = li_attempts_send(&s->attempts, &http, err);
    }
    li_aws_signed_free(&ready);
    return rc;
}

static void count(struct li_aws_sending *s, const struct li_aws_call *call)
{
    struct li_aws_counters *counters = &s->client->counters;

    atomic_fetch_add(&counters->requests[call->kind], 1);
    atomic_fetch_add(&counters->repeated, s->sent);
    atomic_fetch_add(&counters->sent, call->body_len);
    atomic_fetch_add(&counters->received, s->attempts.response.body.len);
    s->sent = true;
}

/* A fault of the credentials says nothing about the object of the call: a missing profile or token
 * file must not look like a missing object, nor one on a bad sector like a damaged object. */
static int take_credentials(struct li_aws_sending *s, struct li_error *err)
{
    int rc = li_aws_provider_get(s->client->options.provider, &s->credentials, err);

    if (rc < 0)
        err->sys = 0;
    if (rc < 0 && rc != LI_ENETWORK && rc != LI_ENOMEM && rc != LI_ECANCELLED)
        rc = err->code = LI_EDENIED;
    return rc;
}

int li_aws_send_once(struct li_aws_sending *s, const struct li_aws_call *call, struct li_error *err)
{
    struct li_aws_client *client = s->client;
    const struct li_http_response *response = &s->attempts.response;
    int rc = 0;

    if (client->options.provider)
        rc = take_credentials(s, err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&client->lock);
    s->destination = client->destination;
    s->skew = client->skew;
    pthread_mutex_unlock(&client->lock);
    s->now = client->options.env->now();
    rc = send_signed(s, call, err);
    count(s, call);
    /* An answer whose end the server does not state may have been cut by anybody. */
    if (rc == 0 && (call->method == LI_HTTP_GET || call->may_fail_late) && response->status < 300 &&
        !response->framed)
        rc = li_fail(err, LI_ENETWORK, "the answer does not say where it ends");
    return rc;
}
