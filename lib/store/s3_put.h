/* SPDX-License-Identifier: Apache-2.0 */
/* Puts, between the files of the S3 store that write objects. */
#ifndef LI_STORE_S3_PUT_H
#define LI_STORE_S3_PUT_H

#include "store/s3_internal.h"

/* Bytes of an object that is put again, or read again. Pointers and wraps have less; of chunks
 * hardly any, and manifests of large images are not worth sending three times. */
enum { LI_S3_SMALL = 4096 };

/* A put of one object, however often it is tried. The bytes are borrowed. */
struct li_s3_put {
    const char *key;
    const void *data;
    size_t len;
    char mark[2 * LI_S3_MARK_SIZE + 1]; /* at random, so that it tells this put from all others */
    uint8_t digest[LI_SHA256_SIZE];
    char checksum[LI_S3_DIGEST_SIZE]; /* the digest in Base64 */
};

int li_s3_put_prepare(struct li_s3 *s3, const char *key, const void *data, size_t len,
                      struct li_s3_put *put, struct li_error *err);

/* Sends it under CONDITION, "If-Match" or "If-None-Match" with VALUE, or under none where that is
 * NULL; sets *STATUS: 2xx, 412, 501, or 404 for an If-Match of what is gone. */
int li_s3_put_send(struct li_s3 *s3, const struct li_s3_put *put, const char *condition,
                   const char *value, int *status, struct li_error *err);

/* PUT has just been written: where it is small, puts it again under each kind of condition of which
 * it is not known whether the server keeps it, until that is known. */
int li_s3_put_probe(struct li_s3 *s3, const struct li_s3_put *put, struct li_error *err);

#endif
