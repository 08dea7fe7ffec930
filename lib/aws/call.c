/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a call until it is answered, and describes the failure if it is not. */
#include "aws/call.h"

#include "aws/sending.h"

void li_aws_client_init(struct li_aws_client *client, const struct li_aws_client_options *options)
{
    client->options = *options;
    li_http_server_init(&client->server);
    pthread_mutex_init(&client->lock, NULL);
}

void li_aws_client_destroy(struct li_aws_client *client)
{
    pthread_mutex_destroy(&client->lock);
}

void li_aws_client_destination(struct li_aws_client *client, struct li_aws_destination *out)
{
    pthread_mutex_lock(&client->lock);
    *out = client->destination;
    pthread_mutex_unlock(&client->lock);
}

static int refuse(const struct li_aws_sending *s, struct li_error *err)
{
    const struct li_aws_refusal refusal = {.said = &s->said,
                                           .call = s->call,
                                           .status = s->attempts.response.status,
                                           .attempts = s->attempts.count,
                                           .credentials = &s->credentials};

    if (s->rc < 0 && s->attempts.count > 1)
        return li_context(err, "no %sanswer in %u attempts", s->spoiled ? "sound " : "",
                          s->attempts.count);
    if (s->rc < 0 || s->expired)
        return err->code;
    return s->client->options.ops->tell(s->client, &refusal, err);
}

static uint64_t end_of(const struct li_aws_call *call)
{
    return call->deadline ? li_http_milliseconds() + call->deadline * UINT64_C(1000) : 0;
}

int li_aws_call(struct li_aws_client *client, const struct li_aws_call *call,
                struct li_http_response *out, struct li_error *err)
{
    struct li_aws_sending s = {.client = client,
                               .call = call,
                               .attempts = {.http = client->options.http,
                                            .env = client->options.env,
                                            .group = call->group,
                                            .server = &client->server,
                                            .most = LI_RETRY_ATTEMPTS,
                                            .patience = client->options.timeout * UINT64_C(1000),
                                            .until = end_of(call),
                                            .heeds = LI_RETRY_LONGEST}};
    enum li_verdict verdict;
    int rc = li_attempts_run(&s.attempts, li_aws_attempt_call, &s, &verdict, err);

    if (rc == 0 && verdict != LI_VERDICT_ANSWERED)
        rc = refuse(&s, err);
    if (rc == 0) {
        li_http_response_free(out);
        *out = s.attempts.response;
        s.attempts.response = (struct li_http_response){0};
    }
    li_http_response_free(&s.attempts.response);
    li_aws_credentials_wipe(&s.credentials);
    return rc;
}
