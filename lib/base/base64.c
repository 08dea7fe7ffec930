/* SPDX-License-Identifier: Apache-2.0 */
/* Keys are encoded here, so no intermediate result is left anywhere but in the caller's memory. */
#include "base/base64.h"

#include "base/error.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void li_base64_encode(const uint8_t *bytes, size_t len, char *text)
{
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t bits = (uint32_t)bytes[i] << 16;

        if (left > 1)
            bits |= (uint32_t)bytes[i + 1] << 8;
        if (left > 2)
            bits |= bytes[i + 2];
        *text++ = alphabet[bits >> 18];
        *text++ = alphabet[bits >> 12 & 63];
        *text++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        *text++ = left > 2 ? alphabet[bits & 63] : '=';
    }
    *text = '\0';
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* COUNT characters, 2 to 4, of which the last ones are padding. */
static int decode_group(const char *text, size_t count, uint32_t *bits)
{
    *bits = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < count ? value_of(text[i]) : 0;

        if (value < 0)
            return LI_EINVALID;
        *bits = *bits << 6 | (uint32_t)value;
    }
    return *bits & ((1U << 8 * (4 - count)) - 1) ? LI_EINVALID : 0;
}

int li_base64_decode(const char *text, size_t len, uint8_t *bytes, size_t size, size_t *out_len)
{
    size_t padding, whole;

    if (len % 4 != 0)
        return LI_EINVALID;
    padding = len == 0 || text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
    whole = len / 4 * 3 - padding;
    if (whole > size)
        return LI_ELIMIT;
    for (size_t i = 0, at = 0; i < len; i += 4) {
        uint32_t bits;

        if (decode_group(text + i, i + 4 == len ? 4 - padding : 4, &bits) < 0)
            return LI_EINVALID;
        for (size_t j = 0; j < 3 && at < whole; j++)
            bytes[at++] = (uint8_t)(bits >> (16 - 8 * j));
    }
    *out_len = whole;
    return 0;
}
