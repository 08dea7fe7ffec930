/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes objects: one, or as many as a request may name (DeleteObjects).
 *
 * Such a request is answered with 200 and, in quiet mode, with the objects that it could not
 * remove. To remove a missing object is not an error, so if the reason may pass, the whole request
 * is sent again. A server that does not know the request, or needs another checksum than SHA-256
 * with it, is not asked again, and gets a DELETE for each object. The same is done if the store's
 * prefix has bytes that XML cannot hold.
 */
#include <stdio.h>
#include <string.h>

#include "aws/xml.h"
#include "base/text.h"
#include "store/s3_internal.h"

enum { BATCH = 1000 /* the most objects in one request */ };

/* ---- one object ------------------------------------------------------------------------------ */

static int send_delete(struct li_s3 *s3, const char *key, struct li_error *err)
{
    static const int accept[] = {404, 0};
    const struct li_aws_call call = {
        .method = LI_HTTP_DELETE, .limit = LI_S3_REPLY_MAX, .accept = accept};
    struct li_http_response response = {0};
    int rc = li_s3_call(s3, key, &call, &response, err);

    li_http_response_free(&response);
    return rc;
}

/* A server does not say whether there was anything to remove. */
int li_s3_remove(struct li_store *store, const char *key, struct li_error *err)
{
    struct li_s3 *s3 = (struct li_s3 *)store;
    struct li_s3_seen seen;
    int rc = li_s3_head(s3, key, &seen, err);

    if (rc < 0)
        return rc;
    return seen.present ? send_delete(s3, key, err) : LI_END;
}

/* ---- the answer to a request for many -------------------------------------------------------- */

struct refusal {
    const char *key; /* one of the batch; NULL: not one of them */
    char code[64], message[256];
    bool passing;
};

struct batch {
    struct li_s3 *s3;
    const char *const *keys;
    size_t count;
    size_t refused;
    struct refusal
        first; /* the first object whose error does not pass; if there is none, the first of all */
    struct refusal next; /* under construction */
};

static const char *find_key(const struct batch *batch, const char *text)
{
    const char *prefix = batch->s3->client->location.prefix;
    size_t len = strlen(prefix);

    if (strncmp(text, prefix, len) != 0)
        return NULL;
    for (size_t i = 0; i < batch->count; i++)
        if (strcmp(text + len, batch->keys[i]) == 0)
            return batch->keys[i];
    return NULL;
}

static int add_refusal(struct batch *batch, struct li_error *err)
{
    struct refusal next = batch->next;

    batch->next = (struct refusal){0};
    if (!next.key)
        return li_fail(err, LI_ECORRUPT, "the answer is about an object that was not asked for");
    if (strcmp(next.code, "NoSuchKey") == 0)
        return 0;
    if (batch->refused == batch->count)
        return li_fail(err, LI_ECORRUPT, "the answer has more errors than there were objects");
    next.passing = li_s3_error_is_passing(0, next.code);
    if (batch->refused == 0 || (batch->first.passing && !next.passing))
        batch->first = next;
    batch->refused++;
    return 0;
}

static int note(void *arg, const char *path, const char *text, struct li_error *err)
{
    static const char root[] = "DeleteResult";
    struct batch *batch = arg;

    if (strncmp(path, root, sizeof(root) - 1) != 0)
        return li_fail(err, LI_ECORRUPT, "the answer does not belong to a removal");
    path += sizeof(root) - 1;
    if (strcmp(path, "/Error/Key") == 0)
        batch->next.key = find_key(batch, text);
    else if (strcmp(path, "/Error/Code") == 0)
        snprintf(batch->next.code, sizeof(batch->next.code), "%s", text);
    else if (strcmp(path, "/Error/Message") == 0)
        snprintf(batch->next.message, sizeof(batch->next.message), "%s", text);
    else if (strcmp(path, "/Error") == 0)
        return add_refusal(batch, err);
    return 0;
}

static int tell(const struct batch *batch, struct li_error *err)
{
    const struct refusal *first = &batch->first;
    int code = strcmp(first->code, "AccessDenied") == 0 ? LI_EDENIED : LI_EINVALID;

    return li_fail(err, first->passing ? LI_ENETWORK : code,
                   "the server did not remove %zu of %zu object%s; the first, %.300s: %s%s%s",
                   batch->refused, batch->count, li_text_s(batch->count), first->key, first->code,
                   *first->message ? ": " : "", first->message);
}

static int read_answer(void *arg, const struct li_http_response *response, struct li_error *err)
{
    struct batch *batch = arg;
    int rc;

    batch->refused = 0;
    batch->first = batch->next = (struct refusal){0};
    rc = li_xml_parse(response->body.data, response->body.len, note, batch, err);
    return rc == 0 && batch->refused > 0 ? tell(batch, err) : rc;
}

/* ---- the request ----------------------------------------------------------------------------- */

static int append(struct li_buffer *out, const char *text, struct li_error *err)
{
    return li_buffer_append(out, text, strlen(text), err);
}

static int append_escaped(struct li_buffer *out, const char *text, struct li_error *err)
{
    int rc = 0;

    for (; *text && rc == 0; text++) {
        size_t plain = strcspn(text, "&<>\"'");
        char reference[8];

        rc = li_buffer_append(out, text, plain, err);
        text += plain;
        if (rc < 0 || !*text)
            break;
        snprintf(reference, sizeof(reference), "&#%d;", *text);
        rc = append(out, reference, err);
    }
    return rc;
}

static int write_body(const struct batch *batch, struct li_buffer *out, struct li_error *err)
{
    int rc = append(out,
                    "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                    "<Quiet>true</Quiet>",
                    err);

    for (size_t i = 0; i < batch->count && rc == 0; i++) {
        rc = append(out, "<Object><Key>", err);
        if (rc == 0)
            rc = append_escaped(out, batch->s3->client->location.prefix, err);
        if (rc == 0)
            rc = append_escaped(out, batch->keys[i], err);
        if (rc == 0)
            rc = append(out, "</Key></Object>", err);
    }
    return rc < 0 ? rc : append(out, "</Delete>", err);
}

/* LI_END if the server does not accept such a request. */
static int send_body(struct batch *batch, const struct li_buffer *body, struct li_error *err)
{
    static const struct li_aws_pair query = {"delete", ""};
    static const int statuses[] = {405, 501, 0};
    static const char *const codes[] = {"MalformedXML", "MissingContentMD5", "InvalidRequest",
                                        NULL};
    uint8_t digest[LI_SHA256_SIZE];
    char checksum[LI_S3_DIGEST_SIZE];
    const struct li_http_header headers[] = {{"Content-Type", "application/xml"},
                                             {"x-amz-checksum-sha256", checksum}};
    const struct li_aws_call call = {.method = LI_HTTP_POST,
                                     .query = &query,
                                     .query_count = 1,
                                     .headers = headers,
                                     .header_count = sizeof(headers) / sizeof(headers[0]),
                                     .body = body->data,
                                     .body_len = body->len,
                                     .digest = digest,
                                     .limit = LI_S3_LISTING_MAX,
                                     .accept = statuses,
                                     .accept_codes = codes,
                                     .may_fail_late = true,
                                     .check = read_answer,
                                     .check_arg = batch};
    struct li_http_response response = {0};
    int rc = li_s3_digest(body->data, body->len, digest, checksum, err);

    if (rc == 0)
        rc = li_s3_call(batch->s3, NULL, &call, &response, err);
    if (rc == 0 && response.status > 299)
        rc = LI_END;
    li_http_response_free(&response);
    return rc;
}

static int send_batch(struct batch *batch, struct li_error *err)
{
    struct li_buffer body = {0};
    int rc = write_body(batch, &body, err);

    if (rc == 0)
        rc = send_body(batch, &body, err);
    li_buffer_free(&body);
    return rc;
}

/* ---- many objects ---------------------------------------------------------------------------- */

static int remove_one(void *arg, struct li_s3 *s3, size_t i, struct li_error *err)
{
    const struct batch *batch = arg;
    int rc = send_delete(s3, batch->keys[i], err);

    return rc < 0 ? li_context(err, "%.300s", batch->keys[i]) : 0;
}

static int remove_batch(struct batch *batch, struct li_error *err)
{
    int rc = LI_END;

    if (batch->count > 1 && !atomic_load(&batch->s3->client->no_batches))
        rc = send_batch(batch, err);
    if (rc != LI_END)
        return rc;
    if (batch->count > 1)
        atomic_store(&batch->s3->client->no_batches, true);
    return li_s3_each(batch->s3, batch->count, remove_one, batch, err);
}

int li_s3_remove_many(struct li_store *store, const char *const *keys, size_t count,
                      struct li_error *err)
{
    struct batch batch = {.s3 = (struct li_s3 *)store};
    int rc = 0;

    for (size_t done = 0; done < count && rc == 0; done += batch.count) {
        batch.keys = keys + done;
        batch.count = count - done < BATCH ? count - done : BATCH;
        rc = remove_batch(&batch, err);
    }
    return rc;
}
