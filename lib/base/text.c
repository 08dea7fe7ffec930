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

bool li_text_is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

/* Characters that are invisible or move others: Unicode's Default_Ignorable_Code_Point, line and
 * paragraph separators, format controls, and noncharacters. */
static bool is_hidden(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        {0xad, 0xad},       {0x34f, 0x34f},     {0x61c, 0x61c},     {0x115f, 0x1160},
        {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},
        {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x13430, 0x1343f},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };

    if ((point & 0xfffe) == 0xfffe)
        return true;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (point >= hidden[i].first && point <= hidden[i].last)
            return true;
    return false;
}

size_t li_text_visible(const char *text)
{
    uint32_t point = 0;
    size_t len = li_text_character(text, strnlen(text, 4), &point);

    return len == 0 || li_text_is_control(point) || is_hidden(point) ? 0 : len;
}

void li_text_show(char *text)
{
    while (*text) {
        size_t len = li_text_visible(text);

        if (len == 0)
            *text = '?';
        text += len ? len : 1;
    }
}

const char *li_text_s(uint64_t count)
{
    return count == 1 ? "" : "s";
}
