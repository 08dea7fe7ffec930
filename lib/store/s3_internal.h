/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the S3 store. */
#ifndef LI_STORE_S3_INTERNAL_H
#define LI_STORE_S3_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "aws/call.h"
#include "base/sha256.h"
#include "store/s3.h"

enum {
    LI_S3_BUCKET_MAX = 255,
    LI_S3_PREFIX_MAX = 512, /* with its final '/' */
    LI_S3_MARK_SIZE = 16,
    LI_S3_ETAG_MAX = 255,
    LI_S3_REPLY_MAX = 1 << 16,    /* bytes of a short answer */
    LI_S3_LISTING_MAX = 16 << 20, /* of one page of a listing */
};

/* ---- s3_location.c: where a bucket is -------------------------------------------------------- */

/* The result of an address and options. It does not change, unlike the region that the bucket is
 * found in. */
struct li_s3_location {
    char bucket[LI_S3_BUCKET_MAX + 1];
    char prefix[LI_S3_PREFIX_MAX + 1]; /* "", or ends with '/' */
    bool amazon;                       /* at AWS's own endpoint, which follows from the region */
    struct li_aws_variant variant;     /* of that endpoint */
    struct li_aws_endpoint given;      /* if not AMAZON */
    bool in_host;                      /* the bucket is named in the host, not in the path */
};

/* From an address and options; LI_EINVALID. */
int li_s3_location_parse(const char *address, const struct li_s3_options *options,
                         struct li_s3_location *out, struct li_aws_destination *destination,
                         struct li_error *err);

/* Moves DESTINATION to REGION. LI_EINVALID, and no change, if that is not a region's name, or is in
 * another partition of AWS. */
int li_s3_location_move(const struct li_s3_location *location, const char *region,
                        struct li_aws_destination *destination, struct li_error *err);

/* The path of the object KEY, or of the bucket if KEY is NULL, below the endpoint's path. */
int li_s3_location_path(const struct li_s3_location *location, const char *key,
                        struct li_buffer *out, struct li_error *err);

/* ---- s3_error.c: what the server says when it says no ---------------------------------------- */

/* For a struct li_aws_client_operations. Codes are those of the S3 API reference. */
void li_s3_error_read(const struct li_http_response *response, struct li_aws_error *out);
bool li_s3_error_is_passing(int status, const char *code);

/* Fills ERR for a call about BUCKET. LI_ENOTFOUND only if the server said that there is no such
 * object; LI_EDENIED; LI_EINVALID (no such bucket, a request that the server does not understand, a
 * 404 that is not S3's); LI_EUNSUPPORTED; LI_ENETWORK. */
int li_s3_error_tell(const char *bucket, const struct li_aws_refusal *refusal,
                     struct li_error *err);

/* ---- s3_call.c: a request about an object ---------------------------------------------------- */

enum li_s3_support { LI_S3_UNKNOWN, LI_S3_HONOURED, LI_S3_IGNORED };

/* What is known about a kind of condition on writes. */
struct li_s3_condition {
    atomic_int support;  /* enum li_s3_support */
    atomic_uint refused; /* times in a row that the server answered it with 501 */
};

/* Notices that were given already, as flags. */
enum { LI_S3_TOLD_CONDITIONS = 1, LI_S3_TOLD_ETAG = 2, LI_S3_TOLD_RACE = 4, LI_S3_TOLD_MIXED = 8 };

/* What all handles on a bucket share. */
struct li_s3_client {
    struct li_aws_client aws; /* first, so that the pointers can be converted */
    struct li_s3_location location;
    void (*notice)(void *arg, const char *text);
    void *notice_arg;
    atomic_uint told;
    struct li_s3_condition if_absent, if_match; /* If-None-Match, If-Match */
    atomic_bool bare_etags;                     /* If-Match is compared without its quotes */
    atomic_bool no_batches; /* the server refuses to remove many objects in one request */
    pthread_mutex_t probing;
};

/* A handle on the bucket, and its requests under way. */
struct li_s3 {
    struct li_store store; /* first, so that the pointers can be converted */
    struct li_s3_client *client;
    struct li_http_group group; /* of all its requests */
    bool forked;                /* another handle owns client, address and identity */
};

/* Makes CALL about the object KEY, or about the bucket if KEY is NULL. Fills in its path, its
 * counter, the handle's group, and, for a HEAD, the call that explains a refusal. Otherwise like
 * li_aws_call(), with the errors of li_s3_error_tell(). */
int li_s3_call(struct li_s3 *s3, const char *key, const struct li_aws_call *call,
               struct li_http_response *out, struct li_error *err);

/* ---- s3_condition.c: whether conditions count ------------------------------------------------ */

/* What is known so far. Any thread. */
enum li_s3_support li_s3_support(struct li_s3_condition *condition);

/* What was observed. Refused: a put was answered with 501 under the condition, but not without it.
 * One such answer may come from something on the way, so two in a row are needed. */
void li_s3_is_honoured(struct li_s3_condition *condition);
void li_s3_is_ignored(struct li_s3 *s3, struct li_s3_condition *condition);
void li_s3_is_refused(struct li_s3 *s3, struct li_s3_condition *condition);

/* Tells the user TEXT, unless a notice of the kind WHAT, one of LI_S3_TOLD, was given before. */
void li_s3_tell_once(struct li_s3 *s3, unsigned what, const char *text);

/* As in store.h. */
unsigned li_s3_lacks(struct li_store *store);
void li_s3_expect(struct li_store *store, unsigned lacks);

/* ---- s3_bucket.c ----------------------------------------------------------------------------- */

/* Creates the bucket if it does not exist. An existing bucket is fine, unless it belongs to
 * somebody else (LI_EDENIED). */
int li_s3_make_bucket(struct li_s3 *s3, struct li_error *err);

/* ---- the operations, as in store.h ----------------------------------------------------------- */

int li_s3_get(struct li_store *store, const char *key, size_t limit, struct li_buffer *out,
              struct li_error *err);
int li_s3_get_range(struct li_store *store, const char *key, uint64_t offset, size_t len,
                    struct li_buffer *out, struct li_error *err);
int li_s3_exists(struct li_store *store, const char *const *keys, size_t count, uint64_t most,
                 bool *present, struct li_error *err);
int li_s3_put_if_absent(struct li_store *store, const char *key, const void *data, size_t len,
                        struct li_error *err);
int li_s3_replace(struct li_store *store, const char *key, const void *data, size_t len,
                  struct li_error *err);
int li_s3_replace_if(struct li_store *store, const char *key, const struct li_buffer *expected,
                     const void *data, size_t len, struct li_error *err);
int li_s3_remove(struct li_store *store, const char *key, struct li_error *err);
int li_s3_remove_many(struct li_store *store, const char *const *keys, size_t count,
                      struct li_error *err);
int li_s3_copy(struct li_store *store, const char *from, const char *to, struct li_error *err);
int li_s3_list(struct li_store *store, const char *prefix, bool deep, li_store_visit_object *visit,
               void *arg, struct li_error *err);

/* Calls ONE with each number below COUNT, many at a time, until one fails, which cancels the
 * others. ONE must make its requests with the handle it gets. */
typedef int li_s3_one(void *arg, struct li_s3 *s3, size_t i, struct li_error *err);
int li_s3_each(struct li_s3 *s3, size_t count, li_s3_one *one, void *arg, struct li_error *err);

/* What is stored at a key. */
struct li_s3_seen {
    bool present;
    bool sized; /* the answer has a length; a length that is not a number becomes UINT64_MAX */
    uint64_t size;
    char mark[2 * LI_S3_MARK_SIZE + 1]; /* "" for none, and for a mark that is not ours */
    char etag[LI_S3_ETAG_MAX + 1];      /* as sent, in quotes; "" for none */
};

/* Finds out what is at KEY. If there is nothing, that is not an error. */
int li_s3_head(struct li_s3 *s3, const char *key, struct li_s3_seen *out, struct li_error *err);

/* Copies a header of at most SIZE - 1 bytes, or "". */
void li_s3_header(const struct li_http_response *response, const char *name, char *to, size_t size);

/* The header of an object that says which put wrote it. */
#define LI_S3_MARK "x-amz-meta-lambdaimg-put"

/* The SHA-256 of the object's bytes, in Base64. Objects that other tools have copied may lack it.
 */
#define LI_S3_DIGEST "x-amz-meta-lambdaimg-sha256"

enum { LI_S3_DIGEST_SIZE = (LI_SHA256_SIZE + 2) / 3 * 4 + 1 };

/* The SHA-256 of LEN bytes; TEXT is its form in LI_S3_DIGEST and in S3's checksum headers. */
int li_s3_digest(const void *data, size_t len, uint8_t digest[LI_SHA256_SIZE],
                 char text[LI_S3_DIGEST_SIZE], struct li_error *err);

/* A check for GETs of whole objects: that they are what was put. ARG is a struct li_s3_whole, all
 * zeros at first. If bytes do not match their checksum, they are asked for again. If the same bytes
 * come again, the server has them, and the caller judges them. */
struct li_s3_whole {
    bool differed; /* the last answer did not match, and had this digest: */
    uint8_t digest[LI_SHA256_SIZE];
    bool mixed; /* the accepted answer does not match: it has the bytes of one put with the metadata
                   of another */
};
int li_s3_check_digest(void *arg, const struct li_http_response *response, struct li_error *err);

#endif
