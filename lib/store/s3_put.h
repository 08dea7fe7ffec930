/* SPDX-License-Identifier: Apache-2.0 */
/* Puts. Shared by the files of the S3 store that write objects. */
#ifndef LI_STORE_S3_PUT_H
#define LI_STORE_S3_PUT_H

#include "store/s3_internal.h"

/* The most bytes of an object that is put again, or read again. Pointers and wraps are smaller. Few
 * chunks are, and manifests of large images are not worth sending three times. */
enum { LI_S3_SMALL = 4096 };

/* A put of one object, with all its attempts. The bytes are borrowed. */
struct li_s3_put {
    const char *key;
    const void *data;
    size_t len;
    char mark[2 * LI_S3_MARK_SIZE + 1]; /* random; identifies this put */
    uint8_t digest[LI_SHA256_SIZE];
    char checksum[LI_S3_DIGEST_SIZE]; /* the digest in Base64 */
};

int li_s3_put_prepare(struct li_s3 *s3, const char *key, const void *data, size_t len,
                      struct li_s3_put *put, struct li_error *err);

/* Sends it under CONDITION, "If-Match" or "If-None-Match" with VALUE, or without a condition if
 * that is NULL. Sets *STATUS: 2xx, 412, 501, or 404 for an If-Match if the object is gone. */
int li_s3_put_send(struct li_s3 *s3, const struct li_s3_put *put, const char *condition,
                   const char *value, int *status, struct li_error *err);

/* PUT was just written. If it is small, puts it again under each kind of condition, to find out
 * whether the server honours it, unless that is known. */
int li_s3_put_probe(struct li_s3 *s3, const struct li_s3_put *put, struct li_error *err);

#endif
