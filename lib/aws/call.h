/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of an AWS service, or of a service that speaks its protocols.
 *
 * A client holds what all calls of one service share: the endpoint, the credentials, the difference
 * between the two clocks, counters, and whether the service is down. A call is a request and a rule
 * that says which responses are answers. This module does what is the same for every service: it
 * signs requests, renews credentials, corrects clocks and repeats requests (http/attempts.h). A
 * service provides an operations table that reads its errors and says what they mean. S3's table is
 * in lib/store.
 */
#ifndef LI_AWS_CALL_H
#define LI_AWS_CALL_H

#include <pthread.h>
#include <stdatomic.h>

#include "aws/aws.h"
#include "aws/endpoint.h"
#include "aws/sign.h"
#include "http/attempts.h"

enum { LI_AWS_KINDS = 8 /* kinds of calls, each with a counter */ };

/* Where calls go: the region to sign for, and the endpoint to send to. */
struct li_aws_destination {
    char region[LI_AWS_REGION_SIZE];
    struct li_aws_endpoint endpoint;
};

/* The parts of a service's error response; "" if it does not give one. */
struct li_aws_error {
    char code[64], message[400], request[128];
    char region[LI_AWS_REGION_SIZE]; /* the endpoint to ask instead */
    /* The service itself says that the thing does not exist. A status of 404 alone may come from a
     * proxy. */
    bool absent;
};

struct li_aws_call;

/* A call that was refused, as tell() needs it. */
struct li_aws_refusal {
    const struct li_aws_error *said;
    const struct li_aws_call *call;
    int status;
    unsigned attempts;
    const struct li_aws_credentials
        *credentials; /* of the last attempt; all "" if there were none */
};

struct li_aws_client;

struct li_aws_client_operations {
    /* Reads the error in RESPONSE, whose body may be anything. */
    void (*read_error)(const struct li_http_response *response, struct li_aws_error *out);
    /* Whether a call that was refused with STATUS and CODE, which may be "", may succeed later. */
    bool (*is_passing)(int status, const char *code);
    /* Fills ERR for a call that was refused, and returns its code. */
    int (*tell)(const struct li_aws_client *client, const struct li_aws_refusal *refusal,
                struct li_error *err);
    /* The server has named REGION: sets the client's *DESTINATION to the service there. Returns
     * false, and changes nothing, if the client must not follow. NULL: it never follows. */
    bool (*move)(const struct li_aws_client *client, const char *region,
                 struct li_aws_destination *destination);
};

/* The table of a service that speaks JSON and stays in one region. Its error codes decide:
 * LI_EDENIED, LI_ENOTFOUND (the key, or whatever the call is about, does not exist), LI_ENETWORK,
 * and LI_EINVALID for everything else. */
extern const struct li_aws_client_operations li_aws_json_operations;

/* What was sent since the client was made. */
struct li_aws_counters {
    atomic_uint_fast64_t requests[LI_AWS_KINDS]; /* each attempt counts */
    atomic_uint_fast64_t repeated;               /* attempts after a call's first, of all kinds */
    /* Bytes of bodies, including those of failed attempts. */
    atomic_uint_fast64_t sent, received;
};

struct li_aws_client_options {
    const struct li_aws_client_operations *ops;
    const char *service; /* the name to sign for: "s3", "kms" */
    const struct li_env *env;
    struct li_http *http;             /* with the certificates that TLS trusts */
    struct li_aws_provider *provider; /* NULL: calls are not signed */
    unsigned stall;                   /* seconds without progress before a request is sent again */
    unsigned timeout; /* seconds without progress before a call is given up; 0: no limit */
};

/* For any number of threads. It borrows what OPTIONS point to. */
struct li_aws_client {
    struct li_aws_client_options options;
    struct li_http_server server;
    struct li_aws_counters counters;
    pthread_mutex_t lock;
    struct li_aws_destination destination; /* under lock, like the skew */
    int64_t skew;                          /* seconds that the server's clock is ahead of ours */
};

/* Prepares a client that is all zeroes. Set its destination before the first call. */
void li_aws_client_init(struct li_aws_client *client, const struct li_aws_client_options *options);

/* Frees what belongs to the client. No call may be using it. */
void li_aws_client_destroy(struct li_aws_client *client);

/* The current destination: the server may have named another region than the first. Any thread. */
void li_aws_client_destination(struct li_aws_client *client, struct li_aws_destination *out);

/* Everything is borrowed until li_aws_call() returns. */
struct li_aws_call {
    enum li_http_method method;
    const char *path; /* appended to the endpoint's path; not encoded; begins with '/' */
    const struct li_aws_pair *query;
    size_t query_count;
    const struct li_http_header *headers;
    size_t header_count;
    const void *body;
    size_t body_len;
    const uint8_t *digest; /* SHA-256 of the body; NULL: computed for each attempt */
    size_t limit;          /* bytes of the answer's body */
    bool secret;   /* the answer is secret: memory that its buffers outgrow is overwritten */
    unsigned kind; /* the client's counter for this call; below LI_AWS_KINDS */
    const struct li_http_group *group; /* ending it ends the call; NULL: none */
    unsigned deadline;                 /* seconds for all attempts and waits; 0: no limit */
    /* Statuses besides 2xx that are an answer; ends with 0; or NULL. A 404 is an answer only if the
     * service itself says that the thing does not exist. */
    const int *accept;
    /* Codes of errors that are an answer, whatever their status; ends with NULL; or NULL. */
    const char *const *accept_codes;
    bool may_fail_late; /* a 200 may hold an error, as in answers to CopyObject */
    /* Checks an answer of 2xx, and may keep what it finds. LI_ECORRUPT makes the call ask again, a
     * few times; LI_ENETWORK is treated like any failure. NULL: no check. */
    int (*check)(void *arg, const struct li_http_response *response, struct li_error *err);
    void *check_arg;
    /* A call that explains why this one was refused with 400, 403 or 404, because responses to a
     * HEAD have no body. NULL: none. */
    const struct li_aws_call *why;
};

/* Sends CALL until there is an answer of 2xx or another that the call accepts. The answer replaces
 * *OUT. Errors: what the client's tell() makes of a refusal; LI_EDENIED for any fault of the
 * credentials; LI_ENETWORK if all attempts failed; LI_ECANCELLED; what CALL's check returned; and
 * those of li_http_send(). Any thread. */
int li_aws_call(struct li_aws_client *client, const struct li_aws_call *call,
                struct li_http_response *out, struct li_error *err);

#endif
