/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client as its callers see it: what all of its requests share, and the way of a request from
 * the caller to the network thread and back.
 */
#include "http/http.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/answers.h"
#include "http/curl.h"
#include "http/network.h"
#include "http/transfer.h"

struct li_http {
    char *ca_bundle;
    CURLSH *share; /* TLS sessions */
    pthread_mutex_t sharing[CURL_LOCK_DATA_LAST];
    struct li_answers answers; /* the network thread's */
    struct li_network *network;
};

uint64_t li_http_milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static void share_lock(CURL *easy, curl_lock_data data, curl_lock_access access, void *arg)
{
    struct li_http *http = arg;

    (void)easy, (void)access;
    pthread_mutex_lock(&http->sharing[data]);
}

static void share_unlock(CURL *easy, curl_lock_data data, void *arg)
{
    struct li_http *http = arg;

    (void)easy;
    pthread_mutex_unlock(&http->sharing[data]);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode global_result;

static void init_curl(void)
{
    global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int open_share(struct li_http *http, struct li_error *err)
{
    int rc = li_curl_load(err);

    if (rc < 0)
        return rc;
    pthread_once(&once, init_curl);
    if (global_result != CURLE_OK)
        return li_fail(err, LI_EUNSUPPORTED, "libcurl does not start: %s",
                       curl_easy_strerror(global_result));
    http->share = curl_share_init();
    if (!http->share)
        return li_fail_memory(err);
    curl_share_setopt(http->share, CURLSHOPT_LOCKFUNC, share_lock);
    curl_share_setopt(http->share, CURLSHOPT_UNLOCKFUNC, share_unlock);
    curl_share_setopt(http->share, CURLSHOPT_USERDATA, http);
    curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    return 0;
}

int li_http_new(const struct li_http_options *options, struct li_http **out, struct li_error *err)
{
    struct li_http *http = calloc(1, sizeof(*http));
    int rc = 0;

    if (!http)
        return li_fail_memory(err);
    for (int i = 0; i < CURL_LOCK_DATA_LAST; i++)
        pthread_mutex_init(&http->sharing[i], NULL);
    if (options->ca_bundle && !(http->ca_bundle = strdup(options->ca_bundle)))
        rc = li_fail_memory(err);
    if (rc == 0)
        rc = open_share(http, err);
    if (rc == 0)
        rc = li_network_new(options->in_flight ? options->in_flight : LI_HTTP_IN_FLIGHT,
                            &http->network, err);
    if (rc < 0)
        li_http_free(http);
    else
        *out = http;
    return rc;
}

void li_http_free(struct li_http *http)
{
    if (!http)
        return;
    li_network_free(http->network);
    curl_share_cleanup(http->share);
    for (int i = 0; i < CURL_LOCK_DATA_LAST; i++)
        pthread_mutex_destroy(&http->sharing[i]);
    free(http->ca_bundle);
    free(http);
}

/* ---- callers --------------------------------------------------------------------------------- */

int li_http_send(struct li_http *http, const struct li_http_request *request,
                 struct li_http_response *out, struct li_error *err)
{
    struct li_transfer transfer;
    int rc =
        li_transfer_prepare(&transfer, request, http->ca_bundle, http->share, &http->answers, err);

    if (rc == 0) {
        rc = li_network_send(http->network, &transfer);
        if (rc < 0)
            *err = transfer.error;
        out->unreached = transfer.response.unreached;
        out->silent = transfer.response.silent;
    }
    if (rc == 0) {
        li_http_response_free(out);
        *out = transfer.response;
        transfer.response = (struct li_http_response){0};
    }
    li_transfer_release(&transfer);
    return rc;
}

int li_http_pause(struct li_http *http, const struct li_http_group *group, unsigned milliseconds,
                  struct li_error *err)
{
    return li_network_pause(http->network, group, milliseconds, err);
}

void li_http_cancel(struct li_http *http, struct li_http_group *group)
{
    li_network_cancel(http->network, group);
}

void li_http_stop(struct li_http *http)
{
    li_network_stop(http->network);
}
