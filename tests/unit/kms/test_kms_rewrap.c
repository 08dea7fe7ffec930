/* SPDX-License-Identifier: Apache-2.0 */
/* A wrapped key goes from one KMS to another, and a KMS is checked. */
#include "tests/fixtures/key_fixture.h"

#include "tests/fixtures/golden.h"

static struct li_error err;

/* A KMS whose wraps are the keys themselves. */
struct odd {
    struct li_kms kms;
    unsigned rewrapped;
    bool lies; /* it unwraps another key */
};

static int odd_wrap(struct li_kms *kms, const struct li_kms_context *context,
                    const struct li_secret *key, struct li_buffer *blob, struct li_error *e)
{
    (void)kms, (void)context;
    blob->len = 0;
    return li_buffer_append(blob, key->bytes, sizeof(key->bytes), e);
}

static int odd_unwrap(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *blob,
                      size_t len, struct li_secret *key, struct li_error *e)
{
    (void)context, (void)e;
    assert_int_equal(len, sizeof(key->bytes));
    memcpy(key->bytes, blob, len);
    key->bytes[0] ^= ((struct odd *)kms)->lies;
    return 0;
}

static int odd_rewrap(struct li_kms *kms, const struct li_kms_wrapped *wrapped,
                      struct li_buffer *out, struct li_error *e)
{
    if (wrapped->by->ops != kms->ops)
        return LI_END;
    ((struct odd *)kms)->rewrapped++;
    out->len = 0;
    return li_buffer_append(out, wrapped->blob, wrapped->len, e);
}

static int odd_describe(struct li_kms *kms, struct li_kms_description *out, struct li_error *e)
{
    (void)kms, (void)e;
    *out = (struct li_kms_description){.key = "odd", .state = "Enabled", .usable = true};
    return 0;
}

static const struct li_kms_operations odd_operations = {.wrap = odd_wrap,
                                                        .unwrap = odd_unwrap,
                                                        .rewrap = odd_rewrap,
                                                        .describe = odd_describe,
                                                        .permission = {"a", "b", "c", "d"}};

static void rewrapping_keeps_the_key(void **state)
{
    struct odd odd = {.kms = {.ops = &odd_operations}};
    struct li_kms_context context = context_of("manifest", 1, 2);
    struct li_secret key = golden_secret(64), opened = {{0}};
    struct li_buffer first = {0}, second = {0};
    struct li_kms *file = open_golden();
    struct li_kms_wrapped wrapped = {.by = file, .context = &context};

    (void)state;
    assert_done(li_kms_wrap(file, &context, &key, &first, &err), &err);
    wrapped.blob = first.data;
    wrapped.len = first.len;
    /* The one cannot do it for the other, so the key is unwrapped and wrapped. */
    assert_done(li_kms_rewrap(&odd.kms, &wrapped, &second, &err), &err);
    assert_int_equal(odd.rewrapped, 0);
    assert_memory_equal(second.data, key.bytes, sizeof(key.bytes));
    context.object[0]++;
    assert_fails(li_kms_rewrap(&odd.kms, &wrapped, &second, &err), LI_EDENIED, "does not fit",
                 &err);
    context.object[0]--;
    wrapped = (struct li_kms_wrapped){&odd.kms, &context, key.bytes, sizeof(key.bytes)};
    assert_done(li_kms_rewrap(&odd.kms, &wrapped, &second, &err), &err);
    assert_int_equal(odd.rewrapped, 1);
    assert_done(li_kms_rewrap(file, &wrapped, &second, &err), &err);
    assert_done(li_kms_unwrap(file, &context, second.data, second.len, &opened, &err), &err);
    assert_memory_equal(opened.bytes, key.bytes, sizeof(key.bytes));
    li_buffer_free(&first);
    li_buffer_free(&second);
    li_kms_free(file);
}

static void a_check_says_what_works(void **state)
{
    struct odd odd = {.kms = {.ops = &odd_operations}};
    struct li_kms_context context = context_of("manifest", 1, 2);
    struct li_kms *file = open_golden();
    struct li_kms_check check;

    (void)state;
    li_kms_check(file, &context, &check);
    assert_int_equal(check.action[LI_KMS_WRAP].rc, 0);
    assert_int_equal(check.action[LI_KMS_UNWRAP].rc, 0);
    assert_int_equal(check.action[LI_KMS_DESCRIBE].rc, LI_END);
    assert_null(li_kms_permission(file, LI_KMS_WRAP));
    li_kms_check(&odd.kms, &context, &check);
    assert_int_equal(check.action[LI_KMS_DESCRIBE].rc, 0);
    assert_true(check.description.usable);
    assert_int_equal(check.action[LI_KMS_UNWRAP].rc, 0);
    assert_string_equal(li_kms_permission(&odd.kms, LI_KMS_UNWRAP), "b");
    odd.lies = true;
    li_kms_check(&odd.kms, &context, &check);
    assert_int_equal(check.action[LI_KMS_UNWRAP].rc, LI_ECORRUPT);
    context.purpose = "a purpose of more than thirty-two bytes";
    li_kms_check(file, &context, &check);
    assert_int_equal(check.action[LI_KMS_WRAP].rc, LI_EINVALID);
    assert_int_equal(check.action[LI_KMS_UNWRAP].rc, LI_END);
    li_kms_free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_key(rewrapping_keeps_the_key),
        with_key(a_check_says_what_works),
    };

    return cmocka_run_group_tests_name("kms rewrap", tests, NULL, NULL);
}
