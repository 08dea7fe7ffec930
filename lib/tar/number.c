/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tars of different ages fill their fields differently: with leading blanks (V7), leading NULs
 * (AIX), and a blank, a NUL or nothing at the end. Octal fields are trimmed on both sides, then
 * every byte counts: anything but a digit is an error, because a guess would give a file the wrong
 * mode or owner.
 */
#include "tar/number.h"

#include <string.h>

enum { NANOSECONDS = 1000000000, FRACTION_DIGITS = 9 };

static bool is_padding(uint8_t c)
{
    return c == ' ' || c == '\0';
}

bool li_tar_octal(const uint8_t *field, size_t len, int64_t *out)
{
    uint64_t value = 0;

    while (len > 0 && is_padding(field[0]))
        field++, len--;
    while (len > 0 && is_padding(field[len - 1]))
        len--;
    for (size_t i = 0; i < len && field[i] != '\0'; i++) {
        if (field[i] < '0' || field[i] > '7' || value >> 60)
            return false;
        value = value << 3 | (uint64_t)(field[i] - '0');
    }
    *out = (int64_t)value;
    return true;
}

static bool read_base_256(const uint8_t *field, size_t len, int64_t *out)
{
    uint8_t invert = field[0] & 0x40 ? 0xff : 0;
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t byte = field[i] ^ invert;

        if (value >> 56)
            return false;
        value = value << 8 | (i == 0 ? byte & 0x7f : byte);
    }
    if (value >> 63)
        return false;
    *out = invert ? -(int64_t)value - 1 : (int64_t)value;
    return true;
}

bool li_tar_number(const uint8_t *field, size_t len, int64_t *out)
{
    return field[0] & 0x80 ? read_base_256(field, len, out) : li_tar_octal(field, len, out);
}

bool li_tar_decimal(const char *text, size_t len, int64_t *out)
{
    bool negative = len > 0 && text[0] == '-';
    uint64_t value = 0, most = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    size_t i = negative || (len > 0 && text[0] == '+');

    if (i == len)
        return false;
    for (; i < len; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text[i] - '0';

        if (digit > 9 || value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static bool read_fraction(const char *text, size_t len, uint32_t *out)
{
    uint32_t value = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        if (i < FRACTION_DIGITS)
            value = value * 10 + (uint32_t)(text[i] - '0');
    }
    for (size_t i = len; i < FRACTION_DIGITS; i++)
        value *= 10;
    *out = value;
    return true;
}

bool li_tar_time(const char *text, size_t len, int64_t *seconds, uint32_t *nanoseconds)
{
    const char *point = memchr(text, '.', len);
    size_t whole = point ? (size_t)(point - text) : len;
    uint32_t fraction = 0;

    if (!li_tar_decimal(text, whole, seconds) ||
        (point && !read_fraction(point + 1, len - whole - 1, &fraction)))
        return false;
    /* -1.25 is 0.75 s after -2. */
    if (text[0] == '-' && fraction > 0) {
        if (*seconds == INT64_MIN)
            return false;
        --*seconds;
        fraction = NANOSECONDS - fraction;
    }
    *nanoseconds = fraction;
    return true;
}
