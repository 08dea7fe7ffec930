/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store in a bucket: "s3://BUCKET" or "s3://BUCKET/PREFIX", on AWS S3 or a server that speaks
 * its protocol. The object of a key is PREFIX/KEY.
 *
 * A failure that may pass (no connection, a reset, 5xx, SlowDown) is retried, with growing waits
 * and within a budget, before it is LI_ENETWORK. An error's text has the request, the status, and
 * the server's code, message and request ID.
 */
#ifndef LI_STORE_S3_H
#define LI_STORE_S3_H

#include "aws/aws.h"
#include "aws/endpoint.h"
#include "http/http.h"
#include "store/store.h"

enum { LI_S3_STALL = 20, LI_S3_TIMEOUT = 60 };

/* Where the bucket's name goes. By default in the host name for AWS and for other servers that are
 * known to want it there, and in the path for all others. */
enum li_s3_addressing { LI_S3_ADDRESSING_AUTO, LI_S3_ADDRESSING_PATH, LI_S3_ADDRESSING_HOST };

struct li_s3_options {
    struct li_http *http;             /* borrowed, like the provider; both must outlive the store */
    struct li_aws_provider *provider; /* NULL: requests are not signed */
    const char *endpoint;             /* "https://minio.example:9000"; NULL: AWS's for the region */
    const char *region;               /* NULL: us-east-1, until the server names another */
    struct li_aws_variant variant;    /* of AWS's endpoint, if there is no other */
    /* A bucket is always named in the path if its name cannot be part of a host name, or if the
     * endpoint is an IP address. */
    enum li_s3_addressing addressing;
    bool create_bucket; /* creates the bucket if it does not exist */
    unsigned stall;   /* seconds without progress before a request is sent again; 0: LI_S3_STALL */
    unsigned timeout; /* the same before an operation fails; 0: LI_S3_TIMEOUT */
    /* Receives, once each, notices for the user about things that are not failures. May be NULL.
     * Any thread. */
    void (*notice)(void *arg, const char *text);
    void *notice_arg;
};

/* Whether ADDRESS begins with "s3:". */
bool li_s3_is_address(const char *address);

/* Opens the store. ENV must outlive it; OPTIONS is copied. Without create_bucket it sends no
 * request yet. LI_EINVALID: the address, the endpoint, the region. */
int li_s3_open(const char *address, const struct li_s3_options *options, const struct li_env *env,
               struct li_store **out, struct li_error *err);

#endif
