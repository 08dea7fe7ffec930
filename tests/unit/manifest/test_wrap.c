/* SPDX-License-Identifier: Apache-2.0 */
/* Wrap objects, down to the key file that opens them. */
#include "tests/fixtures/unit.h"

#include <unistd.h>

#include "base/io.h"
#include "kms/kms.h"
#include "manifest/manifest.h"
#include "tests/fixtures/golden.h"

static const struct li_kms_options kms_options = {.env = &unit_env};

static struct {
    struct li_kms *kms;
    struct li_kms_context context;
    struct li_secret key;
    struct li_buffer wrap;
    struct li_error err;
} t;

static int set_up(void **state)
{
    char dir[] = "/tmp/unit-wrap-XXXXXX";
    char spec[64];
    struct li_buffer blob = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(spec, sizeof(spec), "file:%s/key", dir);
    assert_done(li_kms_create(spec, &kms_options, &t.err), &t.err);
    assert_done(li_kms_open(spec, &kms_options, &t.kms, &t.err), &t.err);
    assert_int_equal(unlink(spec + 5) + rmdir(dir), 0);
    t.context.purpose = "manifest";
    t.key = golden_secret(7);
    assert_done(li_kms_wrap(t.kms, &t.context, &t.key, &blob, &t.err), &t.err);
    assert_done(li_wrap_encode(&blob, &t.wrap, &t.err), &t.err);
    li_buffer_free(&blob);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    li_kms_free(t.kms);
    li_buffer_free(&t.wrap);
    return 0;
}

/* What a reader does with a wrap object. */
static int unwrap(size_t len)
{
    struct li_secret key;
    const uint8_t *blob;
    size_t blob_len;
    int rc = li_wrap_decode(t.wrap.data, len, &blob, &blob_len, &t.err);

    if (rc == 0)
        rc = li_kms_unwrap(t.kms, &t.context, blob, blob_len, &key, &t.err);
    if (rc == 0)
        assert_memory_equal(key.bytes, t.key.bytes, sizeof(key.bytes));
    return rc;
}

static void golden_header(void **state)
{
    (void)state;
    assert_int_equal(t.wrap.len, 76);
    assert_hex(t.wrap.data, 16, "4c494d4757524150010000003c000000");
    assert_done(unwrap(t.wrap.len), &t.err);
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8 * t.wrap.len; i++) {
        int want = i / 8 >= 16                ? LI_EDENIED
                   : i / 8 == 8 || i / 8 == 9 ? LI_EUNSUPPORTED
                                              : LI_ECORRUPT;

        t.wrap.data[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_fails(unwrap(t.wrap.len), want, "wrap", &t.err);
        t.wrap.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

static void every_other_length_is_noticed(void **state)
{
    (void)state;
    for (size_t len = 0; len < t.wrap.len; len++)
        assert_fails(unwrap(len), LI_ECORRUPT, "wrap", &t.err);
    assert_done(li_buffer_append(&t.wrap, "", 1, &t.err), &t.err);
    assert_fails(unwrap(t.wrap.len), LI_ECORRUPT, "wrap", &t.err);
    t.wrap.len--;
}

static void blobs_have_limits(void **state)
{
    static uint8_t bytes[LI_KMS_BLOB_MAX + 1];
    struct li_buffer blob = {.data = bytes, .len = LI_KMS_BLOB_MAX, .cap = sizeof(bytes)};
    struct li_buffer out = {0};
    const uint8_t *got;
    size_t got_len;

    (void)state;
    assert_done(li_wrap_encode(&blob, &out, &t.err), &t.err);
    assert_done(li_wrap_decode(out.data, out.len, &got, &got_len, &t.err), &t.err);
    assert_int_equal(got_len, LI_KMS_BLOB_MAX);
    assert_ptr_equal(got, out.data + 16);
    blob.len = 0;
    assert_int_equal(li_wrap_encode(&blob, &out, &t.err), LI_ELIMIT);
    blob.len = sizeof(bytes);
    assert_int_equal(li_wrap_encode(&blob, &out, &t.err), LI_ELIMIT);
    li_buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_header),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(every_other_length_is_noticed),
        cmocka_unit_test(blobs_have_limits),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
