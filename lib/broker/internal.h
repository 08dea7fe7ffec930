/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages between the two processes, which come from one program and so agree on the layout of
 * a struct. Not for other modules.
 *
 * There is a control socket, for exchanges that are over at once, and channels. A channel is a
 * socket and a region of memory that both see, and carries one call at a time:
 *
 *     a request, and its input in the region;      the reply, and its output in the region
 *
 * Input that is longer than the region is sent before, in requests LI_BROKER_PART. Output that is
 * longer, or is a listing, comes in several replies with MORE; the parent answers each with
 * LI_BROKER_NEXT or LI_BROKER_STOP.
 */
#ifndef LI_BROKER_INTERNAL_H
#define LI_BROKER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "broker/broker.h"
#include "crypto/seal.h"

enum {
    LI_BROKER_CHANNELS = 64, /* the most calls at once */
    LI_BROKER_FORKS = 16,    /* the most handles of li_store_fork() */
    /* The bytes of a region: room for any sealed chunk, in whole pages. */
    LI_BROKER_REGION = (LI_SEAL_MAX_SIZE + 4095) / 4096 * 4096,
    LI_BROKER_ADDRESS_MAX = 8192,
    LI_BROKER_KEYS = 2 * LI_KMS_SET_MAX, /* those of the KMS, and further ones */
    LI_BROKER_PERMISSION_MAX = 32,       /* bytes of its name, with the NUL */
};

enum li_broker_op {
    /* on the control socket */
    LI_BROKER_CHANNEL, /* a new channel: its socket and its memory come with the reply */
    LI_BROKER_FORK,    /* another handle of the store; the reply's COUNT is its number */
    LI_BROKER_CANCEL,  /* the handle HANDLE */
    LI_BROKER_STATS,
    LI_BROKER_LACKS,    /* the reply's COUNT */
    LI_BROKER_EXPECT,   /* COUNT */
    LI_BROKER_EXTRA,    /* number COUNT */
    LI_BROKER_IDENTIFY, /* REPOSITORY */
    LI_BROKER_PROVE,    /* COUNT: there is an identity, whose key has the ID OBJECT */
    /* on a channel */
    LI_BROKER_PART,
    LI_BROKER_NEXT,
    LI_BROKER_STOP,
    LI_BROKER_GET,           /* KEY, LIMIT; output: the object */
    LI_BROKER_GET_RANGE,     /* KEY, OFFSET, LIMIT; output: the bytes */
    LI_BROKER_PUT_IF_ABSENT, /* KEY; input: the object */
    LI_BROKER_REPLACE,
    LI_BROKER_REPLACE_IF,  /* KEY; input: OFFSET bytes that are expected, then the object */
    LI_BROKER_EXISTS,      /* COUNT, LIMIT; input: as many keys, each with its NUL; output: a byte
                              for each */
    LI_BROKER_LIST,        /* KEY is the prefix; COUNT is 1 if it is deep; output: entries */
    LI_BROKER_REMOVE,      /* KEY */
    LI_BROKER_REMOVE_MANY, /* COUNT; input: keys */
    LI_BROKER_COPY,        /* KEY; input: the other key, with its NUL */
    LI_BROKER_FLUSH,
    /* by the key with the number COUNT */
    LI_BROKER_WRAP,     /* KEY is the purpose, OBJECT the object's ID; input: the key; output: the
                           blob */
    LI_BROKER_UNWRAP,   /* the same; input: the blob; output: the key */
    LI_BROKER_REWRAP,   /* the same; input: a blob by the key with the number HANDLE; output: the
                           blob */
    LI_BROKER_DESCRIBE, /* output: struct li_kms_description */
};

struct li_broker_request {
    uint32_t op;
    uint32_t handle; /* 0: the store; others: of LI_BROKER_FORK; or of a key */
    uint32_t count;
    uint64_t offset, limit;
    uint64_t len; /* bytes of input */
    uint8_t repository[LI_ID_SIZE], object[LI_ID_SIZE];
    char key[LI_STORE_KEY_MAX + 1];
};

struct li_broker_reply {
    struct li_error error; /* its code is the result */
    uint32_t count;
    uint32_t more;  /* further replies follow */
    uint64_t len;   /* bytes of output in the region */
    uint64_t total; /* of all output, as far as it is known */
    struct li_store_stats stats;
};

/* A key of the broker, by its place in the list. */
struct li_broker_key {
    char name[LI_KMS_WRAP_NAME_MAX];
    uint32_t use;                                              /* enum li_kms_use */
    char permission[LI_KMS_ACTIONS][LI_BROKER_PERMISSION_MAX]; /* "": none */
};

/* The first message of the broker. */
struct li_broker_greeting {
    struct li_error error;
    struct li_error keyless;
    uint32_t width;
    uint32_t remote, has_identity;
    uint32_t is_set;         /* the KMS is a set of these; else it is the only one: */
    uint32_t members, apart; /* the keys of the KMS, and then the further ones */
    struct li_broker_key key[LI_BROKER_KEYS];
    char address[LI_BROKER_ADDRESS_MAX], identity[LI_BROKER_ADDRESS_MAX];
};

/* An entry of a listing in a region: this, then its key with a NUL. Not aligned. */
struct li_broker_entry {
    uint64_t size;
    int64_t modified;
};
enum { LI_BROKER_ENTRY = sizeof(struct li_broker_entry) };

/* wire.c: sends a message with COUNT descriptors, at most 2; false if there is nobody to receive
 * it. */
bool li_wire_send(int socket, const void *message, size_t len, const int *fds, size_t count);

/* Whether the other end was closed. */
bool li_wire_closed(int socket);

/* Receives a message of LEN bytes, and COUNT descriptors or none, which are then -1. False if the
 * other end was closed, or sent something else. */
bool li_wire_receive(int socket, void *message, size_t len, int *fds, size_t count);

/* ---- the parent ------------------------------------------------------------------------------ */

struct li_broker_channel {
    int socket;
    uint8_t *region;
    struct li_broker_channel *next; /* in the list of those that are free */
};

/* A call. Zero-initialise it, and fill in the request. */
struct li_call {
    struct li_broker *broker;
    struct li_broker_channel *channel;
    struct li_broker_request request;
    struct li_broker_reply reply;
};

/* client.c: takes a channel, for a request OP about KEY, which may be NULL. */
int li_call_begin(struct li_call *call, struct li_broker *broker, enum li_broker_op op,
                  const char *key, struct li_error *err);

/* Appends LEN bytes of input. */
int li_call_input(struct li_call *call, const void *data, size_t len, struct li_error *err);

/* Sends the request and waits for the reply. Returns its result, 0, a failure or an answer. */
int li_call_send(struct li_call *call, struct li_error *err);

/* After a reply with MORE: asks for the next, or for none. */
int li_call_next(struct li_call *call, enum li_broker_op op, struct li_error *err);

/* Gives the channel back. */
void li_call_end(struct li_call *call);

/* An exchange on the control socket. FDS are COUNT descriptors, or NULL. Returns its result. */
int li_broker_exchange(struct li_broker *broker, const struct li_broker_request *request,
                       struct li_broker_reply *reply, int *fds, size_t count, struct li_error *err);

/* All output of a call whose first reply is there, into OUT, which is replaced. */
int li_call_output(struct li_call *call, struct li_buffer *out, struct li_error *err);

/* remote_store.c, remote_kms.c: what GREETING describes. The caller frees *OUT, and the keys in
 * OUT, also on failure. LI_ENOMEM. */
int li_remote_store_new(struct li_broker *broker, const struct li_broker_greeting *greeting,
                        struct li_store **out, struct li_error *err);
int li_remote_kms_new(struct li_broker *broker, const struct li_broker_greeting *greeting,
                      struct li_broker_opened *out, struct li_error *err);

/* ---- the broker ------------------------------------------------------------------------------ */

struct li_broker_server {
    int control;
    atomic_bool serving; /* until then, who watches for the parent's end ends the process */
    struct li_broker_service service;
    pthread_rwlock_t kms_lock; /* of what follows, up to the next lock: keys are used under it */
    struct li_kms *key[LI_BROKER_KEYS];
    size_t keys;                    /* 0 when they are forgotten */
    bool identified;                /* the parent has said which repository it is, */
    bool accepted;                  /* and it may be that one */
    uint8_t repository[LI_ID_SIZE]; /* whose keys the parent gets; zeros if there was none yet */
    pthread_mutex_t lock;           /* of the rest */
    unsigned channels;
    unsigned forks;
    struct li_store *fork[LI_BROKER_FORKS]; /* never freed, because a call may use them */
};

/* A channel's end in the broker. */
struct li_broker_session {
    struct li_broker_server *server;
    int socket;
    uint8_t *region;
    struct li_buffer input; /* what came in parts */
    struct li_broker_reply reply;
};

/* serve_kms.c: makes the list of the service's keys, in SERVER and for the parent; and takes all of
 * them away, so that they may be freed. */
void li_serve_keys(struct li_broker_server *server, struct li_broker_greeting *greeting);
void li_serve_no_keys(struct li_broker_server *server);

/* serve_store.c, serve_kms.c: carry out a request of a channel. They leave the result in ERR's
 * code, or return a positive answer. */
int li_serve_store(struct li_broker_session *s, const struct li_broker_request *q,
                   struct li_error *err);
int li_serve_kms(struct li_broker_session *s, const struct li_broker_request *q,
                 struct li_error *err);

/* serve.c: the input of Q. If PRIVATE, a copy that the parent cannot change meanwhile. */
int li_session_input(struct li_broker_session *s, const struct li_broker_request *q, bool private,
                     const uint8_t **data, struct li_error *err);

/* Output: all but the last reply are sent, and the last is prepared. DATA may be the region. */
int li_session_output(struct li_broker_session *s, const uint8_t *data, size_t len,
                      struct li_error *err);

/* Sends a reply with MORE, about LEN bytes in the region, and waits for LI_BROKER_NEXT.
 * LI_ECANCELLED: the parent does not want more, or is gone. */
int li_session_more(struct li_broker_session *s, size_t len, struct li_error *err);

#endif
