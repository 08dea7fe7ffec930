/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side: starting a broker, and calls. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/internal.h"

struct li_broker {
    pid_t pid;
    int control;
    pthread_mutex_t asking; /* an exchange on the control socket is under way */
    pthread_mutex_t lock;   /* of all that follows */
    pthread_cond_t given_back;
    void (*lost)(void *arg);
    void *lost_arg;
    unsigned made; /* channels */
    struct li_broker_channel *free;
    struct li_broker_channel channel[LI_BROKER_CHANNELS];
};

/* Opening a store or a key may take as long as others like. Nobody waits for it if the parent has
 * ended. */
static void *watch_parent(void *arg)
{
    struct li_broker_server *server = arg;
    struct pollfd parent = {.fd = server->control};

    while (poll(&parent, 1, -1) < 0 && errno == EINTR)
        ;
    if (!atomic_load(&server->serving))
        _exit(0);
    return NULL;
}

/* SERVER is that of a process, and lasts as long. */
static int start_watching(struct li_broker_server *server, struct li_error *err)
{
    pthread_t watcher;
    int sys = pthread_create(&watcher, NULL, watch_parent, server);

    if (sys == 0)
        sys = pthread_detach(watcher);
    return sys ? li_fail_errno(err, sys, "cannot start a thread") : 0;
}

static _Noreturn void run_broker(li_broker_run *run, void *arg, int control)
{
    struct li_broker_server server = {.control = control};
    struct li_error err = LI_ERROR_INIT;
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    pthread_rwlock_init(&server.kms_lock, NULL);
    pthread_mutex_init(&server.lock, NULL);
    if (start_watching(&server, &err) == 0)
        _exit(run(arg, &server));
    li_broker_refuse(&server, &err);
    _exit(0);
}

int li_broker_start(li_broker_run *run, void *arg, struct li_broker **out, struct li_error *err)
{
    struct li_broker *broker = calloc(1, sizeof(*broker));
    int ends[2];

    if (!broker)
        return li_fail_memory(err);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        free(broker);
        return li_fail_errno(err, errno, "cannot make a pair of sockets");
    }
    broker->pid = fork();
    if (broker->pid == 0) {
        close(ends[0]);
        run_broker(run, arg, ends[1]);
    }
    close(ends[1]);
    if (broker->pid < 0) {
        close(ends[0]);
        free(broker);
        return li_fail_errno(err, errno, "cannot start the process that reaches the store");
    }
    broker->control = ends[0];
    pthread_mutex_init(&broker->asking, NULL);
    pthread_mutex_init(&broker->lock, NULL);
    pthread_cond_init(&broker->given_back, NULL);
    *out = broker;
    return 0;
}

/* Handles that the broker has ended. */
static int fail_lost(struct li_broker *broker, struct li_error *err)
{
    void (*lost)(void *arg);
    void *arg;

    pthread_mutex_lock(&broker->lock);
    lost = broker->lost;
    arg = broker->lost_arg;
    pthread_mutex_unlock(&broker->lock);
    /* It may only have given up a channel, and wait for us. */
    shutdown(broker->control, SHUT_RDWR);
    if (lost)
        lost(arg);
    return li_fail(err, LI_EIO, "the process that reaches the store has ended");
}

/* The result that came with a message. */
static int take_result(const struct li_error *came, struct li_error *err)
{
    if (came->code >= 0)
        return came->code;
    *err = *came;
    err->text[sizeof(err->text) - 1] = '\0';
    return err->code;
}

static int make_handles(struct li_broker *broker, const struct li_broker_greeting *greeting,
                        struct li_broker_opened *out, struct li_error *err)
{
    int rc = li_remote_store_new(broker, greeting, &out->store, err);

    if (rc == 0)
        rc = li_remote_kms_new(broker, greeting, out, err);
    if (rc == 0)
        return 0;
    while (out->keys > 0)
        li_kms_free(out->key[--out->keys]);
    li_kms_free(out->kms);
    li_store_free(out->store);
    *out = (struct li_broker_opened){0};
    return rc;
}

int li_broker_await(struct li_broker *broker, struct li_broker_opened *out, struct li_error *err)
{
    struct li_broker_greeting *greeting = malloc(sizeof(*greeting));
    int rc;

    *out = (struct li_broker_opened){0};
    if (!greeting)
        return li_fail_memory(err);
    if (li_wire_receive(broker->control, greeting, sizeof(*greeting), NULL, 0))
        rc = take_result(&greeting->error, err);
    else
        rc = fail_lost(broker, err);
    if (rc == 0)
        rc = make_handles(broker, greeting, out, err);
    if (rc == 0)
        (void)take_result(&greeting->keyless, &out->keyless);
    free(greeting);
    return rc;
}

int li_broker_exchange(struct li_broker *broker, const struct li_broker_request *request,
                       struct li_broker_reply *reply, int *fds, size_t count, struct li_error *err)
{
    bool done;

    pthread_mutex_lock(&broker->asking);
    done = li_wire_send(broker->control, request, sizeof(*request), NULL, 0) &&
           li_wire_receive(broker->control, reply, sizeof(*reply), fds, count);
    pthread_mutex_unlock(&broker->asking);
    return done ? take_result(&reply->error, err) : fail_lost(broker, err);
}

int li_broker_identify(struct li_broker *broker, const uint8_t id[LI_ID_SIZE], bool *proven,
                       struct li_error *err)
{
    struct li_broker_request request = {.op = LI_BROKER_IDENTIFY};
    struct li_broker_reply reply;

    int rc;

    memcpy(request.repository, id, LI_ID_SIZE);
    rc = li_broker_exchange(broker, &request, &reply, NULL, 0, err);
    *proven = rc == 0 && reply.count != 0;
    return rc;
}

int li_broker_prove(struct li_broker *broker, const uint8_t *key, struct li_error *err)
{
    struct li_broker_request request = {.op = LI_BROKER_PROVE, .count = key != NULL};
    struct li_broker_reply reply;

    if (key)
        memcpy(request.object, key, LI_ID_SIZE);
    return li_broker_exchange(broker, &request, &reply, NULL, 0, err);
}

int li_broker_ask(struct li_broker *broker, unsigned number, int *fd, struct li_error *err)
{
    const struct li_broker_request request = {.op = LI_BROKER_EXTRA, .count = number};
    struct li_broker_reply reply;
    int got = -1;
    int rc = li_broker_exchange(broker, &request, &reply, &got, 1, err);

    if (rc == 0 && fd)
        *fd = got;
    else if (got >= 0)
        close(got);
    return rc;
}

int li_broker_forget_kms(struct li_broker *broker, struct li_error *err)
{
    return li_broker_ask(broker, LI_BROKER_FORGET, NULL, err);
}

int li_broker_pid(const struct li_broker *broker)
{
    return broker->pid;
}

void li_broker_on_loss(struct li_broker *broker, void (*lost)(void *arg), void *arg)
{
    pthread_mutex_lock(&broker->lock);
    broker->lost = lost;
    broker->lost_arg = arg;
    pthread_mutex_unlock(&broker->lock);
}

void li_broker_free(struct li_broker *broker)
{
    if (!broker)
        return;
    close(broker->control);
    for (unsigned i = 0; i < broker->made; i++) {
        if (!broker->channel[i].region)
            continue;
        close(broker->channel[i].socket);
        munmap(broker->channel[i].region, LI_BROKER_REGION);
    }
    while (waitpid(broker->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    pthread_cond_destroy(&broker->given_back);
    pthread_mutex_destroy(&broker->lock);
    pthread_mutex_destroy(&broker->asking);
    free(broker);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* Fills in CHANNEL. */
static int open_channel(struct li_broker *broker, struct li_broker_channel *channel,
                        struct li_error *err)
{
    const struct li_broker_request request = {.op = LI_BROKER_CHANNEL};
    struct li_broker_reply reply;
    int fds[2] = {-1, -1};
    void *region = MAP_FAILED;
    int rc = li_broker_exchange(broker, &request, &reply, fds, 2, err);

    if (rc == 0)
        region = mmap(NULL, LI_BROKER_REGION, PROT_READ | PROT_WRITE, MAP_SHARED, fds[1], 0);
    if (rc == 0 && region == MAP_FAILED)
        rc = li_fail_errno(err, errno, "cannot map the memory for objects");
    if (fds[1] >= 0)
        close(fds[1]);
    if (rc == 0)
        *channel = (struct li_broker_channel){fds[0], region, NULL};
    else if (fds[0] >= 0)
        close(fds[0]);
    return rc;
}

/* A free channel, or the place for a new one, whose region is NULL. */
static struct li_broker_channel *take_channel(struct li_broker *broker)
{
    struct li_broker_channel *channel;

    pthread_mutex_lock(&broker->lock);
    while (!broker->free && broker->made == LI_BROKER_CHANNELS)
        pthread_cond_wait(&broker->given_back, &broker->lock);
    channel = broker->free;
    if (channel)
        broker->free = channel->next;
    else
        channel = &broker->channel[broker->made++];
    pthread_mutex_unlock(&broker->lock);
    return channel;
}

static void give_channel(struct li_broker *broker, struct li_broker_channel *channel)
{
    pthread_mutex_lock(&broker->lock);
    channel->next = broker->free;
    broker->free = channel;
    pthread_cond_signal(&broker->given_back);
    pthread_mutex_unlock(&broker->lock);
}

int li_call_begin(struct li_call *call, struct li_broker *broker, enum li_broker_op op,
                  const char *key, struct li_error *err)
{
    int rc = 0;

    call->broker = broker;
    call->request.op = op;
    if (key && strlen(key) >= sizeof(call->request.key))
        return li_fail(err, LI_EINVALID, "the key is too long");
    if (key)
        memcpy(call->request.key, key, strlen(key) + 1);
    call->channel = take_channel(broker);
    if (!call->channel->region)
        rc = open_channel(broker, call->channel, err);
    if (rc < 0)
        li_call_end(call);
    return rc;
}

void li_call_end(struct li_call *call)
{
    if (call->channel)
        give_channel(call->broker, call->channel);
    call->channel = NULL;
}

static int exchange(struct li_call *call, const struct li_broker_request *request,
                    struct li_error *err)
{
    if (!li_wire_send(call->channel->socket, request, sizeof(*request), NULL, 0) ||
        !li_wire_receive(call->channel->socket, &call->reply, sizeof(call->reply), NULL, 0))
        return fail_lost(call->broker, err);
    if (call->reply.len > LI_BROKER_REGION)
        return li_fail(err, LI_EIO, "the process that reaches the store answers with %llu bytes",
                       (unsigned long long)call->reply.len);
    return take_result(&call->reply.error, err);
}

/* What does not fit the region any more goes first: the whole input is then sent in parts. */
static int send_part(struct li_call *call, size_t used, struct li_error *err)
{
    const struct li_broker_request part = {.op = LI_BROKER_PART, .len = used};

    return exchange(call, &part, err);
}

int li_call_input(struct li_call *call, const void *data, size_t len, struct li_error *err)
{
    const uint8_t *from = data;
    int rc = 0;

    while (rc == 0 && len > 0) {
        size_t used = (size_t)(call->request.len % LI_BROKER_REGION);
        size_t n = len < LI_BROKER_REGION - used ? len : LI_BROKER_REGION - used;

        if (used == 0 && call->request.len > 0)
            rc = send_part(call, LI_BROKER_REGION, err);
        if (rc < 0)
            break;
        memcpy(call->channel->region + used, from, n);
        call->request.len += n;
        from += n;
        len -= n;
    }
    return rc;
}

int li_call_send(struct li_call *call, struct li_error *err)
{
    size_t rest = (size_t)(call->request.len % LI_BROKER_REGION);
    int rc = 0;

    if (call->request.len > LI_BROKER_REGION)
        rc = send_part(call, rest ? rest : LI_BROKER_REGION, err);
    return rc < 0 ? rc : exchange(call, &call->request, err);
}

int li_call_next(struct li_call *call, enum li_broker_op op, struct li_error *err)
{
    const struct li_broker_request request = {.op = op};

    return exchange(call, &request, err);
}

int li_call_output(struct li_call *call, struct li_buffer *out, struct li_error *err)
{
    int rc;

    out->len = 0;
    rc = li_buffer_reserve(out, (size_t)call->reply.total, err);
    while (rc == 0) {
        rc = li_buffer_append(out, call->channel->region, (size_t)call->reply.len, err);
        if (!call->reply.more)
            return rc;
        if (rc == 0)
            rc = li_call_next(call, LI_BROKER_NEXT, err);
    }
    if (call->reply.more && rc == LI_ENOMEM) {
        struct li_error ignored = LI_ERROR_INIT;

        (void)li_call_next(call, LI_BROKER_STOP, &ignored);
    }
    return rc;
}
