/* SPDX-License-Identifier: Apache-2.0 */
/* What credentials are made of: files, words, times, answers. The sources themselves are
 * tests/scenarios/credentials.t's. */
#include "tests/fixtures/http_server.h"

#include <stdatomic.h>

#include "aws/fetch.h"
#include "aws/ini.h"
#include "aws/internal.h"
#include "aws/json.h"
#include "aws/sts_reply.h"
#include "aws/time.h"
#include "aws/words.h"
#include "aws/xml.h"
#include "tests/fixtures/wipes.h"

static struct li_error err;

/* ---- files ----------------------------------------------------------------------------------- */

static struct li_aws_ini *parse(const char *text)
{
    struct li_aws_ini *ini = NULL;

    assert_done(li_aws_ini_parse("file", text, strlen(text), &ini, &err), &err);
    return ini;
}

static void assert_value(const char *text, const char *section, const char *key, const char *want)
{
    struct li_aws_ini *ini = parse(text);
    const char *got = li_aws_ini_get(ini, section, key);

    if (want)
        assert_string_equal(got ? got : "(none)", want);
    else
        assert_null(got);
    li_aws_ini_free(ini);
}

/* What Python's configparser makes of the same texts. */
static void files_are_read_as_configparser_does(void **state)
{
    (void)state;
    assert_value("[a]\nkey = value\n", "a", "key", "value");
    assert_value("[a]\nkey=value", "a", "key", "value");
    assert_value("[a]\nkey: value = more\n", "a", "key", "value = more");
    assert_value("[a]\r\nKEY =\tvalue \r\n", "a", "key", "value");
    assert_value("\xef\xbb\xbf[a]\nkey = value\n", "a", "key", "value");
    assert_value("[a]\nkey = value # no comment\n", "a", "key", "value # no comment");
    assert_value("# comment\n[a]\n; comment\n  # comment\nkey = value\n", "a", "key", "value");
    assert_value("[a]\nkey = 1\n[b]\nkey = 2\n", "b", "key", "2");
    assert_value("[a]\nkey =\n[b]\nkey = 2\n", "a", "key", "");
    assert_value("[a]\nkey =", "a", "key", "");
    assert_value("[a]\nkey = 1\n  2\n# comment\n\n   3\n\nother = 4", "a", "key", "1\n2\n\n3");
    assert_value("[a]\nkey = 1\n  2\nother = 4", "a", "other", "4");
    assert_value("[a]\n  key = 1\n  other = 2\n   more\n", "a", "other", "2\nmore");
    assert_value("[a]\nkey = 1\n  [b]\n", "a", "key", "1\n[b]");
    assert_value("[a] tail\nkey = 1\n", "a", "key", "1");
    assert_value("[a]b]\nkey = 1\n", "a]b", "key", "1");
    assert_value("[a]\nkey = 1\n", "A", "key", NULL);
    assert_value("[a]\nkey = 1\n", "a", "other", NULL);
    assert_value("", "a", "key", NULL);
}

static void blocks_lie_in_values(void **state)
{
    struct li_aws_ini *ini =
        parse("[a]\ns3 =\n  addressing_style = path\n\n  x=  y = z \n  xy = 1\nflat = x = 1\n");
    const char *block = li_aws_ini_get(ini, "a", "s3");
    char out[8];

    (void)state;
    assert_true(li_aws_ini_nested(block, "addressing_style", out, sizeof(out)));
    assert_string_equal(out, "path");
    assert_true(li_aws_ini_nested(block, "x", out, sizeof(out)));
    assert_string_equal(out, "y = z");
    assert_false(li_aws_ini_nested(block, "y", out, sizeof(out)));
    assert_false(li_aws_ini_nested(block, "addressing_style", out, 4));
    assert_false(li_aws_ini_nested(li_aws_ini_get(ini, "a", "flat"), "x", out, sizeof(out)));
    assert_false(li_aws_ini_nested(NULL, "x", out, sizeof(out)));
    li_aws_ini_free(ini);
}

static void assert_broken(const char *text, size_t len, int code, const char *words)
{
    struct li_aws_ini *ini = NULL;

    assert_fails(li_aws_ini_parse("file", text, len, &ini, &err), code, words, &err);
    assert_null(ini);
    assert_null(strstr(err.text, "secret"));
}

static void broken_files_are_refused(void **state)
{
    static const char *const broken[] = {
        "secret = 1\n", "[a]\nsecret\n", "[a\nk = secret", "[]\n", "[a]\n= secret\n",
    };
    static const char many[] = "[a]\n";
    char *large = malloc(LI_AWS_INI_SIZE_MAX + 1);

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_broken(broken[i], strlen(broken[i]), LI_ECORRUPT, "file, line ");
    assert_broken("[a]\nk=1\n[a]\n", 12, LI_ECORRUPT, "file, line 3: this section appears twice");
    assert_broken("[a]\nk=1\nK=secret\n", 17, LI_ECORRUPT, "file, line 3: this key appears twice");
    assert_broken("[a]\nk=\0\n", 9, LI_ECORRUPT, "NUL");
    assert_non_null(large);
    memset(large, '#', LI_AWS_INI_SIZE_MAX + 1);
    assert_broken(large, LI_AWS_INI_SIZE_MAX + 1, LI_ELIMIT, "more than the 1048576 bytes");
    memcpy(large, many, 4);
    for (size_t i = 0; i <= LI_AWS_INI_ROWS_MAX; i++)
        snprintf(large + 4 + 10 * i, 11, "k%07zu=\n", i);
    assert_broken(large, 4 + 10 * (LI_AWS_INI_ROWS_MAX + 1), LI_ELIMIT, "more than the 16384");
    free(large);
}

/* ---- words, times, addresses -------------------------------------------------------------------
 */

static void assert_words(const char *text, size_t count, const char *const *want)
{
    char **words = NULL;

    assert_done(li_aws_words_split(text, &words, &err), &err);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(words[i]);
        assert_string_equal(words[i], want[i]);
    }
    assert_null(words[count]);
    li_aws_words_free(words);
}

/* What Python's shlex.split() makes of the same texts. */
static void words_are_split_as_shlex_does(void **state)
{
    char many[2 * (LI_AWS_WORDS_MAX + 1) + 1] = "";
    char **words = NULL;

    (void)state;
    assert_words("", 0, NULL);
    assert_words(" \t", 0, NULL);
    assert_words("a b", 2, (const char *[]){"a", "b"});
    assert_words("a'b c'd \"\" ''", 3, (const char *[]){"ab cd", "", ""});
    assert_words("\"a \\\" \\\\ \\n $x\" 'b\\'", 2, (const char *[]){"a \" \\ \\n $x", "b\\"});
    assert_words("a\\ b \\\" \\\\", 3, (const char *[]){"a b", "\"", "\\"});
    assert_words("a;b|c #d", 2, (const char *[]){"a;b|c", "#d"});
    assert_fails(li_aws_words_split("a 'b", &words, &err), LI_EINVALID, "not closed", &err);
    assert_fails(li_aws_words_split("a \"b\\\"", &words, &err), LI_EINVALID, "not closed", &err);
    assert_fails(li_aws_words_split("a \\", &words, &err), LI_EINVALID, "backslash", &err);
    for (size_t i = 0; i <= LI_AWS_WORDS_MAX; i++)
        memcpy(many + 2 * i, "x ", 3);
    assert_fails(li_aws_words_split(many, &words, &err), LI_ELIMIT, "256 words", &err);
    many[2 * LI_AWS_WORDS_MAX] = '\0';
    assert_done(li_aws_words_split(many, &words, &err), &err);
    li_aws_words_free(words);
}

static void times_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-21T12:34:56Z", 1795264496},
        {"2026-11-21T12:34:56.789123Z", 1795264496},
        {"2026-11-21 12:34:56UTC", 1795264496},
        {"2026-11-21T12:34:56", 1795264496},
        {"2026-11-21T14:34:56+02:00", 1795264496},
        {"2026-11-21T09:04:56-0330", 1795264496},
        {"2024-02-29T00:00:00Z", 1709164800},
        {"0001-01-01T00:00:00Z", -62135596800},
        {"9999-12-31T23:59:59Z", 253402300799},
    };
    static const char *const bad[] = {
        "",
        "2026-11-21",
        "2026-11-21T12:34Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00+0",
        "2026-01-01T00:00:00+24:00",
        "26-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "-026-01-01T00:00:00Z",
    };
    int64_t got;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(li_aws_time_parse(good[i].text, &got), 0);
        assert_int_equal(got, good[i].want);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (li_aws_time_parse(bad[i], &got) == 0)
            fail_msg("\"%s\" is taken for a time", bad[i]);
}

static void container_addresses_are_near_or_encrypted(void **state)
{
    static const char *const good[] = {
        "https://example.com/x",   "http://127.0.0.1/x",      "http://127.9.9.9:80",
        "http://localhost:8080/x", "http://169.254.170.2/x",  "http://169.254.170.23/v1/x",
        "http://[::1]:80/x",       "http://[fd00:ec2::23]/x", "http://[fd00:0ec2:0::23]",
    };
    static const char *const bad[] = {
        "",
        "http://",
        "https://",
        "http:///x",
        "ftp://localhost/",
        "http://example.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://user:x@127.0.0.1/",
        "https://user:x@example.com/",
        "http://169.254.169.254/",
        "http://169.254.170.22/",
        "http://[fd00:ec2::254]/",
        "http://[::1",
        "http://[::1]x/",
        "http://[::2]/",
        "http://127.1/",
        "http://2130706433/",
        "HTTP://example.com/",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!li_aws_container_url_allowed(good[i]))
            fail_msg("%s is refused", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (li_aws_container_url_allowed(bad[i]))
            fail_msg("%s is allowed", bad[i]);
}

/* ---- answers -----------------------------------------------------------------------------------
 */

static void json_errors_hold_no_secret(void **state)
{
    static const char text[] = "{\"SecretAccessKey\": \"secret\", \"secret";
    json_t *object = NULL;

    (void)state;
    assert_fails(li_aws_json_parse("it", text, strlen(text), &object, &err), LI_ECORRUPT,
                 "it is not valid JSON: line 1", &err);
    assert_null(strstr(err.text, "secret"));
    assert_fails(li_aws_json_parse("it", "[]", 2, &object, &err), LI_ECORRUPT,
                 "is not a JSON object", &err);
}

static int reply(int status, const char *text, struct li_aws_credentials *out)
{
    struct li_http_response response = {.status = status};
    int rc = li_buffer_append(&response.body, text, strlen(text), &err);

    if (rc == 0)
        rc = li_aws_sts_reply(&response, out, &err);
    li_http_response_free(&response);
    return rc;
}

#define REPLY(id, secret, end)                                                                     \
    "<R xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><S><Credentials><AccessKeyId>" id        \
    "</AccessKeyId><SecretAccessKey>" secret                                                       \
    "</SecretAccessKey><SessionToken>t&#43;=</SessionToken>"                                       \
    "<Expiration>" end "</Expiration></Credentials></S></R>"

static void sts_answers_are_read(void **state)
{
    struct li_aws_credentials got = {.expires = 0};

    (void)state;
    assert_done(reply(200, REPLY("ASIA1", "s/1+", "2026-11-21T12:34:56Z"), &got), &err);
    assert_string_equal(got.access_key, "ASIA1");
    assert_string_equal(got.secret_key, "s/1+");
    assert_string_equal(got.token, "t+=");
    assert_int_equal(got.expires, 1795264496);
    li_aws_credentials_wipe(&got);
}

static void hostile_sts_answers_are_refused(void **state)
{
    struct li_aws_credentials got = {.expires = 0};
    char *large = malloc(LI_AWS_REPLY_MAX + 1);

    (void)state;
    assert_fails(reply(200, "", &got), LI_ECORRUPT, "not XML", &err);
    assert_fails(reply(200, "<R/>", &got), LI_ECORRUPT, "does not say when", &err);
    assert_fails(reply(200, REPLY("", "s", "2026-11-21T12:34:56Z"), &got), LI_ECORRUPT,
                 "access key id is missing", &err);
    assert_fails(reply(200, REPLY("A", "", "2026-11-21T12:34:56Z"), &got), LI_ECORRUPT,
                 "secret access key is missing", &err);
    assert_fails(reply(200, REPLY("A\nX: 1", "s", "2026-11-21T12:34:56Z"), &got), LI_ECORRUPT,
                 "character that it cannot have", &err);
    assert_fails(reply(200, REPLY("A", "s", "tomorrow"), &got), LI_ECORRUPT, "does not say when",
                 &err);
    assert_fails(reply(200, "<!DOCTYPE R [<!ENTITY a 'a'>]><R>&a;</R>", &got), LI_ECORRUPT,
                 "document type", &err);
    assert_non_null(large);
    memset(large, 'x', LI_AWS_REPLY_MAX);
    memcpy(large, "<R><Credentials><AccessKeyId>", 29);
    memcpy(large + LI_AWS_REPLY_MAX - 32, "</AccessKeyId></Credentials></R>", 33);
    assert_fails(reply(200, large, &got), LI_ELIMIT, "AccessKeyId in the answer has more", &err);
    free(large);
    assert_fails(
        reply(403, "<E><Error><Code>AccessDenied</Code><Message>no</Message></Error></E>", &got),
        LI_EDENIED, "AccessDenied: no", &err);
    assert_fails(reply(400, "<E><Error><Code>Throttling</Code></Error></E>", &got), LI_ENETWORK,
                 "Throttling: no reason", &err);
    assert_fails(reply(403, "<html>", &got), LI_EDENIED, "status 403", &err);
    assert_null(got.token);
}

/* Counts what is wiped and begins like the answer below. */
static atomic_uint cleansed;

void see_wipe(void *data, size_t len)
{
    if (len >= 8 && memcmp(data, "SECRET0\n", 8) == 0)
        atomic_fetch_add(&cleansed, 1);
    memset(data, 0, len);
}

#define PIECE "40\r\nSECRET0\n12345678901234567890123456789012345678901234567890123456\r\n"

/* In pieces, for which the buffer grows from 64 bytes to 128, and to 256. */
static void answers_leave_nothing_in_what_they_outgrew(void **state)
{
    static const struct http_reply replies[] = {
        {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" PIECE PIECE PIECE PIECE
                  "0\r\n\r\n"}};
    struct li_aws_search search = {.env = &unit_env};
    struct li_http_response response = {0};
    struct http_server server;
    struct li_aws_fetch fetch = {.url = server.url, .wait = LI_AWS_WAIT_NEAR, .near = true};

    (void)state;
    http_server_start(&server, replies, 1);
    assert_done(li_http_new(&(struct li_http_options){0}, &search.http, &err), &err);
    cleansed = 0;
    assert_done(li_aws_fetch(&search, &fetch, &response, &err), &err);
    assert_int_equal(response.body.len, 256);
    assert_int_equal(cleansed, 2);
    li_http_response_free(&response);
    assert_int_equal(cleansed, 3);
    li_http_free(search.http);
    http_server_stop(&server);
    http_server_free(&server);
}

static int ignore_element(void *arg, const char *path, const char *text, struct li_error *e)
{
    (void)arg, (void)path, (void)text, (void)e;
    return 0;
}

/* The buffer of texts has 64 bytes at first. */
static void texts_of_xml_leave_nothing_in_what_they_outgrew(void **state)
{
    static const char xml[] =
        "<a><b>SECRET0&#10;234567890123456789012345678901234567890</b>"
        "<c>1234567890123456789012345678901234567890123456789012345678901234567890</c></a>";

    (void)state;
    cleansed = 0;
    assert_done(li_xml_parse(xml, sizeof(xml) - 1, ignore_element, NULL, &err), &err);
    assert_int_equal(cleansed, 1);
}

/* A directory that is no more is no reason not to run, since few programs care. */
static void programs_run_where_paths_begin(void **state)
{
    static const char *const directories[] = {"/usr/bin/..", "/nonexistent"};
    static const char command[] =
        "sh -c 'echo {\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"$(basename $(pwd -P))\\\", "
        "\\\"SecretAccessKey\\\": \\\"secret\\\"}'";

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct li_aws_settings settings = {.directory = directories[i]};
        const struct li_aws_search search = {.settings = &settings, .env = &unit_env};
        struct li_aws_credentials got = {.expires = 0};

        assert_done(li_aws_from_process(&search, command, &got, &err), &err);
        assert_int_equal(strcmp(got.access_key, "usr") == 0, i == 0);
        li_aws_credentials_wipe(&got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_as_configparser_does),
        cmocka_unit_test(blocks_lie_in_values),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(words_are_split_as_shlex_does),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(container_addresses_are_near_or_encrypted),
        cmocka_unit_test(json_errors_hold_no_secret),
        cmocka_unit_test(sts_answers_are_read),
        cmocka_unit_test(hostile_sts_answers_are_refused),
        cmocka_unit_test(answers_leave_nothing_in_what_they_outgrew),
        cmocka_unit_test(texts_of_xml_leave_nothing_in_what_they_outgrew),
        cmocka_unit_test(programs_run_where_paths_begin),
    };

    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
