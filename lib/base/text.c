/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <string.h>

size_t li_text_character(const void *text, size_t len, uint32_t *point)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *p = text;
    size_t more;
    uint32_t value;

    if (len == 0 || (p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4)
        return 0;
    more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    value = more ? p[0] & (0x3fU >> more) : p[0];
    if (more >= len)
        return 0;
    for (size_t i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3f);
    }
    if (value < least[more] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *point = value;
    return more + 1;
}

size_t li_text_visible(const char *text)
{
    uint32_t point = 0;
    size_t len = li_text_character(text, strnlen(text, 4), &point);

    return point < 0x20 || (point >= 0x7f && point < 0xa0) ? 0 : len;
}
