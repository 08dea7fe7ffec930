/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker: a process that holds what the process that parses must not have (D18a).
 *
 * li_broker_start() forks. The child, the broker, opens the store and the KMS, and with them
 * network, credentials and files. The parent parses, and has a store and a KMS whose operations are
 * messages to the broker. The broker reads no byte of an object: it takes messages of fixed form,
 * checks each key and each length in them, and moves bytes.
 *
 * Whoever takes over the parent gets no more from the broker than the parent: objects of this
 * store; writes, if the command writes; and what the keys open of one repository, until the broker
 * has forgotten them.
 *
 * Bytes of objects lie in memory that both processes see. There are as many places for them, and
 * threads of the broker, as calls at once; each is made when it is needed first. The broker copies
 * what it checks before it checks it.
 */
#ifndef LI_BROKER_BROKER_H
#define LI_BROKER_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "kms/kms.h"
#include "store/store.h"

/* ---- the parent's side ----------------------------------------------------------------------- */

struct li_broker;
struct li_broker_server;

/* What the child runs. The child ends with the exit status that it returns. */
typedef int li_broker_run(void *arg, struct li_broker_server *server);

/* Starts a broker that calls RUN. Call it before the process has threads. The broker blocks all
 * signals. It ends when the parent has ended, however that came about; as long as it serves
 * nothing, at once, whatever RUN waits for. LI_EIO, LI_ENOMEM. */
int li_broker_start(li_broker_run *run, void *arg, struct li_broker **out, struct li_error *err);

/* What a broker serves. The texts and the store belong to it, like everything it points to. */
struct li_broker_opened {
    struct li_store *store;             /* errors of its operations name the address and the key */
    struct li_kms *kms;                 /* NULL: there is none */
    struct li_error keyless;            /* why; its code is 0 if nobody says */
    struct li_kms *key[LI_KMS_SET_MAX]; /* further keys, in the order of the service's */
    size_t keys;
};

/* Waits until the broker serves something, and says what; or why it does not. The caller frees the
 * store and the keys. Call it once. */
int li_broker_await(struct li_broker *broker, struct li_broker_opened *out, struct li_error *err);

/* Tells the broker, once, the ID of the repository in its store, which the parent has read there.
 * Returns what its li_broker_service.identify does. */
int li_broker_identify(struct li_broker *broker, const uint8_t id[LI_ID_SIZE], bool *proven,
                       struct li_error *err);

/* Tells the broker the identity that the parent has read from the repository: the ID of its KEY, or
 * NULL if there is none. Returns what its li_broker_service.prove does. LI_EINVALID: the broker has
 * not accepted the repository's ID. */
int li_broker_prove(struct li_broker *broker, const uint8_t *key, struct li_error *err);

/* Asks the broker for what its li_broker_service.extra does under NUMBER. *FD is a descriptor from
 * there, which the caller closes, or -1. FD may be NULL. Any thread. */
int li_broker_ask(struct li_broker *broker, unsigned number, int *fd, struct li_error *err);

/* Makes the broker forget the KMS and all further keys. The caller has freed its own handles. Any
 * thread. */
int li_broker_forget_kms(struct li_broker *broker, struct li_error *err);

/* The broker's process ID. */
int li_broker_pid(const struct li_broker *broker);

/* Sets what is called, from any thread, when the broker was found to have ended. It may end the
 * process. NULL: nothing. Then calls fail with LI_EIO. */
void li_broker_on_loss(struct li_broker *broker, void (*lost)(void *arg), void *arg);

/* Ends the broker and waits for its end. The store and the KMS must have been freed. NULL is
 * allowed. */
void li_broker_free(struct li_broker *broker);

/* ---- the broker's side ----------------------------------------------------------------------- */

/* What is served. Everything is borrowed. */
struct li_broker_service {
    struct li_store *store;
    struct li_kms *kms;             /* or NULL */
    const struct li_error *keyless; /* why there is no KMS; may be NULL */
    struct li_kms *const *key;      /* further keys for the parent, at most LI_KMS_SET_MAX */
    size_t keys;
    bool writable; /* the parent may write objects */
    bool wraps;    /* the parent may have secrets wrapped and rewrapped */
    /* The parent says that the repository has ID. Whether it is the right one, and in *PROVEN
     * whether this host knows an identity of it; a failure leaves the parent without keys. What the
     * broker does not know yet, it believes. Like EXTRA called by one thread at a time. */
    int (*identify)(void *arg, const uint8_t id[LI_ID_SIZE], bool *proven, struct li_error *err);
    /* The parent says that the repository's identity has KEY, or NULL: none. It is called only if
     * IDENTIFY has succeeded. A failure only informs the parent, which keeps its keys. */
    int (*prove)(void *arg, const uint8_t *key, struct li_error *err);
    /* What the parent may ask for besides. Sets *FD, which is -1 before, to a descriptor that the
     * parent gets a copy of. Called by one thread at a time. LI_BROKER_FORGET: the KMS and the
     * further keys are not in use any more, and may be freed. */
    int (*extra)(void *arg, unsigned number, int *fd, struct li_error *err);
    void *arg;
};

enum { LI_BROKER_FORGET = 0 };

/* Tells the parent that there is nothing to serve, and why. */
void li_broker_refuse(struct li_broker_server *server, const struct li_error *why);

/* Serves until the parent has ended, or has sent what is not a message. Then calls of the parent
 * may still be under way, so nothing that is served may be freed: the process must end. */
void li_broker_serve(struct li_broker_server *server, const struct li_broker_service *service);

#endif
