/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of AWS KMS: how they are written, what is sent, byte for byte, and whose wraps are whose.
 * The scenarios have a server that works. */
#include "tests/fixtures/kms_fixture.h"

#include "kms/aws_key.h"
#include "tests/fixtures/golden.h"

/* The body of request NUMBER is TEXT. */
static void expect_body(struct kms_fixture *f, size_t number, const char *text)
{
    const char *body = strstr(f->server.request[number], "\r\n\r\n");

    assert_non_null(body);
    assert_string_equal(body + 4, text);
}

static void expect_header(struct kms_fixture *f, size_t number, const char *line)
{
    if (!strstr(f->server.request[number], line))
        fail_msg("request %zu is without \"%s\":\n%s", number, line, f->server.request[number]);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void keys_are_written_in_four_ways(void **state)
{
    static const struct {
        const char *text, *region, *id;
    } good[] = {
        {ID, "", ID},
        {"mrk-33333333333343338333333333333333", "", "mrk-33333333333343338333333333333333"},
        {"alias/images", "", ""},
        {"alias/team/Images_2", "", ""},
        {ARN, "eu-west-1", ID},
        {"arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/a", "us-gov-west-1", ""},
        {"arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-33333333333343338333333333333333",
         "cn-north-1", "mrk-33333333333343338333333333333333"},
    };
    struct li_error err = LI_ERROR_INIT;
    char name[LI_KMS_WRAP_NAME_MAX];
    struct li_aws_key key;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_done(li_aws_key_parse(good[i].text, &key, &err), &err);
        assert_string_equal(key.text, good[i].text);
        assert_string_equal(key.region, good[i].region);
        assert_string_equal(key.id, good[i].id);
    }
    li_aws_key_name(ID, name);
    assert_string_equal(name, "aws-kms-" ID);
}

static void nothing_else_is_a_key(void **state)
{
    static const char *const bad[] = {
        "",
        "images",
        "alias/",
        "alias/a b",
        "alias/a\"b",
        "11111111-1111-4111-8111-11111111111",
        "11111111-1111-4111-8111-1111111111111",
        "11111111-1111-4111-8111-11111111111G",
        "11111111111111111111111111111111",
        "mrk-3333333333334333833333333333333",
        "mrk-333333333333433383333333333333333",
        "arn:aws:kms:eu-west-1:111122223333:" ID,
        "arn:aws:kms:eu-west-1:111122223333:key/alias/a",
        "arn:aws:kms:eu-west-1:111122223333:key/",
        "arn:aws:kms:eu-west-1:11112222333:key/" ID,
        "arn:aws:kms:eu-west-1:1111222233334:key/" ID,
        "arn:aws:kms::111122223333:key/" ID,
        "arn:aws:kms:eu.west:111122223333:key/" ID,
        "arn:aws:s3:eu-west-1:111122223333:key/" ID,
        "arn:aws:kms:eu-west-1:111122223333:key/" ID "\n",
    };
    struct li_error err = LI_ERROR_INIT;
    struct li_aws_key key;
    char long_alias[300] = "alias/";

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (li_aws_key_parse(bad[i], &key, &err) != LI_EINVALID)
            fail_msg("\"%s\" is a key", bad[i]);
    memset(long_alias + 6, 'a', 256);
    assert_done(li_aws_key_parse(long_alias, &key, &err), &err);
    long_alias[6 + 256] = 'a';
    assert_int_equal(li_aws_key_parse(long_alias, &key, &err), LI_EINVALID);
}

static void a_key_needs_a_region_and_credentials(void **state)
{
    struct kms_fixture f;

    (void)state;
    kms_start(&f, NULL, 0);
    assert_fails(kms_open(&f, "aws-kms:images"), LI_EINVALID, "give its ID, its ARN, alias/NAME",
                 &f.err);
    f.settings.region = NULL;
    f.settings.kms_endpoint = NULL;
    f.settings.anonymous = true; /* so that no instance is asked */
    assert_fails(kms_open(&f, "aws-kms:alias/a"), LI_EINVALID, "the region is not known; give",
                 &f.err);
    f.options.provider = NULL;
    assert_fails(kms_open(&f, "aws-kms:" ID), LI_EINVALID, "leave out --no-sign-request", &f.err);
    assert_int_equal(li_kms_create("aws-kms:" ID, &f.options, &f.err), LI_END);
    kms_finish(&f, 0);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void requests_are_as_aws_has_them(void **state)
{
    static const struct http_reply replies[] = {
        OK("{\"CiphertextBlob\":\"AAEC\",\"KeyId\":\"" ARN
           "\",\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\",\"New\":{}}"),
        OK("{\"Plaintext\":\"" KEY64 "\",\"KeyId\":\"" ARN "\"}"),
        DESCRIBED(ARN, "Enabled"),
    };
    struct li_secret wanted = golden_secret(64);
    struct li_kms_description description;
    struct kms_fixture f;

    (void)state;
    kms_start(&f, replies, 3);
    assert_done(kms_open(&f, "aws-kms:" ARN), &f.err);
    assert_string_equal(f.kms->name, "aws-kms-" ID);
    assert_done(kms_wrap(&f), &f.err);
    assert_int_equal(f.blob.len, 3);
    assert_memory_equal(f.blob.data, "\0\1\2", 3);
    assert_done(kms_unwrap(&f), &f.err);
    assert_memory_equal(f.key.bytes, wanted.bytes, sizeof(wanted.bytes));
    assert_done(li_kms_describe(f.kms, &description, &f.err), &f.err);
    assert_string_equal(description.key, ARN);
    assert_true(description.usable);
    expect_header(&f, 0, "POST / HTTP/1.1\r\n");
    expect_header(&f, 0,
                  "/eu-west-1/kms/aws4_request, "
                  "SignedHeaders=content-type;host;x-amz-date;x-amz-target, ");
    expect_header(&f, 0, "\r\nx-amz-target: TrentService.Encrypt\r\n");
    expect_header(&f, 1, "\r\nx-amz-target: TrentService.Decrypt\r\n");
    expect_header(&f, 2, "\r\nx-amz-target: TrentService.DescribeKey\r\n");
    expect_header(&f, 2, "\r\ncontent-type: application/x-amz-json-1.1\r\n");
    expect_body(&f, 0,
                "{\"KeyId\":\"" ARN "\",\"Plaintext\":\"" KEY64 "\",\"EncryptionContext\":" CONTEXT
                "}");
    expect_body(&f, 1,
                "{\"KeyId\":\"" ARN
                "\",\"CiphertextBlob\":\"YmxvYg==\",\"EncryptionContext\":" CONTEXT "}");
    expect_body(&f, 2, "{\"KeyId\":\"" ARN "\"}");
    kms_finish(&f, 3);
}

static void rewrapping_stays_in_the_service(void **state)
{
    static const struct http_reply replies[] = {
        OK("{\"CiphertextBlob\":\"AAEC\",\"KeyId\":\"" OTHER_ARN "\",\"SourceKeyId\":\"" ARN
           "\",\"SourceEncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\","
           "\"DestinationEncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\"}"),
    };
    struct li_kms *to = NULL;
    struct li_kms_wrapped wrapped;
    struct kms_fixture f;

    (void)state;
    kms_start(&f, replies, 1);
    assert_done(kms_open(&f, "aws-kms:" ID), &f.err);
    assert_done(li_kms_open("aws-kms:" OTHER_ARN, &f.options, &to, &f.err), &f.err);
    wrapped = (struct li_kms_wrapped){f.kms, &f.context, (const uint8_t *)"blob", 4};
    assert_done(li_kms_rewrap(to, &wrapped, &f.blob, &f.err), &f.err);
    assert_int_equal(f.blob.len, 3);
    expect_header(&f, 0, "\r\nx-amz-target: TrentService.ReEncrypt\r\n");
    expect_body(&f, 0,
                "{\"CiphertextBlob\":\"YmxvYg==\",\"SourceKeyId\":\"" ID
                "\",\"SourceEncryptionContext\":" CONTEXT ",\"DestinationKeyId\":\"" OTHER_ARN
                "\",\"DestinationEncryptionContext\":" CONTEXT "}");
    li_kms_free(to);
    kms_finish(&f, 1);
}

/* AWS KMS does not reach into other regions, so the key is unwrapped here and wrapped there. */
static void rewrapping_to_another_region_takes_both(void **state)
{
    static const struct http_reply replies[] = {
        OK("{\"Plaintext\":\"" KEY64 "\",\"KeyId\":\"" ARN "\"}"),
        OK("{\"CiphertextBlob\":\"AAEC\",\"KeyId\":\"arn:aws:kms:us-east-1:111122223333:"
           "key/" OTHER_ID "\"}"),
    };
    struct li_kms *to = NULL;
    struct li_kms_wrapped wrapped;
    struct kms_fixture f;

    (void)state;
    kms_start(&f, replies, 2);
    assert_done(kms_open(&f, "aws-kms:" ID), &f.err);
    assert_done(li_kms_open("aws-kms:arn:aws:kms:us-east-1:111122223333:key/" OTHER_ID, &f.options,
                            &to, &f.err),
                &f.err);
    wrapped = (struct li_kms_wrapped){f.kms, &f.context, (const uint8_t *)"blob", 4};
    assert_done(li_kms_rewrap(to, &wrapped, &f.blob, &f.err), &f.err);
    expect_header(&f, 0, "TrentService.Decrypt\r\n");
    expect_header(&f, 1, "TrentService.Encrypt\r\n");
    expect_header(&f, 1, "/us-east-1/kms/aws4_request");
    li_kms_free(to);
    kms_finish(&f, 2);
}

static void purposes_are_words(void **state)
{
    static const char *const bad[] = {"", "a\"b", "A", "a b",
                                      "a-purpose-of-more-than-thirty-two-bytes"};
    struct kms_fixture f;

    (void)state;
    kms_start(&f, NULL, 0);
    assert_done(kms_open(&f, "aws-kms:" ID), &f.err);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        f.context.purpose = bad[i];
        assert_fails(kms_wrap(&f), LI_EINVALID, "is not the purpose of a wrap", &f.err);
    }
    kms_finish(&f, 0);
}

/* ---- aliases --------------------------------------------------------------------------------- */

static void an_alias_has_the_name_of_its_key(void **state)
{
    static const struct http_reply replies[] = {
        DESCRIBED(ARN, "Enabled"),
        OK("{\"CiphertextBlob\":\"AAEC\",\"KeyId\":\"" ARN "\"}"),
        OK("{\"CiphertextBlob\":\"AAEC\",\"KeyId\":\"" OTHER_ARN "\"}"),
        OK("{\"Plaintext\":\"" KEY64 "\",\"KeyId\":\"" OTHER_ARN "\"}"),
    };
    struct kms_fixture f;

    (void)state;
    kms_start(&f, replies, 4);
    assert_done(kms_open(&f, "aws-kms:alias/images"), &f.err);
    assert_string_equal(f.kms->name, "aws-kms-" ID);
    assert_done(kms_wrap(&f), &f.err);
    expect_header(&f, 1, "\"KeyId\":\"alias/images\"");
    assert_fails(kms_wrap(&f), LI_EDENIED,
                 "cannot wrap with the key alias/images: it used the key " OTHER_ID
                 " instead of " ID,
                 &f.err);
    assert_int_equal(f.blob.len, 0);
    assert_fails(kms_unwrap(&f), LI_EDENIED, "instead of", &f.err);
    kms_finish(&f, 4);
}

static void only_keys_for_encryption_are_taken(void **state)
{
    static const struct http_reply replies[] = {
        OK("{\"KeyMetadata\":{\"Arn\":\"" ARN "\",\"KeyState\":\"Enabled\",\"KeyUsage\":"
           "\"SIGN_VERIFY\",\"KeySpec\":\"RSA_2048\"}}"),
        DESCRIBED(ARN, "PendingDeletion"),
    };
    struct li_kms_description description;
    struct kms_fixture f;

    (void)state;
    kms_start(&f, replies, 2);
    assert_fails(kms_open(&f, "aws-kms:alias/a"), LI_EUNSUPPORTED,
                 "the key is RSA_2048 for SIGN_VERIFY; give a symmetric key", &f.err);
    assert_done(kms_open(&f, "aws-kms:alias/a"), &f.err);
    li_kms_free(f.kms);
    f.kms = NULL;
    kms_finish(&f, 2);
    kms_start(&f, replies + 1, 1);
    assert_done(kms_open(&f, "aws-kms:" ID), &f.err);
    assert_done(li_kms_describe(f.kms, &description, &f.err), &f.err);
    assert_string_equal(description.state, "PendingDeletion");
    assert_false(description.usable);
    kms_finish(&f, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_written_in_four_ways),
        cmocka_unit_test(nothing_else_is_a_key),
        cmocka_unit_test(a_key_needs_a_region_and_credentials),
        cmocka_unit_test(requests_are_as_aws_has_them),
        cmocka_unit_test(rewrapping_stays_in_the_service),
        cmocka_unit_test(rewrapping_to_another_region_takes_both),
        cmocka_unit_test(purposes_are_words),
        cmocka_unit_test(an_alias_has_the_name_of_its_key),
        cmocka_unit_test(only_keys_for_encryption_are_taken),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests_name("kms_aws", tests, NULL, NULL);
}
