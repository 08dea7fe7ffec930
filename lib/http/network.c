/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request is an easy handle and a condition to wait for. The caller prepares it, puts it into a
 * queue and sleeps. Only the network thread touches the multi handle: it takes from the queue what
 * the window allows, and wakes the caller with the outcome. So two threads never touch a transfer
 * at once.
 *
 * INVARIANT: the network thread owns a transfer from the moment it is queued until `done` is set
 * under the lock. A caller therefore never leaves before that. li_network_stop() makes the network
 * thread release all transfers, and li_network_cancel() those of a group.
 */
#include "http/network.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/workers.h"
#include "http/connections.h"
#include "http/curl.h"
#include "http/retry.h"
#include "http/window.h"

struct li_network {
    CURLM *multi;
    struct li_workers *thread;
    pthread_mutex_t lock;
    pthread_cond_t stop_asked;         /* of all, or of a group */
    bool stopping;                     /* under lock, like all fields below and all groups */
    bool cancelling;                   /* a group was cancelled: its transfers must end */
    struct li_transfer *first, **last; /* the queue */
    struct li_transfer *running;       /* the network thread's */
    struct li_window window;           /* the network thread's */
    struct li_connections connections; /* the network thread's */
};

/* ---- the thread ------------------------------------------------------------------------------ */

static void unlink_running(struct li_network *network, struct li_transfer *transfer)
{
    struct li_transfer **at = &network->running;

    while (*at != transfer)
        at = &(*at)->next;
    *at = transfer->next;
}

/* The caller may free TRANSFER as soon as the lock is released. */
static void settle(struct li_network *network, struct li_transfer *transfer, int rc)
{
    pthread_mutex_lock(&network->lock);
    transfer->rc = rc;
    transfer->done = true;
    pthread_cond_signal(&transfer->settled);
    pthread_mutex_unlock(&network->lock);
}

/* What the end of a transfer says about its connection. */
static void watch_connection(struct li_network *network, const struct li_transfer *transfer,
                             CURLcode code)
{
    unsigned stall = transfer->request->stall ? transfer->request->stall : LI_HTTP_STALL;
    long port = 0, version = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_LOCAL_PORT, &port);
    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
    if (code == CURLE_OK && version >= CURL_HTTP_VERSION_2_0)
        li_connections_heard(&network->connections, port, li_http_milliseconds());
    else if (code == CURLE_OPERATION_TIMEDOUT)
        li_connections_silent(&network->connections, port, stall * UINT64_C(1000),
                              li_http_milliseconds());
}

static void finish(struct li_network *network, struct li_transfer *transfer, CURLcode code)
{
    const struct li_http_response *response = &transfer->response;
    bool narrow;
    int rc;

    watch_connection(network, transfer, code);
    curl_multi_remove_handle(network->multi, transfer->easy);
    unlink_running(network, transfer);
    rc = li_transfer_result(transfer, code);
    /* An answer that does not come in time may share a slow link with too many others. */
    narrow = rc == 0 ? li_retry_is_plea(response->status)
                     : code == CURLE_OPERATION_TIMEDOUT && !response->unreached;
    li_window_end(&network->window, rc < 0, narrow, rc == 0 ? li_retry_after(response) : 0,
                  li_http_milliseconds());
    settle(network, transfer, rc);
}

/* The next transfer of the queue that may begin, or NULL. */
static struct li_transfer *take(struct li_network *network)
{
    struct li_transfer *transfer = NULL;

    pthread_mutex_lock(&network->lock);
    if (network->first && !network->stopping &&
        li_window_open(&network->window, li_http_milliseconds())) {
        transfer = network->first;
        network->first = transfer->next;
        if (!network->first)
            network->last = &network->first;
    }
    pthread_mutex_unlock(&network->lock);
    return transfer;
}

static void begin(struct li_network *network)
{
    struct li_transfer *transfer;

    while ((transfer = take(network))) {
        transfer->next = network->running;
        network->running = transfer;
        li_window_begin(&network->window);
        li_transfer_begin(transfer, &network->connections);
        if (curl_multi_add_handle(network->multi, transfer->easy) != CURLM_OK)
            finish(network, transfer, CURLE_OUT_OF_MEMORY);
    }
}

static void reap(struct li_network *network)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(network->multi, &left))) {
        CURLcode code = message->data.result;
        char *private = NULL;
        struct li_transfer *transfer;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        transfer = (void *)private;
        finish(network, transfer, transfer->stalled ? CURLE_OPERATION_TIMEDOUT : code);
    }
}

/* Also for requests that wait in libcurl for a connection. */
static void look_at_meters(const struct li_network *network)
{
    uint64_t now = li_http_milliseconds();

    for (struct li_transfer *at = network->running; at; at = at->next)
        li_meter_look(&at->meter, now);
}

static bool is_stopping(struct li_network *network)
{
    bool stopping;

    pthread_mutex_lock(&network->lock);
    stopping = network->stopping;
    pthread_mutex_unlock(&network->lock);
    return stopping;
}

static void abandon(struct li_network *network)
{
    struct li_transfer *transfer;

    while (network->running)
        finish(network, network->running, CURLE_ABORTED_BY_CALLBACK);
    while (true) {
        pthread_mutex_lock(&network->lock);
        transfer = network->first;
        network->first = transfer ? transfer->next : NULL;
        pthread_mutex_unlock(&network->lock);
        if (!transfer)
            return;
        settle(network, transfer, li_transfer_result(transfer, CURLE_ABORTED_BY_CALLBACK));
    }
}

static bool is_cancelled(const struct li_http_group *group)
{
    while (group && !group->cancelled)
        group = group->parent;
    return group != NULL;
}

/* Takes a transfer whose group was cancelled out of the queue; the lock is held. */
static struct li_transfer *take_cancelled(struct li_network *network)
{
    struct li_transfer **at = &network->first, *transfer;

    while (*at && !is_cancelled((*at)->request->group))
        at = &(*at)->next;
    transfer = *at;
    if (transfer && !(*at = transfer->next))
        network->last = at;
    return transfer;
}

/* The same for a running transfer. */
static struct li_transfer *find_cancelled(const struct li_network *network)
{
    struct li_transfer *transfer = network->running;

    while (transfer && !is_cancelled(transfer->request->group))
        transfer = transfer->next;
    return transfer;
}

/* Ends the transfers of groups that were cancelled. */
static void cancel(struct li_network *network)
{
    struct li_transfer *queued, *running;

    do {
        queued = running = NULL;
        pthread_mutex_lock(&network->lock);
        if (network->cancelling && !(queued = take_cancelled(network)) &&
            !(running = find_cancelled(network)))
            network->cancelling = false;
        pthread_mutex_unlock(&network->lock);
        if (queued)
            settle(network, queued, li_transfer_result(queued, CURLE_ABORTED_BY_CALLBACK));
        if (running)
            finish(network, running, CURLE_ABORTED_BY_CALLBACK);
    } while (queued || running);
}

/* Milliseconds to wait for an event at most: a pause of the window ends without one, and the
 * meters of requests must be looked at. */
static int patience(struct li_network *network)
{
    bool queued;

    pthread_mutex_lock(&network->lock);
    queued = network->first != NULL;
    pthread_mutex_unlock(&network->lock);
    if (queued)
        return LI_WINDOW_PAUSE / 4;
    return network->running ? LI_METER_STEP / 2 : 60000;
}

static int run_network(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_network *network = arg;
    int running;

    (void)index, (void)team, (void)err;
    while (!is_stopping(network)) {
        cancel(network);
        begin(network);
        look_at_meters(network);
        curl_multi_perform(network->multi, &running);
        reap(network);
        begin(network);
        curl_multi_poll(network->multi, NULL, 0, patience(network), NULL);
    }
    abandon(network);
    return 0;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static int open_multi(struct li_network *network, struct li_error *err)
{
    long most = (long)network->window.most;

    network->multi = curl_multi_init();
    if (!network->multi)
        return li_fail_memory(err);
    curl_multi_setopt(network->multi, CURLMOPT_MAXCONNECTS, most);
    curl_multi_setopt(network->multi, CURLMOPT_MAX_HOST_CONNECTIONS, most);
    curl_multi_setopt(network->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    return 0;
}

int li_network_new(unsigned in_flight, struct li_network **out, struct li_error *err)
{
    struct li_network *network = calloc(1, sizeof(*network));
    pthread_condattr_t attr;
    int rc;

    if (!network)
        return li_fail_memory(err);
    network->last = &network->first;
    li_window_init(&network->window, in_flight);
    pthread_mutex_init(&network->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&network->stop_asked, &attr);
    pthread_condattr_destroy(&attr);
    rc = open_multi(network, err);
    if (rc == 0)
        rc = li_workers_start(1, run_network, network, &network->thread, err);
    if (rc < 0)
        li_network_free(network);
    else
        *out = network;
    return rc;
}

void li_network_stop(struct li_network *network)
{
    pthread_mutex_lock(&network->lock);
    network->stopping = true;
    pthread_cond_broadcast(&network->stop_asked);
    pthread_mutex_unlock(&network->lock);
    if (network->multi)
        curl_multi_wakeup(network->multi);
}

void li_network_cancel(struct li_network *network, struct li_http_group *group)
{
    pthread_mutex_lock(&network->lock);
    group->cancelled = network->cancelling = true;
    pthread_cond_broadcast(&network->stop_asked);
    /* Under the lock, while those who wait for it keep the client alive. */
    curl_multi_wakeup(network->multi);
    pthread_mutex_unlock(&network->lock);
}

void li_network_free(struct li_network *network)
{
    struct li_error ignored = LI_ERROR_INIT;

    if (!network)
        return;
    li_network_stop(network);
    li_workers_join(network->thread, &ignored);
    curl_multi_cleanup(network->multi);
    pthread_cond_destroy(&network->stop_asked);
    pthread_mutex_destroy(&network->lock);
    free(network);
}

/* ---- callers --------------------------------------------------------------------------------- */

int li_network_send(struct li_network *network, struct li_transfer *transfer)
{
    pthread_mutex_lock(&network->lock);
    if (network->stopping || is_cancelled(transfer->request->group)) {
        pthread_mutex_unlock(&network->lock);
        return li_transfer_result(transfer, CURLE_ABORTED_BY_CALLBACK);
    }
    *network->last = transfer;
    network->last = &transfer->next;
    /* Under the lock, before the client can be freed. */
    curl_multi_wakeup(network->multi);
    while (!transfer->done)
        pthread_cond_wait(&transfer->settled, &network->lock);
    pthread_mutex_unlock(&network->lock);
    return transfer->rc;
}

int li_network_pause(struct li_network *network, const struct li_http_group *group, unsigned pause,
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
    pthread_mutex_lock(&network->lock);
    while (!(stopped = network->stopping || is_cancelled(group)) && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&network->stop_asked, &network->lock, &until);
    pthread_mutex_unlock(&network->lock);
    return stopped ? li_fail(err, LI_ECANCELLED, "it was stopped") : 0;
}
