/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ListObjectsV2, page after page. A page is parsed whole before the first of its keys is visited.
 * Keys are requested percent-encoded, because others may have stored objects whose names XML cannot
 * hold. They are decoded only if the answer says that they are encoded, which it may say before or
 * after them: a server that does not know encoding-type sends keys as they are.
 *
 * A server that always refers to another page must not hold the reader for ever: a token that is
 * repeated ends the listing. Only one earlier token is kept, that of the last page whose number was
 * a power of two, which finds any circle (Brent, "An improved Monte Carlo factorization algorithm",
 * 1980). Nor may a server invent new tokens for ever: the number of keys is bounded, and the number
 * of pages is bounded by the keys on them. AWS may send some pages with few keys, or none, but not
 * on average.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/time.h"
#include "aws/xml.h"
#include "store/s3_internal.h"

enum {
    PAGE = 1000,        /* as many keys as a page can have */
    TOKEN_MAX = 4096,   /* bytes */
    KEYS_MAX = 1 << 26, /* in all; for chunks that is 32 TiB */
    PAGES_SPARE = 1000, /* pages in all, whatever is on them, */
    PAGE_LEAST = 16,    /* and one more for each so many keys */
};

struct entry {
    char *key;
    uint64_t size;
    bool cut;   /* a common prefix */
    bool timed; /* MODIFIED is set, as in struct li_store_object */
    int64_t modified;
};

struct page {
    struct entry entry[PAGE];
    size_t count;
    struct entry next; /* under construction */
    char token[TOKEN_MAX + 1];
    bool truncated;
    bool encoded; /* whether the keys are encoded */
};

static void page_clear(struct page *page)
{
    for (size_t i = 0; i < page->count; i++)
        free(page->entry[i].key);
    free(page->next.key);
    page->next = (struct entry){0};
    page->count = 0;
    page->truncated = page->encoded = false;
    *page->token = '\0';
}

static void page_free(struct page *page)
{
    if (page)
        page_clear(page);
    free(page);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes TEXT in place. '+' is a space, as in forms, and servers write a plus as %2B. A key with a
 * NUL in it is refused. */
static int decode(char *text)
{
    char *to = text;

    for (; *text; text++) {
        if (*text == '%') {
            int high = digit(text[1]), low = high < 0 ? -1 : digit(text[2]);

            if (low < 0 || (high == 0 && low == 0))
                return -1;
            *to++ = (char)(high * 16 + low);
            text += 2;
        } else {
            *to++ = *text == '+' ? ' ' : *text;
        }
    }
    *to = '\0';
    return 0;
}

static int set_key(struct page *page, const char *text, struct li_error *err)
{
    free(page->next.key);
    page->next.key = strdup(text);
    return page->next.key ? 0 : li_fail_memory(err);
}

static int set_size(struct page *page, const char *text, struct li_error *err)
{
    char *end;

    errno = 0;
    page->next.size = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text < '0' || *text > '9')
        return li_fail(err, LI_ECORRUPT, "the listing has a size that is not a number");
    return 0;
}

/* Only reports need it, so a time that cannot be read is none. */
static void set_time(struct page *page, const char *text)
{
    int64_t seconds;

    page->next.timed = li_aws_time_parse(text, &seconds) == 0;
    if (page->next.timed)
        page->next.modified = li_store_time(seconds, 0);
}

static int add_entry(struct page *page, bool cut, struct li_error *err)
{
    if (!page->next.key)
        return li_fail(err, LI_ECORRUPT, "the listing has an object without a key");
    if (page->count == PAGE)
        return li_fail(err, LI_ELIMIT, "the listing has more than %d keys in a page", PAGE);
    page->next.cut = cut;
    page->entry[page->count++] = page->next;
    page->next = (struct entry){0};
    return 0;
}

static int set_token(struct page *page, const char *text, struct li_error *err)
{
    if (!*text || strlen(text) > TOKEN_MAX)
        return li_fail(err, LI_ECORRUPT, "the listing has a continuation token of %zu bytes",
                       strlen(text));
    strcpy(page->token, text);
    return 0;
}

/* An empty element comes from a server that has the field but does not encode. */
static int set_encoding(struct page *page, const char *text, struct li_error *err)
{
    page->encoded = strcmp(text, "url") == 0;
    if (!page->encoded && *text)
        return li_fail(err, LI_ECORRUPT,
                       "the listing has keys in the encoding %.40s, which was not asked for", text);
    return 0;
}

static int decode_keys(struct page *page, struct li_error *err)
{
    for (size_t i = 0; i < page->count; i++)
        if (decode(page->entry[i].key) < 0)
            return li_fail(err, LI_ECORRUPT, "the listing has a key that is not correctly encoded");
    return 0;
}

static int note(void *arg, const char *path, const char *text, struct li_error *err)
{
    static const char root[] = "ListBucketResult/";
    struct page *page = arg;

    if (strncmp(path, root, sizeof(root) - 1) != 0)
        return strcmp(path, "ListBucketResult") == 0
                   ? 0
                   : li_fail(err, LI_ECORRUPT, "the answer is not a listing");
    path += sizeof(root) - 1;
    if (strcmp(path, "Contents/Key") == 0 || strcmp(path, "CommonPrefixes/Prefix") == 0)
        return set_key(page, text, err);
    if (strcmp(path, "Contents/Size") == 0)
        return set_size(page, text, err);
    if (strcmp(path, "Contents/LastModified") == 0)
        set_time(page, text);
    if (strcmp(path, "Contents") == 0)
        return add_entry(page, false, err);
    if (strcmp(path, "CommonPrefixes") == 0)
        return add_entry(page, true, err);
    if (strcmp(path, "NextContinuationToken") == 0)
        return set_token(page, text, err);
    if (strcmp(path, "EncodingType") == 0)
        return set_encoding(page, text, err);
    if (strcmp(path, "IsTruncated") != 0)
        return 0;
    page->truncated = strcmp(text, "true") == 0;
    if (!page->truncated && strcmp(text, "false") != 0)
        return li_fail(err, LI_ECORRUPT, "the listing does not say whether it goes on");
    return 0;
}

/* A page that cannot be read may have been damaged on the way, so it is requested again. */
static int read_page(void *arg, const struct li_http_response *response, struct li_error *err)
{
    struct page *page = arg;
    int rc;

    page_clear(page);
    rc = li_xml_parse(response->body.data, response->body.len, note, page, err);
    if (rc == 0 && page->encoded)
        rc = decode_keys(page, err);
    if (rc == 0 && page->truncated && !*page->token)
        rc = li_fail(err, LI_ECORRUPT, "the listing goes on, but does not say where");
    return rc;
}

/* PREFIX is the whole prefix on the server; TOKEN is "" for the first page. */
static int fetch(struct li_s3 *s3, const char *prefix, bool deep, const char *token,
                 struct page *page, struct li_error *err)
{
    struct li_aws_pair query[6] = {{"list-type", "2"}, {"encoding-type", "url"}};
    struct li_aws_call call = {.method = LI_HTTP_GET,
                               .query = query,
                               .query_count = 2,
                               .limit = LI_S3_LISTING_MAX,
                               .check = read_page,
                               .check_arg = page};
    struct li_http_response response = {0};
    int rc;

    if (*prefix)
        query[call.query_count++] = (struct li_aws_pair){"prefix", prefix};
    if (!deep)
        query[call.query_count++] = (struct li_aws_pair){"delimiter", "/"};
    if (*token)
        query[call.query_count++] = (struct li_aws_pair){"continuation-token", token};
    rc = li_s3_call(s3, NULL, &call, &response, err);
    li_http_response_free(&response);
    return rc;
}

/* BEGIN is the length of the store's own prefix; WHOLE is that plus the requested one. An object
 * with exactly the store's prefix as its key, as consoles make for a "folder", is not ours. */
static int visit_page(const struct page *page, const char *whole, size_t begin,
                      li_store_visit_object *visit, void *arg, struct li_error *err)
{
    struct li_store_object object;
    int rc = 0;

    for (size_t i = 0; i < page->count && rc >= 0; i++) {
        const struct entry *entry = &page->entry[i];

        if (strncmp(entry->key, whole, strlen(whole)) != 0)
            return li_fail(err, LI_ECORRUPT, "the listing has a key that was not asked for");
        object = (struct li_store_object){entry->key + begin, entry->cut ? 0 : entry->size,
                                          entry->timed ? entry->modified : LI_STORE_NO_TIME};
        if (strcmp(entry->key, whole) != 0)
            rc = visit(arg, &object, err);
    }
    return rc < 0 ? rc : 0;
}

static int next_page(struct li_s3 *s3, const char *whole, bool deep, const char *token,
                     struct page **out, struct li_error *err)
{
    struct page *page = calloc(1, sizeof(*page));
    int rc = page ? fetch(s3, whole, deep, token, page, err) : li_fail_memory(err);

    if (rc < 0)
        page_free(page);
    else
        *out = page;
    return rc;
}

/* PAGES have brought KEYS so far, and more follow. */
static int check_length(uint64_t pages, uint64_t keys, struct li_error *err)
{
    if (keys > KEYS_MAX)
        return li_fail(err, LI_ELIMIT, "the listing has more than %d keys", KEYS_MAX);
    if (pages > PAGES_SPARE + keys / PAGE_LEAST)
        return li_fail(err, LI_ELIMIT,
                       "the listing has %" PRIu64 " keys on %" PRIu64
                       " pages, and still goes on; the server does not list as S3 does",
                       keys, pages);
    return 0;
}

static int list_pages(struct li_s3 *s3, const char *whole, bool deep, li_store_visit_object *visit,
                      void *arg, struct li_error *err)
{
    char token[TOKEN_MAX + 1] = "", milestone[TOKEN_MAX + 1] = "";
    uint64_t keys = 0;
    bool more = true;
    int rc = 0;

    for (uint64_t number = 1; more && rc == 0; number++) {
        struct page *page = NULL;

        rc = next_page(s3, whole, deep, token, &page, err);
        if (rc < 0)
            break;
        rc = visit_page(page, whole, strlen(s3->client->location.prefix), visit, arg, err);
        more = page->truncated;
        keys += page->count;
        strcpy(token, page->token);
        page_free(page);
        if (rc == 0 && more && strcmp(token, milestone) == 0)
            rc = li_fail(err, LI_ECORRUPT, "the listing goes in circles");
        if (rc == 0 && more)
            rc = check_length(number, keys, err);
        if ((number & (number - 1)) == 0)
            strcpy(milestone, token);
    }
    return rc;
}

int li_s3_list(struct li_store *store, const char *prefix, bool deep, li_store_visit_object *visit,
               void *arg, struct li_error *err)
{
    struct li_s3 *s3 = (struct li_s3 *)store;
    char *whole = NULL;
    int rc;

    if (asprintf(&whole, "%s%s", s3->client->location.prefix, prefix) < 0)
        return li_fail_memory(err);
    rc = list_pages(s3, whole, deep, visit, arg, err);
    free(whole);
    return rc;
}
