/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdint.h>

size_t li_text_visible(const char *text)
{
    static const uint32_t least[] = {0x20, 0xa0, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)text;
    size_t more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t point = more ? p[0] & (0x3fU >> more) : p[0];

    if ((p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4 || p[0] == 0x7f)
        return 0;
    for (size_t i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (p[i] & 0x3f);
    }
    if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    return more + 1;
}
