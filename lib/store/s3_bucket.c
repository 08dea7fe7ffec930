/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creating the bucket (CreateBucket).
 *
 * On AWS, the request's body names the region as a LocationConstraint, for every region but
 * us-east-1. Other servers have no regions, or their own, or always require one: if one form is
 * refused because of the region, the other is tried, once. Not so on AWS, where a region that does
 * not exist must not become a bucket in us-east-1.
 *
 * Bucket names are global on AWS, so a bucket that exists already belongs to somebody else: to put
 * images into it would be dangerous. Other servers may return the same code for one's own bucket,
 * so it is used if access is allowed.
 */
#include <stdio.h>
#include <string.h>

#include "store/s3_internal.h"

static bool is_amazon(const struct li_s3 *s3)
{
    const struct li_s3_location *location = &s3->client->location;

    return location->amazon || li_aws_is_amazon(location->given.host);
}

/* Sends it, with the region or without. SAID is the server's refusal, if this file can handle it;
 * its code is "" if the bucket was created. */
static int send_make(struct li_s3 *s3, bool located, struct li_aws_error *said,
                     struct li_error *err)
{
    static const char *const codes[] = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists",
                                        "IllegalLocationConstraintException",
                                        "InvalidLocationConstraint", NULL};
    char body[256] = "";
    struct li_aws_call call = {
        .method = LI_HTTP_PUT, .body = body, .limit = LI_S3_REPLY_MAX, .accept_codes = codes};
    struct li_http_response response = {0};
    struct li_aws_destination to;
    int rc;

    li_aws_client_destination(&s3->client->aws, &to);
    if (located)
        call.body_len = (size_t)snprintf(
            body, sizeof(body),
            "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>",
            to.region);
    rc = li_s3_call(s3, NULL, &call, &response, err);
    *said = (struct li_aws_error){.code = ""};
    if (rc == 0 && response.status > 299)
        li_s3_error_read(&response, said);
    li_http_response_free(&response);
    return rc;
}

static bool is_about_location(const struct li_aws_error *said)
{
    return strstr(said->code, "LocationConstraint") != NULL;
}

static bool is_in_first_region(struct li_s3 *s3)
{
    struct li_aws_destination to;

    li_aws_client_destination(&s3->client->aws, &to);
    return strcmp(to.region, "us-east-1") == 0;
}

/* The region may have changed: the server that was asked first has named it. */
static bool may_try_other(struct li_s3 *s3, bool located)
{
    return !is_amazon(s3) || (!located && !is_in_first_region(s3));
}

static int ask_for_it(struct li_s3 *s3, struct li_aws_error *said, struct li_error *err)
{
    bool located = is_amazon(s3) && !is_in_first_region(s3);
    int rc = send_make(s3, located, said, err);

    if (rc == 0 && is_about_location(said) && may_try_other(s3, located))
        rc = send_make(s3, !located, said, err);
    return rc;
}

/* Finds out whether it may be used, with a listing of one key, which init does first anyway. */
static int try_to_use(struct li_s3 *s3, struct li_error *err)
{
    static const struct li_aws_pair query[] = {{"list-type", "2"}, {"max-keys", "1"}};
    const struct li_aws_call call = {
        .method = LI_HTTP_GET, .query = query, .query_count = 2, .limit = LI_S3_LISTING_MAX};
    struct li_http_response response = {0};
    int rc = li_s3_call(s3, NULL, &call, &response, err);

    li_http_response_free(&response);
    return rc;
}

static int judge(struct li_s3 *s3, const struct li_aws_error *said, struct li_error *err)
{
    struct li_aws_destination to;
    int rc = LI_EDENIED;

    li_aws_client_destination(&s3->client->aws, &to);
    if (!*said->code || strcmp(said->code, "BucketAlreadyOwnedByYou") == 0)
        return 0;
    if (is_about_location(said))
        return li_fail(err, LI_EINVALID, "the server does not create it in the region %s (%s%s%s)",
                       to.region, said->code, *said->message ? ": " : "", said->message);
    if (!is_amazon(s3))
        rc = try_to_use(s3, err);
    if (rc == LI_EDENIED)
        return li_fail(err, rc, "the name %s belongs to somebody else (%s); choose another",
                       s3->client->location.bucket, said->code);
    return rc;
}

int li_s3_make_bucket(struct li_s3 *s3, struct li_error *err)
{
    struct li_aws_error said;
    int rc = ask_for_it(s3, &said, err);

    if (rc == 0)
        rc = judge(s3, &said, err);
    return rc < 0 ? li_context(err, "cannot make the bucket %s", s3->client->location.bucket) : 0;
}
