/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transfer: a request to libcurl, and its answer.
 *
 * A body is sent from where it is in memory, as the "post fields" of any method. So libcurl needs
 * no callback to read it, nor to rewind it if a kept connection turns out to be dead.
 */
#include "http/transfer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"
#include "base/text.h"

enum {
    RECEIVE_BUFFER = 1 << 16,
    SEND_BUFFER = 1 << 16,
    LOOK = 200, /* milliseconds between two looks at the progress, at least */
};

const char *li_http_method_text(enum li_http_method method)
{
    static const char *const text[] = {"GET", "HEAD", "PUT", "POST", "DELETE"};

    return text[method];
}

const char *li_http_header(const struct li_http_response *response, const char *name)
{
    const char *at = (const char *)response->headers.data;
    const char *end = at ? at + response->headers.len : NULL;

    while (at < end) {
        const char *value = at + strlen(at) + 1;

        if (strcasecmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

void li_http_response_free(struct li_http_response *response)
{
    if (!response)
        return;
    li_buffer_wipe_free(&response->headers);
    li_buffer_wipe_free(&response->body);
    *response = (struct li_http_response){0};
}

/* ---- the answer ------------------------------------------------------------------------------ */

static int note_header(struct li_transfer *transfer, const char *line, size_t len)
{
    struct li_buffer *headers = &transfer->response.headers;
    const char *colon = memchr(line, ':', len);
    size_t name = colon ? (size_t)(colon - line) : 0;
    const char *value = colon ? colon + 1 : line;

    if (!colon || memchr(line, '\0', len))
        return 0;
    while (value < line + len && (*value == ' ' || *value == '\t'))
        value++;
    len -= (size_t)(value - line);
    while (len > 0 && isspace((unsigned char)value[len - 1]))
        len--;
    if (li_buffer_append(headers, line, name, &transfer->error) < 0 ||
        li_buffer_append(headers, "", 1, &transfer->error) < 0 ||
        li_buffer_append(headers, value, len, &transfer->error) < 0 ||
        li_buffer_append(headers, "", 1, &transfer->error) < 0)
        return -1;
    return 0;
}

/* Fails if the answer belongs to an earlier request. libcurl then closes the connection, on which
 * all later answers would be off by one. On HTTP/2 answers say which request they belong to. */
static int check_repeat(struct li_transfer *transfer)
{
    const char *id = li_http_header(&transfer->response, LI_ANSWERS_ID);
    long status = 0, version = 0, connects = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connects);
    if (!id || status < 200 || version >= CURL_HTTP_VERSION_2_0 ||
        !li_answers_repeat(transfer->answers, id, connects > 0))
        return 0;
    return li_fail(&transfer->error, LI_ENETWORK,
                   "the answer with the request ID %.100s came twice", id);
}

/* Of interim answers, and of a proxy's own, only the headers of the last one count, and of these
 * only the headers before the body. All lines are counted, because interim answers need never end.
 */
static size_t receive_header(char *line, size_t size, size_t count, void *arg)
{
    struct li_transfer *transfer = arg;
    size_t len = size * count;
    bool starts = len >= 5 && memcmp(line, "HTTP/", 5) == 0;
    bool ends = len > 0 && (line[0] == '\r' || line[0] == '\n');

    transfer->header_bytes += len;
    if (transfer->header_bytes > LI_HTTP_HEADERS_MAX)
        return 0;
    if (transfer->headed && !starts)
        return len;
    if (starts)
        transfer->response.headers.len = 0;
    else if (note_header(transfer, line, len) < 0)
        return 0;
    transfer->headed = ends;
    return ends && check_repeat(transfer) < 0 ? 0 : len;
}

static size_t receive_body(char *data, size_t size, size_t count, void *arg)
{
    struct li_transfer *transfer = arg;
    struct li_buffer *body = &transfer->response.body;
    size_t limit = transfer->request->limit, len = size * count, room;
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status > 299)
        limit = LI_HTTP_ERROR_MAX;
    room = limit - body->len;
    if (len > room)
        transfer->over = true;
    if (li_buffer_append(body, data, len > room ? room : len, &transfer->error) < 0)
        return 0;
    return len > room ? 0 : len;
}

/* ---- progress -------------------------------------------------------------------------------- */

/* Bytes of both bodies that have moved. What is sent has moved when the other end has confirmed it:
 * the kernel takes a whole chunk at once, and a slow link then needs minutes to carry it. On HTTP/2
 * other requests may have bytes on the way, too, which makes this less exact. */
static int64_t moved(const struct li_transfer *transfer, int64_t received, int64_t sent)
{
    long port = 0;

    if (sent > 0) {
        curl_easy_getinfo(transfer->easy, CURLINFO_LOCAL_PORT, &port);
        sent -= li_connections_unconfirmed(transfer->connections, port);
    }
    return received + sent;
}

/* libcurl calls this for every request that has a connection, each time that it is called. */
static int watch_progress(void *arg, curl_off_t expected, curl_off_t received, curl_off_t sending,
                          curl_off_t sent)
{
    struct li_transfer *transfer = arg;
    unsigned stall = transfer->request->stall ? transfer->request->stall : LI_HTTP_STALL;
    curl_off_t ready = 0;

    (void)expected, (void)sending;
    curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
    if (ready > 0)
        li_meter_connect(&transfer->meter);
    if (li_meter_stall(&transfer->meter) < LOOK)
        return 0;
    li_meter_move(&transfer->meter, moved(transfer, received, sent));
    transfer->stalled = li_meter_stall(&transfer->meter) >= stall * UINT64_C(1000);
    return transfer->stalled;
}

void li_transfer_begin(struct li_transfer *transfer, struct li_connections *connections)
{
    CURL *easy = transfer->easy;

    transfer->connections = connections;
    li_meter_begin(&transfer->meter, li_http_milliseconds());
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, li_connections_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, connections);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, li_connections_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, connections);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
}

/* ---- the result ------------------------------------------------------------------------------ */

/* Whether the server stated where the body ends; libcurl then notices one that is cut. */
static bool is_framed(const struct li_transfer *transfer)
{
    long version = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
    return version >= CURL_HTTP_VERSION_2_0 ||
           li_http_header(&transfer->response, "content-length") ||
           li_http_header(&transfer->response, "transfer-encoding");
}

static int fail_limit(struct li_transfer *transfer)
{
    if (transfer->error.code < 0)
        return transfer->error.code;
    if (transfer->header_bytes > LI_HTTP_HEADERS_MAX)
        return li_fail(&transfer->error, LI_EIO, "the answer has over %d bytes of headers",
                       LI_HTTP_HEADERS_MAX);
    return li_fail(&transfer->error, LI_ELIMIT,
                   "the answer has more than the %zu bytes that are allowed here",
                   transfer->request->limit);
}

/* A connection that was made but then stays silent may have carried the request to a server that is
 * only slow. */
static bool is_unreached(const struct li_transfer *transfer, CURLcode code)
{
    curl_off_t sending = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &sending);
    return transfer->header_bytes == 0 && (code != CURLE_OPERATION_TIMEDOUT || sending == 0);
}

static int fail_stalled(struct li_transfer *transfer)
{
    unsigned stall = transfer->request->stall ? transfer->request->stall : LI_HTTP_STALL;

    transfer->response.unreached = false;
    return li_fail(&transfer->error, LI_ENETWORK,
                   "less than %d bytes a second in the last %u second%s", LI_HTTP_RATE, stall,
                   li_text_s(stall));
}

static int fail_code(struct li_transfer *transfer, CURLcode code)
{
    const char *why = *transfer->message ? transfer->message : curl_easy_strerror(code);
    struct li_error *err = &transfer->error;

    switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
        return li_fail(err, LI_ECANCELLED, "it was stopped");
    case CURLE_OUT_OF_MEMORY:
        return li_fail_memory(err);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return li_fail(err, LI_EINVALID, "%s", why);
    case CURLE_PEER_FAILED_VERIFICATION:
        return li_fail(err, LI_EDENIED,
                       "the server's certificate is not trusted: %s; set AWS_CA_BUNDLE to a file "
                       "with the certificate of the authority that signed it",
                       why);
    case CURLE_SSL_CACERT_BADFILE:
        return li_fail(err, LI_EINVALID, "cannot use the certificates to trust: %s", why);
    default:
        transfer->response.unreached = is_unreached(transfer, code);
        return li_fail(err, LI_ENETWORK, "%s", why);
    }
}

int li_transfer_result(struct li_transfer *transfer, CURLcode code)
{
    long status = 0;

    transfer->response.silent = li_meter_silent(&transfer->meter);
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    /* An error answer that is longer than anybody reads. */
    if (code == CURLE_WRITE_ERROR && transfer->over && status > 299)
        code = CURLE_OK;
    if (code == CURLE_WRITE_ERROR)
        return fail_limit(transfer);
    if (code != CURLE_OK)
        return transfer->stalled ? fail_stalled(transfer) : fail_code(transfer, code);
    /* libcurl accepts a connection that is closed among the headers as an answer. */
    if (!transfer->headed)
        return li_fail(&transfer->error, LI_ENETWORK, "the answer ends within its headers");
    transfer->response.status = (int)status;
    transfer->response.framed = is_framed(transfer);
    return 0;
}

/* ---- the request ----------------------------------------------------------------------------- */

static int add_line(struct li_transfer *transfer, const char *line, struct li_error *err)
{
    struct curl_slist *grown = curl_slist_append(transfer->headers, line);

    if (!grown)
        return li_fail_memory(err);
    transfer->headers = grown;
    return 0;
}

/* libcurl takes "name:" for a header to leave out, and "name;" for one without a value. */
static int add_header(struct li_transfer *transfer, const struct li_http_header *header,
                      struct li_error *err)
{
    const char *between = *header->value ? ": " : ";";
    struct li_buffer line = {.wiped = true};
    int rc;

    if (strpbrk(header->name, "\r\n:") || strpbrk(header->value, "\r\n"))
        return li_fail(err, LI_EINVALID, "the header %s has a line break in it", header->name);
    rc = li_buffer_append(&line, header->name, strlen(header->name), err);
    if (rc == 0)
        rc = li_buffer_append(&line, between, strlen(between), err);
    if (rc == 0)
        rc = li_buffer_append(&line, header->value, strlen(header->value) + 1, err);
    if (rc == 0)
        rc = add_line(transfer, (const char *)line.data, err);
    li_buffer_wipe_free(&line);
    return rc;
}

static int set_headers(struct li_transfer *transfer, struct li_error *err)
{
    const struct li_http_request *request = transfer->request;
    bool typed = false;
    int rc = 0;

    for (size_t i = 0; i < request->header_count && rc == 0; i++) {
        typed |= strcasecmp(request->headers[i].name, "content-type") == 0;
        rc = add_header(transfer, &request->headers[i], err);
    }
    /* Send no form type, and do not wait for permission to send a short body. */
    if (rc == 0 && !typed)
        rc = add_line(transfer, "Content-Type:", err);
    if (rc == 0)
        rc = add_line(transfer, "Expect:", err);
    return rc;
}

/* We watch the progress ourselves, because libcurl counts bytes as sent when the kernel has taken
 * them. A name that is not found in time is looked up to the end by a thread of its own, for
 * which libcurl would wait, and all other requests with it. */
static void set_times(CURL *easy, const struct li_http_request *request)
{
    unsigned connect = request->connect ? request->connect : LI_HTTP_CONNECT;
    unsigned total = request->total ? request->total : LI_HTTP_TOTAL;

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)connect);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)total);
}

static void set_security(CURL *easy, const char *ca_bundle)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (ca_bundle) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_bundle);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
}

static void set_method(CURL *easy, const struct li_http_request *request)
{
    if (request->method == LI_HTTP_HEAD) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (request->method == LI_HTTP_PUT || request->method == LI_HTTP_POST) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body_len ? request->body : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, li_http_method_text(request->method));
}

int li_transfer_prepare(struct li_transfer *transfer, const struct li_http_request *request,
                        const char *ca_bundle, CURLSH *share, struct li_answers *answers,
                        struct li_error *err)
{
    CURL *easy = curl_easy_init();
    int rc;

    *transfer = (struct li_transfer){.request = request, .answers = answers, .easy = easy};
    transfer->response.headers.wiped = transfer->response.body.wiped = request->secret;
    pthread_cond_init(&transfer->settled, NULL);
    rc = easy ? set_headers(transfer, err) : li_fail_memory(err);
    if (rc < 0)
        return rc;
    if (curl_easy_setopt(easy, CURLOPT_URL, request->url) != CURLE_OK)
        return li_fail_memory(err);
    set_security(easy, ca_bundle);
    set_times(easy, request);
    set_method(easy, request);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    if (strncasecmp(request->url, "https:", 6) == 0)
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    if (request->no_proxy)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_SHARE, share);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BUFFER);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    return 0;
}

/* The headers may have a signature or a token. */
void li_transfer_release(struct li_transfer *transfer)
{
    for (struct curl_slist *line = transfer->headers; line; line = line->next)
        li_wipe(line->data, strlen(line->data));
    curl_slist_free_all(transfer->headers);
    curl_easy_cleanup(transfer->easy);
    li_http_response_free(&transfer->response);
    pthread_cond_destroy(&transfer->settled);
}
