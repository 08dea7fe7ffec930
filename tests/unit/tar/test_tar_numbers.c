/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and times as tars have them. */
#include "tests/fixtures/unit.h"

#include <stdbool.h>

#include "tar/number.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static const struct {
    const uint8_t *field;
    size_t len;
    bool good;
    int64_t value;
} fields[] = {
    {BYTES("0000644\0"), true, 0644},
    {BYTES("00000644"), true, 0644},
    {BYTES("   644 \0"), true, 0644}, /* V7 */
    {BYTES("\0\0\0\0"
           "644\0"),
     true, 0644}, /* AIX */
    {BYTES(" \0 644\0 "), true, 0644},
    {BYTES("644\0"
           "999\0"),
     true, 0644}, /* what is behind a NUL does not count */
    {BYTES("\0\0\0\0\0\0\0\0"), true, 0},
    {BYTES("        "), true, 0},
    {BYTES("777777777777"), true, INT64_C(0777777777777)},
    {BYTES("xxxxxxx\0"), false, 0},
    {BYTES("0000648\0"), false, 0},
    {BYTES("644 644\0"), false, 0},
    {BYTES("-644\0\0\0\0"), false, 0},
    {BYTES("+644\0\0\0\0"), false, 0},
    {BYTES("0x1ff\0\0\0"), false, 0},
    {BYTES("\t644\0\0\0\0"), false, 0},
    {BYTES("\x80\0\0\0\0\0\0\0"), true, 0},
    {BYTES("\x80\0\0\0\0\0\1\xa4"), true, 0644},
    {BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"), true, -1},
    {BYTES("\xff\xff\xff\xff\xff\xff\xff\xfe"), true, -2},
    {BYTES("\xc0\0\0\0\0\0\0\0"), true, -(INT64_C(1) << 62)},
    {BYTES("\xbf\xff\xff\xff\xff\xff\xff\xff"), true, (INT64_C(1) << 62) - 1},
    {BYTES("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"), true, INT64_MAX},
    {BYTES("\xff\xff\xff\xff\x80\0\0\0\0\0\0\0"), true, INT64_MIN},
    {BYTES("\x80\0\0\0\x80\0\0\0\0\0\0\0"), false, 0},
    {BYTES("\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), false, 0},
    {BYTES("\x80\0\0\1\0\0\0\0\0\0\0\0"), false, 0},
};

static void test_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        int64_t value = 0;
        bool good = li_tar_number(fields[i].field, fields[i].len, &value);

        if (good != fields[i].good || (good && value != fields[i].value))
            fail_msg("field %zu: %d, %lld", i, good, (long long)value);
    }
}

/* 22 octal digits have 64 bits and more. */
static void test_octal_limit(void **state)
{
    int64_t value;

    (void)state;
    assert_true(li_tar_octal(BYTES("777777777777777777777"), &value));
    assert_int_equal(value, INT64_MAX);
    assert_false(li_tar_octal(BYTES("77777777777777777777777"), &value));
}

static const struct {
    const char *text;
    bool good;
    int64_t value;
} decimals[] = {
    {"0", true, 0},
    {"-0", true, 0},
    {"+7", true, 7},
    {"0007", true, 7},
    {"-12", true, -12},
    {"9223372036854775807", true, INT64_MAX},
    {"-9223372036854775808", true, INT64_MIN},
    {"9223372036854775808", false, 0},
    {"-9223372036854775809", false, 0},
    {"18446744073709551616", false, 0},
    {"99999999999999999999", false, 0},
    {"", false, 0},
    {"-", false, 0},
    {"+", false, 0},
    {"+-1", false, 0},
    {" 1", false, 0},
    {"1 ", false, 0},
    {"1_000", false, 0},
    {"0x1", false, 0},
    {"1.0", false, 0},
};

static void test_decimals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(decimals) / sizeof(decimals[0]); i++) {
        int64_t value = 0;
        bool good = li_tar_decimal(decimals[i].text, strlen(decimals[i].text), &value);

        if (good != decimals[i].good || (good && value != decimals[i].value))
            fail_msg("\"%s\": %d, %lld", decimals[i].text, good, (long long)value);
    }
}

static const struct {
    const char *text;
    bool good;
    int64_t seconds;
    uint32_t nanoseconds;
} times[] = {
    {"1350244992", true, 1350244992, 0},
    {"1350244992.", true, 1350244992, 0},
    {"1350244992.023960108", true, 1350244992, 23960108},
    {"1350244992.0239601089999", true, 1350244992, 23960108},
    {"1350244992.3", true, 1350244992, 300000000},
    {"+1.5", true, 1, 500000000},
    {"-1", true, -1, 0},
    {"-1.25", true, -2, 750000000},
    {"-0.25", true, -1, 750000000},
    {"-0.0", true, 0, 0},
    {"-1.0000000001", true, -1, 0},
    {"9223372036854775807.5", true, INT64_MAX, 500000000},
    {"-9223372036854775808", true, INT64_MIN, 0},
    {"-9223372036854775808.5", false, 0, 0},
    {"", false, 0, 0},
    {".5", false, 0, 0},
    {"-.5", false, 0, 0},
    {"1.-5", false, 0, 0},
    {"1.5.5", false, 0, 0},
    {"1,5", false, 0, 0},
    {"1.5 ", false, 0, 0},
    {"1e3", false, 0, 0},
};

static void test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        int64_t seconds = 0;
        uint32_t nanoseconds = 0;
        bool good = li_tar_time(times[i].text, strlen(times[i].text), &seconds, &nanoseconds);

        if (good != times[i].good ||
            (good && (seconds != times[i].seconds || nanoseconds != times[i].nanoseconds)))
            fail_msg("\"%s\": %d, %lld %u", times[i].text, good, (long long)seconds, nanoseconds);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_octal_limit),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
