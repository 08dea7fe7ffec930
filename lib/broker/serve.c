/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's side: the control socket, the channels, and input and output of their calls.
 *
 * What comes from the parent may come from somebody who has taken it over. No length, number or key
 * in a message is used before it was checked. The parent can write to a region at any time, so what
 * is checked is copied first; the bytes of an object are only passed on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"
#include "broker/internal.h"

/* ---- channels -------------------------------------------------------------------------------- */

int li_session_input(struct li_broker_session *s, const struct li_broker_request *q, bool private,
                     const uint8_t **data, struct li_error *err)
{
    int rc = 0;

    if (s->input.len ? s->input.len != q->len : q->len > LI_BROKER_REGION)
        return li_fail(err, LI_EINVALID, "a request has %llu bytes, and %zu came",
                       (unsigned long long)q->len, s->input.len);
    if (s->input.len == 0 && !private) {
        *data = s->region;
        return 0;
    }
    if (s->input.len == 0)
        rc = li_buffer_append(&s->input, s->region, (size_t)q->len, err);
    *data = s->input.data;
    return rc;
}

static int take_part(struct li_broker_session *s, const struct li_broker_request *q,
                     struct li_error *err)
{
    if (q->len > LI_BROKER_REGION || q->len > LI_STORE_OBJECT_MAX - s->input.len)
        return li_fail(err, LI_ELIMIT, "a request has more than %d bytes", LI_STORE_OBJECT_MAX);
    return li_buffer_append(&s->input, s->region, (size_t)q->len, err);
}

static bool send_reply(struct li_broker_session *s, const struct li_error *result)
{
    s->reply.error = *result;
    return li_wire_send(s->socket, &s->reply, sizeof(s->reply), NULL, 0);
}

int li_session_more(struct li_broker_session *s, size_t len, struct li_error *err)
{
    const struct li_error none = LI_ERROR_INIT;
    struct li_broker_request next;

    s->reply.more = 1;
    s->reply.len = len;
    if (!send_reply(s, &none) || !li_wire_receive(s->socket, &next, sizeof(next), NULL, 0) ||
        next.op != LI_BROKER_NEXT)
        return li_fail(err, LI_ECANCELLED, "no more is wanted");
    s->reply.more = 0;
    s->reply.len = 0;
    return 0;
}

int li_session_output(struct li_broker_session *s, const uint8_t *data, size_t len,
                      struct li_error *err)
{
    int rc = 0;

    s->reply.total = len;
    while (rc == 0 && len > LI_BROKER_REGION) {
        memcpy(s->region, data, LI_BROKER_REGION);
        rc = li_session_more(s, LI_BROKER_REGION, err);
        data += LI_BROKER_REGION;
        len -= LI_BROKER_REGION;
    }
    if (rc == 0 && len > 0 && data != s->region)
        memcpy(s->region, data, len);
    s->reply.len = rc == 0 ? len : 0;
    return rc;
}

/* Carries out a request. A part is kept for the request that follows. */
static int carry_out(struct li_broker_session *s, struct li_broker_request *q, struct li_error *err)
{
    int rc;

    q->key[sizeof(q->key) - 1] = '\0';
    if (q->op == LI_BROKER_PART) {
        rc = take_part(s, q, err);
        if (rc < 0)
            li_buffer_wipe_free(&s->input);
        return rc;
    }
    if (q->op >= LI_BROKER_WRAP && q->op <= LI_BROKER_DESCRIBE)
        rc = li_serve_kms(s, q, err);
    else
        rc = li_serve_store(s, q, err);
    li_buffer_wipe_free(&s->input);
    return rc;
}

static void *serve_channel(void *arg)
{
    struct li_broker_session *s = arg;
    struct li_broker_request q;

    while (li_wire_receive(s->socket, &q, sizeof(q), NULL, 0)) {
        struct li_error err = LI_ERROR_INIT;
        int rc;

        memset(&s->reply, 0, sizeof(s->reply));
        rc = carry_out(s, &q, &err);
        s->reply.more = 0;
        err.code = rc;
        if (!send_reply(s, &err))
            break;
    }
    /* A parent that still waits would wait for ever. So the broker ends, and with it all it has. */
    if (!li_wire_closed(s->socket))
        shutdown(s->server->control, SHUT_RDWR);
    return NULL;
}

/* Memory of a fixed length: if the parent could shorten it, we would die of looking at it. */
static int new_region(int *fd, uint8_t **region, struct li_error *err)
{
    void *at = MAP_FAILED;
    int got = memfd_create("lambdaimg", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (got >= 0 && ftruncate(got, LI_BROKER_REGION) == 0 &&
        fcntl(got, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        at = mmap(NULL, LI_BROKER_REGION, PROT_READ | PROT_WRITE, MAP_SHARED, got, 0);
    if (at == MAP_FAILED) {
        int why = errno;

        if (got >= 0)
            close(got);
        return li_fail_errno(err, why, "cannot make memory for objects");
    }
    *fd = got;
    *region = at;
    return 0;
}

static int start_session(struct li_broker_session *s, struct li_error *err)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int sys;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sys = pthread_create(&thread, &attributes, serve_channel, s);
    pthread_attr_destroy(&attributes);
    return sys ? li_fail_errno(err, sys, "cannot start a thread") : 0;
}

/* A new channel. FDS are its socket and its memory, for the parent. */
static int open_channel(struct li_broker_server *server, int fds[2], struct li_error *err)
{
    struct li_broker_session *s = NULL;
    int ends[2];
    int rc;

    if (server->channels == LI_BROKER_CHANNELS)
        return li_fail(err, LI_ELIMIT, "there are %d channels already", LI_BROKER_CHANNELS);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return li_fail_errno(err, errno, "cannot make a pair of sockets");
    fds[0] = ends[0];
    s = calloc(1, sizeof(*s));
    rc = s ? new_region(&fds[1], &s->region, err) : li_fail_memory(err);
    if (rc == 0) {
        s->server = server;
        s->socket = ends[1];
        rc = start_session(s, err);
    }
    if (rc == 0) {
        server->channels++;
        return 0;
    }
    if (s && s->region)
        munmap(s->region, LI_BROKER_REGION);
    free(s);
    close(ends[1]);
    return rc;
}

/* ---- the control socket ---------------------------------------------------------------------- */

static int fork_store(struct li_broker_server *server, uint32_t *handle, struct li_error *err)
{
    struct li_store *fork = NULL;
    int rc;

    if (server->forks == LI_BROKER_FORKS)
        return li_fail(err, LI_ELIMIT, "the store has %d handles already", LI_BROKER_FORKS);
    rc = li_store_fork(server->service.store, &fork, err);
    if (rc < 0 || !fork)
        return rc;
    pthread_mutex_lock(&server->lock);
    server->fork[server->forks++] = fork;
    *handle = server->forks;
    pthread_mutex_unlock(&server->lock);
    return 0;
}

static int extra(struct li_broker_server *server, unsigned number, int *fd, struct li_error *err)
{
    if (number == LI_BROKER_FORGET)
        li_serve_no_keys(server);
    return server->service.extra(server->service.arg, number, fd, err);
}

/* A repository that is not the right one gets no key any more, and there is no second try. */
static int identify(struct li_broker_server *server, const uint8_t id[LI_ID_SIZE], uint32_t *proven,
                    struct li_error *err)
{
    bool known = false;
    int rc;

    if (server->identified)
        return li_fail(err, LI_EINVALID, "the repository was identified already");
    rc = server->service.identify(server->service.arg, id, &known, err);
    *proven = known;
    if (rc < 0)
        li_serve_no_keys(server);
    pthread_rwlock_wrlock(&server->kms_lock);
    memcpy(server->repository, id, LI_ID_SIZE);
    server->identified = true;
    server->accepted = rc == 0;
    pthread_rwlock_unlock(&server->kms_lock);
    return rc;
}

static int control(struct li_broker_server *server, const struct li_broker_request *q,
                   struct li_broker_reply *reply, int fds[2], struct li_error *err)
{
    struct li_store *store = server->service.store;

    switch (q->op) {
    case LI_BROKER_CHANNEL:
        return open_channel(server, fds, err);
    case LI_BROKER_FORK:
        return fork_store(server, &reply->count, err);
    case LI_BROKER_CANCEL:
        if (q->handle >= 1 && q->handle <= server->forks)
            li_store_cancel(server->fork[q->handle - 1]);
        return 0;
    case LI_BROKER_STATS:
        li_store_stats(store, &reply->stats);
        return 0;
    case LI_BROKER_LACKS:
        reply->count = li_store_lacks(store);
        return 0;
    case LI_BROKER_EXPECT:
        li_store_expect(store, q->count);
        return 0;
    case LI_BROKER_IDENTIFY:
        return identify(server, q->repository, &reply->count, err);
    case LI_BROKER_PROVE:
        return server->accepted
                   ? server->service.prove(server->service.arg, q->count ? q->object : NULL, err)
                   : li_fail(err, LI_EINVALID, "the repository was not identified");
    case LI_BROKER_EXTRA:
        return extra(server, q->count, &fds[0], err);
    default:
        return li_fail(err, LI_EINVALID, "there is no request %u", q->op);
    }
}

static int greet(struct li_broker_server *server, const struct li_broker_service *service,
                 struct li_error *err)
{
    const struct li_store *store = service->store;
    struct li_broker_greeting *greeting = calloc(1, sizeof(*greeting));

    if (!greeting)
        return li_fail_memory(err);
    if (strlen(store->address) >= LI_BROKER_ADDRESS_MAX ||
        (store->identity && strlen(store->identity) >= LI_BROKER_ADDRESS_MAX)) {
        free(greeting);
        return li_fail(err, LI_ELIMIT, "the address of the repository has more than %d bytes",
                       LI_BROKER_ADDRESS_MAX);
    }
    greeting->width = store->width;
    greeting->remote = store->remote;
    strcpy(greeting->address, store->address);
    greeting->has_identity = store->identity != NULL;
    if (store->identity)
        strcpy(greeting->identity, store->identity);
    li_serve_keys(server, greeting);
    if (service->keyless)
        greeting->keyless = *service->keyless;
    (void)li_wire_send(server->control, greeting, sizeof(*greeting), NULL, 0);
    free(greeting);
    return 0;
}

void li_broker_refuse(struct li_broker_server *server, const struct li_error *why)
{
    struct li_broker_greeting *greeting = calloc(1, sizeof(*greeting));

    if (!greeting)
        return;
    greeting->error = *why;
    (void)li_wire_send(server->control, greeting, sizeof(*greeting), NULL, 0);
    free(greeting);
}

void li_broker_serve(struct li_broker_server *server, const struct li_broker_service *service)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_broker_request q;

    server->service = *service;
    atomic_store(&server->serving, true);
    if (greet(server, service, &err) < 0)
        li_broker_refuse(server, &err);
    while (li_wire_receive(server->control, &q, sizeof(q), NULL, 0)) {
        struct li_broker_reply reply = {.count = 0};
        int fds[2] = {-1, -1};
        size_t count = 0;

        reply.error = (struct li_error)LI_ERROR_INIT;
        reply.error.code = control(server, &q, &reply, fds, &reply.error);
        while (count < 2 && fds[count] >= 0)
            count++;
        if (!li_wire_send(server->control, &reply, sizeof(reply), fds, count))
            break;
        /* A descriptor of EXTRA is lent. */
        if (q.op == LI_BROKER_CHANNEL)
            for (size_t i = 0; i < count; i++)
                close(fds[i]);
    }
}
