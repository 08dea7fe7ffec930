/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signature Version 4 ("AWS Signature Version 4 for API requests", IAM User Guide), by headers and
 * always with the digest of the body.
 */
#ifndef LI_AWS_SIGN_H
#define LI_AWS_SIGN_H

#include "aws/aws.h"
#include "aws/endpoint.h"
#include "base/sha256.h"
#include "http/http.h"

struct li_aws_pair {
    const char *name, *value; /* plain, not encoded */
};

enum {
    LI_AWS_QUERY_MAX = 8,   /* pairs */
    LI_AWS_HEADERS_MAX = 8, /* a request's own */
    LI_AWS_SIGNED_MAX = LI_AWS_HEADERS_MAX + 5,
};

/* A request to be signed. All is borrowed. */
struct li_aws_request {
    enum li_http_method method;
    const struct li_aws_endpoint *endpoint;
    const char *path; /* appended to the endpoint's path; not encoded; begins with '/' */
    const struct li_aws_pair *query;
    size_t query_count;
    /* In addition to the headers that signing adds: host, x-amz-date, x-amz-security-token, and for
     * S3 x-amz-content-sha256. No header twice. */
    const struct li_http_header *headers;
    size_t header_count;
    const void *body;
    size_t body_len;
    const uint8_t *digest;        /* SHA-256 of the body; NULL: computed here */
    const char *region, *service; /* "us-east-1", "s3" */
};

/* The request to send. It borrows from the request and the credentials. Zero-initialise it. */
struct li_aws_signed {
    char *url;
    struct li_http_header headers[LI_AWS_SIGNED_MAX];
    size_t header_count;
    char *authorization;
    char date[17];
    char hash[2 * LI_SHA256_SIZE + 1];
};

/* Signs REQUEST as of NOW, seconds since 1970. If CREDENTIALS is NULL, the request is made but not
 * signed. LI_EINVALID if there are too many headers or pairs, or a header twice. */
int li_aws_sign(const struct li_aws_request *request, const struct li_aws_credentials *credentials,
                int64_t now, struct li_aws_signed *out, struct li_error *err);

/* Wipes and frees. NULL is allowed. */
void li_aws_signed_free(struct li_aws_signed *signed_request);

/* Appends TEXT, percent-encoded except for unreserved bytes and, if SLASHES is true, '/'. */
int li_aws_encode(struct li_buffer *out, const char *text, bool slashes, struct li_error *err);

#endif
