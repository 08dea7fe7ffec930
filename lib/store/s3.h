/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store in a bucket: "s3://BUCKET" or "s3://BUCKET/PREFIX", on AWS S3 or whatever speaks its
 * protocol. The object of a key is PREFIX/KEY.
 *
 * What may pass (no connection, a reset, 5xx, SlowDown) is tried again, with growing waits and
 * within a budget, before it is LI_ENETWORK. What an error says: the request, the status, the
 * server's code, message and request id.
 */
#ifndef LI_STORE_S3_H
#define LI_STORE_S3_H

#include "aws/aws.h"
#include "http/http.h"
#include "store/store.h"

enum { LI_S3_STALL = 20 };

/* Where a bucket is named. By default in the host's name for AWS and for others of which it is
 * known that they want it there, and in the path for all else. */
enum li_s3_addressing { LI_S3_ADDRESSING_AUTO, LI_S3_ADDRESSING_PATH, LI_S3_ADDRESSING_HOST };

struct li_s3_options {
    struct li_http *http;             /* borrowed, as the provider; both must outlive the store */
    struct li_aws_provider *provider; /* NULL: requests are not signed */
    const char *endpoint;             /* "https://minio.example:9000"; NULL: AWS's for the region */
    const char *region;               /* NULL: us-east-1, until the server names another */
    /* A bucket whose name is no label of a host name, or whose endpoint is an address, is named in
     * the path whatever this says. */
    enum li_s3_addressing addressing;
    bool create_bucket; /* makes the bucket where there is none */
    unsigned stall;     /* seconds without a byte before a request is sent again; 0: LI_S3_STALL */
    /* Told once of what a user should know though nothing failed. May be NULL. Any thread. */
    void (*notice)(void *arg, const char *text);
    void *notice_arg;
};

/* Whether ADDRESS begins with "s3:". */
bool li_s3_is_address(const char *address);

/* Opens the store. ENV must outlive it; OPTIONS is copied. Without create_bucket nothing is asked
 * of the server yet. LI_EINVALID: the address, the endpoint, the region. */
int li_s3_open(const char *address, const struct li_s3_options *options, const struct li_env *env,
               struct li_store **out, struct li_error *err);

#endif
