/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request is an easy handle and a place to wait at. The caller prepares it, puts it into a queue
 * and sleeps; the network thread, which alone touches the multi handle, takes from the queue what
 * the window allows, and wakes the caller with the outcome. So nothing of a transfer is ever
 * touched by two threads at once.
 *
 * INVARIANT: a transfer is owned by the network thread from the moment it is queued until `done` is
 * set under the lock. A caller therefore never leaves before; li_http_stop() makes the network
 * thread let go of all, and li_http_cancel() of a group's.
 */
#include "http/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/workers.h"
#include "http/answers.h"
#include "http/connections.h"
#include "http/retry.h"
#include "http/transfer.h"
#include "http/window.h"

struct li_http {
    char *ca_bundle;
    CURLM *multi;
    CURLSH *share; /* TLS sessions */
    pthread_mutex_t sharing[CURL_LOCK_DATA_LAST];
    struct li_workers *network;
    pthread_mutex_t lock;
    pthread_cond_t stop_asked;         /* of all, or of a group */
    bool stopping;                     /* under lock, as all that follows, and all groups */
    bool cancelling;                   /* a group was called off: its transfers are to be ended */
    struct li_transfer *first, **last; /* the queue */
    struct li_transfer *running;       /* the network thread's */
    struct li_window window;           /* the network thread's */
    struct li_answers answers;         /* the network thread's */
    struct li_connections connections; /* the network thread's */
};

uint64_t li_http_milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the network thread ---------------------------------------------------------------------- */

static void unlink_running(struct li_http *http, struct li_transfer *transfer)
{
    struct li_transfer **at = &http->running;

    while (*at != transfer)
        at = &(*at)->next;
    *at = transfer->next;
}

/* The caller may free TRANSFER as soon as the lock is released. */
static void settle(struct li_http *http, struct li_transfer *transfer, int rc)
{
    pthread_mutex_lock(&http->lock);
    transfer->rc = rc;
    transfer->done = true;
    pthread_cond_signal(&transfer->settled);
    pthread_mutex_unlock(&http->lock);
}

/* What the end of a transfer says of its connection. */
static void watch_connection(struct li_http *http, const struct li_transfer *transfer,
                             CURLcode code)
{
    unsigned stall = transfer->request->stall ? transfer->request->stall : LI_HTTP_STALL;
    long port = 0, version = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_LOCAL_PORT, &port);
    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
    if (code == CURLE_OK && version >= CURL_HTTP_VERSION_2_0)
        li_connections_heard(&http->connections, port, li_http_milliseconds());
    else if (code == CURLE_OPERATION_TIMEDOUT)
        li_connections_silent(&http->connections, port, stall * UINT64_C(1000),
                              li_http_milliseconds());
}

static void finish(struct li_http *http, struct li_transfer *transfer, CURLcode code)
{
    const struct li_http_response *response = &transfer->response;
    int rc;

    watch_connection(http, transfer, code);
    curl_multi_remove_handle(http->multi, transfer->easy);
    unlink_running(http, transfer);
    rc = li_transfer_result(transfer, code);
    li_window_end(&http->window, rc < 0, rc == 0 && li_retry_is_plea(response->status),
                  rc == 0 ? li_retry_after(response) : 0, li_http_milliseconds());
    settle(http, transfer, rc);
}

/* The next of the queue that may begin, or NULL. */
static struct li_transfer *take(struct li_http *http)
{
    struct li_transfer *transfer = NULL;

    pthread_mutex_lock(&http->lock);
    if (http->first && !http->stopping && li_window_open(&http->window, li_http_milliseconds())) {
        transfer = http->first;
        http->first = transfer->next;
        if (!http->first)
            http->last = &http->first;
    }
    pthread_mutex_unlock(&http->lock);
    return transfer;
}

static void begin(struct li_http *http)
{
    struct li_transfer *transfer;

    while ((transfer = take(http))) {
        transfer->next = http->running;
        http->running = transfer;
        li_window_begin(&http->window);
        curl_easy_setopt(transfer->easy, CURLOPT_OPENSOCKETFUNCTION, li_connections_open);
        curl_easy_setopt(transfer->easy, CURLOPT_OPENSOCKETDATA, &http->connections);
        curl_easy_setopt(transfer->easy, CURLOPT_CLOSESOCKETFUNCTION, li_connections_close);
        curl_easy_setopt(transfer->easy, CURLOPT_CLOSESOCKETDATA, &http->connections);
        if (curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK)
            finish(http, transfer, CURLE_OUT_OF_MEMORY);
    }
}

static void reap(struct li_http *http)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(http->multi, &left))) {
        CURLcode code = message->data.result;
        void *transfer = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        finish(http, transfer, code);
    }
}

static bool is_stopping(struct li_http *http)
{
    bool stopping;

    pthread_mutex_lock(&http->lock);
    stopping = http->stopping;
    pthread_mutex_unlock(&http->lock);
    return stopping;
}

static void abandon(struct li_http *http)
{
    struct li_transfer *transfer;

    while (http->running)
        finish(http, http->running, CURLE_ABORTED_BY_CALLBACK);
    while (true) {
        pthread_mutex_lock(&http->lock);
        transfer = http->first;
        http->first = transfer ? transfer->next : NULL;
        pthread_mutex_unlock(&http->lock);
        if (!transfer)
            return;
        settle(http, transfer, li_transfer_result(transfer, CURLE_ABORTED_BY_CALLBACK));
    }
}

static bool is_cancelled(const struct li_http_group *group)
{
    while (group && !group->cancelled)
        group = group->parent;
    return group != NULL;
}

/* Takes one out of the queue whose group was called off; the lock is held. */
static struct li_transfer *take_cancelled(struct li_http *http)
{
    struct li_transfer **at = &http->first, *transfer;

    while (*at && !is_cancelled((*at)->request->group))
        at = &(*at)->next;
    transfer = *at;
    if (transfer && !(*at = transfer->next))
        http->last = at;
    return transfer;
}

/* The same for one that runs. */
static struct li_transfer *find_cancelled(const struct li_http *http)
{
    struct li_transfer *transfer = http->running;

    while (transfer && !is_cancelled(transfer->request->group))
        transfer = transfer->next;
    return transfer;
}

/* Ends the transfers of groups that were called off. */
static void cancel(struct li_http *http)
{
    struct li_transfer *queued, *running;

    do {
        queued = running = NULL;
        pthread_mutex_lock(&http->lock);
        if (http->cancelling && !(queued = take_cancelled(http)) &&
            !(running = find_cancelled(http)))
            http->cancelling = false;
        pthread_mutex_unlock(&http->lock);
        if (queued)
            settle(http, queued, li_transfer_result(queued, CURLE_ABORTED_BY_CALLBACK));
        if (running)
            finish(http, running, CURLE_ABORTED_BY_CALLBACK);
    } while (queued || running);
}

/* Milliseconds to wait for an event at most: a pause of the window ends without one. */
static int patience(struct li_http *http)
{
    bool queued;

    pthread_mutex_lock(&http->lock);
    queued = http->first != NULL;
    pthread_mutex_unlock(&http->lock);
    return queued ? LI_WINDOW_PAUSE / 4 : 60000;
}

static int run_network(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_http *http = arg;
    int running;

    (void)index, (void)team, (void)err;
    while (!is_stopping(http)) {
        cancel(http);
        begin(http);
        curl_multi_perform(http->multi, &running);
        reap(http);
        begin(http);
        curl_multi_poll(http->multi, NULL, 0, patience(http), NULL);
    }
    abandon(http);
    return 0;
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

static int open_curl(struct li_http *http, struct li_error *err)
{
    long most = (long)http->window.most;

    pthread_once(&once, init_curl);
    if (global_result != CURLE_OK)
        return li_fail(err, LI_EUNSUPPORTED, "libcurl does not start: %s",
                       curl_easy_strerror(global_result));
    http->multi = curl_multi_init();
    http->share = curl_share_init();
    if (!http->multi || !http->share)
        return li_fail_memory(err);
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, most);
    curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, most);
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    curl_share_setopt(http->share, CURLSHOPT_LOCKFUNC, share_lock);
    curl_share_setopt(http->share, CURLSHOPT_UNLOCKFUNC, share_unlock);
    curl_share_setopt(http->share, CURLSHOPT_USERDATA, http);
    curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    return 0;
}

int li_http_new(const struct li_http_options *options, struct li_http **out, struct li_error *err)
{
    struct li_http *http = calloc(1, sizeof(*http));
    pthread_condattr_t attr;
    int rc = 0;

    if (!http)
        return li_fail_memory(err);
    http->last = &http->first;
    li_window_init(&http->window, options->in_flight ? options->in_flight : LI_HTTP_IN_FLIGHT);
    pthread_mutex_init(&http->lock, NULL);
    for (int i = 0; i < CURL_LOCK_DATA_LAST; i++)
        pthread_mutex_init(&http->sharing[i], NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&http->stop_asked, &attr);
    pthread_condattr_destroy(&attr);
    if (options->ca_bundle && !(http->ca_bundle = strdup(options->ca_bundle)))
        rc = li_fail_memory(err);
    if (rc == 0)
        rc = open_curl(http, err);
    if (rc == 0)
        rc = li_workers_start(1, run_network, http, &http->network, err);
    if (rc < 0)
        li_http_free(http);
    else
        *out = http;
    return rc;
}

void li_http_stop(struct li_http *http)
{
    pthread_mutex_lock(&http->lock);
    http->stopping = true;
    pthread_cond_broadcast(&http->stop_asked);
    pthread_mutex_unlock(&http->lock);
    if (http->multi)
        curl_multi_wakeup(http->multi);
}

void li_http_cancel(struct li_http *http, struct li_http_group *group)
{
    pthread_mutex_lock(&http->lock);
    group->cancelled = http->cancelling = true;
    pthread_cond_broadcast(&http->stop_asked);
    /* Under the lock, and so while those who wait for it keep the client. */
    curl_multi_wakeup(http->multi);
    pthread_mutex_unlock(&http->lock);
}

void li_http_free(struct li_http *http)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (!http)
        return;
    li_http_stop(http);
    li_workers_join(http->network, &ignored);
    curl_multi_cleanup(http->multi);
    curl_share_cleanup(http->share);
    for (int i = 0; i < CURL_LOCK_DATA_LAST; i++)
        pthread_mutex_destroy(&http->sharing[i]);
    pthread_cond_destroy(&http->stop_asked);
    pthread_mutex_destroy(&http->lock);
    free(http->ca_bundle);
    free(http);
}

/* ---- callers --------------------------------------------------------------------------------- */

static int enqueue_and_wait(struct li_http *http, struct li_transfer *transfer)
{
    pthread_mutex_lock(&http->lock);
    if (http->stopping || is_cancelled(transfer->request->group)) {
        pthread_mutex_unlock(&http->lock);
        return li_transfer_result(transfer, CURLE_ABORTED_BY_CALLBACK);
    }
    *http->last = transfer;
    http->last = &transfer->next;
    /* Under the lock, and so before the client can be freed. */
    curl_multi_wakeup(http->multi);
    while (!transfer->done)
        pthread_cond_wait(&transfer->settled, &http->lock);
    pthread_mutex_unlock(&http->lock);
    return transfer->rc;
}

int li_http_send(struct li_http *http, const struct li_http_request *request,
                 struct li_http_response *out, struct li_error *err)
{
    struct li_transfer transfer;
    int rc =
        li_transfer_prepare(&transfer, request, http->ca_bundle, http->share, &http->answers, err);

    if (rc == 0) {
        rc = enqueue_and_wait(http, &transfer);
        if (rc < 0)
            *err = transfer.error;
        out->unreached = transfer.response.unreached;
    }
    if (rc == 0) {
        li_http_response_free(out);
        *out = transfer.response;
        transfer.response = (struct li_http_response){0};
    }
    li_transfer_release(&transfer);
    return rc;
}

int li_http_pause(struct li_http *http, const struct li_http_group *group, unsigned pause,
                  struct li_error *err)
{
    struct timespec until;
    int rc = 0;
    bool stopped;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += pause / 1000;
    until.tv_nsec += (long)(pause % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&http->lock);
    while (!(stopped = http->stopping || is_cancelled(group)) && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&http->stop_asked, &http->lock, &until);
    pthread_mutex_unlock(&http->lock);
    return stopped ? li_fail(err, LI_ECANCELLED, "it was stopped") : 0;
}
