/* SPDX-License-Identifier: Apache-2.0 */
/* What AWS KMS would never answer, and the sentence that each of its refusals becomes. */
#include "tests/fixtures/kms_fixture.h"

/* ---- answers that AWS would not give --------------------------------------------------------- */

/* They are asked for again a few times. */
enum { ATTEMPTS = 4 };

static void wrong_answers_are_no_keys(void **state)
{
    static const struct {
        struct http_reply reply;
        const char *words;
    } cases[] = {
        {OK(""), "the answer is not valid JSON"},
        {OK("[]"), "is not a JSON object"},
        {OK("{} {}"), "is not valid JSON"},
        {OK("{}"), "does not say which key was used"},
        {OK("{\"KeyId\":\"" ID "\",\"Plaintext\":\"" KEY64 "\"}"), "does not say which key"},
        {OK("{\"KeyId\":7,\"Plaintext\":\"" KEY64 "\"}"), "does not say which key"},
        {OK("{\"KeyId\":\"" ARN "\"}"), "the answer has no Plaintext"},
        {OK("{\"KeyId\":\"" ARN "\",\"Plaintext\":\"\"}"), "the answer has no Plaintext"},
        {OK("{\"KeyId\":\"" ARN "\",\"Plaintext\":[1]}"), "the answer has no Plaintext"},
        {OK("{\"KeyId\":\"" ARN "\",\"Plaintext\":\"AAA\"}"), "Plaintext is not base64"},
        {OK("{\"KeyId\":\"" ARN "\",\"Plaintext\":\"AAAA\"}"), "has 3 bytes instead of 32"},
        {OK("{\"KeyId\":\"" ARN
            "\",\"Plaintext\":\"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9f\"}"),
         "has 33 bytes instead of 32"},
        {OK("{\"KeyId\":\"" ARN "\",\"KeyId\":\"" ARN "\",\"Plaintext\":\"" KEY64 "\"}"),
         "is not valid JSON"},
        {OK("{\"KeyId\":\"" ARN "\",\"Plaintext\":\"" KEY64
            "\",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\"}"),
         "EncryptionAlgorithm is RSAES_OAEP_SHA_1"},
    };
    struct li_secret none = {{0}};
    struct kms_fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct http_reply replies[ATTEMPTS] = {cases[i].reply, cases[i].reply, cases[i].reply,
                                                     cases[i].reply};

        kms_start(&f, replies, ATTEMPTS);
        assert_done(kms_open(&f, "aws-kms:" ID), &f.err);
        assert_fails(kms_unwrap(&f), LI_ECORRUPT, cases[i].words, &f.err);
        assert_memory_equal(f.key.bytes, none.bytes, sizeof(none.bytes));
        assert_null(strstr(f.err.text, "QEFC"));
        kms_finish(&f, ATTEMPTS);
    }
}

static void long_answers_are_cut_off(void **state)
{
    static char body[20000];
    const struct http_reply replies[] = {OK(body)};
    struct kms_fixture f;

    (void)state;
    memset(body, ' ', sizeof(body) - 1);
    kms_start(&f, replies, 1);
    assert_done(kms_open(&f, "aws-kms:" ID), &f.err);
    assert_int_equal(kms_unwrap(&f), LI_ELIMIT);
    kms_finish(&f, 1);
}

/* 8193 bytes of a wrapped key do not fit. */
static void long_wraps_are_refused(void **state)
{
    static char body[12000];
    const struct http_reply reply = OK(body);
    const struct http_reply replies[ATTEMPTS] = {reply, reply, reply, reply};
    struct kms_fixture f;
    int n = snprintf(body, sizeof(body), "{\"KeyId\":\"" ARN "\",\"CiphertextBlob\":\"");

    (void)state;
    memset(body + n, 'A', 10924);
    strcpy(body + n + 10924, "\"}");
    kms_start(&f, replies, ATTEMPTS);
    assert_done(kms_open(&f, "aws-kms:" ID), &f.err);
    assert_fails(kms_wrap(&f), LI_ECORRUPT, "CiphertextBlob is not base64 of at most 8192", &f.err);
    kms_finish(&f, ATTEMPTS);
}

/* ---- refusals -------------------------------------------------------------------------------- */

#define CODE(code) ERROR("400 Bad Request", "{\"__type\":\"" code "\"}")
#define MESSAGE(code, message)                                                                     \
    ERROR("400 Bad Request", "{\"__type\":\"" code "\",\"message\":\"" message "\"}")

static void refusals_say_what_to_try(void **state)
{
    static const struct {
        struct http_reply reply;
        int code;
        const char *words;
    } cases[] = {
        {ERROR("400 Bad Request", "{\"__type\":\"AccessDeniedException\",\"Message\":\"User: X\"}"),
         LI_EDENIED,
         "AWS KMS cannot unwrap with the key " ID
         ": the caller needs kms:Decrypt for lambdaimg:purpose=manifest and "
         "lambdaimg:repository=01010101010101010101010101010101, by the key's policy, its own or a "
         "grant; the request used the access key AKTEST from a test (400 AccessDeniedException: "
         "User: X; request rq-1)"},
        {ERROR("400 Bad Request", "<AccessDeniedException/>"), LI_EDENIED,
         "the caller needs kms:Decrypt"},
        {CODE("DisabledException"), LI_EDENIED, "the key is disabled; enable it"},
        {MESSAGE("KMSInvalidStateException", "K is pending deletion."), LI_EDENIED,
         "cancel that with aws kms cancel-key-deletion"},
        {MESSAGE("KMSInvalidStateException", "K is pending import."), LI_EDENIED,
         "no key material at the moment"},
        {CODE("KMSInvalidStateException"), LI_EDENIED, "in a state in which it cannot be used"},
        {CODE("NotFoundException"), LI_ENOTFOUND,
         "there is no such key in eu-west-1 (from --region"},
        {CODE("InvalidArnException"), LI_EINVALID, "there is no such key in eu-west-1"},
        {CODE("InvalidCiphertextException"), LI_EDENIED,
         "does not fit this key, repository or object"},
        {CODE("IncorrectKeyException"), LI_EDENIED, "another key has wrapped this"},
        {CODE("InvalidKeyUsageException"), LI_EINVALID, "the key is not for encryption"},
        {CODE("InvalidGrantTokenException"), LI_EDENIED, "a grant was refused"},
        {MESSAGE("InvalidSignatureException", "Signature expired: 1 is now earlier than 2"),
         LI_EDENIED, "the clock of this machine is wrong"},
        {MESSAGE("InvalidSignatureException", "Credential should be scoped to a valid region."),
         LI_EDENIED, "is not in the region eu-west-1 (from --region)"},
        {MESSAGE("InvalidSignatureException", "It does not match"), LI_EDENIED,
         "the secret key does not fit the access key; the request used the access key AKTEST"},
        {CODE("UnrecognizedClientException"), LI_EDENIED, "AWS does not know this access key"},
        {CODE("ExpiredTokenException"), LI_EDENIED, "expired"},
        {CODE("OptInRequired"), LI_EDENIED, "not signed up"},
        {CODE("LimitExceededException"), LI_ENETWORK, "a quota of the account is used up"},
        {CODE("ValidationException"), LI_EINVALID, "kms answered with 400 ValidationException"},
        {ERROR("404 Not Found", "<UnknownOperationException/>"), LI_EINVALID,
         "this is not how AWS KMS answers; check the endpoint http://127.0.0.1:"},
        {ERROR("404 Not Found", "<html><body>no such page</body></html>"), LI_EINVALID,
         "(from --kms-endpoint) (404 without a code"},
        {ERROR("403 Forbidden", ""), LI_EDENIED, "kms answered with 403"},
    };
    struct kms_fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kms_start(&f, &cases[i].reply, 1);
        assert_done(kms_open(&f, "aws-kms:" ID), &f.err);
        assert_fails(kms_unwrap(&f), cases[i].code, cases[i].words, &f.err);
        kms_finish(&f, 1);
    }
}

static void an_alias_that_may_not_be_looked_up(void **state)
{
    static const struct http_reply replies[] = {CODE("AccessDeniedException")};
    struct kms_fixture f;

    (void)state;
    kms_start(&f, replies, 1);
    assert_fails(kms_open(&f, "aws-kms:alias/a"), LI_EDENIED,
                 "AWS KMS cannot describe the key alias/a: the caller needs kms:DescribeKey; or "
                 "give the key's ARN",
                 &f.err);
    kms_finish(&f, 1);
}

static void failures_that_pass_are_repeated(void **state)
{
    static const struct http_reply replies[] = {
        CODE("ThrottlingException"),
        ERROR("503 Unavailable", "{\"__type\":\"DependencyTimeoutException\"}"),
        ERROR("500 Error", "{\"__type\":\"KMSInternalException\"}"),
        {.bytes = NULL},
        OK("{\"Plaintext\":\"" KEY64 "\",\"KeyId\":\"" ARN "\"}"),
    };
    struct kms_fixture f;

    (void)state;
    kms_start(&f, replies, 5);
    assert_done(kms_open(&f, "aws-kms:" ID), &f.err);
    assert_done(kms_unwrap(&f), &f.err);
    kms_finish(&f, 5);
}

static void but_not_for_ever(void **state)
{
    static const struct {
        struct http_reply reply;
        const char *words;
    } cases[] = {
        {CODE("ThrottlingException"), "the account has sent too many requests; try again later"},
        {ERROR("500 Error", "{\"__type\":\"KeyUnavailableException\"}"),
         "the key is not available at the moment"},
        {ERROR("503 Unavailable", "{\"__type\":\"DependencyTimeoutException\"}"),
         "AWS KMS took too long"},
    };
    enum { MOST = 8 };
    struct kms_fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_reply replies[MOST];

        for (size_t j = 0; j < MOST; j++)
            replies[j] = cases[i].reply;
        kms_start(&f, replies, MOST);
        assert_done(kms_open(&f, "aws-kms:" ID), &f.err);
        assert_fails(kms_unwrap(&f), LI_ENETWORK, cases[i].words, &f.err);
        kms_finish(&f, MOST);
    }
}

static void a_question_ends_with_its_deadline(void **state)
{
    static const struct http_reply replies[] = {{.bytes = SAYS("200 OK"), .hold = 60000}};
    struct kms_fixture f;

    (void)state;
    kms_start(&f, replies, 1);
    f.options.deadline = 1;
    assert_done(kms_open(&f, "aws-kms:" ID), &f.err);
    assert_fails(kms_unwrap(&f), LI_ENETWORK, "AWS KMS cannot unwrap with the key " ID, &f.err);
    kms_finish(&f, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_answers_are_no_keys),
        cmocka_unit_test(long_answers_are_cut_off),
        cmocka_unit_test(long_wraps_are_refused),
        cmocka_unit_test(refusals_say_what_to_try),
        cmocka_unit_test(an_alias_that_may_not_be_looked_up),
        cmocka_unit_test(failures_that_pass_are_repeated),
        cmocka_unit_test(but_not_for_ever),
        cmocka_unit_test(a_question_ends_with_its_deadline),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests_name("kms_aws_answers", tests, NULL, NULL);
}
