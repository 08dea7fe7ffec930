/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What AWS's files, programs and services say about credentials. The first byte says what the rest
 * is: a file of profiles, JSON, an answer of STS, a command line, a time.
 */
#include "fuzz.h"

#include "aws/ini.h"
#include "aws/json.h"
#include "aws/sts_reply.h"
#include "aws/time.h"
#include "aws/words.h"

enum { FILE_OF_PROFILES, JSON, STS, STS_REFUSAL, WORDS, TIME, KINDS };

static void read_profiles(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"region", "s3", "aws_secret_access_key",
                                       "credential_process"};
    struct li_error err = LI_ERROR_INIT;
    struct li_aws_ini *ini = NULL;
    const char *section;
    char text[16];

    fuzz_check_error(li_aws_ini_parse("config", data, size, &ini, &err), &err);
    for (size_t i = 0; ini && (section = li_aws_ini_section(ini, i)); i++) {
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
            const char *value = li_aws_ini_get(ini, section, keys[k]);

            if (li_aws_ini_nested(value, "addressing_style", text, sizeof(text)))
                assert_true(strlen(text) < sizeof(text));
        }
    }
    li_aws_ini_free(ini);
}

static void check_credentials(int rc, const struct li_aws_credentials *c,
                              const struct li_error *err)
{
    fuzz_check_error(rc, err);
    assert_true(strnlen(c->access_key, sizeof(c->access_key)) < sizeof(c->access_key));
    assert_true(strnlen(c->secret_key, sizeof(c->secret_key)) < sizeof(c->secret_key));
    if (rc == 0)
        assert_true(*c->access_key && *c->secret_key);
}

static void read_json(const uint8_t *data, size_t size)
{
    static const struct li_aws_json_names names = {"SessionToken", "Expiration"};
    struct li_aws_credentials credentials = {.access_key = ""};
    struct li_error err = LI_ERROR_INIT;
    json_t *object = NULL;
    int rc = li_aws_json_parse("the answer", data, size, &object, &err);

    fuzz_check_error(rc, &err);
    if (rc == 0)
        check_credentials(li_aws_json_credentials(object, &names, &credentials, &err), &credentials,
                          &err);
    li_aws_json_free(object);
    li_aws_credentials_wipe(&credentials);
}

static void read_sts(const uint8_t *data, size_t size, int status)
{
    struct li_http_response response = {
        .status = status, .body = {.data = fuzz_copy(data, size), .len = size, .cap = size}};
    struct li_aws_credentials credentials = {.access_key = ""};
    struct li_error err = LI_ERROR_INIT;

    check_credentials(li_aws_sts_reply(&response, &credentials, &err), &credentials, &err);
    li_aws_credentials_wipe(&credentials);
    li_http_response_free(&response);
}

static void read_words(const char *text)
{
    struct li_error err = LI_ERROR_INIT;
    char **words = NULL;
    size_t all = 0;

    fuzz_check_error(li_aws_words_split(text, &words, &err), &err);
    for (size_t i = 0; words && words[i]; i++)
        all += strlen(words[i]);
    assert_true(all <= strlen(text));
    li_aws_words_free(words);
}

static void read_time(const char *text)
{
    int64_t at;

    if (li_aws_time_parse(text, &at) == 0)
        assert_true(at > -1000 * INT64_C(400000000) && at < 1000 * INT64_C(400000000));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned kind = size > 0 ? data[0] % KINDS : 0;
    uint8_t *copy;

    if (size == 0)
        return 0;
    size--;
    copy = fuzz_copy(data + 1, size);
    if (kind == FILE_OF_PROFILES)
        read_profiles(copy, size);
    else if (kind == JSON)
        read_json(copy, size);
    else if (kind == STS || kind == STS_REFUSAL)
        read_sts(copy, size, kind == STS ? 200 : 400);
    if (kind == WORDS || kind == TIME) {
        char *text = strndup((const char *)copy, size);

        assert_non_null(text);
        if (kind == WORDS)
            read_words(text);
        else
            read_time(text);
        free(text);
    }
    free(copy);
    return 0;
}
