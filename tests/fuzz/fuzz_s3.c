/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server that speaks S3 may answer. The first byte says what was asked for: an explanation,
 * a listing of one level or of all, the removal of some objects. The rest are the bodies of one
 * answer after the other, with PAGE_END between them.
 */
#include "fuzz.h"

#include "store/s3_internal.h"

const size_t fuzz_memory = 24;

enum { PAGE_END = 0xff /* in no UTF-8 */, EXPLANATION = 0, LISTING, TREE, REMOVAL, QUESTIONS };

static struct {
    const uint8_t *data;
    size_t size;
} left;

static bool next_body(struct li_buffer *out)
{
    const uint8_t *end = left.size > 0 ? memchr(left.data, PAGE_END, left.size) : NULL;
    size_t len = end ? (size_t)(end - left.data) : left.size, skip = len + (end != NULL);

    if (left.size == 0)
        return false;
    /* No more than there is, so that a read behind it is seen. */
    *out = (struct li_buffer){.data = fuzz_copy(left.data, len), .len = len, .cap = len};
    left.data += skip;
    left.size -= skip;
    return true;
}

/* In place of s3_call.c's: there is no server. */
int li_s3_call(struct li_s3 *s3, const char *key, const struct li_aws_call *call,
               struct li_http_response *out, struct li_error *err)
{
    struct li_http_response response = {.status = 200, .framed = true};
    int rc = 0;

    (void)s3, (void)key;
    if (!next_body(&response.body))
        return li_fail(err, LI_ENETWORK, "there are no more answers");
    if (call->check)
        rc = call->check(call->check_arg, &response, err);
    fuzz_check_error(rc, err);
    if (rc < 0) {
        li_http_response_free(&response);
        return rc;
    }
    li_http_response_free(out);
    *out = response;
    return 0;
}

static int visit(void *arg, const struct li_store_object *object, struct li_error *err)
{
    size_t *sum = arg;

    (void)err;
    *sum += strlen(object->key) + (object->size > 0);
    return 0;
}

/* As the client keeps them: without a NUL in a value. */
static void add_header(struct li_buffer *headers, const char *name)
{
    struct li_buffer value = {0};

    if (!next_body(&value))
        return;
    tar_append(headers, name, strlen(name) + 1);
    tar_append(headers, value.data, strnlen((const char *)value.data, value.len));
    tar_append(headers, "", 1);
    li_buffer_free(&value);
}

static void explain(void)
{
    struct li_http_response response = {.status = 403};
    const struct li_aws_credentials credentials = {.access_key = "AKIDEXAMPLE"};
    struct li_error err = LI_ERROR_INIT;
    struct li_aws_error said;
    const struct li_aws_call call = {.method = LI_HTTP_GET, .path = "/"};
    const struct li_aws_refusal refusal = {.said = &said,
                                           .call = &call,
                                           .status = response.status,
                                           .attempts = 1,
                                           .credentials = &credentials};

    add_header(&response.headers, "x-amz-bucket-region");
    add_header(&response.headers, "x-amz-request-id");
    next_body(&response.body);
    li_s3_error_read(&response, &said);
    fuzz_check_error(li_s3_error_tell("bucket", &refusal, &err), &err);
    li_http_response_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"chunks/aa/1", "chunks/aa/2", "a&b"};
    struct li_s3_client client = {.aws = {.options = {.env = &fuzz_env}},
                                  .location = {.bucket = "bucket", .prefix = "team/"}};
    struct li_s3 s3 = {.client = &client};
    struct li_error err = LI_ERROR_INIT;
    size_t sum = 0;
    int rc = 0;

    if (size == 0)
        return 0;
    left.data = data + 1;
    left.size = size - 1;
    /* Else each object has a request of its own, and its answer nothing to read. */
    atomic_init(&client.no_batches, false);
    switch (data[0] % QUESTIONS) {
    case EXPLANATION:
        explain();
        break;
    case LISTING:
    case TREE:
        rc = li_s3_list(&s3.store, "chunks/", data[0] % QUESTIONS == TREE, visit, &sum, &err);
        break;
    default:
        rc = li_s3_remove_many(&s3.store, keys, sizeof(keys) / sizeof(keys[0]), &err);
    }
    fuzz_check_error(rc, &err);
    return 0;
}
